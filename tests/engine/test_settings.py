# SPDX-License-Identifier: Apache-2.0
"""Settings that clients keep on the server, and what their connectors try first."""

import pytest

from .wire import Api

PROFILER = {"config_type": "profilerConfiguration", "config_value": {"metricConfiguration": [{"dataType": "INT"}]}}


def test_a_setting_is_kept_as_it_was_put(api: Api) -> None:
    assert api.get("system/settings/profilerConfiguration", expect=204).body is None
    assert api.get("system/settings").body == {"data": [], "paging": {"total": 0}}
    assert api.put("system/settings", PROFILER).body == PROFILER
    assert api.get("system/settings/profilerConfiguration").body == PROFILER
    api.put("system/settings", {**PROFILER, "config_value": {"metricConfiguration": []}})
    assert api.get("system/settings")["data"] == [{**PROFILER, "config_value": {"metricConfiguration": []}}]


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("emailConfiguration", 501, "the setting emailConfiguration is not kept here: where alerts go is said"),
        ("jwtTokenConfiguration", 501, "the setting jwtTokenConfiguration is not kept here: HEADWATER_AUTH_SECRET"),
        ("colour", 404, "there is no setting colour; there are assetCertificationSettings, entityRulesSettings"),
    ],
)
def test_a_setting_that_is_not_kept_says_why(api: Api, name: str, status: int, message: str) -> None:
    assert api.get(f"system/settings/{name}", expect=status)["message"].startswith(message)
    put = api.put("system/settings", {"config_type": name, "config_value": {}}, expect=status)
    assert put["message"].startswith(message)


def test_a_setting_needs_its_type_and_an_object(api: Api) -> None:
    assert "config_type" in api.put("system/settings", {"config_value": {}}, expect=400)["message"]
    assert "config_value" in api.put("system/settings", {**PROFILER, "config_value": 3}, expect=400)["message"]


@pytest.mark.parametrize(
    ("service", "steps"),
    [
        ("Mlflow", ["GetModels"]),
        ("SageMaker", ["GetModels"]),
        ("SQLite", ["CheckAccess", "GetSchemas", "GetTables", "GetViews"]),
        ("Mysql", ["CheckAccess", "GetSchemas", "GetTables", "GetViews"]),
        ("Postgres", ["CheckAccess", "GetDatabases", "GetSchemas", "GetTables", "GetViews"]),
    ],
)
def test_connectors_are_told_what_to_try(api: Api, service: str, steps: list[str]) -> None:
    path = f"services/testConnectionDefinitions/name/{service}.testConnectionDefinition"
    found = api.get(path).body
    assert (found["name"], found["fullyQualifiedName"]) == (service, f"{service}.testConnectionDefinition")
    assert [step["name"] for step in found["steps"]] == steps
    assert [step["shortCircuit"] for step in found["steps"]] == [True] + [False] * (len(steps) - 1)
    assert {step["name"] for step in found["steps"] if not step["mandatory"]} == {"GetViews"} & set(steps)
    assert found["id"] == api.get(path)["id"]


def test_a_kind_of_service_that_no_connector_reads_has_no_definition(api: Api) -> None:
    path = "services/testConnectionDefinitions/name/Sklearn.testConnectionDefinition"
    expected = "testConnectionDefinition instance for Sklearn.testConnectionDefinition not found"
    assert api.get(path, expect=404)["message"] == expected
    page = api.get("services/testConnectionDefinitions", limit="3", offset="1").body
    assert ([one["name"] for one in page["data"]], page["paging"]["total"]) == (
        ["Airflow", "AlationSink", "Amundsen"],
        93,
    )
