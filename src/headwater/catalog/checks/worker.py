# SPDX-License-Identifier: Apache-2.0
"""The regular looks of a server process.

Every entity in production has a turn; whoever holds it looks at the entity and notes what came of it in the transaction
that ends the turn. A process that dies keeps its turns until the time is over that looking can take.
"""

import logging
import random
import time
import uuid
from threading import Event, Lock, Thread

from headwater.catalog.checks.production import NOW
from headwater.catalog.checks.service import CHECKER, Checks
from headwater.catalog.reading import Reader
from headwater.errors import CatalogError
from headwater.store import checks, history
from headwater.store.database import Transaction

log = logging.getLogger("headwater")

POLL = 0.5
"""Seconds between two looks for a turn."""
LOOKING = 8
"""Entities that a process looks at at a time."""
RECHECK = 30.0
"""Seconds after which something that failed once is looked at again, at the latest."""
REFRESH = 60.0
"""Seconds after which is found out anew what is in production, at the latest, if something has changed."""
GRACE = 3.0
"""Seconds that looks under way have when the process stops."""
PRUNE_EVERY = 3600.0


class CheckWorker:
    """One for each server process; ``start`` and ``stop`` it once. It does nothing where no interval is set."""

    def __init__(self, service: Checks) -> None:
        self.service = service
        self.database = service.database
        self.checking = service.checking
        self.holder = uuid.uuid4().hex
        self._stopped = Event()
        self._looking: dict[int, Thread] = {}
        self._mutex = Lock()
        self._thread: Thread | None = None
        self._position = -1
        self._next_refresh = 0.0
        self._next_prune = time.monotonic() + PRUNE_EVERY / 60

    def start(self) -> None:
        """Begin, in a thread of its own."""
        if self.checking.interval:
            self._thread = Thread(target=self._run, name="headwater-checks", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End: looks under way may finish within a few seconds, and other processes may take over at once."""
        self._stopped.set()
        if self._thread is None:
            return
        deadline = time.monotonic() + GRACE
        for thread in (self._thread, *self._copy()):
            thread.join(max(0.0, deadline - time.monotonic()))
        try:
            self.database.write(lambda transaction: checks.leave(transaction, self.holder))
        except CatalogError as error:
            log.warning("checks are left to others only in a while: %s", error)

    def _copy(self) -> list[Thread]:
        with self._mutex:
            return list(self._looking.values())

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._refresh()
                self._begin()
                self._prune()
            except CatalogError as error:
                log.warning("checks wait: %s", error)
            except Exception:
                log.exception("checks wait")
            self._stopped.wait(min(POLL, self.checking.interval))

    def _refresh(self) -> None:
        """Give turns to what came into production, and take them from what left it."""
        if time.monotonic() < self._next_refresh:
            return
        self._next_refresh = time.monotonic() + min(REFRESH, self.checking.interval)
        with self.database.read() as session:
            position = history.newest(session)
            if position == self._position:
                return
            wanted = self.checking.production.find(Reader(session, self.service.context, None, NOW))
            known = checks.turns(session)
        if wanted != known:
            self.database.write(
                lambda transaction: checks.change_turns(transaction, wanted - known, known - wanted, _now())
            )
        self._position = position

    def _begin(self) -> None:
        """Begin to look at what is due and at what nobody looks."""
        free = LOOKING - len(self._looking)
        if free <= 0:
            return
        with self.database.glance() as session:
            ready = checks.ready(session, _now(), free)
        if not ready:
            return

        def take(transaction: Transaction) -> list[int]:
            now = _now()
            until = now + int(1000 * (4 * self.service.looker.longest + 10))
            return [node for node in ready if checks.hold(transaction, node, self.holder, now, until)]

        for node in self.database.write(take):
            thread = Thread(target=self._look, args=(node,), name=f"headwater-check-{node}", daemon=True)
            with self._mutex:
                self._looking[node] = thread
            thread.start()

    def _look(self, node: int) -> None:
        try:
            results = self.service.look(node) or ()
            if not self._stopped.is_set():
                self.database.write(lambda transaction: self._end(transaction, node, results))
        except CatalogError as error:
            log.warning("checks: entity %s waits: %s", node, error)
        except Exception:
            log.exception("checks: entity %s waits", node)
        finally:
            with self._mutex:
                self._looking.pop(node, None)

    def _end(self, transaction: Transaction, node: int, results: list[checks.Result] | tuple[()]) -> None:
        """End the turn, and note what came of it; not if it took so long that somebody else has the turn."""
        interval = self.checking.interval
        if not checks.end(transaction, node, self.holder, _now() + int(1000 * interval * random.uniform(0.95, 1.05))):
            return
        if self.service.note(transaction, node, results, CHECKER):
            checks.hasten(transaction, node, _now() + int(1000 * min(interval, RECHECK)))

    def _prune(self) -> None:
        if time.monotonic() < self._next_prune:
            return
        self.service.prune()
        self._next_prune = time.monotonic() + PRUNE_EVERY


def _now() -> int:
    return int(time.time() * 1000)
