# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from headwater.cli.failures import EXIT_CODES, Exit, exit_code
from headwater.errors import STATUS, CatalogError

from .shop import Command


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("list", "mlmodle"), 2, "Did you mean mlmodel?"),
        (("list", "xyzzy"), 2, "The types are "),
        (("list", "mlmodel", "--filter", "servce=x"), 2, "Did you mean service?"),
        (("list", "mlmodel", "--filter", "service"), 2, "--filter takes NAME=VALUE, not service"),
        (("list", "user", "--filter", "x=1"), 2, "It can be filtered by "),
        (("list", "mlmodel", "--filter", "service=nope"), 3, "mlmodelService instance for nope not found"),
        (("get", "mlmodel", "churn"), 3, "Did you mean mlflow.churn?"),
        (("show", "mlflow.chrun"), 3, "Did you mean mlflow.churn?"),
        (("get", "mlmodel", "nothing.like.it"), 3, "not found"),
        (("lineage", "mlflow.churn", "--depth", "101"), 2, "--depth is a number from 1 to 100, not 101"),
        (("lineage", "mlflow.churn", "--as-of", "soon"), 1, "'soon' is not a time"),
        (("get", "mlmodel"), 2, "NAME"),
        (("frobnicate",), 2, "frobnicate"),
        (("list", "mlmodel", "--include", "some"), 2, "some"),
        (("list", "mlmodel", "--url", "localhost:8585"), 2, "A database goes to --database."),
        (("list", "mlmodel", "--url", "http://localhost:8585", "--database", "x.db"), 2, "not both"),
        (("list", "mlmodel", "--url", "http://127.0.0.1:9"), 5, "`headwater serve` starts a server"),
        (("list", "mlmodel", "--database", "nope.db"), 5, "there is no database nope.db"),
        (("list", "mlmodel", "--database", "mysql://x"), 1, "not a database that Headwater knows"),
        (("reindex", "--database", "nope.db"), 5, "there is no database nope.db"),
        (("put", "mlmodel", "--set", "name="), 1, "name: "),
        (("serve", "--host", "0.0.0.0"), 1, "HEADWATER_AUTH_SECRET"),
        (("serve", "--port", "99999"), 2, "a port is a number from 1 to 65535, not 99999"),
        (("token", "alice"), 1, "HEADWATER_AUTH_SECRET is not set"),
        (("backup", "x.db", "--database", "postgresql://u:secret@h/d"), 1, "pg_dump --format=custom --file=x.db"),
        (("restore", "x.db", "--database", "postgresql://u:secret@h/d"), 1, "pg_restore"),
    ],
)
def test_a_failure_has_its_code_and_says_what_helps(
    shop: Path, headwater: Command, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = headwater(*arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert "secret@" not in done.err


def test_a_setting_that_cannot_be_read_is_a_usage_error(
    shop: Path, headwater: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_PORT", "x")
    done = headwater("serve")
    assert done.code == 2
    assert "HEADWATER_PORT" in done.err


def test_reading_makes_no_database(folder: Path, headwater: Command) -> None:
    done = headwater("list", "mlmodel")
    assert done.code == 5
    assert "`headwater demo` makes one with examples" in done.err
    assert list(folder.glob("*.db*")) == []


def test_every_domain_error_has_a_code_that_the_help_explains() -> None:
    explained = {code for code, _ in EXIT_CODES}
    assert explained == set(Exit)
    kinds: list[type[CatalogError]] = [kind for kind, _ in STATUS]
    assert {exit_code(kind()) for kind in kinds} <= explained - {Exit.OK, Exit.USAGE}


def test_what_the_catalogue_says_cannot_steer_the_terminal(shop: Path, headwater: Command) -> None:
    done = headwater("get", "mlmodel", "a\x1b[31m\u202eb")
    assert done.code == 3
    assert "\x1b" not in done.err
    assert "a\\x1b[31m\\u202eb" in done.err


def test_a_missing_name_in_a_large_catalogue_is_not_looked_for(
    shop: Path, headwater: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.cli.session.FEW", 1)
    assert "`headwater list mlmodel` shows all 2." in headwater("get", "mlmodel", "churn").err
