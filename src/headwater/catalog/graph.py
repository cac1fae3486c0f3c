# SPDX-License-Identifier: Apache-2.0
"""The lineage graph in the database, as a spread walks it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import orjson

from headwater.catalog.names import Names
from headwater.catalog.reach import Edge, Outgoing, Place
from headwater.catalog.shape import Shape
from headwater.schema.base import Document
from headwater.store import history, lineage
from headwater.store.rows import EdgeRow, NodeRow


class StoredGraph:
    """The graph at a position (None: now). Remembers what it has shown; ``stops`` are transformations that end it."""

    def __init__(self, names: Names, shapes: Mapping[str, Shape], stops: Collection[str] = ()) -> None:
        self.names = names
        self.shapes = shapes
        self.session = names.session
        self.position = names.position
        self.stops = frozenset(stops)
        self.rows: dict[Edge, list[EdgeRow]] = defaultdict(list)
        self._outgoing: dict[int, Outgoing] = {}
        self._titles: dict[int, tuple[str, str]] = {}
        self._places: dict[int, Place] = {}
        self._intervals: dict[Place, list[NodeRow]] = defaultdict(list)

    def outgoing(self, entities: Collection[int]) -> Mapping[int, Outgoing]:
        """The edges that leave these entities: three statements for all of them."""
        new = [entity for entity in entities if entity not in self._outgoing]
        if new:
            self._outgoing |= {entity: Outgoing() for entity in new}
            fields = self._meet(lineage.nodes_of(self.session, new))
            rows = lineage.edges_out_of(self.session, [*new, *fields], self.position)
            self._meet(lineage.nodes_by_id(self.session, {row.downstream for row in rows} - set(self._places)))
            for row in rows:
                self._add(row)
            self.know({row.downstream for row in rows if row.downstream not in self._places})
        return {entity: self._outgoing[entity] for entity in entities}

    def _add(self, row: EdgeRow) -> None:
        edge = Edge(self._place(row.upstream), self._place(row.downstream))
        if edge not in self.rows:
            entity, path = edge.upstream
            outgoing = self._outgoing[entity]
            (outgoing.columns.setdefault(path, []) if path else outgoing.tables).append(edge)
        self.rows[edge].append(row)

    def _meet(self, rows: Iterable[NodeRow]) -> list[int]:
        """Remember fields; their numbers."""
        for row in rows:
            self._places[row.id] = row.entity, row.path
            self._intervals[row.entity, row.path].append(row)
        return [row.id for row in rows]

    def _place(self, node: int) -> Place:
        return self._places.get(node) or (node, "")

    def know(self, entities: Iterable[int]) -> None:
        """Look up what entities are, and what they are called."""
        missing = set(entities) - set(self._titles)
        if missing:
            self._titles |= history.titles(self.session, missing, self.position)

    def type_of(self, entity: int) -> str:
        """The type of an entity that was met."""
        return self._titles[entity][0]

    def name(self, place: Place) -> str:
        """The FQN of a place that was met."""
        entity, path = place
        above = self._titles[entity][1]
        if not path:
            return above
        if self.shapes[self.type_of(entity)].field_references:
            self.names.load([path])
            if card := self.names.by_id.get(path):
                return card.fqn
        known = self._intervals.get(place)
        return f"{above}.{known[-1].name if known else path}"

    def has(self, place: Place) -> bool:
        """Whether a field is there at this position."""
        return any(
            row.until is None if self.position is None else _holds(row, self.position)
            for row in self._intervals.get(place, ())
        )

    def ends(self, edge: Edge) -> bool:
        """Whether everybody who says that there is this edge also says that a stop stands in it."""
        return bool(self.stops) and all(
            row.owner is None and details_of(row).get("transformation") in self.stops for row in self.rows[edge]
        )


def details_of(row: EdgeRow) -> Document:
    """What an assertion says of the edge."""
    details: Document = orjson.loads(row.details) if row.details else {}
    return details


def _holds(row: NodeRow, position: int) -> bool:
    return row.since <= position and (row.until is None or row.until > position)
