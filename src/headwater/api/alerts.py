# SPDX-License-Identifier: Apache-2.0
"""Events and alerts over HTTP: OpenMetadata's paths, and ours beside them.

Ours are the feed with a cursor (also as server-sent events), the activity of an entity, the notices of a person, and
under a subscription ``delivery`` and ``replay``.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from headwater.api.http import Response, Stream, parse_json, render
from headwater.api.routes import Call, Endpoint, Route
from headwater.catalog.context import Key
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.alerting import EVENT_KINDS, EVERYTHING, FUNCTIONS, EventFilter, parsed
from headwater.schema.base import Document
from headwater.schema.change import (
    Activity,
    DeliveryStatus,
    EventFeed,
    FailedEvents,
    Notices,
    Replayed,
    TestDestinations,
)
from headwater.schema.conditions import InvalidCondition
from headwater.schema.entities.alerts import EVENT_SUBSCRIPTION

ROOT = "/api/v1/events"
SUBSCRIPTIONS = f"/api/v1/{EVENT_SUBSCRIPTION.collection}"
EVENT_STREAM = "text/event-stream"
WANTED = ("entityType", "eventType", "user")


def routes() -> Iterator[Route]:
    """The routes of events and alerts; subscriptions themselves are entities, and have those of entities."""
    yield Route(
        method="GET",
        pattern=f"{ROOT}/feed",
        endpoint=feed,
        summary="The log beyond a position, oldest first; with Accept: text/event-stream as it goes on",
        reply=EventFeed,
        query=("after", "limit", *WANTED),
        also=(503,),
    )
    yield Route(
        method="GET",
        pattern=f"{ROOT}/notices",
        endpoint=notices,
        summary="What alerts told somebody in the activity feed, newest first",
        reply=Notices,
        query=("user", "before", "limit"),
    )
    for place, how in (("/{type}/{id}", "id"), ("/{type}/name/{fqn}", "name")):
        yield Route(
            method="GET",
            pattern=f"{ROOT}/activity{place}",
            endpoint=activity,
            summary=f"What happened to an entity and below it, by {how}, newest first",
            reply=Activity,
            query=("below", "before", "limit"),
        )
    yield from _of_openmetadata()
    for place in ("/{id}", "/name/{fqn}"):
        yield _route("GET", f"{place}/delivery", delivery, "How far a subscription has come", reply=DeliveryStatus)
        yield _route("POST", f"{place}/test", test_own, "Send a test message to its destinations", reply="Items")
        yield _route("PUT", f"{place}/replay", replay, "Send again what was given up", reply=Replayed)


def _of_openmetadata() -> Iterator[Route]:
    yield _route("GET", "/functions", functions, "The functions that conditions may call", reply="Items")
    yield _route("GET", "/resources", resources, "What alerts can be about", reply="Entries")
    yield _route("GET", "/{id}/resources", resources, "What alerts of a type can be about", reply="Entries")
    yield _route("GET", "/validation/condition/{expression}", validate, "Whether a text is a condition", status=204)
    yield _route(
        "POST",
        "/testDestination",
        test,
        "Send a test message to destinations",
        body=TestDestinations,
        reply="Items",
    )
    for place in ("/{id}/status", "/name/{fqn}/status"):
        yield _route("GET", place, status, "What became of the worst destination", reply="Object")
        yield _route("GET", place + "/{destination}", status, "What became of a destination", reply="Object")
    by_id = "/id/{id}"
    yield _route("PUT", f"{by_id}/syncOffset", skip, "Let only events from now on count", reply="Object")
    yield _route(
        "GET", f"{by_id}/failedEvents", failed, "What was given up", reply=FailedEvents, query=("limit", "after")
    )
    yield _route("GET", f"{by_id}/eventsRecord", records, "How many events were sent, wait, failed", reply="Object")
    yield _route("GET", f"{by_id}/diagnosticInfo", diagnosis, "How far a subscription has come", reply="Object")


def _route(method: str, tail: str, endpoint: Endpoint, summary: str, **more: Any) -> Route:
    return Route(method=method, pattern=SUBSCRIPTIONS + tail, endpoint=endpoint, summary=summary, **more)


# the log --------------------------------------------------------------------------------------------------------------


def feed(call: Call) -> Response:
    """Events beyond a position (``after``, or the ``Last-Event-ID`` of a reader that comes back)."""
    query = call.query
    wanted = EventFilter(
        entity_types=_types(call),
        event_types=_kinds(query.get("eventType")),
        user=query.get("user"),
    )
    limit = query.whole("limit", 100, 1, 10_000)
    if EVENT_STREAM not in call.request.headers.get("accept", ""):
        return render(call.catalog.alerts.feed(query.whole("after", 0, 0, 2**62), limit, wanted))
    after = _last_event(call) if query.get("after") is None else query.whole("after", 0, 0, 2**62)
    return Response(content_type=EVENT_STREAM, stream=_Following(call, after, wanted))


def _last_event(call: Call) -> int:
    """Where a reader left off; the end of the log for one that comes first."""
    text = call.request.headers.get("last-event-id")
    if text is None:
        return call.catalog.alerts.newest()
    if not text.isdecimal() or len(text) > 18:
        raise InvalidEntity(f"Last-Event-ID must be the position of an event, not {text!r}")
    return int(text)


class _Following(Stream):
    """The log as server-sent events: each with its position as id and its kind as event."""

    def __init__(self, call: Call, after: int, wanted: EventFilter) -> None:
        self._alerts = call.catalog.alerts
        self._after = after
        self._wanted = wanted

    def more(self) -> bytes:
        """The next events; empty when there are none yet. Nothing is held between two calls."""
        if self._alerts.newest() <= self._after:
            return b""
        found = self._alerts.feed(self._after, 100, self._wanted)
        self._after = found["after"]
        parts = [
            b"id: %d\nevent: %b\ndata: %b\n\n" % (event["position"], event["eventType"].encode(), orjson.dumps(event))
            for event in found["data"]
        ]
        if not parts:  # a reader that comes back need not be led through what does not concern it again
            parts.append(b"id: %d\n: nothing for you up to here\n\n" % self._after)
        return b"".join(parts)


def _types(call: Call) -> tuple[str, ...]:
    words = [word for word in (call.query.get("entityType") or "").split(",") if word and word != "*"]
    for word in words:
        if call.catalog.registry.find(word) is None:
            raise InvalidEntity(f"entityType: there is no type of entity called {word}")
    return tuple(found.name for word in words if (found := call.catalog.registry.find(word)))


def _kinds(text: str | None) -> tuple[str, ...]:
    words = tuple(word for word in (text or "").split(",") if word and word != "*")
    if unknown := sorted(set(words) - set(EVENT_KINDS)):
        raise InvalidEntity(f"eventType: there is no kind of event {unknown[0]}; there are {', '.join(EVENT_KINDS)}")
    return words


def _part(call: Call) -> tuple[int | None, int]:
    """Where a list that goes back in time goes on, and how long it may be."""
    return call.query.whole("before", 0, 0, 2**62) or None, call.query.whole("limit", 50, 1, 1000)


def activity(call: Call) -> Response:
    """What happened to an entity and (unless ``below`` is false) to what lives below it."""
    declared = call.catalog.registry.find(call.parameters["type"])
    if declared is None:
        raise EntityNotFound(f"Entity type {call.parameters['type']} not found")
    below = call.query.get("below") is None or call.query.flag("below")
    return render(call.catalog.alerts.activity(declared, call.key, below, *_part(call)))


def notices(call: Call) -> Response:
    """What a person was told; the caller, unless ``user`` says who."""
    return render(call.catalog.alerts.notices(call.principal, call.query.get("user"), *_part(call)))


# what alerts can be made of -------------------------------------------------------------------------------------------


def functions(call: Call) -> Response:
    """The functions, in OpenMetadata's shape."""
    found = [
        {
            "name": one.name,
            "input": ", ".join(one.arguments),
            "description": one.says,
            "examples": [f"{one.name}({', '.join('{…}' for _ in one.arguments)})"],
            "parameterInputType": "SpecificIndexElasticSearch" if one.arguments else "NotRequired",
        }
        for one in FUNCTIONS
    ]
    return render(found)


def resources(call: Call) -> Response:
    """The types of entities, each with the filters that can be asked of its events."""
    filters = [
        {
            "name": one.name,
            "description": one.says,
            "effect": "include",
            "condition": f"{one.name}()",
            "arguments": list(one.arguments),
            "inputType": "runtime" if one.arguments else "none",
            "prefixCondition": "AND",
        }
        for one in FUNCTIONS
    ]
    names = [EVERYTHING, *sorted(declared.name for declared in call.catalog.registry)]
    data = [{"name": name, "supportedFilters": filters, "supportedEventTypes": list(EVENT_KINDS)} for name in names]
    return render({"data": data, "paging": {"total": len(data)}})


def validate(call: Call) -> Response:
    """Says nothing of what is a condition, and what is wrong with what is not."""
    try:
        parsed(call.parameters["expression"])
    except InvalidCondition as error:
        raise InvalidEntity(str(error)) from error
    return Response(204)


def test(call: Call) -> Response:
    """Send a test message to each destination; what became of it is in its ``statusDetails``."""
    body = parse_json(call.request)
    given = body.get("destinations") if isinstance(body, dict) else None
    if not isinstance(given, list):
        raise InvalidEntity("destinations: a list of destinations is needed")
    return render(call.catalog.alerts.test(given))


def test_own(call: Call) -> Response:
    """Send a test message to each destination of a subscription, with its secrets."""
    return render(call.catalog.alerts.test_own(call.key))


# one subscription -----------------------------------------------------------------------------------------------------


def status(call: Call) -> Response:
    """The status of a destination, or the worst of all."""
    return render(call.catalog.alerts.destination_status(call.key, call.parameters.get("destination")))


def delivery(call: Call) -> Response:
    """Every way to somebody, with what waits and what was given up."""
    return render(call.catalog.alerts.status(call.key))


def replay(call: Call) -> Response:
    """Send again what was given up."""
    return render(call.catalog.alerts.replay(call.key))


def skip(call: Call) -> Response:
    """Let only events from now on count."""
    return render(call.catalog.alerts.skip(Key.id(call.parameters["id"])))


def failed(call: Call) -> Response:
    """What was given up."""
    query = call.query
    limit, after = query.whole("limit", 15, 1, 10_000), query.whole("after", 0, 0, 2**62)
    return render(call.catalog.alerts.dead_letters(call.key, after, limit))


def records(call: Call) -> Response:
    """The counts of a subscription."""
    return render(call.catalog.alerts.records(call.key))


def diagnosis(call: Call) -> Response:
    """The positions of a subscription."""
    found: Document = call.catalog.alerts.diagnosis(call.key)
    return render(found)
