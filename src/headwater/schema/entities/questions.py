# SPDX-License-Identifier: Apache-2.0
"""What is asked of data: metrics, and the queries that were run."""

from enum import StrEnum
from hashlib import md5
from typing import Any

from pydantic import Field, model_validator

from headwater.schema.base import (
    CreateRequest,
    Document,
    Entity,
    EntityReference,
    Model,
    ReferenceInput,
    TagInput,
    Votes,
)
from headwater.schema.declare import (
    CERTIFICATION,
    DATA_PRODUCTS,
    DOMAINS,
    EXTENSION,
    FOLLOWERS,
    OWNERS,
    SOFT_DELETE,
    TAGS,
    VOTES,
    Addition,
    Child,
    EntityType,
    Filter,
    Parent,
    Reference,
    VersionRules,
)
from headwater.schema.entities.data import Code
from headwater.schema.entities.governance import REVIEWERS
from headwater.schema.entities.shared import AssetState, Certification, EntityStatus, FieldName, Provider

# metrics ----------------------------------------------------------------------------------------------------------


class MetricType(StrEnum):
    """How a metric is computed."""

    COUNT = "COUNT"
    SUM = "SUM"
    AVERAGE = "AVERAGE"
    RATIO = "RATIO"
    PERCENTAGE = "PERCENTAGE"
    MIN = "MIN"
    MAX = "MAX"
    MEDIAN = "MEDIAN"
    MODE = "MODE"
    STANDARD_DEVIATION = "STANDARD_DEVIATION"
    VARIANCE = "VARIANCE"
    SIMPLE = "SIMPLE"
    CUMULATIVE = "CUMULATIVE"
    DERIVED = "DERIVED"
    CONVERSION = "CONVERSION"
    OTHER = "OTHER"


class UnitOfMeasurement(StrEnum):
    """What a metric counts; ``customUnitOfMeasurement`` says it where it is ``OTHER``."""

    COUNT = "COUNT"
    DOLLARS = "DOLLARS"
    PERCENTAGE = "PERCENTAGE"
    TIMESTAMP = "TIMESTAMP"
    SIZE = "SIZE"
    REQUESTS = "REQUESTS"
    EVENTS = "EVENTS"
    TRANSACTIONS = "TRANSACTIONS"
    OTHER = "OTHER"


class MetricGranularity(StrEnum):
    """The span of time that one value of a metric stands for."""

    SECOND = "SECOND"
    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class DimensionType(StrEnum):
    """Whether a dimension tells kinds or times apart."""

    CATEGORICAL = "CATEGORICAL"
    TIME = "TIME"


class MetricDimension(Model):
    """Something that a metric can be split by."""

    name: FieldName
    fully_qualified_name: str | None = None
    type: DimensionType | None = None
    description: str | None = None
    expression: str | None = None


class MetricMeasure(Model):
    """A number that a metric is made from."""

    name: FieldName
    fully_qualified_name: str | None = None
    aggregation: str | None = None
    description: str | None = None
    expression: str | None = None


class MetricFilter(Model):
    """A condition on the rows that a metric is made from."""

    where: str


class _MetricFields(Model):
    """What a metric says of itself, in requests and replies alike."""

    metric_expression: Code | None = None
    metric_type: MetricType | None = None
    unit_of_measurement: UnitOfMeasurement | None = None
    custom_unit_of_measurement: str | None = None
    granularity: MetricGranularity | None = None
    dimensions: list[MetricDimension] | None = None
    measures: list[MetricMeasure] | None = None
    filters: list[MetricFilter] | None = None
    related_metrics: list[ReferenceInput] | None = None
    assets: list[ReferenceInput] | None = None
    owners: list[ReferenceInput] | None = None
    reviewers: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    extension: Document | None = None
    provider: Provider = Provider.USER


class Metric(_MetricFields, AssetState, Entity):
    """A number by which something is judged."""

    derived_from: EntityReference | None = None
    followers: list[EntityReference] | None = None
    data_products: list[ReferenceInput] | None = None
    certification: Certification | None = None
    votes: Votes | None = None


class CreateMetric(_MetricFields, CreateRequest):
    """A request to create or update a metric."""


DATA_ASSETS = (
    "table",
    "mlmodel",
    "dashboard",
    "chart",
    "dashboardDataModel",
    "topic",
    "container",
    "searchIndex",
    "apiEndpoint",
    "storedProcedure",
    "pipeline",
)
"""The types whose entities hold or show data."""

METRIC = EntityType(
    name="metric",
    collection="metrics",
    entity=Metric,
    create=CreateMetric,
    references=(
        REVIEWERS,
        Reference(field="relatedMetrics", to=("metric",), many=True, put="absent"),
        Reference(field="assets", to=DATA_ASSETS, many=True, put="absent"),
    ),
    children=(
        Child(field="dimensions", segment="dimensions"),
        Child(field="measures", segment="measures"),
    ),
    traits=(OWNERS, DOMAINS, DATA_PRODUCTS, TAGS, FOLLOWERS, VOTES, EXTENSION, CERTIFICATION, SOFT_DELETE),
    defaults={"provider": "user"},
)

# queries ----------------------------------------------------------------------------------------------------------


class _QueryFields(Model):
    """What a query says of itself. ``queryDate`` is milliseconds since 1970, ``duration`` milliseconds.

    ``checksum`` is the MD5 of the text, by which connectors know a query again; it is the name where none is given.
    """

    query: str = Field(min_length=1)
    query_type: str | None = Field(None, alias="query_type")
    exclude_usage: bool | None = Field(None, alias="exclude_usage")
    duration: float | None = None
    query_date: int | None = None
    users: list[ReferenceInput] | None = None
    used_by: list[str] | None = None
    query_used_in: list[ReferenceInput] | None = None
    triggered_by: ReferenceInput | None = None
    processed_lineage: bool = False
    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    tags: list[TagInput] | None = None
    checksum: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _know_again(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("query"), str):
            return given
        checksum = md5(given["query"].encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        return {**given, "name": given.get("name") or checksum, "checksum": checksum}


class Query(_QueryFields, Entity):
    """A query that was run on a database."""

    service: EntityReference | None = None
    followers: list[EntityReference] | None = None
    votes: Votes | None = None
    entity_status: EntityStatus | None = None


class CreateQuery(_QueryFields, CreateRequest):
    """A request to create or update a query. ``dialect`` is the kind of SQL that it is written in."""

    service: ReferenceInput
    dialect: str | None = None


QUERY = EntityType(
    name="query",
    collection="queries",
    entity=Query,
    create=CreateQuery,
    parents=(Parent(field="service", to="databaseService"),),
    references=(
        Reference(field="users", to=("user",), many=True, put="absent"),
        Reference(field="queryUsedIn", to=DATA_ASSETS, many=True, put="absent"),
        Reference(field="triggeredBy", to=("storedProcedure", "pipeline")),
    ),
    traits=(OWNERS, DOMAINS, TAGS, FOLLOWERS, VOTES),
    versions=VersionRules(put_sticky=("usedBy",)),
    additions=(
        Addition(path="usage", member="queryUsedIn"),
        Addition(path="users", member="users"),
        Addition(path="usedBy", member="usedBy"),
    ),
    filters=(
        Filter(name="entityId", kind="id", member="queryUsedIn"),
        Filter(name="service", kind="ancestor", to="databaseService"),
    ),
    defaults={"processedLineage": False},
    hidden=("dialect",),
)
