# SPDX-License-Identifier: Apache-2.0
"""Data products, certification, and the life cycle of assets."""

from typing import Any

import pytest

from .wire import Api, named

MODEL = named("mlmodels", "headwater.m")
DAY = 24 * 60 * 60 * 1000


@pytest.fixture(autouse=True)
def domain(api: Api) -> None:
    for name in ("Risk", "Sales"):
        api.put("domains", {"name": name, "domainType": "Aggregate", "description": "d"})


def product(api: Api, name: str = "Scores", **members: Any) -> Any:
    return api.put("dataProducts", {"name": name, "description": "d", "domains": ["Risk"], **members}).body


def names(listed: Any) -> list[str]:
    return [one["name"] for one in listed]


def test_a_data_product_belongs_to_a_domain_and_is_not_named_after_it(api: Api) -> None:
    made = product(api, visibility="PUBLIC", dataProductType="DATASET", experts=["admin"])
    assert (made["fullyQualifiedName"], names(made["domains"])) == ("Scores", ["Risk"])
    product(api, "Other", domains=["Sales"])
    assert names(api.get("dataProducts", domain="Risk")["data"]) == ["Scores"]
    missing = api.put("dataProducts", {"name": "x", "description": "d", "domains": []}, expect=400)
    assert missing["message"].startswith("domains:")
    body = {"name": "x", "description": "d", "domains": ["Risk"]}
    refused = api.put("dataProducts", body | {"fullyQualifiedName": "Risk.y"}, expect=400)
    assert refused["message"] == "fullyQualifiedName: what is called x cannot be Risk.y"
    assert api.put("dataProducts", body | {"fullyQualifiedName": "x"})["fullyQualifiedName"] == "x"


def test_an_asset_needs_a_domain_to_be_part_of_a_product(api: Api) -> None:
    product(api)
    refused = api.put("mlmodels", {"name": "m", "dataProducts": ["Scores"]}, expect=400)
    assert refused["message"] == "Domain cannot be empty when data products are provided."
    assert names(api.model(domains=["Risk"], dataProducts=["Scores"])["dataProducts"]) == ["Scores"]
    assert names(api.model(description="d")["dataProducts"]) == ["Scores"], "a PUT that says nothing leaves them alone"
    bot = api.as_user("ingestion-bot", bot=True)
    product(api, "Other")
    assert names(bot.model(dataProducts=["Other"])["dataProducts"]) == ["Scores"], "nor does a bot replace them"
    assert names(api.model(dataProducts=["Other"])["dataProducts"]) == ["Other"]
    api.patch(MODEL, {"op": "remove", "path": "/domains"}, expect=400)
    assert api.patch(MODEL, {"op": "remove", "path": "/dataProducts"}).body.get("dataProducts") in (None, [])
    api.patch(MODEL, {"op": "remove", "path": "/domains"})


def test_an_inherited_domain_is_enough(api: Api) -> None:
    product(api)
    service = {"name": "db", "serviceType": "SQLite"}
    api.put("services/databaseServices", {**service, "domains": ["Risk"]})
    api.put("databases", {"name": "shop", "service": "db"})
    api.put("databaseSchemas", {"name": "main", "database": "db.shop"})
    body = {"name": "t", "databaseSchema": "db.shop.main", "columns": [], "dataProducts": ["Scores"]}
    assert names(api.put("tables", body)["dataProducts"]) == ["Scores"]


def test_a_product_may_name_its_assets(api: Api) -> None:
    model = api.model(domains=["Risk"])
    table = api.table(domains=["Risk"])
    alone = api.model("alone")
    references = [{"id": model["id"], "type": "mlmodel"}, {"id": table["id"], "type": "table"}]
    product(api, assets=references)
    listed = api.get(named("dataProducts", "Scores"), fields="assets")["assets"]
    assert [(one["type"], one["name"]) for one in listed] == [("mlmodel", "m"), ("table", "people")]
    assert names(api.get(MODEL)["dataProducts"]) == ["Scores"]
    product(api, assets=references[:1])
    assert names(api.get(named("dataProducts", "Scores"), fields="assets")["assets"]) == ["m"]
    body = {"name": "Scores", "description": "d", "domains": ["Risk"]}
    more = api.put("dataProducts", {**body, "assets": [{"id": alone["id"], "type": "mlmodel"}]}, expect=400)
    assert more["message"] == "mlmodel headwater.alone: Domain cannot be empty when data products are provided."
    assert names(api.get(MODEL)["dataProducts"]) == ["Scores"], "and nothing of the request was done"


def certify(tag: str, **dates: int) -> Any:
    label = {"tagFQN": tag, "source": "Classification", "labelType": "Manual", "state": "Confirmed"}
    return {"op": "add", "path": "/certification", "value": {"tagLabel": label, **dates}}


def test_an_asset_is_certified_by_a_tag_for_that(api: Api) -> None:
    api.model()
    gold = api.patch(MODEL, certify("Certification.Gold", appliedDate=1000, expiryDate=2000))
    assert gold["certification"]["tagLabel"]["tagFQN"] == "Certification.Gold"
    assert gold["certification"]["tagLabel"]["description"]
    assert [one["name"] for one in gold["changeDescription"]["fieldsAdded"]] == ["certification"]
    before = api.position()
    assert api.get(named("tags", "Certification.Gold"), fields="usageCount")["usageCount"] == 1
    assert api.model(description="d")["certification"] == gold["certification"], "a PUT cannot say it, so it stays"
    later = api.patch(MODEL, certify("Certification.Silver"))["certification"]
    assert later["expiryDate"] - later["appliedDate"] == 30 * DAY
    assert api.get(MODEL, asOf=f"@{before}")["certification"] == gold["certification"]
    api.application.catalog.reindex()
    assert api.get(named("tags", "Certification.Silver"), fields="usageCount")["usageCount"] == 1
    wrong = api.patch(MODEL, certify("PII.None"), expect=400)
    assert wrong["message"] == "certification: PII.None is not a tag of the classification Certification"
    ended = api.patch(MODEL, certify("Certification.Gold", appliedDate=2, expiryDate=1), expect=400)
    assert ended["message"] == "certification: expiryDate must be later than appliedDate"
    api.patch(MODEL, certify("Certification.Nothing"), expect=404)
    assert api.patch(MODEL, {"op": "remove", "path": "/certification"}).body.get("certification") is None


def test_a_certification_follows_its_tag(api: Api) -> None:
    api.put("tags", {"name": "Iron", "classification": "Certification", "description": "d"})
    api.model()
    api.patch(MODEL, certify("Certification.Iron"))
    before = api.position()
    api.patch(named("tags", "Certification.Iron"), {"op": "replace", "path": "/name", "value": "Steel"})
    assert api.get(MODEL)["certification"]["tagLabel"]["tagFQN"] == "Certification.Steel"
    assert api.get(MODEL, asOf=f"@{before}")["certification"]["tagLabel"]["tagFQN"] == "Certification.Iron"
    api.delete(named("tags", "Certification.Steel"), hardDelete="true")
    assert "certification" not in api.get(MODEL).body
    api.model(description="still possible")


def test_the_later_report_of_a_life_cycle_counts_and_is_no_version(api: Api) -> None:
    admin = api.get(named("users", "admin")).body
    by_admin = {"timestamp": 6, "accessedBy": {"id": admin["id"], "type": "user"}}
    first = api.model(lifeCycle={"created": {"timestamp": 5}, "updated": {"timestamp": 5, "accessedByAProcess": "dag"}})
    reply = api.model(lifeCycle={"updated": {"timestamp": 4}, "accessed": by_admin})
    assert reply["version"] == first["version"] == 0.1
    assert reply["lifeCycle"]["created"] == {"timestamp": 5}
    assert reply["lifeCycle"]["updated"] == {"timestamp": 5, "accessedByAProcess": "dag"}
    assert reply["lifeCycle"]["accessed"]["accessedBy"]["name"] == "admin"
    assert api.model(description="d")["lifeCycle"] == reply["lifeCycle"]
    assert api.model(lifeCycle={"updated": {"timestamp": 7}})["lifeCycle"]["updated"] == {"timestamp": 7}
    wrong = {"name": "m", "lifeCycle": {"used": {"timestamp": 1}}}
    assert api.put("mlmodels", wrong, expect=400)["message"].startswith("lifeCycle.used:")
    missing = {"name": "m", "lifeCycle": {"accessed": {"timestamp": 9, "accessedBy": {"type": "user", "name": "x"}}}}
    api.put("mlmodels", missing, expect=404)
    assert api.patch(MODEL, {"op": "remove", "path": "/lifeCycle"}).body.get("lifeCycle") is None
