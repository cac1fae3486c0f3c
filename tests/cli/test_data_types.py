# SPDX-License-Identifier: Apache-2.0
"""Types whose parts sit inside objects have pages like any other, and every type is found by the name of its list."""

import json
from pathlib import Path

from headwater.schema.registry import standard

from .shop import Command

TOPIC = {
    "name": "orders",
    "service": "kafka",
    "partitions": 3,
    "messageSchema": {
        "schemaType": "Avro",
        "schemaFields": [
            {"name": "Order", "dataType": "RECORD", "children": [{"name": "card", "dataType": "STRING"}]},
        ],
    },
}
SOURCE = {"name": "Order.card", "dataSource": {"type": "topic", "fullyQualifiedName": "kafka.orders"}}


def fill(headwater: Command) -> None:
    headwater("put", "messagingService", "--set", "name=kafka", "--set", "serviceType=Kafka")
    headwater("put", "topic", "-", stdin=json.dumps(TOPIC))
    headwater("put", "pipelineService", "--set", "name=airflow", "--set", "serviceType=Airflow")
    pipeline = {"name": "nightly", "service": "airflow", "tasks": [{"name": "load"}]}
    headwater("put", "pipeline", "-", stdin=json.dumps(pipeline))
    model = {"name": "m", "mlFeatures": [{"name": "card", "featureSources": [SOURCE]}]}
    assert headwater("put", "mlmodel", "-", stdin=json.dumps(model)).code == 0


def test_lists_are_found_by_any_name(folder: Path, headwater: Command) -> None:
    fill(headwater)
    assert headwater("list", "pipelines").out.startswith("airflow.nightly\t0.1")
    assert headwater("list", "topic", "--filter", "service=kafka").out.startswith("kafka.orders\t0.1")
    for declared in standard():
        assert headwater("list", declared.sdk_name).code == 0, declared.name


def test_parts_inside_objects_have_a_table_and_are_not_told_twice(folder: Path, headwater: Command) -> None:
    fill(headwater)
    page = headwater("show", "kafka.orders", "--type", "topic").out
    assert "Message schema schema fields (2)" in page
    (card,) = [line for line in page.splitlines() if line.startswith("    card")]
    assert card.split() == ["card", "STRING", "headwater.m.card"]
    assert "message schema schema type  Avro" in page
    assert page.count("RECORD") == 1
    assert "message schema schema fields" in headwater("get", "topic", "kafka.orders").out
    assert "✗" not in headwater("show", "headwater.m").out
    printed = headwater("get", "topic", "kafka.orders", "--json").out
    assert headwater("put", "topic", "-", stdin=printed).err == "kafka.orders is at version 0.1\n"
