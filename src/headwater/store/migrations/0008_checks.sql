-- SPDX-License-Identifier: Apache-2.0
-- What was looked up of entities that are in use: whether their endpoints, stores and dashboards answer. Truths, but no
-- part of the catalogue's history: `asOf` knows nothing of them, and old ones are forgotten.

-- An entity that is looked at regularly: when next, and who does that until when (milliseconds).
CREATE TABLE check_turn (
    entity {key},
    due {bigint} NOT NULL,
    holder TEXT NOT NULL,
    until {bigint} NOT NULL
);

CREATE INDEX check_turn_due ON check_turn (due);

-- What came of looking at one target of an entity at a moment; `took` is milliseconds, `status` what a server answered.
CREATE TABLE check_result (
    entity {bigint} NOT NULL,
    target {text} NOT NULL,
    timestamp {bigint} NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER,
    took {bigint} NOT NULL,
    reason TEXT,
    PRIMARY KEY (entity, target, timestamp)
) {without_rowid};

CREATE INDEX check_result_time ON check_result (timestamp);
