# SPDX-License-Identifier: Apache-2.0
"""Members that several entity types share."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from headwater.schema.base import Document, EntityReference, Model, ReferenceInput, Style, TagInput, Votes
from headwater.schema.usage import UsageDetails

FieldName = Annotated[str, Field(min_length=1)]
"""The name of a column, task or other part that another system named: one segment of an FQN, whatever is in it."""


UNVERSIONED = ("sourceHash", "lifeCycle", "usageSummary")
"""Members of data assets that are stored without a new version: they say what happened to it, not what it is."""


class Provider(StrEnum):
    """Who brought an entity in: the catalogue itself, a person, or an automatism."""

    SYSTEM = "system"
    USER = "user"
    AUTOMATION = "automation"


class AccessDetails(Model):
    """That something was done with an asset: when, and by which user or which program."""

    timestamp: int = Field(description="Milliseconds since 1970, UTC.")
    accessed_by: ReferenceInput | None = None
    accessed_by_a_process: str | None = None


class LifeCycle(Model):
    """When an asset was made, changed and used for the last time."""

    created: AccessDetails | None = None
    updated: AccessDetails | None = None
    accessed: AccessDetails | None = None


class Certification(Model):
    """How thoroughly an asset was checked. Dates are milliseconds since 1970; without them it holds for 30 days."""

    tag_label: TagInput
    applied_date: int | None = None
    expiry_date: int | None = None


class UnfollowedAssetFields(Model):
    """What a data asset that nobody can follow may carry when it is read or patched."""

    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    extension: Document | None = None
    data_products: list[ReferenceInput] | None = None
    life_cycle: LifeCycle | None = None
    certification: Certification | None = None
    votes: Votes | None = None


class AssetFields(UnfollowedAssetFields):
    """What every other data asset may carry when it is read or patched."""

    followers: list[EntityReference] | None = None


class CreateAssetFields(Model):
    """What a request for a data asset may say. Owners are users or one team; names may stand for references."""

    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    data_products: list[ReferenceInput] | None = None
    extension: Document | None = None
    life_cycle: LifeCycle | None = None


class EntityStatus(StrEnum):
    """How far the people who look after an entity have got with it."""

    DRAFT = "Draft"
    IN_REVIEW = "In Review"
    APPROVED = "Approved"
    ARCHIVED = "Archived"
    DEPRECATED = "Deprecated"
    REJECTED = "Rejected"
    UNPROCESSED = "Unprocessed"


class AssetState(Model):
    """What is known of a data asset beside its content: contract and review."""

    data_contract: EntityReference | None = None
    entity_status: EntityStatus | None = None


class UsedAssetState(AssetState):
    """The same of an asset whose use is counted."""

    usage_summary: UsageDetails | None = None


class HashedFields(Model):
    """``sourceHash`` is the finder's own mark of what it saw, to skip what is unchanged."""

    source_hash: str | None = Field(None, min_length=1, max_length=32)


class SourceFields(HashedFields):
    """Where an asset was found, and the finder's mark."""

    source_url: str | None = None


class ServiceConnection(Model):
    """How a connector reaches a service. ``config`` is the connector's own; its passwords are stored apart."""

    config: Document | None = None


class ServiceFields(Model):
    """What every service may carry when it is read or patched."""

    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    followers: list[EntityReference] | None = None
    connection: ServiceConnection | None = None
    data_products: list[ReferenceInput] | None = None
    data_contract: EntityReference | None = None
    entity_status: EntityStatus | None = None
    test_connection_result: Document | None = None
    ingestion_runner: EntityReference | None = None


class StyledServiceFields(ServiceFields):
    """The same of a service that is drawn in its own style."""

    style: Style | None = None


class CreateServiceFields(Model):
    """What a request for a service may say beside its name and type.

    ``ingestionRunner`` is the agent that runs a connector: it lives outside the catalogue and is kept as it is named.
    """

    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    data_products: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    connection: ServiceConnection | None = None
    ingestion_runner: EntityReference | None = None


class CreateStyledServiceFields(CreateServiceFields):
    """The same for a service that is drawn in its own style."""

    style: Style | None = None


def said_elsewhere(where: str) -> AfterValidator:
    """A check of a member that requests may have in the standard, but that another entity decides here."""

    def check(value: object) -> None:
        if value:
            raise ValueError(where)

    return AfterValidator(check)
