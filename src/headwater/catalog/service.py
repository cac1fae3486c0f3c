# SPDX-License-Identifier: Apache-2.0
"""The catalogue: every question and every change that callers may make.

Reads take one snapshot, writes one transaction. A change returns once it is safe on disk.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import orjson

from headwater.catalog import (
    assets,
    attention,
    batches,
    comparison,
    deletion,
    drift,
    lineage_shapes,
    log,
    reindex,
    reverting,
    series,
    stale,
    statements,
    usage,
)
from headwater.catalog import events as feed
from headwater.catalog import lineage as graph
from headwater.catalog.access import ADMIN
from headwater.catalog.alerts.service import Alerts
from headwater.catalog.alerts.worker import Delivery
from headwater.catalog.checks.service import Checking, Checks
from headwater.catalog.context import Context, Key, chosen_fields, dump, parse, position_of
from headwater.catalog.governance import Governance, ReachQuestion, TagsQuestion
from headwater.catalog.impact import Impact, ImpactQuestion
from headwater.catalog.lineage import End, LineageReader, LineageWriter
from headwater.catalog.log import LogQuestion
from headwater.catalog.openlineage import outgoing
from headwater.catalog.openlineage.intake import Event, Intake, Taken
from headwater.catalog.past import past_of
from headwater.catalog.reading import Found, Page, PageRequest, Reader, View
from headwater.catalog.recording import Outcome, Write
from headwater.catalog.search.service import Search
from headwater.catalog.secrets import Vault
from headwater.catalog.suggestions import SuggestionsQuestion, open_suggestions
from headwater.catalog.writing import Writer
from headwater.errors import EntityNotFound
from headwater.schema.base import Document
from headwater.schema.change import BulkAssets, DeleteStale
from headwater.schema.declare import EntityType, Inverse, TimeSeries
from headwater.schema.drift import DriftThresholds
from headwater.schema.lineage import AddSqlLineage
from headwater.schema.registry import Registry
from headwater.schema.settings import OPEN_LINEAGE
from headwater.store import documents, events, history, settings
from headwater.store.database import Database, Transaction
from headwater.store.series import Span

T = TypeVar("T")

CLIENTS = "clients."
"""Goes before the names of settings that are kept for clients, among those of the installation."""


class Catalog:
    """One catalogue on one database. ``search_folder``: where search indexes are kept. ``delivery``: how alerts are
    sent, ``checking``: how it is looked up whether what is in production answers."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        vault: Vault,
        search_folder: Path,
        delivery: Delivery | None = None,
        checking: Checking | None = None,
    ) -> None:
        self.database = database
        self.registry = registry
        self.context = Context(registry, vault)
        self.search = Search(database, self.context, search_folder)
        self.alerts = Alerts(database, self.context, delivery or Delivery())
        self.checks = Checks(database, self.context, checking or Checking())
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

    def versions(
        self, declared: EntityType, key: Key, view: View, limit: int | None = None, offset: int = 0
    ) -> list[Document]:
        """The versions of an entity, newest first; all, or a part of them."""
        with self._reader(view) as reader:
            return reader.versions(declared, key, limit, offset)

    def recorded(
        self, declared: EntityType, start: int, end: int, before: int, limit: int, view: View
    ) -> tuple[list[Document], int, int | None]:
        """The versions of a type's entities recorded between two moments, newest first: those before a position, how
        many there are in all, and the position before which the list goes on."""
        with self._reader(view) as reader:
            return reader.recorded(declared, history.Span(start, end, before, limit))

    def version(self, declared: EntityType, key: Key, number: str, view: View) -> Document:
        """One version of an entity."""
        with self._reader(view) as reader:
            return reader.version(declared, key, number)

    def compare(self, declared: EntityType, key: Key, other: str, view: View) -> Document:
        """What differs between an entity and another one of its type, which lives under the same parent."""
        with self._reader(view) as reader:
            return comparison.compare(reader, declared, key, other)

    def diff(self, declared: EntityType, key: Key, first: str, last: str, view: View) -> Document:
        """What turns one version of an entity, or its state at a moment, into another."""
        with self._reader(view) as reader:
            return past_of(reader, declared, key).diff(first, last)

    def log(self, question: LogQuestion, view: View) -> Document:
        """Who changed what, newest first."""
        with self._reader(view) as reader:
            return log.answer(reader, question)

    def assets(self, declared: EntityType, key: Key, limit: int, offset: int, view: View) -> tuple[list[Document], int]:
        """A page of references to what holds an entity in the member that its type names; and how many there are."""
        with self._reader(view) as reader:
            return assets.page(reader, declared, key, limit, offset)

    def entries(
        self, declared: EntityType, wanted: TimeSeries, key: Key, span: tuple[int, int, int, int], view: View
    ) -> tuple[list[Document], int]:
        """The entries of a series between two moments, newest first: ``span`` is (start, end, limit, offset)."""
        with self._reader(view) as reader:
            return series.page(reader, declared, wanted, key, Span(*span))

    def entry(self, declared: EntityType, wanted: TimeSeries, key: Key, item: str, view: View) -> Document:
        """One entry of a series by its key."""
        with self._reader(view) as reader:
            return series.entry(reader, declared, wanted, key, item)

    def with_entries(self, declared: EntityType, wanted: TimeSeries, key: Key, view: View) -> Document:
        """An entity that shows the newest entries of a series, and of those that are recorded together with it."""
        with self._reader(view) as reader:
            return series.shown(reader, declared, wanted, key)

    def drift(self, declared: EntityType, key: Key, limits: DriftThresholds | None, view: View) -> Document:
        """How far the data behind an entity have moved since it was made, by the catalogue's thresholds or others."""
        with self._reader(view) as reader:
            return drift.DriftReader(reader, limits).answer(declared, key)

    def drift_thresholds(self) -> DriftThresholds:
        """From which figures on drift is told of."""
        with self.database.read() as session:
            return drift.thresholds(session)

    def usage(self, entity_type: str, key: Key, last: date, days: int, view: View) -> Document:
        """How often an entity was used on each of so many days up to ``last``."""
        with self._reader(view) as reader:
            return usage.shown(reader, self.context.declared(entity_type), key, last, days)

    def fields(self, declared: EntityType, members: Iterable[str] | None) -> frozenset[str] | None:
        """The optional members that a caller asked for; ``InvalidEntity`` names one that does not exist."""
        return chosen_fields(declared, members)

    def events(self, after: int = 0, since: int = 0, limit: int = 1000) -> list[Document]:
        """Change events beyond a position and not before a time in milliseconds, oldest first."""
        with self.database.read() as session:
            return [feed.written(event) for event in events.after(session, after, since, limit)]

    def settings(self, names: Iterable[str]) -> dict[str, Document]:
        """The settings of clients among ``names`` that were set."""
        with self.database.read() as session:
            found = {name: settings.get(session, CLIENTS + name) for name in names}
        return {name: orjson.loads(text) for name, text in found.items() if text is not None}

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

    def take_out(self, declared: EntityType, key: Key, member: str, item: str, write: Write) -> Outcome:
        """Take a text out of a list of an entity."""
        return self._write(write, lambda writer: writer.take_out(declared, key, member, item))

    def put_item(self, declared: EntityType, key: Key, item: Document, write: Write) -> Outcome:
        """Add an item to the list of which an entity takes single ones, or replace the one of its name."""
        return self._write(write, lambda writer: writer.put_item(declared, key, item))

    def delete(
        self, declared: EntityType, key: Key, write: Write, recursive: bool = False, hard: bool = False
    ) -> Outcome:
        """Delete an entity, softly unless ``hard``."""
        return self._write(write, lambda writer: deletion.delete(writer, declared, key, recursive, hard))

    def revert(self, declared: EntityType, key: Key, version: str, leave_out: bool, write: Write) -> Outcome:
        """Make an entity say again what an earlier version said; ``leave_out`` does without what is gone since."""
        return self._write(write, lambda writer: reverting.revert(writer, declared, key, version, leave_out))

    def restore(self, declared: EntityType, key: Key, write: Write) -> Outcome:
        """Undo a soft deletion."""
        return self._write(write, lambda writer: deletion.restore(writer, declared, key))

    def follow(self, declared: EntityType, key: Key, user_id: str, follows: bool, write: Write) -> Document:
        """Make a user follow an entity, or stop; the change event."""
        return self.database.write(
            lambda transaction: attention.follow(
                Writer(transaction, self.context, write), declared, key, user_id, follows
            )
        )

    def vote(self, declared: EntityType, key: Key, kind: str, write: Write) -> Document:
        """The caller votes for an entity or against it, or takes the vote back; the change event."""
        return self.database.write(
            lambda transaction: attention.vote(Writer(transaction, self.context, write), declared, key, kind)
        )

    def set_drift_thresholds(self, limits: DriftThresholds) -> None:
        """Say from which figures on drift is told of."""
        self.database.write(lambda transaction: drift.set_thresholds(transaction, limits))

    def add_entries(self, declared: EntityType, wanted: TimeSeries, key: Key, body: Any, write: Write) -> Outcome:
        """Record entries of a series: one, a list of them, or the request of several series."""
        return self._write(write, lambda writer: series.add(writer, declared, wanted, key, body))

    def remove_entry(
        self, declared: EntityType, wanted: TimeSeries, key: Key, item: str | None, write: Write
    ) -> Outcome:
        """End an entry of a series, or (None) erase what a series without keys holds."""
        return self._write(write, lambda writer: series.remove(writer, declared, wanted, key, item))

    def report_usage(self, entity_type: str, key: Key, request: Document, add: bool, write: Write) -> Document:
        """Record how often an entity was used on a day, in all or (``add``) besides what is known; its use by then."""
        declared = self.context.declared(entity_type)
        return self.database.write(
            lambda transaction: usage.report(Writer(transaction, self.context, write), declared, key, request, add)
        )

    def rank_usage(self, entity_type: str, day: date) -> int:
        """Rank the entities of a type by their use up to a day; how many there are."""
        declared = self.context.declared(entity_type)
        return self.database.write(lambda transaction: usage.rank(transaction, declared, day))

    def put_setting(self, name: str, value: Document) -> None:
        """Keep a setting of clients."""
        text = dump(value)
        self.database.write(lambda transaction: settings.put(transaction, CLIENTS + name, text))

    def _write(self, write: Write, work: Any) -> Outcome:
        outcome: Outcome = self.database.write(lambda transaction: work(Writer(transaction, self.context, write)))
        return outcome

    # batches ------------------------------------------------------------------------------------------------------

    def bulk_upsert(self, declared: EntityType, requests: Sequence[Document], write: Write) -> Document:
        """Create or update many entities; the counts, and for each row what became of it."""

        def work(writer: Writer, request: Document) -> batches.Row:
            outcome = writer.upsert(declared, request)
            return batches.Row(outcome.fqn, outcome.event, 201 if outcome.created else 200)

        return self._batch(write, requests, work, lambda request: str(request.get("name")))

    def delete_stale(self, declared: EntityType, request: Document, write: Write) -> Document:
        """Delete the entities of a scope that a connector did not see again; as ``bulk_upsert`` answers."""
        asked = parse(DeleteStale, request)
        recursive, hard = asked.get("recursive", True), asked.get("hardDelete", False)
        with self._reader(View()) as reader:
            found = stale.find(reader, declared, asked)

        def work(writer: Writer, one: stale.Stale) -> batches.Row:
            return batches.Row(one.fqn, stale.delete(writer, declared, one, recursive, hard), 200)

        return self._batch(write, found, work, lambda one: one.fqn, asked.get("dryRun", False))

    def _batch(
        self,
        write: Write,
        items: Sequence[T],
        work: Callable[[Writer, T], batches.Row],
        name: Callable[[T], str],
        dry_run: bool = False,
    ) -> Document:
        """Work for many items; ``If-Match`` is about one entity and counts for nothing here."""
        write = replace(write, if_match=None)
        batch = batches.Batch(lambda transaction: Writer(transaction, self.context, write), work, name, dry_run)
        return batch.run(self.database, items)

    def change_assets(self, declared: EntityType, key: Key, request: Document, add: bool, write: Write) -> Document:
        """Add assets to a holder (an owner, a domain, …) or remove them; as ``bulk_upsert`` answers."""
        asked = parse(BulkAssets, request)
        with self._reader(View()) as reader:
            holder = reader.row(declared, key)

        def work(writer: Writer, asset: Document) -> batches.Row:
            return assets.change(writer, declared, holder, asset, add)

        given = asked.get("assets") or []
        return self._batch(write, given, work, assets.name_of, asked.get("dryRun", False))

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

    def put_sql(self, request: Document, write: Write) -> Document:
        """Assert the edges that SQL means; what was asserted, and what was not understood."""
        asked = parse(AddSqlLineage, request)
        return self.database.write(
            lambda transaction: statements.put(LineageWriter(transaction, self.context, write), asked)
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

    def take_event(self, event: Event, write: Write) -> Taken:
        """Take in what an OpenLineage event says; how many edges that changed, and what was refused in it."""
        given = self.settings((OPEN_LINEAGE,)).get(OPEN_LINEAGE, {})
        write = replace(write, if_match=None)
        return self.database.write(lambda transaction: Intake(transaction, self.context, write, given).take(event))

    def job_events(self, end: End, upstream: int, view: View) -> list[Document]:
        """OpenLineage events that say what flows into an entity, and into those within so many hops upstream of it."""
        given = self.settings((OPEN_LINEAGE,)).get(OPEN_LINEAGE, {})
        with self._reader(view) as reader:
            row = reader.row(self.context.declared(end.type), end.key)
            return outgoing.events(reader, row, upstream, given)

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

    def lineage_view(self, end: End, upstream: int, downstream: int, view: View, include_deleted: bool) -> Document:
        """The graph around an entity with the entities in it, as OpenMetadata's lineage view wants it."""
        with self._reader(view) as reader:
            row = reader.row(self.context.declared(end.type), end.key)
            walker = LineageReader(reader.session, self.context, reader.position, view)
            found = walker.graph(row, upstream, downstream)
            reader.names = walker.names
            return lineage_shapes.view(reader, found, include_deleted)

    # governance ---------------------------------------------------------------------------------------------------

    def reach(self, question: ReachQuestion, view: View) -> Document:
        """What a tag, a column or an entity reaches, each with its proof."""
        with self._reader(view) as reader:
            return Governance(reader, question.stops, question.policy).reach(question)

    def tags_reaching(self, end: End, question: TagsQuestion, view: View) -> Document:
        """The tags that reach an entity, or one field of it, each with its proof."""
        with self._reader(view) as reader:
            governance = Governance(reader, question.stops, question.policy)
            return governance.tags_reaching(self.context.declared(end.type), end.key, question)

    def suggestions(self, question: SuggestionsQuestion, view: View) -> Document:
        """The suggested labels that nobody has decided about."""
        with self._reader(view) as reader:
            return open_suggestions(reader, question)

    def unread(self, view: View) -> list[Document]:
        """The views of whose definition something was not understood, each with what and where."""
        with self._reader(view) as reader:
            return Governance(reader).unread()

    def impact(self, question: ImpactQuestion, view: View) -> Document:
        """What planned changes would break, change or tag, each with its proof."""
        with self._reader(view) as reader:
            return Impact(reader).impact(question)

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
