# SPDX-License-Identifier: Apache-2.0
"""Documents about what others run: ingestion pipelines, tests of data, event subscriptions."""

from typing import Any

import pytest

from .test_rules_of_storage import everything_stored
from .wire import Api, named

SECRET = "correct horse"


def names(listed: Any) -> list[str]:
    return [one["name"] for one in listed]


# ingestion pipelines ----------------------------------------------------------------------------------------------


def pipeline(name: str, kind: str, service: str, **members: Any) -> Any:
    return {
        "name": name,
        "pipelineType": "metadata",
        "service": {"type": kind, "fullyQualifiedName": service},
        "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
        "airflowConfig": {"scheduleInterval": "0 * * * *"},
        **members,
    }


def test_a_pipeline_lives_under_a_service_of_any_type(api: Api) -> None:
    """Services of two types may have one name: the type of the reference tells which is meant."""
    for kind, type_ in (("database", "SQLite"), ("mlmodel", "Mlflow")):
        api.put(f"services/{kind}Services", {"name": "s", "serviceType": type_})
    made = api.put("services/ingestionPipelines", pipeline("p", "mlmodelService", "s"), expect=201)
    assert (made["fullyQualifiedName"], made["service"]["type"], made["loggerLevel"]) == (
        "s.p",
        "mlmodelService",
        "INFO",
    )
    api.put("services/ingestionPipelines", pipeline("q", "databaseService", "s", pipelineType="usage"))
    found = api.get("services/ingestionPipelines", pipelineType="usage")["data"]
    assert [one["fullyQualifiedName"] for one in found] == ["s.q"]
    assert names(api.get("services/ingestionPipelines", service=made["service"]["id"])["data"]) == ["p"]
    wrong = api.put("services/ingestionPipelines", pipeline("p", "table", "s"), expect=400)
    assert wrong["message"].startswith("service: a table cannot stand here, only a mlmodelService or ")
    api.put("services/ingestionPipelines", pipeline("p", "databaseService", "nowhere"), expect=404)
    api.delete(named("services/mlmodelServices", "s"), expect=400)
    api.patch(named("services/mlmodelServices", "s"), {"op": "replace", "path": "/name", "value": "t"})
    assert api.get(named("services/ingestionPipelines", "t.p"))["service"]["fullyQualifiedName"] == "t"


def test_secrets_of_a_pipeline_are_stored_apart(api: Api, database_url: str) -> None:
    config = {"config": {"type": "DBT", "dbtConfigSource": {"dbtCloudAuthToken": SECRET}}}
    body = pipeline("p", "mlmodelService", "headwater", sourceConfig=config)
    shown = api.put("services/ingestionPipelines", body)["sourceConfig"]["config"]["dbtConfigSource"]
    assert shown == {"dbtCloudAuthToken": "*********"}
    bot = api.as_user("ingestion-bot", bot=True)
    read = bot.get(named("services/ingestionPipelines", "headwater.p"))
    assert read["sourceConfig"]["config"]["dbtConfigSource"] == {"dbtCloudAuthToken": SECRET}
    assert SECRET not in everything_stored(database_url)


# tests of data ----------------------------------------------------------------------------------------------------

PEOPLE = "db.shop.main.people"
AGE = named("dataQuality/testCases", f"{PEOPLE}.age.between")


@pytest.fixture
def tested(api: Api) -> Any:
    """A table, and a definition of tests."""
    definition = {"name": "between", "entityType": "COLUMN", "testPlatforms": ["dbt"], "description": "d"}
    api.put("dataQuality/testDefinitions", definition)
    return api.table(columns=["age", "no.dot"])


def case(name: str, link: str, **members: Any) -> Any:
    return {"name": name, "entityLink": link, "testDefinition": "between", **members}


def test_a_test_case_is_about_a_table_or_a_column_and_is_named_after_it(api: Api, tested: Any) -> None:
    of_table = api.put("dataQuality/testCases", case("rows", f"<#E::table::{PEOPLE}>")).body
    column = f"<#E::table::{PEOPLE}::columns::age>"
    of_column = api.put("dataQuality/testCases", case("between", column, parameterValues=[{"name": "a", "value": "1"}]))
    assert (of_table["fullyQualifiedName"], of_table["entityFQN"]) == (f"{PEOPLE}.rows", PEOPLE)
    assert (of_column["fullyQualifiedName"], of_column["entityFQN"]) == (f"{PEOPLE}.age.between", f"{PEOPLE}.age")
    assert (of_column["entityLink"], of_column["testDefinition"]["name"]) == (column, "between")
    dotted = api.put("dataQuality/testCases", case("x", f'<#E::table::{PEOPLE}::columns::"no.dot">'))
    assert dotted["fullyQualifiedName"] == f'{PEOPLE}."no.dot".x'
    assert len(api.get("dataQuality/testCases", entityFQN=PEOPLE)["data"]) == 3
    for link, message in (
        (f"<#E::table::{PEOPLE}::columns::height>", f"entityLink: {PEOPLE} has no height in its columns"),
        (PEOPLE, f"entityLink: '{PEOPLE}' is not an entity link"),
        (f"<#E::mlmodel::{PEOPLE}>", "entityLink: a mlmodel cannot stand here, only a table"),
    ):
        assert api.put("dataQuality/testCases", case("y", link), expect=400)["message"].startswith(message)
    api.put("dataQuality/testCases", case("y", "<#E::table::db.shop.main.nope>"), expect=404)


def test_a_test_case_follows_its_table_also_in_the_index(api: Api, tested: Any) -> None:
    api.put("dataQuality/testCases", case("between", f"<#E::table::{PEOPLE}::columns::age>"))
    before = api.position()
    api.patch(named("services/databaseServices", "db"), {"op": "replace", "path": "/name", "value": "lake"})

    def check() -> None:
        moved = api.get(named("dataQuality/testCases", "lake.shop.main.people.age.between"))
        assert moved["entityLink"] == "<#E::table::lake.shop.main.people::columns::age>"
        assert api.get(AGE, asOf=f"@{before}")["entityLink"] == f"<#E::table::{PEOPLE}::columns::age>"

    check()
    api.application.catalog.reindex()
    check()
    api.patch(
        named("dataQuality/testCases", "lake.shop.main.people.age.between"),
        {"op": "replace", "path": "/name", "value": "within"},
    )
    api.get(named("dataQuality/testCases", "lake.shop.main.people.age.within"))


def test_the_first_test_case_of_a_table_makes_its_suite(api: Api, tested: Any) -> None:
    first = api.put("dataQuality/testCases", case("a", f"<#E::table::{PEOPLE}>")).body
    second = api.put("dataQuality/testCases", case("b", f"<#E::table::{PEOPLE}::columns::age>")).body
    assert first["testSuite"]["fullyQualifiedName"] == f"{PEOPLE}.testSuite"
    assert second["testSuite"]["id"] == first["testSuite"]["id"]
    suite = api.get(named("dataQuality/testSuites", f"{PEOPLE}.testSuite"), fields="tests").body
    assert (suite["basic"], names(suite["tests"])) == (True, ["a", "b"])
    table = api.get(named("tables", PEOPLE), fields="testSuite").body
    assert table["testSuite"]["id"] == suite["id"]
    assert names(api.get("dataQuality/testCases", testSuiteId=suite["id"])["data"]) == ["a", "b"]
    api.delete(named("tables", PEOPLE), expect=400)
    api.delete(named("tables", PEOPLE), recursive="true", hardDelete="true")
    assert api.get("dataQuality/testCases", include="all")["paging"]["total"] == 0


def test_the_suite_of_a_table_is_one_whatever_a_request_calls_it(api: Api, tested: Any) -> None:
    body = {"name": f"{PEOPLE}.TestSuite", "basicEntityReference": PEOPLE, "executableEntityReference": None}
    suite = api.put("dataQuality/testSuites/executable", body, expect=201).body
    assert (suite["name"], suite["fullyQualifiedName"]) == ("testSuite", f"{PEOPLE}.testSuite")
    older = {"name": "x", "executableEntityReference": PEOPLE, "description": "d"}
    assert api.put("dataQuality/testSuites/basic", older)["id"] == suite["id"]
    logical = api.put("dataQuality/testSuites", {"name": "mine"}, expect=201)
    assert (logical["fullyQualifiedName"], logical["basic"]) == ("mine", False)
    api.delete(f"dataQuality/testSuites/executable/{suite['id']}", hardDelete="true")
    assert "testSuite" not in api.get(named("tables", PEOPLE), fields="testSuite").body


# event subscriptions ----------------------------------------------------------------------------------------------


def webhook(secret: str, endpoint: str = "https://a.example/hook", **members: Any) -> Any:
    config = {"endpoint": endpoint, "authType": {"type": "bearer", "secretKey": secret}}
    return {"category": "External", "type": "Webhook", "config": config, **members}


def subscription(*destinations: Any, **members: Any) -> Any:
    return {
        "name": "sub",
        "alertType": "Notification",
        "resources": ["mlmodel"],
        "trigger": {"triggerType": "RealTime"},
        "input": {"filters": [{"name": "matchAnyEntityFqn", "arguments": [{"name": "fqnList", "input": ["a"]}]}]},
        "destinations": list(destinations),
        **members,
    }


SUB = named("events/subscriptions", "sub")


def test_a_subscription_is_kept_as_it_was_sent(api: Api) -> None:
    made = api.put("events/subscriptions", subscription(webhook("k"), {"category": "Owners", "type": "Email"})).body
    assert (made["filteringRules"]["resources"], made["batchSize"], made["retries"]) == (["mlmodel"], 10, 3)
    assert made["input"]["filters"][0]["name"] == "matchAnyEntityFqn"
    same = api.put("events/subscriptions", subscription(webhook("k"), {"category": "Owners", "type": "Email"}))
    assert same.headers["X-OpenMetadata-Change"] == "entityNoChange"
    assert [one["id"] for one in same["destinations"]] == [one["id"] for one in made["destinations"]]
    listed = names(api.get("events/subscriptions", alertType="Notification")["data"])
    assert listed == ["ModelEndpoints", "ModelOwners", "ModelSources", "sub"], "three are there from the beginning"
    assert api.get("events/subscriptions", alertType="Custom")["data"] == []
    api.delete(SUB)
    api.get(SUB, include="all", expect=404)


def test_the_secret_of_a_destination_stays_with_it(api: Api, database_url: str) -> None:
    """Masks are sent back in another order, or with an item less: each stands for the secret of its own item."""
    bot = api.as_user("ingestion-bot", bot=True)

    def secrets() -> list[str]:
        return [one["config"]["authType"]["secretKey"] for one in bot.get(SUB)["destinations"]]

    made = api.put("events/subscriptions", subscription(webhook("first"), webhook("second", "https://b.example"))).body
    assert secrets() == ["first", "second"]
    one, other = made["destinations"]
    assert one["config"]["authType"]["secretKey"] == "*********"
    api.put("events/subscriptions", subscription(other, one))
    assert secrets() == ["second", "first"]
    api.patch(SUB, {"op": "remove", "path": "/destinations/0"})
    assert secrets() == ["first"]
    api.patch(SUB, {"op": "replace", "path": "/destinations/0/config/authType/secretKey", "value": "third"})
    assert secrets() == ["third"]
    stored = everything_stored(database_url)
    assert not [secret for secret in ("first", "second", "third") if f'"{secret}"' in stored]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"alertType": "Alarm"}, "alertType: Input should be"),
        (
            {"destinations": [{"category": "External", "type": "Slack"}]},
            "destinations.0: an External destination of type Slack",
        ),
        ({"destinations": [{"category": "External", "type": "Email"}]}, "destinations.0: an External destination of"),
        ({"destinations": [{"category": "Nobody", "type": "Email"}]}, "destinations.0.category: Input should be"),
        ({"trigger": {"triggerType": "Scheduled", "scheduleInfo": "Custom"}}, "trigger: a Custom schedule needs"),
        ({"batchSize": 0}, "batchSize: "),
    ],
)
def test_a_subscription_that_nobody_could_serve_is_refused(api: Api, members: Any, message: str) -> None:
    assert api.put("events/subscriptions", subscription(**members), expect=400)["message"].startswith(message)
