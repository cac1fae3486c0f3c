# SPDX-License-Identifier: Apache-2.0
"""What samples of values are recognised as, and what they are not."""

from collections.abc import Sequence

import pytest
from stdnum import luhn
from stdnum.es import dni
from stdnum.iso7064 import mod_97_10

from headwater.recognition import values


def iban(number: int) -> str:
    account = f"500105170{number:09d}"
    return f"DE{mod_97_10.calc_check_digits(account + 'DE')}{account}"


def card(number: int) -> str:
    digits = f"411111{number:09d}"
    return digits + luhn.calc_check_digit(digits)


N = range(30)
CASES: list[tuple[Sequence[object], str | None]] = [
    ([f"a{n}@example.org" for n in N], "an e-mail address"),
    ([iban(n) for n in N], "an account or card number"),
    ([card(n) for n in N], "an account or card number"),
    ([f"{n:08d}{dni.calc_check_digit(f'{n:08d}')}" for n in N], "an official number of a person"),
    ([f"123-45-{n:04d}" for n in N], "an official number of a person"),
    ([f"+1 202 555 {n:04d}" for n in N], "a telephone number"),
    ([f"(030) 9018{n:04d}" for n in N], "a telephone number"),
    ([f"10.0.0.{n}" for n in N], "a network address"),
    ([f"2001:db8::{n}" for n in N], "a network address"),
    (["M", "F", "M", None], "sex"),
    (["weiblich", "männlich", "divers"], "sex"),
    (["White", "Black", "Asian"], "race or ethnicity"),
    (["Never married", "Divorced", "Single"], "marital status"),
    (["catholic", "none"], "religion or belief"),
    ([*(f"a{n}@example.org" for n in range(8)), "?", "-"], "an e-mail address"),
    ([*(f"a{n}@example.org" for n in range(7)), "?", "-", "x"], None),
    ([f"a{n}@example.org" for n in range(4)], None),
    (["white", "black", "red", "green"], None),
    (["white", "black"], None),
    (list(N), None),
    ([n * 7919 + 100_000_000 for n in range(200)], None),
    ([1.5 * n for n in N], None),
    ([f"2024-01-{n + 1:02d}" for n in N], None),
    ([f"2024-01-{n + 1:02d} 10:00:00" for n in range(28)], None),
    ([f"1.2.{n}-rc1" for n in N], None),
    (["single", "double"], None),
    ([], None),
    ([None, float("nan")], None),
]


@pytest.mark.parametrize(("sample", "kind"), CASES)
def test_nearly_all_values_must_have_one_form_or_come_from_one_vocabulary(
    sample: Sequence[object], kind: str | None
) -> None:
    found = values.recognised(sample)
    assert [one.kind.name for one in found] == ([kind] if kind else [])
    for one in found:
        assert 0.6 <= one.confidence < 1
        assert not any(str(value) in one.reason for value in sample if value and len(str(value)) > 2)


def test_all_packages_are_there_in_the_tests() -> None:
    assert values.missing() == []
