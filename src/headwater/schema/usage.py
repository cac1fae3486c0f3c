# SPDX-License-Identifier: Apache-2.0
"""How often entities are used, on the wire."""

from datetime import date as Date

from pydantic import Field

from headwater.schema.base import EntityReference, Model


class UsageRequest(Model):
    """How often something was used on a day."""

    date: Date
    count: int = Field(ge=0, le=2**53)


class UsageStats(Model):
    """A number of uses; the rank is the share, in per cent, of the other entities of the type that were used less."""

    count: int
    percentile_rank: float | None = None


class UsageDetails(Model):
    """Use on a day, and in the week and month that end with it."""

    date: Date
    daily_stats: UsageStats
    weekly_stats: UsageStats | None = None
    monthly_stats: UsageStats | None = None


class EntityUsage(Model):
    """How often an entity was used, by day."""

    entity: EntityReference
    usage: list[UsageDetails]
