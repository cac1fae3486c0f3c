# SPDX-License-Identifier: Apache-2.0
"""Whoever follows the cursors of a list meets every entity once, in order of (name, id), in both directions."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.catalog.reading import Include, Page, PageRequest, View
from headwater.schema.registry import standard

from .driver import Driver
from .oracle import Doc, User, quoted

ADA = User("ada")
COUNTER = itertools.count()
NAMES = st.lists(
    st.tuples(
        st.text('aAbzZ."ßéÉ中😀 ~-_/%&+#\u00a0\uffee', min_size=1, max_size=4).filter(lambda name: bool(name.strip())),
        st.sampled_from("st"),
        st.sampled_from(["stays", "stays", "stays", "marked", "gone"]),
    ),
    max_size=9,
    unique_by=lambda one: one[:2],
)
INCLUDES: tuple[Include, ...] = ("non-deleted", "deleted", "all")


def check_pages(driver: Driver, names: list[tuple[str, str, str]]) -> None:
    """Tables of two schemas, so that names recur; some are deleted softly, some for good."""
    database = f"d{next(COUNTER)}"
    driver.put("database", {"name": database, "service": "wh"}, ADA)
    for schema in "st":
        driver.put("databaseSchema", {"name": schema, "database": f"wh.{database}"}, ADA)
    made = []
    for name, schema, fate in names:
        request = {"name": name, "databaseSchema": f"wh.{database}.{schema}", "columns": []}
        table = driver.create("table", request, ADA)
        assert table["fullyQualifiedName"] == f"wh.{database}.{schema}.{quoted(name)}"
        made.append((name, table["id"], fate))
    everything = driver.position()
    for _, id_, fate in made:
        if fate != "stays":
            driver.delete("table", id_, ADA, hard=fate == "gone")
    fates = {"non-deleted": ("stays",), "deleted": ("marked",), "all": ("stays", "marked")}
    for include, limit in itertools.product(INCLUDES, (1, 2, 100)):
        expected = sorted((name, id_) for name, id_, fate in made if fate in fates[include])
        check_directions(driver, database, View(include=include), limit, expected)
    then = View(as_of=f"@{everything}")
    for limit in (1, 2, 100):
        check_directions(driver, database, then, limit, sorted((name, id_) for name, id_, _ in made))


def check_directions(driver: Driver, database: str, view: View, limit: int, expected: list[tuple[str, str]]) -> None:
    def page(after: str | None = None, before: str | None = None) -> Page:
        request = PageRequest(limit=limit, after=after, before=before, filters={"database": f"wh.{database}"})
        found = driver.catalog.page(driver.registry["table"], request, view)
        assert found.total == len(expected)
        assert len(found.data) <= limit
        return found

    pages = [page()]
    assert pages[0].before is None
    while pages[-1].after:
        pages.append(page(after=pages[-1].after))
        assert len(pages) <= len(expected) + 1
    assert [named(row) for one in pages for row in one.data] == expected
    assert all(len(one.data) == limit for one in pages[:-1])
    assert all(one.data for one in pages[1:]), "a cursor leads to an empty page"
    back = [pages[-1]]
    while back[0].before:
        back.insert(0, page(before=back[0].before))
        assert len(back) <= len(expected) + 1
    assert [named(row) for one in back for row in one.data] == expected


def named(document: Doc) -> tuple[str, str]:
    return document["name"], document["id"]


def run(driver: Driver, examples: int, repeatable: bool = False) -> None:
    driver.put("databaseService", {"name": "wh", "serviceType": "Mysql"}, ADA)

    @settings(max_examples=examples, derandomize=repeatable, deadline=None, suppress_health_check=list(HealthCheck))
    @given(NAMES)
    def pages(names: list[tuple[str, str, str]]) -> None:
        check_pages(driver, names)

    pages()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(f"sqlite:///{tmp_path / 'headwater.db'}", standard())
    yield driver
    driver.close()


def test_cursors_meet_everything_once_and_in_order(driver: Driver) -> None:
    run(driver, 15, repeatable=True)


@pytest.mark.slow
def test_cursors_meet_everything_once_and_in_order_in_many_lists(driver: Driver) -> None:
    run(driver, 100)


@pytest.mark.slow
def test_cursors_meet_everything_once_and_in_order_on_postgresql(fresh_postgres: Callable[[], str]) -> None:
    driver = Driver(fresh_postgres(), standard())
    run(driver, 25)
    driver.close()
