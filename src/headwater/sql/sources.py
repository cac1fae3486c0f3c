# SPDX-License-Identifier: Apache-2.0
"""What stands in FROM: relations, functions, values, joins, pivots."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from sqlglot import exp
from sqlglot.dialects.dialect import UsingColumnOrder

from headwater.sql import functions
from headwater.sql.expressions import Expressions, identifiers
from headwater.sql.flows import COMPUTED, DECIDES, GROUPS, JOINS, NOTHING, Flow, column, merge, through
from headwater.sql.model import Column, Problem, Relation, RelationName
from headwater.sql.names import Relations
from headwater.sql.scopes import Item, NotResolved, Rest, Scope, Source, Table

UNCLEAR = "what is not understood"
# Dialects where a column with an array may stand in FROM as it is.
ARRAYS_IN_FROM = frozenset({"bigquery", "redshift"})
# How VALUES calls its columns: the first number, and what stands before it.
VALUES_COLUMNS = {
    "duckdb": (0, "col"),
    "spark": (1, "col"),
    "databricks": (1, "col"),
    "hive": (1, "col"),
    "mysql": (0, "column_"),
    "presto": (0, "_col"),
    "trino": (0, "_col"),
    "athena": (0, "_col"),
}

Note = Callable[[exp.Expr, NotResolved], None]
Reads = dict[RelationName, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Made:
    """What is read in place of a relation, with the relations and columns that it reads itself."""

    table: Table
    reads: Reads
    problems: tuple[Problem, ...] = ()


class Sources(ABC):
    """Reads what queries of one statement read from. ``note`` is told what cannot be resolved; ``made`` says what is
    read in place of a relation, if anything is."""

    def __init__(self, relations: Relations, note: Note, made: Callable[[Relation, exp.Expr], Made | None]) -> None:
        self.names = relations.names
        self.relations = relations
        self.note = note
        self.made = made
        self.needs: dict[RelationName, dict[str, None]] = {}
        self.expressions = Expressions(self.query, note)
        self.flow = self.expressions.flow

    def scope(self) -> Scope:
        """A scope with nothing in it."""
        return Scope(self.names, self._needed, None, {})

    def _needed(self, columns: frozenset[Column]) -> None:
        for each in columns:
            self.needs.setdefault(each.relation, {})[each.name] = None

    def reads(self) -> Reads:
        """The relations that have been read, and the columns of theirs that have been named."""
        return {name: tuple(columns) for name, columns in self.needs.items()}

    @abstractmethod
    def query(self, node: exp.Expr, around: Scope) -> Table:
        """Read one query inside of a scope."""

    def unclear(self) -> Table:
        """Something of which a problem has been noted already: its columns come from nowhere."""
        return Table(self.names, (), Rest(UNCLEAR, lambda name: Item(name.name, NOTHING)))

    def read(self, node: exp.Expr, scope: Scope) -> Flow:
        """Add what stands in FROM to a scope. Returns what bears on the rows."""
        if isinstance(node, exp.Join):
            return self._join(node, scope)
        if isinstance(node, exp.From):
            return self.read(node.this, scope)
        if isinstance(node, exp.Subquery) and isinstance(node.this, (exp.Table, exp.Subquery)) and not node.alias:
            rows = [self.read(node.this, scope)]
        else:
            source = self._source(node, scope)
            scope.add(source)
            rows = [source.table.rows]
        rows += [self.read(join, scope) for join in node.args.get("joins") or ()]
        return merge(rows)

    def _source(self, node: exp.Expr, scope: Scope) -> Source:
        alias = node.args.get("alias")
        named = alias if isinstance(alias, exp.TableAlias) else exp.TableAlias()
        key = self.names.key(named.this) if named.this else ""
        parts: RelationName = ()
        try:
            table = self._table(node, scope, named)
            if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
                key = key or self.names.key(node.this)
                relation = self.relations.find(node).name
                parts = tuple(part.casefold() for part in relation) if not named.this else ()
            for pivot in node.args.get("pivots") or ():
                table = self._pivot(pivot, Source(key, table, parts), scope)
                pivoted = pivot.args.get("alias")
                if isinstance(pivoted, exp.TableAlias) and pivoted.this:
                    key = self.names.key(pivoted.this)
                    table = table.renamed(pivoted.args.get("columns") or ())
        except NotResolved as unresolved:
            self.note(node, unresolved)
            table = self.unclear()
        return Source(key, table, parts)

    def _table(self, node: exp.Expr, scope: Scope, alias: exp.TableAlias) -> Table:
        columns = alias.args.get("columns") or []
        match node:
            case exp.Table() if isinstance(node.this, exp.Identifier):
                parts = [part for part in node.parts if isinstance(part, exp.Identifier)]
                if self.names.dialect_name in ARRAYS_IN_FROM and parts[1:] and scope.named(parts[:1]) is not None:
                    return self._array(parts, alias, scope)
                return self.relation(node, scope).renamed(columns)
            case exp.Table() if isinstance(node.this, exp.Expr):
                return self._function(node.this, columns, alias, scope)
            case exp.Values():
                return self._values(node, scope).renamed(columns)
            case exp.Subquery():
                around = (scope.parent or self.scope()).child(scope.ctes)
                return self.query(node.this, around).renamed(columns)
            case exp.Lateral() if isinstance(node.this, (exp.Query, exp.Subquery)):
                return self.query(node.this, scope).renamed(columns)
            case exp.Lateral():
                return self._function(node.this, columns, alias, scope)
            case exp.Unnest() | exp.TableFromRows():
                return self._function(node, columns, alias, scope)
            case exp.Pivot():
                return self._pivot_statement(node, scope)
        raise NotResolved(f"{node.key.upper()} is not understood in FROM")

    def relation(self, node: exp.Table, scope: Scope) -> Table:
        """What stands under a name: a common table expression, or a relation, or what that was made from."""
        if len(node.parts) == 1 and (cte := scope.ctes.get(self.names.key(node.this))) is not None:
            return cte
        relation = self.relations.find(node)
        if (made := self.made(relation, node)) is not None:
            for name, columns in made.reads.items():
                self.needs.setdefault(name, {}).update(dict.fromkeys(columns))
            return made.table
        self.needs.setdefault(relation.name, {})
        return self.base(relation)

    def target(self, relation: Relation) -> Table:
        """A relation that is written to, and read only if its columns are named."""
        temporary = self.made(replace(relation, query=None), exp.Null())
        return temporary.table if temporary else self.base(relation)

    def base(self, relation: Relation) -> Table:
        """A relation whose columns come from nowhere else."""

        def item(name: str) -> Item:
            source = Column(relation.name, name)
            return Item(name, column(source), frozenset((source,)))

        if relation.columns is None:
            return Table(self.names, (), Rest(".".join(relation.name), lambda name: item(self.names.spelled(name))))
        return Table(self.names, [item(name) for name in relation.columns])

    def _function(self, node: exp.Expr, columns: Sequence[exp.Expr], alias: exp.TableAlias, scope: Scope) -> Table:
        """A table function: every column that it yields comes from all of its arguments."""
        arguments = [part for part in node.iter_expressions() if not isinstance(part, exp.TableAlias)]
        flow = through(self.expressions.all(arguments, scope), COMPUTED)
        if isinstance(node, exp.TableFromRows):
            node = node.this
        called = node.name if isinstance(node, exp.Anonymous) else _called(node)
        if not flow and functions.bare(called) not in functions.GENERATORS:
            raise NotResolved(f"what the table function {called} reads is not known")
        names = [self.names.spelled(name) for name in columns if isinstance(name, exp.Identifier)]
        if not names and alias.this and isinstance(node, (exp.Unnest, exp.GenerateSeries)):
            names = [self.names.spelled(alias.this)]
        items = [Item(name, flow) for name in names]
        if isinstance(offset := node.args.get("offset"), exp.Identifier):
            items.append(Item(self.names.spelled(offset), NOTHING))
        return Table(self.names, items, None if names else Rest(called, lambda name: Item(name.name, flow)))

    def _array(self, parts: Sequence[exp.Identifier], alias: exp.TableAlias, scope: Scope) -> Table:
        """The elements of an array, ``FROM t, t.items AS item``."""
        item = Item(self.names.spelled(alias.this or parts[-1]), through(scope.resolve(parts), COMPUTED))
        return Table(self.names, [item])

    def _values(self, node: exp.Values, scope: Scope) -> Table:
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        start, name = VALUES_COLUMNS.get(self.names.dialect_name, (1, "column"))
        names = [f"{name}{place + start}" for place in range(len(rows[0]))]
        flows = [self.expressions.all((cell for cell in cells if cell), scope) for cells in zip_longest(*rows)]
        table = Table(self.names, [Item(name, flow) for name, flow in zip(names, flows, strict=False)])
        alias = node.args.get("alias")
        return table.renamed(alias.args.get("columns") or ()) if isinstance(alias, exp.TableAlias) else table

    # Joins

    def _join(self, node: exp.Join, scope: Scope) -> Flow:
        if node.kind == "ARRAY":
            self.note(node, NotResolved("ARRAY JOIN is not understood"))
            scope.add(Source("", self.unclear()))
            return NOTHING
        before, left = list(scope.star), len(scope.sources)
        rows = [self.read(node.this, scope)]
        joined = scope.sources[left:]
        on = node.args.get("on")
        if on is not None:
            rows.append(through(self.flow(on, scope), JOINS))
        using: list[exp.Identifier] = [last(name) for name in node.args.get("using") or ()]
        try:
            if node.method == "NATURAL":
                using = self._common(scope.sources[:left], joined)
            if using:
                rows.append(self._using(node, using, scope, before, left))
        except NotResolved as unresolved:
            self.note(node, unresolved)
        if node.kind in ("SEMI", "ANTI") or node.side in ("SEMI", "ANTI"):
            scope.star = before
            for source in joined:
                source.visible = False
        return merge(rows)

    def _common(self, left: Sequence[Source], right: Sequence[Source]) -> list[exp.Identifier]:
        for source in (*left, *right):
            if source.table.rest is not None:
                raise NotResolved(f"a natural join with {source.table.rest.of}, whose columns are not known")
        theirs = {self.names.stored_key(item.name) for source in right for item in source.table.items if item.name}
        mine = {self.names.stored_key(i.name): i.name for source in left for i in source.table.items if i.name}
        return [exp.to_identifier(name, quoted=True) for key, name in mine.items() if key in theirs]

    def _using(
        self, node: exp.Join, using: Sequence[exp.Identifier], scope: Scope, before: list[Item], left: int
    ) -> Flow:
        """Columns that both sides have under one name, and that are one column from here on."""
        mine, theirs = scope.child(), scope.child()
        mine.parent = theirs.parent = None
        mine.sources, mine.merged, theirs.sources = scope.sources[:left], scope.merged, scope.sources[left:]
        keys = [self.names.key(name) for name in using]
        flows = []
        for key, name in zip(keys, using, strict=True):
            sides = mine.resolve([name]), theirs.resolve([name])
            flows.append(merge(sides))
            kept = {"LEFT": sides[:1], "RIGHT": sides[1:]}.get(node.side, sides)
            scope.merged[key] = Item(self.names.spelled(name), merge(kept), frozenset())
        order = self.names.dialect.USING_COLUMN_ORDER
        if order is UsingColumnOrder.LEFT_TABLE:
            places = {self._star_key(item): place for place, item in enumerate(before)}
            keys.sort(key=lambda key: places.get(key, -1))
        both = {key: scope.merged[key] for key in keys}
        old = [item for item in before if self._star_key(item) not in both]
        new = [item for item in scope.star[len(before) :] if self._star_key(item) not in both]
        if order is UsingColumnOrder.IN_PLACE:
            scope.star = [*(both.get(self._star_key(item), item) for item in before), *new]
        else:
            scope.star = [*both.values(), *old, *new]
        return through(merge(flows), JOINS)

    def _star_key(self, item: Item) -> str:
        return self.names.stored_key(item.name or "")

    # Pivots

    def _pivot(self, node: exp.Pivot, of: Source, around: Scope) -> Table:
        scope = around.child()
        scope.add(of)
        if node.unpivot:
            return self._unpivoted(node, of.table, scope)
        by = through(self.expressions.all((field.this for field in node.fields), scope), DECIDES)
        made = [merge((self.flow(each, scope), by)) for each in node.expressions]
        kept = self._unused(of.table, (*node.expressions, *node.fields))
        names = [self.names.spelled(name) for name in node.args.get("columns") or ()]
        items = [Item(name, made[place % len(made)]) for place, name in enumerate(names)]
        return self._regrouped(of.table, [*kept, *items], kept, None if names else merge(made))

    def _pivot_statement(self, node: exp.Pivot, scope: Scope) -> Table:
        """DuckDB's ``PIVOT t ON … USING …``: a column for each value that is there."""
        if node.args.get("unpivot"):
            raise NotResolved("UNPIVOT as a statement is not understood")
        inner = scope.child()
        rows = self.read(node.this, inner)
        of = Table(self.names, inner.star, inner.rest(), rows)
        by = through(self.expressions.all(node.expressions, inner), DECIDES)
        made = merge((self.expressions.all(node.args.get("using") or (), inner), by))
        kept = self._unused(of, (*node.expressions, *(node.args.get("using") or ())))
        if (group := node.args.get("group")) is not None:
            flows = ((output(part), self.flow(part, inner)) for part in group.expressions)
            kept = [Item(self.names.spelled(name) if name else None, flow) for name, flow in flows]
        return self._regrouped(of, kept, kept, made)

    def _unused(self, table: Table, parts: Iterable[exp.Expr]) -> list[Item]:
        used = {id(i) for part in parts for c in part.find_all(exp.Column) for i in table.find(identifiers(c)[-1])}
        return [item for item in table.items if id(item) not in used]

    def _regrouped(self, of: Table, items: Sequence[Item], kept: Sequence[Item], made: Flow | None) -> Table:
        """What PIVOT yields. ``made``: the flow of columns whose names only the data says."""
        rows = merge((of.rows, *(through(item.flow, GROUPS) for item in kept)))
        if made is None:
            return Table(self.names, items, of.rest, rows)
        if of.rest is not None:
            raise NotResolved(f"which columns of {of.rest.of} a PIVOT keeps is not known")
        return Table(self.names, items, Rest("what PIVOT makes", lambda name: Item(name.name, made)), rows)

    def _unpivoted(self, node: exp.Pivot, table: Table, scope: Scope) -> Table:
        if table.rest is not None:
            raise NotResolved(f"the columns of {table.rest.of} are not known, so they cannot be unpivoted")
        values = [v for e in node.expressions for v in (e.expressions if isinstance(e, exp.Tuple) else [e])]
        flows: list[Flow] = [NOTHING] * len(values)
        for entry in (entry for field in node.fields for entry in field.expressions):
            columns = list(entry.find_all(exp.Column))
            given = columns if len(columns) == len(values) else [entry] * len(values)
            flows = [merge((flow, self.flow(each, scope))) for flow, each in zip(flows, given, strict=True)]
        said = [Item(self.names.spelled(last(field.this)), NOTHING) for field in node.fields]
        made = [Item(self.names.spelled(last(value)), flow) for value, flow in zip(values, flows, strict=True)]
        both = [*made, *said] if self.names.dialect_name in ("tsql", "fabric") else [*said, *made]
        return Table(self.names, [*self._unused(table, node.fields), *both], None, table.rows)


def _called(node: exp.Expr) -> str:
    return node.sql_names()[0].lower() if isinstance(node, exp.Func) else node.key


def last(node: exp.Expr) -> exp.Identifier:
    """The own name of a column."""
    while not isinstance(node, exp.Identifier):
        node = node.this
    return node


def output(node: exp.Expr) -> exp.Identifier | None:
    """The name of an output, where SQL says one."""
    if isinstance(node, exp.Alias):
        name = node.args["alias"]
    elif isinstance(node, exp.Subquery) and node.alias:
        name = node.args["alias"].this
    else:
        while isinstance(node, exp.Paren):
            node = node.this
        name = node.this if isinstance(node, exp.Column) else node.expression if isinstance(node, exp.Dot) else None
    return name if isinstance(name, exp.Identifier) else None
