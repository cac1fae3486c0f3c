# SPDX-License-Identifier: Apache-2.0
"""What SQL says of where columns come from, in every dialect that sqlglot knows.

``lineage`` reads statements, ``migration`` what a script changes of the shape of tables and views. Nothing is guessed:
what cannot be parsed or resolved is a problem of its statement, with its place and reason, and costs no other.
sqlglot is loaded with the first call.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from headwater.sql.model import (
    Change,
    Column,
    ColumnAdded,
    ColumnDropped,
    ColumnRenamed,
    ColumnRetyped,
    Directness,
    Migration,
    Output,
    Problem,
    Read,
    Relation,
    RelationDefined,
    RelationDropped,
    RelationName,
    RelationRenamed,
    Source,
    Statement,
    Step,
    Way,
    least_hiding,
)

if TYPE_CHECKING:
    from headwater.sql.parsing import Parsed
    from headwater.sql.statements import Script

__all__ = [
    "Change",
    "Column",
    "ColumnAdded",
    "ColumnDropped",
    "ColumnRenamed",
    "ColumnRetyped",
    "Directness",
    "Migration",
    "Output",
    "Problem",
    "Read",
    "Relation",
    "RelationDefined",
    "RelationDropped",
    "RelationName",
    "RelationRenamed",
    "Source",
    "Statement",
    "Step",
    "Way",
    "least_hiding",
    "lineage",
    "mentioned",
    "migration",
    "parsed",
]


def parsed(sql: str, *, dialect: str = "") -> "Parsed":
    """A script for several questions about it: most of what they cost is parsing."""
    from headwater.sql import parsing
    from headwater.sql.names import dialect_of

    return parsing.parsed(sql, dialect_of(dialect))


def lineage(
    sql: "str | Parsed",
    *,
    dialect: str = "",
    relations: Iterable[Relation] = (),
    catalog: str | None = None,
    schema: str | None = None,
    through_views: bool = False,
) -> tuple[Statement, ...]:
    """Where the columns come from that the statements of a script yield.

    ``dialect``: that of a text; a script that was parsed has one. ``relations``: what the script may read, as far as
    that is known, by full names. ``catalog`` and ``schema``: where names that do not say it are. ``through_views``:
    views whose query is known are read as what they select from.
    """
    script = _script(sql, dialect, relations, catalog, schema, through_views)
    return tuple(statement for statement, _ in script.read())


def mentioned(
    sql: "str | Parsed", *, dialect: str = "", catalog: str | None = None, schema: str | None = None
) -> frozenset[RelationName]:
    """The full names of all relations that a script may speak of, spelled as the dialect spells new ones: what has to
    be looked up before it is read."""
    return frozenset(_script(sql, dialect, (), catalog, schema, False).mentioned())


def migration(
    sql: "str | Parsed",
    *,
    dialect: str = "",
    relations: Iterable[Relation] = (),
    catalog: str | None = None,
    schema: str | None = None,
) -> Migration:
    """What the statements of a script change of the shape of tables and views."""
    read = tuple(_script(sql, dialect, relations, catalog, schema, False).read())
    shaping = (s for s, _ in read if s.kind in ("create table", "create view", "other", "unreadable"))
    return Migration(
        tuple(Step(change, statement.line, statement.column) for statement, changes in read for change in changes),
        tuple(problem for statement in shaping for problem in statement.problems),
    )


def _script(
    sql: "str | Parsed",
    dialect: str,
    relations: Iterable[Relation],
    catalog: str | None,
    schema: str | None,
    through_views: bool,
) -> "Script":
    from headwater.sql.names import Names, Relations
    from headwater.sql.statements import Script

    script = parsed(sql, dialect=dialect) if isinstance(sql, str) else sql
    return Script(script, Relations(Names(script.dialect), relations, catalog, schema), through_views)
