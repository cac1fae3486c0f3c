# SPDX-License-Identifier: Apache-2.0
"""Which columns take part in the value of an expression, and how."""

from collections.abc import Callable, Iterable, Iterator

from sqlglot import exp

from headwater.sql import functions
from headwater.sql.flows import (
    AGGREGATED,
    COMPUTED,
    COUNTED,
    DECIDES,
    FILTERS,
    HASHED,
    MASKED,
    NOTHING,
    SORTS,
    WINDOWS,
    Flow,
    inside,
    merge,
    through,
)
from headwater.sql.model import Way
from headwater.sql.scopes import Item, NotResolved, Scope, Source, Table

TRANSPARENT = (exp.Alias, exp.Paren, exp.Ordered, exp.Where, exp.Having, exp.Qualify, exp.PreWhere)


class Expressions:
    """Flows of expressions. ``query`` reads a query in an expression; ``note`` is told what could not be resolved."""

    def __init__(
        self, query: Callable[[exp.Expr, Scope], Table], note: Callable[[exp.Expr, NotResolved], None]
    ) -> None:
        self.query = query
        self.note = note

    def flow(self, node: exp.Expr, scope: Scope, aliases_first: bool = False) -> Flow:
        """The flow of one expression; what cannot be resolved in it is noted and left out."""
        while isinstance(node, TRANSPARENT):
            node = node.this
        special = self._special(node, scope, aliases_first)
        if special is not None:
            return special
        return through(merge(self._parts(node, scope, aliases_first)), COMPUTED)

    def all(self, nodes: Iterable[exp.Expr], scope: Scope, aliases_first: bool = False) -> Flow:
        """The flow of several expressions side by side."""
        return merge(self.flow(node, scope, aliases_first) for node in nodes)

    def _parts(self, node: exp.Expr, scope: Scope, aliases_first: bool) -> Iterator[Flow]:
        # A loop, not recursion: generated SQL chains thousands of operators.
        waiting = list(node.iter_expressions())
        while waiting:
            part = waiting.pop()
            special = self._special(part, scope, aliases_first)
            if special is None:
                waiting.extend(part.iter_expressions())
            else:
                yield special

    def _special(self, node: exp.Expr, scope: Scope, aliases_first: bool) -> Flow | None:
        """The flow of a node that does more than to compute with all that is in it; None for any other."""
        match node:
            case exp.Column() | exp.Dot() | exp.Star() | exp.Columns():
                return self._name(node, scope, aliases_first)
            case exp.Exists():
                return self.query(node.this, scope).rows if isinstance(node.this, exp.Query) else None
            case exp.Query():
                table = self.query(node, scope)
                return merge((*(item.flow for item in table.items), table.rows))
            case exp.Case() | exp.If() | exp.Coalesce() | exp.Nullif() | exp.Nvl2() | exp.DecodeCase():
                values, conditions = _branches(node)
                return merge(
                    (
                        through(self.all(values, scope, aliases_first), COMPUTED),
                        through(self.all(conditions, scope, aliases_first), DECIDES),
                    )
                )
            case exp.Filter() | exp.Window() | exp.WithinGroup() | exp.Order() | exp.Comprehension():
                return self._shaped(node, scope, aliases_first)
            case exp.Func():
                made = _made_by(node)
                if made is None:
                    return None
                if made == COUNTED and isinstance(node.this, exp.Star):
                    return NOTHING
                return through(merge(self._parts(node, scope, aliases_first)), made)
        return None

    def _name(self, node: exp.Expr, scope: Scope, aliases_first: bool) -> Flow | None:
        try:
            if isinstance(node, exp.Columns):
                raise NotResolved("COLUMNS(…) is not understood")
            if isinstance(node, exp.Star):
                return through(merge(item.flow for item in scope.every()), COMPUTED)
            if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
                return scope.resolve(identifiers(node)[-1:])
            names, root = path(node)
            if isinstance(root, exp.Column):
                return scope.resolve((*identifiers(root), *names), aliases_first)
        except NotResolved as unresolved:
            self.note(node, unresolved)
            return NOTHING
        if not names:
            return None
        return inside(self.flow(root, scope, aliases_first), tuple(name.name for name in names))

    def _shaped(self, node: exp.Expr, scope: Scope, aliases_first: bool) -> Flow:
        """The flow of a value with what says of which rows, or in which order, it is made."""
        match node:
            case exp.Filter():
                kept = through(self.flow(node.expression, scope, aliases_first), FILTERS)
                return merge((self.flow(node.this, scope, aliases_first), kept))
            case exp.Window():
                return self._window(node, scope, aliases_first)
            case exp.WithinGroup():
                return self._within_group(node, scope, aliases_first)
            case exp.Comprehension():
                return self._comprehension(node, scope)
        by = through(self.all(node.expressions, scope, aliases_first), SORTS)
        return merge((self.flow(node.this, scope, aliases_first), by)) if node.this else by

    def _window(self, node: exp.Window, scope: Scope, aliases_first: bool) -> Flow:
        definitions: list[exp.Expr] = [node]
        while isinstance(name := definitions[-1].args.get("alias"), exp.Identifier):
            named = scope.windows.get(scope.names.key(name))
            if named is None or named in definitions:
                break
            definitions.append(named)
        over = [
            part
            for definition in definitions
            for key in ("partition_by", "order", "spec")
            for part in _listed(definition.args.get(key))
        ]
        by = through(self.all(over, scope, aliases_first), WINDOWS)
        return merge((self.flow(node.this, scope, aliases_first), by))

    def _comprehension(self, node: exp.Comprehension, scope: Scope) -> Flow:
        over = through(self.flow(node.args["iterator"], scope), COMPUTED)
        inner = scope.child()
        item = Item(inner.names.spelled(node.expression), over)
        inner.add(Source("", Table(inner.names, [item])))
        kept = [through(self.flow(part, inner), DECIDES) for part in _listed(node.args.get("condition"))]
        return merge((over, through(self.flow(node.this, inner), COMPUTED), *kept))

    def _within_group(self, node: exp.WithinGroup, scope: Scope, aliases_first: bool) -> Flow:
        of = self.flow(node.this, scope, aliases_first)
        order = merge(self._parts(node.expression, scope, aliases_first))
        # A list is put in an order; a percentile is of what it is ordered by.
        return merge((of, through(order, SORTS if of else AGGREGATED)))


def _listed(value: object) -> list[exp.Expr]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, exp.Expr) else []


def _branches(node: exp.Expr) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """The values that an expression chooses from, and the conditions that it chooses by."""
    args = node.args
    match node:
        case exp.Case():
            ifs = _listed(args.get("ifs"))
            values = [*(branch.args["true"] for branch in ifs), *_listed(args.get("default"))]
            return values, [*_listed(args.get("this")), *(branch.this for branch in ifs)]
        case exp.If() | exp.Nvl2():
            return [*_listed(args.get("true")), *_listed(args.get("false"))], [node.this]
        case exp.Nullif():
            return [node.this], [node.this, node.expression]
        case exp.DecodeCase():
            subject, *rest = node.expressions
            default = rest.pop() if len(rest) % 2 else None
            return [*rest[1::2], *_listed(default)], [subject, *rest[::2]]
    values = [node.this, *node.expressions]
    return values, values[:-1]


def _made_by(node: exp.Func) -> Way | None:
    """What a function makes of its arguments, if it is more than to compute with them."""
    unknown = isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc, exp.ParameterizedAgg))
    called = {functions.bare(name) for name in ([node.name] if unknown else node.sql_names())}
    if called & functions.HASHES:
        return HASHED
    if called & functions.MASKS:
        return MASKED
    if called & functions.COUNTS:
        return COUNTED
    if called & functions.PICKS:
        return COMPUTED
    if isinstance(node, exp.AggFunc) or called & functions.AGGREGATES:
        return AGGREGATED
    return None


def identifiers(column: exp.Column) -> list[exp.Identifier]:
    """The parts of a column's name."""
    return [part for part in column.parts if isinstance(part, exp.Identifier)]


def path(node: exp.Expr) -> tuple[list[exp.Identifier], exp.Expr]:
    """The fields that a chain of dots goes down, and what it starts from."""
    names: list[exp.Identifier] = []
    while isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        names.insert(0, node.expression)
        node = node.this
    return names, node
