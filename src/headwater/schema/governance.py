# SPDX-License-Identifier: Apache-2.0
"""Answers about what reaches what, each with the path that proves it."""

from typing import Literal

from pydantic import Field

from headwater.schema.base import EntityReference, Model, Paging

Certainty = Literal["column", "table"]
"""``column``: every step of a path is known to the column. ``table``: some step is known between tables only."""


class PathEnd(Model):
    """One end of a hop: an entity, and the field in it where one is meant."""

    entity: EntityReference
    field: str | None = Field(None, description="The FQN of the field; absent where the whole entity is meant.")
    exists: bool = Field(True, description="Whether the field, or the entity, is there at the moment asked about.")


class Evidence(Model):
    """Who says that an edge exists. Times are milliseconds since 1970.

    ``assertedBy`` is ``declared`` where the edge follows from a document (``by`` is the entity, ``member`` the place
    in it); else the source of the assertion, such as ``ViewLineage`` or ``Manual``, and ``user`` is who sent it.
    """

    asserted_by: str
    by: EntityReference | None = None
    member: str | None = None
    user: str | None = None
    first_seen: int | None = None
    last_seen: int | None = None
    function: str | None = None
    transformation: str | None = None
    pipeline: EntityReference | None = None


class Hop(Model):
    """One edge of a path."""

    from_: PathEnd = Field(alias="from")
    to: PathEnd
    certainty: Certainty
    evidence: list[Evidence]


class ReachRow(Model):
    """An entity that is reached. ``source`` is where the path begins: what carries the tag, or what was asked about."""

    entity: EntityReference
    tag: str | None = None
    source: PathEnd
    certainty: Certainty
    paths: list[list[Hop]]
    subgraph: list[Hop] | None = None


class ReachReply(Model):
    """Everything that is reached. ``truncated`` says why there may be more."""

    data: list[ReachRow]
    paging: Paging
    truncated: str | None = None
