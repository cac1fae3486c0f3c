# SPDX-License-Identifier: Apache-2.0
"""Lineage over HTTP (contract, part 7)."""

from collections.abc import Iterator

from headwater.api.entities import patch_operations
from headwater.api.http import Response, parse_json, render
from headwater.api.routes import Call, Route
from headwater.catalog.context import Key, parse
from headwater.catalog.lineage import NODE_CAP, End, end_of, parsed_edge
from headwater.catalog.lineage_shapes import table
from headwater.errors import InvalidEntity
from headwater.schema.base import Document
from headwater.schema.lineage import (
    AddLineage,
    AddSqlLineage,
    EntityLineage,
    LineageDetails,
    LineageView,
    SqlLineageReply,
)

ROOT = "/api/v1/lineage"
AROUND = ("fqn", "type", "upstreamDepth", "downstreamDepth", "asOf")
DEPTHS = ("upstreamDepth", "downstreamDepth", "asOf")
WIRE_DEPTH = 3
"""The deepest walk that OpenMetadata's endpoints allow."""
WALK_DEPTH = 100
TRUNCATED = "X-Headwater-Truncated"
"""The header of a graph that met the cap of nodes: OpenMetadata's clients know no member for it."""


def routes() -> Iterator[Route]:
    """The routes of lineage. Literal first segments stand beside the types of entities."""
    yield Route(method="PUT", pattern=ROOT, endpoint=put, summary="Assert an edge", body=AddLineage)
    yield Route(
        method="PUT",
        pattern=f"{ROOT}/sql",
        endpoint=put_sql,
        summary="Assert the edges that SQL means",
        body=AddSqlLineage,
        reply=SqlLineageReply,
    )
    for walk, word in (("", "the lineage"), ("/walk", "the lineage, any number of hops away,")):
        endpoint = graph_wide if walk else graph
        more = ("maxNodes",) if walk else ()
        yield Route(
            method="GET",
            pattern=f"{ROOT}{walk}/{{type}}/{{id}}",
            endpoint=endpoint,
            summary=f"Get {word} of an entity by id",
            reply=EntityLineage,
            query=DEPTHS + more,
        )
        yield Route(
            method="GET",
            pattern=f"{ROOT}{walk}/{{type}}/name/{{fqn}}",
            endpoint=endpoint,
            summary=f"Get {word} of an entity by name",
            reply=EntityLineage,
            query=DEPTHS + more,
        )
    edge_by_id = "/{type}/{id}/{toType}/{toId}"
    edge_by_name = "/{type}/name/{fqn}/{toType}/name/{toFqn}"
    for pattern in (edge_by_id, edge_by_name):
        yield Route(
            method="PATCH",
            pattern=ROOT + pattern,
            endpoint=patch,
            summary="Change an edge",
            body="JsonPatch",
            reply=LineageDetails,
        )
        yield Route(method="DELETE", pattern=ROOT + pattern, endpoint=delete, summary="Withdraw an edge")
    yield Route(
        method="PUT",
        pattern=ROOT + edge_by_name,
        endpoint=put_named,
        summary="Assert an edge by names",
        body=LineageDetails,
    )
    yield Route(
        method="GET",
        pattern=ROOT + "/getLineageEdge/{fromId}/{toId}",
        endpoint=get_edge,
        summary="Get an edge",
        reply="EdgeReply",
        query=("asOf",),
    )
    yield Route(
        method="GET",
        pattern=ROOT + "/getLineageEdge/{fromId}/name/{fqn}/{toType}/name/{toFqn}",
        endpoint=get_edge_named,
        summary="Get an edge by names",
        reply="EdgeReply",
        query=("asOf",),
    )
    for tail in ("", "/{direction}"):
        yield Route(
            method="GET",
            pattern=f"{ROOT}/getLineage{tail}",
            endpoint=view,
            summary="Get the lineage of an entity with the entities in it",
            reply=LineageView,
            query=(*AROUND, "includeDeleted"),
        )
    yield Route(
        method="GET",
        pattern=ROOT + "/export",
        endpoint=export,
        summary="Get the lineage of an entity as CSV",
        reply="Text",
        query=AROUND,
    )
    yield Route(
        method="DELETE",
        pattern=ROOT + "/{type}/{id}/type/{source}",
        endpoint=delete_source,
        summary="Withdraw what one source asserted about an entity's upstream",
    )
    yield Route(
        method="DELETE",
        pattern=ROOT + "/source/name/{toType}/{toFqn}/type/{source}",
        endpoint=delete_source_named,
        summary="The same by name",
    )


def put(call: Call) -> Response:
    """Assert an edge; the answer is empty, as clients expect."""
    edge = parsed_edge(parse_json(call.request))
    call.catalog.put_edge(
        end_of(edge["fromEntity"]),
        end_of(edge["toEntity"]),
        edge.get("lineageDetails"),
        edge.get("description"),
        call.write(),
    )
    return Response(200)


def put_sql(call: Call) -> Response:
    """Assert what a script or a query says; the answer tells what that is, and what was not understood."""
    return render(call.catalog.put_sql(parse_json(call.request), call.write()))


def put_named(call: Call) -> Response:
    """Assert an edge between named entities."""
    body = parse_json(call.request) if call.request.body else {}
    if not isinstance(body, dict):
        raise InvalidEntity("the body must be a JSON object")
    upstream, downstream = _ends(call)
    call.catalog.put_edge(upstream, downstream, parse(LineageDetails, body), None, call.write())
    return Response(200)


def graph(call: Call) -> Response:
    """The graph around an entity, as far as OpenMetadata's clients may ask; a header says where it was cut short."""
    return _told(_graph(call, WIRE_DEPTH, NODE_CAP))


def _told(found: Document) -> Response:
    """A graph whose being cut short is told by a header."""
    cut = found.pop("truncated", False)
    return render(found, headers={TRUNCATED: "true"} if cut else None)


def graph_wide(call: Call) -> Response:
    """The graph around an entity, as far as it goes."""
    return render(_graph(call, WALK_DEPTH, call.query.whole("maxNodes", NODE_CAP, 1, 100_000)))


def _graph(call: Call, deepest: int, cap: int) -> Document:
    up = call.query.whole("upstreamDepth", 1, 0, deepest)
    down = call.query.whole("downstreamDepth", 1, 0, deepest)
    end = End(call.parameters["type"], call.key)
    return call.catalog.lineage(end, up, down, call.plain_view(), cap)


def view(call: Call) -> Response:
    """The graph around an entity as OpenMetadata's lineage view wants it, or one side of it."""
    end, up, down = _around(call)
    direction = call.parameters.get("direction", "").lower()
    if direction not in ("", "upstream", "downstream"):
        raise InvalidEntity(f"the direction is Upstream or Downstream, not {call.parameters['direction']}")
    up, down = (0 if direction == "downstream" else up), (0 if direction == "upstream" else down)
    deleted = call.query.flag("includeDeleted")
    return _told(call.catalog.lineage_view(end, up, down, call.plain_view(), deleted))


def export(call: Call) -> Response:
    """The graph around an entity as a table."""
    end, up, down = _around(call)
    found = call.catalog.lineage(end, up, down, call.plain_view())
    return Response(200, table(found).encode(), content_type="text/plain; charset=utf-8")


def _around(call: Call) -> tuple[End, int, int]:
    """The entity that the query names, and how far to go from it in each direction."""
    name, kind = call.query.get("fqn"), call.query.get("type")
    if not name or not kind:
        raise InvalidEntity("fqn and type: which entity the lineage is of has to be said")
    up, down = (call.query.whole(member, WIRE_DEPTH, 0, WALK_DEPTH) for member in ("upstreamDepth", "downstreamDepth"))
    return End(kind, Key.fqn(name)), up, down


def get_edge(call: Call) -> Response:
    """An edge by the ids of its ends."""
    view = call.plain_view()
    ends = [call.catalog.end_with_id(call.parameters[name], view) for name in ("fromId", "toId")]
    return render({"edge": call.catalog.edge(ends[0], ends[1], view)})


def get_edge_named(call: Call) -> Response:
    """An edge by the names of its ends."""
    upstream = End(call.parameters["fromId"], Key.fqn(call.parameters["fqn"]))
    downstream = End(call.parameters["toType"], Key.fqn(call.parameters["toFqn"]))
    return render({"edge": call.catalog.edge(upstream, downstream, call.plain_view())})


def patch(call: Call) -> Response:
    """Change what is asserted of an edge."""
    upstream, downstream = _ends(call)
    return render(call.catalog.patch_edge(upstream, downstream, patch_operations(call), call.write()))


def delete(call: Call) -> Response:
    """Withdraw what is asserted of an edge."""
    upstream, downstream = _ends(call)
    call.catalog.delete_edge(upstream, downstream, call.write())
    return render({})


def delete_source(call: Call) -> Response:
    """Withdraw what a source asserted."""
    return _delete_source(call, End(call.parameters["type"], call.key))


def delete_source_named(call: Call) -> Response:
    """Withdraw what a source asserted about a named entity."""
    return _delete_source(call, End(call.parameters["toType"], Key.fqn(call.parameters["toFqn"])))


def _delete_source(call: Call, end: End) -> Response:
    return render({"withdrawn": call.catalog.delete_edges_of_source(end, call.parameters["source"], call.write())})


def _ends(call: Call) -> tuple[End, End]:
    by_name = "toFqn" in call.parameters
    far = Key.fqn(call.parameters["toFqn"]) if by_name else Key.id(call.parameters["toId"])
    return End(call.parameters["type"], call.key), End(call.parameters["toType"], far)
