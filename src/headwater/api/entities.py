# SPDX-License-Identifier: Apache-2.0
"""The operations that every entity type has, derived from its declaration."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson

from headwater.api.http import Response, parse_json, render
from headwater.api.routes import Call, Route
from headwater.catalog.context import Key
from headwater.catalog.reading import Page, PageRequest
from headwater.catalog.writing import Outcome
from headwater.errors import InvalidEntity
from headwater.schema.declare import FOLLOWERS, SOFT_DELETE, Addition, EntityType, Inverse

WARNING = "X-Headwater-Warning"
"""The header with what a write accepted but found odd: a JSON list of texts, in ASCII."""

READ = ("fields", "include", "asOf")


def routes(declared: EntityType, collection: str) -> Iterator[Route]:
    """The routes of one entity type, under its own path or another one that clients know it by."""
    root = f"/api/v1/{collection}"
    entity, create, name = declared.entity, declared.create, declared.name

    def route(method: str, tail: str, endpoint: Any, summary: str, **more: Any) -> Route:
        return Route(method=method, pattern=root + tail, endpoint=endpoint, summary=summary, declared=declared, **more)

    filters = tuple(filter_.name for filter_ in declared.filters)
    page = ("limit", "after", "before", *READ, *filters)
    yield route("GET", "", list_, f"List {name} entities", reply="EntityList", query=page)
    yield route("POST", "", create_, f"Create a {name}", body=create, reply=entity, status=201)
    yield route("PUT", "", upsert, f"Create or update a {name}", body=create, reply=entity, query=("overrideMetadata",))
    yield route(
        "PUT",
        "/bulk",
        bulk,
        f"Create or update many {name} entities",
        body="Bulk",
        reply="BulkResult",
        query=("overrideMetadata",),
    )
    if declared.has(SOFT_DELETE):
        yield route("PUT", "/restore", restore, f"Restore a deleted {name}", body="RestoreEntity", reply=entity)
    for place, how in (("/{id}", "id"), ("/name/{fqn}", "fully qualified name")):
        yield route("GET", place, get, f"Get a {name} by {how}", reply=entity, query=READ, quick=True)
        if declared.takes:
            summary = f"Add or replace one of the {declared.takes} of a {name}"
            yield route("PUT", place, put_item, summary, body="Object", reply=entity)
        yield route("PATCH", place, patch, f"Change a {name} by JSON Patch", body="JsonPatch", reply=entity)
        yield route(
            "DELETE", place, delete, f"Delete a {name} by {how}", reply=entity, query=("recursive", "hardDelete")
        )
        yield route(
            "GET",
            f"{place}/versions",
            versions,
            f"List the versions of a {name}",
            reply="EntityHistory",
            query=("include", "asOf"),
        )
        yield route(
            "GET",
            place + "/versions/{version}",
            version,
            f"Get a version of a {name}",
            reply=entity,
            query=("include", "asOf"),
        )
        for addition in declared.additions:
            yield route(
                "PUT",
                f"{place}/{addition.path}",
                partial(add, addition=addition),
                f"Add to the {addition.member} of a {name}",
                body="Items",
                reply=entity,
            )
        for inverse in declared.inverses:
            if inverse.paged:
                yield route(
                    "GET",
                    f"{place}/{inverse.field}",
                    partial(inverse_list, inverse=inverse),
                    f"List the {inverse.field} of a {name}",
                    reply="EntityList",
                    query=("limit", "offset", *READ),
                )
        if declared.has(FOLLOWERS):
            yield route("PUT", f"{place}/followers", follow, f"Follow a {name}", body="UserId", reply="ChangeEvent")
            yield route(
                "DELETE", place + "/followers/{user}", unfollow, f"No longer follow a {name}", reply="ChangeEvent"
            )


def list_(call: Call) -> Response:
    """A page of a collection."""
    request = PageRequest(
        limit=call.query.whole("limit", 10, 0, 1_000_000),
        after=call.query.get("after"),
        before=call.query.get("before"),
        filters=call.query.values,
    )
    page = call.catalog.page(call.type, request, call.view())
    paging: dict[str, Any] = {"total": page.total}
    if page.after:
        paging["after"] = page.after
    if page.before:
        paging["before"] = page.before
    return _page(page, paging)


def _page(page: Page, paging: dict[str, Any]) -> Response:
    return Response(200, b'{"data":[%b],"paging":%b}' % (b",".join(page.bodies), orjson.dumps(paging)))


def inverse_list(call: Call, inverse: Inverse) -> Response:
    """A page of the entities that refer to one."""
    limit = call.query.whole("limit", 10, 0, 1_000_000)
    offset = call.query.whole("offset", 0, 0, sys.maxsize)
    view = call.view(call.catalog.registry[inverse.of])
    page = call.catalog.inverse(call.type, call.key, inverse, limit, offset, view)
    return _page(page, {"total": page.total, "offset": offset, "limit": limit})


def get(call: Call) -> Response:
    """One entity."""
    found = call.catalog.get(call.type, call.key, call.view())
    return Response(200, found.body, {"ETag": f'"{found.revision}"'})


def create_(call: Call) -> Response:
    """A new entity."""
    outcome = call.catalog.create(call.type, _object(call), call.write())
    response = _written(outcome, 201)
    if call.base is not None:
        response.headers["Location"] = f"{call.base}/api/v1/{call.type.collection}/{outcome.id}"
    return response


def upsert(call: Call) -> Response:
    """A new or updated entity."""
    outcome = call.catalog.upsert(call.type, _object(call), call.write())
    return _written(outcome, 201 if outcome.created else 200)


def bulk(call: Call) -> Response:
    """Many new or updated entities."""
    requests = parse_json(call.request)
    if not isinstance(requests, list) or not all(isinstance(one, dict) for one in requests):
        raise InvalidEntity("the body must be a list of objects")
    return render(call.catalog.bulk_upsert(call.type, requests, call.write()))


def patch(call: Call) -> Response:
    """An entity changed by a JSON Patch."""
    operations = patch_operations(call)
    return _written(call.catalog.patch(call.type, call.key, operations, call.write()))


def add(call: Call, addition: Addition) -> Response:
    """An entity with more items in one of its lists."""
    items = parse_json(call.request)
    if not isinstance(items, list):
        raise InvalidEntity("the body must be a list of what is to be added")
    return _written(call.catalog.add(call.type, call.key, addition.member, items, call.write()))


def put_item(call: Call) -> Response:
    """An entity with one more item in a list, or a changed one."""
    return _written(call.catalog.put_item(call.type, call.key, _object(call), call.write()))


def delete(call: Call) -> Response:
    """A deleted entity."""
    recursive, hard = call.query.flag("recursive"), call.query.flag("hardDelete")
    return _written(call.catalog.delete(call.type, call.key, call.write(), recursive, hard))


def restore(call: Call) -> Response:
    """A restored entity."""
    body = _object(call)
    if not isinstance(body.get("id"), str):
        raise InvalidEntity("id: the id of the entity to restore is needed")
    return _written(call.catalog.restore(call.type, Key.id(body["id"]), call.write()))


def versions(call: Call) -> Response:
    """All versions, as JSON texts inside JSON, newest first."""
    found = call.catalog.versions(call.type, call.key, _any_state(call))
    return render({"entityType": call.type.name, "versions": [orjson.dumps(each).decode() for each in found]})


def version(call: Call) -> Response:
    """One version."""
    return render(call.catalog.version(call.type, call.key, call.parameters["version"], _any_state(call)))


def _any_state(call: Call) -> Any:
    """History is shown of deleted entities too."""
    return call.plain_view()


def follow(call: Call) -> Response:
    """A user follows the entity."""
    text = call.request.body.decode(errors="replace").strip().strip('"')
    return _followed(call, text, follows=True)


def unfollow(call: Call) -> Response:
    """A user no longer follows the entity."""
    return _followed(call, call.parameters["user"], follows=False)


def _followed(call: Call, user: str, follows: bool) -> Response:
    event = call.catalog.follow(call.type, call.key, user, follows, call.write())
    return render(event, headers={"X-OpenMetadata-Change": "entityFieldsChanged"})


def _object(call: Call) -> dict[str, Any]:
    body = parse_json(call.request)
    if not isinstance(body, dict):
        raise InvalidEntity("the body must be a JSON object")
    return body


def patch_operations(call: Call) -> list[dict[str, Any]]:
    """The operations of a JSON Patch in the body."""
    operations = parse_json(call.request)
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise InvalidEntity("the body must be a JSON Patch: a list of operations")
    return operations


def _written(outcome: Outcome, status: int = 200) -> Response:
    headers = {"ETag": f'"{outcome.revision}"', "X-OpenMetadata-Change": outcome.event}
    if outcome.warnings:
        headers[WARNING] = json.dumps(outcome.warnings)
    return Response(status, outcome.body, headers)
