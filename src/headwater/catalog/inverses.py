# SPDX-License-Identifier: Apache-2.0
"""Inverses that a request may set: which entities refer to this one is stored in those."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from headwater.catalog.hydrate import Renderer
from headwater.catalog.names import Card
from headwater.catalog.prepare import Preparation
from headwater.catalog.reading import Reader, View
from headwater.catalog.recording import Recorder
from headwater.catalog.shape import Outline
from headwater.errors import InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import EntityType, Reference
from headwater.store import documents, relationships
from headwater.store.rows import EntityRow


def taken_out(declared: EntityType, body: Document) -> dict[str, list[Any]]:
    """Take the inverses out of a request that change other entities."""
    return {one.field: body.pop(one.field) for one in declared.inverses if one.settable and one.field in body}


def touched(
    recorder: Recorder,
    declared: EntityType,
    row: EntityRow,
    operations: Iterable[Mapping[str, Any]],
    renderer: Renderer,
) -> Document:
    """The settable inverses that a patch speaks of, as a read would list them."""
    touched = {member for operation in operations for member in str(operation.get("path")).split("/")[1:2]}
    reader = Reader(recorder.transaction, recorder.context, None, View())
    reader.names = recorder.names
    return {
        inverse.field: reader.listed(inverse, row.node, renderer)
        for inverse in declared.inverses
        if inverse.settable and inverse.field in touched
    }


def put(recorder: Recorder, declared: EntityType, entity_id: str, members: Mapping[str, Any]) -> None:
    """Make exactly those entities refer to this one that a request listed."""
    if not members:
        return
    recorder.names.load([entity_id])
    own = recorder.names.by_id[entity_id]
    blank = Outline(recorder.context.shapes[declared.name], {})
    preparation = Preparation(recorder.transaction, recorder.context.registry, recorder.names, recorder.fields, blank)
    for inverse in declared.inverses:
        if inverse.field not in members:
            continue
        given = members[inverse.field]
        if not isinstance(given, list) or not all(isinstance(one, dict | str) for one in given):
            raise InvalidEntity(f"{inverse.field}: a list of references is needed")
        types = (inverse.of,) if inverse.of else recorder.context.registry.referring(inverse.member, declared.name)
        reference = Reference(field=inverse.field, to=types, many=True)
        wanted = {card.node for card in preparation.resolve(reference, given)}
        position = recorder.transaction.clock.position
        present = relationships.referrers_at(
            recorder.transaction, own.node, inverse.member, inverse.of or None, position
        )
        for node in sorted(wanted ^ set(present)):
            _refer(recorder, node, inverse.member, own, node in wanted, preparation)


def _refer(recorder: Recorder, node: int, member: str, target: Card, refers: bool, preparation: Preparation) -> None:
    """Make an entity refer to another by a list of references, or no longer: a default gives way, and returns."""
    row = documents.by_node(recorder.transaction, [node])[node]
    if row.deleted:
        return
    declared = recorder.context.registry[row.type]
    old = Outline(recorder.context.shapes[declared.name], orjson.loads(row.document))
    recorder.names.load(old.ids)
    reference = Reference(field=member, to=(target.type,), many=True)
    default = preparation.resolve(reference, declared.defaults.get(member, ()))
    referred = {one["id"]: one for one in old.document.get(member) or ()}
    referred.pop(target.id, None)
    if refers and set(referred) == {card.id for card in default}:
        referred.clear()
    for card in [target] if refers else () if referred else default:
        referred[card.id] = {"id": card.id, "type": card.type}
    new = Outline(old.shape, old.document | {member: list(referred.values())})
    try:
        recorder.update(declared, row, old, new, {})
    except InvalidEntity as error:
        raise InvalidEntity(f"{declared.name} {row.fqn}: {error.message}") from error
