# SPDX-License-Identifier: Apache-2.0
"""The words by which an organisation governs its data: classifications with their tags, and domains."""

from enum import StrEnum

from pydantic import model_validator

from headwater.schema import fqn
from headwater.schema.base import (
    CreateRequest,
    Document,
    Entity,
    EntityReference,
    Markdown,
    Model,
    ReferenceInput,
    Style,
    TagInput,
)
from headwater.schema.declare import (
    DOMAINS,
    EXTENSION,
    FOLLOWERS,
    OWNERS,
    SOFT_DELETE,
    TAGS,
    EntityType,
    Filter,
    Inverse,
    Parent,
    Reference,
    UsageCount,
)
from headwater.schema.entities.shared import EntityStatus


class Provider(StrEnum):
    """Who brought an entity in: the catalogue itself, a person, or an automatism."""

    SYSTEM = "system"
    USER = "user"
    AUTOMATION = "automation"


REVIEWERS = Reference(
    field="reviewers",
    to=("user", "team"),
    many=True,
    inherited=True,
    put="absent",
)


class _WordFields(Model):
    """What classifications and tags say alike. At most one of the tags below an exclusive one fits one thing."""

    provider: Provider = Provider.USER
    mutually_exclusive: bool = False
    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    reviewers: list[ReferenceInput] | None = None


class Classification(_WordFields, Entity):
    """A family of tags."""

    description: Markdown
    disabled: bool = False
    term_count: int | None = None
    entity_status: EntityStatus | None = None


class CreateClassification(_WordFields, CreateRequest):
    """A request to create or update a classification."""

    description: Markdown


CLASSIFICATION = EntityType(
    name="classification",
    collection="classifications",
    entity=Classification,
    create=CreateClassification,
    references=(REVIEWERS,),
    traits=(OWNERS, DOMAINS, SOFT_DELETE),
    filters=(Filter(name="disabled", kind="flag", member="disabled"),),
    counts=(UsageCount(field="termCount", counts="children"),),
    renamable=True,
    defaults={"provider": "user", "mutuallyExclusive": False, "disabled": False},
    seeds=(
        {
            "name": "PII",
            "provider": "system",
            "mutuallyExclusive": True,
            "description": "How much a value gives away about the person whom it concerns.",
        },
        {
            "name": "PersonalData",
            "provider": "system",
            "description": "Data about people in the sense of the General Data Protection Regulation.",
        },
        {
            "name": "Tier",
            "provider": "system",
            "mutuallyExclusive": True,
            "description": "What the business loses when this goes wrong, from the most (1) to the least (5).",
        },
        {
            "name": "Certification",
            "provider": "system",
            "description": "How thoroughly somebody has checked that this can be relied on.",
        },
    ),
)


class _TagFields(_WordFields):
    style: Style | None = None


class Tag(_TagFields, Entity):
    """A word of a classification, to put on entities and their fields."""

    description: Markdown
    classification: EntityReference | None = None
    parent: EntityReference | None = None
    children: list[EntityReference] | None = None
    deprecated: bool | None = None
    disabled: bool = False
    usage_count: int | None = None
    data_products: list[EntityReference] | None = None
    data_contract: EntityReference | None = None
    entity_status: EntityStatus | None = None


class CreateTag(_TagFields, CreateRequest):
    """A request to create or update a tag, under a parent tag or right under its classification."""

    description: Markdown
    classification: ReferenceInput | None = None
    parent: ReferenceInput | None = None


def _system_tag(classification: str, name: str, description: str) -> Document:
    return {"name": name, "classification": classification, "provider": "system", "description": description}


TAG = EntityType(
    name="tag",
    collection="tags",
    entity=Tag,
    create=CreateTag,
    parents=(
        Parent(field="parent", to="tag", optional=True, copies=("classification",)),
        Parent(field="classification", to="classification"),
    ),
    references=(REVIEWERS,),
    traits=(OWNERS, DOMAINS, SOFT_DELETE),
    filters=(
        Filter(name="parent", kind="ancestor", to="classification"),
        Filter(name="disabled", kind="flag", member="disabled"),
    ),
    inverses=(Inverse(field="children", of="tag", member="parent"),),
    counts=(UsageCount(field="usageCount", counts="usage"),),
    renamable=True,
    defaults={"provider": "user", "mutuallyExclusive": False, "disabled": False},
    seeds=(
        _system_tag("PII", "None", "Says nothing about a person."),
        _system_tag("PII", "NonSensitive", "Concerns a person, and does no harm when others learn it."),
        _system_tag("PII", "Sensitive", "Identifies a person, or harms one in the wrong hands."),
        _system_tag("PersonalData", "Personal", "Belongs to a person who is known or can be found out."),
        _system_tag(
            "PersonalData",
            "SpecialCategory",
            "Needs the strictest care: health, beliefs, origin, sex life, genes, biometrics, union membership.",
        ),
        _system_tag("Tier", "Tier1", "The business stops without it, or the law demands it."),
        _system_tag("Tier", "Tier2", "Important decisions and daily reports hang on it."),
        _system_tag("Tier", "Tier3", "A department works with it."),
        _system_tag("Tier", "Tier4", "One team works with it."),
        _system_tag("Tier", "Tier5", "Private, a trial, or nobody's any more."),
        _system_tag("Certification", "Bronze", "Has an owner and a description, and is kept up to date."),
        _system_tag("Certification", "Silver", "Its quality is tested, and failures are dealt with."),
        _system_tag("Certification", "Gold", "Its meaning, quality and lineage were reviewed; build on it."),
    ),
)


class DomainType(StrEnum):
    """Whether a domain makes data, uses it, or joins it from several others."""

    SOURCE_ALIGNED = "Source-aligned"
    CONSUMER_ALIGNED = "Consumer-aligned"
    AGGREGATE = "Aggregate"


class _DomainFields(Model):
    """What a domain says of itself. Experts know its data and can be asked."""

    domain_type: DomainType
    style: Style | None = None
    owners: list[ReferenceInput] | None = None
    experts: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    extension: Document | None = None


class Domain(_DomainFields, Entity):
    """A part of the organisation that answers for its own data."""

    description: Markdown
    parent: EntityReference | None = None
    children: list[EntityReference] | None = None
    children_count: int | None = None
    assets: list[EntityReference] | None = None
    followers: list[EntityReference] | None = None
    votes: Document | None = None
    certification: Document | None = None
    entity_status: EntityStatus | None = None


class CreateDomain(_DomainFields, CreateRequest):
    """A request to create or update a domain."""

    description: Markdown
    parent: ReferenceInput | None = None
    fully_qualified_name: str | None = None

    @model_validator(mode="after")
    def _fqn_follows(self) -> "CreateDomain":
        """A request may say the FQN, which follows from name and parent anyway."""
        given, self.fully_qualified_name = self.fully_qualified_name, None
        if given is not None and not f".{given}".endswith(f".{fqn.quote(self.name)}"):
            raise ValueError(f"fullyQualifiedName: a domain called {self.name} cannot be {given}")
        return self


DOMAIN = EntityType(
    name="domain",
    collection="domains",
    entity=Domain,
    create=CreateDomain,
    parents=(Parent(field="parent", to="domain", optional=True),),
    references=(Reference(field="experts", to=("user",), many=True, put="absent"),),
    traits=(OWNERS, TAGS, FOLLOWERS, EXTENSION),
    inverses=(Inverse(field="children", of="domain", member="parent"),),
    counts=(UsageCount(field="childrenCount", counts="children"),),
    renamable=True,
)
