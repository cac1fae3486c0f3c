# SPDX-License-Identifier: Apache-2.0
"""What changes would break, change or tag, before anybody makes them."""

from typing import Any

import pytest

from .test_reach import PEOPLE, PROFILE, SENSITIVE, SUMMARY, edge, example, steps
from .wire import Api, Json, feature, named

__all__ = ["example"]

URL = "http://serving/m"


def ask(api: Api, *changes: Json, **query: Any) -> Json:
    return api.post("governance/impact", {"changes": list(changes)}, **query).body


def drop(column: str) -> Json:
    return {"change": "drop", "column": column}


def told(reply: Json) -> list[tuple[str, str, list[tuple[str | None, str]]]]:
    """Each row: the entity, what becomes of it, and the fields, each with how certain that is."""
    return [
        (
            row["entity"]["fullyQualifiedName"],
            row["effect"],
            [(one.get("field"), one["certainty"]) for one in row["because"]],
        )
        for row in reply["data"]
    ]


@pytest.fixture
def served(example: Api) -> Api:
    """The example; model m is served, is shown on a dashboard, and ada answers for it."""
    example.put("users", {"name": "ada", "email": "ada@example.org"})
    example.put("services/dashboardServices", {"name": "bi", "serviceType": "Superset"})
    example.put("dashboards", {"name": "board", "service": "bi"})
    features = [feature("f", "household", table=PROFILE), feature("g", "size", table=PROFILE)]
    example.model("m", mlFeatures=features, dashboard="bi.board", server=URL, owners=["ada"])
    return example


def test_a_dropped_column_breaks_what_is_made_from_it_at_any_distance(served: Api) -> None:
    reply = ask(served, drop(f"{PEOPLE}.Gender"))
    assert told(reply) == [
        ("bi.board", "breaks", [(None, "table")]),
        ("headwater.k", "breaks", [("headwater.k.f", "table")]),
        ("headwater.m", "breaks", [("headwater.m.f", "column")]),
    ]
    m = reply["data"][2]
    assert ([one["name"] for one in m["owners"]], m["endpoint"]) == (["ada"], URL)
    assert steps(m["because"][0]) == [
        (f"{PEOPLE}.gender", f"{PROFILE}.household", "ViewLineage"),
        (f"{PROFILE}.household", "headwater.m.f", "declared"),
    ]
    assert m["because"][0]["source"]["field"] == f"{PEOPLE}.gender"
    assert m["because"][0]["change"] == drop(f"{PEOPLE}.Gender")
    assert "endpoint" not in reply["data"][1]
    assert reply["paging"] == {"total": 3}
    assert told(ask(served, drop(f"{PEOPLE}.id"))) == [("headwater.k", "breaks", [("headwater.k.f", "table")])]


def test_nothing_is_changed_by_asking(served: Api) -> None:
    before = served.position()
    ask(served, drop(f"{PEOPLE}.gender"))
    assert served.position() == before


def test_a_rename_breaks_and_a_new_type_changes(served: Api) -> None:
    reply = ask(
        served,
        {"change": "retype", "column": f"{PROFILE}.size", "dataType": "STRING"},
        {"change": "rename", "column": f"{PROFILE}.household", "to": "home"},
        type="mlmodel",
    )
    assert told(reply) == [
        ("headwater.m", "breaks", [("headwater.m.f", "column"), ("headwater.m.g", "column")]),
        ("headwater.j", "changes", [("headwater.j.f", "column")]),
    ]
    assert [one["effect"] for one in reply["data"][0]["because"]] == ["breaks", "changes"]
    same = {"change": "retype", "column": f"{PROFILE}.size", "dataType": "int"}
    assert ask(served, same)["data"] == []


def test_a_deleted_table_or_schema_takes_all_below_with_it(served: Api) -> None:
    gone = {"change": "delete", "entity": PROFILE}
    assert told(ask(served, gone, type="*")) == [
        ("bi.board", "breaks", [(None, "table")]),
        ("headwater.j", "breaks", [("headwater.j.f", "column")]),
        ("headwater.m", "breaks", [("headwater.m.f", "column"), ("headwater.m.g", "column")]),
    ]
    schema = {"change": "delete", "entity": "db.shop.main", "entityType": "databaseSchema"}
    assert {row[0] for row in told(ask(served, schema))} == {"bi.board", "headwater.j", "headwater.k", "headwater.m"}


def test_what_lives_in_a_column_goes_with_it(api: Api) -> None:
    address = {"name": "address", "dataType": "STRUCT", "children": [{"name": "zip", "dataType": "STRING"}]}
    api.table("people", [address, {"name": "addressee", "dataType": "STRING"}])
    api.model("m", mlFeatures=[feature("zip", "address.zip")])
    api.model("n", mlFeatures=[feature("who", "addressee")])
    assert told(ask(api, drop(f"{PEOPLE}.address"))) == [("headwater.m", "breaks", [("headwater.m.zip", "column")])]


def test_a_new_tag_counts_where_it_did_not_reach_or_was_not_known_to(served: Api) -> None:
    def tag(column: str, name: str = SENSITIVE) -> Json:
        return {"change": "tag", "column": column, "tag": name}

    assert ask(served, tag(f"{PEOPLE}.gender"))["data"] == []
    assert ask(served, tag(f"{PROFILE}.household"))["data"] == []
    reply = ask(served, tag(f"{PROFILE}.size"))
    assert told(reply) == [
        ("headwater.j", "tagged", [("headwater.j.f", "column")]),
        ("headwater.m", "tagged", [("headwater.m.g", "column")]),
    ]
    assert {one["tag"] for row in reply["data"] for one in row["because"]} == {SENSITIVE}
    assert told(ask(served, tag(f"{SUMMARY}.n"))) == [("headwater.k", "tagged", [("headwater.k.f", "column")])]
    whole = {"change": "tagEntity", "entity": PROFILE, "tag": SENSITIVE}
    assert told(ask(served, whole, type="mlmodel")) == told(ask(served, tag(f"{PROFILE}.size"), type="mlmodel"))
    refused = served.post("governance/impact", {"changes": [tag(f"{PROFILE}.size", "PII")]}, expect=400)
    assert "PII is not a tag but holds tags" in refused["message"]
    unknown = served.post("governance/impact", {"changes": [tag(f"{PROFILE}.size", "PII.Sensitve")]}, expect=404)
    assert "the nearest is PII.Sensitive" in unknown["message"]


def test_a_schema_to_be_stands_for_what_differs(served: Api) -> None:
    columns = [
        {"name": "Size", "dataType": "BIGINT", "tags": [SENSITIVE], "description": "plays no part"},
        {"name": "new", "dataType": "INT"},
    ]
    reply = ask(served, {"change": "schema", "entity": PROFILE, "columns": columns}, type="mlmodel")
    changes = [(row["entity"]["name"], one["change"]) for row in reply["data"] for one in row["because"]]
    size = f"{PROFILE}.size"
    retyped = {"change": "retype", "column": size, "dataType": "BIGINT"}
    tagged = {"change": "tag", "column": size, "tag": SENSITIVE}
    assert changes == [
        ("m", drop(f"{PROFILE}.household")),
        ("m", retyped),
        ("m", tagged),
        ("j", retyped),
        ("j", tagged),
    ]
    now = [{"name": "household", "dataType": "INT"}, {"name": "size"}]
    assert ask(served, {"change": "schema", "entity": PROFILE, "columns": now})["data"] == []
    wrong = {"change": "schema", "entity": "headwater.m", "entityType": "mlmodelService", "columns": []}
    served.post("governance/impact", {"changes": [wrong]}, expect=404)
    wrong = {"change": "schema", "entity": "headwater", "entityType": "mlmodelService", "columns": []}
    message = served.post("governance/impact", {"changes": [wrong]}, expect=400)["message"]
    assert message == "headwater is a mlmodelService, which has no single list of columns"


def test_two_versions_of_a_schema_stand_for_what_differs_between_them(served: Api) -> None:
    size, household = {"name": "size", "dataType": "INT"}, {"name": "household", "dataType": "INT"}
    change = {"change": "schema", "entity": PROFILE, "was": [size], "columns": [{**size, "dataType": "BIGINT"}]}
    reply = ask(served, change, type="mlmodel")
    told = [one["change"] for row in reply["data"] for one in row["because"]]
    retyped = {"change": "retype", "column": f"{PROFILE}.size", "dataType": "BIGINT"}
    assert told == [retyped, retyped], "household is in neither version, and nothing happens to it"
    dropped = ask(served, {**change, "was": [size, household], "columns": [size]}, type="mlmodel")["data"]
    assert [one["change"] for row in dropped for one in row["because"]] == [drop(f"{PROFILE}.household")]
    wrong = {**change, "was": [{"name": "sizes", "dataType": "INT"}]}
    assert "the nearest is size" in served.post("governance/impact", {"changes": [wrong]}, expect=404)["message"]


def test_a_past_moment_is_asked_about_as_it_was(served: Api) -> None:
    before = served.position()
    served.model("m", mlFeatures=[])
    served.put("tables", {"name": "profile", "databaseSchema": "db.shop.main", "columns": []})
    then = ask(served, drop(f"{PROFILE}.household"), type="mlmodel", asOf=f"@{before}")
    assert told(then) == [("headwater.m", "breaks", [("headwater.m.f", "column")])]


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        (
            drop(f"{PROFILE}.hosehold"),
            404,
            "has no column or feature called hosehold; the nearest is household",
        ),
        (drop("profile.size"), 404, f"no column or feature called profile.size; perhaps {PROFILE}"),
        (drop("db.shop.main.profil.size"), 404, f"called db.shop.main.profil.size; the nearest is {PROFILE}"),
        (drop("db.shop.mian.profile.size"), 404, f"perhaps {PROFILE}"),
        (drop('db."shop'), 400, "is not a fully qualified name"),
        (drop("size"), 404, "there is no column or feature called size"),
        ({"change": "delete", "entity": "db.shop.main.peple"}, 404, f"the nearest is {PEOPLE}"),
        ({"change": "delete", "entity": "x", "entityType": "tabel"}, 404, "Entity type tabel not found"),
        ({"change": "drop"}, 400, "column: Field required"),
        ({"change": "burn", "column": "x"}, 400, "'drop', 'rename', 'retype'"),
        ({"change": "retype", "column": f"{PROFILE}.size"}, 400, "dataType: Field required"),
    ],
)
def test_what_is_wrong_is_said(served: Api, change: Json, status: int, message: str) -> None:
    assert message in served.post("governance/impact", {"changes": [change]}, expect=status)["message"]


def test_everything_that_is_missing_is_named_at_once(served: Api) -> None:
    changes = [drop(f"{PROFILE}.a"), drop(f"{PROFILE}.size"), drop(f"{PEOPLE}.b")]
    message = served.post("governance/impact", {"changes": changes}, expect=404)["message"]
    assert "called a;" in message
    assert "called b;" in message
    served.post("governance/impact", {"changes": []}, expect=400)


def test_the_answer_is_picked_paged_and_says_when_it_is_cut(served: Api) -> None:
    gone = drop(f"{PEOPLE}.gender")
    assert [row[0] for row in told(ask(served, gone, owner="ada"))] == ["headwater.m"]
    first = ask(served, gone, limit="2")
    assert (len(first["data"]), first["paging"]) == (2, {"total": 3, "after": "2"})
    second = ask(served, gone, limit="2", after="2")
    assert (len(second["data"]), second["paging"]) == (1, {"total": 3})
    assert "more than 1 places" in ask(served, gone, maxNodes="1")["truncated"]
    assert "truncated" not in first


def test_a_cycle_comes_back_to_the_table_but_not_to_the_column(served: Api) -> None:
    edge(served, PROFILE, PEOPLE, ("household", "id"))
    reply = ask(served, drop(f"{PEOPLE}.gender"), type="table")
    assert (PEOPLE, "breaks", [(f"{PEOPLE}.id", "column")]) in told(reply)
    assert PEOPLE not in [row[0] for row in told(ask(served, {"change": "delete", "entity": PEOPLE}, type="table"))]


def test_deleted_entities_are_told_of_on_request(served: Api) -> None:
    served.delete(named("mlmodels", "headwater.m"))
    gone = drop(f"{PEOPLE}.gender")
    assert [row[0] for row in told(ask(served, gone, type="mlmodel"))] == ["headwater.k"]
    assert [row[0] for row in told(ask(served, gone, type="mlmodel", include="all"))] == ["headwater.k", "headwater.m"]
