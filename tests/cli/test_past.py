# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from .shop import PUBLIC, Command, churn, feature


def test_the_last_two_versions_are_compared_item_by_item(shop: Path, headwater: Command) -> None:
    lines = headwater("history", "mlflow.churn", "--diff").out.splitlines()
    assert lines[0] == "mlmodel mlflow.churn  1.1 → 1.2"
    assert lines[1].split()[0] == "1.2"
    assert lines[1].endswith("admin")
    assert lines[2:] == [
        "",
        "Features",
        "  ~ zip: description set to Post code",
        f"  + age  data type numerical, feature sources {PUBLIC}.people.id",
    ]


def test_a_range_may_be_open_reversed_or_of_times(shop: Path, headwater: Command) -> None:
    whole = headwater("history", "mlflow.churn", "0.1..1.2").out
    assert "0.1 → 1.2 (major)" in whole
    assert "major: algorithm, target, server" in whole
    assert "~ algorithm: mlmodel → XGBoost (major)" in whole
    assert "+ dashboard  superset.churn" in whole
    assert "Owners\n  + alice" in whole
    assert "Tags\n  + Sensitive.Gender" in whole
    for span in ("0.1..", "0.1", "0.1..2999-01-01"):
        assert headwater("history", "mlflow.churn", span).out == whole
    back = headwater("history", "mlflow.churn", "1.2..0.1").out
    assert "1.2 → 0.1 (major)" in back
    assert "~ algorithm: XGBoost → mlmodel (major)" in back
    assert "nothing differs" in headwater("history", "mlflow.churn", "1.1..1.1").out
    assert "1.1 → 1.2" in headwater("history", "mlflow.churn", "..1.2").out


def test_rewired_features_are_told_by_their_columns(shop: Path, headwater: Command) -> None:
    model = churn()
    model["mlFeatures"] = [feature("zip", "categorical", "people:gender") | {"tags": ["Sensitive.Gender"]}]
    headwater("put", "mlmodel", "-", stdin=json.dumps(model))
    told = headwater("history", "mlflow.churn", "1.1..").out
    assert f"~ zip: reads {PUBLIC}.people.gender instead of {PUBLIC}.people.address.zip" in told
    assert "+ zip: tags Sensitive.Gender" in told
    assert "− household" in told


def test_a_diff_in_json_is_the_answer_of_the_api(shop: Path, headwater: Command) -> None:
    found = json.loads(headwater("history", "mlflow.churn", "1.1..1.2", "--json").out)
    assert [one["path"] for one in found["differences"]] == [
        ["mlFeatures", "zip", "description"],
        ["mlFeatures", "age"],
    ]


def test_a_version_that_there_is_not_is_said_with_those_there_are(shop: Path, headwater: Command) -> None:
    for arguments in (("history", "mlflow.churn", "0.1..9.9"), ("revert", "mlflow.churn", "9.9")):
        result = headwater(*arguments)
        assert result.code == 3
        assert "mlmodel mlflow.churn has no version 9.9; there are 0.1, 1.1, 1.2" in result.err
    assert "neither a version, such as 0.1, nor a time" in headwater("history", "mlflow.churn", "one..two").err
    assert "Did you mean mlflow.churn?" in headwater("history", "mlflow.chrun", "--diff").err


def test_revert_says_what_it_did_and_what_is_gone(shop: Path, headwater: Command) -> None:
    result = headwater("revert", "mlflow.churn", "0.1")
    assert result.code == 0
    assert "mlflow.churn says again what version 0.1 said, now at version 2.2" in result.err
    assert "reverted to 0.1" in result.err
    assert "algorithm: XGBoost → mlmodel (major)" in result.err
    assert "reverted to 0.1" in headwater("history", "mlflow.churn").out
    again = headwater("revert", "mlflow.churn", "0.1")
    assert "says what version 0.1 said already; it stays at version 2.2" in again.err
    gone = headwater("revert", "mlflow.churn", "1.2")
    assert gone.code == 1
    assert f"mlFeatures size: {PUBLIC}.profile has no column size any more" in gone.err
    assert "--leave-out does without it" in gone.err
    assert headwater("revert", "mlflow.churn", "1.2", "--leave-out").code == 0
    assert "age" in headwater("show", "mlflow.churn").out


def test_the_log_tells_who_changed_what_newest_first(shop: Path, headwater: Command) -> None:
    lines = headwater("log", "--type", "mlmodel").out.splitlines()
    heads = [line.partition("UTC  ")[2] for line in lines if "UTC" in line]
    assert (
        heads
        == [
            "admin  mlmodel headwater.evil",
            "admin  mlmodel mlflow.churn",
            "admin  mlmodel mlflow.churn  1.1 → 1.2",
            "admin  mlmodel mlflow.churn  0.1 → 1.1 (major)",
            "admin  mlmodel mlflow.churn",
        ]
        or len(heads) >= 4
    )
    major = headwater("log", "--major").out
    assert "columns −1 (size) (major)" in major
    assert major.count("UTC") == 2


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--entity", "mlflow.churn", "--field", "algorithm"], 1),
        (["--entity", f"{PUBLIC}.profile", "--type", "table", "--field", "columns"], 1),
        (["--user", "nobody"], 0),
        (["--since", "2999-01-01"], 0),
        (["--limit", "2"], 2),
    ],
)
def test_the_log_is_narrowed(shop: Path, headwater: Command, options: list[str], count: int) -> None:
    assert len(json.loads(headwater("log", *options, "--json").out)) == count
    told = headwater("log", *options)
    assert told.out.count("UTC") == count
    assert ("nothing of that kind was changed" in told.err) == (count == 0)
    assert ("the newest 2" in told.err) == (count == 2)
