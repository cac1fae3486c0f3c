# SPDX-License-Identifier: Apache-2.0
"""What OpenMetadata's connectors try when they test a connection, before they read anything.

A connector asks the server which steps to take and knows how to take them; each named here is known by the connector
of every version from 1.9 on. The first step decides: where it fails, the others are not tried.
"""

from uuid import NAMESPACE_URL, uuid5

from headwater.schema.base import Document, Model

SUFFIX = ".testConnectionDefinition"

SQL = ("CheckAccess", "GetSchemas", "GetTables", "GetViews")
CATALOGUED_SQL = ("CheckAccess", "GetDatabases", "GetSchemas", "GetTables", "GetViews")

STEPS: dict[tuple[str, ...], str] = {
    SQL: """Athena AzureSQL BigQuery Cassandra Clickhouse Cockroach Db2 Doris Druid Exasol Greenplum Hive Impala Iomete
        MariaDB Mysql Oracle PinotDB QuestDB SapHana SingleStore SQLite StarRocks Timescale Trino Vertica""",
    CATALOGUED_SQL: "Databricks Mssql Postgres Redshift Snowflake Teradata UnityCatalog",
    ("CheckAccess", "GetDatabases", "GetSchemas", "GetTables"): "Presto",
    ("CheckAccess", "GetDatabases", "GetCollections"): "MongoDB",
    ("CheckAccess", "GetDictionaries"): "BurstIQ",
    ("GetDatabases", "GetCollections"): "Couchbase",
    ("GetDatabases", "GetTables"): "DeltaLake Glue",
    ("GetInstances", "GetTables"): "BigTable",
    ("GetTables", "GetColumns"): "SapErp",
    ("GetTables",): "DomoDatabase",
    ("ListTables",): "DynamoDB",
    ("ListBuckets",): "Datalake GCS S3",
    ("GetModels",): "Mlflow SageMaker",
    ("GetDashboards",): "Grafana Lightdash Metabase PowerBI QlikCloud QlikSense QuickSight Redash",
    ("GetDashboards", "GetCharts"): "DomoDashboard",
    ("CheckAccess", "GetDashboards"): "Omni Ssrs Superset",
    ("CheckAccess", "ListDashboards"): "Looker",
    ("CheckDashboards",): "Mode",
    ("ServerInfo", "GetWorkbooks"): "Tableau",
    ("GetToken", "GetWorkbooks"): "Sigma",
    ("GetToken", "GetProjects"): "MicroStrategy",
    ("GetProjects",): "Hex",
    ("GetPipelines",): """Airbyte Dagster DatabricksPipeline DomoPipeline Fivetran Flink GluePipeline KafkaConnect Nifi
        Spline""",
    ("CheckAccess", "GetPipelines"): "Prefect",
    ("GetJobs", "GetRuns"): "DBTCloud",
    ("GetTopics",): "Kafka Kinesis PubSub Redpanda",
    ("CheckAccess", "GetSearchIndexes"): "ElasticSearch OpenSearch",
    ("CheckURL", "CheckSchema"): "Rest",
    ("CheckAccess", "ListDirectories"): "Sftp",
    ("CheckAccess", "GetDriveFiles"): "GoogleDrive",
    ("CheckAccess",): "Airflow AlationSink Amundsen Atlas SAS Salesforce",
}
"""The steps of each kind of service."""

CONNECTORS = {name: steps for steps, names in STEPS.items() for name in names.split()}

OPTIONAL = ("GetViews", "GetCharts")
"""Steps without which a connector still brings in most of what there is."""


class TestConnectionStep(Model):
    """One thing to try. A connector stops where a mandatory step fails; ``shortCircuit`` spares it the others."""

    __test__ = False

    name: str
    description: str
    error_message: str
    mandatory: bool
    short_circuit: bool


class TestConnectionDefinition(Model):
    """What to try, in order, to see whether a kind of service can be read."""

    __test__ = False

    id: str
    name: str
    display_name: str
    description: str
    fully_qualified_name: str
    version: float
    deleted: bool
    steps: list[TestConnectionStep]


def definition(name: str) -> Document | None:
    """The definition for a kind of service, by its name with or without the suffix; None for one that is unknown."""
    service = name.removesuffix(SUFFIX)
    steps = CONNECTORS.get(service)
    if steps is None:
        return None
    return {
        "id": str(uuid5(NAMESPACE_URL, f"headwater:{service}{SUFFIX}")),
        "name": service,
        "displayName": f"{service}: is it there, and can it be read?",
        "description": f"What is tried before metadata is read from a service of the kind {service}.",
        "fullyQualifiedName": service + SUFFIX,
        "version": 0.1,
        "deleted": False,
        "steps": [_step(step, first=place == 0) for place, step in enumerate(steps)],
    }


def _step(name: str, first: bool) -> Document:
    return {
        "name": name,
        "description": f"Try {name} with the credentials of the connection.",
        "errorMessage": f"{name} failed: the service did not answer, or the credentials do not allow it.",
        "mandatory": name not in OPTIONAL,
        "shortCircuit": first,
    }
