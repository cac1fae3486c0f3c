# SPDX-License-Identifier: Apache-2.0
"""What the tests ask of a catalogue, in the words of the oracle. The only file here that knows how it is called."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson

from headwater.catalog.access import Principal
from headwater.catalog.context import Key
from headwater.catalog.lineage import End
from headwater.catalog.openlineage.intake import parsed
from headwater.catalog.reading import Include, PageRequest, View
from headwater.catalog.recording import Write
from headwater.catalog.secrets import Vault
from headwater.catalog.service import Catalog
from headwater.errors import CatalogError, EntityNotFound
from headwater.schema.registry import Registry
from headwater.store.opening import connect

from .oracle import Doc, Edge, User

T = TypeVar("T")

INDEXES = {
    "relationship": "referrer, target, field, since, until FROM relationship WHERE {alive}",
    "tag_usage": "tag, entity, path, label_type, state, since, until FROM tag_usage WHERE {alive}",
    "fqn_interval": "fqn_key, since, until, entity, fqn FROM fqn_interval WHERE {alive}",
    "lineage_node": "id, entity, path, since, until, name, kind FROM lineage_node WHERE {alive}",
    "lineage_edge": "upstream, downstream, owner, source, asserter, since, until, details FROM lineage_edge",
    "entity_count": "type, parent, deleted, entities FROM entity_count WHERE entities <> 0",
}


class Driver:
    """One catalogue. Refusals are raised as they are; what does not exist is None."""

    def __init__(self, url: str, registry: Registry) -> None:
        self.catalog = Catalog(connect(url), registry, Vault(None, None), Path("no search"))
        self.registry = registry

    def close(self) -> None:
        self.catalog.close()

    def _write(self, user: User, match: str | None = None) -> Write:
        return Write(principal=Principal(user.name, user.bot), if_match=match)

    # changing -----------------------------------------------------------------------------------------------------

    def create(self, type_: str, request: Doc, user: User) -> Doc:
        return self.catalog.create(self.registry[type_], request, self._write(user)).document

    def put(self, type_: str, request: Doc, user: User) -> Doc:
        return self.catalog.upsert(self.registry[type_], request, self._write(user)).document

    def patch(self, type_: str, id_: str, operations: Sequence[Doc], user: User, match: str | None = None) -> Doc:
        key = Key.id(id_)
        return self.catalog.patch(self.registry[type_], key, operations, self._write(user, match)).document

    def delete(self, type_: str, id_: str, user: User, recursive: bool = False, hard: bool = False) -> None:
        self.catalog.delete(self.registry[type_], Key.id(id_), self._write(user), recursive, hard)

    def restore(self, type_: str, id_: str, user: User) -> Doc:
        return self.catalog.restore(self.registry[type_], Key.id(id_), self._write(user)).document

    def revert(self, type_: str, id_: str, version: str, user: User, leave_out: bool = False) -> Doc:
        return self.catalog.revert(self.registry[type_], Key.id(id_), version, leave_out, self._write(user)).document

    def put_edge(self, up: tuple[str, str], down: tuple[str, str], details: Doc, user: User) -> None:
        self.catalog.put_edge(self._end(*up), self._end(*down), details, None, self._write(user))

    def take_event(self, event: Doc, user: User) -> list[str]:
        """Take an OpenLineage event in; what was refused in it."""
        return self.catalog.take_event(parsed(event), self._write(user)).refused

    def runs(self, pipeline: str) -> list[Doc]:
        """The history of a pipeline; empty if there is none."""
        declared = self.registry["pipeline"]
        try:
            return self.catalog.entries(declared, declared.series[0], Key.fqn(pipeline), (0, 2**62, 1000, 0), View())[0]
        except EntityNotFound:
            return []

    def asserted(self, root: str) -> Iterator[tuple[str, str, str, str, str, Doc]]:
        """What the pipelines of a service assert now: pipeline, tables and paths at both ends, details."""
        with self.catalog.database.read() as session:
            known = session.rows("SELECT node, id, name FROM entity WHERE fqn LIKE :root", {"root": f"{root}.%"})
            nodes = session.rows("SELECT id, entity, path FROM lineage_node", {})
            edges = session.rows(
                "SELECT upstream, downstream, asserter, details FROM lineage_edge WHERE until IS NULL", {}
            )
        names, ids = {node: name for node, _, name in known}, {id_: name for _, id_, name in known}
        places = {node: (entity, path) for node, entity, path in nodes}
        for up, down, asserter, details in edges:
            if asserter in ids:
                (source, column), (target, into) = places.get(up, (up, "")), places.get(down, (down, ""))
                yield ids[asserter], names[source], names[target], column, into, orjson.loads(details or "{}")

    def delete_edge(self, up: tuple[str, str], down: tuple[str, str], user: User) -> None:
        self.catalog.delete_edge(self._end(*up), self._end(*down), self._write(user))

    def _end(self, type_: str, id_: str) -> End:
        return End(type_, Key.id(id_))

    def reindex(self) -> None:
        self.catalog.reindex()

    # reading ------------------------------------------------------------------------------------------------------

    def _view(self, position: int | None, include: Include = "all", moment: str | None = None) -> View:
        return View(include=include, as_of=moment or (None if position is None else f"@{position}"))

    def position(self) -> int:
        return self.catalog.newest_position()

    def get(self, type_: str, name: str, position: int | None = None, moment: str | None = None) -> Doc | None:
        """An entity by FQN; ``moment`` is a time instead of a position."""
        try:
            return self.catalog.get(self.registry[type_], Key.fqn(name), self._view(position, moment=moment)).document
        except EntityNotFound:
            return None

    def by_id(self, type_: str, id_: str, position: int | None = None) -> Doc | None:
        try:
            return self.catalog.get(self.registry[type_], Key.id(id_), self._view(position)).document
        except EntityNotFound:
            return None

    def listed(self, type_: str, position: int | None = None, include: Include = "all") -> tuple[list[Doc], int]:
        """All entities of a type in their order, and how many the catalogue says there are."""
        request = PageRequest(limit=1000)
        page = self.catalog.page(self.registry[type_], request, self._view(position, include))
        return page.data, page.total

    def versions(self, type_: str, id_: str, position: int | None = None) -> list[Doc]:
        return self.catalog.versions(self.registry[type_], Key.id(id_), self._view(position))

    def diff(self, type_: str, id_: str, first: str, last: str) -> Doc:
        return self.catalog.diff(self.registry[type_], Key.id(id_), first, last, self._view(None))

    def edges_into(self, type_: str, id_: str, position: int | None = None) -> dict[tuple[str, str], Edge]:
        """The edges that end at an entity."""
        graph = self.catalog.lineage(End(type_, Key.id(id_)), 1, 0, self._view(position))
        edges = {}
        for edge in graph["upstreamEdges"]:
            details = edge["lineageDetails"]
            columns = [
                (source.casefold(), entry["toColumn"].casefold(), entry.get("function"))
                for entry in details.get("columnsLineage") or ()
                for source in entry["fromColumns"]
            ]
            assert len(columns) == len(set(columns)), f"a column pair stands twice: {columns}"
            edges[edge["fromEntity"], edge["toEntity"]] = Edge(
                columns=frozenset(columns),
                source=details.get("source"),
                description=details.get("description"),
                sql=details.get("sqlQuery"),
                created=(details["createdAt"], details["createdBy"]),
                updated=(details["updatedAt"], details["updatedBy"]),
            )
        assert {node["id"] for node in graph["nodes"]} == {end for pair in edges for end in pair} - {id_}
        return edges

    def reach(self, type_: str, id_: str, up: int, down: int, position: int | None = None) -> Doc:
        """The graph around an entity as the catalogue shows it."""
        return self.catalog.lineage(End(type_, Key.id(id_)), up, down, self._view(position))

    def events(self, after: int) -> list[Doc]:
        found: list[Doc] = []
        while more := self.catalog.events(after=after, limit=1000):
            found += more
            after = more[-1]["position"]
        return found

    def indexes(self) -> dict[str, list[tuple[Any, ...]]]:
        """What the index tables say, without rows that say nothing."""
        alive = "(until IS NULL OR until > since)"
        with self.catalog.database.read() as session:
            found = {table: session.rows(f"SELECT {query.format(alive=alive)}", {}) for table, query in INDEXES.items()}
        return {table: sorted(map(tuple, rows), key=repr) for table, rows in found.items()}

    def intervals(self) -> dict[str, list[tuple[tuple[str, ...], int, int | None]]]:
        """What index tables say of usages, references and fields, with ids; each with its interval of positions."""
        queries = {
            "usages": "t.id, e.id, i.path, i.label_type, i.state FROM tag_usage i JOIN entity t ON t.node = i.tag "
            "JOIN entity e ON e.node = i.entity",
            "references": "e.id, i.field, t.id FROM relationship i JOIN entity t ON t.node = i.target "
            "JOIN entity e ON e.node = i.referrer",
            "fields": "e.id, i.path, i.name FROM lineage_node i JOIN entity e ON e.node = i.entity",
        }
        with self.catalog.database.read() as session:
            found = {what: session.rows(f"SELECT i.since, i.until, {query}", {}) for what, query in queries.items()}
        return {what: [(tuple(row[2:]), row[0], row[1]) for row in rows] for what, rows in found.items()}


def refusal(error: CatalogError) -> str:
    """The name of a refusal."""
    return type(error).__name__
