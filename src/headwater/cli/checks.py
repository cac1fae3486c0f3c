# SPDX-License-Identifier: Apache-2.0
"""The command that looks whether what entities say is elsewhere answers, and what pages tell of that."""

from typing import TYPE_CHECKING

from headwater.cli.failures import Exit, Failure
from headwater.cli.screen import Columns, moment, section, styled, words
from headwater.cli.session import Session
from headwater.schema.base import wire

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from headwater.schema.checks import CheckedTarget, CheckReport, Look

WORDS = {"up": "up", "down": "down", "notAllowed": "not allowed", "notCheckable": "not checkable", "unknown": "unknown"}
STYLES = {"up": "green", "down": "red", "notAllowed": "yellow", "notCheckable": "dim", "unknown": "yellow"}


def ping(session: Session, kind: str, name: str | None) -> Exit:
    """Look at an entity and its parts in production, or at all that is in production; whether all answered."""
    checks = session.client.checks
    if name is None:
        wanted = checks.in_production()
    else:
        declared = session.declared(kind)
        with session.naming(declared, name):
            known = checks.of((declared.name, name))
        if not known:
            raise Failure(f"of a {declared.name} nothing is looked up", code=Exit.USAGE)
        wanted = [known[0], *(part for part in known[1:] if part.in_use)]
    found = [checks.now(one.entity) for one in wanted]
    if session.screen.json:
        session.screen.values(wire(one) for one in found)
    else:
        _print(session, found, name or "what is in production")
    failed = any(target.last and target.last.outcome == "down" for one in found for target in one.targets)
    return Exit.FAILED if failed else Exit.OK


def _print(session: Session, found: "list[CheckReport]", what: str) -> None:
    rows = [
        (*_place(one, target), styled(target.address or ""), _outcome(target.last), styled(_told(target.last)))
        for one in found
        for target in one.targets
        if target.address and target.last
    ]
    if rows:
        session.screen.show(Columns(("entity", "target", "address", "answer", ""), rows))
    else:
        session.screen.note(f"{what} has no address that could be looked up")


def _place(one: "CheckReport", target: "CheckedTarget") -> "tuple[Text, Text]":
    full = one.entity.fully_qualified_name or one.entity.id
    return words((f"{one.entity.type} ", "cyan"), (full, "bold")), styled(target.target)


def _outcome(look: "Look | None") -> "Text":
    return styled(WORDS[look.outcome], STYLES[look.outcome]) if look else styled("")


def _state(target: "CheckedTarget") -> "Text":
    """How a target is in a word."""
    if target.state:
        return styled(WORDS[target.state], STYLES[target.state])
    return styled("failed once", "yellow") if target.last and target.last.outcome == "down" else _outcome(target.last)


def _told(look: "Look | None") -> str:
    if look is None:
        return ""
    return look.reason or (f"{look.status} in {look.took} ms" if look.status else "")


def part(found: "list[CheckReport]") -> "RenderableType | None":
    """What a page tells of checks: every target that was looked at, how it is, and since when."""
    own = found[0].entity.id if found else ""
    rows = []
    for one in found:
        for target in one.targets:
            if target.state is None and target.last is None:
                continue
            name = target.target if one.entity.id == own else f"{target.target} of {one.entity.name}"
            since = f"since {moment(target.since)}" if target.since else ""
            last = f"looked at {moment(target.last.timestamp)}" if target.last else ""
            told = (styled(cell) for cell in (since, last, _told(target.last)))
            rows.append((styled(name), _state(target), *told))
    return section("Checks", Columns(("target", "", "", "", ""), rows)) if rows else None
