# SPDX-License-Identifier: Apache-2.0
"""What changed between two rendered documents of one type, in the words of a change description.

Names and values follow OpenMetadata: a list is recorded as one change whose value is the JSON text of the items
added or removed; objects are JSON text; scalars are themselves. A null, an empty text, list or object are all
"absent". Lists whose order carries meaning (columns, features) also record that their items were moved.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import Child, EntityType, Narrowing, Reference

NOT_COMPARED = frozenset(
    {
        "id",
        "fullyQualifiedName",
        "version",
        "updatedAt",
        "updatedBy",
        "impersonatedBy",
        "href",
        "deleted",
        "changeDescription",
        "incrementalChangeDescription",
    }
)

SAID_OF_LABEL = ("labelType", "state", "reason", "metadata")
"""What can change of a label that stays where it is. OpenMetadata sees none of it; then nobody could confirm one."""


@dataclass(slots=True)
class Change:
    """The differences between two states. ``stored_only``: something changed that raises no version."""

    added: list[Document] = field(default_factory=list)
    updated: list[Document] = field(default_factory=list)
    deleted: list[Document] = field(default_factory=list)
    major: bool = False
    stored_only: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.updated or self.deleted)

    def description(self, previous_version: float) -> Document:
        """The change description on the wire."""
        return {
            "fieldsAdded": self.added,
            "fieldsUpdated": self.updated,
            "fieldsDeleted": self.deleted,
            "previousVersion": previous_version,
        }

    def record(self, name: str, old: Any, new: Any) -> bool:
        """Record one member's change, if it is one."""
        if (absent(old) and absent(new)) or old == new:
            return False
        if absent(old):
            self.added.append({"name": name, "newValue": _value(new)})
        elif absent(new):
            self.deleted.append({"name": name, "oldValue": _value(old)})
        else:
            self.updated.append({"name": name, "oldValue": _value(old), "newValue": _value(new)})
        return True

    def record_list(self, name: str, removed: Sequence[Document], added: Sequence[Document]) -> bool:
        """Record the items that a list lost and gained, each as one change."""
        if added:
            self.added.append({"name": name, "newValue": _json(added)})
        if removed:
            self.deleted.append({"name": name, "oldValue": _json(removed)})
        return bool(added or removed)


def diff(declared: EntityType, before: Document, after: Document) -> Change:
    """What turns ``before`` into ``after``; both rendered without links and inherited members."""
    change = Change()
    rules = declared.versions
    references = {reference.field: reference for reference in declared.all_references}
    for member in dict.fromkeys((*before, *after)):
        if member in NOT_COMPARED or member in declared.copied:
            continue
        old, new = before.get(member), after.get(member)
        if member in rules.unversioned:
            change.stored_only |= old != new
            continue
        if old == new:
            continue
        if member in references:
            changed = _diff_references(change, references[member], member, old, new)
        elif member == "tags":
            changed = _diff_labels(change, "tags", old or [], new or [])
        elif member == "extension":
            changed = _diff_extension(change, old or {}, new or {})
        else:
            changed = _diff_member(change, declared, (member,), old, new)
        change.major |= changed and member in rules.major
    return change


def _diff_member(change: Change, declared: EntityType, path: tuple[str, ...], old: Any, new: Any) -> bool:
    """A child list, an object that child lists sit in (compared member by member), or any other value."""
    name = ".".join(path)
    if child := next((child for child in declared.children if child.path == path), None):
        return _diff_children(change, declared, child, name, old or [], new or [])
    if not any(child.path[: len(path)] == path for child in declared.children):
        return change.record(name, old, new)
    old, new = old or {}, new or {}
    changed = False
    for member in dict.fromkeys((*old, *new)):
        if old.get(member) != new.get(member):
            changed |= _diff_member(change, declared, (*path, member), old.get(member), new.get(member))
    return changed


def _diff_references(change: Change, reference: Reference, name: str, old: Any, new: Any) -> bool:
    if reference.many:
        return _diff_set(change, name, old or [], new or [], lambda item: item["id"])
    if old and new and old["id"] == new["id"]:
        return False
    return change.record(name, old, new)


def _diff_set(
    change: Change, name: str, old: list[Document], new: list[Document], key: Callable[[Document], Any]
) -> bool:
    old_keys, new_keys = {key(item) for item in old}, {key(item) for item in new}
    return change.record_list(
        name, [item for item in old if key(item) not in new_keys], [item for item in new if key(item) not in old_keys]
    )


def _diff_labels(change: Change, name: str, old: list[Document], new: list[Document]) -> bool:
    """Labels that went or came; and those that stay, but are said in another way: one change of the list."""
    changed = _diff_set(change, name, old, new, _label_key)
    earlier = {_label_key(label): label for label in old}
    edited = [
        (one, label)
        for label in new
        if (one := earlier.get(_label_key(label))) and any(one.get(word) != label.get(word) for word in SAID_OF_LABEL)
    ]
    if not edited:
        return changed
    before, after = zip(*edited, strict=True)
    return change.record(name, list(before), list(after))


def _diff_extension(change: Change, old: Document, new: Document) -> bool:
    added = [{key: value} for key, value in new.items() if key not in old]
    removed = [{key: value} for key, value in old.items() if key not in new]
    edited = [key for key in old if key in new and old[key] != new[key]]
    for key in edited:
        change.updated.append({"name": f"extension.{key}", "oldValue": _json(old[key]), "newValue": _json(new[key])})
    return change.record_list("extension", removed, added) or bool(edited)


def _diff_children(
    change: Change, declared: EntityType, child: Child, name: str, old: list[Document], new: list[Document]
) -> bool:
    if child.match == "equal":
        return _diff_equal(change, child, name, old, new)
    return _diff_keyed(change, declared, child, name, old, new)


def _diff_equal(change: Change, child: Child, name: str, old: list[Document], new: list[Document]) -> bool:
    """Items are the same only if they are equal in everything; repeated items are counted."""
    removed = _surplus(old, new)
    added = _surplus(new, old)
    if not change.record_list(name, removed, added):
        return _diff_order(change, name, old, new, lambda item: item.get("name"))
    renewed = {item.get("name"): item for item in added}
    for item in removed:
        twin = renewed.get(item.get("name"))
        if twin is None:
            continue
        for member in child.paired:
            inner = f"{name}.{item['name']}.{member}"
            if member == "tags":
                _diff_labels(change, inner, item.get(member) or [], twin.get(member) or [])
            else:
                change.record(inner, item.get(member), twin.get(member))
    return True


def _surplus(items: list[Document], others: list[Document]) -> list[Document]:
    """The items that occur in ``items`` more often than in ``others``."""
    left = Counter(_json(item) for item in others)
    surplus = []
    for item in items:
        text = _json(item)
        if left[text]:
            left[text] -= 1
        else:
            surplus.append(item)
    return surplus


def _diff_keyed(
    change: Change, declared: EntityType, child: Child, name: str, old: list[Document], new: list[Document]
) -> bool:
    """Items are the same if their keys agree; the rest of a pair is compared member by member."""
    key = _item_key(child)
    old_by_key, new_by_key = {key(item): item for item in old}, {key(item): item for item in new}
    removed = [item for item in old if key(item) not in new_by_key]
    added = [item for item in new if key(item) not in old_by_key]
    changed = change.record_list(name, removed, added)
    if removed and child.field in declared.versions.major_removals:
        change.major = True
    for item in new:
        twin = old_by_key.get(key(item))
        if twin is not None and twin != item:
            changed |= _diff_item(change, declared, child, name, twin, item)
    kept = [item for item in old if key(item) in new_by_key], [item for item in new if key(item) in old_by_key]
    return _diff_order(change, name, *kept, key) or changed


def _diff_item(change: Change, declared: EntityType, child: Child, name: str, old: Document, new: Document) -> bool:
    changed = False
    references = {reference.field: reference for reference in child.references}
    called = fqn.add(name, new["name"])
    if child.qualifier and new.get(child.qualifier):
        called = fqn.add(called, new[child.qualifier])
    for member in dict.fromkeys((*old, *new)):
        before, after = old.get(member), new.get(member)
        if member == "fullyQualifiedName" or before == after:
            continue
        if member in ("description", "tags"):
            inner = f"{name}.{new['name']}.{member}"
        else:
            inner = f"{called}.{member}"
        if member == child.recursive:
            changed |= _diff_keyed(change, declared, child, fqn.add(name, new["name"]), before or [], after or [])
        elif member == "tags" and child.tagged:
            changed |= _diff_labels(change, inner, before or [], after or [])
        elif member in references:
            changed |= _diff_references(change, references[member], inner, before, after)
        else:
            recorded = change.record(inner, before, after)
            changed |= recorded
            if not recorded and any(member == nested.field for nested in child.children):
                change.stored_only = True  # None told, or told that there are none: sources of an input differ in that.
            for rule in declared.versions.narrowings:
                if recorded and rule.child == child.field and rule.member == member:
                    change.major |= narrows(rule, before, after)
    return changed


def narrows(rule: Narrowing, old: Any, new: Any) -> bool:
    """Whether a rule says that this change of a number can break readers."""
    if old is None:
        return "added" in rule.when
    if new is None:
        return "removed" in rule.when
    return "reduced" in rule.when and new < old


def _diff_order(
    change: Change, name: str, old: list[Document], new: list[Document], key: Callable[[Document], Any]
) -> bool:
    if [key(item) for item in old] == [key(item) for item in new]:
        return False
    order = [[item.get("name") for item in items] for items in (old, new)]
    change.updated.append({"name": name, "oldValue": _json(order[0]), "newValue": _json(order[1])})
    return True


def _item_key(child: Child) -> Callable[[Document], tuple[Any, ...]]:
    def key(item: Document) -> tuple[Any, ...]:
        values = tuple(item.get(member) for member in child.key)
        return (str(values[0]).casefold(), *values[1:]) if child.folded else values

    return key


def _label_key(label: Document) -> tuple[str, str]:
    return label["tagFQN"], label["source"]


def absent(value: Any) -> bool:
    """Whether a value says nothing: null, or an empty text, list or object."""
    return value is None or value in ("", [], {})


def _value(value: Any) -> Any:
    return _json(value) if isinstance(value, dict | list) else value


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def reshaped(before: Any, after: Any) -> bool:
    """Whether some list, at any depth, got, lost or moved items: then positions in it mean other items now."""
    if isinstance(before, dict) and isinstance(after, dict):
        return any(reshaped(before.get(member), after.get(member)) for member in {*before, *after})
    if isinstance(before, list) or isinstance(after, list):
        old, new = before or [], after or []
        if not isinstance(old, list) or not isinstance(new, list) or _identities(old) != _identities(new):
            return True
        return any(reshaped(one, other) for one, other in zip(old, new, strict=True))
    return False


def _identities(items: Iterable[Any]) -> list[Any]:
    return [
        (item.get("name") or item.get("tagFQN") or item.get("id")) if isinstance(item, dict) else item for item in items
    ]
