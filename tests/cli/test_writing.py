# SPDX-License-Identifier: Apache-2.0
import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

import headwater as package
from headwater.cli import reading, writing
from headwater.cli.failures import Failure
from headwater.cli.screen import Screen
from headwater.cli.session import Session

from .shop import Command


def test_put_takes_pairs_and_makes_the_database(folder: Path, headwater: Command) -> None:
    done = headwater(
        "put", "mlmodel", "--set", "name=k", "--set", "mlStore.storage=s3://k", "--set", "description=[b]x[/b]?"
    )
    assert done.code == 2  # A value that begins like JSON has to be JSON.
    done = headwater("put", "mlmodel", "--set", "name=k", "--set", "mlStore.storage=s3://k")
    assert (done.code, done.out, done.err) == (0, "", "headwater.k is at version 0.1\n")
    assert (folder / "headwater.db").exists()
    assert json.loads(headwater("get", "mlmodel", "headwater.k", "--json").out)["mlStore"] == {"storage": "s3://k"}


def test_put_makes_a_list_of_repeated_pairs(shop: Path, headwater: Command) -> None:
    headwater("put", "mlmodel", "--set", "name=k", "--set", "tags=Sensitive.Gender", "--set", "owners=alice")
    assert headwater("list", "mlmodel", "--filter", "service=headwater").out.splitlines()[1].split("\t")[:4] == [
        "headwater.k",
        "0.1",
        "alice",
        "Sensitive.Gender",
    ]


def test_put_takes_what_get_and_list_print(shop: Path, headwater: Command) -> None:
    printed = headwater("get", "mlmodel", "mlflow.churn", "--json").out
    assert headwater("put", "mlmodel", "-", stdin=printed).err == "mlflow.churn is at version 1.2\n"
    tables = headwater("list", "table", "--json").out
    assert headwater("put", "table", stdin=tables).err == "3 of 3 tables written\n"
    versions = [line.split("\t")[1] for line in headwater("list", "table").out.splitlines()]
    assert versions == ["0.1", "0.1", "1.1"]


def test_put_of_several_tells_which_were_refused(shop: Path, headwater: Command, folder: Path) -> None:
    (folder / "models.json").write_text('{"name": "b1"}{"name": "b2", "x": 1}\n[{"name": "b3"}]')
    done = headwater("put", "mlmodel", "models.json")
    assert done.code == 1
    assert "error: b2: x: Extra inputs are not permitted" in done.err
    assert "error: 2 of 3 mlmodels written, 1 refused" in done.err
    assert headwater("get", "mlmodel", "headwater.b3").code == 0


def test_put_of_several_in_json_tells_both(shop: Path, headwater: Command) -> None:
    done = headwater("put", "mlmodel", "--json", stdin='[{"name": "b1"}, {"name": ""}]')
    answer = json.loads(done.out)
    assert [row["request"] for row in answer["passed"]] == ["headwater.b1"]
    assert len(answer["failed"]) == 1


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (("nope.json",), "", "nope.json: No such file"),
        ((), '{"name": ', "the input is not JSON"),
        ((), "3", "the input must hold JSON objects, not 3"),
        ((), "", "the input holds no JSON object"),
        (("--set", "name"), "", "--set takes NAME=VALUE, not name"),
        (("--set", "a=1", "--set", "a.b=1"), "", "a is given as a value and as an object"),
        (("--sett", "name=1"), "", "Unknown option: --sett"),
    ],
)
def test_an_input_that_cannot_be_read_is_a_usage_error(
    shop: Path, headwater: Command, arguments: tuple[str, ...], stdin: str, message: str
) -> None:
    done = headwater("put", "mlmodel", *arguments, stdin=stdin)
    assert done.code == 2
    assert message in done.err


def test_a_warning_of_the_catalogue_is_a_message(shop: Path, headwater: Command) -> None:
    source = '{"name": "gender", "dataType": "integer", "dataSource": "shop.main.public.people"}'
    done = headwater(
        "put", "mlmodel", stdin=f'{{"name": "w", "mlFeatures": [{{"name": "f", "featureSources": [{source}]}}]}}'
    )
    assert done.code == 0
    assert done.err.startswith("warning: ")


def test_delete_and_undelete(shop: Path, headwater: Command) -> None:
    assert "undelete" in headwater("delete", "mlmodel", "mlflow.churn").err
    missing = headwater("get", "mlmodel", "mlflow.churn")
    assert missing.code == 3
    assert "It is deleted: --include deleted shows it" in missing.err
    assert headwater("get", "mlmodel", "mlflow.churn", "--include", "deleted").code == 0
    assert headwater("undelete", "mlmodel", "mlflow.churn").code == 0
    assert headwater("undelete", "mlmodel", "mlflow.churn").code == 1
    assert headwater("delete", "mlmodelService", "mlflow").code == 1
    assert headwater("delete", "mlmodelService", "mlflow", "--recursive").code == 0


def test_delete_for_good_asks_nobody_where_nobody_is(shop: Path, headwater: Command) -> None:
    assert headwater("delete", "mlmodel", "mlflow.churn", "--hard").code == 0
    assert headwater("undelete", "mlmodel", "mlflow.churn").code == 3


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("answer", ["n", "", "y"])
def test_delete_for_good_asks_on_a_terminal(shop: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    said = io.StringIO()
    screen = Screen(out=io.StringIO(), err=said)
    screen.err = Console(file=said, force_terminal=True, width=100, no_color=True)
    monkeypatch.setattr(sys, "stdin", Keyboard(f"{answer}\n"))
    with package.connect(str(shop)) as client:
        session = Session(client, screen)
        if answer == "y":
            writing.delete(session, "mlmodel", "mlflow.churn", recursive=False, hard=True, yes=False)
        else:
            with pytest.raises(Failure, match="nothing was deleted"):
                writing.delete(session, "mlmodel", "mlflow.churn", recursive=False, hard=True, yes=False)
        assert "Delete mlmodel mlflow.churn for good?" in said.getvalue()
        assert (client.mlmodels.find("mlflow.churn") is None) == (answer == "y")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_names_are_complete_at_any_width(shop: Path, width: int) -> None:
    out = io.StringIO()
    screen = Screen(out=out)
    screen.out = Console(
        file=out, force_terminal=True, width=width, color_system=None, markup=False, highlight=False, emoji=False
    )
    with package.connect(str(shop)) as client:
        session = Session(client, screen)
        reading.list_(session, "table", (), None, None, "non-deleted")
        if width > 40:
            reading.show(session, "mlmodel", "mlflow.churn")
    text = out.getvalue()
    for name in ("predictions", *(("people.address.zip", "profile.size") if width > 40 else ())):
        assert f"shop.main.public.{name}" in text
    assert max(len(line) for line in text.splitlines()) <= width
