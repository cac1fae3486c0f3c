# SPDX-License-Identifier: Apache-2.0
"""What the catalogue knows of the tables and views that SQL names, at one position."""

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import orjson

from headwater import sql
from headwater.catalog.context import Context
from headwater.catalog.fields import End
from headwater.catalog.shape import Field, Outline
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import EntityType, SqlLineage
from headwater.sql import RelationName
from headwater.store import history
from headwater.store.database import Session
from headwater.store.rows import EntityRow


class Known:
    """A table or view of the catalogue."""

    def __init__(self, row: EntityRow, outline: Outline, rule: SqlLineage) -> None:
        self.row = row
        self.name: RelationName = tuple(fqn.names(row.fqn)[1:])
        self.fields: dict[str, Field] = outline.fields
        self.columns = tuple(str(item["name"]) for item in outline.document.get(rule.columns) or ())

    @property
    def relation(self) -> sql.Relation:
        """The same in the terms of SQL."""
        return sql.Relation(self.name, self.columns or None)

    def path(self, column: sql.Column) -> str:
        """The path of a column, or of the innermost field in it that is known."""
        path = fqn.quote(column.name)
        for name in column.path:
            if (inner := fqn.add(path, name)).casefold() not in self.fields:
                break
            path = inner
        return path

    def end(self, column: sql.Column) -> End:
        """A column as the end of an edge."""
        return self.row.node, self.path(column).casefold()

    def written(self, column: sql.Column) -> str:
        """The FQN of a column."""
        path = self.path(column)
        known = self.fields.get(path.casefold())
        return f"{self.row.fqn}.{known.name if known else path}"


class Relations:
    """The tables and views of one service; those that SQL names are looked up once."""

    def __init__(self, session: Session, context: Context, service: str, position: int) -> None:
        declared = context.registry.relations
        assert declared is not None
        assert declared.sql is not None
        self.session = session
        self.context = context
        self.position = position
        self.declared = declared
        self.rule = declared.sql
        self.service = service
        self.home = context.registry.home(declared)
        self._below: dict[int, list[tuple[int, str]]] = {}
        self.known: dict[RelationName, Known] = {}
        """What was looked up, by the name under which it is stored."""

    @cached_property
    def root(self) -> int:
        """The service."""
        node = history.named_at(self.session, self.home[0].name, self.service, self.position)
        assert node is not None
        return node

    def holds(self, name: RelationName) -> bool:
        """Whether there is the service, and something of this name in it."""
        known = history.named_at(self.session, self.home[0].name, self.service, self.position)
        return known is not None and (not name or bool(self.nodes(name)))

    @property
    def dialect(self) -> str:
        """Which SQL the service speaks."""
        row = history.at(self.session, self.root, self.position)
        return self.rule.dialects.get(orjson.loads(row.document)[self.rule.system], "") if row else ""

    def look_up(self, names: Iterable[RelationName]) -> list[sql.Relation]:
        """What the catalogue knows of relations that SQL may mean by these names, whatever their case."""
        return [known.relation for name in sorted(names) for node in self.nodes(name) if (known := self._met(node))]

    def nodes(self, name: RelationName) -> list[int]:
        """The entities that a name, of a relation or of something that holds relations, may mean."""
        level = [(self.root, self.service)]
        if not 0 < len(name) < len(self.home) or not all(name):
            return []
        for declared, part in zip(self.home[1:], name, strict=False):
            level = [found for above in level for found in self._called(declared, above, part)]
        return [node for node, _ in level]

    def _called(self, declared: EntityType, above: tuple[int, str], name: str) -> list[tuple[int, str]]:
        exact = fqn.add(above[1], name)
        if (node := history.named_at(self.session, declared.name, exact, self.position)) is not None:
            return [(node, exact)]
        if above[0] not in self._below:
            self._below[above[0]] = history.names_below(self.session, above[0], self.position)
        return [found for found in self._below[above[0]] if found[1].casefold() == exact.casefold()]

    def _met(self, node: int) -> Known | None:
        row = history.at(self.session, node, self.position)
        if row is None or row.type != self.declared.name:
            return None
        known = Known(row, Outline(self.context.shapes[row.type], orjson.loads(row.document)), self.rule)
        self.known[known.name] = known
        return known

    def unknown(self, name: RelationName) -> str:
        """The reason that the catalogue does not know a relation."""
        written = ".".join(name)
        if len(name) < len(self.home) - 1:
            return f"{written} is not named in full, and nothing says where it is"
        return f"{written} is not in the catalogue"


class Place(NamedTuple):
    """Where a script runs: where names that do not say it are, and what it is written in."""

    catalog: str | None
    schema: str | None
    dialect: str


def within(
    session: Session, context: Context, position: int, holder: str, dialect: str | None
) -> tuple[Relations, Place]:
    """The tables and views of the service that ``holder`` is or lies in, and what a script that runs there means."""
    try:
        service, *outer = fqn.names(holder)
    except fqn.InvalidFqn as error:
        raise InvalidEntity(f"within: {error}") from error
    relations = Relations(session, context, fqn.quote(service), position)
    if len(outer) > 2 or not relations.holds(tuple(outer)):
        kinds = " or ".join(declared.name for declared in relations.home[:-1])
        raise EntityNotFound(f"within: there is no {kinds} called {holder}")
    spoken = relations.dialect if dialect is None else dialect
    try:
        sql.mentioned("", dialect=spoken)
    except InvalidEntity as error:
        raise InvalidEntity(f"dialect: {error.message}") from error
    catalog, schema, *_ = (*outer, None, None)
    return relations, Place(catalog, schema, spoken)


def problem(line: int, column: int, reason: str) -> Document:
    """Something that was not understood, as readers see it."""
    return {"line": line, "column": column, "reason": reason}


def in_order(problems: Iterable[Document]) -> list[Document]:
    """Problems in the order of their places."""
    return sorted(problems, key=lambda one: (one["line"], one["column"]))
