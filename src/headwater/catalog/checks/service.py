# SPDX-License-Identifier: Apache-2.0
"""Looking at entities now, noting what came of it, and telling what is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import BoundedSemaphore

import orjson

from headwater.catalog import series as facts
from headwater.catalog.access import Principal
from headwater.catalog.checks.looking import Looker
from headwater.catalog.checks.production import NOW, Production, addresses, is_idle
from headwater.catalog.context import Context, Key
from headwater.catalog.reading import Reader
from headwater.catalog.recording import Write
from headwater.catalog.writing import Writer
from headwater.errors import InvalidEntity, TooBusy
from headwater.schema.base import Document
from headwater.schema.checks import SERIES, CheckedState, CheckOutcome
from headwater.schema.declare import Checked, EntityType, Target
from headwater.store import checks, documents, history, series
from headwater.store.checks import Result
from headwater.store.database import Database, Session, Transaction
from headwater.store.rows import EntityRow
from headwater.store.series import Place, Span

CHECKER = Principal("headwater", is_bot=True)
"""Who says what regular looks found."""
AT_ONCE = 4
"""How many looks that somebody asked for a process makes at a time."""
KNOWN = Span(0, facts.LATEST, 100, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """How checks are made. ``interval``: seconds between two looks at an entity; 0 makes none but those asked for.
    ``hosts`` and ``folders`` may be looked at although they are not public, ``timeout``: seconds for a connection, and
    for an answer. ``retention``: days after which results are forgotten; 0 keeps them."""

    interval: float = 0.0
    production: Production = field(default_factory=Production)
    hosts: str = ""
    folders: Sequence[Path] = ()
    timeout: float = 10.0
    retention: float = 30.0


class Checks:
    """Checks of a catalogue."""

    def __init__(self, database: Database, context: Context, checking: Checking) -> None:
        self.database = database
        self.context = context
        self.checking = checking
        self.looker = Looker(checking.hosts, checking.folders, checking.timeout)
        self._at_once = BoundedSemaphore(AT_ONCE)

    # looking ------------------------------------------------------------------------------------------------------

    def now(self, declared: EntityType, key: Key, principal: Principal, base: str | None) -> Document:
        """Look at an entity now, in production or not, and note what came of it; what is known then."""
        if declared.checked is None:
            raise InvalidEntity(f"of a {declared.name} nothing is looked up")
        if not self._at_once.acquire(blocking=False):
            raise TooBusy(f"{AT_ONCE} checks that somebody asked for are under way; ask again in a while")
        try:
            with self.database.read() as session:
                node = self._reader(session).row(declared, key).node
            results = self.look(node) or ()
        finally:
            self._at_once.release()
        self.database.write(lambda transaction: self.note(transaction, node, results, principal))
        with self.database.read() as session:
            reader = self._reader(session, base)
            row = documents.by_node(session, [node])[node]
            return self._reports(reader, [row], self.checking.production.find(reader))[0]

    def look(self, node: int) -> list[Result] | None:
        """What an entity's targets answer now; None where it is not meant to answer, or is gone."""
        with self.database.read() as session:
            reader = self._reader(session)
            found = self._shown(reader, [node]).get(node)
            if found is None:
                return None
            row, checked, document = found
            if row.deleted or is_idle(checked, document):
                return None
            wanted = list(addresses(reader, checked, document))
        return [self.looker.look(target, address) for target, address in wanted]

    def note(self, transaction: Transaction, node: int, results: Sequence[Result], principal: Principal) -> bool:
        """Note what came of looking at an entity; whether something failed that is not called down yet.

        A target is down when it has failed twice in a row, and up again at the first answer. Only that is an event.
        """
        row = documents.by_node(transaction, [node]).get(node)
        if row is None or row.removed or row.deleted or row.type not in self.context.registry:
            return False
        before = checks.newest(transaction, [node]).get(node, {})
        down = {
            target
            for target, state in _states(transaction, node).items()
            if state.get("state") == CheckedState.DOWN.value
        }
        unsettled = False
        for result in results:
            checks.add(transaction, node, result)
            previous = before.get(result.target)
            failed = result.outcome == CheckOutcome.DOWN
            if failed and result.target not in down:
                if previous and previous.outcome == CheckOutcome.DOWN:
                    self._say(transaction, row, principal, result, CheckedState.DOWN, previous.timestamp)
                else:
                    unsettled = True
            elif not failed and result.target in down:
                state = CheckedState.UP if result.outcome == CheckOutcome.UP else CheckedState.UNKNOWN
                self._say(transaction, row, principal, result, state, result.timestamp)
        now = transaction.now()
        for target in down - {result.target for result in results}:
            nothing = Result(target, now, CheckOutcome.NOT_CHECKABLE.value, None, 0, "it is not looked up any more")
            self._say(transaction, row, principal, nothing, CheckedState.UNKNOWN, now)
        return unsettled

    def _say(
        self,
        transaction: Transaction,
        row: EntityRow,
        principal: Principal,
        result: Result,
        state: CheckedState,
        since: int,
    ) -> None:
        declared = self.context.registry[row.type]
        wanted = next(one for one in declared.series if one.name == SERIES)
        entry: Document = {"target": result.target, "state": state.value, "since": since}
        if result.reason:
            entry["reason"] = result.reason[:500]
        writer = Writer(transaction, self.context, Write(principal=principal))
        facts.add(writer, declared, wanted, Key.id(row.id), entry)

    # telling ------------------------------------------------------------------------------------------------------

    def in_production(self, base: str | None) -> Document:
        """What is known of everything that is in production, by type and name."""
        with self.database.read() as session:
            reader = self._reader(session, base)
            found = self.checking.production.find(reader)
            rows = documents.by_node(session, found).values()
            return {"data": self._reports(reader, sorted(rows, key=lambda row: (row.type, row.fqn)), found)}

    def of(self, declared: EntityType, key: Key, base: str | None) -> Document:
        """What is known of an entity and of its parts that something can be looked up of."""
        with self.database.read() as session:
            reader = self._reader(session, base)
            row = reader.row(declared, key)
            parts = [
                one
                for one in documents.children(session, row.node)
                if not one.deleted and self.context.registry[one.type].is_part_of(declared)
            ]
            return {"data": self._reports(reader, [row, *parts], self.checking.production.find(reader))}

    def results(self, declared: EntityType, key: Key, span: tuple[int, int, int, int]) -> Document:
        """What came of looking at an entity between two moments, newest first: (start, end, limit, offset)."""
        asked = Span(*span)
        with self.database.read() as session:
            node = self._reader(session).row(declared, key).node
            found = checks.results(session, node, asked._replace(limit=asked.limit + 1))
        reply: Document = {"data": [_told(result) for result in found[: asked.limit]]}
        if len(found) > asked.limit:
            reply["after"] = asked.offset + asked.limit
        return reply

    def prune(self) -> int:
        """Forget results that are older than the setting says; how many."""
        if not self.checking.retention:
            return 0
        days = int(self.checking.retention * 86_400_000)
        return self.database.write(lambda transaction: checks.prune(transaction, transaction.now() - days))

    def _reader(self, session: Session, base: str | None = None) -> Reader:
        return Reader(session, self.context, None, replace(NOW, base=base))

    def _shown(self, reader: Reader, nodes: Sequence[int]) -> dict[int, tuple[EntityRow, Checked, Document]]:
        """Entities of which something can be looked up, as readers see them, by node."""
        found = {}
        rows = documents.by_node(reader.session, nodes).values()
        for declared in self.context.registry:
            alike = [row for row in rows if row.type == declared.name and not row.removed]
            if declared.checked and alike:
                for row, document in zip(alike, reader.written(declared, alike), strict=True):
                    found[row.node] = row, declared.checked, document
        return found

    def _reports(self, reader: Reader, rows: Iterable[EntityRow], used: set[int]) -> list[Document]:
        nodes = [row.node for row in rows]
        shown = self._shown(reader, nodes)
        newest = checks.newest(reader.session, nodes)
        reader.names.nodes(nodes)
        reports = []
        for node in nodes:
            if node not in shown:
                continue
            _, checked, document = shown[node]
            where = {} if is_idle(checked, document) else dict(_named(addresses(reader, checked, document)))
            due = checks.due(reader.session, node)
            states, last = _states(reader.session, node), newest.get(node, {})
            reports.append(
                {
                    "entity": reader.references.card(reader.names.by_node[node]),
                    "inUse": node in used,
                    **({} if due is None else {"due": due}),
                    "targets": [
                        _target(name, where.get(name), states.get(name), last.get(name))
                        for name in dict.fromkeys((*where, *states, *last))
                    ],
                }
            )
        return reports


def _named(found: Iterable[tuple[Target, str]]) -> Iterable[tuple[str, str]]:
    return ((target.name, address) for target, address in found)


def _states(session: Session, node: int) -> dict[str, Document]:
    """What is recorded of an entity's targets: those that went down once."""
    entries, _ = series.page(session, Place(node, SERIES), KNOWN, history.newest(session))
    return {one["target"]: one for one in map(orjson.loads, entries)}


def _told(result: Result) -> Document:
    return {member: value for member, value in result._asdict().items() if value is not None}


def _target(name: str, address: str | None, state: Document | None, last: Result | None) -> Document:
    """A target as it is told. One that is not called down is up if it answered last, and in between if it did not."""
    told: Document = {"target": name}
    if address:
        told["address"] = address
    failed = last is not None and last.outcome == CheckOutcome.DOWN
    if state and not (failed and state["state"] == CheckedState.UP):
        told |= {"state": state["state"], "since": state["since"]}
    elif last and last.outcome == CheckOutcome.UP:
        told["state"] = CheckedState.UP.value
    if last:
        told["last"] = _told(last)
    return told
