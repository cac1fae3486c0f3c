# SPDX-License-Identifier: Apache-2.0
"""What every piece of work in one catalogue shares."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from headwater.catalog.secrets import Vault
from headwater.catalog.shape import Shape
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.base import Document, faults_of, wire
from headwater.schema.declare import EntityType
from headwater.schema.registry import Registry, wire_members
from headwater.store import events, history
from headwater.store.database import Session

DEPTH = 100
"""How many levels of lists and objects a document may have: replies, and walks in Python, need room for more."""
WRITABLE_DEPTH = 254
"""How many levels orjson writes."""

M = TypeVar("M", bound=BaseModel)

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Context:
    """The registry, the shapes of its types, and the vault."""

    def __init__(self, registry: Registry, vault: Vault) -> None:
        self.registry = registry
        self.vault = vault
        self.shapes = {declared.name: Shape(declared) for declared in registry}
        self.collections = {declared.name: declared.collection for declared in registry}
        self.kept = frozenset(member for shape in self.shapes.values() for member in shape.kept)

    def declared(self, name: str) -> EntityType:
        """The type with this name; ``EntityNotFound`` if there is none."""
        if name not in self.registry:
            raise EntityNotFound(f"Entity type {name} not found")
        return self.registry[name]


class Key(NamedTuple):
    """How a caller names an entity: by id, or by FQN."""

    text: str
    by_name: bool = False

    @classmethod
    def id(cls, entity_id: str) -> "Key":
        """A key by id."""
        return cls(entity_id)

    @classmethod
    def either(cls, text: str) -> "Key":
        """A key by id, if the text looks like one, else by FQN."""
        return cls.id(text) if UUID.fullmatch(text) else cls.fqn(text)

    @classmethod
    def fqn(cls, name: str) -> "Key":
        """A key by FQN."""
        return cls(name, by_name=True)


def dump(value: object) -> str:
    """JSON text as it is stored; ``InvalidEntity`` for texts that not both databases can hold."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError) as error:
        raise InvalidEntity(f"this cannot be written as JSON: {error}") from error
    if "\\u0000" in text and NUL.search(text):
        raise InvalidEntity("a text holds the character U+0000, which cannot be stored")
    return text


def check_depth(value: object) -> None:
    """``InvalidEntity`` for what is nested deeper than ``DEPTH`` levels; the writer of JSON counts faster than we."""
    for _ in range(WRITABLE_DEPTH - DEPTH):
        value = [value]
    try:
        orjson.dumps(value)
    except TypeError as error:
        raise InvalidEntity(f"lists and objects are nested too deeply: {DEPTH} levels are the limit") from error


def checked(model: type[M], document: Document) -> M:
    """A document as its model; ``InvalidEntity`` with every fault."""
    check_depth(document)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InvalidEntity(errors=faults_of(error)) from error


def parse(model: type[BaseModel], document: Document) -> Document:
    """A document checked against a model, as the model writes it; ``InvalidEntity`` with every fault."""
    return wire(checked(model, document))


def position_of(session: Session, moment: str) -> int:
    """The position that ``asOf`` means: ``@17`` a position, digits milliseconds since 1970, else a date or time.

    A time means the highest position not after it. A date, or a time without a zone, is UTC.
    """
    position, time = _read_moment(moment)
    if position is not None:
        return min(position, history.newest(session))
    return history.position_at(session, time)


def day_of(session: Session, moment: str | None) -> date:
    """The day, in UTC, of the moment that ``asOf`` means; None is now."""
    if moment is None:
        return datetime.now(UTC).date()
    position, time = _read_moment(moment)
    if position is not None:
        known = min(position, history.newest(session))
        time, _ = events.at(session, [known]).get(known, (0, ""))
    return datetime.fromtimestamp(time / 1000, UTC).date()


def _read_moment(moment: str) -> tuple[int | None, int]:
    """The position that a text names, or else the milliseconds since 1970."""
    text = moment.strip()
    if text.startswith("@") and text[1:].isdecimal() and len(text) < 19:
        return int(text[1:]), 0
    if text.isdecimal() and len(text) < 19:
        return None, int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidEntity(
            f"asOf: {moment!r} is not a time; write 2026-03-01, 2026-03-01T12:00:00Z, milliseconds since 1970, or "
            "@ and a position"
        ) from error
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return None, int(time.timestamp() * 1000)


def chosen_fields(declared: EntityType, members: Iterable[str] | None) -> frozenset[str] | None:
    """The optional members that a caller asked for; None if it did not say. ``*`` asks for all there are."""
    if members is None:
        return None
    known = wire_members(declared.entity)
    chosen = {member.strip() for member in members if member.strip()}
    if "*" in chosen:
        return frozenset(known)
    if unknown := sorted(chosen - known):
        raise InvalidEntity(f"Invalid field name {unknown[0]}")
    return frozenset(chosen)
