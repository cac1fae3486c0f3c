# SPDX-License-Identifier: Apache-2.0
"""What changes would break, change or tag, with the paths that prove it, before anybody makes them.

A change spreads from what it touches by the rules of reach: from a column, with all that is nested in it, or from an
entity, with all that lives below it. What is made from a column that goes away or gets another name breaks; what is
made from one that gets another type changes. A tag counts where it comes to that it did not reach before, or was not
known to reach to the column. What is changed itself is not answered with, only what lies behind it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headwater.catalog.context import Key
from headwater.catalog.fields import End
from headwater.catalog.governance import CUT, STATES, Governance, ReachQuestion, no_part
from headwater.catalog.migrating import Plan
from headwater.catalog.nearest import nearest
from headwater.catalog.proofs import Origin, Proofs, Reached
from headwater.catalog.reach import Spread, State, is_exact, node_of
from headwater.catalog.reading import Reader
from headwater.catalog.relations import problem, within
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.governance import (
    Change,
    DeleteEntity,
    DropColumn,
    Effect,
    NewSchema,
    RenameEntity,
    RetypeColumn,
    SchemaColumn,
    Selection,
    SingleChange,
    SqlMigration,
    TagColumn,
    TagEntity,
)
from headwater.store import lineage, relationships
from headwater.store.relationships import Usage
from headwater.store.rows import EntityRow, NodeRow

GRAVITY: Sequence[Effect] = ("breaks", "changes", "tagged")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactQuestion:
    """Planned changes; the other members are as those of ``ReachQuestion``."""

    changes: Sequence[Change]
    far: Selection
    limit: int = 100
    after: int = 0
    cap: int = STATES


class Cause(NamedTuple):
    """A change that spreads. ``known`` is what its tag has reached without it."""

    effect: Effect
    change: SingleChange
    origin: Origin
    known: tuple[Spread, ...] = ()

    def counts(self, state: State, entity: int) -> bool:
        """Whether a state lies behind the change, and is news."""
        node = node_of(state)
        if self.origin.sources & {node, entity}:
            return False
        covering = {node, entity} if is_exact(state) else {node, entity, ~node, ~entity}
        return not any(one in known.arrivals for known in self.known for one in covering)


class Struck(NamedTuple):
    """A place that a change affects."""

    cause: Cause
    reached: Reached


class Impact(Governance):
    """What changes would do, in one snapshot."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self._now: dict[int, tuple[Spread, ...]] = {}
        self.unclear: list[Document] = []

    def impact(self, question: ImpactQuestion) -> Document:
        """Every entity that is affected, the gravest first, then in order of FQN and type, each with its reasons."""
        struck: dict[int, list[Struck]] = defaultdict(list)
        cut = False
        for cause in self._causes(question):
            result = self._spread(cause.origin, question.cap)
            cut |= result.cut or any(known.cut for known in cause.known)
            for one in self._struck(cause, result, question.far.types):
                struck[one.reached.entity].append(one)
        fitting = sorted(self._fitting(set(struck), question.far), key=lambda entity: self._place(struck[entity]))
        page = fitting[question.after : question.after + question.limit]
        reply: Document = {
            "data": self._affected([(entity, sorted(struck[entity], key=self._rank)) for entity in page]),
            "paging": {"total": len(fitting)},
        }
        if question.after + len(page) < len(fitting):
            reply["paging"]["after"] = str(question.after + len(page))
        reply |= {"truncated": CUT.format(cap=question.cap)} if cut else {}
        reply |= {"unclear": self.unclear} if self.unclear else {}
        return reply | self._unread_before(question)

    def _place(self, struck: Iterable[Struck]) -> tuple[int, str, str]:
        """Where an entity stands in the answer."""
        first = min(struck, key=lambda one: GRAVITY.index(one.cause.effect))
        entity = first.reached.entity
        return GRAVITY.index(first.cause.effect), self.graph.name(entity), self.graph.type_of(entity)

    def _rank(self, one: Struck) -> tuple[int, bool, str]:
        """Where a reason stands among those of an entity."""
        state = one.reached.state
        return GRAVITY.index(one.cause.effect), not is_exact(state), self.graph.name(node_of(state))

    def _struck(self, cause: Cause, result: Spread, types: Iterable[str]) -> Iterator[Struck]:
        """The fields behind a change, each in its best state; an entity as a whole only if none of its fields is."""
        states: dict[int, dict[int, list[State]]] = defaultdict(lambda: defaultdict(list))
        for state in result.arrivals:
            node = node_of(state)
            entity = self.graph.entity(node)
            if self.graph.type_of(entity) in types and cause.counts(state, entity):
                states[entity][node].append(state)
        for entity, places in states.items():
            fields = {node: found for node, found in places.items() if node != entity}
            for found in (fields or places).values():
                if (best := result.best(found)) is not None:
                    yield Struck(cause, Reached(entity, best, cause.origin, result))

    # what spreads -------------------------------------------------------------------------------------------------

    def _causes(self, question: ImpactQuestion) -> list[Cause]:
        """What each change sets off; ``EntityNotFound`` names all that the changes speak of and that is not there."""
        causes: list[Cause] = []
        faults: list[str] = []
        for number, change in enumerate(question.changes):
            try:
                if isinstance(change, SqlMigration):
                    causes += self._migrated(number, change, question.cap)
                    continue
                single = self._differences(change) if isinstance(change, NewSchema) else [change]
                causes += [cause for one in single for cause in self._caused(one, question.cap)]
            except EntityNotFound as error:
                faults.append(error.message)
        if faults:
            raise EntityNotFound("; ".join(dict.fromkeys(faults)))
        return causes

    def _migrated(self, number: int, change: SqlMigration, cap: int) -> list[Cause]:
        """What a script of SQL sets off; what of it is not understood is remembered."""
        relations, where = within(self.session, self.context, self.moment, change.within, change.dialect)
        plan = Plan(relations)
        plan.read(change.sql, where)
        self.unclear += [{"change": number, **one} for one in plan.problems]
        causes: list[Cause] = []
        for planned in plan.changes:
            try:
                causes += self._caused(planned.change, cap)
            except EntityNotFound as error:
                told = problem(planned.line, planned.column, error.message)
                self.unclear.append({"change": number, **told})
        return causes

    def _caused(self, change: SingleChange, cap: int) -> Iterator[Cause]:
        match change:
            case TagColumn():
                field = self._field(change.column)
                yield from self._tagged(change, (field.entity, field.path), cap)
            case TagEntity():
                yield from self._tagged(change, (self._row(change).node, ""), cap)
            case DeleteEntity() | RenameEntity():
                yield Cause("breaks", change, Origin(None, frozenset(self._with_all_below(self._row(change)))))
            case RetypeColumn():
                field = self._field(change.column)
                if change.data_type.casefold() != (field.kind or "").casefold():
                    yield Cause("changes", change, self._with_all_in(field))
            case _:
                yield Cause("breaks", change, self._with_all_in(self._field(change.column)))

    def _tagged(self, change: TagColumn | TagEntity, place: End, cap: int) -> Iterator[Cause]:
        """What the tag, and each that comes with it, begins to reach; a tag counts as those above it."""
        label = self._label(change.tag)
        added = Usage(label.node, place[1], "Manual", "Confirmed")
        for origin in self._labels([(place[0], added)], suggested=False):
            assert origin.tag is not None
            yield Cause("tagged", change, origin, self._reached_now(origin.tag, cap))

    def _reached_now(self, tag: int, cap: int) -> tuple[Spread, ...]:
        """What a tag reaches without any change."""
        if tag not in self._now:
            origins = self._origins(ReachQuestion(tag=self.graph.name(tag)))
            self._now[tag] = tuple(self._spread(origin, cap) for origin in origins)
        return self._now[tag]

    def _label(self, name: str) -> EntityRow:
        """The tag or term with this FQN."""
        for declared in self.context.registry.labels.values():
            if row := self.reader.find(declared, Key.fqn(name)):
                return row
        self._tags(name)
        raise InvalidEntity(f"{name} is not a tag but holds tags; name one of them")

    # what changes speak of ----------------------------------------------------------------------------------------

    def _row(self, change: TagEntity | RenameEntity | DeleteEntity | NewSchema) -> EntityRow:
        """The entity that a change is about."""
        declared = self.context.declared(change.entity_type)
        try:
            return self.reader.row(declared, Key.fqn(change.entity))
        except EntityNotFound as error:
            raise EntityNotFound(f"{error.message}{nearest(self.reader, change.entity, [declared])}") from error

    def _with_all_below(self, row: EntityRow) -> set[int]:
        """An entity and all that lives below it."""
        types: set[str] = set()
        level = {row.type}
        while level:
            level = {one.name for one in self.context.registry if any(parent.to in level for parent in one.parents)}
            level -= types
            types |= level
        return self._below(row.node, types) | {row.node}

    def _field(self, name: str) -> NodeRow:
        """The field with this FQN: one that is there, or that something points to in an entity whose fields nobody
        knows."""
        node = self._column(name)
        self.graph.meet([node])
        entity, path = self.graph.entity(node), self.graph.spelled(node)
        known = self._fields(entity)
        if known and path.casefold() not in known:
            raise no_part(self.graph.name(entity), path, known)
        return known.get(path.casefold()) or lineage.nodes_named(self.session, [entity], [path.casefold()])[-1]

    def _with_all_in(self, field: NodeRow) -> Origin:
        """A field and all that is nested in it."""
        rows = lineage.nodes_of(self.session, [field.entity])
        return Origin(None, frozenset(row.id for row in rows if f"{row.path}.".startswith(f"{field.path}.")))

    def _differences(self, change: NewSchema) -> Iterator[SingleChange]:
        """The changes that lead from the columns that an entity has, or had, to those that it is to have."""
        row = self._row(change)
        lists = [child for child in self.context.registry[row.type].children if child.is_field]
        if len(lists) != 1 or lists[0].segment:
            raise InvalidEntity(f"{row.fqn} is a {row.type}, which has no single list of columns")
        fields = self._fields(row.node)
        after = dict(_columns(change.columns, None))
        before = None if change.was is None else dict(_columns(change.was, None))
        if unknown := [path for path in before or () if path not in fields]:
            raise no_part(row.fqn, unknown[0], fields)
        labels = {
            (usage.path, usage.tag) for _, usage in relationships.usages_in(self.session, [row.node], self.moment)
        }
        dropped: set[str] = set()
        for path, field in sorted(fields.items()):
            full = f"{row.fqn}.{field.name}"
            column = after.get(path)
            if before is not None and (path not in before or before[path] == column):
                continue
            if column is None:
                if not any(path.startswith(f"{above}.") for above in dropped):
                    dropped.add(path)
                    yield DropColumn(column=full)
                continue
            if column.data_type:
                yield RetypeColumn(column=full, data_type=column.data_type)
            for label in column.tags or ():
                name = label if isinstance(label, str) else label.tag_fqn
                if (path, self._label(name).node) not in labels:
                    yield TagColumn(column=full, tag=name)

    # how it is written --------------------------------------------------------------------------------------------

    def _affected(self, page: Sequence[tuple[int, list[Struck]]]) -> list[Document]:
        """Entities with their owners and the reasons, each with its proof."""
        proofs = Proofs(self.reader, self.graph, [one.reached for _, struck in page for one in struck])
        documents = {row.node: document for row, document in self.reader.shown({entity for entity, _ in page})}
        rows: list[Document] = []
        index = 0
        for entity, struck in page:
            endpoint = self.context.registry[self.graph.type_of(entity)].endpoint
            row: Document = {
                "entity": proofs.entity(entity),
                "effect": struck[0].cause.effect,
                "owners": documents[entity].get("owners") or [],
            }
            if endpoint and (url := documents[entity].get(endpoint)):
                row["endpoint"] = url
            row["because"] = [self._reason(one) | proofs.proof(index + number) for number, one in enumerate(struck)]
            index += len(struck)
            rows.append(row)
        return rows

    def _reason(self, one: Struck) -> Document:
        node = node_of(one.reached.state)
        reason: Document = {
            "effect": one.cause.effect,
            "change": one.cause.change.model_dump(mode="json", by_alias=True),
        }
        if node != one.reached.entity:
            reason["field"] = self.graph.name(node)
        return reason


def _columns(columns: Iterable[SchemaColumn], above: str | None) -> Iterator[tuple[str, SchemaColumn]]:
    """Columns, nested ones as well, by case-folded path."""
    for column in columns:
        path = fqn.add(above, column.name)
        yield path.casefold(), column
        yield from _columns(column.children or (), path)
