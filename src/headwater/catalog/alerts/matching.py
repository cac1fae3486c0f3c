# SPDX-License-Identifier: Apache-2.0
"""Looking through the log for what somebody wants to hear of: once for all subscriptions, by one process at a time."""

import logging
import time
from collections.abc import Collection, Iterator

import orjson

from headwater.catalog.alerts.functions import ask
from headwater.catalog.alerts.happening import Happening, Surroundings
from headwater.catalog.alerts.recipients import recipients
from headwater.catalog.alerts.subscriptions import Subscription, Subscriptions
from headwater.catalog.context import Context
from headwater.schema.conditions import evaluate
from headwater.schema.entities.alerts import EVENT_SUBSCRIPTION
from headwater.store import alerts, events
from headwater.store.alerts import Told
from headwater.store.database import Database
from headwater.store.rows import EventRow

log = logging.getLogger("headwater")

PASS = 500
"""Events that are looked at in one snapshot."""
HELD = 10_000
"""Milliseconds for which a process holds the tail; it keeps it as long as it comes back in time."""


class Matching:
    """Follows the log for a process. ``holder`` is its name among the processes."""

    def __init__(self, database: Database, context: Context, subscriptions: Subscriptions, holder: str) -> None:
        self.database = database
        self.context = context
        self.subscriptions = subscriptions
        self.holder = holder

    def step(self) -> int:
        """Look at the next events, if there are any and nobody else does; how many."""
        now = int(time.time() * 1000)
        with self.database.glance() as session:
            tail = alerts.tail(session)
        if tail.position >= tail.newest or (tail.holder != self.holder and tail.until > now):
            return 0
        if (tail.holder != self.holder or tail.until < now + HELD // 2) and not self.database.write(
            lambda transaction: alerts.hold_tail(transaction, self.holder, now, now + HELD)
        ):
            return 0
        with self.database.read() as session:
            rows = events.after(session, tail.position, 0, PASS)
            known = self.subscriptions.read(session)
            told = list(matches(rows, known.values(), Surroundings(session, self.context)))
        if not rows:
            return 0
        moved = self.database.write(
            lambda transaction: alerts.advance(transaction, self.holder, tail.position, rows[-1].position, told)
        )
        return len(rows) if moved else 0

    def stop(self) -> None:
        """Let another process follow the log at once."""
        self.database.write(lambda transaction: alerts.leave_tail(transaction, self.holder))


def matches(
    rows: Collection[EventRow], subscriptions: Collection[Subscription], surroundings: Surroundings
) -> Iterator[Told]:
    """What is to be sent of some events."""
    hearing: dict[str, list[Subscription]] = {}
    for row in rows:
        if row.entity_type == EVENT_SUBSCRIPTION.name:
            continue  # an alert about alerts could answer itself without end
        if row.entity_type not in hearing:
            hearing[row.entity_type] = [one for one in subscriptions if one.hears_of(row.entity_type)]
        yield from _matches_of(row, hearing[row.entity_type], surroundings)


def _matches_of(row: EventRow, subscriptions: Collection[Subscription], surroundings: Surroundings) -> Iterator[Told]:
    answers: dict[str, tuple[bool, set[int]]] = {}
    happening = Happening(row, surroundings)
    for subscription in subscriptions:
        if row.position <= subscription.since or not subscription.enabled:
            continue
        try:
            if subscription.text not in answers:
                happening.about = set()
                holds = evaluate(subscription.condition, lambda call: ask(happening, call))
                answers[subscription.text] = holds, happening.about
            holds, happening.about = answers[subscription.text]
            if holds:
                yield from _told(subscription, happening)
        except Exception:
            # One subscription, or one odd event, must not keep all others from being told.
            log.exception("alert %s could not be asked about event %s", subscription.name, row.position)


def _told(subscription: Subscription, happening: Happening) -> Iterator[Told]:
    about = orjson.dumps(sorted(happening.about)).decode() if happening.about else None
    due = subscription.due(happening.event.timestamp)
    for destination in subscription.destinations:
        for recipient in recipients(happening, destination):
            yield Told(subscription.node, destination["id"], recipient, happening.event.position, due, about)
