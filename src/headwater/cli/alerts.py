# SPDX-License-Identifier: Apache-2.0
"""The commands about events and alerts."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from headwater.cli.changes import change_lines
from headwater.cli.failures import Exit, Failure
from headwater.cli.screen import Columns, as_json, moment, section, styled, words
from headwater.cli.session import Session
from headwater.schema.base import wire

if TYPE_CHECKING:
    from rich.text import Text

    from headwater.schema.change import ChangeEvent, DestinationStatus

NEWEST = 20
"""How many events are shown where nobody says from where on."""

BAD = {"awaitingRetry": "yellow", "failed": "red", "retryLimitReached": "red", "disabled": "dim"}


def events(
    session: Session,
    after: int | None,
    follow: bool,
    limit: int | None,
    type: str | None,
    kind: str | None,
    user: str | None,
) -> None:
    """Print the log: its end, or what lies beyond a position; and (``follow``) what comes."""
    client = session.client
    if after is None:
        newest = int(client.health()["position"])
        after = max(0, newest - NEWEST) if limit is None else max(0, newest - limit)
    shown = 0
    while limit is None or shown < limit:
        most = 1000 if limit is None else min(1000, limit - shown)
        found = client.alerts.feed(after, limit=most, type=type, kind=kind, user=user)
        _print(session, found.data)
        shown += len(found.data)
        after = found.after
        if after >= found.newest:
            break
    if follow:
        for event in client.alerts.follow(after, type=type, kind=kind, user=user):
            _print(session, [event])


def _print(session: Session, found: "Iterable[ChangeEvent]") -> None:
    """One line for each event, with what changed below it; in JSON one object on a line."""
    for event in found:
        if session.screen.json:
            session.screen.write(as_json(wire(event), indent=None) + "\n")
            continue
        versions = ""
        if event.current_version and event.previous_version and event.current_version != event.previous_version:
            versions = f" {event.previous_version} → {event.current_version}"
        session.screen.show(
            words(
                (f"{event.position:>6}  {moment(event.timestamp)}  ", "dim"),
                f"{event.user_name} ",
                (event.event_type, "bold"),
                f" {event.entity_type} {event.entity_fully_qualified_name}{versions}",
            ),
            *(words("        ", line) for line in _changes(session, event)),
        )


def _changes(session: Session, event: "ChangeEvent") -> "list[Text]":
    declared = session.client.registry.find(event.entity_type)
    if declared is None or event.change_description is None:
        return []
    return change_lines(declared, wire(event.change_description), first=False, most=8)


# alerts ---------------------------------------------------------------------------------------------------------------


def list_(session: Session) -> None:
    """Print all subscriptions, and how far they have come."""
    found = [session.client.alerts.status(one.id) for one in session.client.subscriptions.list()]
    if session.screen.json:
        session.screen.value([wire(one) for one in found])
        return
    rows = [
        (
            styled(one.subscription),
            styled("" if one.enabled else "disabled", "dim"),
            styled(f"{one.sent:,}"),
            styled(f"{one.waiting:,}"),
            styled(f"{one.dead:,}", "red" if one.dead else ""),
        )
        for one in found
    ]
    session.screen.show(Columns(("alert", "", "sent", "waiting", "given up"), rows))


def status(session: Session, name: str) -> None:
    """Print what became of each way to somebody, and what was given up."""
    with session.naming(session.declared("eventSubscription"), name):
        found = session.client.alerts.status(name)
    if session.screen.json:
        session.screen.value(wire(found))
        return
    head = words(
        (found.subscription, "bold"),
        "" if found.enabled else "  (disabled)",
        f"  looked through the log up to {found.position} of {found.newest}",
    )
    rows = [_lane(one) for one in found.destinations]
    session.screen.show(head)
    if rows:
        session.screen.show(Columns(("to", "status", "sent", "waiting", "given up", "last sent", "last failure"), rows))
    else:
        session.screen.show(styled("nothing was to be sent yet", "dim"))
    if found.dead:
        letters = session.client.alerts.failed(name, limit=10)
        lines = [
            words((moment(one.timestamp), "dim"), f"  {one.change_event.entity_fully_qualified_name}: {one.reason}")
            for one in letters
        ]
        session.screen.show(section("given up", *lines))
        session.screen.note(f"`headwater alerts replay {found.subscription}` sends these again.")


def _lane(one: "DestinationStatus") -> "tuple[Text, ...]":
    whom = one.recipient or "its address"
    return (
        styled(f"{one.type}, {one.category}: {whom}" if one.category != "External" else one.type),
        styled(one.status, BAD.get(one.status, "green")),
        styled(f"{one.sent:,}"),
        styled(f"{one.waiting:,}"),
        styled(f"{one.dead:,}", "red" if one.dead else ""),
        styled(moment(one.last_successful_at) if one.last_successful_at else ""),
        styled(f"{moment(one.last_failed_at)}: {one.last_failed_reason}" if one.last_failed_at else ""),
    )


def replay(session: Session, name: str) -> None:
    """Send again what was given up."""
    with session.naming(session.declared("eventSubscription"), name):
        count = session.client.alerts.replay(name)
    if session.screen.json:
        session.screen.value({"replayed": count})
    else:
        session.screen.done(f"{count} event{'' if count == 1 else 's'} of {name} will be sent again")


def test(session: Session, name: str) -> Exit:
    """Send a test message to each destination; an exit code that tells whether all arrived."""
    with session.naming(session.declared("eventSubscription"), name):
        found = session.client.alerts.test(name)
    if session.screen.json:
        session.screen.value(found)
    for one in () if session.screen.json else found:
        details = one["statusDetails"]
        good = details["status"] == "Success"
        session.screen.show(
            words((f"{details['status']:8}", "green" if good else "red"), f" {one['type']}, {one['category']}"),
            *([words(f"         {details['reason']}")] if details.get("reason") else []),
        )
    if not found:
        raise Failure(f"{name} has no destinations", code=Exit.NOT_FOUND)
    return Exit.OK if all(one["statusDetails"]["status"] == "Success" for one in found) else Exit.FAILED
