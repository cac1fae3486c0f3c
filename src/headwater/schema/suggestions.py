# SPDX-License-Identifier: Apache-2.0
"""Labels that nobody has confirmed or rejected yet."""

from pydantic import Field

from headwater.schema.base import EntityReference, Model, Paging, TagLabel


class OpenSuggestion(Model):
    """A suggested label on an entity, or on one field of it."""

    entity: EntityReference
    field: str | None = Field(None, description="The path of the field in the entity; absent where all of it is meant.")
    label: TagLabel

    @property
    def confidence(self) -> float | None:
        """How sure its maker is, from 0 to 1, if that is said."""
        score = ((self.label.metadata or {}).get("recognizer") or {}).get("score")
        return None if score is None else float(score)


class SuggestionsReply(Model):
    """A part of the open suggestions, in order of their entities' names."""

    data: list[OpenSuggestion]
    paging: Paging


class Proxy(Model):
    """A feature that hangs together with a protected attribute in the data that were looked at.

    ``source`` is what the feature's values were taken from: a column that it is made from, or its own name.
    ``leftOut``: rows of categories too small to speak of.
    """

    feature: str
    source: str
    protected: str
    tag: str
    measure: str
    figure: float
    rows: int
    left_out: int = 0
