# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

from .shop import Command


def test_reach_prints_each_model_with_the_path_that_proves_it(shop: Path, headwater: Command) -> None:
    result = headwater("reach", "Sensitive")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "Sensitive reaches 1 mlmodel",
        "",
        "mlmodel mlflow.churn  known to the column",
        "  mlflow.churn  Sensitive.Gender",
    ]


def test_reach_of_a_column_names_every_step_and_who_says_so(shop: Path, headwater: Command) -> None:
    lines = headwater("reach", "--column", "shop.main.public.people.Gender").out.splitlines()
    assert lines[2:] == [
        "mlmodel mlflow.churn  known to the column",
        "  shop.main.public.people.gender",
        "    → shop.main.public.profile.household  ViewLineage",
        "    → mlflow.churn.household  declared by churn",
    ]
    several = headwater("reach", "--table", "shop.main.public.profile", "--type", "mlmodel,table").out
    assert several.startswith("shop.main.public.profile reaches 4 entities\n")
    assert "table shop.main.public.predictions  known between tables" in several


def test_reach_in_json_is_a_list_of_rows(shop: Path, headwater: Command) -> None:
    (row,) = json.loads(headwater("reach", "Sensitive.Gender", "--json", "--certain").out)
    assert (row["certainty"], row["tag"], row["entity"]["name"]) == ("column", "Sensitive.Gender", "churn")


def test_reach_says_what_it_does_not_find_and_what_it_cannot_ask(shop: Path, headwater: Command) -> None:
    nothing = headwater("reach", "PII.Sensitive")
    assert (nothing.code, nothing.err.strip()) == (0, "PII.Sensitive reaches no mlmodel")
    assert headwater("reach").code == 2
    unknown = headwater("reach", "PII.Secret")
    assert "PII.Secret" in unknown.err
    assert unknown.code != 0
    assert headwater("reach", "Sensitive", "--stop", "WASHING").err.count("WASHING") == 1
