# SPDX-License-Identifier: Apache-2.0
"""A large catalogue, written straight into the store's tables: a million entities by requests would take an hour.

``layers`` of tables, each table fed by tables of the layer above it. Sources lie close together, as they do in
warehouses, where a mart reads what its own team stages: a table at place ``p`` of its layer reads places within
``WINDOW`` of ``p``. The number of its sources is random between none and twice the mean. Every tenth edge has ended
again, so that "now" and the past differ. Names, ids and edges follow from one seed; nothing is drawn from real data.

With columns, every second edge is one between columns: each pair of tables has one edge, and one pair of columns.

Every table is written as the engine would write it: present row, state, name, event, each at a position of its own.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.payloads import SERVICE, surroundings
from headwater.catalog.access import ADMIN
from headwater.catalog.identity import new_id
from headwater.catalog.recording import Write
from headwater.catalog.service import Catalog
from headwater.store.database import Transaction
from headwater.store.documents import find, fqn_key

LAYERS = 12
WINDOW = 100
CHUNK = 50_000
SCHEMA = f"{SERVICE}.shop.public"
DOCUMENT = (
    '{{{members},"tableType":"Regular","databaseSchema":{schema},"database":{database},'
    '"service":{service},"serviceType":"Postgres"}}'
)
Row = tuple[Any, ...]

TABLES = {
    "entity": "node id type fqn fqn_key name parent version revision deleted removed position updated_at updated_by "
    "card shown_since",
    "entity_state": "position entity name parent version revision deleted removed updated_at updated_by document "
    "change withdrawn",
    "fqn_interval": "fqn_key since until entity fqn",
    "change_event": "position id event_type entity entity_type fqn user_name timestamp previous_version version change",
    "lineage_node": "entity path since until id name kind",
    "lineage_edge": "upstream downstream owner source asserter since until details",
}


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written: the first table's node, how many there are, and the position before the first of them.

    Each table has so many ``columns``, whose nodes come behind those of all tables.
    """

    first: int
    tables: int
    start: int
    columns: int = 0

    @property
    def last(self) -> int:
        """The position of the last table, at which every tenth edge ends; one before, all are there."""
        return self.start + self.tables

    def since(self, node: int) -> int:
        """The position at which a table was written."""
        return self.start + 1 + node - self.first

    def column(self, node: int, number: int) -> int:
        """The node of a column of a table."""
        return self.first + self.tables + (node - self.first) * self.columns + number % self.columns

    def name(self, node: int) -> str:
        """The FQN of a table."""
        return f"{SCHEMA}.synthetic_{node - self.first:07}"

    def deepest(self, count: int, seed: int = 1) -> list[int]:
        """Nodes in the lowest layer, from where everything lies upstream."""
        layer = self.tables // LAYERS
        return random.Random(seed).sample(
            range(self.first + layer * (LAYERS - 1), self.first + self.tables), min(count, layer)
        )


def plain(index: int) -> str:
    """What a table says of itself, as members of its document: a line, and no columns."""
    return f'"description":"Synthetic table {index}","columns":[]'


def with_columns(columns: int) -> Callable[[int], str]:
    """As ``plain``, with so many columns."""
    told = ",".join(f'{{"name":"c{number}","dataType":"INT"}}' for number in range(columns))
    return lambda index: f'"description":"Synthetic table {index}","columns":[{told}]'


def surround(catalog: Catalog) -> None:
    """Put services, database, schema and the tables that models stand on."""
    for collection, body in surroundings():
        declared = next(one for one in catalog.registry if one.collection == collection)
        catalog.upsert(declared, body, Write(principal=ADMIN))


def fill(
    catalog: Catalog,
    tables: int,
    edges: int,
    seed: int = 20,
    members: Callable[[int], str] | None = None,
    columns: int = 0,
) -> Filled:
    """Add so many tables, and about so many edges between them and their columns, to an empty catalogue."""
    surround(catalog)
    clock = catalog.database.write(lambda transaction: transaction.clock)
    filled = Filled(clock.node + 1, tables, clock.position, columns)
    members = members or (with_columns(columns) if columns else plain)
    for start in range(0, tables, CHUNK):
        count = min(CHUNK, tables - start)
        catalog.database.write(partial(_add_tables, start=start, count=count, members=members))
    for start in range(0, tables * columns, CHUNK):
        catalog.database.write(partial(_add_columns, filled=filled, start=start))
    pairs = _pairs(filled, edges // 2 if columns else edges, random.Random(seed))
    while chunk := [pair for _, pair in zip(range(CHUNK), pairs, strict=False)]:
        catalog.database.write(partial(_add_edges, filled=filled, pairs=chunk))
    return filled


def _add_tables(transaction: Transaction, start: int, count: int, members: Callable[[int], str]) -> None:
    schema = find(transaction, "databaseSchema", SCHEMA)
    assert schema is not None
    above = {
        kind: f'{{"id":"{row.id}","type":"{kind}"}}'
        for kind, fqn in (("databaseSchema", SCHEMA), ("database", f"{SERVICE}.shop"), ("databaseService", SERVICE))
        if (row := find(transaction, kind, fqn))
    }
    nodes = transaction.new_nodes(count)
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for index, node in enumerate(nodes, start):
        clock = transaction.tick()
        position, now = clock.position, clock.timestamp
        entity_id, name = new_id(), f"synthetic_{index:07}"
        fqn = f"{SCHEMA}.{name}"
        key = fqn_key("table", fqn)
        document = DOCUMENT.format(
            members=members(index),
            schema=above["databaseSchema"],
            database=above["database"],
            service=above["databaseService"],
        )
        state = (1, 1, 0)  # version in tenths, revision, not deleted
        made = (now, "admin")
        rows["entity"].append(
            (node, entity_id, "table", fqn, key, name, schema.node, *state, None, position, *made, None, position)
        )
        rows["entity_state"].append((position, node, name, schema.node, *state, 0, *made, document, None, None))
        rows["fqn_interval"].append((key, position, None, node, fqn))
        rows["change_event"].append(
            (position, new_id(), "entityCreated", node, "table", fqn, "admin", now, None, 1, None)
        )
    for table, written in rows.items():
        _insert(transaction, table, written)
    transaction.queries.count_entities(
        transaction.connection, type="table", parent=schema.node, deleted=0, change=count
    )


def _add_columns(transaction: Transaction, filled: Filled, start: int) -> None:
    """The columns of that many first columns on."""
    numbers = range(start, min(start + CHUNK, filled.tables * filled.columns))
    ids = transaction.new_nodes(len(numbers))
    transaction.tick()  # The numbers are taken for good only together with a position.
    assert ids[0] == filled.first + filled.tables + start
    rows = []
    for number, node in zip(numbers, ids, strict=True):
        table, name = filled.first + number // filled.columns, f"c{number % filled.columns}"
        rows.append((table, name, filled.since(table), None, node, name, "INT"))
    _insert(transaction, "lineage_node", rows)


def _pairs(filled: Filled, edges: int, draw: random.Random) -> Iterator[tuple[int, int]]:
    """Upstream and downstream nodes."""
    layer = filled.tables // LAYERS
    mean = edges / (layer * (LAYERS - 1))
    for index in range(layer, layer * LAYERS):
        place, above = index % layer, (index // layer - 1) * layer
        low, high = max(0, place - WINDOW), min(layer, place + WINDOW)
        count = int(draw.uniform(0, 2 * mean) + 0.5)
        for source in {draw.randrange(low, high) for _ in range(count)}:
            yield filled.first + above + source, filled.first + index


def _add_edges(transaction: Transaction, filled: Filled, pairs: Sequence[tuple[int, int]]) -> None:
    """Edges that machines asserted when the downstream table was written; one of ten has ended at the end."""
    rows = []
    for up, down in pairs:
        interval = filled.since(down), filled.last if (up + down) % 10 == 0 else None
        rows.append((up, down, None, "QueryLineage", "", *interval, "{}"))
        if filled.columns:
            ends = filled.column(up, up + down), filled.column(down, up // 7 + down)
            rows.append((*ends, None, "QueryLineage", "", *interval, "{}"))
    _insert(transaction, "lineage_edge", rows)


def _insert(transaction: Transaction, table: str, rows: Iterable[Row]) -> None:
    columns = TABLES[table].split()
    if transaction.dialect.name == "postgresql":
        with transaction.connection.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        places = ", ".join("?" * len(columns))
        transaction.connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
