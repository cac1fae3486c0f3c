# SPDX-License-Identifier: Apache-2.0
"""The models that every entity type builds on. Python is snake_case, the wire is camelCase."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AnyUrl, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

Document = dict[str, Any]
"""A JSON object: an entity as it is stored or sent. The only place where ``Any`` enters signatures."""


class Model(BaseModel):
    """A part of the wire format: unknown members are refused, as OpenMetadata's client does."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", use_enum_values=True)


def _checked_name(value: str) -> str:
    if "::" in value:
        raise ValueError("a name must not contain '::'")
    if "\n" in value or "\r" in value:
        raise ValueError("a name must not contain a line break")
    if "\0" in value:
        raise ValueError("a name must not contain the character U+0000")
    if not value.strip():
        raise ValueError("a name must not be blank")
    return value


NAME_LENGTH = 256
"""How many characters a name may have."""

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), AfterValidator(_checked_name)]
"""One part of an FQN: 1 to 256 characters, without ``::`` and line breaks (OpenMetadata's ``entityName``)."""

Markdown = str


def _checked_url(value: str) -> str:
    AnyUrl(value)
    return value


Url = Annotated[str, AfterValidator(_checked_url)]
"""An absolute URL, kept as it is written."""


class EntityReference(Model):
    """A pointer to an entity. In requests, ``id`` or ``fullyQualifiedName`` says which one; the rest is ignored."""

    id: str | None = None
    type: str
    name: str | None = None
    fully_qualified_name: str | None = None
    description: Markdown | None = None
    display_name: str | None = None
    deleted: bool | None = None
    inherited: bool | None = None
    href: str | None = None


FqnText = Annotated[str, Field(min_length=1)]
"""A fully qualified name in a request; whether it names something is seen when it is looked up."""

ReferenceInput = EntityReference | FqnText
"""A reference as a request may give it: in full, or just the FQN of its target."""


class TagSource(StrEnum):
    """Where a label's tag lives."""

    CLASSIFICATION = "Classification"
    GLOSSARY = "Glossary"


class LabelType(StrEnum):
    """How a label came to be."""

    MANUAL = "Manual"
    PROPAGATED = "Propagated"
    AUTOMATED = "Automated"
    DERIVED = "Derived"
    GENERATED = "Generated"


class LabelState(StrEnum):
    """Whether somebody stands behind a label."""

    SUGGESTED = "Suggested"
    CONFIRMED = "Confirmed"


class Style(Model):
    """How an entity is drawn."""

    color: str | None = None
    icon_url: str | None = Field(None, alias="iconURL")
    cover_image: Document | None = None


class TagLabel(Model):
    """A tag or glossary term on an entity or one of its fields."""

    tag_fqn: str = Field(alias="tagFQN", min_length=1)
    source: TagSource = TagSource.CLASSIFICATION
    label_type: LabelType = LabelType.MANUAL
    state: LabelState = LabelState.CONFIRMED
    name: str | None = None
    display_name: str | None = None
    description: Markdown | None = None
    style: Style | None = None
    href: str | None = None
    reason: str | None = None
    applied_at: datetime | None = None
    applied_by: str | None = None
    metadata: Document | None = None


TagInput = TagLabel | FqnText
"""A tag label as a request may give it: in full, or just the tag's FQN."""


class FieldChange(Model):
    """One field that changed. Lists and objects are JSON text, scalars are themselves."""

    name: str
    old_value: Any = None
    new_value: Any = None


class ChangeDescription(Model):
    """What changed from ``previousVersion`` to the version that carries this."""

    fields_added: list[FieldChange] = Field(default_factory=list)
    fields_updated: list[FieldChange] = Field(default_factory=list)
    fields_deleted: list[FieldChange] = Field(default_factory=list)
    previous_version: float | None = None
    change_summary: Document | None = None


class Entity(Model):
    """What every entity has when it is read."""

    id: str
    name: Name
    fully_qualified_name: str | None = None
    display_name: str | None = None
    description: Markdown | None = None
    version: float | None = None
    updated_at: int | None = Field(None, description="Milliseconds since 1970, UTC.")
    updated_by: str | None = None
    impersonated_by: str | None = None
    href: str | None = None
    change_description: ChangeDescription | None = None
    incremental_change_description: ChangeDescription | None = None
    deleted: bool | None = None


class CreateRequest(Model):
    """What every request for a new entity may say. Absent members are not changed by a PUT, unless a rule says so.

    ``refused`` tells of members that OpenMetadata's client may send why they have no meaning here.
    """

    refused: ClassVar[Mapping[str, str]] = {}

    name: Name
    display_name: str | None = None
    description: Markdown | None = None

    @model_validator(mode="before")
    @classmethod
    def _say_why(cls, given: Any) -> Any:
        if not cls.refused or not isinstance(given, dict):
            return given
        for member, why in cls.refused.items():
            if given.get(member) is not None:
                raise ValueError(f"{member}: {why}")
        return {member: value for member, value in given.items() if member not in cls.refused}


class Votes(Model):
    """Who thinks well of an entity, and who does not."""

    up_votes: int
    down_votes: int
    up_voters: list[EntityReference]
    down_voters: list[EntityReference]


class Paging(Model):
    """Where a page stands in its list; the cursors are opaque and safe in a URL."""

    total: int
    before: str | None = None
    after: str | None = None
    offset: int | None = None
    limit: int | None = None


def wire(model: BaseModel) -> Document:
    """The JSON object that a model stands for: camelCase, without members that were not given or are null."""
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)


def faults_of(error: ValidationError) -> list[str]:
    """What a model found wrong, each fault with its place.

    Where an object or a text may stand, only the text's faults are told of a text.
    """
    found = []
    for fault in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in fault["loc"] if not _is_model_name(part))
        if fault["type"] == "union_tag_not_found":
            fault["msg"] = f"the member {fault['ctx']['discriminator']} is needed: it says what kind of thing this is"
        if fault["type"] != "value_error":
            place = place or "the body"
        found.append((place, fault["type"], fault["msg"].removeprefix("Value error, ")))
    texts = {place for place, kind, _ in found if kind.startswith("string_") and kind != "string_type"}
    told = [(place, said) for place, kind, said in found if not (kind == "model_type" and place in texts)]
    return [f"{place}: ".removeprefix(": ") + said for place, said in told]


def _is_model_name(part: int | str) -> bool:
    """Whether a part of a place names a branch of a union instead of a member."""
    return isinstance(part, str) and (part[:1].isupper() or part in ("str", "constrained-str", "function-after"))


def held(document: Document, path: Sequence[str]) -> Any:
    """The value at a path of members, or None where there is none."""
    if len(path) == 1:  # as good as always, and many times in each document
        return document.get(path[0])
    value: Any = document
    for member in path:
        if not isinstance(value, dict):
            return None
        value = value.get(member)
    return value
