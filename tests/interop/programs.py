# SPDX-License-Identifier: Apache-2.0
"""Foreign programs in environments of their own, which ``make verify`` installs, and a server of ours beside them."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import urlencode

import pytest

ENVIRONMENTS = Path(__file__).parents[2] / ".venv-interop"
HEADWATER = Path(sys.executable).with_name("headwater")
SECRET = "a key of the interop tests, long enough for HS256"
SECRET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

Json = Any


@dataclass(frozen=True)
class Catalogue:
    """A running server."""

    url: str

    def token(self, name: str, *options: str) -> str:
        """What `headwater token` prints."""
        return run(HEADWATER, "token", name, *options).strip()

    def get(self, path: str, **query: str) -> Json:
        """The JSON at a path below ``/api/v1/``."""
        return ask("GET", f"{self.url}/api/v1/{path}?{urlencode(query)}", token=self.token("ada"))

    def position(self) -> int:
        """How many changes there were."""
        return int(self.get("system/health")["position"])


def ask(method: str, url: str, body: Json = None, token: str = "") -> Json:
    """One request with JSON, answered with JSON."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read() or b"null")


def variables(**more: str) -> dict[str, str]:
    """The environment of a program: ours without what concerns Headwater, and with compiled modules kept, since the
    client takes twice as long without."""
    dropped = ("HEADWATER_", "OPENMETADATA_", "PYTHONDONTWRITEBYTECODE")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return ours | {"HEADWATER_AUTH_SECRET": SECRET, "HEADWATER_SECRET_KEY": SECRET_KEY} | more


def run(*command: str | Path, folder: Path | None = None, given: Mapping[str, str] = MappingProxyType({})) -> str:
    """What a program prints; it has to end well."""
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=variables(**given), capture_output=True, text=True, check=False
    )
    output = re.sub(r"[ ─-]{9,}", " ", done.stdout + done.stderr)  # wide tables
    assert done.returncode == 0, f"{Path(command[0]).name} failed:\n{output[-20_000:]}"
    return output


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(name: str) -> Path:
    """Where the programs of an environment are."""
    if not (ENVIRONMENTS / name / "installed").exists():
        pytest.fail(f"{ENVIRONMENTS / name} is not there: `make verify` installs it")
    return ENVIRONMENTS / name / "bin"


class Start(Protocol):
    """Starts a program with arguments in which ``{port}`` stands for a free port; its address."""

    def __call__(self, *command: str | Path, health: str, **more: str) -> str: ...


def serve(start: Start, database: str) -> Catalogue:
    """A running server on a database."""
    return Catalogue(start(HEADWATER, "serve", "--port", "{port}", "--database", database, health="/health"))
