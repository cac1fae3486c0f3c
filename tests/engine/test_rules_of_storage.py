# SPDX-License-Identifier: Apache-2.0
"""The rules of the store that are dear to undo, each by its name."""

import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from headwater.errors import StoreError
from headwater.store import events

from .wire import Api, feature, named

MODEL = named("mlmodels", "headwater.m")


def test_one_write_is_one_transaction(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure at the last step, the event, leaves nothing of what was written before it."""
    api.table(columns=["age"])
    before = api.position()

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(events, "append", fail)
        api.put("mlmodels", {"name": "m", "mlFeatures": [feature("age", "age")]}, expect=500)
    assert api.position() == before
    api.get(MODEL, expect=404)
    assert api.get("mlmodels")["paging"]["total"] == 0
    assert api.lineage("table", "db.shop.main.people")["downstreamEdges"] == []
    assert api.model("m")["version"] == 0.1


def test_no_change_writes_nothing(api: Api) -> None:
    first = api.model(description="d", algorithm="XGB")
    position = api.position()
    reply = api.put("mlmodels", {"name": "m", "description": "d", "algorithm": "XGB"})
    assert reply.headers["X-OpenMetadata-Change"] == "entityNoChange"
    assert (reply["version"], reply["updatedAt"]) == (0.1, first["updatedAt"])
    assert (
        api.as_user("bob").patch(MODEL, {"op": "replace", "path": "/description", "value": "d"})["updatedBy"] == "ada"
    )
    assert api.position() == position


def test_positions_have_no_gap_and_one_event_each(api: Api) -> None:
    api.table(columns=["age"])
    api.model(mlFeatures=[feature("age", "age")])
    api.put("mlmodels", {"name": "m", "owners": ["nobody"]}, expect=404)
    api.put("mlmodels/bulk", [{"name": "a"}, {"name": "b::"}, {"name": "c", "tags": ["No.Such"]}, {"name": "d"}])
    api.delete("services/databaseServices/name/db", recursive="true")
    events_ = api.get("events", limit="10000", after="0")["data"]
    assert [event["position"] for event in events_] == list(range(1, api.position() + 1))


def test_timestamps_never_run_backwards(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.model("a")
    last = api.get("events", limit="10000")["data"][-1]["timestamp"]
    monkeypatch.setattr(time, "time_ns", lambda: (last - 3_600_000) * 1_000_000)
    api.model("b")
    stamps = [event["timestamp"] for event in api.get("events", limit="10000")["data"]]
    assert stamps == sorted(stamps)
    assert api.get(named("mlmodels", "headwater.b"))["updatedAt"] == last


def test_as_of_a_time_means_the_highest_position_not_after_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns() // 1_000_000 + 60_000
    for offset, algorithm in enumerate(("one", "two", "three")):
        monkeypatch.setattr(time, "time_ns", lambda at=now + offset: at * 1_000_000)
        api.model(algorithm=algorithm)
    moment = datetime.fromtimestamp((now + 1) / 1000, UTC).isoformat()
    for text in (str(now + 1), moment, f"@{api.position() - 1}"):
        assert api.get(MODEL, asOf=text)["algorithm"] == "two"
    api.get(MODEL, asOf=str(now - 1), expect=404)
    assert api.get(MODEL, asOf="2999-01-01")["algorithm"] == "three"
    assert "asOf" in api.get(MODEL, asOf="yesterday", expect=400)["message"]


def test_nul_is_refused(api: Api) -> None:
    for body in ({"name": "a\0b"}, {"name": "m", "description": "a\0b"}, {"name": "m", "extension": {"k\0": 1}}):
        assert "U+0000" in api.put("mlmodels", body, expect=400)["message"]
    assert api.model(description="a\\u0000b")["description"] == "a\\u0000b"
    api.get("mlmodels/name/a%00b", expect=404)
    api.get("mlmodels/a%00b", expect=404)


def test_bulk_has_a_savepoint_and_an_event_per_row(api: Api) -> None:
    api.table(columns=["age"])
    before = api.position()
    rows = [{"name": f"m{i}", "mlFeatures": [feature("age", "age" if i % 3 else "agee")]} for i in range(250)]
    result = api.put("mlmodels/bulk", rows).body
    failed = sum(1 for i in range(250) if i % 3 == 0)
    assert (result["status"], result["numberOfRowsProcessed"]) == ("partialSuccess", 250)
    assert (result["numberOfRowsPassed"], result["numberOfRowsFailed"]) == (250 - failed, failed)
    assert "the nearest is age" in result["failedRequest"][0]["message"]
    assert api.position() == before + 250 - failed
    assert api.get("mlmodels", limit="0")["paging"]["total"] == 250 - failed


def test_a_withdrawn_version_is_shown_as_it_was(api: Api) -> None:
    api.model(description="zero")
    api.patch(MODEL, {"op": "add", "path": "/displayName", "value": "one"})
    middle = api.position()
    assert api.get(MODEL)["version"] == 0.2
    back = api.patch(MODEL, {"op": "remove", "path": "/displayName"})
    assert back["version"] == 0.1
    assert len(api.get(f"{MODEL}/versions")["versions"]) == 1
    assert api.get(MODEL, asOf=f"@{middle}")["displayName"] == "one"
    assert len(api.get(f"{MODEL}/versions", asOf=f"@{middle}")["versions"]) == 2
    api.get(f"{MODEL}/versions/0.2", expect=404)
    assert api.get(f"{MODEL}/versions/0.2", asOf=f"@{middle}")["displayName"] == "one"
    again = api.patch(MODEL, {"op": "add", "path": "/displayName", "value": "other"})
    assert again["version"] == 0.2
    assert api.get(f"{MODEL}/versions/0.2")["displayName"] == "other"


def test_a_hard_delete_leaves_a_tombstone(api: Api) -> None:
    api.model(description="here")
    before = api.position()
    api.delete(MODEL, hardDelete="true")
    api.get(MODEL, include="all", expect=404)
    assert api.get(MODEL, asOf=f"@{before}")["description"] == "here"
    assert [one["name"] for one in api.get("mlmodels", asOf=f"@{before}")["data"]] == ["m"]
    after = api.position()
    assert api.model(description="another")["version"] == 0.1
    api.get(MODEL, asOf=f"@{after}", expect=404)


def test_states_keep_the_names_as_they_were(api: Api) -> None:
    api.put("classifications", {"name": "Use", "description": "d"})
    api.put("tags", {"name": "Marketing", "classification": "Use", "description": "d"})
    api.model(tags=["Use.Marketing"])
    tagged = api.position()
    api.patch(named("tags", "Use.Marketing"), {"op": "replace", "path": "/name", "value": "Ads & co."})
    renamed = api.position()
    label = 'Use."Ads & co."'
    assert api.get(MODEL)["tags"][0]["tagFQN"] == label
    api.model(algorithm="XGB")
    assert api.get(f"{MODEL}/versions/0.1")["tags"][0]["tagFQN"] == "Use.Marketing"
    assert api.get(f"{MODEL}/versions/1.1")["tags"][0]["tagFQN"] == label
    api.delete(named("tags", label), hardDelete="true")
    assert api.get(MODEL)["tags"] == []
    for position, name in ((tagged, "Use.Marketing"), (renamed, label)):
        assert api.get(MODEL, asOf=f"@{position}")["tags"][0]["tagFQN"] == name
    assert api.get(f"{MODEL}/versions/1.1")["tags"][0]["tagFQN"] == label


def test_a_rename_touches_one_document_and_old_names_stay_findable(api: Api) -> None:
    api.table(columns=["age"])
    api.model(mlFeatures=[feature("age", "age")])
    before = api.position()
    service = api.patch(named("services/databaseServices", "db"), {"op": "replace", "path": "/name", "value": "d.b"})
    assert (service["fullyQualifiedName"], service["version"]) == ('"d.b"', 0.2)
    assert api.position() == before + 1
    table = api.get(named("tables", '"d.b".shop.main.people')).body
    assert (table["version"], table["columns"][0]["fullyQualifiedName"]) == (0.1, '"d.b".shop.main.people.age')
    api.get(named("tables", "db.shop.main.people"), expect=404)
    old = api.get(named("tables", "db.shop.main.people"), asOf=f"@{before}")
    assert (old["id"], old["fullyQualifiedName"]) == (table["id"], "db.shop.main.people")
    assert [one["fullyQualifiedName"] for one in api.get("tables", service='"d.b"')["data"]] == [
        '"d.b".shop.main.people'
    ]
    api.put("services/databaseServices", {"name": "db", "serviceType": "Mysql"}, expect=201)


def test_the_strong_tag_is_the_revision_and_the_weak_one_the_version(api: Api) -> None:
    reply = api.put("mlmodels", {"name": "m"})
    assert reply.headers["ETag"] == '"1"' == api.get(MODEL).headers["ETag"]
    change = {"op": "add", "path": "/sourceHash", "value": "abc"}
    unversioned = api.patch(MODEL, change, if_match='"1"')
    assert (unversioned["version"], unversioned.headers["ETag"]) == (0.1, '"2"')
    described = {"op": "add", "path": "/description", "value": "d"}
    api.patch(MODEL, described, if_match='"1"', expect=412)
    api.patch(MODEL, described, if_match='W/"0.7"', expect=412)
    assert api.patch(MODEL, described, if_match='"9", W/"0.1"')["version"] == 0.2
    api.put("mlmodels", {"name": "m", "description": "e"}, if_match='W/"0.1"', expect=412)
    api.delete(MODEL, if_match='W/"0.1"', expect=412)
    api.patch(MODEL, {"op": "replace", "path": "/description", "value": "f"}, if_match="*")


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/columns/0", "value": {"name": "first", "dataType": "INT"}},
        {"op": "add", "path": "/columns/-", "value": {"name": "last", "dataType": "INT"}},
        {"op": "move", "from": "/columns/0", "path": "/columns/1"},
        {"op": "add", "path": "/columns/0/tags/0", "value": {"tagFQN": "PII.Sensitive", "source": "Classification"}},
    ],
)
def test_a_patch_that_moves_list_items_never_consolidates(api: Api, operation: Any) -> None:
    """So the weak tag changes with the positions, and a positional patch with If-Match cannot hit another column."""
    api.table(columns=["a", "b"])
    table = named("tables", "db.shop.main.people")
    api.patch(table, {"op": "add", "path": "/description", "value": "one"})
    assert api.patch(table, {"op": "replace", "path": "/description", "value": "two"})["version"] == 0.2
    assert api.patch(table, operation)["version"] == 0.3
    late = {"op": "add", "path": "/columns/0/description", "value": "of a"}
    api.patch(table, late, if_match='W/"0.2"', expect=412)


def test_write_replies_hold_what_a_read_holds(api: Api) -> None:
    api.put("domains", {"name": "Risk", "domainType": "Aggregate", "description": "d"})
    api.table(columns=["age"])
    reply = api.put(
        "mlmodels",
        {
            "name": "m",
            "owners": ["admin"],
            "domains": ["Risk"],
            "tags": ["PII.None"],
            "mlFeatures": [feature("age", "age")],
            "extension": {"k": 1},
        },
    )
    assert reply.body == api.get(MODEL).body
    assert [owner["name"] for owner in reply["owners"]] == ["admin"]
    updated = api.put("mlmodels", {"name": "m", "description": "d"}).body
    read = api.get(MODEL).body
    assert updated == read
    emptied = api.patch(MODEL, {"op": "remove", "path": "/owners/0"}, {"op": "remove", "path": "/domains"})
    assert emptied["owners"] == [] == api.get(MODEL)["owners"]
    assert emptied.body.get("domains") is None
    assert api.model("fresh").get("owners") is None


def test_restoring_what_is_not_deleted_is_refused(api: Api) -> None:
    model = api.model()
    assert "not deleted" in api.put("mlmodels/restore", {"id": model["id"]}, expect=400)["message"]
    api.delete(MODEL)
    restored = api.put("mlmodels/restore", {"id": model["id"]})
    assert (restored["deleted"], restored["version"]) == (False, 0.3)
    assert restored.headers["X-OpenMetadata-Change"] == "entityRestored"


def test_without_authentication_a_token_is_believed_and_nobody_is_admin(api: Api) -> None:
    assert api.model()["updatedBy"] == "ada"
    bot = api.as_user("ingestion-bot", bot=True)
    assert bot.model(description="by a bot")["updatedBy"] == "ingestion-bot"
    bot.token = "not a token"
    assert bot.model(description="by anybody")["updatedBy"] == "admin"
    assert api.get(named("users", "ingestion-bot"))["isBot"] is True


SECRET = "correct horse battery staple"


def test_secrets_are_never_in_documents_states_or_events(api: Api, database_url: str) -> None:
    def service(password: str, **more: str) -> Any:
        config = {"type": "Mysql", "username": "u", "authType": {"password": password}, **more}
        return {"name": "s", "serviceType": "Mysql", "connection": {"config": config}}

    def password(reply: Any) -> str:
        return str(reply["connection"]["config"]["authType"]["password"])

    path = named("services/databaseServices", "s")
    bot = api.as_user("ingestion-bot", bot=True)
    assert password(api.put("services/databaseServices", service(SECRET))) == "*********"
    assert password(api.get(path)) == "*********"
    assert password(bot.get(path)) == SECRET
    api.put("services/databaseServices", service("*********", hostPort="h:1"))
    assert password(bot.get(path)) == SECRET
    changed = api.put("services/databaseServices", service(SECRET + "!", hostPort="h:1"))
    assert changed["version"] == 0.3
    assert password(bot.get(path)) == SECRET + "!"
    assert api.put("services/databaseServices", service(SECRET + "!", hostPort="h:1"))["version"] == 0.3
    assert SECRET not in everything_stored(database_url)
    api.delete(path, hardDelete="true")
    assert SECRET not in everything_stored(database_url)


def everything_stored(url: str) -> str:
    """Every row of every table as text."""
    if url.startswith("sqlite:"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return "".join(str(connection.execute(f"SELECT * FROM {name}").fetchall()) for name in tables)
    with psycopg.connect(url) as database:
        rows = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return "".join(str(database.execute(f'SELECT * FROM "{name}"'.encode()).fetchall()) for (name,) in rows)


def test_documents_keep_ids_and_names_are_put_back_on_read(api: Api) -> None:
    api.table(columns=["age"])
    api.put("users", {"name": "Eve", "email": "eve@example.org"})
    api.model(mlFeatures=[feature("age", "age")], owners=["eve"])
    api.patch(named("services/databaseServices", "db"), {"op": "replace", "path": "/name", "value": "store"})
    api.patch(named("users", "eve"), {"op": "add", "path": "/displayName", "value": "Eve E."})
    model = api.get(MODEL).body
    source = model["mlFeatures"][0]["featureSources"][0]
    assert source["fullyQualifiedName"] == "store.shop.main.people.age"
    assert source["dataSource"]["fullyQualifiedName"] == "store.shop.main.people"
    assert model["owners"][0]["displayName"] == "Eve E."
    assert model["version"] == 0.1


def test_rebuilt_indexes_equal_incremental_ones(api: Api) -> None:
    api.table(columns=["age", {"name": "sex", "dataType": "INT", "tags": ["PII.Sensitive"]}])
    api.model(mlFeatures=[feature("age", "age", "sex")], owners=["admin"])
    api.model(mlFeatures=[feature("age", "age")])
    api.delete(named("tables", "db.shop.main.people"), hardDelete="true")
    before = api.lineage("mlmodel", "headwater.m"), api.get(named("tags", "PII.Sensitive"), fields="usageCount").body
    counts = api.application.catalog.reindex()
    assert counts["lineage_edge"] == 3
    after = api.lineage("mlmodel", "headwater.m"), api.get(named("tags", "PII.Sensitive"), fields="usageCount").body
    assert after == before


def test_inherited_owners_and_domains_are_marked_and_never_stored(api: Api) -> None:
    api.put("domains", {"name": "Risk", "domainType": "Aggregate", "description": "d"})
    api.put(
        "services/databaseServices", {"name": "db", "serviceType": "SQLite", "owners": ["admin"], "domains": ["Risk"]}
    )
    table = api.table(columns=["age"])
    path = named("tables", "db.shop.main.people")
    assert [(owner["name"], owner["inherited"]) for owner in table["owners"]] == [("admin", True)]
    before = api.position()
    api.put("databases", {"name": "shop", "service": "db", "owners": ["ingestion-bot"]})
    read = api.get(path).body
    assert ([one["name"] for one in read["owners"]], read["domains"][0]["inherited"]) == (["ingestion-bot"], True)
    assert api.patch(path, {"op": "add", "path": "/description", "value": "d"})["changeDescription"]["fieldsAdded"] == [
        {"name": "description", "newValue": "d"}
    ]
    api.put("databases", {"name": "shop", "service": "db"})
    own = api.patch(path, {"op": "add", "path": "/owners/0", "value": {"type": "user", "fullyQualifiedName": "admin"}})
    assert [(owner["name"], owner.get("inherited")) for owner in own["owners"]] == [("admin", None)]
    assert [one["name"] for one in api.get(path, asOf=f"@{before}")["owners"]] == ["admin"]
