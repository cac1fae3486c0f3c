# SPDX-License-Identifier: Apache-2.0
"""What several lines use."""

from collections.abc import Sequence

import headwater
from benchmarks import payloads, synthetic
from benchmarks.client import Connection, rate, request
from benchmarks.measure import Line, per_second
from benchmarks.servers import Server
from headwater.catalog.context import Key
from headwater.catalog.reading import View
from headwater.catalog.service import Catalog
from headwater.settings import Settings

BATCH = 250


def catalog_of(url: str) -> Catalog:
    """A catalogue in this process."""
    return headwater.application(Settings(database=url)).catalog


def table_ids(catalog: Catalog) -> list[str]:
    """The ids of the tables that models stand on."""
    names = [Key.fqn(f"{synthetic.SCHEMA}.table_{index}") for index in range(payloads.TABLES)]
    return [catalog.get(catalog.registry["table"], name, View()).document["id"] for name in names]


def times(what: str, own: float, other: str, theirs: float, least: int) -> Line:
    return Line(
        what=what,
        headwater=per_second(own),
        reference=f"MLflow {other} {per_second(theirs)}",
        ratio=f"{own / theirs:.0f} ×",
        budget=f"≥ {least} ×",
        met=own / theirs >= least,
    )


def cpu_per_request(server: Server, connection: Connection, requests: Sequence[bytes]) -> str:
    before = server.cpu()
    rate(connection, requests)
    return f"{(server.cpu() - before) / len(requests) * 1e6:,.0f} µs of CPU"


def bulk_requests(indexes: Sequence[int], tables: list[str]) -> list[bytes]:
    """The requests that put models in batches."""
    bodies = (
        [payloads.model(index, tables) for index in indexes[start : start + BATCH]]
        for start in range(0, len(indexes), BATCH)
    )
    return [request("PUT", f"{payloads.MODELS}/bulk", body) for body in bodies]
