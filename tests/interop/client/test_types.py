# SPDX-License-Identifier: Apache-2.0
"""One entity of every type goes all the way: what is sent is kept, read by the client's models, and deleted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import metadata.ingestion.ometa.routes as client
import pytest

from .making import text

Json = Any


@dataclass(frozen=True)
class Kind:
    """How one type is made. ``{u}`` in a request stands for a word of the test, a pair of type and name for a
    reference; what it lives ``below`` is made before it."""

    entity: str
    request: dict[str, Json]
    below: tuple[str, ...] = ()
    name: str = ""
    create: str = ""

    @property
    def request_model(self) -> Any:
        return getattr(client, self.create or f"Create{self.entity}Request")

    @property
    def model(self) -> Any:
        return getattr(client, self.entity)


def labels(tag: str) -> list[Json]:
    return [{"tagFQN": tag, "source": "Classification", "labelType": "Manual", "state": "Confirmed"}]


COLUMNS = [
    {"name": "id", "dataType": "BIGINT", "constraint": "PRIMARY_KEY", "ordinalPosition": 1},
    {"name": "name", "dataType": "VARCHAR", "dataLength": 40, "displayName": "Name", "dataTypeDisplay": "varchar(40)"},
    {"name": "price", "dataType": "DECIMAL", "precision": 10, "scale": 2, "tags": labels("PII.None")},
    {"name": "tags", "dataType": "ARRAY", "arrayDataType": "STRING"},
    {
        "name": "place",
        "dataType": "STRUCT",
        "description": "Where",
        "children": [
            {"name": "city", "dataType": "STRING", "description": "Town", "tags": labels("PersonalData.Personal")}
        ],
    },
]
ASSET = {
    "displayName": "Shown as",
    "description": "Some **words**",
    "tags": labels("Tier.Tier2"),
    "owners": [("user", "admin")],
}
FOUND = {"sourceUrl": "http://source.example.org/thing", "sourceHash": "0123456789abcdef"}


def service(kind: str, **config: Json) -> dict[str, Json]:
    return {"name": "{u}", "serviceType": kind, "connection": {"config": {"type": kind, **config}}, **ASSET}


KINDS = {
    "mlmodelService": Kind("MlModelService", service("Mlflow", trackingUri="http://mlflow", registryUri="http://r")),
    "mlmodel": Kind(
        "MlModel",
        {
            "name": "m",
            "service": "{u}",
            "algorithm": "boosting",
            "mlFeatures": [
                {
                    "name": "town",
                    "dataType": "categorical",
                    "description": "Where they live",
                    "featureAlgorithm": "one-hot",
                    "featureSources": [
                        {
                            "name": "place.city",
                            "dataType": "string",
                            "description": "as written",
                            "dataSource": ("table", "{u}.d.s.t"),
                        }
                    ],
                    "tags": labels("PII.Sensitive"),
                }
            ],
            "mlHyperParameters": [{"name": "depth", "value": "3", "description": "of trees"}],
            "target": "price",
            "dashboard": "{u}.d",
            "mlStore": {"storage": "s3://models/m", "imageRepository": "images/m"},
            "server": "http://models.example.org/m",
            "lifeCycle": {"created": {"timestamp": 1_700_000_000_000, "accessedByAProcess": "training"}},
            **ASSET,
            **FOUND,
        },
        below=("mlmodelService", "dashboard", "table"),
        name="{u}.m",
    ),
    "databaseService": Kind("DatabaseService", service("Mysql", username="u", hostPort="db.example.org:3306")),
    "database": Kind(
        "Database",
        {"name": "d", "service": "{u}", "retentionPeriod": "P30D", "default": False, **ASSET, **FOUND},
        below=("databaseService",),
        name="{u}.d",
    ),
    "databaseSchema": Kind(
        "DatabaseSchema",
        {"name": "s", "database": "{u}.d", "retentionPeriod": "P10D", **ASSET, **FOUND},
        below=("database",),
        name="{u}.d.s",
    ),
    "table": Kind(
        "Table",
        {
            "name": "t",
            "databaseSchema": "{u}.d.s",
            "columns": COLUMNS,
            "tableType": "Regular",
            "tableConstraints": [{"constraintType": "PRIMARY_KEY", "columns": ["id"]}],
            "tablePartition": {"columns": [{"columnName": "id", "intervalType": "COLUMN-VALUE", "interval": ""}]},
            "schemaDefinition": "create table t (…)",
            "fileFormat": "parquet",
            "locationPath": "s3://lake/t",
            "retentionPeriod": "P1D",
            **ASSET,
            **FOUND,
        },
        below=("databaseSchema",),
        name="{u}.d.s.t",
    ),
    "dashboardService": Kind("DashboardService", service("CustomDashboard")),
    "chart": Kind(
        "Chart",
        {"name": "c", "service": "{u}", "chartType": "Line", **ASSET, **FOUND},
        below=("dashboardService",),
        name="{u}.c",
    ),
    "dashboard": Kind(
        "Dashboard",
        {
            "name": "d",
            "service": "{u}",
            "dashboardType": "Dashboard",
            "project": "p",
            "charts": ["{u}.c"],
            **ASSET,
            **FOUND,
        },
        below=("chart",),
        name="{u}.d",
    ),
    "user": Kind(
        "User",
        {
            "name": "{u}",
            "email": "{u}@example.org",
            "displayName": "U",
            "description": "Somebody",
            "isBot": False,
            "isAdmin": False,
            "timezone": "Europe/Zurich",
            "profile": {"images": {"image": "http://images.example.org/u.png"}},
        },
    ),
    "team": Kind(
        "Team",
        {
            "name": "{u}",
            "teamType": "Group",
            "email": "{u}@example.org",
            "displayName": "T",
            "description": "People",
            "isJoinable": False,
        },
    ),
    "domain": Kind(
        "Domain",
        {
            "name": "{u}",
            "domainType": "Aggregate",
            "displayName": "D",
            "description": "A part of the business",
            "style": {"color": "#123456", "iconURL": "http://images.example.org/d.png"},
        },
    ),
    "classification": Kind(
        "Classification",
        {"name": "{u}", "description": "Words", "displayName": "C", "mutuallyExclusive": True},
    ),
    "tag": Kind(
        "Tag",
        {
            "name": "one",
            "classification": "{u}",
            "description": "A word",
            "displayName": "One",
            "style": {"color": "#654321"},
        },
        below=("classification",),
        name="{u}.one",
    ),
    "pipelineService": Kind("PipelineService", service("Airflow") | {"connection": None}),
    "pipeline": Kind(
        "Pipeline",
        {
            "name": "p",
            "service": "{u}",
            "concurrency": 2,
            "pipelineLocation": "s3://flows/p",
            "startDate": "2026-01-01T00:00:00Z",
            "scheduleInterval": "0 1 * * *",
            "state": "Active",
            "tasks": [
                {"name": "load", "displayName": "Load", "downstreamTasks": ["clean"], "taskType": "Bash"},
                {"name": "clean", "description": "Clean it", "taskSQL": "delete from t", "tags": labels("PII.None")},
            ],
            **ASSET,
            **FOUND,
        },
        below=("pipelineService",),
        name="{u}.p",
    ),
    "messagingService": Kind("MessagingService", service("Kafka") | {"connection": None}),
    "topic": Kind(
        "Topic",
        {
            "name": "t",
            "service": "{u}",
            "partitions": 3,
            "replicationFactor": 2,
            "retentionTime": 1000.0,
            "retentionSize": 10.0,
            "maximumMessageSize": 100,
            "minimumInSyncReplicas": 1,
            "cleanupPolicies": ["delete"],
            "topicConfig": {"a": "b"},
            "messageSchema": {
                "schemaType": "Avro",
                "schemaText": "{}",
                "schemaFields": [
                    {
                        "name": "order",
                        "dataType": "RECORD",
                        "children": [{"name": "total", "dataType": "DOUBLE", "tags": labels("PII.None")}],
                    }
                ],
            },
            **ASSET,
            **FOUND,
        },
        below=("messagingService",),
        name="{u}.t",
    ),
    "storageService": Kind("StorageService", service("S3") | {"connection": None}),
    "container": Kind(
        "Container",
        {
            "name": "c",
            "service": "{u}",
            "prefix": "/c",
            "fullPath": "s3://c",
            "numberOfObjects": 4.0,
            "size": 1024.0,
            "fileFormats": ["parquet"],
            "dataModel": {"isPartitioned": True, "columns": COLUMNS},
            **ASSET,
            **FOUND,
        },
        below=("storageService",),
        name="{u}.c",
    ),
    "container below": Kind(
        "Container",
        {"name": "inner", "service": "{u}", "parent": ("container", "{u}.c"), **ASSET},
        below=("container",),
        name="{u}.c.inner",
    ),
    "searchService": Kind("SearchService", service("ElasticSearch") | {"connection": None}),
    "searchIndex": Kind(
        "SearchIndex",
        {
            "name": "i",
            "service": "{u}",
            "indexType": "Index",
            "searchIndexSettings": {"shards": 1},
            "fields": [
                {"name": "title", "dataType": "TEXT", "description": "Words", "tags": labels("PII.None")},
                {"name": "who", "dataType": "OBJECT", "children": [{"name": "mail", "dataType": "KEYWORD"}]},
            ],
            **ASSET,
            "sourceHash": "0123456789abcdef",
        },
        below=("searchService",),
        name="{u}.i",
    ),
    "apiService": Kind("ApiService", {"name": "{u}", "serviceType": "Rest", **ASSET}),
    "apiCollection": Kind(
        "APICollection",
        {"name": "c", "service": "{u}", "endpointURL": "http://api.example.org/c", **ASSET},
        below=("apiService",),
        name="{u}.c",
    ),
    "apiEndpoint": Kind(
        "APIEndpoint",
        {
            "name": "e",
            "apiCollection": "{u}.c",
            "endpointURL": "http://api.example.org/c/e",
            "requestMethod": "POST",
            "requestSchema": {"schemaType": "JSON", "schemaFields": [{"name": "age", "dataType": "INT"}]},
            "responseSchema": {
                "schemaType": "JSON",
                "schemaFields": [{"name": "score", "dataType": "DOUBLE", "tags": labels("PII.None")}],
            },
            **ASSET,
            "sourceHash": "0123456789abcdef",
        },
        below=("apiCollection",),
        name="{u}.c.e",
    ),
    "storedProcedure": Kind(
        "StoredProcedure",
        {
            "name": "p",
            "databaseSchema": "{u}.d.s",
            "storedProcedureCode": {"language": "SQL", "code": "select 1"},
            "storedProcedureType": "StoredProcedure",
            **ASSET,
            **FOUND,
        },
        below=("databaseSchema",),
        name="{u}.d.s.p",
    ),
    "dashboardDataModel": Kind(
        "DashboardDataModel",
        {
            "name": "m",
            "service": "{u}",
            "dataModelType": "SupersetDataModel",
            "serviceType": "CustomDashboard",
            "columns": COLUMNS,
            "sql": "select 1",
            "project": "p",
            **ASSET,
            **FOUND,
        },
        below=("dashboardService",),
        name="{u}.model.m",
    ),
    "metric": Kind(
        "Metric",
        {
            "name": "{u}",
            "metricExpression": {"language": "SQL", "code": "count(*)"},
            "metricType": "COUNT",
            "unitOfMeasurement": "COUNT",
            "granularity": "DAY",
            **ASSET,
        },
    ),
    "query": Kind(
        "Query",
        {
            "name": "q",
            "service": "{u}",
            "query": "select id from t",
            "query_type": "SELECT",
            "duration": 0.5,
            "queryDate": 1_700_000_000_000,
            "queryUsedIn": [("table", "{u}.d.s.t")],
            "processedLineage": True,
            **ASSET,
        },
        below=("table",),
        name="{u}.q",
    ),
    "glossary": Kind(
        "Glossary",
        {
            "name": "{u}",
            "description": "Words",
            "displayName": "G",
            "mutuallyExclusive": False,
            "owners": [("user", "admin")],
            "reviewers": [("user", "admin")],
            "tags": labels("Tier.Tier2"),
        },
    ),
    "glossaryTerm": Kind(
        "GlossaryTerm",
        {
            "name": "t",
            "glossary": "{u}",
            "description": "A word",
            "displayName": "T",
            "synonyms": ["expression"],
            "references": [{"name": "where", "endpoint": "http://words.example.org/t"}],
            "style": {"color": "#123456"},
            "mutuallyExclusive": True,
            "tags": labels("PII.None"),
        },
        below=("glossary",),
        name="{u}.t",
    ),
    "dataProduct": Kind(
        "DataProduct",
        {
            "name": "{u}-product",
            "domains": ["{u}"],
            "description": "A product",
            "displayName": "P",
            "style": {"color": "#123456"},
            "experts": ["admin"],
            "owners": [("user", "admin")],
        },
        below=("domain",),
        name="{u}-product",
    ),
    "policy": Kind(
        "Policy",
        {
            "name": "{u}",
            "displayName": "P",
            "description": "What may be done",
            "enabled": True,
            "rules": [
                {
                    "name": "r",
                    "description": "Read",
                    "effect": "allow",
                    "operations": ["ViewAll"],
                    "resources": ["mlmodel"],
                    "condition": "isOwner()",
                }
            ],
        },
    ),
    "role": Kind(
        "Role",
        {"name": "{u}", "displayName": "R", "description": "Who", "policies": ["{u}"]},
        below=("policy",),
    ),
    "bot": Kind(
        "Bot",
        {"name": "{u}-bot", "botUser": "{u}-robot", "displayName": "B", "description": "Automatic"},
        below=("robot",),
        name="{u}-bot",
        create="CreateBot",
    ),
    "robot": Kind(
        "User",
        {"name": "{u}-robot", "email": "{u}-robot@example.org", "isBot": True, "description": "Automatic"},
        name="{u}-robot",
    ),
    "ingestionPipeline": Kind(
        "IngestionPipeline",
        {
            "name": "run",
            "displayName": "Run",
            "description": "Every night",
            "pipelineType": "metadata",
            "sourceConfig": {"config": {"type": "MlModelMetadata"}},
            "airflowConfig": {"scheduleInterval": "0 1 * * *"},
            "loggerLevel": "INFO",
            "service": ("mlmodelService", "{u}"),
        },
        below=("mlmodelService",),
        name="{u}.run",
    ),
    "testDefinition": Kind(
        "TestDefinition",
        {
            "name": "{u}",
            "displayName": "D",
            "description": "How to test",
            "entityType": "TABLE",
            "testPlatforms": ["OpenMetadata"],
            "parameterDefinition": [{"name": "max", "dataType": "INT", "description": "At most", "required": True}],
        },
    ),
    "testSuite": Kind("TestSuite", {"name": "{u}", "displayName": "S", "description": "Tests"}),
    "testCase": Kind(
        "TestCase",
        {
            "name": "c",
            "displayName": "C",
            "description": "One test",
            "testDefinition": "{u}",
            "entityLink": "<#E::table::{u}.d.s.t::columns::id>",
            "parameterValues": [{"name": "max", "value": "3"}],
        },
        below=("testDefinition", "table"),
        name="{u}.d.s.t.id.c",
    ),
    "eventSubscription": Kind(
        "EventSubscription",
        {
            "name": "{u}",
            "displayName": "E",
            "description": "Tell me",
            "alertType": "Notification",
            "trigger": {"triggerType": "RealTime"},
            "batchSize": 5,
            "enabled": True,
            "input": {
                "filters": [
                    {
                        "name": "filterByFqn",
                        "effect": "include",
                        "prefixCondition": "AND",
                        "arguments": [{"name": "fqnList", "input": ["a", "b"]}],
                    }
                ]
            },
            "destinations": [
                {
                    "category": "External",
                    "type": "Webhook",
                    "config": {"endpoint": "http://hooks.example.org/"},
                }
            ],
        },
        create="CreateEventSubscription",
    ),
}


def filled(value: Json, unique: str, om: Any) -> Json:
    """A request with the test's word in it; labels and references written out as the client wants them."""
    if isinstance(value, tuple):
        kind, name = value
        name = name.replace("{u}", unique)
        return {"type": kind, "id": text(om.get_by_name(KINDS[kind].model, name).id), "fullyQualifiedName": name}
    if isinstance(value, dict):
        return {member: filled(inner, unique, om) for member, inner in value.items()}
    if isinstance(value, list):
        return [filled(each, unique, om) for each in value]
    return value.replace("{u}", unique) if isinstance(value, str) else value


def missing(sent: Json, kept: Json, place: str = "") -> list[str]:
    """What was sent and is not in the answer. A name may have become a reference."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        return [fault for member in sent for fault in missing(sent[member], kept.get(member), f"{place}.{member}")]
    if isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        return [fault for each in zip(sent, kept, strict=True) for fault in missing(*each, f"{place}[]")]
    if isinstance(sent, str) and isinstance(kept, dict):
        kept = kept.get("fullyQualifiedName")
    return [] if sent == kept else [f"{place}: sent {sent!r}, kept {kept!r}"]


@pytest.fixture
def make(om: Any, unique: str) -> Callable[[str], Any]:
    """Make an entity of a type, and what it lives below."""

    def make(kind: str) -> Any:
        declared = KINDS[kind]
        for each in declared.below:
            make(each)
        return om.create_or_update(declared.request_model(**filled(declared.request, unique, om)))

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_an_entity_of_the_type_goes_all_the_way(kind: str, om: Any, make: Callable[[str], Any], unique: str) -> None:
    declared = KINDS[kind]
    model, name = declared.model, (declared.name or "{u}").format(u=unique)
    made = make(kind)
    exchange = om.watch.exchanges[-1]
    assert (exchange.method, exchange.status) == ("PUT", 201)
    assert missing(exchange.sent, exchange.reply) == []
    assert text(made.fullyQualifiedName) == name
    before = om.watch.read("/system/health")["position"]
    make(kind)
    assert om.watch.exchanges[-1].status == 200
    assert om.watch.read("/system/health")["position"] == before, "the same again changes nothing"
    assert om.get_by_name(model, name, fields=["*"]).id == made.id
    assert om.get_by_id(model, made.id, fields=["*"]).id == made.id
    assert made.id in [each.id for each in om.list_all_entities(model, fields=["*"], include="all")]
    assert text(om.patch_description(model, made, "other words", force=True).description) == "other words"
    assert len(om.get_list_entity_versions(made.id, model).versions) == 2
    assert text(om.get_entity_version(model, made.id, 0.1).version) == 0.1
    if "deleted" in model.model_fields:
        om.delete(model, made.id, recursive=True)
        assert om.get_by_id(model, made.id) is None
        assert om.get_by_name(model, name, fields=["*"], include="deleted").deleted is True
        assert om.restore(model, made.id).id == made.id
    om.delete(model, made.id, recursive=True, hard_delete=True)
    assert om.get_by_id(model, made.id) is None
