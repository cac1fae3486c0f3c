# SPDX-License-Identifier: Apache-2.0
"""Facts that pile up beside documents: measurements, runs, samples, as declarations name them.

A fact raises no version, but it is an event, and ``asOf`` shows what was recorded by then. A series without a key keeps
its newest entry only: what that replaces, or what is deleted, is erased, since it may be a sample of people's data.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from headwater.catalog.beside import show_series
from headwater.catalog.context import Key, dump, parse
from headwater.catalog.diff import Change
from headwater.catalog.reading import Reader
from headwater.catalog.recording import EventType, Outcome
from headwater.catalog.shape import Outline
from headwater.catalog.writing import Writer
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import EntityType, TimeSeries
from headwater.schema.registry import wire_members
from headwater.store import history, series
from headwater.store.rows import EntityRow
from headwater.store.series import Place, Span

LATEST = 2**62
"""The last moment that an entry can speak of."""


def group(declared: EntityType, wanted: TimeSeries) -> list[TimeSeries]:
    """The series that one request writes."""
    names = wire_members(wanted.request) if wanted.request else {wanted.name}
    return [one for one in declared.series if one.name in names]


# writing ----------------------------------------------------------------------------------------------------------


def add(writer: Writer, declared: EntityType, wanted: TimeSeries, key: Key, body: Any) -> Outcome:
    """Record what a request says; the entity as it shows that. ``body`` may be a list of entries."""
    row = _live(writer, declared, key)
    change = Change()
    for one, entries in _entries(declared, wanted, body):
        changed = _record(writer, declared, one, row, entries)
        if changed:
            told = {"newValue": dump(changed[-1])} if one.key and not one.child else {}
            change.updated.append({"name": one.name, **told})
    return _outcome(writer, declared, wanted, row, change)


def _entries(declared: EntityType, wanted: TimeSeries, body: Any) -> Iterable[tuple[TimeSeries, list[Document]]]:
    """The checked entries of a body, by series."""
    if wanted.request is None:
        given = body if isinstance(body, list) else [body]
        yield wanted, [parse(wanted.entry, entry) for entry in given]
        return
    request = parse(wanted.request, body)
    for one in group(declared, wanted):
        value = request.get(one.name)
        if value is not None:
            yield one, value if isinstance(value, list) else [value]


def _record(
    writer: Writer, declared: EntityType, wanted: TimeSeries, row: EntityRow, entries: Sequence[Document]
) -> list[Document]:
    """Store the entries that say something new; which they are."""
    transaction, position = writer.transaction, writer.transaction.clock.position + 1
    fields = _fields(writer, declared, row) if wanted.child else {}
    placed = {
        (_path(wanted, row, fields, entry["name"]) if wanted.child else "", _item(wanted, entry)): entry
        for entry in entries
    }
    changed = []
    for (path, item), entry in placed.items():
        place, text = Place(row.node, wanted.name, path), dump(entry)
        moment = _moment(writer, wanted, entry)
        if series.get(transaction, place, item, position) == text:
            continue
        if not wanted.key:
            series.erase(transaction, row.node, wanted.name)
        series.put(transaction, place, item, moment, text, position)
        changed.append(entry)
    return changed


def remove(writer: Writer, declared: EntityType, wanted: TimeSeries, key: Key, item: str | None) -> Outcome:
    """End the entry with this key, or erase all that a series without keys holds; the entity."""
    row = _live(writer, declared, key)
    change = Change()
    position = writer.transaction.clock.position
    place = Place(row.node, wanted.name)
    if series.get(writer.transaction, place, item or "", position) is None:
        if item is not None:
            raise EntityNotFound(f"{row.type} {row.fqn} has no entry {item} in {wanted.name}")
    elif item is None:
        series.erase(writer.transaction, row.node, wanted.name)
        change.deleted.append({"name": wanted.name})
    else:
        series.close(writer.transaction, place, item, position + 1)
        change.deleted.append({"name": wanted.name, "oldValue": item})
    return _outcome(writer, declared, wanted, row, change)


def _live(writer: Writer, declared: EntityType, key: Key) -> EntityRow:
    row = writer.find(declared, key)
    if row.deleted:
        raise EntityNotFound.named(declared.name, key.text)
    writer.check_match(row)
    return row


def _outcome(writer: Writer, declared: EntityType, wanted: TimeSeries, row: EntityRow, change: Change) -> Outcome:
    if change:
        writer.transaction.tick()
        writer.announce("entityUpdated", row, row.version, change.description(row.version / 10))
    document = writer.shown(declared, row)
    shape, position = writer.context.shapes[declared.name], writer.transaction.clock.position
    show_series(writer.transaction, shape, group(declared, wanted), row.node, document, position)
    event: EventType = "entityUpdated" if change else "entityNoChange"
    return writer.outcome(row, orjson.dumps(document), event)


def _item(wanted: TimeSeries, entry: Document) -> str:
    """What tells an entry from the others of its series."""
    values = [entry.get(member) for member in wanted.key]
    return str(values[0]) if len(values) == 1 else dump(values) if values else ""


def _moment(writer: Writer, wanted: TimeSeries, entry: Document) -> int:
    if wanted.moment is None:
        return writer.transaction.now()
    moment = entry.get(wanted.moment)
    if not isinstance(moment, int) or not 0 <= moment <= LATEST:
        raise InvalidEntity(f"{wanted.name}: {wanted.moment} must be milliseconds since 1970, not {moment}")
    return moment


def _fields(writer: Writer, declared: EntityType, row: EntityRow) -> Mapping[str, Any]:
    return Outline(writer.context.shapes[declared.name], orjson.loads(row.document)).fields


def _path(wanted: TimeSeries, row: EntityRow, fields: Mapping[str, Any], name: str) -> str:
    """The path of the field that an entry is about."""
    path = next((path for path in fqn.folded_paths(name) if path in fields), None)
    if path is None:
        raise InvalidEntity(f"{wanted.name}: {row.fqn} has no column {name}")
    return path


# reading ----------------------------------------------------------------------------------------------------------


def page(reader: Reader, declared: EntityType, wanted: TimeSeries, key: Key, span: Span) -> tuple[list[Document], int]:
    """Entries of an entity, or of the field that the key names, newest first; and how many there are."""
    place = _place(reader, declared, wanted, key)
    entries, total = series.page(reader.session, place, span, _position(reader))
    return [orjson.loads(entry) for entry in entries], total


def shown(reader: Reader, declared: EntityType, wanted: TimeSeries, key: Key) -> Document:
    """The entity with the newest entries of a series and of those that are recorded together with it."""
    row = reader.row(declared, key)
    document = reader.written(declared, [row])[0]
    shape = reader.context.shapes[declared.name]
    show_series(reader.session, shape, group(declared, wanted), row.node, document, _position(reader))
    return document


def entry(reader: Reader, declared: EntityType, wanted: TimeSeries, key: Key, item: str) -> Document:
    """One entry by its key."""
    place = _place(reader, declared, wanted, key)
    found = series.get(reader.session, place, item, _position(reader))
    if found is None:
        raise EntityNotFound(f"{declared.name} {key.text} has no entry {item} in {wanted.name}")
    document: Document = orjson.loads(found)
    return document


def _place(reader: Reader, declared: EntityType, wanted: TimeSeries, key: Key) -> Place:
    if not wanted.child:
        return Place(reader.row(declared, key).node, wanted.name)
    parts = fqn.split(fqn.normal(key.text)) if key.by_name else []
    for end in range(len(parts) - 1, 0, -1):
        try:
            row = reader.row(declared, Key.fqn(".".join(parts[:end])))
        except EntityNotFound:
            continue
        return Place(row.node, wanted.name, ".".join(parts[end:]).casefold())
    raise InvalidEntity(f"{key.text} is not the fully qualified name of a field of a {declared.name}")


def _position(reader: Reader) -> int:
    return reader.position if reader.position is not None else history.newest(reader.session)
