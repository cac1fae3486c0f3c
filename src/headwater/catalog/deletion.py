# SPDX-License-Identifier: Apache-2.0
"""Entities are deleted and restored, each with all that is below it."""

import orjson

from headwater.catalog import definitions, versions
from headwater.catalog.context import Key
from headwater.catalog.diff import Change
from headwater.catalog.recording import EventType, Outcome, Recorder, described
from headwater.catalog.shape import Outline
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.declare import SOFT_DELETE, EntityType
from headwater.store import documents, history, lineage, relationships, renderings, series, settings
from headwater.store.rows import EntityRow


def delete(recorder: Recorder, declared: EntityType, key: Key, recursive: bool = False, hard: bool = False) -> Outcome:
    """Delete an entity softly, or for good with ``hard``; ``recursive`` takes what is below with it."""
    row = recorder.find(declared, key)
    recorder.check_match(row)
    if row.deleted and not hard:
        raise EntityNotFound.named(declared.name, key.text)
    hard = hard or not declared.has(SOFT_DELETE)
    below = [
        child
        for child in documents.children(recorder.transaction, row.node)
        if not recorder.context.registry[child.type].is_part_of(declared)
    ]
    if not recursive and any(hard or not child.deleted for child in below):
        raise InvalidEntity(f"{declared.name} is not empty")
    _refuse_system(recorder, row)
    return _delete_tree(recorder, row, hard)


def _refuse_system(recorder: Recorder, row: EntityRow) -> None:
    if orjson.loads(row.document).get("system"):
        raise InvalidEntity(f"System entity [{row.name}] of type {row.type} can not be deleted.")


def _delete_tree(recorder: Recorder, row: EntityRow, hard: bool) -> Outcome:
    """Delete from the leaves upwards, so that no moment shows a child without its parent."""
    for child in documents.children(recorder.transaction, row.node):
        if hard or not child.deleted:
            _refuse_system(recorder, child)
            _delete_tree(recorder, child, hard or not recorder.context.registry[child.type].has(SOFT_DELETE))
    declared = recorder.context.registry[row.type]
    return _remove(recorder, declared, row) if hard else _mark(recorder, declared, row, deleted=True)


def _mark(recorder: Recorder, declared: EntityType, row: EntityRow, deleted: bool) -> Outcome:
    """Set or clear the mark of a soft deletion: a minor version."""
    document = Outline(recorder.context.shapes[declared.name], orjson.loads(row.document))
    recorder.names.load(document.ids)
    change = Change(updated=[{"name": "deleted", "oldValue": not deleted, "newValue": deleted}])
    incremental = change.description(row.version / 10)
    step = row._replace(
        deleted=int(deleted),
        version=versions.following(row.version, major=False),
        change=described(incremental),
    )
    event: EventType = "entitySoftDeleted" if deleted else "entityRestored"
    return recorder.store(declared, row, step, document, document, {}, incremental, event)


def _remove(recorder: Recorder, declared: EntityType, row: EntityRow) -> Outcome:
    """Delete for good: the present forgets the entity, the past keeps it."""
    document = Outline(recorder.context.shapes[declared.name], orjson.loads(row.document))
    recorder.names.load(document.ids)
    body = orjson.dumps(recorder.written(row._replace(deleted=1), document))
    clock = recorder.transaction.tick()
    position = clock.position
    removed = row._replace(
        deleted=1,
        revision=row.revision + 1,
        position=position,
        updated_at=clock.timestamp,
        updated_by=recorder.principal.name,
    )
    documents.remove(recorder.transaction, row, position)
    history.record(recorder.transaction, removed, removed=True)
    history.name_closed(recorder.transaction, row.node, position)
    relationships.remove(recorder.transaction, row.node, position, recorder.context.kept)
    lineage.remove(recorder.transaction, row.node, position, recorder.context.kept)
    definitions.follow(recorder.transaction, recorder.context, recorder.fields, removed, document.document, None)
    renderings.drop(recorder.transaction, row.node)
    settings.drop_secrets(recorder.transaction, row.node)
    for one in (one for one in declared.series if not one.key):
        series.erase(recorder.transaction, row.node, one.name)
    recorder.announce("entityDeleted", removed, row.version, None)
    recorder.forget()
    return recorder.outcome(removed, body, "entityDeleted")


def restore(recorder: Recorder, declared: EntityType, key: Key) -> Outcome:
    """Undo a soft deletion, of everything below as well; ``InvalidEntity`` where there is nothing to undo."""
    row = recorder.find(declared, key)
    recorder.check_match(row)
    if not row.deleted:
        raise InvalidEntity(f"{declared.name} {row.fqn} is not deleted, so it cannot be restored")
    if row.parent is not None and (above := recorder.names.node(row.parent)) and above.deleted:
        raise InvalidEntity(f"{declared.name} {row.fqn} cannot be restored while {above.fqn} is deleted")
    restored = revive(recorder, declared, row)
    document = Outline(recorder.context.shapes[declared.name], orjson.loads(restored.document))
    recorder.names.load(document.ids)
    return recorder.outcome(restored, orjson.dumps(recorder.written(restored, document)), "entityRestored")


def revive(recorder: Recorder, declared: EntityType, row: EntityRow) -> EntityRow:
    """Undo a soft deletion that is known to be one; the entity as it is then."""
    _mark(recorder, declared, row, deleted=False)
    for child in documents.children(recorder.transaction, row.node):
        if child.deleted:
            revive(recorder, recorder.context.registry[child.type], child)
    restored = documents.get(recorder.transaction, row.id)
    assert restored is not None
    return restored
