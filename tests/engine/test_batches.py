# SPDX-License-Identifier: Apache-2.0
"""Many changes in one request, and requests that nobody waits for."""

from typing import Any

import pytest

from .wire import Api, named


@pytest.fixture
def tables(api: Api) -> Api:
    """Four tables in two schemas of one database."""
    for name in ("a", "b", "c"):
        api.table(name)
    api.put("databaseSchemas", {"name": "other", "database": "db.shop"})
    api.put("tables", {"name": "d", "databaseSchema": "db.shop.other", "columns": []})
    return api


def stale(api: Api, kind: str, scope: str, *seen: str, collection: str = "tables", **more: Any) -> Any:
    expect = more.pop("expect", None)
    body = {"scopeFqn": scope, "scopeEntityType": kind, "seenFqns": list(seen), **more}
    return api("DELETE", f"{collection}/deleteStale", body, expect=expect)


def live(api: Api) -> list[str]:
    return [one["fullyQualifiedName"] for one in api.get("tables", limit="100")["data"]]


ALL = ["db.shop.main.a", "db.shop.main.b", "db.shop.main.c", "db.shop.other.d"]


@pytest.mark.parametrize(
    ("kind", "scope", "gone"),
    [
        ("databaseSchema", "db.shop.main", ["db.shop.main.a", "db.shop.main.c"]),
        ("database", "db.shop", ["db.shop.main.a", "db.shop.main.c", "db.shop.other.d"]),
        ("service", "db", ["db.shop.main.a", "db.shop.main.c", "db.shop.other.d"]),
    ],
)
def test_what_was_not_seen_in_the_scope_is_deleted_softly(tables: Api, kind: str, scope: str, gone: list[str]) -> None:
    reply = stale(tables, kind, scope, "db.shop.main.b").body
    assert (reply["status"], reply["numberOfRowsProcessed"], reply["numberOfRowsPassed"]) == (
        "success",
        len(gone),
        len(gone),
    )
    assert (reply["numberOfRowsFailed"], reply["failedRequest"], reply["dryRun"]) == (0, [], False)
    assert [row["request"] for row in reply["successRequest"]] == gone
    assert live(tables) == sorted(set(ALL) - set(gone))
    deleted = tables.get(named("tables", gone[0]), include="deleted")
    assert (deleted["deleted"], deleted["version"]) == (True, 0.2)
    again = stale(tables, kind, scope, "db.shop.main.b").body
    assert (again["status"], again["numberOfRowsProcessed"]) == ("success", 0)


def test_what_holds_something_that_was_seen_counts_as_seen(tables: Api) -> None:
    reply = stale(tables, "database", "db.shop", "db.shop.main.a", collection="databaseSchemas").body
    assert [row["request"] for row in reply["successRequest"]] == ["db.shop.other"]
    assert live(tables) == ALL[:3]


def test_a_dry_run_tells_and_changes_nothing(tables: Api) -> None:
    position = tables.position()
    reply = stale(tables, "service", "db", "db.shop.main.b", dryRun=True).body
    assert (reply["dryRun"], reply["numberOfRowsPassed"]) == (True, 3)
    assert {row["message"] for row in reply["successRequest"]} == {"entitySoftDeleted"}
    assert (live(tables), tables.position()) == (ALL, position)


def test_rows_that_cannot_be_deleted_are_told_and_stop_no_other(tables: Api) -> None:
    tables.put("databaseSchemas", {"name": "empty", "database": "db.shop"})
    reply = stale(tables, "database", "db.shop", collection="databaseSchemas", recursive=False).body
    assert (reply["status"], reply["numberOfRowsFailed"]) == ("partialSuccess", 2)
    assert [row["request"] for row in reply["successRequest"]] == ["db.shop.empty"]
    assert {(row["status"], row["message"]) for row in reply["failedRequest"]} == {(400, "databaseSchema is not empty")}
    hard = stale(tables, "database", "db.shop", collection="databaseSchemas", hardDelete=True).body
    assert (hard["numberOfRowsPassed"], hard["numberOfRowsFailed"]) == (2, 0)
    tables.get(named("tables", "db.shop.main.a"), include="all", expect=404)


@pytest.mark.parametrize(
    ("kind", "scope", "seen", "status", "message"),
    [
        ("glossary", "db", [], 400, "scopeEntityType: a table has no scope glossary, its scopes are: databaseSchema"),
        ("service", "nowhere", [], 404, "databaseService instance for nowhere not found"),
        ("service", "db", ['db."a'], 400, "seenFqns:"),
        ("service", None, [], 400, "scopeFqn:"),
    ],
)
def test_a_scope_that_cannot_be_right_deletes_nothing(
    tables: Api, kind: str, scope: Any, seen: list[str], status: int, message: str
) -> None:
    assert stale(tables, kind, scope, *seen, expect=status)["message"].startswith(message)
    assert live(tables) == ALL


def test_a_root_has_no_scope_to_be_stale_in(api: Api) -> None:
    reply = stale(api, "service", "db", collection="services/databaseServices", expect=400)
    assert reply["message"].endswith("its scopes are: none")


def test_work_that_nobody_waits_for_is_done(tables: Api) -> None:
    service = tables.get("services/databaseServices/name/db")["id"]
    deleted = tables.delete(f"services/databaseServices/async/{service}", recursive="true", expect=202)
    assert deleted["jobId"]
    assert (deleted["entityName"], deleted["recursive"], deleted["hardDelete"]) == ("db", True, False)
    assert live(tables) == []
    restored = tables.put("services/databaseServices/restore", {"id": service}, expect=202, **{"async": "true"})
    assert restored["message"] == "db has been restored"
    assert live(tables) == ALL
    bulk = tables.put("mlmodels/bulk", [{"name": "m"}], expect=200, **{"async": "true", "overrideMetadata": "false"})
    assert (bulk["numberOfRowsPassed"], bulk["numberOfRowsFailed"]) == (1, 0)
    tables.delete("services/databaseServices/async/unknown", expect=404)
