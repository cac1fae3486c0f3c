# SPDX-License-Identifier: Apache-2.0
"""Distributions beside documents, and drift against those at training."""

import math
from typing import Any

import pytest

from .wire import Api, Json, feature, named

PEOPLE = "db.shop.main.people"
TABLE = named("tables", PEOPLE)
VERSION = "headwater.m.1"
DRIFT = f"governance/drift/{named('mlmodelVersion', VERSION)}"
THRESHOLDS = "governance/drift/thresholds"


def spread(name: str, timestamp: int, *values: float, nulls: int = 0) -> Json:
    """The distribution of a column that holds these numbers, told in full."""
    different = sorted(set(values))
    numbers = {
        "values": different,
        "below": [sum(one < each for one in values) for each in different],
        "atMost": [sum(one <= each for one in values) for each in different],
    }
    return {"name": name, "timestamp": timestamp, "rows": len(values) + nulls, "nulls": nulls, "numbers": numbers}


def shares(name: str, timestamp: int, others: int = 0, **counts: int) -> Json:
    """The distribution of a column that holds these texts so often."""
    categories = [{"value": value, "count": count} for value, count in counts.items()]
    rows = sum(counts.values()) + others
    return {"name": name, "timestamp": timestamp, "rows": rows, "categories": categories, "others": others}


def record(api: Api, *distributions: Json, **more: Any) -> Any:
    return api.put(f"{TABLE}/distribution", {"distribution": list(distributions), **more.pop("body", {})}, **more)


def rows(api: Api, **query: str) -> dict[str, Json]:
    return {row["input"]: row for row in api.get(DRIFT, **query)["data"]}


@pytest.fixture
def trained(api: Api) -> Api:
    """A version that was trained on a table when that had a profile."""
    api.table(columns=["age", "size", {"name": "city", "dataType": "STRING"}])
    record(api, spread("age", 1000, *range(100)), shares("city", 1000, A=60, B=40), spread("size", 1000, *[1, 2] * 50))
    api.model("m", mlFeatures=[feature("age", "age"), feature("town", "city"), feature("ratio", "age", "size")])
    inputs = [
        {"name": name, "featureSources": [{"name": one, "dataSource": PEOPLE} for one in columns]}
        for name, *columns in (("age", "age"), ("town", "city"), ("ratio", "age", "size"))
    ]
    body = {"name": "1", "mlmodel": "headwater.m", "aliases": ["champion"], "signature": {"inputs": inputs}}
    api.put("mlmodelVersions", {**body, "trainingDatasets": [{"name": "people", "dataset": PEOPLE}]})
    return api


def test_a_profile_is_recorded_at_once_and_openmetadata_sees_its_part(api: Api) -> None:
    api.table(columns=["age"])
    position = api.position()
    told = {
        "tableProfile": {"timestamp": 1000, "rowCount": 3},
        "columnProfile": [{"name": "age", "timestamp": 1000, "max": 5}],
    }
    reply = record(api, spread("AGE", 1000, 1, 2, 5), body=told)
    assert api.position() == position + 1
    assert reply["profile"] == {"timestamp": 1000, "rowCount": 3.0}
    assert reply["columns"][0]["profile"]["max"] == 5.0
    assert "distribution" not in str(api.get(TABLE, fields="*").body)
    assert "distribution" not in str(api.get(f"{TABLE}/tableProfile/latest").body)
    (kept,) = api.get(f"{named('tables', PEOPLE + '.age')}/distribution")["data"]
    assert kept == {**spread("AGE", 1000, 1, 2, 5)}
    assert record(api, spread("AGE", 1000, 1, 2, 5), body=told).headers["X-OpenMetadata-Change"] == "entityNoChange"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"numbers": {"values": [2, 1], "below": [0, 1], "atMost": [1, 2]}}, "values must rise"),
        ({"numbers": {"values": [1, 2], "below": [0, 0], "atMost": [1, 2]}}, "never fall"),
        ({"numbers": {"values": [1, 2], "below": [0], "atMost": [1, 2]}}, "of one length"),
        ({"numbers": {"values": [1], "below": [0], "atMost": [5]}}, "age has 5 values and 0 nulls in 2 rows"),
        ({"categories": [], "numbers": {"values": [], "below": [], "atMost": []}}, "not both"),
        ({"categories": [{"value": "a", "count": -1}]}, "distribution.0.categories.0.count"),
        ({"nulls": 3}, "3 nulls in 2 rows"),
        ({"name": "nobody"}, "has no column nobody"),
    ],
)
def test_a_distribution_that_does_not_add_up_is_refused(api: Api, wrong: Json, message: str) -> None:
    api.table(columns=["age"])
    reply = record(api, {"name": "age", "timestamp": 1, "rows": 2, **wrong}, expect=400)
    assert message in reply["message"]


def test_drift_is_that_of_each_column_against_the_profile_at_training(trained: Api) -> None:
    assert trained.get(DRIFT)["verdict"] == "steady"
    record(
        trained,
        spread("age", 2000, *range(50, 150)),
        shares("city", 2000, A=50, B=50),
        spread("size", 2000, *[1, 2] * 50),
    )
    reply = trained.get(DRIFT)
    found = {(row["input"], row["column"].rpartition(".")[2]): row for row in reply["data"]}
    assert reply["entity"]["fullyQualifiedName"] == VERSION
    assert reply["verdict"] == "alert"
    assert {place: row["verdict"] for place, row in found.items()} == {
        ("age", "age"): "alert",
        ("town", "city"): "steady",
        ("ratio", "age"): "alert",
        ("ratio", "size"): "steady",
    }
    age = found["age", "age"]
    assert age["column"] == f"{PEOPLE}.age"
    assert (age["baseline"]["timestamp"], age["current"]["timestamp"]) == (1000, 2000)
    assert age["baseline"]["entity"]["fullyQualifiedName"] == PEOPLE
    stability, distance = age["measures"]
    assert (stability["measure"], distance["measure"], distance["figure"], distance["error"]) == ("psi", "ks", 0.5, 0.0)
    # Half of the baseline's ten bins are empty, and the last one holds 60 of 100 rows instead of 10.
    empty = sum((1e-4 - 0.1) * math.log(1e-4 / 0.1) for _ in range(5))
    assert stability["figure"] == pytest.approx(empty + (0.6 - 0.1) * math.log(6), abs=0.02)
    town = {one["measure"]: one for one in found["town", "city"]["measures"]}
    assert town["psi"]["figure"] == pytest.approx(-0.1 * math.log(50 / 60) + 0.1 * math.log(50 / 40))
    assert town["chiSquare"]["statistic"] == pytest.approx(200 * (60 * 50 - 40 * 50) ** 2 / (110 * 90 * 100 * 100))
    assert town["chiSquare"]["degrees"] == 1
    assert [one["measure"] for one in found["ratio", "size"]["measures"]] == ["psi", "chiSquare"]


def test_what_the_version_recorded_of_an_input_counts_before_the_table(trained: Api) -> None:
    path = named("mlmodelVersions", VERSION)
    trained.put(f"{path}/distribution/bulk", [spread("age", 900, *range(50, 150)), shares("town", 900, A=1)])
    record(trained, spread("age", 2000, *range(50, 150)))
    found = rows(trained)
    assert (found["age"]["verdict"], found["age"]["baseline"]["entity"]["fullyQualifiedName"]) == ("steady", VERSION)
    assert found["town"]["baseline"]["entity"]["fullyQualifiedName"] == PEOPLE, (
        "the column is not called like the input"
    )
    assert "distribution" not in trained.get(path, fields="*").body


def test_a_later_profile_of_an_earlier_day_moves_no_baseline(trained: Api) -> None:
    record(trained, spread("age", 1500, *range(500, 600)))
    found = rows(trained)["age"]
    assert (found["baseline"]["timestamp"], found["current"]["timestamp"]) == (1000, 1500)


def test_drift_as_it_was(trained: Api) -> None:
    before = trained.position()
    record(trained, spread("age", 2000, *range(50, 150)))
    assert (rows(trained)["age"]["verdict"], rows(trained, asOf=f"@{before}")["age"]["verdict"]) == ("alert", "steady")


def test_rows_without_a_value_are_a_bin_of_their_own(trained: Api) -> None:
    record(trained, spread("age", 2000, *range(100), nulls=100), shares("city", 2000, A=60, B=40))
    stability, distance = rows(trained)["age"]["measures"]
    assert (stability["verdict"], distance["figure"]) == ("alert", 0.0)


def test_what_cannot_be_compared_says_why(trained: Api) -> None:
    record(trained, shares("age", 2000, A=5))
    assert rows(trained)["age"]["reason"] == "it held numbers and holds categories now"
    record(trained, {"name": "age", "timestamp": 3000, "rows": 0})
    assert rows(trained)["age"]["reason"] == "one of the profiles saw no rows"
    trained.table("fresh", ["n"])
    sources = [{"name": "n", "dataSource": "db.shop.main.fresh"}]
    body = {"name": "2", "mlmodel": "headwater.m", "signature": {"inputs": [{"name": "n", "featureSources": sources}]}}
    trained.put("mlmodelVersions", body)
    other = f"governance/drift/{named('mlmodelVersion', 'headwater.m.2')}"
    (row,) = trained.get(other)["data"]
    assert (row["verdict"], row["reason"]) == ("unknown", "db.shop.main.fresh is not among the trainingDatasets")
    trained.put("mlmodelVersions", {**body, "trainingDatasets": [{"name": "x", "dataset": "db.shop.main.fresh"}]})
    (row,) = trained.get(other)["data"]
    assert row["reason"].startswith("db.shop.main.fresh had no profile of this column at @")


def test_a_version_whose_inputs_say_nothing_is_made_from_the_sources_of_its_model(trained: Api) -> None:
    body = {"name": "3", "mlmodel": "headwater.m", "trainingDatasets": [{"name": "people", "dataset": PEOPLE}]}
    trained.put("mlmodelVersions", body)
    record(trained, spread("age", 2000, *range(50, 150)))
    found = trained.get(f"governance/drift/{named('mlmodelVersion', 'headwater.m.3')}")["data"]
    assert [(row["input"], row["verdict"]) for row in found] == [
        ("age", "alert"),
        ("town", "steady"),
        ("ratio", "alert"),
        ("ratio", "steady"),
    ]


def test_thresholds_are_those_of_the_catalogue_or_of_the_question(trained: Api) -> None:
    usual = {"psi": {"warn": 0.1, "alert": 0.2}, "ks": {}, "chiSquare": {}}
    assert trained.get(THRESHOLDS).body == usual
    record(trained, spread("age", 2000, *range(10, 110)))
    measured = {one["measure"]: one["figure"] for one in rows(trained)["age"]["measures"]}
    assert measured["ks"] == pytest.approx(0.1)
    own = {"psi": {"alert": 9}, "ks": {"warn": 0.1, "alert": 0.4}}
    assert trained.put(THRESHOLDS, own).body == {
        "psi": {"alert": 9.0},
        "ks": {"warn": 0.1, "alert": 0.4},
        "chiSquare": {},
    }
    assert rows(trained)["age"]["verdict"] == "warn"
    assert rows(trained, **{"ks.alert": "0.05"})["age"]["verdict"] == "alert"
    assert rows(trained, **{"chiSquare.alert": "0.05"})["age"]["verdict"] == "steady"
    assert (
        "warn is 3, which is above alert, 2"
        in trained.put(THRESHOLDS, {"ks": {"warn": 3, "alert": 2}}, expect=400)["message"]
    )
    assert "psi.warn" in trained.get(DRIFT, expect=400, **{"psi.warn": "much"})["message"]
    assert trained.put(THRESHOLDS, {}).body == usual


def test_only_what_was_trained_can_drift(api: Api) -> None:
    api.table()
    reply = api.get(f"governance/drift/{named('table', PEOPLE)}", expect=400)
    assert reply["message"] == "a table is not made from data as they were; drift is that of: mlmodelVersion"
    api.get(DRIFT, expect=404)
    api.get("governance/drift/nothing/name/x", expect=404)
