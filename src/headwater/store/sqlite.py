# SPDX-License-Identifier: Apache-2.0
"""SQLite: one file, many readers, one writer at a time, also among processes."""

import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headwater.errors import StoreBusy, StoreError
from headwater.store.database import Database, Dialect, Session

DIALECT = Dialect(
    name="sqlite",
    driver="sqlite3",
    words={
        "key": "INTEGER PRIMARY KEY",
        "bigint": "INTEGER",
        "text": "TEXT",
        "bytes": "BLOB",
        "without_rowid": "WITHOUT ROWID",
        "each": r"(SELECT value FROM json_each(\1))",
        "numbers": r"(SELECT value FROM json_each(\1))",
        "found": "instr",
        "member": "({document} -> :{parameter})",
        "member_text": "({document} ->> :{parameter})",
        "member_path": "$.{member}",
        "items": "(SELECT value FROM json_each({document}, :{parameter}))",
    },
)

CHECKPOINT = 4000
"""Pages in the log after which they are copied into the file: a page that changes often is copied once for many."""

POLL = 0.005
"""Seconds between two attempts to get the turn from another process."""


def _is_busy(error: sqlite3.OperationalError) -> bool:
    """Whether another connection stood in the way, so that it is worth trying again."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def path_of(url: str) -> Path:
    """The file that a ``sqlite:`` URL or a plain path names."""
    return Path(url.removeprefix("sqlite:///").removeprefix("sqlite:")).expanduser()


class Sqlite(Database):
    """A catalogue in one SQLite file, in write-ahead mode: a commit returns when it is on disk."""

    inline_reads = True
    driver_error = sqlite3.Error

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(url, DIALECT, timeout)
        self.path = path_of(url)
        if not self.path.parent.is_dir():
            raise StoreError(f"{self.path.parent}: no such folder for the database {self.path.name}")
        self._readers: deque[sqlite3.Connection] = deque()
        self._writer = self._connect()
        self._writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
        # A short timeout and our own loop: SQLite's waiting sleeps ever longer, which starves a process that shares
        # the file with a busy one.
        self._writer.execute("PRAGMA busy_timeout = 0")
        self._closed = False

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=self.timeout
            )
            self._write_ahead(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA mmap_size = 268435456")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error
        return connection

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Set the mode of the file. SQLite itself does not wait for another process that sets it at the same moment."""
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(POLL)

    @contextmanager
    def glance(self) -> Iterator[Session]:
        """A connection of its own: each statement sees one moment."""
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield Session(connection, self.queries, self.dialect)
        except sqlite3.Error as error:
            raise StoreError(f"the database refused: {error}") from error
        finally:
            if self._closed:
                connection.close()
            else:
                self._readers.append(connection)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot on a connection of its own."""
        with self.glance() as session:
            session.connection.execute("BEGIN")
            try:
                yield session
            finally:
                if session.connection.in_transaction:
                    session.connection.execute("ROLLBACK")

    def _begin(self, deadline: float) -> sqlite3.Connection:
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                return self._writer
            except sqlite3.OperationalError as error:
                if not _is_busy(error):
                    raise
                if time.monotonic() > deadline:
                    raise StoreBusy("another process kept the database busy; nothing was written") from error
                time.sleep(POLL)

    def _end(self, connection: Any, commit: bool) -> None:
        try:
            if commit:
                connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _lost(self, connection: Any) -> bool:
        return not connection.in_transaction

    def migrate(self) -> list[int]:
        """Bring the schema up to date, in one transaction."""

        def run_script(text: str) -> None:
            # executescript() would commit first; statements are told apart by SQLite itself.
            statement = ""
            for line in text.splitlines(keepends=True):
                statement += line
                if sqlite3.complete_statement(statement):
                    connection.execute(statement)
                    statement = ""

        with self._turn:
            connection = self._begin(time.monotonic() + self.timeout)
            try:
                applied = self._apply_migrations(connection, run_script)
                self._end(connection, commit=True)
            except BaseException:
                self._end(connection, commit=False)
                raise
        return applied

    def backup(self, target: Path) -> None:
        """Copy the database, as it is at one moment, to a new file; writers go on meanwhile."""
        source = self._connect()
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            copy.close()
            source.close()

    def close(self) -> None:
        """Close all connections; readers that are at work close theirs when they end."""
        self._closed = True
        while self._readers:
            self._readers.pop().close()
        self._writer.close()
