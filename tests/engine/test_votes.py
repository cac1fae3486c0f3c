# SPDX-License-Identifier: Apache-2.0
"""Votes for and against entities, and what they share with followers."""

import json
from typing import Any

import pytest

from .wire import Api, named, segment

MODEL = named("mlmodels", "headwater.m")


@pytest.fixture
def voters(api: Api) -> list[Api]:
    """Ada and Bob, who exist as users, in front of a model."""
    api.model()
    for name in ("ada", "bob"):
        api.put("users", {"name": name, "email": f"{name}@example.org"})
    return [api, api.as_user("bob")]


def cast(api: Api, kind: str, **more: Any) -> Any:
    model = api.get(MODEL)
    return api.put(f"mlmodels/{model['id']}/vote", {"updatedVoteType": kind}, **more)


def votes(api: Api, **query: str) -> Any:
    """How many are for and against, and who."""
    found = api.get(MODEL, fields="votes", **query)["votes"]
    assert (len(found["upVoters"]), len(found["downVoters"])) == (found["upVotes"], found["downVotes"])
    return [one["name"] for one in found["upVoters"]], [one["name"] for one in found["downVoters"]]


def test_each_user_has_one_vote_and_can_change_it(voters: list[Api]) -> None:
    ada, bob = voters
    assert votes(ada) == ([], [])
    cast(ada, "votedUp")
    reply = cast(bob, "votedUp")
    assert (reply["eventType"], reply.headers["X-OpenMetadata-Change"]) == ("entityUpdated", "entityFieldsChanged")
    (change,) = reply["changeDescription"]["fieldsUpdated"]
    assert (change["name"], json.loads(change["newValue"])["upVotes"]) == ("votes", 2)
    assert votes(ada) == (["ada", "bob"], [])
    cast(bob, "votedDown")
    assert votes(ada) == (["ada"], ["bob"])
    cast(bob, "unVoted")
    assert votes(ada) == (["ada"], [])


def test_a_vote_raises_no_version_and_is_an_event(voters: list[Api]) -> None:
    ada, _ = voters
    before = ada.get(MODEL)
    position = ada.position()
    cast(ada, "votedUp")
    after = ada.get(MODEL)
    assert (after["version"], after["updatedAt"], after.headers["ETag"]) == (
        before["version"],
        before["updatedAt"],
        before.headers["ETag"],
    )
    assert "votes" not in after.body
    (event,) = ada.get("events", after=str(position))["data"]
    assert (event["eventType"], event["entityId"]) == ("entityUpdated", before["id"])
    assert cast(ada, "votedUp")["eventType"] == "entityNoChange"
    assert ada.position() == position + 1


def test_votes_as_they_were(voters: list[Api]) -> None:
    ada, bob = voters
    cast(ada, "votedUp")
    then = f"@{ada.position()}"
    cast(ada, "votedDown")
    cast(bob, "votedDown")
    assert votes(ada, asOf=then) == (["ada"], [])
    assert votes(ada) == ([], ["ada", "bob"])


def test_a_user_who_is_gone_for_good_has_no_vote(voters: list[Api]) -> None:
    ada, bob = voters
    cast(bob, "votedUp")
    then = f"@{ada.position()}"
    ada.delete(named("users", "bob"), hardDelete="true")
    assert votes(ada) == ([], [])
    assert votes(ada, asOf=then) == (["bob"], [])


def test_what_cannot_be_voted(voters: list[Api]) -> None:
    ada, _ = voters
    assert "votedUp, votedDown, unVoted" in cast(ada, "loved", expect=400)["message"]
    assert "user instance for eve not found" in cast(ada.as_user("eve"), "votedUp", expect=404)["message"]
    cast(ada, "votedUp", if_match='W/"7.7"', expect=412)
    cast(ada, "votedUp", if_match='W/"0.1"')
    user = ada.get(named("users", "ada"))["id"]
    ada.put(f"users/{user}/vote", {"updatedVoteType": "votedUp"}, expect=404)


def test_followers_and_restoring_heed_if_match(voters: list[Api]) -> None:
    ada, _ = voters
    model, user = ada.get(MODEL)["id"], ada.get(named("users", "ada"))["id"]
    ada.put(f"mlmodels/{model}/followers", user, if_match='W/"0.2"', expect=412)
    ada.put(f"mlmodels/{model}/followers", user, if_match='W/"0.1"')
    ada.delete(f"mlmodels/{model}/followers/{user}", if_match='W/"0.2"', expect=412)
    ada.delete(f"mlmodels/name/{segment('headwater.m')}")
    ada.put("mlmodels/restore", {"id": model}, if_match='W/"0.1"', expect=412)
    ada.put("mlmodels/restore", {"id": model}, if_match='W/"0.2"')


def test_an_empty_parent_is_not_an_absent_one(api: Api) -> None:
    for name in ("mlmodels", "mlmodels/bulk"):
        body = {"name": "m", "service": ""}
        reply = api("PUT", name, body if name == "mlmodels" else [body], expect=400 if name == "mlmodels" else 200)
        message = reply["failedRequest"][0]["message"] if name.endswith("bulk") else reply["message"]
        assert message == "service: String should have at least 1 character"
