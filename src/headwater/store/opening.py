# SPDX-License-Identifier: Apache-2.0
"""From a URL to the database that it names."""

from headwater.errors import CatalogError
from headwater.store.database import Database


def open_database(url: str, timeout: float = 30.0) -> Database:
    """The database of ``sqlite:///path`` (or a plain path) or ``postgresql://…``, its schema as it is."""
    if url.startswith(("postgresql:", "postgres:")):
        from headwater.store.postgresql import PostgreSql

        return PostgreSql(url, timeout)
    scheme, separator, _ = url.partition("://")
    if separator and scheme != "sqlite":
        raise CatalogError(f"{scheme}: not a database that Headwater knows; use sqlite:///path or postgresql://…")
    from headwater.store.sqlite import Sqlite

    return Sqlite(url, timeout)


def connect(url: str, timeout: float = 30.0) -> Database:
    """The same, its schema brought up to date."""
    database = open_database(url, timeout)
    database.migrate()
    return database
