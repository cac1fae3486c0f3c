# SPDX-License-Identifier: Apache-2.0
"""What waits to be sent, to whom, and what came of it.

A *lane* is one way to somebody: a destination and a recipient. Whoever holds a lane until a moment may send what waits
in it; nobody else does so meanwhile. The *tail* is how far the log has been looked through for all subscriptions, held
in the same manner. Moments are milliseconds since 1970.
"""

from collections.abc import Iterable
from typing import NamedTuple

from headwater.store.database import Session, Transaction
from headwater.store.rows import numbers


class Tail(NamedTuple):
    """How far the log has been looked through, by whom until when, and where it ends."""

    position: int
    holder: str
    until: int
    newest: int


class Lane(NamedTuple):
    """A lane that can be served."""

    id: int
    subscription: int
    destination: str
    recipient: int
    failures: int


class Waiting(NamedTuple):
    """An event that waits in a lane; ``about`` is a JSON list of nodes."""

    position: int
    attempts: int
    about: str | None


class LaneState(NamedTuple):
    """What came of a lane so far."""

    destination: str
    recipient: int
    next_attempt: int
    failures: int
    sent: int
    succeeded: int | None
    failed: int | None
    status: int | None
    reason: str | None
    waiting: int
    dead: int


class DeadLetter(NamedTuple):
    """An event that was given up."""

    destination: str
    recipient: int
    position: int
    attempts: int
    reason: str | None
    dead: int


class Told(NamedTuple):
    """That an event is to be sent along a lane, from ``due`` on."""

    subscription: int
    destination: str
    recipient: int
    position: int
    due: int
    about: str | None


# the log --------------------------------------------------------------------------------------------------------------


def tail(session: Session) -> Tail:
    """How far the log has been looked through."""
    return Tail(*session.queries.alert_tail(session.connection))


def hold_tail(transaction: Transaction, holder: str, now: int, until: int) -> bool:
    """Take the tail, or keep it; False while somebody else has it."""
    held = transaction.queries.hold_tail(transaction.connection, holder=holder, now=now, until=until)
    return bool(held)


def leave_tail(transaction: Transaction, holder: str) -> None:
    """Let others have the tail."""
    transaction.queries.leave_tail(transaction.connection, holder=holder)


def advance(transaction: Transaction, holder: str, before: int, position: int, told: Iterable[Told]) -> bool:
    """Note that the log was looked through from one position to another, and what is to be sent; False, and nothing
    is noted, if the tail is somebody else's by now."""
    moved = transaction.queries.advance_tail(transaction.connection, holder=holder, before=before, position=position)
    if not moved:
        return False
    known: set[tuple[str, int]] = set()
    for one in told:
        lane = one.destination, one.recipient
        if lane not in known:
            known.add(lane)
            transaction.queries.add_lane(
                transaction.connection,
                subscription=one.subscription,
                destination=one.destination,
                recipient=one.recipient,
            )
        transaction.queries.add_delivery(
            transaction.connection,
            destination=one.destination,
            recipient=one.recipient,
            position=one.position,
            due=one.due,
            about=one.about,
        )
    return True


def subscriptions(session: Session, entity_type: str) -> list[tuple[int, int, str, str]]:
    """The nodes of all subscriptions, the positions after which events count for them, their names and documents."""
    return session.fetch("alert_subscriptions", type=entity_type)


def fingerprint(session: Session, entity_type: str) -> str:
    """A text that changes whenever a subscription does."""
    return str(session.queries.alert_fingerprint(session.connection, type=entity_type))


def start(transaction: Transaction, subscription: int, position: int) -> None:
    """Let events count for a subscription from after a position on; what waits for it is dropped."""
    transaction.queries.start_alert(transaction.connection, subscription=subscription, position=position)
    transaction.queries.drop_waiting(transaction.connection, subscription=subscription)


# lanes ----------------------------------------------------------------------------------------------------------------


def ready(session: Session, now: int, limit: int) -> list[Lane]:
    """Lanes that nobody holds and in which something is due, those first that were served longest ago."""
    return [Lane(*row) for row in session.queries.ready_lanes(session.connection, now=now, limit=limit)]


def hold(transaction: Transaction, lane: int, holder: str, now: int, until: int) -> bool:
    """Take a lane, or keep it; False while somebody else has it."""
    return bool(transaction.queries.hold_lane(transaction.connection, lane=lane, holder=holder, now=now, until=until))


def leave(transaction: Transaction, lane: int, holder: str, now: int) -> None:
    """Let others have a lane."""
    transaction.queries.leave_lane(transaction.connection, lane=lane, holder=holder, now=now)


def due(session: Session, lane: int, now: int, limit: int) -> list[Waiting]:
    """What is due in a lane, in order of position."""
    return [
        Waiting(*row) for row in session.queries.due_deliveries(session.connection, lane=lane, now=now, limit=limit)
    ]


def done(transaction: Transaction, lane: int, positions: Iterable[int], now: int) -> None:
    """Note that events were sent."""
    sent = list(positions)
    transaction.queries.deliveries_done(transaction.connection, lane=lane, positions=numbers(sent))
    transaction.queries.lane_succeeded(transaction.connection, lane=lane, sent=len(sent), now=now)


class Failure(NamedTuple):
    """Why events were not sent; ``status`` is what a server answered."""

    reason: str
    status: int | None
    at: int
    next_attempt: int


def failed(transaction: Transaction, lane: int, positions: Iterable[int], retries: int, failure: Failure) -> None:
    """Note that events were not sent; those that were tried ``retries`` times before are given up."""
    transaction.queries.deliveries_failed(
        transaction.connection,
        lane=lane,
        positions=numbers(positions),
        retries=retries,
        reason=failure.reason,
        now=failure.at,
    )
    transaction.queries.lane_failed(
        transaction.connection,
        lane=lane,
        next_attempt=failure.next_attempt,
        now=failure.at,
        status=failure.status,
        reason=failure.reason,
    )


def close(transaction: Transaction, lane: int) -> None:
    """Forget a lane and all that waits in it: its destination is gone."""
    transaction.queries.drop_deliveries(transaction.connection, lane=lane)
    transaction.queries.drop_lane(transaction.connection, lane=lane)


def empty(transaction: Transaction, lane: int, holder: str, now: int) -> None:
    """Drop what waits in a lane: nobody wants it any more. What was given up stays."""
    transaction.queries.drop_waiting_in(transaction.connection, lane=lane)
    leave(transaction, lane, holder, now)


def lanes(session: Session, subscription: int) -> list[LaneState]:
    """What came of the lanes of a subscription."""
    return [LaneState(*row) for row in session.queries.lanes_of(session.connection, subscription=subscription)]


def dead_letters(session: Session, subscription: int, after: int, limit: int) -> list[DeadLetter]:
    """What was given up, in order of position, beyond one."""
    rows = session.queries.dead_letters(session.connection, subscription=subscription, after=after, limit=limit)
    return [DeadLetter(*row) for row in rows]


def replay(transaction: Transaction, subscription: int) -> int:
    """Send again what was given up, at once; how many events that are."""
    transaction.queries.hurry_lanes(transaction.connection, subscription=subscription)
    return int(transaction.queries.replay_dead(transaction.connection, subscription=subscription))


# notices --------------------------------------------------------------------------------------------------------------


def notify(transaction: Transaction, recipient: int, position: int, timestamp: int, notice: str) -> None:
    """Show a notice of an event in somebody's activity feed; once, however often it comes."""
    transaction.queries.add_notice(
        transaction.connection, recipient=recipient, position=position, timestamp=timestamp, notice=notice
    )


def notices(session: Session, recipients: Iterable[int], before: int, limit: int) -> list[tuple[int, str]]:
    """Notices for any of some users and teams before a position, newest first."""
    rows = session.fetch("notices_of", recipients=numbers(recipients), before=before, limit=limit)
    return [(int(position), str(notice)) for position, notice in rows]
