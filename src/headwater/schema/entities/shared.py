# SPDX-License-Identifier: Apache-2.0
"""Members that several entity types share."""

from typing import Annotated

from pydantic import AfterValidator, Field

from headwater.schema import fqn
from headwater.schema.base import Document, EntityReference, Model, ReferenceInput, Style, TagInput, TagLabel


def _checked_field_name(value: str) -> str:
    if fqn.names(fqn.quote(value)) != [value]:
        raise ValueError(f"{value!r} cannot be part of a fully qualified name")
    return value


FieldName = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_checked_field_name)]
"""The name of a column, feature or other part of an entity: it becomes one segment of an FQN."""


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
    style: Style | None = None


class CreateAssetFields(Model):
    """What a request for a data asset may say. Owners are users or one team; names may stand for references."""

    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    extension: Document | None = None
    life_cycle: Document | None = None
