# SPDX-License-Identifier: Apache-2.0
"""The assets of tags, users, teams and domains, and adding and removing them."""

from typing import Any

import pytest

from .wire import Api, named, segment


@pytest.fixture
def shop(api: Api) -> Api:
    """Two tables and a model, a domain, a user and a team."""
    api.table("a", ["x"])
    api.table("b", [{"name": "y", "dataType": "INT", "tags": ["PII.Sensitive"]}])
    api.model()
    api.put("domains", {"name": "sales", "domainType": "Aggregate", "description": "d"})
    api.put("domains", {"name": "it", "domainType": "Aggregate", "description": "d"})
    api.put("users", {"name": "bob", "email": "bob@example.org"})
    api.put("teams", {"name": "crew", "description": "d"})
    return api


def assets(api: Api, collection: str, name: str, **query: str) -> list[str]:
    return [one["fullyQualifiedName"] for one in api.get(f"{named(collection, name)}/assets", **query)["data"]]


def ref(api: Api, collection: str, name: str) -> Any:
    kind = {"tables": "table", "mlmodels": "mlmodel", "tags": "tag", "users": "user"}[collection]
    return {"id": api.get(named(collection, name))["id"], "type": kind}


A, B, MODEL = ("tables", "db.shop.main.a"), ("tables", "db.shop.main.b"), ("mlmodels", "headwater.m")


def change(api: Api, holder: str, word: str, *given: tuple[str, str], **more: Any) -> Any:
    body = {"assets": [ref(api, *one) for one in given], **more}
    return api.put(f"{holder}/assets/{word}", body).body


def test_assets_of_a_tag_are_what_carries_it_itself_or_on_a_field(shop: Api) -> None:
    assert assets(shop, "tags", "PII.Sensitive") == ["db.shop.main.b"]
    shop.model(tags=["PII.Sensitive"])
    shop.put("tags", {"name": "Very", "parent": "PII.Sensitive", "description": "d"})
    shop.patch(
        named(*A),
        {"op": "add", "path": "/tags/-", "value": {"tagFQN": "PII.Sensitive.Very", "source": "Classification"}},
    )
    assert assets(shop, "tags", "PII.Sensitive") == ["db.shop.main.b", "headwater.m"]
    shop.delete(named(*B))
    assert assets(shop, "tags", "PII.Sensitive") == ["headwater.m"]


def test_pages_of_assets(shop: Api) -> None:
    for name in ("p", "q", "r"):
        shop.model(name, owners=["bob"])
    user = shop.get(named("users", "bob"))["id"]
    page = shop.get(f"users/{user}/assets", limit="2", offset="1").body
    assert [one["name"] for one in page["data"]] == ["q", "r"]
    assert page["paging"] == {"total": 3, "offset": 1, "limit": 2}
    assert shop.get(f"users/{user}/assets", limit="0")["paging"]["total"] == 3
    assert set(page["data"][0]) == {"id", "type", "name", "fullyQualifiedName", "deleted"}
    shop.get(f"users/{user}/assets", limit="-1", expect=400)
    shop.get("users/name/nobody/assets", expect=404)


def test_assets_as_they_were(shop: Api) -> None:
    change(shop, "domains/sales", "add", A, B)
    then = f"@{shop.position()}"
    change(shop, "domains/sales", "remove", A)
    shop.delete(named(*B), hardDelete="true")
    assert assets(shop, "domains", "sales") == []
    assert assets(shop, "domains", "sales", asOf=then) == ["db.shop.main.a", "db.shop.main.b"]


def test_adding_and_removing_changes_each_asset(shop: Api) -> None:
    domain = shop.get(named("domains", "sales"))["id"]
    reply = change(shop, "domains/sales", "add", A, MODEL)
    assert (reply["status"], reply["numberOfRowsPassed"], reply["numberOfRowsFailed"]) == ("success", 2, 0)
    table = shop.get(named(*A), fields="domains")
    assert ([one["id"] for one in table["domains"]], table["version"]) == ([domain], 0.2)
    assert assets(shop, "domains", "sales") == ["db.shop.main.a", "headwater.m"]
    again = change(shop, f"domains/{domain}", "add", A)
    assert [row["message"] for row in again["successRequest"]] == ["entityNoChange"]
    change(shop, "domains/it", "add", A)
    change(shop, "domains/sales", "remove", A, B)
    table = shop.get(named(*A), fields="domains")
    assert ([one["name"] for one in table["domains"]], table["version"]) == (["it"], 0.4)


def test_what_is_inherited_is_neither_an_asset_nor_kept_when_one_is_added(shop: Api) -> None:
    shop.put("databases", {"name": "shop", "service": "db", "domains": ["sales"]})
    assert [one["inherited"] for one in shop.get(named(*A), fields="domains")["domains"]] == [True]
    assert assets(shop, "domains", "sales") == ["db.shop"]
    change(shop, "domains/sales", "remove", A)
    assert shop.get(named(*A))["version"] == 0.1
    change(shop, "domains/it", "add", A)
    assert [one["name"] for one in shop.get(named(*A), fields="domains")["domains"]] == ["it"]
    change(shop, "domains/sales", "add", B)
    assert assets(shop, "domains", "sales") == ["db.shop.main.b", "db.shop"]


def test_rows_that_fail_name_their_reason_and_stop_no_other(shop: Api) -> None:
    unknown = {"id": "00000000-0000-4000-8000-000000000000", "type": "table"}
    named_only = {"type": "table", "fullyQualifiedName": "db.shop.main.b"}
    given = [ref(shop, *A), unknown, ref(shop, "tags", "PII.None"), {"type": "planet", "id": "x"}, named_only]
    reply = shop.put("teams/crew/assets/add", {"assets": given}).body
    assert (reply["status"], reply["numberOfRowsPassed"]) == ("partialSuccess", 3)
    assert [(row["status"], row["message"]) for row in reply["failedRequest"]] == [
        (404, "table instance for 00000000-0000-4000-8000-000000000000 not found"),
        (404, "Entity type planet not found"),
    ]
    both = change(shop, "users/bob", "add", A)
    assert both["failedRequest"][0]["message"] == "owners are users or one team, not both"
    other = change(shop, "domains/sales", "add", ("users", "bob"))
    assert other["failedRequest"][0]["message"] == "a user has no domains"
    vague = shop.put("teams/crew/assets/add", {"assets": [{"type": "table"}]})["failedRequest"][0]
    assert vague["message"] == "assets: a reference needs an id or a fullyQualifiedName"
    shop.put("teams/nobody/assets/add", {"assets": []}, expect=404)


def test_a_dry_run_tells_and_changes_nothing(shop: Api) -> None:
    position = shop.position()
    reply = change(shop, "domains/sales", "add", A, dryRun=True)
    assert (reply["dryRun"], reply["successRequest"][0]["message"]) == (True, "entityUpdated")
    assert (assets(shop, "domains", "sales"), shop.position()) == ([], position)


def test_names_with_dots_find_their_holder(shop: Api) -> None:
    shop.put("teams", {"name": "data.crew", "description": "d"})
    change(shop, f"teams/{segment('data.crew')}", "add", A)
    assert assets(shop, "teams", '"data.crew"') == ["db.shop.main.a"]


def test_assets_of_glossary_terms_and_data_products(shop: Api) -> None:
    shop.put("glossaries", {"name": "People", "description": "d"})
    shop.put("glossaryTerms", {"name": "Income", "glossary": "People", "description": "d"})
    label = {"tagFQN": "People.Income", "source": "Glossary"}
    shop.patch(named(*A), {"op": "add", "path": "/tags/-", "value": label})
    assert assets(shop, "glossaryTerms", "People.Income") == ["db.shop.main.a"]
    shop.put("dataProducts", {"name": "scores", "description": "d", "domains": ["sales"]})
    without = change(shop, "dataProducts/scores", "add", A)["failedRequest"][0]
    assert without["message"] == "Domain cannot be empty when data products are provided."
    change(shop, "domains/sales", "add", A, B)
    assert change(shop, "dataProducts/scores", "add", A, B)["numberOfRowsPassed"] == 2
    assert assets(shop, "dataProducts", "scores") == ["db.shop.main.a", "db.shop.main.b"]
    change(shop, "dataProducts/scores", "remove", A)
    assert assets(shop, "dataProducts", "scores") == ["db.shop.main.b"]


def test_what_a_term_brings_along_is_an_asset_of_the_tag_too(api: Api) -> None:
    api.put("glossaries", {"name": "Words", "description": "of ours"})
    term = {"name": "Person", "glossary": "Words", "description": "somebody", "tags": ["PII.Sensitive"]}
    api.put("glossaryTerms", term)
    api.table("people", tags=[{"tagFQN": "Words.Person", "source": "Glossary"}])
    for path in (named("tags", "PII.Sensitive"), named("glossaryTerms", "Words.Person")):
        assert "people" in [one["name"] for one in api.get(f"{path}/assets")["data"]]
