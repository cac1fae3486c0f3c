# SPDX-License-Identifier: Apache-2.0
"""The command that looks whether what is in production answers, and what pages tell of it."""

import json
from pathlib import Path

import pytest

import headwater as package

from .shop import Command

MODEL = "mlflow.churn"


@pytest.fixture
def store(shop: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that may be looked at; the shop's model is in production by a version that is kept there."""
    place = folder / "store"
    place.mkdir()
    monkeypatch.setenv("HEADWATER_CHECK_FOLDERS", str(place))
    with package.connect(str(shop)) as client:
        client.mlmodel_versions.put(name="7", mlmodel=MODEL, store=str(place / "7.pkl"), stage={"name": "Production"})
        client.mlmodel_versions.put(name="8", mlmodel=MODEL, store=str(place / "8.pkl"))
        client.mlmodels.patch(MODEL, [{"op": "remove", "path": "/server"}])
    return place


def test_ping_looks_at_a_model_and_its_parts_in_production(headwater: Command, store: Path) -> None:
    (store / "7.pkl").write_text("a model")
    result = headwater("ping", MODEL)
    assert result.code == 0
    head, own, part = (line.split() for line in result.out.splitlines())
    assert head == ["entity", "target", "address", "answer"]
    assert own[:6] == ["mlmodel", MODEL, "store", "s3://models/churn/7", "not", "checkable"]
    assert part == ["mlmodelVersion", f"{MODEL}.7", "store", str(store / "7.pkl"), "up"]
    told = json.loads(headwater("ping", f"{MODEL}.8", "--type", "mlmodelVersion", "--json").out)
    assert (told[0]["inUse"], told[0]["targets"][0]["last"]["outcome"]) == (False, "down")


def test_ping_ends_with_1_where_something_does_not_answer(headwater: Command, store: Path) -> None:
    assert headwater("ping").code == 1
    assert "failed once" in headwater("show", MODEL).out
    assert headwater("ping").code == 1
    page = headwater("show", MODEL).out.splitlines()
    rows = [line.split() for line in page[page.index("Checks") + 2 :]]
    assert rows[0][:3] == ["store", "not", "checkable"]
    assert rows[1][:5] == ["store", "of", "7", "down", "since"]
    (store / "7.pkl").write_text("a model")
    assert headwater("ping").code == 0
    shown = json.loads(headwater("show", f"{MODEL}.7", "--type", "mlmodelVersion", "--json").out)
    assert shown["checks"][0]["targets"][0]["state"] == "up"
    lines = headwater("events", "--type", "mlmodelVersion").out
    assert "checks: store · down · there is no such file or folder" in lines


@pytest.mark.usefixtures("shop")
def test_ping_says_where_there_is_nothing_to_look_at(headwater: Command) -> None:
    result = headwater("ping")
    assert (result.code, result.err) == (0, "what is in production has no address that could be looked up\n")
    assert headwater("ping", "headwater.evil").err == "headwater.evil has no address that could be looked up\n"
    refused = headwater("ping", "shop.main.public.people", "--type", "table")
    assert (refused.code, refused.err) == (2, "error: of a table nothing is looked up\n")
    missing = headwater("ping", "mlflow.chrun")
    assert (missing.code, "Did you mean mlflow.churn?" in missing.err) == (3, True)
    assert "Checks" not in headwater("show", MODEL).out
