select reader_id, taken_at as happened_at, 'taken' as what from {{ ref('stg_loans') }}
union all
select reader_id, returned_at, 'returned' from {{ ref('stg_loans') }} where returned_at is not null
