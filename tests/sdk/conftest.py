# SPDX-License-Identifier: Apache-2.0
"""A client per test: once of a catalogue in this process, once of a real server on a loopback port."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn

import headwater
from headwater.api.app import Application
from headwater.api.asgi import Edge
from headwater.embedded import EmbeddedTransport
from headwater.schema.entities.data import Table
from headwater.schema.registry import Registry
from headwater.sdk.client import Client
from headwater.sdk.transport import HttpTransport
from headwater.settings import Settings

MakeClient = Callable[..., Client]
MakeTable = Callable[..., Table]


@contextmanager
def served(application: Application) -> Iterator[str]:
    """The URL of a server that runs in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(Edge(application), log_level="error", access_log=False, lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.002)
            assert server.started
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def opened(kind: str, folder: Path, registry: Registry | None, token: str | None) -> Iterator[Client]:
    """A client of a new catalogue, near or far."""
    settings = Settings(database=str(folder / "catalogue.db"))
    application = headwater.application(settings, registry=registry)
    if kind == "embedded":
        with Client(EmbeddedTransport(application, token), registry) as client:
            yield client
        return
    with served(application) as url, Client(HttpTransport(url, token), registry) as client:
        yield client
    application.catalog.close()


@pytest.fixture(params=["embedded", "http"])
def make_client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeClient]:
    """A function that opens a catalogue, with a registry or a token of one's own if given."""
    managers: list[AbstractContextManager[Client]] = []

    def make(registry: Registry | None = None, token: str | None = None) -> Client:
        folder = tmp_path / str(len(managers))
        folder.mkdir()
        managers.append(opened(request.param, folder, registry, token))
        return managers[-1].__enter__()

    yield make
    for manager in managers:
        manager.__exit__(None, None, None)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[], tuple[Client, str]]]:
    """A function that starts a server of an empty catalogue: a client of it, and its URL."""
    with ExitStack() as stack:

        def start() -> tuple[Client, str]:
            folder = tmp_path / f"served{time.monotonic_ns()}"
            folder.mkdir()
            application = headwater.application(Settings(database=str(folder / "catalogue.db")))
            stack.callback(application.catalog.close)
            url = stack.enter_context(served(application))
            return stack.enter_context(Client(HttpTransport(url))), url

        yield start


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    """A client of an empty catalogue."""
    return make_client()


@pytest.fixture
def make_table(client: Client) -> MakeTable:
    """A function that puts a table ``shop.main.public.<name>`` with columns given as ``name=TYPE``."""
    client.database_services.put(name="shop", service_type="Postgres")
    client.databases.put(name="main", service="shop")
    client.database_schemas.put(name="public", database="shop.main")

    def make(name: str, **columns: str) -> Table:
        listed = [{"name": column, "data_type": kind} for column, kind in columns.items()]
        return client.tables.put(name=name, database_schema="shop.main.public", columns=listed)

    return make
