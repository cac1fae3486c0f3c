# SPDX-License-Identifier: Apache-2.0
"""The lineage graph, as a client works with it."""

from collections.abc import Iterable, Mapping

from headwater.errors import InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document, Entity, EntityReference, wire
from headwater.schema.declare import EntityType
from headwater.schema.lineage import ColumnLineage, EntityLineage, LineageDetails, LineageSource, SqlLineageReply
from headwater.sdk.collection import Key, place
from headwater.sdk.wire import AsOf, Wire, moment, path_of, read

Node = Entity | EntityReference | tuple[str, Key]
"""An entity of the graph: itself, a reference to it, or its type and its FQN or id."""

Columns = Mapping[str, str | Iterable[str]] | Iterable[ColumnLineage]


class Lineage:
    """What flows into what."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def get(
        self,
        entity: Node,
        upstream: int = 1,
        downstream: int = 1,
        *,
        as_of: AsOf | None = None,
        max_nodes: int | None = None,
    ) -> EntityLineage:
        """The graph around an entity, that many hops in each direction; ``truncated`` once it has ``max_nodes``."""
        query = {
            "upstreamDepth": upstream,
            "downstreamDepth": downstream,
            "asOf": moment(as_of),
            "maxNodes": max_nodes,
        }
        return read(EntityLineage, self._wire.ask("GET", path_of("lineage", "walk", *self.place(entity)), query))

    def edge(self, upstream: Node, downstream: Node, *, as_of: AsOf | None = None) -> LineageDetails:
        """What is known of the edge between two entities; ``EntityNotFound`` if there is none."""
        ends = [self._id(end, as_of) for end in (upstream, downstream)]
        answer = self._wire.ask("GET", path_of("lineage", "getLineageEdge", *ends), {"asOf": moment(as_of)})
        return read(LineageDetails, answer["edge"])

    def add(
        self,
        upstream: Node,
        downstream: Node,
        *,
        columns: Columns | None = None,
        sql: str | None = None,
        pipeline: Node | None = None,
        description: str | None = None,
        source: LineageSource | str | None = None,
    ) -> None:
        """Assert that data flows from one entity to the other.

        ``columns`` tells which columns flow into which: each target with its sources, by name or FQN.
        """
        known = ", ".join(LineageSource)
        if source is not None and source not in set(LineageSource):
            raise InvalidEntity(f"{source} is no source of lineage; there are {known}")
        above, below = self.reference(upstream), self.reference(downstream)
        details = LineageDetails(
            sql_query=sql,
            columns_lineage=None if columns is None else _pairs(above, below, columns),
            pipeline=None if pipeline is None else self.reference(pipeline),
            description=description,
            source=None if source is None else LineageSource(source),
        )
        edge: Document = {"fromEntity": wire(above), "toEntity": wire(below)}
        if said := wire(details):
            edge["lineageDetails"] = said
        self._wire.ask("PUT", path_of("lineage"), body={"edge": edge})

    def add_sql(
        self,
        sql: str,
        within: str,
        *,
        target: str | None = None,
        dialect: str | None = None,
        source: LineageSource | str = LineageSource.QUERY,
        pipeline: Node | None = None,
        description: str | None = None,
    ) -> SqlLineageReply:
        """Assert the edges that SQL means: of a script that writes tables, or of a query and its ``target``.

        ``within`` is the FQN of a service, database or schema, where names that do not say it are. The answer tells
        what was asserted, and what was not understood. ``dialect`` is what the service speaks, unless it is given.
        """
        body: Document = {"sql": sql, "within": within, "target": target, "dialect": dialect, "source": str(source)}
        body["pipeline"] = None if pipeline is None else wire(self.reference(pipeline))
        body["description"] = description
        said = {member: value for member, value in body.items() if value is not None}
        return read(SqlLineageReply, self._wire.ask("PUT", path_of("lineage", "sql"), body=said))

    def delete(self, upstream: Node, downstream: Node) -> None:
        """Withdraw what was asserted of an edge; ``EdgeDerived`` if it follows from a document as well."""
        ends = [self.reference(end, include_deleted=True) for end in (upstream, downstream)]
        self._wire.ask("DELETE", path_of("lineage", *(part for end in ends for part in (end.type, end.id or ""))))

    def events(self, entity: Node, upstream: int = 1, *, as_of: AsOf | None = None) -> list[Document]:
        """OpenLineage events that say what flows into an entity, and into those within so many hops upstream of it."""
        query = {"upstreamDepth": upstream, "asOf": moment(as_of)}
        events: list[Document] = self._wire.ask("GET", path_of("openlineage", "events", *self.place(entity)), query)[
            "data"
        ]
        return events

    def emit(
        self, entity: Node, upstream: int = 1, *, url: str | None = None, token: str | None = None
    ) -> tuple[int, str]:
        """Send these events to the OpenLineage server at ``url``, or to where ``OPENLINEAGE_URL`` or an
        ``openlineage.yml`` says; how many, and where that is. Needs ``headwater[openlineage]``."""
        from headwater.sdk.openlineage import emit

        events = self.events(entity, upstream)
        return len(events), emit(events, url, token)

    # translation --------------------------------------------------------------------------------------------------

    def declared(self, node: Node) -> EntityType:
        """The type of an entity."""
        registry = self._wire.registry
        if isinstance(node, Entity):
            word = type(node).__name__
            found = [declared for declared in registry if declared.entity is type(node)]
        else:
            word = node[0] if isinstance(node, tuple) else node.type
            found = [declared for declared in (registry.find(word),) if declared]
        if len(found) > 1:
            known = ", ".join(declared.name for declared in found)
            raise InvalidEntity(f"a {word} may be one of {known}; give its type and its name")
        if not found:
            raise InvalidEntity(f"{word} is no type of entity")
        return found[0]

    def place(self, node: Node) -> tuple[str, ...]:
        """The segments of a path that name an entity: its type, then its id, or ``name`` and its FQN."""
        declared = self.declared(node)
        return (declared.name, *place(declared, node[1] if isinstance(node, tuple) else node))

    def link(self, node: Node, field: str | None = None) -> str:
        """The entity link that names an entity, or one field of it by its path."""
        reference = self.reference(node)
        kind, name = reference.type, reference.fully_qualified_name
        if field is None:
            return f"<#E::{kind}::{name}>"
        lists = [child.field.rpartition(".")[2] for child in self.declared(node).children if child.is_field]
        return f"<#E::{kind}::{name}::{(lists or ['fields'])[0]}::{field}>"

    def reference(self, node: Node, include_deleted: bool = False) -> EntityReference:
        """The reference by id, with the FQN."""
        if isinstance(node, Entity):
            return EntityReference(
                id=node.id, type=self.declared(node).name, fully_qualified_name=node.fully_qualified_name
            )
        if isinstance(node, EntityReference) and node.id and node.fully_qualified_name:
            return EntityReference(id=node.id, type=node.type, fully_qualified_name=node.fully_qualified_name)
        return self._look_up(node, {"include": "all" if include_deleted else None})

    def _look_up(self, node: Node, query: Mapping[str, object]) -> EntityReference:
        declared = self.declared(node)
        path = path_of(*declared.collection.split("/"), *self.place(node)[1:])
        found = read(declared.entity, self._wire.ask("GET", path, {"fields": "", **query}))
        return EntityReference(id=found.id, type=declared.name, fully_qualified_name=found.fully_qualified_name)

    def _id(self, node: Node, as_of: AsOf | None) -> str:
        where = self.place(node)
        if len(where) == 2:
            return where[1]
        return self._look_up(node, {"include": "all", "asOf": moment(as_of)}).id or ""


def _pairs(upstream: EntityReference, downstream: EntityReference, columns: Columns) -> list[ColumnLineage]:
    if not isinstance(columns, Mapping):
        return list(columns)
    above, below = upstream.fully_qualified_name or "", downstream.fully_qualified_name or ""
    return [
        ColumnLineage(
            from_columns=[_field(above, source) for source in ([sources] if isinstance(sources, str) else sources)],
            to_column=_field(below, target),
        )
        for target, sources in columns.items()
    ]


def _field(entity_fqn: str, name: str) -> str:
    """The FQN of a column or feature, given by FQN or by its path inside its entity."""
    try:
        full = fqn.normal(name)
    except fqn.InvalidFqn:
        return fqn.add(entity_fqn, name)
    return full if fqn.below(full, entity_fqn) else f"{entity_fqn}.{full}"
