# SPDX-License-Identifier: Apache-2.0
"""Edges of views, read from the SQL that defines them."""

from typing import Any

import pytest

from .wire import Api, Json, column_pairs, feature, named

SCHEMA = "db.shop.main"
PEOPLE, PROFILE = f"{SCHEMA}.people", f"{SCHEMA}.profile"


def view(api: Api, name: str, sql: str, columns: list[Any], kind: str | None = "View", **members: Json) -> Json:
    return api.table(name, columns, schemaDefinition=sql, **({"tableType": kind} if kind else {}), **members)


def pairs(api: Api, name: str = "profile", **query: str) -> set[str]:
    """The column pairs of everything that flows into a view: ``people.a > x``."""
    found = api.lineage("table", f"{SCHEMA}.{name}", up=1, down=0, **query)
    told = {pair for edge in found["upstreamEdges"] for pair in column_pairs(edge["lineageDetails"])}
    return {f"{up.removeprefix(SCHEMA + '.')} > {down.removeprefix(f'{SCHEMA}.{name}.')}" for up, down in told}


def upstream(api: Api, name: str = "profile", **query: str) -> set[str]:
    found = api.lineage("table", f"{SCHEMA}.{name}", up=1, down=0, **query)
    return {node["fullyQualifiedName"].removeprefix(SCHEMA + ".") for node in found["nodes"]}


def unread(api: Api, **query: str) -> dict[str, list[str]]:
    rows = api.get("governance/unread", **query)["data"]
    return {
        row["entity"]["name"]: [f"{one['line']}:{one['column']} {one['reason']}" for one in row["problems"]]
        for row in rows
    }


def test_the_columns_of_a_view_come_from_its_sql(api: Api) -> None:
    api.table("people", ["id", "gender", "Age"])
    view(
        api,
        "profile",
        "CREATE VIEW profile AS SELECT id, CASE gender WHEN 1 THEN 'a' END AS home, age * 2 AS double FROM main.people",
        ["id", "home", "double"],
    )
    assert pairs(api) == {"people.id > id", "people.gender > home", "people.Age > double"}
    (edge,) = api.lineage("table", PROFILE, up=1, down=0)["upstreamEdges"]
    assert edge["lineageDetails"]["source"] == "ViewLineage"
    assert all(set(one) == {"fromColumns", "toColumn"} for one in edge["lineageDetails"]["columnsLineage"])
    assert unread(api) == {}


def test_reach_shows_who_says_so_and_what_becomes_of_the_value(api: Api) -> None:
    api.table("people", ["id", "gender"])
    view(api, "profile", "SELECT md5(gender) AS g, id FROM people", ["g", "id"])
    api.model("m", mlFeatures=[feature("f", "g", table=PROFILE)])
    api.model("n", mlFeatures=[feature("f", "id", table=PROFILE)])
    (row,) = api.get("governance/reach", column=f"{PEOPLE}.gender")["data"]
    (evidence,) = row["paths"][0][0]["evidence"]
    assert (evidence["assertedBy"], evidence["transformation"]) == ("ViewLineage", "HASHING")
    assert evidence["by"]["fullyQualifiedName"] == PROFILE
    assert evidence["user"] == "ada"
    assert "member" not in evidence
    assert api.get("governance/reach", column=f"{PEOPLE}.gender", stop="HASHING")["data"] == []
    assert len(api.get("governance/reach", column=f"{PEOPLE}.id", stop="HASHING")["data"]) == 1


def test_edges_follow_the_definition_and_the_past_keeps_them(api: Api) -> None:
    api.table("people", ["id", "gender"])
    view(api, "profile", "SELECT id AS x FROM people", ["x"])
    before = api.position()
    api.patch(
        named("tables", PROFILE), {"op": "replace", "path": "/schemaDefinition", "value": "SELECT gender x FROM people"}
    )
    assert pairs(api) == {"people.gender > x"}
    assert pairs(api, asOf=f"@{before}") == {"people.id > x"}
    api.patch(named("tables", PROFILE), {"op": "remove", "path": "/schemaDefinition"})
    assert (pairs(api), upstream(api)) == (set(), set())
    assert pairs(api, asOf=f"@{before + 1}") == {"people.gender > x"}


def test_edges_follow_the_columns_upstream(api: Api) -> None:
    api.table("people", ["id", "gender"])
    view(api, "profile", "SELECT * FROM people", ["id", "gender", "age"])
    assert pairs(api) == {"people.id > id", "people.gender > gender"}
    first = api.position()
    api.table("people", ["id", "sex"])
    assert pairs(api) == {"people.id > id"}
    assert unread(api) == {"profile": ["1:1 sex is not a column of db.shop.main.profile"]}
    api.table("people", ["id", "sex", "age"])
    assert pairs(api) == {"people.id > id", "people.sex > gender", "people.age > age"}
    assert unread(api, asOf=f"@{first}") == {}
    view(api, "profile", "SELECT * FROM people", ["id", "sex", "age"])
    assert pairs(api) == {"people.id > id", "people.sex > sex", "people.age > age"}
    assert unread(api) == {}
    assert pairs(api, asOf=f"@{first}") == {"people.id > id", "people.gender > gender"}


def test_a_column_that_goes_away_upstream_is_reported_until_it_is_back(api: Api) -> None:
    api.table("people", ["id", "gender"])
    view(api, "profile", "SELECT p.id,\n  p.gender AS g FROM people p", ["id", "g"])
    api.table("people", ["id"])
    assert pairs(api) == {"people.id > id"}
    (problem,) = unread(api)["profile"]
    assert problem.startswith("2:3 ")
    assert "gender" in problem
    broken = api.position()
    api.table("people", ["id", "Gender"])
    assert pairs(api) == {"people.id > id", "people.Gender > g"}
    assert unread(api) == {}
    assert list(unread(api, asOf=f"@{broken}")) == ["profile"]


def test_what_is_deleted_softly_still_flows_and_what_is_gone_is_reported(api: Api) -> None:
    api.table("people", ["id"])
    view(api, "profile", "SELECT id FROM people", ["id"])
    api.delete(named("tables", PEOPLE))
    assert (pairs(api), unread(api)) == ({"people.id > id"}, {})
    api.put("tables/restore", {"id": api.get(named("tables", PEOPLE), include="all")["id"]})
    assert (pairs(api), unread(api)) == ({"people.id > id"}, {})
    before = api.position()
    api.delete(named("tables", PEOPLE), hardDelete="true")
    assert (pairs(api), upstream(api)) == (set(), set())
    assert unread(api) == {"profile": ["1:1 shop.main.people is not in the catalogue"]}
    assert pairs(api, asOf=f"@{before}") == {"people.id > id"}
    api.table("people", ["id", "name"])
    assert (pairs(api), unread(api)) == ({"people.id > id"}, {})


def test_a_view_may_come_before_what_it_reads(api: Api) -> None:
    view(api, "profile", "SELECT a.id, b.x FROM people a JOIN other.things b ON a.id = b.id", ["id", "x"])
    assert unread(api)["profile"] == [
        "1:1 shop.main.people is not in the catalogue",
        "1:1 shop.other.things is not in the catalogue",
    ]
    api.table("people", ["id"])
    assert unread(api)["profile"] == ["1:1 shop.other.things is not in the catalogue"]
    api.put("databaseSchemas", {"name": "other", "database": "db.shop"})
    things = [{"name": name, "dataType": "INT"} for name in ("id", "x")]
    api.put("tables", {"name": "Things", "databaseSchema": "db.shop.other", "columns": things})
    assert unread(api) == {}
    assert pairs(api) == {"people.id > id", "db.shop.other.Things.x > x"}


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT id AS a FROM people", "people.id > a"),
        ("SELECT id AS a FROM main.people", "people.id > a"),
        ('SELECT "id" AS a FROM "shop"."main"."people"', "people.id > a"),
        ("SELECT ID AS A FROM MAIN.People", "people.id > a"),
        ("WITH c AS (SELECT id AS k FROM people) SELECT k AS a FROM c", "people.id > a"),
        ("SELECT id AS a FROM people UNION ALL SELECT other FROM base", "people.id > a|base.other > a"),
        ("CREATE VIEW profile (a) AS SELECT id FROM people", "people.id > a"),
        ("CREATE VIEW profile AS SELECT id FROM people", "people.id > a"),
        ("SELECT max(id) FROM people", "people.id > a"),
        ("SELECT other AS a FROM base", "base.other > a"),
        ("CREATE TABLE profile (a int)", ""),
        ("SELECT 1 AS a", ""),
        ("SELECT s.v.x AS a FROM nested s", "nested.v.x > a"),
        ("SELECT s.v.q AS a FROM nested s", "nested.v > a"),
    ],
)
def test_names_mean_what_the_catalogue_has(api: Api, sql: str, found: str) -> None:
    api.table("people", ["id", "gender"])
    view(api, "base", "SELECT id AS other FROM people", ["other"])
    children = [{"name": "x", "dataType": "INT"}]
    api.table("nested", [{"name": "v", "dataType": "STRUCT", "children": children}])
    view(api, "profile", sql, ["a"])
    assert unread(api) == {}
    assert pairs(api) == set(filter(None, found.split("|")))


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELEC id FROM people", "1:10 cannot be parsed"),
        ("SELECT nope FROM people", "1:8 "),
        ("SELECT id FROM people, base", "1:8 "),
        ("SELECT id FROM nobody.people", "1:1 shop.nobody.people is not in the catalogue"),
        ("SELECT * FROM bare", "1:"),
        ("INSERT INTO profile SELECT id FROM people", "1:1 INSERT defines no view"),
        ("SELECT id AS a, gender AS b FROM people", "1:1 b is not a column of db.shop.main.profile"),
    ],
)
def test_what_is_not_understood_is_reported(api: Api, sql: str, reason: str) -> None:
    api.table("people", ["id", "gender"])
    api.table("bare", [])
    view(api, "base", "SELECT id FROM people", ["id"])
    view(api, "profile", sql, ["a"])
    ((name, problems),) = unread(api).items()
    assert name == "profile"
    assert any(problem.startswith(reason) for problem in problems), problems


def test_only_what_is_defined_by_a_query_is_read(api: Api) -> None:
    api.table("people", ["id"])
    for kind in ("Regular", "External", "Stream"):
        view(api, "profile", "SELECT id FROM people; nonsense", ["id"], kind)
        assert (pairs(api), unread(api)) == (set(), {})
    for kind in ("MaterializedView", "SecureView", "Dynamic"):
        view(api, "profile", "SELECT id FROM people", ["id"], kind)
        assert pairs(api) == {"people.id > id"}
    view(api, "untold", "SELECT id FROM people", ["id"], None)
    assert pairs(api, "untold") == {"people.id > id"}


def test_the_system_says_which_sql_it_speaks(api: Api) -> None:
    api.put("services/databaseServices", {"name": "snow", "serviceType": "Snowflake"})
    api.put("databases", {"name": "DB", "service": "snow"})
    api.put("databaseSchemas", {"name": "S", "database": "snow.DB"})
    columns = [{"name": "ID", "dataType": "INT"}]
    for name in ("PEOPLE", "people"):
        api.put("tables", {"name": name, "databaseSchema": "snow.DB.S", "columns": columns})
    sql = "create view v as select id from people"
    body = {"name": "V", "databaseSchema": "snow.DB.S", "tableType": "View", "columns": columns}
    api.put("tables", {**body, "schemaDefinition": sql})
    nodes = api.lineage("table", "snow.DB.S.V")["nodes"]
    assert [node["fullyQualifiedName"] for node in nodes] == ["snow.DB.S.PEOPLE"]
    api.put("tables", {**body, "schemaDefinition": sql.replace("people", '"people"')})
    nodes = api.lineage("table", "snow.DB.S.V")["nodes"]
    assert [node["fullyQualifiedName"] for node in nodes] == ["snow.DB.S.people"]


def test_a_renamed_service_changes_nothing(api: Api) -> None:
    api.table("people", ["id"])
    view(api, "profile", "SELECT id FROM people", ["id"])
    api.patch(named("services/databaseServices", "db"), {"op": "replace", "path": "/name", "value": "wh"})
    found = api.lineage("table", "wh.shop.main.profile")["upstreamEdges"]
    assert column_pairs(found[0]["lineageDetails"]) == {("wh.shop.main.people.id", "wh.shop.main.profile.id")}
    columns = [{"name": name, "dataType": "INT"} for name in ("x",)]
    api.put("tables", {"name": "people", "databaseSchema": "wh.shop.main", "columns": columns})
    assert list(unread(api)) == ["profile"]


def test_an_edge_that_was_read_stays_and_others_may_speak_of_it(api: Api) -> None:
    people = api.table("people", ["id", "gender"])
    profile = view(api, "profile", "SELECT id FROM people", ["id"])
    path = f"lineage/table/{people['id']}/table/{profile['id']}"
    refused = api.delete(path, expect=409)
    assert "the definition of db.shop.main.profile" in refused["message"]
    api.patch(path, {"op": "add", "path": "/description", "value": "told"})
    details = api.get(f"lineage/getLineageEdge/{people['id']}/{profile['id']}")["edge"]
    assert (details["description"], details["source"]) == ("told", "Manual")
    assert pairs(api) == {"people.id > id"}
    api.delete(path, expect=409)
    details = api.get(f"lineage/getLineageEdge/{people['id']}/{profile['id']}")["edge"]
    assert (details.get("description"), details["source"]) == (None, "ViewLineage")


def test_what_may_be_missing_is_told_with_the_answer(api: Api) -> None:
    api.table("people", ["id", "gender"])
    view(api, "profile", "SELECT id, nope FROM people", ["id", "nope"])
    view(api, "aside", "SELEC", ["id"])
    api.model("m", mlFeatures=[feature("f", "id", table=PROFILE)], tags=["Tier.Tier1"])
    for reply in (
        api.get("governance/reach", column=f"{PEOPLE}.gender"),
        api.get("governance/reach", column=f"{PEOPLE}.gender", tier="Tier.Tier1"),
        api.get("governance/tags/mlmodel/name/headwater.m"),
        api.post("governance/impact", {"changes": [{"change": "drop", "column": f"{PEOPLE}.gender"}]}),
    ):
        ((entity, problems),) = [(one["entity"], one["problems"]) for one in reply["unread"]]
        assert entity["fullyQualifiedName"] == PROFILE
        assert problems[0]["line"] == 1
        assert "nope" in problems[0]["reason"]
    assert "unread" not in api.get("governance/reach", column=f"{PEOPLE}.gender", tier="Tier.Tier2").body
    assert set(unread(api)) == {"profile", "aside"}
