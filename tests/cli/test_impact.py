# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

import headwater as package

from .shop import Command

PUBLIC = "shop.main.public"


def test_impact_prints_what_breaks_with_owners_and_paths_and_ends_with_1(shop: Path, headwater: Command) -> None:
    done = headwater("impact", "--drop", f"{PUBLIC}.people.gender")
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    assert lines[:8] == [
        "2 would break",
        "",
        "mlmodel mlflow.churn  breaks",
        "  owned by alice",
        "  served at http://serving/churn",
        "  shop.main.public.people.gender is dropped",
        "    → shop.main.public.profile.household  ViewLineage",
        "    → mlflow.churn.household  declared by churn",
    ]
    assert lines[-6:] == [
        "",
        "dashboard superset.churn  breaks",
        "  shop.main.public.people.gender is dropped  known between tables",
        "    → shop.main.public.profile.household  ViewLineage",
        "    → mlflow.churn.household  declared by churn",
        "    → superset.churn  declared by churn",
    ]


def test_a_step_from_a_whole_table_names_the_column_that_it_goes_on_from(shop: Path, headwater: Command) -> None:
    done = headwater("impact", "--delete-table", f"{PUBLIC}.people", "--type", "mlmodel")
    assert done.out.splitlines()[5:8] == [
        "  shop.main.public.people is deleted",
        "    shop.main.public.people.id",
        "    → mlflow.churn.age  declared by churn",
    ]


def test_what_does_not_break_ends_with_0(shop: Path, headwater: Command) -> None:
    done = headwater("impact", "--retype", f"{PUBLIC}.people.id=BIGINT", "--tag", f"{PUBLIC}.people.id=PII.Sensitive")
    assert done.code == 0
    assert done.out.startswith("2 would change\n")
    assert f"  {PUBLIC}.people.id gets PII.Sensitive\n" in done.out
    nothing = headwater("impact", "--retype", f"{PUBLIC}.people.id=int")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "no model or dashboard is affected\n")


def test_every_option_is_a_change_and_a_file_holds_more(shop: Path, headwater: Command) -> None:
    people = f"{PUBLIC}.people"
    changes = [{"change": "schema", "entity": people, "columns": [{"name": "id", "dataType": "INT"}]}]
    given = ("--rename", f"{people}.id=key", "--delete-table", f"{PUBLIC}.profile", "--type", "mlmodel", "--json")
    done = headwater("impact", "-", *given, stdin=json.dumps(changes))
    (row,) = json.loads(done.out)
    assert done.code == 1
    certain = [one for one in row["because"] if one["certainty"] == "column"]
    assert [(one["change"]["change"], one["field"]) for one in certain] == [
        ("rename", "mlflow.churn.age"),
        ("drop", "mlflow.churn.household"),
        ("delete", "mlflow.churn.household"),
        ("delete", "mlflow.churn.size"),
        ("drop", "mlflow.churn.zip"),
    ]
    Path("changes.json").write_text(json.dumps(changes))
    assert headwater("impact", "changes.json", *given).out == done.out


def test_the_past_is_asked_about_as_it_was(shop: Path, headwater: Command) -> None:
    column = f"{PUBLIC}.profile.size"
    assert "has no column or feature called size" in headwater("impact", "--drop", column).err
    with package.connect(str(shop)) as client:
        dropped = max(event.position or 0 for event in client.events() if event.entity_type == "table")
    done = headwater("impact", "--drop", column, "--as-of", f"@{dropped - 1}")
    assert (done.code, f"{column} is dropped" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "name a change, such as --drop COLUMN or --sql SCRIPT, or a FILE of changes"),
        (("--rename", "a.b"), 2, "--rename takes COLUMN=VALUE, not a.b"),
        (("nothing.json",), 2, "nothing.json: No such file"),
        (("--drop", f"{PUBLIC}.people.gendre"), 3, "the nearest is gender"),
        (("--drop", "people.gender"), 3, f"perhaps {PUBLIC}.people"),
        (("--tag", f"{PUBLIC}.people.id=Sensitive.Gendr"), 3, "the nearest is Sensitive.Gender"),
        (("--tag", f"{PUBLIC}.people.id=Sensitive"), 2, "Sensitive is not a tag but holds tags"),
        (("--drop", f"{PUBLIC}.people.id", "--as-of", "soon"), 2, "'soon' is not a time"),
        (("--drop", f"{PUBLIC}.people.id", "--type", "modle"), 2, "no type of entity called modle"),
    ],
)
def test_a_refusal_is_never_taken_for_an_answer(
    shop: Path, headwater: Command, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = headwater("impact", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
