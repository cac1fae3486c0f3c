# SPDX-License-Identifier: Apache-2.0
"""Ingestion pipelines: which connector reads a service, with what configuration, and when."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from headwater.schema.base import CreateRequest, Document, Entity, EntityReference, Model, ReferenceInput
from headwater.schema.declare import DOMAINS, FOLLOWERS, OWNERS, SOFT_DELETE, EntityType, Filter, Parent, TimeSeries
from headwater.schema.entities.people import Email
from headwater.schema.entities.shared import Provider


class IngestionPipelineType(StrEnum):
    """What a pipeline brings in."""

    METADATA = "metadata"
    USAGE = "usage"
    LINEAGE = "lineage"
    PROFILER = "profiler"
    AUTO_CLASSIFICATION = "autoClassification"
    TEST_SUITE = "TestSuite"
    DATA_INSIGHT = "dataInsight"
    ELASTIC_SEARCH_REINDEX = "elasticSearchReindex"
    DBT = "dbt"
    APPLICATION = "application"
    POLICY_AGENT = "policyAgent"


class LogLevel(StrEnum):
    """How much a pipeline tells of what it does."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class SourceConfig(Model):
    """What to read; ``config`` is the connector's own. Its passwords and keys are stored apart."""

    config: Document | None = None


class AirflowConfig(Model):
    """When to run: ``scheduleInterval`` as cron writes it, times in ISO 8601, delays and limits in seconds."""

    pause_pipeline: bool | None = None
    concurrency: int | None = None
    start_date: str | None = None
    end_date: str | None = None
    pipeline_timezone: str | None = None
    retries: int | None = None
    retry_delay: int | None = None
    pipeline_catchup: bool | None = None
    schedule_interval: str | None = None
    max_active_runs: int | None = None
    workflow_timeout: int | None = None
    workflow_default_view: str | None = None
    workflow_default_view_orientation: str | None = None
    email: Email | None = None


class _IngestionPipelineFields(Model):
    """What an ingestion pipeline says of itself. What processes it lives outside the catalogue."""

    pipeline_type: IngestionPipelineType
    source_config: SourceConfig
    airflow_config: AirflowConfig
    logger_level: LogLevel = LogLevel.INFO
    raise_on_error: bool = True
    enable_streamable_logs: bool = False
    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None
    provider: Provider = Provider.USER
    processing_engine: EntityReference | None = None


class IngestionRun(Model):
    """A run of an ingestion pipeline, as far as it got. Times are milliseconds since 1970."""

    run_id: str
    pipeline_state: Literal["queued", "success", "failed", "running", "partialSuccess", "stopped"] | None = None
    start_date: int | None = None
    timestamp: int
    end_date: int | None = None
    status: list[Document] | None = None
    config: Document | None = None
    metadata: Document | None = None


class IngestionPipeline(_IngestionPipelineFields, Entity):
    """A connector that reads a service time and again."""

    service: EntityReference | None = None
    open_metadata_server_connection: Document | None = None
    pipeline_statuses: list[IngestionRun] | None = None
    deployed: bool | None = None
    enabled: bool = True
    followers: list[EntityReference] | None = None
    application_type: str | None = None
    ingestion_runner: EntityReference | None = None


class CreateIngestionPipeline(_IngestionPipelineFields, CreateRequest):
    """A request to create or update an ingestion pipeline of a service or test suite."""

    service: ReferenceInput = Field(description="With its type, since names of services may recur between types.")


INGESTED = (
    "mlmodelService",
    "databaseService",
    "dashboardService",
    "pipelineService",
    "messagingService",
    "storageService",
    "searchService",
    "apiService",
    "testSuite",
)
"""The types of what a pipeline may read."""

INGESTION_PIPELINE = EntityType(
    name="ingestionPipeline",
    collection="services/ingestionPipelines",
    entity=IngestionPipeline,
    create=CreateIngestionPipeline,
    parents=tuple(Parent(field="service", to=kind) for kind in INGESTED),
    traits=(OWNERS, DOMAINS, FOLLOWERS, SOFT_DELETE),
    series=(
        TimeSeries(
            name="pipelineStatus",
            entry=IngestionRun,
            moment="timestamp",
            key=("runId",),
            member="pipelineStatuses",
            listed=True,
        ),
    ),
    filters=(
        Filter(name="service", kind="parent"),
        Filter(name="testSuite", kind="parent", to="testSuite"),
        Filter(name="pipelineType", kind="value", member="pipelineType"),
    ),
    secrets=("sourceConfig", "openMetadataServerConnection"),
    defaults={
        "provider": "user",
        "enabled": True,
        "loggerLevel": "INFO",
        "raiseOnError": True,
        "enableStreamableLogs": False,
    },
)
