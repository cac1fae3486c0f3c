# SPDX-License-Identifier: Apache-2.0
"""Checks over HTTP: what is known of what is in production, looking now, and what came of every look."""

from collections.abc import Iterator
from typing import Any

from headwater.api.http import Response, render
from headwater.api.routes import Call, Endpoint, Route
from headwater.errors import EntityNotFound
from headwater.schema.checks import CheckReport, CheckReports, Looks
from headwater.schema.declare import EntityType

ROOT = "/api/v1/checks"


def routes() -> Iterator[Route]:
    """The routes of checks."""
    yield _route("GET", "", in_production, "What of everything in production answers", reply=CheckReports)
    for place, how in (("/{type}/{id}", "id"), ("/{type}/name/{fqn}", "name")):
        yield _route("GET", place, shown, f"What of an entity and its parts answers, by {how}", reply=CheckReports)
        yield _route("POST", place, now, f"Look now whether it answers, by {how}", reply=CheckReport, also=(503,))
        yield _route(
            "GET",
            f"{place}/results",
            results,
            f"What came of every look, by {how}, newest first",
            reply=Looks,
            query=("startTs", "endTs", "limit", "offset"),
        )


def _route(method: str, tail: str, endpoint: Endpoint, summary: str, **more: Any) -> Route:
    return Route(method=method, pattern=ROOT + tail, endpoint=endpoint, summary=summary, **more)


def _declared(call: Call) -> EntityType:
    declared = call.catalog.registry.find(call.parameters["type"])
    if declared is None:
        raise EntityNotFound(f"Entity type {call.parameters['type']} not found")
    return declared


def in_production(call: Call) -> Response:
    """What is known of everything that is in production."""
    return render(call.catalog.checks.in_production(call.base))


def shown(call: Call) -> Response:
    """What is known of an entity and of its parts."""
    return render(call.catalog.checks.of(_declared(call), call.key, call.base))


def now(call: Call) -> Response:
    """An entity is looked at, and that is noted."""
    return render(call.catalog.checks.now(_declared(call), call.key, call.principal, call.base))


def results(call: Call) -> Response:
    """What came of looking between two moments."""
    start, end = (call.query.whole(name, default, 0, 2**62) for name, default in (("startTs", 0), ("endTs", 2**62)))
    span = start, end, call.query.whole("limit", 100, 0, 10_000), call.query.whole("offset", 0, 0, 2**62)
    return render(call.catalog.checks.results(_declared(call), call.key, span))
