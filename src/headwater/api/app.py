# SPDX-License-Identifier: Apache-2.0
"""The application: one request in, one response out, on any thread."""

import logging
import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from headwater.api import (
    absent,
    alerts,
    around,
    checks,
    drift,
    entities,
    governance,
    history,
    lineage,
    openlineage,
    search,
    series,
    settings,
    system,
    usage,
)
from headwater.api.auth import Authenticator
from headwater.api.fitting import fitted
from headwater.api.http import Query, Request, Response, render_error
from headwater.api.routes import Call, Route, Routed, Router
from headwater.catalog.access import ADMIN
from headwater.catalog.service import Catalog
from headwater.errors import CatalogError, RequestRefused, StoreError
from headwater.schema.since import NEWEST, version_of
from headwater.settings import Settings

log = logging.getLogger("headwater")

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class Application:
    """The catalogue's HTTP interface, without a server. ``trusted`` callers (embedded use) need no token."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self.catalog = catalog
        self.settings = settings
        self.router = Router(self._routes(), absent.paths(catalog.registry))
        self._clients = version_of(settings.openmetadata_version)
        self._authenticator = Authenticator(settings.auth_secret)
        self._hosts = LOOPBACK | {host.strip().lower() for host in settings.allowed_hosts.split(",") if host.strip()}
        self._metrics = Metrics()

    def _routes(self) -> list[Route]:
        own = [
            Route(
                method="GET",
                pattern="/metrics",
                endpoint=self._metrics_page,
                summary="Prometheus metrics",
                reply="Text",
            ),
            Route(
                method="GET",
                pattern="/openapi.json",
                endpoint=self._description,
                summary="This description",
                open=True,
                reply="Object",
            ),
        ]
        shared = [*own, *system.routes(), *lineage.routes(), *usage.routes(), *settings.routes()]
        shared += [*governance.routes(), *drift.routes(), *search.routes(), *openlineage.routes()]
        shared += [*history.log_routes(), *alerts.routes(), *checks.routes()]
        each = [
            route
            for declared in self.catalog.registry
            for path in (declared.collection, *declared.aliases)
            for part in (entities, history, around, series)
            for route in part.routes(declared, path)
        ]
        return shared + each

    def route(self, request: Request) -> Routed | CatalogError:
        """Where a request goes, or why it goes nowhere."""
        try:
            self._check_host(request.headers)
            return self.router.match(request)
        except CatalogError as error:
            return error

    def is_quick(self, request: Request, routed: Routed | CatalogError) -> bool:
        """Whether a request is so short a read that it may be answered on the event loop."""
        if isinstance(routed, CatalogError):
            return True
        return routed[0].quick and self.catalog.database.inline_reads and "asOf=" not in request.query

    def handle(self, request: Request, trusted: bool = False) -> Response:
        """Answer a request; errors are answers too."""
        return self.answer(request, self.route(request), trusted)

    def answer(self, request: Request, routed: Routed | CatalogError, trusted: bool = False) -> Response:
        """Answer a request whose route is known."""
        started = time.perf_counter()
        pattern = "unmatched"
        try:
            if isinstance(routed, CatalogError):
                raise routed
            route, parameters = routed
            pattern = route.pattern
            response = route.endpoint(self._call(request, route, parameters, trusted))
            if self._clients < NEWEST:
                fitted(response, route, self._clients)
        except CatalogError as error:
            if isinstance(error, StoreError):
                log.error("%s %s: %s", request.method, request.path, error, exc_info=error)
            response = render_error(error)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            response = render_error(StoreError("the server failed to answer; its log says why"))
        self._metrics.observe(request.method, pattern, response.status, time.perf_counter() - started)
        return response

    def _call(self, request: Request, route: Route, parameters: dict[str, str], trusted: bool) -> Call:
        free = route.open or (trusted and "authorization" not in request.headers)
        principal = ADMIN if free else self._authenticator.principal(request.headers)
        host = request.headers.get("host")
        return Call(
            request=request,
            catalog=self.catalog,
            settings=self.settings,
            principal=principal,
            parameters=parameters,
            query=Query(request.query),
            base=f"http://{host}" if host else None,
            declared=route.declared,
        )

    def _check_host(self, headers: Mapping[str, str]) -> None:
        """Refuse what a web page could send: a name that was bound to our address, or a page of another origin."""
        host = headers.get("host")
        if host is None:
            return
        if _host_name(host) not in self._hosts:
            raise RequestRefused(f"the host {host} is not served here; HEADWATER_ALLOWED_HOSTS can name it", status=403)
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise RequestRefused(f"requests from pages of {origin} are not answered", status=403)

    def _metrics_page(self, call: Call) -> Response:
        return Response(200, self._metrics.page(), content_type=CONTENT_TYPE_LATEST)

    def _description(self, call: Call) -> Response:
        from headwater.api.openapi import describe

        return Response(200, describe(self.router.routes))


def _host_name(host: str) -> str:
    """The name in a Host header, without the port."""
    host = host.lower()
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


class Metrics:
    """How many requests there were and how long they took, by route and status."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("headwater_requests", "Requests answered", labels, registry=self._registry)
        self._seconds = Histogram(
            "headwater_request_seconds",
            "Time to answer a request",
            ("method", "route"),
            registry=self._registry,
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, method: str, pattern: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = method, pattern, status
        known = self._known.get(key)
        if known is None:
            known = self._requests.labels(method, pattern, str(status)), self._seconds.labels(method, pattern)
            self._known[key] = known
        known[0].inc()
        known[1].observe(seconds)

    def page(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)
