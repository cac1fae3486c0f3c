# SPDX-License-Identifier: Apache-2.0
"""The work of alerts in a server process: follow the log, send what is due, prune what is old.

A lane is held while it is served, for longer than one request may take, so that no other process sends the same. What
was sent is noted together with taking the next batch. A process that dies keeps its lanes for half a minute (8 s and
what one request may take) at most; the next one sends again what was not noted.
"""

import logging
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread

from headwater.catalog.alerts.channels import Mail
from headwater.catalog.alerts.matching import Matching
from headwater.catalog.alerts.sending import Outcome, Sender
from headwater.catalog.alerts.subscriptions import Subscription, Subscriptions
from headwater.catalog.context import Context
from headwater.catalog.outgoing import Guard, NotSent, Outgoing
from headwater.errors import CatalogError
from headwater.schema.base import Document
from headwater.store import alerts, events
from headwater.store.alerts import Failure, Lane, Waiting
from headwater.store.database import Database, Transaction

log = logging.getLogger("headwater")

POLL = 0.5
"""Seconds between two looks at the log when there is nothing to do."""
LANES = 8
"""Lanes that a process serves at a time."""
HELD = 8.0
"""Seconds within which a lane is served before it is held anew, besides the time that one request may take."""
WORST = 3600.0
"""Seconds after which a failing lane is tried again at the latest."""
GRACE = 5.0
"""Seconds that requests under way have when the process stops."""
PRUNE_EVERY, PRUNED = 3600.0, 5000
"""Seconds between two rounds of pruning, and events that one transaction of it forgets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How alerts are sent. ``backoff``: seconds before the second attempt, ten times as long before each further one.
    ``hosts``: what may be reached besides public addresses. ``link``: the address under which people see the catalogue.
    ``retention``: days after which events are pruned; 0 keeps them."""

    hosts: str = ""
    mail: Mail | None = None
    link: str = ""
    backoff: float = 3.0
    retention: float = 0.0


def backoff(first: float, failures: int) -> float:
    """Seconds to wait after so many failures in a row: ten times as long each time, and some jitter, so that what
    failed together does not come again together."""
    return min(first * 10.0 ** max(0, failures - 1), WORST) * random.uniform(0.8, 1.2)


class Worker:
    """One for each server process; ``start`` and ``stop`` it once."""

    def __init__(self, database: Database, context: Context, delivery: Delivery) -> None:
        self.database = database
        self.delivery = delivery
        self.holder = uuid.uuid4().hex
        self.subscriptions = Subscriptions(context)
        self.matching = Matching(database, context, self.subscriptions, self.holder)
        self.sender = Sender(database, context, delivery.mail, delivery.link)
        self.guard = Guard(delivery.hosts)
        self._stopped = Event()
        self._serving: dict[int, tuple[Thread, Outgoing]] = {}
        self._mutex = Lock()
        self._thread: Thread | None = None
        self._next_prune = time.monotonic() + PRUNE_EVERY / 60

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = Thread(target=self._run, name="headwater-alerts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End: what is under way may finish within a few seconds, and other processes may take over at once."""
        self._stopped.set()
        if self._thread is None:
            return
        deadline = time.monotonic() + GRACE
        self._thread.join(GRACE)
        serving = self._copy()
        for thread, _ in serving:
            thread.join(max(0.0, deadline - time.monotonic()))
        for thread, outgoing in serving:
            if thread.is_alive():
                outgoing.interrupt()
                thread.join(1.0)
        try:
            self.matching.stop()
        except CatalogError as error:
            log.warning("alerts: the log is left to others only in a while: %s", error)

    def _copy(self) -> list[tuple[Thread, Outgoing]]:
        with self._mutex:
            return list(self._serving.values())

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                busy = self.matching.step() > 0
                busy |= self._serve_ready()
                self._prune()
            except CatalogError as error:
                log.warning("alerts wait: %s", error)
                busy = False
            except Exception:
                log.exception("alerts wait")
                busy = False
            for _, outgoing in self._copy():
                outgoing.end_if_overdue()
            if not busy:
                self._stopped.wait(POLL)

    # lanes --------------------------------------------------------------------------------------------------------

    def _serve_ready(self) -> bool:
        """Begin to serve the lanes that nobody serves; whether there were any."""
        free = LANES - len(self._serving)
        if free <= 0:
            return False
        with self.database.glance() as session:
            ready = alerts.ready(session, _now(), free)
        begun = False
        for lane in ready:
            until = _now() + int(1000 * (HELD + 22))
            if self.database.write(
                lambda transaction, lane=lane, until=until: alerts.hold(  # type: ignore[misc]
                    transaction, lane.id, self.holder, _now(), until
                )
            ):
                outgoing = Outgoing(self.guard)
                thread = Thread(
                    target=self._serve, args=(lane, outgoing), name=f"headwater-lane-{lane.id}", daemon=True
                )
                with self._mutex:
                    self._serving[lane.id] = thread, outgoing
                thread.start()
                begun = True
        return begun

    def _serve(self, lane: Lane, outgoing: Outgoing) -> None:
        try:
            self._serve_until_empty(lane, outgoing)
        except CatalogError as error:
            log.warning("alerts: lane %s waits: %s", lane.id, error)
        except Exception:
            log.exception("alerts: lane %s waits", lane.id)
        finally:
            outgoing.close()
            with self._mutex:
                self._serving.pop(lane.id, None)

    def _serve_until_empty(self, lane: Lane, outgoing: Outgoing) -> None:
        """Send batch after batch. What came of one is noted in the transaction that gives the next."""
        with self.database.read() as session:
            subscription = self.subscriptions.read(session).get(lane.subscription)
        destination = subscription.destination(lane.destination) if subscription else None
        if subscription is None or destination is None:
            self.database.write(lambda transaction: alerts.close(transaction, lane.id))
            return
        if not subscription.sends_to(destination):
            self.database.write(lambda transaction: alerts.empty(transaction, lane.id, self.holder, _now()))
            return
        batch = self._next(lane, destination, subscription, None)
        while batch:
            outcome = self.sender.send(lane, subscription, destination, batch, outgoing, _now() + int(HELD * 1000))
            batch = self._next(lane, destination, subscription, outcome)

    def _next(
        self, lane: Lane, destination: Document, subscription: Subscription, outcome: Outcome | None
    ) -> Sequence[Waiting]:
        """Note what came of a batch, and take the next one; none after a failure, or when the process stops."""
        retries, size = int(subscription.document.get("retries", 3)), int(subscription.document.get("batchSize", 10))

        def work(transaction: Transaction) -> Sequence[Waiting]:
            now = _now()
            if outcome is not None:
                self._note(transaction, lane, outcome, retries, now)
            over = outcome is not None and (outcome.failure is not None or not outcome.sent)
            batch = [] if over or self._stopped.is_set() else alerts.due(transaction, lane.id, now, size)
            until = now + int(1000 * (HELD + _patience(destination)))
            if batch and alerts.hold(transaction, lane.id, self.holder, now, until):
                return batch
            alerts.leave(transaction, lane.id, self.holder, now)
            return []

        return self.database.write(work)

    def _note(self, transaction: Transaction, lane: Lane, outcome: Outcome, retries: int, now: int) -> None:
        if outcome.sent:
            alerts.done(transaction, lane.id, outcome.sent, now)
        failure: NotSent | None = outcome.failure
        if failure is None:
            return
        failures = 1 if outcome.sent else lane.failures + 1
        wait = backoff(self.delivery.backoff, failures)
        again = -1 if failure.final else retries
        said = Failure(failure.reason, failure.status, now, now + int(wait * 1000))
        alerts.failed(transaction, lane.id, outcome.failed, again, said)

    # pruning ------------------------------------------------------------------------------------------------------

    def _prune(self) -> None:
        if not self.delivery.retention or time.monotonic() < self._next_prune:
            return
        if prune(self.database, self.delivery.retention) < PRUNED:
            self._next_prune = time.monotonic() + PRUNE_EVERY


def prune(database: Database, days: float) -> int:
    """Forget events older than so many days, some at a time; how many. None that alerts have not come to, and none that
    waits to be sent."""

    def work(transaction: Transaction) -> int:
        before = transaction.now() - int(days * 86_400_000)
        return events.prune(transaction, before, alerts.tail(transaction).position, PRUNED)

    return database.write(work)


def _patience(destination: Document) -> float:
    """Seconds that one request to a destination may take."""
    return float(destination.get("timeout") or 10) + float(destination.get("readTimeout") or 12)


def _now() -> int:
    return int(time.time() * 1000)
