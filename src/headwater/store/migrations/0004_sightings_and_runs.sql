-- SPDX-License-Identifier: Apache-2.0
-- When assertions were made last, and which run of a job is which entry of its history.

-- The last time (milliseconds) that an asserter said that data flows from `upstream` into `downstream`, both nodes of
-- entities. `upstream` 0 stands for everything that it says flows into `downstream`: who always says all at once, as a
-- run does, has that row only. There is no history of it: a sighting replaces the one before.
CREATE TABLE sighting (
    downstream {bigint} NOT NULL,
    upstream {bigint} NOT NULL,
    source TEXT NOT NULL,
    asserter {text} NOT NULL,
    seen {bigint} NOT NULL,
    user_name TEXT NOT NULL,
    run TEXT NOT NULL,
    PRIMARY KEY (downstream, upstream, source, asserter)
) {without_rowid};

-- The entry of the series `status` that tells of a run, by its moment.
CREATE TABLE run (
    entity {bigint} NOT NULL,
    id {text} NOT NULL,
    timestamp {bigint} NOT NULL,
    PRIMARY KEY (entity, id)
) {without_rowid};
