# SPDX-License-Identifier: Apache-2.0
"""Names of columns that public schemas have, labelled by hand: how many are recognised, and how many are not what they
seem."""

from pathlib import Path

import pytest

from headwater.recognition import names

LISTS = {"column_names.txt": (0.95, 0.90), "more_column_names.txt": (0.85, 0.70)}
"""The least precision and recall for each list; ``docs/how-to/suggestions.md`` tells the figures."""


def listed(name: str) -> dict[str, set[str]]:
    lines = (Path(__file__).parent / name).read_text().splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {name: {tag for tag in tags if tag != "-"} for name, *tags in rows}


def told(name: str) -> set[str]:
    tags = {tag for one in names.recognised(name) for tag in one.kind.tags}
    return {"S" if tag == "PII.Sensitive" else tag.split(".")[1] for tag in tags if not tag.startswith("PersonalData")}


@pytest.mark.parametrize("which", LISTS)
def test_most_of_what_is_personal_or_protected_is_told_by_its_name(which: str) -> None:
    labelled = listed(which)
    right = sum(len(told(name) & tags) for name, tags in labelled.items())
    wrong = sum(len(told(name) - tags) for name, tags in labelled.items())
    missed = sum(len(tags - told(name)) for name, tags in labelled.items())
    precision, recall = LISTS[which]
    assert (right / (right + wrong) >= precision, right / (right + missed) >= recall) == (True, True), (
        right,
        wrong,
        missed,
    )


@pytest.mark.parametrize(
    "name", ["birthDate", "BIRTHDATE", "birth_date", "Birth-Date", "date_of_birth", "geburtsDatum"]
)
def test_a_name_may_be_written_in_any_way(name: str) -> None:
    assert told(name) == {"S", "Age"}


@pytest.mark.parametrize(("name", "people"), [("dim_customers", True), ("patient", True), ("customer_orders", False)])
def test_a_table_of_people_is_told_by_its_last_word(name: str, people: bool) -> None:
    assert names.of_people(name) is people


def test_no_phrase_is_of_two_kinds() -> None:
    assert {phrase: rules for phrase, rules in names.PHRASES.items() if len(rules) > 1} == {}
