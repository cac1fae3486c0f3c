# SPDX-License-Identifier: Apache-2.0
"""What is in production: by its environment, by its tier, or because a part of it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from headwater.catalog.names import Names
from headwater.catalog.reading import Reader, View
from headwater.schema.base import Document, held
from headwater.schema.declare import Checked, EntityType, Target
from headwater.store import checks, documents

NOW = View()
"""Entities as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """What counts as production: ``environments`` in any case, and tags by FQN."""

    environments: Sequence[str] = ("production",)
    tiers: Sequence[str] = ("Tier.Tier1",)

    def find(self, reader: Reader) -> set[int]:
        """The live entities that are in production."""
        checked = [declared for declared in reader.context.registry if declared.checked]
        found = set(checks.tagged(reader.session, [one.name for one in checked], self._tags(reader)))
        for declared in checked:
            found |= self._used(reader, declared)
        above = [(row.parent, row.type) for row in documents.by_node(reader.session, found).values() if row.parent]
        parents = documents.by_node(reader.session, [node for node, _ in above if node])
        for node, kind in above:
            parent = parents.get(node or 0)
            if parent is None or parent.deleted or parent.removed:
                continue
            declared = reader.context.registry[parent.type]
            if declared.checked and reader.context.registry[kind].is_part_of(declared):
                found.add(parent.node)
        return found

    def _used(self, reader: Reader, declared: EntityType) -> set[int]:
        """The entities of a type whose environment is one of production."""
        path = declared.checked.used.split(".") if declared.checked and declared.checked.used else []
        words = {word.casefold() for word in self.environments}
        return {
            node
            for word in words
            for node, text in checks.holding(reader.session, declared.name, word)
            if path and str(held(orjson.loads(text), path)).casefold() in words
        }

    def _tags(self, reader: Reader) -> list[int]:
        kinds = [declared.name for declared in reader.context.registry.labels.values()]
        names = [(kind, tier) for kind in kinds for tier in self.tiers]
        return [card.node for card in Names(reader.session).find(names).values()]


def addresses(reader: Reader, checked: Checked, document: Document) -> Iterator[tuple[Target, str]]:
    """What can be looked up of an entity as readers see it, and where that is."""
    for target in checked.targets:
        found = held(document, target.path.split("."))
        if target.of and found and not found.get("deleted"):
            row = documents.get(reader.session, found["id"])
            found = orjson.loads(row.document).get(target.of) if row else None
        if isinstance(found, str) and found.strip():
            yield target, found.strip()


def is_idle(checked: Checked, document: Document) -> bool:
    """Whether an entity is not meant to answer at present."""
    if checked.idle is None:
        return False
    path, values = checked.idle
    return held(document, path.split(".")) in values
