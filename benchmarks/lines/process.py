# SPDX-License-Identifier: Apache-2.0
"""What a server and a client need before they do anything."""

import subprocess
import sys
import time

from benchmarks import payloads, servers
from benchmarks.bench import Bench
from benchmarks.client import rate, request
from benchmarks.measure import Line, interleaved, milliseconds


def idle(bench: Bench) -> list[Line]:
    """What a server needs that has nothing to do, and how long an import takes."""
    with servers.headwater(f"{bench.folder() / 'headwater.db'}") as server, server.connect() as connection:
        ready = server.ready
        tables = payloads.prepare(connection)
        rate(connection, payloads.upserts(range(1), tables))
        connection.send(payloads.get(0))
        connection.send(
            request("GET", f"/api/v1/lineage/mlmodel/name/{payloads.SERVICE}.model_0000000?upstreamDepth=3")
        )
        resident = server.memory()
    with_it, without = interleaved(bench.sizes.rounds, lambda n: _python("import headwater"), lambda n: _python("pass"))
    imported = with_it - without
    return [
        Line(
            what="memory of an idle server (after one PUT, GET and walk)",
            headwater=f"{resident:.0f} MiB",
            reference=f"MLflow, all its processes: {bench.mlflow.server.memory():,.0f} MiB",
            budget="< 100 MiB",
            met=resident < 100,
        ),
        Line(
            what="CPU until it answers",
            headwater=f"{ready:.2f} s",
            reference=f"MLflow {bench.mlflow.server.ready:.1f} s",
            budget="< 1 s",
            met=ready < 1,
        ),
        Line(what="import headwater", headwater=milliseconds(imported), budget="< 0.3 s", met=imported < 0.3),
    ]


def _python(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started
