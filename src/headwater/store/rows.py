# SPDX-License-Identifier: Apache-2.0
"""The rows that the store hands out. Versions are whole tenths, flags are 0 or 1, documents are JSON text."""

from collections.abc import Iterable
from typing import NamedTuple

import orjson


def texts(values: Iterable[str]) -> str:
    """The JSON array that ``each`` takes. Nothing stored holds U+0000, so a text with it is not looked for."""
    return orjson.dumps([value for value in values if "\0" not in value]).decode()


def numbers(values: Iterable[int]) -> str:
    """The JSON array that ``numbers`` takes."""
    return orjson.dumps(list(values)).decode()


class EntityRow(NamedTuple):
    """An entity as it is now, or one state of it."""

    node: int
    id: str
    type: str
    fqn: str
    name: str
    parent: int | None
    version: int
    revision: int
    deleted: int
    removed: int | None
    position: int
    updated_at: int
    updated_by: str
    document: str
    change: str | None


class CardRow(NamedTuple):
    """What others show of an entity. ``card`` is its card, or its whole document where a past state was asked."""

    node: int
    id: str
    type: str
    name: str
    fqn: str
    parent: int | None
    deleted: int
    removed: int | None
    card: str | None


class EventRow(NamedTuple):
    """An entry of the event log."""

    position: int
    id: str
    event_type: str
    entity: int
    entity_id: str
    entity_type: str
    fqn: str
    user_name: str
    timestamp: int
    previous_version: int | None
    version: int | None
    change: str | None


class NodeRow(NamedTuple):
    """One interval in which a field existed under one spelling, with one data type (``kind``).

    The interval is empty for a field that is only pointed at.
    """

    id: int
    entity: int
    path: str
    name: str
    kind: str | None
    since: int
    until: int | None

    def begins_by(self, position: int | None) -> bool:
        """Whether this is how the field was spelled at a position, or before; None is now."""
        return position is None or self.since <= position

    def holds_at(self, position: int | None) -> bool:
        """Whether the field exists at a position; None is now."""
        if position is None:
            return self.until is None
        return self.since <= position and (self.until is None or self.until > position)


class EdgeRow(NamedTuple):
    """A lineage edge: derived from the document of ``owner``, or asserted (``owner`` None) by ``asserter``."""

    upstream: int
    downstream: int
    owner: int | None
    source: str
    asserter: str
    since: int
    until: int | None
    details: str | None
