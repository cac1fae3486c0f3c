# SPDX-License-Identifier: Apache-2.0
"""Real server processes, and what is asked of them over real sockets.

* ``launch(database, **settings)`` starts a server and returns it once it answers; all are stopped after the test.
* ``relaunch`` does the same in a tenth of the time, for tests that start a hundred servers: a process that has
  imported everything, and holds no database, is forked.
* ``spawn(code, **environment)`` runs Python beside the test, with the same settings in the environment.
* ``consistency`` is the module beside this file that reads a database with SQL of its own.
"""

import http.client
import importlib.util
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from psycopg import sql

TEMPLATE = """
import json, os, signal, sys
import headwater, uvicorn.protocols.http.httptools_impl, uvicorn.lifespan.on, uvloop
import headwater.api.server, headwater.catalog.service, headwater.store.postgresql, headwater.store.sqlite
from headwater.schema.registry import standard
from headwater.settings import Settings
standard()
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    log, environment = json.loads(line)
    child = os.fork()
    if not child:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(environment)
        try:
            headwater.serve(Settings.from_environment())
        finally:
            os._exit(1)
    print(child, flush=True)
"""
PORTS = range(10_000, 32_000)
"""Below the ports that the system gives to outgoing connections, which could take one between choice and use."""

TEST_SECRET = "a key of the acceptance tests, long enough for HS256"
Json = Any


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: ``headers`` in lower case; ``json`` is None where the body is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        return json.loads(self.body) if self.headers.get("content-type", "").startswith("application/json") else None

    @property
    def etag(self) -> str:
        return self.headers["etag"]


class Gone(Exception):
    """The server went away before it answered; what was asked may have happened or not."""


@dataclass(slots=True)
class Caller:
    """One keep-alive connection."""

    port: int
    token: str | None = None
    timeout: float = 60.0
    _connection: http.client.HTTPConnection | None = None

    def send(
        self, method: str, path: str, body: Json = None, headers: Mapping[str, str] | None = None, **query: str
    ) -> Reply:
        """Ask; ``body`` is bytes, or a value that is sent as JSON."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            sent["Content-Type"] = "application/json-patch+json" if method == "PATCH" else "application/json"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        target = path + ("?" + "&".join(f"{name}={quote(value)}" for name, value in query.items()) if query else "")
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
            self._connection.request(method, target, data, sent | dict(headers or {}))
            response = self._connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Gone(f"{method} {path}: {error!r}") from error

    def get(self, path: str, **query: str) -> Reply:
        return self.send("GET", path, None, None, **query)

    def put(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Reply:
        return self.send("PUT", path, body, headers)

    def post(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Reply:
        return self.send("POST", path, body, headers)

    def patch(self, path: str, operations: Json, headers: Mapping[str, str] | None = None) -> Reply:
        return self.send("PATCH", path, operations, headers)

    def delete(self, path: str, headers: Mapping[str, str] | None = None, **query: str) -> Reply:
        return self.send("DELETE", path, None, headers, **query)

    def done(self, method: str, path: str, body: Json = None, **query: str) -> Json:
        """Ask, and insist on success; the JSON of the answer."""
        reply = self.send(method, path, body, None, **query)
        assert reply.status < 300, f"{method} {path}: {reply.status} {reply.body[:500]!r}"
        return reply.json

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Process(Protocol):
    """What is asked of a process."""

    def poll(self) -> int | None: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Forked:
    """A process whose parent is not this one; its exit code is not known."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return -1
        return None

    def send_signal(self, sig: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (timeout or 60)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("forked server", timeout or 60)
            time.sleep(0.001)
        return -1


@dataclass(slots=True)
class Server:
    """A server process."""

    process: Process
    port: int
    log: Path
    callers: list[Caller] = field(default_factory=list)

    def caller(self, token: str | None = None) -> Caller:
        """A new connection, closed with the server."""
        self.callers.append(Caller(self.port, token))
        return self.callers[-1]

    def kill(self) -> None:
        """End the process as a power failure would: ``kill -9``."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for caller in self.callers:
            caller.close()


class Launch(Protocol):
    """Starts a server on a database. ``wait=False`` returns at once; ``settings`` go to HEADWATER_ variables."""

    def __call__(self, database: str, wait: bool = True, **settings: object) -> Server: ...


class Spawn(Protocol):
    """Runs Python code in a process of its own."""

    def __call__(self, code: str, *arguments: str, **settings: object) -> "subprocess.Popen[str]": ...


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """This process's environment without settings of Headwater, but with these."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("HEADWATER_")}
    return others | {f"HEADWATER_{name.upper()}": str(value) for name, value in settings.items() if value is not None}


def free_port() -> int:
    """A port that nobody listens on."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


def wait_until_ready(server: Server, seconds: float = 60.0) -> bool:
    """Whether the server answers; False if it ended before it did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            return False
        with socket.socket() as probe:
            open_ = not probe.connect_ex(("127.0.0.1", server.port))
        if open_:
            caller = Caller(server.port)
            try:
                assert caller.get("/health").status == 200
                return server.process.poll() is None
            except Gone:
                pass
            finally:
                caller.close()
        time.sleep(0.005)
    raise AssertionError(f"the server did not answer within {seconds:g} s: {server.log.read_text()[-2000:]}")


def launching(start: Callable[[Path, dict[str, str]], Process], folder: Path) -> Iterator[Launch]:
    """Starts servers with a function that gets the path of the log and the environment; ends them afterwards."""
    servers: list[Server] = []
    numbers = itertools.count()

    def launch(database: str, wait: bool = True, **settings: object) -> Server:
        for _ in range(3):
            port = free_port()
            log = folder / f"server-{next(numbers)}-{uuid.uuid4().hex[:6]}.log"
            process = start(log, environment({"database": database, "port": port, **settings}))
            server = Server(process, port, log)
            servers.append(server)
            if not wait or wait_until_ready(server):
                return server
            if not any(words in log.read_text() for words in ("cannot listen", "address already in use")):
                break
        raise AssertionError(f"the server did not start: {servers[-1].log.read_text()[-2000:]}")

    yield launch
    for server in servers:
        server.kill()


def launching_fresh(folder: Path) -> Iterator[Launch]:
    """Starts servers from nothing, as a user does."""

    def start(log: Path, variables: dict[str, str]) -> Process:
        with log.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "headwater", "serve"],
                env=variables,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )

    yield from launching(start, folder)


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts servers, and stops them after the test."""
    yield from launching_fresh(tmp_path)


@pytest.fixture(scope="module")
def module_launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """Starts servers that the tests of a module share."""
    yield from launching_fresh(tmp_path_factory.mktemp("servers"))


@pytest.fixture
def relaunch(tmp_path: Path) -> Iterator[Launch]:
    """Starts servers by forking one process that has imported everything."""
    template = subprocess.Popen(
        [sys.executable, "-c", TEMPLATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert template.stdin
    assert template.stdout
    requests, replies = template.stdin, template.stdout

    def start(log: Path, variables: dict[str, str]) -> Process:
        print(json.dumps([str(log), variables]), file=requests, flush=True)
        return Forked(int(replies.readline()))

    yield from launching(start, tmp_path)
    template.communicate()


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Runs Python code beside the test; what still runs after it is ended."""
    processes: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: str, **settings: object) -> "subprocess.Popen[str]":
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", code, *arguments],
                env=environment(settings),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=tmp_path,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def consistency() -> ModuleType:
    """The checker, which shares no code with the catalogue."""
    path = Path(__file__).with_name("consistency.py")
    spec = importlib.util.spec_from_file_location("acceptance_consistency", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def make_tables(caller: Caller, names: Sequence[str], columns: Sequence[str] = ("a", "b", "c", "d", "e")) -> None:
    """Tables of whole numbers below ``shop.main.public``."""
    caller.done("PUT", "/api/v1/services/databaseServices", {"name": "shop", "serviceType": "Postgres"})
    caller.done("PUT", "/api/v1/databases", {"name": "main", "service": "shop"})
    caller.done("PUT", "/api/v1/databaseSchemas", {"name": "public", "database": "shop.main"})
    for name in names:
        caller.done(
            "PUT",
            "/api/v1/tables",
            {
                "name": name,
                "databaseSchema": "shop.main.public",
                "columns": [{"name": column, "dataType": "INT"} for column in columns],
            },
        )


@pytest.fixture
def tables() -> Callable[..., None]:
    """Makes tables."""
    return make_tables


@pytest.fixture
def auth_secret() -> str:
    """A key that tokens may be signed with."""
    return TEST_SECRET


@pytest.fixture
def copy_postgres(postgres_url: str) -> Iterator[Callable[[str], str]]:
    """Copies a PostgreSQL database that nobody is connected to; the copies are dropped after the test."""
    made: list[str] = []

    def copy(url: str) -> str:
        source = urlsplit(url).path.removeprefix("/")
        name = f"headwater_copy_{uuid.uuid4().hex}"
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source))
            )
        made.append(name)
        return url.replace(f"/{source}?", f"/{name}?", 1)

    yield copy
    if made:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            for name in made:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def module_postgres(postgres_url: str) -> Iterator[Callable[[], str]]:
    """Makes empty PostgreSQL databases that the tests of a module share."""
    made: list[str] = []

    def make() -> str:
        made.append(f"headwater_shared_{uuid.uuid4().hex}")
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(made[-1])))
        return postgres_url.replace(f"{urlsplit(postgres_url).path}?", f"/{made[-1]}?", 1)

    yield make
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for name in made:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
