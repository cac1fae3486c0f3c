# SPDX-License-Identifier: Apache-2.0
"""What callers may ask of alerts, and do with them, besides the subscriptions themselves, which are entities."""

import time
from collections.abc import Sequence

import orjson

from headwater.catalog import events as log
from headwater.catalog.access import Principal
from headwater.catalog.alerts import recipients
from headwater.catalog.alerts.channels import Item, Parcel
from headwater.catalog.alerts.messages import Message
from headwater.catalog.alerts.sending import FEED, Sender
from headwater.catalog.alerts.subscriptions import reveal
from headwater.catalog.alerts.worker import Delivery, Worker, prune
from headwater.catalog.context import Context, Key, checked
from headwater.catalog.identity import new_id
from headwater.catalog.outgoing import Guard, NotSent, Outgoing
from headwater.catalog.reading import Reader, View
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.alerting import EventFilter
from headwater.schema.base import Document, wire
from headwater.schema.declare import EntityType
from headwater.schema.entities.alerts import EVENT_SUBSCRIPTION, Destination
from headwater.schema.entities.people import USER
from headwater.store import alerts, documents, events, history, relationships, settings
from headwater.store.alerts import LaneState
from headwater.store.database import Database, Session, Transaction
from headwater.store.rows import EntityRow


class Alerts:
    """Questions and changes; ``worker`` makes what runs in a server."""

    def __init__(self, database: Database, context: Context, delivery: Delivery) -> None:
        self.database = database
        self.context = context
        self.delivery = delivery

    def worker(self) -> Worker:
        """What follows the log and sends, to be started once in each server process."""
        return Worker(self.database, self.context, self.delivery)

    # the log ------------------------------------------------------------------------------------------------------

    def feed(self, after: int, limit: int, wanted: EventFilter) -> Document:
        """A part of the log, and the position to go on from."""
        with self.database.read() as session:
            return log.feed(session, after, limit, wanted)

    def newest(self) -> int:
        """The position of the newest event."""
        with self.database.glance() as session:
            return history.newest(session)

    def activity(self, declared: EntityType, key: Key, below: bool, before: int | None, limit: int) -> Document:
        """What happened to an entity, newest first."""
        with self.database.read() as session:
            reader = Reader(session, self.context, None, View(include="all"))
            return log.activity(reader, declared, key, below, before, limit)

    def notices(self, principal: Principal, user: str | None, before: int | None, limit: int) -> Document:
        """What alerts told a user in the activity feed, newest first: themselves, their teams, and everybody."""
        name = user or principal.name
        with self.database.read() as session:
            row = documents.find(session, USER.name, USER.lookup_or_none(name) or "")
            if row is None and user is not None:
                raise EntityNotFound.named(USER.name, name)
            told = [recipients.ITSELF]
            if row is not None:
                told += [row.node, *relationships.targets_at(session, [row.node], "teams", history.newest(session))]
            found = alerts.notices(session, told, before or 2**62, limit + 1)
        reply: Document = {"data": [orjson.loads(notice) for _, notice in found[:limit]]}
        if len(found) > limit and limit:
            reply["before"] = found[limit - 1][0]
        return reply

    def prune(self) -> int:
        """Forget what is older than the setting says; how many events."""
        return prune(self.database, self.delivery.retention) if self.delivery.retention else 0

    # one subscription ---------------------------------------------------------------------------------------------

    def status(self, key: Key) -> Document:
        """How far a subscription has come, and what became of each way to somebody."""
        with self.database.read() as session:
            row = self._row(session, key)
            document: Document = orjson.loads(row.document)
            enabled = bool(document.get("enabled", True))
            destinations = {one["id"]: one for one in document["destinations"]}
            states = [one for one in alerts.lanes(session, row.node) if one.destination in destinations]
            names = history.titles(session, {one.recipient for one in states if one.recipient}, None)
            tail = alerts.tail(session)
        lanes = [
            {
                "destination": one.destination,
                "type": destinations[one.destination]["type"],
                "category": destinations[one.destination]["category"],
                **({"recipient": names[one.recipient][1]} if one.recipient in names else {}),
                **_status(one, enabled),
                "sent": one.sent,
                "waiting": one.waiting,
                "dead": one.dead,
            }
            for one in states
        ]
        return {
            "subscription": row.fqn,
            "enabled": enabled,
            "position": tail.position,
            "newest": tail.newest,
            "sent": sum(one.sent for one in states),
            "waiting": sum(one.waiting for one in states),
            "dead": sum(one.dead for one in states),
            "destinations": lanes,
        }

    def destination_status(self, key: Key, destination: str | None) -> Document:
        """The status of one destination, or the worst of all, as OpenMetadata shows it."""
        with self.database.read() as session:
            row = self._row(session, key)
            document: Document = orjson.loads(row.document)
            known = [one for one in document["destinations"] if destination in (None, one["id"])]
            if not known and destination is not None:
                raise EntityNotFound(f"{row.fqn} has no destination {destination}")
            states = [one for one in alerts.lanes(session, row.node) if destination in (None, one.destination)]
        enabled = document.get("enabled", True) and any(one.get("enabled", True) for one in known)
        return _worst([_status(one, bool(enabled)) for one in states], bool(enabled))

    def records(self, key: Key) -> Document:
        """How many events matched, were sent, wait and were given up."""
        found = self.status(key)
        counts = [found["waiting"], found["sent"], found["dead"]]
        return {
            "totalEventsCount": sum(counts),
            "pendingEventsCount": counts[0],
            "successfulEventsCount": counts[1],
            "failedEventsCount": counts[2],
        }

    def diagnosis(self, key: Key) -> Document:
        """How far a subscription has come, as OpenMetadata shows it."""
        found = self.status(key)
        with self.database.read() as session:
            start = self._start(session, self._row(session, key).node)
        return {
            "latestOffset": found["newest"],
            "currentOffset": found["position"],
            "startingOffset": start,
            "hasProcessedAllEvents": found["position"] == found["newest"] and not found["waiting"],
            "successfulEventsCount": found["sent"],
            "failedEventsCount": found["dead"],
            "relevantUnprocessedEventsCount": found["waiting"],
            "totalUnprocessedEventsCount": found["newest"] - found["position"],
        }

    def dead_letters(self, key: Key, after: int, limit: int) -> Document:
        """What was given up, in order of position, and why; ``after`` is where the list goes on."""
        with self.database.read() as session:
            row = self._row(session, key)
            letters = alerts.dead_letters(session, row.node, after, limit)
            rows = {one.position: one for one in events.listed(session, {letter.position for letter in letters})}
        data = [
            {
                "failingSubscriptionId": row.id,
                "changeEvent": log.plain(rows[letter.position]),
                "reason": letter.reason or "",
                "source": "SUBSCRIBER",
                "timestamp": letter.dead,
            }
            for letter in letters
            if letter.position in rows
        ]
        reply: Document = {"data": data, "paging": {"total": len(data)}}
        if len(letters) == limit and letters:
            reply["paging"]["after"] = str(letters[-1].position)
        return reply

    def replay(self, key: Key) -> Document:
        """Send again what was given up, beginning at once."""
        count = self.database.write(lambda transaction: alerts.replay(transaction, self._row(transaction, key).node))
        return {"replayed": count}

    def skip(self, key: Key) -> Document:
        """Let only events from now on count for a subscription; what waits is dropped."""

        def work(transaction: Transaction) -> int:
            node = self._row(transaction, key).node
            alerts.start(transaction, node, transaction.clock.position)
            return transaction.clock.position

        position = self.database.write(work)
        return {"startingOffset": position, "currentOffset": position, "timestamp": int(time.time() * 1000)}

    def _row(self, session: Session, key: Key) -> EntityRow:
        return Reader(session, self.context, None, View()).row(EVENT_SUBSCRIPTION, key)

    def _start(self, session: Session, node: int) -> int:
        rows = alerts.subscriptions(session, EVENT_SUBSCRIPTION.name)
        return next(row[1] for row in rows if row[0] == node)

    # trying out ---------------------------------------------------------------------------------------------------

    def test(self, given: Sequence[object]) -> list[Document]:
        """Send a test message to some destinations; each comes back with what became of it. Nothing is stored."""
        found = []
        for number, one in enumerate(given):
            if not isinstance(one, dict):
                raise InvalidEntity(f"destinations.{number}: a destination is needed")
            destination = wire(checked(Destination, one))
            found.append(destination | {"statusDetails": self._tested(destination)})
        return found

    def test_own(self, key: Key) -> list[Document]:
        """As ``test``, the destinations of a subscription, with its secrets; they come back as people see them."""
        with self.database.read() as session:
            row = self._row(session, key)
            shown: list[Document] = orjson.loads(row.document)["destinations"]
            opened: Document = orjson.loads(row.document)
            reveal(self.context, opened, settings.secrets(session, row.node))
        return [
            one | {"statusDetails": self._tested(destination)}
            for one, destination in zip(shown, opened["destinations"], strict=True)
        ]

    def _tested(self, destination: Document) -> Document:
        way, config = destination["type"], destination.get("config") or {}
        sender = Sender(self.database, self.context, self.delivery.mail, self.delivery.link)
        outgoing = Outgoing(Guard(self.delivery.hosts))
        status: Document = {"timestamp": int(time.time() * 1000)}
        try:
            if destination["category"] != "External":
                raise NotSent("who is told depends on the event; test a destination of the category External")
            parcel = Parcel(
                subject="[Headwater] A test of this destination",
                items=[_test_item(self.delivery.link)],
                config=config,
                addresses=config.get("receivers") or (),
                timeout=float(destination.get("timeout") or 10),
                read_timeout=float(destination.get("readTimeout") or 12),
            )
            answer = None if way == FEED else sender.dispatch(way, parcel, outgoing)
        except NotSent as error:
            code = {"statusCode": error.status} if error.status else {}
            return status | {"status": "Failed", "reason": error.reason, **code}
        finally:
            outgoing.close()
        return status | {"status": "Success", **({"statusCode": answer.status} if answer else {})}


def _test_item(link: str) -> Item:
    """An event that nobody made."""
    event_id, now = new_id(), int(time.time() * 1000)
    event = {
        "id": event_id,
        "eventType": "entityUpdated",
        "entityType": EVENT_SUBSCRIPTION.name,
        "entityId": new_id(),
        "entityFullyQualifiedName": "test",
        "userName": "headwater",
        "timestamp": now,
    }
    message = Message(
        title="This is a test of this destination",
        lines=["Alerts will look like this."],
        link=link,
        major=False,
        when="",
    )
    return Item(event_id, 0, event, message)


def _status(lane: LaneState, enabled: bool) -> Document:
    """What became of a lane, in OpenMetadata's words."""
    status = "active"
    if not enabled:
        status = "disabled"
    elif lane.failures and lane.waiting:
        status = "awaitingRetry"
    elif lane.failures:
        status = "retryLimitReached" if lane.dead else "failed"
    told: Document = {"status": status, "timestamp": int(time.time() * 1000)}
    last = {
        "lastSuccessfulAt": lane.succeeded,
        "lastFailedAt": lane.failed,
        "lastFailedStatusCode": lane.status,
        "lastFailedReason": lane.reason,
        "nextAttempt": lane.next_attempt if lane.failures and lane.waiting else None,
    }
    return told | {member: value for member, value in last.items() if value is not None}


ORDER = ("active", "disabled", "awaitingRetry", "failed", "retryLimitReached")


def _worst(states: Sequence[Document], enabled: bool) -> Document:
    """The worst of some statuses; of no lanes, nothing was sent yet."""
    if not states:
        return {"status": "active" if enabled else "disabled", "timestamp": int(time.time() * 1000)}
    return max(states, key=lambda one: ORDER.index(one["status"]))
