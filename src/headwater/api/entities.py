# SPDX-License-Identifier: Apache-2.0
"""The operations that every entity type has, derived from its declaration."""

import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import orjson

from headwater.api.http import Response, parse_json, render
from headwater.api.routes import Call, Route, maker
from headwater.catalog.context import Key
from headwater.catalog.identity import new_id
from headwater.catalog.reading import Page, PageRequest
from headwater.catalog.recording import Outcome
from headwater.errors import InvalidEntity
from headwater.schema.change import Comparison
from headwater.schema.declare import SOFT_DELETE, Addition, EntityType, Inverse

WARNING = "X-Headwater-Warning"
"""The header with what a write accepted but found odd: a JSON list of texts, in ASCII."""

READ = ("fields", "include", "asOf")
DELETE = ("recursive", "hardDelete")


def routes(declared: EntityType, collection: str) -> Iterator[Route]:
    """The routes of one entity type, under its own path or another one that clients know it by."""
    entity, create, name = declared.entity, declared.create, declared.name
    route = maker(declared, collection)
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
        query=("overrideMetadata", "async"),
    )
    yield route("DELETE", "/async/{id}", delete_later, f"Delete a {name}", reply="Job", status=202, query=DELETE)
    summary = f"Delete {name} entities that were not seen again"
    yield route("DELETE", "/deleteStale", delete_stale, summary, body="DeleteStale", reply="BulkResult")
    if declared.has(SOFT_DELETE):
        summary = f"Restore a deleted {name}"
        yield route(
            "PUT", "/restore", restore, summary, body="RestoreEntity", reply=entity, query=("async",), also=(202,)
        )
    summary, span = f"List the versions of {name} entities by time", ("startTs", "endTs", "limit", "after")
    yield route("GET", "/history", recorded, summary, reply="EntityList", query=span)
    for place, how in (("/{id}", "id"), ("/name/{fqn}", "fully qualified name")):
        yield route("GET", place, get, f"Get a {name} by {how}", reply=entity, query=READ, quick=True)
        if declared.takes:
            summary = f"Add or replace one of the {declared.takes} of a {name}"
            yield route("PUT", place, put_item, summary, body="Object", reply=entity)
        yield route("PATCH", place, patch, f"Change a {name} by JSON Patch", body="JsonPatch", reply=entity)
        yield route("DELETE", place, delete, f"Delete a {name} by {how}", reply=entity, query=DELETE)
        yield route(
            "GET",
            f"{place}/versions",
            versions,
            f"List the versions of a {name}",
            reply="EntityHistory",
            query=("limit", "offset", "asOf"),
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
            if addition.removable:
                yield route(
                    "DELETE",
                    f"{place}/{addition.path}/{{item}}",
                    partial(take_out, addition=addition),
                    f"Take one out of the {addition.member} of a {name}",
                    reply=entity,
                )
        if declared.compared:
            summary = f"What differs between a {name} and another one under the same parent"
            yield route(
                "GET", f"{place}/compare/{{other}}", compare, summary, reply=Comparison, query=("include", "asOf")
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
    outcome = call.catalog.create(call.type, body_object(call), call.write())
    response = written(outcome, 201)
    if call.base is not None:
        response.headers["Location"] = f"{call.base}/api/v1/{call.type.collection}/{outcome.id}"
    return response


def upsert(call: Call) -> Response:
    """A new or updated entity."""
    outcome = call.catalog.upsert(call.type, body_object(call), call.write())
    return written(outcome, 201 if outcome.created else 200)


def bulk(call: Call) -> Response:
    """Many new or updated entities."""
    requests = parse_json(call.request)
    if not isinstance(requests, list) or not all(isinstance(one, dict) for one in requests):
        raise InvalidEntity("the body must be a list of objects")
    return render(call.catalog.bulk_upsert(call.type, requests, call.write()))


def patch(call: Call) -> Response:
    """An entity changed by a JSON Patch."""
    operations = patch_operations(call)
    return written(call.catalog.patch(call.type, call.key, operations, call.write()))


def add(call: Call, addition: Addition) -> Response:
    """An entity with more items in one of its lists."""
    items = parse_json(call.request)
    if not isinstance(items, list):
        raise InvalidEntity("the body must be a list of what is to be added")
    return written(call.catalog.add(call.type, call.key, addition.member, items, call.write()))


def take_out(call: Call, addition: Addition) -> Response:
    """An entity with one text less in a list."""
    item = call.parameters["item"]
    return written(call.catalog.take_out(call.type, call.key, addition.member, item, call.write()))


def put_item(call: Call) -> Response:
    """An entity with one more item in a list, or a changed one."""
    return written(call.catalog.put_item(call.type, call.key, body_object(call), call.write()))


def delete(call: Call) -> Response:
    """A deleted entity."""
    recursive, hard = call.query.flag("recursive"), call.query.flag("hardDelete")
    return written(call.catalog.delete(call.type, call.key, call.write(), recursive, hard))


def delete_later(call: Call) -> Response:
    """A deletion that a caller does not want to wait for: no queue keeps it, so it is done at once."""
    recursive, hard = call.query.flag("recursive"), call.query.flag("hardDelete")
    outcome = call.catalog.delete(call.type, call.key, call.write(), recursive, hard)
    return _job(outcome, "deleted", {"hardDelete": hard, "recursive": recursive})


def _job(outcome: Outcome, what: str, more: dict[str, Any]) -> Response:
    """The answer about work that the caller did not want to wait for."""
    name = outcome.document["fullyQualifiedName"]
    body = {"jobId": new_id(), "message": f"{name} has been {what}", "entityName": name}
    return render(body | more, 202, {"X-OpenMetadata-Change": outcome.event})


def delete_stale(call: Call) -> Response:
    """What a connector did not see again is deleted."""
    return render(call.catalog.delete_stale(call.type, body_object(call), call.write()))


def restore(call: Call) -> Response:
    """A restored entity."""
    body = body_object(call)
    if not isinstance(body.get("id"), str):
        raise InvalidEntity("id: the id of the entity to restore is needed")
    outcome = call.catalog.restore(call.type, Key.id(body["id"]), call.write())
    return _job(outcome, "restored", {}) if call.query.flag("async") else written(outcome)


def versions(call: Call) -> Response:
    """The versions, as JSON texts inside JSON, newest first."""
    limit, offset = call.part(1_000_000)
    found = call.catalog.versions(call.type, call.key, _any_state(call), limit, offset)
    return render({"entityType": call.type.name, "versions": [orjson.dumps(each).decode() for each in found]})


def version(call: Call) -> Response:
    """One version."""
    return render(call.catalog.version(call.type, call.key, call.parameters["version"], _any_state(call)))


def compare(call: Call) -> Response:
    """What differs between two entities."""
    return render(call.catalog.compare(call.type, call.key, call.parameters["other"], call.plain_view("non-deleted")))


def recorded(call: Call) -> Response:
    """The versions of all entities between two moments, newest first; the cursor is a position."""
    start, end = (call.query.whole(name, default, 0, 2**62) for name, default in (("startTs", 0), ("endTs", 2**62)))
    limit, before = call.query.whole("limit", 10, 0, 10_000), call.query.whole("after", 2**62, 0, 2**62)
    data, total, following = call.catalog.recorded(call.type, start, end, before, limit, call.plain_view())
    paging: dict[str, Any] = {"total": total}
    if following is not None:
        paging["after"] = str(following)
    return render({"data": data, "paging": paging})


def _any_state(call: Call) -> Any:
    """History is shown of deleted entities too."""
    return call.plain_view()


def body_object(call: Call) -> dict[str, Any]:
    """The JSON object in the body."""
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


def written(outcome: Outcome, status: int = 200) -> Response:
    """What a write did to an entity."""
    headers = {"ETag": f'"{outcome.revision}"', "X-OpenMetadata-Change": outcome.event}
    return warned(Response(status, outcome.body, headers), outcome.warnings)


def warned(response: Response, warnings: Sequence[str]) -> Response:
    """A response that tells what was odd about the request."""
    if warnings:
        response.headers[WARNING] = json.dumps(warnings)
    return response
