# SPDX-License-Identifier: Apache-2.0
"""Backup and restore of database files, with what goes wrong in the middle."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import headwater as package
from headwater.cli import files

from .shop import Command


def names(headwater: Command, database: str) -> list[str]:
    listed = headwater("list", "mlmodel", "--database", database)
    assert listed.code == 0, listed.err
    return [line.split("\t")[0] for line in listed.out.splitlines()]


def leftovers(folder: Path) -> list[str]:
    return sorted(
        path.name for path in folder.iterdir() if "draft" in path.name or path.name.endswith(("-wal", "-shm"))
    )


def test_a_backup_holds_everything_and_is_one_file(shop: Path, folder: Path, headwater: Command) -> None:
    with package.connect(str(shop)) as client:
        client.mlmodels.put(name="in-the-log")
        done = headwater("backup", "copy.db")
        assert done.code == 0, done.err
    assert names(headwater, "copy.db") == ["mlflow.churn", "headwater.evil", "headwater.in-the-log"]
    assert leftovers(folder) == []


def test_a_backup_replaces_a_file_only_by_force_and_never_the_database(shop: Path, headwater: Command) -> None:
    Path("copy.db").write_text("precious")
    assert headwater("backup", "copy.db").code == 4
    assert Path("copy.db").read_text() == "precious"
    assert headwater("backup", "copy.db", "--force").code == 0
    assert headwater("backup", str(shop), "--force").code == 4
    assert headwater("backup", "nowhere/copy.db").code == 5
    assert len(names(headwater, str(shop))) == 2


def test_a_backup_says_that_the_key_is_not_in_it(shop: Path, headwater: Command) -> None:
    connection = '{"name": "locked", "serviceType": "Postgres", "connection": {"config": {"password": "hush"}}}'
    assert headwater("put", "databaseService", stdin=connection).code == 0
    assert f"only with the key in {shop}.key" in headwater("backup", "copy.db").err
    restored = headwater("restore", "copy.db", "--database", "other.db")
    assert restored.code == 0
    assert "put it back as other.db.key" in restored.err


def test_restore_makes_a_database_and_replaces_one_only_by_force(shop: Path, headwater: Command) -> None:
    headwater("backup", "copy.db")
    assert headwater("restore", "copy.db", "--database", "new.db").code == 0
    assert names(headwater, "new.db") == ["mlflow.churn", "headwater.evil"]
    headwater("put", "mlmodel", "--set", "name=later")
    refused = headwater("restore", "copy.db")
    assert refused.code == 4
    assert "--force replaces it" in refused.err
    assert len(names(headwater, str(shop))) == 3
    assert headwater("restore", "copy.db", "--force").code == 0
    assert names(headwater, str(shop)) == ["mlflow.churn", "headwater.evil"]


def test_restore_refuses_what_is_no_database_of_this_version(shop: Path, folder: Path, headwater: Command) -> None:
    before = shop.read_bytes()
    (folder / "text.db").write_text("not a database at all, but long enough" * 50)
    (folder / "empty.db").touch()
    with closing(sqlite3.connect("other.db")) as other:
        other.execute("CREATE TABLE migration (number)")
    headwater("backup", "later.db")
    with closing(sqlite3.connect("later.db", isolation_level=None)) as later:
        later.execute("INSERT INTO migration VALUES (999, 'tomorrow')")
    for source, message in (
        ("text.db", "is not a database"),
        ("empty.db", "not a database of Headwater"),
        ("other.db", "not a database of Headwater"),
        ("later.db", "has migration 0999, which this version of Headwater does not know"),
    ):
        done = headwater("restore", source, "--force")
        assert done.code == 1
        assert message in done.err
    assert headwater("restore", "nope.db", "--force").code == 3
    assert headwater("restore", str(shop), "--force").code == 4
    assert shop.read_bytes() == before
    assert leftovers(folder) == []


def test_a_damaged_backup_replaces_nothing(shop: Path, folder: Path, headwater: Command) -> None:
    headwater("backup", "copy.db")
    whole = bytearray(Path("copy.db").read_bytes())
    for page in range(3, len(whole) // 4096):
        whole[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    Path("copy.db").write_bytes(whole)
    done = headwater("restore", "copy.db", "--force")
    assert done.code in (1, 5)
    assert len(names(headwater, str(shop))) == 2
    assert leftovers(folder) == []


def test_restore_leaves_a_database_in_use_alone(shop: Path, headwater: Command) -> None:
    headwater("backup", "copy.db")
    with package.connect(str(shop)) as client:
        client.mlmodels.put(name="kept")
        done = headwater("restore", "copy.db", "--force")
        assert done.code == 4
        assert "is in use; stop the server" in done.err
        client.mlmodels.put(name="goes-on")
    assert len(names(headwater, str(shop))) == 4


def test_restore_interrupted_leaves_the_old_database(
    shop: Path, folder: Path, headwater: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    headwater("backup", "copy.db")
    headwater("put", "mlmodel", "--set", "name=later")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("_finish", "_put_in_place"):
        with monkeypatch.context() as patch:
            patch.setattr(files, step, interrupt)
            assert headwater("restore", "copy.db", "--force").code == 130
        assert len(names(headwater, str(shop))) == 3
        assert leftovers(folder) == []


def test_a_log_left_by_a_dead_process_is_not_played_into_the_restored_database(
    shop: Path, folder: Path, headwater: Command
) -> None:
    headwater("backup", "copy.db")
    with package.connect(str(shop)) as client:
        client.mlmodels.put(name="lost")
        log = Path(f"{shop}-wal").read_bytes()
        assert log
        shutil.copy(f"{shop}-wal", "saved-log")
    for state in ("present", "gone"):
        # As after a crash: the file is there or not, its log is.
        shutil.copy("saved-log", f"{shop}-wal")
        if state == "gone":
            shop.unlink()
        done = headwater("restore", "copy.db", *(["--force"] if state == "present" else []))
        assert done.code == 0, done.err
        assert names(headwater, str(shop)) == ["mlflow.churn", "headwater.evil"]


def test_a_backup_that_is_open_elsewhere_is_restored_with_its_log(shop: Path, headwater: Command) -> None:
    with package.connect(str(shop)) as client:
        client.mlmodels.put(name="in-the-log")
        assert headwater("restore", str(shop), "--database", "twin.db").code == 0
    assert len(names(headwater, "twin.db")) == 3


def test_a_backup_is_not_changed_by_reading_it(shop: Path, folder: Path, headwater: Command) -> None:
    headwater("backup", "copy.db")
    before = sorted(path.name for path in folder.iterdir()), Path("copy.db").read_bytes()
    headwater("restore", "copy.db", "--force")
    headwater("restore", "copy.db", "--database", "text.db")
    Path("text.db").unlink()
    assert (sorted(path.name for path in folder.iterdir()), Path("copy.db").read_bytes()) == before


def test_a_database_path_of_odd_characters_works(shop: Path, folder: Path, headwater: Command) -> None:
    odd = folder / "a b?#%41ü.db"
    assert headwater("backup", str(odd)).code == 0
    assert names(headwater, str(odd)) == ["mlflow.churn", "headwater.evil"]


def test_migrate_and_reindex_tell_what_they_did(shop: Path, headwater: Command) -> None:
    assert "is up to date" in headwater("migrate").err
    assert "applied 0001" in headwater("migrate", "--database", "new.db").err
    assert json.loads(headwater("migrate", "--json").out)["applied"] == []
    before = headwater("show", "mlflow.churn").out
    sizes = json.loads(headwater("reindex", "--json").out)
    assert sizes["lineage_edge"] > 0
    assert "lineage edges" in headwater("reindex").out
    assert headwater("show", "mlflow.churn").out == before


def test_commands_work_on_postgresql(
    fresh_postgres: Callable[[], str], headwater: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_DATABASE", fresh_postgres())
    assert "applied 0001" in headwater("migrate").err
    assert headwater("put", "mlmodel", "--set", "name=k").err == "headwater.k is at version 0.1\n"
    assert headwater("list", "mlmodel").out.startswith("headwater.k\t0.1\t")
    assert headwater("history", "headwater.k").code == 0
    assert json.loads(headwater("reindex", "--json").out)["fqn_interval"] > 0
