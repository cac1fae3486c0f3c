# SPDX-License-Identifier: Apache-2.0
"""OpenLineage over HTTP: where its clients send events by default, and where OpenMetadata's server takes them."""

from collections.abc import Iterator
from typing import Any

from headwater.api.entities import warned
from headwater.api.http import Response, parse_json, render
from headwater.api.lineage import WALK_DEPTH
from headwater.api.routes import Call, Route
from headwater.catalog.lineage import End
from headwater.catalog.openlineage.intake import parsed
from headwater.errors import CatalogError, InvalidEntity, status_of
from headwater.schema.openlineage import OpenLineageReply

PLACES = ("/api/v1/lineage", "/api/v1/openlineage/lineage")
TOLD = 20
"""How many refusals the header of warnings tells at most: clients take headers of a few thousand bytes only."""


def routes() -> Iterator[Route]:
    """The routes of OpenLineage."""
    for place in PLACES:
        yield Route(
            method="POST",
            pattern=place,
            endpoint=take,
            summary="Take in an OpenLineage event",
            body="Object",
            reply=OpenLineageReply,
        )
        yield Route(
            method="POST",
            pattern=place + "/batch",
            endpoint=take_many,
            summary="Take in many OpenLineage events",
            body="Bulk",
            reply=OpenLineageReply,
        )
    for tail in ("/{type}/{id}", "/{type}/name/{fqn}"):
        yield Route(
            method="GET",
            pattern=f"/api/v1/openlineage/events{tail}",
            endpoint=tell,
            summary="What flows into an entity, as OpenLineage events",
            reply="Entries",
            query=("upstreamDepth", "asOf"),
        )


def tell(call: Call) -> Response:
    """The events that another catalogue needs to know what flows into an entity."""
    end = End(call.parameters["type"], call.key)
    depth = call.query.whole("upstreamDepth", 1, 1, WALK_DEPTH)
    data = call.catalog.job_events(end, depth, call.plain_view())
    return render({"data": data, "paging": {"total": len(data)}})


def take(call: Call) -> Response:
    """One event. What in it was refused is said in the message and, item by item, in the header of warnings."""
    taken = call.catalog.take_event(parsed(parse_json(call.request)), call.write())
    message = _changed(taken.edges) + (f"; refused: {'; '.join(taken.refused)}" if taken.refused else "")
    status = "partial_success" if taken.refused else "success"
    reply = {"status": status, "message": message, "lineageEdgesCreated": taken.edges}
    return warned(render(reply), taken.refused[:TOLD])


def take_many(call: Call) -> Response:
    """Many events, each by itself: one that is refused takes no other with it."""
    body = parse_json(call.request)
    given = body.get("events") if isinstance(body, dict) else body
    if not isinstance(given, list):
        raise InvalidEntity('the body must be a list of events, or {"events": […]}')
    edges, failed = 0, list[dict[str, Any]]()
    refused: list[str] = []
    for index, one in enumerate(given):
        try:
            taken = call.catalog.take_event(parsed(one), call.write())
        except CatalogError as error:
            failed.append({"index": index, "reason": error.message, "retriable": status_of(error) >= 500})
        else:
            edges += taken.edges
            refused += [f"event {index}: {one}" for one in taken.refused]
    passed = len(given) - len(failed)
    status = "success" if not failed and not refused else "partial_success" if passed else "failure"
    summary = {"received": len(given), "successful": passed, "failed": len(failed), "skipped": 0}
    told = f"{passed} of {len(given)} events taken in, {_changed(edges)}"
    reply = {"status": status, "message": told, "summary": summary, "lineageEdgesCreated": edges}
    return warned(render(reply | ({"failedEvents": failed} if failed else {})), refused[:TOLD])


def _changed(edges: int) -> str:
    return "1 edge changed" if edges == 1 else f"{edges} edges changed"
