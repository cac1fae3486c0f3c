# SPDX-License-Identifier: Apache-2.0
"""The commands about the log, and about who is told of it."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING, Any

import pytest

import headwater as package
from headwater.settings import Settings

from .shop import Command

if TYPE_CHECKING:
    from tests.conftest import Receiver


@pytest.fixture
def told(shop: Path, receiver: "Receiver") -> Iterator[Callable[[], None]]:
    """A subscription ``mine`` to models, which goes to the receiver; a function that lets a server tell of all."""
    application = package.application(Settings(database=str(shop), alert_hosts="127.0.0.1", alert_backoff=0.01))
    hook = {"category": "External", "type": "Webhook", "config": {"endpoint": receiver.url}}
    body = {"name": "mine", "alertType": "Notification", "resources": ["mlmodel"], "destinations": [hook], "retries": 0}
    client = package.connect(str(shop))
    client.subscriptions.put(body)

    def tell() -> None:
        worker = application.catalog.alerts.worker()
        worker.start()
        deadline = time.monotonic() + 20
        while (found := client.alerts.status("mine")).position < found.newest or found.waiting:
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        worker.stop()

    yield tell
    client.close()
    application.catalog.close()


# events ---------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shop")
def test_events_shows_the_end_of_the_log(headwater: Command) -> None:
    headwater("put", "mlmodel", "--set", "name=fraud", "--set", "description=who cheats")
    headwater("put", "mlmodel", "--set", "name=fraud", "--set", "description=who lies")
    result = headwater("events", "--limit", "2")
    created, updated, change = result.out.splitlines()
    pattern = r" *(\d+)  \d{4}-\d\d-\d\d \d\d:\d\d  admin (\w+) mlmodel headwater.fraud(.*)"
    first, second = re.fullmatch(pattern, created), re.fullmatch(pattern, updated)
    assert first
    assert second
    assert (first[2], second[2], second[3]) == ("entityCreated", "entityUpdated", " 0.1 → 0.2")
    assert int(second[1]) == int(first[1]) + 1
    assert change.strip() == "description: who cheats → who lies"
    assert len(headwater("events", "--json").out.splitlines()) == 20
    beyond = headwater("events", "--after", first[1], "--json").out.splitlines()
    assert [json.loads(line)["position"] for line in beyond] == [int(second[1])]


@pytest.mark.usefixtures("shop")
def test_events_can_be_narrowed(headwater: Command) -> None:
    def shown(*options: str) -> set[tuple[str, str, str]]:
        lines = headwater("events", "--after", "0", "--json", *options).out.splitlines()
        return {(one["entityType"], one["eventType"], one["userName"]) for one in map(json.loads, lines)}

    assert {kind for kind, _, _ in shown("--type", "mlmodel,dashboard")} == {"mlmodel", "dashboard"}
    assert {kind for _, kind, _ in shown("--kind", "entityLineageAdded")} == {"entityLineageAdded"}
    assert shown("--user", "nobody") == set()
    refused = headwater("events", "--type", "fridge")
    assert (refused.code, "there is no type of entity called fridge" in refused.err) == (1, True)
    assert headwater("events", "--kind", "entityExploded").code == 1


def test_events_are_followed_until_interrupted(
    headwater: Command, shop: Path, spawn: Callable[..., "Popen[str]"]
) -> None:
    process = spawn("events", "--follow", "--type", "mlmodel", "--json", "--limit", "1", "--database", str(shop))
    assert process.stdout
    assert json.loads(process.stdout.readline())["entityType"] == "mlmodel"
    headwater("put", "mlmodel", "--set", "name=late")
    assert json.loads(process.stdout.readline())["entityFullyQualifiedName"] == "headwater.late"


# alerts ---------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("told")
def test_alerts_lists_who_is_told(headwater: Command) -> None:
    lines = headwater("alerts").out.splitlines()
    assert lines[0].split() == ["alert", "sent", "waiting", "given", "up"]
    assert [line.split()[0] for line in lines[1:]] == ["ModelEndpoints", "ModelOwners", "ModelSources", "mine"]
    assert {one["subscription"] for one in json.loads(headwater("alerts", "--json").out)} >= {"ModelOwners", "mine"}


def test_alerts_status_tells_what_was_given_up_and_replay_sends_it(
    headwater: Command, told: Callable[[], None], receiver: "Receiver"
) -> None:
    assert "nothing was to be sent yet" in headwater("alerts", "status", "mine").out
    receiver.mood = "500"
    headwater("put", "mlmodel", "--set", "name=fraud")
    told()
    shown = headwater("alerts", "status", "mine")
    assert re.search(r"Webhook +retryLimitReached +0 +0 +1 ", shown.out)
    assert "headwater.fraud: the answer was 500 Internal Server Error" in shown.out
    assert "`headwater alerts replay mine` sends these again" in shown.err
    assert json.loads(headwater("alerts", "status", "mine", "--json").out)["dead"] == 1
    receiver.mood = "good"
    assert headwater("alerts", "replay", "mine").err == "1 event of mine will be sent again\n"
    told()
    assert [event["entityFullyQualifiedName"] for event in receiver.events()] == ["headwater.fraud"]
    assert re.search(r"Webhook +active +1 +0 +0 ", headwater("alerts", "status", "mine").out)
    assert json.loads(headwater("alerts", "replay", "mine", "--json").out) == {"replayed": 0}


@pytest.mark.usefixtures("told")
def test_alerts_test_ends_with_what_became_of_it(
    headwater: Command, receiver: "Receiver", monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = headwater("alerts", "test", "mine")
    assert (refused.code, "HEADWATER_ALERT_HOSTS can allow it" in refused.out) == (1, True)
    monkeypatch.setenv("HEADWATER_ALERT_HOSTS", "127.0.0.1")
    assert headwater("alerts", "test", "mine").code == 0
    assert len(receiver.accepted) == 1
    (told,) = json.loads(headwater("alerts", "test", "mine", "--json").out)
    assert told["statusDetails"]["status"] == "Success"


CALLS: list[tuple[tuple[str, ...], int, str]] = [
    (("status",), 2, "headwater alerts status needs the NAME of an alert"),
    (("list", "mine"), 2, "headwater alerts list takes no NAME"),
    (("status", "mien"), 3, "Did you mean mine?"),
    (("replay", "nobody"), 3, "instance for nobody not found"),
    (("test", "ModelOwner"), 3, "Did you mean ModelOwners"),
]


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(("arguments", "code", "message"), CALLS)
def test_alerts_says_what_is_wrong_with_a_call(
    headwater: Command, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = headwater("alerts", *arguments)
    assert (result.code, message in result.err) == (code, True), result.err


@pytest.mark.usefixtures("shop")
def test_put_names_the_type_that_an_alert_may_mean(headwater: Command) -> None:
    body: dict[str, Any] = {"name": "a", "alertType": "Notification", "resources": ["mlModel"], "destinations": []}
    result = headwater("put", "subscriptions", "-", stdin=json.dumps(body))
    assert (result.code, "no type of entity called mlModel; did you mean mlmodel?" in result.err) == (1, True)
