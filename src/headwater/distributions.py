# SPDX-License-Identifier: Apache-2.0
"""Distributions in few numbers, and how far two of them are apart. Nothing here but arithmetic.

``Numbers`` keeps a cumulative distribution exactly at up to ``POINTS + 1`` of its values, and at all of them if there
are not more than ``POINTS``; between two that are kept lies less than one ``POINTS``-th of the rows, of which only the
number is known. ``Categories`` keeps the commonest values. Every function says where its formula is from, and
``tests/property/test_distributions.py`` holds them against scipy.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

POINTS = 200
"""Into how many parts of equal size a distribution of numbers is cut."""
LISTED = 100
"""How many categories are told by name."""
TELLING = 5
"""In how many rows a category has to stand to be told by name: what fewer share may be a person, and is too rare for
the chi-square test anyway (W. G. Cochran, "Some methods for strengthening the common chi-square tests", Biometrics 10,
1954)."""
BINS = 10
"""How many bins of equal size in the baseline the stability of numbers is measured with."""
FEW = 20
"""Up to so many different numbers count as categories."""
FLOOR = 1e-4
"""What an empty bin counts as in the stability index, which has no value for one."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A distribution of numbers: ``below[i]`` of them are less than ``values[i]``, ``at_most[i]`` not more.

    The first value is the smallest of all, the last the greatest.
    """

    values: Sequence[float]
    below: Sequence[int]
    at_most: Sequence[int]

    @property
    def total(self) -> int:
        """How many numbers there are."""
        return self.at_most[-1] if self.at_most else 0

    @property
    def exact(self) -> bool:
        """Whether no number lies between those that are kept."""
        return all(self.below[after] == self.at_most[after - 1] for after in range(1, len(self.values)))

    def not_above(self, value: float) -> float:
        """How many numbers are not above a value: exact where it is kept or outside, between two kept by a line."""
        place = bisect_right(self.values, value) - 1
        if place < 0:
            return 0
        if self.values[place] == value or place == len(self.values) - 1:
            return self.at_most[place]
        part = (value - self.values[place]) / (self.values[place + 1] - self.values[place])
        return self.at_most[place] + part * (self.below[place + 1] - self.at_most[place])

    def less_than(self, value: float) -> float:
        """How many numbers are below a value."""
        place = bisect_left(self.values, value)
        kept = place < len(self.values) and self.values[place] == value
        return self.below[place] if kept else self.not_above(value)

    def between(self, low: float, high: float) -> tuple[int, int]:
        """The fewest and the most that can be not above a value somewhere in the open interval from ``low`` to
        ``high``, which holds no kept value."""
        before, after = bisect_right(self.values, low) - 1, bisect_left(self.values, high)
        return (
            self.at_most[before] if before >= 0 else 0,
            self.below[after] if after < len(self.values) else self.total,
        )

    def quantile(self, part: float) -> float:
        """The smallest kept value that this part of the numbers does not exceed."""
        return self.values[bisect_left(self.at_most, part * self.total)]

    def categories(self) -> "Categories":
        """The same as categories; only right for an exact one."""
        counts = {
            f"{value:g}": most - less for value, less, most in zip(self.values, self.below, self.at_most, strict=True)
        }
        return Categories(counts, 0)


@dataclass(frozen=True, slots=True)
class Categories:
    """How often each of the commonest values occurs, and in how many rows another one stands."""

    counts: Mapping[str, int]
    others: int

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts.values()) + self.others


@dataclass(frozen=True, slots=True, kw_only=True)
class KolmogorovSmirnov:
    """The greatest distance of two cumulative distributions; the true one is at most ``error`` away."""

    figure: float
    error: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquare:
    """The test of homogeneity. ``figure`` is Cramér's V, the statistic without the size of the samples."""

    figure: float
    statistic: float
    degrees: int
    p_value: float


# taking distributions ---------------------------------------------------------------------------------------------


def numbers(counted: Iterable[tuple[float, int]], total: int) -> Numbers:
    """The distribution of counted numbers, which come in rising order and are ``total`` in all."""
    values: list[float] = []
    below: list[int] = []
    at_most: list[int] = []
    seen, given = 0, list(counted)
    for value, count in given:
        if seen == 0 or len(given) <= POINTS or crosses(seen, seen + count, total):
            values.append(float(value))
            below.append(seen)
            at_most.append(seen + count)
        seen += count
    return Numbers(values, below, at_most)


def crosses(before: int, after: int, total: int) -> bool:
    """Whether a value is kept, before which so many numbers stand: one of the parts ends with it."""
    return before * POINTS // total != after * POINTS // total


def categories(counted: Iterable[tuple[str, int]]) -> Categories:
    """The distribution of counted texts."""
    ordered = sorted(counted, key=lambda one: (-one[1], one[0]))
    told = [(value, count) for value, count in ordered[:LISTED] if count >= TELLING]
    return Categories(dict(told), sum(count for _, count in ordered) - sum(count for _, count in told))


# how far two are apart --------------------------------------------------------------------------------------------


def stability(baseline: Sequence[float], current: Sequence[float]) -> float:
    """The population stability index of counts in the same bins: Σ (c - b) ln (c / b) over their proportions.

    S. Kullback's divergence J(1, 2) ("Information Theory and Statistics", 1959, chapter 1), under the name that
    N. Siddiqi gave it in credit scoring ("Credit Risk Scorecards", 2006). 0 for equal proportions, symmetric.
    """
    first, second = (_proportions(counts) for counts in (baseline, current))
    return math.fsum((now - then) * math.log(now / then) for then, now in zip(first, second, strict=True))


def _proportions(counts: Sequence[float]) -> list[float]:
    total = math.fsum(counts)
    return [max(count / total, FLOOR) for count in counts]


def in_bins(baseline: Numbers, current: Numbers) -> tuple[list[float], list[float]]:
    """The counts of both in bins that hold a tenth of the baseline each; fewer bins where one value fills several.

    The baseline's are exact, the current ones at most one ``POINTS``-th of all off at each boundary.
    """
    if len(baseline.values) == 1:
        only = baseline.values[0]
        low, high = current.less_than(only), current.not_above(only)
        return [0, baseline.total, 0], [low, high - low, current.total - high]
    edges = sorted({baseline.quantile(part / BINS) for part in range(1, BINS)} - {baseline.values[-1]})
    edges = edges or [baseline.values[-2]]
    found = []
    for one in (baseline, current):
        cumulated = [0, *map(one.not_above, edges), one.total]
        found.append([after - before for before, after in pairwise(cumulated)])
    return found[0], found[1]


def in_categories(baseline: Categories, current: Categories) -> tuple[list[float], list[float]]:
    """The counts of both by category. What one of them may count among its others is counted among the others."""
    names = [
        name
        for name in sorted(baseline.counts.keys() | current.counts.keys())
        if all(name in one.counts or not one.others for one in (baseline, current))
    ]
    found = []
    for one in (baseline, current):
        counts: list[float] = [one.counts.get(name, 0) for name in names]
        found.append([*counts, one.total - sum(counts)])
    return _without_empty(found[0], found[1])


def _without_empty(first: Sequence[float], second: Sequence[float]) -> tuple[list[float], list[float]]:
    kept = [(one, other) for one, other in zip(first, second, strict=True) if one or other]
    return [one for one, _ in kept], [other for _, other in kept]


def kolmogorov_smirnov(baseline: Numbers, current: Numbers) -> KolmogorovSmirnov:
    """The two-sample Kolmogorov–Smirnov test, on what is kept of both samples.

    Where a value is kept of one only, the other is taken to be a line between its neighbours; ``error`` is how far the
    distance can be from that, whatever lies there. The p-value is the asymptotic one with M. A. Stephens' correction
    ("Use of the Kolmogorov–Smirnov, Cramér–von Mises and related statistics without extensive tables", Journal of the
    Royal Statistical Society B 32, 1970).
    """
    first, second = baseline.total, current.total
    points = sorted({*baseline.values, *current.values})
    figure = least = most = 0.0
    for point in points:
        for one, other in (
            (baseline.not_above(point) / first, current.not_above(point) / second),
            (baseline.less_than(point) / first, current.less_than(point) / second),
        ):
            figure = max(figure, abs(one - other))
        ones, others = _bounds(baseline, point), _bounds(current, point)
        least = max(least, ones[0] - others[1], others[0] - ones[1])
        most = max(most, ones[1] - others[0], others[1] - ones[0])
    for low, high in pairwise(points):
        (few, many), (other_few, other_many) = baseline.between(low, high), current.between(low, high)
        most = max(most, many / first - other_few / second, other_many / second - few / first)
    return KolmogorovSmirnov(
        figure=figure,
        error=max(most - figure, figure - least, 0.0),
        p_value=kolmogorov_p(figure, first * second / (first + second)),
    )


def _bounds(one: Numbers, point: float) -> tuple[float, float]:
    """The least and the greatest part of a sample that can be not above a point."""
    place = bisect_left(one.values, point)
    if place < len(one.values) and one.values[place] == point:
        return one.at_most[place] / one.total, one.at_most[place] / one.total
    least, most = one.between(point, point)
    return least / one.total, most / one.total


def kolmogorov_p(distance: float, size: float) -> float:
    """How probable at least this distance is between samples of one distribution: 2 Σ (-1)^(k-1) exp(-2 k² λ²)."""
    root = math.sqrt(size)
    scaled = (root + 0.12 + 0.11 / root) * distance
    if scaled < 0.2:  # 1 to ten digits; the series converges slowly there
        return 1.0
    terms = ((-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(max(2 * math.fsum(terms), 0.0), 1.0)


def chi_square(baseline: Sequence[float], current: Sequence[float]) -> ChiSquare:
    """Pearson's chi-square test that two samples, as counts in the same categories, are of one distribution.

    K. Pearson (Philosophical Magazine 50, 1900); V after H. Cramér ("Mathematical Methods of Statistics", 1946, 21.9).
    """
    first, second = _without_empty(baseline, current)
    total, sums = math.fsum((*first, *second)), (math.fsum(first), math.fsum(second))
    statistic = 0.0
    for counts in zip(first, second, strict=True):
        for count, size in zip(counts, sums, strict=True):
            expected = math.fsum(counts) * size / total
            statistic += (count - expected) ** 2 / expected
    degrees = len(first) - 1
    return ChiSquare(
        figure=math.sqrt(statistic / total),
        statistic=statistic,
        degrees=degrees,
        p_value=chi_square_above(statistic, degrees),
    )


def chi_square_above(statistic: float, degrees: int) -> float:
    """How probable a chi-square of so many degrees of freedom, or more, is.

    The finite sums of M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.4.4 and 26.4.5.
    """
    half = statistic / 2
    if degrees == 0 or half == 0:
        return 1.0
    if degrees % 2 == 0:
        steps, tail = range(1, degrees // 2), 0.0
        term = math.exp(-half)
        terms = [term]
        for step in steps:
            term *= half / step
            terms.append(term)
    else:
        tail = math.erfc(math.sqrt(half))
        term = math.exp(-half) * math.sqrt(half) * 2 / math.sqrt(math.pi)
        terms = []
        for step in range(1, (degrees - 1) // 2 + 1):
            terms.append(term)
            term *= half / (step + 0.5)
    return min(tail + math.fsum(terms), 1.0)
