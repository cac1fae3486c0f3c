# SPDX-License-Identifier: Apache-2.0
"""What traits check in the document that is about to be stored: after the merge, when it is known what stays."""

from collections.abc import Iterable

from headwater.catalog.names import Card, Names
from headwater.catalog.shape import Outline
from headwater.errors import InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import OWNERS

ONE_TEAM = "Only One Team is allowed to own Data Assets."


def check(new: Outline, old: Outline | None, names: Names) -> None:
    """Refuse a stored document that breaks a trait's rule; what it already held is not checked again."""
    owners = new.document.get("owners")
    if new.shape.declared.has(OWNERS) and owners and owners != (old.document.get("owners") if old else None):
        _check_owners(owners, names)
    tagged = [(path, _tags(holder, names)) for path, holder in new.labelled if holder.get("tags")]
    if several := [(path, tags) for path, tags in tagged if len(tags) > 1]:
        known = {path: _tags(holder, names) for path, holder in (old.labelled if old else ())}
        for path, tags in several:
            if tags != known.get(path):
                _check_exclusion((names.by_id[tag] for tag in tags), names)


def _check_owners(owners: list[Document], names: Names) -> None:
    """Any number of users, or exactly one team of type Group."""
    teams = [names.by_id[owner["id"]] for owner in owners if owner["type"] == "team"]
    if not teams:
        return
    if len(teams) > 1:
        raise InvalidEntity(ONE_TEAM)
    if len(owners) > 1:
        raise InvalidEntity("owners are users or one team, not both")
    kind = teams[0].shown.get("teamType", "Group")
    if kind != "Group":
        raise InvalidEntity(f"owners: a team of type {kind} cannot own anything; {teams[0].fqn} is not of type Group")


def _tags(holder: Document, names: Names) -> set[str]:
    return {label["id"] for label in holder.get("tags") or () if not names.by_id[label["id"]].removed}


def _check_exclusion(cards: Iterable[Card], names: Names) -> None:
    """Of the tags below one that is mutually exclusive, there can be only one."""
    taken: dict[int, Card] = {}
    for card in sorted(cards, key=lambda one: one.fqn):
        above = names.node(card.parent) if card.parent is not None else None
        if above is None or not above.shown.get("mutuallyExclusive"):
            continue
        if other := taken.get(above.node):
            raise InvalidEntity(
                f"Tag labels {other.fqn} and {card.fqn} are mutually exclusive and can't be assigned together"
            )
        taken[above.node] = card
