# SPDX-License-Identifier: Apache-2.0
"""SQL that somebody hands in: edges that it means, and what a migration would break."""

from typing import Any

import pytest

from .test_views import PEOPLE, PROFILE, SCHEMA, pairs, view
from .wire import Api, Json, feature

# a script, or a query with its target ---------------------------------------------------------------------------------


@pytest.fixture
def tables(api: Api) -> Api:
    api.table("people", ["id", "gender", "age"])
    api.table("profile", ["id", "home"])
    api.table("summary", ["n"])
    return api


def hand_in(api: Api, sql: str, within: str = SCHEMA, **more: Json) -> Json:
    return api.put("lineage/sql", {"sql": sql, "within": within, **more}).body


def asserted(reply: Json) -> dict[str, set[str]]:
    return {
        f"{edge['fromEntity'].removeprefix(SCHEMA + '.')} > {edge['toEntity'].removeprefix(SCHEMA + '.')}": {
            f"{source.rpartition('.')[2]} > {pair['toColumn'].rpartition('.')[2]} {pair['transformation']}"
            for pair in edge["columnsLineage"]
            for source in pair["fromColumns"]
        }
        for edge in reply["asserted"]
    }


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (
            "INSERT INTO profile (id, home) SELECT id, CASE gender WHEN 1 THEN age END FROM people WHERE age > 1",
            {"people > profile": {"id > id IDENTITY", "gender > home CONDITIONAL", "age > home TRANSFORMATION"}},
        ),
        ("INSERT INTO summary SELECT count(id) FROM people", {"people > summary": {"id > n MASKING"}}),
        ("CREATE TABLE summary AS SELECT sum(age) AS n FROM people", {"people > summary": {"age > n AGGREGATION"}}),
        (
            "MERGE INTO profile p USING people q ON p.id = q.id WHEN MATCHED THEN UPDATE SET home = md5(q.gender)",
            {"people > profile": {"gender > home HASHING"}},
        ),
        (
            "UPDATE profile SET home = q.age FROM people q WHERE q.id = profile.id",
            {"people > profile": {"age > home IDENTITY"}},
        ),
        (
            "CREATE TEMP TABLE t AS SELECT id AS k FROM people; INSERT INTO summary SELECT k + 1 FROM t; DROP TABLE t",
            {"people > summary": {"id > n TRANSFORMATION"}},
        ),
        (
            "INSERT INTO summary SELECT md5(age) FROM people; INSERT INTO summary SELECT age FROM people",
            {"people > summary": {"age > n IDENTITY"}},
        ),
        ("DELETE FROM profile WHERE id IN (SELECT id FROM people)", {}),
    ],
)
def test_a_script_means_edges(tables: Api, sql: str, found: dict[str, set[str]]) -> None:
    reply = hand_in(tables, sql)
    assert reply["problems"] == []
    assert asserted(reply) == found


def test_a_query_needs_a_target(tables: Api) -> None:
    reply = hand_in(tables, "SELECT id, gender AS home FROM people")
    assert (reply["asserted"], [one["reason"] for one in reply["problems"]]) == (
        [],
        ["a query by itself writes nothing; name the table that takes its result"],
    )
    reply = hand_in(tables, "SELECT id, gender AS home FROM people", target=PROFILE)
    assert asserted(reply) == {"people > profile": {"id > id IDENTITY", "gender > home IDENTITY"}}
    assert pairs(tables) == {"people.id > id", "people.gender > home"}


def test_edges_carry_their_evidence_and_never_show_it_on_openmetadatas_wire(tables: Api) -> None:
    tables.put("services/pipelineServices", {"name": "af", "serviceType": "Airflow"})
    pipeline = tables.put("pipelines", {"name": "nightly", "service": "af"}).body
    reference = {"type": "pipeline", "id": pipeline["id"]}
    tables.model("m", mlFeatures=[feature("f", "home", table=PROFILE)])
    hand_in(tables, "INSERT INTO profile SELECT id, md5(gender) FROM people", pipeline=reference)
    (edge,) = tables.lineage("table", PROFILE, up=1, down=0)["upstreamEdges"]
    details = edge["lineageDetails"]
    assert (details["source"], details["pipeline"]["name"]) == ("QueryLineage", "nightly")
    assert details["sqlQuery"] == "INSERT INTO profile SELECT id, md5(gender) FROM people"
    assert all(set(one) == {"fromColumns", "toColumn"} for one in details["columnsLineage"])
    (row,) = tables.get("governance/reach", column=f"{PEOPLE}.gender")["data"]
    (evidence,) = row["paths"][0][0]["evidence"]
    assert (evidence["assertedBy"], evidence["transformation"]) == ("QueryLineage", "HASHING")


def test_the_same_script_again_replaces_what_it_said(tables: Api) -> None:
    hand_in(tables, "INSERT INTO profile SELECT id, gender FROM people")
    before = tables.position()
    hand_in(tables, "INSERT INTO profile SELECT id, gender FROM people")
    assert tables.position() == before
    hand_in(tables, "INSERT INTO profile SELECT id, age FROM people")
    assert pairs(tables) == {"people.id > id", "people.age > home"}
    assert pairs(tables, asOf=f"@{before}") == {"people.id > id", "people.gender > home"}


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("INSERT INTO nowhere SELECT id FROM people", "1:1 shop.main.nowhere is not in the catalogue"),
        ("INSERT INTO summary SELECT id FROM strangers", "1:1 shop.main.strangers is not in the catalogue"),
        ("INSERT INTO summary\nSELECT nope FROM people", "2:8 "),
        ("INSERT INTO summary SELECT id FROM gone", "1:1 db.shop.main.gone is deleted"),
        ("INSERT INTO summary (m) SELECT id FROM people", "1:1 m is not a column of db.shop.main.summary"),
        ("COPY summary FROM 'file.csv'", "1:6 COPY is not understood"),
    ],
)
def test_what_is_not_understood_is_told_and_the_rest_is_kept(tables: Api, sql: str, place: str) -> None:
    gone = tables.table("gone", ["id"])
    tables.delete(f"tables/{gone['id']}")
    reply = hand_in(tables, f"{sql};\nINSERT INTO profile (id) SELECT id FROM people")
    told = [f"{one['line']}:{one['column']} {one['reason']}" for one in reply["problems"]]
    assert any(one.startswith(place) for one in told), told
    assert pairs(tables) == {"people.id > id"}


def test_a_request_that_makes_no_sense_is_refused_by_name(tables: Api) -> None:
    for body, status, words in (
        ({"sql": "SELECT 1", "within": "nope"}, 404, "called nope"),
        ({"sql": "SELECT 1", "within": "db.nope"}, 404, "called db.nope"),
        ({"sql": "SELECT 1", "within": "db.shop.main.people"}, 404, "called db.shop.main.people"),
        ({"sql": "SELECT 1", "within": SCHEMA, "dialect": "klingon"}, 400, "no SQL dialect 'klingon'"),
        ({"sql": "SELECT 1", "within": SCHEMA, "target": "db.shop.main.nope"}, 404, "no table db.shop.main.nope"),
        ({"sql": "", "within": SCHEMA}, 400, "sql"),
        ({"within": SCHEMA}, 400, "sql"),
    ):
        assert words in tables.put("lineage/sql", body, expect=status)["message"]


def test_names_can_be_given_in_full_where_nothing_says_where_they_are(tables: Api) -> None:
    reply = hand_in(tables, "INSERT INTO shop.main.summary SELECT id FROM people", within="db")
    assert [one["reason"] for one in reply["problems"]] == ["people is not named in full, and nothing says where it is"]
    reply = hand_in(tables, "INSERT INTO shop.main.summary SELECT id FROM shop.main.people", within="db")
    assert asserted(reply) == {"people > summary": {"id > n IDENTITY"}}


# a migration ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def estate(api: Api) -> Api:
    api.table("people", ["id", "gender", "age"])
    view(api, "profile", "SELECT id, gender AS home FROM people", ["id", "home"])
    api.model("g", mlFeatures=[feature("f", "home", table=PROFILE)])
    api.model("a", mlFeatures=[feature("f", "age")])
    return api


def migrate(api: Api, sql: str, dialect: str = "postgres", **more: Any) -> Json:
    change = {"change": "sql", "sql": sql, "within": SCHEMA, "dialect": dialect}
    return api.post("governance/impact", {"changes": [change]}, **more).body


def effects(reply: Json) -> set[str]:
    return {
        f"{row['entity']['name']} {row['effect']} {one['change']['change']}"
        for row in reply["data"]
        for one in row["because"]
    }


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("ALTER TABLE people DROP COLUMN gender", {"g breaks drop"}),
        ("ALTER TABLE people RENAME COLUMN age TO years", {"a breaks rename"}),
        ("ALTER TABLE people ALTER COLUMN age TYPE text", {"a changes retype"}),
        ("ALTER TABLE people ALTER COLUMN age TYPE int", set()),
        ("ALTER TABLE people ADD COLUMN city text", set()),
        ("DROP TABLE people", {"a breaks delete", "g breaks delete"}),
        ("DROP VIEW profile", {"g breaks delete"}),
        ("ALTER TABLE people RENAME TO persons", {"a breaks renameEntity", "g breaks renameEntity"}),
        ("DROP SCHEMA main CASCADE", {"a breaks delete", "g breaks delete"}),
        ("CREATE OR REPLACE VIEW profile AS SELECT id FROM people", {"g breaks drop"}),
        ("CREATE OR REPLACE VIEW profile AS SELECT id, age AS home FROM people", set()),
        ("CREATE TABLE new (id int); INSERT INTO new SELECT id FROM people", set()),
        # What is the same afterwards breaks nothing.
        ("ALTER TABLE people RENAME COLUMN age TO x; ALTER TABLE people RENAME COLUMN x TO age", set()),
        ("DROP TABLE people; CREATE TABLE people (id int, gender int, age int)", set()),
        ("DROP TABLE people; CREATE TABLE people (id int, gender int)", {"a breaks drop"}),
        (
            "CREATE TABLE new (id int, age int); ALTER TABLE people RENAME TO old; ALTER TABLE new RENAME TO people",
            {"g breaks drop"},
        ),
        ("ALTER TABLE People DROP COLUMN GENDER", {"g breaks drop"}),
    ],
)
def test_a_migration_breaks_what_is_gone_after_it(estate: Api, sql: str, found: set[str]) -> None:
    before = estate.position()
    reply = migrate(estate, sql)
    assert "unclear" not in reply
    assert effects(reply) == found
    assert estate.position() == before


def test_other_systems_say_it_in_their_words(estate: Api) -> None:
    assert effects(migrate(estate, "RENAME TABLE people TO persons", "mysql")) == {
        "a breaks renameEntity",
        "g breaks renameEntity",
    }
    assert effects(migrate(estate, "EXEC sp_rename 'people.age', 'years', 'COLUMN'", "tsql")) == {"a breaks rename"}


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("ALTER TABLE people EXPLODE", "1:"),
        ("ALTER TABLE strangers DROP COLUMN x", "1:1 shop.main.strangers is not in the catalogue"),
        ("ALTER TABLE people DROP COLUMN nope", "1:1 shop.main.people has no column nope"),
        ("CREATE OR REPLACE VIEW profile AS SELECT * FROM strangers", "1:1 which columns shop.main.profile has then"),
        ("DROP SCHEMA other", "1:1 shop.other is not in the catalogue"),
        ("CALL change_everything()", "1:24 CALL is not understood"),
    ],
)
def test_what_a_migration_says_beyond_understanding_is_told(estate: Api, sql: str, place: str) -> None:
    reply = migrate(estate, f"{sql};\nALTER TABLE people DROP COLUMN age")
    told = [f"{one['line']}:{one['column']} {one['reason']}" for one in reply["unclear"]]
    assert any(one.startswith(place) for one in told), told
    assert {one["change"] for one in reply["unclear"]} == {0}
    assert effects(reply) == {"a breaks drop"}


def test_a_table_of_which_no_column_is_known_is_believed(estate: Api) -> None:
    estate.table("bare", [])
    estate.model("b", mlFeatures=[feature("f", "x", table=f"{SCHEMA}.bare")])
    reply = migrate(estate, "ALTER TABLE bare DROP COLUMN x")
    assert (effects(reply), reply.get("unclear")) == ({"b breaks drop"}, None)
    assert migrate(estate, "ALTER TABLE bare DROP COLUMN y")["unclear"] == [
        {"change": 0, "line": 1, "column": 1, "reason": "db.shop.main.bare has no column or feature called y"}
    ]
