# SPDX-License-Identifier: Apache-2.0
"""Sending a batch of a lane: what is said, to which address, and how far it came."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

import orjson

from headwater.catalog import events as feed
from headwater.catalog.alerts import channels
from headwater.catalog.alerts.channels import Item, Mail, Parcel
from headwater.catalog.alerts.happening import Happening, Surroundings
from headwater.catalog.alerts.messages import message
from headwater.catalog.alerts.recipients import ITSELF, endpoint, mail_addresses
from headwater.catalog.alerts.subscriptions import Subscription
from headwater.catalog.context import Context, dump
from headwater.catalog.outgoing import Answer, NotSent, Outgoing
from headwater.schema.base import Document
from headwater.store import alerts, events, history
from headwater.store.alerts import Lane, Waiting
from headwater.store.database import Database, Transaction
from headwater.store.rows import EventRow

FEED, MAIL, HOOK = "ActivityFeed", "Email", "Webhook"


@dataclass(slots=True)
class Outcome:
    """How far a batch came: the positions that were sent, and those that failed, with the reason."""

    sent: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    failure: NotSent | None = None


class Sender:
    """Sends for one process."""

    def __init__(self, database: Database, context: Context, mail: Mail | None, link: str) -> None:
        self.database = database
        self.context = context
        self.mail = mail
        self.link = link.rstrip("/")

    def send(
        self,
        lane: Lane,
        subscription: Subscription,
        destination: Document,
        batch: Sequence[Waiting],
        outgoing: Outgoing,
        deadline: int,
    ) -> Outcome:
        """Send a batch in order, until one fails or it is time to note how far it came."""
        with self.database.read() as session:
            surroundings = Surroundings(session, self.context)
            rows = events.listed(session, [one.position for one in batch])
            about = {one.position: orjson.loads(one.about) if one.about else [] for one in batch}
            items = [self.item(row, about[row.position], surroundings) for row in rows]
            way, parcel = self._parcel(lane.recipient, destination, surroundings)
        parcel = replace(parcel, subject=subject(subscription.title, items), items=items)
        known = {item.position for item in items}
        outcome = Outcome(sent=[one.position for one in batch if one.position not in known])
        if not items:
            return outcome
        for part in [[item] for item in items] if way == HOOK else [items]:
            try:
                if way == FEED:
                    self._show(lane, part)
                else:
                    self.dispatch(way, replace(parcel, items=part), outgoing)
            except NotSent as failure:
                outcome.failed, outcome.failure = [item.position for item in part], failure
                return outcome
            outcome.sent += [item.position for item in part]
            if time.time() * 1000 > deadline:
                return outcome
        return outcome

    def item(self, row: EventRow, about: Sequence[int], surroundings: Surroundings) -> Item:
        """An event, on the wire and for people."""
        titles = history.titles(surroundings.session, about, None)
        named = sorted(titles[node] for node in about if node in titles)
        told = message(Happening(row, surroundings), named, self._link(row))
        return Item(row.id, row.position, feed.plain(row), told)

    def _link(self, row: EventRow) -> str:
        collection = self.context.collections.get(row.entity_type, row.entity_type)
        return f"{self.link}/api/v1/{collection}/name/{quote(row.fqn, safe='')}"

    def _parcel(self, recipient: int, destination: Document, surroundings: Surroundings) -> tuple[str, Parcel]:
        """Which way a lane's messages go, and to where. Mail that cannot be sent to somebody goes to their feed."""
        way = destination["type"]
        config = destination.get("config") or {}
        parcel = Parcel(
            subject="",
            items=(),
            config=config,
            timeout=float(destination.get("timeout") or 10),
            read_timeout=float(destination.get("readTimeout") or 12),
        )
        if way == MAIL:
            if recipient == ITSELF:
                return way, replace(parcel, addresses=config.get("receivers") or ())
            addresses = mail_addresses(surroundings, recipient)
            return (way, replace(parcel, addresses=addresses)) if self.mail and addresses else (FEED, parcel)
        if way == FEED or recipient == ITSELF:
            return way, parcel
        return way, replace(parcel, config=endpoint(surroundings, recipient, way))

    def dispatch(self, way: str, parcel: Parcel, outgoing: Outgoing) -> Answer | None:
        """Send one parcel, other than to a feed; ``NotSent`` if it did not arrive."""
        if way == MAIL:
            if self.mail is None:
                raise NotSent("no mail server is set; HEADWATER_SMTP_URL names one", final=False)
            self.mail.send(parcel)
            return None
        if not parcel.config.get("endpoint"):
            raise NotSent(f"there is no endpoint for {way} in the profile of who is to be told", final=True)
        if way == HOOK:
            return channels.webhook(outgoing, parcel)
        return channels.chat(outgoing, way, parcel)

    def _show(self, lane: Lane, items: Sequence[Item]) -> None:
        """Put notices into an activity feed. A destination of its own shows them to nobody in particular."""

        def work(transaction: Transaction) -> None:
            for item in items:
                told = {
                    "title": item.message.title,
                    "lines": list(item.message.lines),
                    "link": item.message.link,
                    "major": item.message.major,
                    "event": item.event | {"position": item.position},
                }
                stamp = int(item.event["timestamp"])
                alerts.notify(transaction, lane.recipient, item.position, stamp, dump(told))

        self.database.write(work)


def subject(title: str, items: Sequence[Item]) -> str:
    """What a message to people is called."""
    if len(items) == 1:
        return f"[{title}] {items[0].message.title}"
    majors = sum(item.message.major for item in items)
    return f"[{title}] {len(items)} changes" + (f", {majors} major" if majors else "")
