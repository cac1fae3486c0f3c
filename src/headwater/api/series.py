# SPDX-License-Identifier: Apache-2.0
"""Facts that pile up beside documents: the paths that follow from the series of a declaration."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headwater.api.entities import body_object, written
from headwater.api.http import Response, parse_json, render
from headwater.api.routes import Call, Route, maker
from headwater.errors import InvalidEntity
from headwater.schema.declare import EntityType, TimeSeries
from headwater.schema.registry import wire_members

SPAN = ("startTs", "endTs", "limit", "after", "asOf")


def routes(declared: EntityType, collection: str) -> Iterator[Route]:
    """The routes of a type's series. ``{id}`` may be an FQN there, as OpenMetadata's clients have it."""
    together = {name for series in declared.series if series.request for name in wire_members(series.request)}
    for series in declared.series:
        paths = _Paths(declared, collection, series)
        if series.above:
            yield from paths.routes(f"/{series.name}/{{fqn}}", "POST")
            continue
        alone = series.request is not None or series.name not in together
        for place in ("/{id}", "/name/{fqn}"):
            yield from paths.routes(f"{place}/{series.name}", "PUT" if alone else None)


@dataclass(frozen=True, slots=True)
class _Paths:
    """The endpoints of one series."""

    declared: EntityType
    collection: str
    series: TimeSeries

    def routes(self, place: str, add: str | None) -> Iterator[Route]:
        """The routes at one place; ``add`` is the method by which entries are recorded there, if they are."""
        route, entity, series = maker(self.declared, self.collection), self.declared.entity, self.series
        what = f"{series.name} of a {self.declared.name}"
        if add == "PUT":
            body = series.request or series.entry
            yield route("PUT", place, self.put, f"Record {what}", body=body, reply=entity)
        elif add:
            yield route(add, place, self.post, f"Record {what}", body=series.entry, reply=series.entry, status=201)
        if not series.key:
            yield route("GET", place, self.shown, f"Get the {what}", reply=entity, query=("asOf",))
            yield route("DELETE", place, self.delete, f"Erase the {what}", reply=entity)
            return
        yield route("GET", place, self.list, f"List the {what}", reply="Entries", query=SPAN)
        if add == "PUT" and series.request is None:
            yield route("PUT", place + "/bulk", self.put_many, f"Record many {what}", body="Bulk", reply=entity)
        if series.member:
            yield route("GET", place + "/latest", self.shown, f"Get the newest {what}", reply=entity, query=("asOf",))
        if len(series.key) == 1 and not series.child:
            one = place + "/{key}"
            yield route("GET", one, self.get, f"Get one of the {what}", reply=series.entry, query=("asOf",))
            yield route("DELETE", one, self.delete, f"Delete one of the {what}", reply=entity)

    def put(self, call: Call) -> Response:
        """Entries are recorded; the entity shows them."""
        return written(call.catalog.add_entries(call.type, self.series, call.either, body_object(call), call.write()))

    def put_many(self, call: Call) -> Response:
        """A list of entries is recorded."""
        body = parse_json(call.request)
        if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
            raise InvalidEntity("the body must be a list of objects")
        return written(call.catalog.add_entries(call.type, self.series, call.either, body, call.write()))

    def post(self, call: Call) -> Response:
        """An entry is recorded, and given back."""
        body = body_object(call)
        outcome = call.catalog.add_entries(call.type, self.series, call.either, body, call.write())
        return render(body, 201, {"X-OpenMetadata-Change": outcome.event})

    def list(self, call: Call) -> Response:
        """Entries between two moments, newest first; the cursor is the number of those before it."""
        start, end = (call.query.whole(name, default, 0, 2**62) for name, default in (("startTs", 0), ("endTs", 2**62)))
        limit, offset = call.query.whole("limit", 1000, 0, 1_000_000), call.query.whole("after", 0, 0, 2**62)
        span = start, end, limit, offset
        data, total = call.catalog.entries(call.type, self.series, call.either, span, call.plain_view())
        following = offset + len(data)
        paging: dict[str, Any] = {"total": total}
        if data and following < total:
            paging["after"] = str(following)
        return render({"data": data, "paging": paging})

    def get(self, call: Call) -> Response:
        """One entry."""
        key = call.parameters["key"]
        return render(call.catalog.entry(call.type, self.series, call.either, key, call.plain_view()))

    def shown(self, call: Call) -> Response:
        """The entity with its newest entries."""
        return render(call.catalog.with_entries(call.type, self.series, call.either, call.view()))

    def delete(self, call: Call) -> Response:
        """An entry, or all that the series holds, is gone."""
        key = call.parameters.get("key")
        return written(call.catalog.remove_entry(call.type, self.series, call.either, key, call.write()))
