# SPDX-License-Identifier: Apache-2.0
"""Databases: services, the databases in them, their schemas, and tables with their columns."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field, field_validator, model_validator

from headwater.schema.base import (
    CreateRequest,
    Document,
    Entity,
    EntityReference,
    Markdown,
    Model,
    ReferenceInput,
    TagInput,
    TagLabel,
)
from headwater.schema.declare import (
    ASSET,
    SERVICE,
    USAGE,
    Child,
    EntityType,
    Filter,
    Inverse,
    Narrowing,
    Parent,
    SqlLineage,
    TimeSeries,
    VersionRules,
)
from headwater.schema.entities.profiling import (
    DISTRIBUTION,
    ColumnDistribution,
    ColumnProfile,
    CreateDistribution,
    CreateTableProfile,
    CustomMetric,
    SystemProfile,
    TableData,
    TableJoins,
    TableProfile,
    TableProfilerConfig,
)
from headwater.schema.entities.shared import (
    UNVERSIONED,
    AssetFields,
    AssetState,
    CreateAssetFields,
    CreateStyledServiceFields,
    FieldName,
    SourceFields,
    StyledServiceFields,
    UsedAssetState,
)

# services, databases, schemas -------------------------------------------------------------------------------------


class DatabaseServiceType(StrEnum):
    """The kinds of system that hold tables."""

    BIGQUERY = "BigQuery"
    BIGTABLE = "BigTable"
    MYSQL = "Mysql"
    REDSHIFT = "Redshift"
    SNOWFLAKE = "Snowflake"
    POSTGRES = "Postgres"
    TIMESCALE = "Timescale"
    MSSQL = "Mssql"
    MICROSOFT_ACCESS = "MicrosoftAccess"
    ORACLE = "Oracle"
    ATHENA = "Athena"
    HIVE = "Hive"
    IMPALA = "Impala"
    PRESTO = "Presto"
    TRINO = "Trino"
    VERTICA = "Vertica"
    GLUE = "Glue"
    MARIADB = "MariaDB"
    DRUID = "Druid"
    DB2 = "Db2"
    CLICKHOUSE = "Clickhouse"
    DATABRICKS = "Databricks"
    AZURE_SQL = "AzureSQL"
    DYNAMODB = "DynamoDB"
    SINGLE_STORE = "SingleStore"
    SQLITE = "SQLite"
    DELTA_LAKE = "DeltaLake"
    SALESFORCE = "Salesforce"
    PINOTDB = "PinotDB"
    DATALAKE = "Datalake"
    DOMO_DATABASE = "DomoDatabase"
    QUERY_LOG = "QueryLog"
    CUSTOM_DATABASE = "CustomDatabase"
    DBT = "Dbt"
    SAP_HANA = "SapHana"
    SAP_SUCCESS_FACTORS = "SapSuccessFactors"
    MONGODB = "MongoDB"
    CASSANDRA = "Cassandra"
    COUCHBASE = "Couchbase"
    GREENPLUM = "Greenplum"
    DORIS = "Doris"
    STAR_ROCKS = "StarRocks"
    UNITY_CATALOG = "UnityCatalog"
    SAS = "SAS"
    TERADATA = "Teradata"
    SAP_ERP = "SapErp"
    SYNAPSE = "Synapse"
    EXASOL = "Exasol"
    COCKROACH = "Cockroach"
    SSAS = "SSAS"
    EPIC = "Epic"
    SERVICE_NOW = "ServiceNow"
    DREMIO = "Dremio"
    MICROSOFT_FABRIC = "MicrosoftFabric"
    BURST_IQ = "BurstIQ"
    INFORMIX = "Informix"
    IOMETE = "Iomete"
    QUESTDB = "QuestDB"
    SAP_BW4_HANA = "SapBw4Hana"


class DatabaseService(StyledServiceFields, Entity):
    """A system that holds databases."""

    service_type: DatabaseServiceType


class CreateDatabaseService(CreateStyledServiceFields, CreateRequest):
    """A request to create or update a service that holds databases."""

    service_type: DatabaseServiceType


DATABASE_SERVICE = EntityType(
    name="databaseService",
    collection="services/databaseServices",
    entity=DatabaseService,
    create=CreateDatabaseService,
    traits=SERVICE,
    filters=(Filter(name="domain", kind="reference", to="domain", member="domains"),),
    renamable=True,
    fixed=("serviceType",),
    secrets=("connection",),
)


class _Retained(SourceFields):
    """What databases, schemas and tables say alike. ``retentionPeriod`` is an ISO 8601 duration."""

    retention_period: str | None = None


class _DatabaseFields(_Retained):
    default: bool = Field(False, description="Whether it stands for a source that has no databases of its own.")


class Database(_DatabaseFields, AssetFields, UsedAssetState, Entity):
    """A database of a service."""

    service: EntityReference | None = None
    service_type: DatabaseServiceType | None = None
    database_schemas: list[EntityReference] | None = None
    location: EntityReference | None = None
    database_profiler_config: Document | None = None


class CreateDatabase(_DatabaseFields, CreateAssetFields, CreateRequest):
    """A request to create or update a database."""

    service: ReferenceInput


DATABASE = EntityType(
    name="database",
    collection="databases",
    entity=Database,
    create=CreateDatabase,
    parents=(Parent(field="service", to="databaseService", copies=("serviceType",)),),
    traits=(*ASSET, USAGE),
    versions=VersionRules(unversioned=UNVERSIONED),
    filters=(Filter(name="service", kind="ancestor", to="databaseService"),),
    inverses=(Inverse(field="databaseSchemas", of="databaseSchema", member="database"),),
    defaults={"default": False},
)


class DatabaseSchema(_Retained, AssetFields, UsedAssetState, Entity):
    """A schema of a database."""

    database: EntityReference | None = None
    service: EntityReference | None = None
    service_type: DatabaseServiceType | None = None
    tables: list[EntityReference] | None = None
    database_schema_profiler_config: Document | None = None


class CreateDatabaseSchema(_Retained, CreateAssetFields, CreateRequest):
    """A request to create or update a schema."""

    database: ReferenceInput


DATABASE_SCHEMA = EntityType(
    name="databaseSchema",
    collection="databaseSchemas",
    entity=DatabaseSchema,
    create=CreateDatabaseSchema,
    parents=(Parent(field="database", to="database", copies=("service", "serviceType")),),
    traits=(*ASSET, USAGE),
    versions=VersionRules(unversioned=UNVERSIONED),
    filters=(
        Filter(name="database", kind="ancestor", to="database"),
        Filter(name="service", kind="ancestor", to="databaseService"),
    ),
    inverses=(Inverse(field="tables", of="table", member="databaseSchema"),),
)


# tables -----------------------------------------------------------------------------------------------------------


class DataType(StrEnum):
    """The type of a column, across all kinds of database; ``HEIRARCHY`` is how the standard spells it."""

    NUMBER = "NUMBER"
    TINYINT = "TINYINT"
    SMALLINT = "SMALLINT"
    INT = "INT"
    BIGINT = "BIGINT"
    BYTEINT = "BYTEINT"
    BYTES = "BYTES"
    FLOAT = "FLOAT"
    DOUBLE = "DOUBLE"
    DECIMAL = "DECIMAL"
    NUMERIC = "NUMERIC"
    TIMESTAMP = "TIMESTAMP"
    TIMESTAMPZ = "TIMESTAMPZ"
    TIME = "TIME"
    DATE = "DATE"
    DATETIME = "DATETIME"
    INTERVAL = "INTERVAL"
    STRING = "STRING"
    MEDIUMTEXT = "MEDIUMTEXT"
    TEXT = "TEXT"
    CHAR = "CHAR"
    LONG = "LONG"
    VARCHAR = "VARCHAR"
    BOOLEAN = "BOOLEAN"
    BINARY = "BINARY"
    VARBINARY = "VARBINARY"
    ARRAY = "ARRAY"
    BLOB = "BLOB"
    LONGBLOB = "LONGBLOB"
    MEDIUMBLOB = "MEDIUMBLOB"
    MAP = "MAP"
    STRUCT = "STRUCT"
    UNION = "UNION"
    SET = "SET"
    GEOGRAPHY = "GEOGRAPHY"
    ENUM = "ENUM"
    JSON = "JSON"
    UUID = "UUID"
    VARIANT = "VARIANT"
    GEOMETRY = "GEOMETRY"
    BYTEA = "BYTEA"
    AGGREGATEFUNCTION = "AGGREGATEFUNCTION"
    ERROR = "ERROR"
    FIXED = "FIXED"
    RECORD = "RECORD"
    NULL = "NULL"
    SUPER = "SUPER"
    HLLSKETCH = "HLLSKETCH"
    PG_LSN = "PG_LSN"
    PG_SNAPSHOT = "PG_SNAPSHOT"
    TSQUERY = "TSQUERY"
    TXID_SNAPSHOT = "TXID_SNAPSHOT"
    XML = "XML"
    MACADDR = "MACADDR"
    TSVECTOR = "TSVECTOR"
    UNKNOWN = "UNKNOWN"
    CIDR = "CIDR"
    INET = "INET"
    CLOB = "CLOB"
    ROWID = "ROWID"
    LOWCARDINALITY = "LOWCARDINALITY"
    YEAR = "YEAR"
    POINT = "POINT"
    POLYGON = "POLYGON"
    TUPLE = "TUPLE"
    SPATIAL = "SPATIAL"
    TABLE = "TABLE"
    NTEXT = "NTEXT"
    IMAGE = "IMAGE"
    IPV4 = "IPV4"
    IPV6 = "IPV6"
    DATETIMERANGE = "DATETIMERANGE"
    HLL = "HLL"
    LARGEINT = "LARGEINT"
    QUANTILE_STATE = "QUANTILE_STATE"
    AGG_STATE = "AGG_STATE"
    BITMAP = "BITMAP"
    UINT = "UINT"
    BIT = "BIT"
    MONEY = "MONEY"
    MEASURE_HIDDEN = "MEASURE HIDDEN"
    MEASURE_VISIBLE = "MEASURE VISIBLE"
    MEASURE = "MEASURE"
    KPI = "KPI"
    HEIRARCHY = "HEIRARCHY"
    HIERARCHYID = "HIERARCHYID"


class Constraint(StrEnum):
    """What a single column promises of its values."""

    NULL = "NULL"
    NOT_NULL = "NOT_NULL"
    UNIQUE = "UNIQUE"
    PRIMARY_KEY = "PRIMARY_KEY"


NEEDS_LENGTH = (DataType.CHAR, DataType.VARCHAR, DataType.BINARY, DataType.VARBINARY)
"""The types of columns that must state their ``dataLength``."""


class Column(Model):
    """A column, or a member of a structured one. ``dataLength`` counts characters or bytes."""

    name: FieldName
    data_type: DataType
    display_name: str | None = None
    description: Markdown | None = None
    fully_qualified_name: str | None = None
    array_data_type: DataType | None = Field(None, description="What an `ARRAY` holds.")
    data_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    data_type_display: str | None = Field(None, description="The type as the database writes it.")
    constraint: Constraint | None = None
    ordinal_position: int | None = None
    json_schema: str | None = Field(None, description="The shape of a `JSON` column's values.")
    tags: list[TagInput] | None = None
    children: list["Column"] | None = Field(None, description="The members of a structured column.")
    profile: ColumnProfile | None = Field(None, description="The newest, shown on request and never stored.")
    custom_metrics: list[CustomMetric] | None = None
    extension: Document | None = None

    @field_validator("children")
    @classmethod
    def _no_name_twice(cls, children: list["Column"] | None) -> list["Column"] | None:
        refuse_repeated(children or ())
        return children

    @model_validator(mode="after")
    def _type_is_complete(self) -> "Column":
        if self.data_type in NEEDS_LENGTH and self.data_length is None:
            raise ValueError(f"column {self.name}: a {self.data_type} needs a dataLength")
        if self.data_type == DataType.ARRAY and self.array_data_type is None:
            raise ValueError(f"column {self.name}: an ARRAY needs an arrayDataType")
        if self.data_type == DataType.STRUCT and self.children is None:
            raise ValueError(f"column {self.name}: a STRUCT needs children")
        if self.scale is not None and self.precision is None:
            raise ValueError(f"column {self.name}: a scale needs a precision")
        if self.scale is not None and self.precision is not None and self.scale > self.precision:
            raise ValueError(f"column {self.name}: the scale must not exceed the precision")
        return self


def refuse_repeated(columns: Iterable[Column]) -> None:
    """Databases tell columns apart whatever the case of their letters, and so do FQN look-ups and diffs."""
    seen = set()
    for column in columns:
        if column.name.casefold() in seen:
            raise ValueError(f"column {column.name} is repeated (upper and lower case count as the same)")
        seen.add(column.name.casefold())


def column_list(field: str) -> Child:
    """The child list of columns at a path."""
    return Child(
        field=field,
        match="key",
        key=("name", "dataType", "arrayDataType"),
        folded=True,
        is_field=True,
        tagged=True,
        recursive="children",
        place="ordinalPosition",
    )


def column_versions(field: str, unversioned: tuple[str, ...] = UNVERSIONED, kept: tuple[str, ...] = ()) -> VersionRules:
    """The version rules of a type with columns at a path: what can break their readers is major.

    ``kept`` are members that a PUT leaves alone where it omits them, besides those of all types.
    """
    return VersionRules(
        major_removals=(field,),
        narrowings=(
            Narrowing(child=field, member="dataLength", when=("added", "reduced")),
            Narrowing(child=field, member="precision", when=("reduced", "removed")),
            Narrowing(child=field, member="scale", when=("reduced", "removed")),
        ),
        unversioned=unversioned,
        put_sticky=(*VersionRules().put_sticky, *kept),
    )


class ConstraintType(StrEnum):
    """What a table promises of several columns together."""

    UNIQUE = "UNIQUE"
    PRIMARY_KEY = "PRIMARY_KEY"
    FOREIGN_KEY = "FOREIGN_KEY"
    SORT_KEY = "SORT_KEY"
    DIST_KEY = "DIST_KEY"
    CLUSTER_KEY = "CLUSTER_KEY"


class RelationshipType(StrEnum):
    """How many rows of a foreign key's two tables belong together."""

    ONE_TO_ONE = "ONE_TO_ONE"
    ONE_TO_MANY = "ONE_TO_MANY"
    MANY_TO_ONE = "MANY_TO_ONE"
    MANY_TO_MANY = "MANY_TO_MANY"


class TableConstraint(Model):
    """A promise over several columns. ``columns`` are names; ``referredColumns`` are FQNs of another table's."""

    constraint_type: ConstraintType | None = None
    columns: list[str] | None = None
    referred_columns: list[str] | None = None
    relationship_type: RelationshipType | None = None


class PartitionIntervalType(StrEnum):
    """What decides into which partition a row goes."""

    TIME_UNIT = "TIME-UNIT"
    INTEGER_RANGE = "INTEGER-RANGE"
    INGESTION_TIME = "INGESTION-TIME"
    COLUMN_VALUE = "COLUMN-VALUE"
    INJECTED = "INJECTED"
    ENUM = "ENUM"
    OTHER = "OTHER"


class PartitionColumn(Model):
    """A column by which a table is partitioned."""

    column_name: str | None = None
    interval_type: PartitionIntervalType | None = None
    interval: str | None = None


class TablePartition(Model):
    """How a table is partitioned."""

    columns: list[PartitionColumn] | None = None


class TableType(StrEnum):
    """What a table is to its database."""

    REGULAR = "Regular"
    EXTERNAL = "External"
    DYNAMIC = "Dynamic"
    VIEW = "View"
    SECURE_VIEW = "SecureView"
    MATERIALIZED_VIEW = "MaterializedView"
    ICEBERG = "Iceberg"
    LOCAL = "Local"
    PARTITIONED = "Partitioned"
    FOREIGN = "Foreign"
    TRANSIENT = "Transient"
    STREAM = "Stream"
    STAGE = "Stage"
    SEMANTIC_VIEW = "SemanticView"


class CompressionType(StrEnum):
    """Who decides how a table is compressed."""

    AUTOMATIC = "AUTOMATIC"
    MANUAL = "MANUAL"
    POLICY_BASED = "POLICY_BASED"


class CompressionStrategy(Model):
    """How a table is compressed: by which columns it is cut, by which it is ordered, how hard (1 to 9)."""

    compression_type: CompressionType | None = None
    segment_columns: list[str] | None = None
    order_columns: list[str] | None = None
    compression_level: int | None = Field(None, ge=1, le=9)


class FileFormat(StrEnum):
    """The format of the files that an external table reads."""

    CSV = "csv"
    CSV_GZ = "csv.gz"
    TSV = "tsv"
    AVRO = "avro"
    PARQUET = "parquet"
    PQ = "pq"
    PQT = "pqt"
    PARQ = "parq"
    PARQUET_SNAPPY = "parquet.snappy"
    JSON = "json"
    JSON_GZ = "json.gz"
    JSON_ZIP = "json.zip"
    JSONL = "jsonl"
    JSONL_GZ = "jsonl.gz"
    JSONL_ZIP = "jsonl.zip"
    MF4 = "MF4"


class DataModel(Model):
    """How dbt or a view makes the table. Its columns and labels are as dbt has them, and not those of the table."""

    model_type: Literal["DBT", "DDL"]
    resource_type: str | None = None
    dbt_source_project: str | None = None
    description: Markdown | None = None
    path: str | None = None
    raw_sql: str | None = None
    sql: str | None = None
    upstream: list[str] | None = None
    owners: list[EntityReference] | None = None
    tags: list[TagLabel] | None = None
    columns: list[Column] | None = None
    generated_at: datetime | None = None


class _TableFields(_Retained):
    """What a table says of itself, in requests and replies alike."""

    columns: list[Column]
    table_type: TableType | None = None
    table_constraints: list[TableConstraint] | None = None
    table_partition: TablePartition | None = None
    aliases: list[str] | None = None
    schema_definition: str | None = Field(None, description="The SQL that makes the table or view.")
    location_path: str | None = None
    file_format: FileFormat | None = None
    data_model: DataModel | None = None
    table_profiler_config: TableProfilerConfig | None = None

    @field_validator("columns")
    @classmethod
    def _no_name_twice(cls, columns: list[Column]) -> list[Column]:
        refuse_repeated(columns)
        return columns


class Table(_TableFields, AssetFields, UsedAssetState, Entity):
    """A table or view."""

    database_schema: EntityReference | None = None
    database: EntityReference | None = None
    service: EntityReference | None = None
    service_type: DatabaseServiceType | None = None
    processed_lineage: bool | None = None
    location: EntityReference | None = None
    compression_enabled: bool | None = None
    compression_codec: str | None = None
    compression_strategy: CompressionStrategy | None = None
    test_suite: EntityReference | None = None
    queries: list[str] | None = None
    pipeline_observability: list[Document] | None = None
    profile: TableProfile | None = None
    sample_data: TableData | None = None
    joins: TableJoins | None = None
    custom_metrics: list[CustomMetric] | None = None


class CreateTable(_TableFields, CreateAssetFields, CreateRequest):
    """A request to create or update a table."""

    database_schema: ReferenceInput


PROFILING = ("dataModel", "tableProfilerConfig", "customMetrics")
"""Members that say how a table is made and measured: stored without a new version, kept where a PUT omits them."""

DIALECTS = {
    "AzureSQL": "tsql",
    "Athena": "athena",
    "BigQuery": "bigquery",
    "Clickhouse": "clickhouse",
    "Cockroach": "postgres",
    "Databricks": "databricks",
    "DeltaLake": "databricks",
    "Doris": "doris",
    "Dremio": "dremio",
    "Druid": "druid",
    "Exasol": "exasol",
    "Glue": "athena",
    "Greenplum": "postgres",
    "Hive": "hive",
    "Impala": "hive",
    "Iomete": "spark",
    "MariaDB": "mysql",
    "MicrosoftFabric": "fabric",
    "Mssql": "tsql",
    "Mysql": "mysql",
    "Oracle": "oracle",
    "Postgres": "postgres",
    "Presto": "presto",
    "QuestDB": "postgres",
    "Redshift": "redshift",
    "SQLite": "sqlite",
    "SingleStore": "singlestore",
    "Snowflake": "snowflake",
    "StarRocks": "starrocks",
    "Synapse": "tsql",
    "Teradata": "teradata",
    "Timescale": "postgres",
    "Trino": "trino",
    "UnityCatalog": "databricks",
    "Vertica": "postgres",
}
"""Which SQL a system speaks, in sqlglot's words; what is not here is read as SQL that most systems understand."""

TABLE = EntityType(
    name="table",
    collection="tables",
    entity=Table,
    create=CreateTable,
    parents=(Parent(field="databaseSchema", to="databaseSchema", copies=("database", "service", "serviceType")),),
    children=(column_list("columns"),),
    traits=(*ASSET, USAGE),
    versions=column_versions("columns", unversioned=(*UNVERSIONED, *PROFILING), kept=PROFILING),
    sql=SqlLineage(
        definition="schemaDefinition",
        kind="tableType",
        kinds=frozenset({"View", "SecureView", "MaterializedView", "Dynamic"}),
        columns="columns",
        service="service",
        system="serviceType",
        dialects=DIALECTS,
        source="ViewLineage",
    ),
    series=(
        TimeSeries(
            name="tableProfile",
            entry=TableProfile,
            moment="timestamp",
            key=("timestamp",),
            member="profile",
            request=CreateTableProfile,
        ),
        TimeSeries(
            name="columnProfile",
            entry=ColumnProfile,
            moment="timestamp",
            key=("timestamp",),
            member="profile",
            child="columns",
        ),
        TimeSeries(
            name=DISTRIBUTION,
            entry=ColumnDistribution,
            moment="timestamp",
            key=("timestamp",),
            child="columns",
            request=CreateDistribution,
        ),
        TimeSeries(name="systemProfile", entry=SystemProfile, moment="timestamp", key=("timestamp", "operation")),
        TimeSeries(name="sampleData", entry=TableData, member="sampleData"),
        TimeSeries(name="joins", entry=TableJoins, member="joins"),
    ),
    put_alone=("dataModel", "tableProfilerConfig"),
    inverses=(Inverse(field="testSuite", of="testSuite", member="basicEntityReference", single=True),),
    filters=(
        Filter(name="databaseSchema", kind="ancestor", to="databaseSchema"),
        Filter(name="database", kind="ancestor", to="database"),
        Filter(name="service", kind="ancestor", to="databaseService"),
    ),
)


# procedures -------------------------------------------------------------------------------------------------------


class Language(StrEnum):
    """What code is written in; ``External`` for what another system runs."""

    SQL = "SQL"
    JAVA = "Java"
    JAVA_SCRIPT = "JavaScript"
    PYTHON = "Python"
    EXTERNAL = "External"


class StoredProcedureType(StrEnum):
    """What a procedure is to its database."""

    STORED_PROCEDURE = "StoredProcedure"
    UDF = "UDF"
    STORED_PACKAGE = "StoredPackage"
    FUNCTION = "Function"


class Code(Model):
    """A piece of code and its language."""

    language: Language | None = None
    code: str | None = None


class _StoredProcedureFields(SourceFields):
    stored_procedure_code: Code
    stored_procedure_type: StoredProcedureType = StoredProcedureType.STORED_PROCEDURE


class StoredProcedure(_StoredProcedureFields, AssetFields, AssetState, Entity):
    """A procedure or function that a database keeps."""

    database_schema: EntityReference | None = None
    database: EntityReference | None = None
    service: EntityReference | None = None
    service_type: DatabaseServiceType | None = None
    code: str | None = None
    processed_lineage: bool | None = None


class CreateStoredProcedure(_StoredProcedureFields, CreateAssetFields, CreateRequest):
    """A request to create or update a procedure."""

    database_schema: ReferenceInput | None = None


STORED_PROCEDURE = EntityType(
    name="storedProcedure",
    collection="storedProcedures",
    entity=StoredProcedure,
    create=CreateStoredProcedure,
    parents=(Parent(field="databaseSchema", to="databaseSchema", copies=("database", "service", "serviceType")),),
    traits=ASSET,
    versions=VersionRules(unversioned=UNVERSIONED),
    filters=(
        Filter(name="databaseSchema", kind="ancestor", to="databaseSchema"),
        Filter(name="database", kind="ancestor", to="database"),
        Filter(name="service", kind="ancestor", to="databaseService"),
    ),
    defaults={"storedProcedureType": "StoredProcedure"},
)
