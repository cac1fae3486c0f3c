# SPDX-License-Identifier: Apache-2.0
"""Back to an earlier version: a new version that says what the old one said.

What an entity is stays as it is: its name, its place, and the members that have no versions. What the old version
refers to may be gone by now; then the revert is refused, or done without that.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from headwater.catalog import secrets
from headwater.catalog.context import Key
from headwater.catalog.names import Card
from headwater.catalog.past import PastReader
from headwater.catalog.prepare import Preparation
from headwater.catalog.reading import Reader, View
from headwater.catalog.recording import Outcome
from headwater.catalog.shape import Outline, sources
from headwater.catalog.writing import Writer
from headwater.errors import InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.store import lineage, settings


class Loss(NamedTuple):
    """Something that a version says and that can no longer be said: why, and where in the document it stands.

    It is a member of ``holder``, or one entry of that; without a member the item as a whole.
    """

    why: str
    holder: Document
    member: str | None = None
    entry: Document | None = None


def revert(writer: Writer, declared: EntityType, key: Key, version: str, leave_out: bool) -> Outcome:
    """Make an entity say again what an earlier version said; the new version records which one.

    ``InvalidEntity`` names what is gone since; ``leave_out`` does without that.
    """
    row = writer.find(declared, key)
    writer.check_match(row)
    if row.deleted:
        raise InvalidEntity(f"{declared.name} {row.fqn} is deleted; restore it before it goes back to a version")
    reader = Reader(writer.transaction, writer.context, None, View(include="all"))
    state = PastReader(reader, declared, row).state(version)
    shape = writer.context.shapes[declared.name]
    present, wanted = (Outline(shape, orjson.loads(one.document)) for one in (row, state))
    writer.names.load(present.ids | wanted.ids)
    losses = list(_Losses(writer, declared, row.node, present, wanted))
    if losses and not leave_out:
        faults = [loss.why for loss in losses]
        reason = f"{declared.name} {row.fqn} cannot say again what version {state.version / 10} said: "
        raise InvalidEntity(reason + "; ".join(faults), errors=faults)
    _leave_out(wanted.document, losses)
    return writer.revert(declared, row, present, Outline(shape, wanted.document), state.version / 10)


class _Losses:
    """What a version refers to that is gone, or can no longer be put on anything new."""

    def __init__(self, writer: Writer, declared: EntityType, node: int, present: Outline, wanted: Outline) -> None:
        self.writer = writer
        self.declared = declared
        self.node = node
        self.present = present
        self.wanted = wanted
        self.known = present.ids
        self.items = {id(item): (child, path) for child, path, _, item in wanted.parts}

    def __iter__(self) -> Iterator[Loss]:
        yield from self._references()
        yield from self._labels()
        yield from self._columns()
        yield from self._properties()
        yield from self._secrets()

    def _place(self, member: str, holder: Document) -> str:
        _, path = self.items.get(id(holder), (None, ""))
        return f"{member} of {path}" if path else member

    def _references(self) -> Iterator[Loss]:
        for reference, member, holder in self.wanted.places:
            value = holder[reference.field]
            for entry in value if reference.many else (value,):
                card = self.writer.names.by_id.get(entry["id"])
                if why := self._fate(card, entry, reference.keep_removed):
                    child, _ = self.items.get(id(holder), (None, ""))
                    whole = reference.essential or (child is not None and child.fqn_under == reference.field)
                    place = f"{self._place(member, holder)}: {why}"
                    yield Loss(place, holder, None if whole else reference.field, entry if reference.many else None)

    def _fate(self, card: Card | None, entry: Document, keep_removed: bool) -> str | None:
        """Why an entity cannot be referred to; None if it can."""
        if card is None:
            return f"there is no {entry['type']} {entry['id']}"
        if card.removed and not (keep_removed and card.id in self.known):
            return f"{card.type} {card.fqn} was deleted for good"
        return f"{card.type} {card.fqn} is deleted" if card.deleted and card.id not in self.known else None

    def _labels(self) -> Iterator[Loss]:
        worn = {(path, label["id"]) for path, label in self.present.labels}
        for path, holder in self.wanted.labelled:
            for label in holder.get("tags") or ():
                if why := self._fault_of_label(label, (path, label["id"]) in worn):
                    yield Loss(f"{self._place('tags', holder)}: {why}", holder, "tags", label)
        certification = self.wanted.certification
        if certification and (
            why := self._fault_of_label(certification["tagLabel"], certification == self.present.certification)
        ):
            yield Loss(f"certification: {why}", self.wanted.document, "certification")

    def _fault_of_label(self, label: Document, worn: bool) -> str | None:
        card = self.writer.names.by_id.get(label["id"])
        if card is None or card.removed or (card.deleted and not worn):
            return f"{card.type} {card.fqn} is deleted" if card else f"there is no tag {label['id']}"
        above: Card | None = card
        while above is not None and not worn:
            if above.shown.get("disabled"):
                return f"{card.fqn} is disabled and cannot be used any more"
            above = self.writer.names.node(above.parent) if above.parent is not None else None
        return None

    def _columns(self) -> Iterator[Loss]:
        """Columns that are no longer in a table whose columns are known."""
        for rule in self.wanted.shape.field_rules:
            known = {(entity_id, source["name"]) for _, source, entity_id, _ in sources(rule, self.present.document)}
            for item, source, entity_id, _ in sources(rule, self.wanted.document):
                card = self.writer.names.by_id.get(entity_id)
                if (entity_id, source["name"]) in known or card is None or card.removed or card.deleted:
                    continue
                paths = fqn.folded_paths(source["name"])
                there = self.writer.fields.find((card.node, path) for path in paths).values()
                fields = lineage.nodes_of(self.writer.transaction, [card.node])
                if any(one.until is None for one in fields) and not any(one.until is None for one in there):
                    why = f"{card.fqn} has no column {source['name']} any more"
                    yield Loss(f"{rule.child} {item['name']}: {why}", source)

    def _properties(self) -> Iterator[Loss]:
        extension = self.wanted.document.get("extension") or {}
        present = self.present.document.get("extension") or {}
        writer = self.writer
        preparation = Preparation(
            writer.transaction, writer.context.registry, writer.names, writer.fields, self.wanted, self.present
        )
        properties = preparation.properties() if extension else {}
        for name, value in extension.items() if properties else ():
            if name not in properties and present.get(name) != value:
                yield Loss(f"extension: there is no custom property {name} any more", extension, name)

    def _secrets(self) -> Iterator[Loss]:
        """The past keeps no secrets: only one that is there at the same place now is there again."""
        if self.declared.secrets:
            known = settings.secrets(self.writer.transaction, self.node)
            for place, holder, member in secrets.unknown(self.wanted.document, self.declared.secrets, set(known)):
                yield Loss(f"{place}: history keeps no secrets", holder, member)


def _leave_out(document: Document, losses: list[Loss]) -> None:
    """Take out of a document what cannot be said."""
    whole = {id(loss.holder) for loss in losses if loss.member is None}
    for _, holder, member, entry in losses:
        if member is not None and entry is None:
            holder.pop(member, None)
        elif member is not None:
            holder[member] = [one for one in holder.get(member) or () if one is not entry]
    if whole:
        _prune(document, whole)


def _prune(value: Any, whole: set[int]) -> None:
    """Take items out of the lists that they stand in, at any depth."""
    if isinstance(value, dict):
        for inner in value.values():
            _prune(inner, whole)
    elif isinstance(value, list):
        value[:] = [one for one in value if id(one) not in whole]
        for one in value:
            _prune(one, whole)
