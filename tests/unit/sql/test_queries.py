# SPDX-License-Identifier: Apache-2.0
"""What a query's outputs come from, and what bears on its rows."""

import pytest

from headwater.sql import Directness, lineage
from headwater.transformation import Transformation

from .shown import RELATIONS, flow, outputs, problems, read, reads

EXPRESSIONS = {
    "a": "t.a IDENTITY",
    "(a)": "t.a IDENTITY",
    "a + 1": "t.a TRANSFORMATION",
    "CAST(a AS VARCHAR) || b": "t.a TRANSFORMATION, t.b TRANSFORMATION",
    "a > b": "t.a TRANSFORMATION, t.b TRANSFORMATION",
    "42": "",
    "CASE WHEN a = 1 AND k = 2 THEN 'H1' ELSE 'H0' END": "t.a CONDITIONAL, t.k CONDITIONAL",
    "CASE a WHEN 1 THEN b ELSE k END": "t.a CONDITIONAL, t.b TRANSFORMATION, t.k TRANSFORMATION",
    "if(a > 1, b, k)": "t.a CONDITIONAL, t.b TRANSFORMATION, t.k TRANSFORMATION",
    "coalesce(a, b)": "t.a TRANSFORMATION CONDITIONAL, t.b TRANSFORMATION",
    "nullif(a, b)": "t.a TRANSFORMATION CONDITIONAL, t.b CONDITIONAL",
    "CASE WHEN a > 0 THEN a END": "t.a TRANSFORMATION CONDITIONAL",
    "sum(a)": "t.a AGGREGATION",
    "max(a + b) + 1": "t.a AGGREGATION, t.b AGGREGATION",
    "product(a)": "t.a AGGREGATION",
    "sum(CASE WHEN b > 1 THEN a END)": "t.a AGGREGATION, t.b CONDITIONAL",
    "sum(a) FILTER (WHERE b > 1)": "t.a AGGREGATION, t.b FILTER",
    "array_agg(a ORDER BY b)": "t.a AGGREGATION, t.b SORT",
    "percentile_cont(0.5) WITHIN GROUP (ORDER BY a)": "t.a AGGREGATION",
    "listagg(a) WITHIN GROUP (ORDER BY b)": "t.a AGGREGATION, t.b SORT",
    "count(*)": "",
    "count(1)": "",
    "count(a)": "t.a AGGREGATION*",
    "count(DISTINCT a)": "t.a AGGREGATION*",
    "approx_count_distinct(a)": "t.a AGGREGATION*",
    "md5(a)": "t.a TRANSFORMATION#",
    "upper(sha256(concat(a, b)))": "t.a TRANSFORMATION#, t.b TRANSFORMATION#",
    "md5(CASE WHEN b > 1 THEN a END)": "t.a TRANSFORMATION#, t.b CONDITIONAL#",
    "a || md5(a)": "t.a TRANSFORMATION TRANSFORMATION#",
    "count(md5(a))": "t.a AGGREGATION#",
    "rehash(a)": "t.a TRANSFORMATION",
    "row_number() OVER (PARTITION BY k ORDER BY b DESC)": "t.b WINDOW, t.k WINDOW",
    "sum(a) OVER (PARTITION BY k)": "t.a AGGREGATION, t.k WINDOW",
    "lag(a, 1, b) OVER (ORDER BY k)": "t.a TRANSFORMATION, t.b TRANSFORMATION, t.k WINDOW",
    "count(a) OVER w": "t.a AGGREGATION*, t.id WINDOW, t.k WINDOW",
    "sum(a) OVER (w ROWS 3 PRECEDING)": "t.a AGGREGATION, t.id WINDOW, t.k WINDOW",
    "place.city.name": "t.place.city.name IDENTITY",
    "t.place.city": "t.place.city IDENTITY",
    "upper(place.city)": "t.place.city TRANSFORMATION",
    "items[1].price": "t.items TRANSFORMATION",
    "list_transform(items, x -> x + a)": "t.a TRANSFORMATION, t.items TRANSFORMATION",
    "[x + a FOR x IN items IF x > b]": "t.a TRANSFORMATION, t.b CONDITIONAL, t.items TRANSFORMATION CONDITIONAL",
    "(SELECT max(x) FROM u WHERE u.id = t.id)": "t.id FILTER, u.id FILTER, u.x AGGREGATION",
    "a IN (SELECT x FROM u WHERE y > 1)": "t.a TRANSFORMATION, u.x TRANSFORMATION, u.y FILTER",
    "EXISTS (SELECT * FROM u WHERE u.k = t.k)": "t.k FILTER, u.k FILTER",
    "CASE WHEN EXISTS (SELECT 1 FROM u WHERE u.k = t.k) THEN a END": "t.a TRANSFORMATION, t.k CONDITIONAL, "
    "u.k CONDITIONAL",
    "t": "t.a TRANSFORMATION, t.b TRANSFORMATION, t.id TRANSFORMATION, t.items TRANSFORMATION, t.k TRANSFORMATION, "
    "t.place TRANSFORMATION",
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_output_comes_from_what_its_expression_names(expression: str) -> None:
    statement = read(f"SELECT {expression} AS o FROM t WINDOW w AS (PARTITION BY k ORDER BY id)")
    assert outputs(statement) == {"o": EXPRESSIONS[expression]}
    assert statement.rows == ()


def test_directness_follows_from_the_subtype() -> None:
    (output,) = read("SELECT coalesce(a, b) AS o FROM t").outputs
    (first, second) = output.sources[0].ways
    assert (first.type, first.subtype) == (Directness.DIRECT, Transformation.TRANSFORMATION)
    assert (second.type, second.subtype) == (Directness.INDIRECT, Transformation.CONDITIONAL)


ROWS = {
    "SELECT 1 AS o FROM t WHERE a > 1 AND b < 2": "t.a FILTER, t.b FILTER",
    "SELECT 1 AS o FROM t JOIN u ON t.id = u.id": "t.id JOIN, u.id JOIN",
    "SELECT 1 AS o FROM t JOIN u USING (id, k)": "t.id JOIN, t.k JOIN, u.id JOIN, u.k JOIN",
    "SELECT 1 AS o FROM t NATURAL JOIN u": "t.id JOIN, t.k JOIN, u.id JOIN, u.k JOIN",
    "SELECT 1 AS o FROM t SEMI JOIN u ON t.id = u.x": "t.id JOIN, u.x JOIN",
    "SELECT 1 AS o FROM t, u WHERE t.id = u.id": "t.id FILTER, u.id FILTER",
    "SELECT a AS o FROM t GROUP BY a": "t.a GROUP_BY",
    "SELECT a + b AS o FROM t GROUP BY 1": "t.a GROUP_BY, t.b GROUP_BY",
    "SELECT a + b AS o FROM t GROUP BY o": "t.a GROUP_BY, t.b GROUP_BY",
    "SELECT a AS o, sum(b) AS s FROM t GROUP BY ALL": "t.a GROUP_BY",
    "SELECT sum(a) AS o FROM t GROUP BY ROLLUP (b, k)": "t.b GROUP_BY, t.k GROUP_BY",
    "SELECT sum(a) AS o FROM t GROUP BY GROUPING SETS ((b), (k))": "t.b GROUP_BY, t.k GROUP_BY",
    "SELECT sum(a) AS o FROM t HAVING max(b) > 1": "t.b FILTER",
    "SELECT a AS o FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY b) = 1": "t.b FILTER, t.k FILTER",
    "SELECT a + b AS o FROM t ORDER BY o": "t.a SORT, t.b SORT",
    "SELECT a AS o FROM t ORDER BY 1": "t.a SORT",
    "SELECT a AS o FROM t ORDER BY k": "t.k SORT",
    "SELECT DISTINCT a AS o FROM t": "t.a GROUP_BY",
    "SELECT DISTINCT ON (k) a AS o FROM t": "t.k GROUP_BY",
    "SELECT a AS o FROM t WHERE b IN (SELECT x FROM u WHERE u.y = t.k)": "t.b FILTER, t.k FILTER, u.x FILTER, "
    "u.y FILTER",
    "SELECT o FROM (SELECT a AS o, b FROM t WHERE k > 1) WHERE b > 2": "t.b FILTER, t.k FILTER",
    "SELECT a AS o FROM t UNION ALL SELECT x FROM u ORDER BY 1": "t.a SORT, u.x SORT",
    "SELECT a AS o FROM t UNION SELECT x FROM u": "t.a GROUP_BY, u.x GROUP_BY",
    "SELECT a AS o FROM t EXCEPT SELECT x FROM u": "t.a FILTER, u.x FILTER",
    "SELECT a AS o FROM t WHERE md5(b) = 'x'": "t.b FILTER#",
}


@pytest.mark.parametrize("sql", ROWS)
def test_what_only_chooses_or_orders_rows_is_told_apart(sql: str) -> None:
    assert flow(read(sql).rows) == ROWS[sql]


SHAPES = {
    # Stars
    "SELECT * FROM u": {"id": "u.id IDENTITY", "x": "u.x IDENTITY", "y": "u.y IDENTITY", "k": "u.k IDENTITY"},
    "SELECT u.* EXCLUDE (id, k) FROM t, u": {"x": "u.x IDENTITY", "y": "u.y IDENTITY"},
    "SELECT * EXCLUDE (id, k) REPLACE (x + y AS x) RENAME (y AS z) FROM u": {
        "x": "u.x TRANSFORMATION, u.y TRANSFORMATION",
        "z": "u.y IDENTITY",
    },
    "SELECT * FROM (SELECT a, b FROM t) JOIN (SELECT a, x FROM (SELECT k AS a, x FROM u)) USING (a)": {
        "a": "t.a IDENTITY, u.k IDENTITY",
        "b": "t.b IDENTITY",
        "x": "u.x IDENTITY",
    },
    "SELECT id FROM t LEFT JOIN u USING (id)": {"id": "t.id IDENTITY"},
    "SELECT id FROM t RIGHT JOIN u USING (id)": {"id": "u.id IDENTITY"},
    "SELECT id FROM t FULL JOIN u USING (id)": {"id": "t.id IDENTITY, u.id IDENTITY"},
    "FROM u": {"id": "u.id IDENTITY", "x": "u.x IDENTITY", "y": "u.y IDENTITY", "k": "u.k IDENTITY"},
    # Common table expressions
    "WITH c AS (SELECT a + 1 AS n FROM t), d AS (SELECT n * 2 AS m FROM c) SELECT m FROM d": {
        "m": "t.a TRANSFORMATION"
    },
    "WITH c (p, q) AS (SELECT a, b FROM t) SELECT q, p FROM c": {"q": "t.b IDENTITY", "p": "t.a IDENTITY"},
    "WITH t AS (SELECT x AS a FROM u) SELECT a FROM t": {"a": "u.x IDENTITY"},
    "WITH t AS (SELECT a AS z FROM t) SELECT z FROM t": {"z": "t.a IDENTITY"},
    "WITH RECURSIVE r (n, s) AS (SELECT id, a FROM t UNION ALL SELECT u.id, r.s + u.x FROM u JOIN r ON u.y = r.n) "
    "SELECT s FROM r": {"s": "t.a IDENTITY TRANSFORMATION, u.x TRANSFORMATION"},
    # Set operations
    "SELECT a, b FROM t UNION ALL SELECT x, md5(y) FROM u": {
        "a": "t.a IDENTITY, u.x IDENTITY",
        "b": "t.b IDENTITY, u.y TRANSFORMATION#",
    },
    "SELECT a, b FROM t UNION ALL BY NAME SELECT x AS b, y AS c FROM u": {
        "a": "t.a IDENTITY",
        "b": "t.b IDENTITY, u.x IDENTITY",
        "c": "u.y IDENTITY",
    },
    "SELECT a FROM t INTERSECT SELECT x FROM u": {"a": "t.a IDENTITY, u.x IDENTITY"},
    "SELECT a FROM t EXCEPT SELECT x FROM u": {"a": "t.a IDENTITY"},
    # Tables in FROM
    "SELECT p.a AS one, q.a AS two FROM t p JOIN t q ON p.id = q.k": {"one": "t.a IDENTITY", "two": "t.a IDENTITY"},
    "SELECT l.m FROM t, LATERAL (SELECT max(x) AS m FROM u WHERE u.id = t.id) l": {"m": "u.x AGGREGATION"},
    "SELECT i FROM t, UNNEST(t.items) AS g(i)": {"i": "t.items TRANSFORMATION"},
    "SELECT i, a FROM generate_series(1, 3) AS g(i), t": {"i": "", "a": "t.a IDENTITY"},
    "SELECT v.p, v.q FROM (VALUES (1, 2)) AS v(p, q)": {"p": "", "q": ""},
    "SELECT j.a, j.x FROM (t JOIN u ON t.id = u.id) AS j": {"a": "t.a IDENTITY", "x": "u.x IDENTITY"},
    "SELECT a, x FROM (t JOIN u ON t.id = u.id)": {"a": "t.a IDENTITY", "x": "u.x IDENTITY"},
    # Outputs that use other outputs
    "SELECT a + 1 AS n, n * b AS m FROM t": {"n": "t.a TRANSFORMATION", "m": "t.a TRANSFORMATION, t.b TRANSFORMATION"},
    "SELECT a + 1 AS b, b AS c FROM t": {"b": "t.a TRANSFORMATION", "c": "t.b IDENTITY"},
    # A name of the inner query comes before the same name outside.
    "SELECT (SELECT max(k) FROM u WHERE id = a) AS o FROM t": {"o": "t.a FILTER, u.id FILTER, u.k AGGREGATION"},
    # Pivots
    "SELECT * FROM (SELECT id, a, k FROM t) PIVOT (sum(a) FOR k IN ('x', 'y'))": {
        "id": "t.id IDENTITY",
        "x": "t.a AGGREGATION, t.k CONDITIONAL",
        "y": "t.a AGGREGATION, t.k CONDITIONAL",
    },
    "SELECT * FROM (SELECT id, a, b FROM t) UNPIVOT (v FOR n IN (a, b))": {
        "id": "t.id IDENTITY",
        "n": "",
        "v": "t.a IDENTITY, t.b IDENTITY",
    },
    "SELECT id, x1 FROM (PIVOT t ON k USING sum(b) GROUP BY id)": {
        "id": "t.id IDENTITY",
        "x1": "t.b AGGREGATION, t.k CONDITIONAL",
    },
}


@pytest.mark.parametrize("sql", SHAPES)
def test_names_are_followed_through_queries(sql: str) -> None:
    assert outputs(read(sql)) == SHAPES[sql]


def test_columns_that_are_needed_by_name_are_told_with_what_is_read() -> None:
    sql = "WITH unused AS (SELECT y FROM u) SELECT * EXCLUDE (k) FROM t WHERE EXISTS (SELECT * FROM u WHERE x > 1)"
    assert reads(read(sql)) == {"t": ("k",), "u": ("x", "y")}
    assert reads(read("SELECT n FROM (SELECT * FROM (SELECT a AS n, b FROM t))")) == {"t": ("a", "b")}
    assert reads(read("SELECT a FROM (SELECT * FROM t)")) == {"t": ("a",)}
    assert reads(read("SELECT count(*) AS n FROM t")) == {"t": ()}


UNKNOWN = {
    "SELECT a FROM nope WHERE b > 1": ({"a": "nope.a IDENTITY"}, []),
    "SELECT n FROM (SELECT * FROM nope) WHERE m = 1": ({"n": "nope.n IDENTITY"}, []),
    # If nope had an id as well, the engine would refuse the name.
    "SELECT id, z FROM t JOIN nope ON t.k = nope.k": ({"id": "t.id IDENTITY", "z": "nope.z IDENTITY"}, []),
    "SELECT nope.z, o.z AS y FROM nope JOIN other o ON nope.i = o.i": (
        {"z": "nope.z IDENTITY", "y": "other.z IDENTITY"},
        [],
    ),
    "SELECT z FROM nope JOIN other ON nope.i = other.i": (
        {"z": ""},
        ["1:8 z may be of nope or other, whose columns are not known"],
    ),
    "SELECT *, a FROM nope": (
        {"a": "nope.a IDENTITY"},
        ["1:8 the columns of nope are not known, so * is not resolved"],
    ),
    "SELECT (SELECT max(q) FROM nope) AS o FROM u": ({"o": "nope.q AGGREGATION"}, []),
    "SELECT (SELECT max(y) FROM nope) AS o FROM u": (
        {"o": ""},
        ["1:20 y may be of nope, whose columns are not known"],
    ),
    "SELECT sum(n) AS p FROM nope GROUP BY p": (
        {"p": "nope.n AGGREGATION"},
        ["1:39 p may be an output or of nope, whose columns are not known"],
    ),
    "SELECT x FROM nope UNION ALL SELECT y FROM other": ({"x": "nope.x IDENTITY, other.y IDENTITY"}, []),
    "SELECT n FROM (SELECT * FROM nope UNION ALL SELECT * FROM other)": (
        {"n": ""},
        ["1:23 the columns of nope and other are not known, so they cannot be set side by side by position"],
    ),
    "WITH c (p) AS (SELECT * FROM nope) SELECT p FROM c": (
        {"p": ""},
        ["1:6 the columns of nope are not known, so they cannot be given new names"],
    ),
    "SELECT a FROM (SELECT DISTINCT * FROM nope)": (
        {"a": "nope.a IDENTITY"},
        ["1:32 rows are compared by columns of nope, which are not known"],
    ),
    "SELECT a FROM t NATURAL JOIN nope": (
        {"a": "t.a IDENTITY"},
        ["1:30 a natural join with nope, whose columns are not known"],
    ),
}


@pytest.mark.parametrize("sql", UNKNOWN)
def test_with_part_of_the_columns_unknown_only_what_is_sure_is_told(sql: str) -> None:
    (statement,) = lineage(sql, dialect="duckdb", relations=RELATIONS)
    assert (outputs(statement), problems(statement)) == UNKNOWN[sql]


FAULTS = {
    "SELECT nope, a FROM t": ["1:8 nothing that is read here has a column nope"],
    "SELECT t.nope FROM t": ["1:8 t has no column nope"],
    "SELECT id FROM t JOIN u ON t.id = u.id": ["1:8 id is a column of t and u"],
    "SELECT a FROM t UNION ALL SELECT x, y FROM u": ["1:8 1 columns are set side by side with 2"],
    "SELECT *\nFROM read_csv('people.csv')": ["2:6 what the table function read_csv reads is not known"],
    "WITH RECURSIVE r AS (SELECT place FROM t UNION ALL SELECT r.place.inner FROM r) SELECT place FROM r": [
        "1:16 r reads itself without an end"
    ],
    "SELECT COLUMNS('a.*') FROM t": ["1:8 COLUMNS(…) is not understood"],
    "SELECT a\n  FROM t\n WHERE nope > 1": ["3:8 nothing that is read here has a column nope"],
    "SELECT * EXCLUDE (nope) FROM t": ["1:19 * has no column nope"],
}


@pytest.mark.parametrize("sql", FAULTS)
def test_what_cannot_be_resolved_is_told_with_its_place_and_the_rest_is_read(sql: str) -> None:
    (statement,) = lineage(sql, dialect="duckdb", relations=RELATIONS)
    assert problems(statement) == FAULTS[sql]


def test_an_unresolved_name_costs_its_own_output_only() -> None:
    (statement,) = lineage("SELECT nope + b AS n, a FROM t", relations=RELATIONS)
    assert outputs(statement) == {"n": "t.b TRANSFORMATION", "a": "t.a IDENTITY"}


def test_thousands_of_operators_and_branches_are_read() -> None:
    sql = " + ".join(["a"] * 3000)
    assert outputs(read(f"SELECT {sql} AS o FROM t")) == {"o": "t.a TRANSFORMATION"}
    many = " UNION ALL ".join(["SELECT a FROM t"] * 1000)
    assert outputs(read(many)) == {"a": "t.a IDENTITY"}
