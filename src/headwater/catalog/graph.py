# SPDX-License-Identifier: Apache-2.0
"""The lineage graph in the database, as a spread walks it."""

from collections.abc import Collection, Iterable, Mapping

import orjson

from headwater.catalog.names import Names
from headwater.catalog.reach import Edge, Outgoing
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
        self._outgoing: dict[int, Outgoing] = {}
        self._entities: dict[int, int] = {}
        self._titles: dict[int, tuple[str, str]] = {}
        self._fields: dict[int, list[NodeRow]] = {}
        self._ended: dict[Edge, bool] = {}

    # for a spread -------------------------------------------------------------------------------------------------

    def outgoing(self, entities: Collection[int]) -> Mapping[int, Outgoing]:
        """The edges that leave these entities: three statements for all of them."""
        new = [entity for entity in entities if entity not in self._outgoing]
        if new:
            self._outgoing |= {entity: Outgoing() for entity in new}
            fields = lineage.fields_in(self.session, new)
            self._entities |= fields
            self._add(lineage.pairs_out_of(self.session, [*new, *fields], self.position))
        return self._outgoing

    def _add(self, pairs: Collection[Edge]) -> None:
        entities = self._entities
        far = {down for _, down in pairs}
        self.meet(far | {up for up, _ in pairs if up in entities})
        self.know({entities.get(down, down) for down in far})
        by_columns = {(entities[up], entities[down]) for up, down in pairs if up in entities and down in entities}
        for up, down in pairs:
            if up in entities:
                self._outgoing[entities[up]].columns.setdefault(up, []).append(down)
            elif (up, down) not in by_columns:
                self._outgoing[up].tables.append(down)

    def entity(self, node: int) -> int:
        """The entity of a node."""
        return self._entities.get(node, node)

    def name(self, node: int) -> str:
        """The FQN of a node that was met."""
        entity = self._entities.get(node)
        if entity is None:
            return self._titles[node][1]
        path = self.spelled(node)
        if self.shapes[self.type_of(entity)].field_references:
            self.names.load([path])
            if card := self.names.by_id.get(path):
                return card.fqn
        return f"{self._titles[entity][1]}.{path}"

    def ends(self, edge: Edge) -> bool:
        """Whether everybody who says that there is this edge also says that a stop stands in it."""
        if not self.stops:
            return False
        if edge not in self._ended:
            rows = self.assertions([edge])[edge]
            self._ended[edge] = all(
                row.owner is None and details_of(row).get("transformation") in self.stops for row in rows
            )
        return self._ended[edge]

    # for those who ask and answer ---------------------------------------------------------------------------------

    def know(self, entities: Iterable[int]) -> None:
        """Look up what entities are, and what they are called."""
        missing = {entity for entity in entities if entity not in self._titles}
        if missing:
            self._titles |= history.titles(self.session, missing, self.position)

    def meet(self, nodes: Iterable[int]) -> None:
        """Look up those that are fields: how they are spelled, and when they were there."""
        missing = {node for node in nodes if node not in self._fields}
        if missing:
            for row in lineage.nodes_by_id(self.session, missing):
                self._fields.setdefault(row.id, []).append(row)
                self._entities[row.id] = row.entity
            self.know({self._entities[node] for node in missing if node in self._entities})

    def type_of(self, entity: int) -> str:
        """The type of an entity that was met."""
        return self._titles[entity][0]

    def spelled(self, node: int) -> str:
        """The path of a field as it is written."""
        self.meet([node])
        return self._fields[node][-1].name

    def has(self, node: int) -> bool:
        """Whether a field is there at this position."""
        self.meet([node])
        return any(row.holds_at(self.position) for row in self._fields[node])

    def assertions(self, edges: Iterable[Edge]) -> dict[Edge, list[EdgeRow]]:
        """Everybody who says that these edges exist, the oldest first."""
        found: dict[Edge, list[EdgeRow]] = {edge: [] for edge in edges}
        for row in lineage.edges_into(self.session, {down for _, down in found}, self.position):
            if row[:2] in found:
                found[row[:2]].append(row)
        return {edge: sorted(rows, key=lambda row: row.since) for edge, rows in found.items()}


def details_of(row: EdgeRow) -> Document:
    """What an assertion says of the edge."""
    details: Document = orjson.loads(row.details) if row.details else {}
    return details
