# SPDX-License-Identifier: Apache-2.0
"""The types of data around models: services, pipelines, topics, containers, indexes, APIs, procedures, data models,
metrics and queries."""

import json
import re
from hashlib import md5
from typing import Any

import pytest

from headwater.schema.registry import standard

from .estate import ASSETS, SERVICES, body_of, build
from .wire import Api, Json, column_pairs, named, segment

MASK = "*********"


def reads(said: Json, shown: Json) -> bool:
    """Whether a reply says what a request said: names stand for references and labels, secrets are masked."""
    if isinstance(said, dict) and isinstance(shown, dict):
        return all(member in shown and reads(value, shown[member]) for member, value in said.items())
    if isinstance(said, list) and isinstance(shown, list):
        return len(said) == len(shown) and all(reads(one, other) for one, other in zip(said, shown, strict=True))
    if isinstance(said, str) and isinstance(shown, dict):
        return said in (shown.get("fullyQualifiedName"), shown.get("tagFQN"))
    return said == shown or (said in ("pw", "user:pw") and shown == MASK)


def test_every_type_can_be_created_read_listed_and_put_again(api: Api) -> None:
    build(api)
    for asset in (*SERVICES, *ASSETS):
        collection, body = asset.collection, asset.body
        declared = standard().find(collection)
        assert declared is not None
        shown = api.get(named(collection, asset.fqn), fields="*").body
        unseen = {*declared.hidden, *(inverse.field for inverse in declared.inverses)}
        assert reads({member: value for member, value in body.items() if member not in unseen}, shown), collection
        assert not {*declared.hidden} & {*shown}
        assert (shown["fullyQualifiedName"], shown["version"]) == (asset.fqn, 0.1)
        assert api.get(f"{collection}/{shown['id']}", fields="*").body == shown
        assert asset.fqn in [one["fullyQualifiedName"] for one in api.get(collection, limit="100")["data"]]
        again = api.put(collection, body, expect=200)
        assert (again["version"], again.headers["X-OpenMetadata-Change"]) == (0.1, "entityNoChange")
        api.post(collection, body, expect=409)
        described = api.patch(named(collection, asset.fqn), {"op": "add", "path": "/displayName", "value": "Shown"})
        assert (described["version"], described["displayName"]) == (0.2, "Shown")


def test_parts_have_names_under_their_entity(api: Api) -> None:
    built = build(api)

    def parts(key: str, *path: str) -> list[str]:
        found: Any = built[key].body
        for member in path:
            found = found[member]
        names = []
        for item in found:
            names += [item["fullyQualifiedName"], *(one["fullyQualifiedName"] for one in item.get("children", ()))]
        return names

    address = ["address", "address.zip"]
    assert parts('pipelines "air.flow".nightly', "tasks") == [
        '"air.flow".nightly."read.it"',
        '"air.flow".nightly.write',
    ]
    assert parts("topics kafka.orders", "messageSchema", "schemaFields") == [
        f"kafka.orders.{one}" for one in ("Order", "Order.id", "Order.card")
    ]
    assert parts('containers s3.lake."sales.v1"', "dataModel", "columns") == [
        f's3.lake."sales.v1".{one}' for one in ("id", *address)
    ]
    assert parts("searchIndexes es.products", "fields") == [
        f"es.products.{one}" for one in ("title", "price", "price.amount")
    ]
    assert parts("apiEndpoints rest.v1./orders", "requestSchema", "schemaFields") == [
        "rest.v1./orders.requestSchema.id"
    ]
    assert parts("apiEndpoints rest.v1./orders", "responseSchema", "schemaFields") == [
        f"rest.v1./orders.responseSchema.{one}" for one in ("Order", "Order.id", "Order.card")
    ]
    assert parts("dashboard/datamodels bi.model.sales", "columns") == [
        f"bi.model.sales.{one}" for one in ("id", *address)
    ]
    assert parts('metrics "net.sales"', "dimensions") == ['"net.sales".dimensions.day']
    assert parts('metrics "net.sales"', "measures") == ['"net.sales".measures.price']


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A request with another value at a path of members and indexes; None takes it out."""
    copy = json.loads(json.dumps(body))
    *way, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    holder = copy
    for part in way:
        holder = holder[part]
    if value is None:
        del holder[last]
    elif isinstance(holder, list) and last == len(holder):
        holder.append(value)
    else:
        holder[last] = value
    return dict(copy)


TEXT = {"name": "note", "dataType": "TEXT"}
CHANGES: list[tuple[str, str, str, Any, float, str, str]] = [
    ("services/messagingServices", "kafka", "style/color", "#00ff00", 0.2, "fieldsUpdated", "style"),
    ("pipelines", '"air.flow".nightly', "concurrency", 3, 0.2, "fieldsUpdated", "concurrency"),
    ("pipelines", '"air.flow".nightly', "tasks/1", None, 0.2, "fieldsDeleted", "tasks"),
    ("pipelines", '"air.flow".nightly', "tasks/2", {"name": "mail"}, 0.2, "fieldsAdded", "tasks"),
    ("pipelines", '"air.flow".nightly', "tasks/0/description", "R", 0.2, "fieldsUpdated", "tasks.read.it.description"),
    ("pipelines", '"air.flow".nightly', "tasks/1/tags", ["PII.None"], 0.2, "fieldsAdded", "tasks.write.tags"),
    ("pipelines", '"air.flow".nightly', "tasks/1/owners", ["admin"], 0.2, "fieldsAdded", "tasks.write.owners"),
    ("pipelines", '"air.flow".nightly', "sourceHash", "b2", 0.1, "", ""),
    ("topics", "kafka.orders", "partitions", 24, 0.2, "fieldsUpdated", "partitions"),
    ("topics", "kafka.orders", "messageSchema/schemaText", "x", 0.2, "fieldsUpdated", "messageSchema.schemaText"),
    ("topics", "kafka.orders", "messageSchema", None, 1.1, "fieldsDeleted", "messageSchema.schemaFields"),
    (
        "topics",
        "kafka.orders",
        "messageSchema/schemaFields/0/children/0",
        None,
        1.1,
        "fieldsDeleted",
        "messageSchema.schemaFields.Order",
    ),
    (
        "topics",
        "kafka.orders",
        "messageSchema/schemaFields/0/children/0/description",
        "d",
        0.2,
        "fieldsUpdated",
        "messageSchema.schemaFields.Order.id.description",
    ),
    ("containers", 's3.lake."sales.v1"', "dataModel/columns/0", None, 1.1, "fieldsDeleted", "dataModel.columns"),
    ("containers", 's3.lake."sales.v1"', "dataModel/columns/2", TEXT, 0.2, "fieldsAdded", "dataModel.columns"),
    (
        "containers",
        's3.lake."sales.v1"',
        "dataModel/isPartitioned",
        False,
        0.2,
        "fieldsUpdated",
        "dataModel.isPartitioned",
    ),
    (
        "containers",
        's3.lake."sales.v1"',
        "dataModel/columns/1/children/0/dataLength",
        5,
        1.1,
        "fieldsUpdated",
        "dataModel.columns.address.zip.dataLength",
    ),
    ("containers", "s3.lake", "size", 2048.0, 0.1, "", ""),
    ("searchIndexes", "es.products", "fields/0", None, 1.1, "fieldsDeleted", "fields"),
    ("searchIndexes", "es.products", "fields/0/dataType", "KEYWORD", 1.1, "fieldsDeleted", "fields"),
    ("searchIndexes", "es.products", "fields/2", TEXT, 0.2, "fieldsAdded", "fields"),
    (
        "apiEndpoints",
        "rest.v1./orders",
        "responseSchema/schemaFields/0/dataType",
        "MAP",
        1.1,
        "fieldsDeleted",
        "responseSchema.schemaFields",
    ),
    ("apiEndpoints", "rest.v1./orders", "requestMethod", "PUT", 0.2, "fieldsUpdated", "requestMethod"),
    ("dashboard/datamodels", "bi.model.sales", "columns/0", None, 1.1, "fieldsDeleted", "columns"),
    ("dashboard/datamodels", "bi.model.sales", "sql", "SELECT 1", 0.2, "fieldsUpdated", "sql"),
    ("dashboards", "bi.sales", "dataModels", None, 0.2, "fieldsDeleted", "dataModels"),
    (
        "storedProcedures",
        "db.shop.main.refresh",
        "storedProcedureCode/code",
        "x",
        0.2,
        "fieldsUpdated",
        "storedProcedureCode",
    ),
    ("metrics", '"net.sales"', "dimensions/0/type", "CATEGORICAL", 0.2, "fieldsAdded", "dimensions"),
    ("queries", "db.q", "duration", 0.7, 0.2, "fieldsUpdated", "duration"),
]


def test_put_of_one_changed_member(api: Api) -> None:
    """Removed or retyped fields of anything that has fields are major; what else changes is minor or not versioned."""
    build(api)
    for number, (collection, fqn, path, value, version, kind, name) in enumerate(CHANGES):
        body = body_of(fqn, collection) | {"name": f"copy {number}"}
        api.post(collection, body)
        reply = api.put(collection, changed(body, path, value))
        case = (collection, path, value)
        assert (case, reply["version"]) == (case, version)
        described = reply["changeDescription"] if version > 0.1 else {}
        assert not kind or name in [one["name"] for one in described[kind]], (case, described)


def test_an_object_that_parts_sit_in_can_be_patched(api: Api) -> None:
    """Positional patches reach the parts, lists that are not there count as empty, and what was not said stays away."""
    build(api)
    topic = named("topics", "kafka.orders")
    card = "/messageSchema/schemaFields/0/children/1"
    tagged = api.patch(topic, {"op": "add", "path": f"{card}/tags/1", "value": {"tagFQN": "PersonalData.Personal"}})
    shown = tagged["messageSchema"]["schemaFields"][0]["children"]
    assert [[label["tagFQN"] for label in one["tags"]] for one in shown] == [
        [],
        ["PII.Sensitive", "PersonalData.Personal"],
    ]
    assert api.get(named("tags", "PersonalData.Personal"), fields="usageCount")["usageCount"] == 1
    bare = api.post(
        "topics", {"name": "bare", "service": "kafka", "partitions": 1, "messageSchema": {"schemaType": "JSON"}}
    )
    assert bare["messageSchema"] == {"schemaType": "JSON"}
    path = named("topics", "kafka.bare")
    assert api.patch(path, {"op": "add", "path": "/description", "value": "d"})["messageSchema"] == {
        "schemaType": "JSON"
    }
    field = {"name": "id", "dataType": "INT"}
    grown = api.patch(path, {"op": "add", "path": "/messageSchema/schemaFields/0", "value": field})
    assert grown["messageSchema"]["schemaFields"][0]["fullyQualifiedName"] == "kafka.bare.id"
    emptied = api.patch(path, {"op": "remove", "path": "/messageSchema"})
    assert "messageSchema" not in emptied.body
    api.patch(path, {"op": "replace", "path": "/messageSchema", "value": "text"}, expect=400)
    api.patch(path, {"op": "add", "path": "/messageSchema/schemaFields/0", "value": field}, expect=400)


def test_a_put_unites_labels_keeps_owners_and_spares_texts_of_parts_wherever_they_sit(api: Api) -> None:
    build(api)
    bot = api.as_user("ingestion-bot", bot=True)
    topic = changed(body_of("kafka.orders"), "messageSchema/schemaFields/0/children/0/description", "by a machine")
    topic = changed(topic, "messageSchema/schemaFields/0/children/1/tags", ["PersonalData.Personal"])
    order, card = bot.put("topics", topic)["messageSchema"]["schemaFields"][0]["children"]
    assert order["description"] == "of the order"
    assert [label["tagFQN"] for label in card["tags"]] == ["PII.Sensitive", "PersonalData.Personal"]
    pipeline = changed(body_of('"air.flow".nightly'), "tasks/0/owners", None)
    assert [one["name"] for one in api.put("pipelines", pipeline)["tasks"][0]["owners"]] == ["admin"]
    removed = api.patch(named("pipelines", '"air.flow".nightly'), {"op": "remove", "path": "/tasks/0/owners"})
    assert "owners" not in removed["tasks"][0]
    nobody = changed(pipeline, "tasks/0/owners", ["nobody"])
    assert "nobody" in api.put("pipelines", nobody, expect=404)["message"]
    twice = changed(pipeline, "tasks/2", {"name": "write"})
    assert api.put("pipelines", twice, expect=400)["message"] == "tasks: write stands twice in one list"
    column = changed(body_of('s3.lake."sales.v1"'), "dataModel/columns/2", {"name": "ID", "dataType": "INT"})
    assert "column ID is repeated" in api.put("containers", column, expect=400)["message"]
    nameless = changed(body_of('"net.sales"'), "dimensions/0/name", "")
    assert "dimensions.0.name" in api.put("metrics", nameless, expect=400)["message"]


# lineage

PEOPLE = "db.shop.main.people"


def details_of(api: Api, up: tuple[str, str], down: tuple[str, str], **query: str) -> Json:
    path = f"lineage/getLineageEdge/{up[0]}/name/{segment(up[1])}/{down[0]}/name/{segment(down[1])}"
    return api.get(path, **query)["edge"]


def assert_columns(
    api: Api, up: tuple[str, str], down: tuple[str, str], source: str, target: str, expect: int = 200
) -> Any:
    path = f"lineage/{up[0]}/name/{segment(up[1])}/{down[0]}/name/{segment(down[1])}"
    return api.put(path, {"columnsLineage": [{"fromColumns": [source], "toColumn": target}]}, expect=expect)


FLOWS: list[tuple[str, str, str]] = [
    ("container", 's3.lake."sales.v1"', "address.ZIP"),
    ("topic", "kafka.orders", "Order.card"),
    ("searchIndex", "es.products", "price.amount"),
    ("apiEndpoint", "rest.v1./orders", "requestSchema.id"),
    ("apiEndpoint", "rest.v1./orders", "responseSchema.Order.card"),
    ("dashboardDataModel", "bi.model.sales", "address.zip"),
]


def test_columns_flow_into_and_out_of_all_that_have_fields(api: Api) -> None:
    build(api)
    for kind, fqn, path in FLOWS:
        for up, down, source, target in (
            (("table", PEOPLE), (kind, fqn), f"{PEOPLE}.id", f"{fqn}.{path}"),
            ((kind, fqn), ("table", PEOPLE), f"{fqn}.{path}", f"{PEOPLE}.id"),
        ):
            assert_columns(api, up, down, source, target)
            spelled = {(source.replace("ZIP", "zip"), target.replace("ZIP", "zip"))}
            assert spelled <= column_pairs(details_of(api, up, down))
        wrong = assert_columns(api, ("table", PEOPLE), (kind, fqn), f"{PEOPLE}.id", f"{fqn}.nope", expect=400)
        assert wrong["message"] == f"columnsLineage: {fqn} has no column {fqn}.nope"


def test_what_has_no_fields_has_no_columns(api: Api) -> None:
    build(api)
    refused = assert_columns(
        api, ("table", PEOPLE), ("metric", '"net.sales"'), f"{PEOPLE}.id", '"net.sales".x', expect=400
    )
    assert refused["message"] == 'columnsLineage: "net.sales" is a metric, which has no columns'
    api.put(f"lineage/table/name/{PEOPLE}/metric/name/{segment('net.sales')}", {})


def test_columns_flow_into_the_charts_of_a_dashboard(api: Api) -> None:
    """A chart goes by its own FQN, alone or behind that of the dashboard; one that has gone keeps its last name."""
    build(api)
    up, down = ("table", PEOPLE), ("dashboard", "bi.sales")
    assert_columns(api, up, down, f"{PEOPLE}.id", "bi.1")
    assert_columns(api, up, down, f"{PEOPLE}.address", "bi.sales.bi.1")
    expected = {(f"{PEOPLE}.id", "bi.1"), (f"{PEOPLE}.address", "bi.1")}
    assert column_pairs(details_of(api, up, down)) == expected
    other = assert_columns(api, up, down, f"{PEOPLE}.id", "bi.map", expect=400)
    assert other["message"] == "columnsLineage: bi.map is not a column of bi.sales"
    before = api.position()
    api.delete(named("charts", "bi.1"), hardDelete="true")
    assert column_pairs(details_of(api, up, down)) == expected
    api.patch(
        named("dashboards", "bi.sales"),
        {"op": "add", "path": "/charts/0", "value": {"type": "chart", "fullyQualifiedName": "bi.map"}},
    )
    assert_columns(api, up, down, f"{PEOPLE}.id", "bi.map")
    assert (f"{PEOPLE}.id", "bi.map") in column_pairs(details_of(api, up, down))
    assert column_pairs(details_of(api, up, down, asOf=f"@{before}")) == expected


SOURCES = [
    ("container", 's3.lake."sales.v1"', "address.zip", "address.zip"),
    ("topic", "kafka.orders", "Order.card", "Order.card"),
    ("searchIndex", "es.products", "price.amount", "price.amount"),
    ("dashboardDataModel", "bi.model.sales", "ID", "id"),
    ("apiEndpoint", "rest.v1./orders", "responseSchema.Order.id", "responseSchema.Order.id"),
]


def test_features_are_made_from_fields_of_any_data(api: Api) -> None:
    build(api)
    features = [
        {"name": kind, "featureSources": [{"name": name, "dataSource": {"type": kind, "fullyQualifiedName": fqn}}]}
        for kind, fqn, name, _ in SOURCES
    ]
    api.model(mlFeatures=features)
    graph = api.lineage("mlmodel", "headwater.m")
    names = {node["id"]: node["fullyQualifiedName"] for node in graph["nodes"]}
    pairs = {names[edge["fromEntity"]]: column_pairs(edge["lineageDetails"]) for edge in graph["upstreamEdges"]}
    assert pairs == {fqn: {(f"{fqn}.{path}", f"headwater.m.{kind}")} for kind, fqn, _, path in SOURCES}
    for kind, fqn, _, _ in SOURCES:
        source = {"name": "nope", "dataSource": {"type": kind, "fullyQualifiedName": fqn}}
        refused = api.put(
            "mlmodels", {"name": "n", "mlFeatures": [{"name": "f", "featureSources": [source]}]}, expect=400
        )
        assert refused["message"].startswith(f"{fqn} has no column nope; the nearest is ")
    text = {
        "name": "title",
        "dataType": "integer",
        "dataSource": {"type": "searchIndex", "fullyQualifiedName": "es.products"},
    }
    warned = api.put("mlmodels", {"name": "n", "mlFeatures": [{"name": "f", "featureSources": [text]}]})
    assert "es.products.title is of type TEXT, not integer" in warned.headers["X-Headwater-Warning"]


def test_indexes_of_parts_inside_objects_can_be_rebuilt(api: Api) -> None:
    """So can the names of data models, which have a segment of their own."""
    build(api)
    assert_columns(api, ("table", PEOPLE), ("dashboard", "bi.sales"), f"{PEOPLE}.id", "bi.1")
    source = {"name": "Order.card", "dataSource": {"type": "topic", "fullyQualifiedName": "kafka.orders"}}
    api.model(mlFeatures=[{"name": "f", "featureSources": [source]}])
    api.patch(named("services/dashboardServices", "bi"), {"op": "replace", "path": "/name", "value": "super.set"})
    api.delete(named("topics", "kafka.orders"), hardDelete="true")
    position = str(api.position())

    def seen() -> Any:
        return (
            api.lineage("table", PEOPLE),
            api.lineage("mlmodel", "headwater.m"),
            api.get(named("tags", "PII.Sensitive"), fields="usageCount").body,
            api.get(named("dashboard/datamodels", '"super.set".model.sales')).body,
            api.get(named("dashboard/datamodels", '"super.set".model.sales'), asOf=f"@{position}").body,
            api.get("queries", entityId=api.get(named("tables", PEOPLE))["id"]).body,
        )

    before = seen()
    assert before[3]["columns"][0]["fullyQualifiedName"] == '"super.set".model.sales.id'
    api.application.catalog.reindex()
    assert seen() == before


# lists


def test_containers_are_found_at_any_depth_and_at_the_root(api: Api) -> None:
    build(api)
    above = 's3.lake."sales.v1"'
    for name in ("deep", "deeper", "deepest"):
        api.post("containers", {"name": name, "service": "s3", "parent": above})
        above += f".{name}"
    assert above == 's3.lake."sales.v1".deep.deeper.deepest'
    deepest = api.get(named("containers", above))
    assert deepest["service"]["name"] == "s3"
    assert (deepest["serviceType"], deepest["parent"]["name"]) == ("S3", "deeper")
    api.post("services/storageServices", {"name": "gcs", "serviceType": "GCS"})
    api.post("containers", {"name": "other", "service": "gcs"})

    def listed(**query: str) -> list[str]:
        return [one["name"] for one in api.get("containers", limit="20", **query)["data"]]

    assert listed(service="s3") == ["deep", "deeper", "deepest", "lake", "sales.v1"]
    assert listed(root="true") == ["lake", "other"]
    assert listed(root="true", service="s3") == ["lake"]
    assert api.get("containers", root="true", service="s3")["paging"]["total"] == 1
    assert listed(root="false", service="gcs") == ["other"]
    assert api.get("containers", root="maybe", expect=400)["message"] == "root must be true or false, not 'maybe'"


def test_children_of_a_container_come_in_pages_of_their_own(api: Api) -> None:
    build(api)
    for number in range(5):
        api.post("containers", {"name": f"c{number}", "service": "s3", "parent": "s3.lake"})
    path = named("containers", "s3.lake")
    first = api.get(f"{path}/children", limit="4").body
    assert [one["name"] for one in first["data"]] == ["c0", "c1", "c2", "c3"]
    assert first["paging"] == {"total": 6, "offset": 0, "limit": 4}
    rest = api.get(f"containers/{api.get(path)['id']}/children", limit="4", offset="4").body
    assert [one["fullyQualifiedName"] for one in rest["data"]] == ["s3.lake.c4", 's3.lake."sales.v1"']
    before = api.position()
    api.delete(named("containers", "s3.lake.c4"))
    assert api.get(f"{path}/children", limit="0")["paging"]["total"] == 5
    assert api.get(f"{path}/children", include="all", limit="0")["paging"]["total"] == 6
    assert [one["name"] for one in api.get(f"{path}/children", offset="4", asOf=f"@{before}")["data"]] == [
        "c4",
        "sales.v1",
    ]
    assert [one["name"] for one in api.get(path, fields="children")["children"]][:2] == ["c0", "c1"]
    assert "dataModel" not in api.get(f"{path}/children", fields="owners", limit="9")["data"][0]
    api.get(f"{named('containers', 's3.nope')}/children", expect=404)
    api.get(f"{path}/children", offset="-1", expect=400)


FILTERS: list[tuple[str, dict[str, str], list[str]]] = [
    ("pipelines", {"service": '"air.flow"'}, ["nightly"]),
    ("topics", {"service": "kafka"}, ["orders"]),
    ("searchIndexes", {"service": "es"}, ["products"]),
    ("apiCollections", {"service": "rest"}, ["v1"]),
    ("apiEndpoints", {"service": "rest"}, ["/orders"]),
    ("apiEndpoints", {"apiCollection": "rest.v1"}, ["/orders"]),
    ("dashboard/datamodels", {"service": "bi"}, ["sales"]),
    ("storedProcedures", {"databaseSchema": "db.shop.main"}, ["refresh"]),
    ("storedProcedures", {"database": "db.shop", "service": "db"}, ["refresh"]),
    ("queries", {"service": "db"}, ["q"]),
]


def test_lists_can_be_filtered(api: Api) -> None:
    build(api)
    for collection, query, names in FILTERS:
        assert [one["name"] for one in api.get(collection, **query)["data"]] == names, (collection, query)
    table = api.get(named("tables", PEOPLE))["id"]
    assert [one["name"] for one in api.get("queries", entityId=table)["data"]] == ["q"]
    chart = api.get(named("charts", "bi.1"))["id"]
    assert api.get("queries", entityId=chart)["paging"]["total"] == 0
    assert api.get("queries", entityId="nope", expect=404)["message"] == "entity instance for nope not found"
    assert api.get("topics", service="nope", expect=404)["message"] == "messagingService instance for nope not found"


# what requests may and may not say


def test_a_query_goes_by_the_checksum_of_its_text(api: Api) -> None:
    build(api)
    text = "SELECT 1"
    checksum = md5(text.encode(), usedforsecurity=False).hexdigest()
    made = api.put("queries", {"query": text, "service": "db"}, expect=201)
    assert (made["name"], made["checksum"], made["fullyQualifiedName"]) == (checksum, checksum, f"db.{checksum}")
    assert api.put("queries", {"query": text, "service": "db"}, expect=200)["version"] == 0.1
    used = api.put("queries", {"query": text, "service": "db", "queryUsedIn": [PEOPLE], "users": ["admin"]})
    assert [one["fullyQualifiedName"] for one in used["queryUsedIn"]] == [PEOPLE]
    kept = api.put("queries", {"query": text, "service": "db"})
    assert [len(kept[member]) for member in ("queryUsedIn", "users")] == [1, 1]
    edited = api.patch(named("queries", f"db.{checksum}"), {"op": "replace", "path": "/query", "value": "SELECT 2"})
    assert edited["name"] == checksum
    assert edited["checksum"] == md5(b"SELECT 2", usedforsecurity=False).hexdigest()
    assert "query" in api.put("queries", {"service": "db"}, expect=400)["message"]
    api.delete(named("queries", f"db.{checksum}"))
    api.get(named("queries", f"db.{checksum}"), include="all", expect=404)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("charts", {"name": "c", "service": "bi", "dashboards": ["bi.sales"]}, "charts of its dashboards"),
    (
        "apiCollections",
        {"name": "c", "service": "rest", "apiEndpoints": ["rest.v1./orders"]},
        "in each of its endpoints",
    ),
    (
        "dashboard/datamodels",
        {"name": "x", "service": "bi", "serviceType": "Tableau", "dataModelType": "SupersetDataModel", "columns": []},
        "serviceType: bi has another one than this dashboardDataModel would have",
    ),
    (
        "containers",
        {"name": "x", "service": "gcs", "parent": "s3.lake"},
        "service: s3.lake has another one than this container would have",
    ),
    (
        "services/storageServices",
        {"name": "s3", "serviceType": "GCS"},
        "storageService attribute serviceType can't be modified",
    ),
    (
        "storedProcedures",
        {"name": "p", "storedProcedureCode": {}},
        "databaseSchema: a storedProcedure needs a databaseSchema",
    ),
    ("topics", {"name": "t", "service": "kafka", "partitions": 0}, "partitions: "),
    ("services/pipelineServices", {"name": "p", "serviceType": "airflow"}, "serviceType: "),
    (
        "queries",
        {"query": "x", "service": "db", "queryUsedIn": [{"type": "user", "name": "admin"}]},
        "a user cannot stand here",
    ),
]


def test_what_cannot_be_served_is_refused_by_name(api: Api) -> None:
    build(api)
    api.post("services/storageServices", {"name": "gcs", "serviceType": "GCS"})
    for collection, body, message in REFUSED:
        assert message in api.put(collection, body, expect=400)["message"]


def test_what_the_parent_decides_is_no_change(api: Api) -> None:
    build(api)
    body = changed(body_of("bi.model.sales"), "serviceType", None)
    reply = api.put("dashboard/datamodels", body)
    assert (reply["version"], reply["serviceType"]) == (0.1, "Superset")


@pytest.mark.parametrize("member", ["scheduleInterval", "lifeCycle"])
def test_hidden_members_are_kept_and_never_shown(api: Api, member: str, database_url: str) -> None:
    body = {"name": "p", "serviceType": "Airflow", "scheduleInterval": "@hidden", "lifeCycle": {"hidden": "@hidden"}}
    api.put("services/pipelineServices", body)
    api.put("services/pipelineServices", {"name": "p", "serviceType": "Airflow", "description": "d"})
    path = named("services/pipelineServices", "p")
    api.patch(path, {"op": "add", "path": "/displayName", "value": "P"})
    assert member not in api.get(path, fields="*").body
    session = api.application.catalog.database
    with session.read() as reading:
        (stored,) = reading.rows(
            "SELECT s.document FROM entity e JOIN entity_state s ON s.position = e.position WHERE e.type = :type",
            {"type": "pipelineService"},
        )
    assert "@hidden" in json.dumps(json.loads(stored[0])[member])


def test_secrets_of_all_kinds_of_service_are_masked_for_people_and_there_for_bots(api: Api) -> None:
    build(api)
    bot = api.as_user("ingestion-bot", bot=True)
    for asset in SERVICES:
        if "connection" not in asset.body:
            continue
        path, said = named(asset.collection, asset.fqn), json.dumps(asset.body["connection"])
        shown = json.dumps(api.get(path)["connection"])
        assert re.sub(r'"(user:)?pw"', f'"{MASK}"', said) == shown
        assert shown != said
        assert json.dumps(bot.get(path)["connection"]) == said
        assert api.put(asset.collection, asset.body | {"connection": json.loads(shown)})["version"] == 0.1
        assert json.dumps(bot.get(path)["connection"]) == said


def test_parts_are_called_whatever_their_system_calls_them(api: Api) -> None:
    build(api)

    def topic(name: str, child: str) -> dict[str, Any]:
        fields = [{"name": name, "dataType": "RECORD", "children": [{"name": child, "dataType": "INT"}]}]
        return {"name": "odd", "service": "kafka", "partitions": 1, "messageSchema": {"schemaFields": fields}}

    for name in (" ", "a::b", "a\nb", 'say "hi"', "ü" * 900):
        (field,) = api.put("topics", topic(name, "x"))["messageSchema"]["schemaFields"]
        (child,) = field["children"]
        assert (field["name"], child["fullyQualifiedName"]) == (name, f"{field['fullyQualifiedName']}.x")
        assert_columns(api, ("table", PEOPLE), ("topic", "kafka.odd"), f"{PEOPLE}.id", child["fullyQualifiedName"])
    long = api.put("topics", topic("ü" * 900, "y" * 300), expect=400)
    assert long["message"].startswith("messageSchema.schemaFields: the path üüü")


def test_use_of_a_query_is_added_bit_by_bit(api: Api) -> None:
    build(api)
    path = f"queries/{api.get(named('queries', 'db.q'))['id']}"
    people, chart = (api.get(named(*one))["id"] for one in (("tables", PEOPLE), ("charts", "bi.1")))
    table = {"id": people, "type": "table", "name": None}
    used = api.put(f"{path}/usage", [table, {"id": chart, "type": "chart"}, table])
    assert [one["fullyQualifiedName"] for one in used["queryUsedIn"]] == [PEOPLE, "bi.1"]
    assert api.put(f"{path}/users", ["admin", "ingestion-bot"])["version"] == 0.3
    assert api.put(f"{path}/usedBy", ["a script", "a notebook"])["usedBy"] == ["a script", "a notebook"]
    assert api.put(f"{named('queries', 'db.q')}/usedBy", ["a notebook"])["version"] == 0.4
    assert [one["name"] for one in api.get("queries", entityId=chart)["data"]] == ["q"]
    assert "nobody" in api.put(f"{path}/users", ["nobody"], expect=404)["message"]
    assert api.put(f"{path}/users", "admin", expect=400)["message"] == "the body must be a list of what is to be added"
    assert "usedBy.2: " in api.put(f"{path}/usedBy", [1], expect=400)["message"]


def test_a_request_for_a_domain_may_say_the_name_that_follows_from_it(api: Api) -> None:
    domain = {"name": "a.b", "domainType": "Aggregate", "description": "d"}
    api.put("domains", domain | {"fullyQualifiedName": '"a.b"'}, expect=201)
    below = {**domain, "parent": '"a.b"', "fullyQualifiedName": '"a.b"."a.b"'}
    assert api.put("domains", below, expect=201)["fullyQualifiedName"] == '"a.b"."a.b"'
    refused = api.put("domains", domain | {"fullyQualifiedName": "c"}, expect=400)
    assert "what is called a.b cannot be c" in refused["message"]
