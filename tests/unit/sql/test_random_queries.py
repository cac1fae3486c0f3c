# SPDX-License-Identifier: Apache-2.0
"""Random queries: what lineage says of them is what the engine reads for each output by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import pytest

from headwater.sql import lineage

from .engine import Engine, names

TABLES = {"p": ("id", "a", "b", "c"), "q": ("id", "a", "d", "e"), "r": ("id", "b", "f")}
OUTPUTS = ("a", "b", "x", "y", "z")


@dataclass
class Writer:
    """Writes queries. ``ctes``: what WITH has named so far.

    The engine leaves out what no output needs, except for windows and subqueries. So a query is either ``narrow``:
    each SELECT has one output, which needs all that its own FROM makes; or it has neither windows nor subqueries.
    """

    random: Random
    narrow: bool
    aliases: int = 0
    ctes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def pick(self, options: Sequence[str]) -> str:
        return self.random.choice(options)

    def chance(self, one_in: int) -> bool:
        return self.random.randrange(one_in) == 0

    def alias(self) -> str:
        self.aliases += 1
        return f"s{self.aliases}"

    def expression(self, columns: Sequence[str], depth: int, windows: bool = False) -> str:
        if depth == 0:
            return self.pick(columns)
        one, two = (self.expression(columns, depth - 1) for _ in range(2))
        shapes = {
            "column": self.pick(columns),
            "add": f"({one} + {two})",
            "case": f"CASE WHEN {self.pick(columns)} > {one} THEN {two} ELSE {self.pick(columns)} END",
            "coalesce": f"coalesce({one}, {two})",
            "nullif": f"nullif({one}, {two})",
        }
        if self.narrow:
            shapes["lookup"] = f"(SELECT max(u.f) FROM r AS u WHERE u.id = {one})"
            shapes["exists"] = f"CASE WHEN EXISTS (SELECT * FROM r AS u WHERE u.b = {one}) THEN 1 ELSE {two} END"
            shapes["in"] = f"CASE WHEN {one} IN (SELECT u.f FROM r AS u) THEN {two} END"
        if self.narrow and windows:
            shapes["window"] = f"sum({one}) OVER (PARTITION BY {two} ORDER BY {self.pick(columns)})"
        return shapes[self.pick(sorted(shapes))]

    def source(self, depth: int) -> tuple[str, tuple[str, ...], bool]:
        """What may stand in FROM, its columns, and whether it is a query."""
        kind = self.pick(["table", "query", "cte"]) if depth else "table"
        if kind == "query":
            query, columns = self.query(depth - 1)
            return f"({query})", columns, True
        known = self.ctes if kind == "cte" and self.ctes else TABLES
        name = self.pick(sorted(known))
        return name, known[name], name in self.ctes

    def select(self, depth: int) -> tuple[str, tuple[str, ...]]:
        text, columns, made = self.source(depth)
        first = self.alias()
        sources = [(first, columns, made)]
        text = f"{text} AS {first}"
        if self.chance(2):
            other, others, made = self.source(depth)
            second = self.alias()
            shared = sorted(set(columns) & set(others))
            if shared and self.chance(2):
                text = f"{text} JOIN {other} AS {second} USING ({self.pick(shared)})"
            else:
                text = f"{text} JOIN {other} AS {second} ON {first}.{self.pick(columns)} = {second}.{self.pick(others)}"
            sources.append((second, others, made))
        # A name without its table where there is only one such column.
        everything = [name for _, columns, _ in sources for name in columns]
        known = [f"{s}.{c}" if everything.count(c) > 1 else c for s, columns, _ in sources for c in columns]
        needed = [f" + {s}.{c}" for s, columns, made in sources for c in columns if made and self.narrow]
        where = f" WHERE {self.expression(known, 1)} > 1" if self.chance(2) else ""
        if self.chance(3):
            return self.grouped(f"FROM {text}{where}", known, "".join(needed))
        if self.chance(4) and not self.narrow and len(columns) > 1:
            star = f"{first}.* EXCLUDE ({columns[0]}) REPLACE ({self.expression(known, 1)} AS {columns[-1]})"
            return f"SELECT {star} FROM {text}{where}", columns[1:]
        outputs = ("x",) if self.narrow else tuple(sorted({self.pick(OUTPUTS) for _ in range(3)}))
        body = ", ".join(f"{self.expression(known, 2, True)}{''.join(needed)} AS {name}" for name in outputs)
        order = f" ORDER BY {self.pick(outputs)}" if self.chance(4) else ""
        return f"SELECT {body} FROM {text}{where}{order}", outputs

    def grouped(self, source: str, known: Sequence[str], needed: str) -> tuple[str, tuple[str, ...]]:
        key = self.pick(known)
        having = f" HAVING max({self.pick(known)}) > 1" if self.chance(2) else ""
        total = f"sum({self.expression(known, 1)}{needed}) AS x"
        if self.narrow:
            return f"SELECT {total} {source} GROUP BY {key}{having}", ("x",)
        return f"SELECT {key} AS k, {total}, count({self.pick(known)}) AS y {source} GROUP BY 1{having}", (
            "k",
            "x",
            "y",
        )

    def query(self, depth: int) -> tuple[str, tuple[str, ...]]:
        text, columns = self.select(depth)
        if not self.chance(4):
            return text, columns
        other, others = self.select(depth)
        width = min(len(columns), len(others))
        left = f"SELECT {', '.join(columns[:width])} FROM ({text}) AS {self.alias()}"
        right = f"SELECT {', '.join(others[:width])} FROM ({other}) AS {self.alias()}"
        return f"{left} UNION ALL {right}", columns[:width]

    def statement(self) -> str:
        with_ = []
        for name in ("w", "v"):
            if self.chance(2):
                query, columns = self.query(1)
                with_.append(f"{name} AS ({query})")
                self.ctes[name] = columns
        query, _ = self.query(2)
        return f"WITH {', '.join(with_)} {query}" if with_ else query


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(*(f"CREATE TABLE {name} ({', '.join(f'{c} INTEGER' for c in cs)})" for name, cs in TABLES.items()))


def check(engine: Engine, seeds: range, narrow: bool) -> None:
    for seed in seeds:
        query = Writer(Random(seed), narrow).statement()
        (read,) = lineage(query, dialect="duckdb", relations=engine.relations())
        assert read.problems == (), query
        assert len(read.outputs) == len(engine.outputs(query)), query
        rows = names(read.rows)
        for place, output in enumerate(read.outputs):
            assert names(output.sources) | rows == engine.scanned(query, f"c{place}"), (query, output.name)
        with engine.only({each.relation[-1]: each.columns for each in read.reads}):
            assert engine.binds(query), query


@pytest.mark.parametrize("narrow", [False, True])
def test_sources_are_what_the_engine_reads(engine: Engine, narrow: bool) -> None:
    check(engine, range(60), narrow)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("narrow", [False, True])
def test_sources_are_what_the_engine_reads_in_many_queries(engine: Engine, narrow: bool) -> None:
    check(engine, range(60, 1000), narrow)
