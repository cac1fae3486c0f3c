# SPDX-License-Identifier: Apache-2.0
"""What the catalogue itself says of how far labels spread: its stop rules, and the exceptions that people accept."""

from collections.abc import Iterator
from typing import NamedTuple

import orjson

from headwater.catalog.fields import Fields
from headwater.catalog.reading import Reader
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.schema.entities.propagation import STOP_RULE, TAG_EXCEPTION
from headwater.store import relationships
from headwater.store.rows import EntityRow


class Accepted(NamedTuple):
    """An exception that holds: the node of the entity or field where a label is accepted, and what readers see."""

    place: int
    row: EntityRow
    document: Document


class Propagation:
    """The rules and exceptions at a moment. A rule or exception for a label is one for all below it."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def stops(self, label: int) -> frozenset[str]:
        """The transformations that end the way of a label."""
        found = self._about(STOP_RULE, "labels", label)
        return frozenset(word for _, document in found for word in document["transformations"])

    def accepted(self, label: int) -> list[Accepted]:
        """The exceptions for a label that are not over."""
        day = self.reader.day.isoformat()
        found = self._about(TAG_EXCEPTION, "label", label)
        return [self._accepted(row, document) for row, document in found if day <= document["until"]]

    def _accepted(self, row: EntityRow, document: Document) -> Accepted:
        assert row.parent is not None
        path = orjson.loads(row.document)["entityLink"].get("path")
        if not path:
            return Accepted(row.parent, row, document)
        place = row.parent, path.casefold()
        return Accepted(Fields(self.reader.session).find([place])[place].id, row, document)

    def _about(self, declared: EntityType, member: str, label: int) -> Iterator[tuple[EntityRow, Document]]:
        """What is there of a type and names a label, or something above it, in a member."""
        reader, nodes = self.reader, list[int]()
        above = reader.names.node(label)
        while above is not None:
            nodes += relationships.referrers_at(reader.session, above.node, member, declared.name, reader.moment)
            above = reader.names.node(above.parent) if above.parent is not None else None
        for row, document in reader.shown(dict.fromkeys(nodes)):
            if not row.deleted:
                yield row, document
