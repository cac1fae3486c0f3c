# SPDX-License-Identifier: Apache-2.0
"""Two servers on one database look at endpoints: each endpoint by one of them at a time, also when one is killed."""

import http.server
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Launch

MODELS = 30
INTERVAL = 2.0
SETTINGS: dict[str, Any] = {"check_hosts": "127.0.0.1", "check_timeout": 0.5, "check_interval": INTERVAL}


@pytest.fixture
def asked() -> Iterator[tuple[str, dict[str, list[float]]]]:
    """The URL of a site that takes its time, and when each path of it was asked."""
    times: dict[str, list[float]] = defaultdict(list)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            times[self.path].append(time.monotonic())
            time.sleep(0.1)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a server that was killed
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", times
    server.shutdown()
    server.server_close()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_two_servers_look_at_each_endpoint_once_and_one_goes_on_alone(
    launch: "Launch",
    fresh_postgres: Callable[[], str],
    asked: tuple[str, dict[str, list[float]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    site, times = asked
    database = fresh_postgres()
    servers = [launch(database, **SETTINGS) for _ in range(2)]
    caller = servers[0].caller()
    for number in range(MODELS):
        body = {"name": f"m{number}", "server": f"{site}/{number}", "tags": [{"tagFQN": "Tier.Tier1"}]}
        caller.done("PUT", "/api/v1/mlmodels", body)
    time.sleep(6 * INTERVAL)
    together = {path: list(moments) for path, moments in times.items()}
    assert len(together) == MODELS
    gaps = [later - earlier for moments in together.values() for earlier, later in pairwise(moments)]
    assert min(gaps) > 0.9 * INTERVAL, "nobody looks while another one's look is fresh"
    servers[0].kill()
    killed = time.monotonic()
    while any(moments[-1] < killed for moments in times.values()):
        assert time.monotonic() < killed + 60
        time.sleep(0.2)
    alone = time.monotonic() - killed
    with capsys.disabled():
        looks = sum(map(len, together.values()))
        print(f"\n{looks} looks at {MODELS} endpoints by two servers, none twice; all seen {alone:.1f} s after a kill")
