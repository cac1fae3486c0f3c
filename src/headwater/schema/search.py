# SPDX-License-Identifier: Apache-2.0
"""What a search answers."""

from headwater.schema.base import EntityReference, Model


class Piece(Model):
    """A part of a passage; ``found``: it is one of the words that were looked for."""

    text: str
    found: bool


class Snippet(Model):
    """The passage of an entity that shows why it was found, and the member that it is from."""

    member: str
    pieces: list[Piece]


class SearchHit(Model):
    """An entity that was found. A higher score is a better one; scores compare within one answer only."""

    entity: EntityReference
    score: float
    snippet: Snippet | None = None


class FacetCount(Model):
    """How many hits count for a value."""

    value: str
    count: int


class SearchResult(Model):
    """Hits, the best first; how many there are in all; and for each facet the values that they have."""

    hits: list[SearchHit]
    total: int
    facets: dict[str, list[FacetCount]]
