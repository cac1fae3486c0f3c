# SPDX-License-Identifier: Apache-2.0
"""When assertions of lineage were made last, at which moments runs began, and what their events say together."""

from collections.abc import Iterable
from typing import NamedTuple

from headwater.store.database import Session, Transaction
from headwater.store.lineage import Assertion
from headwater.store.rows import numbers

EVERYTHING = 0
"""Stands for the upstream ends of all that an asserter says of an entity."""


class Sighting(NamedTuple):
    """The last time that an asserter said so; ``run`` is empty where no run did."""

    downstream: int
    upstream: int
    source: str
    asserter: str
    seen: int
    user_name: str
    run: str


def put(transaction: Transaction, sighting: Sighting) -> None:
    """Replace the sighting before."""
    transaction.queries.put_sighting(transaction.connection, **sighting._asdict())


def drop(transaction: Transaction, downstream: int, upstream: int, assertion: Assertion) -> None:
    """Forget when an asserter said that this flows from one entity into the other: it says so no longer."""
    key = {"downstream": downstream, "upstream": upstream, **assertion._asdict()}
    transaction.queries.drop_sighting(transaction.connection, **key)


def last(session: Session, downstream: int, assertion: Assertion) -> Sighting | None:
    """When an asserter last said what flows into an entity."""
    key = {"downstream": downstream, "upstream": EVERYTHING, **assertion._asdict()}
    row = session.queries.sighting_of(session.connection, **key)
    return None if row is None else Sighting(*row)


def into(session: Session, nodes: Iterable[int]) -> dict[tuple[int, int, Assertion], Sighting]:
    """The sightings of what flows into these entities, by both ends and asserter."""
    rows = [Sighting(*row) for row in session.queries.sightings_into(session.connection, nodes=numbers(nodes))]
    return {(row.upstream, row.downstream, Assertion(row.source, row.asserter)): row for row in rows}


def run_began(session: Session, entity: int, run: str) -> int | None:
    """When a run of a job began, as it is known so far."""
    moment = session.queries.run_timestamp(session.connection, entity=entity, id=run)
    return None if moment is None else int(moment)


def put_run(transaction: Transaction, entity: int, run: str, timestamp: int) -> None:
    """Remember when a run of a job began."""
    transaction.queries.put_run(transaction.connection, entity=entity, id=run, timestamp=timestamp)


def told(session: Session, entity: int, run: str) -> tuple[int, str] | None:
    """What the events of a run have said so far, behind the moment of the newest of them."""
    row = session.queries.told_run(session.connection, entity=entity, id=run)
    return None if row is None else (int(row[0]), str(row[1]))


def put_told(transaction: Transaction, entity: int, run: str, moment: int, text: str) -> None:
    """Replace what the events of a run have said."""
    transaction.queries.put_told_run(transaction.connection, entity=entity, id=run, moment=moment, told=text)


def forget_told(transaction: Transaction, entity: int, before: int) -> None:
    """Forget what runs of a job have said of which nothing was heard since a moment."""
    transaction.queries.forget_told_runs(transaction.connection, entity=entity, moment=before)
