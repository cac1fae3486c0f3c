# SPDX-License-Identifier: Apache-2.0
"""The catalogue: every question and every change that callers may make.

Reads take one snapshot, writes one transaction. A change returns once it is safe on disk.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from headwater.catalog import lineage as graph
from headwater.catalog import reindex
from headwater.catalog.access import ADMIN
from headwater.catalog.context import Context, Key, chosen_fields, position_of
from headwater.catalog.governance import STATES, Governance, ReachQuestion
from headwater.catalog.lineage import End, LineageReader, LineageWriter
from headwater.catalog.reading import Found, Page, PageRequest, Reader, View
from headwater.catalog.search.service import Search
from headwater.catalog.secrets import Vault
from headwater.catalog.writing import Outcome, Write, Writer
from headwater.errors import CatalogError, EntityNotFound, status_of
from headwater.schema.base import Document
from headwater.schema.declare import EntityType, Inverse
from headwater.schema.registry import Registry
from headwater.store import documents, events, history
from headwater.store.database import Database, Transaction

CHUNK = 100
"""How many rows of a bulk request share a transaction; a kill leaves whole chunks."""


class Catalog:
    """One catalogue on one database. ``search_folder``: where search indexes are kept."""

    def __init__(self, database: Database, registry: Registry, vault: Vault, search_folder: Path) -> None:
        self.database = database
        self.registry = registry
        self.context = Context(registry, vault)
        self.search = Search(database, self.context, search_folder)
        self._seed()

    def close(self) -> None:
        """Give up the database and the search index."""
        self.search.close()
        self.database.close()

    # reading ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _reader(self, view: View) -> Iterator[Reader]:
        with self.database.read() as session:
            position = position_of(session, view.as_of) if view.as_of else None
            yield Reader(session, self.context, position, view)

    def get(self, declared: EntityType, key: Key, view: View) -> Found:
        """One entity."""
        if view.as_of is None and view.fields is None:
            with self.database.glance() as session:
                kept = Reader(session, self.context, None, view).kept(declared, key)
            if kept:
                return kept
        with self._reader(view) as reader:
            return reader.found(declared, key)

    def page(self, declared: EntityType, request: PageRequest, view: View) -> Page:
        """A page of a type's list."""
        with self._reader(view) as reader:
            return reader.page(declared, request)

    def inverse(self, declared: EntityType, key: Key, inverse: Inverse, limit: int, offset: int, view: View) -> Page:
        """A page of the entities that refer to one."""
        with self._reader(view) as reader:
            return reader.inverse(declared, key, inverse, limit, offset)

    def versions(self, declared: EntityType, key: Key, view: View) -> list[Document]:
        """Every version of an entity, newest first."""
        with self._reader(view) as reader:
            return reader.versions(declared, key)

    def version(self, declared: EntityType, key: Key, number: str, view: View) -> Document:
        """One version of an entity."""
        with self._reader(view) as reader:
            return reader.version(declared, key, number)

    def fields(self, declared: EntityType, members: Iterable[str] | None) -> frozenset[str] | None:
        """The optional members that a caller asked for; ``InvalidEntity`` names one that does not exist."""
        return chosen_fields(declared, members)

    def events(self, after: int = 0, since: int = 0, limit: int = 1000) -> list[Document]:
        """Change events beyond a position and not before a time in milliseconds, oldest first."""
        with self.database.read() as session:
            return [
                {
                    "id": event.id,
                    "position": event.position,
                    "eventType": event.event_type,
                    "entityType": event.entity_type,
                    "entityId": event.entity_id,
                    "entityFullyQualifiedName": event.fqn,
                    "userName": event.user_name,
                    "timestamp": event.timestamp,
                    **({"previousVersion": event.previous_version / 10} if event.previous_version else {}),
                    **({"currentVersion": event.version / 10} if event.version else {}),
                    **({"changeDescription": orjson.loads(event.change)} if event.change else {}),
                }
                for event in events.after(session, after, since, limit)
            ]

    def newest_position(self) -> int:
        """The position of the newest event."""
        with self.database.read() as session:
            return history.newest(session)

    def count(self, declared: EntityType) -> int:
        """How many live entities of a type there are."""
        with self.database.read() as session:
            return documents.total(session, documents.Listing(type=declared.name))

    # writing ------------------------------------------------------------------------------------------------------

    def create(self, declared: EntityType, request: Document, write: Write) -> Outcome:
        """Add an entity; ``EntityExists`` if its FQN is taken."""
        return self._write(write, lambda writer: writer.create(declared, request))

    def upsert(self, declared: EntityType, request: Document, write: Write) -> Outcome:
        """Create or update an entity by the rules of PUT."""
        return self._write(write, lambda writer: writer.upsert(declared, request))

    def patch(self, declared: EntityType, key: Key, operations: Sequence[Mapping[str, Any]], write: Write) -> Outcome:
        """Apply a JSON Patch."""
        return self._write(write, lambda writer: writer.patch(declared, key, operations))

    def add(self, declared: EntityType, key: Key, member: str, items: Sequence[Any], write: Write) -> Outcome:
        """Add items to a list of an entity."""
        return self._write(write, lambda writer: writer.add(declared, key, member, items))

    def put_item(self, declared: EntityType, key: Key, item: Document, write: Write) -> Outcome:
        """Add an item to the list of which an entity takes single ones, or replace the one of its name."""
        return self._write(write, lambda writer: writer.put_item(declared, key, item))

    def delete(
        self, declared: EntityType, key: Key, write: Write, recursive: bool = False, hard: bool = False
    ) -> Outcome:
        """Delete an entity, softly unless ``hard``."""
        return self._write(write, lambda writer: writer.delete(declared, key, recursive, hard))

    def restore(self, declared: EntityType, key: Key, write: Write) -> Outcome:
        """Undo a soft deletion."""
        return self._write(write, lambda writer: writer.restore(declared, key))

    def follow(self, declared: EntityType, key: Key, user_id: str, follows: bool, write: Write) -> Document:
        """Make a user follow an entity, or stop; the change event."""
        return self.database.write(
            lambda transaction: Writer(transaction, self.context, write).follow(declared, key, user_id, follows)
        )

    def _write(self, write: Write, work: Any) -> Outcome:
        outcome: Outcome = self.database.write(lambda transaction: work(Writer(transaction, self.context, write)))
        return outcome

    def bulk_upsert(self, declared: EntityType, requests: Sequence[Document], write: Write) -> Document:
        """Create or update many entities; the counts, and for each row what became of it."""
        write = replace(write, if_match=None)
        passed: list[Document] = []
        failed: list[Document] = []
        for start in range(0, len(requests), CHUNK):
            work = partial(self._chunk, declared=declared, requests=requests[start : start + CHUNK], write=write)
            for row in self.database.write(work):
                (passed if row["status"] < 400 else failed).append(row)
        status = "success" if not failed else "partialSuccess" if passed else "failure"
        return {
            "dryRun": False,
            "status": status,
            "numberOfRowsProcessed": len(requests),
            "numberOfRowsPassed": len(passed),
            "numberOfRowsFailed": len(failed),
            "successRequest": passed,
            "failedRequest": failed,
        }

    def _chunk(
        self, transaction: Transaction, declared: EntityType, requests: Sequence[Document], write: Write
    ) -> list[Document]:
        rows = []
        writer = Writer(transaction, self.context, write)
        for request in requests:
            try:
                with transaction.savepoint():
                    outcome = writer.upsert(declared, request)
            except CatalogError as error:
                writer.forget()
                rows.append({"request": str(request.get("name")), "message": error.message, "status": status_of(error)})
            else:
                status = 201 if outcome.created else 200
                rows.append({"request": outcome.fqn, "message": outcome.event, "status": status})
        return rows

    # lineage ------------------------------------------------------------------------------------------------------

    def put_edge(
        self, upstream: End, downstream: End, details: Document | None, description: str | None, write: Write
    ) -> None:
        """Assert an edge of the lineage graph."""
        self.database.write(
            lambda transaction: LineageWriter(transaction, self.context, write).put(
                upstream, downstream, details, description
            )
        )

    def patch_edge(
        self, upstream: End, downstream: End, operations: Sequence[Mapping[str, Any]], write: Write
    ) -> Document:
        """Apply a JSON Patch to the details of an edge."""
        return self.database.write(
            lambda transaction: LineageWriter(transaction, self.context, write).patch(upstream, downstream, operations)
        )

    def delete_edge(self, upstream: End, downstream: End, write: Write) -> None:
        """Withdraw what was asserted of an edge; ``EdgeDerived`` if it follows from a document as well."""
        reasons = self.database.write(
            lambda transaction: LineageWriter(transaction, self.context, write).withdraw(upstream, downstream)
        )
        graph.refuse_derived(reasons, upstream.key.text, downstream.key.text)

    def delete_edges_of_source(self, downstream: End, source: str, write: Write) -> int:
        """Withdraw what one source asserted about the data that flows into an entity."""
        return self.database.write(
            lambda transaction: LineageWriter(transaction, self.context, write).withdraw_source(downstream, source)
        )

    def edge(self, upstream: End, downstream: End, view: View) -> Document:
        """The details of an edge."""
        with self._reader(view) as reader:
            up = reader.row(self.context.declared(upstream.type), upstream.key)
            down = reader.row(self.context.declared(downstream.type), downstream.key)
            return LineageReader(reader.session, self.context, reader.position, view).edge(up, down)

    def end_with_id(self, entity_id: str, view: View) -> End:
        """The end of an edge whose type the caller does not say."""
        with self._reader(view) as reader:
            row = None if "\0" in entity_id else documents.get(reader.session, entity_id)
            if row is None:
                raise EntityNotFound(f"entity instance for {entity_id} not found")
            return End(row.type, Key.id(entity_id))

    def lineage(self, end: End, upstream: int, downstream: int, view: View, cap: int = graph.NODE_CAP) -> Document:
        """The graph around an entity."""
        with self._reader(view) as reader:
            row = reader.row(self.context.declared(end.type), end.key)
            return LineageReader(reader.session, self.context, reader.position, view).graph(
                row, upstream, downstream, cap
            )

    # governance ---------------------------------------------------------------------------------------------------

    def reach(self, question: ReachQuestion, view: View) -> Document:
        """What a tag, a column or an entity reaches, each with its proof."""
        with self._reader(view) as reader:
            return Governance(reader, question.stops).reach(question)

    def tags_reaching(
        self, end: End, view: View, path: str | None = None, suggested: bool = False, cap: int = STATES
    ) -> Document:
        """The tags that reach an entity, or one field of it, each with its proof."""
        with self._reader(view) as reader:
            return Governance(reader).tags_reaching(self.context.declared(end.type), end.key, path, suggested, cap)

    # upkeep -------------------------------------------------------------------------------------------------------

    def reindex(self, progress: reindex.Progress = reindex.silent) -> dict[str, int]:
        """Rebuild every index from the recorded states; the number of rows of each."""
        return self.database.write(lambda transaction: reindex.rebuild(transaction, self.context, progress))

    def _seed(self) -> None:
        """Make the entities that every catalogue holds, where they are missing."""
        missing = [(declared, seed) for declared in self.registry.creation_order for seed in self._missing(declared)]
        if missing:
            self.database.write(lambda transaction: self._sow(transaction, missing))

    def _missing(self, declared: EntityType) -> list[Document]:
        with self.database.read() as session:
            return [
                seed
                for seed in self.registry.seeds(declared)
                if documents.find(session, declared.name, _seed_fqn(declared, seed)) is None
            ]

    def _sow(self, transaction: Transaction, seeds: Sequence[tuple[EntityType, Document]]) -> None:
        for declared, seed in seeds:
            if documents.find(transaction, declared.name, _seed_fqn(declared, seed)) is None:
                Writer(transaction, self.context, Write(principal=ADMIN)).create_system(declared, seed)


def _seed_fqn(declared: EntityType, seed: Document) -> str:
    above = next((seed[parent.field] for parent in declared.parents if seed.get(parent.field)), None)
    return declared.fqn_of(above, seed["name"], seed)
