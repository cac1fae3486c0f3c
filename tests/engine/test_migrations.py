# SPDX-License-Identifier: Apache-2.0
"""A database that an earlier version wrote is brought up to date, with everything in it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

import headwater
from headwater.settings import Settings
from headwater.store.postgresql import DIALECT as POSTGRESQL
from headwater.store.sqlite import DIALECT as SQLITE

from .wire import Api, named

CONTENT = """
UPDATE clock SET position = 2, timestamp = 1700000000002, node = 1;
INSERT INTO migration (number, applied) VALUES (1, 'long ago');
INSERT INTO entity (node, id, type, fqn, fqn_key, name, parent, version, revision, deleted, removed, position,
    updated_at, updated_by, document, change, card)
VALUES (1, '018bcfe5-6800-7000-8000-000000000001', 'databaseService', 'shop', '{key}', 'shop', NULL, 2, 2, 0, NULL, 2,
    1700000000002, 'ada', '{{"serviceType":"Mysql","description":"sales"}}', NULL, '{{"description":"sales"}}');
INSERT INTO entity_state (position, entity, name, parent, version, revision, deleted, removed, updated_at, updated_by,
    document, change, withdrawn)
VALUES (1, 1, 'shop', NULL, 1, 1, 0, 0, 1700000000001, 'ada', '{{"serviceType":"Mysql"}}', NULL, NULL),
    (2, 1, 'shop', NULL, 2, 2, 0, 0, 1700000000002, 'ada', '{{"serviceType":"Mysql","description":"sales"}}', NULL,
    NULL);
INSERT INTO fqn_interval (fqn_key, since, until, entity, fqn) VALUES ('{key}', 1, NULL, 1, 'shop');
INSERT INTO entity_count (type, parent, deleted, entities) VALUES ('databaseService', 0, 0, 1);
INSERT INTO change_event (position, id, event_type, entity, entity_type, fqn, user_name, timestamp, previous_version,
    version, change)
VALUES (1, 'e1', 'entityCreated', 1, 'databaseService', 'shop', 'ada', 1700000000001, NULL, 1, NULL),
    (2, 'e2', 'entityUpdated', 1, 'databaseService', 'shop', 'ada', 1700000000002, 1, 2, NULL);
""".format(key="d189ba10228096cc9cb0d4f4eb25adaa")
LEDGER = "CREATE TABLE migration (number INTEGER PRIMARY KEY, applied TEXT NOT NULL);"


def first_edition_on_sqlite(url: str) -> None:
    """A database as the first migration left it, with an entity of two versions."""
    with sqlite3.connect(Path(url.removeprefix("sqlite:///"))) as file:
        file.executescript(LEDGER + SQLITE.migrations()[0][1] + CONTENT)
    file.close()


def first_edition_on_postgresql(url: str) -> None:
    """The same on PostgreSQL."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute((LEDGER + POSTGRESQL.migrations()[0][1] + CONTENT).encode())


@pytest.fixture
def old_database(database_url: str) -> str:
    lay: Callable[[str], None] = (
        first_edition_on_sqlite if database_url.startswith("sqlite") else first_edition_on_postgresql
    )
    lay(database_url)
    return database_url


def test_a_database_of_the_first_edition_is_read_changed_and_remembered(old_database: str) -> None:
    application = headwater.application(Settings(database=old_database))
    try:
        api = Api(application)
        path = named("services/databaseServices", "shop")
        assert (api.get(path)["description"], api.get(path)["version"]) == ("sales", 0.2)
        assert "description" not in api.get(path, asOf="@1").body
        assert api.patch(path, {"op": "add", "path": "/displayName", "value": "Shop"})["version"] == 0.3
        assert api.get("services/databaseServices")["data"][0]["displayName"] == "Shop"
        assert len(api.get(f"{path}/versions")["versions"]) == 3
    finally:
        application.catalog.close()
