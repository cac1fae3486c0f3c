# SPDX-License-Identifier: Apache-2.0
"""Rebuild the indexes from the truths: walk along all recorded states and index each as a write would have."""

from collections.abc import Callable

import orjson

from headwater.catalog import definitions, indexes
from headwater.catalog.context import Context
from headwater.catalog.fields import Fields
from headwater.catalog.hydrate import written_out
from headwater.catalog.identity import new_id
from headwater.catalog.names import Names
from headwater.catalog.shape import Outline
from headwater.store import documents, history, lineage, relationships, renderings, search, upkeep
from headwater.store.database import Transaction
from headwater.store.rows import EntityRow

Progress = Callable[[int, int], None]
"""Told how many states are done, of how many."""

BATCH = 1000


def silent(done: int, total: int) -> None:
    """No progress is shown."""


class _Replay:
    """The state of the walk: what each entity's document was, and what it was called."""

    def __init__(self, transaction: Transaction, context: Context) -> None:
        self.transaction = transaction
        self.context = context
        self.nodes = upkeep.nodes_by_id(transaction)
        self.indexed: dict[int, indexes.Indexed] = {}
        self.latest: dict[int, EntityRow] = {}
        self.fqns: dict[int, str] = {}
        self.children: dict[int, set[int]] = {}

    def state(self, row: EntityRow) -> None:
        """Index one state."""
        if row.removed:
            self._removed(row)
            return
        known = self.latest.get(row.node)
        self.latest[row.node] = row
        if row.parent is not None:
            self.children.setdefault(row.parent, set()).add(row.node)
        if known is None or known.name != row.name:
            self._named(row)
        outline = Outline(self.context.shapes[row.type], orjson.loads(row.document))
        before, after = self.indexed.get(row.node, indexes.NOTHING), indexes.indexed(outline, row.node, self.nodes)
        fields = Fields(self.transaction)
        indexes.apply(self.transaction, fields, row.node, before, after, row.position)
        self.indexed[row.node] = after
        earlier = orjson.loads(known.document) if known else None
        definitions.follow(self.transaction, self.context, fields, row, earlier, outline.document)

    def _named(self, row: EntityRow) -> None:
        above = self.fqns[row.parent] if row.parent is not None else None
        self.fqns[row.node] = self.context.registry[row.type].fqn_of(above, row.name, orjson.loads(row.document))
        history.name_opened(self.transaction, row.node, row.type, self.fqns[row.node], row.position)
        for child in self.children.get(row.node, ()):
            self._named(self.latest[child]._replace(position=row.position))

    def _removed(self, row: EntityRow) -> None:
        history.name_closed(self.transaction, row.node, row.position)
        relationships.remove(self.transaction, row.node, row.position, self.context.kept)
        lineage.remove(self.transaction, row.node, row.position, self.context.kept)
        gone = self.latest.pop(row.node)
        named = row._replace(fqn=self.fqns[row.node])
        fields = Fields(self.transaction)
        definitions.follow(self.transaction, self.context, fields, named, orjson.loads(gone.document), None)
        if row.parent is not None:
            self.children[row.parent].discard(row.node)


def rebuild(transaction: Transaction, context: Context, progress: Progress) -> dict[str, int]:
    """Empty the indexes and fill them again; the number of rows of each afterwards."""
    total = upkeep.states(transaction)
    upkeep.clear(transaction)
    replay = _Replay(transaction, context)
    after = done = 0
    while states := history.all_states(transaction, after, BATCH):
        for row in states:
            replay.state(row)
        after, done = states[-1].position, done + len(states)
        progress(done, total)
    upkeep.settle(transaction)
    _write_out(transaction, context)
    search.reset(transaction, new_id())
    return upkeep.sizes(transaction)


def _write_out(transaction: Transaction, context: Context) -> None:
    """Keep every entity written out, as of now."""
    after = 0
    while nodes := upkeep.present_nodes(transaction, after, BATCH):
        names = Names(transaction)
        for row in documents.by_node(transaction, nodes).values():
            outline = Outline(context.shapes[row.type], orjson.loads(row.document))
            names.load(outline.ids)
            rendered, shows = written_out(outline, row, names, context.collections)
            renderings.put(transaction, row.node, transaction.clock.position, shows, orjson.dumps(rendered))
        after = nodes[-1]
