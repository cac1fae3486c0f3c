# SPDX-License-Identifier: Apache-2.0
"""The past over HTTP: what differs between versions, back to one of them, and who changed what. OpenMetadata has no
paths like these."""

from collections.abc import Iterator

from headwater.api.entities import written
from headwater.api.http import Response, render
from headwater.api.routes import Call, Route, maker
from headwater.catalog.context import Key
from headwater.catalog.log import LogQuestion
from headwater.errors import InvalidEntity
from headwater.schema.declare import EntityType
from headwater.schema.history import Diff, Log


def routes(declared: EntityType, collection: str) -> Iterator[Route]:
    """The routes of one entity type."""
    route = maker(declared, collection)
    name = declared.name
    for place in ("/{id}", "/name/{fqn}"):
        yield route(
            "GET",
            place + "/versions/{from}..{to}",
            diff,
            f"What turns one version of a {name} into another; times, as asOf takes them, stand for versions too",
            reply=Diff,
            query=("asOf",),
        )
        yield route(
            "POST",
            place + "/versions/{version}/revert",
            revert,
            f"Make a {name} say again what a version said",
            reply=declared.entity,
            query=("leaveOut",),
        )


def log_routes() -> Iterator[Route]:
    """The route of the log."""
    yield Route(
        method="GET",
        pattern="/api/v1/log",
        endpoint=log,
        summary="Who changed what, newest first",
        reply=Log,
        query=("user", "type", "entity", "field", "majorOnly", "since", "until", "limit", "after"),
    )


def diff(call: Call) -> Response:
    """What turns one state into another."""
    first, last = call.parameters["from"], call.parameters["to"]
    return render(call.catalog.diff(call.type, call.key, first, last, call.plain_view()))


def revert(call: Call) -> Response:
    """An entity that says again what it said."""
    leave_out = call.query.flag("leaveOut")
    version = call.parameters["version"]
    return written(call.catalog.revert(call.type, call.key, version, leave_out, call.write()))


def log(call: Call) -> Response:
    """The changes that the parameters leave. ``type`` is a list with commas, ``entity`` an FQN or id of one type."""
    query = call.query
    types = tuple(_type(call, word) for word in (query.get("type") or "").split(",") if word.strip())
    entity = query.get("entity")
    if entity and len(types) != 1:
        raise InvalidEntity("entity: the one type that it has is needed as type")
    question = LogQuestion(
        since=query.get("since") or None,
        until=query.get("until") or None,
        before=query.whole("after", 2**62, 0, 2**62),
        limit=query.whole("limit", 100, 1, 10_000),
        user=query.get("user") or None,
        types=types,
        entity=(types[0], Key.either(entity)) if entity else None,
        field=query.get("field") or None,
        major=query.flag("majorOnly"),
    )
    return render(call.catalog.log(question, call.plain_view()))


def _type(call: Call, word: str) -> str:
    declared = call.catalog.registry.find(word.strip())
    if declared is None:
        raise InvalidEntity(f"type: there is no type of entity called {word.strip()}")
    return declared.name
