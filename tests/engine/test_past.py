# SPDX-License-Identifier: Apache-2.0
"""What differs between versions, back to one of them, and who changed what."""

from pathlib import Path
from typing import Any

import pytest

from headwater.store import log
from headwater.store.opening import connect

from .estate import build
from .wire import Api, feature, named

MODEL = named("mlmodels", "headwater.m")
TABLE = named("tables", "db.shop.main.people")
PEOPLE = "db.shop.main.people"


def told(reply: Any) -> list[tuple[str, str, Any, Any]]:
    """The differences of a reply, each as its kind, its path, and its two values."""
    return [(one["kind"], "/".join(one["path"]), one.get("from"), one.get("to")) for one in reply["differences"]]


def kinds(reply: Any) -> set[tuple[str, str]]:
    return {found[:2] for found in told(reply)}


def test_features_that_came_went_changed_and_were_renamed_are_told_apart(api: Api) -> None:
    api.table(columns=["age", "sex", "pay"])
    api.model(
        mlFeatures=[feature("age", "age"), feature("sex", "sex"), feature("gone"), feature("kept", description="a")]
    )
    api.model(
        mlFeatures=[
            feature("years", "age"),
            feature("kept", description="b"),
            feature("sex", "pay"),
            feature("new", "age", "pay"),
        ]
    )
    found = api.get(f"{MODEL}/versions/0.1..0.2")
    assert kinds(found) == {
        ("removed", "mlFeatures/gone"),
        ("changed", "mlFeatures/kept/description"),
        ("removed", f"mlFeatures/sex/featureSources/{PEOPLE}.sex"),
        ("added", f"mlFeatures/sex/featureSources/{PEOPLE}.pay"),
        ("moved", "mlFeatures"),
        ("renamed", "mlFeatures/age"),
        ("added", "mlFeatures/new"),
    }
    assert ("changed", "mlFeatures/kept/description", "a", "b") in told(found)
    assert ("renamed", "mlFeatures/age", "age", "years") in told(found)
    assert ("moved", "mlFeatures", ["age", "sex", "kept"], ["age", "kept", "sex"]) in told(found)
    assert found["rewired"] == [
        {"path": ["mlFeatures", "sex", "featureSources"], "from": [f"{PEOPLE}.sex"], "to": [f"{PEOPLE}.pay"]}
    ]
    assert found["major"] is False
    back = api.get(f"{MODEL}/versions/0.2..0.1")
    assert ("renamed", "mlFeatures/years", "years", "age") in told(back)
    assert ("removed", "mlFeatures/new") in kinds(back)
    assert ("added", "mlFeatures/gone") in kinds(back)
    assert api.get(f"{MODEL}/versions/0.2..0.2")["differences"] == []


def test_columns_are_told_apart_by_name_and_a_retyped_one_is_major(api: Api) -> None:
    home = {"name": "home", "dataType": "STRUCT", "children": [{"name": "street", "dataType": "INT"}]}
    api.table(columns=["a", "b", {"name": "city", "dataType": "VARCHAR", "dataLength": 9}, home])
    retyped = home | {"children": [{"name": "street", "dataType": "TEXT"}, {"name": "no", "dataType": "INT"}]}
    api.table(columns=["a", {"name": "City", "dataType": "VARCHAR", "dataLength": 5}, retyped])
    found = api.get(f"{TABLE}/versions/0.1..1.1")
    assert told(found)[0][:2] == ("removed", "columns/b")
    assert set(kinds(found)) == {
        ("removed", "columns/b"),
        ("changed", "columns/city/dataLength"),
        ("renamed", "columns/city"),
        ("changed", "columns/home/children/street/dataType"),
        ("added", "columns/home/children/no"),
    }
    major = {"/".join(one["path"]) for one in found["differences"] if one["major"]}
    assert major == {"columns/b", "columns/city/dataLength", "columns/home/children/street/dataType"}
    (step,) = found["steps"]
    assert {"/".join(path) for path in step["because"]} == major


def test_owners_labels_and_objects_are_told_by_name(api: Api) -> None:
    api.put("users", {"name": "eve", "email": "eve@example.org"})
    api.model(mlStore={"storage": "s3://a", "imageRepository": "r"}, owners=["admin"], extension={"k": 1})
    api.model(
        mlStore={"storage": "s3://b"}, owners=["eve"], tags=["PII.None"], extension={"k": 2, "l": 3}, server="http://x"
    )
    found = api.get(f"{MODEL}/versions/0.1..1.1")
    assert kinds(found) == {
        ("changed", "mlStore/storage"),
        ("removed", "mlStore/imageRepository"),
        ("removed", "owners/admin"),
        ("added", "owners/eve"),
        ("added", "tags/PII.None"),
        ("changed", "extension/k"),
        ("added", "extension/l"),
        ("added", "server"),
    }


def test_steps_say_who_made_each_version_and_what_made_it_major(api: Api) -> None:
    api.model(algorithm="A")
    api.as_user("bob").model(algorithm="B")
    api.model(algorithm="A", description="d")
    found = api.get(f"{MODEL}/versions/0.1..2.1")
    assert kinds(found) == {("added", "description")}
    assert found["major"] is True
    steps = [(step["version"], step["updatedBy"], step["major"], step["because"]) for step in found["steps"]]
    assert steps == [(2.1, "ada", True, [["algorithm"]]), (1.1, "bob", True, [["algorithm"]])]
    assert found["steps"][0]["fields"] == ["description", "algorithm"]
    assert [step["version"] for step in api.get(f"{MODEL}/versions/1.1..0.1")["steps"]] == [1.1]


def test_a_moment_stands_for_the_state_that_was_then(api: Api) -> None:
    api.model(description="a")
    position = api.position()
    api.model(description="b")
    expected = [("changed", "description", "a", "b")]
    assert told(api.get(f"{MODEL}/versions/@{position}..0.2")) == expected
    assert told(api.get(f"{MODEL}/versions/0.1..2999-01-01")) == expected
    assert api.get(f"{MODEL}/versions/0.1..@1", expect=404)["message"].endswith("its versions are 0.1, 0.2")


def test_a_renamed_table_is_no_rewiring(api: Api) -> None:
    tag = api.put("tags", {"name": "Odd", "classification": "PII", "description": "d"}).body
    api.table(columns=["age"])
    api.model(mlFeatures=[feature("age", "age")], tags=["PII.Odd"])
    api.patch(f"tags/{tag['id']}", {"op": "replace", "path": "/name", "value": "Even"})
    api.model(mlFeatures=[feature("age", "age")], description="d")
    assert kinds(api.get(f"{MODEL}/versions/0.1..0.2")) == {("added", "description")}


def test_what_no_version_is_called_is_said_with_the_versions_there_are(api: Api) -> None:
    for number in range(40):
        api.model(description=f"{number}")
    message = api.get(f"{MODEL}/versions/0.1..9.9", expect=404)["message"]
    assert message.startswith("mlmodel headwater.m has no version 9.9; there are 0.1, 0.2, ")
    assert message.endswith(", 3.9, 4.0")
    assert "…" in message
    wrong = api.get(f"{MODEL}/versions/one..0.1", expect=400)["message"]
    assert wrong == "'one' is neither a version, such as 0.1, nor a time, such as 2026-03-01"
    api.get(f"{named('mlmodels', 'headwater.none')}/versions/0.1..0.2", expect=404)
    assert api.get(f"{MODEL}/versions/0.2")["version"] == 0.2


# back to a version ----------------------------------------------------------------------------------------------------

FULL: dict[str, Any] = {
    "displayName": "M",
    "description": "d",
    "algorithm": "LogisticRegression",
    "mlHyperParameters": [{"name": "C", "value": "1.0"}],
    "mlStore": {"storage": "s3://models/m"},
    "target": "approve",
}
NOT_CONTENT = ("version", "updatedAt", "updatedBy", "changeDescription", "incrementalChangeDescription", "href")


def content(document: Any) -> Any:
    return {member: value for member, value in document.items() if member not in NOT_CONTENT}


def back(api: Api, version: float, path: str = MODEL, **more: Any) -> Any:
    return api.post(f"{path}/versions/{version}/revert", None, **more)


def test_a_revert_is_a_new_version_with_the_old_content(api: Api) -> None:
    api.table(columns=["age", "sex"])
    api.model(**FULL, tags=["PII.None"], owners=["admin"], mlFeatures=[feature("age", "age")])
    first = api.get(MODEL).body
    api.model(algorithm="XGB", mlFeatures=[feature("sex", "sex")])
    api.patch(MODEL, {"op": "remove", "path": "/tags"}, {"op": "remove", "path": "/owners"})
    reply = back(api, 0.1)
    assert reply.headers["X-OpenMetadata-Change"] == "entityUpdated"
    assert content(reply.body) == content(first) == content(api.get(MODEL).body)
    assert reply["version"] == 2.2
    assert {"name": "revertedTo", "newValue": 0.1} in reply["changeDescription"]["fieldsAdded"]
    edges = api.lineage("mlmodel", "headwater.m")["upstreamEdges"]
    columns = [entry for edge in edges for entry in edge["lineageDetails"]["columnsLineage"]]
    assert [(one["fromColumns"], one["toColumn"]) for one in columns] == [([f"{PEOPLE}.age"], "headwater.m.age")]
    position = api.position()
    again = back(api, 0.1)
    assert (again["version"], again.headers["X-OpenMetadata-Change"]) == (2.2, "entityNoChange")
    assert back(api, 2.2)["version"] == 2.2
    assert api.position() == position, "going back to what is there writes nothing"
    assert api.get(f"{MODEL}/versions/1.2..2.2")["steps"][0]["revertedTo"] == 0.1


def test_every_type_can_be_compared_and_go_back(api: Api) -> None:
    places = [f"{key.partition(' ')[0]}/{reply['id']}" for key, reply in build(api).items()]
    for path, first in [(path, api.get(path).body) for path in places]:
        changed = api.patch(path, {"op": "add", "path": "/description", "value": "other"}, if_match="*")
        (one,) = api.get(f"{path}/versions/0.1..{changed['version']}")["differences"]
        assert (one["path"], one["to"], one["major"]) == (["description"], "other", False), path
        reply = back(api, 0.1, path)
        assert content(reply.body) == content(first), path
        assert reply["version"] == 0.3, path


def test_a_patch_does_not_join_the_version_of_a_revert(api: Api) -> None:
    api.model(description="a")
    api.model(description="b")
    assert back(api, 0.1)["version"] == 0.3
    assert api.patch(MODEL, {"op": "add", "path": "/displayName", "value": "N"})["version"] == 0.4


def test_a_revert_heeds_if_match_and_needs_a_version_and_a_live_entity(api: Api) -> None:
    api.model(description="a")
    api.model(description="b")
    back(api, 0.1, expect=412, if_match='W/"0.1"')
    assert back(api, 0.7, expect=404)["message"] == "mlmodel headwater.m has no version 0.7; there are 0.1, 0.2"
    assert back(api, 0.1, if_match='W/"0.2"')["version"] == 0.3
    api.delete(MODEL)
    assert "is deleted; restore it" in back(api, 0.1, expect=400)["message"]


def test_a_revert_leaves_alone_what_has_no_version(api: Api) -> None:
    api.model(description="a", sourceHash="1")
    api.model(description="b", sourceHash="2")
    assert back(api, 0.1)["sourceHash"] == "2"


def test_a_revert_keeps_the_name(api: Api) -> None:
    api.put("classifications", {"name": "Old", "description": "a"})
    api.put("classifications", {"name": "Old", "description": "b"})
    path = f"classifications/{api.get('classifications/name/Old')['id']}"
    api.patch(path, {"op": "replace", "path": "/name", "value": "New"})
    reply = back(api, 0.1, path)
    assert (reply["name"], reply["description"]) == ("New", "a")


def test_what_is_gone_is_named_and_left_out_on_request(api: Api) -> None:
    user = api.put("users", {"name": "eve", "email": "eve@example.org"}).body
    tag = api.put("tags", {"name": "Odd", "classification": "Tier", "description": "d"}).body
    api.table(columns=["age", "sex"])
    api.table("old", columns=["x"])
    old = feature("x", "x", table="db.shop.main.old")
    rest = [feature("age", "age"), feature("sex", "age", "sex")]
    api.model(mlFeatures=[*rest, old], owners=["eve", "admin"], tags=["Tier.Odd", "PII.None"], description="a")
    api.model(description="b", mlFeatures=[feature("age", "age")], owners=["admin"])
    api.patch(MODEL, {"op": "remove", "path": "/tags"})
    api.table(columns=["age"])
    api.delete(f"users/{user['id']}", hardDelete="true")
    api.delete(f"tags/{tag['id']}", hardDelete="true")
    api.delete(named("tables", "db.shop.main.old"), hardDelete="true")
    position = api.position()
    refused = back(api, 0.1, expect=400)
    assert refused["errors"] == [
        "owners: user eve was deleted for good",
        "mlFeatures.featureSources.dataSource of x: table db.shop.main.old was deleted for good",
        "tags: tag Tier.Odd is deleted",
        f"mlFeatures sex: {PEOPLE} has no column sex any more",
    ]
    assert api.position() == position
    reply = back(api, 0.1, leaveOut="true").body
    assert [one["name"] for one in reply["owners"]] == ["admin"]
    assert [one["tagFQN"] for one in reply["tags"]] == ["PII.None"]
    sources = {one["name"]: [source["name"] for source in one["featureSources"]] for one in reply["mlFeatures"]}
    assert sources == {"age": ["age"], "sex": ["age"], "x": []}


def test_a_disabled_tag_and_a_removed_custom_property_are_gone_too(api: Api) -> None:
    api.put("tags", {"name": "Odd", "classification": "PII", "description": "d"})
    kind = api.get("metadata/types/name/mlmodel").body
    text = api.get("metadata/types/name/string").body
    declared = {"name": "k", "propertyType": {"id": text["id"], "type": "type"}, "description": "d"}
    api.put(f"metadata/types/{kind['id']}", declared)
    api.put(f"metadata/types/{kind['id']}", declared | {"name": "l"})
    api.model(tags=["PII.Odd"], extension={"k": "1", "l": "1"})
    api.patch(MODEL, {"op": "remove", "path": "/tags"}, {"op": "replace", "path": "/extension", "value": {"l": "2"}})
    api.patch("tags/name/PII.Odd", {"op": "add", "path": "/disabled", "value": True})
    rest = [
        one
        for one in api.get(f"metadata/types/{kind['id']}", fields="customProperties")["customProperties"]
        if one["name"] != "k"
    ]
    api.patch(f"metadata/types/{kind['id']}", {"op": "replace", "path": "/customProperties", "value": rest})
    assert back(api, 0.1, expect=400)["errors"] == [
        "tags: PII.Odd is disabled and cannot be used any more",
        "extension: there is no custom property k any more",
    ]
    reply = back(api, 0.1, leaveOut="true").body
    assert (reply["tags"], reply["extension"]) == ([], {"l": "1"})


def test_secrets_are_not_in_the_past(api: Api) -> None:
    def service(**config: str) -> Any:
        body = {"name": "db", "serviceType": "Mysql", "connection": {"config": {"type": "Mysql", **config}}}
        return api.put("services/databaseServices", body).body

    path = f"services/databaseServices/{service(username='a', password='p')['id']}"
    service(username="b", password="q")
    assert back(api, 0.1, path)["connection"]["config"]["username"] == "a"
    bot = api.as_user("ingestion-bot", bot=True)
    assert bot.get(path)["connection"]["config"]["password"] == "q", "a secret stays as it is now"
    service(username="c")
    assert back(api, 0.1, path, expect=400)["errors"] == ["connection/config/password: history keeps no secrets"]
    config = back(api, 0.1, path, leaveOut="true")["connection"]["config"]
    assert config == {"type": "Mysql", "username": "a"}


# the log --------------------------------------------------------------------------------------------------------------


def entries(api: Api, **query: str) -> list[tuple[str, str, Any]]:
    data = api.get("log", **query)["data"]
    return [(one["userName"], one["entity"]["fullyQualifiedName"], one.get("version")) for one in data]


@pytest.fixture
def busy(api: Api) -> Api:
    """A catalogue in which three people worked."""
    api.table(columns=["a", "b"])
    api.as_user("bob").model(algorithm="A", description="x")
    api.as_user("eve").model(algorithm="B", description="x")
    api.as_user("bob").table(columns=["b"])
    api.as_user("bob").model(
        algorithm="B", mlFeatures=[{"name": 'q"', "description": "d"}], description='"name":"owners"'
    )
    return api


def test_the_log_tells_who_changed_what_newest_first(busy: Api) -> None:
    assert entries(busy, limit="4") == [
        ("bob", "headwater.m", 1.2),
        ("bob", PEOPLE, 1.1),
        ("eve", "headwater.m", 1.1),
        ("bob", "headwater.m", 0.1),
    ]
    newest = busy.get("log", limit="1")["data"][0]
    assert (newest["eventType"], newest["previousVersion"], newest["major"]) == ("entityUpdated", 1.1, False)
    assert [one["name"] for one in newest["changeDescription"]["fieldsAdded"]] == ["mlFeatures"]


def test_the_log_is_narrowed(busy: Api) -> None:
    mine = [("bob", "headwater.m", 1.2), ("eve", "headwater.m", 1.1), ("bob", "headwater.m", 0.1)]
    assert entries(busy, user="eve") == [mine[1]]
    assert entries(busy, user="nobody") == []
    assert entries(busy, type="mlmodel") == mine
    assert entries(busy, type="mlmodel", entity="headwater.m") == mine
    assert entries(busy, type="mlmodel", entity=busy.get(MODEL)["id"]) == mine
    assert entries(busy, type="mlmodels,table", user="bob") == [mine[0], ("bob", PEOPLE, 1.1), mine[2]]
    assert entries(busy, majorOnly="true") == [("bob", PEOPLE, 1.1), mine[1]]
    assert entries(busy, field="algorithm") == [mine[1]]
    assert entries(busy, field="mlFeatures") == entries(busy, field="description", type="mlmodel") == [mine[0]]
    assert entries(busy, field="owners") == entries(busy, field="Algorithm") == entries(busy, field="algo") == []
    position = busy.position()
    assert entries(busy, since=f"@{position - 1}") == [mine[0]]
    assert entries(busy, until=f"@{position - 2}", type="mlmodel") == mine[1:]
    assert entries(busy, since="2999-01-01") == []


def test_the_log_goes_on_where_a_part_ended(busy: Api) -> None:
    whole = busy.get("log", limit="10000")
    assert "after" not in whole["paging"]
    found, after = [], None
    while True:
        page = busy.get("log", limit="3", **({"after": after} if after else {}))
        found += page["data"]
        after = page["paging"].get("after")
        if after is None:
            break
    assert found == whole["data"]
    assert len(found) == busy.position()


def test_a_wrong_question_to_the_log_is_refused_by_name(busy: Api) -> None:
    assert busy.get("log", type="modle", expect=400)["message"] == "type: there is no type of entity called modle"
    assert "as type" in busy.get("log", entity="headwater.m", expect=400)["message"]
    busy.get("log", type="mlmodel", entity="headwater.none", expect=404)
    assert "is not a time" in busy.get("log", since="soon", expect=400)["message"]
    assert "limit must be between" in busy.get("log", limit="0", expect=400)["message"]


@pytest.mark.parametrize(
    ("narrowed", "index"),
    [
        ({"user": "eve"}, "change_event_user"),
        ({"types": ("mlmodel",)}, "change_event_type"),
        ({"node": 1}, "change_event_entity"),
        ({"major": True}, "change_event_major"),
        ({}, "PRIMARY KEY"),
    ],
)
def test_the_log_is_read_in_order_by_an_index_of_each_filter(
    tmp_path: Path, narrowed: dict[str, Any], index: str
) -> None:
    database = connect(f"sqlite:///{tmp_path / 'headwater.db'}")
    with database.read() as session:
        statement, given = log.statement(session, log.Wanted(after=0, before=100, limit=10, **narrowed))
        plan = [str(row[3]) for row in session.rows(f"EXPLAIN QUERY PLAN {statement}", given)]
    database.close()
    assert any(index in step for step in plan if " c " in step), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
