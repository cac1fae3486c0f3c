# SPDX-License-Identifier: Apache-2.0
"""A search index survives ``kill -9`` at any moment: while it is built, while it follows writes, or while it is read.

Whatever was on disk when the server died, the next one answers every search with what the catalogue holds.
"""

import random
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Caller, Launch

MODELS = 60


def look(caller: "Caller", text: str) -> set[str]:
    found = caller.done("GET", "/api/v1/search", q=text, type="mlmodel", limit="1000")
    return {hit["entity"]["name"] for hit in found["hits"]}


def check(caller: "Caller") -> None:
    """Search finds each model by the word that it has, and nothing else by it."""
    listed = caller.done("GET", "/api/v1/mlmodels", limit="1000")["data"]
    assert look(caller, "") == {model["name"] for model in listed}
    for model in listed:
        assert look(caller, model["description"]) == {model["name"]}


def write_and_search(caller: "Caller", draw: random.Random, kill: int) -> None:
    """Change models and look for what they say, until the server is gone."""
    gone: type[Exception] = sys.modules[type(caller).__module__].Gone
    try:
        for number in range(100_000):
            name = f"m{draw.randrange(MODELS)}"
            word = f"needle{kill:03}x{number:05}"
            caller.done("PUT", "/api/v1/mlmodels", {"name": name, "description": word})
            assert look(caller, word) == {name}
    except gone:
        return


def kill_servers(relaunch: "Launch", folder: Path, kills: int, seed: int) -> None:
    draw = random.Random(seed)
    database = folder / "headwater.db"
    for kill in range(kills):
        server = relaunch(f"sqlite:///{database}")
        caller = server.caller()
        if kill:
            check(caller)
        else:
            models = [{"name": f"m{number}", "description": f"needle999x{number:05}"} for number in range(MODELS)]
            caller.done("PUT", "/api/v1/mlmodels/bulk", models)
        timer = threading.Timer(draw.uniform(0.01, 0.3), server.kill)
        timer.start()
        write_and_search(caller, draw, kill)
        timer.join()
        if kill % 3 == 2:
            shutil.rmtree(f"{database}.search", ignore_errors=True)
            server = relaunch(f"sqlite:///{database}")
            builder = threading.Timer(draw.uniform(0.0, 0.1), server.kill)
            builder.start()
            write_and_search(server.caller(), draw, 500 + kill)
            builder.join()
    check(relaunch(f"sqlite:///{database}").caller())


def test_searches_are_right_after_kills(relaunch: "Launch", tmp_path: Path) -> None:
    kill_servers(relaunch, tmp_path, 4, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_searches_are_right_after_many_kills(relaunch: "Launch", tmp_path: Path) -> None:
    kill_servers(relaunch, tmp_path, 60, seed=2)
