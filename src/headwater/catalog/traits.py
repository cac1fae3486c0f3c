# SPDX-License-Identifier: Apache-2.0
"""What traits check before an entity is stored."""

from headwater.catalog.names import Names
from headwater.errors import InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import OWNERS, EntityType

ONE_TEAM = "Only One Team is allowed to own Data Assets."


def check(declared: EntityType, document: Document, old: Document | None, names: Names) -> None:
    """Refuse a stored document that breaks a trait's rule; what it already held is not checked again."""
    if declared.has(OWNERS) and document.get("owners") and document["owners"] != (old or {}).get("owners"):
        _check_owners(document["owners"], names)


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
