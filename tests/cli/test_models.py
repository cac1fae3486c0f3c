# SPDX-License-Identifier: Apache-2.0
"""The commands about versions of models and their deployments, and the page of a model that shows both."""

import json
from pathlib import Path

import pytest

import headwater as package

from .shop import PUBLIC, Command

MODEL = "mlflow.churn"
ENDPOINT = "http://serving/churn"


@pytest.fixture
def versions(shop: Path) -> Path:
    """The shop with two versions of its model."""
    with package.connect(str(shop)) as client:
        for name, figure in (("9", 0.8), ("10", 0.9)):
            metrics = [{"name": "auc", "value": figure, "dataset": "test"}]
            client.mlmodel_versions.put(name=name, mlmodel=MODEL, metrics=metrics, author="alice")
    return shop


@pytest.mark.usefixtures("versions")
def test_promote_tells_who_held_the_alias_before(headwater: Command) -> None:
    assert headwater("promote", MODEL, "9", "champion").err == "mlflow.churn.9 is the champion now\n"
    assert headwater("promote", MODEL, "10", "champion").err == "mlflow.churn.10 is the champion now; 9 was it before\n"
    assert headwater("promote", MODEL, "champion", "champion").err == "mlflow.churn.10 is the champion already\n"
    assert json.loads(headwater("promote", MODEL, "9", "stable", "--json").out)["aliases"] == ["stable"]


@pytest.mark.usefixtures("versions")
def test_a_version_that_is_not_there_is_answered_with_those_that_are(headwater: Command) -> None:
    headwater("promote", MODEL, "10", "champion")
    result = headwater("promote", MODEL, "11", "champion")
    assert (result.code, result.err) == (
        3,
        "error: mlflow.churn has no version and no alias 11\nIt has 10 (champion), 9.\n",
    )
    assert "Did you mean mlflow.churn?" in headwater("compare", "mlflow.chrun", "1", "2").err
    assert headwater("promote", MODEL, "10", "latest").code == 1


@pytest.mark.usefixtures("versions")
def test_approve_notes_who_decided(headwater: Command) -> None:
    assert headwater("approve", MODEL, "10", "--comment", "tested").err == "mlflow.churn.10 is approved by admin\n"
    assert headwater("approve", MODEL, "10", "--reject").err == "mlflow.churn.10 is rejected by admin\n"
    assert (
        json.loads(headwater("get", "mlmodelVersion", f"{MODEL}.10", "--json").out)["approval"]["status"] == "Rejected"
    )


@pytest.mark.usefixtures("versions")
def test_deploy_makes_a_deployment_and_then_moves_it(headwater: Command) -> None:
    refused = headwater("deploy", MODEL, "9")
    assert (refused.code, "--endpoint says where it answers" in refused.err) == (2, True)
    made = headwater("deploy", MODEL, "9", "--endpoint", ENDPOINT, "--share", "90", "--consumer", f"{PUBLIC}.people")
    assert made.err == f"mlflow.churn.production serves 9 at {ENDPOINT} with 90 % of the traffic\n"
    assert headwater("deploy", MODEL, "10").err == made.err.replace("serves 9", "serves 10")
    more = headwater(
        "deploy", MODEL, "9", "canary", "--endpoint", ENDPOINT, "--share", "20", "--environment", "production"
    )
    assert (more.code, "100 is the most" in more.err) == (1, True)
    found = json.loads(headwater("get", "mlmodelDeployment", f"{MODEL}.production", "--json").out)
    assert (found["environment"], [one["name"] for one in found["consumers"]]) == ("production", ["people"])


@pytest.mark.usefixtures("versions")
def test_the_page_of_a_model_shows_versions_by_number_and_deployments(headwater: Command) -> None:
    headwater("promote", MODEL, "10", "champion")
    headwater("deploy", MODEL, "champion", "--endpoint", ENDPOINT)
    lines = headwater("show", MODEL).out.splitlines()
    start = lines.index("Model versions (2)")
    rows = [line.split() for line in lines[start + 1 : start + 4]]
    assert rows == [
        ["name", "aliases", "deployments", "metrics", "author"],
        ["10", "champion", "production", "auc", "on", "test", "0.9", "alice"],
        ["9", "auc", "on", "test", "0.8", "alice"],
    ]
    start = lines.index("Model deployments (1)")
    assert lines[start + 2].split() == ["production", "production", "10", ENDPOINT]
    told = json.loads(headwater("show", MODEL, "--json").out)
    assert [one["name"] for one in told["mlmodelVersions"]] == ["10", "9"]
    assert [one["name"] for one in told["mlmodelDeployments"]] == ["production"]
    page = headwater("show", f"{MODEL}.10", "--type", "mlmodelVersion").out
    assert "aliases: champion" not in page
    assert "aliases +1 (champion) (major)" in page


@pytest.mark.usefixtures("versions")
def test_compare_tells_what_differs(headwater: Command) -> None:
    assert headwater("compare", MODEL, "9", "10").out == ("mlflow.churn 9 → 10\nmetrics.auc.test.value: 0.8 → 0.9\n")
    assert headwater("compare", MODEL, "9", "9").out == "mlflow.churn 9 → 9\nnothing differs\n"
    told = json.loads(headwater("compare", MODEL, "9", "10", "--json").out)
    assert told["changeDescription"]["fieldsUpdated"][0]["newValue"] == 0.9


def test_what_a_version_declares_is_said_of_the_model_and_the_version(shop: Path, headwater: Command) -> None:
    with package.connect(str(shop)) as client:
        client.mlmodel_versions.put(name="2", mlmodel=MODEL, signature={"inputs": [{"name": "household"}]})
    told = headwater("reach", "--column", "shop.main.public.profile.household", "--type", "mlmodelVersion").out
    assert told.splitlines()[-1].endswith("  declared by churn.2")
