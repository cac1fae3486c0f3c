# SPDX-License-Identifier: Apache-2.0
"""Version numbers, in whole tenths: 1 is 0.1."""

from headwater.catalog.access import Principal
from headwater.errors import EntityNotFound
from headwater.schema.base import Document
from headwater.schema.history import REVERTED
from headwater.store.rows import EntityRow

FIRST = 1
MINOR = 1
MAJOR = 10
SESSION = 10 * 60 * 1000
"""Milliseconds in which patches by one person count as one edit."""


def following(version: int, major: bool) -> int:
    """The number after ``version``: 0.3 goes to 0.4, or to 1.3 for a major change."""
    return version + (MAJOR if major else MINOR)


def written(version: int | None) -> float | None:
    """The number on the wire."""
    return None if version is None else version / 10


def number(text: str) -> int | None:
    """The tenths of a number such as ``0.3``; None for what no version can be called."""
    whole, _, tenths = text.partition(".")
    if not (whole.isdecimal() and len(whole) < 9 and (tenths or "0").isdecimal() and len(tenths) <= 1):
        return None
    return int(whole) * 10 + int(tenths or 0)


def parse(text: str) -> int:
    """As ``number``, but ``EntityNotFound`` for what no version can be called."""
    found = number(text)
    if found is None:
        raise EntityNotFound(f"{text} is not a version; versions look like 0.1")
    return found


def joins_session(row: EntityRow, stored_change: Document | None, principal: Principal, now: int) -> bool:
    """Whether a patch may be folded into the version that is there (contract, part 4.3).

    The same person, within the session, on an entity that has a version before this one and was not just renamed
    or reverted.
    """
    if row.version <= FIRST or row.deleted or row.updated_by != principal.name or now - row.updated_at > SESSION:
        return False
    described = (stored_change or {}).get("changeDescription")
    if not described or described.get("previousVersion") is None:
        return False
    changes = [change for kind in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted") for change in described[kind]]
    return not any(change["name"] in ("name", "deleted", REVERTED) for change in changes)
