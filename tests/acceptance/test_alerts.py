# SPDX-License-Identifier: Apache-2.0
"""Every event arrives, in order for each entity: whatever the receiver does, when a server is killed in the middle of a
batch, and with two servers on one database. What comes twice is counted and printed.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Caller, Launch
    from tests.conftest import Receiver

SETTINGS: dict[str, Any] = {"alert_hosts": "127.0.0.1", "alert_backoff": 0.05}
MODELS, VERSIONS = 8, 40
MODELS_PATH, SUBSCRIPTIONS = "/api/v1/mlmodels", "/api/v1/events/subscriptions"


def subscribe(caller: "Caller", *urls: str) -> None:
    destinations = [
        {"category": "External", "type": "Webhook", "timeout": 1, "readTimeout": 1, "config": {"endpoint": url}}
        for url in urls
    ]
    body = {
        "name": "sub",
        "alertType": "Notification",
        "resources": ["mlmodel"],
        "retries": 1000,
        "destinations": destinations,
    }
    caller.done("PUT", SUBSCRIPTIONS, body)


def write(caller: "Caller", names: list[str], versions: range) -> None:
    """New versions of some models, one after the other."""
    for version in versions:
        for name in names:
            caller.done("PUT", MODELS_PATH, {"name": name, "description": f"version {version}"})


def check(receiver: "Receiver", path: str, names: list[str], versions: int) -> int:
    """Every version of every model came along a path, first in order; how many came twice."""
    came = [
        body
        for where, body in zip((one[0] for one in receiver.accepted), receiver.events(), strict=True)
        if where == path
    ]
    for name in names:
        seen = [event["currentVersion"] for event in came if event["entityFullyQualifiedName"] == f"headwater.{name}"]
        first = list(dict.fromkeys(seen))
        assert first == [round(0.1 + step / 10, 1) for step in range(versions)], name
    return sum(count - 1 for count in Counter(event["id"] for event in came).values())


def wait_for_all(receiver: "Receiver", path: str, count: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    found: set[str] = set()
    while time.monotonic() < deadline:
        found = {headers["webhook-id"] for where, headers, _ in list(receiver.accepted) if where == path}
        if len(found) >= count:
            return
        time.sleep(0.1)
    raise AssertionError(f"{len(found)} of {count} came along {path}")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_receiver_of_every_mood_gets_every_event(
    launch: "Launch", receiver: "Receiver", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = launch(f"sqlite:///{tmp_path / 'a.db'}", **SETTINGS)
    caller = server.caller()
    subscribe(caller, receiver.url)
    names = [f"m{number}" for number in range(MODELS)]
    moods = random.Random(7)
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            receiver.mood = moods.choice(["good", "good", "good", "500", "429", "hang", "drop", "drip"])
            time.sleep(0.3)
        receiver.mood = "good"

    changing = threading.Thread(target=change)
    changing.start()
    receiver.pause = 0.02
    write(caller, names, range(VERSIONS))
    time.sleep(8)
    done.set()
    changing.join()
    wait_for_all(receiver, "/hook", MODELS * VERSIONS, 120)
    twice = check(receiver, "/hook", names, VERSIONS)
    with capsys.disabled():
        tried = len(receiver.requests)
        print(f"\n{MODELS * VERSIONS} events to a moody receiver: {tried} requests, {twice} came twice")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_server_that_is_killed_in_the_middle_of_a_batch_loses_no_alert(
    launch: "Launch", receiver: "Receiver", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = f"sqlite:///{tmp_path / 'a.db'}"
    names = [f"m{number}" for number in range(MODELS)]
    kills = 4
    receiver.pause = 0.01
    for round_ in range(kills):
        server = launch(database, **SETTINGS)
        caller = server.caller()
        if round_ == 0:
            subscribe(caller, receiver.url)
        before = len(receiver.accepted)
        write(caller, names, range(round_ * 10, (round_ + 1) * 10))
        receiver.wait(before + 25, 60)
        server.kill()
    launch(database, **SETTINGS)
    wait_for_all(receiver, "/hook", MODELS * kills * 10, 90)
    twice = check(receiver, "/hook", names, kills * 10)
    assert twice <= kills * 10, "no more than one batch for each kill"
    with capsys.disabled():
        print(f"\n{MODELS * kills * 10} events, {kills} kills in the middle of a batch: {twice} came twice")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_servers_share_the_work(
    launch: "Launch",
    receiver: "Receiver",
    fresh_postgres: Callable[[], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    database = fresh_postgres()
    servers = [launch(database, **SETTINGS) for _ in range(2)]
    paths = [f"/hook/{number}" for number in range(6)]
    base = receiver.url.removesuffix("/hook")
    subscribe(servers[0].caller(), *(base + path for path in paths))
    names = [[f"m{number}{side}" for number in range(MODELS // 2)] for side in "ab"]

    def write_all(versions: range, alive: list[Any]) -> None:
        writers = [
            threading.Thread(target=write, args=(alive[side % len(alive)].caller(), names[side], versions))
            for side in (0, 1)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()

    write_all(range(VERSIONS), servers)
    for path in paths:
        wait_for_all(receiver, path, MODELS * VERSIONS, 60)
    twice = [check(receiver, path, names[0] + names[1], VERSIONS) for path in paths]
    assert sum(twice) == 0, "nothing comes twice as long as nothing fails"
    receiver.pause = 0.005
    write_all(range(VERSIONS, VERSIONS + 5), servers)
    servers[0].kill()
    write_all(range(VERSIONS + 5, VERSIONS + 10), servers[1:])
    for path in paths:
        wait_for_all(receiver, path, MODELS * (VERSIONS + 10), 90)
    twice = [check(receiver, path, names[0] + names[1], VERSIONS + 10) for path in paths]
    with capsys.disabled():
        total = MODELS * (VERSIONS + 10) * len(paths)
        print(f"\n{total} deliveries by two servers, one of them killed on the way: {sum(twice)} came twice")
