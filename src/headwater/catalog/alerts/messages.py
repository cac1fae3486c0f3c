# SPDX-License-Identifier: Apache-2.0
"""What people are told of an event: what changed, by whom, where, and whether that can break somebody."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic.alias_generators import to_snake

from headwater.catalog.alerts.happening import Happening
from headwater.schema.base import Document

SHORT = 120
"""Characters of a value that are shown."""
LISTED = 12
"""Changes of one event that are shown."""

VERBS: Mapping[str, str] = {
    "entityCreated": "created",
    "entityUpdated": "changed",
    "entitySoftDeleted": "deleted",
    "entityDeleted": "deleted for good",
    "entityRestored": "restored",
    "entityLineageAdded": "drew an edge to",
    "entityLineageUpdated": "changed an edge to",
    "entityLineageDeleted": "withdrew an edge to",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One event for people. ``about`` names the entities that it concerns besides its own, by type and FQN."""

    title: str
    lines: Sequence[str]
    link: str
    major: bool
    when: str

    @property
    def text(self) -> str:
        """The message as plain text."""
        return "\n".join([self.title, *(f"  {line}" for line in self.lines), f"  {self.link}"])


def message(happening: Happening, about: Sequence[tuple[str, str]], link: str) -> Message:
    """The message of an event."""
    event = happening.event
    verb = VERBS.get(event.event_type, "changed")
    versions = ""
    if event.previous_version and event.version and event.previous_version != event.version:
        versions = f" ({event.previous_version / 10} → {event.version / 10})"
    weight = "Major: " if happening.is_major else ""
    lines = _lines(event.change)
    if len(lines) > LISTED:
        lines = [*lines[:LISTED], f"… and {len(lines) - LISTED} changes more"]
    if about:
        names = ", ".join(f"{kind} {name}" for kind, name in about[:LISTED])
        more = f" and {len(about) - LISTED} more" if len(about) > LISTED else ""
        lines.append(f"this concerns {names}{more}")
    title = f"{weight}{event.user_name} {verb} {event.entity_type} {event.fqn}{versions}"
    if facts := _facts(happening):
        title, lines = f"{event.entity_type} {event.fqn}: {'; '.join(facts)}", []
    return Message(
        title=title,
        lines=lines,
        link=link,
        major=happening.is_major,
        when=f"{datetime.fromtimestamp(event.timestamp / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC",
    )


def _facts(happening: Happening) -> list[str]:
    """What was recorded in series that say how to tell of it, in words."""
    declared = happening.declared
    return [
        words
        for one in (declared.series if declared else ())
        for fact in happening.facts(one.name)
        if (words := one.words(fact))
    ]


def _lines(change: str | None) -> list[str]:
    """The changes of an event in words: what is gone first, and what gives way to another of its name as one."""
    read: Document = orjson.loads(change) if change else {}
    kinds = {"deleted": "fieldsDeleted", "updated": "fieldsUpdated", "added": "fieldsAdded"}
    changes = [(done, one) for done, member in kinds.items() for one in read.get(member) or ()]
    replaced = _replaced(read)
    return [*replaced.values(), *(line for done, one in changes if (line := _described(done, one, replaced)))]


def _items(change: Document, member: str) -> dict[str, Any]:
    """The items of a list that was changed, by name."""
    value = change.get(member)
    listed = orjson.loads(value) if isinstance(value, str) and value.startswith("[{") else []
    return {str(one["name"]): one for one in listed if isinstance(one, dict) and one.get("name")}


def _replaced(read: Document) -> dict[tuple[str, str], str]:
    """The items that were taken out and put in again with other values, by list and name."""
    gone = {one["name"]: _items(one, "oldValue") for one in read.get("fieldsDeleted") or ()}
    come = {one["name"]: _items(one, "newValue") for one in read.get("fieldsAdded") or ()}
    found = {}
    for member in gone.keys() & come.keys():
        for name in gone[member].keys() & come[member].keys():
            old, new = _named(gone[member][name]), _named(come[member][name])
            found[member, name] = f"{_spoken(member)} changed: " + (f"{old} → {new}" if old != new else old)
    return dict(sorted(found.items()))


def _spoken(member: str) -> str:
    return to_snake(member).removeprefix("ml_").replace("_", " ")


def _described(done: str, change: Document, replaced: Mapping[tuple[str, str], str]) -> str:
    """One change in words; empty where what was replaced is all of it."""
    member = str(change["name"])
    name = _spoken(member)
    if done == "updated":
        old, new = _value(change.get("oldValue")), _value(change.get("newValue"))
        return f"{name}: {old} → {new}" if old and old != new else f"{name}: {new}" if new else f"{name} changed"
    side = "oldValue" if done == "deleted" else "newValue"
    if items := _items(change, side):
        rest = [one for item, one in items.items() if (member, item) not in replaced]
        return f"{name} {done}: {_value(rest)}" if rest else ""
    return f"{name} {done}: {_value(change.get(side))}".removesuffix(": ")


def _value(value: Any) -> str:
    """A value in few words: of lists and objects, what names them."""
    if isinstance(value, str) and value[:1] in "[{":
        with suppress(orjson.JSONDecodeError):
            value = orjson.loads(value)
    if isinstance(value, list):
        text = ", ".join(_named(one) for one in value)
    else:
        text = _named(value)
    text = " ".join(text.split())
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def _named(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, dict):
        return str(value)
    if "fromEntity" in value and "toEntity" in value:
        return f"{_named(value['fromEntity'])} → {_named(value['toEntity'])}"
    for member in ("tagFQN", "name", "fullyQualifiedName", "displayName"):
        if value.get(member):
            kind = f" ({value['dataType']})" if value.get("dataType") else ""
            return f"{value[member]}{kind}"
    return orjson.dumps(value).decode()
