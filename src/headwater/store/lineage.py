# SPDX-License-Identifier: Apache-2.0
"""Nodes and edges of the lineage graph."""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, cast

from headwater.store.database import Session, Transaction
from headwater.store.rows import EdgeRow, NodeRow, numbers, texts

NOWHERE = 0
"""The node that is no entity: names of which nobody says what they stand for are its fields."""

DerivedEdge = tuple[int, int, str, str | None]
"""The nodes upstream and downstream, the member that the edge follows from, and what it says besides."""


FieldName = tuple[int, int, str]
"""The node of a field, its entity, and its path as it is written. There can be very many: they are as they come."""

EVER = 2**62
"""A position beyond all others."""


class Assertion(NamedTuple):
    """Who says that an edge exists; ``asserter`` is the person where the source is ``Manual``, the id of the pipeline
    where a run of it said so, else empty."""

    source: str
    asserter: str


def nodes_of(session: Session, entities: Iterable[int]) -> list[NodeRow]:
    """All intervals of all fields of these entities, oldest first."""
    rows = session.queries.nodes_of(session.connection, entities=numbers(entities))
    return [NodeRow(*row) for row in rows]


def nodes_named(session: Session, entities: Iterable[int], paths: Iterable[str]) -> list[NodeRow]:
    """All intervals of the fields with these case-folded paths in these entities, oldest first."""
    rows = session.queries.nodes_named(session.connection, entities=numbers(entities), paths=texts(paths))
    return [NodeRow(*row) for row in rows]


def nodes_by_id(session: Session, ids: Iterable[int]) -> list[NodeRow]:
    """All intervals of these fields, oldest first."""
    return [NodeRow(*row) for row in session.queries.nodes_by_id(session.connection, ids=numbers(ids))]


def add_nodes(transaction: Transaction, nodes: Sequence[NodeRow]) -> None:
    """Begin intervals of existence; ``until`` equal to ``since`` for a field that is only pointed at."""
    if nodes:
        transaction.queries.insert_nodes(transaction.connection, [node._asdict() for node in nodes])


def close_nodes(transaction: Transaction, entity: int, paths: Iterable[str], position: int) -> None:
    """End the existence of fields."""
    rows = [{"entity": entity, "path": path, "position": position} for path in paths]
    if rows:
        transaction.queries.close_nodes(transaction.connection, rows)


def remove(transaction: Transaction, entity: int, position: int, kept: Iterable[str]) -> None:
    """End the fields of a removed entity, and its edges, but for those that others derive from the members ``kept``."""
    parameters = {"node": entity, "position": position}
    transaction.queries.close_edges_of(transaction.connection, **parameters, kept=texts(kept))
    transaction.queries.close_nodes_of(transaction.connection, **parameters)


def change_derived(
    transaction: Transaction,
    owner: int,
    closed: Collection[DerivedEdge],
    opened: Collection[DerivedEdge],
    position: int,
) -> None:
    """End and begin edges that follow from the document of ``owner``."""
    if closed:
        transaction.queries.close_derived(
            transaction.connection,
            [
                {"upstream": up, "downstream": down, "owner": owner, "source": member, "position": position}
                for up, down, member, _ in closed
            ],
        )
    if opened:
        transaction.queries.open_edges(
            transaction.connection,
            [
                {
                    "upstream": up,
                    "downstream": down,
                    "owner": owner,
                    "source": member,
                    "asserter": "",
                    "position": position,
                    "details": details,
                }
                for up, down, member, details in opened
            ],
        )


def assert_edges(
    transaction: Transaction,
    edges: Iterable[tuple[int, int, str | None]],
    assertion: Assertion,
    position: int,
) -> None:
    """Begin asserted edges, each (upstream, downstream, details)."""
    rows = [
        {
            "upstream": up,
            "downstream": down,
            "owner": None,
            "source": assertion.source,
            "asserter": assertion.asserter,
            "position": position,
            "details": details,
        }
        for up, down, details in edges
    ]
    if rows:
        transaction.queries.open_edges(transaction.connection, rows)


def withdraw(transaction: Transaction, edges: Iterable[tuple[int, int]], assertion: Assertion, position: int) -> None:
    """End asserted edges, each (upstream, downstream), of one asserter."""
    rows = [
        {
            "upstream": up,
            "downstream": down,
            "source": assertion.source,
            "asserter": assertion.asserter,
            "position": position,
        }
        for up, down in edges
    ]
    if rows:
        transaction.queries.close_asserted(transaction.connection, rows)


def edges_into(session: Session, nodes: Iterable[int], position: int | None = None) -> list[EdgeRow]:
    """Edges whose downstream end is one of these nodes, now or at a position."""
    text = numbers(nodes)
    if position is None:
        rows = session.queries.edges_into(session.connection, nodes=text)
    else:
        rows = session.queries.edges_into_at(session.connection, nodes=text, position=position)
    return [EdgeRow(*row) for row in rows]


def edges_out_of(session: Session, nodes: Iterable[int], position: int | None = None) -> list[EdgeRow]:
    """Edges whose upstream end is one of these nodes, now or at a position."""
    text = numbers(nodes)
    if position is None:
        rows = session.queries.edges_out_of(session.connection, nodes=text)
    else:
        rows = session.queries.edges_out_of_at(session.connection, nodes=text, position=position)
    return [EdgeRow(*row) for row in rows]


def fields_in(session: Session, entities: Iterable[int], position: int | None = None) -> list[FieldName]:
    """All fields that these entities have or had, or that something points to.

    A field comes once for each spelling that it ever had, the one that it has now or had at the position last.
    """
    return cast(list[FieldName], session.fetch("fields_in", entities=numbers(entities), position=_or_ever(position)))


def fields_by_id(session: Session, ids: Iterable[int], position: int | None = None) -> list[FieldName]:
    """Those of these nodes that are fields, as in ``fields_in``."""
    return cast(list[FieldName], session.fetch("fields_by_id", ids=numbers(ids), position=_or_ever(position)))


def _or_ever(position: int | None) -> int:
    return position if position is not None else EVER


def pairs_out_of(session: Session, nodes: Iterable[int], position: int | None = None) -> list[tuple[int, int]]:
    """The ends of the edges whose upstream end is one of these nodes, once for each assertion, now or at a position."""
    if position is None:
        rows = session.fetch("pairs_out_of", nodes=numbers(nodes))
    else:
        rows = session.fetch("pairs_out_of_at", nodes=numbers(nodes), position=position)
    return cast(list[tuple[int, int]], rows)
