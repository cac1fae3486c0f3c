# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from .shop import Command


def test_a_models_page_says_where_it_is_and_what_it_is_made_from(shop: Path, headwater: Command) -> None:
    page = headwater("show", "mlflow.churn")
    assert page.code == 0
    for line in (
        "mlmodel · version 1.2 ·",
        "owners         alice (user)",
        "domains        Sales",
        "service        mlflow",
        "dashboard      superset.churn",
        "server         http://serving/churn",
        "store storage  s3://models/churn/7",
        "shop.main.public.people.address.zip",
        "shop.main.public.profile.size ✗ no such column",
        "max_depth  6",
        "table  shop.main.public.people   2 columns  derived",
        "table      shop.main.public.predictions  as a whole  Manual by admin",
        "1.2",
    ):
        assert line in page.out
    assert page.out.count("✗") == 1
    assert all(line == line.rstrip() for line in page.out.splitlines())


def test_a_tables_page_tells_which_features_its_columns_feed_over_several_hops(shop: Path, headwater: Command) -> None:
    page = headwater("show", "shop.main.public.people", "--type", "table").out
    (gender,) = [line for line in page.splitlines() if line.strip().startswith("gender")]
    assert gender.split() == ["gender", "STRING", "Sensitive.Gender", "mlflow.churn.household"]
    (post,) = [line for line in page.splitlines() if line.startswith("    zip")]
    assert post.split() == ["zip", "STRING", "mlflow.churn.zip"]


def test_a_deleted_entity_still_has_a_page_that_says_so(shop: Path, headwater: Command) -> None:
    headwater("delete", "mlmodel", "mlflow.churn")
    page = headwater("show", "mlflow.churn")
    assert page.code == 0
    assert "· deleted" in page.out


def test_history_tells_changes_in_words_newest_first(shop: Path, headwater: Command) -> None:
    lines = headwater("history", "mlflow.churn").out.splitlines()
    numbers = [line.split()[0] for line in lines if line[:1].isdigit()]
    assert numbers == ["1.2", "1.1", "0.1"]
    text = "\n".join(lines)
    assert "features +1 (age) ~1 (zip)" in text
    assert "algorithm: mlmodel → XGBoost (major)" in text
    assert "tags +1 (Sensitive.Gender)" in text
    assert lines[-1] == "     created"


def test_history_of_a_removed_column_is_major(shop: Path, headwater: Command) -> None:
    assert "columns −1 (size) (major)" in headwater("history", "shop.main.public.profile", "--type", "table").out


def test_lineage_goes_both_ways_with_columns_and_who_says_so(shop: Path, headwater: Command) -> None:
    tree = headwater("lineage", "mlflow.churn").out
    made_from, feeds = tree.split("feeds\n")
    assert "table shop.main.public.people  derived" in made_from
    assert "address.zip → zip" in made_from
    assert "gender → household" in made_from
    assert "table shop.main.public.people  ViewLineage" in made_from
    assert "dashboard superset.churn  derived" in feeds
    assert "table shop.main.public.predictions  Manual by admin" in feeds


def test_lineage_shows_a_cycle_once(shop: Path, headwater: Command) -> None:
    tree = headwater("lineage", "mlflow.churn", "--depth", "50").out
    feeds = tree.split("feeds\n")[1]
    assert feeds.count("mlmodel mlflow.churn") == feeds.count("↺ this one again") > 0
    assert feeds.count("table shop.main.public.predictions") == 1


def test_lineage_without_columns_has_entities_only(shop: Path, headwater: Command) -> None:
    assert "→" not in headwater("lineage", "mlflow.churn", "--no-columns").out


def test_lineage_says_where_it_was_cut_short(shop: Path, headwater: Command) -> None:
    assert (
        "cut short at 2 entities; --max-nodes allows more"
        in headwater("lineage", "mlflow.churn", "--max-nodes", "2").err
    )


def test_lineage_of_something_alone_says_so(shop: Path, headwater: Command) -> None:
    assert "nothing is known" in headwater("lineage", "headwater.evil").out


def test_list_gives_programs_a_line_with_tabs_for_each_entity(shop: Path, headwater: Command) -> None:
    listed = headwater("list", "mlmodels", "--filter", "service=mlflow")
    (line,) = listed.out.splitlines()
    name, version, owners, tags, _, description = line.split("\t")
    assert (name, version, owners, tags) == ("mlflow.churn", "1.2", "alice", "Sensitive.Gender")
    assert description == "Predicts which customers will leave.  Trained weekly."


def test_list_stops_at_its_limit(shop: Path, headwater: Command) -> None:
    assert len(headwater("list", "table", "--limit", "2").out.splitlines()) == 2
    assert len(headwater("list", "table", "--limit", "0").out.splitlines()) == 3


def test_list_of_nothing_is_an_empty_json_list(shop: Path, headwater: Command) -> None:
    assert json.loads(headwater("list", "chart", "--json").out) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("get", "mlmodel", "headwater.evil"),
        ("show", "headwater.evil"),
        ("list", "mlmodel"),
        ("history", "headwater.evil"),
        ("lineage", "headwater.evil"),
    ],
)
def test_json_is_plain_json(shop: Path, headwater: Command, arguments: tuple[str, ...]) -> None:
    answer = headwater(*arguments, "--json")
    json.loads(answer.out)
    assert not {character for character in answer.out if ord(character) < 32} - {"\n"}
    assert "\x9b" not in answer.out
    assert "\u202e" not in answer.out
    assert answer.err == ""


def test_texts_of_the_catalogue_steer_no_terminal(shop: Path, headwater: Command) -> None:
    for arguments in (("get", "mlmodel", "headwater.evil"), ("show", "headwater.evil"), ("list", "mlmodel")):
        answer = headwater(*arguments)
        assert "[bold red]not bold[/] \\x1b[31mred\\x1b[0m \\x9b31m :smile: \\u202eabc" in answer.out
        assert "\x1b" not in answer.out + answer.err


def test_as_of_answers_from_the_past(shop: Path, headwater: Command) -> None:
    versions = json.loads(headwater("history", "mlflow.churn", "--json").out)
    first = str(versions[-1]["updatedAt"])
    assert "algorithm     mlmodel" in headwater("get", "mlmodel", "mlflow.churn", "--as-of", first).out
    assert "made from\n" not in headwater("lineage", "mlflow.churn", "--as-of", first).out
    assert "version 0.1" in headwater("show", "mlflow.churn", "--as-of", first).out
    assert len(json.loads(headwater("history", "mlflow.churn", "--json", "--as-of", first).out)) == 1
    assert headwater("list", "mlmodel", "--as-of", first).out.startswith("mlflow.churn\t0.1\t")
    assert headwater("get", "mlmodel", "mlflow.churn", "--as-of", "2020-01-01").code == 3


def test_get_shows_the_members_and_names_the_parts(shop: Path, headwater: Command) -> None:
    page = headwater("get", "mlmodel", "mlflow.churn").out
    assert "features          4: household, zip, size, age" in page
    assert "tags              Sensitive.Gender" in page


def test_a_token_without_a_dot_needs_no_quotes_to_be_read(shop: Path, headwater: Command) -> None:
    headwater("put", "user", "--set", "name=bob.b", "--set", "email=bob@example.com")
    headwater("put", "mlmodel", "--set", "name=owned", "--set", 'owners="bob.b"')
    assert "owners        bob.b (user)" in headwater("show", "headwater.owned").out
