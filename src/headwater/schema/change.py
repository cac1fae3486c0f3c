# SPDX-License-Identifier: Apache-2.0
"""Answers about changes: the events of the feed, and what became of many requests at once."""

from pydantic import Field

from headwater.schema.base import ChangeDescription, Document, EntityReference, Model, Paging


class ChangeEvent(Model):
    """An entry of the change feed. ``position`` has no gaps and grows in the order of commits."""

    id: str
    position: int | None = None
    event_type: str
    entity_type: str
    entity_id: str
    entity_fully_qualified_name: str | None = None
    user_name: str
    timestamp: int
    previous_version: float | None = None
    current_version: float | None = None
    change_description: ChangeDescription | None = None


class EventFeed(Model):
    """Events beyond a position, oldest first. ``after`` is where to go on, ``newest`` where the log ends, ``oldest``
    the first position that was not pruned."""

    data: list[ChangeEvent]
    after: int
    newest: int
    oldest: int


class Activity(Model):
    """What happened to an entity, newest first. ``before`` is where to go on, if there is more."""

    data: list[ChangeEvent]
    before: int | None = None


class Notice(Model):
    """What somebody was told of an event."""

    title: str
    lines: list[str]
    link: str
    major: bool
    event: ChangeEvent


class Notices(Model):
    """What somebody was told, newest first. ``before`` is where to go on, if there is more."""

    data: list[Notice]
    before: int | None = None


class DestinationStatus(Model):
    """What became of one way to somebody; times in milliseconds. ``recipient`` is a user or team."""

    destination: str
    type: str
    category: str
    recipient: str | None = None
    status: str
    sent: int
    waiting: int
    dead: int
    last_successful_at: int | None = None
    last_failed_at: int | None = None
    last_failed_status_code: int | None = None
    last_failed_reason: str | None = None
    next_attempt: int | None = None
    timestamp: int


class DeliveryStatus(Model):
    """How far a subscription has come. ``dead`` counts what was given up and can be replayed."""

    subscription: str
    enabled: bool
    position: int
    newest: int
    sent: int
    waiting: int
    dead: int
    destinations: list[DestinationStatus]


class FailedEvent(Model):
    """An event that was given up, and why."""

    failing_subscription_id: str
    change_event: ChangeEvent
    reason: str
    source: str
    timestamp: int


class FailedEvents(Model):
    """Events that were given up, oldest first."""

    data: list[FailedEvent]
    paging: Paging


class Replayed(Model):
    """How many events are sent again."""

    replayed: int


class TestDestinations(Model):
    """A request to send a test message to destinations."""

    __test__ = False

    destinations: list[Document]


class DeleteStale(Model):
    """A request to delete what a connector did not find again.

    The scope is an entity above, by FQN and by the name of the list's filter for it (``service``, ``database``, …).
    """

    scope_fqn: str
    scope_entity_type: str
    seen_fqns: list[str]
    dry_run: bool | None = None
    hard_delete: bool | None = None
    recursive: bool | None = Field(None, description="Whether what is below goes too; true if absent.")


class BulkAssets(Model):
    """A request to add assets to an owner, domain or the like, or to remove them."""

    assets: list[EntityReference] | None = None
    dry_run: bool | None = None


class Comparison(Model):
    """What differs between two entities: what leads from the one to the other."""

    from_: EntityReference = Field(alias="from")
    to: EntityReference
    change_description: ChangeDescription


class Job(Model):
    """What is said of work that a caller need not wait for. Ours is done by the time that this is read."""

    job_id: str
    message: str
    entity_name: str | None = None
    hard_delete: bool | None = None
    recursive: bool | None = None


class BulkRow(Model):
    """What became of one row. ``request`` is the FQN of the entity, or the name in a request that failed."""

    request: str
    message: str
    status: int


class BulkResult(Model):
    """What became of a bulk request. ``status`` is ``success``, ``partialSuccess`` or ``failure``."""

    dry_run: bool
    status: str
    number_of_rows_processed: int
    number_of_rows_passed: int
    number_of_rows_failed: int
    success_request: list[BulkRow] = Field(default_factory=list)
    failed_request: list[BulkRow] = Field(default_factory=list)
