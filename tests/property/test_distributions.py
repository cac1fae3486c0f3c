# SPDX-License-Identifier: Apache-2.0
"""The formulas of drift, against scipy on all the values that distributions were taken of."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from headwater import distributions
from headwater.distributions import POINTS, Numbers

Sample = Sequence[float]

VALUES = st.floats(-1000, 1000, allow_nan=False).map(lambda value: value + 0.0)
SAMPLES = st.one_of(
    st.lists(VALUES, min_size=4, max_size=60),
    st.lists(st.integers(-3, 3).map(float), min_size=4, max_size=60),
    st.tuples(st.integers(0, 2**32 - 1), st.integers(300, 3000), st.floats(-1, 1), st.booleans()).map(
        lambda drawn: _normal(*drawn)
    ),
)
COUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=12).filter(
    lambda pairs: all(sum(side) > 0 for side in zip(*pairs, strict=True))
)


def _normal(seed: int, size: int, center: float, in_steps: bool) -> Sample:
    drawn = np.random.default_rng(seed).normal(center, 1, size)
    found: list[float] = (np.round(drawn, 1) if in_steps else drawn).tolist()
    return found


def taken(sample: Sample) -> Numbers:
    return distributions.numbers(sorted(Counter(sample).items()), len(sample))


@given(SAMPLES)
def test_a_distribution_is_exact_where_it_is_kept_and_near_elsewhere(sample: Sample) -> None:
    kept = taken(sample)
    ordered = np.sort(np.array(sample))
    assert len(kept.values) <= POINTS + 1
    assert kept.exact == (len(set(sample)) <= POINTS)
    assert (kept.values[0], kept.values[-1], kept.total) == (ordered[0], ordered[-1], len(sample))
    for value, below, at_most in zip(kept.values, kept.below, kept.at_most, strict=True):
        assert below == np.searchsorted(ordered, value, side="left")
        assert at_most == np.searchsorted(ordered, value, side="right")
    for before, after in pairwise(range(len(kept.values))):
        assert (kept.below[after] - kept.at_most[before]) * POINTS <= len(sample)


@given(SAMPLES, SAMPLES)
def test_the_distance_is_as_far_from_scipy_as_it_says_at_most(one: Sample, other: Sample) -> None:
    found = distributions.kolmogorov_smirnov(taken(one), taken(other))
    expected = stats.ks_2samp(one, other, method="asymp")
    assert abs(found.figure - expected.statistic) <= found.error + 1e-9
    assert found.error <= 2 / POINTS + 1e-9
    if taken(one).exact and taken(other).exact:
        assert found.figure == pytest.approx(expected.statistic, abs=1e-9)
        assert found.error == pytest.approx(0, abs=1e-9)


@given(st.floats(0.001, 1), st.integers(10, 50_000))
def test_the_probability_of_a_distance_is_that_of_scipy(distance: float, size: int) -> None:
    expected = stats.kstwo.sf(distance, size)
    assert distributions.kolmogorov_p(distance, size) == pytest.approx(expected, abs=0.025)


@given(COUNTS)
def test_homogeneity_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    first, second = (list(side) for side in zip(*pairs, strict=True))
    found = distributions.chi_square(first, second)
    table = np.array([first, second])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] == 1:
        assert (found.statistic, found.p_value) == (0, 1)
        return
    expected = stats.chi2_contingency(table, correction=False)
    assert found.degrees == expected.dof
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)
    assert found.figure == pytest.approx(stats.contingency.association(table, method="cramer"), abs=1e-9)


@given(st.floats(0.01, 400), st.integers(1, 150))
def test_the_tail_of_chi_square_is_that_of_scipy(statistic: float, degrees: int) -> None:
    assert distributions.chi_square_above(statistic, degrees) == pytest.approx(
        stats.chi2.sf(statistic, degrees), rel=1e-9, abs=1e-300
    )


@given(COUNTS)
def test_stability_is_the_sum_of_both_divergences(pairs: list[tuple[int, int]]) -> None:
    first, second = ([count + 1 for count in side] for side in zip(*pairs, strict=True))
    found = distributions.stability(first, second)
    assert found == pytest.approx(stats.entropy(first, second) + stats.entropy(second, first), abs=1e-9)
    assert found == pytest.approx(distributions.stability(second, first), abs=1e-12)
    assert found >= 0
    assert distributions.stability(first, [3 * count for count in first]) == pytest.approx(0, abs=1e-12)


@given(SAMPLES, SAMPLES)
def test_bins_hold_all_rows_and_those_of_the_baseline_exactly(one: Sample, other: Sample) -> None:
    first, second = taken(one), taken(other)
    baseline, current = distributions.in_bins(first, second)
    assert sum(baseline) == len(one)
    assert sum(current) == pytest.approx(len(other))
    assert all(count == int(count) for count in baseline)
    assert all(count >= -1e-9 for count in current)
    assert distributions.stability(*distributions.in_bins(first, first)) == pytest.approx(0, abs=1e-12)


@given(
    st.dictionaries(st.text("abc", max_size=2), st.integers(1, 40)),
    st.dictionaries(st.text("abc", max_size=2), st.integers(1, 40)),
)
def test_categories_that_are_too_rare_to_be_told_are_still_counted(one: dict[str, int], other: dict[str, int]) -> None:
    first, second = (distributions.categories(counts.items()) for counts in (one, other))
    assert first.total == sum(one.values())
    assert all(count >= distributions.TELLING for count in first.counts.values())
    baseline, current = distributions.in_categories(first, second)
    assert (sum(baseline), sum(current)) == (sum(one.values()), sum(other.values()))
    assert not any(then == now == 0 for then, now in zip(baseline, current, strict=True))
