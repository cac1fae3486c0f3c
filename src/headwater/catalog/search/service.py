# SPDX-License-Identifier: Apache-2.0
"""Questions to the index, and their answers as the catalogue shows them now.

Nothing is opened or built before the first question. Each question first catches up with the log, so it sees every
write that was finished before it. Hits are read from the database: the index only says which they are.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from headwater.catalog.context import Context
from headwater.catalog.reading import DELETED, Include, Reader, View, read_object
from headwater.catalog.search.clauses import Clause, Everything, Fact, Question, Words, all_of, any_of
from headwater.catalog.search.slots import Slot
from headwater.catalog.search.snippets import snippet
from headwater.errors import StoreBusy, StoreError
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.store import documents, search
from headwater.store.database import Database
from headwater.store.rows import EntityRow

if TYPE_CHECKING:
    from headwater.catalog.search.engine import Engine, Found
    from headwater.catalog.search.tail import Tail

T = TypeVar("T")

REPAIRS_APART = 3600.0
"""Seconds after the removal of a broken index within which there is no other: building one anew may take long."""

FACET_VALUES = 50
"""How many values of a facet are told, the most frequent ones."""


class Hit(NamedTuple):
    """An entity that was found, written out as it is now. Either ``score`` or ``key`` tells its place."""

    declared: EntityType
    document: Document
    score: float | None
    key: str | None


class Answer(NamedTuple):
    """A part of all hits."""

    total: int
    hits: list[Hit]


class Search:
    """The questions that a catalogue can be asked. ``root`` is the folder below which indexes are kept."""

    def __init__(self, database: Database, context: Context, root: Path) -> None:
        self.database = database
        self.context = context
        self.root = root
        self._turn = Lock()
        self._tail: Tail | None = None
        self._next_repair = 0.0

    def close(self) -> None:
        """Leave the index to others."""
        with self._turn:
            self._drop()

    # questions ----------------------------------------------------------------------------------------------------

    def ask(self, question: Question, view: View) -> Answer:
        """The hits of a question."""
        found = self._with_index(lambda engine: engine.find(question))
        return Answer(found.total, self._shown(found.hits, view))

    def counts(self, clause: Clause, by: Clause, path: str) -> list[tuple[str, int]]:
        """How many hits have each value at a path, in lower case, the most frequent first."""
        return self._with_index(lambda engine: engine.counts(clause, by, path))

    def look(
        self, text: str, narrowed: Mapping[str, Sequence[str]], include: Include, limit: int, offset: int, view: View
    ) -> Document:
        """What a person finds who types a text: hits with the passage that shows why, and what could narrow them.

        ``narrowed``: values of facets (``FACETS``), of which an entity must have one each.
        """
        clause = Words(text, tolerant=True) if text.strip() not in ("", "*") else Everything()
        by = [any_of(_narrowing(facet, value) for value in values) for facet, values in narrowed.items()]
        if (deleted := DELETED[include]) is not None:
            by.append(Fact("deleted", str(deleted).lower()))
        ordered = {} if isinstance(clause, Words) else {"sort": "by_fqn", "descending": False}
        question = Question(clause=clause, by=all_of(by), limit=limit, offset=offset, **ordered)  # type: ignore[arg-type]
        found = self._with_index(lambda engine: engine.find(question, faceted=True))
        hits = []
        for hit in self._shown(found.hits, view):
            said: Document = {"entity": _reference(hit), "score": hit.score or 0.0}
            if passage := snippet(self.context.shapes[hit.declared.name], hit.document, found.wanted):
                said["snippet"] = passage
            hits.append(said)
        counted = {
            facet: [{"value": value, "count": count} for value, count in values[:FACET_VALUES]]
            for facet, values in found.facets.items()
        }
        return {"hits": hits, "total": found.total, "facets": counted}

    def _shown(self, found: Sequence["Found"], view: View) -> list[Hit]:
        """What was found, as it is now; what has gone meanwhile is left out."""
        with self.database.read() as session:
            reader = Reader(session, self.context, None, view)
            by_type: dict[str, list[EntityRow]] = defaultdict(list)
            for row in documents.by_node(session, [each.node for each in found]).values():
                if not row.removed:
                    by_type[row.type].append(row)
            shown: dict[int, tuple[EntityType, Document]] = {}
            for name, rows in by_type.items():
                declared = self.context.registry[name]
                for row, body in zip(rows, reader.bodies(declared, rows), strict=True):
                    shown[row.node] = declared, read_object(body)
        return [Hit(*shown[each.node], each.score, each.key) for each in found if each.node in shown]

    # the index ----------------------------------------------------------------------------------------------------

    def _with_index(self, work: Callable[["Engine"], T]) -> T:
        """Ask the index, once it has caught up; one that turns out to be broken is removed, and built anew."""
        from headwater.catalog.search.engine import IndexBroken

        try:
            try:
                return work(self._caught_up())
            except IndexBroken:
                if not self._removed():
                    raise
                return work(self._caught_up())
        except IndexBroken as error:
            raise StoreError(f"the search index in {self.root} fails: {error}") from error

    def _removed(self) -> bool:
        """Whether a broken index was removed; not a second time soon, when something else must be wrong."""
        with self._turn:
            if time.monotonic() < self._next_repair:
                return False
            self._next_repair = time.monotonic() + REPAIRS_APART
            self._drop(clear=True)
            return True

    def _caught_up(self) -> "Engine":
        if not self._turn.acquire(timeout=self.database.timeout):
            raise StoreBusy("the search index is being built; please ask again in a moment")
        try:
            with self.database.read() as session:
                if self._tail is None:
                    self._tail = self._opened(search.mark(session).origin)
                self._tail.catch_up(session)
                return self._tail.engine
        finally:
            self._turn.release()

    def _opened(self, origin: str) -> "Tail":
        """The index of this process, opened, or made if it cannot be."""
        from headwater.catalog.search.engine import Engine, IndexBroken
        from headwater.catalog.search.tail import Tail

        slot = Slot.take(self.root / origin.partition(" ")[0])
        try:
            try:
                return Tail(self.context, slot, Engine(slot.folder))
            except IndexBroken:
                slot.clear()
                return Tail(self.context, slot, Engine(slot.folder))
        except BaseException:
            slot.close()
            raise

    def _drop(self, clear: bool = False) -> None:
        """Close the index; ``clear``: remove it as well."""
        if self._tail is None:
            return
        tail, self._tail = self._tail, None
        tail.engine.close()
        slot = tail.slot
        if clear:
            slot.clear()
        slot.close()


def _narrowing(facet: str, value: str) -> Clause:
    """That an entity counts for a value of a facet; a name with a dot may be given without its quotes."""
    return any_of(Fact(f"@{facet}", each) for each in dict.fromkeys((value, fqn.quote(value) if value else value)))


def _reference(hit: Hit) -> Document:
    """A reference to an entity that was found."""
    document = hit.document
    shown = {"id": document["id"], "type": hit.declared.name}
    for member in ("name", "fullyQualifiedName", "displayName", "description", "deleted", "href"):
        if document.get(member) is not None:
            shown[member] = document[member]
    return shown
