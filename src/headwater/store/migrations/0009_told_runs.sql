-- SPDX-License-Identifier: Apache-2.0
-- What the events of a run have said so far, together.

-- `told` is JSON, `moment` (milliseconds) that of the newest event. Rows are overwritten, and forgotten after a while:
-- what a run says of lineage is in the edges, this is only what a further event of the run is put together with.
CREATE TABLE told_run (
    entity {bigint} NOT NULL,
    id {text} NOT NULL,
    moment {bigint} NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (entity, id)
) {without_rowid};
