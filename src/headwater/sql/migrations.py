# SPDX-License-Identifier: Apache-2.0
"""What ALTER, DROP and RENAME change, and what becomes of the relations that are known."""

import re
from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from headwater.sql.model import (
    Change,
    ColumnAdded,
    ColumnDropped,
    ColumnRenamed,
    ColumnRetyped,
    Relation,
    RelationDefined,
    RelationDropped,
    RelationRenamed,
)
from headwater.sql.names import Lookup, Relations
from headwater.sql.scopes import NotResolved

RELATIONS = frozenset({"TABLE", "VIEW"})
HOLDERS = frozenset({"SCHEMA", "DATABASE"})
# Parts of ALTER that leave names and types of columns alone.
HARMLESS = (
    exp.AddConstraint, exp.AddPartition, exp.AlterColumn, exp.AlterDistStyle, exp.AlterSet, exp.AlterSortKey, exp.Drop,
    exp.DropPartition, exp.DropPrimaryKey, exp.Property, exp.Query,
)  # fmt: skip
# Commands that sqlglot leaves as text, and that move no data and change no shape.
HARMLESS_COMMANDS = frozenset(
    {
        *("SHOW", "SET", "RESET", "GRANT", "REVOKE", "DENY", "COMMENT", "EXPLAIN", "PRINT", "GO", "DISCARD"),
        *("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "LOCK", "UNLOCK", "LISTEN", "NOTIFY"),
        *("VACUUM", "ANALYZE", "CLUSTER", "REINDEX", "CHECKPOINT", "OPTIMIZE", "REFRESH", "FLUSH", "DEALLOCATE"),
    }
)
RENAME_TABLE = re.compile(r"TABLE\s+((\S+\s+TO\s+[^\s,]+\s*,?\s*)+)", re.IGNORECASE)
HARMLESS_ALTER = re.compile(
    r"\s*(INDEX|SEQUENCE|ROLE|USER|FUNCTION|PROCEDURE|EXTENSION|POLICY|DEFAULT|SYSTEM|SESSION|WAREHOUSE|DOMAIN)\b"
    r"|.*\b(OWNER\s+TO|ROW\s+LEVEL\s+SECURITY|REPLICA\s+IDENTITY|(EN|DIS)ABLE\s+TRIGGER|VALIDATE\s+CONSTRAINT)\b",
    re.IGNORECASE | re.DOTALL,
)


def dropped(node: exp.Drop, relations: Relations) -> Iterator[Change]:
    """What a DROP drops."""
    kind = node.text("kind").upper()
    if kind not in RELATIONS | HOLDERS:
        return
    for table in node.args.get("tables") or ():
        if kind in RELATIONS:
            yield RelationDropped(relations.find(table).name, kind.lower())
        else:
            name = tuple(relations.names.spelled(part) for part in table.parts if isinstance(part, exp.Identifier))
            outer = (relations.catalog,) if kind == "SCHEMA" and len(name) == 1 and relations.catalog else ()
            yield RelationDropped((*outer, *name), kind.lower())


def altered(node: exp.Alter, relations: Relations) -> Iterator[Change]:
    """What an ALTER changes, action by action; the query of ALTER VIEW is none of them."""
    kind = node.text("kind").upper()
    if kind not in RELATIONS:
        if HARMLESS_ALTER.match(kind):
            return
        raise NotResolved(f"ALTER {kind} is not understood")
    relation = relations.find(node.this)
    for action in node.args.get("actions") or ():
        # `RENAME a TO b`, a column without the word, is parsed as a table `a` and a property of the statement.
        to = [option.this for option in node.args.get("options") or () if isinstance(option, exp.ToTableProperty)]
        if isinstance(action, exp.AlterRename) and to:
            old, new = (stored(relation, part, relations) for part in (action.this, to[0]))
            yield ColumnRenamed(relation.name, old, new)
        else:
            yield from _action(action, relation, relations)


def commanded(node: exp.Command | exp.Execute, relations: Relations) -> Iterator[Change]:
    """What a statement changes that sqlglot leaves as text: the renaming of MySQL and of SQL Server."""
    said = node.name.upper()
    if said in HARMLESS_COMMANDS and isinstance(node, exp.Command):
        return
    text = node.text("expression")
    if said == "ALTER" and HARMLESS_ALTER.match(text):
        return
    if said == "RENAME" and (pairs := RENAME_TABLE.fullmatch(text)):
        for old, new in re.findall(r"(\S+)\s+TO\s+([^\s,]+)", pairs[1], re.IGNORECASE):
            names = (relations.find(exp.to_table(name, relations.names.dialect)).name for name in (old, new))
            yield RelationRenamed(*names)
    elif said == "SP_RENAME" and 2 <= len(node.expressions) <= 3:
        what, new_name, *kind = (argument.name for argument in node.expressions)
        table = exp.to_table(what, relations.names.dialect)
        if [each.upper() for each in kind] == ["COLUMN"]:
            *outer, column = table.parts
            relation = relations.find(exp.Table(**dict(zip(("this", "db", "catalog"), reversed(outer), strict=False))))
            yield ColumnRenamed(relation.name, stored(relation, column, relations), new_name)
        elif not kind or kind[0].upper() == "OBJECT":
            relation = relations.find(table)
            yield RelationRenamed(relation.name, (*relation.name[:-1], new_name))
    else:
        raise NotResolved(f"{said} is not understood")


def _action(node: exp.Expr, relation: Relation, relations: Relations) -> Iterator[Change]:
    def named(part: exp.Expr) -> str:
        return stored(relation, part, relations)

    match node:
        case exp.Drop() if node.text("kind").upper() in ("COLUMN", "COLUMNS"):
            for part in node.args["tables"]:
                each = part.expressions if isinstance(part, exp.Schema) else [part]
                yield from (ColumnDropped(relation.name, named(column)) for column in each)
        case exp.RenameColumn():
            yield ColumnRenamed(relation.name, named(node.this), named(node.args["to"]))
        case exp.AlterColumn() if node.args.get("dtype") or node.args.get("rename_to"):
            yield from _retyped(relation, node.this, node.args.get("rename_to"), node.args.get("dtype"), relations)
        case exp.ModifyColumn():
            column, old = node.this, node.args.get("rename_from")
            yield from _retyped(relation, old or column.this, old and column.this, column.args.get("kind"), relations)
        case exp.ColumnDef():
            yield ColumnAdded(relation.name, named(node.this))
        case exp.Schema():
            yield from (ColumnAdded(relation.name, named(column.this)) for column in node.expressions)
        case exp.ReplaceColumns():
            names = tuple(named(column.this) for column in node.expressions)
            yield RelationDefined(relation.name, "table", names, None, True)
        case exp.AlterRename():
            # The new name stands where the old one does, unless it says its own place.
            parts = [part for part in node.this.parts if isinstance(part, exp.Identifier)]
            to = tuple(relations.names.spelled(part) for part in parts)
            yield RelationRenamed(relation.name, (*relation.name[: max(0, len(relation.name) - len(to))], *to))
        case _ if not isinstance(node, HARMLESS):
            raise NotResolved(f"ALTER … {node.sql(relations.names.dialect)} is not understood")


def _retyped(
    relation: Relation, column: exp.Expr, to: exp.Expr | None, kind: exp.Expr | None, relations: Relations
) -> Iterator[Change]:
    name = stored(relation, column, relations)
    new = stored(relation, to, relations) if to is not None else name
    if new != name:
        yield ColumnRenamed(relation.name, name, new)
    if kind is not None:
        yield ColumnRetyped(relation.name, new, kind.sql(relations.names.dialect))


def stored(relation: Relation, node: exp.Expr, relations: Relations) -> str:
    """A column's name as it is stored, or as it would be."""
    while not isinstance(node, exp.Identifier):
        node = node.this
    known = Lookup(relations.names, ((name, name) for name in relation.columns or ())).find(node)
    return known[0] if len(known) == 1 else relations.names.spelled(node)


def apply(change: Change, relations: Relations) -> None:
    """Make the relations that are known what they are after a change."""
    match change:
        case RelationDefined():
            relations.put(Relation(change.relation, change.columns, change.query))
            return
        case RelationDropped():
            relations.drop(change.relation)
            return
    known = relations.exact_of(change.relation)
    if known is None:
        return
    if isinstance(change, RelationRenamed):
        relations.drop(change.relation)
        relations.put(replace(known, name=change.to))
    elif known.columns is not None:
        relations.put(replace(known, columns=tuple(columns(known.columns, change))))


def columns(known: tuple[str, ...], change: Change) -> Iterator[str]:
    """The columns of a relation after a change of them."""
    match change:
        case ColumnDropped():
            yield from (name for name in known if name != change.column)
        case ColumnRenamed():
            yield from (change.to if name == change.column else name for name in known)
        case ColumnAdded():
            yield from dict.fromkeys((*known, change.column))
        case _:
            yield from known
