# SPDX-License-Identifier: Apache-2.0
"""The lineage graph through a client, near and far."""

from collections.abc import Callable

import pytest

from headwater.errors import EdgeDerived, EntityNotFound, InvalidEntity
from headwater.schema.base import EntityReference
from headwater.schema.entities.data import Table
from headwater.schema.entities.mlmodel import MlModel
from headwater.schema.lineage import ColumnLineage, EntityLineage, LineageDetails
from headwater.sdk.client import Client

MakeTable = Callable[..., Table]


def names(graph: EntityLineage) -> list[str]:
    return sorted(str(node.name) for node in graph.nodes)


def pairs(details: LineageDetails) -> set[tuple[str, str | None]]:
    return {(source, each.to_column) for each in details.columns_lineage or () for source in each.from_columns or ()}


@pytest.fixture
def model(client: Client, make_table: MakeTable) -> MlModel:
    """A model with one feature of a column, two hops from raw data."""
    for name in ("raw", "clean"):
        make_table(name, id="INT", Age="DOUBLE")
    source = {"name": "Age", "data_source": "shop.main.public.clean"}
    return client.mlmodels.put(name="churn", ml_features=[{"name": "age", "feature_sources": [source]}])


def test_an_entity_knows_its_type(client: Client, model: MlModel) -> None:
    graph = client.lineage.get(model)
    assert (graph.entity.type, names(graph)) == ("mlmodel", ["clean"])
    forms = [
        client.lineage.get(EntityReference(id=model.id, type="mlmodel")),
        client.lineage.get(("mlmodel", "headwater.churn")),
        client.lineage.get(("MLModels", model.id)),
        client.lineage.get(("mlmodel", model)),
    ]
    assert all(form == graph for form in forms)


def test_a_type_that_does_not_exist_is_named(client: Client) -> None:
    with pytest.raises(InvalidEntity, match="gizmo is no type"):
        client.lineage.get(("gizmo", "x"))


def test_walks_go_as_far_as_told(client: Client, model: MlModel) -> None:
    raw, clean = (client.tables.get(f"shop.main.public.{name}") for name in ("raw", "clean"))
    client.lineage.add(raw, clean)
    assert names(client.lineage.get(model, 5, 0)) == ["clean", "raw"]
    assert names(client.lineage.get(model, upstream=1)) == ["clean"]
    assert names(client.lineage.get(raw, upstream=0, downstream=9)) == ["churn", "clean"]
    assert names(client.lineage.get(raw, 0, 0)) == []
    assert client.lineage.get(model, 5, max_nodes=2).truncated is True
    assert client.lineage.get(model, 5).truncated is None


def test_columns_are_given_by_name_or_fqn(client: Client, model: MlModel) -> None:
    raw, clean = "shop.main.public.raw", "shop.main.public.clean"
    up, down = ("table", raw), ("table", clean)
    client.lineage.add(up, down, columns={"Age": ["Age", f"{raw}.id"], f"{clean}.id": "id"}, sql="select 1")
    details = client.lineage.edge(up, down)
    assert pairs(details) == {
        (f"{raw}.Age", f"{clean}.Age"),
        (f"{raw}.id", f"{clean}.Age"),
        (f"{raw}.id", f"{clean}.id"),
    }
    assert (details.sql_query, details.source) == ("select 1", "Manual")
    listed = [ColumnLineage(from_columns=[f"{clean}.Age"], to_column="headwater.churn.age", function="round")]
    client.lineage.add(down, model, columns=listed, source="QueryLineage", description="by hand")
    details = client.lineage.edge(client.tables.get(clean), model)
    assert [each.function for each in details.columns_lineage or ()] == ["round"]
    assert details.description == "by hand"


def test_a_column_that_does_not_exist_is_refused(client: Client, model: MlModel) -> None:
    with pytest.raises(InvalidEntity, match=r"shop\.main\.public\.raw has no column shop\.main\.public\.raw\.agge"):
        client.lineage.add(("table", "shop.main.public.raw"), model, columns={"age": "agge"})


def test_a_source_that_does_not_exist_is_refused(client: Client, model: MlModel) -> None:
    with pytest.raises(InvalidEntity, match="Guess is no source of lineage"):
        client.lineage.add(("table", "shop.main.public.raw"), model, source="Guess")


def test_an_asserted_edge_can_be_withdrawn_and_a_derived_one_cannot(client: Client, model: MlModel) -> None:
    raw, clean = ("table", "shop.main.public.raw"), ("table", "shop.main.public.clean")
    client.lineage.add(raw, model)
    client.lineage.delete(raw, model)
    with pytest.raises(EntityNotFound):
        client.lineage.edge(raw, model)
    with pytest.raises(EntityNotFound):
        client.lineage.delete(raw, model)
    with pytest.raises(EdgeDerived, match=r"headwater\.churn\.age"):
        client.lineage.delete(clean, model)


def test_edges_of_deleted_entities_can_be_read_and_withdrawn(client: Client, model: MlModel) -> None:
    raw = ("table", "shop.main.public.raw")
    client.lineage.add(raw, model)
    client.tables.delete(raw[1])
    assert client.lineage.edge(raw, model).source == "Manual"
    client.lineage.delete(raw, model)
    assert names(client.lineage.get(model)) == ["clean"]


def test_the_graph_as_it_was(client: Client, model: MlModel) -> None:
    raw = client.tables.get("shop.main.public.raw")
    client.lineage.add(raw, model)
    then = f"@{client.events()[-1].position}"
    client.lineage.delete(raw, model)
    assert names(client.lineage.get(model, as_of=then)) == ["clean", "raw"]
    assert names(client.lineage.get(model)) == ["clean"]
    assert client.lineage.edge(raw, model, as_of=then).source == "Manual"
    with pytest.raises(EntityNotFound):
        client.lineage.edge(raw, model)


def test_add_mlmodel_lineage_says_nothing_new(client: Client, model: MlModel) -> None:
    events = len(client.events())
    graph = client.add_mlmodel_lineage(model)
    assert graph == client.lineage.get(model)
    assert len(client.events()) == events
    graph = client.add_mlmodel_lineage("headwater.churn", description="trained on it")
    described = [edge.lineage_details.description for edge in graph.upstream_edges if edge.lineage_details]
    assert described == ["trained on it"]
