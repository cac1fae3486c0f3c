# SPDX-License-Identifier: Apache-2.0
"""The change feed: events as the wire shows them, in order, and what happened to one entity."""

from collections.abc import Sequence

import orjson

from headwater.catalog.context import Key
from headwater.catalog.reading import Reader
from headwater.schema.alerting import EventFilter
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.store import events, history
from headwater.store.database import Session
from headwater.store.rows import EventRow

SCANNED = 20_000
"""How many positions a feed with filters goes on at most before it answers, so that nobody waits for a rare event."""


def written(event: EventRow) -> Document:
    """An event on the wire; ``position`` is ours, and must go where OpenMetadata's clients read."""
    return {
        "id": event.id,
        "position": event.position,
        "eventType": event.event_type,
        "entityType": event.entity_type,
        "entityId": event.entity_id,
        "entityFullyQualifiedName": event.fqn,
        "userName": event.user_name,
        "timestamp": event.timestamp,
        **({"previousVersion": event.previous_version / 10} if event.previous_version else {}),
        **({"currentVersion": event.version / 10} if event.version else {}),
        **({"changeDescription": orjson.loads(event.change)} if event.change else {}),
    }


def plain(event: EventRow) -> Document:
    """An event as OpenMetadata's clients know it."""
    document = written(event)
    del document["position"]
    return document


def feed(session: Session, after: int, limit: int, wanted: EventFilter) -> Document:
    """Events beyond a position that fit, oldest first, and the position to go on from: never before ``after``, and
    beyond events that do not fit. ``oldest`` is the first position that was not pruned."""
    newest = history.newest(session)
    end = min(newest, after + SCANNED)
    rows = events.feed(session, after, end, limit, wanted)
    going_on = rows[-1].position if len(rows) == limit else max(after, end)
    return {
        "data": [written(row) for row in rows],
        "after": going_on,
        "newest": newest,
        "oldest": events.oldest(session) or 0,
    }


def activity(reader: Reader, declared: EntityType, key: Key, below: bool, before: int | None, limit: int) -> Document:
    """What happened to an entity, and (``below``) to all that lives below it, newest first."""
    row = reader.row(declared, key)
    rows = events.of_entity(reader.session, row.node, below, before or 2**62, limit + 1)
    page: Sequence[EventRow] = rows[:limit]
    reply: Document = {"data": [written(one) for one in page]}
    if len(rows) > limit and page:
        reply["before"] = page[-1].position
    return reply
