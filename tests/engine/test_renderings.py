# SPDX-License-Identifier: Apache-2.0
"""What is kept written out for readers is never shown once something in it has changed."""

import json

import pytest

from headwater.api.http import Request

from .wire import Api, feature, named

SCHEMA = named("databaseSchemas", "db.shop.main")
TABLE = named("tables", "db.shop.main.people")
SERVICE = named("services/databaseServices", "db")
USER = named("users", "bo")
TAG = named("tags", "PII.Sensitive")


@pytest.fixture
def model(api: Api) -> str:
    """The path of a model that shows a table, an owner, a tag and a service."""
    api.put("users", {"name": "bo", "email": "bo@example.org"})
    api.put("classifications", {"name": "Risk", "description": "of harm"})
    api.put("tags", {"name": "High", "classification": "Risk", "description": "much"})
    api.table(columns=["age"])
    api.model(
        mlFeatures=[feature("age", "age", tags=["Risk.High"])], owners=[{"id": api.get(USER)["id"], "type": "user"}]
    )
    return named("mlmodels", "headwater.m")


CASES = {
    "a table gets a description": (TABLE, "description", "everybody", "everybody"),
    "an owner gets another display name": (USER, "displayName", "Boas", "Boas"),
    "a tag gets another name": (named("tags", "Risk.High"), "name", "Severe", "Risk.Severe"),
    "a classification gets another name": (named("classifications", "Risk"), "name", "Harm", "Harm.High"),
    "what holds the table gets another name": (SERVICE, "name", "warehouse", "warehouse.shop.main.people.age"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_of_what_an_entity_shows_is_seen_at_once(api: Api, model: str, case: str) -> None:
    path, member, value, expected = CASES[case]
    before = api.get(model)
    assert expected not in str(before.body)
    api.patch(path, {"op": "add", "path": f"/{member}", "value": value})
    after = api.get(model)
    assert expected in str(after.body)
    assert expected in str(api.get("mlmodels", service="headwater")["data"])
    assert after.headers["ETag"] == before.headers["ETag"]


def test_an_owner_of_the_parent_is_inherited_at_once_and_no_longer_when_it_goes(api: Api) -> None:
    api.put("users", {"name": "bo", "email": "bo@example.org"})
    api.table()
    assert not api.get(TABLE).body.get("owners")
    owner = {"id": api.get(USER)["id"], "type": "user"}
    api.patch(SCHEMA, {"op": "add", "path": "/owners", "value": [owner]})
    assert [one["name"] for one in api.get(TABLE)["owners"]] == ["bo"]
    api.delete(USER)
    assert api.get(TABLE)["owners"][0]["deleted"] is True
    api.patch(SCHEMA, {"op": "remove", "path": "/owners"})
    assert not api.get(TABLE).body.get("owners")


def test_links_lead_to_the_server_that_was_asked(api: Api) -> None:
    hostile = '","id":"'
    made = api.model(description=f'"href":"\x01/api/v1" {hostile}')
    path = f"/api/v1/mlmodels/{made['id']}"
    for host in ("127.0.0.1:1234", f"localhost:{hostile}"):
        response = api.application.handle(Request("GET", path, headers={"host": host}))
        shown = json.loads(response.body)
        assert shown["href"] == f"http://{host}{path}"
        assert shown["description"] == made["description"]
        assert shown["service"]["href"].startswith(f"http://{host}/api/v1/services/mlmodelServices/")
    assert "href" not in api.get(f"mlmodels/{made['id']}").body
