# SPDX-License-Identifier: Apache-2.0
"""Events and alerts, as a client works with them. Subscriptions themselves are ``client.subscriptions``."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from headwater.schema.base import Document
from headwater.schema.change import (
    Activity,
    ChangeEvent,
    DeliveryStatus,
    EventFeed,
    FailedEvent,
    FailedEvents,
    Notice,
    Notices,
    Replayed,
)
from headwater.schema.entities.alerts import EVENT_SUBSCRIPTION
from headwater.sdk.collection import Key, place
from headwater.sdk.lineage import Lineage, Node
from headwater.sdk.wire import Wire, path_of, read

PAGE = 1000
EVENTS = "events"
SUBSCRIPTIONS = ("events", "subscriptions")

Words = str | Iterable[str] | None
"""One word, several, or none, which leaves all."""


class Alerts:
    """The log as it goes on, what people were told, and how far subscriptions have come."""

    def __init__(self, wire: Wire, lineage: Lineage) -> None:
        self._wire = wire
        self._lineage = lineage

    # the log ------------------------------------------------------------------------------------------------------

    def feed(
        self, after: int = 0, *, limit: int = 100, type: Words = None, kind: Words = None, user: str | None = None
    ) -> EventFeed:
        """Events beyond a position, oldest first, and the position to go on from (``after``).

        ``type`` names types of entities, ``kind`` kinds of events (``entityUpdated``), ``user`` who made them.
        """
        query = {"after": after, "limit": limit, "entityType": _list(type), "eventType": _list(kind), "user": user}
        return read(EventFeed, self._wire.ask("GET", path_of(EVENTS, "feed"), query))

    def follow(
        self,
        after: int | None = None,
        *,
        type: Words = None,
        kind: Words = None,
        user: str | None = None,
        every: float = 1.0,
    ) -> Iterator[ChangeEvent]:
        """Events as they come, without an end: from now on, or beyond a position. Looked for ``every`` so many
        seconds."""
        type, kind = _list(type), _list(kind)
        position = int(self._wire.ask("GET", path_of("system", "health"))["position"]) if after is None else after
        while True:
            found = self.feed(position, limit=PAGE, type=type, kind=kind, user=user)
            yield from found.data
            position = found.after
            if position >= found.newest:
                time.sleep(every)

    def activity(
        self, entity: Node, *, below: bool = True, before: int | None = None, limit: int = 50
    ) -> list[ChangeEvent]:
        """What happened to an entity, and (``below``) to all that lives below it, newest first."""
        query = {"below": below, "before": before, "limit": limit}
        path = path_of(EVENTS, "activity", *self._lineage.place(entity))
        return read(Activity, self._wire.ask("GET", path, query)).data

    def notices(self, user: str | None = None, *, before: int | None = None, limit: int = 50) -> list[Notice]:
        """What alerts told a user in the activity feed (you, if none is named), newest first."""
        query = {"user": user, "before": before, "limit": limit}
        return read(Notices, self._wire.ask("GET", path_of(EVENTS, "notices"), query)).data

    # subscriptions ------------------------------------------------------------------------------------------------

    def status(self, subscription: Key) -> DeliveryStatus:
        """How far a subscription has come, and what became of each way to somebody."""
        return read(DeliveryStatus, self._ask("GET", subscription, "delivery"))

    def failed(self, subscription: Key, *, after: int = 0, limit: int = 100) -> list[FailedEvent]:
        """What was given up, oldest first, and why."""
        path = path_of(*SUBSCRIPTIONS, "id", self._id(subscription), "failedEvents")
        return read(FailedEvents, self._wire.ask("GET", path, {"after": after, "limit": limit})).data

    def replay(self, subscription: Key) -> int:
        """Send again what was given up, beginning at once; how many events that are."""
        return read(Replayed, self._ask("PUT", subscription, "replay")).replayed

    def skip(self, subscription: Key) -> None:
        """Let only events from now on count; what waits is dropped."""
        self._wire.ask("PUT", path_of(*SUBSCRIPTIONS, "id", self._id(subscription), "syncOffset"))

    def test(self, subscription: Key) -> list[Document]:
        """Send a test message to each destination; what became of it is in its ``statusDetails``."""
        answer: list[Document] = self._ask("POST", subscription, "test")
        return answer

    def functions(self) -> list[Document]:
        """The functions that conditions may call."""
        answer: list[Document] = self._wire.ask("GET", path_of(*SUBSCRIPTIONS, "functions"))
        return answer

    def validate(self, condition: str) -> None:
        """``InvalidEntity`` says what is wrong with a condition, and where."""
        self._wire.ask("GET", path_of(*SUBSCRIPTIONS, "validation", "condition", condition))

    def _ask(self, method: str, subscription: Key, *more: str) -> Any:
        return self._wire.ask(method, path_of(*SUBSCRIPTIONS, *place(EVENT_SUBSCRIPTION, subscription), *more))

    def _id(self, subscription: Key) -> str:
        where = place(EVENT_SUBSCRIPTION, subscription)
        return where[0] if len(where) == 1 else str(self._wire.ask("GET", path_of(*SUBSCRIPTIONS, *where))["id"])


def _list(words: Words) -> str | None:
    """Words as a query says them."""
    return words if isinstance(words, str) or words is None else ",".join(words)
