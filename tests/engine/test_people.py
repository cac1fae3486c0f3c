# SPDX-License-Identifier: Apache-2.0
"""Users, teams, bots, personas, roles and policies."""

from typing import Any

import pytest

from .test_rules_of_storage import everything_stored
from .wire import Api, named

RULE = {"name": "r", "effect": "allow", "operations": ["ViewAll"], "resources": ["All"]}


def user(api: Api, name: str, **members: Any) -> Any:
    return api.put("users", {"name": name, "email": f"{name}@example.org", **members}).body


def names(listed: Any) -> list[str]:
    return [one["name"] for one in listed]


def test_a_team_may_name_its_users_and_the_teams_below_it(api: Api) -> None:
    """What is stored is that they refer to it, so both sides agree whoever is asked."""
    ann, bob = user(api, "ann"), user(api, "bob")
    api.put("teams", {"name": "Lab", "teamType": "Group"})
    lab = api.get(named("teams", "Lab")).body
    api.put("teams", {"name": "Science", "teamType": "Department", "users": [ann["id"]], "children": [lab["id"]]})
    path = named("teams", "Science")
    science = api.get(path, fields="users,children,userCount,childrenCount").body
    assert (names(science["users"]), names(science["children"])) == (["ann"], ["Lab"])
    assert (science["userCount"], science["childrenCount"]) == (1, 1)
    assert names(api.get(named("teams", "Lab"))["parents"]) == ["Science"], "its own parent takes Organization's place"
    assert names(api.get(named("users", "ann"))["teams"]) == ["Science"]
    api.patch(named("teams", "Science"), {"op": "remove", "path": "/children/0"})
    assert names(api.get(named("teams", "Lab"))["parents"]) == ["Organization"], "which comes back without one"
    api.put("teams", {"name": "Science", "teamType": "Department", "description": "d"})
    assert names(api.get(path, fields="users")["users"]) == ["ann"], "a PUT that says nothing leaves them alone"
    api.put("teams", {"name": "Science", "teamType": "Department", "users": [bob["id"]]})
    assert names(api.get(path, fields="users")["users"]) == ["bob"]
    assert api.get(named("users", "ann"))["teams"] == []
    api.patch(path, {"op": "add", "path": "/users/1", "value": {"id": ann["id"], "type": "user"}})
    assert names(api.get(path, fields="users")["users"]) == ["ann", "bob"]
    before = api.position()
    api.patch(path, {"op": "remove", "path": "/users/0"})
    assert names(api.get(path, fields="users")["users"]) == ["bob"]
    assert names(api.get(path, fields="users", asOf=f"@{before}")["users"]) == ["ann", "bob"]
    for wrong, status in (("ann", 400), ([1], 400), ([{"type": "team", "name": "Lab"}], 400), (["nobody"], 404)):
        api.patch(path, {"op": "add", "path": "/users", "value": wrong}, expect=status)


def test_what_a_team_brings_is_inherited(api: Api) -> None:
    api.put("policies", {"name": "p", "rules": [RULE]})
    for role in ("reader", "writer"):
        api.put("roles", {"name": role, "policies": ["p"]})
    api.put("personas", {"name": "scientist"})
    api.put("teams", {"name": "Top", "teamType": "Department", "defaultRoles": ["reader"], "policies": ["p"]})
    below = {"name": "Lab", "parents": ["Top"], "defaultRoles": ["writer"], "defaultPersona": "scientist"}
    api.put("teams", below)
    ann = user(api, "ann", teams=["Lab"])
    read = api.get(named("users", "ann"), fields="inheritedRoles,inheritedPersonas,teams").body
    assert (names(read["inheritedRoles"]), names(read["inheritedPersonas"])) == (["reader", "writer"], ["scientist"])
    assert names(api.get(named("teams", "Lab"), fields="inheritedRoles")["inheritedRoles"]) == ["reader"]
    policy = api.get(named("policies", "p"), fields="*").body
    assert (names(policy["teams"]), names(policy["roles"])) == (["Top"], ["reader", "writer"])
    api.put("teams", {"name": "Top", "teamType": "Department", "parents": ["Lab"]})
    assert len(api.get(named("users", "ann"), fields="inheritedRoles")["inheritedRoles"]) == 2, "a circle ends"
    api.put("users", {"name": "ann", "email": ann["email"], "roles": ["writer"], "personas": ["scientist"]})
    role = api.get(named("roles", "writer"), fields="users,teams,policies").body
    assert (names(role["users"]), names(role["teams"]), names(role["policies"])) == (["ann"], ["Lab"], ["p"])
    assert names(api.get(named("personas", "scientist"), fields="users")["users"]) == ["ann"]


def test_what_somebody_owns_and_follows_is_listed(api: Api) -> None:
    ann = user(api, "ann")
    api.model("a", owners=["ann"])
    api.model("b")
    api.put(f"{named('mlmodels', 'headwater.b')}/followers", ann["id"])
    read = api.get(named("users", "ann"), fields="owns,follows").body
    assert (names(read["owns"]), names(read["follows"])) == (["a"], ["b"])
    assert "owns" not in api.get(named("users", "ann")).body


def test_a_bot_has_a_user_of_its_own_that_is_a_bot(api: Api) -> None:
    user(api, "ann")
    user(api, "robo", isBot=True)
    bot = api.post("bots", {"name": "runner", "botUser": "robo", "description": "d"}, expect=201)
    assert (bot["botUser"]["name"], bot["provider"]) == ("robo", "user")
    again = api.post("bots", {"name": "other", "botUser": "robo"}, expect=400)
    assert again["message"] == "Bot user [robo] is already used by [runner] bot"
    assert (
        api.post("bots", {"name": "o", "botUser": "ann"}, expect=400)["message"]
        == "botUser: ann is a user without isBot"
    )
    assert api.put("bots", {"name": "runner", "botUser": "robo", "description": "e"})["version"] == 0.2
    assert api.get(named("bots", "ingestion-bot"))["botUser"]["name"] == "ingestion-bot"
    api.delete(named("bots", "runner"), hardDelete="true")
    api.post("bots", {"name": "other", "botUser": "robo"}, expect=201)


SECRET = "eyJhbGciOiJIUzI1NiJ9.e30.of-nobody"


def test_tokens_of_users_are_stored_apart(api: Api, database_url: str) -> None:
    mechanism = {"authType": "JWT", "config": {"JWTToken": SECRET, "JWTTokenExpiry": "Unlimited"}}
    robo = user(api, "robo", isBot=True, authenticationMechanism=mechanism)
    assert robo["authenticationMechanism"]["config"]["JWTToken"] == "*********"
    bot = api.as_user("ingestion-bot", bot=True)
    assert bot.get(named("users", "robo"))["authenticationMechanism"]["config"]["JWTToken"] == SECRET
    assert user(api, "robo", isBot=True)["authenticationMechanism"]["authType"] == "JWT"
    assert SECRET not in everything_stored(database_url)


@pytest.mark.parametrize(
    ("collection", "body", "message"),
    [
        ("users", {"email": "a@b.cd", "password": "x"}, "password: passwords are not kept here"),
        ("users", {"email": "a@b.cd", "botName": "b"}, "botName: a bot names its user, not the other way round"),
        (
            "users",
            {"email": "a@b.cd", "authenticationMechanism": {"authType": "BASIC", "config": {"password": "x"}}},
            "authenticationMechanism: BASIC: passwords are not kept here; use JWT or SSO",
        ),
        ("bots", {"botUser": "ingestion-bot", "allowImpersonation": True}, "allowImpersonation: it is said of"),
        ("policies", {"rules": [RULE], "location": "x"}, "location: there are no locations"),
        ("policies", {"rules": [RULE, RULE]}, "rules: two rules are called r"),
        ("policies", {"rules": [RULE | {"operations": ["ReadAll"]}]}, "rules.0.operations.0: Input should be 'All'"),
        ("policies", {"rules": [RULE | {"effect": "permit"}]}, "rules.0.effect: Input should be 'allow' or 'deny'"),
        ("policies", {"rules": [RULE | {"resources": [" "]}]}, "rules.0.resources: a resource must not be blank"),
        ("roles", {}, "policies: Field required"),
    ],
)
def test_what_has_no_meaning_is_refused_with_the_reason(api: Api, collection: str, body: Any, message: str) -> None:
    assert api.put(collection, {"name": "n", **body}, expect=400)["message"].startswith(message)


def test_members_that_clients_send_as_null_are_not_given(api: Api) -> None:
    assert user(api, "ann", password=None, botName=None, teams=None)["name"] == "ann"


def test_rules_of_a_policy_are_compared_by_name(api: Api) -> None:
    api.put("policies", {"name": "p", "rules": [RULE, RULE | {"name": "s"}]})
    changed = api.put("policies", {"name": "p", "rules": [RULE | {"effect": "deny"}, RULE | {"name": "s"}]})
    assert [one["name"] for one in changed["changeDescription"]["fieldsUpdated"]] == ["rules.r.effect"]
    assert changed["rules"][0]["fullyQualifiedName"] == "p.r"
    assert api.patch(named("policies", "p"), {"op": "remove", "path": "/rules/1"})["version"] == 0.3


def test_a_user_that_only_logs_in_gets_no_new_version(api: Api) -> None:
    user(api, "ann")
    reply = api.patch(named("users", "ann"), {"op": "add", "path": "/lastLoginTime", "value": 1})
    assert (reply["version"], reply["lastLoginTime"]) == (0.1, 1)
