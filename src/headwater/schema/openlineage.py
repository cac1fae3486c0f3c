# SPDX-License-Identifier: Apache-2.0
"""OpenLineage: the parts of its events that Headwater heeds, and the rules by which its names become ours.

What an event says besides is read over: the standard lets producers add facets of their own.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from headwater.schema import fqn
from headwater.schema.base import Model
from headwater.schema.lineage import Transformation
from headwater.schema.registry import Registry

DATABASE, STORAGE, MESSAGING, MODELS = "databaseService", "storageService", "messagingService", "mlmodelService"
PIPELINES = "pipelineService"


class _Told(BaseModel):
    """A part of an event. Members that are not declared are read over."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


def _checked(text: str) -> str:
    if "\0" in text:
        raise ValueError("a name must not contain the character U+0000")
    return text


Word = Annotated[str, Field(min_length=1), AfterValidator(_checked)]
"""A name."""


def _moment(text: str) -> str:
    milliseconds(text)
    return text


def milliseconds(text: str) -> int:
    """A time of the standard, in milliseconds since 1970; ``ValueError`` for what is none. Without a zone it is UTC."""
    time = datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


Moment = Annotated[str, AfterValidator(_moment)]
"""A time as the standard writes it."""


# facets -----------------------------------------------------------------------------------------------------------


class _Facets(_Told):
    """Facets by name. One that is marked as deleted takes back what earlier events said in it: it says nothing."""

    @model_validator(mode="before")
    @classmethod
    def _without_deleted(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: facet for name, facet in given.items() if not (isinstance(facet, dict) and facet.get("_deleted"))}


class SchemaField(_Told):
    """A column, or a member of a structured one."""

    name: Word
    type: str | None = None
    description: str | None = None
    fields: "list[SchemaField] | None" = None


class SchemaFacet(_Told):
    """The columns of a dataset."""

    fields: list[SchemaField] | None = None


class Step(_Told):
    """What a job does with a value of an input column."""

    type: str | None = None
    subtype: str | None = None
    masking: bool | None = None


class InputField(_Told):
    """A column of an input."""

    namespace: Word
    name: Word
    field: Word
    transformations: list[Step] | None = None


class OutputField(_Told):
    """What flows into a column of an output. ``transformationType`` is how older versions of the facet say it."""

    input_fields: list[InputField] | None = None
    transformation_type: str | None = None


class ColumnLineageFacet(_Told):
    """What flows into the columns of an output, and (``dataset``) what decides about all its rows."""

    fields: dict[Word, OutputField] = Field(default_factory=dict)
    dataset: list[InputField] | None = None


class Identifier(_Told):
    """Another name of a dataset."""

    namespace: Word
    name: Word
    type: str | None = None


class SymlinksFacet(_Told):
    """Other names of a dataset."""

    identifiers: list[Identifier] | None = None


class Owner(_Told):
    """Who owns something: ``user:ada``, ``team:data``, or a bare name."""

    name: Word


class OwnershipFacet(_Told):
    """Who owns something."""

    owners: list[Owner] | None = None


class Label(_Told):
    """A tag: of the whole, or of the column ``field``."""

    key: Word
    value: Word | Literal[""] = "true"
    field: str | None = None


class TagsFacet(_Told):
    """Tags."""

    tags: list[Label] | None = None


class DocumentationFacet(_Told):
    """What something is."""

    description: str | None = None


class ColumnMetrics(_Told):
    """What was measured of a column."""

    null_count: int | None = None
    distinct_count: int | None = None
    sum: float | None = None
    count: float | None = None
    min: float | None = None
    max: float | None = None


class QualityMetricsFacet(_Told):
    """What was measured of a dataset."""

    row_count: int | None = None
    bytes: int | None = None
    capture_date: Moment | None = None
    column_metrics: dict[str, ColumnMetrics] = Field(default_factory=dict)


class StatisticsFacet(_Told):
    """How much a run read or wrote."""

    row_count: int | None = None
    size: int | None = None


class SqlFacet(_Told):
    """The query of a job."""

    query: str | None = None


class JobTypeFacet(_Told):
    """What kind of job this is; one that is ``STREAMING`` does not end."""

    processing_type: str | None = None


class ParentFacet(_Told):
    """The run that this one is a part of."""

    class _Run(_Told):
        run_id: Word

    class _Job(_Told):
        namespace: Word
        name: Word

    run: _Run
    job: _Job


class NominalTimeFacet(_Told):
    """For which time a run was meant."""

    nominal_start_time: str | None = None
    nominal_end_time: str | None = None


class ErrorFacet(_Told):
    """Why a run failed."""

    message: str | None = None
    stack_trace: str | None = None


# events -----------------------------------------------------------------------------------------------------------


class DatasetFacets(_Facets):
    """What is told of a dataset."""

    schema_: SchemaFacet | None = Field(None, alias="schema")
    column_lineage: ColumnLineageFacet | None = None
    symlinks: SymlinksFacet | None = None
    ownership: OwnershipFacet | None = None
    tags: TagsFacet | None = None
    documentation: DocumentationFacet | None = None
    data_quality_metrics: QualityMetricsFacet | None = None


class InputFacets(_Facets):
    """What is told of a dataset as the input of one run."""

    data_quality_metrics: QualityMetricsFacet | None = None
    input_statistics: StatisticsFacet | None = None


class OutputFacets(_Facets):
    """What is told of a dataset as the output of one run."""

    output_statistics: StatisticsFacet | None = None


class Dataset(_Told):
    """A dataset, as an input or an output."""

    namespace: Word
    name: Word
    facets: DatasetFacets = DatasetFacets()
    input_facets: InputFacets = InputFacets()
    output_facets: OutputFacets = OutputFacets()


class JobFacets(_Facets):
    """What is told of a job."""

    sql: SqlFacet | None = None
    job_type: JobTypeFacet | None = None
    ownership: OwnershipFacet | None = None
    tags: TagsFacet | None = None
    documentation: DocumentationFacet | None = None


class Job(_Told):
    """A job."""

    namespace: Word
    name: Word
    facets: JobFacets = JobFacets()


class RunFacets(_Facets):
    """What is told of a run."""

    parent: ParentFacet | None = None
    nominal_time: NominalTimeFacet | None = None
    error_message: ErrorFacet | None = None


class Run(_Told):
    """One execution of a job."""

    run_id: Word = Field(max_length=256)
    facets: RunFacets = RunFacets()


class EventType(StrEnum):
    """What becomes of a run."""

    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"
    OTHER = "OTHER"


class _Event(_Told):
    event_time: Moment

    @property
    def moment(self) -> int:
        """When it happened, in milliseconds since 1970."""
        return milliseconds(self.event_time)


class JobEvent(_Event):
    """What a job reads and writes, by its design."""

    job: Job
    inputs: list[Dataset] = Field(default_factory=list)
    outputs: list[Dataset] = Field(default_factory=list)


class RunEvent(JobEvent):
    """What happens in a run of a job."""

    event_type: EventType = EventType.OTHER
    run: Run


class DatasetEvent(_Event):
    """What a dataset is."""

    dataset: Dataset


class OpenLineageSettings(Model):
    """How events are taken in.

    ``namespaceToServiceMapping``: the services that namespaces stand for, each by FQN. ``autoCreateEntities``: whether
    what is not known is made.
    """

    namespace_to_service_mapping: dict[str, str] | None = None
    auto_create_entities: bool | None = None


class FailedEvent(Model):
    """An event of many that was not taken in."""

    index: int
    reason: str
    retriable: bool


class Summary(Model):
    """How many events were taken in."""

    received: int
    successful: int
    failed: int
    skipped: int


class OpenLineageReply(Model):
    """What became of events. ``partial_success``: something in them was refused; the message says what."""

    status: Literal["success", "partial_success", "failure"]
    message: str
    summary: Summary | None = None
    failed_events: list[FailedEvent] | None = None
    lineage_edges_created: int


# transformations --------------------------------------------------------------------------------------------------

STEPS = {
    Transformation.IDENTITY: {"type": "DIRECT", "subtype": "IDENTITY"},
    Transformation.TRANSFORMATION: {"type": "DIRECT", "subtype": "TRANSFORMATION"},
    Transformation.AGGREGATION: {"type": "DIRECT", "subtype": "AGGREGATION"},
    Transformation.CONDITIONAL: {"type": "INDIRECT", "subtype": "CONDITIONAL"},
    Transformation.MASKING: {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True},
    Transformation.HASHING: {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True},
}
"""Transformations as the standard says them; it does not tell hashing from other ways to mask."""

REVEALING = (
    Transformation.IDENTITY,
    Transformation.TRANSFORMATION,
    Transformation.AGGREGATION,
    Transformation.CONDITIONAL,
    Transformation.MASKING,
)
"""Transformations, those first that leave more of a value."""


def transformation(steps: Iterable[Step], field: OutputField | None = None) -> Transformation | None:
    """What becomes of a value that goes these ways: the one of them that leaves most of it counts.

    A value that only decides (a filter, a join, a sort) is conditional, also where the rows are masked; a direct one
    is masked where the producer says so, else what its subtype says.
    """
    found: set[Transformation] = set()
    for step in steps:
        if (step.type or "").upper() == "INDIRECT":
            found.add(Transformation.CONDITIONAL)
        elif step.masking:
            found.add(Transformation.MASKING)
        else:
            word = (step.subtype or "TRANSFORMATION").upper()
            found.add(Transformation(word) if word in set(Transformation) else Transformation.TRANSFORMATION)
    told = (field.transformation_type or "").upper() if field and not found else ""
    if told == "MASKED":
        return Transformation.MASKING
    if told:
        return transformation([Step(subtype=told)])
    return revealing(found)


def revealing(ways: Iterable[Transformation | None]) -> Transformation | None:
    """The transformation that leaves most of a value, of several that it undergoes side by side; None if one of them
    is not known."""
    found = set(ways)
    return None if None in found else next((one for one in (*REVEALING, *Transformation) if one in found), None)


# names ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a namespace of one of these schemes stands for: a service of this type and kind.

    ``bucket``: what follows ``//`` is the outermost container, and the scheme itself is the service.
    ``separator`` and ``prefix``: how the name of a dataset is written.
    """

    schemes: tuple[str, ...]
    service: str = DATABASE
    kind: str
    bucket: bool = False
    separator: str = "."
    prefix: str = ""


RULES = (
    Rule(schemes=("postgres", "postgresql"), kind="Postgres"),
    Rule(schemes=("redshift",), kind="Redshift"),
    Rule(schemes=("snowflake",), kind="Snowflake"),
    Rule(schemes=("bigquery",), kind="BigQuery"),
    Rule(schemes=("trino",), kind="Trino"),
    Rule(schemes=("presto",), kind="Presto"),
    Rule(schemes=("oracle",), kind="Oracle"),
    Rule(schemes=("db2",), kind="Db2"),
    Rule(schemes=("mssql", "sqlserver"), kind="Mssql"),
    Rule(schemes=("awsathena",), kind="Athena"),
    Rule(schemes=("databricks", "unitycatalog"), kind="UnityCatalog"),
    Rule(schemes=("sqlite",), kind="SQLite"),
    Rule(schemes=("clickhouse",), kind="Clickhouse"),
    Rule(schemes=("mysql",), kind="Mysql"),
    Rule(schemes=("hive",), kind="Hive"),
    Rule(schemes=("cassandra",), kind="Cassandra"),
    Rule(schemes=("teradata",), kind="Teradata"),
    Rule(schemes=("crate", "oceanbase", "duckdb"), kind="CustomDatabase"),
    Rule(schemes=("arn:aws:glue",), kind="Glue", separator="/", prefix="table/"),
    Rule(schemes=("azurecosmos",), kind="CustomDatabase", prefix="colls/"),
    Rule(schemes=("azurekusto",), kind="CustomDatabase", separator="/"),
    Rule(schemes=("s3", "s3a", "s3n"), service=STORAGE, kind="S3", bucket=True),
    Rule(schemes=("gs", "gcs"), service=STORAGE, kind="GCS", bucket=True),
    Rule(schemes=("abfss", "abfs", "wasbs", "wasb"), service=STORAGE, kind="ADLS", bucket=True),
    Rule(schemes=("hdfs", "dbfs", "file"), service=STORAGE, kind="CustomStorage"),
    Rule(schemes=("kafka",), service=MESSAGING, kind="Kafka"),
    Rule(schemes=("pubsub",), service=MESSAGING, kind="PubSub"),
)
"""A rule for each scheme of the standard's naming specification, and a few that producers use besides."""

UNKNOWN = Rule(schemes=(), kind="CustomDatabase")
"""What any other namespace stands for."""

BY_SCHEME = {scheme: rule for rule in RULES for scheme in rule.schemes}

OWN = "headwater://"
"""Begins the namespaces of entities that have no name of the standard: the type follows; their FQN is the name."""

KINDS = {
    DATABASE: "CustomDatabase",
    STORAGE: "CustomStorage",
    MESSAGING: "CustomMessaging",
    MODELS: "CustomMlModel",
    PIPELINES: "OpenLineage",
}
"""The kind of a service that is made for entities of which nobody says what they live in."""

TABLES = ("database", "databaseSchema", "table")
MISSING = "default"
"""The database, or schema, of a table whose name has fewer parts."""


class Place(NamedTuple):
    """Where an entity stands: the type, kind and name of its service; the type and name of each entity below."""

    service: str
    kind: str
    root: str
    below: tuple[tuple[str, str], ...]


def rule_of(namespace: str) -> Rule:
    """The rule for a namespace."""
    for scheme in (namespace.split("://", maxsplit=1)[0], namespace.rsplit(":", 2)[0]):
        if rule := BY_SCHEME.get(scheme.lower()):
            return rule
    return UNKNOWN


def place_of(namespace: str, name: str, service: tuple[str, str] | None = None) -> Place:
    """Where a dataset of the standard stands; ``service`` is the type and name of that which its namespace stands for,
    if somebody said so. ``ValueError`` if the name is empty."""
    rule, namespace = rule_of(namespace), namespace.rstrip("/")
    authority = namespace.partition("://")[2]
    kind, root = rule.service, (rule.schemes[0] if rule.bucket else namespace)
    if service:
        kind, root = service
    if kind == DATABASE:
        below = _table(name.removeprefix(rule.prefix), rule.separator)
    elif kind == STORAGE:
        path = name.strip("/")
        parts = [authority] if rule.bucket and authority else []
        below = [("container", part) for part in (*parts, path) if part]
    elif kind == MESSAGING:
        below = [("topic", name)]
    else:
        raise ValueError(f"a {kind} holds no datasets")
    if not below:
        raise ValueError("its name is empty")
    return Place(kind, rule.kind if kind == rule.service else KINDS[kind], root, tuple(below))


def _table(name: str, separator: str) -> list[tuple[str, str]]:
    """The database, schema and table of a name: from the right, what is missing by default, what is more in front."""
    parts = [part for part in name.split(separator) if part]
    if not parts:
        return []
    front, rest = parts[:-2], parts[-2:]
    names = [separator.join(front) or MISSING, *(MISSING for _ in range(2 - len(rest))), *rest]
    return list(zip(TABLES, names, strict=True))


def own_place(registry: Registry, entity_type: str, name: str) -> Place:
    """The place of an entity by its type and FQN; ``ValueError`` if there can be none."""
    if entity_type not in registry:
        raise ValueError(f"there is no type of entity called {entity_type}")
    names, types = fqn.names(name), [entity_type]
    while len(types) < len(names):
        above = [parent.to for parent in registry[types[0]].parents]
        if not above:
            break
        types.insert(0, above[0] if len(names) - len(types) > 1 else above[-1])
    if len(types) != len(names) or types[0] not in KINDS:
        raise ValueError(f"{name} is not the fully qualified name of a {entity_type}")
    return Place(types[0], KINDS[types[0]], names[0], tuple(zip(types[1:], names[1:], strict=True)))


def named(registry: Registry, entity_type: str, name: str, namespaces: Mapping[str, str]) -> tuple[str, str]:
    """The namespace and name of an entity: those from which the rules lead back to it, else its own type and FQN.

    ``namespaces``: what services (by name) are called outside, where somebody said so.
    """
    own = OWN + entity_type, name
    try:
        place = own_place(registry, entity_type, name)
    except ValueError:
        return own
    namespace = namespaces.get(place.root, place.root)
    names = [below for _, below in place.below]
    rule = rule_of(namespace)
    if rule.bucket and names:
        namespace, names = f"{rule.schemes[0]}://{names[0]}", names[1:]
    while place.service == DATABASE and len(names) > 1 and names[0] == MISSING:
        names = names[1:]
    given = rule.prefix + rule.separator.join(names) if place.service == DATABASE else "/".join(names)
    service = (place.service, place.root) if place.root in namespaces else None
    try:
        found = place_of(namespace, given, service)
    except ValueError:
        return own
    return (namespace, given) if (found.service, *found[2:]) == (place.service, *place[2:]) else own


# columns ----------------------------------------------------------------------------------------------------------


NEEDED: dict[str, dict[str, object]] = {"table": {"columns": []}, "topic": {"partitions": 1}}
"""Members without which an entity of a type cannot be made."""

AROUND: dict[str, dict[str, object]] = {"topic": {"schemaType": "Other"}}
"""What else the object around the columns of an entity needs, by type."""

SPELLINGS = {
    "INTEGER": "INT", "INT32": "INT", "INT64": "BIGINT", "INT8": "BIGINT", "INT4": "INT", "INT2": "SMALLINT",
    "LONG": "BIGINT", "SHORT": "SMALLINT", "BYTE": "TINYINT", "HUGEINT": "BIGINT", "SERIAL": "INT",
    "BIGSERIAL": "BIGINT", "BOOL": "BOOLEAN", "REAL": "FLOAT", "FLOAT4": "FLOAT", "FLOAT8": "DOUBLE",
    "FLOAT64": "DOUBLE", "DOUBLE PRECISION": "DOUBLE", "NUMBER": "NUMBER", "STR": "STRING", "NVARCHAR": "VARCHAR",
    "CHARACTER VARYING": "VARCHAR", "CHARACTER": "CHAR", "BPCHAR": "CHAR", "TIMESTAMP_NTZ": "TIMESTAMP",
    "TIMESTAMP_LTZ": "TIMESTAMPZ", "TIMESTAMP_TZ": "TIMESTAMPZ", "TIMESTAMPTZ": "TIMESTAMPZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPZ", "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP", "JSONB": "JSON",
    "OBJECT": "JSON", "RECORD": "RECORD",
}  # fmt: skip
"""Data types as producers spell them, where ours are called otherwise."""

UNSIZED = {"CHAR": "STRING", "VARCHAR": "STRING", "BINARY": "BYTES", "VARBINARY": "BYTES"}
"""What stands for a type that needs a length where none is told."""


def data_type(told: str | None, known: Collection[str]) -> dict[str, object]:
    """The members of a column that say its type, if it is among the ``known`` ones; how the producer writes it stays
    visible."""
    text = (told or "").strip()
    word, _, rest = text.upper().replace("<", "(").partition("(")
    word = SPELLINGS.get(word.strip(), word.strip())
    sizes = [part.strip() for part in rest.rstrip(")>").split(",")]
    members: dict[str, object] = {}
    if word in UNSIZED:
        if sizes[0].isdecimal():
            members["dataLength"] = int(sizes[0])
        else:
            word = UNSIZED[word]
    for spelled in (word, *(theirs for theirs, ours in SPELLINGS.items() if ours == word)):
        if spelled in known and spelled not in ("ARRAY", "STRUCT"):
            word = spelled
            break
    else:
        word = "UNKNOWN"
    if word not in known:
        return {}
    return members | {"dataType": word} | ({"dataTypeDisplay": text} if text else {})
