# SPDX-License-Identifier: Apache-2.0
"""The words by which an organisation governs its data: classifications with their tags, domains, data products."""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

from pydantic import Field, model_validator

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
    TagSource,
    Votes,
)
from headwater.schema.declare import (
    CERTIFICATION,
    DOMAINS,
    EXTENSION,
    FOLLOWERS,
    OWNERS,
    SOFT_DELETE,
    TAGS,
    VOTES,
    EntityType,
    Filter,
    Inverse,
    Parent,
    Reference,
    UsageCount,
)
from headwater.schema.entities.shared import Certification, EntityStatus, Provider

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


class ConflictResolution(StrEnum):
    """Which tag counts where several recognise one thing."""

    HIGHEST_CONFIDENCE = "highest_confidence"
    HIGHEST_PRIORITY = "highest_priority"
    MOST_SPECIFIC = "most_specific"


class AutoClassification(Model):
    """Whether and how tags of a classification are put on data by what the data looks like."""

    enabled: bool = False
    conflict_resolution: ConflictResolution = ConflictResolution.HIGHEST_CONFIDENCE
    minimum_confidence: float = Field(0.6, ge=0, le=1)
    require_explicit_match: bool = True


class _ClassificationFields(_WordFields):
    auto_classification_config: AutoClassification | None = None


class Classification(_ClassificationFields, Entity):
    """A family of tags."""

    description: Markdown
    disabled: bool = False
    term_count: int | None = None
    usage_count: int | None = None
    entity_status: EntityStatus | None = None


class CreateClassification(_ClassificationFields, CreateRequest):
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
    counts=(
        UsageCount(field="termCount", counts="children"),
        UsageCount(field="usageCount", counts="usageBelow"),
    ),
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
        {
            "name": "ProtectedAttribute",
            "displayName": "Protected attribute",
            "provider": "system",
            "description": "What the law forbids to decide by, or allows only with good reason: the grounds that the "
            "Equal Credit Opportunity Act of the United States (ECOA, 15 U.S.C. 1691, with Regulation B) and article "
            "21 of the Charter of Fundamental Rights of the European Union name. Which of them counts for a decision "
            "is for a lawyer to say.",
        },
    ),
)


class _TagFields(_WordFields):
    """What a tag says of itself. Recognisers find data that the tag fits; each has a form of its own."""

    style: Style | None = None
    recognizers: list[Document] | None = None
    auto_classification_enabled: bool | None = None
    auto_classification_priority: int | None = Field(None, ge=0, le=100)


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

    refused: ClassVar[Mapping[str, str]] = {
        "associatedTags": "tags are not associated with each other; a glossary term brings several along"
    }
    description: Markdown
    classification: ReferenceInput | None = None
    parent: ReferenceInput | None = None


# What the law names as grounds on which people must not be treated differently: of the United States the Equal Credit
# Opportunity Act (15 U.S.C. 1691, with Regulation B, 12 CFR 1002), of the European Union article 21 of the Charter of
# Fundamental Rights. The descriptions say which of them names it.
PROTECTED_ATTRIBUTES: Mapping[str, str] = {
    "Sex": "Sex, and gender where it stands for it (ECOA; EU Charter).",
    "GenderIdentity": "The gender that somebody lives, or is taken to live (EU Charter, read into sex).",
    "SexualOrientation": "Whom somebody loves (EU Charter).",
    "Pregnancy": "Pregnancy, birth, and plans to have children (Regulation B; EU Charter, read into sex).",
    "MaritalStatus": "Single, married, divorced, widowed, or living as partners (ECOA).",
    "FamilyStatus": "Children and others whom somebody looks after (Regulation B limits its use).",
    "RaceOrEthnicity": "Race, colour and ethnic origin (ECOA; EU Charter).",
    "NationalOrigin": "Nationality, country of birth or descent, membership of a national minority (ECOA; EU Charter).",
    "SocialOrigin": "Social origin, property and birth (EU Charter).",
    "Language": "The languages that somebody speaks (EU Charter).",
    "ReligionOrBelief": "Religion, belief, or having none (ECOA; EU Charter).",
    "PoliticalOpinion": "Political or any other opinion (EU Charter).",
    "Age": "Age or date of birth (ECOA, with exceptions; EU Charter).",
    "Disability": "A disability or lasting illness (EU Charter).",
    "GeneticFeatures": "What genes tell of somebody or of relatives (EU Charter).",
    "PublicAssistance": "Living on public assistance, wholly or in part (ECOA).",
    "ExercisedRights": "Having made use of one's rights under the laws that protect consumers of credit (ECOA).",
}


def _system_tag(classification: str, name: str, description: str) -> Document:
    return {"name": name, "classification": classification, "provider": "system", "description": description}


TAG = EntityType(
    name="tag",
    collection="tags",
    labels=TagSource.CLASSIFICATION,
    entity=Tag,
    create=CreateTag,
    parents=(
        Parent(field="parent", to="tag", optional=True, copies=("classification",)),
        Parent(field="classification", to="classification"),
    ),
    references=(REVIEWERS,),
    traits=(OWNERS, DOMAINS, SOFT_DELETE),
    filters=(
        Filter(name="parent", kind="ancestor"),
        Filter(name="disabled", kind="flag", member="disabled"),
    ),
    inverses=(Inverse(field="children", of="tag", member="parent"),),
    counts=(UsageCount(field="usageCount", counts="usage"),),
    renamable=True,
    assets="tags",
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
        *(_system_tag("ProtectedAttribute", name, text) for name, text in PROTECTED_ATTRIBUTES.items()),
    ),
)


# domains and their products ----------------------------------------------------------------------------------------


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
    votes: Votes | None = None
    certification: Certification | None = None
    entity_status: EntityStatus | None = None


class _NamedInFull(CreateRequest):
    """A request that may say the FQN, which follows from the name and what is above anyway."""

    fully_qualified_name: str | None = None

    @model_validator(mode="after")
    def _fqn_follows(self) -> "_NamedInFull":
        given, self.fully_qualified_name = self.fully_qualified_name, None
        if given is not None and not f".{given}".endswith(f".{fqn.quote(self.name)}"):
            raise ValueError(f"fullyQualifiedName: what is called {self.name} cannot be {given}")
        return self


class CreateDomain(_DomainFields, _NamedInFull):
    """A request to create or update a domain."""

    description: Markdown
    parent: ReferenceInput | None = None


DOMAIN = EntityType(
    name="domain",
    collection="domains",
    entity=Domain,
    create=CreateDomain,
    parents=(Parent(field="parent", to="domain", optional=True),),
    references=(Reference(field="experts", to=("user",), many=True, put="absent"),),
    traits=(OWNERS, TAGS, FOLLOWERS, VOTES, EXTENSION, CERTIFICATION),
    filters=(Filter(name="parent", kind="ancestor"), Filter(name="directChildrenOf", kind="parent")),
    inverses=(Inverse(field="children", of="domain", member="parent"),),
    counts=(UsageCount(field="childrenCount", counts="children"),),
    renamable=True,
    assets="domains",
)


class LifecycleStage(StrEnum):
    """How far a data product has come."""

    IDEATION = "IDEATION"
    DESIGN = "DESIGN"
    DEVELOPMENT = "DEVELOPMENT"
    TESTING = "TESTING"
    PRODUCTION = "PRODUCTION"
    DEPRECATED = "DEPRECATED"
    RETIRED = "RETIRED"


class DataProductType(StrEnum):
    """What a data product gives: data at some stage of refinement, analyses, decisions or services."""

    RAW_DATA = "RAW_DATA"
    DERIVED_DATA = "DERIVED_DATA"
    DATASET = "DATASET"
    REPORTS = "REPORTS"
    ANALYTIC_VIEW = "ANALYTIC_VIEW"
    VISUALISATION_3D = "VISUALISATION_3D"
    ALGORITHM = "ALGORITHM"
    DECISION_SUPPORT = "DECISION_SUPPORT"
    AUTOMATED_DECISION_MAKING = "AUTOMATED_DECISION_MAKING"
    DATA_ENHANCED_PRODUCT = "DATA_ENHANCED_PRODUCT"
    DATA_DRIVEN_SERVICE = "DATA_DRIVEN_SERVICE"
    DATA_ENABLED_PERFORMANCE = "DATA_ENABLED_PERFORMANCE"
    BI_DIRECTIONAL = "BI_DIRECTIONAL"


class Visibility(StrEnum):
    """Who may find a data product."""

    PRIVATE = "PRIVATE"
    INVITATION = "INVITATION"
    ORGANISATION = "ORGANISATION"
    DATASPACE = "DATASPACE"
    PUBLIC = "PUBLIC"


class PortfolioPriority(StrEnum):
    """How much a data product matters beside the others."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class SlaTier(StrEnum):
    """The level of what a data product promises."""

    GOLD = "GOLD"
    SILVER = "SILVER"
    BRONZE = "BRONZE"
    CUSTOM = "CUSTOM"


class Sla(Model):
    """What a data product promises: per cent, milliseconds, minutes, per cent."""

    tier: SlaTier | None = None
    availability: float | None = None
    response_time: int | None = None
    data_freshness: int | None = None
    data_quality: float | None = None


class _DataProductFields(Model):
    """What a data product says of itself."""

    style: Style | None = None
    owners: list[ReferenceInput] | None = None
    experts: list[ReferenceInput] | None = None
    reviewers: list[ReferenceInput] | None = None
    assets: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    data_product_type: DataProductType | None = None
    visibility: Visibility = Visibility.PRIVATE
    portfolio_priority: PortfolioPriority | None = None
    extension: Document | None = None


class DataProduct(_DataProductFields, Entity):
    """Data, and what is made of it, that a domain offers to others as one thing."""

    description: Markdown
    domains: list[ReferenceInput] | None = None
    lifecycle_stage: LifecycleStage | None = None
    sla: Sla | None = None
    consumes_from: list[ReferenceInput] | None = None
    provides_to: list[ReferenceInput] | None = None
    followers: list[EntityReference] | None = None
    votes: Votes | None = None
    certification: Certification | None = None
    entity_status: EntityStatus | None = None


class CreateDataProduct(_DataProductFields, _NamedInFull):
    """A request to create or update a data product of one or more domains. Assets are given in full."""

    description: Markdown
    domains: list[ReferenceInput] = Field(min_length=1)


DATA_PRODUCT = EntityType(
    name="dataProduct",
    collection="dataProducts",
    entity=DataProduct,
    create=CreateDataProduct,
    references=(
        REVIEWERS,
        Reference(field="experts", to=("user",), many=True, put="absent"),
        Reference(field="consumesFrom", to=("dataProduct",), many=True),
        Reference(field="providesTo", to=("dataProduct",), many=True),
    ),
    traits=(OWNERS, DOMAINS, TAGS, FOLLOWERS, VOTES, EXTENSION, CERTIFICATION),
    filters=(Filter(name="domain", kind="reference", to="domain", member="domains"),),
    inverses=(Inverse(field="assets", member="dataProducts", settable=True),),
    renamable=True,
    assets="dataProducts",
    defaults={"visibility": "PRIVATE"},
)
