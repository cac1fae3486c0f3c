# SPDX-License-Identifier: Apache-2.0
"""What the catalogue knows of lineage, as OpenLineage events for others: one for each job that writes an entity.

Edges that name no pipeline are said to be the work of a job that is called like the entity they lead to.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from headwater.catalog.lineage import Column, LineageReader
from headwater.catalog.reading import Reader, View
from headwater.schema import fqn, namespaces
from headwater.schema.base import Document, held
from headwater.schema.declare import EntityType
from headwater.schema.openlineage import STEPS
from headwater.store import lineage
from headwater.store.rows import EntityRow
from headwater.transformation import Transformation

PRODUCER = "urn:headwater"
SPEC = "https://openlineage.io/spec"
NAMESPACE = "headwater"
"""The namespace of jobs that no pipeline stands for."""


def events(reader: Reader, row: EntityRow, upstream: int, settings: Document) -> list[Document]:
    """What flows into an entity, and into those within ``upstream`` - 1 hops before it."""
    walker = LineageReader(reader.session, reader.context, reader.position, View())
    nodes = [row.node]
    if upstream > 1:
        walked = walker.graph(row, upstream - 1, 0)["nodes"]
        walker.names.load(one["id"] for one in walked)
        nodes += [walker.names.by_id[one["id"]].node for one in walked]
    writer = _Writer(reader, walker, settings)
    return [event for node in nodes for event in writer.events(node)]


class _Writer:
    """Writes events: looks up what each names."""

    def __init__(self, reader: Reader, walker: LineageReader, settings: Document) -> None:
        self.reader = reader
        self.walker = walker
        self.registry = reader.context.registry
        mapping: Mapping[str, str] = settings.get("namespaceToServiceMapping") or {}
        self.namespaces = {fqn.names(service)[0]: namespace for namespace, service in mapping.items()}
        self.time = datetime.now(UTC).isoformat()
        self._known: dict[int, tuple[EntityRow, Document]] = {}

    def events(self, node: int) -> list[Document]:
        """One event for each job that something flows into an entity by."""
        rows = lineage.edges_into(self.reader.session, [node], self.reader.position)
        pairs = sorted({(row.upstream, node) for row in rows})
        flows: dict[str | None, dict[int, set[Column]]] = defaultdict(lambda: defaultdict(set))
        queries: dict[str | None, str] = {}
        for (up, _), edges in self.walker.edges(pairs).items():
            if edges.derived:
                flows[None][up] |= edges.derived_columns
            for said in edges.said:
                job = (said.details.get("pipeline") or {}).get("id")
                flows[job][up] |= said.columns
                if query := said.details.get("sqlQuery"):
                    queries[job] = query
        self._look_up({node} | {up for up, _ in pairs})
        return [self._event(job, node, by_source, queries.get(job)) for job, by_source in flows.items()]

    def _look_up(self, nodes: set[int]) -> None:
        missing = nodes - self._known.keys()
        self._known |= {row.node: (row, document) for row, document in self.reader.shown(missing)}

    def _event(self, job: str | None, node: int, flows: Mapping[int, set[Column]], query: str | None) -> Document:
        output = self._dataset(node)
        fields: dict[str, list[Document]] = defaultdict(list)
        spelled = {(one.entity, one.path): one.name for one in lineage.nodes_of(self.reader.session, [node, *flows])}
        for up, columns in flows.items():
            namespace, name = self._name(up)
            for column in sorted(columns, key=lambda one: one[:2]):
                source = spelled.get((up, column.upstream), column.upstream)
                target = spelled.get((node, column.downstream), column.downstream)
                steps = [STEPS[Transformation(column.transformation)]] if column.transformation else []
                one: Document = {"namespace": namespace, "name": name, "field": _plain(source)}
                fields[_plain(target)].append(one | ({"transformations": steps} if steps else {}))
        if fields:
            told = {target: {"inputFields": inputs} for target, inputs in fields.items()}
            output["facets"]["columnLineage"] = _facet("ColumnLineageDatasetFacet", "1-2-0", {"fields": told})
        return {
            "eventTime": self.time,
            "producer": PRODUCER,
            "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/JobEvent",
            "job": self._job(job, node, query),
            "inputs": [self._dataset(up) for up in flows],
            "outputs": [output],
        }

    def _job(self, job: str | None, node: int, query: str | None) -> Document:
        facets = {"sql": _facet("SQLJobFacet", "1-1-0", {"query": query})} if query else {}
        if job:
            self.walker.names.load([job])
            card = self.walker.names.by_id[job]
            service = fqn.names(card.fqn)[0]
            return {"namespace": self.namespaces.get(service, service), "name": card.name, "facets": facets}
        return {"namespace": NAMESPACE, "name": self._known[node][0].fqn, "facets": facets}

    def _name(self, node: int) -> tuple[str, str]:
        row = self._known[node][0]
        return namespaces.named(self.registry, row.type, row.fqn, self.namespaces)

    def _dataset(self, node: int) -> Document:
        row, document = self._known[node]
        namespace, name = self._name(node)
        fields = _fields(self.registry[row.type], document)
        facets = {"schema": _facet("SchemaDatasetFacet", "1-1-1", {"fields": fields})} if fields else {}
        return {"namespace": namespace, "name": name, "facets": facets}


def _facet(name: str, version: str, members: Document) -> Document:
    return {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/facets/{version}/{name}.json#/$defs/{name}", **members}


def _fields(declared: EntityType, document: Document) -> list[Document]:
    """The columns of an entity as the schema facet has them."""
    child = next((child for child in declared.children if child.is_field), None)
    return _told(held(document, child.path) or (), child.recursive) if child else []


def _told(items: Iterable[Document], inner: str | None) -> list[Document]:
    fields = []
    for item in items:
        field: Document = {"name": item["name"]}
        if kind := item.get("dataTypeDisplay") or item.get("dataType"):
            field["type"] = kind
        if item.get("description"):
            field["description"] = item["description"]
        if inner and item.get(inner):
            field["fields"] = _told(item[inner], inner)
        fields.append(field)
    return fields


def _plain(path: str) -> str:
    """The name of a field as the standard writes it: without quotes, nested ones with dots between."""
    return ".".join(fqn.names(path))
