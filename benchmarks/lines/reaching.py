# SPDX-License-Identifier: Apache-2.0
"""Which models a tag reaches, on both databases, from few edges to many."""

import random
import time
from dataclasses import replace
from statistics import median

from benchmarks import servers, synthetic
from benchmarks.bench import Bench
from benchmarks.lines.graph import analyze, postgresql
from benchmarks.lines.shared import catalog_of
from benchmarks.measure import Line, milliseconds
from benchmarks.payloads import SERVICE
from headwater.catalog.access import ADMIN
from headwater.catalog.governance import ReachQuestion
from headwater.catalog.reading import View
from headwater.catalog.recording import Write
from headwater.catalog.service import Catalog
from headwater.schema.base import Document
from headwater.schema.governance import Selection
from headwater.store import history

COLUMNS = 4
MODELS = 500
NARROW, WIDE = ("PII.Sensitive", 1), ("PersonalData.Personal", 100)
"""Tags, and on how many columns each sits."""
QUESTION = ReachQuestion(far=Selection(tier="Tier.Tier1"), limit=1000, cap=2_000_000)


def reach(bench: Bench) -> list[Line]:
    """Every model of tier 1 that a tag reaches: one that sits on one column, and one that sits on a hundred."""
    lines = []
    for edges in (bench.sizes.edges // 100, bench.sizes.edges // 10, bench.sizes.edges):
        lines += _lines(bench, "SQLite", f"{bench.folder() / 'reach.db'}", edges)
        with postgresql() as url:
            lines += _lines(bench, "PostgreSQL", url, edges)
    return lines


def _lines(bench: Bench, word: str, url: str, edges: int) -> list[Line]:
    catalog = catalog_of(url)
    filled = synthetic.fill(catalog, edges // 20, edges, columns=COLUMNS)
    _crown(catalog, filled)
    with catalog.database.read() as session:
        newest = history.newest(session)
        analyze(session)
    lines = []
    for tag, places in (NARROW, WIDE):
        now, then, rows = [], [], 0
        with servers.pinned(servers.cores()[0]):
            for _ in range(bench.sizes.rounds):
                seconds, rows = _asked(catalog, tag, View())
                now.append(seconds)
                then.append(_asked(catalog, tag, View(as_of=f"@{newest}"))[0])
        own, past = median(now), median(then)
        lines.append(
            Line(
                what=f"{word}, {edges:,} edges: which of {MODELS // 5} models of tier 1 a tag on {places} column(s) "
                f"reaches ({rows}), p50",
                headwater=milliseconds(own),
                reference=f"asOf {milliseconds(past)}",
                ratio=f"asOf {past / own:.1f} ×",
                budget="< 1,000 ms, asOf ≤ 2 ×",
                met=own < 1 and past <= 2 * own,
            )
        )
    catalog.close()
    return lines


def _asked(catalog: Catalog, tag: str, view: View) -> tuple[float, int]:
    """Seconds for the whole answer, and how many models are in it."""
    started = time.perf_counter()
    reply = catalog.reach(replace(QUESTION, tag=tag), view)
    seconds = time.perf_counter() - started
    assert "truncated" not in reply
    return seconds, len({row["entity"]["id"] for row in reply["data"]})


def _crown(catalog: Catalog, filled: synthetic.Filled) -> None:
    """Add models made from columns of the deepest tables, and the tags at the top."""

    def put(kind: str, request: Document) -> None:
        catalog.upsert(catalog.registry[kind], request, Write(principal=ADMIN))

    draw = random.Random(5)
    layer = filled.tables // synthetic.LAYERS
    for number in range(MODELS):
        sources = [(f"f{one}", f"c{one % COLUMNS}", draw.choice(filled.deepest(layer))) for one in range(5)]
        features = [
            {
                "name": name,
                "featureSources": [
                    {"name": column, "dataSource": {"type": "table", "fullyQualifiedName": filled.name(table)}}
                ],
            }
            for name, column, table in sources
        ]
        tags = [{"tagFQN": "Tier.Tier1"}] if number % 5 == 0 else []
        put("mlmodel", {"name": f"model_{number}", "service": SERVICE, "mlFeatures": features, "tags": tags})
    middle = filled.first + layer // 2
    for tag, places in (NARROW, WIDE):
        among = range(filled.first, filled.first + layer) if places > 1 else [middle]
        for table in draw.sample(among, min(places, len(among))):
            columns: list[Document] = [{"name": f"c{one}", "dataType": "INT"} for one in range(COLUMNS)]
            columns[0]["tags"] = [{"tagFQN": tag}]
            name = filled.name(table).rsplit(".", 1)[-1]
            put("table", {"name": name, "databaseSchema": synthetic.SCHEMA, "columns": columns})
