# SPDX-License-Identifier: Apache-2.0
"""A catalogue per test, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import headwater
from headwater.api.app import Application
from headwater.schema.registry import Registry
from headwater.settings import Settings

from .wire import Api

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def start(url: str) -> None:
    """Open a catalogue once, so that all is in it that every catalogue holds."""
    headwater.application(Settings(database=url, secret_key=KEY)).catalog.close()


@pytest.fixture(scope="session")
def started_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a catalogue that was opened once."""
    path = tmp_path_factory.mktemp("started") / "headwater.db"
    start(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def started_postgres(make_postgres: Callable[..., str]) -> str:
    """The PostgreSQL database of a catalogue that was opened once."""
    url = make_postgres()
    start(url)
    return url


@pytest.fixture
def make_api(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """A function that opens the test's database, with a registry of one's own if given."""
    opened: list[Application] = []

    def make(registry: Registry | None = None) -> Api:
        settings = Settings(database=database_url, secret_key=KEY, search_folder=str(tmp_path / "search"))
        opened.append(headwater.application(settings, registry=registry))
        return Api(opened[-1])

    yield make
    for application in opened:
        application.catalog.close()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """The catalogue of the test, asked by a person called ada."""
    return make_api()
