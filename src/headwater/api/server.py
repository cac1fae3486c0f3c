# SPDX-License-Identifier: Apache-2.0
"""Running the application as a server."""

import gc
import ipaddress
import sys
from contextlib import suppress
from typing import Any

import uvicorn

from headwater.api.app import Application
from headwater.api.asgi import Edge
from headwater.errors import CatalogError

NOT_STARTED = 3
"""The exit code of a server that could not start."""

SWITCH_INTERVAL = 0.0005
"""Seconds after which a busy thread lets another one run: readers on the event loop wait for writers' threads."""

OPTIONS: dict[str, Any] = {
    "log_level": "warning",
    "access_log": False,
    "server_header": False,
    "date_header": False,
    "lifespan": "on",
    "proxy_headers": False,
    "timeout_graceful_shutdown": 10,
}
"""How uvicorn runs; the benchmarks measure what it can do at most under the same."""


def check_address(host: str, authenticated: bool) -> None:
    """Refuse to listen where others can reach the catalogue while nobody has to show who they are."""
    if not authenticated and not is_loopback(host):
        raise CatalogError(
            f"{host} can be reached from other machines, and no authentication is configured: set "
            "HEADWATER_AUTH_SECRET (32 characters or more) or listen on 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run(application: Application) -> None:
    """Serve until interrupted."""
    settings = application.settings
    check_address(settings.host, settings.auth_secret is not None)
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.collect()
    gc.freeze()  # What is there now stays: walking through it again and again would hold up requests.
    edge = Edge(application)
    server = _Server(uvicorn.Config(edge, host=settings.host, port=settings.port, **OPTIONS), edge)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(NOT_STARTED)


class _Server(uvicorn.Server):
    """A server that ends its streams before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, edge: Edge) -> None:
        super().__init__(config)
        self._edge = edge

    async def shutdown(self, sockets: Any = None) -> None:
        """Stop."""
        self._edge.close()
        await super().shutdown(sockets)
