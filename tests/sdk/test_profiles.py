# SPDX-License-Identifier: Apache-2.0
"""Profiles of frames, and drift, through the client."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import headwater
from headwater.errors import InvalidEntity
from headwater.schema.drift import DriftThresholds, Threshold
from headwater.schema.entities.data import Table
from headwater.sdk.client import Client

MODEL = "headwater.churn"


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"age": np.arange(100.0), "city": np.arange(100) % 4})


@pytest.fixture
def customers(make_table: Callable[..., Table]) -> Table:
    return make_table("customers", age="DOUBLE", city="INT", sex="STRING")


def fit(client: Client, frame: Any, **more: Any) -> None:
    target = pd.Series(np.arange(100) % 2, name="churned")
    model = LogisticRegression().fit(pd.DataFrame(frame, columns=["age", "city"]), target)
    headwater.capture(model, frame, target, name="churn", client=client, **more)


def test_a_capture_keeps_what_drift_is_measured_against(client: Client, customers: Table, frame: pd.DataFrame) -> None:
    fit(client, frame, sources=customers)
    (version,) = client.mlmodel_versions.of(MODEL)
    unknown = client.mlmodel_versions.drift(version)
    assert (unknown.verdict, unknown.data[0].baseline is not None) == ("unknown", True)
    assert unknown.data[0].reason == f"{customers.fully_qualified_name} has no profile of this column"
    client.tables.profile(customers, frame)
    steady = client.mlmodel_versions.drift(version)
    assert (steady.verdict, [one.figure for row in steady.data for one in row.measures]) == ("steady", [0.0] * 4)
    client.tables.profile(customers, frame.assign(age=frame["age"] + 50))
    moved = client.mlmodel_versions.drift(version.fully_qualified_name or "")
    assert {row.input: row.verdict for row in moved.data} == {"age": "alert", "city": "steady"}
    lenient = DriftThresholds(psi=Threshold(alert=99))
    assert client.mlmodel_versions.drift(version, thresholds=lenient).verdict == "steady"
    client.mlmodel_versions.set_drift_thresholds(DriftThresholds(ks=Threshold(warn=0.5)))
    assert client.mlmodel_versions.drift_thresholds().ks.warn == 0.5


def test_a_capture_that_says_nothing_new_records_nothing(client: Client, customers: Table, frame: pd.DataFrame) -> None:
    fit(client, frame, sources=customers)
    position = client.health()["position"]
    fit(client, frame, sources=customers)
    assert client.health()["position"] == position
    fit(client, frame.assign(age=frame["age"] * 2), sources=customers, version="1")
    (version,) = client.mlmodel_versions.of(MODEL)
    newest, before = client.mlmodel_versions.distributions(version, "age")
    assert newest.numbers
    assert before.numbers
    assert (newest.numbers.values[-1], before.numbers.values[-1]) == (198, 99)


def test_frames_without_names_are_captured_without_a_profile(client: Client, frame: pd.DataFrame) -> None:
    fit(client, frame.to_numpy())
    (version,) = client.mlmodel_versions.of(MODEL)
    inputs = (version.signature and version.signature.inputs) or []
    assert not client.mlmodel_versions.distributions(version, inputs[0].name)
    with pytest.raises(InvalidEntity, match="a profile is taken of a frame with named columns, not of a ndarray"):
        client.mlmodel_versions.profile(version, frame.to_numpy())


def test_values_of_every_kind(client: Client, make_table: Callable[..., Table]) -> None:
    table = make_table("kinds", n="DOUBLE", flag="BOOLEAN", maybe="INT", text="STRING", kind="STRING", day="DATE")
    frame = pd.DataFrame(
        {
            "n": [1.5, float("inf"), None, 2.5] * 5,
            "flag": [True, False, True, True] * 5,
            "maybe": pd.array([1, None, 3, 1] * 5, dtype="Int64"),
            "text": ["a", "b", None, "a"] * 5,
            "kind": pd.Categorical(["x", None, "x", "x"] * 5),
            "day": pd.to_datetime(["2026-01-01", "", "2026-01-02", "2026-01-03"] * 5),
        }
    )
    shown = client.tables.profile(table, frame, timestamp=1000)
    assert shown.profile
    assert (shown.profile.row_count, shown.profile.column_count) == (20, 6)
    found = {column.name: column.profile for column in shown.columns or ()}
    told = {
        name: (one.null_count, one.distinct_count, one.mean, one.min, one.max) for name, one in found.items() if one
    }
    assert told == {
        "n": (10, 2, 2.0, 1.5, 2.5),
        "flag": (0, 2, 0.75, 0, 1),
        "maybe": (5, 2, pytest.approx(5 / 3), 1, 3),
        "text": (5, 2, None, None, None),
        "kind": (5, 1, None, None, None),
        "day": (5, None, None, None, None),
    }


def test_a_frame_whose_column_the_table_lacks_is_refused(client: Client, customers: Table, frame: pd.DataFrame) -> None:
    with pytest.raises(InvalidEntity, match="has no column height"):
        client.tables.profile(customers, frame.assign(height=1))
