-- SPDX-License-Identifier: Apache-2.0
-- Alerts: how far the log has been looked through for them, what waits to be sent to whom, and what came of it. Truths.

-- How far the log has been looked through for all subscriptions, and who does that until when (milliseconds).
CREATE TABLE alert_tail (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position {bigint} NOT NULL,
    holder TEXT NOT NULL,
    until {bigint} NOT NULL
);

INSERT INTO alert_tail (one, position, holder, until) SELECT 1, position, '', 0 FROM clock;

-- Set where a subscription's events do not count from its beginning on.
CREATE TABLE alert_start (
    subscription {key},
    position {bigint} NOT NULL
);

-- One way to somebody: a destination, and a recipient of it (the node of a user or team; 0: the destination's own
-- address). Who holds it sends, in order; times are milliseconds. `failures` counts since the last success.
CREATE TABLE alert_lane (
    id {key},
    subscription {bigint} NOT NULL,
    destination {text} NOT NULL,
    recipient {bigint} NOT NULL,
    holder TEXT NOT NULL,
    until {bigint} NOT NULL,
    next_attempt {bigint} NOT NULL,
    failures INTEGER NOT NULL,
    sent {bigint} NOT NULL,
    succeeded {bigint},
    failed {bigint},
    status INTEGER,
    reason TEXT,
    UNIQUE (destination, recipient)
);

CREATE INDEX alert_lane_subscription ON alert_lane (subscription);

-- What waits for its lane from `due` on. `dead` is when it was given up (NULL: it was not), `reason` why its last
-- attempt failed, `about` the nodes of the entities that it concerns besides the one of the event.
CREATE TABLE alert_delivery (
    lane {bigint} NOT NULL,
    position {bigint} NOT NULL,
    due {bigint} NOT NULL,
    attempts INTEGER NOT NULL,
    about TEXT,
    dead {bigint},
    reason TEXT,
    PRIMARY KEY (lane, position)
) {without_rowid};

CREATE INDEX alert_delivery_position ON alert_delivery (position);

-- What the activity feed of a user or team (0: of everybody) shows: an event once, whichever alerts told of it.
CREATE TABLE alert_notice (
    recipient {bigint} NOT NULL,
    position {bigint} NOT NULL,
    timestamp {bigint} NOT NULL,
    notice TEXT NOT NULL,
    PRIMARY KEY (recipient, position)
) {without_rowid};

-- What is kept of events that were pruned: when, and by whom. `asOf` and the evidence of edges need no more.
CREATE TABLE pruned_event (
    position {key},
    timestamp {bigint} NOT NULL,
    user_name TEXT NOT NULL
);

CREATE INDEX pruned_event_time ON pruned_event (timestamp, position);

-- What the activity of an entity is read by.
CREATE INDEX change_event_entity ON change_event (entity, position);
