# SPDX-License-Identifier: Apache-2.0
"""Versions of models through the client, and those that a capture makes."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import headwater
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.entities.data import Table
from headwater.schema.entities.modelversions import MlModelVersion
from headwater.sdk.client import Client
from headwater.sdk.training import digest

MODEL = "headwater.churn"


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"age": [20.0, 30.0, 40.0, 50.0], "city": pd.Series([1, 2, 1, 2], dtype="int64")})


@pytest.fixture
def target() -> "pd.Series[int]":
    return pd.Series([0, 0, 1, 1], name="churned")


@pytest.fixture
def customers(make_table: Callable[..., Table]) -> Table:
    return make_table("customers", age="DOUBLE", city="INT", sex="STRING")


@pytest.fixture
def capture(client: Client, frame: pd.DataFrame, target: "pd.Series[int]") -> Callable[..., list[MlModelVersion]]:
    """A function that fits a model, captures it, and tells which versions there are then."""

    def run(estimator: Any, **more: Any) -> list[MlModelVersion]:
        headwater.capture(estimator.fit(frame, target), frame, target, name="churn", client=client, **more)
        return list(client.mlmodel_versions.of(MODEL))

    return run


def test_a_capture_makes_a_version_with_digest_pin_signature_and_environment(
    client: Client, customers: Table, frame: pd.DataFrame, target: "pd.Series[int]", capture: Any
) -> None:
    position = client.health()["position"]
    (version,) = capture(
        LogisticRegression(),
        sources=customers,
        store="s3://models/1",
        metrics={"auc": 0.9, "test": {"auc": 0.8}},
        test=(frame, target),
        author="ada",
        run_id="r1",
        run_url="https://mlflow.example.org/r1",
        trained_at=1_700_000_000_000,
        alias="champion",
    )
    assert (version.name, version.aliases, version.algorithm, version.target) == (
        "1",
        ["champion"],
        "LogisticRegression",
        "churned",
    )
    assert (version.store, version.author, version.run_id, version.trained_at) == (
        "s3://models/1",
        "ada",
        "r1",
        1_700_000_000_000,
    )
    (trained,) = version.training_datasets or []
    (tried,) = version.test_datasets or []
    assert trained.digest == tried.digest == digest(frame, target)
    assert (trained.name, trained.rows) == ("customers", 4)
    assert position <= int((trained.as_of or "@0")[1:]) <= client.health()["position"]
    assert version.signature is not None
    inputs = {one.name: (one.data_type, one.feature_sources) for one in version.signature.inputs or ()}
    assert {name: kind for name, (kind, _) in inputs.items()} == {"age": "double", "city": "long"}
    assert [source.fully_qualified_name for source in inputs["age"][1] or ()] == ["shop.main.public.customers.age"]
    assert [(one.name, one.data_type) for one in version.signature.outputs or ()] == [("churned", "long")]
    assert {(one.name, one.dataset, one.value) for one in version.metrics or ()} == {
        ("auc", None, 0.9),
        ("auc", "test", 0.8),
    }
    assert version.framework is not None
    assert version.environment is not None
    assert version.framework.name == "scikit-learn"
    packages = {text.partition("==")[0] for text in version.environment.packages or ()}
    assert {"scikit-learn", "numpy", "pandas"} <= packages
    client.tables.put(
        name="customers", database_schema="shop.main.public", columns=[{"name": "id", "data_type": "INT"}]
    )
    then = client.mlmodel_versions.open_dataset(trained)
    assert isinstance(then, Table)
    assert [column.name for column in then.columns] == ["age", "city", "sex"]
    with pytest.raises(EntityNotFound, match="does not know the dataset test"):
        client.mlmodel_versions.open_dataset(tried)


def test_the_same_again_adds_no_version_and_anything_else_does(customers: Table, capture: Any) -> None:
    def names(*given: Any, **more: Any) -> list[str]:
        return [version.name for version in capture(*given, sources=customers, **more)]

    assert names(LogisticRegression()) == ["1"]
    assert names(LogisticRegression()) == ["1"]
    assert names(LogisticRegression(C=2)) == ["2", "1"]
    assert names(LogisticRegression(C=2), metrics={"auc": 0.5}) == ["3", "2", "1"]
    assert names(DecisionTreeClassifier(random_state=0), version="tree") == ["3", "2", "1", "tree"]
    assert names(DecisionTreeClassifier(random_state=0), version="tree") == ["3", "2", "1", "tree"]


def test_numbers_go_on_after_a_deleted_version(client: Client, capture: Any) -> None:
    capture(LogisticRegression())
    client.mlmodel_versions.delete(f"{MODEL}.1")
    (version,) = capture(LogisticRegression())
    assert version.name == "2"


def test_a_captured_version_keeps_the_columns_that_it_was_made_from(
    client: Client, customers: Table, capture: Any
) -> None:
    capture(LogisticRegression(), sources=customers)
    client.mlmodels.put(name="churn", algorithm="LogisticRegression")
    found = client.governance.reach(column="shop.main.public.customers.age", type="mlmodel,mlmodelVersion")
    assert [row.entity.fully_qualified_name for row in found] == [f"{MODEL}.1"]
    assert {row.certainty for row in found} == {"column"}


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.assign(age=frame["age"] + 1),
        lambda frame: frame.rename(columns={"age": "years"}),
        lambda frame: frame.astype({"city": "int32"}),
        lambda frame: frame.iloc[::-1],
        lambda frame: frame[["city", "age"]],
        lambda frame: frame.assign(city=frame["city"].astype(str)),
    ],
)
def test_a_digest_tells_frames_apart(frame: pd.DataFrame, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    assert digest(frame) == digest(frame.copy())
    assert digest(frame) != digest(change(frame))


def test_a_digest_knows_the_target_texts_and_arrays(frame: pd.DataFrame, target: "pd.Series[int]") -> None:
    assert digest(frame, target) != digest(frame)
    assert digest(frame, list(target)) != digest(frame, [1, 1, 1, 1])
    texts = pd.DataFrame({"a": ["x", "yz"]})
    assert digest(texts) == digest(texts.copy()) != digest(pd.DataFrame({"a": ["xy", "z"]}))
    assert digest(frame.to_numpy()) != digest(frame.to_numpy() + 1)


def test_versions_are_picked_promoted_and_decided(client: Client) -> None:
    client.mlmodels.put(name="churn")
    versions = client.mlmodel_versions
    for name in ("9", "10", "beta"):
        versions.put(name=name, mlmodel=MODEL)
    assert [one.name for one in versions.of(MODEL)] == ["10", "9", "beta"]
    versions.set_alias(f"{MODEL}.9", "champion")
    moment = client.health()["position"]
    ten = versions.set_alias(f"{MODEL}.10", "champion")
    assert ten.aliases == ["champion"]
    assert [one and one.name for one in (versions.holder(MODEL, "champion"), versions.holder(MODEL, "nobody"))] == [
        "10",
        None,
    ]
    assert versions.pick(MODEL, "champion", as_of=f"@{moment}").name == "9"
    assert versions.pick(client.mlmodels.get(MODEL), "9").name == "9"
    with pytest.raises(EntityNotFound, match=r"headwater\.churn has no version and no alias 11"):
        versions.pick(MODEL, "11")
    assert versions.remove_alias(ten, "champion").aliases == []
    approved = versions.approve(ten, "good").approval
    assert approved is not None
    assert (approved.status, approved.comment, approved.by) == ("Approved", "good", "admin")
    rejected = versions.reject(ten).approval
    assert rejected is not None
    assert (rejected.status, rejected.comment) == ("Rejected", None)
    stage = versions.set_stage(ten, "Production").stage
    assert stage is not None
    assert stage.name == "Production"
    with pytest.raises(InvalidEntity, match="stage"):
        versions.set_stage(ten, "Nowhere")


def test_versions_are_compared_by_name_fqn_or_as_they_were_read(client: Client) -> None:
    client.mlmodels.put(name="churn")
    versions = client.mlmodel_versions
    one = versions.put(name="1", mlmodel=MODEL, metrics=[{"name": "auc", "value": 0.5}])
    two = versions.put(name="2", mlmodel=MODEL, metrics=[{"name": "auc", "value": 0.6}])
    for first, second in ((one, two), (f"{MODEL}.1", f"{MODEL}.2"), (one, "2")):
        change = versions.compare(first, second).change_description
        assert [(each.name, each.old_value, each.new_value) for each in change.fields_updated] == [
            ("metrics.auc.value", 0.5, 0.6)
        ]
