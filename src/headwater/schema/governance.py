# SPDX-License-Identifier: Apache-2.0
"""Questions about what reaches what and what changes do, and their answers, each with the path that proves it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from headwater.schema import fqn
from headwater.schema.base import Document, EntityReference, Model, Name, Paging, TagInput
from headwater.schema.lineage import SqlProblem

Certainty = Literal["column", "table"]
"""``column``: every step of a path is known to the column. ``table``: some step is known between tables only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Entities of these types and, where one is given, with this tier, domain, owner and service, each by FQN."""

    types: tuple[str, ...] = ("mlmodel",)
    tier: str | None = None
    domain: str | None = None
    owner: str | None = None
    service: str | None = None

    def fits(self, document: Document) -> bool:
        """Whether an entity of one of the types, as readers see it, is one of those."""
        tags = {label["tagFQN"] for label in document.get("tags") or ()}
        domains = {one["fullyQualifiedName"] for one in document.get("domains") or ()}
        owners = {one["fullyQualifiedName"] for one in document.get("owners") or ()}
        service = (document.get("service") or {}).get("fullyQualifiedName")
        return (
            self.tier in (None, *tags)
            and (self.domain is None or any(one == self.domain or fqn.below(one, self.domain) for one in domains))
            and self.owner in (None, *owners)
            and self.service in (None, service)
        )

    @property
    def picks(self) -> bool:
        """Whether more than the type counts."""
        return any((self.tier, self.domain, self.owner, self.service))


MODELS = Selection()
"""Every model."""

CONSUMERS = Selection(types=("mlmodel", "dashboard", "mlmodelDeployment"))
"""Every model, every dashboard that shows something, and every place where a model is served."""


class PathEnd(Model):
    """One end of a hop: an entity, and the field in it where one is meant."""

    entity: EntityReference
    field: str | None = Field(None, description="The FQN of the field; absent where the whole entity is meant.")
    exists: bool = Field(True, description="Whether the field, or the entity, is there at the moment asked about.")


class Evidence(Model):
    """Who says that an edge exists. Times are milliseconds since 1970.

    ``assertedBy`` is ``declared`` where the edge follows from a document (``by`` is the entity, ``member`` the place
    in it); else the source of the assertion, such as ``QueryLineage`` or ``Manual``, and ``user`` is who sent it last.
    Where the edge was read from the SQL that defines a view, that is ``ViewLineage``, and ``by`` is the view. ``run``:
    the id of the last run in which the job ``pipeline`` did so.
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
    run: str | None = None


class Hop(Model):
    """One edge of a path."""

    from_: PathEnd = Field(alias="from")
    to: PathEnd
    certainty: Certainty
    evidence: list[Evidence]


class Acceptance(Model):
    """An exception: somebody accepts until a day that a label is at an entity or field, and goes on from there."""

    id: str
    name: str
    fully_qualified_name: str
    entity_fqn: str = Field(alias="entityFQN")
    label: EntityReference
    accepted_by: EntityReference
    until: str
    reason: str


class ReachRow(Model):
    """An entity that is reached. ``source`` is where the path begins: what carries the tag, or what was asked about.

    ``accepted``: every path leads through an exception; these are the ones on the path that is shown.
    """

    entity: EntityReference
    tag: str | None = None
    source: PathEnd
    certainty: Certainty
    paths: list[list[Hop]]
    subgraph: list[Hop] | None = None
    accepted: list[Acceptance] | None = None


class Unread(Model):
    """A view of whose definition something was not understood, so that more may flow into it than is known."""

    entity: EntityReference
    problems: list[SqlProblem]


class UnreadReply(Model):
    """The views of whose definition something was not understood."""

    data: list[Unread]
    paging: Paging


class ReachReply(Model):
    """Everything that is reached. ``truncated`` says why there may be more, and so do views on the way (``unread``)
    of whose definition something was not understood."""

    data: list[ReachRow]
    paging: Paging
    truncated: str | None = None
    unread: list[Unread] | None = None


# changes that somebody plans -----------------------------------------------------------------------------------------


class _ColumnChange(Model):
    column: str = Field(description="The FQN of a column, a feature or another field.")


class _EntityChange(Model):
    entity: str = Field(description="The FQN of the entity.")
    entity_type: str = "table"


class DropColumn(_ColumnChange):
    """A column goes away, with everything nested in it."""

    change: Literal["drop"] = "drop"


class RenameColumn(_ColumnChange):
    """A column is called ``to`` from then on."""

    change: Literal["rename"] = "rename"
    to: Name


class RetypeColumn(_ColumnChange):
    """A column holds values of another type from then on."""

    change: Literal["retype"] = "retype"
    data_type: str = Field(min_length=1)


class TagColumn(_ColumnChange):
    """A column gets a tag, or a glossary term."""

    change: Literal["tag"] = "tag"
    tag: str


class TagEntity(_EntityChange):
    """A whole entity, and so all its columns, gets a tag, or a glossary term."""

    change: Literal["tagEntity"] = "tagEntity"
    tag: str


class RenameEntity(_EntityChange):
    """An entity is called ``to`` from then on."""

    change: Literal["renameEntity"] = "renameEntity"
    to: Name


class DeleteEntity(_EntityChange):
    """An entity goes away, with everything below it."""

    change: Literal["delete"] = "delete"


class SchemaColumn(Model):
    """A column of a schema that is to be; what else a column may say plays no part."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(min_length=1)
    data_type: str | None = None
    tags: list[TagInput] | None = None
    children: "list[SchemaColumn] | None" = None


class NewSchema(_EntityChange):
    """A table, or another entity with one list of columns, has these columns from then on.

    It stands for what differs from another version of the schema, ``was``, or from now: columns that are dropped or
    retyped, and tags that they get.
    """

    change: Literal["schema"] = "schema"
    columns: list[SchemaColumn]
    was: list[SchemaColumn] | None = None


class SqlMigration(Model):
    """A script of SQL runs that changes tables and views.

    It stands for what differs between before and after it: columns and relations that are then gone under their
    names, or hold another type. ``within`` is the FQN of a service, a database or a schema: where names that do not
    say it are. ``dialect`` is the SQL that the service speaks, unless it says another.
    """

    change: Literal["sql"] = "sql"
    sql: str
    within: str
    dialect: str | None = None


SingleChange = DropColumn | RenameColumn | RetypeColumn | TagColumn | TagEntity | RenameEntity | DeleteEntity
Change = Annotated[SingleChange | NewSchema | SqlMigration, Field(discriminator="change")]


class ImpactRequest(Model):
    """Changes that somebody plans."""

    changes: list[Change] = Field(min_length=1)


Effect = Literal["breaks", "changes", "tagged"]
"""What becomes of something: it ``breaks``, being made from what will be gone under its name; it ``changes``, being
made from what will have another type; it is ``tagged``, being reached by a tag that did not reach it before, or not
known to the column."""


class Reason(Model):
    """Why something is affected: by which change, in which field of it, along which path from what is changed."""

    effect: Effect
    change: SingleChange = Field(discriminator="change")
    tag: str | None = None
    field: str | None = Field(None, description="The FQN of the field; absent where it is the entity as a whole.")
    source: PathEnd
    certainty: Certainty
    paths: list[list[Hop]]


class ImpactRow(Model):
    """An entity that is affected; ``effect`` is the gravest. ``endpoint`` is where it is served, if it is."""

    entity: EntityReference
    effect: Effect
    owners: list[EntityReference]
    endpoint: str | None = None
    because: list[Reason]


class Unclear(SqlProblem):
    """Something in a migration that was not understood; ``change``: which of the changes the migration is."""

    change: int


class ImpactReply(Model):
    """Everything that is affected, the gravest first. ``truncated`` says why there may be more, and so do ``unread``,
    as for what is reached, and ``unclear``: what was not understood of the changes themselves."""

    data: list[ImpactRow]
    paging: Paging
    truncated: str | None = None
    unread: list[Unread] | None = None
    unclear: list[Unclear] | None = None
