# SPDX-License-Identifier: Apache-2.0
"""The checker of databases finds what is wrong: a sound catalogue is damaged in one place, and the checker says so."""

import json
import shutil
import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCHEMA = "shop.main.public"
VERSION = "(SELECT node FROM entity WHERE type = 'mlmodelVersion' AND name = '{}')"

DAMAGES = [
    "DELETE FROM relationship WHERE field = 'schemaDefinition' "
    "AND target = (SELECT max(target) FROM relationship WHERE field = 'schemaDefinition')",
    "UPDATE lineage_edge SET until = 99 WHERE upstream = 0",
    "DELETE FROM lineage_edge WHERE source = 'ViewLineage' AND upstream <> 0 AND details IS NOT NULL",
    "UPDATE lineage_edge SET upstream = (SELECT node FROM entity WHERE name = 'counts') "
    "WHERE source = 'ViewLineage' AND upstream = (SELECT node FROM entity WHERE name = 'people')",
    f"DELETE FROM lineage_edge WHERE owner = {VERSION.format(1)}",
    f"DELETE FROM lineage_edge WHERE owner = {VERSION.format(2)}",
    "DELETE FROM lineage_edge WHERE owner = (SELECT node FROM entity WHERE type = 'mlmodelDeployment')",
    f"DELETE FROM lineage_node WHERE entity = {VERSION.format(1)}",
    "UPDATE lineage_node SET until = NULL WHERE entity = 0",
    "DELETE FROM run",
    "UPDATE run SET timestamp = timestamp + 1",
    "UPDATE sighting SET asserter = 'somebody' WHERE upstream <> 0",
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with views, versions of a model, a deployment, a run and an assertion."""
    import headwater
    from headwater.api.http import Request
    from headwater.settings import Settings

    path = tmp_path_factory.mktemp("sound") / "headwater.db"
    application = headwater.application(Settings(database=str(path)))

    def send(method: str, place: str, body: Any) -> None:
        reply = application.handle(Request(method, f"/api/v1/{place}", "", {}, json.dumps(body).encode()), trusted=True)
        assert reply.status < 300, reply.body

    def table(name: str, columns: str, definition: str | None = None) -> None:
        view = {"tableType": "View", "schemaDefinition": definition} if definition else {}
        shape = [{"name": column, "dataType": "INT"} for column in columns]
        send("PUT", "tables", {"name": name, "databaseSchema": SCHEMA, "columns": shape, **view})

    def feature(column: str) -> dict[str, Any]:
        return {"name": "f", "featureSources": [{"name": column, "dataSource": f"{SCHEMA}.renamed"}]}

    send("PUT", "services/databaseServices", {"name": "shop", "serviceType": "Postgres"})
    send("PUT", "databases", {"name": "main", "service": "shop"})
    send("PUT", "databaseSchemas", {"name": "public", "database": "shop.main"})
    table("people", "ab")
    table("renamed", "ac", "SELECT a, b AS c FROM people")
    table("everything", "az", "SELECT * FROM public.renamed")
    table("lost", "a", "SELECT a FROM nothing")
    table("counts", "n", "SELECT count(*) AS n FROM people JOIN renamed ON people.a = renamed.a")
    send("PUT", "mlmodels", {"name": "m", "mlFeatures": [feature("a")]})
    send("PUT", "mlmodelVersions", {"name": "1", "mlmodel": "headwater.m", "signature": {"inputs": [feature("c")]}})
    send("PUT", "mlmodelVersions", {"name": "2", "mlmodel": "headwater.m"})
    place = {"endpoint": "http://x", "environment": "production"}
    send("PUT", "mlmodelDeployments", {"name": "d", "mlmodel": "headwater.m", "modelVersion": "headwater.m.1", **place})
    edge = f"lineage/table/name/{SCHEMA}.people/table/name/{SCHEMA}.lost"
    send("PUT", edge, {"source": "QueryLineage"})
    event: dict[str, Any] = {"eventTime": "2026-03-01T10:00:00Z", "run": {"runId": "r"}, "eventType": "START"}
    event |= {"job": {"namespace": "airflow", "name": "load"}, "inputs": [{"namespace": "x", "name": "p"}]}
    send("POST", "lineage", event)
    send("POST", "lineage", event | {"eventType": "COMPLETE", "outputs": [{"namespace": "x", "name": "q"}]})
    application.catalog.close()
    return path


def faults(consistency: ModuleType, path: Path) -> list[str]:
    url = f"sqlite:///{path}"
    return [*consistency.check(url), *consistency.check_indexes(url)]


def test_a_sound_catalogue_has_no_faults(consistency: ModuleType, sound: Path) -> None:
    assert faults(consistency, sound) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(consistency: ModuleType, sound: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "damaged.db"
    shutil.copy(sound, path)
    with sqlite3.connect(path) as file:
        assert file.execute(damage).rowcount > 0
    file.close()
    assert faults(consistency, path)
