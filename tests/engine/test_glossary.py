# SPDX-License-Identifier: Apache-2.0
"""Glossaries, their terms, and the tags that come along with them."""

from typing import Any

import pytest

from .wire import Api, feature, named

MODEL = named("mlmodels", "headwater.m")
INCOME = named("glossaryTerms", "People.Income")


@pytest.fixture(autouse=True)
def glossary(api: Api) -> None:
    """A glossary with a term that is tagged, and another one below it."""
    api.put("glossaries", {"name": "People", "description": "d", "reviewers": ["admin"], "owners": ["ingestion-bot"]})
    api.put("glossaryTerms", term("Income", tags=["PII.Sensitive"]))
    api.put("glossaryTerms", term("Salary", parent="People.Income", synonyms=["pay"]))


def term(name: str, glossary: str = "People", **members: Any) -> Any:
    return {"name": name, "glossary": glossary, "description": "d", **members}


def labels(holder: Any) -> list[tuple[str, str, str]]:
    """FQN, type and state of each label."""
    return [(label["tagFQN"], label["labelType"], label["state"]) for label in holder["tags"]]


def of_glossary(name: str, **members: Any) -> Any:
    return {"tagFQN": name, "source": "Glossary", "labelType": "Manual", "state": "Confirmed", **members}


def usages(api: Api, tag: str, **query: str) -> int:
    return int(api.get(named("tags", tag), fields="usageCount", **query)["usageCount"])


def test_a_term_lives_below_its_glossary_or_its_parent(api: Api) -> None:
    salary = api.get(named("glossaryTerms", "People.Income.Salary"), fields="*").body
    assert (salary["glossary"]["name"], salary["parent"]["fullyQualifiedName"]) == ("People", "People.Income")
    assert [(one["name"], one["inherited"]) for one in salary["reviewers"]] == [("admin", True)]
    assert [(one["name"], one["inherited"]) for one in salary["owners"]] == [("ingestion-bot", True)]
    income = api.get(INCOME, fields="children,childrenCount").body
    assert ([one["name"] for one in income["children"]], income["childrenCount"]) == (["Salary"], 1)
    assert api.get(named("glossaries", "People"), fields="termCount")["termCount"] == 1
    api.put("glossaries", {"name": "Other", "description": "d"})
    refused = api.put("glossaryTerms", term("Wage", "Other", parent="People.Income"), expect=400)
    assert refused["message"].startswith("glossary: ")


def test_terms_are_listed_by_glossary_parent_and_level(api: Api) -> None:
    api.put("glossaryTerms", term("Bonus", parent="People.Income.Salary"))
    api.put("glossaries", {"name": "Other", "description": "d"})
    api.put("glossaryTerms", term("Income", "Other"))

    def found(**query: str) -> list[str]:
        return [one["fullyQualifiedName"] for one in api.get("glossaryTerms", **query)["data"]]

    below = ["People.Income.Salary.Bonus", "People.Income.Salary"]
    assert found(glossary="People") == [below[0], "People.Income", below[1]]
    assert found(parent="People.Income") == below
    assert found(directChildrenOf="People.Income") == [below[1]]
    assert found(directChildrenOf="Other") == ["Other.Income"]
    assert found(glossary=api.get(named("glossaries", "Other"))["id"]) == ["Other.Income"]
    api.get("glossaryTerms", glossary="Nowhere", expect=404)


def test_related_terms_are_given_by_name_and_follow_their_terms(api: Api) -> None:
    api.put("glossaryTerms", term("Wealth", relatedTerms=["People.Income"], references=[{"name": "a"}]))
    path = named("glossaryTerms", "People.Wealth")
    (related,) = api.get(path)["relatedTerms"]
    assert (related["relationType"], related["term"]["fullyQualifiedName"]) == ("relatedTo", "People.Income")
    api.patch(INCOME, {"op": "replace", "path": "/name", "value": "Earnings"})
    assert api.get(path)["relatedTerms"][0]["term"]["fullyQualifiedName"] == "People.Earnings"
    api.put("glossaryTerms", term("Debt"))
    both = [{"relationType": "narrower", "term": "People.Debt"}, "People.Earnings"]
    assert len(api.put("glossaryTerms", term("Wealth", relatedTerms=both))["relatedTerms"]) == 2
    api.delete(named("glossaryTerms", "People.Debt"), hardDelete="true")
    assert [one["term"]["name"] for one in api.get(path)["relatedTerms"]] == ["Earnings"]
    api.put("glossaryTerms", term("Wealth", relatedTerms=["People.Nothing"]), expect=404)


def test_a_term_brings_its_tags_along_wherever_it_is_put(api: Api) -> None:
    api.table(columns=[{"name": "income", "dataType": "INT", "tags": [of_glossary("People.Income")]}, "age"])
    made = feature("f", "age", tags=[of_glossary("People.Income", labelType="Generated", state="Suggested")])
    model = api.model(mlFeatures=[made], tags=[of_glossary("People.Income")])
    derived = [("PII.Sensitive", "Derived", "Confirmed"), ("People.Income", "Manual", "Confirmed")]
    assert labels(model) == derived == labels(api.get(MODEL))
    assert labels(api.get(named("tables", "db.shop.main.people"))["columns"][0]) == derived
    assert labels(model["mlFeatures"][0]) == [
        ("PII.Sensitive", "Derived", "Suggested"),
        ("People.Income", "Generated", "Suggested"),
    ]
    for listed in (api.get("mlmodels")["data"][0], api.get("mlmodels", fields="tags")["data"][0]):
        assert labels(listed) == derived
    assert usages(api, "PII.Sensitive") == 4  # the term, the model, its feature, the column
    assert api.get(INCOME, fields="usageCount")["usageCount"] == 3
    assert api.get(named("glossaries", "People"), fields="usageCount")["usageCount"] == 3
    assert api.get(named("classifications", "PII"), fields="usageCount")["usageCount"] == 4


def test_derived_labels_that_come_in_are_dropped_and_found_out_anew(api: Api) -> None:
    lie = {"tagFQN": "PII.None", "source": "Classification", "labelType": "Derived", "state": "Confirmed"}
    assert labels(api.model(tags=[lie])) == []
    model = api.model(tags=[of_glossary("People.Income"), lie])
    assert labels(model) == [("PII.Sensitive", "Derived", "Confirmed"), ("People.Income", "Manual", "Confirmed")]
    same = api.put("mlmodels", {"name": "m", "tags": model["tags"]})
    assert (same.headers["X-OpenMetadata-Change"], same["tags"]) == ("entityNoChange", model["tags"])
    assert labels(api.patch(MODEL, {"op": "remove", "path": "/tags/0"})) == labels(model)
    assert labels(api.patch(MODEL, {"op": "remove", "path": "/tags/1"})) == []


def test_a_tag_of_ones_own_is_not_derived(api: Api) -> None:
    assert labels(api.model(tags=["PII.Sensitive", of_glossary("People.Income")])) == [
        ("PII.Sensitive", "Manual", "Confirmed"),
        ("People.Income", "Manual", "Confirmed"),
    ]
    assert usages(api, "PII.Sensitive") == 2


def test_terms_bring_the_tags_of_the_terms_that_they_are_tagged_with(api: Api) -> None:
    api.put("glossaryTerms", term("Wealth", tags=[of_glossary("People.Income"), "Tier.Tier1"]))
    api.patch(INCOME, {"op": "add", "path": "/tags/-", "value": of_glossary("People.Wealth")})
    assert [one for one, *_ in labels(api.model(tags=[of_glossary("People.Wealth")]))] == [
        "PII.Sensitive",
        "People.Income",
        "People.Wealth",
        "Tier.Tier1",
    ]
    assert usages(api, "PII.Sensitive") == 3


def test_derived_labels_follow_the_term_and_the_tag_and_history_keeps_them(api: Api) -> None:
    api.model(tags=[of_glossary("People.Income")])
    before = api.position()
    api.patch(INCOME, {"op": "replace", "path": "/tags/0", "value": {"tagFQN": "PersonalData.Personal"}})
    between = api.position()
    assert [one for one, *_ in labels(api.get(MODEL))] == ["People.Income", "PersonalData.Personal"]
    assert (usages(api, "PII.Sensitive"), usages(api, "PersonalData.Personal")) == (0, 2)
    api.put("tags", {"name": "Own", "classification": "PersonalData", "description": "d"})
    api.patch(INCOME, {"op": "add", "path": "/tags/-", "value": {"tagFQN": "PersonalData.Own"}})
    api.patch(named("tags", "PersonalData.Own"), {"op": "replace", "path": "/name", "value": "Owned"})
    api.patch(INCOME, {"op": "replace", "path": "/name", "value": "Earnings"})
    api.patch(named("glossaries", "People"), {"op": "replace", "path": "/name", "value": "Persons"})

    def check() -> None:
        assert [one for one, *_ in labels(api.get(MODEL))] == [
            "PersonalData.Owned",
            "PersonalData.Personal",
            "Persons.Earnings",
        ]
        then = api.get(MODEL, asOf=f"@{before}")
        assert [one for one, *_ in labels(then)] == ["PII.Sensitive", "People.Income"]
        assert [one for one, *_ in labels(api.get(MODEL, asOf=f"@{between}"))] == [
            "People.Income",
            "PersonalData.Personal",
        ]
        assert [one for one, *_ in labels(api.get(f"{MODEL}/versions/0.1"))] == ["PII.Sensitive", "People.Income"]
        counts = [usages(api, "PII.Sensitive", asOf=f"@{at}") for at in (before, between, api.position())]
        assert counts == [2, 0, 0]
        assert usages(api, "PersonalData.Owned") == 2

    check()
    api.application.catalog.reindex()
    check()
    api.delete(named("glossaryTerms", "Persons.Earnings"), hardDelete="true", recursive="true")
    assert labels(api.get(MODEL)) == []
    assert usages(api, "PersonalData.Owned") == 0


def test_what_a_term_brings_may_not_clash_with_what_is_there(api: Api) -> None:
    clash = "Tag labels PII.NonSensitive and PII.Sensitive are mutually exclusive and can't be assigned together"
    body = {"name": "m", "tags": ["PII.NonSensitive", of_glossary("People.Income")]}
    assert api.put("mlmodels", body, expect=400)["message"] == clash
    api.model(tags=[of_glossary("People.Income")])
    assert api.put("mlmodels", {"name": "m", "tags": ["PII.NonSensitive"]}, expect=400)["message"] == clash
    api.put("glossaries", {"name": "Kinds", "description": "d", "mutuallyExclusive": True})
    for name in ("A", "B"):
        api.put("glossaryTerms", term(name, "Kinds"))
    tags = [of_glossary("Kinds.A"), of_glossary("Kinds.B")]
    assert "mutually exclusive" in api.put("mlmodels", {"name": "m", "tags": tags}, expect=400)["message"]


def test_a_clash_that_came_later_stands_in_nobodys_way(api: Api) -> None:
    """The term got its tag when the other one was there already: removing either is possible, and so is the rest."""
    api.put("glossaryTerms", term("Late"))
    api.model(tags=["PII.NonSensitive", of_glossary("People.Late")])
    api.patch(named("glossaryTerms", "People.Late"), {"op": "add", "path": "/tags/0", "value": {"tagFQN": "PII.None"}})
    assert len(api.model(tags=["Tier.Tier1"])["tags"]) == 4
    tags = [one["tagFQN"] for one in api.get(MODEL)["tags"]]
    api.patch(MODEL, {"op": "remove", "path": f"/tags/{tags.index('PII.NonSensitive')}"})


def test_a_disabled_glossary_or_term_is_not_put_anywhere_anew(api: Api) -> None:
    api.model(tags=[of_glossary("People.Income.Salary")])
    api.patch(named("glossaries", "People"), {"op": "add", "path": "/disabled", "value": True})
    refused = api.put("mlmodels", {"name": "n", "tags": [of_glossary("People.Income.Salary")]}, expect=400)
    assert "is disabled" in refused["message"]
    api.model(description="changed")
    api.put("mlmodels", {"name": "n", "tags": [of_glossary("People.Nothing")]}, expect=404)


def test_a_tag_reaches_what_it_reaches_by_way_of_a_term(api: Api) -> None:
    column = {"name": "income", "dataType": "INT", "tags": [of_glossary("People.Income")]}
    api.table(columns=[column])
    api.model(mlFeatures=[feature("f", "income")])
    before = api.position()

    def reached(**query: str) -> list[tuple[str, str]]:
        found = api.get("governance/reach", **query)["data"]
        return [(row["entity"]["name"], row["tag"]) for row in found]

    assert reached(tag="PII.Sensitive") == [("m", "PII.Sensitive")]
    assert reached(tag="PII") == [("m", "PII.Sensitive")]
    assert reached(tag="People.Income") == [("m", "People.Income")]
    reaching = api.get("governance/tags/mlmodel/name/headwater.m")["data"]
    assert [row["tag"] for row in reaching] == ["PII.Sensitive", "People.Income"]
    api.patch(INCOME, {"op": "remove", "path": "/tags/0"})
    assert reached(tag="PII.Sensitive") == []
    assert reached(tag="PII.Sensitive", asOf=f"@{before}") == [("m", "PII.Sensitive")]
    suggested = {"tagFQN": "PII.Sensitive", "state": "Suggested"}
    api.patch(INCOME, {"op": "add", "path": "/tags", "value": [suggested]})
    assert reached(tag="PII.Sensitive") == []
    assert reached(tag="PII.Sensitive", suggested="true") == [("m", "PII.Sensitive")]
