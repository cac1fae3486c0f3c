# SPDX-License-Identifier: Apache-2.0
"""Any text in any dialect gets an answer."""

import re
from random import Random

import pytest
from sqlglot import Dialect

from headwater.sql import lineage, migration

from .engine import Engine
from .shown import RELATIONS, outputs

DIALECTS = sorted(Dialect.classes)
# Languages of their own, which sqlglot knows as well.
NOT_SQL = {"dax", "prql"}
SCRIPT = """\
SELECT x.a AS n, count(x.b) AS m FROM t AS x WHERE x.k > 1 GROUP BY x.a;
WITH c AS (SELECT a + 1 AS z FROM t) SELECT max(z) AS y FROM c;
INSERT INTO u SELECT id, a, b, k FROM t;
CREATE VIEW v AS SELECT b FROM t;
ALTER TABLE t DROP COLUMN a;
DROP TABLE u"""


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - NOT_SQL))
def test_what_every_dialect_says_alike_is_understood_in_each(dialect: str) -> None:
    upper = dialect in ("snowflake", "oracle", "exasol")
    first, second, third, fourth, *_ = lineage(SCRIPT, dialect=dialect, relations=RELATIONS)
    assert [problem for s in (first, second, third, fourth) for problem in s.problems] == []
    told = [list(outputs(statement).values()) for statement in (first, second, third, fourth)]
    assert told == [
        ["t.a IDENTITY", "t.b AGGREGATION*"],
        ["t.a AGGREGATION"],
        ["t.id IDENTITY", "t.a IDENTITY", "t.b IDENTITY", "t.k IDENTITY"],
        ["t.b IDENTITY"],
    ]
    assert first.outputs[1].name == ("M" if upper else "m")
    assert [str(problem) for problem in migration(SCRIPT, dialect=dialect, relations=RELATIONS).problems] == []


@pytest.mark.parametrize(
    "texts", [300, pytest.param(20_000, marks=[pytest.mark.slow, pytest.mark.timeout(900)])], ids=str
)
def test_broken_statements_cost_themselves_only(texts: int) -> None:
    """Queries with words lost, doubled and moved: the whole ones around them are read as ever."""
    random = Random(texts)
    engine = Engine.of("tpch")
    queries, relations = list(engine.queries("tpch").values()), [*RELATIONS, *engine.relations()]
    for _ in range(texts):
        words = re.findall(r"\s+|\w+|[^\w\s;'\"`/*#$-]", random.choice(queries))
        for _ in range(random.randrange(1, 4)):
            place = random.randrange(len(words))
            words[place : place + random.randrange(2)] = random.choices(words, k=random.randrange(2))
        broken = "".join(words)
        read = lineage(
            f"SELECT a FROM t;\n{broken};\nSELECT x AS b FROM u", dialect=random.choice(DIALECTS), relations=relations
        )
        if read[0].kind != "unreadable":
            assert [*outputs(read[0]).values(), *outputs(read[-1]).values()] == ["t.a IDENTITY", "u.x IDENTITY"], broken
