# SPDX-License-Identifier: Apache-2.0
"""The event log: one entry per position, in commit order."""

from collections.abc import Iterable

from headwater.schema.alerting import EventFilter
from headwater.store.database import Session, Transaction
from headwater.store.rows import EventRow, numbers, texts

EVENT = """SELECT c.position, c.id, c.event_type, c.entity, e.id, c.entity_type, c.fqn, c.user_name, c.timestamp,
    c.previous_version, c.version, c.change
FROM change_event c JOIN entity e ON e.node = c.entity"""


def append(transaction: Transaction, event: EventRow) -> None:
    """Add the event of a position."""
    values = event._asdict()
    del values["entity_id"]
    transaction.queries.insert_event(transaction.connection, **values)


def after(session: Session, position: int, since: int, limit: int) -> list[EventRow]:
    """Events beyond a position and not before a time in milliseconds, oldest first."""
    rows = session.queries.events_after(session.connection, after=position, since=since, limit=limit)
    return [EventRow(*row) for row in rows]


def feed(session: Session, after: int, until: int, limit: int, wanted: EventFilter) -> list[EventRow]:
    """Events beyond a position, up to another one, that fit, oldest first."""
    conditions = ["c.position > :after", "c.position <= :until"]
    parameters: dict[str, object] = {"after": after, "until": until, "limit": limit}
    if wanted.entity_types:
        conditions.append("c.entity_type IN each(:entity_types)")
        parameters["entity_types"] = texts(wanted.entity_types)
    if wanted.event_types:
        conditions.append("c.event_type IN each(:event_types)")
        parameters["event_types"] = texts(wanted.event_types)
    if wanted.user is not None:
        conditions.append("c.user_name = :user_name")
        parameters["user_name"] = wanted.user.replace("\0", "")
    statement = f"{EVENT} WHERE {' AND '.join(conditions)} ORDER BY c.position LIMIT :limit"
    return [EventRow(*row) for row in session.rows(statement, parameters)]


def of_entity(session: Session, node: int, below: bool, before: int, limit: int) -> list[EventRow]:
    """Events of an entity, and (``below``) of all that lives below it, before a position, newest first."""
    rows = session.fetch("events_of", node=node, with_below=int(below), before=before, limit=limit)
    return [EventRow(*row) for row in rows]


def listed(session: Session, positions: Iterable[int]) -> list[EventRow]:
    """The events of these positions that are there, oldest first."""
    return [EventRow(*row) for row in session.fetch("events_at_positions", positions=numbers(positions))]


def oldest(session: Session) -> int | None:
    """The first position whose event was not pruned; None where there is no event."""
    found = session.queries.oldest_event(session.connection)
    return None if found is None else int(found)


def prune(transaction: Transaction, before: int, until: int, limit: int) -> int:
    """Forget what events said that are older than a time and not beyond a position; how many. When and by whom they
    were made stays. The newest event stays, and what waits to be sent somewhere."""
    pruned = transaction.queries.note_pruned(
        transaction.connection, before=before, until=until, ceiling=transaction.clock.position, limit=limit
    )
    if pruned:
        transaction.queries.prune_events(transaction.connection, before=before)
    transaction.queries.prune_notices(transaction.connection, before=before)
    return int(pruned)


def at(session: Session, positions: Iterable[int]) -> dict[int, tuple[int, str]]:
    """When, in milliseconds, and by whom the events of these positions were made."""
    rows = session.queries.events_at(session.connection, positions=numbers(positions))
    return {position: (timestamp, user) for position, timestamp, user in rows}
