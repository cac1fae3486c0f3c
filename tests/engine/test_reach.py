# SPDX-License-Identifier: Apache-2.0
"""What a tag reaches, by the rules and the worked example of the architecture page."""

from typing import Any

import pytest

from .wire import Api, Json, feature, named

SENSITIVE = "PII.Sensitive"
PEOPLE, PROFILE, SUMMARY = (f"db.shop.main.{name}" for name in ("people", "profile", "summary"))


def edge(api: Api, up: str, down: str, *pairs: tuple[str, str], **details: Any) -> None:
    """Assert an edge between two tables, with column pairs."""
    columns = [{"fromColumns": [f"{up}.{one}"], "toColumn": f"{down}.{other}"} for one, other in pairs]
    transformation = details.pop("transformation", None)
    if transformation:
        columns = [one | {"transformation": transformation} for one in columns]
    ends = {
        member: {"type": "table", "id": api.get(named("tables", name))["id"]}
        for member, name in (("fromEntity", up), ("toEntity", down))
    }
    api.put("lineage", {"edge": {**ends, "lineageDetails": {**details, "columnsLineage": columns}}})


@pytest.fixture
def example(api: Api) -> Api:
    """The graph of the example: people.gender is tagged; m uses profile.household, k summary.n, j profile.size."""
    api.table(
        "people", [{"name": "gender", "dataType": "STRING", "tags": [SENSITIVE]}, {"name": "id", "dataType": "INT"}]
    )
    api.table("profile", ["household", "size"])
    api.table("summary", ["n"])
    edge(api, PEOPLE, PROFILE, ("gender", "household"), source="ViewLineage")
    edge(api, PEOPLE, SUMMARY, source="QueryLineage")
    api.model("m", mlFeatures=[feature("f", "household", table=PROFILE)])
    api.model("k", mlFeatures=[feature("f", "n", table=SUMMARY)])
    api.model("j", mlFeatures=[feature("f", "size", table=PROFILE)])
    return api


def reached(reply: Json) -> dict[str, str]:
    """The certainty of each entity that a reply names."""
    return {row["entity"]["fullyQualifiedName"]: row["certainty"] for row in reply["data"]}


def steps(row: Json) -> list[tuple[str, str, str]]:
    """The hops of a proof: from, to, and who says so."""
    return [
        (
            hop["from"].get("field") or hop["from"]["entity"]["fullyQualifiedName"],
            hop["to"].get("field") or hop["to"]["entity"]["fullyQualifiedName"],
            "+".join(one["assertedBy"] for one in hop["evidence"]),
        )
        for hop in row["paths"][0]
    ]


def ask(api: Api, **query: str) -> Json:
    return api.get("governance/reach", **query).body


def test_the_worked_example(example: Api) -> None:
    reply = ask(example, tag=SENSITIVE)
    assert reached(reply) == {"headwater.m": "column", "headwater.k": "table"}
    k, m = reply["data"]
    assert steps(m) == [
        (f"{PEOPLE}.gender", f"{PROFILE}.household", "ViewLineage"),
        (f"{PROFILE}.household", "headwater.m.f", "declared"),
    ]
    assert steps(k) == [(PEOPLE, SUMMARY, "QueryLineage"), (f"{SUMMARY}.n", "headwater.k.f", "declared")]
    assert (m["tag"], m["source"]["field"]) == (SENSITIVE, f"{PEOPLE}.gender")
    assert [hop["certainty"] for hop in k["paths"][0]] == ["table", "table"]
    evidence = m["paths"][0][1]["evidence"][0]
    assert evidence["by"]["fullyQualifiedName"] == "headwater.m"
    assert (evidence["member"], evidence["user"]) == ("mlFeatures.featureSources.dataSource", "ada")
    assert evidence["firstSeen"] > 0


def test_a_classification_counts_as_all_its_tags_and_a_table_covers_its_columns(example: Api) -> None:
    assert reached(ask(example, tag="PII")) == {"headwater.m": "column", "headwater.k": "table"}
    example.patch(
        named("tables", PROFILE),
        {"op": "add", "path": "/tags/0", "value": {"tagFQN": "PII.NonSensitive", "source": "Classification"}},
    )
    rows = ask(example, tag="PII")["data"]
    assert [(row["entity"]["name"], row["tag"]) for row in rows] == [
        ("j", "PII.NonSensitive"),
        ("k", SENSITIVE),
        ("m", "PII.NonSensitive"),
        ("m", SENSITIVE),
    ]
    assert steps(rows[0]) == [(f"{PROFILE}.size", "headwater.j.f", "declared")]


def test_certainty_column_leaves_out_what_is_known_between_tables_only(example: Api) -> None:
    assert reached(ask(example, tag=SENSITIVE, certainty="column")) == {"headwater.m": "column"}


def test_a_transformation_that_everybody_sees_ends_the_way(example: Api) -> None:
    edge(example, PEOPLE, PROFILE, ("gender", "household"), source="ViewLineage", transformation="HASHING")
    assert reached(ask(example, tag=SENSITIVE, stop="HASHING,MASKING")) == {"headwater.k": "table"}
    assert "headwater.m" in reached(ask(example, tag=SENSITIVE, stop="MASKING"))
    edge(example, PEOPLE, PROFILE, ("gender", "household"))
    assert "headwater.m" in reached(ask(example, tag=SENSITIVE, stop="HASHING"))
    wrong = example.get("governance/reach", tag=SENSITIVE, stop="WASHING", expect=400)
    assert "WASHING" in wrong["message"]


def test_what_was_then_is_answered_as_it_was(example: Api) -> None:
    example.put("classifications", {"name": "Risk", "description": "of harm"})
    example.put("tags", {"name": "High", "classification": "Risk", "description": "much"})
    label = {"tagFQN": "Risk.High", "source": "Classification"}
    example.patch(named("tables", PEOPLE), {"op": "add", "path": "/columns/0/tags/0", "value": label})
    before = example.position()
    example.patch(named("tags", "Risk.High"), {"op": "replace", "path": "/name", "value": "Severe"})
    assert reached(ask(example, tag="Risk.Severe")) == {"headwater.m": "column", "headwater.k": "table"}
    example.delete(named("tables", PEOPLE), hardDelete="true")
    example.model("m", mlFeatures=[])
    assert ask(example, tag="Risk.Severe")["data"] == []
    then = ask(example, tag="Risk.High", asOf=f"@{before}")
    assert reached(then) == {"headwater.m": "column", "headwater.k": "table"}
    assert then["data"][1]["source"]["entity"]["fullyQualifiedName"] == PEOPLE


def test_suggested_labels_count_when_asked_for(api: Api) -> None:
    label = {"tagFQN": SENSITIVE, "source": "Classification", "labelType": "Automated", "state": "Suggested"}
    api.table("people", [{"name": "gender", "dataType": "STRING", "tags": [label]}])
    api.model("m", mlFeatures=[feature("f", "gender")])
    assert reached(ask(api, tag=SENSITIVE)) == {}
    assert reached(ask(api, tag=SENSITIVE, suggested="true")) == {"headwater.m": "column"}


def test_the_way_leads_through_deleted_tables_and_beyond_models(example: Api) -> None:
    example.put("services/dashboardServices", {"name": "bi", "serviceType": "Superset"})
    example.put("dashboards", {"name": "board", "service": "bi"})
    example.model("m", mlFeatures=[feature("f", "household", table=PROFILE)], dashboard="bi.board")
    example.delete(named("tables", PROFILE))
    found = ask(example, tag=SENSITIVE, type="mlmodel,dashboard")
    assert reached(found) == {"bi.board": "table", "headwater.m": "column", "headwater.k": "table"}
    assert found["data"][2]["paths"][0][0]["to"]["entity"]["deleted"] is True


def test_a_column_and_an_entity_can_be_asked_about(example: Api) -> None:
    assert reached(ask(example, column=f"{PROFILE}.Size")) == {"headwater.j": "column"}
    assert reached(ask(example, entity=PROFILE)) == {"headwater.j": "column", "headwater.m": "column"}
    assert "no column" in example.get("governance/reach", column=f"{PROFILE}.height", expect=404)["message"]
    assert "one thing" in example.get("governance/reach", tag="PII", column=f"{PROFILE}.size", expect=400)["message"]
    assert "Nothing.Known" in example.get("governance/reach", tag="Nothing.Known", expect=404)["message"]


def test_the_far_end_is_chosen_and_paged(example: Api) -> None:
    tier = {"tagFQN": "Tier.Tier1", "source": "Classification"}
    example.patch(named("mlmodels", "headwater.k"), {"op": "add", "path": "/tags/0", "value": tier})
    assert reached(ask(example, tag=SENSITIVE, tier="Tier.Tier1")) == {"headwater.k": "table"}
    assert reached(ask(example, tag=SENSITIVE, service="headwater", owner="nobody")) == {}
    first = ask(example, tag=SENSITIVE, limit="1")
    assert (list(reached(first)), first["paging"]) == (["headwater.k"], {"total": 2, "after": "1"})
    second = ask(example, tag=SENSITIVE, limit="1", after=first["paging"]["after"])
    assert (list(reached(second)), second["paging"]) == (["headwater.m"], {"total": 2})


def test_all_paths_are_one_subgraph(example: Api) -> None:
    edge(example, PROFILE, SUMMARY, ("household", "n"))
    rows = ask(example, tag=SENSITIVE, subgraph="true")["data"]
    k = next(row for row in rows if row["entity"]["name"] == "k")
    assert k["certainty"] == "column"
    ends = {
        (
            hop["from"].get("field") or hop["from"]["entity"]["name"],
            hop["to"].get("field") or hop["to"]["entity"]["name"],
        )
        for hop in k["subgraph"]
    }
    assert ends == {
        (f"{PEOPLE}.gender", f"{PROFILE}.household"),
        (f"{PROFILE}.household", f"{SUMMARY}.n"),
        ("people", "summary"),
        (f"{SUMMARY}.n", "headwater.k.f"),
    }


def test_a_cap_says_that_the_answer_was_cut(example: Api) -> None:
    assert "more than 1 places" in ask(example, tag=SENSITIVE, maxNodes="1")["truncated"]
    assert "truncated" not in ask(example, tag=SENSITIVE)


def test_the_tags_that_reach_a_model_a_feature_and_a_column(example: Api) -> None:
    def tags(kind: str, fqn: str, **query: str) -> dict[str, str]:
        reply = example.get(f"governance/{named('tags/' + kind, fqn)}", **query)
        return {row["tag"]: row["certainty"] for row in reply["data"]}

    assert tags("mlmodel", "headwater.m") == {SENSITIVE: "column"}
    assert tags("mlmodel", "headwater.k", field="f") == {SENSITIVE: "table"}
    assert tags("mlmodel", "headwater.j") == {}
    assert tags("table", PROFILE, field="household") == {SENSITIVE: "column"}
    assert tags("table", PROFILE, field="size") == {}
    assert tags("table", PEOPLE) == {SENSITIVE: "column"}
