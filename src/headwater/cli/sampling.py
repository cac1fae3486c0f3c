# SPDX-License-Identifier: Apache-2.0
"""Reads rows of tables from the database that holds them. It only reads, and keeps nothing."""

from collections.abc import Sequence

from headwater.cli.databases import opened, quoted
from headwater.cli.failures import Exit, Failure
from headwater.schema import fqn

Columns = dict[str, list[object]]


class Source:
    """A database, by its URL; one that cannot be opened is refused at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        with opened(url):
            pass

    def rows(self, table: str, limit: int, columns: Sequence[str] = ()) -> Columns:
        """The first rows of a table, by its FQN in the catalogue: all its columns, or some. By column, in one order."""
        # Without the table's name, SQLite would take the name of a column that is not there for a text.
        wanted = ", ".join(f"t.{quoted(column)}" for column in columns) or "*"
        with opened(self.url) as (ask, dialect):
            found = ask(f"SELECT {wanted} FROM {dialect.relation(table)} AS t LIMIT {int(limit)}")
        return {name: [row[place] for row in found.rows] for place, name in enumerate(found.names)}


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
