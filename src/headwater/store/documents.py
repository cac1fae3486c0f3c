# SPDX-License-Identifier: Apache-2.0
"""Entities as they are now, and the lists of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from headwater.schema.declare import LABELS
from headwater.store.database import Session, Transaction
from headwater.store.rows import CardRow, EntityRow, numbers, texts

ENTITY = """e.node, e.id, e.type, e.fqn, e.name, e.parent, e.version, e.revision, e.deleted, e.removed, e.position,
    e.updated_at, e.updated_by, s.document, s.change"""

NOW = "FROM entity e JOIN entity_state s ON s.position = e.position"

STATE_AT = """FROM entity e
JOIN entity_state s
    ON s.position = (SELECT max(position) FROM entity_state WHERE entity = e.node AND position <= :position)
JOIN fqn_interval f
    ON f.entity = e.node
    AND f.since = (SELECT max(since) FROM fqn_interval WHERE entity = e.node AND since <= :position)"""

STATE = """e.node, e.id, e.type, f.fqn, s.name, s.parent, s.version, s.revision, s.deleted, s.removed, s.position,
    s.updated_at, s.updated_by, s.document, s.change"""


def fqn_key(entity_type: str, fqn: str) -> str:
    """The fixed-length key under which an FQN of any length is found: 32 hexadecimal digits."""
    return blake2b(f"{entity_type}:{fqn}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def find(session: Session, entity_type: str, fqn: str) -> EntityRow | None:
    """The entity with this FQN, soft-deleted ones included."""
    row = session.queries.entity_by_key(session.connection, fqn_key=fqn_key(entity_type, fqn))
    return EntityRow(*row) if row else None


def get(session: Session, entity_id: str) -> EntityRow | None:
    """The entity with this id, tombstones included."""
    row = None if "\0" in entity_id else session.queries.entity_by_id(session.connection, id=entity_id)
    return EntityRow(*row) if row else None


def by_node(session: Session, nodes: Iterable[int]) -> dict[int, EntityRow]:
    """Entities by node, tombstones included."""
    rows = session.queries.entities_by_node(session.connection, nodes=numbers(nodes))
    return {row[0]: EntityRow(*row) for row in rows}


def live(session: Session, after: int, limit: int) -> list[EntityRow]:
    """Entities that were not deleted for good, in order of their nodes, beyond one."""
    return [EntityRow(*row) for row in session.queries.live_entities(session.connection, after=after, limit=limit)]


def children(session: Session, node: int) -> list[EntityRow]:
    """Everything that lives directly under an entity, soft-deleted included."""
    return [EntityRow(*row) for row in session.queries.children_of(session.connection, parent=node)]


def cards_by_id(session: Session, ids: Iterable[str], position: int | None = None) -> list[CardRow]:
    """Cards by id, now or at a position."""
    text = texts(ids)
    if position is None:
        rows = session.queries.cards_by_id(session.connection, ids=text)
    else:
        rows = session.queries.cards_by_id_at(session.connection, ids=text, position=position)
    return [CardRow(*row) for row in rows]


def cards_by_node(session: Session, nodes: Iterable[int], position: int | None = None) -> list[CardRow]:
    """Cards by node, now or at a position."""
    text = numbers(nodes)
    if position is None:
        rows = session.queries.cards_by_node(session.connection, nodes=text)
    else:
        rows = session.queries.cards_by_node_at(session.connection, nodes=text, position=position)
    return [CardRow(*row) for row in rows]


def cards_by_name(session: Session, names: Iterable[tuple[str, str]]) -> list[CardRow]:
    """Cards by type and FQN, of entities that were not removed."""
    keys = texts(fqn_key(entity_type, fqn) for entity_type, fqn in names)
    return [CardRow(*row) for row in session.queries.cards_by_key(session.connection, keys=keys)]


def insert(transaction: Transaction, row: EntityRow, card: str | None) -> None:
    """Add an entity to the present."""
    transaction.queries.insert_entity(
        transaction.connection, **_present(row), fqn_key=fqn_key(row.type, row.fqn), card=card
    )
    _count(transaction, row, 1)


def update(transaction: Transaction, old: EntityRow, new: EntityRow, card: str | None, shown_anew: bool) -> None:
    """Replace an entity's present state; ``shown_anew``: others show it differently from now on."""
    transaction.queries.update_entity(
        transaction.connection,
        **_present(new),
        fqn_key=fqn_key(new.type, new.fqn),
        card=card,
        shown_since=new.position if shown_anew else None,
    )
    if old.deleted != new.deleted:
        _count(transaction, old, -1)
        _count(transaction, new, 1)


def remove(transaction: Transaction, row: EntityRow, position: int) -> None:
    """Turn an entity into a tombstone."""
    transaction.queries.remove_entity(transaction.connection, node=row.node, position=position)
    _count(transaction, row, -1)


def rename(transaction: Transaction, node: int, entity_type: str, fqn: str, position: int) -> None:
    """Give an entity another FQN because something above it was renamed."""
    transaction.queries.rename_entity(
        transaction.connection, node=node, fqn=fqn, fqn_key=fqn_key(entity_type, fqn), position=position
    )


def _present(row: EntityRow) -> dict[str, Any]:
    """What the table of entities holds of a row; the rest is in the state of its position."""
    values = row._asdict()
    del values["document"], values["change"]
    return values


def _count(transaction: Transaction, row: EntityRow, change: int) -> None:
    transaction.queries.count_entities(
        transaction.connection, type=row.type, parent=row.parent or 0, deleted=row.deleted, change=change
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which entities of a type a list shows.

    ``deleted``: True (only soft-deleted), False (only live ones) or None (both).
    ``below``: nodes directly under which they must live. ``referring``: pairs of member and node that they must
    refer to. ``flags``: members that must be true or false. ``values``: members that must be such a text.
    ``items``: lists that must hold such a text. ``absent``: members that they must not have.
    ``position``: as they were then.
    """

    type: str
    deleted: bool | None = False
    below: Sequence[int] | None = None
    referring: Sequence[tuple[str, int]] = ()
    flags: Mapping[str, bool] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    absent: Sequence[str] = ()
    position: int | None = None

    @property
    def counted(self) -> bool:
        """Whether the running counts know the total."""
        narrowed = self.referring or self.flags or self.values or self.items or self.absent
        return not narrowed and self.position is None


def page(
    session: Session,
    listing: Listing,
    limit: int,
    after: tuple[str, str] | None = None,
    before: tuple[str, str] | None = None,
    offset: int = 0,
) -> list[EntityRow]:
    """At most ``limit`` entities in order of (name, id), following or preceding a (name, id).

    ``offset`` passes over so many of them.
    """
    source, columns, conditions, parameters = _parts(session, listing)
    name = "e.name" if listing.position is None else "s.name"
    order = "ASC"
    if after:
        conditions.append(f"({name}, e.id) > (:cursor_name, :cursor_id)")
        parameters |= {"cursor_name": after[0], "cursor_id": after[1]}
    if before:
        conditions.append(f"({name}, e.id) < (:cursor_name, :cursor_id)")
        parameters |= {"cursor_name": before[0], "cursor_id": before[1]}
        order = "DESC"
    statement = (
        f"SELECT {columns} {source} WHERE {' AND '.join(conditions)} ORDER BY {name} {order}, e.id {order} "
        "LIMIT :limit OFFSET :offset"
    )
    rows = [EntityRow(*row) for row in session.rows(statement, parameters | {"limit": limit, "offset": offset})]
    return rows[::-1] if before else rows


def total(session: Session, listing: Listing) -> int:
    """How many entities the list has in all."""
    if listing.counted:
        conditions, parameters = ["type = :type"], {"type": listing.type}
        if listing.deleted is not None:
            conditions.append("deleted = :deleted")
            parameters["deleted"] = int(listing.deleted)  # type: ignore[assignment]
        if listing.below is not None:
            conditions.append("parent IN numbers(:below)")
            parameters["below"] = numbers(listing.below)
        statement = f"SELECT coalesce(sum(entities), 0) FROM entity_count WHERE {' AND '.join(conditions)}"
        return int(session.rows(statement, parameters)[0][0])
    source, _, conditions, parameters = _parts(session, listing)
    return int(session.rows(f"SELECT count(*) {source} WHERE {' AND '.join(conditions)}", parameters)[0][0])


def keys(session: Session, listing: Listing) -> list[tuple[str, str]]:
    """The id and FQN of everything that the list has now, in order of FQN."""
    source, _, conditions, parameters = _parts(session, listing)
    statement = f"SELECT e.id, e.fqn {source} WHERE {' AND '.join(conditions)} ORDER BY e.fqn"
    return [(entity_id, fqn) for entity_id, fqn in session.rows(statement, parameters)]


def _parts(session: Session, listing: Listing) -> tuple[str, str, list[str], dict[str, Any]]:
    """FROM clause, columns, conditions and parameters; every value is a parameter."""
    conditions = ["e.type = :type"]
    parameters: dict[str, Any] = {"type": listing.type}
    if listing.position is None:
        source, columns, state = NOW, ENTITY, "e"
        conditions.append("e.removed IS NULL")
    else:
        source, columns, state = STATE_AT, STATE, "s"
        conditions.append("s.removed = 0")
        parameters["position"] = listing.position
    if listing.deleted is not None:
        conditions.append(f"{state}.deleted = :deleted")
        parameters["deleted"] = int(listing.deleted)
    if listing.below is not None:
        conditions.append(f"{state}.parent IN numbers(:below)")
        parameters["below"] = numbers(listing.below)
    for index, (member, node) in enumerate(listing.referring):
        conditions.append(
            f"EXISTS (SELECT 1 FROM relationship r WHERE r.referrer = e.node AND r.field = :field_{index} "
            f"AND r.target = :target_{index} AND {_alive('r', listing.position)})"
        )
        parameters |= {f"field_{index}": member, f"target_{index}": node}
    for index, (member, value) in enumerate(listing.flags.items()):
        conditions.append(session.dialect.flag("s.document", f"flag_{index}", value))
        parameters[f"flag_{index}"] = session.dialect.member_path(member)
    for index, (member, text) in enumerate(listing.values.items()):
        conditions.append(f"{session.dialect.text('s.document', f'value_{index}')} = :text_{index}")
        parameters |= {f"value_{index}": session.dialect.member_path(member), f"text_{index}": text}
    for index, (member, text) in enumerate(listing.items.items()):
        conditions.append(f":item_{index} IN {session.dialect.items('s.document', f'list_{index}')}")
        parameters |= {f"list_{index}": session.dialect.member_path(member), f"item_{index}": text}
    for index, member in enumerate(listing.absent):
        conditions.append(session.dialect.absent("s.document", f"absent_{index}"))
        parameters[f"absent_{index}"] = session.dialect.member_path(member)
    return source, columns, conditions, parameters


def _alive(alias: str, position: int | None) -> str:
    if position is None:
        return f"{alias}.until IS NULL"
    return f"{alias}.since <= :position AND ({alias}.until IS NULL OR {alias}.until > :position)"


class Held(NamedTuple):
    """What others hold in a member; ``types`` are those whose entities count, ``position`` None is now."""

    nodes: Sequence[int]
    member: str
    types: Sequence[str]
    position: int | None


def holders(session: Session, held: Held, limit: int, offset: int) -> tuple[list[int], int]:
    """The nodes of live entities that hold one of these, a page of them in order of name; and how many there are."""
    if held.position is None:
        source, state, present = "FROM entity e", "e", "e.removed IS NULL"
    else:
        source, state, present = STATE_AT, "s", "s.removed = 0"
    if held.member == LABELS:
        holding = f"SELECT h.entity FROM tag_usage h WHERE h.tag IN numbers(:nodes) AND {_alive('h', held.position)}"
    else:
        holding = (
            "SELECT h.referrer FROM relationship h "
            f"WHERE h.target IN numbers(:nodes) AND h.field = :member AND {_alive('h', held.position)}"
        )
    conditions = f"e.node IN ({holding}) AND e.type IN each(:types) AND {present} AND {state}.deleted = 0"
    given = {"nodes": numbers(held.nodes), "member": held.member, "types": texts(held.types)}
    parameters: dict[str, Any] = given | ({} if held.position is None else {"position": held.position})
    total = int(session.rows(f"SELECT count(*) {source} WHERE {conditions}", parameters)[0][0])
    statement = f"SELECT e.node {source} WHERE {conditions} ORDER BY {state}.name, e.id LIMIT :limit OFFSET :offset"
    rows = session.rows(statement, parameters | {"limit": limit, "offset": offset})
    return [node for (node,) in rows], total


def below(session: Session, roots: Sequence[int], entity_type: str, position: int | None = None) -> list[int]:
    """The nodes of one type directly under any of ``roots``, soft-deleted included."""
    if position is None:
        statement = "SELECT node FROM entity WHERE parent IN numbers(:roots) AND type = :type AND removed IS NULL"
    else:
        statement = f"SELECT e.node {STATE_AT} WHERE s.parent IN numbers(:roots) AND e.type = :type AND s.removed = 0"
    parameters = {"roots": numbers(roots), "type": entity_type, "position": position}
    if position is None:
        del parameters["position"]
    return [node for (node,) in session.rows(statement, parameters)]
