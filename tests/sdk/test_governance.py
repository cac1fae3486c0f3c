# SPDX-License-Identifier: Apache-2.0
"""Governance answers through a client, near and far."""

from collections.abc import Callable

import pytest

from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.entities.data import Table
from headwater.schema.governance import DropColumn, RetypeColumn
from headwater.schema.lineage import ColumnLineage
from headwater.sdk.client import Client
from headwater.transformation import Transformation

MakeTable = Callable[..., Table]


@pytest.fixture
def models(client: Client, make_table: MakeTable) -> list[str]:
    """Three models over a table with a tagged column; their names."""
    table = make_table("people", gender="STRING", age="INT")
    label = {"tagFQN": "PII.Sensitive", "source": "Classification"}
    client.tables.patch(table, [{"op": "add", "path": "/columns/0/tags", "value": [label]}])
    names = [f"m{number}" for number in range(3)]
    for name in names:
        source = {"name": "gender", "data_source": table.fully_qualified_name}
        client.mlmodels.put(name=name, ml_features=[{"name": "g", "feature_sources": [source]}])
    return names


def test_reach_gives_rows_with_their_proof(client: Client, models: list[str]) -> None:
    found = client.governance.reach("PII.Sensitive")
    assert [row.entity.name for row in found] == models
    assert found.truncated is None
    (hop,) = found[0].paths[0]
    assert (hop.from_.field, hop.to.field) == ("shop.main.public.people.gender", "headwater.m0.g")
    assert hop.evidence[0].by is not None
    assert hop.evidence[0].by.name == "m0"
    assert client.governance.reach("PII.Sensitive", max_nodes=1).truncated


def test_tags_are_asked_of_a_model_by_any_name_it_has(client: Client, models: list[str]) -> None:
    model = client.mlmodels.get("headwater.m1")
    for form in (model, ("mlmodel", "headwater.m1"), ("mlmodel", model.id)):
        assert [row.tag for row in client.governance.tags(form)] == ["PII.Sensitive"]
    assert client.governance.tags(("table", "shop.main.public.people"), "age") == []
    with pytest.raises(EntityNotFound, match="height"):
        client.governance.tags(("table", "shop.main.public.people"), "height")


def test_a_hash_asserted_by_all_ends_the_way(client: Client, models: list[str], make_table: MakeTable) -> None:
    make_table("hashed", key="STRING")
    pair = ColumnLineage(
        from_columns=["shop.main.public.people.gender"],
        to_column="shop.main.public.hashed.key",
        transformation=Transformation.HASHING,
    )
    client.lineage.add(("table", "shop.main.public.people"), ("table", "shop.main.public.hashed"), columns=[pair])
    tables = client.governance.reach("PII.Sensitive", type="table")
    assert [row.entity.name for row in tables] == ["hashed", "people"]
    assert [row.entity.name for row in client.governance.reach("PII.Sensitive", type="table", stop=["HASHING"])] == [
        "people"
    ]
    with pytest.raises(InvalidEntity, match="one thing"):
        client.governance.reach()


def test_impact_takes_changes_as_values_or_as_on_the_wire(client: Client, models: list[str]) -> None:
    column = "shop.main.public.people.gender"
    found = client.governance.impact([DropColumn(column=column)])
    assert [row.entity.name for row in found] == models
    assert found.broken == found
    assert found[0].because[0].change == DropColumn(column=column)
    assert client.governance.impact([{"change": "drop", "column": column}]) == found
    changed = client.governance.impact([RetypeColumn(column=column, data_type="INT")], type="table,mlmodel")
    assert ([row.effect for row in changed], changed.broken) == (["changes"] * 3, [])
    assert client.governance.impact([DropColumn(column=column)], max_nodes=1).truncated
    with pytest.raises(EntityNotFound, match=r"gendre; the nearest is gender"):
        client.governance.impact([DropColumn(column="shop.main.public.people.gendre")])


def test_answers_longer_than_a_page_are_whole(
    client: Client, models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.sdk.governance.PAGE", 2)
    assert [row.entity.name for row in client.governance.reach("PII.Sensitive")] == models
    column = DropColumn(column="shop.main.public.people.gender")
    assert [row.entity.name for row in client.governance.impact([column])] == models
