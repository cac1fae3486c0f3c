# SPDX-License-Identifier: Apache-2.0
"""One entity of every type around models: what a request says of it, and the name that it gets."""

from typing import Any, NamedTuple

from .wire import Api, Reply


class Asset(NamedTuple):
    """A request for an entity, and the FQN that it gets."""

    collection: str
    body: dict[str, Any]
    fqn: str


def connection(**config: Any) -> dict[str, Any]:
    return {"connection": {"config": config}}


ADDRESS = {
    "name": "address",
    "dataType": "STRUCT",
    "children": [{"name": "zip", "dataType": "VARCHAR", "dataLength": 10, "tags": ["PII.Sensitive"]}],
}
COLUMNS = [{"name": "id", "dataType": "BIGINT", "constraint": "PRIMARY_KEY"}, ADDRESS]
MESSAGE = {
    "schemaText": "record Order …",
    "schemaType": "Avro",
    "schemaFields": [
        {
            "name": "Order",
            "dataType": "RECORD",
            "children": [
                {"name": "id", "dataType": "LONG", "description": "of the order"},
                {"name": "card", "dataType": "STRING", "tags": ["PII.Sensitive"]},
            ],
        }
    ],
}

SERVICES = [
    Asset(
        "services/databaseServices",
        {"name": "db", "serviceType": "Postgres"},
        "db",
    ),
    Asset(
        "services/dashboardServices",
        {"name": "bi", "serviceType": "Superset"},
        "bi",
    ),
    Asset(
        "services/pipelineServices",
        {
            "name": "air.flow",
            "serviceType": "Airflow",
            "scheduleInterval": "@daily",
            **connection(
                type="Airflow",
                hostPort="http://airflow:8080",
                connection={"type": "Mysql", "username": "u", "authType": {"password": "pw"}, "hostPort": "db:3306"},
            ),
        },
        '"air.flow"',
    ),
    Asset(
        "services/messagingServices",
        {
            "name": "kafka",
            "serviceType": "Kafka",
            "style": {"color": "#ff0000"},
            **connection(
                type="Kafka",
                bootstrapServers="kafka:9092",
                saslPassword="pw",
                basicAuthUserInfo="user:pw",
                schemaRegistrySSL={"sslKey": "pw", "caCertificate": "pw"},
                consumerConfig={"sasl.password": "pw", "group.id": "g"},
            ),
        },
        "kafka",
    ),
    Asset(
        "services/storageServices",
        {
            "name": "s3",
            "serviceType": "S3",
            **connection(type="S3", awsConfig={"awsAccessKeyId": "me", "awsSecretAccessKey": "pw", "awsRegion": "eu"}),
        },
        "s3",
    ),
    Asset(
        "services/searchServices",
        {
            "name": "es",
            "serviceType": "ElasticSearch",
            **connection(
                type="ElasticSearch",
                authType={"username": "u", "password": "pw"},
                sslConfig={"certificates": {"privateKeyValue": "pw", "caCertValue": "pw"}},
            ),
        },
        "es",
    ),
    Asset(
        "services/apiServices",
        {
            "name": "rest",
            "serviceType": "Rest",
            "ingestionRunner": {"id": "7b1f0f0e-7f6c-4f7e-9a39-000000000001", "type": "ingestionRunner"},
            **connection(
                type="Rest", openAPISchemaConnection={"openAPISchemaURL": "http://api/openapi.json"}, token="pw"
            ),
        },
        "rest",
    ),
]

ASSETS = [
    Asset("databases", {"name": "shop", "service": "db"}, "db.shop"),
    Asset("databaseSchemas", {"name": "main", "database": "db.shop"}, "db.shop.main"),
    Asset("tables", {"name": "people", "databaseSchema": "db.shop.main", "columns": COLUMNS}, "db.shop.main.people"),
    Asset(
        "storedProcedures",
        {
            "name": "refresh",
            "databaseSchema": "db.shop.main",
            "storedProcedureCode": {"language": "SQL", "code": "CALL x()"},
            "storedProcedureType": "Function",
        },
        "db.shop.main.refresh",
    ),
    Asset(
        "pipelines",
        {
            "name": "nightly",
            "service": '"air.flow"',
            "description": "Loads everything.",
            "sourceUrl": "http://airflow/dags/nightly",
            "concurrency": 2,
            "pipelineLocation": "/dags/nightly.py",
            "startDate": "2026-01-01T00:00:00Z",
            "scheduleInterval": "0 3 * * *",
            "state": "Active",
            "tags": ["Tier.Tier2"],
            "owners": ["admin"],
            "extension": {"team": "data"},
            "sourceHash": "a1",
            "tasks": [
                {
                    "name": "read.it",
                    "displayName": "Read",
                    "description": "Reads.",
                    "sourceUrl": "http://airflow/read",
                    "taskType": "SQL",
                    "taskSQL": "SELECT 1",
                    "startDate": "2026-01-01",
                    "downstreamTasks": ["write"],
                    "tags": ["PII.Sensitive"],
                    "owners": [{"type": "user", "fullyQualifiedName": "admin"}],
                },
                {"name": "write", "downstreamTasks": []},
            ],
        },
        '"air.flow".nightly',
    ),
    Asset(
        "topics",
        {
            "name": "orders",
            "service": "kafka",
            "messageSchema": MESSAGE,
            "partitions": 12,
            "cleanupPolicies": ["delete", "compact"],
            "replicationFactor": 3,
            "retentionTime": 604800000.0,
            "retentionSize": -1.0,
            "maximumMessageSize": 1048576,
            "minimumInSyncReplicas": 2,
            "topicConfig": {"min.insync.replicas": "2"},
            "lifeCycle": {"created": {"timestamp": 1700000000000}},
        },
        "kafka.orders",
    ),
    Asset(
        "containers",
        {"name": "lake", "service": "s3", "numberOfObjects": 7.0, "size": 1024.0, "fileFormats": ["parquet"]},
        "s3.lake",
    ),
    Asset(
        "containers",
        {
            "name": "sales.v1",
            "service": "s3",
            "parent": {"type": "container", "fullyQualifiedName": "s3.lake"},
            "prefix": "/sales",
            "fullPath": "s3://lake/sales",
            "dataModel": {"isPartitioned": True, "columns": COLUMNS},
        },
        's3.lake."sales.v1"',
    ),
    Asset(
        "searchIndexes",
        {
            "name": "products",
            "service": "es",
            "indexType": "IndexTemplate",
            "searchIndexSettings": {"index": {"number_of_shards": 1}},
            "fields": [
                {"name": "title", "dataType": "TEXT", "dataTypeDisplay": "text"},
                {"name": "price", "dataType": "OBJECT", "children": [{"name": "amount", "dataType": "SCALED_FLOAT"}]},
            ],
        },
        "es.products",
    ),
    Asset(
        "apiCollections",
        {"name": "v1", "service": "rest", "endpointURL": "http://api/v1", "apiEndpoints": []},
        "rest.v1",
    ),
    Asset(
        "apiEndpoints",
        {
            "name": "/orders",
            "apiCollection": "rest.v1",
            "endpointURL": "http://api/v1/orders",
            "requestMethod": "POST",
            "sourceUrl": "http://api/docs",
            "requestSchema": {"schemaType": "JSON", "schemaFields": [{"name": "id", "dataType": "INT"}]},
            "responseSchema": {"schemaFields": MESSAGE["schemaFields"]},
        },
        "rest.v1./orders",
    ),
    Asset(
        "dashboard/datamodels",
        {
            "name": "sales",
            "service": "bi",
            "serviceType": "Superset",
            "dataModelType": "SupersetDataModel",
            "sql": "SELECT * FROM people",
            "project": "p",
            "columns": COLUMNS,
        },
        "bi.model.sales",
    ),
    Asset("charts", {"name": "1", "service": "bi", "dashboards": []}, "bi.1"),
    Asset("charts", {"name": "map", "service": "bi", "chartType": "Map"}, "bi.map"),
    Asset(
        "dashboards",
        {"name": "sales", "service": "bi", "charts": ["bi.1"], "dataModels": ["bi.model.sales"]},
        "bi.sales",
    ),
    Asset(
        "metrics",
        {
            "name": "net.sales",
            "metricExpression": {"language": "SQL", "code": "sum(price)"},
            "metricType": "SUM",
            "unitOfMeasurement": "OTHER",
            "customUnitOfMeasurement": "euro",
            "granularity": "DAY",
            "dimensions": [{"name": "day", "type": "TIME", "expression": "ordered_at"}],
            "measures": [{"name": "price", "aggregation": "sum"}],
            "filters": [{"where": "state <> 'void'"}],
            "relatedMetrics": [],
            "assets": [{"type": "table", "fullyQualifiedName": "db.shop.main.people"}],
            "reviewers": [{"type": "user", "fullyQualifiedName": "admin"}],
            "provider": "automation",
        },
        '"net.sales"',
    ),
    Asset(
        "queries",
        {
            "name": "q",
            "service": "db",
            "query": "SELECT zip FROM people",
            "query_type": "SELECT",
            "exclude_usage": False,
            "duration": 0.5,
            "queryDate": 1700000000000,
            "users": ["admin"],
            "usedBy": ["a script"],
            "dialect": "postgres",
            "queryUsedIn": [{"type": "table", "fullyQualifiedName": "db.shop.main.people"}],
            "triggeredBy": {"type": "storedProcedure", "fullyQualifiedName": "db.shop.main.refresh"},
            "processedLineage": True,
        },
        "db.q",
    ),
]


def build(api: Api) -> dict[str, Reply]:
    """All of them, created; the replies by FQN and collection."""
    replies = {}
    for asset in (*SERVICES, *ASSETS):
        replies[f"{asset.collection} {asset.fqn}"] = api.put(asset.collection, asset.body, expect=201)
    return replies


def body_of(fqn: str, collection: str = "") -> dict[str, Any]:
    """The request for the entity with this FQN."""
    return next(
        asset.body for asset in (*SERVICES, *ASSETS) if asset.fqn == fqn and collection in ("", asset.collection)
    )
