# SPDX-License-Identifier: Apache-2.0
"""Answers about the past: what differs between two versions, and who changed what, when."""

from typing import Any, Literal

from pydantic import Field

from headwater.schema.base import ChangeDescription, EntityReference, Model

REVERTED = "revertedTo"
"""The name under which a change description records that an entity went back to an earlier version."""


class Difference(Model):
    """One thing in which two states differ, such that all of them in order make the one state from the other.

    ``path`` leads to it: names of members and, inside lists, of items (references and sources by FQN, labels by the
    tag's). ``added`` and ``removed``: a value or an item; ``index`` is where an added item stands in its list.
    ``changed``: a value. ``renamed``: an item that is otherwise as it was, the path has its old name. ``moved``: the
    items that stay, by their old names, stand in another order.
    """

    kind: Literal["added", "removed", "changed", "renamed", "moved"]
    path: list[str]
    from_: Any = Field(None, alias="from")
    to: Any = None
    index: int | None = None
    major: bool = Field(False, description="Whether this alone makes a major version.")


class Rewiring(Model):
    """A field that is made from other columns than before, named in full. ``path`` leads to the list of them."""

    path: list[str]
    from_: list[str] = Field(alias="from")
    to: list[str]


class VersionMark(Model):
    """A version, and who made it when (milliseconds since 1970)."""

    version: float
    updated_at: int
    updated_by: str


class VersionStep(VersionMark):
    """One version on the way: the members that it changed, whether it is major, and the paths of what made it so."""

    previous_version: float | None = None
    major: bool
    because: list[list[str]]
    fields: list[str]
    reverted_to: float | None = None


class Diff(Model):
    """What turns one version of an entity into another. Everything that is referred to is called as it is called now.

    ``major``: whether one of the ``steps`` between the two is major. They are given newest first.
    """

    entity: EntityReference
    from_: VersionMark = Field(alias="from")
    to: VersionMark
    major: bool
    differences: list[Difference]
    rewired: list[Rewiring]
    steps: list[VersionStep]


class LogEntry(Model):
    """One change of the catalogue. ``entity`` is named as it was when it was changed."""

    position: int
    timestamp: int = Field(description="Milliseconds since 1970, UTC.")
    user_name: str
    event_type: str
    entity: EntityReference
    previous_version: float | None = None
    version: float | None = None
    major: bool
    change_description: ChangeDescription | None = None


class LogPaging(Model):
    """``after``: the position before which the log goes on; absent where it ends."""

    after: str | None = None


class Log(Model):
    """A part of the log, newest first."""

    data: list[LogEntry]
    paging: LogPaging
