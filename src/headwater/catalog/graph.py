# SPDX-License-Identifier: Apache-2.0
"""The lineage graph in the database, as a spread walks it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import orjson

from headwater.catalog.names import Names
from headwater.catalog.reach import Edge
from headwater.catalog.shape import Shape
from headwater.schema.base import Document
from headwater.store import history, lineage
from headwater.store.lineage import FieldName
from headwater.store.rows import EdgeRow


class StoredGraph:
    """The graph at a position (None: now). Remembers what it has read.

    ``telling``: reads from now on what assertions say as well, for ``said``: of each edge that everybody who asserts
    it calls a transformation, those.
    """

    def __init__(self, names: Names, shapes: Mapping[str, Shape]) -> None:
        self.names = names
        self.shapes = shapes
        self.session = names.session
        self.position = names.position
        self.entities: dict[int, int] = {}
        self.tables: defaultdict[int, list[int]] = defaultdict(list)
        self.columns: defaultdict[int, list[int]] = defaultdict(list)
        self.fields: defaultdict[int, list[int]] = defaultdict(list)
        self.types: dict[int, str] = {}
        self.telling = False
        self.said: dict[Edge, set[str | None]] = {}
        self._loaded: set[int] = set()
        self._told: set[int] = set()
        self._names: dict[int, str] = {}
        self._spelled: dict[int, str] = {}

    # for a spread -------------------------------------------------------------------------------------------------

    def load(self, entities: Collection[int]) -> None:
        """Read the edges that leave these entities, with a few statements for all of them."""
        if new := set(entities) - self._loaded:
            self._loaded |= new
            inside = self._learn(lineage.fields_in(self.session, new, self.position))
            self._add(self._pairs_out_of(new), self._pairs_out_of(inside))
        if self.telling and (silent := set(entities) - self._told):
            self._told |= silent
            self._tell(silent)

    def _pairs_out_of(self, nodes: Collection[int]) -> list[Edge]:
        return lineage.pairs_out_of(self.session, nodes, self.position) if nodes else []

    def _add(self, tables: Collection[Edge], columns: Collection[Edge]) -> None:
        self.meet({down for pairs in (tables, columns) for _, down in pairs})
        for up, down in tables:
            self.tables[up].append(down)
        new: defaultdict[int, list[int]] = defaultdict(list)
        for up, down in columns:
            new[up].append(down)
        self.columns |= new
        entity_of = self.entities.get
        far: defaultdict[int, set[int]] = defaultdict(set)
        for up, downs in new.items():
            entity = self.entities[up]
            self.fields[entity].append(up)
            far[entity].update([entity_of(down, down) for down in downs])
        for entity, reached in far.items():
            self.tables[entity] = [one for one in self.tables[entity] if one not in reached]

    def _tell(self, entities: Collection[int]) -> None:
        said: dict[Edge, set[str | None]] = defaultdict(set)
        nodes = [*entities, *(field for entity in entities for field in self.fields.get(entity, ()))]
        for row in lineage.edges_out_of(self.session, nodes, self.position):
            said[row[:2]].add(details_of(row).get("transformation"))
        self.said |= {edge: words for edge, words in said.items() if None not in words}

    def entity(self, node: int) -> int:
        """The entity of a node."""
        return self.entities.get(node, node)

    def name(self, node: int) -> str:
        """The FQN of a node that was met."""
        return self._names.get(node) or self._named(node)

    def _named(self, node: int) -> str:
        """The FQN of a field."""
        entity = self.entities[node]
        path = self.spelled(node)
        name = f"{self._names[entity]}.{path}"
        if self.shapes[self.type_of(entity)].field_references:
            self.names.load([path])
            if card := self.names.by_id.get(path):
                name = card.fqn
        return self._names.setdefault(node, name)

    # for those who ask and answer ---------------------------------------------------------------------------------

    def know(self, entities: Iterable[int]) -> None:
        """Look up what entities are, and what they are called."""
        missing = {entity for entity in entities if entity not in self.types}
        if missing:
            for entity, (kind, name) in history.titles(self.session, missing, self.position).items():
                self.types[entity] = kind
                self._names[entity] = name

    def meet(self, nodes: Iterable[int]) -> None:
        """Look up those that are fields: how they are spelled, and whose they are; and what those entities are."""
        missing = {node for node in nodes if node not in self.types and node not in self._spelled}
        if missing:
            fields = self._learn(lineage.fields_by_id(self.session, missing, self.position))
            self.know({self.entities[node] for node in fields} | (missing - fields))

    def _learn(self, fields: Collection[FieldName]) -> set[int]:
        self.entities |= {field: entity for field, entity, _ in fields}
        self._spelled |= {field: path for field, _, path in fields}
        return {field for field, _, _ in fields}

    def type_of(self, entity: int) -> str:
        """The type of an entity that was met."""
        return self.types[entity]

    def spelled(self, node: int) -> str:
        """The path of a field as it is written."""
        if node not in self._spelled:
            self.meet([node])
        return self._spelled[node]

    def present(self, nodes: Iterable[int]) -> set[int]:
        """Those of these fields that are there at this position."""
        return {row.id for row in lineage.nodes_by_id(self.session, nodes) if row.holds_at(self.position)}

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
