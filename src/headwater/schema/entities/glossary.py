# SPDX-License-Identifier: Apache-2.0
"""Glossaries: the terms that an organisation speaks in, and what they mean."""

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from headwater.schema.base import (
    CreateRequest,
    Document,
    Entity,
    EntityReference,
    Markdown,
    Model,
    Name,
    ReferenceInput,
    Style,
    TagInput,
    TagSource,
    Url,
    Votes,
)
from headwater.schema.declare import (
    DATA_PRODUCTS,
    DOMAINS,
    EXTENSION,
    OWNERS,
    SOFT_DELETE,
    TAGS,
    VOTES,
    Child,
    EntityType,
    Filter,
    Inverse,
    Parent,
    Reference,
    UsageCount,
)
from headwater.schema.entities.governance import REVIEWERS
from headwater.schema.entities.shared import EntityStatus, Provider


class _WordFields(Model):
    """What glossaries and terms say alike. At most one of the terms below an exclusive one fits one thing."""

    provider: Provider = Provider.USER
    mutually_exclusive: bool = False
    owners: list[ReferenceInput] | None = None
    reviewers: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    extension: Document | None = None


class _WordState(Model):
    """What is known of glossaries and terms beside their content."""

    disabled: bool | None = None
    usage_count: int | None = None
    data_products: list[ReferenceInput] | None = None
    data_contract: EntityReference | None = None
    votes: Votes | None = None
    entity_status: EntityStatus | None = None


class Namespace(Model):
    """A short form for the beginning of IRIs."""

    prefix: str | None = None
    namespace: Url | None = None


class Glossary(_WordFields, _WordState, Entity):
    """A collection of terms."""

    description: Markdown
    term_count: int | None = None
    namespaces: list[Namespace] | None = None


class CreateGlossary(_WordFields, CreateRequest):
    """A request to create or update a glossary."""

    description: Markdown


GLOSSARY = EntityType(
    name="glossary",
    collection="glossaries",
    entity=Glossary,
    create=CreateGlossary,
    references=(REVIEWERS,),
    traits=(OWNERS, DOMAINS, DATA_PRODUCTS, TAGS, VOTES, EXTENSION, SOFT_DELETE),
    counts=(
        UsageCount(field="termCount", counts="children"),
        UsageCount(field="usageCount", counts="usageBelow"),
    ),
    renamable=True,
    defaults={"provider": "user", "mutuallyExclusive": False},
)


class TermReference(Model):
    """A page that says more about a term."""

    name: str | None = None
    endpoint: Url | None = None


class ConceptMappingType(StrEnum):
    """How close a term is to a concept of another vocabulary."""

    EXACT_MATCH = "EXACT_MATCH"
    CLOSE_MATCH = "CLOSE_MATCH"
    BROAD_MATCH = "BROAD_MATCH"
    NARROW_MATCH = "NARROW_MATCH"
    RELATED_MATCH = "RELATED_MATCH"
    SAME_AS = "SAME_AS"


class ConceptMapping(Model):
    """A concept of another vocabulary that a term matches."""

    concept_iri: Url
    mapping_type: ConceptMappingType
    scheme_iri: Url | None = None
    source: str | None = None


class TermRelation(Model):
    """Another term that a term has to do with, and how."""

    relation_type: str = Field("relatedTo", pattern=r"^[a-zA-Z][a-zA-Z0-9]*$")
    term: ReferenceInput


def _as_relation(given: object) -> object:
    """A relation as requests may give it: in full, or just the FQN of the other term."""
    return {"relationType": "relatedTo", "term": given} if isinstance(given, str) else given


class _TermFields(_WordFields):
    """What a term says of itself. Related terms may be given by their FQNs."""

    style: Style | None = None
    iri: Url | None = None
    synonyms: list[Name] | None = None
    related_terms: list[Annotated[TermRelation, BeforeValidator(_as_relation)]] | None = None
    references: list[TermReference] | None = None
    concept_mappings: list[ConceptMapping] | None = None


class GlossaryTerm(_TermFields, _WordState, Entity):
    """A word or phrase with an agreed meaning. What it is tagged with follows wherever it is put."""

    description: Markdown
    glossary: EntityReference | None = None
    parent: EntityReference | None = None
    children: list[EntityReference] | None = None
    children_count: int | None = None


class CreateGlossaryTerm(_TermFields, CreateRequest):
    """A request to create or update a term, right in its glossary or under a parent term."""

    description: Markdown
    glossary: ReferenceInput
    parent: ReferenceInput | None = None


GLOSSARY_TERM = EntityType(
    name="glossaryTerm",
    collection="glossaryTerms",
    labels=TagSource.GLOSSARY,
    entity=GlossaryTerm,
    create=CreateGlossaryTerm,
    parents=(
        Parent(field="parent", to="glossaryTerm", optional=True, copies=("glossary",)),
        Parent(field="glossary", to="glossary"),
    ),
    references=(REVIEWERS,),
    children=(
        Child(
            field="relatedTerms",
            key=("term",),
            named=False,
            references=(Reference(field="term", to=("glossaryTerm",), essential=True),),
        ),
    ),
    traits=(OWNERS, DOMAINS, DATA_PRODUCTS, TAGS, VOTES, EXTENSION, SOFT_DELETE),
    filters=(
        Filter(name="glossary", kind="ancestor", to="glossary"),
        Filter(name="parent", kind="ancestor", to="glossaryTerm"),
        Filter(name="directChildrenOf", kind="parent"),
    ),
    inverses=(Inverse(field="children", of="glossaryTerm", member="parent"),),
    counts=(
        UsageCount(field="usageCount", counts="usage"),
        UsageCount(field="childrenCount", counts="children"),
    ),
    renamable=True,
    assets="tags",
    defaults={"provider": "user", "mutuallyExclusive": False},
)
