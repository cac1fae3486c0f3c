# SPDX-License-Identifier: Apache-2.0
"""Databases that hold the tables of a catalogue, read where they are: SQLite, PostgreSQL and DuckDB, by URL."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from headwater.cli.failures import Exit, Failure
from headwater.schema import fqn

Row = Sequence[Any]


class Answer(NamedTuple):
    """What a statement gives: the names of the columns, and rows."""

    names: list[str]
    rows: list[Row]


Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one kind of database has of its own. ``schemas``: how many names before a table's are its."""

    begin: str
    chance: str
    number: str
    schemas: int

    def relation(self, table: str) -> str:
        """What a table is called in SQL, by its FQN in the catalogue."""
        return ".".join(map(quoted, fqn.names(table)[-1 - self.schemas :]))


SQLITE = Dialect(begin="BEGIN", chance="(random() / 18446744073709551616.0 + 0.5)", number="{}", schemas=0)
POSTGRESQL = Dialect(
    begin="BEGIN ISOLATION LEVEL REPEATABLE READ",
    chance="random()",
    number="CAST({} AS double precision)",
    schemas=1,
)
DUCKDB = Dialect(begin="BEGIN TRANSACTION", chance="random()", number="CAST({} AS double)", schemas=1)


@contextmanager
def opened(url: str) -> Iterator[tuple[Ask, Dialect]]:
    """A database to ask, and its dialect; in one transaction, which is given up at the end."""
    ask, dialect, close, errors = _connection(url)
    try:
        ask(dialect.begin)
        yield ask, dialect
    except errors as error:
        raise Failure(f"{shown(url)}: {error}".strip()) from error
    finally:
        close()


def _connection(url: str) -> tuple[Ask, Dialect, Callable[[], None], type[Exception]]:
    scheme, found, rest = url.partition("://")
    if scheme in ("postgresql", "postgres") and found:
        return _postgresql(url)
    if scheme == "duckdb" and found:
        return _duckdb(rest.removeprefix("/"))
    if found and scheme != "sqlite":
        raise Failure(
            f"--from {scheme}://… is no database that can be read here",
            "There are sqlite:///path (or just a path), postgresql://… and duckdb:///path; of other data, "
            "client.tables.profile(table, frame) takes a profile.",
            code=Exit.USAGE,
        )
    return _sqlite(Path(rest.removeprefix("/") if found else url))


def _sqlite(path: Path) -> tuple[Ask, Dialect, Callable[[], None], type[Exception]]:
    import sqlite3

    if not path.is_file():
        raise Failure(f"there is no file {path}", code=Exit.USAGE)
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.text_factory = lambda text: text.decode(errors="replace")
    return _asking(connection), SQLITE, connection.close, sqlite3.Error


def _postgresql(url: str) -> tuple[Ask, Dialect, Callable[[], None], type[Exception]]:
    _need("psycopg", "postgresql")
    import psycopg

    try:
        connection = psycopg.connect(url, autocommit=True)
    except psycopg.Error as error:
        raise Failure(f"{shown(url)}: {error}".strip()) from error

    return _asking(connection), POSTGRESQL, connection.close, psycopg.Error


def _duckdb(path: str) -> tuple[Ask, Dialect, Callable[[], None], type[Exception]]:
    _need("duckdb")
    import duckdb

    if not Path(path).is_file():
        raise Failure(f"there is no file {path}", code=Exit.USAGE)
    connection = duckdb.connect(path, read_only=True)
    return _asking(connection), DUCKDB, connection.close, duckdb.Error


def _asking(connection: Any) -> Ask:
    def ask(sql: str) -> Answer:
        cursor = connection.execute(sql)
        if cursor.description is None:
            return Answer([], [])
        return Answer([column[0] for column in cursor.description], cursor.fetchall())

    return ask


def _need(package: str, extra: str | None = None) -> None:
    if find_spec(package) is None:
        brings = f"headwater[{extra}]" if extra else package
        raise Failure(f"this needs {package}; this brings it: pip install '{brings}'", code=Exit.USAGE)


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def shown(url: str) -> str:
    """A URL without its password."""
    head, mark, tail = url.rpartition("@")
    scheme, slashes, user = head.partition("://")
    return f"{scheme}{slashes}{user.partition(':')[0]}{mark}{tail}" if mark else url
