select
    id as loan_id,
    reader_id,
    isbn,
    taken_at,
    returned_at,
    returned_at is null as is_open
from {{ ref('loans') }}
