# SPDX-License-Identifier: Apache-2.0
"""The 22 queries of TPC-H and the 99 of TPC-DS, column by column, against what the engine itself resolves."""

from collections.abc import Iterator

import pytest

from headwater.sql import Statement, lineage, mentioned, parsed

from .engine import Engine, names

SUITES = [("tpch", 22), pytest.param("tpcds", 99, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
# Asked for no column at all, the engine still computes the scalar subqueries of this query's outputs.
SUBQUERIES_IN_OUTPUTS = {("tpcds", 9): {("store_sales", "ss_quantity")}}


def read(engine: Engine, suite: str, count: int) -> Iterator[tuple[int, str, Statement]]:
    relations = engine.relations()
    queries = engine.queries(suite)
    assert len(queries) == count
    for number, query in queries.items():
        (statement,) = lineage(query, dialect="duckdb", relations=relations)
        assert statement.problems == (), number
        yield number, query, statement


@pytest.mark.parametrize(("suite", "count"), SUITES)
def test_columns_that_are_needed_by_name_are_those_without_which_the_engine_refuses(suite: str, count: int) -> None:
    engine = Engine.of(suite)
    for number, query, statement in read(engine, suite, count):
        needed = {read.relation[-1]: read.columns for read in statement.reads}
        with engine.only(needed):
            assert engine.binds(query), (number, "a column or a table was missed")
            for table, columns in needed.items():
                for column in columns:
                    with engine.without(table, column):
                        assert not engine.binds(query), (number, table, column)
        for table in needed:
            with engine.only({name: columns for name, columns in needed.items() if name != table}):
                assert not engine.binds(query), (number, table)


@pytest.mark.parametrize(("suite", "count"), SUITES)
def test_sources_of_each_output_are_the_columns_that_the_engine_reads_for_it(suite: str, count: int) -> None:
    engine = Engine.of(suite)
    for number, query, statement in read(engine, suite, count):
        assert [engine_name(o.name) for o in statement.outputs] == [
            engine_name(name if o.name else None)
            for name, o in zip(engine.outputs(query), statement.outputs, strict=True)
        ]
        rows = names(statement.rows)
        for place, output in enumerate(statement.outputs):
            assert names(output.sources) | rows == engine.scanned(query, f"c{place}"), (number, output.name)
        extra = SUBQUERIES_IN_OUTPUTS.get((suite, number), set())
        assert rows | extra == engine.scanned(query, "count(*)"), number


def engine_name(name: str | None) -> str | None:
    return name and name.lower()


CHANGES = {"DATE": "{0} + 400", "VARCHAR": "reverse({0})", "INTEGER": "{0} % 7 + 1", "BIGINT": "{0} % 1000 + 1"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_output_changes_only_with_columns_that_bear_on_it() -> None:
    engine = Engine.of("tpch", 0.01)
    engine.connection.execute("SET threads = 1")
    kinds = engine.all("SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main'")
    changed = 0
    for number, query, statement in read(engine, "tpch", 22):
        before = columns_of(engine, query)
        tables = {read.relation[-1] for read in statement.reads}
        rows = names(statement.rows)
        for table, column, kind in kinds:
            if table not in tables:
                continue
            change = CHANGES.get(kind, "{0} * 3 + 1").format(column)
            with engine.changed(f"UPDATE {table} SET {column} = {change}"):
                after = columns_of(engine, query)
            for output, old, new in zip(statement.outputs, before, after, strict=True):
                if old != new:
                    changed += 1
                    assert (table, column) in names(output.sources) | rows, (number, output.name, table, column)
    assert changed > 400


def columns_of(engine: Engine, query: str) -> list[list[str]]:
    """The values of each output, whatever their order."""
    rows = engine.all(query)
    width = len(engine.outputs(query))
    return [sorted(repr(row[place]) for row in rows) for place in range(width)]


@pytest.mark.parametrize(("suite", "count"), SUITES)
def test_a_script_that_is_parsed_once_says_the_same_however_often_it_is_asked(suite: str, count: int) -> None:
    engine = Engine.of(suite)
    relations = engine.relations()
    for number, query, statement in read(engine, suite, count):
        script = parsed(query, dialect="duckdb")
        assert mentioned(script) == mentioned(query, dialect="duckdb"), number
        assert [lineage(script, relations=relations) for _ in range(2)] == [(statement,)] * 2, number
