# SPDX-License-Identifier: Apache-2.0
"""Names as a dialect reads them: what a name in SQL stands for, and how a new one is spelled.

A name in SQL means what the dialect's own folding makes of it. Where nothing is stored under that spelling and the
name is not quoted, the only one that differs in nothing but case is meant as well: catalogues and engines do not
agree on the case of names that nobody quoted.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect, NormalizationStrategy

from headwater.errors import InvalidEntity
from headwater.sql.model import Relation, RelationName

Value = TypeVar("Value")

# Where names of tables have case, as in sqlglot's strategy, but those of columns have none.
COLUMNS_HAVE_NO_CASE = frozenset({"mysql", "doris", "starrocks", "singlestore"})
# Their USE names what is outside of a schema.
DATABASES_HOLD_SCHEMAS = frozenset({"snowflake", "tsql", "fabric"})


def dialect_of(name: str) -> Dialect:
    """The dialect of this name; the empty name is SQL as most systems understand it."""
    if name and not Dialect.get(name):
        known = ", ".join(sorted(filter(None, Dialect.classes)))
        raise InvalidEntity(f"There is no SQL dialect {name!r}; known are {known}")
    return Dialect.get_or_raise(name)


class Names:
    """How one dialect folds and spells names."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.dialect_name = type(dialect).__name__.lower()
        self.folds = lru_cache(maxsize=None)(self._fold)
        self.keeps_case = dialect.normalization_strategy not in (
            NormalizationStrategy.LOWERCASE,
            NormalizationStrategy.UPPERCASE,
        )

    def key(self, identifier: exp.Identifier, table: bool = False) -> str:
        """What two spellings of the same name have in common."""
        return self.folds(identifier.name, bool(identifier.args.get("quoted")), table)

    def stored_key(self, name: str, table: bool = False) -> str:
        """The same for a name as it is stored."""
        return self.folds(name, True, table)

    def spelled(self, identifier: exp.Identifier) -> str:
        """The name that a new column or relation gets."""
        return identifier.name if self.keeps_case else self.key(identifier)

    def _fold(self, name: str, quoted: bool, table: bool) -> str:
        if not table and self.dialect_name in COLUMNS_HAVE_NO_CASE:
            return name.lower()
        identifier = exp.Identifier(this=name, quoted=quoted)
        identifier.meta["is_table"] = table
        return self.dialect.normalize_identifier(identifier).name


class Lookup(Generic[Value]):
    """Values by name."""

    def __init__(self, names: Names, items: Iterable[tuple[str, Value]]) -> None:
        self.names = names
        self.exact: dict[str, list[Value]] = {}
        self.loose: dict[str, list[Value]] = {}
        for name, value in items:
            self.exact.setdefault(names.stored_key(name), []).append(value)
            self.loose.setdefault(name.casefold(), []).append(value)

    def find(self, identifier: exp.Identifier) -> Sequence[Value]:
        """What this name may mean; more than one: SQL has to say which."""
        found = self.exact.get(self.names.key(identifier))
        if found is None and not identifier.args.get("quoted"):
            found = self.loose.get(identifier.name.casefold())
        return found or ()


class Relations:
    """The relations that a script may read: those that were given, and what the script itself makes of them."""

    def __init__(
        self, names: Names, relations: Iterable[Relation], catalog: str | None = None, schema: str | None = None
    ) -> None:
        self.names = names
        self.catalog = catalog
        self.schema = schema
        self.exact: dict[RelationName, Relation] = {}
        self.loose: dict[RelationName, list[RelationName]] = {}
        for relation in relations:
            self.put(relation)

    def put(self, relation: Relation) -> None:
        """From now on, this is what the name stands for."""
        if self.exact.get(key := self._key(relation.name)) is None:
            self.loose.setdefault(tuple(part.casefold() for part in relation.name), []).append(key)
        self.exact[key] = relation

    def drop(self, name: RelationName) -> None:
        """From now on, nothing is known of this name."""
        if self.exact.pop(key := self._key(name), None) is not None:
            self.loose[tuple(part.casefold() for part in name)].remove(key)

    def exact_of(self, name: RelationName) -> Relation | None:
        """What is known under this name, spelled as it is stored."""
        return self.exact.get(self._key(name))

    def within(self, name: RelationName) -> "Relations":
        """The same relations, as they are named where this one stands."""
        inner = Relations(self.names, ())
        inner.exact, inner.loose = self.exact, self.loose
        *outer, inner.schema = (None, None, *name)[-3:-1]
        inner.catalog = outer[-1]
        return inner

    def find(self, table: exp.Table) -> Relation:
        """The relation that a table in SQL stands for; without columns if nobody has told."""
        parts = [part for part in table.parts if isinstance(part, exp.Identifier) and part.name]
        outer = self._outside(len(parts))
        exact = (
            *(self.names.stored_key(part, table=True) for part in outer),
            *(self.names.key(part, table=True) for part in parts),
        )
        if known := self.exact.get(exact):
            return known
        if not any(part.args.get("quoted") for part in parts):
            close = self.loose.get(tuple(part.casefold() for part in (*outer, *(part.name for part in parts))), ())
            if len(close) == 1:
                return self.exact[close[0]]
        return Relation((*outer, *(self.names.spelled(part) for part in parts)))

    def _outside(self, parts: int) -> RelationName:
        if parts > 2 or (parts == 1 and self.schema is None):
            return ()
        return tuple(part for part in (self.catalog, self.schema)[: 3 - parts] if part is not None)

    def use(self, node: exp.Use) -> None:
        """Other defaults, from ``USE``."""
        kind = node.text("kind").upper()
        if not isinstance(node.this, exp.Table) or kind in ("ROLE", "WAREHOUSE", "SECONDARY ROLES"):
            return
        parts = [self.names.spelled(part) for part in node.this.parts if isinstance(part, exp.Identifier)]
        outermost = kind == "CATALOG" or (kind != "SCHEMA" and self.names.dialect_name in DATABASES_HOLD_SCHEMAS)
        if len(parts) == 2:
            self.catalog, self.schema = parts
        elif outermost:
            self.catalog = parts[0]
        else:
            self.schema = parts[0]

    def _key(self, name: RelationName) -> RelationName:
        return tuple(self.names.stored_key(part, table=True) for part in name)
