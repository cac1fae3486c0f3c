# SPDX-License-Identifier: Apache-2.0
"""`metadata ingest`, as its users run it, from real sources into both databases at once."""

import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .programs import Catalogue, Start, ask, environment, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SOURCES = Path(__file__).with_name("sources")
Json = Any
Ingest = Callable[[str, Json, Json], None]
"""Runs a connector: the name of its kind, its connection, its settings; the service is called ``local``."""


@pytest.fixture
def ingest(catalogues: dict[str, Catalogue], tmp_path: Path) -> Ingest:
    """Run one connector into each catalogue; every run has to end well."""

    def run_on(name: str, kind: str, connection: Json, settings: Json) -> None:
        catalogue = catalogues[name]
        server = {
            "hostPort": f"{catalogue.url}/api",
            "authProvider": "openmetadata",
            "securityConfig": {"jwtToken": catalogue.token("ingestion-bot", "--bot")},
        }
        workflow = {
            "source": {
                "type": kind.lower(),
                "serviceName": "local",
                "serviceConnection": {"config": {"type": kind, **connection}},
                "sourceConfig": {"config": settings},
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {"openMetadataServerConfig": server},
        }
        config = tmp_path / f"{name}.json"
        config.write_text(json.dumps(workflow))
        output = run(environment("client") / "metadata", "ingest", "-c", config, folder=tmp_path)
        assert "Errors: 0" in output, f"{name}: {output[-5000:]}"

    def run_on_each(kind: str, connection: Json, settings: Json) -> None:
        with ThreadPoolExecutor() as threads:
            for each in [threads.submit(run_on, name, kind, connection, settings) for name in catalogues]:
                each.result()

    return run_on_each


def populate(script: str, *arguments: str) -> None:
    """Fill a source with a script of its own environment."""
    run(environment("sources") / "python", SOURCES / script, *arguments)


def models(catalogue: Catalogue, include: str = "non-deleted") -> dict[str, Json]:
    """The models of the service, by name."""
    listed = catalogue.get("mlmodels", service="local", fields="*", include=include)["data"]
    return {model["name"]: model for model in listed}


def positions(catalogues: dict[str, Catalogue]) -> dict[str, int]:
    return {name: catalogue.position() for name, catalogue in catalogues.items()}


def changes(catalogues: dict[str, Catalogue], before: dict[str, int]) -> list[str]:
    """What changed a version after these positions; a connector's own mark of what it saw (``sourceHash``) does not."""
    return [
        f"{name}: {event['eventType']} {event['entityFullyQualifiedName']} {json.dumps(event.get('changeDescription'))}"
        for name, catalogue in catalogues.items()
        for event in catalogue.get("events", after=str(before[name]))["data"]
        if event.get("previousVersion") != event.get("currentVersion")
    ]


def test_mlflow(catalogues: dict[str, Catalogue], ingest: Ingest, start: Start) -> None:
    """Two registered models of several versions, with signatures and parameters; one of them goes away."""
    server = environment("sources") / "mlflow"
    address = start(
        server, "server", "--port", "{port}", "--workers", "1", "--backend-store-uri", "sqlite:///mlflow.db",
        "--artifacts-destination", "artifacts", health="/health",
    )  # fmt: skip
    populate("fill_mlflow.py", address)
    connection = {"trackingUri": address, "registryUri": address}
    settings = {"type": "MlModelMetadata", "markDeletedMlModels": True}
    ingest("Mlflow", connection, settings)
    before = positions(catalogues)
    for catalogue in catalogues.values():
        found = models(catalogue)
        assert found.keys() == {"wine", "churn"}
        wine = found["wine"]
        assert {each["name"]: each["value"] for each in wine["mlHyperParameters"]} == {"alpha": "0.7", "solver": "svd"}
        assert {each["name"]: each["dataType"] for each in wine["mlFeatures"]} == {
            "fixed_acidity": "numerical",
            "alcohol": "numerical",
            "colour": "categorical",
        }
        assert wine["description"] == "Wine **quality**"
        assert wine["mlStore"]["storage"]
        assert wine["sourceUrl"].endswith("/models/wine")
        assert (wine["version"], wine["updatedBy"], wine["serviceType"]) == (0.1, "ingestion-bot", "Mlflow")
    ingest("Mlflow", connection, settings)
    assert changes(catalogues, before) == []
    ask("DELETE", f"{address}/api/2.0/mlflow/registered-models/delete", {"name": "churn"})
    ingest("Mlflow", connection, settings)
    for catalogue in catalogues.values():
        assert models(catalogue).keys() == {"wine"}
        gone = models(catalogue, "deleted")["churn"]
        assert (gone["deleted"], gone["version"]) == (True, 0.2)
        assert gone["mlFeatures"]


def test_sqlite(catalogues: dict[str, Catalogue], ingest: Ingest, tmp_path: Path) -> None:
    """Tables and a view of a database file; then one of them is dropped."""
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as database:
        database.executescript(
            """
            CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, born DATE);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id), total NUMERIC);
            CREATE VIEW spending AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
            """
        )
    database.close()
    connection = {"databaseMode": str(file), "database": "shop"}
    settings = {"type": "DatabaseMetadata", "markDeletedTables": True, "includeViews": True}

    def tables(catalogue: Catalogue, include: str = "non-deleted") -> dict[str, Json]:
        listed = catalogue.get("tables", databaseSchema="local.shop.main", fields="*", include=include)["data"]
        return {table["name"]: table for table in listed}

    ingest("SQLite", connection, settings)
    before = positions(catalogues)
    for catalogue in catalogues.values():
        found = tables(catalogue)
        assert {name: table["tableType"] for name, table in found.items()} == {
            "customers": "Regular",
            "orders": "Regular",
            "spending": "View",
        }
        assert [(column["name"], column["dataType"]) for column in found["customers"]["columns"]] == [
            ("id", "INT"),
            ("name", "VARCHAR"),
            ("born", "DATE"),
        ]
        assert found["customers"]["columns"][0]["constraint"] == "PRIMARY_KEY"
        assert "sum(total)" in found["spending"]["schemaDefinition"]
    ingest("SQLite", connection, settings)
    assert changes(catalogues, before) == []
    with sqlite3.connect(file) as database:
        database.execute("DROP VIEW spending")
    database.close()
    ingest("SQLite", connection, settings)
    for catalogue in catalogues.values():
        assert tables(catalogue).keys() == {"customers", "orders"}
        assert tables(catalogue, "deleted").keys() == {"spending"}


def test_sagemaker(catalogues: dict[str, Catalogue], ingest: Ingest, start: Start) -> None:
    """Models of a region; then one of them is deleted."""
    address = start(environment("sources") / "moto_server", "-p", "{port}", health="/moto-api/")
    populate("fill_sagemaker.py", address)
    keys = {"awsAccessKeyId": "key", "awsSecretAccessKey": "secret", "awsRegion": "us-east-1"}
    connection = {"awsConfig": {**keys, "endPointURL": address}}
    settings = {"type": "MlModelMetadata", "markDeletedMlModels": True}
    ingest("SageMaker", connection, settings)
    before = positions(catalogues)
    for catalogue in catalogues.values():
        found = models(catalogue)
        assert found.keys() == {"bert", "xgb"}
        assert found["xgb"]["mlStore"] == {"storage": "s3://models/xgb.tar.gz", "imageRepository": "images/xgb:1"}
    ingest("SageMaker", connection, settings)
    assert changes(catalogues, before) == []
    populate("fill_sagemaker.py", address, "bert")
    ingest("SageMaker", connection, settings)
    for catalogue in catalogues.values():
        assert models(catalogue).keys() == {"xgb"}
        assert models(catalogue, "deleted").keys() == {"bert"}
