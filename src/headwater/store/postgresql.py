# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: many server processes on one catalogue."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headwater.errors import StoreBusy, StoreError
from headwater.store.database import Database, Dialect, Session

try:
    import psycopg
    from psycopg_pool import ConnectionPool, PoolTimeout
except ImportError as error:
    raise StoreError("PostgreSQL needs two more packages: pip install 'headwater[postgresql]'") from error

DIALECT = Dialect(
    name="postgresql",
    driver="psycopg",
    words={
        "key": "BIGINT PRIMARY KEY",
        "bigint": "BIGINT",
        "text": 'TEXT COLLATE "C"',
        "bytes": "BYTEA",
        "without_rowid": "",
        "each": r"(SELECT json_array_elements_text(CAST(\1 AS json)))",
        "numbers": r"(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(\1 AS json)))",
        "found": "strpos",
        "member": "(CAST({document} AS json) ->> :{parameter})",
        "member_text": "(CAST({document} AS json) ->> :{parameter})",
        "member_path": "{member}",
        "items": "(SELECT json_array_elements_text(CAST({document} AS json) -> :{parameter}))",
    },
)

MIGRATION_LOCK = 8585_2026
"""The advisory lock that makes migrating processes take turns."""


class PostgreSql(Database):
    """A catalogue in a PostgreSQL database. Names sort by code point, as on SQLite."""

    inline_reads = False
    driver_error = psycopg.Error

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__(url, DIALECT, timeout)
        self._try(url, timeout)
        self._pool = ConnectionPool(
            url, min_size=1, max_size=16, open=False, kwargs={"autocommit": True}, check=ConnectionPool.check_connection
        )
        try:
            self._pool.open(wait=True, timeout=timeout)
        except PoolTimeout as error:
            self._pool.close()
            raise StoreError(f"no connection to PostgreSQL within {timeout:g} s") from error

    def _try(self, url: str, timeout: float) -> None:
        """Connect once, since a pool that cannot connect keeps trying and does not say why."""
        try:
            psycopg.connect(url, connect_timeout=max(2, int(timeout))).close()
        except psycopg.Error as error:
            raise StoreError(f"no connection to PostgreSQL: {error}") from error

    @contextmanager
    def glance(self) -> Iterator[Session]:
        """A connection of the pool: each statement sees one moment."""
        try:
            with self._pool.connection() as connection:
                yield Session(connection, self.queries, self.dialect)
        except PoolTimeout as error:
            raise StoreBusy("no free connection to PostgreSQL") from error
        except psycopg.Error as error:
            raise StoreError(f"the database refused: {error}") from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot on a connection of the pool."""
        with self.glance() as session:
            session.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield session
            finally:
                session.connection.execute("ROLLBACK")

    def _begin(self, deadline: float) -> Any:
        remaining = max(0.001, deadline - time.monotonic())
        try:
            connection = self._pool.getconn(timeout=remaining)
        except PoolTimeout as error:
            raise StoreBusy("no free connection to PostgreSQL; nothing was written") from error
        try:
            connection.execute("BEGIN")
            connection.execute(f"SET LOCAL lock_timeout = {int(remaining * 1000) + 1}")
            connection.execute("SELECT one FROM clock FOR UPDATE")
        except psycopg.errors.LockNotAvailable as error:
            self._end(connection, commit=False)
            raise StoreBusy("another process kept the database busy; nothing was written") from error
        except BaseException:
            self._end(connection, commit=False)
            raise
        return connection

    def _end(self, connection: Any, commit: bool) -> None:
        try:
            connection.execute("COMMIT" if commit else "ROLLBACK")
        except psycopg.Error:
            connection.close()
            if commit:
                raise
        finally:
            self._pool.putconn(connection)

    def _lost(self, connection: Any) -> bool:
        return bool(connection.closed)

    def migrate(self) -> list[int]:
        """Bring the schema up to date, in one transaction; processes that start together take turns."""
        with self._pool.connection() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
            return self._apply_migrations(connection, lambda text: connection.execute(text.encode()))

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()
