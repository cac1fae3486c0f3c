# SPDX-License-Identifier: Apache-2.0
"""Where labels can sit in an entity as it is on the wire."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from headwater.schema import fqn
from headwater.schema.base import Document, held
from headwater.schema.declare import TAGS, Child, EntityType


class Place(NamedTuple):
    """An entity (``path`` is None), a field of it, or something inside a field that has the field's path.

    ``pointer`` is where it stands in the document, and ``own`` whether it is the field itself.
    """

    path: str | None
    pointer: str
    item: Document
    own: bool

    @property
    def tags(self) -> list[Document]:
        """The labels that sit here."""
        return list(self.item.get("tags") or ())

    def is_at(self, path: str | None) -> bool:
        """Whether a person who says this path, in any case, means this place."""
        return self.path == path or bool(self.path and path and self.path.casefold() == path.casefold())


def places(declared: EntityType, document: Document) -> Iterator[Place]:
    """Each place of an entity where a label can sit, the entity first."""
    if declared.has(TAGS):
        yield Place(None, "", document, True)
    for child in declared.children:
        above = fqn.quote(child.segment) if child.segment else None
        yield from _inside(child, held(document, child.path) or (), above, "/" + "/".join(child.path))


def _inside(child: Child, items: Iterable[Any], above: str | None, pointer: str) -> Iterator[Place]:
    for index, item in enumerate(items):
        path = fqn.add(above, item["name"]) if child.is_field else above
        here = f"{pointer}/{index}"
        if child.tagged:
            yield Place(path, here, item, child.is_field)
        for inner in child.children:
            yield from _inside(inner, held(item, inner.path) or (), path, f"{here}/" + "/".join(inner.path))
        if child.recursive:
            yield from _inside(child, item.get(child.recursive) or (), path, f"{here}/{child.recursive}")
