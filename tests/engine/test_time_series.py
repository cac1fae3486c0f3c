# SPDX-License-Identifier: Apache-2.0
"""Facts that pile up beside documents: profiles, samples and joins of tables, and those of a made-up type."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from headwater.schema.base import CreateRequest, Entity, Model
from headwater.schema.declare import SOFT_DELETE, EntityType, TimeSeries
from headwater.schema.registry import Registry, discover

from .wire import Api, named, segment

TABLE = named("tables", "db.shop.main.people")
FQN = segment("db.shop.main.people")


@pytest.fixture
def people(api: Api) -> Api:
    """A table with a plain, a dotted and a nested column."""
    nested = {"name": "home", "dataType": "STRUCT", "children": [{"name": "city", "dataType": "STRING"}]}
    api.table(columns=["age", {"name": "a.b", "dataType": "INT"}, nested])
    return api


def measure(api: Api, timestamp: int, rows: float, *columns: tuple[str, float], **more: Any) -> Any:
    body = {
        "tableProfile": {"timestamp": timestamp, "rowCount": rows, "profileSample": None},
        "columnProfile": [{"name": name, "timestamp": timestamp, "max": high} for name, high in columns],
        "systemProfile": None,
        **more.pop("body", {}),
    }
    return api.put(f"tables/{api.get(TABLE)['id']}/tableProfile", body, **more)


def profiles(api: Api, kind: str, fqn: str = FQN, **query: str) -> list[Any]:
    data: list[Any] = api.get(f"tables/{fqn}/{kind}", **query)["data"]
    return data


def test_the_newest_profile_of_a_table_and_its_columns(people: Api) -> None:
    reply = measure(people, 2000, 20, ("age", 99), ("AGE", 98))
    assert (reply["profile"], reply["version"]) == ({"timestamp": 2000, "rowCount": 20.0}, 0.1)
    measure(people, 1000, 10, ("age", 9), ("a.b", 1), ("home.city", 3))
    latest = people.get(f"tables/{FQN}/tableProfile/latest").body
    assert latest["profile"]["rowCount"] == 20.0
    age, dotted, home = latest["columns"]
    assert age["profile"] == {"name": "AGE", "timestamp": 2000, "max": 98.0}
    assert (dotted["profile"]["max"], home["children"][0]["profile"]["max"]) == (1.0, 3.0)
    asked = people.get(TABLE, fields="profile").body
    assert (asked["profile"], asked["columns"][0]["profile"]) == (latest["profile"], age["profile"])
    plain = people.get(TABLE).body
    assert "profile" not in plain
    assert not any("profile" in column for column in plain["columns"])


def test_profiles_between_two_moments_newest_first(people: Api) -> None:
    for moment in (1000, 2000, 3000, 4000):
        measure(people, moment, moment, ("age", moment))
    between = people.get(f"tables/{FQN}/tableProfile", startTs="2000", endTs="3000").body
    assert [one["timestamp"] for one in between["data"]] == [3000, 2000]
    assert between["paging"] == {"total": 2}
    column = f"{FQN}.age"
    assert [one["max"] for one in profiles(people, "columnProfile", column, startTs="3500")] == [4000]
    first = people.get(f"tables/{column}/columnProfile", limit="3").body
    assert ([one["max"] for one in first["data"]], first["paging"]) == ([4000, 3000, 2000], {"total": 4, "after": "3"})
    rest = people.get(f"tables/{column}/columnProfile", limit="3", after="3").body
    assert ([one["max"] for one in rest["data"]], rest["paging"]) == ([1000], {"total": 4})
    people.get(f"tables/{FQN}/tableProfile", startTs="yesterday", expect=400)
    assert "not the fully qualified name of a field" in people.get("tables/age/columnProfile", expect=400)["message"]


def test_an_entry_of_the_same_moment_takes_the_place_of_the_other(people: Api) -> None:
    system = [
        {"timestamp": 1000, "operation": "INSERT", "rowsAffected": 5},
        {"timestamp": 1000, "operation": "DELETE", "rowsAffected": 1},
    ]
    measure(people, 1000, 10, body={"systemProfile": system})
    then = f"@{people.position()}"
    measure(people, 1000, 11, body={"systemProfile": system[:1]})
    assert [one["rowCount"] for one in profiles(people, "tableProfile")] == [11]
    assert len(profiles(people, "systemProfile")) == 2
    assert [one["rowCount"] for one in profiles(people, "tableProfile", asOf=then)] == [10]
    assert people.get(f"tables/{FQN}/tableProfile/latest", asOf=then)["profile"]["rowCount"] == 10
    assert people.get(f"tables/{FQN}/tableProfile/1000")["rowCount"] == 11
    people.delete(f"tables/{FQN}/tableProfile/1000")
    people.get(f"tables/{FQN}/tableProfile/1000", expect=404)
    people.delete(f"tables/{FQN}/tableProfile/1000", expect=404)
    assert profiles(people, "tableProfile") == []
    assert len(profiles(people, "tableProfile", asOf=then)) == 1


def test_a_fact_is_one_event_and_the_same_fact_none(people: Api) -> None:
    before = people.position()
    measure(people, 1000, 10, ("age", 9))
    (event,) = people.get("events", after=str(before))["data"]
    assert event["eventType"] == "entityUpdated"
    first, second = event["changeDescription"]["fieldsUpdated"]
    assert (first["name"], json.loads(first["newValue"])) == ("tableProfile", {"timestamp": 1000, "rowCount": 10.0})
    assert second == {"name": "columnProfile"}
    again = measure(people, 1000, 10, ("age", 9))
    assert again.headers["X-OpenMetadata-Change"] == "entityNoChange"
    assert people.position() == before + 1
    assert len(people.get(f"{TABLE}/versions")["versions"]) == 1


def test_profiles_that_cannot_be_recorded(people: Api) -> None:
    table = people.get(TABLE)["id"]
    for body, message in (
        ({"tableProfile": {"timestamp": 1}, "columnProfile": [{"name": "no", "timestamp": 1}]}, "has no column no"),
        ({"tableProfile": {"rowCount": 1}}, "tableProfile.timestamp: Field required"),
        ({"tableProfile": {"timestamp": -1}}, "timestamp must be milliseconds since 1970, not -1"),
        ({"columnProfile": []}, "tableProfile: Field required"),
        ([], "the body must be a JSON object"),
    ):
        assert message in people.put(f"tables/{table}/tableProfile", body, expect=400)["message"]
    assert profiles(people, "tableProfile") == []
    measure(people, 1, 1, if_match='W/"3.0"', expect=412)
    people.put(f"tables/{table}/columnProfile", {"name": "age", "timestamp": 1}, expect=405)
    people.delete(TABLE)
    people.put(f"tables/{table}/tableProfile", {"tableProfile": {"timestamp": 1}}, expect=404)


def test_a_request_cannot_smuggle_a_profile_into_a_column(people: Api) -> None:
    column = {"name": "age", "dataType": "INT", "profile": {"name": "age", "timestamp": 1, "max": 7}}
    people.table(columns=[column])
    assert "profile" not in people.get(TABLE, fields="profile")["columns"][0]
    people.patch(TABLE, {"op": "add", "path": "/profile", "value": {"timestamp": 1}})
    assert "profile" not in people.get(TABLE, fields="profile").body


def test_a_sample_is_kept_once_and_erased_for_good(people: Api) -> None:
    table = people.get(TABLE)["id"]
    sample = {"columns": ["age"], "rows": [[1], [None]]}
    assert people.put(f"tables/{table}/sampleData", sample)["sampleData"] == sample
    then = f"@{people.position()}"
    assert people.get(f"tables/{table}/sampleData")["sampleData"] == sample
    joins = {"startDate": "2026-03-01", "dayCount": 30, "columnJoins": [{"columnName": "age", "joinedWith": []}]}
    assert people.put(f"tables/{table}/joins", joins)["joins"] == joins
    people.put(f"tables/{table}/sampleData", {"columns": ["age"], "rows": [[2]]})
    assert people.get(TABLE, fields="sampleData")["sampleData"]["rows"] == [[2]]
    assert "sampleData" not in people.get(TABLE, fields="sampleData", asOf=then).body
    assert "sampleData" not in people.delete(f"tables/{table}/sampleData").body
    assert "sampleData" not in people.get(TABLE, fields="sampleData").body
    assert people.delete(f"tables/{table}/sampleData").headers["X-OpenMetadata-Change"] == "entityNoChange"
    people.put(f"tables/{table}/sampleData", sample)
    then = f"@{people.position()}"
    people.delete(TABLE, hardDelete="true")
    assert "sampleData" not in people.get(TABLE, fields="sampleData", asOf=then).body
    told = json.dumps(people.get("events", after="0", limit="10000").body)
    assert "[[2]]" not in told


def test_how_a_table_is_made_and_measured_is_kept_without_a_version(people: Api) -> None:
    table = people.get(TABLE)["id"]
    model = {"modelType": "DBT", "sql": "select 1", "columns": [{"name": "age", "dataType": "INT"}], "path": None}
    reply = people.put(f"tables/{table}/dataModel", model).body
    assert (reply["dataModel"]["sql"], reply["version"]) == ("select 1", 0.1)
    then = f"@{people.position()}"
    people.put(f"tables/{table}/tableProfilerConfig", {"sampleDataCount": 5, "excludeColumns": ["age"]})
    people.table(columns=["age"], dataModel={"modelType": "DDL", "sql": "select 2"})
    people.table(columns=["age"])
    now = people.get(TABLE).body
    assert (now["dataModel"], now["tableProfilerConfig"]["sampleDataCount"]) == (
        {"modelType": "DDL", "sql": "select 2"},
        5,
    )
    assert people.get(TABLE, asOf=then)["dataModel"]["sql"] == "select 1"
    assert "dataModel" not in people.delete(f"tables/{table}/dataModel").body
    people.delete(f"tables/{table}/dataModel")
    assert "dataModel.modelType" in people.put(f"tables/{table}/dataModel", {"modelType": "X"}, expect=400)["message"]


def test_columns_in_pages(people: Api) -> None:
    people.table(columns=[{"name": f"c{number}", "dataType": "INT", "tags": ["PII.None"]} for number in range(5)])
    page = people.get(f"{TABLE}/columns", limit="2", offset="1").body
    assert [one["fullyQualifiedName"] for one in page["data"]] == ["db.shop.main.people.c1", "db.shop.main.people.c2"]
    assert page["paging"] == {"total": 5, "offset": 1, "limit": 2}
    assert page["data"][0]["tags"][0]["tagFQN"] == "PII.None"
    assert len(people.get(f"tables/{people.get(TABLE)['id']}/columns")["data"]) == 5


def test_runs_of_a_pipeline(api: Api) -> None:
    api.put("services/pipelineServices", {"name": "etl", "serviceType": "Airflow"})
    api.put("pipelines", {"name": "night.ly", "service": "etl"})
    nightly = segment('etl."night.ly"')
    path = f"pipelines/{nightly}/status"
    first = api.put(path, {"timestamp": 1000, "executionStatus": "Pending", "taskStatus": None}).body
    assert first["pipelineStatus"] == {"timestamp": 1000, "executionStatus": "Pending"}
    task = {"name": "load", "executionStatus": "Failed", "logLink": "http://logs/1"}
    api.put(path, {"timestamp": 1000, "executionStatus": "Failed", "taskStatus": [task]})
    many = [{"timestamp": moment, "executionStatus": "Successful"} for moment in (500, 2000, 3000)]
    assert api.put(f"{path}/bulk", many)["pipelineStatus"]["timestamp"] == 3000
    between = api.get(path, startTs="1000", endTs="2000", limit="5").body
    assert [(one["timestamp"], one["executionStatus"]) for one in between["data"]] == [
        (2000, "Successful"),
        (1000, "Failed"),
    ]
    assert api.get(named("pipelines", 'etl."night.ly"'), fields="pipelineStatus")["pipelineStatus"]["timestamp"] == 3000
    api.delete(f"{path}/3000")
    assert api.get(named("pipelines", 'etl."night.ly"'), fields="pipelineStatus")["pipelineStatus"]["timestamp"] == 2000
    assert "executionStatus" in api.put(path, {"timestamp": 1, "executionStatus": "Odd"}, expect=400)["message"]
    (event, *_) = api.get("events", after=str(api.position() - 1))["data"]
    assert event["changeDescription"]["fieldsDeleted"] == [{"name": "status", "oldValue": "3000"}]


def test_messages_of_a_topic_are_a_sample(api: Api) -> None:
    api.put("services/messagingServices", {"name": "bus", "serviceType": "Kafka"})
    topic = api.put("topics", {"name": "t", "service": "bus", "partitions": 1})["id"]
    assert api.put(f"topics/{topic}/sampleData", {"messages": ["a", "b"]})["sampleData"] == {"messages": ["a", "b"]}
    assert api.get(f"topics/{topic}/sampleData")["sampleData"] == {"messages": ["a", "b"]}


def test_results_of_a_test_case(api: Api) -> None:
    api.table(columns=["age"])
    api.put("dataQuality/testDefinitions", {"name": "between", "entityType": "COLUMN", "testPlatforms": ["dbt"]})
    link = "<#E::table::db.shop.main.people::columns::age>"
    case = {"name": "b", "entityLink": link, "testDefinition": "between"}
    name = api.put("dataQuality/testCases", case)["fullyQualifiedName"]
    path = f"dataQuality/testCases/testCaseResults/{segment(name)}"
    for moment, status in ((1000, "Success"), (2000, "Failed")):
        result = {"timestamp": moment, "testCaseStatus": status, "testResultValue": [{"name": "max", "value": "7"}]}
        assert api.post(path, result, expect=201).body == result
    assert [one["testCaseStatus"] for one in api.get(path, startTs="0", endTs="3000")["data"]] == ["Failed", "Success"]
    shown = api.get(named("dataQuality/testCases", name), fields="testCaseResult")["testCaseResult"]
    assert (shown["timestamp"], shown["testCaseStatus"]) == (2000, "Failed")


def test_runs_of_an_ingestion_pipeline_are_updated_by_their_id(api: Api) -> None:
    pipeline = {
        "name": "p",
        "pipelineType": "metadata",
        "service": {"type": "mlmodelService", "fullyQualifiedName": "headwater"},
        "sourceConfig": {"config": {"type": "MlModelMetadata"}},
        "airflowConfig": {},
    }
    api.put("services/ingestionPipelines", pipeline)
    path = "services/ingestionPipelines/headwater.p/pipelineStatus"
    api.put(path, {"runId": "r1", "pipelineState": "running", "timestamp": 1000})
    api.put(path, {"runId": "r1", "pipelineState": "success", "timestamp": 1000, "endDate": 1500})
    api.put(path, {"runId": "r2", "pipelineState": "failed", "timestamp": 2000})
    assert api.get(f"{path}/r1")["pipelineState"] == "success"
    assert [one["runId"] for one in api.get(path, startTs="0", endTs="3000")["data"]] == ["r2", "r1"]
    shown = api.get(named("services/ingestionPipelines", "headwater.p"), fields="pipelineStatuses")["pipelineStatuses"]
    assert [one["runId"] for one in shown] == ["r2"]


class Run(Model):
    """A run of a robot."""

    run_id: str
    started: int
    state: str | None = None


class Robot(Entity):
    """Something that runs."""

    last_run: Run | None = None


class CreateRobot(CreateRequest):
    """A request for one."""


ROBOT = EntityType(
    name="robot",
    collection="lab/robots",
    entity=Robot,
    create=CreateRobot,
    traits=(SOFT_DELETE,),
    series=(
        TimeSeries(name="runs", entry=Run, moment="started", key=("runId",), member="lastRun"),
        TimeSeries(name="runResults", entry=Run, moment="started", key=("started",), above=True),
    ),
)


def test_a_declared_series_is_all_that_it_takes(make_api: Callable[..., Api]) -> None:
    api = make_api(Registry([*discover(), ROBOT]))
    api.put("lab/robots", {"name": "r.2"})
    robot = segment('"r.2"')
    path = f"lab/robots/{robot}/runs"
    api.put(path, {"runId": "a", "started": 5, "state": "running"})
    assert api.put(path, {"runId": "b", "started": 3})["lastRun"]["runId"] == "a"
    api.put(path, {"runId": "a", "started": 5, "state": "done"})
    assert api.get(f"{path}/a")["state"] == "done"
    many = [{"runId": "c", "started": 9}, {"runId": "b", "started": 3, "state": "done"}]
    assert api.put(f"{path}/bulk", many)["lastRun"]["runId"] == "c"
    assert [one["runId"] for one in api.get(path)["data"]] == ["c", "a", "b"]
    assert api.get(named("lab/robots", '"r.2"'), fields="*")["lastRun"]["runId"] == "c"
    api.get(f"{path}/d", expect=404)
    results = f"lab/robots/runResults/{robot}"
    assert api.post(results, {"runId": "x", "started": 1}, expect=201)["runId"] == "x"
    assert api.get(results, startTs="0", endTs="2")["paging"]["total"] == 1
    api.get("lab/robots/runResults/nobody", expect=404)
