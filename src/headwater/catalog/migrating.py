# SPDX-License-Identifier: Apache-2.0
"""What a script of SQL changes of the catalogue's tables and views: the difference between before and after it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from headwater import sql
from headwater.catalog.relations import Known, Place, Relations, in_order, problem
from headwater.schema.base import Document
from headwater.schema.governance import (
    DeleteEntity,
    DropColumn,
    RenameColumn,
    RenameEntity,
    RetypeColumn,
    SingleChange,
)
from headwater.sql import RelationName
from headwater.store import history


class Planned(NamedTuple):
    """A change, and the line and column of the statement that makes it."""

    change: SingleChange
    line: int
    column: int


class _Column(NamedTuple):
    """A column: what it was called before the script, if it was there, and its type, if the script gives it one."""

    was: str | None
    type: str | None = None


@dataclass(slots=True)
class _Table:
    """A table or view while the script runs; ``columns`` is None if it cannot be told which it has."""

    was: Known | None
    columns: dict[str, _Column] | None


@dataclass(slots=True)
class Plan:
    """What a script changes, and what of it was not understood."""

    relations: Relations
    changes: list[Planned] = field(default_factory=list)
    problems: list[Document] = field(default_factory=list)
    _tables: dict[RelationName, _Table] = field(default_factory=dict)
    _columns: dict[RelationName, list[str]] = field(default_factory=dict)
    _places: dict[RelationName, tuple[int, int]] = field(default_factory=dict)

    def read(self, text: str, place: Place) -> None:
        """Read the script."""
        script = sql.parsed(text, dialect=place.dialect)
        names = sql.mentioned(script, catalog=place.catalog, schema=place.schema)
        found = self.relations.look_up(names)
        for name, known in self.relations.known.items():
            self._tables[name] = _Table(known, {column: _Column(column) for column in known.columns})
            self._columns[name] = list(known.columns)
        told = sql.migration(script, relations=found, catalog=place.catalog, schema=place.schema)
        self.problems += [problem(one.line, one.column, one.reason) for one in told.problems]
        for step in told.steps:
            if reason := self._step(step):
                self.problems.append(problem(step.line, step.column, reason))
            self._places[step.change.relation] = step.line, step.column
        for name, known in self.relations.known.items():
            self.changes += [Planned(change, *self._places.get(name, (1, 1))) for change in self._difference(known)]
        self.problems = in_order(self.problems)

    def _step(self, step: sql.Step) -> str | None:
        """Make one change; why it cannot be."""
        change = step.change
        match change:
            case sql.RelationDefined():
                if change.replaces or change.relation not in self._tables:
                    columns = change.columns
                    self._tables[change.relation] = _Table(
                        None, None if columns is None else {name: _Column(None) for name in columns}
                    )
                    if columns is None:
                        return f"which columns {'.'.join(change.relation)} has then is not known"
                return None
            case sql.RelationDropped() if change.kind not in ("table", "view"):
                return self._drop_holder(change.relation, step)
        table = self._tables.get(change.relation)
        if table is None:
            return self.relations.unknown(change.relation)
        match change:
            case sql.RelationDropped():
                del self._tables[change.relation]
            case sql.RelationRenamed():
                self._tables[change.to] = self._tables.pop(change.relation)
                self._places[change.relation] = step.line, step.column
            case _:
                return self._reshape(table, change)
        return None

    def _drop_holder(self, name: RelationName, step: sql.Step) -> str | None:
        """A schema or database goes, with all that is in it."""
        nodes = self.relations.nodes(name)
        for node in nodes:
            row = history.at(self.relations.session, node, self.relations.position)
            if row is not None:
                gone = DeleteEntity(entity=row.fqn, entity_type=row.type)
                self.changes.append(Planned(gone, step.line, step.column))
        return None if nodes else f"{'.'.join(name)} is not in the catalogue"

    def _reshape(self, table: _Table, change: sql.Change) -> str | None:
        """A column comes, goes, or gets another name or type."""
        if table.columns is None:
            return None
        match change:
            case sql.ColumnAdded():
                table.columns.setdefault(change.column, _Column(None))
                return None
            case sql.ColumnDropped() | sql.ColumnRenamed() | sql.ColumnRetyped():
                column = table.columns.pop(change.column, None)
            case _:
                return None
        if column is None and table.was is not None and not table.was.columns:
            # Nobody knows its columns, so the script is believed.
            column = _Column(change.column)
            self._columns[table.was.name].append(change.column)
        if column is None:
            return f"{'.'.join(change.relation)} has no column {change.column}"
        if isinstance(change, sql.ColumnRenamed):
            table.columns[change.to] = column
        elif isinstance(change, sql.ColumnRetyped):
            table.columns[change.column] = column._replace(type=change.type.partition("(")[0].strip())
        return None

    def _difference(self, known: Known) -> Iterator[SingleChange]:
        """What becomes of a relation of the catalogue."""
        after = self._tables.get(known.name)
        if after is None:
            others = (name for name, table in self._tables.items() if table.was is known)
            if to := next(others, None):
                yield RenameEntity(entity=known.row.fqn, entity_type=known.row.type, to=to[-1])
            else:
                yield DeleteEntity(entity=known.row.fqn, entity_type=known.row.type)
        elif after.columns is not None:
            called = {column.was: name for name, column in after.columns.items()} if after.was is known else {}
            for name in self._columns[known.name]:
                written = known.written(sql.Column(known.name, name))
                column = after.columns.get(name)
                if column is None and name in called:
                    yield RenameColumn(column=written, to=called[name])
                elif column is None:
                    yield DropColumn(column=written)
                elif column.type:
                    yield RetypeColumn(column=written, data_type=column.type)
