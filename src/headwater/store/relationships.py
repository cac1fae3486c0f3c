# SPDX-License-Identifier: Apache-2.0
"""Indexes over documents: who refers to what, which tag sits where; and who follows or votes for what."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from headwater.store.database import Session, Transaction
from headwater.store.rows import numbers, texts

BROUGHT = "tags"
"""The member by which something that labels name refers to the tags that come along with its label."""


class Relationship(NamedTuple):
    """An entity's reference to another, by the member that holds it."""

    target: int
    field: str


class Usage(NamedTuple):
    """A tag on an entity (``path`` empty) or on one of its fields (the case-folded path)."""

    tag: int
    path: str
    label_type: str
    state: str


def change_relationships(
    transaction: Transaction,
    node: int,
    closed: Collection[Relationship],
    opened: Collection[Relationship],
    position: int,
) -> None:
    """End and begin references of one entity."""
    if closed:
        rows = [{"referrer": node, "target": r.target, "field": r.field, "position": position} for r in closed]
        transaction.queries.close_relationships(transaction.connection, rows)
    if opened:
        rows = [{"referrer": node, "target": r.target, "field": r.field, "position": position} for r in opened]
        transaction.queries.open_relationships(transaction.connection, rows)


def change_usages(
    transaction: Transaction, node: int, closed: Collection[Usage], opened: Collection[Usage], position: int
) -> None:
    """End and begin tag usages of one entity."""
    if closed:
        rows = [{"entity": node, "tag": u.tag, "path": u.path, "position": position} for u in closed]
        transaction.queries.close_usages(transaction.connection, rows)
    if opened:
        rows = [{"entity": node, **u._asdict(), "position": position} for u in opened]
        transaction.queries.open_usages(transaction.connection, rows)


def remove(transaction: Transaction, node: int, position: int, kept: Iterable[str]) -> None:
    """End everything that a removed entity takes part in, but for references to it by the members ``kept``."""
    connection, queries = transaction.connection, transaction.queries
    queries.close_relationships_of(connection, node=node, position=position)
    queries.close_relationships_to(connection, node=node, position=position, kept=texts(kept))
    queries.close_usages_of(connection, node=node, position=position)
    queries.close_usages_to(connection, node=node, position=position)
    queries.close_followers(connection, node=node, position=position)
    queries.close_votes(connection, node=node, position=position)


def referrers_at(session: Session, target: int, field: str, entity_type: str | None, position: int) -> list[int]:
    """The nodes, of one type or of any, that referred to ``target`` at a position."""
    rows = session.queries.referrers_at(
        session.connection, target=target, field=field, type=entity_type, position=position
    )
    return [node for (node,) in rows]


def usages_of(session: Session, tags: Iterable[int], position: int) -> list[tuple[int, Usage]]:
    """Where these tags sat at a position: each usage with the entity."""
    rows = session.queries.usages_of(session.connection, tags=numbers(tags), position=position)
    return [(entity, Usage(tag, path, label_type, state)) for tag, entity, path, label_type, state in rows]


def usages_in(session: Session, entities: Iterable[int], position: int) -> list[tuple[int, Usage]]:
    """Which tags sat on these entities and their fields at a position: each usage with the entity."""
    rows = session.queries.usages_in(session.connection, entities=numbers(entities), position=position)
    return [(entity, Usage(tag, path, label_type, state)) for tag, entity, path, label_type, state in rows]


def usages_in_state(session: Session, state: str, position: int) -> list[tuple[int, Usage]]:
    """Which tags sat anywhere in one state at a position: each usage with the entity."""
    rows = session.queries.usages_in_state(session.connection, state=state, position=position)
    return [(entity, Usage(tag, path, label_type, state)) for tag, entity, path, label_type, state in rows]


def targets_at(session: Session, referrers: Iterable[int], field: str, position: int) -> set[int]:
    """The nodes that any of ``referrers`` referred to at a position."""
    nodes = numbers(referrers)
    rows = session.queries.targets_at(session.connection, referrers=nodes, field=field, position=position)
    return {node for (node,) in rows}


def implying(session: Session, tags: Iterable[int], position: int) -> list[int]:
    """The tags, and everything whose label brings one of them along, at a position."""
    found = list(dict.fromkeys(tags))
    level = found
    while level:
        nodes = numbers(level)
        rows = session.queries.bringing(session.connection, tags=nodes, field=BROUGHT, position=position)
        level = [node for (node,) in rows if node not in found]
        found += level
    return found


def usage_count(session: Session, tags: Iterable[int], position: int) -> int:
    """How many entities and fields carry any of the tags, or a label that brings one along, at a position."""
    nodes = numbers(implying(session, tags, position))
    return int(session.queries.count_usages(session.connection, tags=nodes, position=position))


def child_count(session: Session, node: int) -> int:
    """How many live entities are directly below."""
    return int(session.queries.count_children(session.connection, parent=node))


def follow(transaction: Transaction, node: int, follower: int, position: int) -> None:
    """A user begins to follow an entity."""
    transaction.queries.follow(transaction.connection, entity=node, follower=follower, position=position)


def unfollow(transaction: Transaction, node: int, follower: int, position: int) -> None:
    """A user stops to follow an entity."""
    transaction.queries.unfollow(transaction.connection, entity=node, follower=follower, position=position)


def followed(session: Session, follower: int, position: int) -> list[int]:
    """The nodes of the entities that a user follows at a position."""
    return [row[0] for row in session.queries.followed(session.connection, follower=follower, position=position)]


def followers(session: Session, node: int, position: int) -> list[int]:
    """The nodes of the users who follow an entity at a position."""
    return [row[0] for row in session.queries.followers(session.connection, entity=node, position=position)]


def vote(transaction: Transaction, node: int, voter: int, liked: bool | None, position: int) -> None:
    """A user votes for an entity, against it (not ``liked``), or takes the vote back (None)."""
    transaction.queries.close_vote(transaction.connection, entity=node, voter=voter, position=position)
    if liked is not None:
        transaction.queries.open_vote(
            transaction.connection, entity=node, voter=voter, liked=int(liked), position=position
        )


def votes(session: Session, node: int, position: int) -> dict[int, bool]:
    """The users who vote for an entity (True) or against it (False) at a position, by node."""
    rows = session.queries.votes(session.connection, entity=node, position=position)
    return {voter: bool(liked) for voter, liked in rows}
