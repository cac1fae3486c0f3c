# SPDX-License-Identifier: Apache-2.0
"""Event subscriptions: which changes somebody wants to hear of, and how they are told."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from cronsim import CronSim, CronSimError
from pydantic import Field, ValidationError, model_validator

from headwater.schema.alerting import EVERYTHING, OTHER_RESOURCES, condition_of, parsed
from headwater.schema.base import CreateRequest, Document, Entity, EntityReference, Model, ReferenceInput, wire
from headwater.schema.declare import DOMAINS, OWNERS, Child, EntityType, Filter
from headwater.schema.entities.shared import Provider


class AlertType(StrEnum):
    """What a subscription is for."""

    NOTIFICATION = "Notification"
    OBSERVABILITY = "Observability"
    ACTIVITY_FEED = "ActivityFeed"
    GOVERNANCE_WORKFLOW_CHANGE_EVENT = "GovernanceWorkflowChangeEvent"
    CUSTOM = "Custom"


class TriggerType(StrEnum):
    """Whether a subscription tells at once or now and then."""

    REAL_TIME = "RealTime"
    SCHEDULED = "Scheduled"


class ScheduleInfo(StrEnum):
    """How often a scheduled subscription tells; ``Custom`` has a cron expression."""

    DAILY = "Daily"
    WEEKLY = "Weekly"
    MONTHLY = "Monthly"
    CUSTOM = "Custom"


CRON = {ScheduleInfo.DAILY: "0 0 * * *", ScheduleInfo.WEEKLY: "0 0 * * 1", ScheduleInfo.MONTHLY: "0 0 1 * *"}
"""What the schedules mean, in UTC."""


class Trigger(Model):
    """When a subscription tells."""

    trigger_type: TriggerType
    schedule_info: ScheduleInfo | None = None
    cron_expression: str | None = None

    @model_validator(mode="after")
    def _has_its_schedule(self) -> "Trigger":
        if self.schedule_info == ScheduleInfo.CUSTOM and not self.cron_expression:
            raise ValueError("a Custom schedule needs a cronExpression")
        try:
            self.following(datetime.now(UTC))
        except (CronSimError, StopIteration) as error:
            raise ValueError(f"cronExpression: {self.cron_expression!r} is no schedule: {error}") from error
        return self

    def following(self, moment: datetime) -> datetime:
        """The first moment after one at which what happened until then is told; itself, if that is at once."""
        if self.trigger_type == TriggerType.REAL_TIME:
            return moment
        how_often = self.schedule_info or ScheduleInfo.WEEKLY
        cron = self.cron_expression if how_often == ScheduleInfo.CUSTOM else CRON[how_often]
        following: datetime = next(CronSim(cron or "", moment))
        return following


class FilterEffect(StrEnum):
    """Whether a match lets an event pass or holds it back."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


class PrefixCondition(StrEnum):
    """How a filter joins the one before it."""

    AND = "AND"
    OR = "OR"


class Argument(Model):
    """What a filter is told."""

    name: str | None = None
    input: list[str] | None = None


class EventFilter(Model):
    """One question that is asked of an event, by the name of a function."""

    name: str | None = None
    effect: FilterEffect = FilterEffect.INCLUDE
    prefix_condition: PrefixCondition = PrefixCondition.AND
    arguments: list[Argument] | None = None


class AlertInput(Model):
    """The questions that are asked of an event."""

    filters: list[EventFilter] | None = None
    actions: list[EventFilter] | None = None


class FilterRule(Model):
    """A question as an expression."""

    name: str | None = None
    display_name: str | None = None
    fully_qualified_name: str | None = None
    description: str | None = None
    effect: FilterEffect
    condition: str
    arguments: list[str] | None = None
    input_type: str | None = None
    prefix_condition: PrefixCondition = PrefixCondition.AND

    @model_validator(mode="after")
    def _can_be_asked(self) -> "FilterRule":
        parsed(self.condition)
        return self


class FilteringRules(Model):
    """The types of entities whose events are looked at (``all``), and expressions that are asked of these."""

    resources: list[str]
    rules: list[FilterRule] | None = None
    actions: list[FilterRule] | None = None


class SubscriptionCategory(StrEnum):
    """Who is told: people who have to do with the entity, or an address."""

    USERS = "Users"
    TEAMS = "Teams"
    ADMINS = "Admins"
    ASSIGNEES = "Assignees"
    OWNERS = "Owners"
    MENTIONS = "Mentions"
    FOLLOWERS = "Followers"
    EXTERNAL = "External"


class SubscriptionType(StrEnum):
    """By which way somebody is told."""

    WEBHOOK = "Webhook"
    SLACK = "Slack"
    MS_TEAMS = "MsTeams"
    G_CHAT = "GChat"
    EMAIL = "Email"
    ACTIVITY_FEED = "ActivityFeed"
    GOVERNANCE_WORKFLOW_CHANGE_EVENT = "GovernanceWorkflowChangeEvent"


NOT_HERE = {
    SubscriptionCategory.ASSIGNEES: "there are no tasks here, so nobody is assigned one",
    SubscriptionCategory.MENTIONS: "there are no conversations here, so nobody is mentioned",
    SubscriptionType.GOVERNANCE_WORKFLOW_CHANGE_EVENT: "there are no workflows here",
}
"""Who and what OpenMetadata can tell, and Headwater cannot."""

POSTED = (SubscriptionType.WEBHOOK, SubscriptionType.SLACK, SubscriptionType.MS_TEAMS, SubscriptionType.G_CHAT)
"""The ways that need the URL of an endpoint."""


class Destination(Model):
    """Who is told, and how; timeouts in seconds. Keys and passwords in ``config`` are stored apart.

    ``statusDetails`` is what OpenMetadata's clients send back as they read it; it is asked for apart, and not kept.
    With ``notifyDownstream``, the people of what is made from the entity are told too, up to ``downstreamDepth`` hops.
    """

    id: str | None = None
    category: SubscriptionCategory
    type: SubscriptionType
    status_details: Document | None = None
    timeout: int | None = Field(None, ge=1)
    read_timeout: int | None = Field(None, ge=1)
    enabled: bool | None = None
    config: Document | None = None
    notify_downstream: bool | None = None
    downstream_depth: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _can_be_reached(self) -> "Destination":
        self.status_details = None
        for word in (self.category, self.type):
            if word in NOT_HERE:
                raise ValueError(f"nothing can be sent to {word}: {NOT_HERE[word]}")
        if self.category != SubscriptionCategory.EXTERNAL:
            return self
        config = self.config or {}
        if self.type in POSTED and urlsplit(str(config.get("endpoint"))).scheme not in ("http", "https"):
            raise ValueError(f"an External destination of type {self.type} needs config.endpoint, a URL")
        if self.type == SubscriptionType.EMAIL and not config.get("receivers"):
            raise ValueError("an External destination of type Email needs config.receivers")
        return self


class _EventSubscriptionFields(Model):
    """What a subscription says of itself; ``pollInterval`` in seconds.

    Where there is an ``input``, the rules and actions of ``filteringRules`` are what its filters stand for.
    """

    class_name: str | None = None
    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    alert_type: AlertType
    trigger: Trigger | None = None
    input: AlertInput | None = None
    filtering_rules: FilteringRules | None = None
    notification_template: EntityReference | None = None
    enabled: bool = True
    batch_size: int = Field(10, ge=1)
    retries: int = Field(3, ge=0)
    poll_interval: int = Field(10, ge=1)
    provider: Provider = Provider.USER
    config: Document | None = None

    @model_validator(mode="after")
    def _has_the_rules_of_its_input(self) -> "_EventSubscriptionFields":
        if self.input is not None:
            given = self.filtering_rules.resources if self.filtering_rules else [EVERYTHING]
            lists = {name: [*_rules(name, getattr(self.input, name) or ())] for name in ("filters", "actions")}
            self.filtering_rules = FilteringRules(
                resources=given, rules=lists["filters"] or None, actions=lists["actions"] or None
            )
        return self


def _rules(member: str, filters: Iterable[EventFilter]) -> Iterator[FilterRule]:
    for number, one in enumerate(filters):
        arguments = {argument.name or "": argument.input or [] for argument in one.arguments or ()}
        try:
            condition = condition_of(one.name or "", arguments)
            yield FilterRule(
                name=one.name,
                effect=one.effect,
                condition=condition,
                arguments=list(arguments),
                prefix_condition=one.prefix_condition,
            )
        except ValidationError as error:
            fault = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ValueError(f"input.{member}.{number}: {fault}") from error
        except ValueError as error:
            raise ValueError(f"input.{member}.{number}: {error}") from error


class EventSubscription(_EventSubscriptionFields, Entity):
    """A wish to be told of changes."""

    destinations: list[Destination]


class CreateEventSubscription(_EventSubscriptionFields, CreateRequest):
    """A request to create or update a subscription. ``resources`` are kept in ``filteringRules``."""

    destinations: list[Destination] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _keeps_resources(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "resources" not in given:
            return given
        rest = {member: value for member, value in given.items() if member != "resources"}
        return rest if given["resources"] is None else {**rest, "filteringRules": {"resources": given["resources"]}}


SEEDS: tuple[Document, ...] = (
    {
        "name": "ModelOwners",
        "displayName": "Major changes of models",
        "description": "Owners of a model hear of changes of it that can break somebody, and of its deletion.",
        "resources": ["mlmodel"],
        "input": {"filters": [{"name": "isMajor"}]},
    },
    {
        "name": "ModelSources",
        "displayName": "Changes that break the sources of models",
        "description": "Owners of a model hear when a column that it is made from, at any number of hops, goes away "
        "or gets another type.",
        "resources": [EVERYTHING],
        "input": {"filters": [{"name": "sourceBreaks"}]},
    },
    {
        "name": "ModelEndpoints",
        "displayName": "Endpoints, stores and dashboards that do not answer",
        "description": "Owners of a model hear when its endpoint, store or dashboard no longer answers, or that of a "
        "version or deployment of it, and when it answers again.",
        "resources": ["mlmodel", "mlmodelVersion", "mlmodelDeployment"],
        "input": {"filters": [{"name": "endpointDown"}, {"name": "endpointUp", "prefixCondition": "OR"}]},
    },
)
"""What every catalogue tells the owners of models, unless it is disabled: by mail where that is set up, else in their
activity feeds. Experiments with features are minor changes, and nobody hears of those."""


EVENT_SUBSCRIPTION = EntityType(
    name="eventSubscription",
    collection="events/subscriptions",
    entity=EventSubscription,
    create=CreateEventSubscription,
    children=(Child(field="destinations", match="key", key=("id",), named=False, identified=("category", "type")),),
    traits=(OWNERS, DOMAINS),
    filters=(Filter(name="alertType", kind="value", member="alertType"),),
    secrets=("destinations", "config"),
    type_names=("filteringRules.resources",),
    other_names=(EVERYTHING, *OTHER_RESOURCES),
    seeds=tuple(
        wire(
            CreateEventSubscription.model_validate(
                {
                    **seed,
                    "alertType": "Notification",
                    "provider": "system",
                    "trigger": {"triggerType": "RealTime"},
                    "destinations": [{"category": "Owners", "type": "Email"}],
                }
            )
        )
        for seed in SEEDS
    ),
    defaults={
        "destinations": [],
        "enabled": True,
        "batchSize": 10,
        "retries": 3,
        "pollInterval": 10,
        "provider": "user",
    },
)
