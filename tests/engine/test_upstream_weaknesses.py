# SPDX-License-Identifier: Apache-2.0
"""Weaknesses that were seen in OpenMetadata's own server, by their numbers in our notes, and are absent here."""

from .events import read, run, table, written
from .wire import Api, column_pairs, feature, named

MODEL = named("mlmodels", "headwater.m")
PEOPLE = "db.shop.main.people"


def sources_of(api: Api) -> set[tuple[str, str]]:
    """All column pairs into the model."""
    edges = api.lineage("mlmodel", "headwater.m", up=1, down=0)["upstreamEdges"]
    return {pair for edge in edges for pair in column_pairs(edge["lineageDetails"])}


def test_1_edges_of_sources_follow_every_later_change(api: Api) -> None:
    """Upstream makes them when the model is created, and never again."""
    api.table(columns=["age", "sex"])
    api.model(mlFeatures=[{"name": "f"}])
    assert sources_of(api) == set()
    api.model(mlFeatures=[feature("f", "age")])
    assert sources_of(api) == {(f"{PEOPLE}.age", "headwater.m.f")}
    api.patch(MODEL, {"op": "replace", "path": "/mlFeatures/0/featureSources/0/name", "value": "sex"})
    assert sources_of(api) == {(f"{PEOPLE}.sex", "headwater.m.f")}
    api.model(mlFeatures=[])
    assert sources_of(api) == set()
    assert api.lineage("table", PEOPLE)["downstreamEdges"] == []


def test_2_edges_of_sources_have_details_and_are_found(api: Api) -> None:
    """Upstream stores them without any: no time, no author, 404 when asked for."""
    table = api.table(columns=["age"])
    model = api.model(mlFeatures=[feature("f", "age")])
    edge = api.get(f"lineage/getLineageEdge/{table['id']}/{model['id']}")["edge"]
    assert edge["createdBy"] == "ada"
    assert edge["createdAt"] == model["updatedAt"]
    assert [one["toEntity"] for one in api.lineage("table", PEOPLE)["downstreamEdges"]] == [model["id"]]


def test_3_columns_flow_into_features(api: Api) -> None:
    """Upstream derives edges between entities only, although the columns are known."""
    api.table(columns=["Age", "sex"])
    api.model(mlFeatures=[feature("f", "age", "sex"), feature("g.h", "AGE")])
    assert sources_of(api) == {
        (f"{PEOPLE}.Age", "headwater.m.f"),
        (f"{PEOPLE}.sex", "headwater.m.f"),
        (f"{PEOPLE}.Age", 'headwater.m."g.h"'),
    }


def test_4_the_name_of_a_source_is_ours_and_stays_true(api: Api) -> None:
    """Upstream believes the FQN that the client sends (``null.age`` without one) and never refreshes it."""
    table = api.table(columns=["age"])

    def source() -> str:
        return str(api.get(MODEL)["mlFeatures"][0]["featureSources"][0]["fullyQualifiedName"])

    for reference in (
        {"id": table["id"], "type": "table"},
        {"id": table["id"], "type": "table", "fullyQualifiedName": "a.lie"},
        {"type": "table", "fullyQualifiedName": PEOPLE},
    ):
        api.model(mlFeatures=[{"name": "f", "featureSources": [{"name": "age", "dataSource": reference}]}])
        assert source() == f"{PEOPLE}.age"
    api.patch(named("services/databaseServices", "db"), {"op": "replace", "path": "/name", "value": "lake"})
    assert source() == "lake.shop.main.people.age"


def test_5_sources_must_exist_and_never_dangle(api: Api) -> None:
    """Upstream accepts any entity and any column, and keeps pointing to tables that are gone as if they were there."""
    api.table(columns=["age"])
    user = api.get(named("users", "admin")).body
    for reference, status in (
        ({"id": user["id"], "type": "user"}, 400),
        ({"id": user["id"], "type": "table"}, 400),
        ({"id": "00000000-0000-0000-0000-000000000000", "type": "table"}, 404),
        ({"type": "table", "fullyQualifiedName": "db.shop.main.nope"}, 404),
    ):
        body = {
            "name": "m",
            "mlFeatures": [{"name": "f", "featureSources": [{"name": "age", "dataSource": reference}]}],
        }
        api.put("mlmodels", body, expect=status)
    api.put("mlmodels", {"name": "m", "mlFeatures": [feature("f", "height")]}, expect=400)
    api.model(mlFeatures=[feature("f", "age")])
    api.delete(named("tables", PEOPLE), hardDelete="true")
    assert api.get(MODEL)["mlFeatures"][0]["featureSources"][0]["dataSource"]["deleted"] is True


def test_6_lineage_has_a_history_and_a_put_takes_nothing_away(api: Api) -> None:
    """Upstream keeps no past of an edge: a PUT resets who made it and when, and wipes its columns and its pipeline."""
    ends = [api.table("raw", ["a", "b"]), api.table("clean", ["a", "b"])]
    api.put("services/pipelineServices", {"name": "flow", "serviceType": "Airflow"})
    pipeline = api.put("pipelines", {"name": "etl", "service": "flow"})
    edge = {end: {"id": one["id"], "type": "table"} for end, one in zip(("fromEntity", "toEntity"), ends, strict=True)}
    path = f"lineage/getLineageEdge/{ends[0]['id']}/{ends[1]['id']}"

    def put(caller: Api, **details: object) -> None:
        caller.put("lineage", {"edge": {**edge, "lineageDetails": {"source": "QueryLineage", **details}}})

    flows = [{"fromColumns": ["db.shop.main.raw.a"], "toColumn": "db.shop.main.clean.a"}]
    put(api, columnsLineage=flows, pipeline={"id": pipeline["id"], "type": "pipeline"})
    first, moment = api.get(path)["edge"], api.position()
    put(api.as_user("grace"), sqlQuery="select a from raw")
    second = api.get(path)["edge"]
    assert (second["createdAt"], second["createdBy"]) == (first["createdAt"], "ada")
    assert second["updatedBy"] == "grace"
    assert column_pairs(second) == column_pairs(first) != set()
    assert second["pipeline"]["id"] == pipeline["id"]
    moved = [{"fromColumns": ["db.shop.main.raw.b"], "toColumn": "db.shop.main.clean.b"}]
    put(api, columnsLineage=moved)
    assert column_pairs(api.get(path)["edge"]) == {("db.shop.main.raw.b", "db.shop.main.clean.b")}, "stale pairs go"
    assert api.get(path, asOf=f"@{moment}")["edge"] == first
    api.delete(f"lineage/table/{ends[1]['id']}/type/QueryLineage")
    api.get(path, expect=404)
    assert api.get(path, asOf=f"@{moment}")["edge"] == first


def test_7_unknown_columns_are_refused_by_name(api: Api) -> None:
    """Upstream drops them with a line in its log; an OpenLineage event keeps what else it says."""
    ends = {"fromEntity": api.table("raw", ["a"]), "toEntity": api.table("clean", ["a"])}
    edge = {end: {"id": one["id"], "type": "table"} for end, one in ends.items()}
    raw, clean = "db.shop.main.raw", "db.shop.main.clean"
    flows = [{"fromColumns": [f"{raw}.a", f"{raw}.nope", PEOPLE], "toColumn": f"{clean}.lost"}]
    body = {"edge": {**edge, "lineageDetails": {"columnsLineage": flows}}}
    message = api.put("lineage", body, expect=400)["message"]
    for refused in (f"{raw} has no column {raw}.nope", f"{PEOPLE} is not a column of {raw}", f"{clean}.lost"):
        assert refused in message
    assert api.lineage("table", raw)["downstreamEdges"] == []
    mapped = {"a": [("raw", "a"), ("raw", "nope")], "lost": [("raw", "a")]}
    told = api.post("lineage", run([read("raw", "a")], [written("clean", "a", flows=mapped)]))["message"]
    assert f"{table('raw')} has no column nope" in told
    assert f"{table('clean')} has no column lost" in told
    (kept,) = api.lineage("table", table("raw"))["downstreamEdges"]
    assert column_pairs(kept["lineageDetails"]) == {(table("raw.a"), table("clean.a"))}


def test_8_lists_show_the_dashboard(api: Api) -> None:
    """Upstream loses it: the list asks for another relation than the one that is stored."""
    api.put("services/dashboardServices", {"name": "bi", "serviceType": "Superset"})
    api.put("dashboards", {"name": "one", "service": "bi"})
    api.model(dashboard="bi.one")
    for query in ({}, {"fields": "dashboard"}, {"fields": "*"}):
        (listed,) = api.get("mlmodels", **query)["data"]
        assert listed["dashboard"]["fullyQualifiedName"] == "bi.one"


def test_9_a_changed_dashboard_leaves_no_old_relation(api: Api) -> None:
    """Upstream deletes in the wrong direction, and two relations remain."""
    api.put("services/dashboardServices", {"name": "bi", "serviceType": "Superset"})
    for name in ("one", "two"):
        api.put("dashboards", {"name": name, "service": "bi"})
    api.model(dashboard="bi.one")
    api.model(dashboard="bi.two")
    assert api.get(MODEL)["dashboard"]["fullyQualifiedName"] == "bi.two"
    assert api.lineage("dashboard", "bi.one")["upstreamEdges"] == []
    assert len(api.lineage("dashboard", "bi.two")["upstreamEdges"]) == 1
    api.patch(MODEL, {"op": "remove", "path": "/dashboard"})
    assert api.get(MODEL).body.get("dashboard") is None
    assert api.lineage("dashboard", "bi.two")["upstreamEdges"] == []
