# SPDX-License-Identifier: Apache-2.0
"""Reads: alone, and beside writers."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from benchmarks import payloads, servers
from benchmarks.bench import Bench
from benchmarks.client import latencies, rate
from benchmarks.lines.shared import bulk_requests, cpu_per_request, times
from benchmarks.measure import Line, interleaved, milliseconds, per_second, percentile
from benchmarks.servers import Server

WRITERS = 8


def get(bench: Bench) -> list[Line]:
    """GET by FQN over all names."""
    sizes, mlflow = bench.sizes, bench.mlflow
    few = sizes.mlflow_models
    missing = max(0, few - mlflow.models)
    rate(mlflow.connection, mlflow.registrations(missing) + mlflow.versions(few))
    asked = mlflow.gets(few)
    with servers.headwater(f"{bench.folder() / 'headwater.db'}") as server, server.connect() as connection:
        tables = payloads.prepare(connection)
        rate(connection, bulk_requests(range(sizes.models), tables))
        names = [payloads.get(index) for index in range(sizes.models)]
        random.Random(1).shuffle(names)
        size = len(connection.send(names[0]).body)
        with servers.constant(size) as constant, constant.connect() as bare:
            own, theirs, limit = interleaved(
                sizes.rounds,
                lambda n: rate(connection, names),
                lambda n: rate(mlflow.connection, asked),
                lambda n: rate(bare, names),
            )
            cpu = cpu_per_request(server, connection, names)
            bare_cpu = cpu_per_request(constant, bare, names)
    share = own / limit
    return [
        times(f"GET by FQN ({cpu})", own, "model-versions/get", theirs, 30),
        Line(
            what=f"GET beside constant bytes of that size ({size:,} bytes)",
            headwater=per_second(own),
            reference=f"bare framework {per_second(limit)} ({bare_cpu})",
            ratio=f"{share:.0%}",
            budget="≥ 70 %",
            met=share >= 0.7,
        ),
    ]


def busy(bench: Bench) -> list[Line]:
    """Reads while eight writers are busy."""
    sizes = bench.sizes
    count = sizes.models
    with servers.headwater(f"{bench.folder() / 'headwater.db'}") as server, server.connect() as connection:
        tables = payloads.prepare(connection)
        rate(connection, bulk_requests(range(count), tables))
        names = [payloads.get(index) for index in range(min(count, 2000))]
        idle, disturbed, written = [], [], []
        for _ in range(sizes.rounds):
            idle += latencies(connection, names)
            with _writers(server, tables, WRITERS) as done:
                disturbed += latencies(connection, names)
                written.append(done())
    before, during = percentile(idle, 0.99), percentile(disturbed, 0.99)
    return [
        Line(
            what=f"GET, p99, while {WRITERS} writers put ({per_second(sorted(written)[len(written) // 2])} meanwhile)",
            headwater=milliseconds(during),
            reference=f"idle {milliseconds(before)}; p50 {milliseconds(percentile(disturbed, 0.5))} and "
            f"{milliseconds(percentile(idle, 0.5))}",
            ratio=f"{during / before:.1f} ×",
            budget="≤ 3 ×",
            met=during <= 3 * before,
        )
    ]


WRITER = """
import json, sys, threading, time
from benchmarks.client import Connection
from benchmarks.payloads import upserts
port, writers, tables = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
stop, counts = threading.Event(), [0] * writers

def write(number):
    with Connection(port) as connection:
        for edition in range(1, 10**6):
            for one in upserts(range(number * 50, number * 50 + 50), tables, int(time.time() * 10) + edition):
                if stop.is_set():
                    return
                connection.send(one)
                counts[number] += 1

threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
for thread in threads:
    thread.start()
print("ready", flush=True)
for line in sys.stdin:
    print(sum(counts), flush=True)
stop.set()
for thread in threads:
    thread.join()
"""


@contextmanager
def _writers(server: Server, tables: Sequence[str], count: int) -> Iterator[Callable[[], float]]:
    """Writers at work in a process of their own; the function tells how many writes a second they made since."""
    command = [sys.executable, "-c", WRITER, str(server.port), str(count), json.dumps(tables)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    process.stdout.readline()

    def done() -> int:
        assert process.stdin
        assert process.stdout
        process.stdin.write("?\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    try:
        time.sleep(0.3)
        first, started = done(), time.perf_counter()
        yield lambda: (done() - first) / (time.perf_counter() - started)
    finally:
        process.stdin.close()
        process.wait(60)
