# SPDX-License-Identifier: Apache-2.0
"""Alerts: events delivered per second, and what they cost writers."""

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import payloads, servers
from benchmarks.bench import Bench
from benchmarks.client import Connection, rate, request
from benchmarks.measure import Line, interleaved, per_second

SUBSCRIPTIONS = "/api/v1/events/subscriptions"
MANY = 100
NAMES = "matchAnyEntityFqn({{'lending.{0}', 'risk.{0}'}}) && !isBot()"
"""What most subscriptions ask: about some entities, as most people do; each in its own words."""


@contextmanager
def receiving() -> Iterator[tuple[str, list[int]]]:
    """A receiver of webhooks: its URL, and how many requests it has had."""
    count = [0]

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            count[0] += 1
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", count
    finally:
        server.shutdown()
        server.server_close()


def subscription(name: str, url: str, condition: str = "") -> bytes:
    """A request for a subscription to changes of models."""
    rules = [{"effect": "include", "condition": condition}] if condition else []
    body = {
        "name": name,
        "alertType": "Notification",
        "batchSize": 100,
        "filteringRules": {"resources": ["mlmodel"], "rules": rules},
        "destinations": [{"category": "External", "type": "Webhook", "config": {"endpoint": url}}],
    }
    return request("PUT", SUBSCRIPTIONS, body)


def alerts(bench: Bench) -> list[Line]:
    """Deliveries to a receiver on this machine, and writers beside a hundred subscriptions and beside none."""
    folder, count = bench.folder(), bench.sizes.writes
    with (
        servers.headwater(f"{folder / 'none.db'}") as plain,
        servers.headwater(f"{folder / 'many.db'}", alert_hosts="127.0.0.1") as watched,
        plain.connect() as one,
        watched.connect() as other,
    ):
        for number in range(MANY):
            other.send(subscription(f"s{number}", "http://127.0.0.1:9/", NAMES.format(number)))
        tables = [payloads.prepare(connection) for connection in (one, other)]

        def writes(connection: Connection, ids: list[str], number: int) -> float:
            return rate(connection, payloads.upserts(range(number * count, (number + 1) * count), ids))

        without, beside = interleaved(
            bench.sizes.rounds, lambda n: writes(one, tables[0], n), lambda n: writes(other, tables[1], n)
        )
        delivered = _delivered(other, tables[1], 5 * count)
    ratio = without / beside
    return [
        Line(what="alerts delivered to a webhook on this machine", headwater=per_second(delivered)),
        Line(
            what=f"PUT, new model, beside {MANY} subscriptions",
            headwater=per_second(beside),
            reference=f"beside none {per_second(without)}",
            ratio=f"{ratio:.2f} ×",
            budget="≤ 1.2 ×",
            met=ratio <= 1.2,
        ),
    ]


def _delivered(connection: Connection, tables: list[str], count: int) -> float:
    """Events per second that a receiver gets when many wait."""
    with receiving() as (url, came):
        connection.send(subscription("all", url))
        rate(connection, payloads.upserts(range(10**7, 10**7 + count), tables))
        first, started = came[0], time.perf_counter()
        while came[0] < count:
            time.sleep(0.005)
        return (count - first) / (time.perf_counter() - started) if first < count else float(count)
