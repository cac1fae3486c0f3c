# SPDX-License-Identifier: Apache-2.0
"""OpenLineage events of several jobs in any order, with repetitions, against the rules written down plainly.

The oracle looks at all events at once: it puts those of each run together, takes of each job and output the statement
of the run that ended last, and of each run the earliest and the last event. Nothing here is shared with the catalogue.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.schema.registry import standard

from .driver import Driver
from .oracle import User

Json = Any
Pair = tuple[str, str]
ADA = User("ada")
JOBS, TABLES, COLUMNS = ("j0", "j1", "j2"), ("t0", "t1", "t2", "t3"), ("a", "b")
COUNTER = itertools.count()
WAYS = {"IDENTITY": 0, "AGGREGATION": 1, "CONDITIONAL": 2, "MASKING": 3, "HASHING": 4}
"""Transformations, those first that leave more of a value."""


@dataclass(frozen=True)
class Told:
    """An event: which job and run, when, what it is, what was read, and what flowed into what."""

    job: str
    run: int
    minute: int
    state: str
    read: tuple[str, ...]
    flows: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...]
    """Of each output (source table, source column, column, way)."""

    def wire(self, root: str) -> Json:
        schema = {"fields": [{"name": one, "type": "int"} for one in COLUMNS]}

        def step(way: str) -> Json:
            return {
                "type": "INDIRECT" if way == "CONDITIONAL" else "DIRECT",
                "subtype": "FILTER" if way == "CONDITIONAL" else way,
                "masking": way in ("MASKING", "HASHING"),
            }

        def lineage(flows: Json) -> Json:
            fields: dict[str, Json] = {}
            for table, source, target, way in flows:
                one = {"namespace": root, "name": table, "field": source, "transformations": [step(way)]}
                fields.setdefault(target, {"inputFields": []})["inputFields"].append(one)
            return {"columnLineage": {"fields": fields}} if fields else {}

        return {
            "eventType": self.state,
            "eventTime": f"2026-03-01T10:{self.minute:02}:00Z",
            "run": {"runId": f"run-{self.run}"},
            "job": {"namespace": root, "name": self.job},
            "inputs": [{"namespace": root, "name": one, "facets": {"schema": schema}} for one in self.read],
            "outputs": [
                {"namespace": root, "name": one, "facets": {"schema": schema, **lineage(flows)}}
                for one, flows in self.flows
            ],
        }


FLOW = st.tuples(*map(st.sampled_from, (TABLES, COLUMNS, COLUMNS, tuple(WAYS))))
OUTPUT = st.tuples(st.sampled_from(TABLES), st.lists(FLOW, max_size=4).map(tuple))
TOLD = st.builds(
    Told,
    job=st.sampled_from(JOBS),
    run=st.integers(0, 3),
    minute=st.integers(0, 59),
    state=st.sampled_from(("START", "COMPLETE", "COMPLETE", "FAIL", "OTHER")),
    read=st.lists(st.sampled_from(TABLES), unique=True, max_size=3).map(tuple),
    flows=st.lists(OUTPUT, unique_by=lambda one: one[0], max_size=2).map(tuple),
)
EVENTS = st.lists(TOLD, unique_by=lambda one: one.minute, min_size=1, max_size=12)


def expected_edges(events: list[Told]) -> dict[tuple[str, str, str], dict[Pair, str]]:
    """Of each (job, source, output) the column pairs."""
    runs: dict[tuple[str, int], list[Told]] = {}
    for event in sorted(events, key=lambda one: one.minute):
        runs.setdefault((event.job, event.run), []).append(event)
    statements = []
    for (job, _), mine in runs.items():
        if ends := [one.minute for one in mine if one.state == "COMPLETE"]:
            read = {table for one in mine for table in one.read}
            flows: dict[str, Any] = {output: () for one in mine for output, _ in one.flows}
            for one in mine:
                flows |= {output: told for output, told in one.flows if told}
            statements.append((max(ends), job, read, flows))
    newest: dict[Pair, tuple[set[str], dict[str, Any]]] = {}
    for _, job, read, flows in sorted(statements, key=lambda one: one[0]):
        newest |= {(job, output): (read, flows) for output in flows}
    found: dict[tuple[str, str, str], dict[Pair, str]] = {}
    for (job, output), (read, flows) in newest.items():
        traced = {table for each in flows.values() for table, *_ in each}
        sources = {table for table, *_ in flows[output]}
        sources |= {one for one in read if not flows[output] or one not in traced}
        for source in sources:
            pairs: dict[Pair, str] = {}
            for table, column, target, way in flows[output]:
                if table == source:
                    known = pairs.get((column, target), way)
                    pairs[column, target] = min(known, way, key=WAYS.__getitem__)
            found[job, source, output] = pairs
    return found


def expected_runs(events: list[Told]) -> dict[tuple[str, int], Json]:
    """Of each run of a job: when it began, how and when it ended."""
    found = {}
    for key in {(one.job, one.run) for one in events}:
        mine = sorted((one for one in events if (one.job, one.run) == key), key=lambda one: one.minute)
        ends = [one for one in mine if one.state in ("COMPLETE", "FAIL")]
        state = {"COMPLETE": "Successful", "FAIL": "Failed"}[ends[-1].state] if ends else "Pending"
        used = [
            sorted({table for one in mine for table in one.read}),
            sorted({to for one in mine for to, _ in one.flows}),
        ]
        found[key] = (mine[0].minute, ends[-1].minute if ends else None, state, *used)
    return found


def shown_edges(driver: Driver, root: str) -> dict[tuple[str, str, str], dict[Pair, str]]:
    """The same as the catalogue has it."""
    found: dict[tuple[str, str, str], dict[Pair, str]] = {}
    for job, source, target, column, into, details in driver.asserted(root):
        pairs = found.setdefault((job, source, target), {})
        if column:
            pairs[column, into] = details["transformation"]
    return found


def shown_runs(driver: Driver, root: str) -> dict[tuple[str, int], Json]:
    """The same as the catalogue has it."""
    found = {}
    for job in JOBS:
        for one in driver.runs(f"{root}.{job}"):
            moments = (one[member] // 60_000 % 60 if member in one else None for member in ("timestamp", "endTime"))
            used = [sorted(each["datasetFQN"][-2:] for each in one.get(side, ())) for side in ("inputs", "outputs")]
            found[job, int(one["executionId"][-1])] = (*moments, one["executionStatus"], *used)
    return found


def run(driver: Driver, examples: int, repeatable: bool = False) -> None:
    @settings(max_examples=examples, derandomize=repeatable, deadline=None, suppress_health_check=list(HealthCheck))
    @given(EVENTS, st.data())
    def any_order(events: list[Told], data: st.DataObject) -> None:
        root = f"ol{next(COUNTER)}x"
        order = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=6))))
        for event in order:
            assert driver.take_event(event.wire(root), ADA) == []
        assert shown_edges(driver, root) == expected_edges(events)
        assert shown_runs(driver, root) == expected_runs(events)
        position = driver.position()
        for event in events:
            driver.take_event(event.wire(root), ADA)
        assert driver.position() == position

    any_order()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(f"sqlite:///{tmp_path / 'headwater.db'}", standard())
    yield driver
    driver.close()


def test_events_in_any_order_lead_to_what_they_say_together(driver: Driver) -> None:
    run(driver, 40, repeatable=True)


@pytest.mark.slow
def test_many_events_in_any_order(driver: Driver) -> None:
    run(driver, 400)
