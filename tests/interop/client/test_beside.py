# SPDX-License-Identifier: Apache-2.0
"""The client's other calls: what is stale, votes, assets, samples, profiles, joins, status, settings, use."""

import time
from typing import Any

import pytest
from metadata.generated.schema.api.data.createMlModel import CreateMlModelRequest
from metadata.generated.schema.api.data.createPipeline import CreatePipelineRequest
from metadata.generated.schema.api.data.createTableProfile import CreateTableProfileRequest
from metadata.generated.schema.api.domains.createDomain import CreateDomainRequest
from metadata.generated.schema.api.services.createPipelineService import CreatePipelineServiceRequest
from metadata.generated.schema.configuration.profilerConfiguration import ProfilerConfiguration
from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.generated.schema.entity.data.pipeline import PipelineStatus, Task, TaskStatus
from metadata.generated.schema.entity.data.table import (
    ColumnJoins,
    ColumnProfile,
    DataModel,
    JoinedWith,
    Table,
    TableData,
    TableJoins,
    TableProfile,
)
from metadata.generated.schema.entity.services.connections.testConnectionDefinition import TestConnectionDefinition
from metadata.generated.schema.settings.settings import Settings, SettingType
from metadata.generated.schema.type.usageRequest import UsageRequest
from metadata.ingestion.ometa.client import APIError

from .making import label, model, model_service, reference, table, text, texts, user

NOW = int(time.time() * 1000)
HOUR = 3_600_000


def names(om: Any, service: str, include: str = "non-deleted") -> set[str]:
    listed = om.list_all_entities(MlModel, params={"service": service}, include=include)
    return {text(each.name) for each in listed}


def test_what_was_not_seen_again_is_deleted(bot: Any, unique: str) -> None:
    for service in (unique, f"{unique}x"):
        model_service(bot, service)
        bot.bulk_create_or_update([CreateMlModelRequest(name=name, service=service) for name in ("a", "b.c", "d")])
    result = bot.delete_stale_entities(MlModel, {"service": unique}, [f"{unique}.a", f'{unique}."b.c"'])
    assert (result.status.value, text(result.numberOfRowsProcessed), text(result.numberOfRowsFailed)) == (
        "success",
        1,
        0,
    )
    assert (names(bot, unique), names(bot, unique, "deleted")) == ({"a", "b.c"}, {"d"})
    assert names(bot, f"{unique}x") == {"a", "b.c", "d"}
    again = bot.delete_stale_entities(MlModel, {"service": unique}, [f"{unique}.a", f'{unique}."b.c"'])
    assert text(again.numberOfRowsProcessed) == 0


def test_what_is_stale_in_a_schema(bot: Any, unique: str) -> None:
    for name in ("kept", "gone"):
        table(bot, unique, name)
    place = f"{unique}.shop.main"
    bot.delete_stale_entities(Table, {"databaseSchema": place}, [f"{place}.kept"])
    assert bot.get_by_name(Table, f"{place}.gone") is None
    assert bot.get_by_name(Table, f"{place}.kept") is not None


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_deletion_and_restoration_that_nobody_waits_for(om: Any, unique: str) -> None:
    made = model(om, unique)
    job = om.delete_async(MlModel, made.id)
    assert (om.watch.exchanges[-1].status, bool(job["jobId"]), bool(job["message"])) == (202, True, True)
    wait_for(lambda: om.get_by_id(MlModel, made.id) is None)
    assert om.restore_async(MlModel, made.id)["jobId"]
    wait_for(lambda: om.get_by_id(MlModel, made.id) is not None)


def test_votes(om: Any, connect: Any, unique: str) -> None:
    for name in ("ada", "grace"):
        user(om, name)
    made = model(om, unique)

    def vote(client: Any, kind: str) -> tuple[int, int]:
        client.client.put(f"/mlmodels/{text(made.id)}/vote", json={"updatedVoteType": kind})
        votes = om.get_by_id(MlModel, made.id, fields=["votes"]).votes
        return votes.upVotes, votes.downVotes

    assert vote(om, "votedUp") == (1, 0)
    assert vote(connect("grace"), "votedDown") == (1, 1)
    assert vote(om, "votedDown") == (0, 2)
    assert vote(om, "unVoted") == (0, 1)
    assert text(om.get_by_id(MlModel, made.id).version) == 0.1


def test_assets_of_tags_people_and_domains(om: Any, unique: str) -> None:
    owner = user(om, f"{unique}-owner")
    om.create_or_update(CreateDomainRequest(name=unique, domainType="Aggregate", description="d"))
    members = {"owners": [reference(owner, "user")], "domains": [unique], "tags": [label("PersonalData.Personal")]}
    made = [model(om, unique, name, **members) for name in ("a", "b", "c")]
    wanted = {str(text(each.id)) for each in made}
    for page in (om.get_domain_assets(unique), om.get_user_assets(f"{unique}-owner")):
        assert {each["id"] for each in page["data"]} == wanted
        assert {each["type"] for each in page["data"]} == {"mlmodel"}
        assert page["paging"]["total"] == 3
    assert wanted <= {each["id"] for each in om.get_tag_assets("PersonalData.Personal", limit=1000)["data"]}
    pages = [om.get_domain_assets(unique, limit=2, offset=offset)["data"] for offset in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 1, 0]


def test_samples_of_a_table(om: Any, unique: str) -> None:
    made = table(om, unique)
    om.patch_column_tag(made, f"{unique}.shop.main.people.income", label("PII.Sensitive"))
    data = TableData(columns=["age", "income"], rows=[[1, 10], [2, None]])
    stored = om.ingest_table_sample_data(made, data)
    assert (texts(stored.columns), stored.rows) == (["age", "income"], [[1, 10], [2, None]])
    assert om.get_sample_data(made).sampleData.rows[0][0] == 1
    om.delete_sample_data(made)
    assert om.get_sample_data(made).sampleData is None


def test_profiles_of_a_table(om: Any, unique: str) -> None:
    made = table(om, unique)
    name = f"{unique}.shop.main.people"
    for age in (2, 1, 0):
        timestamp = NOW - age * HOUR
        profile = CreateTableProfileRequest(
            tableProfile=TableProfile(timestamp=timestamp, rowCount=100 - age, columnCount=2),
            columnProfile=[ColumnProfile(name="age", timestamp=timestamp, valuesCount=100 - age, min=18, max=99)],
        )
        assert om.ingest_profile_data(made, profile).id == made.id
    listed = om.get_profile_data(name, NOW - 90 * 60_000, NOW)
    assert [each.rowCount for each in listed.entities] == [100, 99]
    of_column = om.get_profile_data(f"{name}.age", NOW - HOUR * 5, NOW, profile_type=ColumnProfile)
    assert [each.valuesCount for each in of_column.entities] == [100, 99, 98]
    latest = om.get_latest_table_profile(name)
    assert latest.profile.rowCount == 100
    greatest = {text(each.name): each.profile and each.profile.max for each in latest.columns}
    assert greatest == {"age": 99.0, "income": None}
    assert text(om.get_by_id(Table, made.id).version) == 0.1


def test_data_model_of_a_table(om: Any, unique: str) -> None:
    made = table(om, unique)
    written = DataModel(modelType="DBT", sql="select 1", columns=[{"name": "age", "dataType": "INT"}], upstream=["x"])
    om.ingest_table_data_model(made, written)
    found = om.get_by_id(Table, made.id, fields=["dataModel"]).dataModel
    assert (found.modelType.value, text(found.sql), found.upstream) == ("DBT", "select 1", ["x"])


def test_joins_of_a_table(om: Any, unique: str) -> None:
    made = table(om, unique)
    table(om, unique, "orders", ["customer"])
    place = f"{unique}.shop.main"
    joined = JoinedWith(fullyQualifiedName=f"{place}.orders.customer", joinCount=3)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    om.publish_frequently_joined_with(
        made,
        TableJoins(startDate=today, dayCount=1, columnJoins=[ColumnJoins(columnName="age", joinedWith=[joined])]),
    )
    (found,) = om.get_by_id(Table, made.id, fields=["joins"]).joins.columnJoins
    assert text(found.columnName) == "age"
    assert [(text(each.fullyQualifiedName), each.joinCount) for each in found.joinedWith] == [
        (f"{place}.orders.customer", 3)
    ]


def test_columns_of_a_table_in_pages(om: Any, unique: str) -> None:
    table(om, unique, columns=["a", "b", "c"])
    name = f"{unique}.shop.main.people"
    assert [text(each.name) for each in om.get_table_columns(name, fields=["tags"])] == ["a", "b", "c"]
    assert [text(each.name) for each in om.get_table_columns(name, params={"limit": "1", "offset": "1"})] == ["b"]


def test_use_of_a_table(om: Any, unique: str) -> None:
    made = table(om, unique)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    om.publish_table_usage(made, UsageRequest(date=today, count=7))
    om.compute_percentile(Table, today)
    summary = om.get_by_id(Table, made.id, fields=["usageSummary"]).usageSummary
    assert summary.dailyStats.count == 7
    assert text(om.get_by_id(Table, made.id).version) == 0.1


def test_status_and_tasks_of_a_pipeline(om: Any, unique: str) -> None:
    om.create_or_update(CreatePipelineServiceRequest(name=unique, serviceType="Airflow"))
    pipeline = om.create_or_update(CreatePipelineRequest(name="p", service=unique, tasks=[Task(name="one")]))
    pipeline = om.add_task_to_pipeline(pipeline, Task(name="two", downstreamTasks=["one"]))
    assert {each.name for each in pipeline.tasks} == {"one", "two"}

    def status_of(age: int, state: str) -> Any:
        of_tasks = [TaskStatus(name=name, executionStatus=state) for name in ("one", "two")]
        return PipelineStatus(timestamp=NOW - age * HOUR, executionStatus=state, taskStatus=of_tasks)

    for age, state in ((1, "Failed"), (0, "Successful")):
        status = status_of(age, state)
        assert om.add_pipeline_status(f"{unique}.p", status).pipelineStatus.executionStatus.value == state
    found = om.list_pipeline_statuses(f"{unique}.p", NOW - 2 * HOUR, NOW)
    assert [each.executionStatus.value for each in found] == ["Successful", "Failed"]
    om.add_bulk_pipeline_status(f"{unique}.p", [status_of(0, "Successful")])
    assert len(om.list_pipeline_statuses(f"{unique}.p", NOW - 2 * HOUR, NOW, limit=10)) == 2
    assert [each.name for each in om.clean_pipeline_tasks(pipeline, ["one"]).tasks] == ["one"]


@pytest.mark.parametrize("kind", ["Mlflow", "SQLite", "SageMaker", "Mysql", "Superset", "Airflow"])
def test_definitions_of_tests_of_connections(om: Any, kind: str) -> None:
    found = om.get_by_name(TestConnectionDefinition, f"{kind}.testConnectionDefinition")
    assert text(found.name) == kind
    assert found.steps


def test_settings(om: Any) -> None:
    kind = SettingType.profilerConfiguration
    columns = {"dataType": "INT", "metrics": ["mean"], "disabled": False}
    setting = Settings(config_type=kind, config_value=ProfilerConfiguration(metricConfiguration=[columns]))
    assert om.create_or_update_settings(setting).config_type == kind
    for found in (om.get_settings_by_name(kind), om.get_profiler_config_settings()):
        (kept,) = found.config_value.metricConfiguration
        assert (kept.dataType.value, [each.value for each in kept.metrics]) == ("INT", ["mean"])
    assert om.get_settings_by_name(SettingType.searchSettings) is None
    with pytest.raises(APIError, match="noSuchSettings"):
        om.client.get("/system/settings/noSuchSettings")
