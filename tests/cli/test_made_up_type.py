# SPDX-License-Identifier: Apache-2.0
"""A type that is declared here and nowhere else can be used with every command."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import headwater as package
from headwater.cli import reading, writing
from headwater.cli.screen import Screen
from headwater.cli.session import Session
from headwater.embedded import EmbeddedTransport
from headwater.schema.base import CreateRequest, Entity, EntityReference, Model, ReferenceInput
from headwater.schema.declare import ASSET, Child, EntityType, FieldLineage, Filter, Parent, Reference, VersionRules
from headwater.schema.entities.shared import AssetFields, CreateAssetFields, FieldName
from headwater.schema.registry import Registry, discover
from headwater.sdk.client import Client
from headwater.settings import Settings

from .shop import PUBLIC, fill


class Origin(Model):
    name: FieldName
    table: ReferenceInput | None = None
    fully_qualified_name: str | None = None


class Knob(Model):
    name: FieldName
    turns: int | None = None
    fully_qualified_name: str | None = None
    origins: list[Origin] | None = None


class Widget(AssetFields, Entity):
    shape: str | None = None
    knobs: list[Knob] | None = None
    service: EntityReference | None = None


class CreateWidget(CreateAssetFields, CreateRequest):
    shape: str | None = None
    knobs: list[Knob] | None = None
    service: ReferenceInput


ORIGINS = Child(
    field="origins",
    fqn_under="table",
    references=(Reference(field="table", to=("table",), keep_removed=True),),
)
WIDGET = EntityType(
    name="widget",
    collection="gadgets/widgets",
    entity=Widget,
    create=CreateWidget,
    parents=(Parent(field="service", to="mlmodelService"),),
    children=(Child(field="knobs", is_field=True, children=(ORIGINS,)),),
    traits=ASSET,
    versions=VersionRules(major=("shape",)),
    lineage=(FieldLineage(child="knobs", sources="origins", reference="table"),),
    filters=(Filter(name="service", kind="ancestor", to="mlmodelService"),),
)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    registry = Registry([*discover(), WIDGET])
    application = package.application(Settings(database=str(tmp_path / "widgets.db")), registry=registry)
    with Client(EmbeddedTransport(application), registry) as client:
        fill(client)
        yield client


def test_a_made_up_type_is_reached_by_every_command(client: Client, tmp_path: Path) -> None:
    def said() -> str:
        text = out.getvalue()
        out.seek(0)
        out.truncate()
        return text

    out, err = io.StringIO(), io.StringIO()
    session = Session(client, Screen(out=out, err=err))
    request = tmp_path / "widget.json"
    origin = {"name": "gender", "table": f"{PUBLIC}.people"}
    request.write_text(
        json.dumps({"name": "w", "service": "mlflow", "knobs": [{"name": "left", "turns": 3, "origins": [origin]}]})
    )
    writing.put(session, "widget", str(request), (), override=False)
    writing.put(session, "widgets", str(request), ("shape=square",), override=False)
    assert err.getvalue().splitlines()[-1] == "mlflow.w is at version 1.1"
    reading.list_(session, "Widgets", ["service=mlflow"], None, None, "non-deleted")
    assert said().startswith("mlflow.w\t1.1\t")
    reading.get(session, "widget", "mlflow.w", None, "non-deleted")
    assert "knobs    1: left" in said()
    reading.show(session, "widget", "mlflow.w")
    page = said()
    assert "Knobs (1)" in page
    assert f"{PUBLIC}.people.gender" in page
    assert "shape set to square (major)" in page
    reading.lineage(session, "widget", "mlflow.w", 3, columns=True, max_nodes=None)
    assert "gender → left" in said()
    reading.show(session, "table", f"{PUBLIC}.people")
    assert "mlflow.w.left" in said()
    reading.history(session, "widget", "mlflow.w")
    assert "shape set to square (major)" in said()
    writing.delete(session, "widget", "mlflow.w", recursive=False, hard=False, yes=False)
    writing.undelete(session, "widget", "mlflow.w")
    assert err.getvalue().splitlines()[-1].startswith("mlflow.w is back")
