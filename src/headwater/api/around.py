# SPDX-License-Identifier: Apache-2.0
"""What surrounds an entity: who follows and votes, its assets, the lists in it, members that are put alone."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from headwater.api.entities import body_object, written
from headwater.api.http import Response, render
from headwater.api.routes import Call, Route, maker
from headwater.schema.declare import FOLLOWERS, LABELS, VOTES, EntityType

PART = ("limit", "offset", "asOf")
PLACES = ("/{id}", "/name/{fqn}")


def routes(declared: EntityType, collection: str) -> Iterator[Route]:
    """The routes around the entities of one type."""
    route, name, entity = maker(declared, collection), declared.name, declared.entity
    for member in declared.put_alone:
        tail, what = f"/{{id}}/{member}", f"the {member} of a {name}"
        yield route("PUT", tail, partial(put_member, member), f"Set {what}", body="Object", reply=entity)
        yield route("DELETE", tail, partial(delete_member, member), f"Remove {what}", reply=entity)
    if declared.assets not in ("", LABELS):
        more = {"body": "BulkAssets", "reply": "BulkResult"}
        yield route("PUT", "/{id}/assets/add", add_assets, f"Add assets to a {name}", **more)
        yield route("PUT", "/{id}/assets/remove", remove_assets, f"Remove assets from a {name}", **more)
    for place in PLACES:
        if declared.has(VOTES):
            summary = f"Vote for or against a {name}"
            yield route("PUT", f"{place}/vote", vote, summary, body="Vote", reply="ChangeEvent")
        if declared.has(FOLLOWERS):
            user = place + "/followers/{user}"
            yield route("PUT", f"{place}/followers", follow, f"Follow a {name}", body="UserId", reply="ChangeEvent")
            yield route("DELETE", user, unfollow, f"No longer follow a {name}", reply="ChangeEvent")
        if declared.assets:
            summary = f"List the assets of a {name}"
            yield route("GET", f"{place}/assets", assets, summary, reply="ReferenceList", query=PART)
        yield from _lists(declared, collection, place)


def _lists(declared: EntityType, collection: str, place: str) -> Iterator[Route]:
    route, name = maker(declared, collection), declared.name
    for field in (child.field for child in declared.children if child.is_field and "." not in child.field):
        more = {"reply": "Entries", "query": ("fields", "include", *PART)}
        yield route("GET", f"{place}/{field}", partial(parts, field), f"List the {field} of a {name}", **more)


def follow(call: Call) -> Response:
    """A user follows the entity."""
    text = call.request.body.decode(errors="replace").strip().strip('"')
    return _followed(call, text, follows=True)


def unfollow(call: Call) -> Response:
    """A user no longer follows the entity."""
    return _followed(call, call.parameters["user"], follows=False)


def vote(call: Call) -> Response:
    """The caller votes for or against the entity."""
    kind = body_object(call).get("updatedVoteType", "unVoted")
    event = call.catalog.vote(call.type, call.key, kind, call.write())
    return render(event, headers={"X-OpenMetadata-Change": "entityFieldsChanged"})


def put_member(member: str, call: Call) -> Response:
    """One member is set, whatever the others are."""
    operations = [{"op": "add", "path": f"/{member}", "value": body_object(call)}]
    return written(call.catalog.patch(call.type, call.key, operations, call.write()))


def delete_member(member: str, call: Call) -> Response:
    """One member is gone, if it was there."""
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": f"/{member}", "value": None},
        {"op": "remove", "path": f"/{member}"},
    ]
    return written(call.catalog.patch(call.type, call.key, operations, call.write()))


def parts(field: str, call: Call) -> Response:
    """A page of the entity's columns, features or the like."""
    limit, offset = call.part(50)
    found = call.catalog.get(call.type, call.key, call.view()).document.get(field) or []
    paging = {"total": len(found), "offset": offset, "limit": limit}
    return render({"data": found[offset : offset + limit], "paging": paging})


def assets(call: Call) -> Response:
    """A page of what the entity is on, or answers for."""
    limit, offset = call.part()
    data, total = call.catalog.assets(call.type, call.key, limit, offset, call.plain_view())
    return render({"data": data, "paging": {"total": total, "offset": offset, "limit": limit}})


def add_assets(call: Call) -> Response:
    """Assets get the entity as their owner, domain or the like."""
    return render(call.catalog.change_assets(call.type, call.either, body_object(call), True, call.write()))


def remove_assets(call: Call) -> Response:
    """Assets lose the entity as their owner, domain or the like."""
    return render(call.catalog.change_assets(call.type, call.either, body_object(call), False, call.write()))


def _followed(call: Call, user: str, follows: bool) -> Response:
    event = call.catalog.follow(call.type, call.key, user, follows, call.write())
    return render(event, headers={"X-OpenMetadata-Change": "entityFieldsChanged"})
