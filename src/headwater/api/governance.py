# SPDX-License-Identifier: Apache-2.0
"""Governance over HTTP: what reaches what and what changes do, with proof. OpenMetadata has no paths like these."""

from collections.abc import Iterator

from headwater.api.http import Response, parse_json, render
from headwater.api.routes import Call, Route
from headwater.catalog.context import checked
from headwater.catalog.governance import STATES, ReachQuestion, TagsQuestion
from headwater.catalog.impact import ImpactQuestion
from headwater.catalog.lineage import End
from headwater.catalog.suggestions import SuggestionsQuestion
from headwater.errors import InvalidEntity
from headwater.schema.governance import (
    CONSUMERS,
    MODELS,
    ImpactReply,
    ImpactRequest,
    ReachReply,
    Selection,
    UnreadReply,
)
from headwater.schema.suggestions import SuggestionsReply
from headwater.transformation import Transformation

ROOT = "/api/v1/governance"
FAR = ("type", "tier", "domain", "owner", "service")


def routes() -> Iterator[Route]:
    """The routes of governance."""
    yield Route(
        method="GET",
        pattern=f"{ROOT}/reach",
        endpoint=reach,
        summary="What a tag, a column or an entity reaches, with the paths that prove it",
        reply=ReachReply,
        query=(
            *("tag", "column", "entity", "entityType", *FAR, "certainty", "stop", "policy", "accepted"),
            *("suggested", "subgraph"),
            *("include", "asOf", "limit", "after", "maxNodes"),
        ),
    )
    yield Route(
        method="POST",
        pattern=f"{ROOT}/impact",
        endpoint=impact,
        summary="What planned changes would break, change or tag, with the paths that prove it",
        body=ImpactRequest,
        reply=ImpactReply,
        query=(*FAR, "include", "asOf", "limit", "after", "maxNodes"),
    )
    yield Route(
        method="GET",
        pattern=f"{ROOT}/unread",
        endpoint=unread,
        summary="The views of whose SQL something was not understood",
        reply=UnreadReply,
        query=("asOf",),
    )
    yield Route(
        method="GET",
        pattern=f"{ROOT}/suggestions",
        endpoint=suggestions,
        summary="The suggested labels that nobody has confirmed or rejected yet",
        reply=SuggestionsReply,
        query=("tag", "entity", "asOf", "limit", "after"),
    )
    for place, how in (("/{type}/{id}", "id"), ("/{type}/name/{fqn}", "name")):
        yield Route(
            method="GET",
            pattern=f"{ROOT}/tags{place}",
            endpoint=tags,
            summary=f"The tags that reach an entity, or one field of it, by {how}, with the paths that prove it",
            reply=ReachReply,
            query=("field", "stop", "policy", "suggested", "include", "asOf", "maxNodes"),
        )


def reach(call: Call) -> Response:
    """What is reached. ``type`` and ``stop`` are lists with commas."""
    query = call.query
    entity = query.get("entity")
    question = ReachQuestion(
        tag=query.get("tag"),
        column=query.get("column"),
        entity=(query.get("entityType") or "table", entity) if entity else None,
        far=_far(call, MODELS),
        certainty="column" if query.one_of("certainty", ("table", "column")) == "column" else None,
        stops=_stops(call),
        policy=query.flag("policy", unless_said=True),
        accepted=query.flag("accepted", unless_said=True),
        suggested=query.flag("suggested"),
        subgraph=query.flag("subgraph"),
        limit=query.whole("limit", 100, 0, 100_000),
        after=query.whole("after", 0, 0, 2**31),
        cap=_cap(call),
    )
    return render(call.catalog.reach(question, call.plain_view("non-deleted")))


def impact(call: Call) -> Response:
    """What changes would do. Nothing is written."""
    request = checked(ImpactRequest, parse_json(call.request))
    question = ImpactQuestion(
        changes=request.changes,
        far=_far(call, CONSUMERS),
        limit=call.query.whole("limit", 100, 0, 100_000),
        after=call.query.whole("after", 0, 0, 2**31),
        cap=_cap(call),
    )
    return render(call.catalog.impact(question, call.plain_view("non-deleted")))


def unread(call: Call) -> Response:
    """Which views are not known in full."""
    found = call.catalog.unread(call.plain_view())
    return render({"data": found, "paging": {"total": len(found)}})


def suggestions(call: Call) -> Response:
    """Which labels wait for somebody to decide."""
    question = SuggestionsQuestion(
        tag=call.query.get("tag"),
        entity=call.query.get("entity"),
        limit=call.query.whole("limit", 100, 0, 100_000),
        after=call.query.whole("after", 0, 0, 2**31),
    )
    return render(call.catalog.suggestions(question, call.plain_view()))


def tags(call: Call) -> Response:
    """Which tags reach an entity."""
    question = TagsQuestion(
        field=call.query.get("field"),
        stops=_stops(call),
        policy=call.query.flag("policy", unless_said=True),
        suggested=call.query.flag("suggested"),
        cap=_cap(call),
    )
    end = End(call.parameters["type"], call.key)
    return render(call.catalog.tags_reaching(end, question, call.plain_view("non-deleted")))


def _far(call: Call, unless_said: Selection) -> Selection:
    """Which entities are answered with."""
    picked = {member: call.query.get(member) for member in FAR[1:]}
    text = call.query.get("type")
    return Selection(types=_types(call, text) if text else unless_said.types, **picked)


def _types(call: Call, text: str) -> tuple[str, ...]:
    if text == "*":
        return tuple(declared.name for declared in call.catalog.registry)
    types = []
    for word in text.split(","):
        declared = call.catalog.registry.find(word.strip())
        if declared is None:
            raise InvalidEntity(f"type: there is no type of entity called {word.strip()}")
        types.append(declared.name)
    return tuple(types)


def _stops(call: Call) -> tuple[str, ...]:
    words = tuple(word.strip().upper() for word in (call.query.get("stop") or "").split(",") if word.strip())
    if unknown := [word for word in words if word not in set(Transformation)]:
        raise InvalidEntity(f"stop: {unknown[0]} is no transformation; there are {', '.join(Transformation)}")
    return words


def _cap(call: Call) -> int:
    return call.query.whole("maxNodes", STATES, 1, 10 * STATES)
