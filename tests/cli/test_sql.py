# SPDX-License-Identifier: Apache-2.0
"""SQL on the command line: lineage that it means, what a migration breaks, what is not understood."""

import json
from pathlib import Path
from typing import Any

import pytest

import headwater as package

from .shop import Command

PUBLIC = "shop.main.public"


@pytest.fixture
def wide(shop: Path) -> Path:
    """The shop with a view over people that a model is made from."""
    with package.connect(str(shop)) as client:
        view: Any = {"database_schema": PUBLIC, "table_type": "View", "columns": [{"name": "g", "dataType": "STRING"}]}
        client.tables.put(name="v", schema_definition="SELECT md5(gender) AS g FROM people", **view)
        source = {"name": "g", "data_source": f"{PUBLIC}.v"}
        client.mlmodels.put(name="m", ml_features=[{"name": "f", "feature_sources": [source]}])
    return shop


def unreadable(shop: Path) -> None:
    with package.connect(str(shop)) as client:
        view: Any = {"database_schema": PUBLIC, "table_type": "View", "columns": [{"name": "g", "dataType": "STRING"}]}
        client.tables.put(name="v", schema_definition="SELECT *\nFROM nowhere", **view)


def test_a_migration_tells_what_it_would_break(wide: Path, headwater: Command) -> None:
    Path("m.sql").write_text("ALTER TABLE people\n  DROP COLUMN gender;\nALTER TABLE people ADD COLUMN sex text;\n")
    done = headwater("impact", "--sql", "m.sql", "--within", PUBLIC, "--type", "mlmodel", "--service", "headwater")
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines() == [
        "1 would break",
        "",
        "mlmodel headwater.m  breaks",
        f"  {PUBLIC}.people.gender is dropped",
        f"    → {PUBLIC}.v.g  ViewLineage: hashing",
        "    → headwater.m.f  declared by m",
    ]
    piped = headwater(
        "impact", "--sql", "-", "--within", "shop.main", stdin="ALTER TABLE public.people RENAME TO persons"
    )
    assert f"  {PUBLIC}.people is renamed to persons" in piped.out
    assert headwater("impact", "--sql", "-", "--within", PUBLIC, stdin="CREATE TABLE t (a int)").code == 0


def test_what_of_a_migration_is_not_understood_is_told_and_ends_with_2(wide: Path, headwater: Command) -> None:
    Path("m.sql").write_text("SELECT 1;\nALTER TABLE people EXPLODE;\nDROP TABLE strangers;\n")
    done = headwater("impact", "--sql", "m.sql", "--within", PUBLIC)
    assert (done.code, done.out) == (2, "")
    told = done.err.splitlines()
    assert told[:2] == ["no model or dashboard is affected", "Not understood of the SQL, so that there may be more:"]
    assert told[2].startswith("  m.sql:2:")
    assert told[3:] == ["  m.sql:3:1: main.public.strangers is not in the catalogue"]
    assert headwater("impact", "--sql", "m.sql").code == 2
    assert "--within" in headwater("impact", "--sql", "m.sql").err
    assert headwater("impact", "--sql", "m.sql", "--within", "shop.nope").code == 3
    assert (
        "no SQL dialect 'cobol'" in headwater("impact", "--sql", "m.sql", "--within", PUBLIC, "--dialect", "cobol").err
    )


def test_views_that_are_not_understood_are_listed_and_told_with_answers(wide: Path, headwater: Command) -> None:
    assert headwater("unread").err == "the SQL of every view is understood\n"
    unreadable(wide)
    done = headwater("unread")
    assert done.out.splitlines()[0] == f"table {PUBLIC}.v"
    assert any("main.public.nowhere is not in the catalogue" in line for line in done.out.splitlines())
    (row,) = json.loads(headwater("unread", "--json").out)
    assert row["entity"]["fullyQualifiedName"] == f"{PUBLIC}.v"
    asked = headwater("reach", "--column", f"{PUBLIC}.people.id", "--service", "headwater")
    assert f"There may be more: the SQL of {PUBLIC}.v is not understood (line " in asked.err
    asked = headwater("impact", "--drop", f"{PUBLIC}.people.id", "--service", "headwater")
    assert (asked.code, asked.out) == (2, "")
    assert "There may be more" in asked.err


def test_the_gate_names_the_view_that_leaves_a_rule_open(wide: Path, headwater: Command) -> None:
    rule = '[[rule]]\nname = "r"\nforbid = { reaches = "Sensitive.Gender", except_through = ["hashing"] }\n'
    Path("p.toml").write_text(rule + 'select = { service = "headwater" }\n')
    assert headwater("check", "p.toml").code == 0
    unreadable(wide)
    done = headwater("check", "p.toml")
    assert done.code == 2
    assert f"could not be told: the SQL of table {PUBLIC}.v is not understood: line " in done.out
    Path("p.toml").write_text(rule + 'select = { service = "mlflow" }\n')
    assert "not understood" not in headwater("check", "p.toml").out


def test_lineage_is_recorded_from_sql(wide: Path, headwater: Command) -> None:
    Path("load.sql").write_text("INSERT INTO profile (household) SELECT id FROM people;\nCALL it();\n")
    done = headwater("sql", "load.sql", "--within", PUBLIC)
    assert done.code == 2
    assert done.out.splitlines() == [f"{PUBLIC}.people → {PUBLIC}.profile", "  id → household  identity"]
    assert done.err.splitlines() == ["Not understood:", "  load.sql:2:9: CALL is not understood"]
    query = "SELECT count(*) + max(id) AS household FROM people"
    done = headwater("sql", "-", "--within", PUBLIC, "--target", f"{PUBLIC}.profile", "--json", stdin=query)
    assert done.code == 0
    assert json.loads(done.out)["asserted"][0]["columnsLineage"] == [
        {
            "fromColumns": [f"{PUBLIC}.people.id"],
            "toColumn": f"{PUBLIC}.profile.household",
            "transformation": "AGGREGATION",
        }
    ]
    nothing = headwater("sql", "-", "--within", PUBLIC, stdin="DELETE FROM people")
    assert (nothing.code, nothing.err) == (0, "the SQL moves nothing from one table to another\n")
    assert "--within" in headwater("sql", "load.sql").err
    assert headwater("sql", "absent.sql", "--within", PUBLIC).code == 2
    wrong = headwater("sql", "load.sql", "--within", PUBLIC, "--source", "Rumour")
    assert "ViewLineage" in wrong.err
