# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the index, as values.

Paths name members of the entity as it is shown, with dots, lists walked through: ``tableType``, ``columns.name``.
A *fact* is a value at a path, compared without regard to case. False is what is there and not true.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

WORDED = ("name", "displayName", "description")
"""The members whose words are looked for; any other member is compared as a whole."""


@dataclass(frozen=True, slots=True)
class Everything:
    """All there is."""


@dataclass(frozen=True, slots=True)
class Words:
    """Every word of a text occurs: anywhere, or together in one of these members.

    ``tolerant`` (anywhere only): a word may go on, and one that nothing begins with may have typing mistakes.
    ``distance``: how many mistakes each word may have.
    """

    text: str
    members: tuple[str, ...] = ()
    tolerant: bool = False
    distance: int = 0


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words of a text, one behind the other; ``slop`` words may stand between."""

    text: str
    members: tuple[str, ...] = ()
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """A member has this value."""

    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """The value of a member is like this, where ``*`` stands for any text and ``?`` for a character.

    ``words``: or a single word of the member is. Without a path: the name, the display name, the FQN or a single word
    anywhere is. A backslash takes the next character's meaning away.
    """

    path: str | None
    pattern: str
    words: bool = False


@dataclass(frozen=True, slots=True)
class Exists:
    """A member has a value."""

    path: str


@dataclass(frozen=True, slots=True)
class Ids:
    """The entities with these ids."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """All of these hold; of none at all: everything."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least so many of these hold; of none at all: nothing."""

    clauses: tuple["Clause", ...]
    least: int = 1


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    clause: "Clause"


@dataclass(frozen=True, slots=True)
class Boosted:
    """This holds, and counts so much more for the order of the hits."""

    clause: "Clause"
    factor: float


Clause = Everything | Words | Phrase | Fact | Pattern | Exists | Ids | All | AnyOf | Not | Boosted

Sort = Literal["score", "by_fqn", "by_name", "by_time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for: ``clause`` orders the hits, ``by`` only narrows them.

    ``sort``: by score, FQN, name or time of the last change. ``after``: the key, in that order, behind which the
    answer begins.
    """

    clause: Clause = Everything()
    by: Clause = Everything()
    sort: Sort = "score"
    descending: bool = True
    limit: int = 10
    offset: int = 0
    after: str | None = None


def path_of(field: str) -> str:
    """The path that Elasticsearch's name of a field means: ``name.keyword`` is ``name``, compared as a whole."""
    return field.removesuffix(".keyword")


def text_of(value: bool | int | float | str) -> str:
    """A JSON scalar as facts hold it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def valued(fields: Iterable[str], text: str, phrase: bool = False) -> Clause:
    """One of the fields holds the text: its words (``phrase``: side by side) where the field is made of words, else
    as a whole."""
    fields = list(fields)
    worded = tuple(field for field in fields if field in WORDED)
    found: list[Clause] = [Phrase(text, worded) if phrase else Words(text, worded)] if worded else []
    return any_of([*found, *(Fact(path_of(field), text) for field in fields if field not in WORDED)])


def like(field: str, pattern: str) -> Clause:
    """The value of a field is like this, or a single word of it where the field is made of words."""
    return Pattern(path_of(field), pattern, words=field in WORDED)


def any_of(clauses: Iterable[Clause]) -> Clause:
    """One of these holds."""
    found = tuple(clauses)
    return found[0] if len(found) == 1 else AnyOf(found)


def all_of(clauses: Iterable[Clause]) -> Clause:
    """All of these hold."""
    found = tuple(clauses)
    return found[0] if len(found) == 1 else All(found)
