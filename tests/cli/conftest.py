# SPDX-License-Identifier: Apache-2.0
"""The command line: ``headwater(...)`` runs a command in this process, ``command(...)`` as a process of its own.

``shop`` is a database filled by the module of that name, which commands use unless they say otherwise.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import headwater as package
from headwater.cli.tree import run

from .shop import Command, Result, fill


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    with package.connect(str(path)) as client:
        fill(client)
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and no settings in the environment."""
    for name in [name for name in os.environ if name.startswith("HEADWATER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shop(filled: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shop, which commands use unless they say otherwise."""
    path = folder / "shop.db"
    shutil.copy(filled, path)
    monkeypatch.setenv("HEADWATER_DATABASE", str(path))
    return path


@pytest.fixture
def headwater(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Command:
    def call(*arguments: str, stdin: str | None = None) -> Result:
        given = folder / ".stdin"
        given.write_text(stdin or "")
        capfd.readouterr()
        with given.open() as source, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", source)
            code = run(arguments)
        return Result(code, *capfd.readouterr())

    return call


@pytest.fixture
def command(folder: Path) -> Command:
    def call(*arguments: str, stdin: str | None = None) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "headwater", *arguments],
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command that goes on; it is ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "headwater", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
