# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is to be looked at, and what came of looking. Moments are milliseconds since 1970."""

from collections.abc import Iterable
from typing import NamedTuple

from headwater.store.database import Session, Transaction
from headwater.store.rows import numbers, texts
from headwater.store.series import Span


class Result(NamedTuple):
    """What came of looking at a target once. ``took`` is milliseconds."""

    target: str
    timestamp: int
    outcome: str
    status: int | None
    took: int
    reason: str | None


# what is in use -------------------------------------------------------------------------------------------------------


def holding(session: Session, entity_type: str, word: str) -> list[tuple[int, str]]:
    """The nodes and documents of live entities of a type that have a word (of small letters) in them, in any case."""
    return [(node, text) for node, text in session.fetch("documents_holding", type=entity_type, word=word)]


def tagged(session: Session, types: Iterable[str], tags: Iterable[int]) -> list[int]:
    """The nodes of live entities of some types that carry one of some tags themselves."""
    return [node for (node,) in session.fetch("entities_with_tags", types=texts(types), tags=numbers(tags))]


# turns ----------------------------------------------------------------------------------------------------------------


def turns(session: Session) -> set[int]:
    """The entities that are looked at regularly."""
    return {node for (node,) in session.fetch("check_turns")}


def due(session: Session, entity: int) -> int | None:
    """When an entity is looked at next; None if it is not looked at regularly."""
    found = session.queries.check_due(session.connection, entity=entity)
    return None if found is None else int(found)


def change_turns(transaction: Transaction, come: Iterable[int], gone: Iterable[int], now: int) -> None:
    """Look at some entities regularly from now on, and at others no more."""
    for entity in come:
        transaction.queries.add_check_turn(transaction.connection, entity=entity, due=now)
    transaction.queries.drop_check_turns(transaction.connection, entities=numbers(gone))


def ready(session: Session, now: int, limit: int) -> list[int]:
    """Entities whose turn it is and that nobody holds, those first that are due longest."""
    return [node for (node,) in session.queries.ready_check_turns(session.connection, now=now, limit=limit)]


def hold(transaction: Transaction, entity: int, holder: str, now: int, until: int) -> bool:
    """Take the turn of an entity; False if somebody else has it or it is over."""
    taken = transaction.queries.hold_check_turn(
        transaction.connection, entity=entity, holder=holder, now=now, until=until
    )
    return bool(taken)


def end(transaction: Transaction, entity: int, holder: str, due: int) -> bool:
    """End the turn of an entity until it is due again; False if it was somebody else's by now."""
    return bool(transaction.queries.end_check_turn(transaction.connection, entity=entity, holder=holder, due=due))


def hasten(transaction: Transaction, entity: int, due: int) -> None:
    """Look at an entity again at a moment, or sooner."""
    transaction.queries.hasten_check_turn(transaction.connection, entity=entity, due=due)


def leave(transaction: Transaction, holder: str) -> None:
    """Let others have all turns that somebody holds."""
    transaction.queries.leave_check_turns(transaction.connection, holder=holder)


# results --------------------------------------------------------------------------------------------------------------


def add(transaction: Transaction, entity: int, result: Result) -> None:
    """Note what came of looking."""
    transaction.queries.add_check_result(transaction.connection, entity=entity, **result._asdict())


def results(session: Session, entity: int, span: Span) -> list[Result]:
    """What came of looking between two moments, newest first."""
    rows = session.queries.check_results(session.connection, entity=entity, **span._asdict())
    return [Result(*row) for row in rows]


def newest(session: Session, entities: Iterable[int]) -> dict[int, dict[str, Result]]:
    """The newest result of each target, by entity."""
    found: dict[int, dict[str, Result]] = {}
    for entity, *row in session.fetch("last_check_results", entities=numbers(entities)):
        result = Result(*row)
        found.setdefault(entity, {})[result.target] = result
    return found


def prune(transaction: Transaction, before: int) -> int:
    """Forget what is older than a moment; how many results."""
    return int(transaction.queries.prune_check_results(transaction.connection, before=before))
