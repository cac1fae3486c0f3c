# SPDX-License-Identifier: Apache-2.0
"""Where OpenMetadata's own server is weak, and this one is not, as its client sees it. Lineage has its own module."""

import json
from typing import Any

import pytest
from metadata.generated.schema.api.data.createDashboard import CreateDashboardRequest
from metadata.generated.schema.api.services.createDashboardService import CreateDashboardServiceRequest
from metadata.generated.schema.entity.data.dashboard import Dashboard
from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.generated.schema.entity.data.table import Table
from metadata.generated.schema.type.entityReference import EntityReference
from metadata.ingestion.ometa.client import APIError
from sklearn.linear_model import LogisticRegression

from .making import feature, label, model, table, text


def dashboards(om: Any, service: str, *names: str) -> None:
    om.create_or_update(CreateDashboardServiceRequest(name=service, serviceType="Superset"))
    for name in names:
        om.create_or_update(CreateDashboardRequest(name=name, service=service))


def source(made: Any) -> Any:
    return made.mlFeatures[0].featureSources[0]


def test_the_names_of_sources_are_the_servers(om: Any, unique: str) -> None:
    """An id is enough, and a wrong name beside it does no harm."""
    people = table(om, unique)
    lie = EntityReference(id=people.id, type="table", fullyQualifiedName="a.lie")
    for data_source in (EntityReference(id=people.id, type="table"), lie):
        sources = [{"name": "age", "dataType": "integer", "dataSource": data_source}]
        made = model(om, unique, mlFeatures=[{"name": "f", "featureSources": sources}])
        assert text(source(made).fullyQualifiedName) == f"{unique}.shop.main.people.age"
        assert source(made).dataSource.fullyQualifiedName == f"{unique}.shop.main.people"


@pytest.mark.parametrize("column", ["agee", "age.years"])
def test_a_source_that_is_no_column_is_refused_with_the_nearest(om: Any, unique: str, column: str) -> None:
    people = table(om, unique)
    with pytest.raises(APIError, match="no column") as refused:
        model(om, unique, mlFeatures=[feature("f", column, table=people)])
    assert refused.value.code == 400
    assert "age" in str(refused.value)


def test_a_source_that_is_gone_is_marked(om: Any, unique: str) -> None:
    people = table(om, unique)
    made = model(om, unique, mlFeatures=[feature("f", "age", table=people)])
    om.delete(Table, people.id, hard_delete=True)
    assert source(om.get_by_id(MlModel, made.id)).dataSource.deleted is True
    unrelated = om.patch_description(MlModel, om.get_by_id(MlModel, made.id), "still possible")
    assert text(unrelated.description) == "still possible"


def test_lists_show_the_dashboard_and_a_changed_one_leaves_no_trace(om: Any, unique: str) -> None:
    dashboards(om, unique, "one", "two")
    for name in ("one", "two"):
        model(om, unique, dashboard=f"{unique}.{name}")
        (listed,) = om.list_all_entities(MlModel, fields=["dashboard"], params={"service": unique})
        assert listed.dashboard.fullyQualifiedName == f"{unique}.{name}"
    assert om.get_lineage_by_name(Dashboard, f"{unique}.one")["upstreamEdges"] == []
    assert len(om.get_lineage_by_name(Dashboard, f"{unique}.two")["upstreamEdges"]) == 1


def test_an_edited_feature_says_what_was_edited(om: Any, unique: str) -> None:
    model(om, unique, mlFeatures=[{"name": "f", "description": "one"}])
    changed = model(om, unique, mlFeatures=[{"name": "f", "description": "two"}])
    updates = {text(each.name): (each.oldValue, each.newValue) for each in changed.changeDescription.fieldsUpdated}
    assert updates["mlFeatures.f.description"] == ("one", "two")


def test_labels_of_sources_are_checked(om: Any, unique: str) -> None:
    people = table(om, unique)
    features = [feature("f", "age", table=people)]
    features[0]["featureSources"][0]["tags"] = [label("No.Such")]
    with pytest.raises(APIError, match=r"No\.Such"):
        model(om, unique, mlFeatures=features)


def test_a_cursor_past_the_end_is_an_empty_page(om: Any, unique: str) -> None:
    for name in ("a", "b"):
        model(om, unique, name)
    page = om.list_entities(MlModel, limit=1, params={"service": unique})
    om.delete(MlModel, om.get_by_name(MlModel, f"{unique}.b").id, hard_delete=True)
    past = om.list_entities(MlModel, limit=1, after=page.after, params={"service": unique})
    assert (list(past.entities), past.after) == ([], None)


def test_what_is_shown_of_history_is_what_was(om: Any, unique: str) -> None:
    """Versions keep owners, labels and sources, which upstream's archive may lack."""
    people = table(om, unique)
    first = model(om, unique, mlFeatures=[feature("f", "age", table=people)], tags=[label("Tier.Tier1")])
    model(om, unique, mlFeatures=[], description="changed")
    shown = json.loads(om.get_list_entity_versions(first.id, MlModel).versions[-1])
    assert shown["tags"][0]["tagFQN"] == "Tier.Tier1"
    assert (
        shown["mlFeatures"][0]["featureSources"][0]["dataSource"]["fullyQualifiedName"] == f"{unique}.shop.main.people"
    )


def test_a_fitted_estimator_becomes_a_model(om: Any, unique: str) -> None:
    """``get_mlmodel_sklearn`` asks for its service and makes it where it is missing."""
    estimator = LogisticRegression(C=0.5)
    estimator.feature_names_in_ = ["age", "lives in"]
    request = om.get_mlmodel_sklearn("m", estimator, service_name=unique)
    om.create_or_update(request)
    made = om.create_or_update(request)
    assert [text(each.name) for each in made.mlFeatures] == ["age", "lives_in"]
    assert {each.name: each.value for each in made.mlHyperParameters}["C"] == "0.5"
    assert (text(made.version), made.serviceType.value) == (0.1, "Sklearn")
