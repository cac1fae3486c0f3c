# SPDX-License-Identifier: Apache-2.0
"""Profiles of tables by SQL: a few statements for all columns, and one for each to see how its values are distributed.

All of it is read in one transaction, so it is of one moment. A sample is drawn once, into a temporary table. The SQL is
what SQLite, PostgreSQL and DuckDB have in common.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headwater.cli.databases import SQLITE, Ask, Dialect, quoted
from headwater.distributions import LISTED, POINTS, TELLING, Categories, Numbers
from headwater.schema.entities.data import DataType, Table
from headwater.schema.entities.mlmodel import FeatureSourceDataType
from headwater.sdk.capture import KIND_OF
from headwater.sdk.profiles import Taken

NUMBERS = (FeatureSourceDataType.INTEGER, FeatureSourceDataType.NUMBER)
CATEGORIES = (FeatureSourceDataType.STRING,)
GREATEST = "1.7976931348623157e308"
SAMPLE = "headwater_sample"


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
    relation = dialect.relation(table.fully_qualified_name or table.name)
    condition = f" WHERE ({where})" if where else ""
    rows = int(ask(f"SELECT count(*) FROM {relation}{condition}").rows[0][0])
    source = f"(SELECT * FROM {relation}{condition}) AS profiled" if condition else relation
    if sample is not None:
        chance = f"{dialect.chance} < {sample / 100!r}"
        ask(f"CREATE TEMPORARY TABLE {SAMPLE} AS SELECT * FROM {source} WHERE {chance}")
        source = SAMPLE
    return list(_columns(ask, source, [_column(dialect, one.name, one.data_type) for one in table.columns])), rows


def _column(dialect: Dialect, name: str, data_type: str) -> Column:
    """What is no finite number counts as no value where numbers are expected."""
    kind, value = KIND_OF.get(DataType(data_type)), quoted(name)
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
    rows, *found = ask(f"SELECT {asked} FROM {source}").rows[0]
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
    found = ask(f"SELECT {', '.join(asked)} FROM {source}").rows[0]
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
    ).rows
    numbers = Numbers([float(one[0]) for one in found], [one[1] for one in found], [one[2] for one in found])
    return numbers, found[0][3] if found else 0


def _categories(ask: Ask, source: str, column: Column, count: int) -> tuple[Categories, int]:
    found = ask(
        f"SELECT CAST({column.value} AS text) AS v, count(*) AS c, count(*) OVER () AS d FROM {source} "
        f"WHERE {column.value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {LISTED}"
    ).rows
    counts = {str(one[0]): int(one[1]) for one in found if one[1] >= TELLING}
    return Categories(counts, count - sum(counts.values())), found[0][2] if found else 0
