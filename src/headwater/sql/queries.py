# SPDX-License-Identifier: Apache-2.0
"""What a query yields: its columns with their flows, and what bears on its rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlglot import exp

from headwater.sql.expressions import identifiers, path
from headwater.sql.flows import FILTERS, GROUPS, NOTHING, SORTS, Flow, inside, merge, through
from headwater.sql.names import Names
from headwater.sql.scopes import Item, NotResolved, Rest, Scope, Source, Table, union
from headwater.sql.sources import UNCLEAR, Sources, last, output

# Dialects where an output may be used by its name in other outputs and in WHERE.
ALIASES_EVERYWHERE = frozenset(
    ["dialect", "snowflake", "databricks", "spark", "redshift", "duckdb", "clickhouse", "teradata", "sqlite"]
)
# Dialects where WITH is recursive without saying so.
RECURSIVE_UNSAID = frozenset({"tsql", "fabric", "oracle", "teradata"})

# A query that reads itself passes a column on by one place in each round; so many places no real one has.
ROUNDS = 100


class Queries(Sources):
    """Reads queries of one statement."""

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
        for _ in range(ROUNDS):
            again = self.query(node.expression, around.child({**around.ctes, key: table}))
            grown = self._beside(table, again)
            if all(old.flow == new.flow for old, new in zip(table.items, grown.items, strict=True)) and (
                table.rows == grown.rows
            ):
                return self._ordered(node, self._distinct(node, grown), around)
            table = grown
        raise NotResolved(f"{key} reads itself without an end")

    def _select(self, node: exp.Select, around: Scope) -> Table:
        if node.args.get("match") is not None:
            raise NotResolved("MATCH_RECOGNIZE is not understood")
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
        table = Table(self.names, items, union(rests), merge(rows))
        distinct = node.args.get("distinct")
        if distinct is not None and (on := distinct.args.get("on")) is not None:
            table.rows = merge((table.rows, through(self.expressions.all(on.expressions, scope), GROUPS)))
        elif distinct is not None:
            table = self._distinct(node, table)
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
        both = self._beside(left, right, by_name) if isinstance(node, exp.Intersect) else left
        kept = through(merge((self._each(node, left), self._each(node, right))), FILTERS)
        return Table(self.names, both.items, both.rest, merge((left.rows, right.rows, kept)))

    def _distinct(self, node: exp.SetOperation | exp.Select, table: Table) -> Table:
        if not node.args.get("distinct"):
            return table
        by = through(self._each(node, table), GROUPS)
        return Table(self.names, table.items, table.rest, merge((table.rows, by)))

    def _each(self, node: exp.Expr, table: Table) -> Flow:
        """The flow of all columns together."""
        if table.rest is not None and table.rest.of != UNCLEAR:
            self.note(node, NotResolved(f"rows are compared by columns of {table.rest.of}, which are not known"))
        return merge(item.flow for item in table.items)

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
            named = part.expressions if isinstance(part, exp.Aliases) else [output(part)]
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
            yield last(part), lambda _: None
        for part in star.args.get("rename") or ():
            yield last(part.this), renamed(self.names.spelled(part.args["alias"]))
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


def _calls_itself(cte: exp.CTE, names: Names, with_: exp.With) -> bool:
    if not with_.args.get("recursive") and names.dialect_name not in RECURSIVE_UNSAID:
        return False
    key = names.key(cte.args["alias"].this)
    return any(
        isinstance(table.this, exp.Identifier) and not table.db and names.key(table.this) == key
        for table in cte.this.expression.find_all(exp.Table)
    )


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


def _without(rest: Rest, keys: frozenset[str], names: Names) -> Rest:
    return Rest(rest.of, lambda name: None if names.key(name) in keys else rest.find(name))
