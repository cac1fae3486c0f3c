# SPDX-License-Identifier: Apache-2.0
"""How far labels spread along the lineage: stop rules, and exceptions that somebody accepts for a time.

OpenMetadata has neither; both are in collections of our own.
"""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from headwater.schema.base import CreateRequest, Entity, Markdown, Model, ReferenceInput
from headwater.schema.declare import OWNERS, SOFT_DELETE, EntityType, Filter, Parent, Reference
from headwater.transformation import Transformation

LABELS = ("tag", "glossaryTerm", "classification", "glossary")
PLACES = (
    *("mlmodel", "mlmodelVersion", "mlmodelDeployment", "table", "dashboard", "dashboardDataModel", "chart"),
    *("container", "topic", "searchIndex", "apiEndpoint", "storedProcedure", "pipeline", "metric"),
)


def _is_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{text!r} is no day; write it as 2027-01-31") from None


Day = Annotated[str, AfterValidator(_is_day), Field(description="A day, such as 2027-01-31, in UTC.")]


class _StopRuleFields(Model):
    """Labels, and the transformations that end the way of each of them and of all below it."""

    labels: list[ReferenceInput] = Field(min_length=1)
    transformations: list[Transformation] = Field(min_length=1)
    owners: list[ReferenceInput] | None = None


class StopRule(_StopRuleFields, Entity):
    """A rule that a label does not go along an edge that everybody calls one of some transformations."""


class CreateStopRule(_StopRuleFields, CreateRequest):
    """A request to create or update a stop rule."""


STOP_RULE = EntityType(
    name="stopRule",
    collection="governance/stopRules",
    entity=StopRule,
    create=CreateStopRule,
    references=(Reference(field="labels", to=LABELS, many=True),),
    traits=(OWNERS, SOFT_DELETE),
    searched=False,
    renamable=True,
)


class _TagExceptionFields(Model):
    """Which label, who accepts it, until the end of which day, and why."""

    label: ReferenceInput
    accepted_by: ReferenceInput
    until: Day
    reason: Markdown = Field(min_length=1)


class TagException(_TagExceptionFields, Entity):
    """A person accepts that a label reaches an entity, or a field of it, and what is made from that, until a day."""

    entity_link: str | None = None
    entity_fqn: str | None = Field(None, alias="entityFQN")


class CreateTagException(_TagExceptionFields, CreateRequest):
    """A request to create or update an exception for the entity or field that ``entityLink`` names."""

    entity_link: str


TAG_EXCEPTION = EntityType(
    name="tagException",
    collection="governance/tagExceptions",
    entity=TagException,
    create=CreateTagException,
    parents=tuple(Parent(field="entityLink", to=place, link="entityFQN", part=True) for place in PLACES),
    references=(
        Reference(field="label", to=LABELS),
        Reference(field="acceptedBy", to=("user",), keep_removed=True),
    ),
    traits=(SOFT_DELETE,),
    filters=(
        Filter(name="entityFQN", kind="parent"),
        Filter(name="acceptedBy", kind="reference", to="user", member="acceptedBy"),
    ),
    searched=False,
)
