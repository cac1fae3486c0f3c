# SPDX-License-Identifier: Apache-2.0
"""An entity as the index holds it: words to find it by, facts to filter it by, keys to sort it by."""

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from headwater.catalog.search.clauses import text_of
from headwater.catalog.shape import Shape
from headwater.schema import fqn
from headwater.schema.base import Document, held
from headwater.schema.declare import Child

SILENT = frozenset({"href", "changeDescription", "incrementalChangeDescription"})
"""Members that nobody looks for."""

OF_REFERENCES = ("id", "type", "name", "displayName", "fullyQualifiedName")
OF_LABELS = ("tagFQN", "name", "displayName", "source", "labelType", "state")
"""What an entity's facts hold of others. A change to one of these makes ``tail`` look for who shows it."""

ELSEWHERE = SILENT | {"id", "name", "displayName", "fullyQualifiedName", "description", "tags", "tier"}
"""Members whose words stand in fields of their own, or that are no words."""

OF_PARTS = ("name", "displayName", "description")
"""Members of parts whose words count."""

LONGEST = 4096
"""Characters of the longest value that is compared as a whole; FQNs are shorter."""

TIER = "Tier"
"""The classification whose tags say how important something is."""

BETWEEN = "\x1f"
"""Stands between a path and a value."""

WORD = re.compile(r"\w+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

FACETS = {
    "type": "entityType",
    "service": "service.fullyQualifiedName",
    "tag": "tags.tagFQN",
    "owner": "owners.fullyQualifiedName",
    "domain": "domains.fullyQualifiedName",
    "tier": "tier.tagFQN",
    "deleted": "deleted",
}
"""What hits are counted and narrowed by: each facet's name, and the path of its values in what ``shown`` returns."""


class Entry(NamedTuple):
    """One entity in the index.

    ``face`` stands for everything that the entries of others take from this entity. The keys order entities by FQN, by
    name and by the time of the last change; each is unique, and made of characters that need no quoting.
    """

    node: int
    id: str
    name: str
    display_name: str
    description: str
    parts: list[str]
    others: list[str]
    facts: list[str]
    facets: list[str]
    by_fqn: str
    by_name: str
    by_time: str
    face: int


def entry_of(shape: Shape, node: int, rendered: Document) -> Entry:
    """The entry of an entity that was written out with all its stored members."""
    source = shown(shape, rendered)
    labels = list(labels_of(shape, rendered))
    facets = _facets(source, labels)
    facts: set[str] = {fact("tags.tagFQN", label["tagFQN"]) for label in labels}
    facts.update(narrowing(name, above) for name, value in facets for above in _and_above(value))
    for member, value in source.items():
        if member not in SILENT:
            _add_facts(facts, member, value)
    name, full = str(rendered["name"]), str(rendered["fullyQualifiedName"])
    return Entry(
        node=node,
        id=rendered["id"],
        name=spoken(name),
        display_name=spoken(source["displayName"]),
        description=spoken(rendered.get("description") or ""),
        parts=[spoken(text) for _, text in parts(shape, rendered)],
        others=list(dict.fromkeys(_other_texts(shape, source, labels))),
        facts=list(facts),
        facets=[f"{name}{BETWEEN}{value}" for name, value in facets],
        by_fqn=f"{_hex(full)}.{_hex(shape.declared.name)}",
        by_name=f"{_hex(name.casefold())}.{node}",
        by_time=f"{rendered['updatedAt']:014}.{node}",
        face=_face(shape, rendered),
    )


def shown(shape: Shape, rendered: Document) -> Document:
    """An entity as OpenMetadata's search shows it: without connections, with its type and tier, always with a display
    name."""
    source = {member: value for member, value in rendered.items() if member not in shape.declared.secrets}
    source.setdefault("displayName", rendered["name"])
    source["entityType"] = shape.declared.name
    source.setdefault("deleted", False)
    tier = next((one for one in rendered.get("tags") or () if fqn.below(one["tagFQN"], TIER)), None)
    if tier:
        source["tier"] = tier
    return source


def labels_of(shape: Shape, rendered: Document) -> Iterator[Document]:
    """The labels of an entity and of its parts."""
    yield from rendered.get("tags") or ()
    for _, item in _items(shape.declared.children, rendered):
        yield from item.get("tags") or ()


def parts(shape: Shape, rendered: Document) -> Iterator[tuple[str, str]]:
    """The texts of columns, features and other parts, each with the path of its member."""
    for path, item in _items(shape.declared.children, rendered):
        for member in OF_PARTS:
            if item.get(member):
                yield f"{path}.{member}", item[member]


def _items(children: Iterable[Child], holder: Document) -> Iterator[tuple[str, Document]]:
    """Every part, with the name of its list."""
    for child in children:
        yield from _items_of(child, held(holder, child.path) or ())


def _items_of(child: Child, items: Iterable[Document]) -> Iterator[tuple[str, Document]]:
    for item in items:
        yield child.field, item
        if child.children:
            yield from _items(child.children, item)
        if child.recursive and (nested := item.get(child.recursive)):
            yield from _items_of(child, nested)


def spoken(text: str) -> str:
    """A text, followed by the parts of words that capitals join: ``customerChurn`` is found by ``churn`` as well."""
    if text.islower() or not HUMP.search(text):
        return text
    return " ".join((text, *(HUMP.sub(" ", word) for word in WORD.findall(text) if HUMP.search(word))))


def fact(path: str, value: str) -> str:
    """A fact as the index holds it."""
    return f"{path}{BETWEEN}{value.casefold()}"


def narrowing(facet: str, value: str) -> str:
    """The fact that every entity has which counts for a value of a facet: those of what lies below it do as well."""
    return fact(f"@{facet}", value)


def _hex(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").hex()


def _add_facts(facts: set[str], path: str, value: Any) -> bool:
    """Add what stands at a path; whether anything does. Written for speed: an index has millions of facts."""
    found = False
    if type(value) is str:
        found = True
        if not path.endswith("description") and len(value) <= LONGEST:
            facts.add(f"{path}{BETWEEN}{value.casefold()}")
    elif isinstance(value, dict):
        for member in _members(value):
            inner = value.get(member)
            if inner is not None and _add_facts(facts, f"{path}.{member}", inner):
                found = True
    elif isinstance(value, list):
        for item in value:
            if _add_facts(facts, path, item):
                found = True
    elif value is not None:
        found = True
        if value is not False:
            facts.add(fact(path, text_of(value)))
    if found:
        facts.add(path)
    return found


def _members(value: Document) -> Iterable[str]:
    """The members that facts are made of."""
    if "tagFQN" in value:
        return OF_LABELS
    return OF_REFERENCES if is_reference(value) else value


def is_reference(value: Any) -> bool:
    """Whether a JSON value refers to an entity."""
    return isinstance(value, dict) and "id" in value and "type" in value


def _facets(source: Document, labels: Iterable[Document]) -> set[tuple[str, str]]:
    """The values that the entity counts for."""
    found = {(name, text_of(value)) for name, path in FACETS.items() for value in values_at(source, path.split("."))}
    return found | {("tag", label["tagFQN"]) for label in labels}


def values_at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """The values at a path, lists walked through."""
    if isinstance(value, list):
        for item in value:
            yield from values_at(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from values_at(value[path[0]], path[1:])


def _and_above(value: str) -> Iterator[str]:
    """An FQN and those of everything above it."""
    segments = fqn.split(value)
    for count in range(1, len(segments) + 1):
        yield ".".join(segments[:count])


def _other_texts(shape: Shape, source: Document, labels: Iterable[Document]) -> Iterator[str]:
    """The words of an entity besides those of its names, its description and its parts."""
    yield from map(spoken, fqn.names(source["fullyQualifiedName"]))
    for label in labels:
        yield from (spoken(str(label[member])) for member in ("tagFQN", "displayName") if label.get(member))
    lists = {child.field for child in shape.declared.children}
    for member, value in source.items():
        if member not in ELSEWHERE:
            yield from _texts(value, member, lists)


def _texts(value: Any, path: str, apart: set[str]) -> Iterator[str]:
    """The words at a path, but for those at the paths that stand apart."""
    if path in apart:
        return
    if isinstance(value, str):
        yield spoken(value)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, path, apart)
    elif is_reference(value):
        yield from (spoken(value[member]) for member in ("name", "displayName") if value.get(member))
    elif isinstance(value, dict):
        for member, inner in value.items():
            yield from _texts(inner, f"{path}.{member}", apart)


def _face(shape: Shape, rendered: Document) -> int:
    """A number that changes when others show something else of this entity, or inherit something else from it."""
    handed_on = [*shape.structure, *(reference.field for reference in shape.references if reference.inherited)]
    shown_by_others = [
        [rendered["name"], rendered["fullyQualifiedName"], rendered.get("displayName")],
        *([_reference_members(value) for value in _listed(rendered.get(member))] for member in handed_on),
        [[label.get(member) for member in OF_LABELS] for label in rendered.get("tags") or () if shape.declared.labels],
    ]
    return int.from_bytes(blake2b(orjson.dumps(shown_by_others), digest_size=8).digest(), signed=True)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _reference_members(value: Any) -> Any:
    return [value.get(member) for member in OF_REFERENCES] if is_reference(value) else value
