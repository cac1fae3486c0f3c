# SPDX-License-Identifier: Apache-2.0
"""What a search index needs to know to follow the log."""

from collections.abc import Iterable
from typing import NamedTuple

from headwater.store.database import Session, Transaction
from headwater.store.rows import numbers


class Mark(NamedTuple):
    """The newest event (empty where the log no longer has it), and which catalogue it belongs to: the id of its first
    entity, and the last ``reset``."""

    position: int
    event: str
    origin: str


RESET = "search.reset"
"""The setting that tells all indexes of a catalogue to begin anew whenever it changes."""


def mark(session: Session) -> Mark:
    """Where the log ends."""
    position, event, first, reset = session.queries.search_mark(session.connection, name=RESET)
    return Mark(position, event or "", f"{first} {reset or ''}")


def is_event(session: Session, position: int, event: str) -> bool:
    """Whether the log has this event at this position, and so everything after it."""
    return bool(session.queries.event_at(session.connection, position=position) == event)


def changed(session: Session, position: int) -> set[int]:
    """The entities of the events after a position."""
    return {node for (node,) in session.queries.changed_after(session.connection, position=position)}


def showing(session: Session, nodes: Iterable[int], since: int) -> set[int]:
    """What lies directly below, refers to, or carries as a tag any of these entities, or did so after a position."""
    rows = session.queries.showing(session.connection, nodes=numbers(nodes), since=since)
    return {node for (node,) in rows}


def reset(transaction: Transaction, token: str) -> None:
    """Make all search indexes of this catalogue begin anew; ``token`` is new each time."""
    transaction.queries.put_setting(transaction.connection, name=RESET, value=token)
