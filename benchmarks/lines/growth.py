# SPDX-License-Identifier: Apache-2.0
"""Whether more entities make it slower."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks import payloads, servers, synthetic
from benchmarks.bench import Bench
from benchmarks.client import Connection, rate, request
from benchmarks.lines.shared import catalog_of
from benchmarks.measure import Line, interleaved, per_second


def growth(bench: Bench) -> list[Line]:
    """PUT, GET and a page with few and with many entities."""
    sizes = bench.sizes
    paths = [bench.folder() / "headwater.db" for _ in range(2)]
    for path, count in zip(paths, (sizes.few, sizes.many), strict=True):
        catalog = catalog_of(f"{path}")
        synthetic.fill(catalog, count, 0)
        catalog.close()
    with (
        servers.headwater(f"{paths[0]}") as small,
        servers.headwater(f"{paths[1]}") as large,
        small.connect() as few,
        large.connect() as many,
    ):
        used = [payloads.prepare(connection) for connection in (few, many)]
        count = sizes.writes
        served = ((many, sizes.many, used[1]), (few, sizes.few, used[0]))
        return [
            _line(bench, what, [(one, partial(make, one, number, tables, count)) for one, number, tables in served])
            for what, make in (("PUT of a new model", _puts), ("GET of a table by FQN", _gets), ("page of 10", _pages))
        ]


def _line(bench: Bench, what: str, sides: Sequence[tuple[Connection, Callable[[int], list[bytes]]]]) -> Line:
    """The rates of the large side and of the small one."""
    (many, of_many), (few, of_few) = sides
    slow, fast = interleaved(bench.sizes.rounds, lambda n: rate(many, of_many(n)), lambda n: rate(few, of_few(n)))
    return Line(
        what=f"{what} at {bench.sizes.many:,} entities",
        headwater=per_second(slow),
        reference=f"at {bench.sizes.few:,}: {per_second(fast)}",
        ratio=f"{fast / slow:.2f} × slower",
        budget="≤ 1.3 ×",
        met=fast / slow <= 1.3,
    )


def _puts(connection: Connection, entities: int, tables: list[str], count: int, number: int) -> list[bytes]:
    return payloads.upserts(range(number * count, (number + 1) * count), tables)


def _gets(connection: Connection, entities: int, tables: list[str], count: int, number: int) -> list[bytes]:
    """Over all names."""
    draw = random.Random(number)
    names = (f"{synthetic.SCHEMA}.synthetic_{draw.randrange(entities):07}" for _ in range(count * 5))
    return [request("GET", f"/api/v1/tables/name/{name}") for name in names]


def _pages(connection: Connection, entities: int, tables: list[str], count: int, number: int) -> list[bytes]:
    """Pages that follow one another from the beginning, and again."""
    path, requests, after = "/api/v1/tables?limit=10", [], ""
    for _ in range(20):
        one = request("GET", path + after)
        requests.append(one)
        after = f"&after={connection.json(one)['paging']['after']}"
    return (requests * (count // 20 + 1))[:count]
