# SPDX-License-Identifier: Apache-2.0
"""Whether what entities say is elsewhere answers: what is looked at, what counts as an answer, what comes of it."""

import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import headwater
from headwater.api.http import Request
from headwater.catalog.checks.worker import CheckWorker
from headwater.settings import Settings
from headwater.store import checks, documents
from headwater.store.database import Transaction

from .conftest import KEY
from .wire import Api, Json, named

MODEL = "headwater.churn"


class Patient(http.server.ThreadingHTTPServer):
    """A server at whose door many can wait: by default it is five, and the next one is turned away for a second."""

    request_queue_size = 128


class Site:
    """A site on this machine: each path answers as its mood says, which is a status, ``hang``, ``drip`` or ``drop``,
    or a status for HEAD and one for GET (``405/200``). What was asked is counted."""

    def __init__(self) -> None:
        self.moods: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.pause = 0.0
        self._over = threading.Event()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.command, self.path))
                site.answer(self)

            do_HEAD = do_POST = do_GET

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = Patient(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a caller that cut the connection
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        mood = self.moods.get(handler.path, "200")
        time.sleep(self.pause)
        if "/" in mood:
            mood = mood.split("/")[handler.command == "GET"]
        if mood == "hang":
            self._over.wait(20)
        elif mood == "drip":
            while not self._over.wait(0.05):
                handler.wfile.write(b"H")
        elif mood.isdecimal():
            handler.send_response(int(mood))
            handler.send_header("location", f"{self.url}/elsewhere")
            handler.send_header("content-length", "0")
            handler.end_headers()

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()
    yield one
    one.close()


Make = Callable[..., Api]


@pytest.fixture
def checking(database_url: str, tmp_path: Path) -> Iterator[Make]:
    """A function that opens the test's catalogue; this machine and the test's folder may be looked at."""
    opened: list[Api] = []

    def make(**members: Any) -> Api:
        given = {
            "check_hosts": "127.0.0.1",
            "check_folders": str(tmp_path / "store"),
            "check_timeout": 0.4,
            "check_interval": 0.1,
            **members,
        }
        settings = Settings(database=database_url, secret_key=KEY, search_folder=str(tmp_path / "search"), **given)
        opened.append(Api(headwater.application(settings)))
        return opened[-1]

    (tmp_path / "store").mkdir()
    yield make
    for api in opened:
        api.application.catalog.close()


def look(api: Api, kind: str = "mlmodel", fqn: str = MODEL) -> dict[str, Json]:
    """Look now: the targets by name."""
    report = api.post(f"checks/{named(kind, fqn)}", None).body
    return {one["target"]: one for one in report["targets"]}


def served(api: Api, url: str, **members: Any) -> Json:
    """A model with a version and a deployment that is served in production."""
    api.put("users", {"name": "ada", "email": "ada@models.example"})
    api.model("churn", owners=[{"type": "user", "fullyQualifiedName": "ada"}])
    api.put("mlmodelVersions", {"name": "1", "mlmodel": MODEL})
    body = {"name": "live", "mlmodel": MODEL, "modelVersion": f"{MODEL}.1", "endpoint": url}
    return api.put("mlmodelDeployments", {**body, "environment": "Production", **members}).body


def events_of_checks(api: Api) -> list[tuple[str, Json]]:
    found = api.get("events/feed", user="headwater", limit="10000")["data"]
    return [(event["entityType"], change) for event in found for change in event["changeDescription"]["fieldsUpdated"]]


def used(api: Api) -> list[str]:
    return [one["entity"]["fullyQualifiedName"] for one in api.get("checks")["data"]]


@contextmanager
def regularly(*apis: Api) -> Iterator[None]:
    """What servers do about checks and alerts, meanwhile."""
    workers: list[Any] = []
    for api in apis:
        workers += [CheckWorker(api.application.catalog.checks), api.application.catalog.alerts.worker()]
    with ExitStack() as stack:
        for worker in workers:
            worker.start()
            stack.callback(worker.stop)
        yield


def wait(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.03)


# what counts as an answer ---------------------------------------------------------------------------------------------

ANSWERS = [
    ("200", "up", 200, None),
    ("302", "up", 302, None),
    ("401", "up", 401, None),
    ("404", "up", 404, None),
    ("405/405", "up", 405, None),
    ("501/200", "up", 200, None),
    ("500", "down", 500, "the answer was 500 Internal Server Error"),
    ("503", "down", 503, "the answer was 503 Service Unavailable"),
    ("405/502", "down", 502, "the answer was 502 Bad Gateway"),
    ("hang", "down", None, "no answer from 127.0.0.1 within 0.4 s"),
    ("drip", "down", None, "127.0.0.1 broke off"),
    ("drop", "down", None, "127.0.0.1 broke off"),
]


@pytest.mark.parametrize(("mood", "outcome", "status", "reason"), ANSWERS)
def test_any_answer_below_500_is_one(
    tmp_path: Path, site: Site, mood: str, outcome: str, status: int | None, reason: str | None
) -> None:
    api = Api(
        headwater.application(Settings(database=str(tmp_path / "a.db"), check_hosts="127.0.0.1", check_timeout=0.4))
    )
    site.moods["/x"] = mood
    api.model("churn", server=f"{site.url}/x")
    began = time.monotonic()
    last = look(api)["endpoint"]["last"]
    assert (last["outcome"], last.get("status")) == (outcome, status)
    assert last.get("reason", "").startswith(reason or "")
    assert time.monotonic() - began < 3
    assert ("GET", "/elsewhere") not in site.asked, "a redirection is an answer, and not followed"
    api.application.catalog.close()


def test_a_store_and_a_dashboard_must_exist(checking: Make, site: Site, tmp_path: Path) -> None:
    api = checking()
    site.moods = {"/gone": "404", "/model": "200", "/board": "410"}
    api.put("services/dashboardServices", {"name": "boards", "serviceType": "Superset"})
    api.put("dashboards", {"name": "drift", "service": "boards", "sourceUrl": f"{site.url}/board"})
    api.model("churn", mlStore={"storage": f"{site.url}/gone"}, dashboard="boards.drift")
    found = look(api)
    assert {name: one["last"]["outcome"] for name, one in found.items()} == {"store": "down", "dashboard": "down"}
    assert found["dashboard"]["address"] == f"{site.url}/board"
    api.model("churn", mlStore={"storage": f"{site.url}/model"})
    assert look(api)["store"]["state"] == "up"
    kept = tmp_path / "store" / "model.pkl"
    for address in (str(kept), kept.as_uri()):
        api.model("churn", mlStore={"storage": address})
        assert look(api)["store"]["last"]["reason"] == "there is no such file or folder"
    kept.write_text("a model")
    assert look(api)["store"]["last"]["outcome"] == "up"


def test_what_is_not_allowed_or_not_checkable_is_said_and_not_tried(checking: Make, site: Site, tmp_path: Path) -> None:
    api = checking(check_hosts="", check_folders=str(tmp_path / "store"))
    (tmp_path / "secret").write_text("x")
    (tmp_path / "store" / "way").symlink_to(tmp_path / "secret")
    cases = {
        f"{site.url}/x": ("notAllowed", "127.0.0.1 is no public address; HEADWATER_CHECK_HOSTS can allow it"),
        "http://169.254.169.254/latest": ("notAllowed", "169.254.169.254 is no public address"),
        "http://[::1]/": ("notAllowed", "::1 is no public address"),
        str(tmp_path / "secret"): ("notAllowed", "HEADWATER_CHECK_FOLDERS can allow it"),
        str(tmp_path / "nothing"): ("notAllowed", "HEADWATER_CHECK_FOLDERS can allow it"),
        str(tmp_path / "store" / ".." / "secret"): ("notAllowed", "HEADWATER_CHECK_FOLDERS can allow it"),
        str(tmp_path / "store" / "way"): ("notAllowed", "HEADWATER_CHECK_FOLDERS can allow it"),
        "s3://bucket/model": ("notCheckable", "addresses that begin with s3: are not looked up"),
        "models/churn": ("notCheckable", "addresses without a scheme are not looked up"),
        "http://user:hush@host:99999/": ("notCheckable", "it is no URL"),
    }
    for address, (outcome, reason) in cases.items():
        api.model("churn", mlStore={"storage": address})
        last = look(api)["store"]["last"]
        assert (last["outcome"], reason in last["reason"]) == (outcome, True), last
        assert "hush" not in last["reason"]
    assert site.asked == []
    assert events_of_checks(api) == []


# what is in production ------------------------------------------------------------------------------------------------


def test_production_is_an_environment_a_tier_or_a_part_in_production(checking: Make) -> None:
    api = checking(check_environments="production,Live")
    api.model("idle", server="http://models.example/idle")
    assert used(api) == []
    served(api, "http://models.example/churn", environment="staging")
    assert used(api) == []
    served(api, "http://models.example/churn", environment="PRODUCTION")
    assert used(api) == [MODEL, f"{MODEL}.live"]
    served(api, "http://models.example/churn", environment="live")
    assert used(api) == [MODEL, f"{MODEL}.live"]
    api.patch(named("mlmodelVersions", f"{MODEL}.1"), {"op": "add", "path": "/stage", "value": {"name": "Production"}})
    assert used(api) == [MODEL, f"{MODEL}.live", f"{MODEL}.1"]
    api.delete(named("mlmodelDeployments", f"{MODEL}.live"))
    assert used(api) == [MODEL, f"{MODEL}.1"]
    api.model("idle", tags=["Tier.Tier1"])
    assert used(api) == [MODEL, "headwater.idle", f"{MODEL}.1"]
    api.delete(named("mlmodels", MODEL), recursive="true")
    assert used(api) == ["headwater.idle"]


def test_the_environment_is_read_from_its_member_and_not_found_in_other_texts(checking: Make) -> None:
    api = checking()
    served(api, "http://models.example/production", environment="staging", description="production soon")
    assert used(api) == []


def test_a_deployment_that_is_stopped_is_not_looked_at(checking: Make, site: Site) -> None:
    api = checking()
    served(api, site.url, status={"state": "Stopped"})
    assert look(api, "mlmodelDeployment", f"{MODEL}.live") == {}
    served(api, site.url, status={"state": "Running"})
    assert look(api, "mlmodelDeployment", f"{MODEL}.live")["endpoint"]["state"] == "up"


# what comes of it -----------------------------------------------------------------------------------------------------


def test_down_is_what_fails_twice_and_up_what_answers_once(checking: Make, site: Site) -> None:
    api = checking()
    api.model("churn", server=f"{site.url}/x")
    states = []
    position = api.position()
    for mood in ("200", "500", "200", "500", "503", "hang", "200", "drop"):
        site.moods["/x"] = mood
        states.append(look(api)["endpoint"].get("state"))
    assert states == ["up", None, "up", None, "down", "down", "up", None]
    told = api.get("events", after=str(position))["data"]
    changes = [event["changeDescription"]["fieldsUpdated"][0]["name"] for event in told]
    assert (changes, [event["userName"] for event in told]) == (["checks", "checks"], ["ada", "ada"])
    looks = api.get(f"checks/{named('mlmodel', MODEL)}/results").body["data"]
    assert [one["outcome"] for one in looks] == ["down", "up", "down", "down", "down", "up", "down", "up"]
    (state,) = api.get(f"{named('mlmodels', MODEL)}/checks")["data"]
    assert (state["state"], state["target"]) == ("up", "endpoint")
    (then,) = api.get(f"{named('mlmodels', MODEL)}/checks", asOf=f"@{position + 1}")["data"]
    assert then["state"] == "down"
    assert then["since"] == looks[4]["timestamp"], "it is down since it failed first"
    assert api.get(f"{named('mlmodels', MODEL)}/checks", asOf=f"@{position}")["data"] == []


def test_results_come_in_pages_and_by_time(checking: Make, site: Site) -> None:
    api = checking()
    api.model("churn", server=f"{site.url}/x", mlStore={"storage": "s3://b/m"})
    for _ in range(3):
        look(api)
    path = f"checks/{named('mlmodel', MODEL)}/results"
    every = api.get(path).body["data"]
    assert len(every) == 6
    first = api.get(path, limit="4").body
    assert first == {"data": every[:4], "after": 4}
    assert api.get(path, limit="4", offset="4").body == {"data": every[4:]}
    oldest = every[-1]["timestamp"]
    assert {one["timestamp"] for one in api.get(path, endTs=str(oldest)).body["data"]} == {oldest}
    assert api.get(path, startTs=str(2**60)).body == {"data": []}


def test_what_was_down_and_is_not_looked_up_any_more_is_unknown(checking: Make, site: Site) -> None:
    api = checking()
    site.moods["/x"] = "500"
    api.model("churn", server=f"{site.url}/x")
    look(api)
    assert look(api)["endpoint"]["state"] == "down"
    api.patch(named("mlmodels", MODEL), {"op": "remove", "path": "/server"})
    assert look(api)["endpoint"]["state"] == "unknown"
    api.model("churn", server=f"{site.url}/y")
    assert look(api)["endpoint"]["last"]["outcome"] == "up"


def test_another_monitor_may_say_what_is_down(checking: Make) -> None:
    api = checking()
    api.model("churn")
    path = f"{named('mlmodels', MODEL)}/checks"
    said = {"target": "endpoint", "state": "down", "since": 1_700_000_000_000, "reason": "seen from outside"}
    api.put(path, said)
    position = api.position()
    api.put(path, said)
    assert api.position() == position
    assert api.get(path)["data"] == [said]
    (report,) = api.get(f"checks/{named('mlmodel', MODEL)}")["data"]
    assert report["targets"] == [{"target": "endpoint", "state": "down", "since": said["since"]}]
    api.put(path, {**said, "target": "fridge"}, expect=400)


def test_a_model_shows_nothing_of_checks_where_openmetadata_reads(checking: Make, site: Site) -> None:
    api = checking()
    api.model("churn", server=f"{site.url}/x")
    before = api.get(named("mlmodels", MODEL), fields="*").body
    site.moods["/x"] = "500"
    look(api)
    look(api)
    assert api.get(named("mlmodels", MODEL), fields="*").body == before


def test_what_cannot_be_checked_is_refused(checking: Make) -> None:
    api = checking()
    api.table("people", ["age"])
    assert (
        "of a table nothing is looked up"
        in api.post(f"checks/{named('table', 'db.shop.main.people')}", None, expect=400)["message"]
    )
    api.post(f"checks/{named('mlmodel', 'headwater.none')}", None, expect=404)
    api.get(f"checks/{named('fridge', 'x')}", expect=404)


def test_only_so_many_looks_are_made_at_a_time(checking: Make, site: Site) -> None:
    api = checking(check_timeout=2.0)
    site.pause = 0.5
    api.model("churn", server=f"{site.url}/x")
    found: list[int] = []

    def ask() -> None:
        found.append(api.application.handle(_look_request()).status)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200] * 4 + [503] * 4
    site.pause = 0.0
    look(api)


def _look_request() -> Request:
    return Request("POST", f"/api/v1/checks/{named('mlmodel', MODEL)}")


# regularly ------------------------------------------------------------------------------------------------------------


def test_owners_are_told_that_an_endpoint_went_down_and_is_up_again(checking: Make, site: Site) -> None:
    api = checking()
    served(api, f"{site.url}/x")

    def notices() -> list[str]:
        return [one["title"] for one in api.get("events/notices")["data"] if "endpoint ·" in one["title"]]

    with regularly(api):
        wait(lambda: ("HEAD", "/x") in site.asked)
        site.moods["/x"] = "500"
        wait(lambda: len(notices()) == 1)
        site.moods["/x"] = "200"
        wait(lambda: len(notices()) == 2)
        before, asked = api.position(), len(site.asked)
        wait(lambda: len(site.asked) > asked + 3)
        assert api.position() == before, "looking makes no events"
    place = f"mlmodelDeployment {MODEL}.live: endpoint"
    assert notices() == [f"{place} · up", f"{place} · down · the answer was 500 Internal Server Error"]
    assert [kind for kind, _ in events_of_checks(api)] == ["mlmodelDeployment"] * 2


def test_an_alert_may_want_some_targets_only(checking: Make) -> None:
    api = checking()
    condition = "endpointDown({'store', 'dashboard'})"
    rules = {"resources": ["mlmodel"], "rules": [{"effect": "include", "condition": condition}]}
    feed = {"category": "External", "type": "ActivityFeed"}
    body = {"name": "s", "alertType": "Notification", "filteringRules": rules, "destinations": [feed]}
    api.put("events/subscriptions", body)
    api.model("churn")
    path = f"{named('mlmodels', MODEL)}/checks"
    for target, state in (("endpoint", "down"), ("store", "up"), ("store", "down")):
        api.put(path, {"target": target, "state": state, "since": 1})
    with regularly(api):
        wait(lambda: api.get("events/notices", user="admin")["data"])
    assert [one["title"] for one in api.get("events/notices", user="admin")["data"]] == [
        f"mlmodel {MODEL}: store · down"
    ]
    rules["rules"] = [{"effect": "include", "condition": "endpointDown({'fridge'})"}]
    refused = api.put("events/subscriptions", body, expect=400)["message"]
    assert "there is no target fridge; there are endpoint, store, dashboard" in refused


def test_two_servers_share_the_looks_and_make_none_twice(checking: Make, site: Site) -> None:
    one, other = checking(check_interval=30.0), checking(check_interval=30.0)
    site.pause = 0.05
    served(one, f"{site.url}/live")
    for number in range(20):
        one.model(f"m{number}", server=f"{site.url}/{number}", tags=["Tier.Tier1"])
    with regularly(one, other):
        wait(lambda: len(site.asked) >= 21)
        time.sleep(0.6)
    assert len(site.asked) == len(set(site.asked)) == 21


def test_a_process_that_died_loses_its_turns_when_their_time_is_over(checking: Make, site: Site) -> None:
    api = checking(check_interval=60.0)
    served(api, f"{site.url}/x")
    database = api.application.catalog.database
    with database.read() as session:
        row = documents.find(session, "mlmodelDeployment", f"{MODEL}.live")
    assert row is not None
    now = int(time.time() * 1000)

    def die(transaction: Transaction) -> bool:
        checks.change_turns(transaction, [row.node], [], now)
        return checks.hold(transaction, row.node, "dead", now, now + 1500)

    assert database.write(die)
    with regularly(api):
        wait(lambda: site.asked)
    assert now + 1500 <= time.time() * 1000 < now + 5000


def test_what_leaves_production_is_looked_at_no_more(checking: Make, site: Site) -> None:
    api = checking()
    served(api, f"{site.url}/x")
    with regularly(api):
        wait(lambda: len(site.asked) > 1)
        served(api, f"{site.url}/x", environment="retired")
        time.sleep(0.8)
        asked = len(site.asked)
        time.sleep(0.5)
        assert len(site.asked) == asked


def test_checks_are_off_unless_an_interval_is_set(checking: Make, site: Site) -> None:
    api = checking(check_interval=0.0)
    served(api, f"{site.url}/x")
    with regularly(api):
        time.sleep(0.7)
    assert site.asked == []


def test_old_results_are_forgotten(checking: Make, site: Site) -> None:
    api = checking(check_days=1e-6)
    api.model("churn", server=f"{site.url}/x")
    look(api)
    time.sleep(0.15)
    assert api.application.catalog.checks.prune() == 1
    assert api.get(f"checks/{named('mlmodel', MODEL)}/results").body == {"data": []}
