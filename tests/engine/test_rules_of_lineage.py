# SPDX-License-Identifier: Apache-2.0
"""The rules of lineage that are dear to undo, each by its name."""

from itertools import pairwise
from typing import Any

from .wire import Api, column_pairs, feature, named, segment

MODEL = named("mlmodels", "headwater.m")
TABLE = named("tables", "db.shop.main.people")
PEOPLE = "db.shop.main.people"
EDGE = f"lineage/table/name/{PEOPLE}/mlmodel/name/headwater.m"


def upstream(api: Api, fqn: str = "headwater.m", **query: str) -> dict[str, set[tuple[str, str]]]:
    """Column pairs of the edges into a model, by the FQN of the entity that they come from."""
    graph = api.lineage("mlmodel", fqn, up=1, down=0, **query)
    names = {node["id"]: node["fullyQualifiedName"] for node in graph["nodes"]}
    return {names[edge["fromEntity"]]: column_pairs(edge["lineageDetails"]) for edge in graph["upstreamEdges"]}


def pair(column: str, feature_name: str, table: str = PEOPLE) -> tuple[str, str]:
    return f"{table}.{column}", f"headwater.m.{feature_name}"


def test_derived_edges_follow_the_document_on_every_write(api: Api) -> None:
    """POST, PUT, PATCH, bulk, delete and restore; feature sources give columns, a dashboard gives an edge onwards."""
    api.table(columns=["age", "sex"])
    api.table("other", columns=["x"])
    other = "db.shop.main.other"
    api.post("mlmodels", {"name": "m", "mlFeatures": [feature("f", "age")]})
    assert upstream(api) == {PEOPLE: {pair("age", "f")}}
    api.model(mlFeatures=[feature("f", "age"), feature("g", "sex", "age")])
    assert upstream(api) == {PEOPLE: {pair("age", "f"), pair("sex", "g"), pair("age", "g")}}
    api.patch(MODEL, {"op": "remove", "path": "/mlFeatures/0"})
    assert upstream(api) == {PEOPLE: {pair("sex", "g"), pair("age", "g")}}
    api.put("mlmodels/bulk", [{"name": "m", "mlFeatures": [feature("g", "x", table=other)]}])
    assert upstream(api) == {other: {pair("x", "g", other)}}
    position = api.position()
    identifier = api.delete(MODEL)["id"]
    assert [edge["toEntity"] for edge in api.lineage("table", other)["downstreamEdges"]] == [identifier]
    api.put("mlmodels/restore", {"id": identifier})
    assert upstream(api) == {other: {pair("x", "g", other)}}
    api.delete(MODEL, hardDelete="true")
    assert api.lineage("table", other)["downstreamEdges"] == []
    assert upstream(api, asOf=f"@{position}") == {other: {pair("x", "g", other)}}


def test_a_dashboard_is_downstream_of_its_model(api: Api) -> None:
    api.put("services/dashboardServices", {"name": "bi", "serviceType": "Superset"})
    for name in ("one", "two"):
        api.put("dashboards", {"name": name, "service": "bi"})

    def shown() -> list[str]:
        graph = api.lineage("mlmodel", "headwater.m", up=0)
        names = {node["id"]: node["fullyQualifiedName"] for node in graph["nodes"]}
        return [names[edge["toEntity"]] for edge in graph["downstreamEdges"]]

    api.model(dashboard="bi.one")
    assert shown() == ["bi.one"]
    api.model(dashboard="bi.two")
    assert shown() == ["bi.two"]
    api.delete(named("dashboards", "bi.two"), hardDelete="true")
    assert shown() == []
    assert api.get(MODEL).body.get("dashboard") is None
    api.model()
    assert api.get(MODEL)["version"] == 0.2


def test_sources_are_checked_only_where_they_are_new_or_changed(api: Api) -> None:
    api.table(columns=["age", "sex"])
    refused = api.put("mlmodels", {"name": "m", "mlFeatures": [feature("f", "agge")]}, expect=400)
    assert refused["message"] == f"{PEOPLE} has no column agge; the nearest is age"
    api.model(mlFeatures=[feature("f", "age"), feature("g", "sex")])
    api.table(columns=["sex"])
    unrelated = api.patch(MODEL, {"op": "add", "path": "/description", "value": "d"})
    assert unrelated["version"] == 0.2
    assert api.model(description="e", mlFeatures=[feature("f", "age"), feature("g", "sex")])["version"] == 0.3
    assert pair("age", "f") in upstream(api)[PEOPLE]
    api.put("mlmodels", {"name": "m", "mlFeatures": [feature("f", "age"), feature("h", "agge")]}, expect=400)


def test_a_table_whose_columns_are_unknown_is_table_level(api: Api) -> None:
    api.table(columns=[])
    api.model(mlFeatures=[feature("f", "anything")])
    assert list(upstream(api)) == [PEOPLE]
    api.table(columns=["Anything"])
    assert upstream(api) == {PEOPLE: {pair("Anything", "f")}}


def test_nested_and_dotted_columns_are_legal_sources(api: Api) -> None:
    city = {"name": "City", "dataType": "STRING"}
    address = {"name": "address", "dataType": "STRUCT", "children": [city]}
    api.table(columns=[address, {"name": "a.b", "dataType": "INT"}])
    model = api.model(mlFeatures=[feature("f", "address.city", "a.b", "ADDRESS")])
    sources = [source["fullyQualifiedName"] for source in model["mlFeatures"][0]["featureSources"]]
    assert sources == [f"{PEOPLE}.address.city", f'{PEOPLE}."a.b"', f"{PEOPLE}.ADDRESS"]
    assert upstream(api)[PEOPLE] == {pair("address.City", "f"), pair('"a.b"', "f"), pair("address", "f")}


def test_a_type_mismatch_is_a_warning(api: Api) -> None:
    api.table(columns=["age", {"name": "city", "dataType": "STRING"}])
    source = feature("f", "age", "city")
    source["featureSources"][0]["dataType"] = "integer"
    source["featureSources"][1]["dataType"] = "number"
    reply = api.put("mlmodels", {"name": "m", "mlFeatures": [source]})
    assert reply.headers["X-Headwater-Warning"] == (
        f'["{PEOPLE}.city is of type STRING, not number as the source says"]'
    )
    assert "X-Headwater-Warning" not in api.put("mlmodels", {"name": "m", "mlFeatures": [source]}).headers


def test_hard_deletion_of_a_source_keeps_its_reference_and_last_name(api: Api) -> None:
    table = api.table(columns=["age"])
    api.model(mlFeatures=[feature("f", "age")])
    api.delete(TABLE, hardDelete="true")
    source = api.get(MODEL)["mlFeatures"][0]["featureSources"][0]
    reference = source["dataSource"]
    assert (reference["id"], reference["deleted"]) == (table["id"], True)
    assert reference["fullyQualifiedName"] == PEOPLE
    graph = api.lineage("mlmodel", "headwater.m")
    assert [(node["fullyQualifiedName"], node["deleted"]) for node in graph["nodes"]] == [(PEOPLE, True)]
    assert api.model(description="d", mlFeatures=[feature("f", "age")])["version"] == 0.2
    api.table(columns=["age"])
    api.put("mlmodels", {"name": "m", "mlFeatures": [feature("f", "age"), feature("g", "age")]})
    sources = [one["featureSources"][0]["dataSource"] for one in api.get(MODEL)["mlFeatures"]]
    assert [one["deleted"] for one in sources] == [False, False]


def put_edge(api: Api, details: Any = None, expect: int = 200) -> Any:
    edge = {
        "fromEntity": {"type": "table", "fullyQualifiedName": PEOPLE},
        "toEntity": {"type": "mlmodel", "fullyQualifiedName": "headwater.m"},
    }
    return api.put("lineage", {"edge": edge | ({"lineageDetails": details} if details else {})}, expect=expect).body


def columns(**pairs: str) -> list[Any]:
    """Column lineage from columns of the table to features of the model."""
    return [
        {"fromColumns": [f"{PEOPLE}.{source}"], "toColumn": f"headwater.m.{target}"} for target, source in pairs.items()
    ]


def edge_of(api: Api, **query: str) -> Any:
    return api.get(f"lineage/getLineageEdge/table/name/{PEOPLE}/mlmodel/name/headwater.m", **query)["edge"]


def prepare(api: Api) -> None:
    api.table(columns=["a", "b", "c"])
    api.model(mlFeatures=[{"name": name} for name in ("f", "g", "h")])


def test_assertions_stand_side_by_side_one_per_asserter(api: Api) -> None:
    prepare(api)
    put_edge(api, {"source": "ViewLineage", "sqlQuery": "SELECT a", "columnsLineage": columns(f="a")})
    put_edge(api, {"columnsLineage": columns(g="b"), "description": "by hand"})
    put_edge(api.as_user("bob"), {"columnsLineage": columns(h="c")})
    details = edge_of(api)
    assert column_pairs(details) == {pair("a", "f"), pair("b", "g"), pair("c", "h")}
    assert (details["sqlQuery"], details["description"]) == ("SELECT a", "by hand")
    assert api.delete(f"lineage/mlmodel/{api.get(MODEL)['id']}/type/Manual").body == {"withdrawn": 2}
    assert column_pairs(edge_of(api)) == {pair("a", "f")}
    assert edge_of(api)["source"] == "ViewLineage"


def test_an_asserter_who_speaks_again_keeps_what_it_leaves_out(api: Api) -> None:
    """Column pairs drawn by a person unite, those of a machine are replaced, and both compare as sets."""
    prepare(api)
    put_edge(api, {"sqlQuery": "SELECT a", "columnsLineage": columns(f="a")})
    first = edge_of(api)
    put_edge(api.as_user("ada"), {"columnsLineage": columns(g="b")})
    assert column_pairs(edge_of(api)) == {pair("a", "f"), pair("b", "g")}
    assert edge_of(api)["sqlQuery"] == "SELECT a"
    assert (edge_of(api)["createdAt"], edge_of(api)["createdBy"]) == (first["createdAt"], "ada")
    machine = {"source": "QueryLineage", "columnsLineage": columns(f="c")}
    put_edge(api, machine)
    put_edge(api, {"source": "QueryLineage", "description": "again"})
    assert pair("c", "f") in column_pairs(edge_of(api))
    put_edge(api, machine | {"columnsLineage": columns(h="c")})
    assert column_pairs(edge_of(api)) == {pair("a", "f"), pair("b", "g"), pair("c", "h")}
    position = api.position()
    swapped = {"fromColumns": [f"{PEOPLE}.C"], "toColumn": "headwater.m.H"}
    put_edge(api, machine | {"columnsLineage": [swapped, swapped]})
    assert api.position() == position


def test_delete_withdraws_assertions_and_names_what_remains(api: Api) -> None:
    api.table(columns=["age", "sex"])
    api.model(mlFeatures=[feature("f", "age"), {"name": "g"}])
    put_edge(api, {"columnsLineage": columns(g="sex")})
    before = api.position()
    refused = api.delete(EDGE, expect=409)
    assert "headwater.m.f" in refused["message"]
    assert column_pairs(edge_of(api)) == {pair("age", "f")}
    assert column_pairs(edge_of(api, asOf=f"@{before}")) == {pair("age", "f"), pair("sex", "g")}
    api.model(mlFeatures=[feature("f"), {"name": "g"}])
    api.delete(EDGE, expect=404)
    put_edge(api)
    api.delete(EDGE)
    assert upstream(api) == {}


def test_a_put_without_details_on_a_derived_pair_says_nothing(api: Api) -> None:
    """That is what OpenMetadata's ``add_mlmodel_lineage`` sends. Derived edges carry no source."""
    api.table(columns=["age"])
    api.model(mlFeatures=[feature("f", "age")])
    position, before = api.position(), edge_of(api)
    put_edge(api)
    assert (api.position(), edge_of(api)) == (position, before)
    assert "source" not in before
    assert (before["createdBy"], column_pairs(before)) == ("ada", {pair("age", "f")})


def test_a_walk_goes_through_deleted_entities_and_cycles_and_says_when_it_was_cut(api: Api) -> None:
    tables = ["t0", "t1", "t2", "t3"]
    for name in tables:
        api.table(name, columns=["x"])

    def assert_edge(source: str, target: str) -> None:
        ends = [{"type": "table", "fullyQualifiedName": f"db.shop.main.{one}"} for one in (source, target)]
        api.put("lineage", {"edge": {"fromEntity": ends[0], "toEntity": ends[1]}})

    for source, target in (*pairwise(tables), ("t3", "t0"), ("t1", "t1")):
        assert_edge(source, target)
    api.delete(named("tables", "db.shop.main.t1"))
    graph = api.lineage("table", "db.shop.main.t0", up=0, down=3)
    names = {node["id"]: node for node in [graph["entity"], *graph["nodes"]]}
    edges = {(names[e["fromEntity"]]["name"], names[e["toEntity"]]["name"]) for e in graph["downstreamEdges"]}
    assert edges == {("t0", "t1"), ("t1", "t1"), ("t1", "t2"), ("t2", "t3")}
    assert [node["name"] for node in graph["nodes"] if node["deleted"]] == ["t1"]
    api.get("lineage/table/name/db.shop.main.t0", downstreamDepth="4", expect=400)
    wide = api.get("lineage/walk/table/name/db.shop.main.t0", downstreamDepth="50", upstreamDepth="0").body
    assert len(wide["downstreamEdges"]) == 5
    assert "truncated" not in wide
    cut = api.get("lineage/walk/table/name/db.shop.main.t0", downstreamDepth="50", maxNodes="2").body
    assert cut["truncated"] is True
    assert len(cut["nodes"]) == 1


def test_edges_can_be_patched_and_named(api: Api) -> None:
    prepare(api)
    path = f"lineage/table/name/{segment(PEOPLE)}/mlmodel/name/headwater.m"
    api.put(path, {"columnsLineage": columns(f="a")})
    patched = api.patch(path, {"op": "add", "path": "/sqlQuery", "value": "select 1"})
    assert (patched["sqlQuery"], column_pairs(patched.body)) == ("select 1", {pair("a", "f")})
    patched = api.patch(path, {"op": "remove", "path": "/columnsLineage/0"})
    assert column_pairs(patched.body) == set()
    assert edge_of(api)["sqlQuery"] == "select 1"
    unknown = api.put(path, {"columnsLineage": columns(f="zzz")}, expect=400)
    assert f"{PEOPLE} has no column {PEOPLE}.zzz" in unknown["message"]
    api.put("lineage/table/name/nope/mlmodel/name/headwater.m", {}, expect=404)
