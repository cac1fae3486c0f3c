# SPDX-License-Identifier: Apache-2.0
"""Writes: one by one, and in bulk."""

import time

from benchmarks import payloads, servers, synthetic
from benchmarks.bench import Bench
from benchmarks.client import rate
from benchmarks.lines.shared import BATCH, bulk_requests, catalog_of, cpu_per_request, table_ids, times
from benchmarks.measure import Line, interleaved, per_second
from headwater.catalog.access import ADMIN
from headwater.catalog.recording import Write


def put(bench: Bench) -> list[Line]:
    """Durable PUT of models, new and changed."""
    sizes, mlflow = bench.sizes, bench.mlflow
    count, few = sizes.writes, sizes.mlflow_models // sizes.rounds
    with servers.headwater(f"{bench.folder() / 'headwater.db'}") as server, server.connect() as connection:
        tables = payloads.prepare(connection)
        rate(connection, payloads.upserts(range(10**6, 10**6 + 50), tables))
        create, register, update, version = interleaved(
            sizes.rounds,
            lambda n: rate(connection, payloads.upserts(range(n * count, (n + 1) * count), tables)),
            lambda n: rate(mlflow.connection, mlflow.registrations(few)),
            lambda n: rate(connection, payloads.upserts(range(count), tables, n + 1)),
            lambda n: rate(mlflow.connection, mlflow.versions(few)),
        )
        cpu = cpu_per_request(server, connection, payloads.upserts(range(count), tables, sizes.rounds + 1))
    return [
        times("PUT, new model (20 features with sources)", create, "registered-models/create", register, 10),
        times(f"PUT, new version of it ({cpu})", update, "model-versions/create", version, 10),
    ]


def bulk(bench: Bench) -> list[Line]:
    """Bulk PUT, over HTTP and in this process."""
    sizes, folder = bench.sizes, bench.folder()
    catalog = catalog_of(f"{folder / 'inside.db'}")
    synthetic.surround(catalog)
    model = catalog.registry["mlmodel"]
    inside = table_ids(catalog)

    def direct(number: int) -> float:
        first = (number + 1) * 10**6
        batches = [
            [payloads.model(index, inside) for index in range(start, start + BATCH)]
            for start in range(first, first + sizes.bulk, BATCH)
        ]
        with servers.pinned(servers.cores()[1]):
            started = time.perf_counter()
            for batch in batches:
                catalog.bulk_upsert(model, batch, Write(principal=ADMIN))
            return sizes.bulk / (time.perf_counter() - started)

    with servers.headwater(f"{folder / 'headwater.db'}") as server, server.connect() as connection:
        tables = payloads.prepare(connection)

        def over_http(number: int) -> float:
            first = (number + 1) * 10**6
            requests = bulk_requests(range(first, first + sizes.bulk), tables)
            return rate(connection, requests) * sizes.bulk / len(requests)

        own, within = interleaved(sizes.rounds, over_http, direct)
    catalog.close()
    return [
        Line(
            what=f"bulk PUT of models on one core ({BATCH} a request)",
            headwater=per_second(own),
            reference=f"without HTTP {per_second(within)}",
            budget="≥ 3,000/s",
            met=own >= 3000,
        )
    ]
