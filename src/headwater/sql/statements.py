# SPDX-License-Identifier: Apache-2.0
"""What the statements of a script read and write, one after the other: each may read what an earlier one made."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError

from headwater.sql import migrations
from headwater.sql.flows import FILTERS, JOINS, NOTHING, Flow, merge, sources, through
from headwater.sql.model import (
    Change,
    ColumnRenamed,
    Output,
    Problem,
    Read,
    Relation,
    RelationDefined,
    RelationDropped,
    RelationName,
    RelationRenamed,
    Statement,
)
from headwater.sql.names import Relations
from headwater.sql.parsing import FAULTS, Parsed, Piece, parsed, place_of
from headwater.sql.queries import Queries
from headwater.sql.scopes import Item, NotResolved, Scope, Source, Table
from headwater.sql.sources import UNCLEAR, Made

READS_A_BODY = frozenset({"PROCEDURE", "FUNCTION", "TRIGGER"})
# Statements that move no data from column to column, and change no shape.
HARMLESS = (
    exp.Analyze, exp.Attach, exp.Cache, exp.Comment, exp.Commit, exp.Describe, exp.Detach, exp.Grant,
    exp.Kill, exp.Pragma, exp.Refresh, exp.Revoke, exp.Rollback, exp.Semicolon, exp.Set, exp.Show, exp.Transaction,
    exp.TruncateTable, exp.Uncache,
)  # fmt: skip


class Script:
    """Reads a script. ``through_views``: views whose query is known are read as what they select from."""

    def __init__(self, parsed: Parsed, relations: Relations, through_views: bool = False) -> None:
        self.text = parsed.text
        self.pieces = parsed.pieces
        self.relations = relations
        self.names = relations.names
        self.through_views = through_views
        self.temporary: dict[RelationName, Made] = {}
        self.views: dict[RelationName, Made] = {}

    def read(self) -> Iterator[tuple[Statement, Sequence[Change]]]:
        """The statements with what they change of the shape of things, in the order of the script."""
        for piece in self.pieces:
            if piece.tree is None:
                yield _unreadable(piece, piece.problem), ()
                continue
            for tree in _each(piece.tree):
                try:
                    reading = Reading(self, piece)
                    statement = reading.statement(tree)
                    self._apply(reading.changes)
                    yield statement, reading.changes
                except (SqlglotError, *FAULTS) as error:
                    reason = f"is not understood: {type(error).__name__} {error}".strip()
                    yield _unreadable(piece, Problem(piece.line, piece.column, reason)), ()

    def mentioned(self) -> Iterator[RelationName]:
        """The names of all that the statements may speak of; names of common table expressions are among them."""
        for piece in self.pieces:
            if isinstance(piece.tree, exp.Use):
                self.relations.use(piece.tree)
            elif isinstance(piece.tree, (exp.Command, exp.Execute)):
                yield from self._commanded(piece.tree)
            elif piece.tree is not None:
                for table in piece.tree.find_all(exp.Table):
                    if isinstance(table.this, exp.Identifier):
                        yield self.relations.find(table).name

    def _commanded(self, node: exp.Command | exp.Execute) -> Iterator[RelationName]:
        with suppress(SqlglotError, NotResolved, *FAULTS):
            yield from (change.relation for change in migrations.commanded(node, self.relations))

    def _apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            migrations.apply(change, self.relations)
            self.views.pop(change.relation, None)
            if isinstance(change, RelationDefined) or (made := self.temporary.pop(change.relation, None)) is None:
                continue
            if isinstance(change, RelationRenamed):
                self.temporary[change.to] = made
            elif not isinstance(change, RelationDropped):
                self.temporary[change.relation] = replace(made, table=_changed(made.table, change))


def _changed(table: Table, change: Change) -> Table:
    """A temporary table after a change of its columns."""
    known = {item.name or "": item.flow for item in table.items}
    names = migrations.columns(tuple(known), change)
    was = {change.to: change.column} if isinstance(change, ColumnRenamed) else {}
    items = [Item(name, known.get(was.get(name, name), NOTHING)) for name in names]
    return Table(table.names, items, table.rest, table.rows)


def _unreadable(piece: Piece, problem: Problem | None) -> Statement:
    problems = (problem,) if problem else ()
    return Statement("unreadable", piece.text, piece.line, piece.column, problems=problems)


def _each(tree: exp.Expr) -> Iterable[exp.Expr]:
    """The statements that one is short for: ``FROM t INSERT INTO a SELECT x INSERT INTO b SELECT y``."""
    if not isinstance(tree, exp.MultitableInserts):
        return (tree,)
    source = tree.args.get("source")
    for part in tree.expressions:
        if isinstance(part.expression, exp.Select) and source is not None:
            part.expression.set("from_", exp.From(this=source.copy()))
    return tree.expressions


def _quoted(names: Iterable[str]) -> list[exp.Identifier]:
    return [exp.to_identifier(name, quoted=True) for name in names]


@dataclass(slots=True)
class Target:
    """What a statement writes to."""

    relation: Relation
    temporary: bool = False


class Reading:
    """Reads one statement. ``inside``: the views that are being read around it."""

    def __init__(self, script: Script, piece: Piece, inside: tuple[RelationName, ...] = ()) -> None:
        self.script = script
        self.names = script.names
        self.relations = script.relations
        self.piece = piece
        self.inside = inside
        self.problems: dict[Problem, None] = {}
        self.changes: list[Change] = []
        self.queries = Queries(self.relations, self.note, self.made)
        self.flow = self.queries.expressions.flow

    def note(self, node: exp.Expr, unresolved: NotResolved) -> None:
        """Remember what could not be resolved, and where."""
        line, column = place_of(node, self.script.text) or (self.piece.line, self.piece.column)
        self.problems[Problem(line, column, str(unresolved))] = None

    def statement(self, node: exp.Expr) -> Statement:
        """Read it."""
        try:
            match node:
                case exp.Create():
                    return self._create(node)
                case exp.Insert():
                    return self._insert(node)
                case exp.Update():
                    return self._update(node)
                case exp.Delete():
                    return self._delete(node)
                case exp.Merge():
                    return self._merge(node)
                case exp.Query() | exp.Values() | exp.Pivot():
                    return self._select(node)
                case exp.Alter():
                    return self._alter(node)
            self._other(node)
        except NotResolved as unresolved:
            self.note(node, unresolved)
            return self._told("unreadable", None, ())
        return self._told("other", None, ())

    def _other(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Drop):
            self.changes += migrations.dropped(node, self.relations)
        elif isinstance(node, (exp.Command, exp.Execute)):
            self.changes += migrations.commanded(node, self.relations)
        elif isinstance(node, exp.Use):
            self.relations.use(node)
        elif not isinstance(node, HARMLESS):
            raise NotResolved(f"{node.key.upper()} is not understood")

    # Views

    def made(self, relation: Relation, node: exp.Expr) -> Made | None:
        """What is read in place of a relation: what a temporary table was made from, and a view if that is wanted."""
        if (temporary := self.script.temporary.get(relation.name)) is not None:
            return temporary
        if relation.query is None or not (self.script.through_views or relation.columns is None):
            return None
        if (view := self.script.views.get(relation.name)) is None:
            view = self.script.views[relation.name] = self._view(relation)
        for problem in view.problems if self.script.through_views else ():
            self.note(node, NotResolved(f"in {'.'.join(relation.name)}, line {problem.line}: {problem.reason}"))
        if self.script.through_views:
            return view
        if view.table.rest is None:
            names = tuple(item.name or "" for item in view.table.items)
            return Made(self.queries.base(Relation(relation.name, names)), {relation.name: ()})
        return None

    def _view(self, relation: Relation) -> Made:
        """Read the query of a view, as it stands in the view's own schema."""
        if relation.name in self.inside:
            problem = Problem(1, 1, "reads itself")
            return Made(self.queries.unclear(), {}, (problem,))
        text = parsed(relation.query or "", self.names.dialect)
        script = Script(text, self.relations.within(relation.name), self.script.through_views)
        script.views = self.script.views
        piece, *more = script.pieces
        reading = Reading(script, piece, (*self.inside, relation.name))
        tree, columns = piece.tree, relation.columns
        if isinstance(tree, exp.Create):
            columns = columns or tuple(self._named(tree.this))
            tree = tree.expression
        if more or not isinstance(tree, exp.Query):
            problem = piece.problem or Problem(1, 1, "is not a query")
            return Made(self.queries.unclear(), {}, (problem,))
        table = reading.queries.query(tree, reading.queries.scope())
        if columns and table.rest is None and len(columns) == len(table.items):
            table = table.renamed(_quoted(columns))
        return Made(table, reading.queries.reads(), tuple(reading.problems))

    # Statements

    def _select(self, node: exp.Expr) -> Statement:
        table = self.queries.query(node, self.queries.scope())
        into = node.args.get("into")
        if isinstance(into, exp.Into):
            return self._new(node, into.this, "table", table, temporary=bool(into.args.get("temporary")))
        self._whole(node, table)
        return self._told("select", None, table.items, table.rows)

    def _whole(self, node: exp.Expr, table: Table) -> None:
        if table.rest is not None and table.rest.of != UNCLEAR:
            self.note(node, NotResolved(f"the columns of {table.rest.of} are not known, so * is not resolved"))

    def _create(self, node: exp.Create) -> Statement:
        kind = node.text("kind").upper()
        if kind in READS_A_BODY:
            raise NotResolved(f"the body of a {kind.lower()} is not read")
        if kind not in migrations.RELATIONS:
            return self._told("other", None, ())
        query, copied = node.args.get("expression"), node.args.get("clone") or node.find(exp.LikeProperty)
        if isinstance(query, exp.Expr):
            table = self.queries.query(query, self.queries.with_(node, self.queries.scope()))
        elif copied is not None:
            table = self.queries.relation(copied.this, self.queries.scope())
            if not isinstance(copied, exp.Clone):
                table = table.stepped(lambda _: NOTHING)
        else:
            table = Table(self.names, [Item(name, NOTHING) for name in self._named(node.this)])
        defined = self.piece.text if kind == "VIEW" and query is not None else None
        return self._new(node, node.this, kind.lower(), table, defined, any(node.find_all(exp.TemporaryProperty)))

    def _new(
        self,
        node: exp.Expr,
        target: exp.Expr,
        kind: str,
        table: Table,
        query: str | None = None,
        temporary: bool = False,
    ) -> Statement:
        """A relation that a statement makes, with what is in it."""
        written = target.this if isinstance(target, exp.Schema) else target
        if not isinstance(written, exp.Table):
            raise NotResolved(f"the name of the {kind} is not understood")
        relation = self.relations.find(written)
        self._whole(node, table)
        columns: tuple[str, ...] | None = None
        if table.rest is None:
            table = self._under_names(table.renamed(_quoted(self._named(target))), relation, node)
            columns = tuple(item.name or "" for item in table.items)
        replaces = bool(node.args.get("replace")) or isinstance(node, exp.Alter)
        self.changes.append(RelationDefined(relation.name, kind, columns, query, replaces))
        if temporary:
            self.script.temporary[relation.name] = Made(table, self.queries.reads())
        else:
            self.script.temporary.pop(relation.name, None)
        return self._told(f"create {kind}", Target(relation, temporary), table.items, table.rows)

    def _under_names(self, table: Table, relation: Relation, node: exp.Expr) -> Table:
        """A table whose outputs have names: one that SQL does not say is as the catalogue knows it."""
        known = relation.columns if len(relation.columns or ()) == len(table.items) else None
        items = list(table.items)
        for place, item in enumerate(items):
            if item.name is None and known is not None:
                items[place] = Item(known[place], item.flow)
            elif item.name is None:
                self.note(node, NotResolved(f"column {place + 1} has no name in SQL"))
        return Table(self.names, items, table.rest, table.rows)

    def _named(self, target: exp.Expr) -> list[str]:
        """The columns that a target says in brackets."""
        found = target.expressions if isinstance(target, exp.Schema) else ()
        parts = (part.this if isinstance(part, exp.ColumnDef) else part for part in found)
        return [self.names.spelled(part) for part in parts if isinstance(part, exp.Identifier)]

    def _alter(self, node: exp.Alter) -> Statement:
        for action in node.args.get("actions") or ():
            if isinstance(action, exp.Query):
                table = self.queries.query(action, self.queries.scope())
                return self._new(node, node.this, "view", table, action.sql(self.names.dialect))
        self.changes += migrations.altered(node, self.relations)
        return self._told("other", None, ())

    def _insert(self, node: exp.Insert) -> Statement:
        written = node.this.this if isinstance(node.this, exp.Schema) else node.this
        if not isinstance(written, exp.Table):
            raise NotResolved(f"INSERT into {written.key.upper()} is not understood")
        relation = self.relations.find(written)
        scope = self.queries.with_(node, self.queries.scope())
        query = node.expression
        table = self.queries.query(query, scope) if isinstance(query, exp.Expr) else Table(self.names, ())
        if table.rest is not None:
            self._whole(node, table)
        items = self._placed(node, written, relation, table)
        rows = [table.rows]
        conflict = node.args.get("conflict")
        if isinstance(conflict, exp.OnConflict):
            inner = scope.child()
            inner.add(Source(self.names.key(written.this), self.queries.base(relation)))
            inner.add(Source("excluded", Table(self.names, items), visible=False))
            items += self._assigned(conflict.expressions, relation, inner)
            rows += [through(self.flow(w, inner), FILTERS) for w in [conflict.args.get("where")] if w is not None]
        return self._told("insert", self._target(written, relation), items, merge(rows))

    def _placed(self, node: exp.Insert, written: exp.Table, relation: Relation, table: Table) -> list[Item]:
        """The columns of a query under the names of the columns that they go to."""
        items = list(table.items)
        if node.args.get("by_name"):
            return [Item(self._stored(relation, item.name), item.flow) for item in items]
        columns: Sequence[str] | None = None
        if isinstance(node.this, exp.Schema):
            columns = [migrations.stored(relation, part, self.relations) for part in node.this.expressions]
        elif relation.columns is not None:
            partition = node.args.get("partition") or written.args.get("partition")
            said = [part.this for part in partition.expressions if isinstance(part, exp.EQ)] if partition else []
            fixed = {migrations.stored(relation, part, self.relations) for part in said}
            columns = [name for name in relation.columns if name not in fixed]
        if columns is None or table.rest is not None:
            if columns is None and any(item.flow for item in items):
                self.note(node, NotResolved(f"the columns of {'.'.join(relation.name)} are not known"))
            return [Item(None, item.flow) for item in items]
        if len(items) > len(columns):
            self.note(node, NotResolved(f"{len(items)} values are given for {len(columns)} columns"))
        return [Item(name, item.flow) for name, item in zip(columns, items, strict=False)]

    def _stored(self, relation: Relation, name: str | None) -> str | None:
        return name and migrations.stored(relation, exp.to_identifier(name), self.relations)

    def _update(self, node: exp.Update) -> Statement:
        scope = self.queries.with_(node, self.queries.scope()).child()
        relation, written, rows = self._changed(node, scope)
        rows += self.queries.clauses(node, scope, "where")
        items = self._assigned(node.expressions, relation, scope)
        return self._told("update", self._target(written, relation), items, merge(rows))

    def _changed(self, node: exp.Expr, scope: Scope) -> tuple[Relation, exp.Table, list[Flow]]:
        """The relation that UPDATE or DELETE changes, which may go by an alias that FROM gives it."""
        written = node.this
        if not isinstance(written, exp.Table):
            raise NotResolved(f"{node.key.upper()} of {written.key.upper()} is not understood")
        using = node.args.get("using") or node.args.get("from_") or ()
        others = using if isinstance(using, list) else [using] if using else []
        rows = [self.queries.read(other, scope) for other in others]
        for other in others:
            for table in other.find_all(exp.Table):
                if len(written.parts) == 1 and self.names.key(written.this) == self._alias(table):
                    return self.relations.find(table), table, rows
        relation = self.relations.find(written)
        scope.sources.insert(0, Source(self._alias(written), self.queries.target(relation)))
        rows += [self.queries.read(join, scope) for join in written.args.get("joins") or ()]
        return relation, written, rows

    def _alias(self, table: exp.Table) -> str:
        alias = table.args.get("alias")
        named = alias.this if isinstance(alias, exp.TableAlias) and alias.this else table.this
        return self.names.key(named) if isinstance(named, exp.Identifier) else ""

    def _assigned(self, parts: Iterable[exp.Expr], relation: Relation, scope: Scope) -> list[Item]:
        """The values that SET gives."""
        items: list[Item] = []
        for part in parts:
            if not isinstance(part, exp.EQ):
                self.note(part, NotResolved(f"SET {part.key.upper()} is not understood"))
                continue
            columns = part.this.expressions if isinstance(part.this, exp.Tuple) else [part.this]
            values: Sequence[Flow]
            if isinstance(part.expression, exp.Subquery) and len(columns) > 1:
                table = self.queries.query(part.expression, scope)
                values = [merge((item.flow, table.rows)) for item in table.items]
            elif isinstance(part.expression, exp.Tuple) and len(columns) > 1:
                values = [self.flow(value, scope) for value in part.expression.expressions]
            else:
                values = [self.flow(part.expression, scope)]
            names = [migrations.stored(relation, column, self.relations) for column in columns]
            items += [Item(name, flow) for name, flow in zip(names, values, strict=False)]
        return items

    def _delete(self, node: exp.Delete) -> Statement:
        scope = self.queries.with_(node, self.queries.scope()).child()
        relation, written, rows = self._changed(node, scope)
        rows += self.queries.clauses(node, scope, "where")
        return self._told("delete", self._target(written, relation), (), merge(rows))

    def _merge(self, node: exp.Merge) -> Statement:
        relation = self.relations.find(node.this)
        scope = self.queries.with_(node, self.queries.scope()).child()
        scope.add(Source(self._alias(node.this), self.queries.target(relation)))
        rows = [self.queries.read(node.args["using"], scope)]
        if (on := node.args.get("on")) is not None:
            rows.append(through(self.flow(on, scope), JOINS))
        rows += [self.flow(name, scope) for name in node.args.get("using_cond") or ()]
        items: list[Item] = []
        for when in node.args["whens"].expressions:
            if (condition := when.args.get("condition")) is not None:
                rows.append(through(self.flow(condition, scope), FILTERS))
            then = when.args["then"]
            if isinstance(then, exp.Update):
                everything = any(isinstance(part, exp.Star) for part in then.expressions)
                items += (
                    self._alike(relation, scope, then)
                    if everything
                    else self._assigned(then.expressions, relation, scope)
                )
            elif isinstance(then, exp.Insert):
                items += self._merged_in(then, relation, scope)
        return self._told("merge", self._target(node.this, relation), items, merge(rows))

    def _merged_in(self, node: exp.Insert, relation: Relation, scope: Scope) -> list[Item]:
        if isinstance(node.this, exp.Star):
            return self._alike(relation, scope, node)
        into, values = node.this, node.expression
        columns: Sequence[str] | None
        if isinstance(values, exp.Tuple) and isinstance(into, exp.Tuple):
            columns = [migrations.stored(relation, part, self.relations) for part in into.expressions]
        else:
            # `INSERT VALUES (…)`, which names no columns, is parsed as the call of a function.
            called = next(iter(into.expressions), None) if isinstance(into, exp.Tuple) else None
            values = called if isinstance(called, exp.Anonymous) and called.name.upper() == "VALUES" else values
            columns = relation.columns
        if not isinstance(values, exp.Expr) or columns is None:
            raise NotResolved(f"the columns of {'.'.join(relation.name)} are not known")
        flows = [self.flow(value, scope) for value in values.expressions]
        return [Item(name, flow) for name, flow in zip(columns, flows, strict=False)]

    def _alike(self, relation: Relation, scope: Scope, node: exp.Expr) -> list[Item]:
        """``UPDATE SET *`` and ``INSERT *``: each column from the one of its name in the source."""
        source = scope.sources[-1].table
        if source.rest is not None:
            raise NotResolved(f"the columns of {source.rest.of} are not known, so * is not resolved")
        return [Item(self._stored(relation, item.name), item.flow) for item in source.items]

    # What is told

    def _target(self, written: exp.Table, relation: Relation) -> Target:
        return Target(relation, relation.name in self.script.temporary)

    def _told(self, kind: str, target: Target | None, items: Sequence[Item], rows: Flow = NOTHING) -> Statement:
        together: dict[object, list[Item]] = {}
        for place, item in enumerate(items):
            together.setdefault(place if item.name is None or target is None else item.name, []).append(item)
        flows = [(same[0].name, merge(item.flow for item in same)) for same in together.values()]
        if target is not None and target.temporary and not kind.startswith("create"):
            self._grow(target.relation, dict(flows), rows)
        reads = self.queries.reads()
        for flow in (*(flow for _, flow in flows), rows):
            for source in flow:
                reads.setdefault(source.relation, ())
        return Statement(
            kind,
            self.piece.text,
            self.piece.line,
            self.piece.column,
            target.relation.name if target else None,
            bool(target and target.temporary),
            tuple(Read(name, tuple(sorted(columns))) for name, columns in sorted(reads.items())),
            tuple(Output(name, sources(flow)) for name, flow in flows),
            sources(rows),
            tuple(sorted(self.problems)),
        )

    def _grow(self, relation: Relation, flows: Mapping[str | None, Flow], rows: Flow) -> None:
        """What is put into a temporary table comes on top of what is in it."""
        made = self.script.temporary[relation.name]
        items = [Item(item.name, merge((item.flow, flows.get(item.name, NOTHING)))) for item in made.table.items]
        table = Table(self.names, items, made.table.rest, merge((made.table.rows, rows)))
        self.script.temporary[relation.name] = Made(table, {**made.reads, **self.queries.reads()})
