# SPDX-License-Identifier: Apache-2.0
"""What there is to describe: the types of entities with their custom properties, and the types of values."""

from enum import StrEnum
from typing import Any

from pydantic import Field, field_validator

from headwater.schema.base import CreateRequest, Document, Entity, Markdown, Model, ReferenceInput
from headwater.schema.declare import (
    CUSTOM_PROPERTIES,
    DATA_PRODUCTS,
    DOMAINS,
    Child,
    EntityType,
    Filter,
    Reference,
)
from headwater.schema.properties import NAME, PROPERTY_TYPES


class Category(StrEnum):
    """Whether a type is one of values or one of entities."""

    FIELD = "field"
    ENTITY = "entity"


class CustomPropertyConfig(Model):
    """What the type of a custom property leaves open: a format, the values to choose from, columns, entity types."""

    config: Any = None


class CustomProperty(Model):
    """A property that entities of a type have beside those that all catalogues know; its values are in
    ``extension``."""

    name: str = Field(max_length=256)
    display_name: str | None = None
    description: Markdown
    property_type: ReferenceInput
    custom_property_config: CustomPropertyConfig | None = None

    @field_validator("name")
    @classmethod
    def _can_be_called_so(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f'{name!r} begins with no letter or digit, or holds one of " * & < > : ^ $ \\ / ~')
        return name


class _TypeFields(Model):
    """What a type says of itself; ``schema`` is a JSON Schema as text."""

    category: Category | None = None
    name_space: str = "custom"
    schema_: str | None = Field(None, alias="schema")
    domains: list[ReferenceInput] | None = None


class Type(_TypeFields, Entity):
    """A type of entities or of values."""

    description: Markdown
    custom_properties: list[CustomProperty] | None = None
    data_products: list[ReferenceInput] | None = None


class CreateType(_TypeFields, CreateRequest):
    """A request to create or update a type."""

    name: str = Field(max_length=256, pattern=r"^[\w-]+$")
    description: Markdown


def _as_described(declared: EntityType) -> Document:
    """The type that stands for a declared one."""
    return {
        "name": declared.name,
        "category": "entity",
        "nameSpace": declared.entity.__module__.rpartition(".")[-1],
        "description": " ".join((declared.entity.__doc__ or declared.name).split()),
    }


TYPE = EntityType(
    name="type",
    collection="metadata/types",
    entity=Type,
    create=CreateType,
    searched=False,
    children=(
        Child(
            field="customProperties",
            match="key",
            named=False,
            references=(Reference(field="propertyType", to=("type",), essential=True),),
        ),
    ),
    takes="customProperties",
    traits=(DOMAINS, DATA_PRODUCTS, CUSTOM_PROPERTIES),
    filters=(Filter(name="category", kind="value", member="category"),),
    defaults={"nameSpace": "custom"},
    seeds=tuple(
        {"name": one.name, "category": "field", "nameSpace": "basic", "description": one.description}
        for one in PROPERTY_TYPES.values()
    ),
    seed_each=_as_described,
)
