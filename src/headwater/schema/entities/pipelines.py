# SPDX-License-Identifier: Apache-2.0
"""Pipelines: the services that run them, and their tasks."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from headwater.schema.base import (
    CreateRequest,
    Document,
    Entity,
    EntityReference,
    Markdown,
    Model,
    ReferenceInput,
    TagInput,
)
from headwater.schema.declare import (
    ASSET,
    SERVICE,
    USAGE,
    Child,
    EntityType,
    Filter,
    Parent,
    Reference,
    TimeSeries,
    VersionRules,
)
from headwater.schema.entities.shared import (
    UNVERSIONED,
    AssetFields,
    CreateAssetFields,
    CreateStyledServiceFields,
    FieldName,
    SourceFields,
    StyledServiceFields,
    UsedAssetState,
)


class PipelineServiceType(StrEnum):
    """The kinds of system that run pipelines."""

    AIRFLOW = "Airflow"
    GLUE_PIPELINE = "GluePipeline"
    KINESIS_FIREHOSE = "KinesisFirehose"
    AIRBYTE = "Airbyte"
    FIVETRAN = "Fivetran"
    FLINK = "Flink"
    DAGSTER = "Dagster"
    NIFI = "Nifi"
    DOMO_PIPELINE = "DomoPipeline"
    CUSTOM_PIPELINE = "CustomPipeline"
    DATABRICKS_PIPELINE = "DatabricksPipeline"
    SPLINE = "Spline"
    SPARK = "Spark"
    OPEN_LINEAGE = "OpenLineage"
    PREFECT = "Prefect"
    KAFKA_CONNECT = "KafkaConnect"
    DBT_CLOUD = "DBTCloud"
    MATILLION = "Matillion"
    STITCH = "Stitch"
    DATA_FACTORY = "DataFactory"
    WHERESCAPE = "Wherescape"
    SSIS = "SSIS"
    SNOWPLOW = "Snowplow"
    MULESOFT = "Mulesoft"
    MICROSOFT_FABRIC_PIPELINE = "MicrosoftFabricPipeline"
    SAP_BW4_HANA_PIPELINE = "SapBw4HanaPipeline"


class PipelineService(StyledServiceFields, Entity):
    """A system that runs pipelines."""

    service_type: PipelineServiceType


class CreatePipelineService(CreateStyledServiceFields, CreateRequest):
    """A request to create or update a service that runs pipelines."""

    service_type: PipelineServiceType
    schedule_interval: str | None = None
    life_cycle: Document | None = None


PIPELINE_SERVICE = EntityType(
    name="pipelineService",
    collection="services/pipelineServices",
    entity=PipelineService,
    create=CreatePipelineService,
    traits=SERVICE,
    filters=(Filter(name="domain", kind="reference", to="domain", member="domains"),),
    renamable=True,
    fixed=("serviceType",),
    secrets=("connection",),
    hidden=("scheduleInterval", "lifeCycle"),
)


class Task(Model):
    """A step of a pipeline. ``downstreamTasks`` are the names of those that wait for it."""

    name: FieldName
    display_name: str | None = None
    description: Markdown | None = None
    fully_qualified_name: str | None = None
    source_url: str | None = None
    downstream_tasks: list[str] | None = None
    task_type: str | None = None
    task_sql: str | None = Field(None, alias="taskSQL")
    start_date: str | None = None
    end_date: str | None = None
    tags: list[TagInput] | None = None
    owners: list[ReferenceInput] | None = None


class PipelineState(StrEnum):
    """Whether a pipeline runs when its time comes."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"


class _PipelineFields(SourceFields):
    """What a pipeline says of itself. ``scheduleInterval`` is a cron expression or a preset such as ``@daily``."""

    tasks: list[Task] | None = None
    concurrency: int | None = None
    pipeline_location: str | None = None
    start_date: datetime | None = None
    schedule_interval: str | None = None
    state: PipelineState | None = None


class RunState(StrEnum):
    """What became of a run."""

    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    PENDING = "Pending"
    SKIPPED = "Skipped"


class DatasetUsage(Model):
    """Data that a run read."""

    dataset_fqn: str = Field(alias="datasetFQN")
    columns: list[str] | None = None
    row_count: int | None = None
    size_bytes: int | None = None
    filter: str | None = None
    version: str | None = None


class DatasetGeneration(Model):
    """Data that a run wrote."""

    dataset_fqn: str = Field(alias="datasetFQN")
    columns: list[str] | None = None
    row_count: int | None = None
    size_bytes: int | None = None
    mode: str | None = None
    partitions: list[str] | None = None
    version: str | None = None


class TaskMetrics(Model):
    """What a task took and did in one run."""

    rows_read: int | None = None
    rows_written: int | None = None
    rows_filtered: int | None = None
    execution_time_ms: int | None = None


class TaskStatus(Model):
    """What became of a task in one run."""

    name: str
    execution_status: RunState
    start_time: int | None = None
    end_time: int | None = None
    log_link: str | None = None
    task_id: str | None = None
    transformation_type: Literal["filter", "aggregate", "join", "pivot", "custom", "extract", "load"] | None = None
    transformation_logic: str | None = None
    inputs: list[DatasetUsage] | None = None
    outputs: list[DatasetGeneration] | None = None
    metrics: TaskMetrics | None = None


class ExecutionMetrics(Model):
    """What a run took."""

    total_rows_processed: int | None = None
    total_bytes_processed: int | None = None
    cpu_time: float | None = None
    memory_used: int | None = None
    cost: float | None = None


class ExecutionError(Model):
    """Why a run failed."""

    error_type: str | None = None
    error_message: str | None = None
    stack_trace: str | None = None
    failed_task: str | None = None


class PipelineStatus(Model):
    """A run of a pipeline. ``timestamp`` is when it began, in milliseconds since 1970."""

    timestamp: int
    execution_status: RunState
    task_status: list[TaskStatus] | None = None
    execution_id: str | None = None
    end_time: int | None = None
    version: str | None = None
    parameters: Document | None = None
    executed_by: EntityReference | None = None
    inputs: list[DatasetUsage] | None = None
    outputs: list[DatasetGeneration] | None = None
    metrics: ExecutionMetrics | None = None
    error: ExecutionError | None = None


class Pipeline(_PipelineFields, AssetFields, UsedAssetState, Entity):
    """A pipeline."""

    service: EntityReference | None = None
    service_type: PipelineServiceType | None = None
    end_date: datetime | None = None
    pipeline_status: PipelineStatus | None = None


class CreatePipeline(_PipelineFields, CreateAssetFields, CreateRequest):
    """A request to create or update a pipeline."""

    service: ReferenceInput


PIPELINE = EntityType(
    name="pipeline",
    collection="pipelines",
    entity=Pipeline,
    create=CreatePipeline,
    parents=(Parent(field="service", to="pipelineService", copies=("serviceType",)),),
    children=(
        Child(
            field="tasks",
            match="key",
            is_field=True,
            tagged=True,
            references=(Reference(field="owners", to=("user", "team"), many=True, put="keep"),),
        ),
    ),
    traits=(*ASSET, USAGE),
    series=(
        TimeSeries(
            name="status", entry=PipelineStatus, moment="timestamp", key=("timestamp",), member="pipelineStatus"
        ),
    ),
    versions=VersionRules(unversioned=UNVERSIONED),
    filters=(Filter(name="service", kind="ancestor", to="pipelineService"),),
)
