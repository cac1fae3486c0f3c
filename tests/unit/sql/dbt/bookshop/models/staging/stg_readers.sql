with source as (
    select * from {{ ref('readers') }}
),
renamed as (
    select id as reader_id, first_name, last_name, born, md5(email) as email_hash from source
)
select * from renamed
