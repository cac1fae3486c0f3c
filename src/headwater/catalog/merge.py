# SPDX-License-Identifier: Apache-2.0
"""What a PUT leaves alone, and what a JSON Patch makes of an entity."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import jsonpatch
import orjson
from jsonpointer import JsonPointerException

from headwater.catalog.access import Principal
from headwater.catalog.context import check_depth
from headwater.catalog.identity import new_id
from headwater.catalog.shape import Shape
from headwater.errors import InvalidEntity
from headwater.schema.base import Document, LabelState, held
from headwater.schema.declare import TAGS, Child, Reference
from headwater.schema.registry import wire_members

PROTECTED_FROM_BOTS = ("description", "displayName")
"""Texts that an automatic PUT does not overwrite once somebody wrote them."""


COPIED_SIZE = 4 * 1024 * 1024
"""Bytes that a document may have after a patch that copies."""


def put(shape: Shape, old: Document, new: Document, principal: Principal, override: bool = False) -> Document:
    """The stored document after a PUT of ``new`` over ``old``, both in stored form.

    What a request cannot say stays. What it omits goes, unless the declaration says that a PUT keeps it; labels are
    united; a bot leaves people's texts alone unless it says ``override``.
    """
    declared = shape.declared
    sayable = wire_members(declared.create) - set(shape.structure)
    sticky = {*declared.versions.put_sticky, *declared.defaults}
    cautious = principal.is_bot and not override
    merged = {member: value for member, value in old.items() if member not in sayable or member in sticky}
    merged |= {member: value for member, value in new.items() if member in sayable}
    _keep_references(shape.references, old, new, merged, cautious)
    if declared.has(TAGS):
        _unite_labels(old, merged, cautious)
    if cautious:
        _keep_texts(old, merged)
        if old.get("extension"):
            merged["extension"] = old["extension"]
    for child in declared.children:
        _merge_items(child, held(old, child.path), held(merged, child.path), cautious)
    for member in shape.hidden:
        if member in old:
            merged.setdefault(member, old[member])
    return merged


def _keep_references(
    references: Iterable[Reference], old: Document, new: Document, merged: Document, cautious: bool
) -> None:
    """Put back what the declarations say that a PUT of ``new`` does not replace."""
    for reference in references:
        stored = old.get(reference.field)
        keeps = {"replace": False, "keep": not new.get(reference.field), "absent": reference.field not in new}
        if stored is not None and (keeps[reference.put] or (cautious and stored and reference.bot_keeps)):
            merged[reference.field] = stored


def _unite_labels(old: Document, new: Document, cautious: bool) -> None:
    """The labels of both; where both have one, the new copy counts, unless a bot speaks of one that is confirmed."""
    if not old.get("tags"):
        return
    labels = {(label["id"], label["source"]): label for label in new.get("tags") or ()}
    for label in old["tags"]:
        key = label["id"], label["source"]
        if key not in labels or (cautious and label["state"] == LabelState.CONFIRMED):
            labels[key] = label
    new["tags"] = list(labels.values())


def _keep_texts(old: Document, new: Document) -> None:
    for member in PROTECTED_FROM_BOTS:
        if old.get(member):
            new[member] = old[member]


def _merge_items(child: Child, old: list[Document] | None, new: list[Document] | None, cautious: bool) -> None:
    if not old or not new or old == new:
        return
    name = _name_key(child)
    old_by_name = {name(item): item for item in old}
    for item, neighbour in zip_longest(new, old[: len(new)]):
        twin = old_by_name.get(name(item))
        if twin is None:
            continue
        if child.place and twin is neighbour and child.place in twin:
            item.setdefault(child.place, twin[child.place])
        _keep_references(child.references, twin, item, item, cautious)
        if child.tagged:
            _unite_labels(twin, item, cautious)
        if cautious and twin.get("description"):
            item["description"] = twin["description"]
        if child.match == "key" and _rekeyed(child, twin, item) and twin.get("description"):
            item.setdefault("description", twin["description"])
        for inner in child.children:
            _merge_items(inner, held(twin, inner.path), held(item, inner.path), cautious)
        if child.recursive:
            _merge_items(child, twin.get(child.recursive), item.get(child.recursive), cautious)


def identify(child: Child, old: Iterable[Document], new: Iterable[Document]) -> None:
    """Give items without an id that of a stored item that is like them and that no other has, or a new one."""
    new = list(new)
    taken = {item["id"] for item in new if item.get("id")}
    for item in new:
        if not item.get("id"):
            alike = (one for one in old if all(one.get(member) == item.get(member) for member in child.identified))
            item["id"] = next((one["id"] for one in alike if one["id"] not in taken), None) or new_id()
            taken.add(item["id"])


def _rekeyed(child: Child, old: Document, new: Document) -> bool:
    """Whether the item is another one under the same name: a column of a new type."""
    return any(old.get(member) != new.get(member) for member in child.key[1:])


def _name_key(child: Child) -> Callable[[Document], str]:
    member = child.key[0]
    return (lambda item: str(item[member]).casefold()) if child.folded else (lambda item: str(item[member]))


def patch(shape: Shape, rendered: Document, operations: Iterable[Mapping[str, Any]]) -> Document:
    """The rendered entity after a JSON Patch (RFC 6902).

    Lists that the entity may have but does not have yet count as empty, since clients add to their first place.
    """
    base, added = _with_empty_lists(shape, rendered)
    patched = patch_document(base, operations)
    for path in added:
        holder = held(patched, path[:-1])
        if isinstance(holder, dict) and holder.get(path[-1]) == []:
            del holder[path[-1]]
    return patched


def patch_document(base: Document, operations: Iterable[Mapping[str, Any]]) -> Document:
    """A document after a JSON Patch; ``InvalidEntity`` if the patch does not apply."""
    operations = list(operations)
    check_depth(operations)
    try:
        patched: Any = base
        for run in _runs(operations):
            patched = jsonpatch.JsonPatch(run).apply(patched)
            if run[-1].get("op") == "copy":
                _check_size(patched)
    except (jsonpatch.JsonPatchException, JsonPointerException, TypeError, KeyError, AttributeError) as error:
        raise InvalidEntity(f"the patch does not apply: {error}") from error
    if not isinstance(patched, dict):
        raise InvalidEntity("the patch does not apply: it replaces the whole object by something else")
    return patched


def _runs(operations: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """The operations in parts that end with a copy: each may double the document, a few dozen would fill any memory."""
    start = 0
    for end, operation in enumerate(operations, 1):
        if operation.get("op") == "copy" or end == len(operations):
            yield operations[start:end]
            start = end


def _check_size(document: object) -> None:
    if len(orjson.dumps(document)) > COPIED_SIZE:
        raise InvalidEntity(f"the patch copies so much that the document would exceed {COPIED_SIZE} bytes")


def _with_empty_lists(shape: Shape, rendered: Document) -> tuple[Document, list[tuple[str, ...]]]:
    """The entity with the lists that it lacks, and their paths; a list inside an object needs the object."""
    base = dict(rendered)
    added = []
    paths = [(reference.field,) for reference in shape.references if reference.many]
    paths += [(member,) for member in shape.declared.held_once]
    for path in (*paths, *(child.path for child in shape.declared.children)):
        if not isinstance(held(base, path[:-1]), dict) or held(base, path) is not None:
            continue
        holder = base
        for member in path[:-1]:
            holder[member] = holder = dict(holder[member])
        holder[path[-1]] = []
        added.append(path)
    return base, added
