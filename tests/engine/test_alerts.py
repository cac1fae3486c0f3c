# SPDX-License-Identifier: Apache-2.0
"""Who is told of what, how it is sent, and what becomes of it when that fails."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiosmtpd.controller import Controller
from standardwebhooks.webhooks import Webhook

import headwater
from headwater.catalog.alerts.worker import Worker
from headwater.settings import Settings

from .conftest import KEY
from .wire import Api, Json, feature, named, segment

if TYPE_CHECKING:
    from tests.conftest import Receiver

SUBSCRIPTIONS = "events/subscriptions"
PEOPLE = "db.shop.main.people"
Make = Callable[..., Api]


@pytest.fixture
def alerting(database_url: str, tmp_path: Path) -> Iterator[Make]:
    """A function that opens the test's catalogue; alerts may go to this machine, and are tried again soon."""
    opened: list[Api] = []

    def make(**members: Any) -> Api:
        given = {"alert_hosts": "127.0.0.1", "alert_backoff": 0.01, "public_url": "https://models.example", **members}
        settings = Settings(database=database_url, secret_key=KEY, search_folder=str(tmp_path / "search"), **given)
        opened.append(Api(headwater.application(settings)))
        return opened[-1]

    yield make
    for api in opened:
        api.application.catalog.close()


@contextmanager
def working(api: Api) -> Iterator[Worker]:
    """What a server does about alerts, meanwhile."""
    worker = api.application.catalog.alerts.worker()
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def statuses(api: Api) -> list[Json]:
    listed = api.get(SUBSCRIPTIONS, limit="1000")["data"]
    return [api.get(f"{SUBSCRIPTIONS}/{one['id']}/delivery").body for one in listed]


def settle(api: Api, seconds: float = 20.0) -> None:
    """Let alerts do all that there is to do."""
    deadline = time.monotonic() + seconds
    while any(one["position"] < one["newest"] or one["waiting"] for one in statuses(api)):
        assert time.monotonic() < deadline, statuses(api)
        time.sleep(0.05)


def tell(api: Api) -> None:
    """Tell everybody of everything so far."""
    with working(api):
        settle(api)


def hook(url: str, way: str = "Webhook", **config: Any) -> Json:
    return {"category": "External", "type": way, "config": {"endpoint": url, **config}}


def subscribe(api: Api, *destinations: Json, condition: str = "", name: str = "sub", **members: Any) -> Json:
    rules = [{"effect": "include", "condition": condition}] if condition else []
    body = {
        "name": name,
        "alertType": "Notification",
        "filteringRules": {"resources": members.pop("resources", ["all"]), "rules": rules},
        "destinations": list(destinations),
        **members,
    }
    return api.put(SUBSCRIPTIONS, body).body


def status(api: Api, name: str = "sub") -> Json:
    return api.get(f"{SUBSCRIPTIONS}/name/{name}/delivery").body


def owned(*names: str) -> list[Json]:
    return [{"type": "user", "fullyQualifiedName": name} for name in names]


# which events ---------------------------------------------------------------------------------------------------------


def history(api: Api) -> Iterator[str]:
    """Changes one by one, each under a name, in a catalogue with two sources of a model."""
    robot = api.as_user("robot", bot=True)
    column: Json = {"name": "age", "dataType": "INT"}
    other: Json = {"name": "size", "dataType": "INT"}
    api.model("churn", owners=owned("ada"), mlFeatures=[feature("f", "age")])
    yield "model"
    api.model("churn", description="Who leaves", mlFeatures=[feature("f", "age"), feature("g", "size")])
    yield "experiment"
    robot.model("churn", algorithm="trees", mlFeatures=[feature("f", "age"), feature("g", "size")])
    yield "major"
    api.table("people", [column, {**other, "description": "of the household"}])
    yield "described"
    api.table("people", [column, {**other, "dataType": "STRING"}])
    yield "retyped"
    api.table("people", [column])
    yield "dropped"
    api.table("people", [{**column, "tags": ["PII.Sensitive"]}])
    yield "tagged"
    up, down = ({"type": "table", "fullyQualifiedName": f"db.shop.main.{name}"} for name in ("raw", "people"))
    api.put("lineage", {"edge": {"fromEntity": up, "toEntity": down}})
    yield "edge"
    api.patch(named("tables", "db.shop.main.raw"), {"op": "add", "path": "/tags/0", "value": {"tagFQN": "Tier.Tier1"}})
    yield "upstream"
    api.delete(f"lineage/table/name/{segment('db.shop.main.raw')}/table/name/{segment(PEOPLE)}")
    yield "withdrawn"
    api.delete(named("tables", "db.shop.main.raw"))
    yield "deleted"


CONDITIONS = {
    "matchAnySource('mlmodel')": "model experiment major",
    "matchAnyOwnerName({'ada'})": "model experiment major",
    "matchAnyEntityFqn({'headwater'})": "model experiment major",
    "matchAnyEntityFqn({'head'})": "",
    "matchAnyEventType({'entityCreated', 'entitySoftDeleted'})": "model deleted",
    "matchUpdatedBy('robot')": "major",
    "isBot()": "major",
    "isMajor()": "major retyped dropped deleted",
    "matchAnyFieldChange('mlFeatures') || matchAnyFieldChange({'algorithm'})": "experiment major",
    "matchAnyFieldChange('description') && !matchAnySource('mlmodel')": "described",
    "edgeWithdrawn()": "withdrawn",
    "sourceBreaks()": "retyped dropped",
    "sourceBreaks({'headwater.churn'}, {'ada'})": "retyped dropped",
    "sourceBreaks({'headwater.other'})": "",
    "sourceBreaks({}, {'nobody'})": "",
    "tagReaches({'PII'})": "tagged",
    "tagReaches({'PII.Sensitive'}, {'headwater.churn'})": "tagged",
    "tagReaches({'Tier.Tier1'})": "upstream",
    "tagReaches({'No.Such'})": "",
    "matchAnyDomain('sales')": "",
}


def test_conditions_pick_events(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    api.table("raw", ["id"])
    api.table("people", [{"name": "age", "dataType": "INT"}, {"name": "size", "dataType": "INT"}])
    api.as_user("admin").put("users", {"name": "robot", "email": "r@example.com", "isBot": True})
    api.put("users", {"name": "ada", "email": "ada@example.com"})
    for number, condition in enumerate(CONDITIONS):
        subscribe(api, hook(f"{receiver.url}/{number}"), condition=condition, name=f"s{number}")
    happened: dict[int, str] = {}
    before = api.position()
    for name in history(api):
        happened |= dict.fromkeys(range(before + 1, api.position() + 1), name)
        before = api.position()
    tell(api)
    found: dict[str, list[str]] = {condition: [] for condition in CONDITIONS}
    for path, headers, _ in receiver.accepted:
        condition = list(CONDITIONS)[int(path.rpartition("/")[2])]
        found[condition].append(happened[int(headers["x-headwater-position"])])
    expected = {condition: names.split() for condition, names in CONDITIONS.items()}
    seen = {condition: [*dict.fromkeys(names)] for condition, names in found.items()}
    assert seen == expected


def test_a_new_subscription_hears_of_what_comes_after_it(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    api.model("before")
    subscribe(api, hook(receiver.url), resources=["mlmodel"])
    api.model("after")
    tell(api)
    assert [event["entityFullyQualifiedName"] for event in receiver.events()] == ["headwater.after"]
    api.put(f"{SUBSCRIPTIONS}/id/{api.get(named(SUBSCRIPTIONS, 'sub'))['id']}/syncOffset", None)
    api.model("last")
    tell(api)
    assert len(receiver.accepted) == 2
    sub = subscribe(api, hook(receiver.url), enabled=False)
    api.model("unheard")
    tell(api)
    assert len(receiver.accepted) == 2
    assert api.get(f"{SUBSCRIPTIONS}/name/sub/status")["status"] == "disabled"
    assert api.get(f"{SUBSCRIPTIONS}/{sub['id']}/status/{sub['destinations'][0]['id']}")["status"] == "disabled"


def test_the_results_of_tests_and_runs_can_be_heard_of(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    api.table("people", ["id"])
    definition = {"name": "rows", "description": "d", "entityType": "TABLE", "testPlatforms": ["OpenMetadata"]}
    api.put("dataQuality/testDefinitions", definition)
    case = {"name": "few", "entityLink": f"<#E::table::{PEOPLE}>", "testDefinition": "rows"}
    made = api.put("dataQuality/testCases", case).body
    suite = made["testSuite"]["fullyQualifiedName"]
    for number, condition in enumerate(
        (
            "matchTestResult({'Failed'})",
            f"getTestCaseStatusIfInTestSuite({{'{suite}'}}, {{'Failed'}})",
            "getTestCaseStatusIfInTestSuite({'another'}, {'Failed'})",
        )
    ):
        subscribe(api, hook(f"{receiver.url}/{number}"), condition=condition, name=f"s{number}")
    for moment, word in enumerate(("Success", "Failed"), 1):
        path = f"dataQuality/testCases/testCaseResults/{segment(made['fullyQualifiedName'])}"
        api.post(path, {"timestamp": moment, "testCaseStatus": word})
    tell(api)
    assert sorted(path[-1] for path, _, _ in receiver.accepted) == ["0", "1"]


# what is seeded -------------------------------------------------------------------------------------------------------


def test_owners_hear_of_what_can_break_them_and_of_no_experiment(alerting: Make) -> None:
    api = alerting()
    api.put("users", {"name": "ada", "email": "ada@example.com"})
    api.table("people", ["age", "size"])
    api.model("churn", owners=owned("ada"), algorithm="trees", mlFeatures=[feature("f", "age")])
    api.model("churn", algorithm="trees", mlFeatures=[feature("f", "age"), feature("new", "size")])
    api.model("churn", algorithm="forest", mlFeatures=[feature("f", "age"), feature("new", "size")])
    api.table("people", ["size"])
    tell(api)
    notices = api.get("events/notices")["data"]
    assert [one["title"] for one in notices] == [
        "Major: ada changed table db.shop.main.people (0.1 → 1.1)",
        "Major: ada changed mlmodel headwater.churn (0.2 → 1.2)",
    ]
    assert notices[0]["lines"] == ["columns deleted: age (INT)", "this concerns mlmodel headwater.churn"]
    assert notices[1]["lines"] == ["algorithm: trees → forest"]
    assert notices[1]["link"] == "https://models.example/api/v1/mlmodels/name/headwater.churn"
    assert api.get("events/notices", user="admin")["data"] == []
    page = api.get("events/notices", limit="1").body
    assert api.get("events/notices", before=str(page["before"]))["data"] == notices[1:]
    api.delete(named(SUBSCRIPTIONS, "ModelOwners"), expect=400)
    api.patch(named(SUBSCRIPTIONS, "ModelOwners"), {"op": "replace", "path": "/enabled", "value": False})
    api.model("churn", algorithm="boost")
    tell(api)
    assert len(api.get("events/notices")["data"]) == 2


def test_people_are_found_by_what_they_have_to_do_with_an_entity(alerting: Make) -> None:
    api = alerting()
    users = {
        name: api.put("users", {"name": name, "email": f"{name}@example.com"}).body for name in ("ada", "bob", "cy")
    }
    api.put("teams", {"name": "crew", "teamType": "Group", "users": [{"type": "user", "id": users["cy"]["id"]}]})
    model = api.model("churn", owners=[{"type": "team", "fullyQualifiedName": "crew"}])
    api.put(f"mlmodels/{model['id']}/followers", users["bob"]["id"])
    ways: dict[str, Json] = {
        "Owners": {"category": "Owners"},
        "Followers": {"category": "Followers"},
        "Users": {"category": "Users", "config": {"receivers": ["ada", "nobody"]}},
        "Teams": {"category": "Teams", "config": {"receivers": ["crew"]}},
        "Admins": {"category": "Admins"},
    }
    for name, destination in ways.items():
        subscribe(api, {**destination, "type": "ActivityFeed"}, name=name, resources=["mlmodel"])
    api.model("churn", description="new")
    tell(api)
    found = {name: [one["recipient"] for one in status(api, name)["destinations"]] for name in ways}
    assert found == {"Owners": ["crew"], "Followers": ["bob"], "Users": ["ada"], "Teams": ["crew"], "Admins": ["admin"]}
    assert len(api.get("events/notices", user="cy")["data"]) == 1, "one event, told twice to one team"


def test_the_people_downstream_are_told_where_that_is_wanted(alerting: Make) -> None:
    api = alerting()
    for name in ("ada", "bob"):
        api.put("users", {"name": name, "email": f"{name}@example.com"})
    api.table("people", ["age"], owners=owned("bob"))
    api.model("churn", owners=owned("ada"), mlFeatures=[feature("f", "age")])
    near = {"category": "Owners", "type": "ActivityFeed"}
    subscribe(api, near, name="near", resources=["table"])
    subscribe(api, {**near, "notifyDownstream": True, "downstreamDepth": 1}, name="far", resources=["table"])
    api.table("people", ["age"], description="who they are", owners=owned("bob"))
    tell(api)
    told = {name: {one["recipient"] for one in status(api, name)["destinations"]} for name in ("near", "far")}
    assert told == {"near": {"bob"}, "far": {"ada", "bob"}}


# webhooks -------------------------------------------------------------------------------------------------------------


def test_a_webhook_is_signed_so_that_it_can_be_checked(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
    config: Json = {"headers": {"X-Own": "yes", "Host": "elsewhere"}, "queryParams": {"k": "ä&b"}, "httpMethod": "PUT"}
    subscribe(
        api,
        hook(receiver.url + "/standard?q=1", authType={"type": "bearer", "secretKey": secret}, **config),
        hook(receiver.url + "/upstream", authType={"type": "bearer", "secretKey": "s3cret"}),
        hook(receiver.url + "/plain"),
        resources=["mlmodel"],
    )
    api.model("churn")
    tell(api)
    came = {urlsplit(path).path.rpartition("/")[2]: (path, headers, body) for path, headers, body in receiver.accepted}
    path, headers, body = came["standard"]
    assert Webhook(secret).verify(body, headers) == json.loads(body)
    assert (headers["x-own"], parse_qs(urlsplit(path).query)) == ("yes", {"q": ["1"], "k": ["ä&b"]})
    assert headers["host"].startswith("127.0.0.1")
    _, headers, body = came["upstream"]
    assert headers["x-om-signature"] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    _, headers, body = came["plain"]
    event = json.loads(body)
    assert "webhook-signature" not in headers
    assert headers["webhook-id"] == event["id"]
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert "position" not in event, "OpenMetadata's clients know no such member"
    assert (event["eventType"], event["entityType"]) == ("entityCreated", "mlmodel")


def test_what_fails_is_tried_again_and_then_given_up_and_can_be_replayed(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    subscribe(api, hook(receiver.url), resources=["mlmodel"], retries=2)
    receiver.mood = "500"
    api.model("churn")
    with working(api):
        settle(api)
        assert len(receiver.requests) == 3
        found = status(api)
        assert (found["sent"], found["dead"]) == (0, 1)
        (lane,) = found["destinations"]
        assert (lane["status"], lane["lastFailedStatusCode"]) == ("retryLimitReached", 500)
        assert lane["lastFailedReason"].startswith("the answer was 500")
        sub = api.get(named(SUBSCRIPTIONS, "sub"))["id"]
        (letter,) = api.get(f"{SUBSCRIPTIONS}/id/{sub}/failedEvents")["data"]
        assert letter["changeEvent"]["entityFullyQualifiedName"] == "headwater.churn"
        receiver.mood = "good"
        api.model("churn", description="later")
        settle(api)
        assert api.put(f"{SUBSCRIPTIONS}/name/sub/replay", None).body == {"replayed": 1}
        settle(api)
    kinds = [event["eventType"] for event in receiver.events()]
    assert kinds == ["entityUpdated", "entityCreated"]
    records = api.get(f"{SUBSCRIPTIONS}/id/{sub}/eventsRecord").body
    counts = ("totalEventsCount", "pendingEventsCount", "successfulEventsCount", "failedEventsCount")
    assert [records[one] for one in counts] == [2, 0, 2, 0]
    assert api.get(f"{SUBSCRIPTIONS}/id/{sub}/diagnosticInfo")["hasProcessedAllEvents"]


@pytest.mark.parametrize("mood", ["500", "404", "drop", "hang", "drip"])
def test_nothing_is_lost_and_order_kept_whatever_the_receiver_does(
    alerting: Make, receiver: "Receiver", mood: str, database_url: str
) -> None:
    if mood in ("hang", "drip") and database_url.startswith("postgres"):
        pytest.skip("waiting takes the same time on either database")
    api = alerting()
    subscribe(api, {**hook(receiver.url), "readTimeout": 1}, resources=["mlmodel"], retries=50, batchSize=3)
    receiver.mood = mood
    with working(api):
        for number in range(5):
            api.model("churn", description=f"version {number}")
        while not receiver.requests:
            time.sleep(0.02)
        time.sleep(0.1)
        assert not receiver.accepted
        receiver.mood = "good"
        settle(api, 30)
    versions = [event["currentVersion"] for event in receiver.events()]
    assert versions == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_one_that_cannot_be_reached_holds_nobody_else_up(alerting: Make, receiver: "Receiver") -> None:
    api = alerting(alert_backoff=60.0)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        subscribe(api, hook(f"http://127.0.0.1:{closed.getsockname()[1]}/"), hook(receiver.url), resources=["mlmodel"])
        with working(api):
            for number in range(3):
                api.model("churn", description=f"version {number}")
            receiver.wait(3)
            lanes = {one["status"]: one for one in status(api)["destinations"]}
            assert set(lanes) == {"active", "awaitingRetry"}
            assert lanes["awaitingRetry"]["nextAttempt"] > time.time() * 1000 + 30_000


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/", "127.0.0.1 is no public address; HEADWATER_ALERT_HOSTS can allow it"),
        ("http://localhost:1/", "localhost is at "),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 is no public address"),
        ("http://10.1.2.3/", "10.1.2.3 is no public address"),
        ("http://192.168.1.1/", "192.168.1.1 is no public address"),
        ("http://[::1]/", "::1 is no public address"),
        ("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1 is "),
        ("http://[64:ff9b::7f00:1]/", "64:ff9b::7f00:1 is "),
        ("http://[fd00::1]/", "fd00::1 is no public address"),
        ("http://0.0.0.0/", "0.0.0.0 is no public address"),
        ("http://127.0.0.1:99999/", "http://127.0.0.1:99999/: Port out of range"),
    ],
)
def test_what_is_not_public_cannot_be_reached(alerting: Make, url: str, reason: str, database_url: str) -> None:
    if database_url.startswith("postgres"):
        pytest.skip("nothing of this is stored")
    api = alerting(alert_hosts="")
    (tried,) = api.post(f"{SUBSCRIPTIONS}/testDestination", {"destinations": [hook(url)]}).body
    assert tried["statusDetails"]["status"] == "Failed"
    assert tried["statusDetails"]["reason"].startswith(reason)


def test_a_redirection_is_not_followed(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    receiver.mood = f"302 {receiver.url}/elsewhere"
    (tried,) = api.post(f"{SUBSCRIPTIONS}/testDestination", {"destinations": [hook(receiver.url)]}).body
    assert (tried["statusDetails"]["status"], tried["statusDetails"]["statusCode"]) == ("Failed", 302)
    assert [path for path, _, _ in receiver.requests] == ["/hook"]


def test_a_destination_can_be_tried_out(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    given = [hook(receiver.url), {"category": "Owners", "type": "Email"}, hook(receiver.url, "Slack")]
    found = api.post(f"{SUBSCRIPTIONS}/testDestination", {"destinations": given}).body
    assert [one["statusDetails"]["status"] for one in found] == ["Success", "Failed", "Success"]
    assert json.loads(receiver.accepted[0][2])["userName"] == "headwater"
    subscribe(api, hook(receiver.url, authType={"type": "bearer", "secretKey": "s3cret"}))
    (own,) = api.post(f"{SUBSCRIPTIONS}/name/sub/test", None).body
    assert own["statusDetails"]["status"] == "Success"
    assert "s3cret" not in json.dumps(own)
    assert "x-om-signature" in receiver.accepted[-1][1], "its secret is used"
    api.post(f"{SUBSCRIPTIONS}/testDestination", {"destinations": ["x"]}, expect=400)


RESOURCES = [
    ("mlModel", "there is no type of entity called mlModel; did you mean mlmodel?"),
    ("tabel", "there is no type of entity called tabel; did you mean table?"),
    ("xyzzy", "there is no type of entity called xyzzy"),
]


def test_an_alert_about_a_type_that_there_is_not_is_refused(alerting: Make) -> None:
    api = alerting()
    body = {"name": "sub", "alertType": "Notification", "destinations": []}
    for name, message in RESOURCES:
        for given in ({"resources": ["table", name]}, {"filteringRules": {"resources": [name]}}):
            refused = api.put(SUBSCRIPTIONS, {**body, **given}, expect=400)["message"]
            assert refused == f"filteringRules.resources: {message}"
    api.put(SUBSCRIPTIONS, {**body, "resources": ["all", "conversation", "mlmodel"]})
    path = named(SUBSCRIPTIONS, "sub")
    patch = {"op": "replace", "path": "/filteringRules/resources/0", "value": "nothing"}
    assert "called nothing" in api.patch(path, patch, expect=400)["message"]


# chats and mail -------------------------------------------------------------------------------------------------------


def test_chats_are_told_in_their_own_form(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    ways = {"Slack": "slack", "MsTeams": "teams", "GChat": "gchat"}
    made = [hook(f"{receiver.url}/{path}", way) for way, path in ways.items()]
    subscribe(api, *made, resources=["mlmodel"], displayName="Models & more")
    api.model("churn", algorithm="a<b>")
    api.model("churn", algorithm="c")
    tell(api)
    came = {path.rpartition("/")[2]: json.loads(body) for path, _, body in receiver.accepted}
    assert len(receiver.accepted) == 3, "one message for both events"
    slack = came["slack"]
    assert slack["text"] == "[Models &amp; more] 2 changes, 1 major"
    second = slack["blocks"][1]["text"]["text"]
    assert second.startswith(
        "*<https://models.example/api/v1/mlmodels/name/headwater.churn|Major: ada changed mlmodel "
    )
    assert "• algorithm: a&lt;b&gt; → c" in second
    (attachment,) = came["teams"]["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    texts = [block["text"] for block in attachment["content"]["body"]]
    assert "Major: ada changed mlmodel headwater.churn (0.1 → 1.1)" in texts
    assert "*Major: ada changed mlmodel headwater.churn (0.1 → 1.1)*" in came["gchat"]["text"]


def test_chats_of_people_are_those_of_their_profiles(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    profile = {"subscription": {"slack": {"endpoint": f"{receiver.url}/ada"}}}
    api.put("users", {"name": "ada", "email": "ada@example.com", "profile": profile})
    api.put("users", {"name": "bob", "email": "bob@example.com"})
    subscribe(api, {"category": "Owners", "type": "Slack"}, resources=["mlmodel"])
    api.model("churn", owners=owned("ada", "bob"))
    tell(api)
    assert [path for path, _, _ in receiver.accepted] == ["/hook/ada"]
    lanes = {one["recipient"]: one for one in status(api)["destinations"]}
    assert lanes["bob"]["dead"] == 1
    assert lanes["bob"]["lastFailedReason"] == "there is no endpoint for Slack in the profile of who is to be told"


class Mailbox:
    """Keeps the mail that a server takes."""

    def __init__(self) -> None:
        self.mail: list[tuple[list[str], str]] = []
        self.refuses = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == self.refuses:
            return "550 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mail.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, f"smtp://127.0.0.1:{port}"
    server.stop()


def test_mail_is_handed_over_to_a_real_server(alerting: Make, mailbox: tuple[Mailbox, str]) -> None:
    box, url = mailbox
    api = alerting(smtp_url=url, mail_from="catalogue@example.com")
    api.put("users", {"name": "ada", "email": "ada@example.com"})
    to = {"category": "External", "type": "Email", "config": {"receivers": ["team@example.com"]}}
    subscribe(api, to, resources=["mlmodel"])
    api.model("churn", algorithm="a", owners=owned("ada"))
    api.model("churn", algorithm="b")
    tell(api)
    by_address = {tuple(addresses): text for addresses, text in box.mail}
    assert set(by_address) == {("team@example.com",), ("ada@example.com",)}
    text = by_address["ada@example.com",]
    assert "From: catalogue@example.com" in text
    assert "Major changes of models" in text, "the alert that every catalogue has"
    assert "2 changes, 1 major" in by_address["team@example.com",]
    box.refuses = "team@example.com"
    (tried,) = api.post(f"{SUBSCRIPTIONS}/testDestination", {"destinations": [to]}).body
    assert tried["statusDetails"]["reason"] == "the mail server refused team@example.com"


def test_mail_without_a_server_says_so(alerting: Make) -> None:
    api = alerting()
    to = {"category": "External", "type": "Email", "config": {"receivers": ["team@example.com"]}}
    (tried,) = api.post(f"{SUBSCRIPTIONS}/testDestination", {"destinations": [to]}).body
    assert tried["statusDetails"]["reason"] == "no mail server is set; HEADWATER_SMTP_URL names one"


# what can be asked for ------------------------------------------------------------------------------------------------


def test_a_scheduled_alert_waits_for_its_time(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    subscribe(
        api, hook(receiver.url), resources=["mlmodel"], trigger={"triggerType": "Scheduled", "scheduleInfo": "Daily"}
    )
    api.model("churn")
    worker = api.application.catalog.alerts.worker()
    while worker.matching.step():
        pass
    assert status(api)["waiting"] == 1
    with working(api):
        time.sleep(0.8)
    assert not receiver.requests


def test_what_alerts_can_be_made_of_is_told(alerting: Make) -> None:
    api = alerting()
    names = {one["name"] for one in api.get(f"{SUBSCRIPTIONS}/functions").body}
    assert {"matchAnyEntityFqn", "sourceBreaks", "tagReaches"} <= names
    resources = {one["name"] for one in api.get(f"{SUBSCRIPTIONS}/resources")["data"]}
    assert {"all", "mlmodel", "table"} <= resources
    check = f"{SUBSCRIPTIONS}/validation/condition/"
    api.get(check + segment("isMajor() && !isBot()"), expect=204)
    assert "at character 11" in api.get(check + segment("isMajor() & isBot()"), expect=400)["message"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"filteringRules": {"resources": ["all"], "rules": [{"effect": "include", "condition": "isMajr()"}]}},
            "filteringRules.rules.0: there is no function isMajr; did you mean isMajor?, at character 1 of isMajr()",
        ),
        (
            {"input": {"filters": [{"name": "matchAnyOwner"}]}},
            "input.filters.0: there is no filter matchAnyOwner; there",
        ),
        (
            {"input": {"filters": [{"name": "filterByFqn", "arguments": []}]}},
            "input.filters.0: matchAnyEntityFqn needs its fqnList",
        ),
        (
            {"input": {"filters": [{"name": "sourceBreaks", "arguments": [{"name": "models", "input": ["m"]}]}]}},
            "input.filters.0: sourceBreaks has no argument models; it takes modelFqnList, ownerNameList",
        ),
        (
            {"destinations": [{"category": "Mentions", "type": "Email"}]},
            "destinations.0: nothing can be sent to Mentions",
        ),
        (
            {"trigger": {"triggerType": "Scheduled", "scheduleInfo": "Custom", "cronExpression": "61 * * * *"}},
            "trigger: cronExpression: '61 * * * *' is no schedule: Bad minute",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused(api: Api, members: Any, message: str) -> None:
    body = {"name": "sub", "alertType": "Notification", **members}
    assert api.put(SUBSCRIPTIONS, body, expect=400)["message"].startswith(message)


def test_filters_become_rules(api: Api) -> None:
    filters = [
        {"name": "filterByFqn", "effect": "exclude", "arguments": [{"name": "fqnList", "input": ["a", "b"]}]},
        {"name": "filterByUpdaterIsBot", "prefixCondition": "OR"},
    ]
    body = {"name": "sub", "alertType": "Notification", "resources": ["table"], "input": {"filters": filters}}
    rules = api.put(SUBSCRIPTIONS, body)["filteringRules"]
    assert rules["resources"] == ["table"]
    assert [(one["effect"], one["condition"], one["prefixCondition"]) for one in rules["rules"]] == [
        ("exclude", "matchAnyEntityFqn({'a', 'b'})", "AND"),
        ("include", "isBot()", "OR"),
    ]
    api.patch(named(SUBSCRIPTIONS, "sub"), {"op": "remove", "path": "/input/filters/0"})
    assert len(api.get(named(SUBSCRIPTIONS, "sub"))["filteringRules"]["rules"]) == 1


def ages(moment: int, first: int) -> Json:
    """The profile of a hundred people, each one year older than the one before."""
    numbers = {"values": [*range(first, first + 100)], "below": [*range(100)], "atMost": [*range(1, 101)]}
    return {"distribution": [{"name": "age", "timestamp": moment, "rows": 100, "numbers": numbers}]}


DRIFTING = {
    "driftCrossed()": [3000, 5000, 8000],
    "driftCrossed({}, {}, {'alert'})": [5000, 8000],
    "driftCrossed({'headwater.churn'}, {'ada'})": [3000, 5000, 8000],
    "driftCrossed({'headwater.other'})": [],
    "driftCrossed({}, {'nobody'})": [],
}


def test_who_uses_a_version_hears_when_its_data_drift_and_only_then(alerting: Make, receiver: "Receiver") -> None:
    api = alerting()
    api.put("users", {"name": "ada", "email": "ada@example.com"})
    api.table("people", ["age", "size"])
    api.put(f"{named('tables', PEOPLE)}/distribution", ages(1000, 20))
    api.model("churn", owners=owned("ada"), mlFeatures=[feature("age", "age")])
    trained = {"mlmodel": "headwater.churn", "trainingDatasets": [{"name": "people", "dataset": PEOPLE}]}
    api.put("mlmodelVersions", {"name": "1", "aliases": ["champion"], **trained})
    api.put("mlmodelVersions", {"name": "2", **trained})
    for number, condition in enumerate(DRIFTING):
        subscribe(api, hook(f"{receiver.url}/{number}"), condition=condition, name=f"s{number}")
    subscribe(api, {"category": "Owners", "type": "ActivityFeed"}, condition="driftCrossed()", name="owners")
    happened = {}
    for moment, first in ((2000, 20), (3000, 27), (4000, 27), (5000, 70), (6000, 70), (7000, 20), (8000, 70)):
        api.put(f"{named('tables', PEOPLE)}/distribution", ages(moment, first))
        happened[api.position()] = moment
    api.put(f"{named('tables', PEOPLE)}/tableProfile", {"tableProfile": {"timestamp": 9000}})
    tell(api)
    found: dict[str, list[int]] = {condition: [] for condition in DRIFTING}
    for path, headers, _ in receiver.accepted:
        condition = list(DRIFTING)[int(path.rpartition("/")[2])]
        found[condition].append(happened[int(headers["x-headwater-position"])])
    assert found == DRIFTING
    notices = api.get("events/notices", user="ada")["data"]
    told = [one["lines"] for one in notices if one["title"] == f"ada changed table {PEOPLE}"]
    assert told == [["distribution changed", "this concerns mlmodelVersion headwater.churn.1"]] * 3
