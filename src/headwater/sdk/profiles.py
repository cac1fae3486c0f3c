# SPDX-License-Identifier: Apache-2.0
"""Profiles: what is measured of each column, and how that is told to a catalogue.

``of_frame`` measures a frame, which is asked for what pandas and polars have in common; ``headwater profile`` measures
a table of a database. Numbers are what can be reckoned with (booleans are 0 and 1), categories are texts; of anything
else, dates for example, only how many there are is measured. What is not finite counts as no value.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from headwater import distributions
from headwater.distributions import Categories, Numbers
from headwater.errors import InvalidEntity
from headwater.schema.entities.profiling import (
    CardinalityDistribution,
    CategoryCount,
    ColumnDistribution,
    ColumnProfile,
    CreateDistribution,
    Histogram,
    NumberDistribution,
    ProfileSampleType,
    TableProfile,
)
from headwater.sdk import training

NUMBERS = frozenset(("boolean", "integer", "long", "float", "double"))
BARS = 10
"""Of how many bars a histogram is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was measured of one column. ``deviation`` is that of the values themselves, not of what they are a sample
    of."""

    name: str
    rows: int
    nulls: int
    values: Numbers | Categories | None = None
    distinct: int | None = None
    mean: float | None = None
    deviation: float | None = None

    def distribution(self, timestamp: int) -> ColumnDistribution:
        """As a distribution."""
        said: dict[str, Any] = {}
        if isinstance(self.values, Numbers):
            numbers = self.values
            said["numbers"] = NumberDistribution(
                values=list(numbers.values), below=list(numbers.below), at_most=list(numbers.at_most)
            )
        elif self.values:
            said["categories"] = [CategoryCount(value=one, count=count) for one, count in self.values.counts.items()]
            said["others"] = self.values.others
        return ColumnDistribution(name=self.name, timestamp=timestamp, rows=self.rows, nulls=self.nulls, **said)

    def profile(self, timestamp: int) -> ColumnProfile:
        """As OpenMetadata's profile of a column."""
        count = self.rows - self.nulls
        said: dict[str, Any] = {
            "values_count": count,
            "null_count": self.nulls,
            "null_proportion": self.nulls / self.rows if self.rows else None,
            "distinct_count": self.distinct,
            "distinct_proportion": self.distinct / count if self.distinct is not None and count else None,
        }
        if isinstance(self.values, Numbers) and count:
            first, middle, third = (self.values.quantile(part) for part in (0.25, 0.5, 0.75))
            said |= {
                "min": self.values.values[0],
                "max": self.values.values[-1],
                "mean": self.mean,
                "sum": None if self.mean is None else self.mean * count,
                "stddev": self.deviation,
                "variance": None if self.deviation is None else self.deviation**2,
                "median": middle,
                "first_quartile": first,
                "third_quartile": third,
                "inter_quartile_range": third - first,
                "histogram": _histogram(self.values),
            }
        if isinstance(self.values, Categories) and self.values.counts:
            counts = self.values.counts
            said["cardinality_distribution"] = CardinalityDistribution(
                categories=list(counts),
                counts=list(counts.values()),
                percentages=[round(100 * one / count, 4) for one in counts.values()],
            )
        told = {member: value for member, value in said.items() if value is not None}
        return ColumnProfile(name=self.name, timestamp=timestamp, **told)


def _histogram(numbers: Numbers) -> Histogram:
    """Bars of one width; how high they are is reckoned from what is kept."""
    low, high = numbers.values[0], numbers.values[-1]
    if low == high:
        return Histogram(boundaries=[f"{low:g} and up"], frequencies=[numbers.total])
    edges = [low + (high - low) * part / BARS for part in range(BARS)]
    counted = [round(numbers.less_than(edge)) for edge in edges] + [numbers.total]
    names = [f"{one:g} to {other:g}" for one, other in pairwise(edges)]
    return Histogram(
        boundaries=[*names, f"{edges[-1]:g} and up"],
        frequencies=[after - before for before, after in pairwise(counted)],
    )


def told(
    taken: Sequence[Taken], timestamp: int, rows: int, columns: int | None = None, sample: float | None = None
) -> CreateDistribution:
    """What was measured of a table of so many rows, as a catalogue takes it. ``sample`` is in percent."""
    about: dict[str, Any] = {"timestamp": timestamp, "row_count": rows, "column_count": columns or len(taken)}
    if sample is not None:
        about |= {"profile_sample": sample, "profile_sample_type": ProfileSampleType.PERCENTAGE}
    return CreateDistribution(
        table_profile=TableProfile(**about),
        column_profile=[one.profile(timestamp) for one in taken],
        distribution=[one.distribution(timestamp) for one in taken],
    )


def now() -> int:
    """The present moment, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


# frames -----------------------------------------------------------------------------------------------------------


def is_frame(data: Any) -> bool:
    """Whether data have named columns."""
    return hasattr(data, "columns") and hasattr(data, "dtypes") and len(data.columns) > 0


def of_frame(frame: Any) -> list[Taken]:
    """What the columns of a frame hold; ``InvalidEntity`` for what is no frame with names."""
    if not is_frame(frame):
        raise InvalidEntity(f"a profile is taken of a frame with named columns, not of a {type(frame).__name__}")
    named = zip(frame.columns, training.types(frame), strict=True)
    return [_column(str(name), frame[name], kind) for name, kind in named]


def _column(name: str, values: Any, kind: str) -> Taken:
    rows = len(values)
    present = values.dropna() if hasattr(values, "dropna") else values.drop_nulls()
    if kind in NUMBERS:
        return _numbers(name, rows, present)
    if kind != "string":
        return Taken(name=name, rows=rows, nulls=rows - len(present))
    counted = Counter(map(str, present.to_list() if hasattr(present, "to_list") else present.tolist()))
    return Taken(
        name=name,
        rows=rows,
        nulls=rows - counted.total(),
        values=distributions.categories(counted.items()),
        distinct=len(counted),
    )


def _numbers(name: str, rows: int, present: Any) -> Taken:
    import numpy as np

    array = np.asarray(present.to_numpy(), dtype=float)
    array = array[np.isfinite(array)]
    values, counts = np.unique(array, return_counts=True)
    count = len(array)
    return Taken(
        name=name,
        rows=rows,
        nulls=rows - count,
        values=distributions.numbers(zip(values.tolist(), counts.tolist(), strict=True), count),
        distinct=len(values),
        mean=float(array.mean()) if count else None,
        deviation=float(array.std()) if count else None,
    )
