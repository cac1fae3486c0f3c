# SPDX-License-Identifier: Apache-2.0
"""The subscriptions of a catalogue as alerts need them: their conditions read, their secrets opened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from headwater.catalog import secrets
from headwater.catalog.context import Context
from headwater.errors import CatalogError
from headwater.schema.alerting import EVERYTHING, joined, parsed
from headwater.schema.base import Document
from headwater.schema.conditions import Condition
from headwater.schema.entities.alerts import EVENT_SUBSCRIPTION, Trigger
from headwater.store import alerts, settings
from headwater.store.database import Session

ALWAYS = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One subscription. Events count for it beyond the position ``since``; ``text`` is its condition."""

    node: int
    since: int
    name: str
    document: Document
    text: str
    condition: Condition
    resources: frozenset[str]
    trigger: Trigger | None

    def hears_of(self, entity_type: str) -> bool:
        """Whether events of this type of entity are looked at."""
        return EVERYTHING in self.resources or entity_type in self.resources

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.document.get("displayName") or self.name)

    @property
    def enabled(self) -> bool:
        """Whether anything is sent at all."""
        return bool(self.document.get("enabled", True))

    @property
    def destinations(self) -> Iterator[Document]:
        """Where matches are sent."""
        return (one for one in self.document["destinations"] if self.sends_to(one))

    def destination(self, destination_id: str) -> Document | None:
        """The destination with an id."""
        return next((one for one in self.document["destinations"] if one["id"] == destination_id), None)

    def sends_to(self, destination: Document) -> bool:
        """Whether a destination is told anything."""
        return self.enabled and bool(destination.get("enabled", True))

    def due(self, timestamp: int) -> int:
        """When an event of a moment is to be sent, in milliseconds."""
        if self.trigger is None:
            return timestamp
        following = self.trigger.following(datetime.fromtimestamp(timestamp / 1000, UTC))
        return int(following.timestamp() * 1000)


@dataclass(slots=True)
class Subscriptions:
    """All subscriptions, read again whenever one has changed."""

    context: Context
    _fingerprint: str = ""
    _known: Mapping[int, Subscription] = field(default_factory=dict)

    def read(self, session: Session) -> Mapping[int, Subscription]:
        """The subscriptions by node."""
        fingerprint = alerts.fingerprint(session, EVENT_SUBSCRIPTION.name)
        if fingerprint != self._fingerprint:
            rows = alerts.subscriptions(session, EVENT_SUBSCRIPTION.name)
            self._known = {row[0]: self._one(session, *row) for row in rows}
            self._fingerprint = fingerprint
        return self._known

    def _one(self, session: Session, node: int, since: int, name: str, stored: str) -> Subscription:
        document: Document = orjson.loads(stored)
        if hidden := settings.secrets(session, node):
            reveal(self.context, document, hidden)
        rules = document.get("filteringRules") or {}
        trigger = document.get("trigger")
        text = condition_of(rules)
        return Subscription(
            node=node,
            since=since,
            name=name,
            document=document,
            text=text,
            condition=parsed(text),
            resources=frozenset(rules.get("resources") or (EVERYTHING,)),
            trigger=Trigger.model_validate(trigger) if trigger else None,
        )


def reveal(context: Context, document: Document, hidden: Mapping[str, str]) -> None:
    """Put the secrets into a subscription. One that cannot be opened stays a mask, and the send says so."""
    opened = {}
    for place, text in hidden.items():
        try:
            opened[place] = context.vault.decrypt(text)
        except CatalogError:
            continue
    secrets.fill(document, EVENT_SUBSCRIPTION.secrets, opened)


def condition_of(rules: Document) -> str:
    """The condition that filtering rules are: the rules joined, and the actions joined where there are any."""
    parts = [
        joined((rule["condition"], rule["effect"] == "exclude", rule.get("prefixCondition") == "OR") for rule in listed)
        for listed in (rules.get("rules"), rules.get("actions"))
        if listed
    ]
    return " && ".join(f"({part})" for part in parts) or ALWAYS
