# SPDX-License-Identifier: Apache-2.0
"""Suggested labels that somebody rejected, so that nothing suggests them again. OpenMetadata has no such type."""

from pydantic import Field

from headwater.schema.base import CreateRequest, Entity, Markdown, Model, ReferenceInput
from headwater.schema.declare import SOFT_DELETE, EntityType, Filter, Parent, Reference, VersionRules
from headwater.schema.entities.propagation import PLACES


class _TagRejectionFields(Model):
    """Which label is not to be suggested, and why not."""

    label: ReferenceInput
    reason: Markdown | None = None


class TagRejection(_TagRejectionFields, Entity):
    """Somebody rejects that a label is suggested for an entity or a field of it; its versions say who and when."""

    entity_link: str | None = None
    entity_fqn: str | None = Field(None, alias="entityFQN")


class CreateTagRejection(_TagRejectionFields, CreateRequest):
    """A request to reject a label for the entity or field that ``entityLink`` names."""

    entity_link: str


TAG_REJECTION = EntityType(
    name="tagRejection",
    collection="governance/tagRejections",
    entity=TagRejection,
    create=CreateTagRejection,
    parents=tuple(Parent(field="entityLink", to=place, link="entityFQN", part=True) for place in PLACES),
    references=(Reference(field="label", to=("tag", "glossaryTerm")),),
    traits=(SOFT_DELETE,),
    versions=VersionRules(put_sticky=("reason",)),
    filters=(Filter(name="entityFQN", kind="parent"),),
    searched=False,
)
