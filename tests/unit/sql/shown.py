# SPDX-License-Identifier: Apache-2.0
"""What lineage says, as short texts: ``t.a IDENTITY, t.b CONDITIONAL``; ``*`` marks masking, ``#`` hashing."""

from collections.abc import Iterable

from headwater.sql import Relation, Source, Statement, Way, lineage

RELATIONS = (
    Relation(("t",), ("id", "a", "b", "k", "items", "place")),
    Relation(("u",), ("id", "x", "y", "k")),
)


def read(
    sql: str,
    dialect: str = "duckdb",
    relations: Iterable[Relation] = RELATIONS,
    catalog: str | None = None,
    schema: str | None = None,
) -> Statement:
    """The one statement that a text holds, without problems."""
    (statement,) = lineage(sql, dialect=dialect, relations=relations, catalog=catalog, schema=schema)
    assert statement.problems == (), statement.problems
    return statement


def outputs(statement: Statement) -> dict[str | None, str]:
    """The sources of each output."""
    return {output.name: flow(output.sources) for output in statement.outputs}


def flow(sources: Iterable[Source]) -> str:
    """Sources with their transformations."""
    return ", ".join(f"{each.column} {' '.join(map(short, each.ways))}" for each in sources)


def short(way: Way) -> str:
    """One way."""
    mark = "#" if way.hashing else "*" if way.masking else ""
    return f"{way.subtype}{mark}"


def reads(statement: Statement) -> dict[str, tuple[str, ...]]:
    """The relations that are read, and the columns that are needed by name."""
    return {".".join(each.relation): each.columns for each in statement.reads}


def problems(statement: Statement) -> list[str]:
    """Problems with their places."""
    return [f"{each.line}:{each.column} {each.reason}" for each in statement.problems]
