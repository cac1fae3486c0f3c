# SPDX-License-Identifier: Apache-2.0
"""Searches of a large catalogue, while nothing happens and right after a write.

Half of what is asked for are words that hundreds of tables hold, as people type them: whole, begun, two together, with
a typing mistake, narrowed to a type or an owner's service; the other half are names, fields and filters, as
OpenMetadata's clients ask.
"""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from benchmarks import payloads, servers, synthetic
from benchmarks.bench import Bench
from benchmarks.client import Connection, RequestFailed, latencies, request
from benchmarks.lines.shared import catalog_of
from benchmarks.measure import Line, milliseconds, percentile

COLUMNS = 12
FIRST = "customer order invoice payment product shipment contract policy claim patient sensor device campaign session"
SECOND = "daily weekly history staging snapshot summary features profile events master balance forecast quality audit"
THIRD = "region channel currency segment household merchant warehouse supplier employee vehicle station account tariff"
WORDS = tuple(f"{FIRST} {SECOND} {THIRD}".split())
STEMS = tuple(
    f"{one}{other}" for one in ["ba", "de", "fi", "go", "ku", "la", "me", "no", "pi", "ro"] for other in WORDS
)


def members(index: int) -> str:
    """What a table says of itself: a description and columns, from a vocabulary of a few hundred words."""
    draw = random.Random(index)
    columns = [
        {
            "name": f"{draw.choice(WORDS)}_{draw.choice(STEMS)}",
            "dataType": "STRING",
            "description": f"The {draw.choice(STEMS)} of a {draw.choice(WORDS)}.",
        }
        for _ in range(COLUMNS)
    ]
    text = " ".join(draw.choice(STEMS if place % 3 else WORDS) for place in range(20))
    body = json.dumps({"displayName": f"{draw.choice(WORDS)} {draw.choice(STEMS)}", "description": text})
    return f'{body[1:-1]},"columns":{json.dumps(columns)}'


def search(bench: Bench) -> list[Line]:
    """Searches, one after the other over one connection."""
    count = bench.sizes.searched
    database = bench.folder() / "search.db"
    catalog = catalog_of(f"{database}")
    synthetic.fill(catalog, count, 0, members=members)
    catalog.close()
    with servers.headwater(f"{database}") as server, server.connect() as connection:
        started = time.perf_counter()
        connection.send(_look("customer"))
        built = time.perf_counter() - started
        server.settle()
        size = sum(file.stat().st_size for file in Path(f"{database}.search").rglob("*") if file.is_file())
        asked = [_question(number) for number in range(bench.sizes.questions)]
        latencies(connection, asked[:50])
        quiet = latencies(connection, asked)
        after = _after_writes(connection, bench.sizes.questions // 5)
        resident = server.memory()
    what = f"search of {count:,} tables with {COLUMNS} columns"
    facts = f"index built in {built:.0f} s, {size / 2**20:,.0f} MiB on disk; server {resident:,.0f} MiB"
    return [
        _line(f"{what}, quiet, p50", percentile(quiet, 0.5), 0.005, facts),
        _line(f"{what}, quiet, p99", percentile(quiet, 0.99), 0.020),
        _line(f"{what}, right after a write, p50", percentile(after, 0.5), 0.020),
    ]


def _line(what: str, seconds: float, limit: float, reference: str = "") -> Line:
    budget = f"< {limit * 1000:.0f} ms"
    return Line(what=what, headwater=milliseconds(seconds), reference=reference, budget=budget, met=seconds < limit)


def _after_writes(connection: Connection, rounds: int) -> list[float]:
    """Seconds that the search for a word takes which the write just before brought in."""
    tables = payloads.prepare(connection)
    taken = []
    for number in range(rounds):
        word = f"zephyr{number:04}"
        connection.send(request("PUT", payloads.MODELS, {**payloads.model(number, tables), "description": word}))
        started = time.perf_counter()
        found = connection.json(_look(word))
        taken.append(time.perf_counter() - started)
        if found["total"] != 1:
            raise RequestFailed(f"{word} was just written, and {found['total']} were found")
    return taken


def _question(number: int) -> bytes:
    draw = random.Random(-number)
    return QUESTIONS[number % len(QUESTIONS)](draw)


def _look(text: str, **more: str) -> bytes:
    narrowed = "".join(f"&{name}={quote(value)}" for name, value in more.items())
    return request("GET", f"/api/v1/search?q={quote(text)}{narrowed}")


def _ask(text: str = "*", **more: str) -> bytes:
    given = "".join(f"&{name}={quote(value)}" for name, value in more.items())
    return request("GET", f"/api/v1/search/query?q={quote(text)}&index=table_search_index&deleted=false{given}")


def _mistyped(word: str) -> str:
    return word[:2] + word[3] + word[2] + word[4:]


def _table(draw: random.Random) -> str:
    return f"{synthetic.SCHEMA}.synthetic_{draw.randrange(1000):07}"


def _column(draw: random.Random) -> str:
    """The name of a column that some tables have."""
    name: str = json.loads(f"{{{members(draw.randrange(1000))}}}")["columns"][0]["name"]
    return name


def _filter(draw: random.Random) -> str:
    clauses = [{"term": {"tableType": "Regular"}}, {"term": {"service.name.keyword": payloads.SERVICE}}]
    return json.dumps({"query": {"bool": {"must": [*clauses, {"term": {"columns.name": _column(draw)}}]}}})


QUESTIONS: tuple[Callable[[random.Random], bytes], ...] = (
    lambda draw: _look(draw.choice(STEMS)),
    lambda draw: _look(draw.choice(STEMS)[:5]),
    lambda draw: _look(f"{draw.choice(STEMS)} {draw.choice(STEMS)}"),
    lambda draw: _look(_mistyped(draw.choice(STEMS))),
    lambda draw: _look(draw.choice(STEMS), type="table", service=payloads.SERVICE),
    lambda draw: _look(_table(draw)),
    lambda draw: _ask(f"description:{draw.choice(STEMS)} AND tableType:Regular"),
    lambda draw: _ask(query_filter=_filter(draw)),
    lambda draw: _ask(sort_field="fullyQualifiedName", sort_order="desc", size="100"),
    lambda draw: request(
        "GET", f"/api/v1/search/fieldQuery?fieldName=fullyQualifiedName&fieldValue={quote(_table(draw))}&size=10"
    ),
)
