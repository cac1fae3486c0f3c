# SPDX-License-Identifier: Apache-2.0
"""Whether what an entity says is elsewhere answers: its endpoint, its store, its dashboard."""

from enum import StrEnum

from pydantic import Field

from headwater.schema.base import EntityReference, Model

SERIES = "checks"
"""The series of an entity in which it stands that a target went down, and that it is up again."""


class CheckTarget(StrEnum):
    """What can be looked up of an entity."""

    ENDPOINT = "endpoint"
    STORE = "store"
    DASHBOARD = "dashboard"


class CheckedState(StrEnum):
    """How a target is. ``unknown``: it was down, and can no longer be looked up."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class CheckOutcome(StrEnum):
    """What came of looking once."""

    UP = "up"
    DOWN = "down"
    NOT_ALLOWED = "notAllowed"
    NOT_CHECKABLE = "notCheckable"


class TargetState(Model):
    """That a target is so since a moment, in milliseconds since 1970. Whoever watches it may say so."""

    target: CheckTarget
    state: CheckedState
    since: int
    reason: str | None = Field(None, max_length=500)


class Look(Model):
    """What came of looking at a target at a moment. ``took`` is milliseconds, ``status`` what a server answered."""

    target: CheckTarget
    timestamp: int
    outcome: CheckOutcome
    status: int | None = None
    took: int
    reason: str | None = None


class CheckedTarget(Model):
    """A target: where it is, how it is (there is no ``state`` while it has failed once only), and the newest look."""

    target: CheckTarget
    address: str | None = None
    state: CheckedState | None = None
    since: int | None = None
    last: Look | None = None


class CheckReport(Model):
    """What is known of the targets of an entity.

    ``inUse``: it is in production, by the settings. ``due``: when it is looked at next, if that is done regularly.
    """

    entity: EntityReference
    in_use: bool
    due: int | None = None
    targets: list[CheckedTarget]


class CheckReports(Model):
    """What is known of the targets of some entities."""

    data: list[CheckReport]


class Looks(Model):
    """What came of looking at an entity, newest first. ``after`` is how many to pass over next, if there is more."""

    data: list[Look]
    after: int | None = None
