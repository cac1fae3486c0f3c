# SPDX-License-Identifier: Apache-2.0
"""The servers that are measured: each a process of its own, on a core of its own where the machine has two."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.client import Connection, RequestFailed, request

CACHE = Path(__file__).resolve().parent.parent / ".bench"
"""Environments of other systems and what servers write; git ignores it."""

PATIENCE = 180.0
QUIET = 0.05
"""CPU seconds within half a second below which a server counts as idle."""
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100

HEADWATER = """
import json, sys, headwater
from headwater.settings import Settings
headwater.serve(Settings(database=sys.argv[1], port=int(sys.argv[2]), **json.loads(sys.argv[3])))
"""

CONSTANT = """
import sys, uvicorn
from headwater.api.server import OPTIONS, SWITCH_INTERVAL
size = int(sys.argv[1])
body = b"x" * size
headers = [(b"content-length", str(size).encode()), (b"content-type", b"application/json")]

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

sys.setswitchinterval(SWITCH_INTERVAL)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), **OPTIONS)
"""


def cores() -> tuple[set[int], set[int]]:
    """The cores of the client and of the server; the same where there is only one, or no way to choose."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    own = sorted(os.sched_getaffinity(0))
    return {own[0]}, {own[-1]}


@contextmanager
def pinned(to: set[int]) -> Iterator[None]:
    """Run on these cores; processes that are started inside stay there."""
    if not to:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, to)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Server:
    """A running server."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, ready: float) -> None:
        self.process = process
        self.port = port
        self.ready = ready
        """CPU seconds that it had used when it answered first."""

    def connect(self) -> Connection:
        """A new connection."""
        return Connection(self.port)

    def cpu(self) -> float:
        """CPU seconds used so far, by all its processes."""
        return sum(_cpu(pid) for pid in _family(self.process.pid))

    def settle(self) -> None:
        """Wait until it has nothing more to do: some servers answer while most of their workers still start."""
        deadline = time.monotonic() + PATIENCE
        before = self.cpu()
        while time.monotonic() < deadline:
            time.sleep(0.5)
            if (now := self.cpu()) - before < QUIET:
                return
            before = now

    def memory(self) -> float:
        """Resident memory in MiB, of all its processes."""
        return sum(_resident(pid) for pid in _family(self.process.pid)) / 2**20


@contextmanager
def running(
    command: Sequence[str], port: int, path: str, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """A server that is up: ``path`` has answered once."""
    CACHE.mkdir(exist_ok=True)
    log = CACHE / f"server-{port}.log"
    with pinned(set().union(*cores())), log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **(environment or {})}, start_new_session=True
        )
    try:
        _wait(process, port, path, log)
        server = Server(process, port, _cpu(process.pid))
        server.settle()
        _pin(process.pid, cores()[1])
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
        log.unlink(missing_ok=True)


def _wait(process: "subprocess.Popen[bytes]", port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with Connection(port) as connection:
                connection.send(request("GET", path))
                return
        except (OSError, RequestFailed):
            time.sleep(0.01)
    raise RequestFailed(f"the server did not come up:\n{log.read_text(errors='replace')[-2000:]}")


@contextmanager
def headwater(database: str, **settings: object) -> Iterator[Server]:
    """Headwater on a database (a URL)."""
    port = free_port()
    command = [sys.executable, "-c", HEADWATER, database, str(port), json.dumps(settings)]
    with running(command, port, "/api/v1/system/version") as server:
        yield server


@contextmanager
def constant(size: int) -> Iterator[Server]:
    """The bare framework under Headwater's own settings, answering everything with so many bytes."""
    port = free_port()
    with running([sys.executable, "-c", CONSTANT, str(size), str(port)], port, "/") as server:
        yield server


@contextmanager
def mlflow(folder: Path) -> Iterator[Server]:
    """A real MLflow tracking server with a model registry on SQLite, with the number of workers it chooses itself."""
    port = free_port()
    command = [
        str(environment("mlflow", "mlflow>=3,<4") / "mlflow"),
        *("server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    quiet = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its own background jobs would only slow it down
    }
    with running(command, port, "/version", quiet) as server:
        yield server


def environment(name: str, *packages: str) -> Path:
    """The folder of programs of a virtual environment with these packages, made when it is first asked for."""
    folder = CACHE / name
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    finished = folder / "finished"
    if not finished.exists():
        print(f"installing {' '.join(packages)} …", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        uv = Path(sys.executable).parent / "uv"
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", programs / "python", *packages], check=True)
        finished.touch()
    return programs


def version(name: str, package: str) -> str:
    """The version of a package in such an environment; nothing if there is none."""
    found = (CACHE / name).glob(f"lib*/python*/site-packages/{package.replace('-', '_')}-*.dist-info")
    return next((folder.name.removesuffix(".dist-info").rpartition("-")[2] for folder in found), "")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _pin(root: int, to: set[int]) -> None:
    """Keep a process and everything that it started on these cores, each thread of them."""
    for pid in _family(root) if to else ():
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), to)


def _family(root: int) -> list[int]:
    """A process and everything that it started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except OSError:
                continue
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu(pid: int) -> float:
    stat = _stat(pid)
    return (int(stat[11]) + int(stat[12])) / TICKS


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
