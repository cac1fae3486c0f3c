# SPDX-License-Identifier: Apache-2.0
"""Finding entities from the command line."""

import io
import json
from pathlib import Path

import pytest

import headwater as package
from headwater.cli import finding
from headwater.cli.screen import Screen
from headwater.cli.session import Session

from .shop import PUBLIC, Command


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_hits_are_lines_for_a_program(shop: Path, headwater: Command) -> None:
    found = headwater("search", "custmer churn")
    assert (found.code, found.err) == (0, "")
    (line,) = found.out.splitlines()
    assert line.split("\t") == ["mlmodel", "mlflow.churn", "displayName", "Customer churn"]


def test_hits_are_narrowed(shop: Path, headwater: Command) -> None:
    def names(*arguments: str) -> list[str]:
        return [line.split("\t")[1] for line in headwater("search", *arguments).out.splitlines()]

    assert names("gender", "--type", "tables") == [f"{PUBLIC}.people"]
    assert set(names("--tag", "Sensitive")) == {f"{PUBLIC}.people", "mlflow.churn"}
    assert names("household", "--owner", "alice") == ["mlflow.churn"]
    assert len(names("--service", "shop", "--limit", "2")) == 2
    assert names("--domain", "Sales", "--type", "table", "--type", "mlmodel") == ["mlflow.churn"]
    headwater("delete", "mlmodel", "mlflow.churn")
    assert names("household", "--type", "mlmodel") == []
    assert names("household", "--type", "mlmodel", "--include", "deleted") == ["mlflow.churn"]


def test_json_holds_scores_snippets_and_facets(shop: Path, headwater: Command) -> None:
    found = json.loads(headwater("search", "mlflow.churn", "--json").out)
    assert found["total"] == len(found["hits"]) == 1
    assert found["hits"][0]["entity"]["fullyQualifiedName"] == "mlflow.churn"
    assert found["hits"][0]["score"] > 100
    assert found["facets"]["tag"] == [{"value": "Sensitive.Gender", "count": 1}]


def test_an_unknown_type_is_told_with_the_nearest(shop: Path, headwater: Command) -> None:
    failed = headwater("search", "x", "--type", "tabel")
    assert failed.code == 2
    assert "there is no entity type tabel" in failed.err
    assert "table" in failed.err


def test_a_person_sees_a_table_and_what_could_narrow_it(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    out, err = Terminal(), Terminal()
    with package.connect(str(shop)) as client:
        session = Session(client, Screen(out=out, err=err))
        finding.search(session, "household", [], {}, 10)
        finding.search(session, "zzz", [], {}, 10)
        finding.search(session, "not bold", [], {}, 10)
    page = out.getvalue()
    assert "mlflow.churn" in page
    assert "mlFeatures.name" in page
    assert "\x1b[31mred" not in page
    assert "2 found" in err.getvalue()
    assert "--type: mlmodel (1), table (1)" in err.getvalue()
    assert "nothing found" in err.getvalue()
