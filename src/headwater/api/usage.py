# SPDX-License-Identifier: Apache-2.0
"""How often entities are used, over HTTP."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from headwater.api.entities import body_object
from headwater.api.http import Response, render
from headwater.api.routes import Call, Route
from headwater.errors import InvalidEntity
from headwater.schema.usage import EntityUsage, UsageRequest

ROOT = "/api/v1/usage"


def routes() -> Iterator[Route]:
    """The routes of usage. A POST says how often something was used on a day in all, a PUT how often besides."""
    for place in ("/{type}/{id}", "/{type}/name/{fqn}"):
        for method, endpoint, what in (("POST", replace, "Report"), ("PUT", add, "Add")):
            yield Route(
                method=method,
                pattern=ROOT + place,
                endpoint=endpoint,
                summary=f"{what} how often an entity was used on a day",
                body=UsageRequest,
                reply=EntityUsage,
                status=201,
            )
        yield Route(
            method="GET",
            pattern=ROOT + place,
            endpoint=get,
            summary="Get how often an entity was used",
            reply=EntityUsage,
            query=("date", "days", "asOf"),
        )
    yield Route(
        method="POST",
        pattern=ROOT + "/compute.percentile/{type}/{date}",
        endpoint=rank,
        summary="Rank the entities of a type by their use up to a day",
    )


def replace(call: Call) -> Response:
    """The use of a day, in all."""
    return _report(call, add=False)


def add(call: Call) -> Response:
    """The use of a day, besides what is known."""
    return _report(call, add=True)


def _report(call: Call, add: bool) -> Response:
    kind = call.parameters["type"]
    return render(call.catalog.report_usage(kind, call.key, body_object(call), add, call.write()), 201)


def get(call: Call) -> Response:
    """The use of an entity on some days: today alone, if the caller does not say."""
    text = call.query.get("date")
    last = _day(text) if text else datetime.now(UTC).date()
    days = call.query.whole("days", 1, 1, 366)
    return render(call.catalog.usage(call.parameters["type"], call.key, last, days, call.plain_view()))


def rank(call: Call) -> Response:
    """Ranks for all entities of a type."""
    return render({"ranked": call.catalog.rank_usage(call.parameters["type"], _day(call.parameters["date"]))})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidEntity(f"{text} is not a day; write 2026-03-01") from None
