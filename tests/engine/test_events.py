# SPDX-License-Identifier: Apache-2.0
"""The log as it can be read: with a cursor, as a stream, of one entity; and what is left when it is pruned."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import headwater
from headwater.api.asgi import Edge
from headwater.api.http import Request
from headwater.settings import Settings

from .conftest import KEY
from .wire import Api, Json, named, segment

PEOPLE = "db.shop.main.people"


def feed(api: Api, **query: str) -> Json:
    return api.get("events/feed", **query).body


def names(events: Json) -> list[str]:
    return [event["entityFullyQualifiedName"] for event in events]


def test_a_reader_with_a_cursor_misses_nothing_and_sees_nothing_twice(api: Api) -> None:
    start = api.position()
    for number in range(5):
        api.model(f"m{number}")
    found, after = [], start
    while len(page := feed(api, after=str(after), limit="2")["data"]):
        found += page
        after = page[-1]["position"]
    assert [event["position"] for event in found] == list(range(start + 1, api.position() + 1))
    end = feed(api, after=str(after))
    assert (end["data"], end["after"], end["newest"], end["oldest"]) == ([], after, after, 1)
    assert feed(api, after="999999")["after"] == 999_999


def test_a_feed_can_be_narrowed(api: Api) -> None:
    start = str(api.position())
    api.table("people", ["a"])
    api.as_user("bob").model("m")
    api.model("m", description="new")
    api.delete(named("tables", PEOPLE))
    assert names(feed(api, after=start, entityType="mlmodels")["data"]) == ["headwater.m", "headwater.m"]
    assert names(feed(api, after=start, entityType="mlmodel,table", eventType="entityCreated")["data"]) == [
        PEOPLE,
        "headwater.m",
    ]
    assert names(feed(api, after=start, user="bob")["data"]) == ["headwater.m"]
    nothing = feed(api, after=start, user="nobody")
    assert (nothing["data"], nothing["after"]) == ([], api.position()), "a reader goes on beyond what does not fit"
    assert "no type of entity called modle" in api.get("events/feed", entityType="modle", expect=400)["message"]
    assert "no kind of event entityChanged" in api.get("events/feed", eventType="entityChanged", expect=400)["message"]


def stream(api: Api, query: str = "", **headers: str) -> Any:
    request = Request("GET", "/api/v1/events/feed", query, {"accept": "text/event-stream", **headers})
    response = api.application.handle(request)
    assert response.content_type == "text/event-stream"
    assert response.stream is not None
    return response.stream


def test_a_stream_begins_at_the_end_and_goes_on_where_it_was_left(api: Api) -> None:
    api.model("before")
    following = stream(api)
    assert following.more() == b""
    api.model("first")
    piece = following.more().decode()
    position = api.position()
    assert piece.startswith(f"id: {position}\nevent: entityCreated\ndata: {{")
    assert piece.endswith("}\n\n")
    assert following.more() == b""
    api.model("second")
    again = stream(api, **{"last-event-id": str(position)})
    assert f"id: {position + 1}\n" in again.more().decode()
    narrow = stream(api, "entityType=table&after=0")
    while b"nothing for you up to here" not in (piece := narrow.more()):
        assert piece
    assert narrow.more() == b""
    request = Request("GET", "/api/v1/events/feed", "", {"accept": "text/event-stream", "last-event-id": "x"})
    assert api.application.handle(request).status == 400


def test_the_activity_of_an_entity_holds_what_lives_below_it(api: Api) -> None:
    api.table("people", ["a"])
    api.table("orders", ["a"])
    api.table("people", ["a", "b"])
    assert names(api.get(f"events/activity/table/name/{segment(PEOPLE)}")["data"]) == [PEOPLE, PEOPLE]
    schema = api.get(named("databaseSchemas", "db.shop.main"))["id"]
    below = api.get(f"events/activity/databaseSchema/{schema}", limit="2").body
    assert names(below["data"]) == [PEOPLE, "db.shop.main.orders"]
    rest = api.get(f"events/activity/databaseSchema/{schema}", before=str(below["before"])).body
    assert names(rest["data"]) == [PEOPLE, "db.shop.main"]
    assert "before" not in rest
    own = api.get(f"events/activity/databaseSchema/{schema}", below="false")["data"]
    assert names(own) == ["db.shop.main"]
    api.delete(named("tables", PEOPLE))
    gone = api.get(f"events/activity/table/name/{segment(PEOPLE)}")["data"]
    assert gone[0]["eventType"] == "entitySoftDeleted"
    api.get("events/activity/table/name/no.such.one.here", expect=404)
    api.get("events/activity/nothing/name/x", expect=404)


@pytest.fixture
def pruning(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Api]]:
    opened: list[Api] = []

    def make(days: float) -> Api:
        settings = Settings(
            database=database_url, secret_key=KEY, search_folder=str(tmp_path / "search"), event_days=days
        )
        opened.append(Api(headwater.application(settings)))
        return opened[-1]

    yield make
    for api in opened:
        api.application.catalog.close()


def test_what_is_pruned_is_what_events_said_and_nothing_else(pruning: Callable[..., Api]) -> None:
    api = pruning(0.05 / 86400)
    api.table("people", ["a"])
    up, down = ({"type": "table", "fullyQualifiedName": one} for one in (PEOPLE, "db.shop.main.sums"))
    api.table("sums", ["a"])
    api.put("lineage", {"edge": {"fromEntity": up, "toEntity": down}})
    moment, edges = str(int(time.time() * 1000)), api.lineage("table", PEOPLE)
    time.sleep(0.002)
    api.table("people", ["a", "b"])
    api.get("search/query", q="people")
    time.sleep(0.1)
    catalog = api.application.catalog
    assert catalog.alerts.prune() == 0, "nobody has looked through the log for alerts yet"
    worker = catalog.alerts.worker()
    while worker.matching.step():
        pass
    newest = api.position()
    assert catalog.alerts.prune() == newest - 1, "the newest event stays"
    left = feed(api, after="0")
    assert ([event["position"] for event in left["data"]], left["oldest"]) == ([newest], newest)
    assert [one["name"] for one in api.get(named("tables", PEOPLE), asOf=moment)["columns"]] == ["a"]
    assert api.lineage("table", PEOPLE) == edges, "who drew an edge, and when, is known"
    assert len(api.get(f"tables/{api.get(named('tables', PEOPLE))['id']}/versions")["versions"]) == 2
    assert api.get("search/query", q="people")["hits"]["total"]["value"] >= 1
    api.table("people", ["a", "b", "c"])
    assert api.get("search/query", q="people")["hits"]["total"]["value"] >= 1


def test_what_waits_to_be_sent_is_not_pruned(pruning: Callable[..., Api]) -> None:
    api = pruning(0.05 / 86400)
    to = {"category": "External", "type": "Webhook", "config": {"endpoint": "http://hooks.example.org/"}}
    body = {"name": "sub", "alertType": "Notification", "resources": ["mlmodel"], "destinations": [to]}
    api.put("events/subscriptions", body)
    api.model("m")
    waiting = api.position()
    api.table("people", ["a"])
    worker = api.application.catalog.alerts.worker()
    while worker.matching.step():
        pass
    time.sleep(0.1)
    assert api.application.catalog.alerts.prune() > 0
    assert [event["position"] for event in feed(api, after="0")["data"]] == [waiting, api.position()]


def test_only_so_many_streams_are_open_at_a_time(tmp_path: Path) -> None:
    application = headwater.application(Settings(database=str(tmp_path / "a.db"), streams=2))
    edge = Edge(application)
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/api/v1/events/feed",
        "query_string": b"",
        "headers": [(b"accept", b"text/event-stream")],
    }

    async def reader(hangs_up: asyncio.Event) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await hangs_up.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await edge(scope, receive, send)
        return sent

    async def several() -> None:
        over, tasks = asyncio.Event(), []
        for _ in range(2):
            tasks.append(asyncio.ensure_future(reader(over)))
            await asyncio.sleep(0.2)
        start, body = await reader(asyncio.Event())
        assert start["status"] == 503
        assert (b"retry-after", b"5") in start["headers"]
        assert b"2 streams are open here" in body["body"]
        over.set()
        assert [(await one)[0]["status"] for one in tasks] == [200, 200]
        over.clear()
        again = asyncio.ensure_future(reader(over))
        await asyncio.sleep(0.1)
        over.set()
        assert (await again)[0]["status"] == 200, "who hung up makes room"

    asyncio.run(several())
    application.catalog.close()
