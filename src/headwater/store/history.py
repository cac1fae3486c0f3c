# SPDX-License-Identifier: Apache-2.0
"""Every state that was ever recorded, and the names that stood for it."""

from collections.abc import Iterable
from typing import NamedTuple

from headwater.store.database import Session, Transaction
from headwater.store.documents import fqn_key
from headwater.store.rows import EntityRow, numbers


def record(transaction: Transaction, row: EntityRow, removed: bool = False) -> None:
    """Archive a state under its position."""
    transaction.queries.insert_state(
        transaction.connection,
        position=row.position,
        entity=row.node,
        name=row.name,
        parent=row.parent,
        version=row.version,
        revision=row.revision,
        deleted=row.deleted,
        removed=int(removed),
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        document=row.document,
        change=row.change,
    )


def withdraw_after(transaction: Transaction, node: int, after: int, position: int) -> None:
    """Withdraw the states between two positions, both excluded: they stop to be versions."""
    transaction.queries.withdraw_versions_after(transaction.connection, entity=node, after=after, position=position)


def at(session: Session, node: int, position: int) -> EntityRow | None:
    """The state of an entity at a position, with the FQN of that time; ``removed`` is 1 for a tombstone."""
    row = session.queries.state_at(session.connection, node=node, position=position)
    return EntityRow(*row) if row else None


def versions(session: Session, node: int, position: int) -> list[EntityRow]:
    """The states that are versions, newest first; several may carry one number, and the newest of them counts."""
    return [
        EntityRow(*row) for row in session.queries.version_states(session.connection, entity=node, position=position)
    ]


def version(session: Session, node: int, number: int, position: int) -> EntityRow | None:
    """The newest state with this version number (in tenths)."""
    row = session.queries.version_state(session.connection, entity=node, version=number, position=position)
    return EntityRow(*row) if row else None


class Span(NamedTuple):
    """Which states: recorded between two moments (milliseconds), both included, and before a position."""

    start: int
    end: int
    before: int
    limit: int


def between(session: Session, entity_type: str, span: Span) -> list[EntityRow]:
    """The versions of a type's entities that a span holds, newest first; one more than its limit, if there are more."""
    rows = session.queries.states_between(
        session.connection,
        type=entity_type,
        after=position_at(session, span.start - 1),
        until=min(span.before - 1, position_at(session, span.end)),
        limit=span.limit + 1,
    )
    return [EntityRow(*row) for row in rows]


def count_between(session: Session, entity_type: str, span: Span) -> int:
    """How many versions there are between the moments of a span."""
    after, until = position_at(session, span.start - 1), position_at(session, span.end)
    return int(session.queries.count_states(session.connection, type=entity_type, after=after, until=until))


def all_states(session: Session, after: int, limit: int) -> list[EntityRow]:
    """Recorded states of all entities in order of position."""
    return [EntityRow(*row) for row in session.queries.all_states(session.connection, after=after, limit=limit)]


def name_opened(transaction: Transaction, node: int, entity_type: str, fqn: str, position: int) -> None:
    """From this position on, the FQN names the entity; the name that it had until now ends."""
    transaction.queries.close_fqn(transaction.connection, entity=node, position=position)
    transaction.queries.insert_fqn(
        transaction.connection, fqn_key=fqn_key(entity_type, fqn), entity=node, fqn=fqn, position=position
    )


def name_closed(transaction: Transaction, node: int, position: int) -> None:
    """The entity's name is free again."""
    transaction.queries.close_fqn(transaction.connection, entity=node, position=position)


def named_at(session: Session, entity_type: str, fqn: str, position: int) -> int | None:
    """The node of the entity that an FQN named at a position."""
    row = session.queries.entity_named_at(session.connection, fqn_key=fqn_key(entity_type, fqn), position=position)
    return int(row[0]) if row else None


def names_below(session: Session, parent: int, position: int) -> list[tuple[int, str]]:
    """The entities right under one at a position, soft-deleted ones included, each with its FQN."""
    return list(session.queries.names_below(session.connection, parent=parent, position=position))


def titles(session: Session, nodes: Iterable[int], position: int | None) -> dict[int, tuple[str, str]]:
    """The types and FQNs of entities, now or as they were at a position; of removed ones the last."""
    if position is None:
        rows = session.fetch("titles", nodes=numbers(nodes))
    else:
        rows = session.fetch("titles_at", nodes=numbers(nodes), position=position)
    return {node: (entity_type, fqn) for node, entity_type, fqn in rows}


def position_at(session: Session, timestamp: int) -> int:
    """The highest position not after a time in milliseconds since 1970; 0 before the first event."""
    return int(session.queries.position_at(session.connection, timestamp=timestamp) or 0)


def newest(session: Session) -> int:
    """The newest position."""
    return int(session.queries.newest_position(session.connection))
