# SPDX-License-Identifier: Apache-2.0
"""The graph around an entity in other shapes: as OpenMetadata's lineage view wants it, and as a table."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import md5
from io import StringIO
from typing import Any

from headwater.catalog.reading import Reader, read_object
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.store import documents, history, lineage
from headwater.store.rows import EntityRow

ARROW = "--->"
"""Stands between the two ends in the names of edges."""

HEADER = (
    *("fromType", "fromFQN", "fromColumn", "toType", "toFQN", "toColumn"),
    *("function", "source", "pipeline", "sqlQuery"),
)


def view(reader: Reader, graph: Document, include_deleted: bool) -> Document:
    """Nodes by FQN with their whole entities, and edges by name (contract, part 7.2).

    Without ``include_deleted``, deleted entities and what is reached only through them are left out.
    """
    references = {one["id"]: one for one in (graph["entity"], *graph["nodes"])}
    shown = {one for one, reference in references.items() if include_deleted or not reference["deleted"]}
    shown.add(graph["entity"]["id"])
    depths = {graph["entity"]["id"]: 0}
    edges: dict[str, dict[str, Document]] = {}
    for side, near, far in (("upstreamEdges", "toEntity", "fromEntity"), ("downstreamEdges", "fromEntity", "toEntity")):
        live = [edge for edge in graph[side] if edge["fromEntity"] in shown and edge["toEntity"] in shown]
        reached = _depths(graph["entity"]["id"], ((edge[near], edge[far]) for edge in live))
        depths = reached | depths
        written = [_edge(edge, references) for edge in live if edge[near] in reached]
        edges[side] = {edge["docId"]: edge for edge in written}
    entities = _entities(reader, depths)
    counts = _counts(reader, [row for row, _ in entities.values()])
    nodes = {
        row.fqn: {
            "entity": {**entity, "entityType": row.type},
            "paging": {"entityUpstreamCount": counts[row.node][0], "entityDownstreamCount": counts[row.node][1]},
            "nodeDepth": depths[one],
        }
        for one, (row, entity) in entities.items()
    }
    return {"nodes": nodes, **edges, **({"truncated": True} if graph.get("truncated") else {})}


def _depths(root: str, links: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many links away from the root each end is; links are (nearer, farther)."""
    following: dict[str, list[str]] = {}
    for near, far in links:
        following.setdefault(near, []).append(far)
    depths, level = {root: 0}, [root]
    while level:
        level = [far for near in level for far in following.get(near, ()) if far not in depths]
        depths |= dict.fromkeys(level, max(depths.values()) + 1)
    return depths


def _entities(reader: Reader, ids: Iterable[str]) -> dict[str, tuple[EntityRow, Document]]:
    """The rows of entities by id, with the entities as they are read."""
    cards = [reader.names.by_id[one] for one in ids]
    present = documents.by_node(reader.session, [card.node for card in cards])
    by_type: dict[str, list[EntityRow]] = {}
    for node, row in present.items():
        then = row if reader.position is None else history.at(reader.session, node, reader.position)
        by_type.setdefault(row.type, []).append(then or row)
    found: dict[str, tuple[EntityRow, Document]] = {}
    for name, rows in by_type.items():
        bodies = reader.bodies(reader.context.registry[name], rows)
        found |= {row.id: (row, read_object(body)) for row, body in zip(rows, bodies, strict=True)}
    return {card.id: found[card.id] for card in cards}


def _counts(reader: Reader, rows: Iterable[EntityRow]) -> dict[int, tuple[int, int]]:
    """How many entities are right upstream and right downstream of each."""
    nodes = [row.node for row in rows]
    into = {(edge.upstream, edge.downstream) for edge in lineage.edges_into(reader.session, nodes, reader.position)}
    out = {(edge.upstream, edge.downstream) for edge in lineage.edges_out_of(reader.session, nodes, reader.position)}
    up, down = Counter(node for _, node in into), Counter(node for node, _ in out)
    return {node: (up[node], down[node]) for node in nodes}


def _edge(edge: Document, references: Mapping[str, Document]) -> Document:
    """An edge as OpenMetadata's search knows it."""
    ends = [references[edge[side]] for side in ("fromEntity", "toEntity")]
    details: Document = dict(edge["lineageDetails"])
    columns, pipeline = details.pop("columnsLineage", []), details.get("pipeline")
    names = [ends[0]["fullyQualifiedName"], ends[1]["fullyQualifiedName"]]
    if pipeline:
        names.insert(1, f"{pipeline['type']}:{pipeline['id']}")
        details["pipelineEntityType"] = pipeline["type"]
    return {
        "fromEntity": _end(ends[0]),
        "toEntity": _end(ends[1]),
        **details,
        "columns": columns,
        "docId": ARROW.join(names),
        "docUniqueId": ARROW.join(end["id"] for end in ends),
    }


def _end(reference: Document) -> Document:
    name = reference["fullyQualifiedName"]
    hashed = ".".join(md5(part.encode(), usedforsecurity=False).hexdigest() for part in fqn.split(name))
    return {"id": reference["id"], "type": reference["type"], "fullyQualifiedName": name, "fqnHash": hashed}


def table(graph: Document) -> str:
    """The edges as CSV: a line for each pair of columns, or for an edge of which no columns are known."""
    references = {one["id"]: one for one in (graph["entity"], *graph["nodes"])}
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    seen = set()
    for edge in (*graph["upstreamEdges"], *graph["downstreamEdges"]):
        ends = edge["fromEntity"], edge["toEntity"]
        if ends not in seen:
            seen.add(ends)
            writer.writerows(_lines(references[ends[0]], references[ends[1]], edge["lineageDetails"]))
    return text.getvalue()


def _lines(up: Document, down: Document, details: Document) -> Iterable[tuple[Any, ...]]:
    pipeline = (details.get("pipeline") or {}).get("fullyQualifiedName")
    pairs = [
        (source, entry["toColumn"], entry.get("function"))
        for entry in details.get("columnsLineage", ())
        for source in entry["fromColumns"]
    ]
    for source, target, function in pairs or [(None, None, None)]:
        yield (
            *(up["type"], up["fullyQualifiedName"], source, down["type"], down["fullyQualifiedName"], target),
            *(function, details.get("source"), pipeline, details.get("sqlQuery")),
        )
