with loans as (
    select * from {{ ref('loans_with_fees') }}
),
by_reader as (
    select reader_id, min(taken_at) as first_loan, max(taken_at) as last_loan, count(*) as loans, sum(total_amount) as paid
    from loans
    group by reader_id
),
late as (
    select reader_id, count(distinct isbn) as books_out from {{ ref('stg_loans') }} where is_open group by 1
)
select
    r.reader_id,
    r.first_name || ' ' || r.last_name as full_name,
    date_diff('year', r.born, current_date) as age,
    r.email_hash,
    b.first_loan,
    b.last_loan,
    coalesce(b.loans, 0) as loans,
    coalesce(late.books_out, 0) as books_out,
    b.paid
from {{ ref('stg_readers') }} r
left join by_reader b on b.reader_id = r.reader_id
left join late on late.reader_id = r.reader_id
