# SPDX-License-Identifier: Apache-2.0
"""How strongly two columns hang together, from 0 (not at all) to 1 (one tells the other).

* two categories: Cramér's V, corrected for bias (W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T",
  Journal of the Korean Statistical Society 42, 2013);
* a category and a number: the correlation ratio η (K. Pearson, 1905): the root of the share of the number's variance
  that lies between the categories;
* two numbers: the amount of Spearman's rank correlation ρ, which no monotone change of a number changes.

Strong is what J. Cohen ("Statistical Power Analysis for the Behavioral Sciences", 2nd ed., 1988) calls at least a
medium effect of a correlation: 0.3.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from math import fsum, sqrt
from typing import NamedTuple

MEDIUM = 0.3
"""From where on an association counts, unless somebody says otherwise."""
ROWS = 100
"""Over fewer rows than this nothing is said."""
GROUP = 20
"""A category with fewer rows than this is left out: few people stand behind it, and chance does."""
CATEGORIES = 10
"""Numbers with at most this many different values are taken as categories."""

Values = Sequence[object]


class Association(NamedTuple):
    """A figure: by which measure, over how many rows; how many rows of too small categories were left out."""

    measure: str
    figure: float
    rows: int
    left_out: int


def association(one: Values, other: Values, *, rows: int = ROWS, group: int = GROUP) -> Association | None:
    """How two columns, of the same rows in the same order, hang together.

    None where nothing can be said: too few rows have both values, or one of the two is the same everywhere.
    """
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if not _absent(a) and not _absent(b)]
    numeric = [_is_numeric([pair[side] for pair in pairs]) for side in (0, 1)]
    before = len(pairs)
    for side in (0, 1):
        if not numeric[side]:
            sizes = Counter(_category(pair[side]) for pair in pairs)
            pairs = [pair for pair in pairs if sizes[_category(pair[side])] >= group]
    if len(pairs) < rows or any(len({_category(pair[side]) for pair in pairs}) < 2 for side in (0, 1)):
        return None
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    if all(numeric):
        measure, figure = "Spearman's ρ", abs(spearman(_numbers(first), _numbers(second)))
    elif any(numeric):
        categories, numbers = (second, first) if numeric[0] else (first, second)
        measure, figure = "correlation ratio η", correlation_ratio(list(map(_category, categories)), _numbers(numbers))
    else:
        measure, figure = "Cramér's V", cramers_v(list(map(_category, first)), list(map(_category, second)))
    return Association(measure, figure, len(pairs), before - len(pairs))


def cramers_v(one: Sequence[Hashable], other: Sequence[Hashable], corrected: bool = True) -> float:
    """Cramér's V of two categories, corrected for bias unless somebody wants it plain."""
    total = len(one)
    rows, columns, cells = Counter(one), Counter(other), Counter(zip(one, other, strict=True))
    squares = fsum(count * count / (rows[a] * columns[b]) for (a, b), count in cells.items())
    phi2 = max(0.0, squares - 1)
    height, width = float(len(rows)), float(len(columns))
    if corrected:
        phi2 = max(0.0, phi2 - (height - 1) * (width - 1) / (total - 1))
        height -= (height - 1) ** 2 / (total - 1)
        width -= (width - 1) ** 2 / (total - 1)
    smaller = min(height, width) - 1
    return min(1.0, sqrt(phi2 / smaller)) if smaller > 0 else 0.0


def correlation_ratio(categories: Sequence[Hashable], numbers: Sequence[float]) -> float:
    """The correlation ratio η of a number over categories."""
    if len(set(numbers)) < 2:
        return 0.0  # Of equal numbers, rounding alone would make a variance.
    groups: dict[Hashable, list[float]] = defaultdict(list)
    for category, number in zip(categories, numbers, strict=True):
        groups[category].append(number)
    mean = fsum(numbers) / len(numbers)
    total = fsum((number - mean) ** 2 for number in numbers)
    between = fsum(len(group) * (fsum(group) / len(group) - mean) ** 2 for group in groups.values())
    return min(1.0, sqrt(between / total))


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's ρ, from -1 to 1: Pearson's correlation of the ranks, ties sharing theirs."""
    first, second = _ranks(one), _ranks(other)
    middle = (len(one) + 1) / 2
    products = fsum((a - middle) * (b - middle) for a, b in zip(first, second, strict=True))
    spread = sqrt(fsum((a - middle) ** 2 for a in first)) * sqrt(fsum((b - middle) ** 2 for b in second))
    return max(-1.0, min(1.0, products / spread)) if spread > 0 else 0.0


def _ranks(numbers: Sequence[float]) -> list[float]:
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    ranks = [0.0] * len(numbers)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and numbers[order[end]] == numbers[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + 1 + end) / 2
        start = end
    return ranks


def _absent(value: object) -> bool:
    return value is None or value != value


def _is_numeric(values: Values) -> bool:
    """Whether values are measured, not told apart: numbers of which there are many different ones."""
    return all(map(_is_number, values)) and len(set(map(_category, values))) > CATEGORIES


def _is_number(value: object) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, bool | str)


def _numbers(values: Values) -> list[float]:
    convert: Callable[[object], float] = float  # type: ignore[assignment]
    return [convert(value) for value in values]


def _category(value: object) -> Hashable:
    """What tells a category apart; lists and objects are told apart by their text."""
    return str(value) if isinstance(value, list | dict | set) else value
