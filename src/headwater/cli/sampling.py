# SPDX-License-Identifier: Apache-2.0
"""Reads rows of tables from the database that holds them. It only reads, and keeps nothing."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from headwater.cli.failures import Exit, Failure
from headwater.schema import fqn

Columns = dict[str, list[object]]


class Source:
    """A database, by its URL: ``sqlite:///path``, a path, or ``postgresql://…``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._postgresql = url.startswith(("postgresql://", "postgres://"))
        if not self._postgresql:
            self._path = Path(url.removeprefix("sqlite:///").removeprefix("sqlite:")).expanduser()
            if "://" in url.removeprefix("sqlite:///"):
                raise Failure(f"--from {_shown(url)}: sqlite:///path and postgresql://… can be read", code=Exit.USAGE)
            if not self._path.is_file():
                raise Failure(f"--from {url}: there is no such file", code=Exit.USAGE)

    def rows(self, table: str, limit: int, columns: Sequence[str] = ()) -> Columns:
        """The first rows of a table, by its FQN in the catalogue: all its columns, or some. By column, in one order."""
        parts = [fqn.unquote(part) for part in fqn.split(table)]
        named = [parts[-2], parts[-1]] if self._postgresql and len(parts) > 1 else parts[-1:]
        # Without the table's name, SQLite would take the name of a column that is not there for a text.
        wanted = ", ".join(f"t.{_quoted(column)}" for column in columns) or "*"
        statement = f"SELECT {wanted} FROM {'.'.join(map(_quoted, named))} AS t LIMIT {int(limit)}"
        with self._connection() as connection:
            try:
                cursor = connection.execute(statement)
                rows = cursor.fetchall()
            except Exception as error:
                raise Failure(f"{table} could not be read from {_shown(self.url)}: {str(error).strip()}") from error
        heads = [column[0] for column in cursor.description]
        return {head: [row[place] for row in rows] for place, head in enumerate(heads)}

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        if not self._postgresql:
            import sqlite3

            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
                connection.text_factory = lambda text: text.decode(errors="replace")
                yield connection
            return
        try:
            import psycopg
        except ImportError as error:
            raise Failure("reading PostgreSQL needs `pip install headwater[postgresql]`") from error
        try:
            opened = psycopg.connect(self.url, autocommit=False)
        except psycopg.Error as error:
            raise Failure(f"--from {_shown(self.url)}: {str(error).strip()}") from error
        with closing(opened):
            opened.read_only = True
            yield opened


def joined(tables: dict[str, Columns], key: str | None) -> Columns:
    """The columns of several tables over the rows that share a key, each by its FQN; of one table as it is."""
    if len(tables) == 1 and key is None:
        return {fqn.add(table, name): values for table, columns in tables.items() for name, values in columns.items()}
    places = {table: _by_key(table, columns, str(key)) for table, columns in tables.items()}
    shared = sorted(set.intersection(*(set(keys) for keys in places.values())), key=repr)
    return {
        fqn.add(table, name): [values[places[table][one]] for one in shared]
        for table, columns in tables.items()
        for name, values in columns.items()
        if name != key
    }


def _by_key(table: str, columns: Columns, key: str) -> dict[object, int]:
    if key not in columns:
        raise Failure(f"--on {key}: {table} has no such column; it has {', '.join(columns)}", code=Exit.USAGE)
    found = {value: place for place, value in enumerate(columns[key]) if value is not None}
    if len(found) < sum(value is not None for value in columns[key]):
        raise Failure(f"--on {key}: {table} has several rows with one {key}, so rows cannot be told apart")
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _shown(url: str) -> str:
    """A URL without its password."""
    head, mark, tail = url.rpartition("@")
    scheme, slashes, user = head.partition("://")
    return f"{scheme}{slashes}{user.partition(':')[0]}{mark}{tail}" if mark else url
