# SPDX-License-Identifier: Apache-2.0
"""Members that several entity types share."""

from enum import StrEnum

from pydantic import Field

from headwater.schema.base import Document, EntityReference, Model, Name, ReferenceInput, Style, TagInput

FieldName = Name
"""The name of a column, feature or other part of an entity: it becomes one segment of an FQN, like any name."""


UNVERSIONED = ("sourceHash", "lifeCycle", "usageSummary")
"""Members of data assets that are stored without a new version: they say what happened to it, not what it is."""


class AssetFields(Model):
    """What every data asset may carry when it is read or patched."""

    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    followers: list[EntityReference] | None = None
    extension: Document | None = None
    data_products: list[EntityReference] | None = None
    life_cycle: Document | None = None
    certification: Document | None = None
    votes: Document | None = None


class CreateAssetFields(Model):
    """What a request for a data asset may say. Owners are users or one team; names may stand for references."""

    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    extension: Document | None = None
    life_cycle: Document | None = None


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
    """What is known of a data asset beside its content: use, contract, review."""

    usage_summary: Document | None = None
    data_contract: EntityReference | None = None
    entity_status: EntityStatus | None = None


class SourceFields(Model):
    """Where an asset was found. ``sourceHash`` is the finder's own mark of what it saw, to skip what is unchanged."""

    source_url: str | None = None
    source_hash: str | None = Field(None, min_length=1, max_length=32)


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
    style: Style | None = None
    data_products: list[EntityReference] | None = None
    data_contract: EntityReference | None = None
    entity_status: EntityStatus | None = None


class CreateServiceFields(Model):
    """What a request for a service may say beside its name and type."""

    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    connection: ServiceConnection | None = None
    style: Style | None = None
