# SPDX-License-Identifier: Apache-2.0
"""One event, taken in inside one transaction.

What an event cannot mean here is refused by name, and the rest of it counts: a producer does not send it twice.

A statement is what flows into one output, as the events of a run say together, or one event that describes a job or a
dataset. A run makes its statements at the moment of its last event that ends it well, or that is of a job which never
ends. Of the statements that a job makes about an output the one of the latest moment counts, in whatever order the
events come, and it counts whole.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from headwater.catalog.context import Context, checked
from headwater.catalog.lineage import Column, Flow, LineageWriter
from headwater.catalog.openlineage import runs, together
from headwater.catalog.openlineage.entities import Entities
from headwater.catalog.openlineage.runs import Used
from headwater.catalog.openlineage.together import Link, Together, Traced
from headwater.catalog.recording import Write
from headwater.errors import InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.lineage import LineageSource
from headwater.schema.openlineage import (
    ColumnLineageFacet,
    Dataset,
    DatasetEvent,
    EventType,
    InputField,
    JobEvent,
    OutputField,
    RunEvent,
    revealing,
    transformation,
)
from headwater.store import documents
from headwater.store.database import Transaction
from headwater.store.lineage import Assertion
from headwater.store.rows import EntityRow
from headwater.transformation import Transformation

Event = RunEvent | JobEvent | DatasetEvent
Columns = list[Column]
Pairs = dict[tuple[str, str], list[Transformation | None]]
"""Column pairs between two entities, each with all that becomes of a value on the way."""


@dataclass(slots=True)
class Taken:
    """What became of an event: how many edges it changed, and what in it was refused."""

    edges: int = 0
    refused: list[str] = field(default_factory=list)


def parsed(body: object) -> Event:
    """An event of any kind; ``InvalidEntity`` with every fault."""
    if not isinstance(body, dict):
        raise InvalidEntity("an event must be a JSON object")
    if "run" in body:
        return checked(RunEvent, body)
    if "job" in body:
        return checked(JobEvent, body)
    if "dataset" in body:
        return checked(DatasetEvent, body)
    raise InvalidEntity("an event needs a run and its job, a job, or a dataset")


class Intake:
    """Takes one event in."""

    def __init__(self, transaction: Transaction, context: Context, write: Write, settings: Document) -> None:
        self.lineage = LineageWriter(transaction, context, write)
        self.transaction = transaction
        self.taken = Taken()
        self.entities = Entities(self.lineage.writer, settings, self.taken.refused)

    def take(self, event: Event) -> Taken:
        """What became of it."""
        if isinstance(event, DatasetEvent):
            self._take_dataset(event)
        else:
            self._take_job(event)
        self.taken.refused[:] = dict.fromkeys(self.taken.refused)
        return self.taken

    def _take_dataset(self, event: DatasetEvent) -> None:
        row = self.entities.dataset(event.dataset)
        if row is None:
            return
        runs.profile(self.lineage.writer, row, event.dataset, event.moment, self.taken.refused)
        if facet := _told(event.dataset):
            assertion = Assertion(LineageSource.OPEN_LINEAGE, "")
            sources = [found for one in _inputs(facet) if (found := self.entities.named(one.namespace, one.name))]
            flows = self._flows(row, sources, facet, {})
            self.taken.edges += self.lineage.state(row, assertion, event.moment, "", flows)

    def _take_job(self, event: JobEvent) -> None:
        job = self.entities.job(event.job)
        read, written = self._rows(event.inputs), self._rows(event.outputs)
        for row, dataset in (*read, *written):
            runs.profile(self.lineage.writer, row, dataset, event.moment, self.taken.refused)
        if job is None:
            return
        said = self._said(event, read, written)
        run = ""
        if isinstance(event, RunEvent):
            runs.record(self.lineage.writer, job, event, read, written)
            run = event.run.run_id
            said = together.unite(self.transaction, job.node, run, event.moment, said)
            self.entities.link({(link.namespace, link.name): link.node for link in said.links})
        if said.stated is None:
            return
        details: Document = {"pipeline": {"id": job.id, "type": job.type}}
        details |= {"sqlQuery": said.query[1]} if said.query else {}
        assertion = Assertion(LineageSource.OPEN_LINEAGE, job.id)
        for row, sources, facet in self._statements(said):
            flows = self._flows(row, sources, facet, details)
            self.taken.edges += self.lineage.state(row, assertion, said.stated, run, flows)

    def _rows(self, datasets: Iterable[Dataset]) -> list[Used]:
        return [(row, one) for one in datasets if (row := self.entities.dataset(one))]

    def _said(self, event: JobEvent, read: Iterable[Used], written: Iterable[Used]) -> Together:
        """What an event says of the work of its job."""
        query = event.job.facets.sql.query if event.job.facets.sql else None
        said = Together(
            stated=event.moment if _states(event) else None,
            read={row.node for row, _ in read},
            query=(event.moment, query) if query else None,
            links={Link(namespace=one[0], name=one[1], node=node) for one, node in self.entities.linked.items()},
        )
        for row, dataset in written:
            traced = Traced(moment=event.moment, lineage=facet) if (facet := _told(dataset)) else Traced()
            said.written[row.node] = traced.newer(said.written.get(row.node, traced))
        return said

    def _statements(self, said: Together) -> Iterator[tuple[EntityRow, list[EntityRow], ColumnLineageFacet | None]]:
        """Each output with what flows into it: what its column lineage names, and each input that no output names.

        Without column lineage, all inputs do.
        """
        found = documents.by_node(self.transaction, sorted(said.read | said.written.keys()))
        rows = {node: row for node, row in found.items() if row.removed is None}
        named: dict[int, list[EntityRow]] = {}
        for node, traced in said.written.items():
            if traced.lineage:
                sources = (self.entities.named(one.namespace, one.name) for one in _inputs(traced.lineage))
                named[node] = [one for one in sources if one]
        traced_nodes = {one.node for each in named.values() for one in each}
        read = [rows[node] for node in sorted(said.read) if node in rows]
        untraced = [row for row in read if row.node not in traced_nodes]
        for node, traced in said.written.items():
            if node in rows:
                yield rows[node], [*named[node], *untraced] if node in named else read, traced.lineage

    def _flows(
        self, down: EntityRow, sources: Iterable[EntityRow], facet: ColumnLineageFacet | None, details: Document
    ) -> list[Flow]:
        """What flows into an entity, from each of these sources."""
        rows = {row.node: row for row in sources}
        pairs = self._pairs(down, rows.values(), facet) if facet else {}
        return [Flow(row, details, pairs.get(node, ())) for node, row in rows.items()]

    def _pairs(self, down: EntityRow, sources: Iterable[EntityRow], facet: ColumnLineageFacet) -> dict[int, Columns]:
        """The column pairs that a facet names, by the entity they come from.

        What decides about all rows flows into every column. Of several transformations of one pair the one counts that
        leaves most of a value.
        """
        paths = self.entities.paths([down, *sources])
        found: dict[int, Pairs] = defaultdict(lambda: defaultdict(list))
        for target, into in facet.fields.items():
            if into.input_fields and (path := self.entities.field(down, target, paths)):
                self._pair(found, into.input_fields, [path], paths, into)
        if facet.dataset:
            folded = {name: {fqn.quote(name).casefold()} for name in facet.fields}
            everywhere = paths[down.node] or set().union(*folded.values())
            self._pair(found, facet.dataset, sorted(everywhere), paths)
        return {
            node: [Column(*ends, transformation=revealing(ways)) for ends, ways in pairs.items()]
            for node, pairs in found.items()
        }

    def _pair(
        self,
        found: dict[int, Pairs],
        inputs: Iterable[InputField],
        targets: Iterable[str],
        paths: dict[int, set[str]],
        into: OutputField | None = None,
    ) -> None:
        for one in inputs:
            up = self.entities.named(one.namespace, one.name)
            source = self.entities.field(up, one.field, paths) if up else None
            if up and source:
                for target in targets:
                    found[up.node][source, target].append(transformation(one.transformations or (), into))


def _inputs(facet: ColumnLineageFacet) -> Iterator[InputField]:
    """All input columns that a facet names."""
    for into in facet.fields.values():
        yield from into.input_fields or ()
    yield from facet.dataset or ()


def _told(dataset: Dataset) -> ColumnLineageFacet | None:
    """The column lineage of an output, if it names anything."""
    facet = dataset.facets.column_lineage
    return facet if facet and any(_inputs(facet)) else None


def _states(event: JobEvent) -> bool:
    """Whether an event says what flows into its outputs: a run that goes on does so only where none ever ends."""
    if not isinstance(event, RunEvent):
        return True
    kind = event.job.facets.job_type.processing_type if event.job.facets.job_type else None
    streams = (kind or "").upper() == "STREAMING"
    return event.event_type == EventType.COMPLETE or (streams and event.event_type == EventType.RUNNING)
