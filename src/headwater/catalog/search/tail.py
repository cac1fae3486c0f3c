# SPDX-License-Identifier: Apache-2.0
"""How an index catches up with the catalogue: from the event log, or anew where that is not enough.

An entity's entry shows names of others: its owners, tags, service, parents. Every entry therefore carries a *face*:
a number for all that others take from it. When an entity's face changes, or the entity is gone, the entries of what
lies directly below it, refers to it or carries it as a tag are written anew as well, and so on from there. So a renamed
classification reaches the tables with its tags, whatever the events say.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from headwater.catalog.context import Context
from headwater.catalog.reading import Reader, View, read_object
from headwater.catalog.search.engine import FORMAT, Engine
from headwater.catalog.search.entry import Entry, entry_of
from headwater.catalog.search.slots import Slot, State
from headwater.store import documents, search
from headwater.store.database import Session
from headwater.store.rows import EntityRow

BATCH = 1000
"""How many entities are written out at a time."""


class Tail:
    """The index of one process, on its way along the log."""

    def __init__(self, context: Context, slot: Slot, engine: Engine) -> None:
        self.context = context
        self.slot = slot
        self.engine = engine
        self.state = slot.read() if engine.entries else None

    def catch_up(self, session: Session) -> None:
        """Bring the index to the newest event of a snapshot that was taken after all that it has seen."""
        mark = search.mark(session)
        state = self.state
        if state is None or (state.format, state.origin) != (FORMAT, mark.origin):
            self._rebuild(session)
        elif state.position == mark.position and mark.event in ("", state.event):
            return
        elif state.position < mark.position and search.is_event(session, state.position, state.event):
            self._apply(session, search.changed(session, state.position), state.position)
        else:
            self._rebuild(session)
        self.state = State(FORMAT, mark.origin, mark.position, mark.event)
        self.slot.write(self.state)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Commit what is written inside, or none of it."""
        try:
            yield
            self.engine.commit()
        except BaseException:
            self.engine.roll_back()
            raise

    def _rebuild(self, session: Session) -> None:
        self.state = None
        self.slot.forget()
        with self._writing():
            self.engine.clear()
            node = 0
            while rows := documents.live(session, node, BATCH):
                self.engine.put((), self._entries(session, rows))
                node = rows[-1].node

    def _apply(self, session: Session, waiting: set[int], since: int) -> None:
        """Write the entries of what changed since a position, and of what shows it."""
        done: set[int] = set()
        with self._writing():
            while waiting:
                batch = [waiting.pop() for _ in range(min(BATCH, len(waiting)))]
                done.update(batch)
                waiting |= self._replace(session, batch, since) - done

    def _replace(self, session: Session, nodes: Sequence[int], since: int) -> set[int]:
        """Write entries anew; the nodes whose entries show something of them that is no longer so."""
        before = self.engine.faces(nodes)
        entries = list(self._entries(session, documents.by_node(session, nodes).values()))
        self.engine.put(nodes, entries)
        after = {entry.node: entry.face for entry in entries}
        altered = [node for node, face in before.items() if after.get(node) != face]
        return search.showing(session, altered, since) if altered else set()

    def _entries(self, session: Session, rows: Iterable[EntityRow]) -> Iterable[Entry]:
        reader = Reader(session, self.context, None, View(include="all"))
        by_type: dict[str, list[EntityRow]] = defaultdict(list)
        for row in rows:
            if not row.removed and row.type in self.context.registry and self.context.registry[row.type].searched:
                by_type[row.type].append(row)
        for name, of_type in by_type.items():
            declared, shape = self.context.registry[name], self.context.shapes[name]
            for row, body in zip(of_type, reader.bodies(declared, of_type), strict=True):
                yield entry_of(shape, row.node, read_object(body))
