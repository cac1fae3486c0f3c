# SPDX-License-Identifier: Apache-2.0
"""Profiles of tables by SQL: a few statements for all columns, and one for each to see how its values are distributed.

All of it is read in one transaction, so it is of one moment. A sample is drawn once, into a temporary table. The SQL is
what SQLite, PostgreSQL and DuckDB have in common.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from headwater.cli.failures import Exit, Failure
from headwater.distributions import LISTED, POINTS, TELLING, Categories, Numbers
from headwater.schema import fqn
from headwater.schema.entities.data import DataType, Table
from headwater.schema.entities.mlmodel import FeatureSourceDataType
from headwater.sdk.capture import KIND_OF
from headwater.sdk.profiles import Taken

NUMBERS = (FeatureSourceDataType.INTEGER, FeatureSourceDataType.NUMBER)
CATEGORIES = (FeatureSourceDataType.STRING,)
GREATEST = "1.7976931348623157e308"
SAMPLE = "headwater_sample"

Row = Sequence[Any]
Ask = Callable[[str], Sequence[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one kind of database has of its own. ``schemas``: how many names before a table's are its."""

    begin: str
    chance: str
    number: str
    schemas: int


SQLITE = Dialect(begin="BEGIN", chance="(random() / 18446744073709551616.0 + 0.5)", number="{}", schemas=0)
POSTGRESQL = Dialect(
    begin="BEGIN ISOLATION LEVEL REPEATABLE READ",
    chance="random()",
    number="CAST({} AS double precision)",
    schemas=1,
)
DUCKDB = Dialect(begin="BEGIN TRANSACTION", chance="random()", number="CAST({} AS double)", schemas=1)


@contextmanager
def opened(url: str) -> Iterator[tuple[Ask, Dialect]]:
    """A database to ask, and its dialect; in one transaction, which is given up at the end."""
    ask, dialect, close, errors = _connection(url)
    try:
        ask(dialect.begin)
        yield ask, dialect
    except errors as error:
        raise Failure(f"{url.partition('?')[0] if '@' not in url else 'the database'}: {error}".strip()) from error
    finally:
        close()


def _connection(url: str) -> tuple[Ask, Dialect, Callable[[], None], type[Exception]]:
    scheme, found, rest = url.partition("://")
    if scheme in ("postgresql", "postgres") and found:
        return _postgresql(url)
    if scheme == "duckdb" and found:
        return _duckdb(rest.removeprefix("/"))
    if found and scheme != "sqlite":
        raise Failure(
            f"--from {scheme}://… is no database that can be read here",
            "There are sqlite:///path (or just a path), postgresql://… and duckdb:///path; of other data, "
            "client.tables.profile(table, frame) takes a profile.",
            code=Exit.USAGE,
        )
    return _sqlite(Path(rest.removeprefix("/") if found else url))


def _sqlite(path: Path) -> tuple[Ask, Dialect, Callable[[], None], type[Exception]]:
    import sqlite3

    if not path.is_file():
        raise Failure(f"there is no file {path}", code=Exit.USAGE)
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    return lambda sql: connection.execute(sql).fetchall(), SQLITE, connection.close, sqlite3.Error


def _postgresql(url: str) -> tuple[Ask, Dialect, Callable[[], None], type[Exception]]:
    _need("psycopg", "postgresql")
    import psycopg

    try:
        connection = psycopg.connect(url, autocommit=True)
    except psycopg.Error as error:
        raise Failure(f"the database does not let us in: {error}".strip()) from error

    def ask(sql: str) -> Sequence[Row]:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []

    return ask, POSTGRESQL, connection.close, psycopg.Error


def _duckdb(path: str) -> tuple[Ask, Dialect, Callable[[], None], type[Exception]]:
    _need("duckdb")
    import duckdb

    if not Path(path).is_file():
        raise Failure(f"there is no file {path}", code=Exit.USAGE)
    connection = duckdb.connect(path, read_only=True)
    return lambda sql: connection.execute(sql).fetchall(), DUCKDB, connection.close, duckdb.Error


def _need(package: str, extra: str | None = None) -> None:
    if find_spec(package) is None:
        brings = f"headwater[{extra}]" if extra else package
        raise Failure(f"this needs {package}; this brings it: pip install '{brings}'", code=Exit.USAGE)


# measuring --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be measured: its name, what stands for its values in SQL, and what these are."""

    name: str
    value: str
    is_number: bool
    is_category: bool


def measure(
    ask: Ask, dialect: Dialect, table: Table, where: str | None, sample: float | None
) -> tuple[list[Taken], int]:
    """What a table holds that is described in the catalogue, column by column; and how many rows it has. ``where`` is a
    condition that the rows fulfil, ``sample`` the part of them, in percent, that is looked at."""
    names = fqn.names(table.fully_qualified_name or table.name)
    relation = ".".join(map(_quoted, names[-1 - dialect.schemas :]))
    condition = f" WHERE ({where})" if where else ""
    rows = int(ask(f"SELECT count(*) FROM {relation}{condition}")[0][0])
    source = f"(SELECT * FROM {relation}{condition}) AS profiled" if condition else relation
    if sample is not None:
        chance = f"{dialect.chance} < {sample / 100!r}"
        ask(f"CREATE TEMPORARY TABLE {SAMPLE} AS SELECT * FROM {source} WHERE {chance}")
        source = SAMPLE
    return list(_columns(ask, source, [_column(dialect, one.name, one.data_type) for one in table.columns])), rows


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _column(dialect: Dialect, name: str, data_type: str) -> Column:
    """What is no finite number counts as no value where numbers are expected."""
    kind, value = KIND_OF.get(DataType(data_type)), _quoted(name)
    is_number = kind in (*NUMBERS, FeatureSourceDataType.BOOLEAN)
    if is_number:
        inner = f"CAST({value} AS int)" if kind == FeatureSourceDataType.BOOLEAN and dialect is not SQLITE else value
        number = dialect.number.format(inner)
        value = f"CASE WHEN {number} BETWEEN -{GREATEST} AND {GREATEST} THEN {number} END"
    return Column(name, value, is_number, kind in CATEGORIES)


def _columns(ask: Ask, source: str, columns: Sequence[Column]) -> Iterator[Taken]:
    numbers = [column for column in columns if column.is_number]
    asked = ", ".join(
        ["count(*)", *(f"count({one.value})" for one in columns), *(f"avg({one.value})" for one in numbers)]
    )
    rows, *found = ask(f"SELECT {asked} FROM {source}")[0]
    counts = dict(zip([one.name for one in columns], found, strict=False))
    means = dict(zip([one.name for one in numbers], found[len(columns) :], strict=True))
    spread = _variances(ask, source, [(one, means[one.name]) for one in numbers if means[one.name] is not None])
    for column in columns:
        values, distinct = _values(ask, source, column, counts[column.name])
        mean, variance = means.get(column.name), spread.get(column.name)
        yield Taken(
            name=column.name,
            rows=rows,
            nulls=rows - counts[column.name],
            values=values,
            distinct=distinct,
            mean=None if mean is None else float(mean),
            deviation=None if variance is None else variance**0.5,
        )


def _variances(ask: Ask, source: str, about: Sequence[tuple[Column, float]]) -> dict[str, float]:
    if not about:
        return {}
    asked = (f"avg(({one.value} - ({float(mean)!r})) * ({one.value} - ({float(mean)!r})))" for one, mean in about)
    found = ask(f"SELECT {', '.join(asked)} FROM {source}")[0]
    return {one.name: float(value) for (one, _), value in zip(about, found, strict=True)}


def _values(ask: Ask, source: str, column: Column, count: int) -> tuple[Numbers | Categories | None, int | None]:
    """How the values of a column are distributed, and how many different ones there are."""
    if column.is_number:
        return _numbers(ask, source, column)
    if column.is_category:
        return _categories(ask, source, column, count)
    return None, None


def _numbers(ask: Ask, source: str, column: Column) -> tuple[Numbers, int]:
    """The condition is that of ``distributions.crosses``, in whole numbers, which all databases divide alike."""
    found = ask(
        f"WITH counted AS (SELECT {column.value} AS v, count(*) AS c FROM {source} WHERE {column.value} IS NOT NULL "
        "GROUP BY 1), summed AS (SELECT v, c, CAST(sum(c) OVER (ORDER BY v) AS bigint) AS m, "
        "CAST(sum(c) OVER () AS bigint) AS n, count(*) OVER () AS d FROM counted) "
        f"SELECT v, m - c, m, d FROM summed WHERE m = c OR d <= {POINTS} OR c * {POINTS} >= n "
        f"OR (m * {POINTS}) % n < ((m - c) * {POINTS}) % n ORDER BY v"
    )
    numbers = Numbers([float(one[0]) for one in found], [one[1] for one in found], [one[2] for one in found])
    return numbers, found[0][3] if found else 0


def _categories(ask: Ask, source: str, column: Column, count: int) -> tuple[Categories, int]:
    found = ask(
        f"SELECT CAST({column.value} AS text) AS v, count(*) AS c, count(*) OVER () AS d FROM {source} "
        f"WHERE {column.value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {LISTED}"
    )
    counts = {str(one[0]): int(one[1]) for one in found if one[1] >= TELLING}
    return Categories(counts, count - sum(counts.values())), found[0][2] if found else 0
