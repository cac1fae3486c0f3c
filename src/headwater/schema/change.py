# SPDX-License-Identifier: Apache-2.0
"""Answers about changes: the events of the feed, and what became of many requests at once."""

from pydantic import Field

from headwater.schema.base import ChangeDescription, Model


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
