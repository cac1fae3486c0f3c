# SPDX-License-Identifier: Apache-2.0
"""What the server says of itself: version, health, metrics, the change feed, its own description."""

import time
from collections.abc import Iterator
from importlib.metadata import version as package_version

from headwater.api.http import Response, render
from headwater.api.routes import Call, Route

STARTED = int(time.time() * 1000)
EVENT_TYPES = ("entityCreated", "entityUpdated", "entityRestored", "entityDeleted")


def routes() -> Iterator[Route]:
    """The routes that belong to no entity type."""
    version_reply, health_reply = "ServerVersion", "Health"
    yield Route(
        method="GET",
        pattern="/api/v1/system/version",
        endpoint=version,
        summary="Which version this is",
        open=True,
        reply=version_reply,
    )
    for pattern in ("/api/v1/system/health", "/health"):
        yield Route(
            method="GET",
            pattern=pattern,
            endpoint=health,
            summary="Whether the catalogue answers",
            open=True,
            reply=health_reply,
        )
    yield Route(
        method="GET",
        pattern="/api/v1/events",
        endpoint=events,
        summary="The change feed",
        reply="ChangeEventList",
        query=(*EVENT_TYPES, "timestamp", "after", "limit"),
    )


def version(call: Call) -> Response:
    """The OpenMetadata version that clients check, and our own."""
    return render(
        {
            "version": call.settings.openmetadata_version,
            "revision": f"headwater-{package_version('headwater')}",
            "timestamp": STARTED,
        }
    )


def health(call: Call) -> Response:
    """Answers only if the database does."""
    return render({"status": "healthy", "position": call.catalog.newest_position()})


def events(call: Call) -> Response:
    """Events after a time (``timestamp``) or after a position, oldest first.

    Each of the four type parameters is ``*`` or a list of entity types; without any, all events are given. Only who
    asks for what comes ``after`` one is told the positions: OpenMetadata's clients know no such member.
    """
    chosen = {kind: call.query.get(kind) for kind in EVENT_TYPES if call.query.get(kind) is not None}
    found = call.catalog.events(
        after=call.query.whole("after", 0, 0, 2**62),
        since=call.query.whole("timestamp", 0, 0, 2**62),
        limit=call.query.whole("limit", 1000, 1, 10_000),
    )
    data = [event for event in found if not chosen or _wanted(chosen, event["eventType"], event["entityType"])]
    if call.query.get("after") is None:
        for event in data:
            del event["position"]
    return render({"data": data, "paging": {"total": len(data)}})


def _wanted(chosen: dict[str, str | None], event_type: str, entity_type: str) -> bool:
    asked = chosen.get({"entitySoftDeleted": "entityDeleted"}.get(event_type, event_type))
    return asked is not None and (asked == "*" or entity_type in asked.split(","))
