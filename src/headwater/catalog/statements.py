# SPDX-License-Identifier: Apache-2.0
"""Edges that SQL means which somebody hands in: a script that writes tables, or a query and the table that it fills."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from headwater import sql
from headwater.catalog.context import Key
from headwater.catalog.lineage import End, LineageWriter
from headwater.catalog.relations import Known, Relations, in_order, problem, within
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.lineage import LineageSource
from headwater.sql import RelationName

WRITING = frozenset({"create table", "create view", "insert", "update", "merge"})


@dataclass(slots=True)
class _Edge:
    """What flows from one table to another: pairs of columns in full, and the statements that say so."""

    pairs: dict[tuple[str, str], list[sql.Way]] = field(default_factory=dict)
    texts: dict[str, None] = field(default_factory=dict)

    def columns(self) -> list[Document]:
        """The pairs as a request gives them."""
        return [
            {"fromColumns": [up], "toColumn": down, "transformation": sql.least_hiding(ways)}
            for (up, down), ways in self.pairs.items()
        ]


@dataclass(slots=True)
class Statements:
    """The statements of a script that write tables of the catalogue."""

    relations: Relations
    target: Known | None = None
    problems: list[Document] = field(default_factory=list)
    edges: dict[tuple[RelationName, RelationName], _Edge] = field(default_factory=dict)

    def read(self, statements: Iterable[sql.Statement]) -> None:
        """Collect the edges that they mean."""
        for one in statements:
            self.problems += [problem(each.line, each.column, each.reason) for each in one.problems]
            if one.kind == "select" and self.target is None:
                self._note(one, "a query by itself writes nothing; name the table that takes its result")
            elif one.kind in WRITING and not one.temporary and one.target:
                written = self._known(one, one.target)
                if written is not None:
                    self._edges(one, written)
            elif one.kind == "select" and self.target is not None:
                self._edges(one, self.target)

    def _note(self, one: sql.Statement, reason: str) -> None:
        self.problems.append(problem(one.line, one.column, reason))

    def _known(self, one: sql.Statement, name: RelationName) -> Known | None:
        """A relation that edges may lead to; else it is noted why not."""
        known = self.relations.known.get(name)
        if known is None:
            self._note(one, self.relations.unknown(name))
        elif known.row.deleted:
            self._note(one, f"{known.row.fqn} is deleted")
            return None
        return known

    def _edges(self, one: sql.Statement, written: Known) -> None:
        known = self.relations.known
        for read in one.reads:
            if self._known(one, read.relation) and read.relation != written.name:
                self.edges.setdefault((read.relation, written.name), _Edge()).texts[one.text] = None
        for output, to in self._placed(one, written):
            for source in output.sources:
                edge = self.edges.get((source.column.relation, written.name))
                if edge is not None:
                    pair = known[source.column.relation].written(source.column), to
                    edge.pairs.setdefault(pair, []).extend(source.ways)

    def _placed(self, one: sql.Statement, written: Known) -> Iterator[tuple[sql.Output, str]]:
        """The outputs that have a column in the table, each with that in full."""
        for output in one.outputs:
            if output.name is None:
                continue
            to = sql.Column(written.name, output.name)
            if written.columns and written.path(to).casefold() not in written.fields:
                self._note(one, f"{output.name} is not a column of {written.row.fqn}")
            else:
                yield output, written.written(to)


def put(writer: LineageWriter, asked: Document) -> Document:
    """Assert the edges that SQL means; what was asserted, and what was not understood."""
    position = writer.transaction.clock.position
    relations, place = within(writer.transaction, writer.context, position, asked["within"], asked.get("dialect"))
    script = sql.parsed(asked["sql"], dialect=place.dialect)
    names = sql.mentioned(script, catalog=place.catalog, schema=place.schema)
    found = relations.look_up(names)
    statements = Statements(relations, _target(relations, asked.get("target")))
    statements.read(sql.lineage(script, relations=found, catalog=place.catalog, schema=place.schema))
    asserted = []
    for (above, below), edge in statements.edges.items():
        up, down = (relations.known[name].row for name in (above, below))
        columns = edge.columns()
        details = {
            "source": asked.get("source", LineageSource.QUERY),
            "sqlQuery": ";\n".join(edge.texts),
            "columnsLineage": columns,
            "pipeline": asked.get("pipeline"),
            "description": asked.get("description"),
        }
        told = {member: value for member, value in details.items() if value is not None}
        writer.put(End(up.type, Key.id(up.id)), End(down.type, Key.id(down.id)), told)
        ends = {"fromEntity": up.fqn, "toEntity": down.fqn}
        asserted.append({**ends, "columnsLineage": columns})
    return {"asserted": asserted, "problems": in_order(statements.problems)}


def _target(relations: Relations, name: str | None) -> Known | None:
    """The table that takes the result of a query."""
    if name is None:
        return None
    try:
        service, *path = fqn.names(name)
    except fqn.InvalidFqn as error:
        raise InvalidEntity(f"target: {error}") from error
    relations.look_up([tuple(path)])
    if fqn.quote(service) != relations.service or tuple(path) not in relations.known:
        raise EntityNotFound(f"target: there is no {relations.declared.name} {name} in {relations.service}")
    return relations.known[tuple(path)]
