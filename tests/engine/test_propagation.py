# SPDX-License-Identifier: Apache-2.0
"""What the catalogue itself says of how far labels spread: stop rules, and exceptions that people accept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .test_reach import PEOPLE, PROFILE, SENSITIVE, ask, edge, reached, steps
from .wire import Api, Json, feature, named

TODAY = datetime.now(UTC).date()
LATER, YESTERDAY = (TODAY + timedelta(days=30)).isoformat(), (TODAY - timedelta(days=1)).isoformat()


@pytest.fixture
def hashed(api: Api) -> Api:
    """people.gender is hashed on the way to profile.household, which m uses; k is made from it without that."""
    api.table("people", [{"name": "gender", "dataType": "STRING", "tags": [SENSITIVE]}])
    api.table("profile", ["household"])
    edge(api, PEOPLE, PROFILE, ("gender", "household"), source="ViewLineage", transformation="HASHING")
    api.model("m", mlFeatures=[feature("f", "household", table=PROFILE)])
    api.model("k", mlFeatures=[feature("f", "gender", table=PEOPLE)])
    api.put("users", {"name": "grace", "email": "grace@example.org"})
    return api


def rule(api: Api, labels: list[str], *transformations: str, **more: Any) -> Json:
    body = {"name": "no way", "labels": labels, "transformations": list(transformations)}
    return api.put("governance/stopRules", body, **more).body


def accept(api: Api, link: str, label: str = SENSITIVE, until: str = LATER, **more: Any) -> Json:
    body = {"name": label, "entityLink": f"<#E::{link}>", "label": label}
    return api.put(
        "governance/tagExceptions", {**body, "acceptedBy": "grace", "until": until, "reason": "reviewed"}, **more
    ).body


def accepted(reply: Json) -> dict[str, list[str]]:
    """Where somebody accepts what reaches each entity."""
    return {row["entity"]["name"]: [one["entityFQN"] for one in row.get("accepted") or ()] for row in reply["data"]}


@pytest.mark.parametrize("label", [SENSITIVE, "PII"])
def test_a_stop_rule_ends_the_way_of_its_label_and_of_those_below(hashed: Api, label: str) -> None:
    assert set(reached(ask(hashed, tag=SENSITIVE))) == {"headwater.m", "headwater.k"}
    before = hashed.position()
    rule(hashed, [label], "HASHING", "MASKING")
    assert set(reached(ask(hashed, tag=SENSITIVE))) == {"headwater.k"}
    assert set(reached(ask(hashed, tag="PII"))) == {"headwater.k"}
    assert set(reached(ask(hashed, tag=SENSITIVE, policy="false"))) == {"headwater.m", "headwater.k"}
    assert set(reached(ask(hashed, tag=SENSITIVE, asOf=f"@{before}"))) == {"headwater.m", "headwater.k"}
    assert set(reached(ask(hashed, column=f"{PEOPLE}.gender"))) == {"headwater.m", "headwater.k"}, "rules are of labels"


def test_a_stop_rule_for_another_label_or_transformation_ends_nothing(hashed: Api) -> None:
    rule(hashed, ["PII.NonSensitive"], "HASHING")
    assert "headwater.m" in reached(ask(hashed, tag=SENSITIVE))
    rule(hashed, [SENSITIVE], "MASKING")
    assert "headwater.m" in reached(ask(hashed, tag=SENSITIVE))
    rule(hashed, [SENSITIVE], "HASHING")
    assert "headwater.m" not in reached(ask(hashed, tag=SENSITIVE))
    hashed.delete(named("governance/stopRules", '"no way"'))
    assert "headwater.m" in reached(ask(hashed, tag=SENSITIVE)), "a deleted rule says nothing"


def test_the_tags_that_reach_a_model_obey_stop_rules(hashed: Api) -> None:
    def tags(**query: str) -> list[str]:
        reply = hashed.get("governance/tags/mlmodel/name/headwater.m", **query)
        return [row["tag"] for row in reply["data"]]

    assert (tags(), tags(stop="HASHING")) == ([SENSITIVE], [])
    rule(hashed, ["PII"], "HASHING")
    assert (tags(), tags(policy="false")) == ([], [SENSITIVE])


def test_an_exception_marks_what_every_path_leads_through(hashed: Api) -> None:
    accept(hashed, f"table::{PROFILE}::columns::household")
    reply = ask(hashed, tag=SENSITIVE)
    assert accepted(reply) == {"m": [f"{PROFILE}.household"], "k": []}
    told = reply["data"][1]["accepted"][0]
    assert (told["label"]["fullyQualifiedName"], told["acceptedBy"]["name"]) == (SENSITIVE, "grace")
    assert (told["until"], told["reason"]) == (LATER, "reviewed")
    assert set(reached(ask(hashed, tag=SENSITIVE, accepted="false"))) == {"headwater.k"}
    assert accepted(ask(hashed, tag=SENSITIVE, policy="false")) == {"m": [], "k": []}
    tags = hashed.get("governance/tags/mlmodel/name/headwater.m").body
    assert accepted(tags) == {"m": [f"{PROFILE}.household"]}


def test_a_path_that_nobody_accepts_is_the_proof(hashed: Api) -> None:
    hashed.model("m", mlFeatures=[feature("f", "household", table=PROFILE), feature("g", "gender", table=PEOPLE)])
    accept(hashed, "mlmodel::headwater.m::mlFeatures::g")
    (m,) = (row for row in ask(hashed, tag=SENSITIVE)["data"] if row["entity"]["name"] == "m")
    assert "accepted" not in m
    assert steps(m)[-1] == (f"{PROFILE}.household", "headwater.m.f", "declared"), "the shorter way is accepted"
    accept(hashed, f"table::{PROFILE}")
    (m,) = (row for row in ask(hashed, tag=SENSITIVE)["data"] if row["entity"]["name"] == "m")
    assert [one["entityFQN"] for one in m["accepted"]] == ["headwater.m.g"]


@pytest.mark.parametrize(
    ("link", "where"),
    [
        ("mlmodel::headwater.m", "headwater.m"),
        ("mlmodel::headwater.m::mlFeatures::f", "headwater.m.f"),
        (f"table::{PEOPLE}", PEOPLE),
        (f"table::{PEOPLE}::columns::gender", f"{PEOPLE}.gender"),
    ],
)
def test_an_exception_is_at_an_entity_or_at_a_field(hashed: Api, link: str, where: str) -> None:
    accept(hashed, link, "PII")
    assert accepted(ask(hashed, tag=SENSITIVE))["m"] == [where]


def test_an_exception_is_over_after_its_day_and_holds_for_its_label_alone(hashed: Api) -> None:
    accept(hashed, "mlmodel::headwater.m", "PII.NonSensitive")
    assert accepted(ask(hashed, tag=SENSITIVE))["m"] == []
    accept(hashed, "mlmodel::headwater.m", until=YESTERDAY)
    assert accepted(ask(hashed, tag=SENSITIVE))["m"] == []
    accept(hashed, "mlmodel::headwater.m", until=TODAY.isoformat())
    now = hashed.position()
    assert accepted(ask(hashed, tag=SENSITIVE))["m"] == ["headwater.m"]
    far = (TODAY + timedelta(days=2)).isoformat()
    assert accepted(ask(hashed, tag=SENSITIVE, asOf=far))["m"] == [], "its day is over then"
    hashed.delete(named("governance/tagExceptions", f'headwater.m."{SENSITIVE}"'))
    assert accepted(ask(hashed, tag=SENSITIVE))["m"] == []
    assert accepted(ask(hashed, tag=SENSITIVE, asOf=f"@{now}"))["m"] == ["headwater.m"]


def test_an_exception_says_what_is_wrong_with_it(hashed: Api) -> None:
    wrong = accept(hashed, f"table::{PROFILE}::columns::nope", expect=400)
    assert wrong["message"] == f"entityLink: {PROFILE} has no nope in its columns"
    assert "2027-13-01" in accept(hashed, f"table::{PROFILE}", until="2027-13-01", expect=400)["message"]
    assert rule(hashed, [SENSITIVE], "WASHING", expect=400)["message"].startswith("transformations.0:")
    assert "Nope" in rule(hashed, ["Nope"], "HASHING", expect=404)["message"]


def test_an_exception_goes_and_comes_back_with_what_it_stands_at(hashed: Api) -> None:
    accept(hashed, f"table::{PROFILE}::columns::household")
    hashed.delete(named("tables", PROFILE))
    assert accepted(ask(hashed, tag=SENSITIVE))["m"] == [], "the table is walked through, the exception is gone"
    hashed.put("tables/restore", {"id": hashed.get(named("tables", PROFILE), include="deleted")["id"]})
    assert accepted(ask(hashed, tag=SENSITIVE))["m"] == [f"{PROFILE}.household"]
