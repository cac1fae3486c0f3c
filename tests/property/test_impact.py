# SPDX-License-Identifier: Apache-2.0
"""Impact over the random worlds of ``test_reach``, against the rules written down plainly.

The oracle is that of reach, started from what a change touches instead of from labels: nothing of the catalogue.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from headwater.catalog.context import checked
from headwater.catalog.impact import ImpactQuestion
from headwater.catalog.reading import View
from headwater.schema.governance import ImpactRequest, Selection
from headwater.schema.registry import standard

from .driver import Driver
from .oracle import Doc
from .test_reach import GROUND, LEFT_OUT, STEPS, Names, Place, Twin, World, ground, names_of

Told = dict[str, dict[str, tuple[str, Names]]]
"""By entity, and by field or ``*`` for the whole: how certain, and along which names."""

CASES = 4


def news(best: dict[tuple[Place, bool], Names], before: set[tuple[Place, bool]], sources: set[Place]) -> Told:
    """The best paths to what lies behind a change and was not reached as certainly before."""
    proofs: dict[Place, tuple[bool, int, Names]] = {}
    for (place, exact), names in best.items():
        whole = (place[0], "*")
        if {place, whole} & sources:
            continue
        known = {one for one in before if one[0] in (place, whole) and (one[1] or not exact)}
        proof = (not exact, len(names), names)
        if not known and (place not in proofs or proof < proofs[place]):
            proofs[place] = proof
    told: Told = {}
    for (entity, part), (loose, _, names) in proofs.items():
        told.setdefault(entity, {})[part] = ("table" if loose else "column", names)
    for parts in told.values():
        if len(parts) > 1:
            parts.pop("*", None)
    return told


def expected(world: World, change: Doc, touched: Place) -> Told:
    start = replace(world, labels={touched})
    stops = world.rules if "tag" in change else set[str]()
    before = set(world.best(stops)) if "tag" in change else set()
    found = news(start.best(stops), before, {touched})
    return {entity: parts for entity, parts in found.items() if entity not in world.hidden}


def changes(twin: Twin) -> Iterator[tuple[Doc, Place]]:
    """A change of every kind to every table that is there."""
    for table in twin.tables:
        if table in twin.world.hidden:
            continue
        yield {"change": "delete", "entity": table}, (table, "*")
        yield {"change": "tagEntity", "entity": table, "tag": twin.tag}, (table, "*")
        for column in twin.world.tables[table]:
            named = {"column": f"{table}.{column}"}
            yield {"change": "drop", **named}, (table, column)
            yield {"change": "tag", **named, "tag": twin.tag}, (table, column)
            yield {"change": "retype", **named, "dataType": "STRING"}, (table, column)


def answer(driver: Driver, change: Doc, position: int) -> Told:
    request = checked(ImpactRequest, {"changes": [change]})
    far = Selection(types=("table", "mlmodel"))
    question = ImpactQuestion(changes=request.changes, far=far, limit=1000)
    told: Told = {}
    for row in driver.catalog.impact(question, View(as_of=f"@{position}"))["data"]:
        entity = row["entity"]["fullyQualifiedName"]
        told[entity] = {
            reason["field"][len(entity) + 1 :] if "field" in reason else "*": (
                reason["certainty"],
                names_of(reason["paths"][0]),
            )
            for reason in row["because"]
        }
        assert len(told[entity]) == len(row["because"])
    return told


def check(driver: Driver, left_out: set[int], steps: list[tuple[str, list[int]]], chosen: list[int]) -> None:
    twin = Twin(driver)
    names = twin.tables + twin.models
    twin.label(names[0], "a")
    twin.feed(names[5], "f", {(names[2], "a"), (names[4], "b")})
    twin.feed(names[6], "f", {(names[1], "b"), (names[4], "a")})
    for number, (up, down, pairs) in enumerate(GROUND):
        if number not in left_out:
            twin.assert_edge(names[up], names[down], "ViewLineage", pairs, None)
    for what, numbers in steps:
        note(f"{what} {numbers}")
        twin.step(what, numbers)
    position, possible = driver.position(), list(changes(twin))
    wanted = [(change, expected(twin.world, change, place)) for change, place in possible]
    twin.step("edge", [0, 1, 1, 0, 1, 0])
    for number in chosen:
        change, told = wanted[number % len(wanted)]
        note(str(change))
        assert answer(driver, change, position) == told


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    opened = Driver(f"sqlite:///{tmp_path}/impact.db", standard())
    ground(opened)
    yield opened
    opened.close()


def run(driver: Driver, examples: int) -> None:
    chosen = st.lists(st.integers(0, 60), min_size=CASES, max_size=CASES)
    found = settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=examples < 100
    )(
        given(left_out=LEFT_OUT, steps=STEPS, chosen=chosen)(
            lambda left_out, steps, chosen: check(driver, left_out, steps, chosen)
        )
    )
    found()


def test_impact_is_what_the_rules_say(driver: Driver) -> None:
    run(driver, 25)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_impact_in_many_worlds_is_what_the_rules_say(driver: Driver) -> None:
    run(driver, 400)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_impact_is_what_the_rules_say_on_postgresql(fresh_postgres: Callable[[], str]) -> None:
    opened = Driver(fresh_postgres(), standard())
    try:
        ground(opened)
        run(opened, 100)
    finally:
        opened.close()
