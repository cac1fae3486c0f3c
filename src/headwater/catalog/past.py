# SPDX-License-Identifier: Apache-2.0
"""How versions of one entity differ, who made them, and which state a version number or a moment means."""

from collections.abc import Sequence
from itertools import pairwise

import orjson

from headwater.catalog import versions
from headwater.catalog.context import Key, position_of
from headwater.catalog.contrast import Contrast, Past, rewired
from headwater.catalog.reading import Reader
from headwater.catalog.shape import Outline
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.schema.history import REVERTED
from headwater.store import history
from headwater.store.rows import EntityRow

MANY = 24
"""How many version numbers an error message names."""


class PastReader:
    """The versions of one entity, and any state of it."""

    def __init__(self, reader: Reader, declared: EntityType, row: EntityRow) -> None:
        self.reader = reader
        self.declared = declared
        self.row = row
        self.shape = reader.context.shapes[declared.name]
        newest: dict[int, EntityRow] = {}
        for state in history.versions(reader.session, row.node, reader.moment):
            newest.setdefault(state.version, state)
        self.versions = sorted(newest.values(), key=lambda state: state.version)

    def state(self, text: str) -> EntityRow:
        """The state that a version number means, or else a moment (as ``asOf``)."""
        if (number := versions.number(text)) is None:
            return self._at(text)
        found = next((state for state in self.versions if state.version == number), None)
        if found is None:
            raise EntityNotFound(
                f"{self.declared.name} {self.row.fqn} has no version {text}; there are {self._numbers()}"
            )
        return found

    def _at(self, moment: str) -> EntityRow:
        try:
            position = position_of(self.reader.session, moment)
        except InvalidEntity as error:
            raise InvalidEntity(
                f"{moment!r} is neither a version, such as 0.1, nor a time, such as 2026-03-01"
            ) from error
        found = history.at(self.reader.session, self.row.node, min(position, self.reader.moment))
        if found is None or found.removed:
            raise EntityNotFound(
                f"{self.declared.name} {self.row.fqn} did not exist at {moment}; its versions are {self._numbers()}"
            )
        return found

    def _numbers(self) -> str:
        numbers = [str(versions.written(state.version)) for state in self.versions]
        if len(numbers) > MANY:
            numbers = [*numbers[: MANY // 2], "…", *numbers[-MANY // 2 :]]
        return ", ".join(numbers)

    def shown(self, state: EntityRow) -> Document:
        """A state with the names of now, also of what is gone."""
        stored = orjson.loads(state.document)
        self.reader.names.load(Outline(self.shape, stored).ids)
        renderer = Past(self.shape, self.reader.names, self.reader.context.collections)
        document = {"name": state.name, **renderer.document(stored, self.row.fqn)}
        return document | ({"deleted": True} if state.deleted else {})

    def diff(self, first: str, last: str) -> Document:
        """What turns one state into another, and which versions lie between them."""
        one, other = self.state(first), self.state(last)
        before, after = self.shown(one), self.shown(other)
        low, high = sorted((one.position, other.position))
        between = [state for state in self.versions if low < state.position <= high]
        earlier = [state for state in self.versions if state.position <= low]
        steps = [self._step(*pair) for pair in pairwise([*earlier[-1:], *between])]
        return {
            "entity": self.reader.references.reference({"id": self.row.id, "type": self.row.type}),
            "from": _mark(one),
            "to": _mark(other),
            "major": any(step["major"] for step in steps),
            "differences": Contrast(self.shape).run(before, after),
            "rewired": list(rewired(self.shape, before, after)),
            "steps": steps[::-1],
        }

    def _step(self, before: EntityRow, state: EntityRow) -> Document:
        change = (orjson.loads(state.change) if state.change else {}).get("changeDescription") or {}
        told = [one for kind in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted") for one in change.get(kind) or ()]
        major = state.version - before.version >= versions.MAJOR
        reverted = next((one["newValue"] for one in told if one["name"] == REVERTED), None)
        step = {
            **_mark(state),
            "previousVersion": versions.written(before.version),
            "major": major,
            "because": self._because(before, state) if major else [],
            "fields": [name for name in dict.fromkeys(one["name"] for one in told) if name != REVERTED],
        }
        return step | ({"revertedTo": reverted} if reverted is not None else {})

    def _because(self, before: EntityRow, state: EntityRow) -> Sequence[Sequence[str]]:
        differences = Contrast(self.shape).run(self.shown(before), self.shown(state))
        return [one["path"] for one in differences if one["major"]]


def past_of(reader: Reader, declared: EntityType, key: Key) -> PastReader:
    """The past of the entity that a key names; ``EntityNotFound`` if there is none."""
    row = reader.row(declared, key)
    reader.names.load([row.id])
    return PastReader(reader, declared, row)


def _mark(state: EntityRow) -> Document:
    return {
        "version": versions.written(state.version),
        "updatedAt": state.updated_at,
        "updatedBy": state.updated_by,
    }
