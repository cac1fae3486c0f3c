-- SPDX-License-Identifier: Apache-2.0
-- What users think of entities, and the facts about entities that pile up over time: truths, both.

-- `liked` is 1 for a vote in favour of the entity, 0 for one against it.
CREATE TABLE vote (
    entity {bigint} NOT NULL,
    voter {bigint} NOT NULL,
    liked INTEGER NOT NULL,
    since {bigint} NOT NULL,
    until {bigint},
    PRIMARY KEY (entity, voter, since)
) {without_rowid};

CREATE INDEX vote_voter ON vote (voter);

-- Entries of an entity's series. `path` is the case-folded path of the field that an entry is about (empty: the entity
-- itself), `item` tells an entry from the others of its series, and a new one under the same `item` ends the old one.
-- `timestamp` (milliseconds) is the moment that the entry speaks of, `since` the position at which it was recorded.
CREATE TABLE time_series (
    entity {bigint} NOT NULL,
    series TEXT NOT NULL,
    path {text} NOT NULL,
    item {text} NOT NULL,
    since {bigint} NOT NULL,
    until {bigint},
    timestamp {bigint} NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (entity, series, path, item, since)
) {without_rowid};

CREATE INDEX time_series_time ON time_series (entity, series, path, timestamp);
