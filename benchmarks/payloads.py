# SPDX-License-Identifier: Apache-2.0
"""What is sent: models with 20 features, each fed by a column, and the tables that hold those columns."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from benchmarks.client import Connection, request

Json = dict[str, Any]

FEATURES = 20
TABLES = 4
SERVICE = "bench"
MODELS = "/api/v1/mlmodels"


def model(index: int, tables: list[str], edition: int = 0) -> Json:
    """A request for a model of 20 features over the columns of four tables. Each ``edition`` is a new version."""
    per_table = FEATURES // TABLES
    return {
        "name": f"model_{index:07}",
        "service": SERVICE,
        "displayName": f"Model {index}",
        "description": f"Predicts churn of customer group {index}; edition {edition}.",
        "algorithm": "gradient boosting",
        "target": "churned",
        "server": f"http://models.example/churn/{index}",
        "mlStore": {"storage": f"s3://models/churn/{index}", "imageRepository": "registry.example/churn"},
        "mlFeatures": [
            {
                "name": f"feature_{feature:02}",
                "dataType": "numerical",
                "description": f"Feature {feature} of the model.",
                "featureAlgorithm": "mean",
                "featureSources": [
                    {
                        "name": f"column_{feature % per_table}",
                        "dataType": "number",
                        "dataSource": {"id": tables[feature // per_table], "type": "table"},
                    }
                ],
            }
            for feature in range(FEATURES)
        ],
        "mlHyperParameters": [
            {"name": "learning_rate", "value": "0.1"},
            {"name": "max_depth", "value": "6"},
            {"name": "n_estimators", "value": str(100 + edition)},
        ],
    }


def upserts(indexes: Iterable[int], tables: list[str], edition: int = 0) -> list[bytes]:
    """The requests that put models."""
    return [request("PUT", MODELS, model(index, tables, edition)) for index in indexes]


def get(index: int) -> bytes:
    """The request for a model by its FQN."""
    return request("GET", f"{MODELS}/name/{quote(f'{SERVICE}.model_{index:07}')}")


def surroundings() -> Iterable[tuple[str, Json]]:
    """The requests, in order, for what the models stand on: services, and tables with five columns each."""
    yield "services/mlmodelServices", {"name": SERVICE, "serviceType": "Mlflow"}
    yield "services/databaseServices", {"name": SERVICE, "serviceType": "Postgres"}
    yield "databases", {"name": "shop", "service": SERVICE}
    yield "databaseSchemas", {"name": "public", "database": f"{SERVICE}.shop"}
    columns = [{"name": f"column_{index}", "dataType": "DOUBLE"} for index in range(FEATURES // TABLES)]
    for index in range(TABLES):
        yield (
            "tables",
            {"name": f"table_{index}", "databaseSchema": f"{SERVICE}.shop.public", "columns": columns},
        )


def prepare(connection: Connection) -> list[str]:
    """Put the surroundings; the ids of the tables."""
    replies = [(kind, connection.json(request("PUT", f"/api/v1/{kind}", body))) for kind, body in surroundings()]
    return [reply["id"] for kind, reply in replies if kind == "tables"]
