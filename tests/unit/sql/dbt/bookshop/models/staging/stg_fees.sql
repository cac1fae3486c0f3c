select id as fee_id, loan_id, method, {{ euros('cents') }} as amount from {{ ref('fees') }}
