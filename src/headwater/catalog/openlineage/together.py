# SPDX-License-Identifier: Apache-2.0
"""What the events of one run say together: many producers name the inputs when a run starts and the outputs when it
ends. The order in which the events come makes no difference."""

from pydantic import BaseModel, Field

from headwater.schema.openlineage import ColumnLineageFacet
from headwater.store import sightings
from headwater.store.database import Transaction

KEPT = 30 * 24 * 60 * 60 * 1000
"""For how long, in milliseconds, what a run has said waits for further events of it, while the job goes on."""


class Link(BaseModel, frozen=True):
    """A name that a symlink gives to the entity of a dataset."""

    namespace: str
    name: str
    node: int


class Traced(BaseModel):
    """The column lineage of an output, and the moment of the event that says it."""

    moment: int = 0
    lineage: ColumnLineageFacet | None = None

    def newer(self, other: "Traced") -> "Traced":
        """The one of both that was said later; at one moment either, but always the same."""
        return max(self, other, key=lambda one: (one.lineage is not None, one.moment, one.model_dump_json()))


class Together(BaseModel):
    """What a job has read and written in a run, by the nodes of the entities.

    ``stated``: the last moment at which the run said that this is what flows. ``query``: the SQL of the job, behind
    the moment at which it was told.
    """

    stated: int | None = None
    read: set[int] = Field(default_factory=set)
    written: dict[int, Traced] = Field(default_factory=dict)
    query: tuple[int, str] | None = None
    links: set[Link] = Field(default_factory=set)

    def united(self, other: "Together") -> "Together":
        """What both say."""
        stated = [one.stated for one in (self, other) if one.stated is not None]
        queries = [one.query for one in (self, other) if one.query]
        written = dict(self.written)
        for node, traced in other.written.items():
            written[node] = traced.newer(written.get(node, traced))
        return Together(
            stated=max(stated, default=None),
            read=self.read | other.read,
            written=written,
            query=max(queries, default=None),
            links=self.links | other.links,
        )


def unite(transaction: Transaction, job: int, run: str, moment: int, said: Together) -> Together:
    """What a run has said so far, with what an event of it says now."""
    kept = sightings.told(transaction, job, run)
    if kept is None:
        both = said
    else:
        moment = max(moment, kept[0])
        both = said.united(Together.model_validate_json(kept[1]))
    text = both.model_dump_json(by_alias=True, exclude_none=True)
    if kept != (moment, text):
        sightings.put_told(transaction, job, run, moment, text)
        sightings.forget_told(transaction, job, moment - KEPT)
    return both
