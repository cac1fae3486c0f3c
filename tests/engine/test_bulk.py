# SPDX-License-Identifier: Apache-2.0
"""Many entities in one request: each row counts for itself, and sees what the rows before it did."""

from typing import Any

import pytest

from headwater.catalog import batches

from .wire import Api, column_pairs, feature, named


def test_rows_see_the_rows_before_them_and_nothing_of_those_that_failed(api: Api) -> None:
    domain = {"domainType": "Aggregate", "description": "d"}
    rows = [
        {"name": "sales", **domain},
        {"name": "north", "parent": "sales", **domain},
        {"name": "south", "parent": "nowhere", **domain},
        {"name": "east", "parent": "sales.south", **domain},
        {"name": "sales", **domain, "displayName": "Sales"},
        {"name": "west", "parent": "sales", **domain},
    ]
    result = api.put("domains/bulk", rows).body
    assert [result[f"numberOfRows{kind}"] for kind in ("Processed", "Passed", "Failed")] == [6, 4, 2]
    assert result["status"] == "partialSuccess"
    assert [(row["request"], row["status"]) for row in result["failedRequest"]] == [("south", 404), ("east", 404)]
    assert [row["request"] for row in result["successRequest"]] == ["sales", "sales.north", "sales", "sales.west"]
    shown = {
        name: api.get(named("domains", name))["parent"].get("displayName") for name in ("sales.north", "sales.west")
    }
    assert shown == {"sales.north": "Sales", "sales.west": "Sales"}


def test_a_table_that_comes_twice_has_the_columns_of_its_last_row(api: Api) -> None:
    api.table()
    table = {"name": "people", "databaseSchema": "db.shop.main"}
    columns = [[{"name": name, "dataType": "INT"} for name in names] for names in (("a", "b"), ("b", "c"), ("c", "a"))]
    assert api.put("tables/bulk", [table | {"columns": one} for one in columns])["status"] == "success"
    models = [{"name": name, "mlFeatures": [feature("f", column)]} for name, column in (("m1", "a"), ("m2", "b"))]
    result = api.put("mlmodels/bulk", models).body
    assert [row["request"] for row in result["successRequest"]] == ["headwater.m1"]
    assert "has no column b" in result["failedRequest"][0]["message"]
    (edge,) = api.lineage("mlmodel", "headwater.m1")["upstreamEdges"]
    assert column_pairs(edge["lineageDetails"]) == {("db.shop.main.people.a", "headwater.m1.f")}


def test_rows_that_cost_much_let_other_writers_in(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    database = api.application.catalog.database
    turns, write = [], database.write

    def counted(work: Any) -> Any:
        turns.append(work)
        return write(work)

    monkeypatch.setattr(database, "write", counted)
    rows = [{"name": f"m{number}"} for number in range(7)]
    assert api.put("mlmodels/bulk", rows)["numberOfRowsPassed"] == 7
    assert len(turns) == 1
    monkeypatch.setattr(batches, "PATIENCE", -1)
    result = api.put("mlmodels/bulk", [*rows, {"name": "m::"}, {"name": "m8"}]).body
    assert (len(turns), result["numberOfRowsPassed"], result["numberOfRowsFailed"]) == (1 + 9, 8, 1)
    assert [row["request"] for row in result["successRequest"]][-2:] == ["headwater.m6", "headwater.m8"]
