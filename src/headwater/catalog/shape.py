# SPDX-License-Identifier: Apache-2.0
"""Where things sit in the documents of a type: its parts, its references, its labels.

A stored document holds references as ``{id, type}``, tag labels with the tag's ``id`` in place of its names, and no
FQNs. The walks here are the only code that knows how a declaration maps to places in a document.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import TAGS, Child, EntityType, FieldLineage, Reference


class Part(NamedTuple):
    """An item of a child list. ``path`` is the FQN, relative to the entity, of the nearest field around it."""

    child: Child
    path: str
    item: Document


class Place(NamedTuple):
    """A reference member inside a document; ``member`` is its path of member names."""

    reference: Reference
    member: str
    holder: Document


class Field(NamedTuple):
    """A field of an entity: its path as it is written, and its data type."""

    name: str
    kind: str | None


class Source(NamedTuple):
    """A source of a field: ``path`` is the case-folded path, inside the entity ``entity_id``, that it names."""

    item: Document
    source: Document
    entity_id: str
    path: str


class Shape:
    """The places in documents of one type."""

    def __init__(self, declared: EntityType) -> None:
        self.declared = declared
        self.tagged = declared.has(TAGS)

    @cached_property
    def structure(self) -> tuple[str, ...]:
        """Members that say where the entity lives: its parents, and references copied from them."""
        return tuple(dict.fromkeys([parent.field for parent in self.declared.parents] + list(self.declared.copied)))

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """The references of the type and its traits."""
        return self.declared.all_references

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """The members, by path, that keep a reference to an entity which was deleted for good."""
        top = [reference.field for reference in self.references if reference.keep_removed]
        return (*top, *(member for child in self.declared.children for member in _kept(child, "")))

    @cached_property
    def indexed(self) -> tuple[str, ...]:
        """The members that indexes are made of."""
        lists = (child.field for child in self.declared.children if _is_indexed(child))
        return (*(reference.field for reference in self.references), "tags", *lists)

    def parts(self, document: Document) -> list[Part]:
        """Every item of every child list, outer before inner."""
        found: list[Part] = []
        for child in self.declared.children:
            _add_parts(found, child, document.get(child.field), "")
        return found

    def places(self, document: Document) -> list[Place]:
        """Every reference member that has a value, but for the structure."""
        found = [Place(one, one.field, document) for one in self.references if document.get(one.field)]
        for child in self.declared.children:
            _add_places(found, child, document.get(child.field), "")
        return found

    def labelled(self, document: Document) -> list[tuple[str, Document]]:
        """Everything that may carry labels, with the path of the field that they speak of, as it is compared."""
        own = [("", document)] if self.tagged else []
        return own + [
            (path.casefold() if child.folded else path, item)
            for child, path, item in self.parts(document)
            if child.tagged
        ]

    def fields(self, document: Document) -> dict[str, Field]:
        """The fields of a document by case-folded path."""
        return {
            path.casefold(): Field(path, item.get("dataType"))
            for child, path, item in self.parts(document)
            if child.is_field
        }


def sources(rule: FieldLineage, document: Document) -> Iterator[Source]:
    """The sources in a stored document that name an entity. ``path`` is stored where a name is a nested path."""
    for item in document.get(rule.child) or ():
        for source in item.get(rule.sources) or ():
            if reference := source.get(rule.reference):
                path = source.get("path") or fqn.quote(source[rule.name])
                yield Source(item, source, reference["id"], path.casefold())


# The walks fill lists: a generator inside a generator inside a generator passes every item on three times.


def _add_parts(found: list[Part], child: Child, items: Iterable[Document] | None, above: str) -> None:
    for item in items or ():
        path = fqn.add(above or None, item["name"]) if child.is_field else above
        found.append(Part(child, path, item))
        for inner in child.children:
            _add_parts(found, inner, item.get(inner.field), path)
        if child.recursive:
            _add_parts(found, child, item.get(child.recursive), path)


def _add_places(found: list[Place], child: Child, items: Iterable[Document] | None, above: str) -> None:
    member = f"{above}{child.field}."
    for item in items or ():
        found += [Place(one, member + one.field, item) for one in child.references if item.get(one.field)]
        for inner in child.children:
            _add_places(found, inner, item.get(inner.field), member)


def _kept(child: Child, above: str) -> Iterator[str]:
    member = f"{above}{child.field}."
    yield from (member + reference.field for reference in child.references if reference.keep_removed)
    for inner in child.children:
        yield from _kept(inner, member)


def _is_indexed(child: Child) -> bool:
    own = child.is_field or child.tagged or bool(child.references)
    return own or any(_is_indexed(inner) for inner in child.children)
