# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share.

* ``catalogue`` is a running server with authentication, once on each database; ``catalogues`` are both at once.
* ``start`` starts a program that goes on, waits until its address answers, and ends it after the test.
"""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .programs import Catalogue, Start, free_port, serve, variables

collect_ignore = ["client"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts programs that go on; each is ended with all its children."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*command: str | Path, health: str, **more: str) -> str:
        address = f"127.0.0.1:{free_port()}"
        log = tmp_path / f"program-{len(processes)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(part).format(port=address.rpartition(":")[2]) for part in command],
                cwd=tmp_path,
                env=variables(**more),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        processes.append(process)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and process.poll() is None:
            try:
                urllib.request.urlopen(f"http://{address}{health}", timeout=5).close()
                return f"http://{address}"
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"{command[0]} did not start: {log.read_text()[-3000:]}")

    yield start
    for process in processes:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def catalogue(database_url: str, start: Start) -> Catalogue:
    """A running server; the test runs twice, on SQLite and on PostgreSQL."""
    return serve(start, database_url)


@pytest.fixture
def catalogues(fresh_postgres: Callable[[], str], start: Start, tmp_path: Path) -> dict[str, Catalogue]:
    """Two running servers, by the names of their databases, for programs that take long to start."""
    urls = {"SQLite": f"sqlite:///{tmp_path / 'headwater.db'}", "PostgreSQL": fresh_postgres()}
    return {name: serve(start, url) for name, url in urls.items()}
