# SPDX-License-Identifier: Apache-2.0
"""What profilers, query logs and dbt tell of data beside what it is: measured values, samples, joins, models.

Times are milliseconds since 1970. A proportion is of the values that were looked at, from 0 to 1.
"""

from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from headwater.schema.base import Document, Markdown, Model, Name, ReferenceInput

Cell = Any
"""A value of a column, as JSON writes it."""


class ProfileSampleType(StrEnum):
    """In what a sample is measured."""

    PERCENTAGE = "PERCENTAGE"
    ROWS = "ROWS"


class MetricValue(Model):
    """What one metric of a catalogue's own came to."""

    name: str | None = None
    value: float | None = None


class TableProfile(Model):
    """A table as it was measured at one moment."""

    timestamp: int
    column_count: float | None = None
    row_count: float | None = None
    size_in_byte: float | None = None
    create_date_time: datetime | None = None
    custom_metrics: list[MetricValue] | None = None
    profile_sample: float | None = None
    profile_sample_type: ProfileSampleType | None = None


class Histogram(Model):
    """How often values fall between boundaries."""

    boundaries: list[Cell] | None = None
    frequencies: list[Cell] | None = None


class CardinalityDistribution(Model):
    """How often each of the commonest values occurs."""

    categories: list[str] | None = None
    counts: list[int] | None = None
    percentages: list[float] | None = None
    all_values_unique: bool | None = None


class ColumnProfile(Model):
    """A column as it was measured at one moment."""

    name: str
    timestamp: int
    values_count: float | None = None
    values_percentage: float | None = None
    valid_count: float | None = None
    duplicate_count: float | None = None
    null_count: float | None = None
    null_proportion: float | None = None
    missing_percentage: float | None = None
    missing_count: float | None = None
    unique_count: float | None = None
    unique_proportion: float | None = None
    distinct_count: float | None = None
    distinct_proportion: float | None = None
    min: float | int | str | None = None
    max: float | int | str | None = None
    min_length: float | None = None
    max_length: float | None = None
    mean: float | None = None
    sum: float | None = None
    stddev: float | None = None
    variance: float | None = None
    median: float | None = None
    first_quartile: float | None = None
    third_quartile: float | None = None
    inter_quartile_range: float | None = None
    non_parametric_skew: float | None = None
    histogram: Histogram | None = None
    custom_metrics: list[MetricValue] | None = None
    cardinality_distribution: CardinalityDistribution | None = None


class SystemProfile(Model):
    """How many rows the database itself says that an operation touched."""

    timestamp: int
    operation: Literal["UPDATE", "INSERT", "DELETE", "WRITE"]
    rows_affected: int | None = None


class CreateTableProfile(Model):
    """What one run of a profiler measured."""

    table_profile: TableProfile
    column_profile: list[ColumnProfile] | None = None
    system_profile: list[SystemProfile] | None = None


DISTRIBUTION = "distribution"
"""The series of the distributions of columns and of what models take. OpenMetadata has no place for them."""

Count = Annotated[int, Field(ge=0)]
Listed = Annotated[list[Count], Field(max_length=1001)]


class NumberDistribution(Model):
    """A cumulative distribution at some of its values, in rising order, from the smallest to the greatest: ``below[i]``
    numbers are less than ``values[i]``, ``atMost[i]`` not more."""

    values: Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(max_length=1001)]
    below: Listed
    at_most: Listed

    @model_validator(mode="after")
    def _rises(self) -> "NumberDistribution":
        if not len(self.values) == len(self.below) == len(self.at_most):
            raise ValueError("values, below and atMost must be of one length")
        counts = [count for pair in zip(self.below, self.at_most, strict=True) for count in pair]
        if any(one >= other for one, other in pairwise(self.values)):
            raise ValueError("values must rise")
        if self.below[:1] not in ([], [0]) or any(one > other for one, other in pairwise(counts)):
            raise ValueError("below and atMost must begin with 0 below the first value, and never fall")
        return self


class CategoryCount(Model):
    """A value, and in how many rows it stands."""

    value: str
    count: Count


class ColumnDistribution(Model):
    """How the values of a column, or of what a model takes, were distributed at one moment.

    Either ``numbers``, or ``categories`` with the number of rows in which none of them stands (``others``), or, for
    what is neither, only how many rows there were and in how many there was no value.
    """

    name: str
    timestamp: int
    rows: Count
    nulls: Count = 0
    numbers: NumberDistribution | None = None
    categories: Annotated[list[CategoryCount], Field(max_length=1000)] | None = None
    others: Count | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> "ColumnDistribution":
        if self.numbers is not None and self.categories is not None:
            raise ValueError("values are numbers or categories, not both")
        told = None
        if self.numbers is not None:
            told = self.numbers.at_most[-1] if self.numbers.at_most else 0
        if self.categories is not None:
            told = sum(one.count for one in self.categories) + (self.others or 0)
        if self.nulls > self.rows or told not in (None, self.rows - self.nulls):
            raise ValueError(f"{self.name} has {told} values and {self.nulls} nulls in {self.rows} rows")
        return self


class CreateDistribution(Model):
    """What was measured of a table at one moment, recorded at once: what OpenMetadata's profiles hold, and
    distributions."""

    distribution: list[ColumnDistribution]
    table_profile: TableProfile | None = None
    column_profile: list[ColumnProfile] | None = None


class TableData(Model):
    """Some rows of a table, for people to see what is in it."""

    columns: list[str] | None = None
    rows: list[list[Cell]] | None = None


class SampleMessages(Model):
    """Some messages or documents, as texts, for people to see what is in there."""

    messages: list[str] | None = None


class JoinedWith(Model):
    """A column or table, by FQN, and how often queries joined it."""

    fully_qualified_name: str
    join_count: int


class ColumnJoins(Model):
    """What one column was joined with."""

    column_name: str | None = None
    joined_with: list[JoinedWith] | None = None


class TableJoins(Model):
    """What queries joined a table with, within so many days from a date on."""

    start_date: date | None = None
    day_count: int | None = None
    column_joins: list[ColumnJoins] | None = None
    direct_table_joins: list[JoinedWith] | None = None


class ProfiledColumn(Model):
    """Which metrics of a column a profiler shall measure."""

    column_name: str | None = None
    metrics: list[str] | None = None


class PartitionProfilerConfig(Model):
    """Which partitions of a table a profiler shall look at."""

    enable_partitioning: bool | None = None
    partition_column_name: str | None = None
    partition_interval_type: (
        Literal["TIME-UNIT", "INTEGER-RANGE", "INGESTION-TIME", "COLUMN-VALUE", "INJECTED", "ENUM", "OTHER"] | None
    ) = None
    partition_interval: int | None = None
    partition_interval_unit: Literal["YEAR", "MONTH", "DAY", "HOUR"] | None = None
    partition_values: list[Cell] | None = None
    partition_integer_range_start: int | None = None
    partition_integer_range_end: int | None = None


class SparkPartitioning(Model):
    """How Spark shall cut a table to read it."""

    partition_column: str
    lower_bound: str | None = None
    upper_bound: str | None = None


class SparkTableProfilerConfig(Model):
    """What Spark needs to know to profile a table."""

    partitioning: SparkPartitioning | None = None


class ProfileSampleConfig(Model):
    """How a profiler draws its sample: a fixed part, or one that depends on the size of the table."""

    sample_config_type: Literal["STATIC", "DYNAMIC"] | None = None
    config: Document | None = None


class TableProfilerConfig(Model):
    """What a profiler shall do with a table."""

    sample_data_count: int | None = None
    randomized_sample: bool | None = None
    profile_query: str | None = None
    exclude_columns: list[str] | None = None
    include_columns: list[ProfiledColumn] | None = None
    partitioning: PartitionProfilerConfig | None = None
    compute_table_metrics: bool | None = None
    compute_column_metrics: bool | None = None
    spark_table_profiler_config: SparkTableProfilerConfig | None = None
    profile_sample_config: ProfileSampleConfig | None = None


class CustomMetric(Model):
    """A metric of a catalogue's own: an SQL expression that a profiler computes."""

    id: str | None = None
    name: Name
    description: Markdown | None = None
    column_name: str | None = None
    expression: str
    owners: list[ReferenceInput] | None = None
    updated_at: int | None = None
    updated_by: str | None = None
