-- SPDX-License-Identifier: Apache-2.0
-- Every fixed statement, by name. aiosql turns each into a function; `each(:list)` takes a JSON array of
-- texts, `numbers(:list)` one of whole numbers.

-- name: read_clock^
SELECT position, timestamp, node FROM clock;

-- name: write_clock!
UPDATE clock SET position = :position, timestamp = :timestamp, node = :node;

-- documents ----------------------------------------------------------------------------------------------------

-- name: entity_by_key^
SELECT e.node, e.id, e.type, e.fqn, e.name, e.parent, e.version, e.revision, e.deleted, e.removed, e.position,
    e.updated_at, e.updated_by, s.document, s.change
FROM entity e JOIN entity_state s ON s.position = e.position
WHERE e.fqn_key = :fqn_key AND e.removed IS NULL;

-- name: entity_by_id^
SELECT e.node, e.id, e.type, e.fqn, e.name, e.parent, e.version, e.revision, e.deleted, e.removed, e.position,
    e.updated_at, e.updated_by, s.document, s.change
FROM entity e JOIN entity_state s ON s.position = e.position
WHERE e.id = :id;

-- name: entities_by_node
SELECT e.node, e.id, e.type, e.fqn, e.name, e.parent, e.version, e.revision, e.deleted, e.removed, e.position,
    e.updated_at, e.updated_by, s.document, s.change
FROM entity e JOIN entity_state s ON s.position = e.position
WHERE e.node IN numbers(:nodes);

-- name: live_entities
SELECT e.node, e.id, e.type, e.fqn, e.name, e.parent, e.version, e.revision, e.deleted, e.removed, e.position,
    e.updated_at, e.updated_by, s.document, s.change
FROM entity e JOIN entity_state s ON s.position = e.position
WHERE e.node > :after AND e.removed IS NULL ORDER BY e.node LIMIT :limit;

-- name: insert_entity!
INSERT INTO entity (node, id, type, fqn, fqn_key, name, parent, version, revision, deleted, removed, position,
    updated_at, updated_by, card, shown_since)
VALUES (:node, :id, :type, :fqn, :fqn_key, :name, :parent, :version, :revision, :deleted, NULL, :position,
    :updated_at, :updated_by, :card, :position);

-- name: update_entity!
UPDATE entity SET fqn = :fqn, fqn_key = :fqn_key, name = :name, version = :version, revision = :revision,
    deleted = :deleted, position = :position, updated_at = :updated_at, updated_by = :updated_by,
    card = :card, shown_since = coalesce(:shown_since, shown_since)
WHERE node = :node;

-- name: remove_entity!
UPDATE entity SET removed = :position, deleted = 1, position = :position, shown_since = :position WHERE node = :node;

-- name: rename_entity!
UPDATE entity SET fqn = :fqn, fqn_key = :fqn_key, shown_since = :position WHERE node = :node;

-- name: children_of
SELECT e.node, e.id, e.type, e.fqn, e.name, e.parent, e.version, e.revision, e.deleted, e.removed, e.position,
    e.updated_at, e.updated_by, s.document, s.change
FROM entity e JOIN entity_state s ON s.position = e.position
WHERE e.parent = :parent AND e.removed IS NULL ORDER BY e.type, e.name;

-- name: count_entities!
INSERT INTO entity_count (type, parent, deleted, entities) VALUES (:type, :parent, :deleted, :change)
ON CONFLICT (type, parent, deleted) DO UPDATE SET entities = entity_count.entities + excluded.entities;

-- renderings ---------------------------------------------------------------------------------------------------

-- name: rendering_by_key^
SELECT e.node, e.deleted, e.revision, r.body FROM entity e JOIN rendering r ON r.entity = e.node
WHERE e.fqn_key = :fqn_key AND e.removed IS NULL
    AND r.position >= (SELECT max(shown.shown_since) FROM entity shown WHERE shown.node IN numbers(r.shows));

-- name: rendering_by_id^
SELECT e.node, e.deleted, e.revision, r.body FROM entity e JOIN rendering r ON r.entity = e.node
WHERE e.id = :id AND e.type = :type AND e.removed IS NULL
    AND r.position >= (SELECT max(shown.shown_since) FROM entity shown WHERE shown.node IN numbers(r.shows));

-- name: renderings_by_node
SELECT r.entity, r.body FROM rendering r
WHERE r.entity IN numbers(:nodes)
    AND r.position >= (SELECT max(shown.shown_since) FROM entity shown WHERE shown.node IN numbers(r.shows));

-- name: put_rendering!
INSERT INTO rendering (entity, position, shows, body) VALUES (:entity, :position, :shows, :body)
ON CONFLICT (entity) DO UPDATE SET position = excluded.position, shows = excluded.shows, body = excluded.body;

-- name: drop_rendering!
DELETE FROM rendering WHERE entity = :entity;

-- names --------------------------------------------------------------------------------------------------------

-- name: cards_by_id
SELECT node, id, type, name, fqn, parent, deleted, removed, card FROM entity WHERE id IN each(:ids);

-- name: cards_by_node
SELECT node, id, type, name, fqn, parent, deleted, removed, card FROM entity WHERE node IN numbers(:nodes);

-- name: cards_by_key
SELECT node, id, type, name, fqn, parent, deleted, removed, card FROM entity
WHERE fqn_key IN each(:keys) AND removed IS NULL;

-- name: cards_by_id_at
SELECT e.node, e.id, e.type, s.name, f.fqn, s.parent, s.deleted, s.removed, s.document
FROM entity e
JOIN entity_state s
    ON s.position = (SELECT max(position) FROM entity_state WHERE entity = e.node AND position <= :position)
JOIN fqn_interval f
    ON f.entity = e.node
    AND f.since = (SELECT max(since) FROM fqn_interval WHERE entity = e.node AND since <= :position)
WHERE e.id IN each(:ids);

-- name: cards_by_node_at
SELECT e.node, e.id, e.type, s.name, f.fqn, s.parent, s.deleted, s.removed, s.document
FROM entity e
JOIN entity_state s
    ON s.position = (SELECT max(position) FROM entity_state WHERE entity = e.node AND position <= :position)
JOIN fqn_interval f
    ON f.entity = e.node
    AND f.since = (SELECT max(since) FROM fqn_interval WHERE entity = e.node AND since <= :position)
WHERE e.node IN numbers(:nodes);

-- name: titles
SELECT node, type, fqn FROM entity WHERE node IN numbers(:nodes);

-- name: titles_at
SELECT e.node, e.type, f.fqn FROM entity e
JOIN fqn_interval f
    ON f.entity = e.node
    AND f.since = (SELECT max(since) FROM fqn_interval WHERE entity = e.node AND since <= :position)
WHERE e.node IN numbers(:nodes);

-- name: insert_fqn!
INSERT INTO fqn_interval (fqn_key, since, until, entity, fqn) VALUES (:fqn_key, :position, NULL, :entity, :fqn);

-- name: close_fqn!
UPDATE fqn_interval SET until = :position WHERE entity = :entity AND until IS NULL;

-- name: entity_named_at^
SELECT entity FROM fqn_interval
WHERE fqn_key = :fqn_key AND since <= :position AND (until IS NULL OR until > :position);

-- name: names_below
SELECT f.entity, f.fqn FROM entity e JOIN fqn_interval f ON f.entity = e.node
WHERE e.parent = :parent AND f.since <= :position AND (f.until IS NULL OR f.until > :position);

-- history ------------------------------------------------------------------------------------------------------

-- name: insert_state!
INSERT INTO entity_state (position, entity, name, parent, version, revision, deleted, removed, updated_at, updated_by,
    document, change, withdrawn)
VALUES (:position, :entity, :name, :parent, :version, :revision, :deleted, :removed, :updated_at, :updated_by,
    :document, :change, NULL);

-- name: withdraw_versions_after!
UPDATE entity_state SET withdrawn = :position
WHERE entity = :entity AND position > :after AND position < :position AND withdrawn IS NULL;

-- name: state_at^
SELECT e.node, e.id, e.type, f.fqn, s.name, s.parent, s.version, s.revision, s.deleted, s.removed, s.position,
    s.updated_at, s.updated_by, s.document, s.change
FROM entity e
JOIN entity_state s
    ON s.position = (SELECT max(position) FROM entity_state WHERE entity = e.node AND position <= :position)
JOIN fqn_interval f
    ON f.entity = e.node
    AND f.since = (SELECT max(since) FROM fqn_interval WHERE entity = e.node AND since <= :position)
WHERE e.node = :node;

-- name: version_states
SELECT e.node, e.id, e.type, e.fqn, s.name, s.parent, s.version, s.revision, s.deleted, s.removed, s.position,
    s.updated_at, s.updated_by, s.document, s.change
FROM entity_state s
JOIN entity e ON e.node = s.entity
WHERE s.entity = :entity AND s.removed = 0 AND s.position <= :position
    AND (s.withdrawn IS NULL OR s.withdrawn > :position)
ORDER BY s.position DESC;

-- name: version_state^
SELECT e.node, e.id, e.type, e.fqn, s.name, s.parent, s.version, s.revision, s.deleted, s.removed, s.position,
    s.updated_at, s.updated_by, s.document, s.change
FROM entity_state s
JOIN entity e ON e.node = s.entity
WHERE s.entity = :entity AND s.removed = 0 AND s.version = :version AND s.position <= :position
    AND (s.withdrawn IS NULL OR s.withdrawn > :position)
ORDER BY s.position DESC LIMIT 1;

-- name: states_between
SELECT e.node, e.id, e.type, e.fqn, s.name, s.parent, s.version, s.revision, s.deleted, s.removed, s.position,
    s.updated_at, s.updated_by, s.document, s.change
FROM entity_state s
JOIN entity e ON e.node = s.entity
WHERE e.type = :type AND s.removed = 0 AND s.withdrawn IS NULL AND s.position > :after AND s.position <= :until
ORDER BY s.position DESC LIMIT :limit;

-- name: count_states$
SELECT count(*) FROM entity_state s
JOIN entity e ON e.node = s.entity
WHERE e.type = :type AND s.removed = 0 AND s.withdrawn IS NULL AND s.position > :after AND s.position <= :until;

-- name: all_states
SELECT e.node, e.id, e.type, e.fqn, s.name, s.parent, s.version, s.revision, s.deleted, s.removed, s.position,
    s.updated_at, s.updated_by, s.document, s.change
FROM entity_state s
JOIN entity e ON e.node = s.entity
WHERE s.position > :after
ORDER BY s.position LIMIT :limit;

-- name: position_at$
SELECT max(found.position) FROM (
    SELECT * FROM (
        SELECT position FROM change_event WHERE timestamp <= :timestamp ORDER BY timestamp DESC, position DESC LIMIT 1
    ) kept
    UNION ALL
    SELECT * FROM (
        SELECT position FROM pruned_event WHERE timestamp <= :timestamp ORDER BY timestamp DESC, position DESC LIMIT 1
    ) pruned
) found;

-- name: newest_position$
SELECT position FROM clock;

-- relationships and tags ---------------------------------------------------------------------------------------

-- name: open_relationships*!
INSERT INTO relationship (referrer, target, field, since, until) VALUES (:referrer, :target, :field, :position, NULL);

-- name: close_relationships*!
UPDATE relationship SET until = :position
WHERE referrer = :referrer AND target = :target AND field = :field AND until IS NULL;

-- name: close_relationships_of!
UPDATE relationship SET until = :position WHERE referrer = :node AND until IS NULL;

-- name: close_relationships_to!
UPDATE relationship SET until = :position WHERE target = :node AND field NOT IN each(:kept) AND until IS NULL;

-- name: referrers_at
SELECT r.referrer FROM relationship r JOIN entity e ON e.node = r.referrer
WHERE r.target = :target AND r.field = :field AND e.type = coalesce(:type, e.type)
    AND r.since <= :position AND (r.until IS NULL OR r.until > :position);

-- name: targets_at
SELECT DISTINCT target FROM relationship
WHERE referrer IN numbers(:referrers) AND field = :field
    AND since <= :position AND (until IS NULL OR until > :position);

-- name: open_usages*!
INSERT INTO tag_usage (tag, entity, path, label_type, state, since, until)
VALUES (:tag, :entity, :path, :label_type, :state, :position, NULL);

-- name: close_usages*!
UPDATE tag_usage SET until = :position WHERE tag = :tag AND entity = :entity AND path = :path AND until IS NULL;

-- name: close_usages_of!
UPDATE tag_usage SET until = :position WHERE entity = :node AND until IS NULL;

-- name: close_usages_to!
UPDATE tag_usage SET until = :position WHERE tag = :node AND until IS NULL;

-- name: usages_of
SELECT tag, entity, path, label_type, state FROM tag_usage
WHERE tag IN numbers(:tags) AND since <= :position AND (until IS NULL OR until > :position);

-- name: usages_in
SELECT tag, entity, path, label_type, state FROM tag_usage
WHERE entity IN numbers(:entities) AND since <= :position AND (until IS NULL OR until > :position);

-- name: usages_in_state
SELECT tag, entity, path, label_type, state FROM tag_usage
WHERE state = :state AND since <= :position AND (until IS NULL OR until > :position);

-- name: bringing
SELECT DISTINCT referrer FROM relationship
WHERE target IN numbers(:tags) AND field = :field AND since <= :position AND (until IS NULL OR until > :position);

-- name: count_usages$
SELECT count(*) FROM (
    SELECT DISTINCT entity, path FROM tag_usage
    WHERE tag IN numbers(:tags) AND since <= :position AND (until IS NULL OR until > :position)
) carried;

-- name: count_children$
SELECT coalesce(sum(entities), 0) FROM entity_count WHERE parent = :parent AND deleted = 0;

-- followers ----------------------------------------------------------------------------------------------------

-- name: follow!
INSERT INTO follower (entity, follower, since, until) VALUES (:entity, :follower, :position, NULL);

-- name: unfollow!
UPDATE follower SET until = :position WHERE entity = :entity AND follower = :follower AND until IS NULL;

-- name: close_followers!
UPDATE follower SET until = :position WHERE (entity = :node OR follower = :node) AND until IS NULL;

-- name: followed
SELECT entity FROM follower WHERE follower = :follower AND since <= :position AND (until IS NULL OR until > :position);

-- name: followers
SELECT follower FROM follower WHERE entity = :entity AND since <= :position AND (until IS NULL OR until > :position);

-- votes --------------------------------------------------------------------------------------------------------

-- name: open_vote!
INSERT INTO vote (entity, voter, liked, since, until) VALUES (:entity, :voter, :liked, :position, NULL);

-- name: close_vote!
UPDATE vote SET until = :position WHERE entity = :entity AND voter = :voter AND until IS NULL;

-- name: close_votes!
UPDATE vote SET until = :position WHERE (entity = :node OR voter = :node) AND until IS NULL;

-- name: votes
SELECT voter, liked FROM vote WHERE entity = :entity AND since <= :position AND (until IS NULL OR until > :position);

-- events -------------------------------------------------------------------------------------------------------

-- name: insert_event!
INSERT INTO change_event (position, id, event_type, entity, entity_type, fqn, user_name, timestamp, previous_version,
    version, change)
VALUES (:position, :id, :event_type, :entity, :entity_type, :fqn, :user_name, :timestamp, :previous_version,
    :version, :change);

-- name: events_at
SELECT position, timestamp, user_name FROM change_event WHERE position IN numbers(:positions)
UNION ALL
SELECT position, timestamp, user_name FROM pruned_event WHERE position IN numbers(:positions);

-- name: events_after
SELECT c.position, c.id, c.event_type, c.entity, e.id, c.entity_type, c.fqn, c.user_name, c.timestamp,
    c.previous_version, c.version, c.change
FROM change_event c JOIN entity e ON e.node = c.entity
WHERE c.position > :after AND c.timestamp >= :since ORDER BY c.position LIMIT :limit;

-- name: events_at_positions
SELECT c.position, c.id, c.event_type, c.entity, e.id, c.entity_type, c.fqn, c.user_name, c.timestamp,
    c.previous_version, c.version, c.change
FROM change_event c JOIN entity e ON e.node = c.entity
WHERE c.position IN numbers(:positions) ORDER BY c.position;

-- name: events_of
WITH RECURSIVE below(node) AS (
    SELECT node FROM entity WHERE node = :node
    UNION
    SELECT child.node FROM entity child JOIN below ON child.parent = below.node WHERE :with_below = 1
)
SELECT c.position, c.id, c.event_type, c.entity, e.id, c.entity_type, c.fqn, c.user_name, c.timestamp,
    c.previous_version, c.version, c.change
FROM change_event c JOIN entity e ON e.node = c.entity
WHERE c.entity IN (SELECT node FROM below) AND c.position < :before
ORDER BY c.position DESC LIMIT :limit;

-- name: oldest_event$
SELECT min(position) FROM change_event;

-- name: note_pruned!
INSERT INTO pruned_event (position, timestamp, user_name)
SELECT c.position, c.timestamp, c.user_name FROM change_event c
WHERE c.timestamp < :before AND c.position <= :until AND c.position < :ceiling
    AND NOT EXISTS (SELECT 1 FROM alert_delivery d WHERE d.position = c.position)
ORDER BY c.position LIMIT :limit;

-- name: prune_events!
DELETE FROM change_event WHERE position IN (SELECT position FROM pruned_event) AND timestamp < :before;

-- name: prune_notices!
DELETE FROM alert_notice WHERE timestamp < :before;

-- alerts -------------------------------------------------------------------------------------------------------

-- name: alert_tail^
SELECT t.position, t.holder, t.until, c.position FROM alert_tail t, clock c;

-- name: hold_tail!
UPDATE alert_tail SET holder = :holder, until = :until WHERE holder = :holder OR until <= :now;

-- name: advance_tail!
UPDATE alert_tail SET position = :position WHERE position = :before AND holder = :holder;

-- name: leave_tail!
UPDATE alert_tail SET until = 0 WHERE holder = :holder;

-- name: alert_subscriptions
SELECT e.node, coalesce(
    (SELECT s.position FROM alert_start s WHERE s.subscription = e.node),
    (SELECT min(s.position) FROM entity_state s WHERE s.entity = e.node)
), e.name, d.document
FROM entity e JOIN entity_state d ON d.position = e.position
WHERE e.type = :type AND e.removed IS NULL ORDER BY e.node;

-- name: alert_fingerprint$
SELECT CAST(count(*) AS TEXT) || '/' || CAST(coalesce(sum(position), 0) AS TEXT) || '/' ||
    CAST((SELECT coalesce(sum(position), 0) FROM alert_start) AS TEXT)
FROM entity WHERE type = :type AND removed IS NULL;

-- name: start_alert!
INSERT INTO alert_start (subscription, position) VALUES (:subscription, :position)
ON CONFLICT (subscription) DO UPDATE SET position = excluded.position;

-- name: add_lane!
INSERT INTO alert_lane (id, subscription, destination, recipient, holder, until, next_attempt, failures, sent)
SELECT (SELECT coalesce(max(id), 0) + 1 FROM alert_lane), :subscription, :destination, :recipient, '', 0, 0, 0, 0
WHERE NOT EXISTS (SELECT 1 FROM alert_lane WHERE destination = :destination AND recipient = :recipient);

-- name: add_delivery!
INSERT INTO alert_delivery (lane, position, due, attempts, about)
SELECT id, :position, :due, 0, :about FROM alert_lane WHERE destination = :destination AND recipient = :recipient
ON CONFLICT (lane, position) DO NOTHING;

-- name: ready_lanes
SELECT l.id, l.subscription, l.destination, l.recipient, l.failures FROM alert_lane l
WHERE l.until <= :now AND l.next_attempt <= :now
    AND EXISTS (SELECT 1 FROM alert_delivery d WHERE d.lane = l.id AND d.dead IS NULL AND d.due <= :now)
ORDER BY l.until, l.id LIMIT :limit;

-- name: hold_lane!
UPDATE alert_lane SET holder = :holder, until = :until WHERE id = :lane AND (until <= :now OR holder = :holder);

-- name: leave_lane!
UPDATE alert_lane SET holder = '', until = :now WHERE id = :lane AND holder = :holder;

-- name: due_deliveries
SELECT d.position, d.attempts, d.about FROM alert_delivery d
WHERE d.lane = :lane AND d.dead IS NULL AND d.due <= :now ORDER BY d.position LIMIT :limit;

-- name: lane_succeeded!
UPDATE alert_lane SET failures = 0, next_attempt = 0, sent = sent + :sent, succeeded = :now WHERE id = :lane;

-- name: lane_failed!
UPDATE alert_lane SET failures = failures + 1, next_attempt = :next_attempt, failed = :now, status = :status,
    reason = :reason
WHERE id = :lane;

-- name: deliveries_done!
DELETE FROM alert_delivery WHERE lane = :lane AND position IN numbers(:positions);

-- name: deliveries_failed!
UPDATE alert_delivery SET attempts = attempts + 1, reason = :reason,
    dead = CASE WHEN attempts >= :retries THEN :now ELSE NULL END
WHERE lane = :lane AND position IN numbers(:positions);

-- name: lanes_of
SELECT l.destination, l.recipient, l.next_attempt, l.failures, l.sent, l.succeeded, l.failed, l.status, l.reason,
    (SELECT count(*) FROM alert_delivery d WHERE d.lane = l.id AND d.dead IS NULL),
    (SELECT count(*) FROM alert_delivery d WHERE d.lane = l.id AND d.dead IS NOT NULL)
FROM alert_lane l WHERE l.subscription = :subscription ORDER BY l.id;

-- name: dead_letters
SELECT l.destination, l.recipient, d.position, d.attempts, d.reason, d.dead
FROM alert_delivery d JOIN alert_lane l ON l.id = d.lane
WHERE l.subscription = :subscription AND d.dead IS NOT NULL AND d.position > :after
ORDER BY d.position, l.id LIMIT :limit;

-- name: replay_dead!
UPDATE alert_delivery SET dead = NULL, attempts = 0, due = 0
WHERE dead IS NOT NULL AND lane IN (SELECT id FROM alert_lane WHERE subscription = :subscription);

-- name: hurry_lanes!
UPDATE alert_lane SET next_attempt = 0 WHERE subscription = :subscription;

-- name: drop_waiting!
DELETE FROM alert_delivery
WHERE dead IS NULL AND lane IN (SELECT id FROM alert_lane WHERE subscription = :subscription);

-- name: drop_waiting_in!
DELETE FROM alert_delivery WHERE lane = :lane AND dead IS NULL;

-- name: drop_deliveries!
DELETE FROM alert_delivery WHERE lane = :lane;

-- name: drop_lane!
DELETE FROM alert_lane WHERE id = :lane;

-- name: add_notice!
INSERT INTO alert_notice (recipient, position, timestamp, notice)
VALUES (:recipient, :position, :timestamp, :notice)
ON CONFLICT (recipient, position) DO NOTHING;

-- name: notices_of
SELECT position, min(notice) FROM alert_notice
WHERE recipient IN numbers(:recipients) AND position < :before
GROUP BY position ORDER BY position DESC LIMIT :limit;

-- checks -------------------------------------------------------------------------------------------------------

-- name: documents_holding
SELECT e.node, s.document FROM entity e JOIN entity_state s ON s.position = e.position
WHERE e.type = :type AND e.removed IS NULL AND e.deleted = 0 AND {found}(lower(s.document), :word) > 0;

-- name: entities_with_tags
SELECT DISTINCT e.node FROM tag_usage t JOIN entity e ON e.node = t.entity
WHERE t.tag IN numbers(:tags) AND t.path = '' AND t.until IS NULL
    AND e.type IN each(:types) AND e.removed IS NULL AND e.deleted = 0;

-- name: check_turns
SELECT entity FROM check_turn;

-- name: check_due$
SELECT due FROM check_turn WHERE entity = :entity;

-- name: add_check_turn!
INSERT INTO check_turn (entity, due, holder, until) VALUES (:entity, :due, '', 0) ON CONFLICT (entity) DO NOTHING;

-- name: drop_check_turns!
DELETE FROM check_turn WHERE entity IN numbers(:entities);

-- name: ready_check_turns
SELECT entity FROM check_turn WHERE due <= :now AND until <= :now ORDER BY due, entity LIMIT :limit;

-- name: hold_check_turn!
UPDATE check_turn SET holder = :holder, until = :until WHERE entity = :entity AND due <= :now AND until <= :now;

-- name: end_check_turn!
UPDATE check_turn SET due = :due, holder = '', until = 0 WHERE entity = :entity AND holder = :holder;

-- name: hasten_check_turn!
UPDATE check_turn SET due = :due WHERE entity = :entity AND due > :due;

-- name: leave_check_turns!
UPDATE check_turn SET holder = '', until = 0 WHERE holder = :holder;

-- name: add_check_result!
INSERT INTO check_result (entity, target, timestamp, outcome, status, took, reason)
VALUES (:entity, :target, :timestamp, :outcome, :status, :took, :reason)
ON CONFLICT (entity, target, timestamp) DO NOTHING;

-- name: check_results
SELECT target, timestamp, outcome, status, took, reason FROM check_result
WHERE entity = :entity AND timestamp >= :start AND timestamp <= :end
ORDER BY timestamp DESC, target LIMIT :limit OFFSET :offset;

-- name: last_check_results
SELECT r.entity, r.target, r.timestamp, r.outcome, r.status, r.took, r.reason FROM check_result r
WHERE r.entity IN numbers(:entities) AND r.timestamp = (
    SELECT max(newer.timestamp) FROM check_result newer WHERE newer.entity = r.entity AND newer.target = r.target
)
ORDER BY r.entity, r.target;

-- name: prune_check_results!
DELETE FROM check_result WHERE timestamp < :before;

-- search -------------------------------------------------------------------------------------------------------

-- name: search_mark^
SELECT clock.position, (SELECT id FROM change_event WHERE change_event.position = clock.position),
    (SELECT id FROM entity ORDER BY node LIMIT 1), (SELECT value FROM setting WHERE name = :name)
FROM clock;

-- name: event_at$
SELECT id FROM change_event WHERE position = :position;

-- name: changed_after
SELECT DISTINCT entity FROM change_event WHERE position > :position;

-- name: showing
SELECT node FROM entity WHERE parent IN numbers(:nodes) AND removed IS NULL
UNION
SELECT referrer FROM relationship WHERE target IN numbers(:nodes) AND (until IS NULL OR until > :since)
UNION
SELECT entity FROM tag_usage WHERE tag IN numbers(:nodes) AND (until IS NULL OR until > :since);

-- lineage ------------------------------------------------------------------------------------------------------

-- name: nodes_of
SELECT id, entity, path, name, kind, since, until FROM lineage_node WHERE entity IN numbers(:entities) ORDER BY since;

-- name: nodes_named
SELECT id, entity, path, name, kind, since, until FROM lineage_node
WHERE entity IN numbers(:entities) AND path IN each(:paths) ORDER BY since;

-- name: nodes_by_id
SELECT id, entity, path, name, kind, since, until FROM lineage_node WHERE id IN numbers(:ids) ORDER BY since;

-- name: fields_in
SELECT id, entity, name FROM lineage_node WHERE entity IN numbers(:entities) ORDER BY since <= :position, since;

-- name: fields_by_id
SELECT id, entity, name FROM lineage_node WHERE id IN numbers(:ids) ORDER BY since <= :position, since;

-- name: insert_nodes*!
INSERT INTO lineage_node (entity, path, since, until, id, name, kind)
VALUES (:entity, :path, :since, :until, :id, :name, :kind);

-- name: close_nodes*!
UPDATE lineage_node SET until = :position WHERE entity = :entity AND path = :path AND until IS NULL;

-- name: close_nodes_of!
UPDATE lineage_node SET until = :position WHERE entity = :node AND until IS NULL;

-- name: open_edges*!
INSERT INTO lineage_edge (upstream, downstream, owner, source, asserter, since, until, details)
VALUES (:upstream, :downstream, :owner, :source, :asserter, :position, NULL, :details);

-- name: close_derived*!
UPDATE lineage_edge SET until = :position
WHERE upstream = :upstream AND downstream = :downstream AND owner = :owner AND source = :source AND until IS NULL;

-- name: close_edges_of!
UPDATE lineage_edge SET until = :position
WHERE until IS NULL
    AND (
        upstream = :node OR downstream = :node
        OR upstream IN (SELECT id FROM lineage_node WHERE entity = :node)
        OR downstream IN (SELECT id FROM lineage_node WHERE entity = :node)
    )
    AND (owner IS NULL OR owner = :node OR source NOT IN each(:kept));

-- name: close_asserted*!
UPDATE lineage_edge SET until = :position
WHERE upstream = :upstream AND downstream = :downstream AND owner IS NULL AND source = :source
    AND asserter = :asserter AND until IS NULL;

-- name: edges_into
SELECT upstream, downstream, owner, source, asserter, since, until, details FROM lineage_edge
WHERE downstream IN numbers(:nodes) AND until IS NULL;

-- name: edges_out_of
SELECT upstream, downstream, owner, source, asserter, since, until, details FROM lineage_edge
WHERE upstream IN numbers(:nodes) AND until IS NULL;

-- name: pairs_out_of
SELECT upstream, downstream FROM lineage_edge WHERE upstream IN numbers(:nodes) AND until IS NULL;

-- name: pairs_out_of_at
SELECT upstream, downstream FROM lineage_edge
WHERE upstream IN numbers(:nodes) AND since <= :position AND (until IS NULL OR until > :position);

-- name: edges_into_at
SELECT upstream, downstream, owner, source, asserter, since, until, details FROM lineage_edge
WHERE downstream IN numbers(:nodes) AND since <= :position AND (until IS NULL OR until > :position);

-- name: edges_out_of_at
SELECT upstream, downstream, owner, source, asserter, since, until, details FROM lineage_edge
WHERE upstream IN numbers(:nodes) AND since <= :position AND (until IS NULL OR until > :position);

-- sightings and runs -------------------------------------------------------------------------------------------

-- name: put_sighting!
INSERT INTO sighting (downstream, upstream, source, asserter, seen, user_name, run)
VALUES (:downstream, :upstream, :source, :asserter, :seen, :user_name, :run)
ON CONFLICT (downstream, upstream, source, asserter) DO UPDATE
SET seen = excluded.seen, user_name = excluded.user_name, run = excluded.run;

-- name: drop_sighting!
DELETE FROM sighting
WHERE downstream = :downstream AND upstream = :upstream AND source = :source AND asserter = :asserter;

-- name: sightings_into
SELECT downstream, upstream, source, asserter, seen, user_name, run FROM sighting
WHERE downstream IN numbers(:nodes);

-- name: sighting_of^
SELECT downstream, upstream, source, asserter, seen, user_name, run FROM sighting
WHERE downstream = :downstream AND upstream = :upstream AND source = :source AND asserter = :asserter;

-- name: put_run!
INSERT INTO run (entity, id, timestamp) VALUES (:entity, :id, :timestamp)
ON CONFLICT (entity, id) DO UPDATE SET timestamp = excluded.timestamp;

-- name: run_timestamp$
SELECT timestamp FROM run WHERE entity = :entity AND id = :id;

-- name: told_run^
SELECT moment, told FROM told_run WHERE entity = :entity AND id = :id;

-- name: put_told_run!
INSERT INTO told_run (entity, id, moment, told) VALUES (:entity, :id, :moment, :told)
ON CONFLICT (entity, id) DO UPDATE SET moment = excluded.moment, told = excluded.told;

-- name: forget_told_runs!
DELETE FROM told_run WHERE entity = :entity AND moment < :moment;

-- time series --------------------------------------------------------------------------------------------------

-- name: open_entry!
INSERT INTO time_series (entity, series, path, item, since, until, timestamp, entry)
VALUES (:entity, :series, :path, :item, :position, NULL, :timestamp, :entry);

-- name: close_entry!
UPDATE time_series SET until = :position
WHERE entity = :entity AND series = :series AND path = :path AND item = :item AND until IS NULL;

-- name: rewrite_entry!
UPDATE time_series SET entry = :entry
WHERE entity = :entity AND series = :series AND path = :path AND item = :item AND until IS NULL;

-- name: entries_of_type
SELECT t.entity, t.entry FROM entity e JOIN time_series t ON t.entity = e.node
WHERE e.type = :type AND e.removed IS NULL AND t.series = :series AND t.path = '' AND t.until IS NULL
    AND t.timestamp BETWEEN :start AND :end;

-- name: erase_entries!
DELETE FROM time_series WHERE entity = :entity AND series = :series;

-- name: series_entry$
SELECT entry FROM time_series
WHERE entity = :entity AND series = :series AND path = :path AND item = :item AND since <= :position
    AND (until IS NULL OR until > :position);

-- name: newest_entries
SELECT path, entry FROM time_series t
WHERE entity = :entity AND series = :series AND since <= :position AND (until IS NULL OR until > :position)
    AND timestamp = (
        SELECT max(timestamp) FROM time_series newer
        WHERE newer.entity = t.entity AND newer.series = t.series AND newer.path = t.path
            AND newer.since <= :position AND (newer.until IS NULL OR newer.until > :position)
    );

-- name: series_entries
SELECT entry FROM time_series
WHERE entity = :entity AND series = :series AND path = :path AND since <= :position
    AND (until IS NULL OR until > :position) AND timestamp BETWEEN :start AND :end
ORDER BY timestamp DESC, item LIMIT :limit OFFSET :offset;

-- name: count_entries$
SELECT count(*) FROM time_series
WHERE entity = :entity AND series = :series AND path = :path AND since <= :position
    AND (until IS NULL OR until > :position) AND timestamp BETWEEN :start AND :end;

-- settings and secrets -----------------------------------------------------------------------------------------

-- name: setting$
SELECT value FROM setting WHERE name = :name;

-- name: put_setting!
INSERT INTO setting (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: secrets_of
SELECT path, ciphertext FROM secret WHERE entity = :entity;

-- name: put_secret!
INSERT INTO secret (entity, path, ciphertext) VALUES (:entity, :path, :ciphertext)
ON CONFLICT (entity, path) DO UPDATE SET ciphertext = excluded.ciphertext;

-- name: drop_secret!
DELETE FROM secret WHERE entity = :entity AND path = :path;

-- name: drop_secrets_of!
DELETE FROM secret WHERE entity = :entity;
