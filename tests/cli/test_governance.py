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


def test_tags_prints_what_reaches_an_entity_and_a_field_of_it(shop: Path, headwater: Command) -> None:
    assert headwater("tags", "mlflow.churn", "--field", "household").out.splitlines() == [
        "mlflow.churn.household is reached by 1 tag",
        "",
        "Sensitive.Gender  known to the column",
        "  mlflow.churn",
    ]
    wrong = headwater("tags", "mlflow.chrn")
    assert (wrong.code, "Did you mean mlflow.churn" in wrong.err) == (3, True)
    nothing = headwater("tags", "shop.main.public.predictions", "--type", "table", "--field", "nope")
    assert (nothing.code, "nope" in nothing.err) == (3, True)


def test_a_person_accepts_a_tag_and_every_answer_says_so(shop: Path, headwater: Command) -> None:
    given = ("--until", "2999-12-31", "--by", "alice", "--reason", "Reviewed.")
    done = headwater("accept", "mlflow.churn", "Sensitive.Gender", *given)
    assert done.err.strip() == "Sensitive.Gender is accepted at mlflow.churn until 2999-12-31 by alice"
    told = "accepted at mlflow.churn until 2999-12-31 (alice: Reviewed.)"
    assert told in headwater("tags", "mlflow.churn").out
    assert told in headwater("reach", "Sensitive").out
    assert told not in headwater("reach", "Sensitive", "--no-policy").out
    wrong = headwater("accept", "mlflow.churn", "Sensitive.Gender", *given[2:], "--until", "tomorrow")
    assert (wrong.code, "'tomorrow' is no day" in wrong.err) == (1, True)


def test_emit_prints_the_events_or_says_why_it_cannot_send_them(shop: Path, headwater: Command) -> None:
    (event,) = json.loads(headwater("emit", "mlflow.churn", "--json").out)
    assert event["outputs"][0]["name"] == "mlflow.churn"
    assert "household" in json.dumps(event["outputs"][0]["facets"]["columnLineage"])
    nowhere = headwater("emit", "mlflow.churn")
    assert (nowhere.code, "set OPENLINEAGE_URL" in nowhere.err) == (1, True)
    unknown = headwater("emit", "mlflow.chum")
    assert (unknown.code, "Did you mean mlflow.churn?" in unknown.err) == (3, True)
    headwater("put", "table", "--set", "name=alone", "--set", "databaseSchema=shop.main.public", "--set", "columns=[]")
    alone = headwater("emit", "shop.main.public.alone", "--type", "table")
    assert "nothing is known of what flows into shop.main.public.alone" in alone.err
