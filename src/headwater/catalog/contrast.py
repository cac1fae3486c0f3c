# SPDX-License-Identifier: Apache-2.0
"""In what two states of an entity differ, item by item and member by member.

A change description (``diff``) says what one write did in OpenMetadata's words; this says how any two states differ,
in words that a program can apply. Which lists hold items, and what tells items apart, follows from the declaration.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from headwater.catalog.diff import NOT_COMPARED, absent, narrows
from headwater.catalog.hydrate import Renderer
from headwater.catalog.shape import Shape
from headwater.schema.base import Document, held
from headwater.schema.declare import LABELS, Child, EntityType, Reference

Path = tuple[str, ...]
ITS_APPLICATION = ("appliedAt", "appliedBy")
"""What a label says of how it came to be put there; that it was put there says enough."""


class Past(Renderer):
    """Writes states out with everything that they refer to, also what is gone by now."""

    def _present(self, stored: Document) -> bool:
        return stored["id"] in self.names.by_id

    def labels(self, stored: Any) -> list[Document]:
        """The labels that somebody put there, by their tags' names; none that follow from others."""
        known = [(self.names.by_id[label["id"]], label) for label in stored if label["id"] in self.names.by_id]
        return [{"tagFQN": card.fqn} | {name: label[name] for name in label if name != "id"} for card, label in known]


class Listed(NamedTuple):
    """The items of a list by what they are called in paths, and by what tells whether two are the same."""

    labels: list[str]
    keys: list[str]
    items: list[Document]

    @property
    def distinct(self) -> bool:
        """Whether no two items are called alike."""
        return len(set(self.keys)) == len(self.keys) and len(set(self.labels)) == len(self.labels)


class Contrast:
    """The differences between two states of one type, as documents that ``Past`` wrote out."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.declared: EntityType = shape.declared
        self.found: list[Document] = []

    def run(self, before: Document, after: Document) -> list[Document]:
        """What turns ``before`` into ``after``, in an order in which it can be applied."""
        skipped = {*NOT_COMPARED, *self.shape.structure, *self.declared.computed} - {"deleted"}
        references = {reference.field: reference for reference in self.shape.references}
        for member in dict.fromkeys((*before, *after)):
            if member not in skipped:
                major = member in self.declared.versions.major
                self._member((member,), references, before.get(member), after.get(member), major)
        return self.found

    def _tell(self, kind: str, path: Path, major: bool, **more: Any) -> None:
        told = {"kind": kind, "path": list(path), **{name.rstrip("_"): value for name, value in more.items()}}
        self.found.append(told | {"major": major})

    def _member(self, path: Path, references: dict[str, Reference], old: Any, new: Any, major: bool) -> None:
        """A member of the entity, of an object in it, or of an item."""
        if old == new or (absent(old) and absent(new)):
            return
        reference = references.get(path[-1])
        child = next((child for child in self.declared.children if child.path == path), None)
        if child:
            self._items(child, path, old or [], new or [])
        elif path[-1] == LABELS and self._holds_labels(old or new):
            self._set(path, old or [], new or [], lambda label: f"{label['source']} {label['tagFQN']}", "tagFQN", major)
        elif reference and reference.many:
            self._set(path, old or [], new or [], lambda one: str(one["id"]), "fullyQualifiedName", major)
        elif reference and old and new and old["id"] == new["id"]:
            return
        elif not reference and isinstance(old or new, dict) and self._opens(path, old, new):
            old, new = old or {}, new or {}
            for member in dict.fromkeys((*old, *new)):
                self._member((*path, member), {}, old.get(member), new.get(member), major)
        else:
            self._value(path, old, new, major)

    def _opens(self, path: Path, old: Any, new: Any) -> bool:
        """Whether an object is compared member by member: if both states have it, or child lists sit in it."""
        if isinstance(old, dict) and isinstance(new, dict):
            return True
        return any(child.path[: len(path)] == path for child in self.declared.children)

    def _holds_labels(self, value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(one, dict) and "tagFQN" in one for one in value)

    def _value(self, path: Path, old: Any, new: Any, major: bool) -> None:
        if absent(old):
            self._tell("added", path, major, to=new)
        elif absent(new):
            self._tell("removed", path, major, from_=old)
        else:
            self._tell("changed", path, major, from_=old, to=new)

    def _set(
        self,
        path: Path,
        old: list[Document],
        new: list[Document],
        key: Callable[[Document], str],
        label: str,
        major: bool,
    ) -> None:
        """A list without an order whose items a key tells apart."""
        before, after = ({key(one): one for one in items} for items in (old, new))
        for one in (before[name] for name in before if name not in after):
            self._tell("removed", (*path, one[label]), major, from_=one)
        for name, one in before.items():
            if label == "tagFQN" and name in after:
                for member in dict.fromkeys((*one, *after[name])):
                    if member not in ITS_APPLICATION:
                        inner = (*path, one[label], member)
                        self._member(inner, {}, one.get(member), after[name].get(member), major)
        for one in (after[name] for name in after if name not in before):
            self._tell("added", (*path, one[label]), major, to=one)

    # child lists --------------------------------------------------------------------------------------------------

    def _items(self, child: Child, path: Path, old: list[Document], new: list[Document]) -> None:
        """A list of items: those that went, what changed in those that stay, their order, those that came."""
        before, after = _listed(child, old), _listed(child, new)
        if not before.distinct or not after.distinct:
            self._value(path, old, new, False)
            return
        removable = child.field in self.declared.versions.major_removals
        twins = {after_: after_ for after_ in after.keys if after_ in set(before.keys)}
        renamed = _renamed(child, before, after, twins)
        twins |= {new_key: old_key for old_key, new_key in renamed.items()}
        by_key = dict(zip(before.keys, zip(before.labels, before.items, strict=True), strict=True))
        stay = set(twins.values())
        for key, (label, item) in by_key.items():
            if key not in stay:
                self._tell("removed", (*path, label), removable, from_=item)
        arrived = list(zip(after.keys, after.labels, after.items, strict=True))
        for key, _, item in arrived:
            if key in twins and twins[key] == key:
                label, twin = by_key[key]
                self._item(child, (*path, label), twin, item)
        order = [by_key[twins[key]][0] for key in after.keys if key in twins]
        kept = [label for key, (label, _) in by_key.items() if key in stay]
        if order != kept:
            self._tell("moved", path, False, from_=kept, to=order)
        for key, label, _ in arrived:
            if key in twins and (former := by_key[twins[key]][0]) != label:
                self._tell("renamed", (*path, former), removable and twins[key] != key, from_=former, to=label)
        for index, (key, label, item) in enumerate(arrived):
            if key not in twins:
                self._tell("added", (*path, label), False, to=item, index=index)

    def _item(self, child: Child, path: Path, old: Document, new: Document) -> None:
        """The members of an item that stays."""
        references = {reference.field: reference for reference in child.references}
        inner = {one.field: one for one in child.children}
        rules = self.declared.versions
        for member in dict.fromkeys((*old, *new)):
            before, after = old.get(member), new.get(member)
            here = (*path, member)
            if member in ("fullyQualifiedName", "name") or before == after:
                continue
            if member == child.recursive:
                self._items(child, here, before or [], after or [])
            elif member in inner:
                self._items(inner[member], here, before or [], after or [])
            else:
                retyped = member in child.key[1:] and child.field in rules.major_removals
                narrowed = any(
                    rule.child == child.field and rule.member == member and narrows(rule, before, after)
                    for rule in rules.narrowings
                )
                self._member(here, references, before, after, retyped or narrowed)


def _listed(child: Child, items: Sequence[Document]) -> Listed:
    """Items are called by name, and by FQN where they stand under what they refer to."""
    member = "fullyQualifiedName" if child.fqn_under else child.key[0]
    labels = [str(item.get(member) or item.get(child.key[0])) for item in items]
    return Listed(labels, [label.casefold() for label in labels] if child.folded else labels, list(items))


def _renamed(child: Child, before: Listed, after: Listed, twins: dict[str, str]) -> dict[str, str]:
    """Fields that went and came, alike in all but the name and alone in that; old key to new.

    Only what says more than its type is taken for the same thing under another name.
    """
    if not child.is_field:
        return {}
    went = {key: _nameless(item) for key, item in zip(before.keys, before.items, strict=True) if key not in twins}
    came = {key: _nameless(item) for key, item in zip(after.keys, after.items, strict=True) if key not in twins}
    found = {}
    for old_key, item in went.items():
        telling = [name for name, value in item.items() if not absent(value) and name not in ("dataType", *child.key)]
        alike = [key for key, other in came.items() if other == item]
        rivals = [key for key, other in went.items() if other == item]
        if telling and len(alike) == 1 and len(rivals) == 1:
            found[old_key] = alike[0]
    return found


def _nameless(value: Any) -> Any:
    """An item without its name and FQN, and without the FQNs of what is nested in it."""
    return {name: _without_fqn(inner) for name, inner in value.items() if name not in ("name", "fullyQualifiedName")}


def _without_fqn(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_fqn(one) for one in value]
    if isinstance(value, dict) and "id" not in value:
        return {name: _without_fqn(inner) for name, inner in value.items() if name != "fullyQualifiedName"}
    return value


def rewired(shape: Shape, before: Document, after: Document) -> Iterator[Document]:
    """The fields in both states that are made from other columns in the one than in the other."""
    for rule in shape.field_rules:
        old, new = (
            {item["name"]: _columns(item.get(rule.sources) or ()) for item in held(one, rule.child.split(".")) or ()}
            for one in (before, after)
        )
        for name in (name for name in new if name in old and set(new[name]) != set(old[name])):
            yield {"path": [*rule.child.split("."), name, rule.sources], "from": old[name], "to": new[name]}


def _columns(sources: Sequence[Document]) -> list[str]:
    return [str(source.get("fullyQualifiedName") or source["name"]) for source in sources]
