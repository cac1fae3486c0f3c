# SPDX-License-Identifier: Apache-2.0
"""Pipelines: the services that run them, and their tasks."""

from datetime import datetime
from enum import StrEnum

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
from headwater.schema.declare import ASSET, SERVICE, Child, EntityType, Filter, Parent, Reference, VersionRules
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


class Pipeline(_PipelineFields, AssetFields, UsedAssetState, Entity):
    """A pipeline."""

    service: EntityReference | None = None
    service_type: PipelineServiceType | None = None
    end_date: datetime | None = None
    pipeline_status: Document | None = None


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
    traits=ASSET,
    versions=VersionRules(unversioned=UNVERSIONED),
    filters=(Filter(name="service", kind="ancestor", to="pipelineService"),),
)
