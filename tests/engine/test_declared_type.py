# SPDX-License-Identifier: Apache-2.0
"""A type that is declared in this file alone gets everything that types have."""

import json
from collections.abc import Callable

from headwater.schema.base import CreateRequest, Entity, EntityReference, Model, ReferenceInput, TagInput
from headwater.schema.declare import (
    ASSET,
    Child,
    EntityType,
    FieldLineage,
    Filter,
    Parent,
    Reference,
    VersionRules,
)
from headwater.schema.entities.shared import AssetFields, CreateAssetFields
from headwater.schema.registry import Registry, discover

from .wire import Api, column_pairs, named


class Origin(Model):
    """Where a knob's signal comes from."""

    name: str
    table: ReferenceInput | None = None


class Knob(Model):
    """A part of a widget."""

    name: str
    fully_qualified_name: str | None = None
    origins: list[Origin] | None = None
    tags: list[TagInput] | None = None


class Widget(AssetFields, Entity):
    """Something that nobody has heard of."""

    service: EntityReference | None = None
    shape: str | None = None
    knobs: list[Knob] | None = None


class CreateWidget(CreateAssetFields, CreateRequest):
    """A request for one."""

    service: ReferenceInput
    shape: str | None = None
    knobs: list[Knob] | None = None


WIDGET = EntityType(
    name="widget",
    collection="gadgets/widgets",
    entity=Widget,
    create=CreateWidget,
    parents=(Parent(field="service", to="mlmodelService"),),
    children=(
        Child(
            field="knobs",
            is_field=True,
            tagged=True,
            children=(
                Child(
                    field="origins",
                    named=False,
                    references=(Reference(field="table", to=("table",), keep_removed=True),),
                ),
            ),
        ),
    ),
    traits=ASSET,
    versions=VersionRules(major=("shape",)),
    lineage=(FieldLineage(child="knobs", sources="origins", reference="table"),),
    filters=(Filter(name="service", kind="ancestor", to="mlmodelService"),),
)


def test_a_made_up_type_has_routes_versions_lineage_events_and_a_description(make_api: Callable[..., Api]) -> None:
    api = make_api(Registry([*discover(), WIDGET]))
    api.table(columns=["volts"])
    knobs = [{"name": "left", "origins": [{"name": "volts", "table": "db.shop.main.people"}], "tags": ["PII.None"]}]
    created = api.put(
        "gadgets/widgets", {"name": "w", "service": "headwater", "shape": "round", "knobs": knobs}, expect=201
    )
    assert created["knobs"][0]["fullyQualifiedName"] == "headwater.w.left"
    path = named("gadgets/widgets", "headwater.w")
    (edge,) = api.lineage("widget", "headwater.w")["upstreamEdges"]
    assert column_pairs(edge["lineageDetails"]) == {("db.shop.main.people.volts", "headwater.w.left")}
    assert api.patch(path, {"op": "replace", "path": "/shape", "value": "square"})["version"] == 1.1
    assert [json.loads(one)["shape"] for one in api.get(f"{path}/versions")["versions"]] == ["square", "round"]
    assert api.get("gadgets/widgets", service="headwater")["paging"]["total"] == 1
    assert api.get(named("tags", "PII.None"), fields="usageCount")["usageCount"] == 1
    events = [
        event["eventType"] for event in api.get("events", limit="10000")["data"] if event["entityType"] == "widget"
    ]
    assert events == ["entityCreated", "entityUpdated"]
    (hit,) = api.get("search/query", q="left", index="widget_search_index")["hits"]["hits"]
    assert hit["_source"]["fullyQualifiedName"] == "headwater.w"
    api.delete(path, hardDelete="true")
    api.get(path, expect=404)
    unknown = api.put("gadgets/widgets", {"name": "w", "service": "headwater", "colour": "red"}, expect=400)
    assert unknown["message"].startswith("colour:")
