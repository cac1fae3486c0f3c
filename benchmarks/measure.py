# SPDX-License-Identifier: Apache-2.0
"""Rounds that take turns, percentiles, and the lines of the table."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. ``met`` None: there is no budget, or nothing to compare with."""

    what: str
    headwater: str
    reference: str = ""
    ratio: str = ""
    budget: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    rounds: int
    writes: int
    models: int
    mlflow_models: int
    bulk: int
    tables: int
    edges: int
    few: int
    many: int
    walks: int
    searched: int
    questions: int


FULL = Sizes(
    rounds=5,
    writes=400,
    models=5000,
    mlflow_models=200,
    bulk=5000,
    tables=300_000,
    edges=1_000_000,
    few=1000,
    many=1_000_000,
    walks=300,
    searched=100_000,
    questions=1000,
)
QUICK = Sizes(
    rounds=3,
    writes=100,
    models=500,
    mlflow_models=60,
    bulk=500,
    tables=30_000,
    edges=100_000,
    few=1000,
    many=30_000,
    walks=60,
    searched=10_000,
    questions=200,
)


def interleaved(rounds: int, *measurements: Callable[[int], float]) -> list[float]:
    """The median of each measurement, all of them made in turns; each is told the number of the round."""
    taken: list[list[float]] = [[] for _ in measurements]
    for number in range(rounds):
        for results, measure in zip(taken, measurements, strict=True):
            results.append(measure(number))
    return [statistics.median(results) for results in taken]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def per_second(rate: float) -> str:
    """A rate, readable."""
    return f"{rate:,.0f}/s"


def milliseconds(seconds: float) -> str:
    """A duration, readable."""
    return f"{seconds * 1000:,.2f} ms" if seconds < 0.01 else f"{seconds * 1000:,.0f} ms"


def table(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table."""
    verdicts = {True: "met", False: "missed", None: ""}
    rows = [("what", "Headwater", "beside it", "ratio", "budget", "verdict")]
    rows += [(line.what, line.headwater, line.reference, line.ratio, line.budget, verdicts[line.met]) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    written = [f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |" for row in rows]
    return "\n".join([written[0], f"|{'|'.join('-' * (width + 2) for width in widths)}|", *written[1:]])
