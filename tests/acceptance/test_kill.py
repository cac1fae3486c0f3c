# SPDX-License-Identifier: Apache-2.0
"""An acknowledged write survives ``kill -9`` at any moment.

Clients write to a server until it is killed, each remembering what was acknowledged and what it was waiting for.
The server is started again on the same database, and every acknowledged write must be there; what was in flight has
happened as a whole or not at all. Each client writes entities of its own, so it knows what they must look like.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Caller, Launch, Reply, Server

KILLS = 100
CLIENTS = 4
BULK = 130
CHUNK = 100
LOOKED_AT = 5
SHARED = ("customers", "orders", "visits")
COLUMNS = ("a", "b", "c", "d", "e")
TAGS = ("Tier.Tier1", "PII.Sensitive", "PersonalData.Personal")
SCHEMA = "shop.main.public"

Feature = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class State:
    """What a client knows of an entity; ``revision`` counts its changes, and each has a text of its own."""

    text: str
    revision: int
    deleted: bool = False
    features: tuple[Feature, ...] = ()
    tags: frozenset[str] = frozenset()
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class Pending:
    """A request that was sent: what each entity that it touches is afterwards (None: gone), in whole chunks."""

    chunks: list[dict[str, State | None]]
    edges: dict[tuple[str, str], bool] = field(default_factory=dict)


def url_of(fqn: str) -> str:
    kind = "tables" if fqn.startswith("shop.") else "mlmodels" if fqn.count(".") == 1 else "mlmodelVersions"
    return f"/api/v1/{kind}/name/{fqn}"


def seen(entity: dict[str, Any]) -> State:
    """What a reply says of an entity, in the terms of a client. The revision is not in the body."""
    return State(
        entity.get("description", ""),
        0,
        entity["deleted"],
        tuple(
            (
                feature["name"],
                tuple((one["name"], one["dataSource"]["fullyQualifiedName"]) for one in feature["featureSources"]),
            )
            for feature in entity.get("mlFeatures", entity.get("signature", {}).get("inputs", ()))
        ),
        frozenset(label["tagFQN"] for label in entity["tags"]),
        tuple(column["name"] for column in entity.get("columns", ())),
    )


class Client:
    """Writes entities of its own, and knows what was acknowledged."""

    def __init__(self, number: int, seed: int) -> None:
        self.number = number
        self.random = random.Random(seed)
        self.known: dict[str, State] = {}
        self.edges: dict[tuple[str, str], bool] = {}
        self.pending: Pending | None = None
        self.acknowledged = 0
        self.errors: list[str] = []
        self.models = [f"headwater.model{number}_{index}" for index in range(5)]
        self.tables = [f"{SCHEMA}.own{number}_{index}" for index in range(2)]
        self.views = [f"{SCHEMA}.view{number}_{index}" for index in range(2)]
        self.keeper = f"headwater.keeper{number}"

    def run(self, caller: "Caller", gone: type[Exception]) -> None:
        """Write until the server is gone."""
        try:
            while True:
                self.step(caller)
        except gone:
            pass
        except Exception as error:  # noqa: BLE001 -- told by the main thread
            self.errors.append(repr(error))

    def step(self, caller: "Caller") -> None:
        """One request that changes something."""
        kind = self.random.random()
        if kind < 0.04:
            self.bulk(caller)
        elif kind < 0.12:
            self.refused(caller)
        elif kind < 0.2:
            self.edge(caller)
        elif kind < 0.32:
            self.table(caller, self.random.choice(self.tables))
        elif kind < 0.42:
            self.view(caller, self.random.choice(self.views))
        elif kind < 0.5:
            self.version(caller, f"{self.keeper}.{self.random.randrange(3)}")
        else:
            self.model(caller, self.random.choice(self.models))

    # models -------------------------------------------------------------------------------------------------------

    def content(self) -> State:
        sources = [f"{SCHEMA}.{name}" for name in SHARED] + [one for one in self.tables if self.alive(one)]
        features = [
            (
                f"feature {index}",
                tuple(
                    (self.random.choice(COLUMNS), self.random.choice(sources)) for _ in range(self.random.randrange(3))
                ),
            )
            for index in range(self.random.randrange(1, 8))
        ]
        tags = frozenset(self.random.sample(TAGS, self.random.randrange(len(TAGS))))
        return State(uuid4().hex, 1, features=tuple(features), tags=tags)

    def alive(self, fqn: str) -> bool:
        return fqn in self.known and not self.known[fqn].deleted

    def model(self, caller: "Caller", fqn: str) -> None:
        old = self.known.get(fqn)
        content = self.content()
        if old is None:
            method = self.random.choice(("PUT", "POST"))
            self.ask(caller, method, "/api/v1/mlmodels", self.request(fqn, content), {fqn: content})
        elif old.deleted:
            self.revive(caller, fqn, old, content)
        else:
            change = self.random.choice((self.put, self.put, self.patch, self.append, self.delete))
            change(caller, fqn, old, content)

    def request(self, fqn: str, content: State) -> dict[str, Any]:
        return {
            "name": fqn.rpartition(".")[2],
            "description": content.text,
            "mlFeatures": self.written(content.features),
            "tags": [{"tagFQN": tag} for tag in sorted(content.tags)],
        }

    def written(self, features: tuple[Feature, ...]) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "featureSources": [
                    {"name": column, "dataSource": {"type": "table", "fullyQualifiedName": table}}
                    for column, table in sources
                ],
            }
            for name, sources in features
        ]

    def put(self, caller: "Caller", fqn: str, old: State, content: State) -> None:
        after = replace(content, revision=old.revision + 1, tags=old.tags | content.tags)
        self.ask(caller, "PUT", "/api/v1/mlmodels", self.request(fqn, content), {fqn: after})

    def patch(self, caller: "Caller", fqn: str, old: State, content: State) -> None:
        operations = [
            {"op": "add", "path": "/description", "value": content.text},
            {"op": "add", "path": "/mlFeatures", "value": self.written(content.features)},
            {"op": "add", "path": "/tags", "value": [{"tagFQN": tag} for tag in sorted(content.tags)]},
        ]
        headers = {"If-Match": f'"{old.revision}"'} if self.random.random() < 0.5 else {}
        after = replace(content, revision=old.revision + 1)
        self.ask(caller, "PATCH", url_of(fqn), operations, {fqn: after}, headers)

    def append(self, caller: "Caller", fqn: str, old: State, content: State) -> None:
        feature = (f"more {old.revision}", content.features[0][1])
        operations = [
            {"op": "add", "path": "/mlFeatures/-", "value": self.written((feature,))[0]},
            {"op": "add", "path": "/description", "value": content.text},
        ]
        after = replace(old, text=content.text, features=(*old.features, feature), revision=old.revision + 1)
        self.ask(caller, "PATCH", url_of(fqn), operations, {fqn: after})

    def delete(self, caller: "Caller", fqn: str, old: State, content: State) -> None:
        hard = self.random.random() < 0.3
        after = None if hard else replace(old, deleted=True, revision=old.revision + 1)
        path = url_of(fqn) + f"?hardDelete={str(hard).lower()}"
        self.ask(caller, "DELETE", path, None, {fqn: after})

    def revive(self, caller: "Caller", fqn: str, old: State, content: State) -> None:
        """A soft-deleted model is restored, deleted for good, or restored and changed in one request."""
        choice = self.random.randrange(3)
        if choice == 0:
            after = replace(old, deleted=False, revision=old.revision + 1)
            caller_id = caller.done("GET", url_of(fqn), include="all")["id"]
            self.ask(caller, "PUT", "/api/v1/mlmodels/restore", {"id": caller_id}, {fqn: after})
        elif choice == 1:
            self.ask(caller, "DELETE", url_of(fqn) + "?hardDelete=true", None, {fqn: None})
        else:
            after = replace(content, revision=old.revision + 2, tags=old.tags | content.tags)
            self.ask(caller, "PUT", "/api/v1/mlmodels", self.request(fqn, content), {fqn: after})

    # tables, edges, bulk ------------------------------------------------------------------------------------------

    def table(self, caller: "Caller", fqn: str) -> None:
        old = self.known.get(fqn)
        text = uuid4().hex
        if old is None:
            request = {
                "name": fqn.rpartition(".")[2],
                "databaseSchema": SCHEMA,
                "description": text,
                "columns": [{"name": column, "dataType": "INT"} for column in COLUMNS],
            }
            self.ask(caller, "POST", "/api/v1/tables", request, {fqn: State(text, 1, columns=COLUMNS)})
        elif self.random.random() < 0.25:
            self.ask(caller, "DELETE", url_of(fqn) + "?hardDelete=true", None, {fqn: None})
        else:
            column = f"extra{old.revision}"
            operations = [
                {"op": "add", "path": "/columns/-", "value": {"name": column, "dataType": "INT"}},
                {"op": "add", "path": "/description", "value": text},
            ]
            after = State(text, old.revision + 1, columns=(*old.columns, column))
            self.ask(caller, "PATCH", url_of(fqn), operations, {fqn: after})

    def view(self, caller: "Caller", fqn: str) -> None:
        """A view of a table that may be there or not, or of the other view: its edges are read from its SQL."""
        old, text = self.known.get(fqn), uuid4().hex
        name = self.random.choice([*SHARED, *(one.rpartition(".")[2] for one in (*self.tables, *self.views))])
        items = self.random.choice(("a, b AS c", "*", "c, extra1 AS d", "a AS x, b AS c"))
        definition = f"SELECT {items} FROM {self.random.choice(('', 'public.', 'main.public.'))}{name}"
        if old is None:
            columns = self.random.choice((COLUMNS, COLUMNS[:2], COLUMNS[1:3]))
            request = {
                "name": fqn.rpartition(".")[2],
                "databaseSchema": SCHEMA,
                "description": text,
                "tableType": "View",
                "columns": [{"name": column, "dataType": "INT"} for column in columns],
                "schemaDefinition": definition,
            }
            self.ask(caller, "POST", "/api/v1/tables", request, {fqn: State(text, 1, columns=columns)})
        elif self.random.random() < 0.25:
            self.ask(caller, "DELETE", url_of(fqn) + "?hardDelete=true", None, {fqn: None})
        else:
            operations = [
                {"op": "add", "path": "/description", "value": text},
                {"op": "add", "path": "/schemaDefinition", "value": definition},
            ]
            after = replace(old, text=text, revision=old.revision + 1)
            self.ask(caller, "PATCH", url_of(fqn), operations, {fqn: after})

    def version(self, caller: "Caller", fqn: str) -> None:
        """A version of a model that stays."""
        if self.keeper not in self.known:
            content = self.content()
            self.ask(caller, "PUT", "/api/v1/mlmodels", self.request(self.keeper, content), {self.keeper: content})
            return
        old, content = self.known.get(fqn), replace(self.content(), tags=frozenset())
        about = {"description": content.text, "signature": {"inputs": self.written(content.features)}}
        if old is None:
            request = {"name": fqn.rpartition(".")[2], "mlmodel": self.keeper, **about}
            self.ask(caller, "POST", "/api/v1/mlmodelVersions", request, {fqn: content})
        elif self.random.random() < 0.25:
            self.ask(caller, "DELETE", url_of(fqn) + "?hardDelete=true", None, {fqn: None})
        else:
            operations = [{"op": "add", "path": f"/{member}", "value": value} for member, value in about.items()]
            after = replace(content, revision=old.revision + 1)
            self.ask(caller, "PATCH", url_of(fqn), operations, {fqn: after})

    def edge(self, caller: "Caller") -> None:
        """Assert that a table feeds a model of this client, or withdraw it."""
        live = [fqn for fqn in self.models if self.alive(fqn)]
        if not live:
            return
        model, table = self.random.choice(live), f"{SCHEMA}.{self.random.choice(SHARED)}"
        cites = any(source == table for _, sources in self.known[model].features for _, source in sources)
        if self.edges.get((table, model)) and not cites:
            path = f"/api/v1/lineage/table/name/{table}/mlmodel/name/{model}"
            self.ask(caller, "DELETE", path, None, {}, edges={(table, model): False})
        elif not self.edges.get((table, model)):
            ids = [caller.done("GET", url_of(fqn))["id"] for fqn in (table, model)]
            body = {
                "edge": {
                    "fromEntity": {"id": ids[0], "type": "table"},
                    "toEntity": {"id": ids[1], "type": "mlmodel"},
                    "lineageDetails": {"description": uuid4().hex},
                }
            }
            self.ask(caller, "PUT", "/api/v1/lineage", body, {}, edges={(table, model): True})

    def bulk(self, caller: "Caller") -> None:
        """Many models at once, some new and some known, two of them impossible, one of these at the last moment."""
        text = uuid4().hex
        names = [f"headwater.bulk{self.number}_{index}" for index in range(BULK)]
        rows, chunks = [], []
        for start in range(0, BULK, CHUNK):
            chunk: dict[str, State | None] = {}
            for fqn in names[start : start + CHUNK]:
                features: tuple[Feature, ...] = (("feature", (("a", f"{SCHEMA}.{SHARED[0]}"),)),)
                old = self.known.get(fqn)
                content = State(text, old.revision + 1 if old else 1, features=features)
                rows.append(self.request(fqn, content))
                chunk[fqn] = content
            chunks.append(chunk)
        impossible = self.random.sample(range(BULK), 2)
        rows[impossible[0]]["mlFeatures"][0]["featureSources"][0]["name"] = "no such column"
        rows[impossible[1]]["description"] += "\0"
        for chunk in chunks:
            for index in impossible:
                chunk.pop(names[index], None)
        self.pending = Pending(chunks)
        reply = caller.put("/api/v1/mlmodels/bulk", rows)
        assert reply.status == 200, reply.body
        assert reply.json["numberOfRowsFailed"] == 2, reply.body
        self.settle(self.pending)

    def refused(self, caller: "Caller") -> None:
        """A change that fails when a part of it is written: a restored model cites a column that is not there, or
        a text that cannot be stored is found after positions were given. It must leave no trace."""
        known = [fqn for fqn in self.models if fqn in self.known]
        if not known:
            return
        fqn = self.random.choice(known)
        if self.known[fqn].deleted:
            body = self.request(fqn, self.content())
            source = {"name": "no such column", "dataSource": f"{SCHEMA}.{SHARED[0]}"}
            body["mlFeatures"] = [{"name": "f", "featureSources": [source]}]
            reply = caller.put("/api/v1/mlmodels", body)
        else:
            reply = caller.patch(url_of(fqn), [{"op": "add", "path": "/description", "value": "\0"}])
        assert reply.status == 400, reply.body

    # bookkeeping --------------------------------------------------------------------------------------------------

    def ask(
        self,
        caller: "Caller",
        method: str,
        path: str,
        body: Any,
        after: dict[str, State | None],
        headers: dict[str, str] | None = None,
        edges: dict[tuple[str, str], bool] | None = None,
    ) -> None:
        """Send a change, and remember it once it is acknowledged."""
        self.pending = Pending([after], edges or {})
        reply = caller.send(method, path, body, headers)
        assert reply.status < 300, f"{method} {path}: {reply.status} {reply.body!r}"
        for state in after.values():
            if state is not None:
                assert reply.etag == f'"{state.revision}"', f"{method} {path}: {reply.headers}, not {state}"
                assert seen(reply.json) == replace(state, revision=0), f"{method} {path}: {reply.body!r}, not {state}"
        self.settle(self.pending)

    def settle(self, done: Pending) -> None:
        """Take a change as made."""
        for chunk in done.chunks:
            self.take(chunk)
        self.edges |= done.edges
        self.acknowledged += 1
        self.pending = None

    def take(self, chunk: dict[str, State | None]) -> None:
        for fqn, state in chunk.items():
            if state is None:
                del self.known[fqn]
                for edge in [edge for edge in self.edges if fqn in edge]:
                    del self.edges[edge]
            else:
                self.known[fqn] = state

    def resolve(self, caller: "Caller", states: dict[str, State]) -> bool:
        """Find out what became of the request that was in flight; whether any of it happened."""
        pending, self.pending = self.pending, None
        if pending is None:
            return False
        chunks = [chunk for chunk in pending.chunks if chunk]
        happened = [self.outcome(caller, states, chunk) for chunk in chunks]
        assert happened == sorted(happened, reverse=True), f"a later chunk is there without an earlier one: {happened}"
        for chunk, made in zip(chunks, happened, strict=True):
            if made:
                self.take(chunk)
        for (table, model), wanted in pending.edges.items():
            edge = caller.get(f"/api/v1/lineage/getLineageEdge/{self.id(caller, table)}/{self.id(caller, model)}")
            asserted = edge.status == 200 and "description" in edge.json["edge"]
            self.edges[table, model] = asserted
            happened.append(asserted == wanted)
        return any(happened)

    def id(self, caller: "Caller", fqn: str) -> str:
        return str(caller.done("GET", url_of(fqn), include="all")["id"])

    def outcome(self, caller: "Caller", states: dict[str, State], chunk: dict[str, State | None]) -> bool:
        """Whether a chunk was written: every row of it, or none."""
        made = set()
        for index, (fqn, state) in enumerate(chunk.items()):
            there, before = states.get(fqn), self.known.get(fqn)
            assert there in (state, before), f"{fqn} is {there}, neither {before} nor {state}"
            assert index > LOOKED_AT or look(caller, fqn) == there
            made.add(there == state)
        assert len(made) == 1, "half of a request was written"
        return made.pop()


def look(caller: "Caller", fqn: str) -> State | None:
    """An entity as the server shows it; its newest version must show the same."""
    reply: Reply = caller.get(url_of(fqn), include="all", fields="*")
    if reply.status == 404:
        return None
    assert reply.status == 200, reply.body
    versions = caller.done("GET", url_of(fqn) + "/versions")["versions"]
    assert seen(json.loads(versions[0])) == seen(reply.json)
    return replace(seen(reply.json), revision=int(reply.etag.strip('"')))


# the database's own view --------------------------------------------------------------------------------------------


def stored(consistency: ModuleType, url: str) -> tuple[dict[str, State], set[tuple[str, str]]]:
    """Every model, version and table, and every asserted edge, read with SQL."""
    with consistency.snapshot(url) as query:
        rows = query(
            "SELECT e.id, e.node, e.fqn, e.revision, e.deleted, s.document, e.removed, e.type "
            "FROM entity e JOIN entity_state s ON s.position = e.position"
        )
        edges = query("SELECT upstream, downstream FROM lineage_edge WHERE owner IS NULL AND until IS NULL")
    names = {row[0]: row[2] for row in rows}
    by_node = {row[1]: row[2] for row in rows}
    states = {}
    for _, _, fqn, revision, deleted, document, removed, kind in rows:
        if removed is None and kind in ("mlmodel", "mlmodelVersion", "table"):
            content = json.loads(document)
            for feature in content.get("mlFeatures", content.get("signature", {}).get("inputs", ())):
                for source in feature["featureSources"]:
                    source["dataSource"]["fullyQualifiedName"] = names[source["dataSource"]["id"]]
            content["tags"] = [{"tagFQN": names[label["id"]]} for label in content.get("tags", ())]
            states[fqn] = replace(seen(content | {"deleted": bool(deleted)}), revision=revision)
    return states, {(by_node[up], by_node[down]) for up, down in edges}


def check_ledgers(consistency: ModuleType, url: str, clients: list[Client]) -> None:
    """Everything that was acknowledged is there, and nothing else."""
    states, edges = stored(consistency, url)
    expected = {fqn: state for client in clients for fqn, state in client.known.items()}
    shared = {f"{SCHEMA}.{name}" for name in SHARED}
    lost = {fqn: (state, states.get(fqn)) for fqn, state in expected.items() if states.get(fqn) != state}
    assert not lost, f"acknowledged, and stored: {lost}"
    assert states.keys() - expected.keys() == shared
    assert edges == {edge for client in clients for edge, there in client.edges.items() if there}


def wait_for_backends(url: str) -> None:
    """PostgreSQL ends what a killed client began a moment later."""
    if not url.startswith("postgresql:"):
        return
    deadline = time.monotonic() + 30
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            others = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchone()
            if others == (0,):
                return
            time.sleep(0.005)
    raise AssertionError("connections of the killed server are still open")


@pytest.fixture
def compare_with_rebuilt(
    consistency: ModuleType, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[str], None]:
    """Rebuilds the indexes of a copy of a database and compares; no server may be connected to it."""
    import sqlite3

    import headwater
    from headwater.settings import Settings

    def compare(url: str) -> None:
        if url.startswith("postgresql:"):
            copy: str = request.getfixturevalue("copy_postgres")(url)
        else:
            path = tmp_path / f"copy-{uuid4().hex}.db"
            copy = f"sqlite:///{path}"
            source, target = sqlite3.connect(url.removeprefix("sqlite:///")), sqlite3.connect(path)
            source.backup(target)
            source.close()
            target.close()
        catalog = headwater.application(Settings(database=copy)).catalog
        try:
            catalog.reindex()
        finally:
            catalog.close()
        assert consistency.differences(consistency.indexes(copy), consistency.indexes(url)) == []

    return compare


@dataclass(slots=True)
class Tally:
    """What happened in a run."""

    kills: int = 0
    acknowledged: int = 0
    in_flight: int = 0
    happened: int = 0
    slowest_start: float = 0.0


def burst(server: "Server", clients: list[Client], delay: float) -> None:
    """Let all clients write, and kill the server after ``delay`` seconds."""
    callers = [server.caller() for _ in clients]
    caller = server.caller()
    caller.done("GET", "/health")
    gone = _gone(caller)
    threads = [
        threading.Thread(target=client.run, args=(one, gone)) for client, one in zip(clients, callers, strict=True)
    ]
    for thread in threads:
        thread.start()
    time.sleep(delay)
    server.process.kill()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    server.kill()
    errors = [error for client in clients for error in client.errors]
    assert not errors, errors


def _gone(caller: "Caller") -> type[Exception]:
    """The exception class of the callers' module."""
    import sys

    kind: type[Exception] = sys.modules[type(caller).__module__].Gone
    return kind


def delays(seed: int) -> Iterator[float]:
    """Moments to kill at: a quarter within the first milliseconds, while the first writes are on their way."""
    moments = random.Random(seed)
    while True:
        yield moments.uniform(0, 0.01) if moments.random() < 0.25 else moments.uniform(0.01, 0.7)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_kills_lose_no_acknowledged_write_and_leave_no_half(
    launch: "Launch",
    relaunch: "Launch",
    database_url: str,
    consistency: ModuleType,
    tables: Callable[..., None],
    compare_with_rebuilt: Callable[[str], None],
    record_property: Callable[[str, object], None],
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    clients = [Client(number, seed + number) for number in range(CLIENTS)]
    moments = delays(seed)
    tally = Tally()
    server = launch(database_url)
    tables(server.caller(), SHARED, COLUMNS)
    while tally.kills < KILLS:
        burst(server, clients, next(moments))
        tally.kills += 1
        thorough = tally.kills % 10 == 0
        wait_for_backends(database_url)
        if thorough:
            compare_with_rebuilt(database_url)
        begun = time.monotonic()
        server = (launch if thorough else relaunch)(database_url)
        tally.slowest_start = max(tally.slowest_start, time.monotonic() - begun)
        caller = server.caller()
        assert consistency.check(database_url) == []
        states, _ = stored(consistency, database_url)
        for client in clients:
            tally.in_flight += client.pending is not None
            tally.happened += client.resolve(caller, states)
        check_ledgers(consistency, database_url, clients)
        if thorough:
            assert consistency.check_indexes(database_url) == []
            for client in clients:
                for fqn in [fqn for fqn in client.known if "bulk" not in fqn or fqn.endswith("7")]:
                    assert look(caller, fqn) == client.known[fqn]
    tally.acknowledged = sum(client.acknowledged for client in clients)
    print(tally)
    record_property("tally", str(tally))
    assert tally.in_flight > tally.happened > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_kill_during_the_first_start_leaves_a_database_that_starts(
    relaunch: "Launch", kind: str, consistency: ModuleType, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Between the first statement of the migration and the last seed."""
    moments = random.Random()
    half_done = 0
    for number in range(20):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        if kind == "postgresql":
            url = request.getfixturevalue("fresh_postgres")()
        server = relaunch(url, wait=False)
        time.sleep(moments.uniform(0, 0.4))
        server.kill()
        wait_for_backends(url)
        with consistency.snapshot(url) as query:
            master = "sqlite_master" if kind == "sqlite" else "pg_tables"
            names = {row[0] for row in query(f"SELECT {'name' if kind == 'sqlite' else 'tablename'} FROM {master}")}
            half_done += "entity" not in names
        assert relaunch(url).caller().put("/api/v1/mlmodels", {"name": "m"}).status == 201
        assert consistency.check(url) == []
        with consistency.snapshot(url) as query:
            assert query("SELECT type, fqn FROM entity GROUP BY type, fqn HAVING count(*) > 1") == []
            assert query("SELECT count(*) FROM entity WHERE type = 'mlmodelService'") == [(1,)]
    assert half_done > 0
