# SPDX-License-Identifier: Apache-2.0
"""Suggested labels: how they are confirmed, and what an automatic write may do to them."""

import json
from typing import Any

import pytest
from tests.engine.wire import Api, feature, named

PEOPLE = "db.shop.main.people"
SENSITIVE = "PII.Sensitive"


def label(state: str | None = None, tag: str = SENSITIVE, **more: Any) -> dict[str, Any]:
    said = {} if state is None else {"state": state}
    return {"tagFQN": tag, "source": "Classification", "labelType": "Automated", **said, **more}


def tags_of(api: Api, path: str, *inside: str | int) -> list[tuple[str, str, str]]:
    found = api.get(path).body
    for step in inside:
        found = found[step]
    return [(one["tagFQN"], one["labelType"], one["state"]) for one in found["tags"]]


@pytest.fixture
def suggested(api: Api) -> Api:
    """A table, a column of it and a feature, each with a suggested label."""
    one = label("Suggested", reason="the name says so")
    api.table("people", [{"name": "mail", "dataType": "STRING", "tags": [one]}], tags=[one])
    api.model("m", mlFeatures=[feature("f", "mail", tags=[one])])
    return api


PLACES = [
    ("tables", PEOPLE, "/tags/0", (), "tags"),
    ("tables", PEOPLE, "/columns/0/tags/0", ("columns", 0), "columns.mail.tags"),
    ("mlmodels", "headwater.m", "/mlFeatures/0/tags/0", ("mlFeatures", 0), "mlFeatures.f.tags"),
]


@pytest.mark.parametrize(("kind", "name", "path", "inside", "member"), PLACES, ids=[place[4] for place in PLACES])
def test_confirming_is_a_change_with_a_version(
    suggested: Api, kind: str, name: str, path: str, inside: tuple[str | int, ...], member: str
) -> None:
    before = suggested.get(named(kind, name)).body
    confirm = {"op": "replace", "path": f"{path}/state", "value": "Confirmed"}
    after = suggested.patch(named(kind, name), confirm).body
    assert after["version"] == pytest.approx(before["version"] + 0.1)
    changes = {one["name"]: one for one in after["changeDescription"]["fieldsUpdated"]}
    states = [json.loads(changes[member][value])[0]["state"] for value in ("oldValue", "newValue")]
    assert states == ["Suggested", "Confirmed"]
    assert tags_of(suggested, named(kind, name), *inside) == [(SENSITIVE, "Automated", "Confirmed")]
    assert suggested.patch(named(kind, name), confirm).body["version"] == after["version"]


def test_what_is_confirmed_reaches_and_did_not_before(suggested: Api) -> None:
    question = "governance/reach"
    suggested.patch(named("tables", PEOPLE), {"op": "remove", "path": "/tags/0"})
    suggested.patch(named("mlmodels", "headwater.m"), {"op": "remove", "path": "/mlFeatures/0/tags/0"})
    then = suggested.position()
    assert suggested.get(question, tag=SENSITIVE)["data"] == []
    suggested.patch(named("tables", PEOPLE), {"op": "replace", "path": "/columns/0/tags/0/state", "value": "Confirmed"})
    assert [row["entity"]["name"] for row in suggested.get(question, tag=SENSITIVE)["data"]] == ["m"]
    assert suggested.get(question, tag=SENSITIVE, asOf=f"@{then}")["data"] == []


PUTS = [
    ("Suggested", True, label(), "Suggested"),
    ("Suggested", False, label(), "Suggested"),
    ("Suggested", True, label("Confirmed"), "Confirmed"),
    ("Confirmed", True, label(), "Confirmed"),
    ("Confirmed", True, label("Suggested"), "Confirmed"),
    ("Confirmed", False, label(), "Confirmed"),
    ("Confirmed", False, label("Suggested"), "Suggested"),
]


@pytest.mark.parametrize(("stored", "bot", "sent", "then"), PUTS)
def test_a_put_says_again_what_it_says_and_a_bot_takes_nothing_back(
    api: Api, stored: str, bot: bool, sent: dict[str, Any], then: str
) -> None:
    api.table("people", [{"name": "mail", "dataType": "STRING", "tags": [label(stored, reason="seen")]}])
    sender = api.as_user("crawler", bot=True) if bot else api
    after = sender.table("people", [{"name": "mail", "dataType": "STRING", "tags": [sent]}])
    assert after["columns"][0]["tags"][0]["state"] == then
    assert after["columns"][0]["tags"][0]["reason"] == "seen"
    assert (after["version"] == 0.1) == (stored == then)


def test_who_puts_a_tag_where_it_is_suggested_confirms_it(suggested: Api) -> None:
    for place in ("0", "-"):
        suggested.patch(
            named("tables", PEOPLE),
            {"op": "add", "path": f"/tags/{place}", "value": {"tagFQN": SENSITIVE, "source": "Classification"}},
        )
        assert tags_of(suggested, named("tables", PEOPLE)) == [(SENSITIVE, "Manual", "Confirmed")]


def test_a_revert_makes_a_suggestion_of_it_again(suggested: Api) -> None:
    suggested.patch(named("tables", PEOPLE), {"op": "replace", "path": "/tags/0/state", "value": "Confirmed"})
    suggested.post(f"{named('tables', PEOPLE)}/versions/0.1/revert", None)
    assert tags_of(suggested, named("tables", PEOPLE)) == [(SENSITIVE, "Automated", "Suggested")]


def reject(api: Api, link: str, tag: str = SENSITIVE, **more: Any) -> Any:
    body = {"name": tag, "entityLink": f"<#E::{link}>", "label": tag, "reason": "of a company, not of a person"}
    return api.put("governance/tagRejections", body, **more).body


def test_what_is_rejected_is_not_suggested_again_by_anybody(api: Api) -> None:
    suggested = [{"name": "mail", "dataType": "STRING", "tags": [label("Suggested")]}]
    api.table("people", [{"name": "mail", "dataType": "STRING"}, "other"])
    reject(api, f"table::{PEOPLE}::columns::mail")
    for sender in (api, api.as_user("crawler", bot=True)):
        after = sender.put(
            "tables", {"name": "people", "databaseSchema": "db.shop.main", "columns": [*suggested, column("other")]}
        )
        assert after["columns"][0]["tags"] == []
        assert after["version"] == 0.1
    add = {"op": "add", "path": "/columns/1/tags/0", "value": label("Suggested")}
    api.patch(named("tables", PEOPLE), add)
    assert tags_of(api, named("tables", PEOPLE), "columns", 1)
    api.patch(named("tables", PEOPLE), {"op": "add", "path": "/columns/0/tags/0", "value": label("Confirmed")})
    assert tags_of(api, named("tables", PEOPLE), "columns", 0) == [(SENSITIVE, "Automated", "Confirmed")]


def test_a_rejection_that_is_taken_back_counts_no_longer(api: Api) -> None:
    api.table("people", ["mail"])
    made = reject(api, f"table::{PEOPLE}")
    add = {"op": "add", "path": "/tags/0", "value": label("Suggested")}
    assert api.patch(named("tables", PEOPLE), add)["tags"] == []
    api.delete(f"governance/tagRejections/{made['id']}")
    api.patch(named("tables", PEOPLE), add)
    assert tags_of(api, named("tables", PEOPLE))


def test_a_table_goes_with_what_was_rejected_for_it(api: Api) -> None:
    api.table("people", ["mail"])
    reject(api, f"table::{PEOPLE}")
    api.delete(named("tables", PEOPLE))


def column(name: str) -> dict[str, Any]:
    return {"name": name, "dataType": "INT"}


def test_open_suggestions_are_listed_by_entity_and_tag(suggested: Api) -> None:
    path = "governance/suggestions"

    def listed(**query: str) -> list[tuple[str, str | None, str]]:
        rows = suggested.get(path, **query)["data"]
        return [(row["entity"]["fullyQualifiedName"], row.get("field"), row["label"]["tagFQN"]) for row in rows]

    everything = [(PEOPLE, None, SENSITIVE), (PEOPLE, "mail", SENSITIVE), ("headwater.m", "f", SENSITIVE)]
    assert listed() == everything
    assert listed(tag="PII") == everything
    assert listed(tag="Tier") == []
    assert listed(entity="db.shop") == everything[:2]
    first = suggested.get(path, limit="2").body
    assert first["paging"] == {"total": 3, "after": "2"}
    assert listed(limit="2", after="2") == everything[2:]
    then = suggested.position()
    suggested.patch(named("tables", PEOPLE), {"op": "replace", "path": "/tags/0/state", "value": "Confirmed"})
    suggested.delete(named("mlmodels", "headwater.m"))
    assert listed() == everything[1:2]
    assert listed(asOf=f"@{then}") == everything
