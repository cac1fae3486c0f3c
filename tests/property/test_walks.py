# SPDX-License-Identifier: Apache-2.0
"""Walks over random graphs of asserted edges, with cycles and loops, against the plain definition of reach."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.catalog.context import Key
from headwater.catalog.lineage import End
from headwater.catalog.reading import View
from headwater.schema.registry import standard

from .driver import Driver
from .oracle import Doc, User

ADA = User("ada")
NODES = 6
Pair = tuple[str, str]
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "put", "put", "delete", "remove"]), st.integers(0, 5), st.integers(0, 5)),
    min_size=8,
    max_size=30,
)
COUNTER = itertools.count()


def distances(edges: set[Pair], root: str) -> dict[str, int]:
    """How many edges away everything is that can be reached along them."""
    found, level = {root: 0}, [root]
    while level:
        reached = sorted({down for up, down in edges if up in level} - set(found))
        found |= dict.fromkeys(reached, found[level[0]] + 1)
        level = reached
    return found


def reach(edges: set[Pair], root: str, depth: int) -> set[Pair]:
    """The edges that are met within so many hops."""
    away = distances(edges, root)
    return {(up, down) for up, down in edges if away.get(up, depth) < depth}


def check_graph(graph: Doc, edges: set[Pair], root: str, up: int, down: int) -> None:
    upward = {(one, other) for other, one in reach({(b, a) for a, b in edges}, root, up)}
    downward = reach(edges, root, down)
    for member, expected in (("upstreamEdges", upward), ("downstreamEdges", downward)):
        found = [(edge["fromEntity"], edge["toEntity"]) for edge in graph[member]]
        assert sorted(found) == sorted(expected), member
    nodes = [node["id"] for node in graph["nodes"]]
    assert sorted(nodes) == sorted({end for pair in upward | downward for end in pair} - {root})
    assert graph["entity"]["id"] == root
    assert "truncated" not in graph


def check_walks(driver: Driver, steps: list[tuple[str, int, int]]) -> None:
    ids = []
    for _ in range(NODES):
        table = {"name": f"t{next(COUNTER)}", "databaseSchema": "wh.db.s", "columns": []}
        ids.append(driver.put("table", table, ADA)["id"])
    edges: set[Pair] = set()
    alive = set(ids)
    history = {driver.position(): (frozenset(edges), frozenset(alive))}
    for what, one, other in steps:
        pair = ids[one], ids[other]
        if not alive.issuperset(pair):
            continue
        if what == "put":
            driver.put_edge(("table", pair[0]), ("table", pair[1]), {}, ADA)
            edges.add(pair)
        elif what == "delete" and pair in edges:
            driver.delete_edge(("table", pair[0]), ("table", pair[1]), ADA)
            edges.remove(pair)
        elif what == "remove" and one == other:
            driver.delete("table", pair[0], ADA, hard=True)
            alive.remove(pair[0])
            edges = {edge for edge in edges if pair[0] not in edge}
        history[driver.position()] = frozenset(edges), frozenset(alive)
    for root, (up, down) in itertools.product(sorted(alive), [(0, 0), (1, 0), (0, 1), (2, 2), (3, 3)]):
        check_graph(driver.reach("table", root, up, down), edges, root, up, down)
        check_capped(driver, root, up, down, edges)
    for index, (position, (then, living)) in enumerate(history.items()):
        for root in sorted(living):
            up, down = index % 4, (index + 2) % 4
            check_graph(driver.reach("table", root, up, down, position), set(then), root, up, down)


def check_capped(driver: Driver, root: str, up: int, down: int, edges: set[Pair]) -> None:
    """A walk that meets its cap says so, and shows nothing that is not there."""
    cap = 3
    graph = driver.catalog.lineage(End("table", Key.id(root)), up, down, View(), cap=cap)
    whole = driver.reach("table", root, up, down)
    assert graph.get("truncated", False) == (len(whole["nodes"]) + 1 > cap)
    assert len(graph["nodes"]) < cap or not graph.get("truncated")
    shown = {(edge["fromEntity"], edge["toEntity"]) for edge in graph["upstreamEdges"] + graph["downstreamEdges"]}
    assert shown <= edges


def run(driver: Driver, examples: int, repeatable: bool = False) -> None:
    driver.put("databaseService", {"name": "wh", "serviceType": "Mysql"}, ADA)
    driver.put("database", {"name": "db", "service": "wh"}, ADA)
    driver.put("databaseSchema", {"name": "s", "database": "wh.db"}, ADA)

    @settings(max_examples=examples, derandomize=repeatable, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def walks(steps: list[tuple[str, int, int]]) -> None:
        check_walks(driver, steps)

    walks()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    driver = Driver(f"sqlite:///{tmp_path / 'headwater.db'}", standard())
    yield driver
    driver.close()


def test_walks_reach_what_the_definition_says(driver: Driver) -> None:
    run(driver, 20, repeatable=True)


@pytest.mark.slow
def test_many_walks_reach_what_the_definition_says(driver: Driver) -> None:
    run(driver, 120)


@pytest.mark.slow
def test_walks_reach_what_the_definition_says_on_postgresql(fresh_postgres: Callable[[], str]) -> None:
    driver = Driver(fresh_postgres(), standard())
    run(driver, 30)
    driver.close()
