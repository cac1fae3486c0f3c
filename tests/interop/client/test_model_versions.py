# SPDX-License-Identifier: Apache-2.0
"""Models with versions and deployments, which the client does not know: it reads, searches and deletes as before."""

import json
import urllib.request
from typing import Any

from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.generated.schema.entity.data.table import Table

from .conftest import TOKENS
from .making import model, table, text
from .watching import URL


def put(collection: str, body: Any) -> Any:
    """A write of our own, beside the client."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKENS['ada']}"}
    request = urllib.request.Request(f"{URL}/api/v1/{collection}", json.dumps(body).encode(), headers, method="PUT")
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())


def test_versions_and_deployments_do_not_trouble_the_client(om: Any, unique: str) -> None:
    people = table(om, unique)
    model(om, f"{unique}m")
    full, source = f"{unique}m.m", text(people.fullyQualifiedName)
    inputs = [{"name": "age", "featureSources": [{"name": "age", "dataSource": source}]}]
    trained = [{"name": "train", "dataset": source}]
    put(
        "mlmodelVersions",
        {"name": "7", "mlmodel": full, "signature": {"inputs": inputs}, "trainingDatasets": trained, "aliases": ["a"]},
    )
    served = {"endpoint": "https://models.example.org/m", "environment": "production", "modelVersion": f"{full}.7"}
    put("mlmodelDeployments", {"name": "prod", "mlmodel": full, "consumers": [source], **served})
    found = om.get_by_name(MlModel, full, fields=["*"])
    assert text(found.name) == "m"
    graph = om.get_lineage_by_name(Table, source, up_depth=2, down_depth=2)
    assert {node["type"] for node in graph["nodes"]} == {"mlmodelVersion", "mlmodelDeployment"}
    assert len(om.list_entities(MlModel, params={"service": f"{unique}m"}).entities) == 1
    assert om.es_search_from_fqn(entity_type=MlModel, fqn_search_string=full)
    om.delete(MlModel, found.id)
    assert om.get_by_name(MlModel, full) is None
