-- SPDX-License-Identifier: Apache-2.0
-- The truths (documents, states, assertions, followers, settings, secrets, events) and the indexes over them.
-- Words in braces differ between the databases; store/database.py holds their meaning.
--
-- Intervals are half-open and counted in positions: [since, until), until NULL means "still so".
-- Entities are numbered by `node`, which is also the entity's own node in the lineage graph.

CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position {bigint} NOT NULL,
    timestamp {bigint} NOT NULL,
    node {bigint} NOT NULL
);

INSERT INTO clock (one, position, timestamp, node) VALUES (1, 0, 0, 0);

-- `version` counts tenths. `removed` is the position of a hard delete: the row stays as a tombstone.
-- `card` is what other entities show of this one, as a JSON object.
CREATE TABLE entity (
    node {key},
    id {text} NOT NULL UNIQUE,
    type TEXT NOT NULL,
    fqn {text} NOT NULL,
    fqn_key {text} NOT NULL,
    name {text} NOT NULL,
    parent {bigint},
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    removed {bigint},
    position {bigint} NOT NULL,
    updated_at {bigint} NOT NULL,
    updated_by TEXT NOT NULL,
    document TEXT NOT NULL,
    change TEXT,
    card TEXT
);

CREATE UNIQUE INDEX entity_fqn ON entity (fqn_key) WHERE removed IS NULL;
CREATE INDEX entity_page ON entity (type, name, id, deleted) WHERE removed IS NULL;
CREATE INDEX entity_children ON entity (parent, type, name, id, deleted) WHERE removed IS NULL;

-- How many live entities a list without further filters has, so that a page needs no count of its own.
CREATE TABLE entity_count (
    type TEXT NOT NULL,
    parent {bigint} NOT NULL,
    deleted INTEGER NOT NULL,
    entities {bigint} NOT NULL,
    PRIMARY KEY (type, parent, deleted)
);

-- A tombstone is a state with `removed` = 1. `withdrawn` is the position at which a state stopped to be a version.
CREATE TABLE entity_state (
    position {key},
    entity {bigint} NOT NULL,
    name {text} NOT NULL,
    parent {bigint},
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    updated_at {bigint} NOT NULL,
    updated_by TEXT NOT NULL,
    document TEXT NOT NULL,
    change TEXT,
    withdrawn {bigint}
);

CREATE INDEX entity_state_entity ON entity_state (entity, position);

CREATE TABLE fqn_interval (
    fqn_key {text} NOT NULL,
    since {bigint} NOT NULL,
    until {bigint},
    entity {bigint} NOT NULL,
    fqn {text} NOT NULL,
    PRIMARY KEY (fqn_key, since)
) {without_rowid};

CREATE INDEX fqn_interval_entity ON fqn_interval (entity, since);

CREATE TABLE relationship (
    referrer {bigint} NOT NULL,
    target {bigint} NOT NULL,
    field TEXT NOT NULL,
    since {bigint} NOT NULL,
    until {bigint},
    PRIMARY KEY (referrer, field, target, since)
) {without_rowid};

CREATE INDEX relationship_target ON relationship (target, field, until);

CREATE TABLE tag_usage (
    tag {bigint} NOT NULL,
    entity {bigint} NOT NULL,
    path {text} NOT NULL,
    label_type TEXT NOT NULL,
    state TEXT NOT NULL,
    since {bigint} NOT NULL,
    until {bigint},
    PRIMARY KEY (entity, path, tag, since)
) {without_rowid};

CREATE INDEX tag_usage_tag ON tag_usage (tag, until);

-- Fields of entities. A row is one interval of existence; a field that never existed, but is pointed at, has an
-- empty one. The entity's own node is entity.node and has no row here. A new spelling or kind (its data type) is a
-- new interval.
CREATE TABLE lineage_node (
    entity {bigint} NOT NULL,
    path {text} NOT NULL,
    since {bigint} NOT NULL,
    until {bigint},
    id {bigint} NOT NULL,
    name {text} NOT NULL,
    kind TEXT,
    PRIMARY KEY (entity, path, since)
) {without_rowid};

CREATE INDEX lineage_node_id ON lineage_node (id);

-- `owner` is the entity whose document the edge follows from; NULL for an assertion, which has a source and, for
-- the source Manual, a person. `details` stands only on the entity-level row of an assertion.
CREATE TABLE lineage_edge (
    upstream {bigint} NOT NULL,
    downstream {bigint} NOT NULL,
    owner {bigint},
    source TEXT NOT NULL,
    asserter TEXT NOT NULL,
    since {bigint} NOT NULL,
    until {bigint},
    details TEXT
);

CREATE INDEX lineage_edge_upstream ON lineage_edge (upstream, until, downstream);
CREATE INDEX lineage_edge_downstream ON lineage_edge (downstream, until, upstream);

CREATE TABLE change_event (
    position {key},
    id {text} NOT NULL,
    event_type TEXT NOT NULL,
    entity {bigint} NOT NULL,
    entity_type TEXT NOT NULL,
    fqn {text} NOT NULL,
    user_name TEXT NOT NULL,
    timestamp {bigint} NOT NULL,
    previous_version INTEGER,
    version INTEGER,
    change TEXT
);

CREATE INDEX change_event_time ON change_event (timestamp, position);

CREATE TABLE follower (
    entity {bigint} NOT NULL,
    follower {bigint} NOT NULL,
    since {bigint} NOT NULL,
    until {bigint},
    PRIMARY KEY (entity, follower, since)
) {without_rowid};

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Encrypted with the installation's key; `path` names the place in the document that shows a mask.
CREATE TABLE secret (
    entity {bigint} NOT NULL,
    path {text} NOT NULL,
    ciphertext TEXT NOT NULL,
    PRIMARY KEY (entity, path)
) {without_rowid};
