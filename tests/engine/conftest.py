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
