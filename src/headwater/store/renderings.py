# SPDX-License-Identifier: Apache-2.0
"""Entities as everybody reads them, written out: an index, used only while it is true.

A rendering remembers everything that it shows. It is true unless one of those is shown differently since.
"""

from collections.abc import Iterable
from typing import NamedTuple

from headwater.store.database import Session, Transaction
from headwater.store.documents import fqn_key
from headwater.store.rows import numbers


class RenderingRow(NamedTuple):
    """A rendering that is true, and what is needed to answer with it."""

    node: int
    deleted: int
    revision: int
    body: bytes


def find(session: Session, entity_type: str, fqn: str) -> RenderingRow | None:
    """The rendering of the entity with this FQN, if it is true."""
    row = session.queries.rendering_by_key(session.connection, fqn_key=fqn_key(entity_type, fqn))
    return RenderingRow(*row) if row else None


def get(session: Session, entity_type: str, entity_id: str) -> RenderingRow | None:
    """The rendering of the entity with this id, if it is true."""
    row = session.queries.rendering_by_id(session.connection, type=entity_type, id=entity_id)
    return RenderingRow(*row) if row else None


def of(session: Session, nodes: Iterable[int]) -> dict[int, bytes]:
    """The renderings of entities that are true, by node."""
    return dict(session.queries.renderings_by_node(session.connection, nodes=numbers(nodes)))


def put(transaction: Transaction, node: int, position: int, shows: Iterable[int], body: bytes) -> None:
    """Keep the rendering of an entity, as of a position."""
    transaction.queries.put_rendering(
        transaction.connection, entity=node, position=position, shows=numbers(sorted(shows)), body=body
    )


def drop(transaction: Transaction, node: int) -> None:
    """Forget the rendering of an entity."""
    transaction.queries.drop_rendering(transaction.connection, entity=node)
