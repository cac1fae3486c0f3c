# SPDX-License-Identifier: Apache-2.0
"""What is known of SQL, as values: columns and where they come from, statements, problems.

The terms of a transformation are those of OpenLineage's column lineage facet 1-2-0. Positions count from 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from headwater.transformation import Transformation

RelationName: TypeAlias = tuple[str, ...]
"""The parts of a table's or view's name, from the outermost (catalog, schema) to its own, as they are stored."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that SQL may read. ``columns``: None where they are not known; ``query``: what a view selects."""

    name: RelationName
    columns: tuple[str, ...] | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """A column of a relation; with ``path``, a field inside its value."""

    relation: RelationName
    name: str
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((*self.relation, self.name, *self.path))


class Directness(StrEnum):
    """Whether a value is made of the source's value, or only decided by it."""

    DIRECT = "DIRECT"
    INDIRECT = "INDIRECT"


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """What became of a value on one way from a column to another: what the facet calls its type and subtype.
    ``masking``: something on that way obfuscates it (a hash, a mask, encryption, a count); ``hashing``: that something
    is a hash."""

    type: Directness
    subtype: Transformation
    masking: bool = False
    hashing: bool = False

    @property
    def transformation(self) -> Transformation:
        """The same in one word."""
        if self.masking:
            return Transformation.HASHING if self.hashing else Transformation.MASKING
        return self.subtype


@dataclass(frozen=True, slots=True)
class Source:
    """A column, and every way in which it takes part."""

    column: Column
    ways: tuple[Way, ...]


def least_hiding(ways: Iterable[Way]) -> Transformation:
    """Of several ways in one word: that of the way on which most of the value is left."""
    words = {way.transformation for way in ways}
    return next(word for word in Transformation if word in words)


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a statement yields, in its target if it has one. ``name`` is None where SQL does not say it."""

    name: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A relation that a statement reads, with the columns that it needs by name (``*`` needs none)."""

    relation: RelationName
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that was not understood, and where."""

    line: int
    column: int
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``rows`` are the columns that filter, join, group or sort rows and so bear on all outputs alike.

    ``kind`` is ``select``, ``create table``, ``create view``, ``insert``, ``update``, ``delete``, ``merge``,
    ``other`` (moves no data) or ``unreadable`` (see ``problems``). A ``temporary`` target ends with the script;
    what reads it is shown as reading what it was made from.
    """

    kind: str
    text: str
    line: int
    column: int
    target: RelationName | None = None
    temporary: bool = False
    reads: tuple[Read, ...] = ()
    outputs: tuple[Output, ...] = ()
    rows: tuple[Source, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnAdded:
    """A column is new."""

    relation: RelationName
    column: str


@dataclass(frozen=True, slots=True)
class ColumnDropped:
    """A column goes."""

    relation: RelationName
    column: str


@dataclass(frozen=True, slots=True)
class ColumnRenamed:
    """A column gets another name."""

    relation: RelationName
    column: str
    to: str


@dataclass(frozen=True, slots=True)
class ColumnRetyped:
    """A column gets another type."""

    relation: RelationName
    column: str
    type: str


@dataclass(frozen=True, slots=True)
class RelationDropped:
    """A table or view goes, or (``kind`` is ``schema`` or ``database``) all that are in one."""

    relation: RelationName
    kind: str


@dataclass(frozen=True, slots=True)
class RelationRenamed:
    """A table or view gets another name."""

    relation: RelationName
    to: RelationName


@dataclass(frozen=True, slots=True)
class RelationDefined:
    """A table or view is made, or made anew where ``replaces``. ``columns``: None where SQL does not say them all;
    ``query``: the statement that says what a view selects."""

    relation: RelationName
    kind: str
    columns: tuple[str, ...] | None
    query: str | None
    replaces: bool


Change: TypeAlias = (
    ColumnAdded | ColumnDropped | ColumnRenamed | ColumnRetyped | RelationDropped | RelationRenamed | RelationDefined
)


@dataclass(frozen=True, slots=True)
class Step:
    """A change, and where its statement begins."""

    change: Change
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Migration:
    """What a migration script changes, in its order, and what of it was not understood."""

    steps: tuple[Step, ...]
    problems: tuple[Problem, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes alone."""
        return tuple(step.change for step in self.steps)
