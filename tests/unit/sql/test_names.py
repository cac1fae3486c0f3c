# SPDX-License-Identifier: Apache-2.0
"""Names mean what the dialect makes of them: folded, quoted, qualified, completed by defaults."""

import pytest

from headwater.errors import InvalidEntity
from headwater.sql import Relation, lineage

from .shown import outputs, problems, read, reads

# dialect, stored columns of T, what is selected; outputs with their sources, or the problem
SPELLINGS = [
    ("postgres", ("id", "Name"), 'ID, "id"', ["id <- id", "id <- id"]),
    ("postgres", ("id", "Name"), '"Name"', ["Name <- Name"]),
    ("postgres", ("name", "Name"), 'NAME, "Name"', ["name <- name", "Name <- Name"]),
    ("postgres", ("id",), '"ID"', "nothing that is read here has a column ID"),
    # Nobody quoted it, so the only one that differs in case alone is meant.
    ("postgres", ("Name",), "name", ["name <- Name"]),
    ("postgres", ("Name", "NAME"), "name", "name is a column of t and t"),
    ("snowflake", ("ID", "name"), 'id, "name"', ["ID <- ID", "name <- name"]),
    ("snowflake", ("id",), "Id AS Key", ["KEY <- id"]),
    ("snowflake", ("ID",), '"id"', "nothing that is read here has a column id"),
    ("oracle", ("ID",), "id", ["ID <- ID"]),
    ("duckdb", ("Id",), 'iD, "ID"', ["iD <- Id", "ID <- Id"]),
    ("bigquery", ("Id",), "iD, `ID`", ["iD <- Id", "ID <- Id"]),
    ("tsql", ("CustomerId",), "customerid, [CUSTOMERID] AS [Key]", ["customerid <- CustomerId", "Key <- CustomerId"]),
    ("mysql", ("Id",), "`ID`", ["ID <- Id"]),
    ("spark", ("Id",), "`ID`", ["ID <- Id"]),
    ("snowflake", ("first name",), '"first name"', ["first name <- first name"]),
    ("postgres", ("Ünïcode",), '"Ünïcode"', ["Ünïcode <- Ünïcode"]),
]


@pytest.mark.parametrize(("dialect", "columns", "selected", "expected"), SPELLINGS)
def test_columns_are_found_by_the_folding_of_the_dialect(
    dialect: str, columns: tuple[str, ...], selected: str, expected: list[str] | str
) -> None:
    (statement,) = lineage(f"SELECT {selected} FROM t", dialect=dialect, relations=[Relation(("t",), columns)])
    if isinstance(expected, str):
        assert [problem.reason for problem in statement.problems] == [expected]
    else:
        assert statement.problems == ()
        assert [f"{o.name} <- {' '.join(s.column.name for s in o.sources)}" for o in statement.outputs] == expected


def test_a_star_gives_names_as_they_are_stored() -> None:
    statement = read("SELECT * FROM t", "duckdb", [Relation(("T",), ("Id", "fullName"))])
    assert outputs(statement) == {"Id": "T.Id IDENTITY", "fullName": "T.fullName IDENTITY"}


def test_names_of_outputs_meet_their_uses_whatever_their_case() -> None:
    sql = "WITH C AS (SELECT A AS Total FROM t) SELECT TOTAL FROM (SELECT c.total FROM c) AS Q ORDER BY Total"
    for dialect in ("postgres", "snowflake", "duckdb", "bigquery", "tsql", "mysql"):
        (output,) = outputs(read(sql, dialect, [Relation(("t",), ("a",))])).values()
        assert output == "t.a IDENTITY"


PLACES = (
    Relation(("wh", "sales", "orders"), ("id", "total")),
    Relation(("wh", "web", "orders"), ("id", "clicks")),
    Relation(("other", "web", "orders"), ("id", "views")),
)
QUALIFIED = {
    "SELECT total FROM orders": {"total": "wh.sales.orders.total IDENTITY"},
    "SELECT clicks FROM web.orders": {"clicks": "wh.web.orders.clicks IDENTITY"},
    "SELECT views FROM other.web.orders": {"views": "other.web.orders.views IDENTITY"},
    "SELECT web.orders.clicks, sales.orders.id FROM web.orders, sales.orders": {
        "clicks": "wh.web.orders.clicks IDENTITY",
        "id": "wh.sales.orders.id IDENTITY",
    },
    "SELECT wh.web.orders.clicks FROM wh.web.orders": {"clicks": "wh.web.orders.clicks IDENTITY"},
    "SELECT o.clicks FROM WEB.Orders o": {"clicks": "wh.web.orders.clicks IDENTITY"},
    "SELECT x FROM elsewhere": {"x": "wh.sales.elsewhere.x IDENTITY"},
}


@pytest.mark.parametrize("sql", QUALIFIED)
def test_tables_are_found_by_what_is_said_and_completed_by_the_defaults(sql: str) -> None:
    assert outputs(read(sql, "postgres", PLACES, catalog="wh", schema="sales")) == QUALIFIED[sql]


def test_use_changes_the_defaults_for_what_follows() -> None:
    script = "SELECT id FROM orders; USE SCHEMA web; SELECT id FROM orders; USE DATABASE other; SELECT id FROM orders"
    upper = [Relation(tuple(p.upper() for p in r.name), tuple(c.upper() for c in r.columns or ())) for r in PLACES]
    read = lineage(script, dialect="snowflake", relations=upper, catalog="WH", schema="SALES")
    assert [next(iter(reads(s)), None) for s in read] == [
        "WH.SALES.ORDERS", None, "WH.WEB.ORDERS", None, "OTHER.WEB.ORDERS",
    ]  # fmt: skip


STRUCTS = {
    ("bigquery", "SELECT place.city, t.place.city.name AS n FROM t"): {
        "city": "t.place.city IDENTITY",
        "n": "t.place.city.name IDENTITY",
    },
    ("bigquery", "SELECT item.sku, q FROM t, UNNEST(items) AS item WITH OFFSET AS q"): {
        "sku": "t.items TRANSFORMATION",
        "q": "",
    },
    ("bigquery", "SELECT i.sku, i AS whole FROM t, t.items AS i"): {
        "sku": "t.items TRANSFORMATION",
        "whole": "t.items TRANSFORMATION",
    },
    ("bigquery", "SELECT * EXCEPT (id, b, k, items, place) FROM t"): {"a": "t.a IDENTITY"},
    ("spark", "SELECT e.x, y FROM t LATERAL VIEW explode(items) e AS x LATERAL VIEW posexplode(items) f AS p, y"): {
        "x": "t.items TRANSFORMATION",
        "y": "t.items TRANSFORMATION",
    },
    ("snowflake", "SELECT f.value:sku::string AS sku FROM t, LATERAL FLATTEN(input => t.items) f"): {
        "SKU": "t.items TRANSFORMATION",
    },
    ("snowflake", "SELECT iff(a > 1, b, k) AS o, decode(a, 1, b, k) AS p FROM t"): {
        "O": "t.a CONDITIONAL, t.b TRANSFORMATION, t.k TRANSFORMATION",
        "P": "t.a CONDITIONAL, t.b TRANSFORMATION, t.k TRANSFORMATION",
    },
    ("snowflake", "SELECT sha2(a, 256) AS o, hash(a) AS p FROM t"): {
        "O": "t.a TRANSFORMATION#",
        "P": "t.a TRANSFORMATION#",
    },
    ("postgres", "SELECT encode(digest(a, 'sha256'), 'hex') AS o FROM t"): {"o": "t.a TRANSFORMATION#"},
    ("tsql", "SELECT HASHBYTES('SHA2_256', a) AS o FROM t"): {"o": "t.a TRANSFORMATION#"},
    ("bigquery", "SELECT TO_HEX(SHA256(a)) AS o, FARM_FINGERPRINT(b) AS p FROM t"): {
        "o": "t.a TRANSFORMATION#",
        "p": "t.b TRANSFORMATION#",
    },
    ("databricks", "SELECT mask(a) AS o FROM t"): {"o": "t.a TRANSFORMATION*"},
    ("clickhouse", "SELECT sipHash64(a) AS o, uniqExact(b) AS p FROM t"): {
        "o": "t.a TRANSFORMATION#",
        "p": "t.b AGGREGATION*",
    },
    ("oracle", "SELECT STANDARD_HASH(a, 'SHA256') AS o FROM t"): {"O": "t.a TRANSFORMATION#"},
    ("postgres", "SELECT column1 FROM (VALUES (1, 2)) AS v"): {"column1": ""},
    (
        "tsql",
        "WITH r AS (SELECT id, a FROM t UNION ALL SELECT u.id, r.a + u.x FROM u JOIN r ON u.y = r.id) SELECT a FROM r",
    ): {
        "a": "t.a IDENTITY TRANSFORMATION, u.x TRANSFORMATION",
    },
    ("mysql", "SELECT * FROM t JOIN u USING (k, id)"): {
        "id": "t.id IDENTITY, u.id IDENTITY",
        "k": "t.k IDENTITY, u.k IDENTITY",
        "a": "t.a IDENTITY",
        "b": "t.b IDENTITY",
        "items": "t.items IDENTITY",
        "place": "t.place IDENTITY",
        "x": "u.x IDENTITY",
        "y": "u.y IDENTITY",
    },
}


@pytest.mark.parametrize(("dialect", "sql"), STRUCTS)
def test_dialects_say_things_in_their_own_way(dialect: str, sql: str) -> None:
    from .shown import RELATIONS

    assert outputs(read(sql, dialect, RELATIONS)) == STRUCTS[dialect, sql]


def test_columns_of_using_stand_where_the_dialect_puts_them() -> None:
    left, right = Relation(("l",), ("a", "k", "b")), Relation(("r",), ("c", "b", "k"))
    order = {
        dialect: [o.name for o in read("SELECT * FROM l JOIN r USING (b, k)", dialect, [left, right]).outputs]
        for dialect in ("postgres", "mysql", "duckdb")
    }
    assert order == {
        "postgres": ["b", "k", "a", "c"],
        "mysql": ["k", "b", "a", "c"],
        "duckdb": ["a", "k", "b", "c"],
    }


def test_a_dialect_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(InvalidEntity, match="no SQL dialect 'klingon'; known are athena, bigquery"):
        lineage("SELECT 1", dialect="klingon")


def test_an_alias_in_where_is_no_column_where_the_dialect_has_none() -> None:
    sql = "SELECT a AS o FROM t WHERE o > 1"
    (refused,) = lineage(sql, dialect="postgres", relations=[Relation(("t",), ("a",))])
    assert problems(refused) == ["1:28 nothing that is read here has a column o"]
    assert read(sql, "snowflake", [Relation(("T",), ("A",))]).rows != ()
