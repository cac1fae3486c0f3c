# SPDX-License-Identifier: Apache-2.0
"""Facts about entities that pile up over time. Entries are JSON texts, moments are milliseconds since 1970."""

from typing import NamedTuple

from headwater.store.database import Session, Transaction


class Place(NamedTuple):
    """Where entries stand: a series of an entity, or of the field at a case-folded path in it."""

    entity: int
    series: str
    path: str = ""


class Span(NamedTuple):
    """Which entries: those between two moments, both included, a page of them."""

    start: int
    end: int
    limit: int
    offset: int


def put(transaction: Transaction, place: Place, item: str, timestamp: int, entry: str, position: int) -> None:
    """Record an entry; the one that had its place ends."""
    close(transaction, place, item, position)
    transaction.queries.open_entry(
        transaction.connection, **place._asdict(), item=item, position=position, timestamp=timestamp, entry=entry
    )


def close(transaction: Transaction, place: Place, item: str, position: int) -> None:
    """End an entry."""
    transaction.queries.close_entry(transaction.connection, **place._asdict(), item=item, position=position)


def erase(transaction: Transaction, entity: int, series: str) -> None:
    """Forget everything that a series of an entity ever held."""
    transaction.queries.erase_entries(transaction.connection, entity=entity, series=series)


def get(session: Session, place: Place, item: str, position: int) -> str | None:
    """An entry as of a position."""
    entry = session.queries.series_entry(session.connection, **place._asdict(), item=item, position=position)
    return None if entry is None else str(entry)


def newest(session: Session, entity: int, series: str, position: int) -> dict[str, str]:
    """The newest entry of each path, as of a position."""
    rows = session.queries.newest_entries(session.connection, entity=entity, series=series, position=position)
    return dict(rows)


def of_type(session: Session, entity_type: str, series: str, start: int, end: int) -> list[tuple[int, str]]:
    """The present entries, between two moments, of all entities of a type: (entity, entry)."""
    rows = session.queries.entries_of_type(session.connection, type=entity_type, series=series, start=start, end=end)
    return [(node, entry) for node, entry in rows]


def rewrite(transaction: Transaction, place: Place, item: str, entry: str) -> None:
    """Replace what follows from other entries inside a present entry."""
    transaction.queries.rewrite_entry(transaction.connection, **place._asdict(), item=item, entry=entry)


def page(session: Session, place: Place, span: Span, position: int) -> tuple[list[str], int]:
    """Entries as of a position, newest first, and how many there are between the moments."""
    where = {**place._asdict(), "start": span.start, "end": span.end, "position": position}
    rows = session.queries.series_entries(session.connection, **where, limit=span.limit, offset=span.offset)
    return [entry for (entry,) in rows], int(session.queries.count_entries(session.connection, **where))
