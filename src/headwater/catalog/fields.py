# SPDX-License-Identifier: Apache-2.0
"""Fields of entities, looked up once by a piece of work."""

from collections.abc import Iterable

from headwater.store import lineage
from headwater.store.database import Session
from headwater.store.rows import NodeRow

End = tuple[int, str]
"""One end of an edge: an entity's node, and the case-folded path of a field in it (empty: the entity itself)."""


class Fields:
    """The fields that were looked up so far: of each its newest interval, ``until`` None while it exists."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._known: dict[int, dict[str, NodeRow | None]] = {}
        self._blank: set[int] = set()

    def find(self, ends: Iterable[End]) -> dict[End, NodeRow]:
        """The fields of these ends; those that nobody ever saw are left out."""
        ends = list(ends)
        missing = [
            end for end in ends if end[1] not in self._known.setdefault(end[0], {}) and end[0] not in self._blank
        ]
        if missing:
            for entity, path in missing:
                self._known[entity][path] = None
            entities, paths = {entity for entity, _ in missing}, {path for _, path in missing}
            self.add(lineage.nodes_named(self.session, entities, paths))
        return {end: row for end in ends if (row := self._known[end[0]].get(end[1]))}

    def add(self, rows: Iterable[NodeRow]) -> None:
        """Remember intervals, given from the oldest to the newest."""
        for row in rows:
            self._known.setdefault(row.entity, {})[row.path] = row

    def begin(self, entity: int) -> None:
        """The entity is new: nobody can know a field of it yet."""
        self._blank.add(entity)

    def forget(self, entity: int) -> None:
        """Look the fields of an entity up anew: they have changed."""
        self._known.pop(entity, None)
        self._blank.discard(entity)
