# SPDX-License-Identifier: Apache-2.0
"""What a query yields: its columns with their flows, and what bears on its rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from sqlglot import exp
from sqlglot.dialects.dialect import UsingColumnOrder

from headwater.sql import functions
from headwater.sql.expressions import Expressions, identifiers, path
from headwater.sql.flows import (
    COMPUTED,
    DECIDES,
    FILTERS,
    GROUPS,
    JOINS,
    NOTHING,
    SORTS,
    Flow,
    column,
    inside,
    merge,
    through,
)
from headwater.sql.model import Column, Problem, Relation, RelationName
from headwater.sql.names import Names, Relations
from headwater.sql.scopes import Item, NotResolved, Rest, Scope, Source, Table, union

# Dialects where an output may be used by its name in other outputs and in WHERE.
ALIASES_EVERYWHERE = frozenset(
    ["dialect", "snowflake", "databricks", "spark", "redshift", "duckdb", "clickhouse", "teradata", "sqlite"]
)
# Dialects where WITH is recursive without saying so.
RECURSIVE_UNSAID = frozenset({"tsql", "fabric", "oracle", "teradata"})

UNCLEAR = "what is not understood"
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


class Queries:
    """Reads queries of one statement. ``note`` is told what cannot be resolved; ``made`` says what is read in place
    of a relation, if anything is."""

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

    # Queries

    def query(self, node: exp.Expr, around: Scope) -> Table:
        """Read one query inside of a scope; what cannot be understood is noted, and the rest is read."""
        try:
            around = self.with_(node, around)
            match node:
                case exp.Select():
                    return self._select(node, around)
                case exp.SetOperation():
                    return self._set_operation(node, around)
                case exp.Subquery() if isinstance(node.this, exp.Query) and not (
                    node.args.get("pivots") or node.args.get("joins")
                ):
                    return self._ordered(node, self.query(node.this, around), around)
                case exp.Values():
                    return self._values(node, around)
                case exp.Pivot():
                    return self._pivot_statement(node, around)
                case exp.Subquery() | exp.Table():
                    inner = around.child()
                    rows = self.read(node, inner)
                    return Table(self.names, inner.star, inner.rest(), rows)
            raise NotResolved(f"{node.key.upper()} is not understood as a query")
        except NotResolved as unresolved:
            self.note(node, unresolved)
            return self.unclear()

    def unclear(self) -> Table:
        """Something of which a problem has been noted already: its columns come from nowhere."""
        return Table(self.names, (), Rest(UNCLEAR, lambda name: Item(name.name, NOTHING)))

    def with_(self, node: exp.Expr, around: Scope) -> Scope:
        """The scope with the common table expressions of a query added."""
        with_ = node.args.get("with_")
        if not isinstance(with_, exp.With):
            return around
        ctes = dict(around.ctes)
        for cte in with_.expressions:
            key = self.names.key(cte.args["alias"].this)
            inner = around.child(dict(ctes))
            columns = cte.args["alias"].args.get("columns") or []
            try:
                if not isinstance(cte.this, exp.Query):
                    raise NotResolved(f"{cte.this.key.upper()} inside WITH is not understood")
                if isinstance(cte.this, exp.SetOperation) and _calls_itself(cte, self.names, with_):
                    ctes[key] = self._recursive(cte.this, key, columns, inner)
                else:
                    ctes[key] = self.query(cte.this, inner).renamed(columns)
            except NotResolved as unresolved:
                self.note(cte, unresolved)
                ctes[key] = self.unclear()
        return around.child(ctes)

    def _recursive(self, node: exp.SetOperation, key: str, columns: Sequence[exp.Expr], around: Scope) -> Table:
        """Read a query that reads itself: again and again, until there is nothing new."""
        around = self.with_(node, around)
        table = self.query(node.this, around).renamed(columns)
        while True:
            again = self.query(node.expression, around.child({**around.ctes, key: table}))
            grown = self._beside(table, again)
            if all(old.flow == new.flow for old, new in zip(table.items, grown.items, strict=True)) and (
                table.rows == grown.rows
            ):
                return self._ordered(node, self._distinct(node, grown), around)
            table = grown

    def _select(self, node: exp.Select, around: Scope) -> Table:
        scope = around.child()
        rows = [self.read(part, scope) for part in _sources(node)]
        for window in node.args.get("windows") or ():
            scope.windows[self.names.key(window.this)] = window
        if self.names.dialect_name not in ALIASES_EVERYWHERE:
            rows += self.clauses(node, scope, "where", "prewhere", "connect")
        items, rests = self._projections(node, scope)
        if self.names.dialect_name in ALIASES_EVERYWHERE:
            rows += self.clauses(node, scope, "where", "prewhere", "connect")
        rows.append(self._groups(node, items, scope))
        rows += self.clauses(node, scope, "having", "qualify", "limit", "offset")
        distinct = node.args.get("distinct")
        if distinct is not None:
            on = distinct.args.get("on")
            by = self.expressions.all(on.expressions, scope) if on else merge(item.flow for item in items)
            rows.append(through(by, GROUPS))
        table = Table(self.names, items, union(rests), merge(rows))
        return self._ordered(node, table, scope)

    def clauses(self, node: exp.Expr, scope: Scope, *keys: str) -> list[Flow]:
        """What the clauses under these keys filter by."""
        parts = [part for key in keys if isinstance(part := node.args.get(key), exp.Expr)]
        return [through(self.flow(part, scope), FILTERS) for part in parts]

    def _groups(self, node: exp.Select, items: Sequence[Item], scope: Scope) -> Flow:
        group = node.args.get("group")
        if group is None:
            return NOTHING
        if group.args.get("all"):
            plain = (p for p in node.expressions if not any(p.find_all(exp.AggFunc)))
            return through(self.expressions.all(plain, scope), GROUPS)
        by = [p for key in ("expressions", "cube", "rollup", "grouping_sets") for p in group.args.get(key) or ()]
        return through(merge(self._by(part, items, scope, False) for part in by), GROUPS)

    def _by(self, node: exp.Expr, items: Sequence[Item], scope: Scope, aliases_first: bool) -> Flow:
        """What a list of GROUP BY or ORDER BY goes by: an expression, or the number of an output."""
        plain = node.this if isinstance(node, exp.Ordered) else node
        if isinstance(plain, exp.Literal) and plain.is_int:
            position = int(plain.name)
            return items[position - 1].flow if 0 < position <= len(items) else NOTHING
        return self.flow(node, scope, aliases_first)

    def _ordered(self, node: exp.Expr, table: Table, scope: Scope) -> Table:
        orders = [o for key in ("order", "sort", "cluster", "distribute") if (o := node.args.get(key)) is not None]
        if not orders:
            return table
        if not isinstance(node, exp.Select):
            scope = scope.child()
            scope.add(Source("", table))
        parts = [part for order in orders for part in order.expressions]
        flow = through(merge(self._by(part, table.items, scope, True) for part in parts), SORTS)
        return Table(self.names, table.items, table.rest, merge((table.rows, flow)))

    # Set operations

    def _set_operation(self, node: exp.SetOperation, around: Scope) -> Table:
        # The left side may be a chain of thousands.
        chain = [node]
        while isinstance(chain[-1].this, exp.SetOperation) and not chain[-1].this.args.get("with_"):
            chain.append(chain[-1].this)
        table = self.query(chain[-1].this, around)
        for link in reversed(chain):
            table = self._combined(link, table, self.query(link.expression, around))
            table = self._ordered(link, table, around)
        return table

    def _combined(self, node: exp.SetOperation, left: Table, right: Table) -> Table:
        by_name = bool(node.args.get("by_name"))
        if isinstance(node, exp.Union):
            return self._distinct(node, self._beside(left, right, by_name))
        filters = [through(item.flow, FILTERS) for item in (*left.items, *right.items)]
        both = self._beside(left, right, by_name) if isinstance(node, exp.Intersect) else left
        return Table(self.names, both.items, both.rest, merge((left.rows, right.rows, *filters)))

    def _distinct(self, node: exp.SetOperation, table: Table) -> Table:
        if not node.args.get("distinct"):
            return table
        by = through(merge(item.flow for item in table.items), GROUPS)
        return Table(self.names, table.items, table.rest, merge((table.rows, by)))

    def _beside(self, left: Table, right: Table, by_name: bool = False) -> Table:
        """The rows of two tables, one below the other."""
        rows = merge((left.rows, right.rows))
        if by_name:
            mine = [(item, *right.find(exp.to_identifier(item.name, quoted=True))) for item in left.items if item.name]
            theirs = [i for i in right.items if i.name and not left.find(exp.to_identifier(i.name, quoted=True))]
            pairs = [*mine, *((item,) for item in theirs)]
        elif left.rest or right.rest:
            of = " and ".join(side.rest.of for side in (left, right) if side.rest)
            raise NotResolved(f"the columns of {of} are not known, so they cannot be set side by side by position")
        elif len(left.items) != len(right.items):
            raise NotResolved(f"{len(left.items)} columns are set side by side with {len(right.items)}")
        else:
            pairs = list(zip(left.items, right.items, strict=True))
        items = [
            Item(pair[0].name, merge(i.flow for i in pair), frozenset().union(*(i.needs for i in pair)))
            for pair in pairs
        ]
        rest = union(side.rest for side in (left, right) if side.rest)
        return Table(self.names, items, rest, rows)

    # Outputs

    def _projections(self, node: exp.Select, scope: Scope) -> tuple[list[Item], list[Rest]]:
        items: list[Item] = []
        rests: list[Rest] = []
        aliases: dict[str, Flow] = scope.aliases if self.names.dialect_name in ALIASES_EVERYWHERE else {}
        for part in node.expressions:
            try:
                star = _star(part)
                if star is not None:
                    given = self._starred(part, star, scope)
                    items += given.items
                    rests += [given.rest] if given.rest else []
                    continue
            except NotResolved as unresolved:
                self.note(part, unresolved)
                continue
            flow = self.flow(part.this if isinstance(part, exp.Aliases) else part, scope)
            named = part.expressions if isinstance(part, exp.Aliases) else [_output(part)]
            for identifier in named:
                items.append(Item(self.names.spelled(identifier) if identifier else None, flow))
                if identifier is not None and (isinstance(part, (exp.Alias, exp.Aliases))):
                    aliases[self.names.key(identifier)] = flow
        scope.aliases = aliases
        return items, rests

    def _starred(self, part: exp.Expr, star: exp.Star, scope: Scope) -> Table:
        """The columns that a star stands for, with what it leaves out, replaces and renames."""
        if star.args.get("ilike") is not None:
            raise NotResolved("* ILIKE is not understood")
        table = self._star_of(part, scope)
        known: dict[int, Item | None] = {}
        beyond: dict[str, Item | None] = {}
        for identifier, change in self._star_changes(star, scope):
            if found := table.find(identifier):
                known.update((id(item), change(item)) for item in found)
            elif item := table.rest and table.rest.find(identifier):
                found = (item,)
                beyond[self.names.key(identifier)] = change(item)
            else:
                self.note(identifier, NotResolved(f"* has no column {identifier.name}"))
            for item in found:
                self._needed(item.needs)
        items = [changed for item in table.items if (changed := known.get(id(item), item)) is not None]
        items += [item for item in beyond.values() if item is not None]
        return Table(self.names, items, table.rest and _without(table.rest, frozenset(beyond), self.names))

    def _star_changes(
        self, star: exp.Star, scope: Scope
    ) -> Iterator[tuple[exp.Identifier, Callable[[Item], Item | None]]]:
        """The columns that a star leaves out, renames and replaces, and what becomes of each."""

        def renamed(to: str) -> Callable[[Item], Item]:
            return lambda item: Item(to, item.flow, item.needs)

        def replaced(by: Item) -> Callable[[Item], Item]:
            return lambda _: by

        for part in star.args.get("except_") or ():
            yield _last(part), lambda _: None
        for part in star.args.get("rename") or ():
            yield _last(part.this), renamed(self.names.spelled(part.args["alias"]))
        for part in star.args.get("replace") or ():
            identifier = part.args["alias"]
            yield identifier, replaced(Item(self.names.spelled(identifier), self.flow(part, scope)))

    def _star_of(self, part: exp.Expr, scope: Scope) -> Table:
        if isinstance(part, exp.Star):
            return Table(self.names, tuple(scope.star), scope.rest())
        names = identifiers(part) if isinstance(part, exp.Column) else []
        for level in scope.levels() if names else ():
            if (source := level.named(names)) is not None:
                return Table(self.names, source.table.items, source.table.rest)
        parts, root = path(part.this) if isinstance(part, exp.Dot) else (names, None)
        if isinstance(root, exp.Column):
            parts = [*identifiers(root), *parts]
        of = ".".join(name.name for name in parts)
        flow = scope.resolve(parts)
        return Table(self.names, (), Rest(of, lambda name: Item(name.name, inside(flow, (name.name,)))))

    # What is read

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
        using: list[exp.Identifier] = [_last(name) for name in node.args.get("using") or ()]
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
            flows = ((_output(part), self.flow(part, inner)) for part in group.expressions)
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
        said = [Item(self.names.spelled(_last(field.this)), NOTHING) for field in node.fields]
        made = [Item(self.names.spelled(_last(value)), flow) for value, flow in zip(values, flows, strict=True)]
        both = [*made, *said] if self.names.dialect_name in ("tsql", "fabric") else [*said, *made]
        return Table(self.names, [*self._unused(table, node.fields), *both], None, table.rows)


def _calls_itself(cte: exp.CTE, names: Names, with_: exp.With) -> bool:
    if not with_.args.get("recursive") and names.dialect_name not in RECURSIVE_UNSAID:
        return False
    key = names.key(cte.args["alias"].this)
    return any(
        isinstance(table.this, exp.Identifier) and not table.db and names.key(table.this) == key
        for table in cte.this.expression.find_all(exp.Table)
    )


def _called(node: exp.Expr) -> str:
    return node.sql_names()[0].lower() if isinstance(node, exp.Func) else node.key


def _sources(node: exp.Select) -> Iterable[exp.Expr]:
    from_ = node.args.get("from_")
    return (*([from_] if from_ else ()), *(node.args.get("joins") or ()), *(node.args.get("laterals") or ()))


def _star(node: exp.Expr) -> exp.Star | None:
    star = node if isinstance(node, exp.Star) else None
    if isinstance(node, exp.Column):
        star = node.this
    elif isinstance(node, exp.Dot):
        star = node.expression
    return star if isinstance(star, exp.Star) else None


def _last(node: exp.Expr) -> exp.Identifier:
    while not isinstance(node, exp.Identifier):
        node = node.this
    return node


def _output(node: exp.Expr) -> exp.Identifier | None:
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


def _without(rest: Rest, keys: frozenset[str], names: Names) -> Rest:
    return Rest(rest.of, lambda name: None if names.key(name) in keys else rest.find(name))
