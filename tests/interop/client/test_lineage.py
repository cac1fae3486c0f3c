# SPDX-License-Identifier: Apache-2.0
"""Lineage by the client's calls: it follows the features, and asserted edges stand beside it."""

import itertools
from typing import Any

from metadata.generated.schema.api.lineage.addLineage import AddLineageRequest
from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.generated.schema.entity.data.table import Table
from metadata.generated.schema.entity.services.databaseService import DatabaseService
from metadata.generated.schema.type.entityLineage import ColumnLineage, EntitiesEdge, LineageDetails

from .making import feature, model, reference, table, text


def edge(upstream: Any, downstream: Any, **details: Any) -> Any:
    """An assertion about two entities."""
    ends = {"fromEntity": reference(upstream, kind(upstream)), "toEntity": reference(downstream, kind(downstream))}
    return AddLineageRequest(
        edge=EntitiesEdge(**ends, **({"lineageDetails": LineageDetails(**details)} if details else {}))
    )


def kind(entity: Any) -> str:
    return {Table: "table", MlModel: "mlmodel"}[type(entity)]


def upstream(om: Any, name: str) -> set[str]:
    """The names that stand directly upstream of a model."""
    graph = om.get_lineage_by_name(MlModel, name)
    names = {each["id"]: each["fullyQualifiedName"] for each in graph["nodes"]}
    return {names[each["fromEntity"]] for each in graph["upstreamEdges"]}


def pairs(details: Any) -> set[tuple[str, str]]:
    """The column pairs of an edge."""
    found = details.get("columnsLineage") or ()
    return {(column, each["toColumn"]) for each in found for column in each["fromColumns"]}


def test_features_are_followed_when_they_change(om: Any, unique: str) -> None:
    people, orders = table(om, unique), table(om, unique, "orders", ["total"])
    name, place = f"{unique}.m", f"{unique}.shop.main"
    made = model(om, unique, mlFeatures=[feature("f", "age", table=people)])
    assert upstream(om, name) == {f"{place}.people"}
    model(om, unique, mlFeatures=[feature("f", "age", table=people), feature("g", "total", table=orders)])
    assert upstream(om, name) == {f"{place}.people", f"{place}.orders"}
    model(om, unique, mlFeatures=[feature("g", "total", table=orders)])
    assert upstream(om, name) == {f"{place}.orders"}
    found = om.get_lineage_edge(str(text(orders.id)), str(text(made.id)))["edge"]
    assert pairs(found) == {(f"{place}.orders.total", f"{name}.g")}
    assert (found["createdBy"], found["createdAt"] > 0) == ("ada", True)
    source = om.get_by_name(MlModel, name)
    changed = source.model_copy(deep=True)
    changed.mlFeatures = []
    om.patch(MlModel, source, changed)
    assert upstream(om, name) == set()
    assert om.get_lineage_by_name(Table, f"{place}.orders")["downstreamEdges"] == []


def test_add_mlmodel_lineage_changes_nothing(om: Any, unique: str) -> None:
    """What it asserts follows from the features already; and its answer is the model's lineage."""
    people = table(om, unique)
    made = model(om, unique, mlFeatures=[feature("f", "age", "income", table=people)])
    place = f"{unique}.shop.main.people"
    before = om.get_lineage_by_id(MlModel, made.id)
    for _ in range(2):
        answer = om.add_mlmodel_lineage(made)
        assert answer["upstreamEdges"] == before["upstreamEdges"]
        assert pairs(answer["upstreamEdges"][0]["lineageDetails"]) == {
            (f"{place}.age", f"{unique}.m.f"),
            (f"{place}.income", f"{unique}.m.f"),
        }
    model(om, unique)
    assert upstream(om, f"{unique}.m") == set()


def test_the_tests_of_the_client_itself(om: Any, unique: str) -> None:
    """As its own test of models does: two sources, one without a table, deleting the edges, adding them again."""
    people, orders = table(om, unique), table(om, unique, "orders", ["total"])
    features = [feature("f", "age", table=people), feature("g", "total", table=orders)]
    features[1]["featureSources"].append({"name": "city", "dataType": "string"})
    made = model(om, unique, mlFeatures=features)
    lineage = om.get_lineage_by_id(MlModel, made.id)
    assert {each["id"] for each in lineage["nodes"]} == {str(text(people.id)), str(text(orders.id))}
    for each in (people, orders):
        om.delete_lineage_edge(edge(each, made).edge)
        assert om.watch.exchanges[-1].status == 409
        assert f"{unique}.m." in om.watch.exchanges[-1].reply["message"]
    om.add_mlmodel_lineage(made)
    om.delete(DatabaseService, om.get_by_name(DatabaseService, unique).id, recursive=True, hard_delete=True)
    assert om.get_by_id(MlModel, made.id).mlFeatures[0].featureSources[0].dataSource.deleted is True


def test_asserted_edges_live_and_go(om: Any, unique: str) -> None:
    first, second = table(om, unique, "first"), table(om, unique, "second")
    place = f"{unique}.shop.main"
    columns = [ColumnLineage(fromColumns=[f"{place}.first.age"], toColumn=f"{place}.second.age")]
    answer = om.add_lineage(edge(first, second, description="d", sqlQuery="select 1", columnsLineage=columns))
    (found,) = answer["downstreamEdges"]
    assert (found["lineageDetails"]["description"], found["lineageDetails"]["sqlQuery"]) == ("d", "select 1")
    assert pairs(found["lineageDetails"]) == {(f"{place}.first.age", f"{place}.second.age")}
    om.add_lineage(edge(first, second, description="e"))
    kept = om.get_lineage_edge(str(text(first.id)), str(text(second.id)))["edge"]
    assert kept["description"] == "e"
    assert pairs(kept) == {(f"{place}.first.age", f"{place}.second.age")}
    assert kept["createdAt"] == found["lineageDetails"]["createdAt"]
    om.delete_lineage_edge(edge(first, second).edge)
    assert om.get_lineage_by_id(Table, first.id)["downstreamEdges"] == []
    om.delete_lineage_edge(edge(first, second).edge)
    assert om.watch.exchanges[-1].status == 404


def test_check_patch_adds_to_what_is_there(om: Any, unique: str) -> None:
    first, second = table(om, unique, "first"), table(om, unique, "second")
    place = f"{unique}.shop.main"

    def columns(name: str) -> Any:
        return [ColumnLineage(fromColumns=[f"{place}.first.{name}"], toColumn=f"{place}.second.{name}")]

    om.add_lineage(edge(first, second, columnsLineage=columns("age")), check_patch=True)
    om.add_lineage(edge(first, second, sqlQuery="select 1", columnsLineage=columns("income")), check_patch=True)
    assert om.watch.exchanges[-2].method == "PATCH"
    found = om.get_lineage_by_id(Table, second.id)["upstreamEdges"][0]["lineageDetails"]
    assert found["sqlQuery"] == "select 1"
    assert pairs(found) == {(f"{place}.first.{name}", f"{place}.second.{name}") for name in ("age", "income")}


def test_edges_by_name(om: Any, unique: str) -> None:
    table(om, unique, "first")
    table(om, unique, "se.cond")
    ends = (f"{unique}.shop.main.first", "table", f'{unique}.shop.main."se.cond"', "table")
    answer = om.add_lineage_by_name(*ends)
    assert len(answer["downstreamEdges"]) == 1
    om.add_lineage_by_name(*ends, lineage_details=LineageDetails(sqlQuery="select 1"), check_patch=True)
    (found,) = om.get_lineage_by_name(Table, ends[2])["upstreamEdges"]
    assert found["lineageDetails"]["sqlQuery"] == "select 1"
    assert (
        om.get_lineage_edge_by_name("table", ends[0], "table", ends[2])["edge"].keys() <= found["lineageDetails"].keys()
    )
    om.delete_lineage_by_name(*ends)
    assert om.get_lineage_by_name(Table, ends[0])["downstreamEdges"] == []


def test_edges_go_by_source(om: Any, unique: str) -> None:
    first, second, third = (table(om, unique, name) for name in ("first", "second", "third"))
    om.add_lineage(edge(first, third, source="ViewLineage"))
    om.add_lineage(edge(second, third, source="QueryLineage"))
    om.delete_lineage_by_source("table", str(text(third.id)), "ViewLineage")
    left = om.get_lineage_by_id(Table, third.id)["upstreamEdges"]
    assert [each["fromEntity"] for each in left] == [str(text(second.id))]
    om.delete_lineage_by_source_by_name("table", f"{unique}.shop.main.third", "QueryLineage")
    assert om.get_lineage_by_id(Table, third.id)["upstreamEdges"] == []


def test_columns_flow_into_features(om: Any, unique: str) -> None:
    people, made = table(om, unique), model(om, unique, mlFeatures=[{"name": "f"}])
    pair = (f"{unique}.shop.main.people.age", f"{unique}.m.f")
    columns = [ColumnLineage(fromColumns=[pair[0]], toColumn=pair[1])]
    answer = om.add_lineage(edge(people, made, columnsLineage=columns))
    assert pairs(answer["downstreamEdges"][0]["lineageDetails"]) == {pair}


def test_columns_that_are_not_there_are_named(om: Any, unique: str) -> None:
    """Upstream drops them without a word."""
    people, made = table(om, unique), model(om, unique, mlFeatures=[{"name": "f"}])
    columns = [ColumnLineage(fromColumns=[f"{unique}.shop.main.people.agee"], toColumn=f"{unique}.m.f")]
    answer = om.add_lineage(edge(people, made, columnsLineage=columns))
    assert "agee" in answer["error"]


def test_an_edge_to_nothing_is_an_error_that_the_client_tells(om: Any, unique: str) -> None:
    made = model(om, unique)
    nothing = made.model_copy(update={"id": "00000000-0000-0000-0000-000000000000"})
    assert "not found" in om.add_lineage(edge(nothing, made))["error"]
    assert om.get_lineage_by_name(MlModel, "no.such") is None


def test_walks_by_depth(om: Any, unique: str) -> None:
    chain = [table(om, unique, f"t{number}") for number in range(6)]
    for first, second in itertools.pairwise(chain):
        om.add_lineage(edge(first, second), return_lineage=False)
    for depth, edges in ((1, 1), (2, 2), (3, 3), (9, 3)):
        walked = om.get_lineage_by_id(Table, chain[0].id, up_depth=0, down_depth=depth)
        assert len(walked["downstreamEdges"]) == edges
