# SPDX-License-Identifier: Apache-2.0
"""Who changed what, when, across all entities."""

from dataclasses import dataclass

import orjson

from headwater.catalog import versions
from headwater.catalog.context import Key, position_of
from headwater.catalog.reading import Reader
from headwater.schema.base import Document
from headwater.store.log import Wanted, events
from headwater.store.rows import EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuestion:
    """Which changes: after one moment and up to another, as ``asOf`` takes them, and before a position.

    ``entity`` is a type and a key, ``field`` a member (with all inside it), as change descriptions name it.
    """

    since: str | None = None
    until: str | None = None
    before: int | None = None
    limit: int = 100
    user: str | None = None
    types: tuple[str, ...] = ()
    entity: tuple[str, Key] | None = None
    field: str | None = None
    major: bool = False


def answer(reader: Reader, question: LogQuestion) -> Document:
    """The changes that are asked for, newest first, and where they go on."""
    newest = reader.moment if question.until is None else position_of(reader.session, question.until)
    before = min(newest + 1, question.before if question.before is not None else newest + 1)
    node = None
    if question.entity is not None:
        kind, key = question.entity
        node = reader.row(reader.context.declared(kind), key).node
    wanted = Wanted(
        after=position_of(reader.session, question.since) if question.since else 0,
        before=before,
        limit=question.limit + 1,
        user=question.user,
        types=question.types,
        node=node,
        field=question.field,
        major=question.major,
    )
    found = events(reader.session, wanted)
    shown = found[: question.limit]
    paging = {"after": str(shown[-1].position)} if len(found) > len(shown) and shown else {}
    return {"data": [_entry(event) for event in shown], "paging": paging}


def _entry(event: EventRow) -> Document:
    entity = {"id": event.entity_id, "type": event.entity_type, "fullyQualifiedName": event.fqn}
    entry: Document = {
        "position": event.position,
        "timestamp": event.timestamp,
        "userName": event.user_name,
        "eventType": event.event_type,
        "entity": entity,
        "major": False,
    }
    if event.version is not None:
        entry["version"] = versions.written(event.version)
    if event.previous_version is not None:
        entry["previousVersion"] = versions.written(event.previous_version)
        entry["major"] = (event.version or 0) - event.previous_version >= versions.MAJOR
    if event.change:
        entry["changeDescription"] = orjson.loads(event.change)
    return entry
