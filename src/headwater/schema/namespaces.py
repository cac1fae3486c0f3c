# SPDX-License-Identifier: Apache-2.0
"""From the names and data types of OpenLineage to ours, and back: rules, as data."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from headwater.schema import fqn
from headwater.schema.registry import Registry

DATABASE, STORAGE, MESSAGING, MODELS = "databaseService", "storageService", "messagingService", "mlmodelService"
PIPELINES = "pipelineService"

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
