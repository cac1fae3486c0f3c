# SPDX-License-Identifier: Apache-2.0
"""A type that is declared in this file alone has a collection, versions, events and lineage like any other."""

from collections.abc import Callable

import pytest

from headwater.errors import InvalidEntity
from headwater.schema.base import CreateRequest, Entity, EntityReference, Model, ReferenceInput
from headwater.schema.declare import ASSET, Child, EntityType, FieldLineage, Filter, Parent, Reference, VersionRules
from headwater.schema.entities.shared import AssetFields, CreateAssetFields
from headwater.schema.registry import Registry, discover
from headwater.sdk.client import Client


class Origin(Model):
    name: str
    made_of: ReferenceInput | None = None


class Knob(Model):
    name: str
    fully_qualified_name: str | None = None
    origins: list[Origin] | None = None


class Widget(AssetFields, Entity):
    service: EntityReference | None = None
    outer_shape: str | None = None
    knobs: list[Knob] | None = None
    is_round: bool | None = None


class CreateWidget(CreateAssetFields, CreateRequest):
    service: ReferenceInput
    outer_shape: str | None = None
    knobs: list[Knob] | None = None
    is_round: bool | None = None


WIDGET = EntityType(
    name="widget",
    collection="gadgets/shinyWidgets",
    entity=Widget,
    create=CreateWidget,
    parents=(Parent(field="service", to="mlmodelService"),),
    children=(
        Child(
            field="knobs",
            is_field=True,
            children=(Child(field="origins", named=False, references=(Reference(field="madeOf", to=("table",)),)),),
        ),
    ),
    traits=ASSET,
    versions=VersionRules(major=("outerShape",)),
    lineage=(FieldLineage(child="knobs", sources="origins", reference="madeOf"),),
    filters=(Filter(name="service", kind="ancestor", to="mlmodelService"), Filter(name="isRound", kind="flag")),
)
GADGET = EntityType(name="gadget", collection="gadgets", entity=Widget, create=CreateWidget, parents=WIDGET.parents)


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    return make_client(registry=Registry([*discover(), WIDGET]))


def test_it_is_a_collection_with_versions_and_events(client: Client) -> None:
    made = client.shiny_widgets.create(name="w", service="headwater", outer_shape="square", is_round=False)
    assert isinstance(made, Widget)
    assert made.fully_qualified_name == "headwater.w"
    assert client.collection("widget").get("headwater.w").outer_shape == "square"
    assert client.shiny_widgets.patch(made, outer_shape="round", is_round=True).version == 1.1
    assert [each.version for each in client.shiny_widgets.versions(made)] == [1.1, 0.1]
    assert client.shiny_widgets.count(is_round=True, service="headwater") == 1
    assert client.shiny_widgets.get(made, fields=["outer_shape"]).outer_shape == "round"
    assert [event.entity_type for event in client.events()[-2:]] == ["widget", "widget"]
    client.shiny_widgets.delete(made)
    assert client.shiny_widgets.restore("headwater.w").deleted is False


def test_it_has_lineage(client: Client, make_table: Callable[..., object]) -> None:
    make_table("customers", age="INT")
    knob = {"name": "k", "origins": [{"name": "age", "made_of": "shop.main.public.customers"}]}
    made = client.shiny_widgets.put(name="w", service="headwater", knobs=[knob])
    graph = client.lineage.get(made)
    assert [node.name for node in graph.nodes] == ["customers"]
    details = client.lineage.edge(graph.nodes[0], made)
    assert [each.to_column for each in details.columns_lineage or ()] == ["headwater.w.k"]


def test_an_entity_whose_class_two_types_share_needs_its_type(make_client: Callable[..., Client]) -> None:
    client = make_client(registry=Registry([*discover(), WIDGET, GADGET]))
    made = client.gadgets.put(name="w", service="headwater")
    with pytest.raises(InvalidEntity, match="a Widget may be one of widget, gadget"):
        client.lineage.get(made)
    assert client.lineage.get(("gadget", made)).entity.id == made.id
