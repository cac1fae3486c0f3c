# SPDX-License-Identifier: Apache-2.0
"""Catalogue entries from real models and real frames."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, GradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.feature_selection import RFE
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import headwater
from headwater.errors import CatalogError, EntityNotFound, InvalidEntity
from headwater.schema.base import Entity, EntityReference, TagLabel
from headwater.schema.entities.data import Table
from headwater.schema.entities.mlmodel import MADE_FROM, MlModel, MlStore
from headwater.sdk.capture import KIND_OF
from headwater.sdk.capture import capture as capture_without_catalogue
from headwater.sdk.client import Client
from headwater.sdk.estimators import chosen, text

MakeTable = Callable[..., Table]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(7)
    rows = 60
    return pd.DataFrame(
        {
            "age": random.normal(40, 10, rows),
            "income": random.integers(1, 9, rows),
            "city": random.choice(["Rome", "Oslo", "Lima"], rows),
            "member": random.choice([True, False], rows),
        }
    )


@pytest.fixture(scope="module")
def target(frame: pd.DataFrame) -> "pd.Series[int]":
    return (frame["age"] + frame["income"] > 45).astype(int).rename("churned")


@pytest.fixture
def numbers(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[["age", "income"]]


@pytest.fixture
def customers(make_table: MakeTable) -> Table:
    return make_table("customers", Age="DOUBLE", INCOME="INT", city="STRING", member="BOOLEAN")


def prepared(model: Any) -> Pipeline:
    """A pipeline as people write them."""
    numeric = Pipeline([("impute", SimpleImputer()), ("scale", StandardScaler())])
    columns = ColumnTransformer(
        [("num", numeric, ["age", "income"]), ("cat", OneHotEncoder(), make_column_selector(dtype_exclude="number"))]
    )
    return Pipeline([("columns", columns), ("model", model)])


def algorithms(model: MlModel) -> dict[str, str | None]:
    return {feature.name: feature.feature_algorithm for feature in model.ml_features or ()}


def settings(model: MlModel) -> dict[str, str | None]:
    return {each.name: each.value for each in model.ml_hyper_parameters or ()}


def sources(model: MlModel) -> dict[str, list[tuple[str | None, str | None]]]:
    return {
        feature.name: [(source.fully_qualified_name, source.data_type) for source in feature.feature_sources or ()]
        for feature in model.ml_features or ()
    }


# what the model says


def test_a_plain_estimator(client: Client, numbers: pd.DataFrame, target: "pd.Series[int]") -> None:
    model = LogisticRegression(C=0.5, random_state=3).fit(numbers, target)
    made = headwater.capture(model, numbers, target, name="churn", client=client)
    assert (made.fully_qualified_name, made.algorithm, made.target) == (
        "headwater.churn",
        "LogisticRegression",
        "churned",
    )
    assert [(each.name, each.data_type) for each in made.ml_features or ()] == [
        ("age", "numerical"),
        ("income", "numerical"),
    ]
    assert algorithms(made) == {"age": None, "income": None}
    assert (
        settings(made).items() >= {"C": "0.5", "random_state": "3", "max_iter": "100", "class_weight": "None"}.items()
    )


def test_a_pipeline_tells_what_it_does_to_each_column(
    client: Client, frame: pd.DataFrame, target: "pd.Series[int]"
) -> None:
    made = headwater.capture(
        prepared(GradientBoostingClassifier(n_estimators=5)).fit(frame, target),
        frame,
        target,
        name="churn",
        client=client,
    )
    assert made.algorithm == "GradientBoostingClassifier"
    assert [each.data_type for each in made.ml_features or ()] == [
        "numerical",
        "numerical",
        "categorical",
        "categorical",
    ]
    numeric, encoded = "SimpleImputer → StandardScaler", "OneHotEncoder"
    assert algorithms(made) == {"age": numeric, "income": numeric, "city": encoded, "member": encoded}
    told = settings(made)
    assert told["columns"] == "ColumnTransformer"
    assert told["columns__num__scale"] == "StandardScaler"
    assert told["columns__num__scale__with_mean"] == "True"
    assert told["columns__cat__dtype"] == "numpy.float64"
    assert (told["model"], told["model__n_estimators"]) == ("GradientBoostingClassifier", "5")
    assert not any("transformers" in name or "steps" in name for name in told)


def test_a_search_is_the_best_that_it_found(client: Client, frame: pd.DataFrame, target: "pd.Series[int]") -> None:
    search = GridSearchCV(prepared(LogisticRegression()), {"model__C": [1e-9, 1.0]}, cv=2).fit(frame, target)
    made = headwater.capture(search, frame, target, name="churn", client=client)
    assert made.algorithm == "LogisticRegression"
    assert settings(made)["model__C"] == "1.0"
    assert algorithms(made)["city"] == "OneHotEncoder"


@pytest.mark.parametrize(
    ("model", "algorithm", "parameter"),
    [
        (TunedThresholdClassifierCV(LogisticRegression(C=2.0), cv=2), "LogisticRegression", ("C", "2.0")),
        (TransformedTargetRegressor(LinearRegression(), func=np.sqrt, inverse_func=np.square), "LinearRegression", ()),
        (RFE(LogisticRegression(C=2.0)), "LogisticRegression", ("C", "2.0")),
        (CalibratedClassifierCV(SVC(C=2.0), cv=2), "SVC", ("C", "2.0")),
        (make_pipeline(StandardScaler(), GridSearchCV(SVC(), {"C": [2.0]}, cv=2)), "SVC", ("gridsearchcv__C", "2.0")),
        (BaggingClassifier(SVC(C=2.0), n_estimators=2), "BaggingClassifier", ("estimator__C", "2.0")),
        (VotingClassifier([("svc", SVC(C=2.0))]), "VotingClassifier", ("svc__C", "2.0")),
        (VotingClassifier([("svc", SVC(C=2.0))]), "VotingClassifier", ("svc", "SVC")),
    ],
)
def test_wrappers_show_what_is_inside_and_ensembles_themselves(
    client: Client,
    numbers: pd.DataFrame,
    target: "pd.Series[int]",
    model: Any,
    algorithm: str,
    parameter: tuple[str, str] | tuple[()],
) -> None:
    made = headwater.capture(model.fit(numbers, target), numbers, target, name="churn", client=client)
    assert made.algorithm == algorithm
    assert not parameter or settings(made)[parameter[0]] == parameter[1]


def test_a_frozen_forest_is_a_forest(client: Client, numbers: pd.DataFrame, target: "pd.Series[int]") -> None:
    frozen = FrozenEstimator(RandomForestClassifier(n_estimators=2).fit(numbers, target))
    made = headwater.capture(frozen, numbers, name="churn", client=client)
    assert (made.algorithm, made.target) == ("RandomForestClassifier", None)


def test_ways_of_a_column_that_part_meet_or_end(client: Client, frame: pd.DataFrame, target: "pd.Series[int]") -> None:
    columns = ColumnTransformer(
        [
            ("scaled", StandardScaler(), [0]),
            ("log", FunctionTransformer(np.log1p), slice("age", "income")),
            ("kept", "passthrough", [False, True, False, False]),
            ("cities", OneHotEncoder(sparse_output=False), ["city"]),
        ]
    )
    both = FeatureUnion([("pca", PCA(2)), ("scale", StandardScaler())])
    model = make_pipeline(columns, "passthrough", both, LogisticRegression()).fit(frame, target)
    made = headwater.capture(model, frame, target, name="churn", client=client)
    assert algorithms(made) == {
        "age": "StandardScaler → FeatureUnion, FunctionTransformer(log1p) → FeatureUnion",
        "income": "FunctionTransformer(log1p) → FeatureUnion, FeatureUnion",
        "city": "OneHotEncoder → FeatureUnion",
        "member": "dropped",
    }
    first = make_pipeline(both, LogisticRegression()).fit(frame[["age", "income"]], target)
    made = headwater.capture(first, frame[["age", "income"]], target, name="second", client=client)
    assert set(algorithms(made).values()) == {"PCA, StandardScaler"}


class Boosted:
    """An estimator of another library that follows scikit-learn's protocol."""

    def __init__(self) -> None:
        self.booster: object | None = None

    def get_params(self, deep: bool = True) -> dict[str, object]:
        return {"objective": lambda x: x, "depth": np.int64(4), "rest": object(), "missing": float("nan")}

    def fit(self) -> "Boosted":
        self.booster = object()
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return self.booster is not None


def test_any_estimator_with_the_protocol_is_read(client: Client, numbers: pd.DataFrame) -> None:
    with pytest.raises(InvalidEntity, match="the Boosted is not fitted"):
        headwater.capture(Boosted(), numbers, name="churn", client=client)
    made = headwater.capture(Boosted().fit(), numbers, name="churn", client=client)
    assert (made.algorithm, settings(made)["depth"], settings(made)["missing"]) == ("Boosted", "4", "nan")
    assert "0x" not in str(settings(made))


def test_settings_are_text_without_addresses() -> None:
    values = [
        (np.float64(0.5), "0.5"),
        (np.array([1, 2]), "[1, 2]"),
        ({"b": "x", "a": (1,)}, "{'b': 'x', 'a': (1,)}"),
        ({"b", "a"}, "{'a', 'b'}"),
        (np.log1p, "log1p"),
        (SVC, "sklearn.svm._classes.SVC"),
        (SVC(C=3), "SVC"),
        (np.random.RandomState(1), "RandomState(MT19937)"),
    ]
    for value, expected in values:
        assert text(value).removeprefix("numpy.").removeprefix("<ufunc '").removesuffix("'>") == expected


def test_choices_of_columns() -> None:
    names = ["a", "b", "c", "d"]
    choices = ["b", ["a", "d"], 2, [-1], slice(1, 3), slice("b", "c"), slice(None, "b"), np.array([1, 0])]
    expected = [["b"], ["a", "d"], ["c"], ["d"], ["b", "c"], ["b", "c"], ["a", "b"], ["b", "a"]]
    assert [chosen(names, which) for which in choices] == expected
    assert chosen(names, np.array([True, False, True, False])) == ["a", "c"]
    assert chosen(names, []) == []


# what is refused


def test_what_is_no_fitted_estimator_is_refused(client: Client, numbers: pd.DataFrame, target: Any) -> None:
    for model in (LogisticRegression(), prepared(SVC()), GridSearchCV(SVC(), {})):
        with pytest.raises(InvalidEntity, match="is not fitted; capture it after fit"):
            headwater.capture(model, numbers, name="churn", client=client)
    with pytest.raises(InvalidEntity, match="a str is no estimator"):
        headwater.capture("model.pickle", numbers, name="churn", client=client)
    with pytest.raises(InvalidEntity, match="is no estimator"):
        headwater.capture(LogisticRegression, numbers, name="churn", client=client)
    kept = GridSearchCV(SVC(), {"C": [1.0]}, refit=False, cv=2).fit(numbers, target)
    with pytest.raises(InvalidEntity, match="kept no model"):
        headwater.capture(kept, numbers, name="churn", client=client)


def test_arrays_are_named_by_the_model_or_refused(client: Client, numbers: pd.DataFrame, target: Any) -> None:
    named = LogisticRegression().fit(numbers, target)
    bare = LogisticRegression().fit(numbers.to_numpy(), target)
    made = headwater.capture(named, numbers.to_numpy(), target.to_numpy(), name="churn", client=client)
    assert [each.name for each in made.ml_features or ()] == ["age", "income"]
    assert made.target is None
    for array in (numbers.to_numpy(), pd.DataFrame(numbers.to_numpy())):
        with pytest.raises(InvalidEntity, match="X: its columns have no names"):
            headwater.capture(bare, array, name="churn", client=client)


def test_a_frame_of_another_shape_is_refused(client: Client, frame: pd.DataFrame, target: "pd.Series[int]") -> None:
    numbers = frame[["age", "income"]]
    model = LogisticRegression().fit(numbers, target)
    cases = [
        (frame, "X: it has 4 columns, but the model was fitted on 2"),
        (numbers.rename(columns={"age": "years"}), "not fitted on a column years, but on age, income"),
        (numbers.set_axis(["age", "age"], axis=1), "two columns are called age"),
    ]
    for given, message in cases:
        with pytest.raises(InvalidEntity, match=message):
            headwater.capture(model, given, name="churn", client=client)
    with pytest.raises(InvalidEntity, match="y: it has 3 rows, but X has 60"):
        headwater.capture(model, numbers, target[:3], name="churn", client=client)
    assert client.mlmodels.count() == 0


# where features come from


def test_features_get_the_columns_of_their_names(
    client: Client, frame: pd.DataFrame, target: "pd.Series[int]", customers: Table
) -> None:
    model = prepared(LogisticRegression()).fit(frame, target)
    forms: list[Any] = [customers, customers.fully_qualified_name, [customers.id]]
    forms.append(EntityReference(id=customers.id, type="table"))
    for form in forms:
        made = headwater.capture(model, frame, target, name="churn", sources=form, client=client)
        table = customers.fully_qualified_name
        assert sources(made) == {
            "age": [(f"{table}.Age", "number")],
            "income": [(f"{table}.INCOME", "integer")],
            "city": [(f"{table}.city", "string")],
            "member": [(f"{table}.member", "boolean")],
        }
        assert made.version == 0.1
    edge = client.lineage.edge(customers, ("mlmodel", "headwater.churn"))
    assert len(edge.columns_lineage or ()) == 4


def test_the_first_table_with_the_column_counts(
    client: Client, numbers: pd.DataFrame, target: Any, customers: Table, make_table: MakeTable
) -> None:
    make_table("people", age="INT")
    model = LogisticRegression().fit(numbers, target)
    tables: list[str | Entity] = ["shop.main.public.people", customers]
    found = sources(headwater.capture(model, numbers, target, name="churn", sources=tables, client=client))
    assert [each[0][0] for each in found.values()] == [
        "shop.main.public.people.age",
        "shop.main.public.customers.INCOME",
    ]


def test_a_feature_without_a_column_is_named_with_the_nearest(
    client: Client, frame: pd.DataFrame, target: Any, make_table: MakeTable
) -> None:
    make_table("customers", agee="DOUBLE", income="INT")
    model = prepared(LogisticRegression()).fit(frame, target)
    with pytest.raises(InvalidEntity) as refused:
        headwater.capture(model, frame, target, name="churn", sources="shop.main.public.customers", client=client)
    assert [error.split(".")[0] for error in refused.value.errors] == [
        "feature age: no column of this name in shop",
        "feature city: no column of this name in shop",
        "feature member: no column of this name in shop",
    ]
    assert "the nearest is agee. Map it" in refused.value.errors[0]
    with pytest.raises(EntityNotFound, match=r"shop\.main\.public\.none"):
        headwater.capture(model, frame, target, name="churn", sources="shop.main.public.none", client=client)


def test_mapped_features_come_from_where_they_are_mapped(
    client: Client, frame: pd.DataFrame, target: Any, customers: Table, make_table: MakeTable
) -> None:
    make_table("pay", amount="DECIMAL", bonus="FLOAT")
    model = prepared(LogisticRegression()).fit(frame, target)
    pay = "shop.main.public.pay"
    mapped = {"income": [f"{pay}.amount", f"{pay}.BONUS"], "member": None, "city": "shop.main.public.customers.city"}
    made = headwater.capture(
        model, frame, target, name="churn", sources=customers, feature_sources=mapped, client=client
    )
    assert sources(made) == {
        "age": [("shop.main.public.customers.Age", "number")],
        "income": [(f"{pay}.amount", "number"), (f"{pay}.bonus", "number")],
        "city": [("shop.main.public.customers.city", "string")],
        "member": [],
    }
    alone = headwater.capture(model, frame, target, name="two", feature_sources={"age": f"{pay}.amount"}, client=client)
    assert [len(each) for each in sources(alone).values()] == [1, 0, 0, 0]


def test_mappings_that_lead_nowhere_are_all_named(client: Client, numbers: pd.DataFrame, target: Any) -> None:
    client.database_services.put(name="shop", service_type="Postgres")
    client.databases.put(name="main", service="shop")
    client.database_schemas.put(name="public", database="shop.main")
    columns = [{"name": "address", "dataType": "STRUCT", "children": [{"name": "zip", "dataType": "INT"}]}]
    client.tables.put(name="t", database_schema="shop.main.public", columns=columns)
    model = LogisticRegression().fit(numbers, target)
    mapped = {"agee": None, "age": "shop.main.public.t.adress", "income": ["nowhere.t.c", 'bad"name']}
    with pytest.raises(InvalidEntity) as refused:
        headwater.capture(model, numbers, name="churn", feature_sources=mapped, client=client)
    assert [error.partition(" is not a fully")[0] for error in refused.value.errors] == [
        "feature_sources: the model has no feature agee; the nearest is age",
        "feature age: shop.main.public.t has no column adress; the nearest is address",
        "feature income: nowhere.t.c is no column of a known table",
        "feature income: 'bad\"name'",
    ]
    nested = {"age": "shop.main.public.t.address.ZIP"}
    made = headwater.capture(model, numbers, name="churn", feature_sources=nested, client=client)
    assert sources(made)["age"] == [("shop.main.public.t.address.zip", "integer")]


def test_types_of_sources_fit_their_columns() -> None:
    assert all(column in MADE_FROM[source] for column, source in KIND_OF.items())


# what the catalogue keeps


def test_a_second_capture_changes_nothing_and_a_new_one_what_is_new(
    client: Client, frame: pd.DataFrame, target: Any, customers: Table
) -> None:
    client.dashboard_services.put(name="bi", service_type="Superset")
    client.dashboards.put(name="churn", service="bi")
    client.users.put(name="ada", email="ada@example.org")
    about: dict[str, Any] = {
        "name": "churn",
        "description": "Who leaves",
        "store": "s3://models/churn.pkl",
        "server": "https://models.example.org/churn",
        "dashboard": "bi.churn",
        "owners": "ada",
        "tags": ["Tier.Tier1"],
        "display_name": "Churn",
        "client": client,
    }
    model = prepared(LogisticRegression()).fit(frame, target)
    headwater.capture(model, frame, target, sources=customers, **about)
    made = headwater.capture(model, frame, target, sources=customers, **about)
    assert made.version == 0.1
    assert isinstance(made.dashboard, EntityReference)
    assert made.dashboard.fully_qualified_name == "bi.churn"
    assert made.ml_store == MlStore(storage="s3://models/churn.pkl")
    assert [owner.name for owner in made.owners or () if isinstance(owner, EntityReference)] == ["ada"]
    assert [tag.tag_fqn for tag in made.tags or () if isinstance(tag, TagLabel)] == ["Tier.Tier1"]

    client.mlmodels.patch(
        made,
        [
            {"op": "add", "path": "/mlFeatures/0/description", "value": "In years"},
            {"op": "add", "path": "/mlHyperParameters/0/description", "value": "Written by hand"},
        ],
    )
    again = headwater.capture(model, frame, name="churn", client=client)
    assert again.version == client.mlmodels.versions(again)[0].version == 0.2
    assert again.description == "Who leaves"
    assert (again.ml_features or [])[0].description == "In years"
    assert (again.target, again.display_name) == ("churned", "Churn")
    assert sources(again) == sources(made)

    other = headwater.capture(
        prepared(GradientBoostingClassifier(n_estimators=2)).fit(frame, target),
        frame,
        target,
        name="churn",
        client=client,
    )
    assert (other.version, other.description) == (1.2, "Who leaves")
    with pytest.raises(InvalidEntity, match="algoritm"):
        headwater.capture(model, frame, name="churn", algoritm="x", client=client)


def test_entities_stand_for_their_names(client: Client, numbers: pd.DataFrame, target: Any) -> None:
    service = client.mlmodel_services.put(name="local.models", service_type="Sklearn")
    ada = client.users.put(name="ada", email="ada@example.org")
    model = LogisticRegression().fit(numbers, target)
    about: dict[str, Any] = {"name": "churn", "service": service, "owners": [ada], "target": "leaves"}
    headwater.capture(model, numbers, target, client=client, **about)
    made = headwater.capture(model, numbers, target, client=client, **about)
    assert (made.fully_qualified_name, made.version, made.target) == ('"local.models".churn', 0.1, "leaves")


def test_without_a_client_the_default_catalogue_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, numbers: pd.DataFrame, target: Any
) -> None:
    monkeypatch.setenv("HEADWATER_DATABASE", str(tmp_path / "default.db"))
    monkeypatch.delenv("HEADWATER_URL", raising=False)
    model = LogisticRegression().fit(numbers, target)
    assert headwater.capture(model, numbers, target, name="churn").version == 0.1
    with headwater.connect() as client:
        assert client.mlmodels.get("headwater.churn").target == "churned"
    with pytest.raises(CatalogError, match="no catalogue"):
        capture_without_catalogue(model, numbers, name="churn")
