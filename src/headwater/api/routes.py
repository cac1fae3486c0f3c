# SPDX-License-Identifier: Apache-2.0
"""Which request goes where. Paths are matched segment by segment before they are percent-decoded: an FQN may hold
slashes, as ``%2F``. A literal segment counts before a parameter, and two parameters with ``..`` between them count
before one."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel

from headwater.api.http import Query, Request, Response
from headwater.catalog.access import Principal
from headwater.catalog.context import Key
from headwater.catalog.reading import Include, View
from headwater.catalog.recording import Write
from headwater.catalog.service import Catalog
from headwater.errors import InvalidEntity, RequestRefused
from headwater.schema.declare import EntityType
from headwater.settings import Settings

COURTESY = re.compile(r"&include=(all|deleted|non-deleted)$")
"""OpenMetadata's client pastes this to the path when it asks for ``include`` without ``fields``."""


@dataclass(slots=True)
class Call:
    """One request on its way through an endpoint."""

    request: Request
    catalog: Catalog
    settings: Settings
    principal: Principal
    parameters: dict[str, str]
    query: Query
    base: str | None
    declared: EntityType | None = None

    @property
    def type(self) -> EntityType:
        """The entity type of the route."""
        assert self.declared is not None
        return self.declared

    @property
    def key(self) -> Key:
        """The entity that the path names, by id or FQN."""
        return Key.fqn(self.parameters["fqn"]) if "fqn" in self.parameters else Key.id(self.parameters["id"])

    @property
    def either(self) -> Key:
        """The entity that the path names by id or by FQN, where OpenMetadata tells the two apart by their looks."""
        if "fqn" in self.parameters:
            return self.key
        return Key.either(self.parameters["id"])

    def view(self, shown: EntityType | None = None) -> View:
        """How the caller wants to see entities, of the route's type or another."""
        fields = self.query.get("fields")
        chosen = None if fields is None else self.catalog.fields(shown or self.type, fields.split(","))
        include: Any = self.query.one_of("include", ("non-deleted", "deleted", "all"))
        return View(
            fields=chosen,
            include=include,
            as_of=self.query.get("asOf"),
            base=self.base,
            secrets=self.principal.is_bot,
        )

    def plain_view(self, include: Include = "all") -> View:
        """The moment and the links that the caller wants, where entities are only referred to.

        ``include`` is what is meant where the caller does not say.
        """
        choices = tuple(dict.fromkeys((include, "non-deleted", "deleted", "all")))
        asked: Any = self.query.one_of("include", choices)
        return View(include=asked, as_of=self.query.get("asOf"), base=self.base)

    def part(self, default: int = 10) -> tuple[int, int]:
        """The limit and the offset of a list without cursors."""
        return self.query.whole("limit", default, 0, 1_000_000), self.query.whole("offset", 0, 0, 2**62)

    def write(self) -> Write:
        """How the caller makes a change."""
        return Write(
            principal=self.principal,
            view=View(base=self.base),
            if_match=self.request.headers.get("if-match"),
            override=self.query.flag("overrideMetadata"),
        )


Endpoint = Callable[[Call], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. ``pattern`` has parameters in braces; ``quick``: a short indexed read.

    ``body`` and ``reply`` are the models for OpenAPI (None: no body), ``query`` the names of the parameters it reads,
    ``also`` the statuses that it answers with besides ``status`` and those of errors that any may meet.
    """

    method: str
    pattern: str
    endpoint: Endpoint
    summary: str
    declared: EntityType | None = None
    quick: bool = False
    open: bool = False
    body: type[BaseModel] | str | None = None
    reply: type[BaseModel] | str | None = None
    status: int = 200
    query: tuple[str, ...] = ()
    also: tuple[int, ...] = ()


Routed = tuple[Route, dict[str, str]]
"""The route of a request, and the parameters in its path."""


def maker(declared: EntityType, collection: str) -> Callable[..., Route]:
    """What makes the routes of a type under a path: of (method, path below that, endpoint, summary)."""

    def make(method: str, tail: str, endpoint: Endpoint, summary: str, **more: Any) -> Route:
        pattern = f"/api/v1/{collection}{tail}"
        return Route(method=method, pattern=pattern, endpoint=endpoint, summary=summary, declared=declared, **more)

    return make


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: tuple[str, "_Node"] | None = None
    span: tuple[str, str, "_Node"] | None = None
    """Two parameters with ``..`` between them: ``{from}..{to}``."""
    routes: dict[str, Route] = field(default_factory=dict)
    absent: str | None = None


class Router:
    """Finds the route of a request. ``absent``: paths that there are elsewhere, by segments, and why not here."""

    def __init__(self, routes: Iterable[Route], absent: Iterable[tuple[list[str], str]] = ()) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for route in self.routes:
            self._add(route)
        for segments, reason in absent:
            self._add_absent(segments, reason)

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.pattern.strip("/").split("/"):
            if "}..{" in segment:
                first, last = segment[1:-1].split("}..{")
                node.span = node.span or (first, last, _Node())
                node = node.span[2]
            elif segment.startswith("{"):
                if node.parameter is None:
                    node.parameter = (segment[1:-1], _Node())
                if node.parameter[0] != segment[1:-1]:
                    raise ValueError(f"{route.pattern}: {segment} is called {node.parameter[0]} elsewhere")
                node = node.parameter[1]
            else:
                node = node.literals.setdefault(segment, _Node())
        if route.method in node.routes:
            raise ValueError(f"two routes for {route.method} {route.pattern}")
        node.routes[route.method] = route

    def _add_absent(self, segments: Iterable[str], reason: str) -> None:
        node = self._root
        for segment in segments:
            if segment == "*":
                node.parameter = node.parameter or ("any", _Node())
                node = node.parameter[1]
            else:
                node = node.literals.setdefault(segment, _Node())
        node.absent = reason

    def match(self, request: Request) -> Routed:
        """The route and its parameters; ``RequestRefused`` with 404, 405 or 501 names what there is not."""
        path = request.path
        if "&include=" in path and (found := COURTESY.search(path)):
            path = path[: found.start()]
            request.query = f"include={found.group(1)}" + (f"&{request.query}" if request.query else "")
        segments = path.strip("/").split("/")
        parameters: dict[str, str] = {}
        node = self._descend(self._root, segments, 0, parameters)
        if node is None:
            raise RequestRefused(f"there is nothing at {request.method} {path}", status=404)
        method = "GET" if request.method == "HEAD" else request.method
        route = node.routes.get(method)
        if route is None and node.absent is not None:
            raise RequestRefused(f"Headwater does not have {request.method} {path}. {node.absent}", status=501)
        if route is None:
            allowed = ", ".join(sorted(node.routes))
            raise RequestRefused(f"{request.method} is not possible on {path}, only {allowed}", status=405)
        return route, parameters

    def _descend(self, node: _Node, segments: list[str], index: int, parameters: dict[str, str]) -> _Node | None:
        """The node of a path: what is said of a literal segment, also that it is absent, counts before a parameter."""
        if index == len(segments):
            return node if node.routes or node.absent else None
        segment = segments[index]
        if (literal := node.literals.get(segment)) and (
            found := self._descend(literal, segments, index + 1, parameters)
        ):
            return found
        if node.span is not None and ".." in segment:
            first, last, following = node.span
            if found := self._descend(following, segments, index + 1, parameters):
                parameters[first], _, parameters[last] = _decoded(segment).partition("..")
                return found
        if node.parameter is not None:
            name, following = node.parameter
            found = self._descend(following, segments, index + 1, parameters)
            if found is not None:
                parameters[name] = _decoded(segment)
                return found
        return node if node.absent else None


def _decoded(segment: str) -> str:
    if "%" not in segment:
        return segment
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise InvalidEntity(f"{segment} is not percent-encoded UTF-8") from None
