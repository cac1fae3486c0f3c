# SPDX-License-Identifier: Apache-2.0
"""The event log: one entry per position, in commit order."""

from collections.abc import Iterable

from headwater.store.database import Session, Transaction
from headwater.store.rows import EventRow, numbers


def append(transaction: Transaction, event: EventRow) -> None:
    """Add the event of a position."""
    values = event._asdict()
    del values["entity_id"]
    transaction.queries.insert_event(transaction.connection, **values)


def after(session: Session, position: int, since: int, limit: int) -> list[EventRow]:
    """Events beyond a position and not before a time in milliseconds, oldest first."""
    rows = session.queries.events_after(session.connection, after=position, since=since, limit=limit)
    return [EventRow(*row) for row in rows]


def at(session: Session, positions: Iterable[int]) -> dict[int, tuple[int, str]]:
    """When, in milliseconds, and by whom the events of these positions were made."""
    rows = session.queries.events_at(session.connection, positions=numbers(positions))
    return {position: (timestamp, user) for position, timestamp, user in rows}
