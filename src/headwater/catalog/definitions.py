# SPDX-License-Identifier: Apache-2.0
"""What follows from the SQL that defines views: edges, the names that it speaks of, and what was not understood.

A definition means what the tables that it names are like, so that its edges follow from several documents. Each write
reads anew, at its own position, the definition that it changes and those that name what it changes; ``reindex`` does
the same along all states.

Three indexes hold the result. Edges are derived edges of the view. A name that SQL speaks of is a field of the node
``NOWHERE``, whether or not something has that name, and the view refers to it by the member of its definition. What
was not understood is an edge, with the problems as its details, from ``NOWHERE`` to the view's own name: something
that nobody knows may flow into the view.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from headwater import sql
from headwater.catalog import indexes
from headwater.catalog.context import Context, dump
from headwater.catalog.fields import End, Fields
from headwater.catalog.indexes import Link
from headwater.catalog.relations import Known, Relations, in_order, problem
from headwater.catalog.shape import Outline
from headwater.schema import fqn
from headwater.schema.base import NAME_LENGTH, Document
from headwater.schema.declare import SqlLineage
from headwater.sql import RelationName
from headwater.store import history, lineage, relationships
from headwater.store.database import Session, Transaction
from headwater.store.lineage import NOWHERE
from headwater.store.relationships import Relationship
from headwater.store.rows import EntityRow

DEFINING = ("select", "create table", "create view")
"""The kinds of statement that say what a view is made of."""

SHOWN = 100
"""How many problems of one definition are kept."""


class Unread(NamedTuple):
    """A view of whose definition something was not understood."""

    node: int
    problems: list[Document]


def unread(session: Session, position: int | None) -> list[Unread]:
    """All views of whose definition something was not understood, now or at a position."""
    rows = lineage.edges_out_of(session, [NOWHERE], position)
    return [Unread(row.owner, orjson.loads(row.details or "[]")) for row in rows if row.owner is not None]


def follow(
    transaction: Transaction,
    context: Context,
    fields: Fields,
    row: EntityRow,
    before: Document | None,
    after: Document | None,
) -> None:
    """Bring up to date what follows from definitions, after an entity's document was stored or (None) removed."""
    rule = context.registry[row.type].sql
    if rule is None:
        return
    old, new = before or {}, after or {}
    reshaped = before is None or after is None
    if old.get(rule.columns) != new.get(rule.columns):
        was, becomes = (Outline(context.shapes[row.type], one).fields.values() for one in (old, new))
        reshaped |= [field.name for field in was] != [field.name for field in becomes]
    redefined = any(old.get(member) != new.get(member) for member in (rule.definition, rule.kind))
    if not reshaped and not redefined:
        return
    work = _Work(transaction, context, fields, rule, row.position)
    own = work.name_of(row)
    affected = work.readers(own) if reshaped else set()
    if old.get(rule.definition) or new.get(rule.definition):
        affected.add(row.node)
    for node in sorted(affected):
        work.refresh(node)


def _can_be_there(name: RelationName) -> bool:
    """Whether something can have this name in a catalogue."""
    return all(0 < len(part) <= NAME_LENGTH for part in name)


class _Read(NamedTuple):
    """What a definition says: edges, and the names that it speaks of."""

    links: set[Link]
    names: set[End]


class _Work:
    """Refreshes of one position."""

    def __init__(
        self, transaction: Transaction, context: Context, fields: Fields, rule: SqlLineage, position: int
    ) -> None:
        self.transaction = transaction
        self.context = context
        self.fields = fields
        self.rule = rule
        self.position = position

    def name_of(self, row: EntityRow) -> End:
        """The place of an entity's own name."""
        return self.name(orjson.loads(row.document)[self.rule.service]["id"], tuple(fqn.names(row.fqn)[1:]))

    def name(self, service: str, name: RelationName) -> End:
        """The place of a name in a service."""
        return NOWHERE, fqn.build((service, *name)).casefold()

    def readers(self, name: End) -> set[int]:
        """The views whose definition speaks of a name."""
        found = self.fields.find([name]).get(name)
        if found is None:
            return set()
        return set(relationships.referrers_at(self.transaction, found.id, self.rule.definition, None, self.position))

    def refresh(self, node: int) -> None:
        """Read a definition anew and store the difference."""
        row = history.at(self.transaction, node, self.position)
        assert row is not None
        own = self.name_of(row)
        read = _Read(set(), set()) if row.removed else self._read(row)
        ids = indexes.node_ids(
            self.transaction,
            self.fields,
            {end for link in read.links for end in link[:2]} | read.names | {own},
            self.position,
        )
        after = {(ids[link.upstream], ids[link.downstream], *link[2:]) for link in read.links}
        into = {node, ids[own], *(field for field, _, _ in lineage.fields_in(self.transaction, [node]))}
        before = {
            (edge.upstream, edge.downstream, edge.source, edge.details)
            for edge in lineage.edges_into(self.transaction, into)
            if edge.owner == node and edge.source == self.rule.source
        }
        lineage.change_derived(self.transaction, node, before - after, after - before, self.position)
        named = relationships.targets_at(self.transaction, [node], self.rule.definition, self.position)
        names = {ids[name] for name in read.names}
        relationships.change_relationships(
            self.transaction,
            node,
            {Relationship(name, self.rule.definition) for name in named - names},
            {Relationship(name, self.rule.definition) for name in names - named},
            self.position,
        )

    def _read(self, row: EntityRow) -> _Read:
        document = orjson.loads(row.document)
        text = document.get(self.rule.definition)
        if not text or document.get(self.rule.kind) not in (None, *self.rule.kinds):
            return _Read(set(), set())
        service, *outer, _ = fqn.names(row.fqn)
        relations = Relations(self.transaction, self.context, fqn.quote(service), self.position)
        dialect = self.rule.dialects.get(document.get(self.rule.system) or "", "")
        catalog, schema = (None, None, *outer)[-2:]
        script = sql.parsed(text, dialect=dialect)
        names = sql.mentioned(script, catalog=catalog, schema=schema)
        own = tuple(fqn.names(row.fqn)[1:])
        found = relations.look_up(names | {own})
        read = sql.lineage(script, relations=found, catalog=catalog, schema=schema)
        reading = _Definition(relations.known[own], relations, self.rule.source)
        links = set(reading.links(read))
        if reading.problems:
            told = dump(in_order(reading.problems)[:SHOWN])
            links.add(Link((NOWHERE, ""), self.name_of(row), self.rule.source, told))
        service_id = document[self.rule.service]["id"]
        return _Read(links, {self.name(service_id, name) for name in names - {own} if _can_be_there(name)})


class _Definition:
    """Reads the definition of one view."""

    def __init__(self, view: Known, relations: Relations, source: str) -> None:
        self.view = view
        self.relations = relations
        self.source = source
        self.problems: list[Document] = []

    def links(self, statements: Iterable[sql.Statement]) -> Iterator[Link]:
        """The edges that it means; what is not understood is noted."""
        for one in statements:
            self.problems += [problem(each.line, each.column, each.reason) for each in one.problems]
            if one.kind in DEFINING and not one.temporary:
                yield from self._links(one)
            elif one.kind not in ("other", "unreadable", *DEFINING):
                self.problems.append(problem(one.line, one.column, f"{one.kind.upper()} defines no view"))

    def _links(self, one: sql.Statement) -> Iterator[Link]:
        own, known = self.view.row.node, self.relations.known
        for read in one.reads:
            if read.relation not in known:
                self.problems.append(problem(one.line, one.column, self.relations.unknown(read.relation)))
            elif known[read.relation].row.node != own:
                yield Link((known[read.relation].row.node, ""), (own, ""), self.source)
        for output, path in self._placed(one):
            for source in output.sources:
                above = known.get(source.column.relation)
                if above and above.row.node != own:
                    details = dump({"transformation": sql.least_hiding(source.ways)})
                    yield Link(above.end(source.column), (own, path), self.source, details)

    def _placed(self, one: sql.Statement) -> Iterator[tuple[sql.Output, str]]:
        """The outputs with the paths of the view's columns that they are. One that has another name, or none, is the
        column at its place if no other output is."""
        columns = [fqn.quote(name).casefold() for name in self.view.columns]
        paths = [fqn.quote(output.name).casefold() if output.name else None for output in one.outputs]
        alike = len(columns) == len(paths)
        for place, (output, path) in enumerate(zip(one.outputs, paths, strict=True)):
            if path is not None and (path in columns or not columns):
                yield output, path
            elif alike and columns[place] not in paths:
                yield output, columns[place]
            elif path is not None:
                reason = f"{output.name} is not a column of {self.view.row.fqn}"
                self.problems.append(problem(one.line, one.column, reason))
