# SPDX-License-Identifier: Apache-2.0
"""Reach over random graphs, labels, stops and histories, against the rules written down plainly.

The oracle knows the world as sets of names. It finds the best path to every place by improving paths until none gets
better, which is slow and needs no levels, ranks or indexes. Nothing here is shared with the catalogue.
"""

import itertools
from collections.abc import Callable, Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from headwater.catalog.governance import ReachQuestion
from headwater.catalog.reading import View
from headwater.schema.governance import Selection
from headwater.schema.registry import standard

from .driver import Driver
from .oracle import Doc, User

ADA = User("ada")
TABLES, MODELS, COLUMNS = 5, 2, ("a", "b")
COUNTER = itertools.count()
SCHEMA = "wh.db.s"

Pair = tuple[str, str]
Place = tuple[str, str]
"""An entity's FQN, and the name of a field, or ``*`` for all of it."""
Names = tuple[str, ...]
Proof = tuple[str, Names, bool]
Best = dict[tuple[Place, bool], Names]


# the oracle -----------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """What is so at one moment: column pairs per edge and asserter with their transformation, sources, labels.

    ``rules`` are the transformations that the catalogue's stop rule names, ``accepted`` where somebody accepts the tag.
    """

    tables: dict[str, list[str]] = field(default_factory=dict)
    sources: dict[str, dict[str, set[Pair]]] = field(default_factory=dict)
    edges: dict[Pair, dict[str, dict[Pair, str | None]]] = field(default_factory=dict)
    labels: set[Pair] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    accepted: set[Place] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)

    def pairs(self, up: str, down: str) -> dict[Pair, list[str | None]]:
        """The column pairs between two entities, each with what its asserters say of it; a declared one says None."""
        found: dict[Pair, list[str | None]] = {}
        for said in self.edges.get((up, down), {}).values():
            for pair, transformation in said.items():
                found.setdefault(pair, []).append(transformation)
        for feature, sources in self.sources.get(down, {}).items():
            for table, column in sources:
                if table == up:
                    found.setdefault((column, feature), []).append(None)
        return found

    def linked(self) -> set[Pair]:
        declared = {
            (table, model)
            for model, features in self.sources.items()
            for table, _ in set().union(*features.values(), set())
        }
        return {pair for pair, said in self.edges.items() if said} | declared

    def moves(self, place: Place, exact: bool, stops: set[str]) -> Iterator[tuple[Names, Place, bool]]:
        """Where it goes from a place: the names of the edge, the next place, and whether that is exact."""
        entity, part = place
        for up, down in self.linked():
            if up != entity:
                continue
            pairs = self.pairs(up, down)
            if not pairs:
                yield (up, down), (down, "*"), False
            for (one, other), said in pairs.items():
                if part in ("*", one) and not all(word in stops for word in said):
                    yield (f"{up}.{one}", f"{down}.{other}"), (down, other), exact

    def best(self, stops: set[str], closed: Collection[Place] = ()) -> Best:
        """The best path to every place, as names; a shorter one is better, then one that comes first."""

        def is_closed(place: Place) -> bool:
            return place in closed or (place[0], "*") in closed

        best: Best = {((entity, part), True): () for entity, part in self.labels if not is_closed((entity, part))}
        starts = {(place, exact): (place[0] if place[1] == "*" else f"{place[0]}.{place[1]}") for place, exact in best}
        better = True
        while better:
            better = False
            for (place, exact), names in list(best.items()):
                for step, following, still in self.moves(place, exact, stops):
                    if is_closed(following):
                        continue
                    key, path, start = (following, still), names + step, starts[place, exact]
                    known = (len(best[key]), best[key] or (starts[key],)) if key in best else None
                    if known is None or (len(path), path or (start,)) < known:
                        best[key], starts[key] = path, start
                        better = True
        return best

    def proofs(self, stops: set[str], closed: set[Place]) -> dict[str, tuple[str, Names]]:
        """The proof for every entity: how certain, and along which names."""
        proofs: dict[str, tuple[bool, int, Names]] = {}
        for ((entity, _), exact), path in self.best(stops, closed).items():
            proof = (not exact, len(path), path)
            if entity not in self.hidden and (entity not in proofs or proof < proofs[entity]):
                proofs[entity] = proof
        return {entity: ("table" if loose else "column", path) for entity, (loose, _, path) in proofs.items()}

    def reached(self, stops: set[str], policy: bool) -> dict[str, Proof]:
        """The proof for every entity, with whether it leads through something accepted because every path does."""
        if not policy:
            return {entity: (*proof, False) for entity, proof in self.proofs(stops, set()).items()}
        openly = self.proofs(stops | self.rules, self.accepted)
        everywhere = self.proofs(stops | self.rules, set())
        return {entity: (*openly.get(entity, proof), entity not in openly) for entity, proof in everywhere.items()}


# the same in the catalogue ------------------------------------------------------------------------------------------


class Twin:
    """A world and the catalogue's, changed together."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.world = World()
        self.ids: dict[str, str] = {}
        self.number = number = next(COUNTER)
        self.tag = self.make("tag", {"name": f"T{number}", "classification": "Walk", "description": "d"})
        self.tables = [self.make("table", self.table(f"t{number}x{n}")) for n in range(TABLES)]
        self.models = [self.make("mlmodel", {"name": f"m{number}x{n}", "mlFeatures": []}) for n in range(MODELS)]
        self.world.tables = {name: list(COLUMNS) for name in self.tables}
        self.world.sources = {name: {} for name in self.models}

    def table(self, name: str, columns: Iterator[str] | tuple[str, ...] = COLUMNS) -> Doc:
        return {
            "name": name,
            "databaseSchema": SCHEMA,
            "columns": [{"name": one, "dataType": "INT"} for one in columns],
        }

    def make(self, kind: str, request: Doc) -> str:
        made = self.driver.put(kind, request, ADA)
        self.ids[made["fullyQualifiedName"]] = made["id"]
        return str(made["fullyQualifiedName"])

    def end(self, name: str) -> tuple[str, str]:
        return ("mlmodel" if name in self.world.sources else "table"), self.ids[name]

    def assert_edge(self, up: str, down: str, source: str, pairs: set[Pair], transformation: str | None) -> None:
        if {up, down} & self.world.hidden:
            return
        known = {name: set(columns) for name, columns in self.world.tables.items()}
        known |= {name: set(features) for name, features in self.world.sources.items()}
        said = {pair: transformation for pair in pairs if pair[0] in known[up] and pair[1] in known[down]}
        columns = [
            {"fromColumns": [f"{up}.{one}"], "toColumn": f"{down}.{other}", "transformation": transformation}
            for one, other in sorted(said)
        ]
        self.driver.put_edge(self.end(up), self.end(down), {"source": source, "columnsLineage": columns}, ADA)
        self.world.edges.setdefault((up, down), {})[source] = said

    def withdraw(self, up: str, down: str) -> None:
        derived = any(table == up for sources in self.world.sources.get(down, {}).values() for table, _ in sources)
        if self.world.edges.pop((up, down), None) and not derived:
            self.driver.delete_edge(self.end(up), self.end(down), ADA)
        elif derived:
            self.world.edges.pop((up, down), None)

    def label(self, table: str, part: str) -> None:
        """Put the tag on a column, or on the whole table, or take it away again."""
        if table in self.world.hidden or (part != "*" and part not in self.world.tables[table]):
            return
        self.world.labels ^= {(table, part)}
        place = "" if part == "*" else f"/columns/{self.world.tables[table].index(part)}"
        value = [{"tagFQN": self.tag, "source": "Classification"}] if (table, part) in self.world.labels else []
        self.driver.patch("table", self.ids[table], [{"op": "add", "path": f"{place}/tags", "value": value}], ADA)

    def feed(self, model: str, feature: str, sources: set[Pair]) -> None:
        """Give a feature of a model other sources; a column that is gone can only be kept."""
        features = self.world.sources[model]
        usable = {(t, c) for t, c in sources if t not in self.world.hidden and c in self.world.tables[t]}
        features[feature] = usable
        written = [
            {
                "name": name,
                "featureSources": [
                    {"name": column, "dataSource": {"type": "table", "id": self.ids[table]}}
                    for table, column in sorted(of)
                ],
            }
            for name, of in sorted(features.items())
        ]
        self.driver.patch("mlmodel", self.ids[model], [{"op": "add", "path": "/mlFeatures", "value": written}], ADA)

    def drop(self, table: str) -> None:
        """Take the last column away."""
        if table in self.world.hidden or not self.world.tables[table]:
            return
        column = self.world.tables[table].pop()
        self.world.labels.discard((table, column))
        kept = tuple(self.world.tables[table])
        self.driver.put("table", self.table(table.rsplit(".", 1)[1], kept), ADA)

    def rule(self, transformations: set[str]) -> None:
        """Replace the stop rule for the tag, or delete it."""
        if transformations:
            request = {"name": f"S{self.number}", "labels": [self.tag], "transformations": sorted(transformations)}
            self.ids["rule"] = self.driver.put("stopRule", request, ADA)["id"]
        elif self.world.rules:
            self.driver.delete("stopRule", self.ids["rule"], ADA)
        self.world.rules = transformations

    def accept(self, entity: str, part: str) -> None:
        """Accept the tag at an entity or one field of it, or no longer."""
        fields = self.world.tables[entity] if entity in self.tables else self.world.sources[entity]
        if entity in self.world.hidden or (part != "*" and part not in fields):
            return
        self.world.accepted ^= {(entity, part)}
        link = f"{self.end(entity)[0]}::{entity}" + ("" if part == "*" else f"::fields::{part}")
        request = {"name": self.tag, "entityLink": f"<#E::{link}>", "label": self.tag, "acceptedBy": "admin"}
        made = self.driver.put("tagException", {**request, "until": "2999-12-31", "reason": "reviewed"}, ADA)
        if (entity, part) not in self.world.accepted:
            self.driver.delete("tagException", made["id"], ADA)

    def hide(self, table: str) -> None:
        if table not in self.world.hidden:
            self.world.hidden.add(table)
            self.world.accepted = {place for place in self.world.accepted if place[0] != table}
            self.driver.delete("table", self.ids[table], ADA)

    def step(self, what: str, numbers: list[int]) -> None:
        names = self.tables + self.models
        up, down = names[numbers[0] % len(names)], names[numbers[1] % len(names)]
        table, model = self.tables[numbers[0] % TABLES], self.models[numbers[1] % MODELS]
        columns = [COLUMNS[number % 2] for number in numbers[2:]]
        if what == "edge":
            parts = [("f", "g")[number % 2] for number in numbers[2:]]
            ends = [parts if name in self.models else columns for name in (up, down)]
            pairs = set(zip(ends[0][:2], ends[1][2:], strict=False)) if numbers[2] % 3 else set()
            kind = (None, "HASHING", "MASKING", "IDENTITY")[numbers[3] % 4]
            self.assert_edge(up, down, ("ViewLineage", "QueryLineage")[numbers[4] % 2], pairs, kind)
        elif what == "withdraw":
            self.withdraw(up, down)
        elif what == "label":
            self.label(table, (*COLUMNS, "*")[numbers[2] % 3])
        elif what == "feed":
            others = [self.tables[number % TABLES] for number in numbers[2:]]
            self.feed(model, "fg"[numbers[0] % 2], set(zip(others[:2], columns, strict=False)))
        elif what == "drop":
            self.drop(table)
        elif what == "rule":
            self.rule({("HASHING", "MASKING", "IDENTITY")[number % 3] for number in numbers[: numbers[3] % 3]})
        elif what == "accept":
            fields = ("f", "g", "*") if up in self.models else (*COLUMNS, "*")
            self.accept(up, fields[numbers[2] % 3])
        else:
            self.hide(table)

    def answer(self, stops: set[str], policy: bool, position: int) -> dict[str, Proof]:
        question = ReachQuestion(
            tag=self.tag, far=Selection(types=("table", "mlmodel")), stops=tuple(stops), policy=policy, limit=1000
        )
        reply = self.driver.catalog.reach(question, View(as_of=f"@{position}"))
        return {
            row["entity"]["fullyQualifiedName"]: (row["certainty"], names_of(row["paths"][0]), "accepted" in row)
            for row in reply["data"]
        }


def names_of(path: list[Doc]) -> Names:
    ends = (hop[side] for hop in path for side in ("from", "to"))
    return tuple(end.get("field") or end["entity"]["fullyQualifiedName"] for end in ends)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["edge"] * 6 + ["label", "feed", "accept"] * 3 + ["rule", "withdraw", "drop", "hide"]),
        st.lists(st.integers(0, 30), min_size=6, max_size=6),
    ),
    max_size=20,
)
LEFT_OUT = st.sets(st.integers(0, 9), max_size=3)


GROUND: tuple[tuple[int, int, set[Pair]], ...] = (
    (0, 1, {("a", "a")}),
    (1, 2, {("a", "a")}),
    (0, 3, {("a", "b")}),
    (3, 1, {("b", "b")}),
    (0, 2, {("a", "b")}),
    (2, 4, {("b", "a")}),
    (0, 4, set()),
    (4, 0, {("a", "b")}),
    (5, 3, set()),
    (6, 4, {("f", "b")}),
)
"""Edges to begin with, by number of entity: ties, a short way between tables beside a long one between columns, a
cycle, and what models produce."""


def check(driver: Driver, left_out: set[int], steps: list[tuple[str, list[int]]]) -> None:
    twin = Twin(driver)
    names = twin.tables + twin.models
    twin.label(names[0], "a")
    twin.feed(names[5], "f", {(names[2], "a"), (names[4], "b")})
    twin.feed(names[6], "f", {(names[1], "b"), (names[4], "a")})
    for number, (up, down, pairs) in enumerate(GROUND):
        if number not in left_out:
            twin.assert_edge(names[up], names[down], "ViewLineage", pairs, "HASHING" if number == 2 else None)
    history = {driver.position(): deepcopy(twin.world)}
    for what, numbers in steps:
        note(f"{what} {numbers}")
        twin.step(what, numbers)
        history[driver.position()] = deepcopy(twin.world)
    for position, world in history.items():
        for stops, policy in ((set[str](), False), ({"HASHING", "MASKING"}, False), (set[str](), True)):
            assert twin.answer(stops, policy, position) == world.reached(stops, policy), (position, stops, policy)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    opened = Driver(f"sqlite:///{tmp_path}/reach.db", standard())
    ground(opened)
    yield opened
    opened.close()


def ground(driver: Driver) -> None:
    for kind, request in (
        ("databaseService", {"name": "wh", "serviceType": "SQLite"}),
        ("database", {"name": "db", "service": "wh"}),
        ("databaseSchema", {"name": "s", "database": "wh.db"}),
        ("classification", {"name": "Walk", "description": "d"}),
    ):
        driver.put(kind, request, ADA)


def run(driver: Driver, examples: int) -> None:
    found = settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=examples < 100
    )(given(left_out=LEFT_OUT, steps=STEPS)(lambda left_out, steps: check(driver, left_out, steps)))
    found()


def test_reach_is_what_the_rules_say(driver: Driver) -> None:
    run(driver, 25)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_reach_of_many_graphs_is_what_the_rules_say(driver: Driver) -> None:
    run(driver, 400)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_reach_is_what_the_rules_say_on_postgresql(fresh_postgres: Callable[[], str]) -> None:
    opened = Driver(fresh_postgres(), standard())
    try:
        ground(opened)
        run(opened, 100)
    finally:
        opened.close()
