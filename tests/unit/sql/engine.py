# SPDX-License-Identifier: Apache-2.0
"""What a database engine says of the columns that a query needs: the oracle of column lineage, with no code in common.

* ``binds`` asks DuckDB's binder whether a query has a meaning, while there are ``only`` some columns, or one less.
* ``scanned`` asks DuckDB's planner which columns it has to read. Of its optimizers only the one is on that leaves out
  columns that nothing needs, so what it reads for one output is what that output is made of and what decides on rows.
"""

import importlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from headwater.sql import Relation, Source

Named = tuple[str, str]  # a table and a column
MAKERS = {"tpch": "dbgen", "tpcds": "dsdgen"}


class Engine:
    """DuckDB in memory."""

    def __init__(self, *ddl: str) -> None:
        self.connection = duckdb.connect()
        for statement in ddl:
            self.connection.execute(statement)

    @classmethod
    def of(cls, suite: str, size: float = 0) -> "Engine":
        """The tables of ``tpch`` or ``tpcds``; empty unless a size is given."""
        package = importlib.import_module(f"duckdb_extension_{suite}")
        file = (
            Path(str(package.__file__)).parent / "extensions" / f"v{duckdb.__version__}" / f"{suite}.duckdb_extension"
        )
        return cls(f"LOAD '{file}'", f"CALL {MAKERS[suite]}(sf={size})")

    def all(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(query).fetchall()

    def queries(self, suite: str) -> dict[int, str]:
        """The queries of a suite by their numbers."""
        return {number: text.strip().rstrip(";") for number, text in self.all(f"SELECT * FROM {suite}_queries()")}

    def tables(self) -> dict[str, tuple[str, ...]]:
        """The tables and their columns."""
        found: dict[str, tuple[str, ...]] = {}
        where = "FROM duckdb_columns() WHERE schema_name = 'main' ORDER BY table_name, column_index"
        for table, column in self.all(f"SELECT table_name, column_name {where}"):
            found[table] = (*found.get(table, ()), column)
        return found

    def relations(self) -> list[Relation]:
        """The tables as lineage wants to know them."""
        return [Relation((table,), columns) for table, columns in self.tables().items()]

    @contextmanager
    def changed(self, statement: str) -> Iterator[None]:
        """The database after a statement, for a while."""
        self.connection.execute("BEGIN")
        try:
            self.connection.execute(statement)
            yield
        finally:
            self.connection.execute("ROLLBACK")

    def binds(self, query: str) -> bool:
        """Whether a query has a meaning."""
        try:
            self.connection.execute(f"DESCRIBE {query}")
        except (duckdb.BinderException, duckdb.CatalogException):
            return False
        return True

    @contextmanager
    def only(self, tables: Mapping[str, Iterable[str]]) -> Iterator[None]:
        """The database with these tables and columns alone."""
        self.connection.execute("ATTACH ':memory:' AS narrow")
        for table, columns in tables.items():
            kept = ", ".join(columns) or "1 AS nothing"
            self.connection.execute(f"CREATE TABLE narrow.{table} AS SELECT {kept} FROM {table} LIMIT 0")
        self.connection.execute("USE narrow")
        try:
            yield
        finally:
            self.connection.execute("USE memory")
            self.connection.execute("DETACH narrow")

    @contextmanager
    def without(self, table: str, column: str) -> Iterator[None]:
        """The database without one column."""
        self.connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO gone")
        try:
            yield
        finally:
            self.connection.execute(f"ALTER TABLE {table} RENAME COLUMN gone TO {column}")

    def outputs(self, query: str) -> list[str]:
        """The names of what a query yields."""
        return [name for name, *_ in self.all(f"DESCRIBE {query}")]

    def scanned(self, query: str, output: str) -> set[Named]:
        """The columns that are read for one output (by its number, or ``count(*)``: for none)."""
        # A common table expression that is used twice would be computed as a whole.
        inlined = re.sub(r"\bAS\s*\(\s*(?=\(*\s*SELECT)", "AS NOT MATERIALIZED (", query, flags=re.IGNORECASE)
        names = ", ".join(f"c{place}" for place, _ in enumerate(self.outputs(query)))
        off = [name for (name,) in self.all("SELECT name FROM duckdb_optimizers()") if name not in PRUNING]
        self.connection.execute(f"SET disabled_optimizers = '{','.join(off)}'")
        try:
            ((_, plan),) = self.all(f"EXPLAIN (FORMAT json) SELECT {output} FROM ({inlined}) AS q({names})")
        finally:
            self.connection.execute("RESET disabled_optimizers")
        return set(_scans(json.loads(plan)))


PRUNING = frozenset({"unused_columns", "cte_inlining"})


def _scans(nodes: list[dict[str, Any]]) -> Iterator[Named]:
    for node in nodes:
        told = node["extra_info"]
        if "Table" in told:
            columns = told.get("Projections", [])
            for column in filter(None, [columns] if isinstance(columns, str) else columns):
                yield told["Table"].rpartition(".")[2], column
        yield from _scans(node["children"])


def names(sources: Iterable[Source]) -> set[Named]:
    """Sources as the engine names them."""
    return {(source.column.relation[-1], source.column.name) for source in sources}
