# SPDX-License-Identifier: Apache-2.0
"""What statements write, and what later statements of a script see of it."""

import pytest

from headwater.sql import Relation, Statement, lineage

from .shown import RELATIONS, flow, outputs, problems, read, reads


def script(sql: str, dialect: str = "postgres", *more: Relation, through_views: bool = False) -> tuple[Statement, ...]:
    return lineage(sql, dialect=dialect, relations=(*RELATIONS, *more), through_views=through_views)


# dialect and statement: kind, target, outputs, rows
WRITES = {
    ("postgres", "CREATE TABLE n AS SELECT a, b + 1 AS c FROM t"): (
        "create table", "n", {"a": "t.a IDENTITY", "c": "t.b TRANSFORMATION"}, "",
    ),
    ("postgres", "CREATE OR REPLACE VIEW n (p, q) AS SELECT a, b FROM t WHERE k > 1"): (
        "create view", "n", {"p": "t.a IDENTITY", "q": "t.b IDENTITY"}, "t.k FILTER",
    ),
    ("postgres", "CREATE MATERIALIZED VIEW n AS SELECT max(a) AS m FROM t"): (
        "create view", "n", {"m": "t.a AGGREGATION"}, "",
    ),
    ("postgres", "CREATE TABLE n AS WITH c AS (SELECT a FROM t) SELECT * FROM c"): (
        "create table", "n", {"a": "t.a IDENTITY"}, "",
    ),
    ("snowflake", "CREATE TABLE n CLONE v"): ("create table", "N", {"p": "v.p IDENTITY"}, ""),
    ("mysql", "CREATE TABLE n LIKE v"): ("create table", "n", {"p": ""}, ""),
    ("tsql", "SELECT a AS p INTO n FROM t"): ("create table", "n", {"p": "t.a IDENTITY"}, ""),
    ("postgres", "INSERT INTO u SELECT id, a, b, k FROM t"): (
        "insert", "u", {"id": "t.id IDENTITY", "x": "t.a IDENTITY", "y": "t.b IDENTITY", "k": "t.k IDENTITY"}, "",
    ),
    ("postgres", "INSERT INTO u (y, x) SELECT a, b FROM t ORDER BY k"): (
        "insert", "u", {"y": "t.a IDENTITY", "x": "t.b IDENTITY"}, "t.k SORT",
    ),
    ("postgres", "INSERT INTO u (x) VALUES (1), ((SELECT max(a) FROM t))"): (
        "insert", "u", {"x": "t.a AGGREGATION"}, "",
    ),
    ("postgres", "WITH c AS (SELECT a FROM t) INSERT INTO u (x) SELECT a FROM c"): (
        "insert", "u", {"x": "t.a IDENTITY"}, "",
    ),
    ("tsql", "WITH c AS (SELECT a FROM t) INSERT INTO u (x) SELECT a FROM c"): (
        "insert", "u", {"x": "t.a IDENTITY"}, "",
    ),
    ("duckdb", "INSERT INTO u BY NAME SELECT a AS y, b AS x FROM t"): (
        "insert", "u", {"y": "t.a IDENTITY", "x": "t.b IDENTITY"}, "",
    ),
    ("spark", "INSERT OVERWRITE TABLE u PARTITION (id = 1, x) SELECT a, b, k FROM t"): (
        "insert", "u", {"x": "t.a IDENTITY", "y": "t.b IDENTITY", "k": "t.k IDENTITY"}, "",
    ),
    ("postgres", "INSERT INTO u (id, x) SELECT a, b FROM t ON CONFLICT (id) DO UPDATE SET x = excluded.x + u.y"): (
        "insert", "u", {"id": "t.a IDENTITY", "x": "t.b IDENTITY TRANSFORMATION, u.y TRANSFORMATION"}, "",
    ),
    ("postgres", "UPDATE u SET x = t.a, y = u.y + 1 FROM t WHERE t.id = u.id"): (
        "update", "u", {"x": "t.a IDENTITY", "y": "u.y TRANSFORMATION"}, "t.id FILTER, u.id FILTER",
    ),
    ("postgres", "UPDATE u SET (x, y) = (SELECT a, b FROM t WHERE t.id = u.id)"): (
        "update",
        "u",
        {"x": "t.a IDENTITY, t.id FILTER, u.id FILTER", "y": "t.b IDENTITY, t.id FILTER, u.id FILTER"},
        "",
    ),
    ("tsql", "UPDATE z SET z.x = t.a FROM u AS z JOIN t ON z.id = t.id WHERE t.k = 1"): (
        "update", "u", {"x": "t.a IDENTITY"}, "t.id JOIN, t.k FILTER, u.id JOIN",
    ),
    ("mysql", "UPDATE u JOIN t ON u.id = t.id SET u.x = t.a"): (
        "update", "u", {"x": "t.a IDENTITY"}, "t.id JOIN, u.id JOIN",
    ),
    ("postgres", "DELETE FROM u USING t WHERE t.id = u.id"): ("delete", "u", {}, "t.id FILTER, u.id FILTER"),
    (
        "bigquery",
        "MERGE INTO u USING t ON u.id = t.id WHEN MATCHED AND t.k > 1 THEN UPDATE SET x = t.a "
        "WHEN NOT MATCHED THEN INSERT (id, x) VALUES (t.id, t.b) WHEN NOT MATCHED BY SOURCE THEN DELETE",
    ): (
        "merge",
        "u",
        {"x": "t.a IDENTITY, t.b IDENTITY", "id": "t.id IDENTITY"},
        "t.id JOIN, t.k FILTER, u.id JOIN",
    ),
    (
        "bigquery",
        "MERGE INTO u USING (SELECT id, a + b AS s FROM t) AS n ON u.id = n.id "
        "WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.s, 1, 2)",
    ): (
        "merge",
        "u",
        {"id": "t.id IDENTITY", "x": "t.a TRANSFORMATION, t.b TRANSFORMATION", "y": "", "k": ""},
        "t.id JOIN, u.id JOIN",
    ),
    ("databricks", "MERGE INTO u USING v ON u.x = v.p WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"): (
        "merge", "u", {"p": "v.p IDENTITY"}, "u.x JOIN, v.p JOIN",
    ),
    ("postgres", "TRUNCATE TABLE u"): ("other", None, {}, ""),
    ("postgres", "GRANT SELECT ON u TO somebody"): ("other", None, {}, ""),
    ("postgres", "BEGIN"): ("other", None, {}, ""),
    ("postgres", "EXPLAIN SELECT * FROM u"): ("other", None, {}, ""),
}  # fmt: skip


@pytest.mark.parametrize(("dialect", "sql"), WRITES)
def test_a_statement_writes_to_the_columns_of_its_target(dialect: str, sql: str) -> None:
    statement = read(sql, dialect, (*RELATIONS, Relation(("v",), ("p",))))
    told = (statement.kind, statement.target and ".".join(statement.target), outputs(statement), flow(statement.rows))
    assert told == WRITES[dialect, sql]


def test_a_target_is_read_only_if_its_columns_are_named() -> None:
    assert reads(read("UPDATE u SET x = t.a FROM t", "postgres")) == {"t": ("a",)}
    assert reads(read("UPDATE u SET x = y", "postgres")) == {"u": ("y",)}
    assert reads(read("INSERT INTO u (x) SELECT a FROM t", "postgres")) == {"t": ("a",)}


def test_a_statement_reads_what_an_earlier_one_made() -> None:
    made, star, altered, gone = script(
        "CREATE TABLE n AS SELECT a, b FROM t; SELECT * FROM n; ALTER TABLE n RENAME COLUMN a TO c; SELECT * FROM n"
    )
    assert made.target == ("n",)
    assert outputs(star) == {"a": "n.a IDENTITY", "b": "n.b IDENTITY"}
    assert altered.kind == "other"
    assert outputs(gone) == {"c": "n.c IDENTITY", "b": "n.b IDENTITY"}


def test_a_temporary_table_is_read_as_what_it_was_made_from() -> None:
    made, more, written, counted = script(
        "CREATE TEMP TABLE n AS SELECT md5(a) AS m FROM t WHERE k > 1; INSERT INTO n SELECT y FROM u; "
        "INSERT INTO u (x) SELECT m FROM n; CREATE TABLE c AS SELECT count(*) AS n FROM n"
    )
    assert (made.temporary, more.temporary, written.temporary) == (True, True, False)
    assert outputs(written) == {"x": "t.a TRANSFORMATION#, u.y IDENTITY"}
    assert flow(written.rows) == "t.k FILTER"
    assert reads(counted) == {"t": ("a", "k"), "u": ("y",)}


def test_temporary_tables_are_known_by_the_word_and_by_the_name() -> None:
    for dialect, sql in {
        "postgres": "CREATE TEMPORARY TABLE n (m int); INSERT INTO n SELECT a FROM t; SELECT m FROM n",
        "tsql": "SELECT a AS m INTO #n FROM t; SELECT m FROM #n",
        "snowflake": "CREATE TEMPORARY VIEW n AS SELECT a AS m FROM t; SELECT m FROM n",
    }.items():
        assert list(outputs(script(sql, dialect)[-1]).values()) == ["t.a IDENTITY"], dialect


def test_a_temporary_table_may_be_altered_renamed_and_dropped() -> None:
    *_, renamed, _, dropped = script(
        "CREATE TEMP TABLE n AS SELECT a, b FROM t; ALTER TABLE n RENAME COLUMN a TO c; ALTER TABLE n DROP COLUMN b; "
        "ALTER TABLE n RENAME TO m; SELECT * FROM m; DROP TABLE m; SELECT c FROM m"
    )
    assert outputs(renamed) == {"c": "t.a IDENTITY"}
    assert outputs(dropped) == {"c": "m.c IDENTITY"}


VIEWS = (
    Relation(("v",), None, "SELECT a + b AS s, md5(k) AS h FROM t WHERE id > 1"),
    Relation(("w",), ("one", "two"), "CREATE VIEW w AS SELECT s, h FROM v"),
)


def test_a_view_stays_a_relation_or_is_read_through_as_the_caller_says() -> None:
    (kept,) = script("SELECT * FROM w", "postgres", *VIEWS)
    assert outputs(kept) == {"one": "w.one IDENTITY", "two": "w.two IDENTITY"}
    assert reads(kept) == {"w": ()}
    (through,) = script("SELECT * FROM w", "postgres", *VIEWS, through_views=True)
    assert outputs(through) == {"one": "t.a TRANSFORMATION, t.b TRANSFORMATION", "two": "t.k TRANSFORMATION#"}
    assert flow(through.rows) == "t.id FILTER"
    assert reads(through) == {"t": ("a", "b", "id", "k")}


def test_the_query_of_a_view_says_its_columns_where_nobody_else_does() -> None:
    (statement,) = script("SELECT * FROM v", "postgres", *VIEWS)
    assert outputs(statement) == {"s": "v.s IDENTITY", "h": "v.h IDENTITY"}


def test_a_view_that_a_script_makes_is_read_through_as_well() -> None:
    *_, through = script("CREATE VIEW n (m) AS SELECT a FROM t; SELECT m FROM n", through_views=True)
    assert outputs(through) == {"m": "t.a IDENTITY"}


def test_names_in_a_view_are_completed_from_where_the_view_stands() -> None:
    relations = (
        Relation(("wh", "sales", "orders"), ("total",)),
        Relation(("wh", "sales", "v"), ("total",), "SELECT total FROM orders"),
    )
    read = lineage("SELECT total FROM sales.v", relations=relations, catalog="wh", schema="web", through_views=True)
    assert outputs(read[0]) == {"total": "wh.sales.orders.total IDENTITY"}


def test_a_fault_in_a_view_is_told_where_the_view_is_read() -> None:
    views = (Relation(("v",), ("s",), "SELECT nope AS s FROM t"), Relation(("w",), ("s",), "SELECT FROM WHERE"))
    (of_v,) = script("SELECT s FROM v", "postgres", *views, through_views=True)
    assert problems(of_v) == ["1:15 in v, line 1: nothing that is read here has a column nope"]
    (of_w,) = script("SELECT 1 AS one,\n s FROM w", "postgres", *views, through_views=True)
    assert [text.partition(", line")[0] for text in problems(of_w)] == ["2:9 in w"]


def test_views_that_read_each_other_come_to_an_end() -> None:
    views = (Relation(("v",), None, "SELECT s FROM w"), Relation(("w",), None, "SELECT s FROM v"))
    (statement,) = script("SELECT s FROM v", "postgres", *views, through_views=True)
    assert "reads itself" in problems(statement)[0]


def test_where_the_columns_of_the_target_are_not_known_outputs_have_no_name() -> None:
    (statement,) = script("INSERT INTO nope SELECT a, b FROM t")
    assert [(o.name, flow(o.sources)) for o in statement.outputs] == [(None, "t.a IDENTITY"), (None, "t.b IDENTITY")]
    assert problems(statement) == ["1:13 the columns of nope are not known"]


def test_a_column_that_sql_does_not_name_is_as_the_catalogue_knows_it() -> None:
    sql = "CREATE VIEW n AS SELECT a, b + 1 FROM t"
    (unknown,) = script(sql)
    assert problems(unknown) == ["1:13 column 2 has no name in SQL"]
    (known,) = script(sql, "postgres", Relation(("n",), ("a", "?column?")))
    assert outputs(known) == {"a": "t.a IDENTITY", "?column?": "t.b TRANSFORMATION"}


def test_one_statement_may_fill_several_tables() -> None:
    one, two = script(
        "FROM t INSERT OVERWRITE TABLE u SELECT a, b, 1, 2 INSERT INTO v SELECT k", "hive", Relation(("v",), ("p",))
    )
    assert outputs(one) == {"id": "t.a IDENTITY", "x": "t.b IDENTITY", "y": "", "k": ""}
    assert outputs(two) == {"p": "t.k IDENTITY"}


def test_what_cannot_be_parsed_costs_no_other_statement() -> None:
    text = "SELECT a FROM t;\nSELEKT b FRM t;\nSELECT b FROM t WHERE;\nSELECT k FROM t;\nSELECT 'open"
    first, second, third, fourth, last = script(text)
    assert (outputs(first), outputs(fourth)) == ({"a": "t.a IDENTITY"}, {"k": "t.k IDENTITY"})
    assert {s.kind for s in (second, third, last)} == {"unreadable"}
    assert (second.problems[0].line, third.problems[0].line, last.problems[0].line) == (2, 3, 5)
    assert (second.line, second.column, second.text) == (2, 1, "SELEKT b FRM t")
    assert "Missing '" in last.problems[0].reason


NOT_READ = {
    ("snowflake", "CALL refresh()"): "CALL is not understood",
    ("snowflake", "COPY INTO t FROM @stage"): "COPY is not understood",
    (
        "postgres",
        "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql",
    ): "the body of a function is not read",
    ("tsql", "EXEC refresh"): "REFRESH is not understood",
    (
        "snowflake",
        "SELECT a FROM t MATCH_RECOGNIZE (ORDER BY a PATTERN (x+) DEFINE x AS a > 1)",
    ): "MATCH_RECOGNIZE is not understood",
    ("mysql", "REPLACE INTO t SELECT * FROM u"): "REPLACE is not understood",
    (
        "postgres",
        "WITH c AS (INSERT INTO u SELECT * FROM t RETURNING id) SELECT id FROM c",
    ): "INSERT inside WITH is not understood",
}


@pytest.mark.parametrize(("dialect", "sql"), NOT_READ)
def test_what_is_not_understood_says_so(dialect: str, sql: str) -> None:
    (statement,) = script(sql, dialect)
    assert [problem.reason for problem in statement.problems] == [NOT_READ[dialect, sql]]


def test_an_empty_script_says_nothing() -> None:
    assert script("") == script(" ;; -- nothing\n") == ()
