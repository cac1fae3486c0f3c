# SPDX-License-Identifier: Apache-2.0
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .shop import Command

TABLE = "shop.main.public.clients"


@pytest.fixture
def source(shop: Path, headwater: Command) -> Path:
    """A catalogue with one more table, and the database that holds it and a second one."""
    columns = ("key", "email", "score", "sex")
    given = json.dumps([{"name": name, "dataType": "STRING"} for name in columns])
    headwater(
        "put", "table", "--set", "name=clients", "--set", "databaseSchema=shop.main.public", "--set", f"columns={given}"
    )
    extra = json.dumps([{"name": name, "dataType": "STRING"} for name in ("key", "group")])
    headwater(
        "put", "table", "--set", "name=groups", "--set", "databaseSchema=shop.main.public", "--set", f"columns={extra}"
    )
    features = [
        {
            "name": name,
            "dataType": "categorical",
            "featureSources": [
                {"name": column, "dataSource": {"type": "table", "fullyQualifiedName": f"shop.main.public.{table}"}}
            ],
        }
        for name, column, table in (("team", "group", "groups"), ("score", "score", "clients"))
    ]
    headwater(
        "put", "mlmodel", "--set", "name=fair", "--set", "service=mlflow", "--set", f"mlFeatures={json.dumps(features)}"
    )
    path = shop.parent / "source.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE clients (key, email, score, sex)")
        connection.execute('CREATE TABLE groups (key, "group")')
        for n in range(200):
            connection.execute("INSERT INTO clients VALUES (?, ?, ?, ?)", (n, f"a{n}@x.org", n * 7 % 50, "mf"[n % 2]))
            connection.execute("INSERT INTO groups VALUES (?, ?)", (n, "ab"[n % 2] if n % 7 else "c"))
    return path


def test_tags_are_suggested_listed_confirmed_and_rejected(source: Path, headwater: Command) -> None:
    made = headwater("suggest", TABLE, "--from", str(source))
    assert made.out.splitlines() == [
        "5 suggestions for 1 entity",
        "",
        f"table {TABLE}",
        "  PersonalData.Personal  60%  the name says 'clients': rows are people",
        "  email  PII.Sensitive  99%  200 of 200 sampled values are e-mail addresses",
        "  email  PersonalData.Personal  99%  200 of 200 sampled values are e-mail addresses",
        "  sex  ProtectedAttribute.Sex  95%  the name says 'sex': sex",
        "  sex  PersonalData.Personal  95%  the name says 'sex': sex",
    ]
    assert "headwater confirm" in made.err
    assert headwater("confirm", TABLE, "PII.Sensitive", "--field", "email").err.startswith("PII.Sensitive is confirmed")
    rejected = headwater("reject", TABLE, "PersonalData.Personal", "--reason", "companies")
    assert rejected.err.strip() == f"PersonalData.Personal is rejected for {TABLE} and is not suggested there again"
    left = headwater("suggestions", "--tag", "ProtectedAttribute").out.splitlines()
    assert left == [
        "1 open suggestion for 1 entity",
        "",
        f"table {TABLE}",
        "  sex  ProtectedAttribute.Sex  95%  the name says 'sex': sex",
    ]
    assert "nothing new" in headwater("suggest", TABLE, "--type", "table").err
    (row,) = json.loads(headwater("suggestions", "--tag", "ProtectedAttribute", "--json").out)
    assert (row["field"], row["label"]["state"]) == ("sex", "Suggested")


def test_tables_that_the_database_lacks_are_told_by_their_names_only(source: Path, headwater: Command) -> None:
    result = headwater("suggest", "shop.main.public", "--from", str(source))
    assert result.code == 0
    assert "shop.main.public.people: " in result.err
    assert "only its names are looked at" in result.err
    assert f"table {TABLE}" in result.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("suggest", "shop.nothing"), 3, "there is no table, schema, database, model or service shop.nothing"),
        (("suggest", TABLE, "--from", "nowhere.db"), 2, "there is no file nowhere.db"),
        (("suggest", TABLE, "--from", "mysql://me:secret@host/db"), 2, "--from mysql://… is no database"),
        (("confirm", TABLE, "PII.Sensitive", "--field", "key"), 3, f"PII.Sensitive is not suggested for {TABLE}.key"),
        (("confirm", TABLE, "PII.Sensitive", "--field", "nope"), 3, "has no field nope"),
    ],
)
def test_what_cannot_be_done_is_said(
    source: Path, headwater: Command, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = headwater(*arguments)
    assert (result.code, said in result.err) == (code, True), result.err
    assert "secret" not in result.err


def test_proxies_are_found_across_tables_with_their_figure(source: Path, headwater: Command) -> None:
    asked = ("proxies", "mlflow.fair", "--from", str(source))
    assert "no column upstream of mlflow.fair" in headwater(*asked).err
    headwater("suggest", TABLE)
    alone = headwater(*asked)
    assert (alone.code, "2 tables" in alone.err, "--on" in alone.err) == (2, True, True)
    assert "no such column" in headwater(*asked, "--on", "nokey").err
    found = headwater(*asked, "--on", "key", "--suggest")
    assert found.out.splitlines() == [
        "mlflow.fair: 1 feature may stand for a protected attribute",
        "",
        "team  ProtectedAttribute.Sex",
        f"  Cramér's V 0.92 with {TABLE}.sex  over 200 rows",
    ]
    assert "Each is suggested" in found.err
    assert "proxy: Cramér's V 0.92" in headwater("suggestions", "--entity", "mlflow.fair").out
    assert "no feature" in headwater(*asked, "--on", "key", "--threshold", "0.99").err
    (row,) = json.loads(headwater(*asked, "--on", "key", "--json").out)
    assert (row["feature"], row["measure"], row["rows"]) == ("mlflow.fair.team", "Cramér's V", 200)
