# SPDX-License-Identifier: Apache-2.0
"""The lines of the architecture's part 7, each a function from a run to lines of the table."""

from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.lines.alerting import alerts
from benchmarks.lines.graph import walk
from benchmarks.lines.growth import growth
from benchmarks.lines.library import mlmd
from benchmarks.lines.process import idle
from benchmarks.lines.reaching import reach
from benchmarks.lines.reading import busy, get
from benchmarks.lines.searching import search
from benchmarks.lines.writing import bulk, put
from benchmarks.measure import Line

LINES: dict[str, Callable[[Bench], list[Line]]] = {
    each.__name__: each for each in (put, get, busy, bulk, walk, reach, growth, search, alerts, idle, mlmd)
}
