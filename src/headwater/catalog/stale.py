# SPDX-License-Identifier: Apache-2.0
"""What a connector did not find again: the entities of one type in a scope that it names, without those it saw."""

from typing import NamedTuple

from headwater.catalog import deletion
from headwater.catalog.context import Key
from headwater.catalog.reading import Reader
from headwater.catalog.writing import Writer
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.store import documents


class Stale(NamedTuple):
    """An entity that was not seen."""

    id: str
    fqn: str


def find(reader: Reader, declared: EntityType, request: Document) -> list[Stale]:
    """The live entities below the scope that were not seen; what holds something that was seen counts as seen."""
    scopes = {filter_.name: filter_ for filter_ in declared.filters if filter_.kind == "ancestor"}
    kind = request["scopeEntityType"]
    if kind not in scopes:
        known = ", ".join(scopes) or "none"
        raise InvalidEntity(f"scopeEntityType: a {declared.name} has no scope {kind}, its scopes are: {known}")
    seen = {above for name in request["seenFqns"] for above in _from_the_root(name)}
    listing = reader.listing(declared, {kind: request["scopeFqn"]})
    return [Stale(*row) for row in documents.keys(reader.session, listing) if row[1] not in seen]


def delete(writer: Writer, declared: EntityType, one: Stale, recursive: bool, hard: bool) -> str:
    """Delete it; the event. What went with something above it is no loss."""
    try:
        return deletion.delete(writer, declared, Key.id(one.id), recursive, hard).event
    except EntityNotFound:
        return "entityNoChange"


def _from_the_root(name: str) -> list[str]:
    """The FQN and those of everything above it; one that cannot be read must not make what it means look stale."""
    try:
        parts = fqn.split(fqn.normal(name))
    except fqn.InvalidFqn as error:
        raise InvalidEntity(f"seenFqns: {error}") from error
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
