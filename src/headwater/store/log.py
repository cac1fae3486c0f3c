# SPDX-License-Identifier: Apache-2.0
"""The event log as people ask for it: narrowed, newest first, in parts that end at a position."""

from typing import Any, NamedTuple

import orjson

from headwater.store.database import Session
from headwater.store.rows import EventRow, texts

EVENTS = """
SELECT c.position, c.id, c.event_type, c.entity, e.id, c.entity_type, c.fqn, c.user_name, c.timestamp,
    c.previous_version, c.version, c.change
FROM change_event c JOIN entity e ON e.node = c.entity
"""


class Wanted(NamedTuple):
    """Which events: after one position and before another, and only such ones."""

    after: int
    before: int
    limit: int
    user: str | None = None
    types: tuple[str, ...] = ()
    node: int | None = None
    field: str | None = None
    major: bool = False


def events(session: Session, wanted: Wanted) -> list[EventRow]:
    """The events that are wanted, newest first."""
    return [EventRow(*row) for row in session.rows(*statement(session, wanted))]


def statement(session: Session, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """The statement and its parameters. User, type, entity and ``major`` have an index each, in order of position; a
    field is looked for in each event that the others leave, until there are enough."""
    given: dict[str, Any] = {"after": wanted.after, "before": wanted.before, "limit": wanted.limit}
    conditions = ["c.position > :after AND c.position < :before"]
    if wanted.user is not None:
        conditions.append("c.user_name = :user")
        given["user"] = wanted.user
    if wanted.types:
        conditions.append("c.entity_type = :type" if len(wanted.types) == 1 else "c.entity_type IN each(:types)")
        given |= {"type": wanted.types[0]} if len(wanted.types) == 1 else {"types": texts(wanted.types)}
    if wanted.node is not None:
        conditions.append("c.entity = :node")
        given["node"] = wanted.node
    if wanted.major:
        conditions.append("c.version - c.previous_version >= 10")
    if wanted.field is not None:
        # A name within the text of a value has its quotes escaped, and so is no name here.
        holds = (session.dialect.holds("c.change", name) for name in ("whole", "inner"))
        conditions.append(f"({' OR '.join(holds)})")
        name = orjson.dumps(wanted.field).decode()
        given |= {"whole": f'"name":{name}', "inner": f'"name":{name[:-1]}.'}
    return f"{EVENTS} WHERE {' AND '.join(conditions)} ORDER BY c.position DESC LIMIT :limit", given
