# SPDX-License-Identifier: Apache-2.0
"""From stored documents to what readers see: names, FQNs, inherited owners and domains, links."""

import re
from collections.abc import Iterable, Mapping

import orjson

from headwater.catalog import links
from headwater.catalog.names import Card, Names
from headwater.catalog.shape import Outline, Shape
from headwater.schema import fqn
from headwater.schema.base import Document, held
from headwater.schema.declare import SOFT_DELETE, Child, EntityType, Reference
from headwater.store.rows import EntityRow

OPEN = "\x01"
"""Stands where the server's address belongs, in links that are kept. No JSON text holds this character otherwise."""

_LINK = re.compile(rb',"href":"\x01[^"]*"')


def addressed(body: bytes, base: str | None) -> bytes:
    """JSON with open links, for readers who reach the server at ``base``; None takes the links out."""
    if base is None:
        return _LINK.sub(b"", body)
    return body.replace(OPEN.encode(), orjson.dumps(base)[1:-1])


class References:
    """Writes references to entities as readers see them.

    ``base`` is the URL before ``/api/v1`` (``OPEN``: to be filled in later; None: no links). ``shows`` collects the
    nodes of everything that was written out.
    """

    def __init__(self, names: Names, collections: Mapping[str, str], base: str | None = None) -> None:
        self.names = names
        self.collections = collections
        self.base = base
        self.shows: set[int] = set()
        self._written: dict[str, Document] = {}
        """References by id: the columns of one table make the sources of many features."""

    def reference(self, stored: Document) -> Document:
        """A stored reference, written out."""
        card = self.names.by_id.get(stored["id"])
        if card is None:
            return {"id": stored["id"], "type": stored["type"], "deleted": True}
        return self.card(card)

    def card(self, card: Card) -> Document:
        """A reference to the entity of a card."""
        written: Document | None = self._written.get(card.id)
        if written is None:
            self.shows.add(card.node)
            written = {
                "id": card.id,
                "type": card.type,
                "name": card.name,
                "fullyQualifiedName": card.fqn,
                "deleted": card.deleted or card.removed,
            }
            for member in ("displayName", "description"):
                if member in card.shown:
                    written[member] = card.shown[member]
            if self.base is not None:
                written["href"] = self.link(card.type, card.id)
            self._written[card.id] = written
        return written.copy()

    def votes(self, given: Mapping[int, bool]) -> Document:
        """The votes for an entity (True) and against it, by the nodes of the users who gave them."""
        self.names.nodes(given)
        up, down = (self._sorted(node for node, liked in given.items() if liked is way) for way in (True, False))
        return {"upVotes": len(up), "downVotes": len(down), "upVoters": up, "downVoters": down}

    def _sorted(self, nodes: Iterable[int]) -> list[Document]:
        cards = [self.names.by_node[node] for node in nodes]
        return [self.card(card) for card in sorted(cards, key=lambda card: (card.name, card.id))]

    def link(self, entity_type: str, entity_id: str) -> str | orjson.Fragment:
        """The URL of an entity."""
        url = f"{self.base}/api/v1/{self.collections.get(entity_type, entity_type)}/{entity_id}"
        return orjson.Fragment(f'"{url}"') if self.base == OPEN else url


class Renderer(References):
    """Writes documents of one type as readers see them."""

    def __init__(self, shape: Shape, names: Names, collections: Mapping[str, str], base: str | None = None) -> None:
        super().__init__(names, collections, base)
        self.shape = shape

    def entity(self, row: EntityRow, document: Document) -> Document:
        """The whole entity: what its row knows, and its document."""
        rendered = {
            "id": row.id,
            "name": row.name,
            "fullyQualifiedName": row.fqn,
            **self.document(document, row.fqn),
            "version": row.version / 10,
            "updatedAt": row.updated_at,
            "updatedBy": row.updated_by,
        }
        if self.shape.declared.has(SOFT_DELETE):
            rendered["deleted"] = bool(row.deleted)
        if row.change:
            rendered |= orjson.loads(row.change)
        if self.base is not None:
            rendered["href"] = self.link(row.type, row.id)
        return rendered

    def document(self, document: Document, entity_fqn: str) -> Document:
        """A document with its references, labels and FQNs written out."""
        rendered = dict(document)
        for member in self.shape.hidden:
            rendered.pop(member, None)
        for member in self.shape.structure:
            value = rendered.get(member)
            if isinstance(value, dict):
                rendered[member] = self.reference(value)
        for member, linked_as in self.shape.links.items():
            if value := document.get(member):
                linked = rendered[member].get("fullyQualifiedName", "")
                rendered[member], rendered[linked_as] = links.write(value, linked)
        self._references(self.shape.references, rendered)
        if self.shape.tagged:
            rendered["tags"] = self.labels(rendered.get("tags") or ())
        if self.shape.certified and (certification := rendered.pop("certification", None)):
            for label in self.labels((certification["tagLabel"],)):
                rendered["certification"] = {**certification, "tagLabel": label}
        self._parts(self.shape.declared.children, rendered, entity_fqn)
        return rendered

    def _references(self, references: Iterable[Reference], rendered: Document) -> None:
        for reference in references:
            value = rendered.get(reference.field)
            if value is None:
                continue
            if reference.many:
                rendered[reference.field] = [
                    self.reference(item) for item in value if reference.keep_removed or self._present(item)
                ]
            elif reference.keep_removed or self._present(value):
                rendered[reference.field] = self.reference(value)
            else:
                del rendered[reference.field]

    def _parts(self, children: Iterable[Child], rendered: Document, above: str) -> None:
        for child in children:
            if (items := held(rendered, child.path)) is not None:
                holder = rendered
                for member in child.path[:-1]:
                    holder[member] = holder = holder[member].copy()
                root = fqn.add(above, child.segment) if child.segment else above
                holder[child.path[-1]] = self._items(child, items, root)

    def _items(self, child: Child, items: Iterable[Document], above: str) -> list[Document]:
        written = []
        for item in items:
            copy = item.copy()
            if child.references:
                self._references(child.references, copy)
                if any(one.essential and one.field not in copy for one in child.references):
                    continue
            if child.named:
                copy["fullyQualifiedName"] = self._fqn(child, copy, above)
            if child.tagged:
                copy["tags"] = self.labels(labels) if (labels := copy.get("tags")) else []
            below = copy.get("fullyQualifiedName", above)
            if child.children:
                self._parts(child.children, copy, below)
            if child.recursive and (nested := copy.get(child.recursive)) is not None:
                copy[child.recursive] = self._items(child, nested, below)
            written.append(copy)
        return written

    def _fqn(self, child: Child, item: Document, above: str) -> str:
        if child.fqn_under is None:
            return fqn.add(above, item["name"])
        root = item.get(child.fqn_under)
        path = item.pop("path", None)
        if root is None:
            return str(item["name"])
        return f"{root['fullyQualifiedName']}.{path}" if path else fqn.add(root["fullyQualifiedName"], item["name"])

    def _present(self, stored: Document) -> bool:
        card = self.names.by_id.get(stored["id"])
        return card is not None and not card.removed

    def labels(self, stored: Iterable[Document]) -> list[Document]:
        """Tag labels with the names that their tags have, and the labels that follow from them, sorted by FQN.

        Labels of removed tags are gone.
        """
        written = []
        for label in self.names.with_derived(stored):
            card = self.names.by_id.get(label["id"])
            if card is None or card.removed:
                continue
            self.shows.add(card.node)
            entry: Document = {"tagFQN": card.fqn, "name": card.name}
            for member in ("displayName", "description", "style"):
                if member in card.shown:
                    entry[member] = card.shown[member]
            entry |= label
            del entry["id"]
            if self.base is not None:
                entry["href"] = self.link(card.type, card.id)
            written.append(entry)
        if len(written) > 1:
            written.sort(key=lambda entry: str(entry["tagFQN"]))
        return written

    def inherit(self, parent: int | None, rendered: Document) -> None:
        """Take the owners and domains of the nearest ancestor that has any, marked as inherited."""
        missing = [r for r in self.shape.references if r.inherited and not rendered.get(r.field)]
        while missing and parent is not None and (above := self.names.node(parent)):
            self.shows.add(parent)
            for reference in list(missing):
                stored = above.shown.get(reference.field)
                if stored:
                    self.names.load(item["id"] for item in stored)
                    inherited = [self.reference(item) | {"inherited": True} for item in stored if self._present(item)]
                    if inherited:
                        rendered[reference.field] = inherited
                        missing.remove(reference)
            parent = above.parent


def written_out(
    outline: Outline, row: EntityRow, names: Names, collections: Mapping[str, str]
) -> tuple[Document, set[int]]:
    """An entity as it is kept for readers, all members and open links, and the nodes whose cards it depends on.

    What the document names must have been looked up.
    """
    renderer = Renderer(outline.shape, names, collections, OPEN)
    rendered = renderer.entity(row, outline.document)
    renderer.inherit(row.parent, rendered)
    return rendered, {row.node, *renderer.shows}


def select(declared: EntityType, rendered: Document, shown: frozenset[str] | None) -> Document:
    """The entity without the optional members that were not asked for; None shows all."""
    if shown is None:
        return rendered
    optional = {reference.field for reference in declared.all_references} | {"tags", "extension"}
    hidden = optional - shown
    for member in hidden:
        rendered.pop(member, None)
    if "tags" in hidden:
        for _, holder in Outline(Shape(declared), rendered).labelled:
            holder.pop("tags", None)
    return rendered
