# SPDX-License-Identifier: Apache-2.0
"""What a migration script changes."""

import pytest

from headwater.sql import (
    Change,
    ColumnAdded,
    ColumnDropped,
    ColumnRenamed,
    ColumnRetyped,
    Relation,
    RelationDefined,
    RelationDropped,
    RelationRenamed,
    migration,
)

from .shown import RELATIONS

T, U = ("t",), ("u",)
CHANGES: dict[tuple[str, str], list[Change]] = {
    ("postgres", "ALTER TABLE t DROP COLUMN a, RENAME COLUMN b TO c, ALTER COLUMN k TYPE bigint, ADD COLUMN z int"): [
        ColumnDropped(T, "a"), ColumnRenamed(T, "b", "c"), ColumnRetyped(T, "k", "BIGINT"), ColumnAdded(T, "z"),
    ],
    ("postgres", "ALTER TABLE t RENAME a TO aa"): [ColumnRenamed(T, "a", "aa")],
    ("postgres", "ALTER TABLE t ALTER COLUMN a SET DATA TYPE text USING a::text"): [ColumnRetyped(T, "a", "TEXT")],
    ("postgres", "ALTER TABLE t RENAME TO w"): [RelationRenamed(T, ("w",))],
    ("postgres", "ALTER VIEW t RENAME TO w"): [RelationRenamed(T, ("w",))],
    ("postgres", "DROP TABLE IF EXISTS t, u CASCADE"): [RelationDropped(T, "table"), RelationDropped(U, "table")],
    ("postgres", "DROP MATERIALIZED VIEW t"): [RelationDropped(T, "view")],
    ("postgres", "DROP SCHEMA sales CASCADE"): [RelationDropped(("sales",), "schema")],
    ("postgres", "CREATE OR REPLACE VIEW v AS SELECT a, b + 1 AS c FROM t"): [
        RelationDefined(("v",), "view", ("a", "c"), "CREATE OR REPLACE VIEW v AS SELECT a, b + 1 AS c FROM t", True),
    ],
    ("postgres", "CREATE TABLE n (a int, b text)"): [RelationDefined(("n",), "table", ("a", "b"), None, False)],
    ("snowflake", "CREATE OR REPLACE TABLE t AS SELECT id, a FROM t"): [
        RelationDefined(T, "table", ("ID", "A"), None, True),
    ],
    ("postgres", "CREATE VIEW v AS SELECT * FROM nope"): [
        RelationDefined(("v",), "view", None, "CREATE VIEW v AS SELECT * FROM nope", False),
    ],
    ("tsql", "ALTER VIEW v AS SELECT a FROM t"): [RelationDefined(("v",), "view", ("a",), "SELECT a FROM t", True)],
    ("tsql", "EXEC sp_rename 'dbo.t.a', 'b', 'COLUMN'"): [ColumnRenamed(("dbo", "t"), "a", "b")],
    ("tsql", "EXEC sp_rename 'dbo.t', 'w'"): [RelationRenamed(("dbo", "t"), ("dbo", "w"))],
    ("tsql", "ALTER TABLE t ALTER COLUMN a BIGINT NOT NULL"): [ColumnRetyped(T, "a", "BIGINT")],
    ("mysql", "ALTER TABLE t CHANGE COLUMN a c INT, MODIFY COLUMN b BIGINT"): [
        ColumnRenamed(T, "a", "c"), ColumnRetyped(T, "c", "INT"), ColumnRetyped(T, "b", "BIGINT"),
    ],
    ("mysql", "RENAME TABLE t TO w, u TO x"): [RelationRenamed(T, ("w",)), RelationRenamed(U, ("x",))],
    ("hive", "ALTER TABLE t CHANGE a c INT"): [ColumnRenamed(T, "a", "c"), ColumnRetyped(T, "c", "INT")],
    ("hive", "ALTER TABLE t REPLACE COLUMNS (p INT, q INT)"): [RelationDefined(T, "table", ("p", "q"), None, True)],
    ("databricks", "ALTER TABLE t DROP COLUMNS (a, b)"): [ColumnDropped(T, "a"), ColumnDropped(T, "b")],
    ("bigquery", "ALTER TABLE t ALTER COLUMN a SET DATA TYPE INT64"): [ColumnRetyped(T, "a", "INT64")],
    ("postgres", "CREATE TABLE n (a int); ALTER TABLE n RENAME TO m; ALTER TABLE m DROP COLUMN A"): [
        RelationDefined(("n",), "table", ("a",), None, False),
        RelationRenamed(("n",), ("m",)),
        ColumnDropped(("m",), "a"),
    ],
    (
        "postgres",
        "ALTER TABLE t ADD CONSTRAINT c UNIQUE (a); ALTER TABLE t ALTER COLUMN a SET DEFAULT 1; "
        "CREATE INDEX i ON t (a); ALTER TABLE t DROP CONSTRAINT c; DROP INDEX i; ALTER TABLE t OWNER TO me; "
        "INSERT INTO nope SELECT * FROM nope; ALTER TABLE t ENABLE ROW LEVEL SECURITY; "
        "COMMENT ON TABLE t IS 'x'; UPDATE t SET a = 1; ALTER INDEX i RENAME TO j; "
        "ALTER TABLE t ALTER COLUMN a DROP NOT NULL; ALTER SEQUENCE s RESTART",
    ): [],
}  # fmt: skip


@pytest.mark.parametrize(("dialect", "sql"), CHANGES)
def test_a_script_says_what_it_changes(dialect: str, sql: str) -> None:
    read = migration(sql, dialect=dialect, relations=RELATIONS)
    assert (list(read.changes), [p for p in read.problems if "nope" not in p.reason]) == (CHANGES[dialect, sql], [])


def test_names_are_told_as_they_are_stored() -> None:
    stored = Relation(("WH", "SALES", "ORDERS"), ("ID", "fullName"))
    read = migration(
        'ALTER TABLE sales.orders DROP COLUMN id; ALTER TABLE sales.orders DROP COLUMN "fullName"',
        dialect="snowflake",
        relations=[stored],
        catalog="WH",
        schema="PUBLIC",
    )
    assert read.changes == (ColumnDropped(stored.name, "ID"), ColumnDropped(stored.name, "fullName"))


NOT_UNDERSTOOD = {
    ("snowflake", "ALTER TABLE t SWAP WITH u"): "ALTER … SWAP WITH u is not understood",
    ("postgres", "ALTER TABLE t SET SCHEMA elsewhere"): "ALTER is not understood",
    ("postgres", "ALTER SCHEMA s RENAME TO r"): "ALTER is not understood",
    ("oracle", "ALTER TABLE t DROP (a, b)"): "ALTER … DROP (a, b) is not understood",
    ("tsql", "EXEC change_everything"): "CHANGE_EVERYTHING is not understood",
    ("postgres", "ALTER TABEL t DROP COLUMN a"): "ALTER is not understood",
}


@pytest.mark.parametrize(("dialect", "sql"), NOT_UNDERSTOOD)
def test_what_is_not_understood_is_a_problem_and_the_rest_is_told(dialect: str, sql: str) -> None:
    read = migration(f"DROP TABLE u; {sql}; DROP TABLE v", dialect=dialect, relations=[])
    assert [type(change) for change in read.changes] == [RelationDropped, RelationDropped]
    assert [problem.reason for problem in read.problems] == [NOT_UNDERSTOOD[dialect, sql]]
