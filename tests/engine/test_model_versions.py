# SPDX-License-Identifier: Apache-2.0
"""Versions of models and their deployments: aliases, stamps, pins, shares, comparisons, and their place in lineage."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from headwater.api.app import Application

from .wire import Api, Json, feature, named

PEOPLE = "db.shop.main.people"
ENDPOINT = "https://models.example.org/m"


def version(api: Api, name: str, **members: Json) -> Json:
    """A version of ``headwater.m``, created or updated."""
    return api.put("mlmodelVersions", {"name": name, "mlmodel": "headwater.m", **members}).body


def deployment(api: Api, name: str, of: str, **members: Json) -> Json:
    """A deployment of ``headwater.m``, created or updated."""
    given = {"endpoint": ENDPOINT, "environment": "production", **members}
    body = {"name": name, "mlmodel": "headwater.m", "modelVersion": f"headwater.m.{of}", **given}
    return api.put("mlmodelDeployments", body).body


def at(name: str, collection: str = "mlmodelVersions") -> str:
    return named(collection, f"headwater.m.{name}")


def taken(name: str, *columns: str) -> Json:
    """An input that is made from columns of the table of people."""
    return {"name": name, "featureSources": [{"name": one, "dataSource": PEOPLE} for one in columns]}


def history(api: Api, name: str) -> list[tuple[float, list[str]]]:
    """The metadata versions of a version, oldest first, with the aliases of each."""
    texts = api.get(f"{at(name)}/versions")["versions"]
    return [(one["version"], one.get("aliases") or []) for one in map(json.loads, reversed(texts))]


@pytest.fixture
def model(api: Api) -> Api:
    """A catalogue with a model that is made from one of the columns of a table."""
    api.table(columns=["age", "sex", "unused"])
    api.model(mlFeatures=[feature("age", "age")])
    return api


# aliases --------------------------------------------------------------------------------------------------------------


def test_an_alias_given_to_a_version_is_taken_from_its_holder_and_both_histories_say_so(model: Api) -> None:
    version(model, "7", aliases=["champion", "stable"])
    version(model, "8")
    before = model.position()
    model.put(f"{at('8')}/aliases", ["champion"])
    assert history(model, "7") == [(0.1, ["champion", "stable"]), (1.1, ["stable"])]
    assert history(model, "8") == [(0.1, []), (1.1, ["champion"])]
    told = [
        (one["entityFullyQualifiedName"], one["position"]) for one in model.get("events", after=str(before))["data"]
    ]
    assert told == [("headwater.m.7", before + 1), ("headwater.m.8", before + 2)]
    holders = [
        model.get("mlmodelVersions", mlmodel="headwater.m", alias="champion", asOf=f"@{before + n}") for n in range(3)
    ]
    assert [[one["name"] for one in page["data"]] for page in holders] == [["7"], [], ["8"]]


@pytest.mark.parametrize("how", ["put", "patch", "create", "bulk"])
def test_an_alias_moves_by_whatever_way_it_is_given(model: Api, how: str) -> None:
    version(model, "7", aliases=["champion"])
    body = {"name": "8", "mlmodel": "headwater.m", "aliases": ["champion"]}
    if how in ("put", "patch"):
        version(model, "8")
    match how:
        case "put":
            model.put("mlmodelVersions", body)
        case "patch":
            model.patch(at("8"), {"op": "add", "path": "/aliases/-", "value": "champion"})
        case "create":
            model.post("mlmodelVersions", body)
        case "bulk":
            assert model.put("mlmodelVersions/bulk", [body])["numberOfRowsPassed"] == 1
    assert [model.get(at(name))["aliases"] for name in "78"] == [[], ["champion"]]


def test_each_model_has_its_own_holder_of_an_alias(model: Api) -> None:
    version(model, "1", aliases=["champion"])
    model.model("other")
    model.put("mlmodelVersions", {"name": "1", "mlmodel": "headwater.other", "aliases": ["champion"]})
    assert model.get(at("1"))["aliases"] == ["champion"]
    assert model.get("mlmodelVersions", alias="champion")["paging"]["total"] == 2
    assert model.get("mlmodelVersions", alias="champion", mlmodel="headwater.other")["paging"]["total"] == 1


def test_a_deleted_version_loses_its_alias_to_another_and_comes_back_without_it(model: Api) -> None:
    kept, lost = version(model, "1", aliases=["keep"]), version(model, "2", aliases=["champion"])
    for one in (kept, lost):
        model.delete(f"mlmodelVersions/{one['id']}")
    version(model, "3", aliases=["champion"])
    restored = [model.put("mlmodelVersions/restore", {"id": one["id"]}).body for one in (kept, lost)]
    assert [one.get("aliases") for one in restored] == [["keep"], []]
    assert model.get(at("3"))["aliases"] == ["champion"]


def test_a_put_that_is_silent_about_aliases_stage_and_approval_leaves_them(model: Api) -> None:
    version(model, "7", aliases=["champion"], stage={"name": "Staging"}, approval={"status": "Approved"})
    found = version(model, "7", author="bob")
    assert (found["aliases"], found["stage"]["name"], found["approval"]["status"]) == (
        ["champion"],
        "Staging",
        "Approved",
    )
    assert found["author"] == "bob"


def test_aliases_are_added_once_and_taken_out_by_name(model: Api) -> None:
    version(model, "7")
    model.put(f"{at('7')}/aliases", ["champion"])
    found = model.put(f"{at('7')}/aliases", ["champion"]).body
    assert (found["aliases"], found["version"]) == (["champion"], 1.1)
    assert model.delete(f"{at('7')}/aliases/champion")["aliases"] == []
    gone = model.delete(f"{at('7')}/aliases/champion", expect=404)
    assert gone["message"] == "mlmodelVersion headwater.m.7 has no champion among its aliases"


@pytest.mark.parametrize("alias", ["latest", "v7", "two words", "", "é", "a" * 256])
def test_what_reads_as_a_version_or_has_odd_characters_is_no_alias(model: Api, alias: str) -> None:
    refused = model.put("mlmodelVersions", {"name": "7", "mlmodel": "headwater.m", "aliases": [alias]}, expect=400)
    assert "is no alias" in refused["message"]


def test_a_refused_write_takes_no_alias_from_anybody(model: Api) -> None:
    version(model, "7", aliases=["champion"])
    body = {
        "name": "8",
        "mlmodel": "headwater.m",
        "aliases": ["champion"],
        "signature": {"inputs": [taken("x", "nix")]},
    }
    model.put("mlmodelVersions", body, expect=400)
    version(model, "8")
    model.put("mlmodelVersions", body | {"signature": None}, expect=412, if_match='"99"')
    assert model.get(at("7"))["aliases"] == ["champion"]


def test_writers_that_race_for_an_alias_leave_one_holder_at_each_position(
    make_api: Callable[..., Api], api: Api
) -> None:
    api.model()
    names = [str(number) for number in range(4)]
    for name in names:
        version(api, name)
    start = api.position()
    applications: list[Application] = [api.application, make_api().application]

    def work(application: Application, mine: list[str]) -> None:
        for name in mine * 3:
            Api(application).put(f"{at(name)}/aliases", ["champion", f"of-{name}"])

    threads = [threading.Thread(target=work, args=(applications[n % 2], names[n:])) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for position in range(start, api.position() + 1):
        held = [one.get("aliases") or [] for one in api.get("mlmodelVersions", asOf=f"@{position}")["data"]]
        assert sum(each.count("champion") for each in held) <= 1, position
    assert api.get("mlmodelVersions", alias="champion")["paging"]["total"] == 1


# who and when, as of when ---------------------------------------------------------------------------------------------


def test_who_decided_and_when_is_noted_by_the_catalogue_whatever_a_request_says(model: Api) -> None:
    forged = {"status": "Approved", "by": "the boss", "at": 1}
    first = version(model, "7", approval=forged, stage={"name": "Staging"})["approval"]
    assert first["by"] == "ada"
    assert first["at"] > 1_000_000_000_000
    bob = model.as_user("bob")
    same = bob.patch(at("7"), {"op": "add", "path": "/approval/at", "value": 5}).body
    assert (same["approval"], same["version"]) == (first, 0.1)
    assert version(bob, "7", approval={"status": "Approved"})["version"] == 0.1
    changed = bob.patch(at("7"), {"op": "add", "path": "/approval/comment", "value": "tested"}).body
    assert (changed["approval"]["by"], changed["stage"]["by"], changed["version"]) == ("bob", "ada", 1.1)


def test_a_dataset_is_pinned_to_the_moment_when_it_was_told_and_can_be_opened_as_it_was(model: Api) -> None:
    told = [{"name": "train", "dataset": PEOPLE, "digest": "sha256:1"}]
    (dataset,) = version(model, "7", trainingDatasets=told)["trainingDatasets"]
    model.table(columns=["age"])
    again = version(model, "7", trainingDatasets=told)
    assert (again["trainingDatasets"], again["version"]) == ([dataset], 0.1)
    then = model.get(f"tables/{dataset['dataset']['id']}", asOf=dataset["asOf"])
    assert [column["name"] for column in then["columns"]] == ["age", "sex", "unused"]
    model.delete(named("tables", PEOPLE), hardDelete="true")
    (kept,) = model.get(at("7"))["trainingDatasets"]
    assert (kept["asOf"], kept["dataset"]["deleted"]) == (dataset["asOf"], True)
    assert model.get(f"tables/{kept['dataset']['id']}", asOf=kept["asOf"])["name"] == "people"


def test_other_data_under_the_same_name_are_pinned_anew(model: Api) -> None:
    pins = []
    for digest in ("1", "2", "2"):
        told = [{"name": "train", "dataset": PEOPLE, "digest": digest}]
        pins.append(version(model, "7", trainingDatasets=told)["trainingDatasets"][0]["asOf"])
    assert pins[0] != pins[1] == pins[2]


def test_a_pin_may_name_any_moment_at_which_the_dataset_was_there(model: Api) -> None:
    now = model.position()
    updated = model.get(named("tables", PEOPLE))["updatedAt"]

    def pinned(as_of: str, **more: Any) -> Any:
        told = [{"name": "train", "dataset": PEOPLE, "asOf": as_of}]
        body = {"name": "7", "mlmodel": "headwater.m", "testDatasets": told}
        return model.put("mlmodelVersions", body, **more)

    assert pinned(f"@{now}")["testDatasets"][0]["asOf"] == f"@{now}"
    assert int(pinned(str(updated))["testDatasets"][0]["asOf"][1:]) <= now
    early = pinned("2020-01-01", expect=400)["message"]
    assert early == f"testDatasets.train.asOf: the catalogue had no table {PEOPLE} at 2020-01-01"
    assert "testDatasets.train.asOf: asOf: 'soon' is not a time" in pinned("soon", expect=400)["message"]
    nothing = {"name": "7", "mlmodel": "headwater.m", "testDatasets": [{"name": "t", "asOf": "@1"}]}
    refused = model.put("mlmodelVersions", nothing, expect=400)
    assert refused["message"] == "testDatasets.t.asOf: there is no dataset that it could speak of"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"metrics": [{"name": "auc", "value": 1}, {"name": "auc", "value": 2}]}, "metrics: auc stands twice"),
        ({"aliases": ["a", "a"]}, "aliases: a stands twice"),
        ({"signature": {"inputs": [{"name": "x"}, {"name": "x"}]}}, "signature.inputs: x stands twice"),
        ({"trainingDatasets": [{"name": "d"}, {"name": "d"}]}, "trainingDatasets: d stands twice"),
        ({"stage": {"name": "Nowhere"}}, "stage.name:"),
        ({"signature": {"inputs": [taken("x", "agee")]}}, f"{PEOPLE} has no column agee; the nearest is age"),
        ({"mlmodel": "headwater.nix"}, "mlmodel instance for headwater.nix not found"),
        ({"runUrl": "not a url"}, "runUrl:"),
    ],
)
def test_bad_input_is_refused_with_its_place(model: Api, members: Json, message: str) -> None:
    reply = model(
        "PUT",
        "mlmodelVersions",
        {"name": "7", "mlmodel": "headwater.m", **members},
        expect=404 if "not found" in message else 400,
    )
    assert message in reply["message"]


# versions of the metadata ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "number", "told"),
    [
        ({"author": "bob"}, 0.2, {"author"}),
        ({"store": "s3://b"}, 1.1, {"store"}),
        ({"aliases": ["champion"]}, 1.1, {"aliases"}),
        ({"stage": {"name": "Production"}}, 1.1, {"stage"}),
        ({"metrics": [{"name": "auc", "value": 0.9, "dataset": "test"}]}, 0.2, {"metrics.auc.test.value"}),
        ({"signature": {"inputs": [{"name": "a", "dataType": "long"}]}}, 1.1, {"signature.inputs"}),
        ({"signature": {"inputs": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}}, 0.2, {"signature.inputs"}),
        ({"mlHyperParameters": [{"name": "depth", "value": "3"}]}, 0.2, {"mlHyperParameters.depth.value"}),
        ({"framework": {"name": "sklearn", "version": "2"}}, 0.2, {"framework"}),
    ],
)
def test_what_those_who_use_a_version_must_hear_of_is_major(
    model: Api, changed: Json, number: float, told: set[str]
) -> None:
    base = {
        "store": "s3://a",
        "author": "ada",
        "metrics": [{"name": "auc", "value": 0.8, "dataset": "test"}],
        "signature": {"inputs": [{"name": "a"}, {"name": "b"}]},
        "mlHyperParameters": [{"name": "depth", "value": "2"}],
        "framework": {"name": "sklearn", "version": "1"},
    }
    version(model, "7", **base)
    found = version(model, "7", **base | changed)
    change = found["changeDescription"]
    names = {one["name"] for kind in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted") for one in change[kind]}
    assert found["version"] == number
    assert told <= names


def test_two_versions_are_compared_in_the_words_of_a_change(model: Api) -> None:
    version(model, "7", metrics=[{"name": "auc", "value": 0.8}], signature={"inputs": [taken("age", "age")]}, runId="a")
    version(
        model,
        "8",
        metrics=[{"name": "auc", "value": 0.9}],
        signature={"inputs": [taken("age", "age"), taken("sex", "sex")]},
        author="ada",
    )
    found = model.get(f"{at('7')}/compare/8").body
    assert (found["from"]["name"], found["to"]["name"]) == ("7", "8")
    change = found["changeDescription"]
    assert {one["name"] for one in change["fieldsAdded"]} == {"signature.inputs", "author"}
    assert change["fieldsUpdated"] == [{"name": "metrics.auc.value", "oldValue": 0.8, "newValue": 0.9}]
    assert change["fieldsDeleted"] == [{"name": "runId", "oldValue": "a"}]
    by_fqn = model.get(f"{at('8')}/compare/headwater.m.7")["changeDescription"]
    assert by_fqn["fieldsAdded"] == [{"name": "runId", "newValue": "a"}]
    assert model.get(f"{at('7')}/compare/7")["changeDescription"] == {
        "fieldsAdded": [],
        "fieldsUpdated": [],
        "fieldsDeleted": [],
    }
    model.get(f"{at('7')}/compare/9", expect=404)
    model.model("other")
    model.put("mlmodelVersions", {"name": "1", "mlmodel": "headwater.other"})
    assert "no alternatives" in model.get(f"{at('7')}/compare/headwater.other.1", expect=400)["message"]


# parts of a model -----------------------------------------------------------------------------------------------------


def test_a_model_is_deleted_and_restored_with_its_versions_and_deployments(model: Api) -> None:
    version(model, "7", aliases=["champion"])
    deployment(model, "prod", "7", trafficShare=60)
    gone = model.delete(named("mlmodels", "headwater.m")).body
    assert [model.get(one)["paging"]["total"] for one in ("mlmodelVersions", "mlmodelDeployments")] == [0, 0]
    model.put("mlmodels/restore", {"id": gone["id"]})
    assert model.get(at("7"))["aliases"] == ["champion"]
    assert model.get(at("prod", "mlmodelDeployments"))["trafficShare"] == 60
    model.delete(named("mlmodels", "headwater.m"), hardDelete="true")
    assert model.get("mlmodelVersions", include="all")["paging"]["total"] == 0


def test_a_service_is_not_empty_while_models_live_in_it(model: Api) -> None:
    model.put("services/mlmodelServices", {"name": "mlflow", "serviceType": "Mlflow"})
    model.put("mlmodels", {"name": "m", "service": "mlflow"})
    model.delete(named("services/mlmodelServices", "mlflow"), expect=400)


def test_a_model_shows_nothing_of_its_versions(model: Api) -> None:
    before = model.get(named("mlmodels", "headwater.m"), fields="*").body
    version(model, "7", aliases=["champion"])
    deployment(model, "prod", "7")
    assert model.get(named("mlmodels", "headwater.m"), fields="*").body == before


def test_versions_take_service_owners_and_domains_from_the_model(model: Api) -> None:
    model.put("users", {"name": "eve", "email": "eve@example.org"})
    model.model(mlFeatures=[feature("age", "age")], owners=[{"type": "user", "fullyQualifiedName": "eve"}])
    version(model, "7")
    found = model.get(at("7")).body
    assert (found["service"]["name"], [(one["name"], one["inherited"]) for one in found["owners"]]) == (
        "headwater",
        [("eve", True)],
    )
    assert model.get("mlmodelVersions", service="headwater")["paging"]["total"] == 1


# deployments ----------------------------------------------------------------------------------------------------------


def test_the_shares_of_one_endpoint_come_to_a_hundred_at_most(model: Api) -> None:
    version(model, "7")
    deployment(model, "a", "7", trafficShare=66.7)
    deployment(model, "b", "7", trafficShare=33.3)
    deployment(model, "elsewhere", "7", trafficShare=100, endpoint="https://other.example.org")
    body = {"name": "c", "mlmodel": "headwater.m", "modelVersion": "headwater.m.7", "endpoint": ENDPOINT}
    refused = model.put("mlmodelDeployments", body | {"environment": "production", "trafficShare": 0.5}, expect=400)
    assert refused["message"] == (
        f"trafficShare: all with the endpoint {ENDPOINT} would come to 100.5; 100 is the most "
        "(headwater.m.a 66.7, headwater.m.b 33.3, headwater.m.c 0.5)"
    )
    model.get(at("c", "mlmodelDeployments"), expect=404)
    path = at("a", "mlmodelDeployments")
    model.patch(path, {"op": "replace", "path": "/trafficShare", "value": 70}, expect=400)
    moved = {"op": "replace", "path": "/endpoint", "value": "https://other.example.org"}
    model.patch(path, moved, expect=400)
    gone = model.delete(path).body
    deployment(model, "c", "7", trafficShare=50)
    model.put("mlmodelDeployments/restore", {"id": gone["id"]}, expect=400)
    deployment(model, "c", "7", trafficShare=0)
    model.put("mlmodelDeployments/restore", {"id": gone["id"]})
    model.put("mlmodelDeployments", body | {"environment": "p", "trafficShare": 101}, expect=400)


def test_a_deployment_serves_a_version_of_its_own_model(model: Api) -> None:
    model.model("other")
    model.put("mlmodelVersions", {"name": "1", "mlmodel": "headwater.other"})
    body = {"name": "prod", "mlmodel": "headwater.m", "modelVersion": "headwater.other.1"}
    refused = model.put("mlmodelDeployments", body | {"endpoint": ENDPOINT, "environment": "p"}, expect=400)
    assert refused["message"] == "modelVersion: headwater.other.1 does not belong to the mlmodel headwater.m"
    model.put("mlmodelDeployments", body | {"endpoint": ENDPOINT}, expect=400)


def test_a_version_lists_its_deployments_and_a_deployment_notes_its_status(model: Api) -> None:
    version(model, "7")
    version(model, "8")
    found = deployment(model, "prod", "7", status={"state": "Running"})
    assert found["status"]["by"] == "ada"
    assert [one["name"] for one in model.get(at("7"), fields="deployments")["deployments"]] == ["prod"]
    moved = deployment(model, "prod", "8")
    assert (moved["version"], moved["status"]) == (1.1, found["status"])
    assert model.get(at("7"), fields="deployments")["deployments"] == []
    assert model.get("mlmodelDeployments", modelVersion="headwater.m.8")["paging"]["total"] == 1


def test_a_deployment_keeps_saying_which_version_it_served_when_that_is_deleted_for_good(model: Api) -> None:
    version(model, "7")
    deployment(model, "prod", "7")
    model.delete(at("7"), hardDelete="true")
    served = model.get(at("prod", "mlmodelDeployments"))["modelVersion"]
    assert (served["fullyQualifiedName"], served["deleted"]) == ("headwater.m.7", True)


# lineage --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(model: Api) -> Api:
    """Version 7 is made from one column and served, a table and a collection of endpoints are made from it; version
    8 does not say what its inputs are."""
    model.table("scores", ["score"])
    model.put("services/apiServices", {"name": "web", "serviceType": "Rest"})
    model.put("apiCollections", {"name": "clerks", "service": "web"})
    version(
        model,
        "7",
        signature={"inputs": [taken("sex", "sex")]},
        trainingDatasets=[{"name": "train", "dataset": PEOPLE}],
        testDatasets=[{"name": "test", "dataset": "db.shop.main.scores"}],
    )
    version(model, "8", signature={"inputs": [{"name": "age"}]})
    deployment(model, "prod", "7", consumers=["db.shop.main.scores", "web.clerks"])
    return model


def struck(api: Api, column: str, **query: str) -> set[tuple[str, str]]:
    body = {"changes": [{"change": "drop", "column": f"{PEOPLE}.{column}"}]}
    found = api.post("governance/impact", body, **query)["data"]
    return {(row["entity"]["fullyQualifiedName"], row["because"][0]["certainty"]) for row in found}


def test_a_dropped_column_is_followed_through_version_and_deployment_to_what_consumes_it(served: Api) -> None:
    assert struck(served, "sex", type="*") == {
        ("headwater.m.7", "column"),
        ("headwater.m.prod", "table"),
        ("db.shop.main.scores", "table"),
        ("web.clerks", "table"),
    }
    assert struck(served, "sex") == {("headwater.m.prod", "table")}
    (row,) = served.post("governance/impact", {"changes": [{"change": "drop", "column": f"{PEOPLE}.sex"}]})["data"]
    assert row["endpoint"] == ENDPOINT
    (path,) = row["because"][0]["paths"]
    assert [hop["evidence"][0]["member"] for hop in path] == [
        "signature.inputs.featureSources.dataSource",
        "modelVersion",
    ]


def test_a_version_that_does_not_say_its_inputs_sources_is_made_from_its_model(served: Api) -> None:
    assert struck(served, "age", type="mlmodel,mlmodelVersion") == {
        ("headwater.m", "column"),
        ("headwater.m.8", "table"),
    }
    version(served, "8", signature={"inputs": [{"name": "age", "featureSources": []}]})
    assert struck(served, "age", type="mlmodel,mlmodelVersion") == {("headwater.m", "column")}


def test_a_column_that_only_lies_in_a_training_table_reaches_no_version_that_says_its_inputs(served: Api) -> None:
    assert struck(served, "unused", type="*") == set()
    version(served, "9", trainingDatasets=[{"name": "train", "dataset": PEOPLE}])
    assert struck(served, "unused", type="*") == {("headwater.m.9", "table")}
    version(served, "9", validationDatasets=[{"name": "v", "dataset": PEOPLE}])
    assert struck(served, "unused", type="*") == {("headwater.m.9", "table")}
    version(served, "9", testDatasets=[{"name": "t", "dataset": PEOPLE}])
    assert struck(served, "unused", type="*") == set()


def test_reach_finds_deployments_and_stays_true_of_models(served: Api) -> None:
    served.table(columns=[{"name": "sex", "dataType": "INT", "tags": ["PII.Sensitive"]}, "age", "unused"])
    found = served.get("governance/reach", tag="PII.Sensitive", type="mlmodelDeployment")["data"]
    assert [row["entity"]["fullyQualifiedName"] for row in found] == ["headwater.m.prod"]
    assert served.get("governance/reach", tag="PII.Sensitive")["data"] == []
    graph = served.lineage("mlmodelDeployment", "headwater.m.prod")
    assert {node["fullyQualifiedName"] for node in graph["nodes"]} == {
        PEOPLE,
        "headwater.m.7",
        "db.shop.main.scores",
        "web.clerks",
    }


def test_a_rebuilt_index_holds_the_same_edges(served: Api) -> None:
    served.delete(named("tables", "db.shop.main.scores"), hardDelete="true")
    before = served.lineage("table", PEOPLE)
    served.application.catalog.reindex()
    assert served.lineage("table", PEOPLE) == before


# what OpenMetadata's clients see -------------------------------------------------------------------------------------


def test_search_finds_versions_for_us_and_not_where_openmetadata_asks_for_all(served: Api) -> None:
    served.put("mlmodelVersions", {"name": "7", "mlmodel": "headwater.m", "description": "zebra"})
    found = served.get("search", q="zebra")["hits"]
    assert [hit["entity"]["type"] for hit in found] == ["mlmodelVersion"]
    for index in ({"index": "all"}, {"index": "dataAsset"}, {}):
        assert served.get("search/query", q="zebra", **index)["hits"]["total"]["value"] == 0
    own = served.get("search/query", q="zebra", index="mlmodel_version_search_index")
    assert own["hits"]["total"]["value"] == 1
