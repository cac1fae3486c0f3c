# SPDX-License-Identifier: Apache-2.0
"""OpenLineage events: what they make, what they leave alone, what they refuse; and the history of runs."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from openlineage.client.event_v2 import DatasetEvent, InputDataset, OutputDataset, StaticDataset
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    data_quality_metrics_dataset,
    documentation_dataset,
    documentation_job,
    error_message_run,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    ownership_dataset,
    parent_run,
    sql_job,
    symlinks_dataset,
    tags_dataset,
)
from openlineage.client.naming import dataset as naming
from openlineage.client.serde import Serde

from .events import RUN, SHOP, at, design, lineage, read, run, schema, table, written
from .wire import Api, column_pairs, named, segment

JOB = "pipelines/name/airflow.load"
Json = Any
Step = column_lineage_dataset.Transformation


def take(api: Api, *events: Json) -> list[str]:
    """Send events; what was refused in them."""
    refused = []
    for event in events:
        reply = api.post("lineage", event)
        refused += json.loads(reply.headers.get("X-Headwater-Warning", "[]"))
    return refused


def pairs(api: Api, name: str) -> set[tuple[str, str]]:
    """The column pairs into a table, as names without the way to the tables."""
    edges = api.lineage("table", table(name), up=1, down=0)["upstreamEdges"]
    found = {pair for edge in edges for pair in column_pairs(edge["lineageDetails"])}
    short = len(table(""))
    return {(source[short:], target[short:]) for source, target in found}


def evidence(api: Api, column: str, **query: str) -> list[Json]:
    """Who says that a column flows on, of its first hop."""
    rows = api.get("governance/reach", column=table(column), type="table", **query)["data"]
    return next(row["paths"][0][0]["evidence"] for row in rows if row["paths"][0])


def runs(api: Api, pipeline: str = JOB) -> list[Json]:
    return list(api.get(f"{pipeline}/status")["data"])


PEOPLE, PROFILE = read("people", "id", "sex"), written("profile", "sex", flows={"sex": [("people", "sex")]})


def test_a_run_makes_what_it_names_and_the_edge(api: Api) -> None:
    query = {"sql": sql_job.SQLJobFacet(query="insert into profile select sex from people")}
    reply = api.post("lineage", run([PEOPLE], [PROFILE], job_facets=query))
    assert reply.body == {"status": "success", "message": "1 edge changed", "lineageEdgesCreated": 1}
    people = api.get(named("tables", table("people")), fields="columns")
    assert [(one["name"], one["dataType"]) for one in people["columns"]] == [("id", "INT"), ("sex", "INT")]
    assert people["serviceType"] == "Postgres"
    pipeline = api.get(JOB)
    assert pipeline["serviceType"] == "OpenLineage"
    profile = api.get(named("tables", table("profile")))
    edge = api.get(f"lineage/getLineageEdge/{people['id']}/{profile['id']}")["edge"]
    assert edge["source"] == "OpenLineage"
    assert edge["pipeline"]["id"] == pipeline["id"]
    assert edge["sqlQuery"].startswith("insert")
    assert edge["columnsLineage"] == [
        {"fromColumns": [table("people.sex")], "toColumn": table("profile.sex")},
    ]
    assert pairs(api, "profile") == {("people.sex", "profile.sex")}


def test_the_same_event_twice_changes_nothing(api: Api) -> None:
    events = [run([PEOPLE], [PROFILE], state="START", minute=1), run([PEOPLE], [PROFILE])]
    take(api, *events)
    before, seen = api.position(), evidence(api, "people.sex")
    take(api, *events, *reversed(events))
    assert api.position() == before
    assert evidence(api, "people.sex") == seen


def test_events_of_a_run_in_any_order_end_the_same(make_api: Callable[..., Api]) -> None:
    api = make_api()
    facets: Json = {
        "parent": parent_run.ParentRunFacet(parent_run.Run(f"{RUN}9"), parent_run.Job("airflow", "dag")),
        "nominalTime": nominal_time_run.NominalTimeRunFacet(nominalStartTime=at(0)),
    }
    statistics: Json = {"outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(7, 100)}
    events = [
        run([PEOPLE], [], state="START", minute=1, facets=facets),
        run(state="OTHER", minute=3),
        run([PEOPLE], [OutputDataset(SHOP, "shop.public.profile", outputFacets=statistics)], minute=5),
    ]
    ends = []
    for number, order in enumerate(itertools.permutations(events)):
        told = json.loads(json.dumps(order).replace('"load"', f'"load{number}"'))
        take(api, *told)
        ends.append(runs(api, f"pipelines/name/airflow.load{number}"))
    expected = {
        "timestamp": 1772359260000,
        "endTime": 1772359500000,
        "executionStatus": "Successful",
        "executionId": f"{RUN}1",
        "parameters": {"parentRun": f"{RUN}9", "parentJob": "airflow dag", "nominalStartTime": at(0)},
        "inputs": [{"datasetFQN": table("people")}],
        "outputs": [{"datasetFQN": table("profile"), "rowCount": 7, "sizeBytes": 100}],
    }
    assert ends == [[expected]] * 6


def test_a_run_that_fails_says_why_and_asserts_no_edge(api: Api) -> None:
    error = {"errorMessage": error_message_run.ErrorMessageRunFacet("disk full", "python", "line 1")}
    take(api, run(state="START", minute=1), run([PEOPLE], [PROFILE], state="FAIL", facets=error))
    (one,) = runs(api)
    assert (one["executionStatus"], one["error"]) == ("Failed", {"errorMessage": "disk full", "stackTrace": "line 1"})
    assert api.lineage("table", table("profile"))["upstreamEdges"] == []
    take(api, run(state="ABORT", number=2, minute=7))
    assert [one["executionStatus"] for one in runs(api)] == ["Failed", "Failed"]


def test_runs_that_begin_at_one_moment_are_two(api: Api) -> None:
    take(api, *(run(number=number, minute=1, state=state) for state in ("START", "COMPLETE") for number in (1, 2)))
    assert sorted(one["executionId"] for one in runs(api)) == [f"{RUN}1", f"{RUN}2"]


def test_a_job_that_never_ends_asserts_while_it_runs(api: Api) -> None:
    take(api, run([PEOPLE], [PROFILE], state="RUNNING"))
    assert pairs(api, "profile") == set()
    streams = {"jobType": job_type_job.JobTypeJobFacet("STREAMING", "FLINK")}
    take(api, run([PEOPLE], [PROFILE], state="RUNNING", job_facets=streams))
    assert pairs(api, "profile") == {("people.sex", "profile.sex")}


def test_what_is_known_of_a_table_is_added_to_and_never_taken_away(api: Api) -> None:
    take(api, run([PEOPLE], []))
    path = named("tables", table("people"))
    owner = api.get(named("users", "admin")).body
    api.patch(
        path,
        {"op": "add", "path": "/description", "value": "by hand"},
        {"op": "add", "path": "/columns/1/description", "value": "at birth"},
        {"op": "add", "path": "/owners", "value": [{"id": owner["id"], "type": "user"}]},
    )
    told: Json = {
        "documentation": documentation_dataset.DocumentationDatasetFacet("by a job"),
        "ownership": ownership_dataset.OwnershipDatasetFacet([ownership_dataset.Owner("user:ingestion-bot")]),
    }
    take(api, run([read("people", "SEX", "height", **told)], [], number=2, minute=6))
    people = api.get(path, fields="columns,owners")
    assert [one["name"] for one in people["columns"]] == ["id", "sex", "height"]
    assert people["columns"][1]["description"] == "at birth"
    assert people["description"] == "by hand"
    assert [one["name"] for one in people["owners"]] == ["admin"]


def test_what_an_event_cannot_mean_is_refused_by_name_and_the_rest_counts(api: Api) -> None:
    tags = [
        tags_dataset.TagsDatasetFacetFields("PII", "Sensitive", field="sex"),
        tags_dataset.TagsDatasetFacetFields("PII.NonSensitive", "true"),
        tags_dataset.TagsDatasetFacetFields("team", "blue"),
    ]
    owners = [ownership_dataset.Owner("team:nobody"), ownership_dataset.Owner("admin")]
    told = {
        "tags": tags_dataset.TagsDatasetFacet(tags),
        "ownership": ownership_dataset.OwnershipDatasetFacet(owners),
        "documentation": documentation_dataset.DocumentationDatasetFacet("Profiles"),
    }
    flows = {"sex": [("people", "sex"), ("people", "gender")], "nope": [("people", "id")]}
    refused = take(api, run([PEOPLE], [written("profile", "sex", flows=flows, **told)]))
    assert refused == [
        f"dataset {SHOP} shop.public.profile: there is no team called nobody to own it",
        f"dataset {SHOP} shop.public.profile: there is no tag team.blue",
        f"columnLineage: {table('people')} has no column gender",
        f"columnLineage: {table('profile')} has no column nope",
    ]
    assert pairs(api, "profile") == {("people.sex", "profile.sex")}
    profile = api.get(named("tables", table("profile")), fields="columns,tags,owners")
    assert [one["tagFQN"] for one in profile["tags"]] == ["PII.NonSensitive"]
    assert [one["tagFQN"] for one in profile["columns"][0]["tags"]] == ["PII.Sensitive"]
    assert [one["name"] for one in profile["owners"]] == ["admin"]
    assert profile["description"] == "Profiles"


def test_jobs_assert_one_pair_side_by_side_and_each_withdraws_its_own(api: Api) -> None:
    both = written("profile", "sex", "id", flows={"sex": [("people", "sex")], "id": [("people", "id")]})
    take(api, run([PEOPLE], [both]), run([PEOPLE], [both], job="copy", number=2))
    assert [one["pipeline"]["name"] for one in evidence(api, "people.sex")] == ["load", "copy"]
    less = written("profile", "sex", "id", flows={"id": [("people", "id")]})
    take(api, run([PEOPLE], [less], number=3, minute=9))
    assert [one["pipeline"]["name"] for one in evidence(api, "people.sex")] == ["copy"]
    assert [one["pipeline"]["name"] for one in evidence(api, "people.id")] == ["load", "copy"], "it is as old as before"
    take(api, run([PEOPLE], [less], job="copy", number=4, minute=9))
    assert pairs(api, "profile") == {("people.id", "profile.id")}
    take(api, run([], [both], job="copy", number=2, minute=5), run([], [written("profile")], job="copy", minute=10))
    assert [one["pipeline"]["name"] for one in evidence(api, "people.id")] == ["load"]


def test_a_run_that_says_the_same_moves_the_last_sighting_and_nothing_else(api: Api) -> None:
    later = json.loads(json.dumps(run([PEOPLE], [PROFILE], number=2)).replace("2026-03-01", "2126-03-01"))
    take(api, run([PEOPLE], [PROFILE]))
    (before,) = evidence(api, "people.sex")
    events = api.get("system/health")["position"]
    take(api.as_user("airflow-bot", bot=True), later)
    (after,) = evidence(api, "people.sex")
    assert after["firstSeen"] == before["firstSeen"] == before["lastSeen"]
    assert after["lastSeen"] == 4928033100000, "the moment of the run"
    assert (before["user"], before["run"]) == ("ada", f"{RUN}1")
    assert (after["user"], after["run"]) == ("airflow-bot", f"{RUN}2")
    assert api.position() == events + 1, "the run itself is the one thing that is new"
    (then,) = evidence(api, "people.sex", asOf=f"@{events}")
    assert then["lastSeen"] == before["lastSeen"]
    wire = api.lineage("table", table("people"))["downstreamEdges"][0]["lineageDetails"]
    assert wire["updatedBy"] == "ada"


def test_an_assertion_that_is_put_again_moves_its_last_sighting(api: Api) -> None:
    ends = {"fromEntity": api.table("a", ["x"]), "toEntity": api.table("b", ["y"])}
    ends = {end: {"id": one["id"], "type": "table"} for end, one in ends.items()}
    flows = [{"fromColumns": ["db.shop.main.a.x"], "toColumn": "db.shop.main.b.y"}]
    edge = {"edge": {**ends, "lineageDetails": {"source": "QueryLineage", "columnsLineage": flows}}}

    def last() -> Json:
        (found,) = api.get("governance/reach", column="db.shop.main.a.x", type="table")["data"][1]["paths"][0]
        return found["evidence"][0]

    api.put("lineage", edge)
    position, before = api.position(), last()
    api.as_user("grace").put("lineage", edge)
    after = last()
    assert api.position() == position
    assert (before["user"], after["user"]) == ("ada", "grace")
    assert after["lastSeen"] >= before["lastSeen"]
    assert after["firstSeen"] == before["firstSeen"]


@pytest.mark.parametrize(
    ("steps", "becomes"),
    [
        ([Step("DIRECT", "IDENTITY")], "IDENTITY"),
        ([Step("DIRECT", "TRANSFORMATION")], "TRANSFORMATION"),
        ([Step("DIRECT", "AGGREGATION")], "AGGREGATION"),
        ([Step("DIRECT", "TRANSFORMATION", masking=True)], "MASKING"),
        ([Step("DIRECT", "HASHING", masking=True)], "HASHING"),
        ([Step("DIRECT", "TRANSFORMATION", "hash", masking=True)], "HASHING"),
        ([Step("DIRECT", "TRANSFORMATION", "not a hash", masking=True)], "MASKING"),
        ([Step("DIRECT", "TRANSFORMATION", "HASH", masking=False)], "TRANSFORMATION"),
        ([Step("DIRECT", "HASH", masking=True), Step("DIRECT", "MASK", masking=True)], "MASKING"),
        ([Step("DIRECT", "SOMETHING")], "TRANSFORMATION"),
        ([Step("DIRECT")], "TRANSFORMATION"),
        ([Step("INDIRECT", "JOIN")], "CONDITIONAL"),
        ([Step("INDIRECT", "FILTER", masking=True)], "CONDITIONAL"),
        ([Step("INDIRECT", "FILTER"), Step("DIRECT", "IDENTITY")], "IDENTITY"),
        ([Step("DIRECT", "TRANSFORMATION", masking=True), Step("INDIRECT", "SORT")], "CONDITIONAL"),
        ([], None),
    ],
)
def test_transformations(api: Api, steps: list[Step], becomes: str | None) -> None:
    take(api, run([PEOPLE], [written("profile", "sex", flows={"sex": [("people", "sex", *steps)]})]))
    (one,) = evidence(api, "people.sex")
    assert one.get("transformation") == becomes


def test_older_facets_and_what_decides_about_all_rows(api: Api) -> None:
    facet = lineage({"sex": [("people", "sex")]}, [("people", "id", Step("INDIRECT", "FILTER"))])
    facet.fields["sex"].transformationType = "MASKED"
    take(api, run([PEOPLE], [written("profile", "sex", "age", columnLineage=facet)]))
    assert evidence(api, "people.sex")[0]["transformation"] == "MASKING"
    facet.fields["sex"].transformationDescription = "HASHED"
    take(api, run([PEOPLE], [written("profile", "sex", "age", columnLineage=facet)], number=2, minute=6))
    assert evidence(api, "people.sex")[0]["transformation"] == "HASHING"
    assert evidence(api, "people.id")[0]["transformation"] == "CONDITIONAL"
    assert pairs(api, "profile") == {
        ("people.sex", "profile.sex"),
        ("people.id", "profile.sex"),
        ("people.id", "profile.age"),
    }


def test_inputs_flow_where_column_lineage_says_and_else_everywhere(api: Api) -> None:
    inputs = [read("a", "x"), read("b", "y"), read("c", "z")]
    outputs = [
        written("one", "x", flows={"x": [("a", "x")]}),
        written("two", "y", flows={"y": [("b", "y")]}),
        written("three"),
    ]
    take(api, run(inputs, outputs))
    found = {}
    for name in ("one", "two", "three"):
        graph = api.lineage("table", table(name), up=1, down=0)
        found[name] = sorted(one["name"] for one in graph["nodes"])
    assert found == {"one": ["a", "c"], "two": ["b", "c"], "three": ["a", "b", "c"]}


PLACES = [
    (naming.Postgres("h.x", "5432", "d", "s", "t"), "Postgres", '"postgres://h.x:5432".d.s.t'),
    (naming.Snowflake("org", "acc", "D", "S", "T"), "Snowflake", "snowflake://org-acc.D.S.T"),
    (naming.BigQuery("p", "d", "t"), "BigQuery", "bigquery.p.d.t"),
    (naming.Redshift("c", "eu", "5439", "d", "s", "t"), "Redshift", '"redshift://c.eu:5439".d.s.t'),
    (naming.Trino("h", "1", "c", "s", "t"), "Trino", "trino://h:1.c.s.t"),
    (naming.Oracle("h", "1", "o", "s", "t"), "Oracle", "oracle://h:1.o.s.t"),
    (naming.DB2("h", "1", "d", "s", "t"), "Db2", "db2://h:1.d.s.t"),
    (naming.CrateDB("h", "1", "d", "s", "t"), "CustomDatabase", "crate://h:1.d.s.t"),
    (naming.Athena("eu", "c", "d", "t"), "Athena", '"awsathena://athena.eu.amazonaws.com".c.d.t'),
    (naming.MySQL("h", "1", "d", "t"), "Mysql", "mysql://h:1.default.d.t"),
    (naming.Hive("h", "1", "d", "t"), "Hive", "hive://h:1.default.d.t"),
    (naming.Cassandra("h", "1", "k", "t"), "Cassandra", "cassandra://h:1.default.k.t"),
    (naming.Teradata("h", "1", "d", "t"), "Teradata", "teradata://h:1.default.d.t"),
    (naming.OceanBase("h", "1", "d", "t"), "CustomDatabase", "oceanbase://h:1.default.d.t"),
    (naming.AzureSynapse("h", "1", "s", "t"), "Mssql", "sqlserver://h:1.default.s.t"),
    (naming.AWSGlue("eu", "12", "d", "t"), "Glue", "arn:aws:glue:eu:12.default.d.t"),
    (naming.AzureCosmosDB("h", "d", "t"), "CustomDatabase", "azurecosmos://h/dbs/d.default.default.t"),
    (naming.AzureDataExplorer("h", "d", "t"), "CustomDatabase", '"azurekusto://h.kusto.windows.net".default.d.t'),
    (naming.S3("b", "a/p.parquet"), "S3", 's3.b."a/p.parquet"'),
    (naming.GCS("b", "a"), "GCS", "gs.b.a"),
    (naming.ABFSS("c", "s", "/a"), "ADLS", 'abfss."c@s.dfs.core.windows.net".a'),
    (naming.WASBS("c", "s", "a"), "ADLS", 'abfss."c@s.dfs.core.windows.net".a'),
    (naming.HDFS("n", "1", "/a/b"), "CustomStorage", "hdfs://n:1.a/b"),
    (naming.DBFS("w", "/a"), "CustomStorage", "dbfs://w.a"),
    (naming.LocalFileSystem("/a/b"), "CustomStorage", "file.a/b"),
    (naming.RemoteFileSystem("h", "/a"), "CustomStorage", "file://h.a"),
    (naming.Kafka("h", "1", "t"), "Kafka", "kafka://h:1.t"),
    (naming.PubSubNaming(naming.PubSubResourceType.TOPIC, "p", "t"), "PubSub", "pubsub.topic:p:t"),
]
COLLECTIONS = {"CustomStorage": "containers", "S3": "containers", "GCS": "containers", "ADLS": "containers"}
COLLECTIONS |= {"Kafka": "topics", "PubSub": "topics"}


def test_every_name_of_the_standard_has_its_place(make_api: Callable[..., Api]) -> None:
    """The client has a class for each scheme of the naming specification."""
    assert {type(one) for one, _, _ in PLACES} == {
        kind
        for kind in vars(naming).values()
        if isinstance(kind, type) and hasattr(kind, "get_namespace") and kind is not naming.DatasetNaming
    }
    api = make_api()
    for given, service_type, name in PLACES:
        dataset = InputDataset(given.get_namespace(), given.get_name(), facets={"schema": schema("x")})
        assert take(api, run([dataset], [])) == []
        found = api.get(named(COLLECTIONS.get(service_type, "tables"), name))
        assert found["serviceType"] == service_type
        columns = found.body.get("columns") or found.body.get("dataModel", found.body.get("messageSchema"))
        assert '"x"' in json.dumps(columns)


def test_an_unknown_namespace_is_a_database_of_its_own(api: Api) -> None:
    assert take(api, run([InputDataset("warehouse", "a.b.c.d.t"), InputDataset("warehouse", "t")], [])) == []
    assert api.get(named("tables", 'warehouse."a.b.c".d.t'))["serviceType"] == "CustomDatabase"
    assert api.get(named("tables", "warehouse.default.default.t"))["serviceType"] == "CustomDatabase"
    assert take(api, run([InputDataset("warehouse", "...")], [])) == ["dataset warehouse ...: its name is empty"]
    (refused,) = take(api, run([InputDataset("warehouse", "a::b"), PEOPLE], []))
    assert "'::'" in refused
    api.get(named("tables", table("people")))


def test_settings_say_which_service_a_namespace_stands_for(api: Api) -> None:
    def settings(**members: Json) -> None:
        api.put("system/settings", {"config_type": "openLineageSettings", "config_value": members})

    api.table("people", ["id"])
    api.put("services/storageServices", {"name": "lake", "serviceType": "S3"})
    api.put("services/pipelineServices", {"name": "flow", "serviceType": "Airflow"})
    settings(namespaceToServiceMapping={SHOP: "db", "s3://raw": "lake", "airflow": "flow", "lost": "gone"})
    event = run([read("people", "age", prefix="shop.main."), InputDataset("s3://raw", "a/b")], [])
    assert take(api, event) == []
    columns = api.get(named("tables", "db.shop.main.people"), fields="columns")["columns"]
    assert [one["name"] for one in columns] == ["id", "age"]
    api.get(named("containers", "lake.raw.a/b"))
    assert api.get("pipelines/name/flow.load")["serviceType"] == "Airflow"
    (refused,) = take(api, run([InputDataset("lost", "t")], []))
    assert refused.startswith("dataset lost t: openLineageSettings: lost stands for gone, but there is no ")
    settings(autoCreateEntities=False, namespaceToServiceMapping={SHOP: "db", "airflow": "flow"})
    refused_too = take(api, run([read("people", prefix="shop.main."), read("pets", prefix="shop.main.")], []))
    assert refused_too == [f"dataset {SHOP} shop.main.pets: it is not known, and autoCreateEntities is off"]
    wrong = {"config_type": "openLineageSettings", "config_value": {"namespaces": {}}}
    assert "namespaces" in api.put("system/settings", wrong, expect=400)["message"]


def test_a_table_is_known_by_its_symlink(api: Api) -> None:
    link = symlinks_dataset.Identifier("hive://meta:9083", "shop.people", "TABLE")
    files = InputDataset(
        "s3://raw", "people", facets={"symlinks": symlinks_dataset.SymlinksDatasetFacet([link]), "schema": schema("id")}
    )
    flows = column_lineage_dataset.ColumnLineageDatasetFacet(
        {"id": column_lineage_dataset.Fields([column_lineage_dataset.InputField("s3://raw", "people", "id")])}
    )
    take(api, run([files], [written("profile", "id", columnLineage=flows)]))
    edges = api.lineage("table", table("profile"), up=1)["upstreamEdges"]
    assert column_pairs(edges[0]["lineageDetails"]) == {
        ("hive://meta:9083.default.shop.people.id", table("profile.id")),
    }
    api.get(named("containers", "s3.raw.people"), expect=404)


def test_measurements_become_a_profile(api: Api) -> None:
    metrics = data_quality_metrics_dataset
    facet = metrics.DataQualityMetricsDatasetFacet(
        {"sex": metrics.ColumnMetrics(nullCount=2, distinctCount=3), "nope": metrics.ColumnMetrics()}, rowCount=10
    )
    refused = take(api, run([], [written("profile", "sex", dataQualityMetrics=facet)]))
    assert refused == [f"dataQualityMetrics: {table('profile')} has no column nope"]
    profile = api.get(f"tables/{segment(table('profile'))}/tableProfile/latest")
    assert profile["profile"]["rowCount"] == 10
    (column,) = profile["columns"]
    assert (column["profile"]["nullCount"], column["profile"]["distinctCount"]) == (2, 3)


def test_events_that_describe_a_job_or_a_dataset(api: Api) -> None:
    facets = {"documentation": documentation_job.DocumentationJobFacet("Loads")}
    take(api, design([PEOPLE], [PROFILE], minute=1))
    assert pairs(api, "profile") == {("people.sex", "profile.sex")}
    assert runs(api) == []
    take(api, run(job_facets=facets))
    assert api.get(JOB)["description"] == "Loads"
    told = {"schema": schema("sex"), "columnLineage": lineage({"sex": [("profile", "sex")]})}
    event = DatasetEvent(eventTime=at(2), dataset=StaticDataset(SHOP, "shop.public.copy", facets=told))
    take(api, Serde.to_dict(event))
    assert pairs(api, "copy") == {("profile.sex", "copy.sex")}


def test_many_events_at_once_and_one_of_them_wrong(api: Api) -> None:
    events = [run([PEOPLE], [PROFILE]), {"eventTime": "noon", "job": {"name": "x"}}, {}, run(number=2, minute=9)]
    for path, body in (("lineage/batch", events), ("openlineage/lineage/batch", {"events": events})):
        reply = api.post(path, body)
        assert reply["status"] == "partial_success"
        assert reply["summary"] == {"received": 4, "successful": 2, "failed": 2, "skipped": 0}
        assert [one["index"] for one in reply["failedEvents"]] == [1, 2]
        assert "eventTime" in reply["failedEvents"][0]["reason"]
        assert "namespace" in reply["failedEvents"][0]["reason"]
    assert len(runs(api)) == 2
    api.post("lineage/batch", {"event": 1}, expect=400)
    assert "an event needs" in api.post("openlineage/lineage", {}, expect=400)["message"]


NUL, LONG = "a\0b", "x" * 4000
EVENT = run([PEOPLE], [PROFILE])


@pytest.mark.parametrize(
    "wrong",
    [
        EVENT | {"eventTime": "noon"},
        EVENT | {"eventTime": "0001-01-01T00:00:00Z"},
        EVENT | {"eventType": "DONE"},
        EVENT | {"run": {"runId": LONG}},
        EVENT | {"run": {"runId": NUL}},
        EVENT | {"job": {"namespace": "airflow", "name": NUL}},
        EVENT | {"inputs": [{"namespace": "", "name": "a"}]},
        EVENT | {"inputs": [{"namespace": NUL, "name": "a"}]},
        EVENT | {"inputs": {"namespace": "a"}},
        EVENT | {"outputs": [{"namespace": "a", "name": "b", "facets": {"schema": {"fields": [{"name": ""}]}}}]},
        EVENT | {"outputs": [{"namespace": "a", "name": "b", "facets": {"columnLineage": {"fields": {NUL: {}}}}}]},
        EVENT | {"job": {"namespace": "a", "name": "b", "facets": {"sql": {"query": NUL}}}},
        {"eventTime": at(1), "dataset": {"namespace": "a"}},
        [],
        "text",
    ],
)
def test_an_event_that_is_not_one_is_refused_whole(api: Api, wrong: Json) -> None:
    position = api.position()
    assert api.post("lineage", wrong, expect=400)["message"]
    assert api.position() == position


def test_names_that_are_too_long_are_refused_and_the_rest_counts(api: Api) -> None:
    column = {"inputFields": [{"namespace": SHOP, "name": "shop.public.people", "field": LONG}]}
    outputs = [
        {"namespace": SHOP, "name": f"shop.public.{LONG}"},
        {"namespace": SHOP, "name": "shop.public.profile", "facets": {"columnLineage": {"fields": {LONG: column}}}},
    ]
    refused = take(api, run() | {"inputs": [{"namespace": SHOP, "name": "shop.public.people"}], "outputs": outputs})
    assert len(refused) == 2
    assert [one["name"] for one in api.lineage("table", table("profile"))["nodes"]] == ["people"]


def test_everybody_who_asserts_an_edge_stands_beside_the_others(api: Api) -> None:
    """Declared by a feature source, and asserted by SQL, dbt, a pipeline, a person and a run."""
    mapping = {"namespaceToServiceMapping": {SHOP: "db"}}
    api.put("system/settings", {"config_type": "openLineageSettings", "config_value": mapping})
    source, model = api.table("people", ["sex"]), api.model(mlFeatures=[{"name": "f"}])
    name, far = "db.shop.main.people", "headwater.m.f"
    ends = {"fromEntity": {"id": source["id"], "type": "table"}, "toEntity": {"id": model["id"], "type": "mlmodel"}}
    sources = ["ViewLineage", "QueryLineage", "DbtLineage", "PipelineLineage", "Manual"]
    for told in sources:
        flows = [{"fromColumns": [f"{name}.sex"], "toColumn": far, "transformation": "AGGREGATION"}]
        api.put("lineage", {"edge": {**ends, "lineageDetails": {"source": told, "columnsLineage": flows}}})
    api.model(mlFeatures=[{"name": "f", "featureSources": [{"name": "sex", "dataSource": source_of(source)}]}])
    flow = {"inputFields": [{"namespace": SHOP, "name": "shop.main.people", "field": "sex"}]}
    output = {"namespace": "headwater://mlmodel", "name": "headwater.m"}
    take(api, run() | {"outputs": [output | {"facets": {"columnLineage": {"fields": {"f": flow}}}}]})

    def asserted() -> dict[str, Json]:
        (row,) = api.get("governance/reach", column=f"{name}.sex")["data"]
        return {one["assertedBy"]: one for one in row["paths"][0][0]["evidence"]}

    found = asserted()
    assert set(found) == {*sources, "declared", "OpenLineage"}
    assert all(one["user"] == "ada" and one["firstSeen"] <= one["lastSeen"] for one in found.values())
    assert {one.get("transformation") for told, one in found.items() if told in sources} == {"AGGREGATION"}
    api.delete(f"lineage/mlmodel/{model['id']}/type/DbtLineage")
    assert set(asserted()) == set(found) - {"DbtLineage"}
    api.delete(f"lineage/mlmodel/{model['id']}/type/OpenLineage")
    assert set(asserted()) == set(found) - {"DbtLineage", "OpenLineage"}


def source_of(entity: Json) -> Json:
    """A reference to a table."""
    return {"id": entity["id"], "type": "table"}


def test_a_run_may_name_inputs_when_it_starts_and_outputs_when_it_ends(make_api: Callable[..., Api]) -> None:
    api = make_api()
    query = {"sql": sql_job.SQLJobFacet(query="insert into profile select sex from people")}
    events = [
        run([PEOPLE], [], state="START", minute=1, job_facets=query),
        run([read("pets", "name")], [PROFILE], state="RUNNING", minute=2),
        run([], [written("profile")], minute=3),
    ]
    for number, order in enumerate(itertools.permutations(events)):
        told = json.loads(json.dumps(order).replace('"load"', f'"load{number}"'))
        take(api, *told)
        graph = api.lineage("table", table("profile"), up=1, down=0)
        assert {one["name"] for one in graph["nodes"]} == {"people", "pets"}, order
        assert pairs(api, "profile") == {("people.sex", "profile.sex")}
        assert {one["lineageDetails"]["sqlQuery"][:6] for one in graph["upstreamEdges"]} == {"insert"}
        done = json.loads(json.dumps(run([], [written("profile")], number=2, minute=9, job=f"load{number}")))
        take(api, done)
        assert api.lineage("table", table("profile"), up=1, down=0)["upstreamEdges"] == []
        take(api, *told)
        assert api.lineage("table", table("profile"), up=1, down=0)["upstreamEdges"] == [], "a later run said less"


def test_what_a_run_calls_by_a_symlink_is_known_to_all_of_its_events(api: Api) -> None:
    link = symlinks_dataset.Identifier("hive://meta:9083", "shop.people", "TABLE")
    files = InputDataset(
        "s3://raw", "people", facets={"symlinks": symlinks_dataset.SymlinksDatasetFacet([link]), "schema": schema("id")}
    )
    flows = column_lineage_dataset.ColumnLineageDatasetFacet(
        {"id": column_lineage_dataset.Fields([column_lineage_dataset.InputField("s3://raw", "people", "id")])}
    )
    take(api, run([files], [], state="START", minute=1), run([], [written("profile", "id", columnLineage=flows)]))
    (edge,) = api.lineage("table", table("profile"), up=1)["upstreamEdges"]
    assert column_pairs(edge["lineageDetails"]) == {("hive://meta:9083.default.shop.people.id", table("profile.id"))}
    api.get(named("containers", "s3.raw.people"), expect=404)


def test_what_runs_have_said_is_forgotten_after_a_month(api: Api) -> None:
    def in_month(month: int, event: Json) -> Json:
        return json.loads(json.dumps(event).replace("2026-03", f"2026-{month:02}"))

    def sources(number: int) -> set[str]:
        return {one["name"] for one in api.lineage("table", table(f"profile{number}"), up=1, down=0)["nodes"]}

    for number, other in ((1, 3), (2, 5)):
        job = f"load{number}"
        take(api, run([PEOPLE], [], job=job, state="START", minute=1), in_month(other, run([], [], job=job, number=2)))
        take(api, in_month(other, run([], [written(f"profile{number}")], job=job)))
    assert (sources(1), sources(2)) == ({"people"}, set())
