# SPDX-License-Identifier: Apache-2.0
"""Version numbers and change descriptions, as contract part 4 says."""

import json
import time
from typing import Any

import pytest

from headwater.api.http import Request

from .wire import Api, named

MODEL = named("mlmodels", "headwater.m")
TABLE = named("tables", "db.shop.main.people")

FULL: dict[str, Any] = {
    "name": "m",
    "displayName": "M",
    "description": "d",
    "algorithm": "LogisticRegression",
    "mlFeatures": [{"name": "age", "dataType": "numerical"}, {"name": "sex", "dataType": "categorical"}],
    "mlHyperParameters": [{"name": "C", "value": "1.0"}],
    "target": "approve",
    "mlStore": {"storage": "s3://models/m"},
    "server": "http://serving/m",
    "sourceUrl": "http://source/m",
    "sourceHash": "a1",
}


def changes(reply: Any, kind: str) -> dict[str, Any]:
    """The fields of one kind in a change description: name to (old, new)."""
    found = reply["changeDescription"][kind]
    return {change["name"]: (change.get("oldValue"), change.get("newValue")) for change in found}


@pytest.mark.parametrize(
    ("change", "version", "kind", "name"),
    [
        ({"algorithm": "XGB"}, 1.1, "fieldsUpdated", "algorithm"),
        ({"server": "http://serving/n"}, 1.1, "fieldsUpdated", "server"),
        ({"server": None}, 1.1, "fieldsDeleted", "server"),
        ({"target": "reject"}, 1.1, "fieldsUpdated", "target"),
        ({"target": None}, 1.1, "fieldsDeleted", "target"),
        ({"displayName": "N"}, 0.2, "fieldsUpdated", "displayName"),
        ({"description": "e"}, 0.2, "fieldsUpdated", "description"),
        ({"description": None}, 0.2, "fieldsDeleted", "description"),
        ({"mlStore": {"storage": "s3://models/n"}}, 0.2, "fieldsUpdated", "mlStore"),
        ({"mlStore": None}, 0.2, "fieldsDeleted", "mlStore"),
        ({"mlHyperParameters": []}, 0.2, "fieldsDeleted", "mlHyperParameters"),
        ({"mlFeatures": FULL["mlFeatures"][:1]}, 0.2, "fieldsDeleted", "mlFeatures"),
        ({"mlFeatures": [*FULL["mlFeatures"], {"name": "income"}]}, 0.2, "fieldsAdded", "mlFeatures"),
        ({"sourceUrl": "http://source/n"}, 0.2, "fieldsUpdated", "sourceUrl"),
        ({"owners": ["admin"]}, 0.2, "fieldsAdded", "owners"),
        ({"tags": ["PII.None"]}, 0.2, "fieldsAdded", "tags"),
        ({"extension": {"k": 1}}, 0.2, "fieldsAdded", "extension"),
    ],
)
def test_put_of_one_changed_member_of_a_model(
    api: Api, change: dict[str, Any], version: float, kind: str, name: str
) -> None:
    api.put("mlmodels", FULL)
    body = {member: value for member, value in (FULL | change).items() if value is not None}
    reply = api.put("mlmodels", body)
    described = reply["changeDescription"]
    assert (reply["version"], described["previousVersion"]) == (version, 0.1)
    names = {k: list(changes(reply, k)) for k in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted")}
    assert names == {k: [name] if k == kind else [] for k in names}
    assert reply.headers["X-OpenMetadata-Change"] == "entityUpdated"
    assert api.put("mlmodels", body)["version"] == version


def test_a_changed_feature_is_deleted_and_added_whole(api: Api) -> None:
    api.put("mlmodels", FULL)
    edited = [{"name": "age", "dataType": "numerical", "description": "in years"}, FULL["mlFeatures"][1]]
    reply = api.put("mlmodels", FULL | {"mlFeatures": edited})
    added, deleted = changes(reply, "fieldsAdded"), changes(reply, "fieldsDeleted")
    assert [one["name"] for one in json.loads(added["mlFeatures"][1])] == ["age"]
    assert json.loads(added["mlFeatures"][1])[0]["description"] == "in years"
    assert "description" not in json.loads(deleted["mlFeatures"][0])[0]
    assert added["mlFeatures.age.description"] == (None, "in years")
    assert reply["version"] == 0.2


def test_numbers_are_added_up_in_tenths(api: Api) -> None:
    """Minor: 0.1 more, 0.9 goes to 1.0; major: 1.0 more, 0.3 goes to 1.3."""
    seen = [api.model()["version"]]
    for number in range(9):
        seen.append(api.model(description=f"{number}")["version"])
    assert seen == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert api.model(description="8", target="y")["version"] == 2.0
    assert [json.loads(one)["version"] for one in api.get(f"{MODEL}/versions")["versions"]] == [2.0, *reversed(seen)]


def test_unversioned_members_are_stored_without_a_new_version(api: Api) -> None:
    api.put("mlmodels", FULL)
    reply = api.put("mlmodels", FULL | {"sourceHash": "b2"})
    assert (reply["version"], reply["sourceHash"]) == (0.1, "b2")
    assert api.get(MODEL)["sourceHash"] == "b2"


VARCHAR = {"name": "city", "dataType": "VARCHAR", "dataLength": 10}
DECIMAL = {"name": "income", "dataType": "DECIMAL", "precision": 10, "scale": 2}


@pytest.mark.parametrize(
    ("before", "after", "version", "kind", "name"),
    [
        (["a", "b"], ["a"], 1.1, "fieldsDeleted", "columns"),
        (["a"], ["a", "b"], 0.2, "fieldsAdded", "columns"),
        (["a"], [{"name": "a", "dataType": "STRING"}], 1.1, "fieldsDeleted", "columns"),
        ([VARCHAR], [VARCHAR | {"dataLength": 5}], 1.1, "fieldsUpdated", "columns.city.dataLength"),
        ([VARCHAR], [VARCHAR | {"dataLength": 15}], 0.2, "fieldsUpdated", "columns.city.dataLength"),
        ([DECIMAL], [DECIMAL | {"precision": 8}], 1.1, "fieldsUpdated", "columns.income.precision"),
        ([DECIMAL], [DECIMAL | {"precision": 12}], 0.2, "fieldsUpdated", "columns.income.precision"),
        ([DECIMAL], [DECIMAL | {"scale": 1}], 1.1, "fieldsUpdated", "columns.income.scale"),
        ([DECIMAL], [DECIMAL | {"scale": 3}], 0.2, "fieldsUpdated", "columns.income.scale"),
        (["a"], [{"name": "a", "dataType": "INT", "description": "d"}], 0.2, "fieldsAdded", "columns.a.description"),
        (["a"], [{"name": "a", "dataType": "INT", "tags": ["PII.None"]}], 0.2, "fieldsAdded", "columns.a.tags"),
        (
            ["a.b"],
            [{"name": "a.b", "dataType": "INT", "constraint": "UNIQUE"}],
            0.2,
            "fieldsAdded",
            'columns."a.b".constraint',
        ),
    ],
)
def test_put_of_changed_columns(
    api: Api, before: list[Any], after: list[Any], version: float, kind: str, name: str
) -> None:
    api.table(columns=before)
    reply = api.table(columns=after)
    assert reply["version"] == version
    assert name in changes(reply, kind)


def test_nested_columns_are_compared_like_others(api: Api) -> None:
    def table(*children: str) -> Any:
        nested = [{"name": child, "dataType": "INT"} for child in children]
        return api.table(columns=[{"name": "home", "dataType": "STRUCT", "children": nested}])

    table("street")
    reply = table("street", "city")
    assert (reply["version"], list(changes(reply, "fieldsAdded"))) == (0.2, ["columns.home"])
    reply = table("city")
    assert (reply["version"], list(changes(reply, "fieldsDeleted"))) == (1.2, ["columns.home"])


def test_a_retyped_column_keeps_its_description(api: Api) -> None:
    api.table(columns=[{"name": "a", "dataType": "INT", "description": "kept"}])
    reply = api.table(columns=[{"name": "a", "dataType": "STRING"}])
    assert (reply["version"], reply["columns"][0]["description"]) == (1.1, "kept")


def test_a_column_that_stays_keeps_its_ordinal_position(api: Api) -> None:
    """Connectors number the columns by patches, and omit the numbers when they put the table again."""
    api.table(columns=[{"name": name, "dataType": "INT", "ordinalPosition": place} for place, name in enumerate("ab")])
    assert api.table(columns=["a", "b"])["version"] == 0.1
    reply = api.table(columns=["a", "new", "b"])
    assert [column.get("ordinalPosition") for column in reply["columns"]] == [0, None, None]


def test_moved_columns_are_a_version(api: Api) -> None:
    api.table(columns=["a", "b"])
    reply = api.table(columns=["b", "a"])
    assert changes(reply, "fieldsUpdated") == {"columns": ('["a","b"]', '["b","a"]')}
    assert [column["name"] for column in reply["columns"]] == ["b", "a"]


def describe(text: str) -> dict[str, str]:
    return {"op": "add", "path": "/description", "value": text}


def test_patches_of_one_person_within_the_session_are_one_version(api: Api) -> None:
    api.put("mlmodels", FULL)
    assert api.patch(MODEL, describe("one"))["version"] == 0.2
    second = api.patch(MODEL, {"op": "replace", "path": "/displayName", "value": "N"})
    assert second["version"] == 0.2
    assert list(changes(second, "fieldsUpdated")) == ["displayName"]
    read = api.get(MODEL).body
    assert changes(read, "fieldsUpdated") == {"description": ("d", "one"), "displayName": ("M", "N")}
    assert [change["name"] for change in read["incrementalChangeDescription"]["fieldsUpdated"]] == ["displayName"]
    assert len(api.get(f"{MODEL}/versions")["versions"]) == 2
    major = api.patch(MODEL, {"op": "replace", "path": "/algorithm", "value": "XGB"})
    assert (major["version"], api.get(MODEL)["changeDescription"]["previousVersion"]) == (1.1, 0.1)


def test_the_first_version_another_person_a_put_and_if_match_do_not_consolidate(api: Api) -> None:
    api.put("mlmodels", FULL)
    assert api.patch(MODEL, describe("one"))["version"] == 0.2
    assert api.as_user("bob").patch(MODEL, describe("two"))["version"] == 0.3
    assert api.patch(MODEL, describe("three"))["version"] == 0.4
    assert api.patch(MODEL, describe("four"), if_match='W/"0.4"')["version"] == 0.5
    assert api.put("mlmodels", FULL | {"description": "five"})["version"] == 0.6
    assert api.patch(MODEL, describe("six"))["version"] == 0.6


def test_a_session_ends_after_ten_minutes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.put("mlmodels", FULL)
    api.patch(MODEL, describe("one"))
    start = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: start + 9 * 60 * 10**9)
    assert api.patch(MODEL, describe("two"))["version"] == 0.2
    monkeypatch.setattr(time, "time_ns", lambda: start + 20 * 60 * 10**9)
    assert api.patch(MODEL, describe("three"))["version"] == 0.3


def test_undoing_a_session_goes_back_to_the_former_version(api: Api) -> None:
    api.put("mlmodels", FULL)
    api.patch(MODEL, describe("one"))
    back = api.patch(MODEL, describe("d"))
    assert (back["version"], api.get(MODEL).body.get("changeDescription")) == (0.1, None)
    assert [json.loads(one)["version"] for one in api.get(f"{MODEL}/versions")["versions"]] == [0.1]


def test_put_rules_for_people_and_bots(api: Api) -> None:
    """What a PUT keeps, unites, replaces and removes, by who sends it (contract, part 3.2)."""
    bot = api.as_user("ingestion-bot", bot=True)
    domains = [api.put("domains", {"name": n, "domainType": "Aggregate", "description": n})["name"] for n in "ab"]
    rich = FULL | {
        "owners": ["admin"],
        "domains": [domains[0]],
        "tags": ["PII.None"],
        "extension": {"k": 1},
        "mlFeatures": [{"name": "age", "description": "years", "tags": ["Tier.Tier1"]}],
    }
    api.put("mlmodels", rich)
    poor = {
        "name": "m",
        "description": "from the source",
        "displayName": "From the source",
        "owners": [],
        "domains": [domains[1]],
        "tags": ["PersonalData.Personal"],
        "extension": {"other": 2},
        "mlFeatures": [{"name": "age", "description": "?", "tags": ["Certification.Gold"]}],
    }
    seen = bot.put("mlmodels", poor)
    assert (seen["description"], seen["displayName"], seen["extension"]) == ("d", "M", {"k": 1})
    assert ([one["name"] for one in seen["owners"]], seen["domains"][0]["name"]) == (["admin"], "a")
    assert [label["tagFQN"] for label in seen["tags"]] == ["PII.None", "PersonalData.Personal"]
    age = seen["mlFeatures"][0]
    assert age["description"] == "years"
    assert [label["tagFQN"] for label in age["tags"]] == ["Certification.Gold", "Tier.Tier1"]
    assert "server" not in seen.body
    assert seen["algorithm"] == "LogisticRegression"
    assert bot.put("mlmodels", poor, overrideMetadata="true")["description"] == "from the source"
    seen = api.put("mlmodels", poor)
    assert (seen["displayName"], seen["extension"]) == ("From the source", {"other": 2})
    assert ([one["name"] for one in seen["owners"]], seen["domains"][0]["name"]) == (["admin"], "b")
    assert seen["mlFeatures"][0]["description"] == "?"
    seen = api.put("mlmodels", {"name": "m"})
    assert [member for member in ("description", "displayName", "mlFeatures") if member in seen.body] == []
    assert (seen["extension"], len(seen["tags"])) == ({"other": 2}, 2)


def test_patch_puts_back_what_nobody_may_change(api: Api) -> None:
    model = api.put("mlmodels", FULL).body
    attempts = [
        {"op": "replace", "path": "/id", "value": "00000000-0000-0000-0000-000000000000"},
        {"op": "replace", "path": "/name", "value": "other"},
        {"op": "replace", "path": "/fullyQualifiedName", "value": "x.y"},
        {"op": "replace", "path": "/version", "value": 7.0},
        {"op": "remove", "path": "/service"},
        {"op": "add", "path": "/followers", "value": []},
        describe("new"),
    ]
    reply = api.patch(MODEL, *attempts).body
    same = ("id", "name", "fullyQualifiedName", "service")
    assert {member: reply[member] for member in same} == {member: model[member] for member in same}
    assert (reply["version"], reply["description"]) == (0.2, "new")
    refused = api.patch(MODEL, {"op": "replace", "path": "/deleted", "value": True}, expect=400)
    assert "deleted can't be modified" in refused["message"]
    for bad in (
        {"op": "remove", "path": "/nothing"},
        {"op": "test", "path": "/algorithm", "value": "?"},
        {"op": "add", "path": "/mlFeatures/9", "value": {"name": "x"}},
        {"op": "add", "path": "/surprise", "value": 1},
        {"op": "replace", "path": "", "value": 1},
        {"path": "/description"},
    ):
        api.patch(MODEL, bad, expect=400)
    api.patch(MODEL, {"op": "add", "path": "/tags/0", "value": {"tagFQN": "PII.None", "source": "Classification"}})


def test_deleting_and_restoring_are_versions(api: Api) -> None:
    api.table(columns=["a"])
    service = named("services/databaseServices", "db")
    assert "not empty" in api.delete(service, expect=400)["message"]
    assert "System entity" in api.delete(named("services/mlmodelServices", "headwater"), expect=400)["message"]
    deleted = api.delete(service, recursive="true")
    assert (deleted["deleted"], deleted["version"]) == (True, 0.2)
    assert deleted.headers["X-OpenMetadata-Change"] == "entitySoftDeleted"
    assert changes(deleted, "fieldsUpdated") == {"deleted": (False, True)}
    for path in (TABLE, named("databases", "db.shop")):
        api.get(path, expect=404)
        assert api.get(path, include="deleted")["version"] == 0.2
    api.patch(TABLE, describe("late"), expect=404)
    api.delete(service, expect=404)
    again = api.put("services/databaseServices", {"name": "db", "serviceType": "SQLite", "description": "back"})
    assert (again.status, again["version"]) == (200, 0.4)
    assert (api.get(TABLE)["version"], api.get(TABLE)["deleted"]) == (0.3, False)
    gone = api.delete(service, recursive="true", hardDelete="true")
    assert gone.headers["X-OpenMetadata-Change"] == "entityDeleted"
    api.get(TABLE, include="all", expect=404)


def test_followers_raise_no_version(api: Api) -> None:
    api.model()
    user = api.get(named("users", "admin"))["id"]
    event = api.put(f"{MODEL}/followers", user)
    assert event.headers["X-OpenMetadata-Change"] == "entityFieldsChanged"
    assert [change["name"] for change in event["changeDescription"]["fieldsAdded"]] == ["followers"]
    read = api.get(MODEL, fields="followers")
    assert ([one["name"] for one in read["followers"]], read["version"]) == (["admin"], 0.1)
    before = api.position()
    api.delete(f"{MODEL}/followers/{user}")
    assert api.get(MODEL, fields="followers")["followers"] == []
    assert len(api.get(MODEL, fields="followers", asOf=f"@{before}")["followers"]) == 1


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"owners": ['a"b']}, 404),
        ({"owners": [{"type": "user", "name": "a..b"}]}, 404),
        ({"tags": ['No"Such']}, 404),
        ({"dashboard": ""}, 400),
        ({"domains": [""]}, 400),
        ({"tags": [""]}, 400),
    ],
)
def test_a_reference_that_is_no_name_is_refused(api: Api, members: dict[str, Any], status: int) -> None:
    (member,) = members
    refused = api.put("mlmodels", {"name": "m", **members}, expect=status)
    assert (member if status == 400 else "not found") in refused["message"]


def test_tags_are_checked(api: Api) -> None:
    api.put("mlmodels", {"name": "m", "tags": ["No.Such"]}, expect=404)
    refused = api.put("mlmodels", {"name": "m", "tags": ["Tier.Tier1", "Tier.Tier2"]}, expect=400)
    assert (
        refused["message"]
        == "Tag labels Tier.Tier1 and Tier.Tier2 are mutually exclusive and can't be assigned together"
    )
    api.model(tags=["Tier.Tier1"])
    api.put("mlmodels", {"name": "m", "tags": ["Tier.Tier2"]}, expect=400)
    api.patch(named("tags", "Tier.Tier1"), {"op": "add", "path": "/disabled", "value": True})
    assert "disabled" in api.put("mlmodels", {"name": "n", "tags": ["Tier.Tier1"]}, expect=400)["message"]
    assert api.model(description="still fine", tags=["Tier.Tier1"])["version"] == 0.2


def test_owners_are_users_or_one_team(api: Api) -> None:
    for name, kind in (("one", "Group"), ("two", "Group"), ("dept", "Department")):
        api.put("teams", {"name": name, "teamType": kind})

    def refused(*owners: str) -> str:
        return str(api.put("mlmodels", {"name": "m", "owners": list(owners)}, expect=400)["message"])

    assert refused("one", "two") == "Only One Team is allowed to own Data Assets."
    assert "not both" in refused("one", "admin")
    assert "Department" in refused("dept")
    assert [owner["type"] for owner in api.model(owners=["one"])["owners"]] == ["team"]
    assert len(api.model(owners=["admin", "ingestion-bot"])["owners"]) == 2


def test_a_patch_finds_what_its_sender_was_shown(api: Api) -> None:
    """A client that exchanges an owner removes every member of the old reference first, its link included."""
    api.put("users", {"name": "bea", "email": "bea@example.org"})
    admin, bea = (api.get(named("users", name))["id"] for name in ("admin", "bea"))
    api.model(owners=[{"id": admin, "type": "user"}])
    headers = {"host": "localhost:8585", "authorization": f"Bearer {api.token}"}

    def ask(method: str, body: Any = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        response = api.application.handle(Request(method, f"/api/v1/{MODEL}", "", headers, content))
        assert response.status == 200, response.body
        return json.loads(response.body)

    members = set(ask("GET")["owners"][0]) - {"id", "type"}
    assert "href" in members
    removals = [{"op": "remove", "path": f"/owners/0/{member}"} for member in members]
    changed = ask("PATCH", [*removals, {"op": "replace", "path": "/owners/0/id", "value": bea}])
    assert [owner["name"] for owner in changed["owners"]] == ["bea"]


def test_versions_in_parts(api: Api) -> None:
    for algorithm in "abcd":
        api.model(algorithm=algorithm)
    shown = [json.loads(one)["algorithm"] for one in api.get(f"{MODEL}/versions", limit="2", offset="1")["versions"]]
    assert shown == ["c", "b"]
    assert len(api.get(f"{MODEL}/versions", offset="3")["versions"]) == 1
    assert api.get(f"{MODEL}/versions", limit="0")["versions"] == []


def test_versions_of_all_entities_by_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.time_ns() // 1_000_000 + 60_000
    for offset, (name, algorithm) in enumerate((("m", "a"), ("n", "b"), ("m", "c"), ("m", "d"))):
        monkeypatch.setattr(time, "time_ns", lambda at=start + offset: at * 1_000_000)
        api.model(name, algorithm=algorithm)
    api.table()
    span = {"startTs": str(start), "endTs": str(start + 2)}
    page = api.get("mlmodels/history", **span, limit="2").body
    assert [(one["name"], one["algorithm"]) for one in page["data"]] == [("m", "c"), ("n", "b")]
    assert page["paging"]["total"] == 3
    rest = api.get("mlmodels/history", **span, limit="2", after=page["paging"]["after"]).body
    assert [(one["name"], one["algorithm"]) for one in rest["data"]] == [("m", "a")]
    assert rest["paging"] == {"total": 3}
    assert [one["algorithm"] for one in api.get("mlmodels/history")["data"]] == ["d", "c", "b", "a"]
