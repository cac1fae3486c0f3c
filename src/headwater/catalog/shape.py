# SPDX-License-Identifier: Apache-2.0
"""Where things sit in the documents of a type: its parts, its references, its labels.

A stored document holds references as ``{id, type}``, tag labels with the tag's ``id`` in place of its names, and no
FQNs. The walk here is the only code that knows how a declaration maps to places in a document.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from headwater.schema import fqn
from headwater.schema.base import Document, held
from headwater.schema.declare import CERTIFICATION, TAGS, Child, EntityType, FieldLineage, Reference
from headwater.store.relationships import BROUGHT

Place = tuple[Reference, str, Document]
"""A reference member inside a document: the path of member names to it, and the object that holds it."""

Source = tuple[Document, Document, str, str]
"""A source of a field: the field's item, the source, and what it names: an entity's id, a case-folded path in it."""


class Field(NamedTuple):
    """A field of an entity: its path as it is written, and its data type."""

    name: str
    kind: str | None


class Shape:
    """The places in documents of one type."""

    def __init__(self, declared: EntityType) -> None:
        self.declared = declared
        self.tagged = declared.has(TAGS)
        self.certified = declared.has(CERTIFICATION)

    @cached_property
    def structure(self) -> tuple[str, ...]:
        """Members that say where the entity lives: its parents, and references copied from them."""
        parents = [parent.field for parent in self.declared.parents]
        beside = [reference.field for reference in self.declared.references if reference.beside]
        return tuple(dict.fromkeys([*parents, *self.declared.copied, *beside]))

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """Members of stored documents that no reader sees; ``system`` marks what belongs to the catalogue itself."""
        return ("system", *self.declared.hidden)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """The references of the type and its traits."""
        return self.declared.all_references

    @cached_property
    def field_references(self) -> tuple[Reference, ...]:
        """The references whose targets are fields of the entity."""
        return tuple(reference for reference in self.references if reference.is_field)

    @cached_property
    def has_fields(self) -> bool:
        """Whether entities of the type can have fields."""
        return bool(self.field_references) or any(child.is_field for child in self.declared.children)

    @cached_property
    def links(self) -> dict[str, str]:
        """The members that name a parent by an entity link, each with the one that shows the FQN of what it names."""
        return {parent.field: parent.link for parent in self.declared.parents if parent.link}

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """The members, by path, that keep a reference to an entity which was deleted for good."""
        top = [reference.field for reference in self.references if reference.keep_removed]
        return (*top, *(member for child in self.declared.children for member in _kept(child, "")))

    @cached_property
    def indexed(self) -> tuple[str, ...]:
        """The members that indexes are made of."""
        lists = (child.path[0] for child in self.declared.children if _is_indexed(child))
        return (*(reference.field for reference in self.references), "tags", "certification", *lists)

    @cached_property
    def shown_on(self) -> Mapping[str, tuple[str, ...]]:
        """The members of items that series are shown in and that are never stored, by the name of their list."""
        shown: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for series in self.declared.series:
            if series.child and series.member:
                shown[series.child] += (series.member,)
        return shown

    @cached_property
    def field_rules(self) -> tuple[FieldLineage, ...]:
        """The lineage rules that speak of fields."""
        return tuple(rule for rule in self.declared.lineage if isinstance(rule, FieldLineage))


class Outline:
    """Everything that a declaration names inside one document, found in a single walk.

    ``parts`` are the items of all child lists, outer before inner: each with its child, the path (an FQN relative to
    the entity) of the field that it is or lies in, that path case-folded, and the item. ``places`` are the reference
    members that have a value, but for the structure. ``labelled`` is all that may carry labels, with the path, as it
    is compared, of the field that they speak of. An outline stays right while items change in place, not the lists.
    """

    def __init__(self, shape: Shape, document: Document) -> None:
        self.shape = shape
        self.document = document
        self.parts: list[tuple[Child, str, str, Document]] = []
        self.places: list[Place] = [(one, one.field, document) for one in shape.references if document.get(one.field)]
        self.labelled: list[tuple[str, Document]] = [("", document)] if shape.tagged else []
        for child in shape.declared.children:
            if items := held(document, child.path):
                root = fqn.quote(child.segment) if child.segment else ""
                self._walk(child, items, root, root.casefold(), child.field + ".")

    def _walk(self, child: Child, items: Iterable[Document], path: str, folded: str, member: str) -> None:
        above = path
        for item in items:
            if child.is_field:
                path = fqn.add(above or None, item["name"])
                folded = path.casefold()
            self.parts.append((child, path, folded, item))
            for reference in child.references:
                if item.get(reference.field):
                    self.places.append((reference, member + reference.field, item))
            if child.tagged:
                self.labelled.append((folded if child.folded else path, item))
            for inner in child.children:
                if nested := held(item, inner.path):
                    self._walk(inner, nested, path, folded, f"{member}{inner.field}.")
            if child.recursive and (nested := item.get(child.recursive)):
                self._walk(child, nested, path, folded, member)

    @property
    def references(self) -> list[tuple[str, str]]:
        """The path of member names of each reference in a stored document, and the id that it holds.

        Tags that come along with labels are among them, so that it is known where labels lead.
        """
        found = []
        if self.shape.declared.labels:
            found += [(BROUGHT, label["id"]) for label in self.document.get("tags") or ()]
        for reference, member, holder in self.places:
            value = holder[reference.field]
            found += [(member, one["id"]) for one in value] if reference.many else [(member, value["id"])]
        return found

    @property
    def labels(self) -> list[tuple[str, Document]]:
        """Each label of a stored document with the path of the field that it speaks of, the certification's last."""
        found = [(path, label) for path, holder in self.labelled for label in holder.get("tags") or ()]
        return [*found, ("", self.certification["tagLabel"])] if self.certification else found

    @property
    def certification(self) -> Document | None:
        """Who certified what, if the type has that."""
        return self.document.get("certification") if self.shape.certified else None

    @property
    def ids(self) -> set[str]:
        """The ids of everything that a stored document names."""
        structure = (self.document.get(member) for member in self.shape.structure)
        ids = {value["id"] for value in structure if isinstance(value, dict)}
        ids.update([entity_id for _, entity_id in self.references])
        ids.update([label["id"] for _, label in self.labels])
        return ids

    @property
    def fields(self) -> dict[str, Field]:
        """The fields by case-folded path; the path of a field that is an entity of its own is its id."""
        found = {key: Field(path, item.get("dataType")) for child, path, key, item in self.parts if child.is_field}
        for reference in self.shape.field_references:
            found |= {one["id"]: Field(one["id"], None) for one in self.document.get(reference.field) or ()}
        return found


def sources(rule: FieldLineage, document: Document) -> Iterator[Source]:
    """The sources in a stored document that name an entity. ``path`` is stored where a name is a nested path."""
    for item in held(document, rule.path) or ():
        for source in item.get(rule.sources) or ():
            if reference := source.get(rule.reference):
                path = source.get("path") or fqn.quote(source[rule.name])
                yield item, source, reference["id"], path.casefold()


def _kept(child: Child, above: str) -> Iterator[str]:
    member = f"{above}{child.field}."
    yield from (member + reference.field for reference in child.references if reference.keep_removed)
    for inner in child.children:
        yield from _kept(inner, member)


def _is_indexed(child: Child) -> bool:
    own = child.is_field or child.tagged or bool(child.references)
    return own or any(_is_indexed(inner) for inner in child.children)
