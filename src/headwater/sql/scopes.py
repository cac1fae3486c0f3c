# SPDX-License-Identifier: Apache-2.0
"""What the names in a query stand for: the columns of what it reads, of the queries around it, its own outputs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from headwater.sql.flows import COMPUTED, NOTHING, Flow, inside, merge, through
from headwater.sql.model import Column
from headwater.sql.names import Lookup, Names

# Columns that engines add to every table and that hold no data of anybody.
ENGINE_COLUMNS = frozenset(
    ["rowid", "_rowid_", "oid", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "rownum", "level"]
)


class NotResolved(Exception):
    """A name that stands for nothing, or for more than one thing; the message says which."""


@dataclass(frozen=True, slots=True)
class Item:
    """A column of something that is read. ``needs``: the stored columns that naming it names."""

    name: str | None
    flow: Flow
    needs: frozenset[Column] = frozenset()


@dataclass(frozen=True, slots=True)
class Rest:
    """Columns beyond those that are known, of the relations named by ``of``; ``find`` gives the one of a name, or
    None if it is none of them."""

    of: str
    find: Callable[[exp.Identifier], Item | None]


@dataclass(slots=True)
class Table:
    """The result of a query or table, as others see it. ``rows``: what bears on which rows there are."""

    names: Names
    items: Sequence[Item]
    rest: Rest | None = None
    rows: Flow = field(default_factory=dict)
    _lookup: Lookup[Item] | None = None

    def find(self, identifier: exp.Identifier) -> Sequence[Item]:
        """The known columns of this name."""
        if self._lookup is None:
            self._lookup = Lookup(self.names, ((item.name, item) for item in self.items if item.name is not None))
        return self._lookup.find(identifier)

    def renamed(self, columns: Sequence[exp.Expr]) -> "Table":
        """The same under other column names, from the first on."""
        if not columns:
            return self
        names = [self.names.spelled(column) for column in columns if isinstance(column, exp.Identifier)]
        if self.rest is not None:
            raise NotResolved(f"the columns of {self.rest.of} are not known, so they cannot be given new names")
        given = [Item(name, item.flow, item.needs) for name, item in zip(names, self.items, strict=False)]
        return Table(self.names, (*given, *self.items[len(given) :]), self.rest, self.rows)

    def stepped(self, change: Callable[[Flow], Flow]) -> "Table":
        """The same with every flow changed."""
        items = [Item(item.name, change(item.flow), item.needs) for item in self.items]
        rest = self.rest and Rest(self.rest.of, _changed(self.rest.find, change))
        return Table(self.names, items, rest, self.rows)


def _changed(
    find: Callable[[exp.Identifier], Item | None], change: Callable[[Flow], Flow]
) -> Callable[[exp.Identifier], Item | None]:
    def found(identifier: exp.Identifier) -> Item | None:
        item = find(identifier)
        return item and Item(item.name, change(item.flow), item.needs)

    return found


def union(rests: Iterable[Rest]) -> Rest | None:
    """The columns beyond the known ones of several tables side by side: a name says one only if there is one table."""
    found = tuple(rests)
    if len(found) < 2:
        return found[0] if found else None
    of = " and ".join(rest.of for rest in found)

    def find(identifier: exp.Identifier) -> Item | None:
        items = [item for rest in found if (item := rest.find(identifier))]
        if len(items) > 1:
            raise NotResolved(f"{identifier.name} may be of {of}, whose columns are not known")
        return items[0] if items else None

    return Rest(of, find)


@dataclass(slots=True)
class Source:
    """A table under the name that it has in one query. ``parts`` is its own full name where it has no alias."""

    key: str
    table: Table
    parts: tuple[str, ...] = ()
    visible: bool = True


class Scope:
    """The names that expressions of one query may use. ``parent`` is the query around it."""

    def __init__(
        self,
        names: Names,
        needed: Callable[[frozenset[Column]], None],
        parent: "Scope | None" = None,
        ctes: Mapping[str, Table] | None = None,
    ) -> None:
        self.names = names
        self.needed = needed
        self.parent = parent
        self.ctes: Mapping[str, Table] = ctes if ctes is not None else parent.ctes if parent else {}
        self.sources: list[Source] = []
        self.star: list[Item] = []
        self.merged: dict[str, Item] = {}
        self.aliases: dict[str, Flow] = {}
        self.windows: dict[str, exp.Expr] = {}

    def child(self, ctes: Mapping[str, Table] | None = None) -> "Scope":
        """A scope within this one."""
        return Scope(self.names, self.needed, self, ctes)

    def add(self, source: Source) -> None:
        """One more table to read from."""
        self.sources.append(source)
        if source.visible:
            self.star.extend(source.table.items)

    def rest(self) -> Rest | None:
        """Whatever else may be read."""
        return union(source.table.rest for source in self.sources if source.visible and source.table.rest)

    def every(self) -> Sequence[Item]:
        """All columns that are read."""
        if (rest := self.rest()) is not None:
            raise NotResolved(f"the columns of {rest.of} are not known")
        return self.star

    def levels(self) -> "Iterator[Scope]":
        """This scope and those around it, from the inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def named(self, parts: Sequence[exp.Identifier]) -> Source | None:
        """The source of this name, which may say its schema and catalog."""
        last = self.names.key(parts[-1])
        for source in self.sources:
            if len(parts) == 1:
                if source.key == last:
                    return source
            elif source.parts[-len(parts) :] == tuple(part.name.casefold() for part in parts):
                return source
        return None

    def resolve(self, parts: Sequence[exp.Identifier], aliases_first: bool = False) -> Flow:
        """The flow of a column by its name, which may say the table and go on to a field inside the value."""
        missing = None
        for scope in self.levels():
            for length in range(min(len(parts) - 1, 3), 0, -1):
                if (source := scope.named(parts[:length])) is not None:
                    item = self._of(source, parts[length])
                    if item is not None:
                        return inside(item.flow, tuple(part.name for part in parts[length + 1 :]))
                    missing = (
                        missing or f"{parts[0].name if length == 1 else source.key} has no column {parts[length].name}"
                    )
        flow = self._unqualified(parts[0], aliases_first)
        if flow is None and len(parts) == 1:
            flow = self._whole(parts[0])
        if flow is not None:
            return inside(flow, tuple(part.name for part in parts[1:]))
        if len(parts) == 1 and parts[0].name.casefold() in ENGINE_COLUMNS:
            return NOTHING
        name = ".".join(part.name for part in parts)
        raise NotResolved(missing or f"nothing that is read here has a column {name}")

    def _of(self, source: Source, identifier: exp.Identifier) -> Item | None:
        found = source.table.find(identifier)
        if len(found) > 1:
            raise NotResolved(f"{source.key} has more than one column {identifier.name}")
        item = found[0] if found else source.table.rest and source.table.rest.find(identifier)
        if item:
            self.needed(item.needs)
        return item or None

    def _unqualified(self, identifier: exp.Identifier, aliases_first: bool) -> Flow | None:
        key = self.names.key(identifier)
        maybe: list[tuple[str, Item]] = []
        for scope in self.levels():
            if aliases_first and scope is self and key in self.aliases:
                return self.aliases[key]
            known = scope._known(identifier, key)
            if known is not None:
                if maybe:
                    raise NotResolved(f"{identifier.name} may be of {maybe[0][0]}, whose columns are not known")
                return known
            maybe += scope._unknown(identifier)
        if len(maybe) > 1:
            raise NotResolved(
                f"{identifier.name} may be of {' or '.join(of for of, _ in maybe)}, whose columns are not known"
            )
        if maybe:
            self.needed(maybe[0][1].needs)
            return maybe[0][1].flow
        return None

    def _known(self, identifier: exp.Identifier, key: str) -> Flow | None:
        if (both := self.merged.get(key)) is not None:
            self.needed(both.needs)
            return both.flow
        found = [(source, item) for source in self.sources if source.visible for item in source.table.find(identifier)]
        if len(found) > 1:
            of = " and ".join(source.key for source, _ in found)
            raise NotResolved(f"{identifier.name} is a column of {of}")
        if found:
            self.needed(found[0][1].needs)
            return found[0][1].flow
        if key in self.aliases:
            if maybe := self._unknown(identifier):
                raise NotResolved(
                    f"{identifier.name} may be an output or of {maybe[0][0]}, whose columns are not known"
                )
            return self.aliases[key]
        return None

    def _unknown(self, identifier: exp.Identifier) -> list[tuple[str, Item]]:
        rests = [source.table.rest for source in self.sources if source.visible and source.table.rest]
        return [(rest.of, item) for rest in rests if (item := rest.find(identifier))]

    def _whole(self, identifier: exp.Identifier) -> Flow | None:
        for scope in self.levels():
            if (source := scope.named([identifier])) is not None:
                if source.table.rest is not None:
                    raise NotResolved(
                        f"{identifier.name} is a whole row of {source.table.rest.of}, whose columns are not known"
                    )
                return through(merge(item.flow for item in source.table.items), COMPUTED)
        return None
