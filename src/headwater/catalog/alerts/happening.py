# SPDX-License-Identifier: Apache-2.0
"""An event as conditions see it: what is asked of it is looked up once, and only when somebody asks."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import orjson

from headwater.catalog import drift
from headwater.catalog.context import Context
from headwater.catalog.governance import Governance, ReachQuestion
from headwater.catalog.reading import Reader, View
from headwater.errors import EntityNotFound
from headwater.schema.base import Document
from headwater.schema.declare import EntityType, FieldLineage
from headwater.schema.drift import DriftVerdict
from headwater.schema.entities.profiling import DISTRIBUTION
from headwater.store import documents, history, lineage
from headwater.store.database import Session
from headwater.store.rows import EventRow

ALL = View(include="all")
GONE = ("entitySoftDeleted", "entityDeleted")


class Surroundings:
    """What the events of one pass share: a snapshot, and what was looked up in it."""

    def __init__(self, session: Session, context: Context) -> None:
        self.session = session
        self.context = context
        self._bots: dict[str, bool] = {}
        self._reached: dict[tuple[int, ReachQuestion], set[int]] = {}

    def is_bot(self, user: str) -> bool:
        """Whether a user is a bot."""
        if user not in self._bots:
            row = documents.find(self.session, "user", user)
            self._bots[user] = row is not None and bool(orjson.loads(row.document).get("isBot"))
        return self._bots[user]

    def reached(self, position: int, question: ReachQuestion) -> set[int]:
        """The nodes that were reached at a position; none where it did not know what is asked about."""
        key = position, question
        if key not in self._reached:
            try:
                reader = Reader(self.session, self.context, position, View())
                self._reached[key] = Governance(reader, question.stops).reached(question)
            except EntityNotFound:
                self._reached[key] = set()
        return self._reached[key]

    def shown(self, node: int, position: int) -> Document:
        """An entity, deleted ones too, as it was at a position."""
        row = history.at(self.session, node, position)
        if row is None or row.type not in self.context.registry:
            return {}
        reader = Reader(self.session, self.context, position, ALL)
        return reader.written(self.context.registry[row.type], [row])[0]


class Happening:
    """One event. ``about`` collects the entities that it concerns besides its own, as the functions of one condition
    find them."""

    def __init__(self, event: EventRow, surroundings: Surroundings) -> None:
        self.event = event
        self.surroundings = surroundings
        self.about: set[int] = set()

    @property
    def declared(self) -> EntityType | None:
        """The type of the event's entity; None for one that is no longer declared."""
        return self.surroundings.context.registry.find(self.event.entity_type)

    @cached_property
    def entity(self) -> Document:
        """The event's entity as it was then."""
        return self.surroundings.shown(self.event.entity, self.event.position)

    @cached_property
    def changes(self) -> list[Document]:
        """What changed, member by member."""
        change: Document = orjson.loads(self.event.change) if self.event.change else {}
        return [one for kind in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted") for one in change.get(kind) or ()]

    @cached_property
    def members(self) -> frozenset[str]:
        """The names of what changed: as they are, and their first and last parts."""
        found: set[str] = set()
        for one in self.changes:
            name = str(one["name"])
            found |= {name, name.partition(".")[0], name.rpartition(".")[2]}
        return frozenset(found)

    def fact(self, member: str) -> Iterator[Any]:
        """The values of a member in facts that were recorded beside the entity."""
        for one in self.changes:
            read = _opened(one)
            if member in read:
                yield read[member]

    def facts(self, series: str) -> Iterator[Document]:
        """The facts that were recorded in one of the entity's series."""
        if self.declared and any(one.name == series for one in self.declared.series):
            yield from (fact for one in self.changes if one["name"] == series and (fact := _opened(one)))

    @property
    def is_major(self) -> bool:
        """Whether the change raised the version by a whole number, or deleted the entity."""
        event = self.event
        steps = (event.version or 0) - (event.previous_version or event.version or 0)
        return steps >= 10 or event.event_type in GONE

    @cached_property
    def broken(self) -> tuple[ReachQuestion, ...]:
        """What went away or got another type, each as a question for what it reached before.

        Fields that follow from other entities (features) are no columns: they come and go by experiments.
        """
        event, session = self.event, self.surroundings.session
        before = event.position - 1
        name = history.titles(session, [event.entity], before).get(event.entity, (event.entity_type, event.fqn))[1]
        if event.event_type in GONE:
            return (ReachQuestion(entity=(event.entity_type, name)),)
        declared = self.declared
        if declared is None or not self.changes or any(isinstance(rule, FieldLineage) for rule in declared.lineage):
            return ()
        fields = [child for child in declared.children if child.is_field]
        if not any(child.path[0] in self.members for child in fields):
            return ()
        rows = lineage.nodes_of(session, [event.entity])
        present = {(row.path, row.kind) for row in rows if row.holds_at(event.position)}
        ended = [row for row in rows if row.until == event.position and row.since < event.position]
        return tuple(ReachQuestion(column=f"{name}.{row.name}") for row in ended if (row.path, row.kind) not in present)

    @cached_property
    def drifted(self) -> dict[int, DriftVerdict]:
        """For which entities the event shows more drift than a threshold allows, with the verdict."""
        if DISTRIBUTION not in self.members:
            return {}
        event, surroundings = self.event, self.surroundings
        return drift.crossings(surroundings.session, surroundings.context, event.entity, event.position)

    @property
    def moves_tags(self) -> bool:
        """Whether tags can reach something after the event that they did not reach before."""
        if self.event.event_type in ("entityCreated", "entityRestored") or "Lineage" in self.event.event_type:
            return True
        declared = self.declared
        rules = declared.lineage if declared else ()
        sources = {rule.child if isinstance(rule, FieldLineage) else rule.reference for rule in rules}
        return bool(self.members & {"tags", *sources}) or self._moves_fields()

    def _moves_fields(self) -> bool:
        declared = self.declared
        return declared is not None and any(
            child.path[0] in self.members for child in declared.children if child.is_field
        )


def _opened(change: Document) -> Document:
    """The object that a change put in place; empty where it is none."""
    value = change.get("newValue")
    found: Document = orjson.loads(value) if isinstance(value, str) and value.startswith("{") else {}
    return found
