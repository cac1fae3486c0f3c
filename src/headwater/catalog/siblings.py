# SPDX-License-Identifier: Apache-2.0
"""What entities of one type share: texts that one of them holds at a time, numbers that must not add up to too much."""

from collections.abc import Iterator
from typing import NamedTuple

import orjson

from headwater.errors import InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import EntityType, Limit
from headwater.store import documents
from headwater.store.database import Session, Transaction
from headwater.store.rows import EntityRow

EVERYTHING = 1_000_000
EXACT = 6
"""Decimals to which numbers are added up: thirds of a hundred come to a hundred."""


class Loss(NamedTuple):
    """An entity that loses something to another one: its row, and its document before and after."""

    row: EntityRow
    before: Document
    after: Document


def losses(
    transaction: Transaction, declared: EntityType, parent: int | None, old: Document, new: Document
) -> Iterator[Loss]:
    """Who, under one parent, loses what an entity comes to hold when its document changes from ``old`` to ``new``."""
    for member in declared.held_once:
        come = {text for text in new.get(member) or () if text not in (old.get(member) or ())}
        for row in documents.children(transaction, parent) if come and parent is not None else ():
            before: Document = orjson.loads(row.document)
            held = before.get(member) or []
            if row.type == declared.name and come.intersection(held):
                yield Loss(row, before, before | {member: [text for text in held if text not in come]})


def check_limits(session: Session, declared: EntityType, document: Document) -> None:
    """Refuse what adds up to too much, now that the document is stored."""
    for limit in declared.limits:
        if document.get(limit.member) and (shared := document.get(limit.per)) is not None:
            _check_limit(session, declared, limit, shared)


def _check_limit(session: Session, declared: EntityType, limit: Limit, shared: str) -> None:
    listing = documents.Listing(type=declared.name, values={limit.per: shared})
    rows = documents.page(session, listing, EVERYTHING)
    shares = [(row.fqn, share) for row in rows if (share := orjson.loads(row.document).get(limit.member))]
    total = round(sum(share for _, share in shares), EXACT)
    if total > limit.most:
        each = ", ".join(f"{name} {share:g}" for name, share in shares)
        raise InvalidEntity(
            f"{limit.member}: all with the {limit.per} {shared} would come to {total:g}; {limit.most:g} is the most "
            f"({each})"
        )
