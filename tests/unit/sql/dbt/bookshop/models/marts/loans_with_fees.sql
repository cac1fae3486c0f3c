{% set methods = ['card', 'cash'] %}
with fees as (
    select
        loan_id,
        {% for method in methods -%}
        sum(case when method = '{{ method }}' then amount else 0 end) as {{ method }}_amount,
        {% endfor -%}
        sum(amount) as total_amount
    from {{ ref('stg_fees') }}
    group by loan_id
)
select
    l.loan_id,
    l.reader_id,
    l.isbn,
    l.taken_at,
    coalesce(f.card_amount, 0) as card_amount,
    coalesce(f.cash_amount, 0) as cash_amount,
    coalesce(f.total_amount, 0) as total_amount,
    row_number() over (partition by l.reader_id order by l.taken_at) as nth_loan
from {{ ref('stg_loans') }} l
left join fees f using (loan_id)
