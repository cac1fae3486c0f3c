# SPDX-License-Identifier: Apache-2.0
"""Emptying and counting what can be rebuilt."""

from headwater.store.database import Session, Transaction

INDEXES = ("fqn_interval", "relationship", "tag_usage", "lineage_node", "lineage_edge", "entity_count", "rendering")


def nodes_by_id(session: Session) -> dict[str, int]:
    """The node of every entity that ever was."""
    return dict(session.rows("SELECT id, node FROM entity", {}))


def present_nodes(session: Session, after: int, limit: int) -> list[int]:
    """Nodes beyond ``after`` of entities that were not removed, in order."""
    statement = "SELECT node FROM entity WHERE node > :after AND removed IS NULL ORDER BY node LIMIT :limit"
    return [node for (node,) in session.rows(statement, {"after": after, "limit": limit})]


def states(session: Session) -> int:
    """How many states are recorded."""
    return int(session.rows("SELECT count(*) FROM entity_state", {})[0][0])


def clear(transaction: Transaction) -> None:
    """Empty the indexes. Fields keep their numbers, which assertions refer to, as rows with an empty interval."""
    for table in ("fqn_interval", "relationship", "tag_usage", "entity_count", "rendering"):
        transaction.rows_changed(f"DELETE FROM {table}")
    transaction.rows_changed("DELETE FROM lineage_edge WHERE owner IS NOT NULL")
    transaction.rows_changed(
        "DELETE FROM lineage_node WHERE since > (SELECT min(other.since) FROM lineage_node other "
        "WHERE other.entity = lineage_node.entity AND other.path = lineage_node.path)"
    )
    transaction.rows_changed("UPDATE lineage_node SET since = 0, until = 0")


def settle(transaction: Transaction) -> None:
    """Count entities, and drop the placeholders of fields that exist or existed."""
    transaction.rows_changed(
        "DELETE FROM lineage_node WHERE since = 0 AND EXISTS (SELECT 1 FROM lineage_node other "
        "WHERE other.entity = lineage_node.entity AND other.path = lineage_node.path AND other.since > 0)"
    )
    transaction.rows_changed(
        "INSERT INTO entity_count (type, parent, deleted, entities) "
        "SELECT type, coalesce(parent, 0), deleted, count(*) FROM entity WHERE removed IS NULL "
        "GROUP BY type, coalesce(parent, 0), deleted"
    )


def sizes(session: Session) -> dict[str, int]:
    """The number of rows of each index."""
    return {table: int(session.rows(f"SELECT count(*) FROM {table}", {})[0][0]) for table in INDEXES}
