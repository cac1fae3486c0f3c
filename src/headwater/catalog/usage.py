# SPDX-License-Identifier: Apache-2.0
"""Reports of how often entities are used, and their ranks among the entities of their type."""

from bisect import bisect_left
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import orjson

from headwater.catalog import beside
from headwater.catalog.beside import USED, moment
from headwater.catalog.context import Key, dump, parse
from headwater.catalog.diff import Change
from headwater.catalog.reading import Reader, View
from headwater.catalog.writing import Writer
from headwater.errors import InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import USAGE, EntityType
from headwater.schema.usage import UsageRequest
from headwater.store import history, series
from headwater.store.database import Transaction
from headwater.store.rows import EntityRow
from headwater.store.series import Place


def check(declared: EntityType) -> EntityType:
    """The type, if its entities are used by anybody."""
    if not declared.has(USAGE):
        raise InvalidEntity(f"the use of a {declared.name} is not counted")
    return declared


def report(writer: Writer, declared: EntityType, key: Key, request: Any, add: bool) -> Document:
    """Record how often an entity was used on a day: in all, or (``add``) besides what is known; its use up to then."""
    row = writer.find(check(declared), key)
    asked = parse(UsageRequest, request)
    day, count = date.fromisoformat(asked["date"]), asked["count"]
    transaction, place = writer.transaction, Place(row.node, USED)
    before = series.get(transaction, place, asked["date"], transaction.clock.position)
    entry: Document = orjson.loads(before) if before else {"date": asked["date"], "count": 0}
    counted = entry["count"] + count if add else count
    if before is None or counted != entry["count"]:
        text = dump({"date": asked["date"], "count": counted})
        series.put(transaction, place, asked["date"], moment(day), text, transaction.tick().position)
        change = Change(updated=[{"name": USED, "newValue": text}])
        writer.announce("entityUpdated", row, row.version, change.description(row.version / 10))
    reader = Reader(transaction, writer.context, None, View(include="all", base=writer.write.view.base))
    return _shown(reader, declared, row, day, 1, transaction.clock.position)


def shown(reader: Reader, declared: EntityType, key: Key, last: date, days: int) -> Document:
    """The use of an entity on each of so many days up to ``last`` on which something is known, newest first."""
    row = reader.row(check(declared), key)
    position = reader.position if reader.position is not None else history.newest(reader.session)
    return _shown(reader, declared, row, last, days, position)


def _shown(reader: Reader, declared: EntityType, row: EntityRow, last: date, days: int, position: int) -> Document:
    entries = beside.used_between(reader.session, row.node, last, days + beside.MONTH - 1, position)
    dates = [last - timedelta(back) for back in range(days)]
    reader.names.nodes([row.node])
    return {
        "entity": reader.renderer(declared).card(reader.names.by_node[row.node]),
        "usage": [beside.used_until(entries, day) for day in dates if day.isoformat() in entries],
    }


def rank(transaction: Transaction, declared: EntityType, day: date) -> int:
    """Rank the entities of a type that were used on a day; how many there are.

    A rank is the share, in per cent, of the others that were used less.
    """
    start = moment(day - timedelta(beside.MONTH - 1))
    entries: dict[int, dict[str, Document]] = defaultdict(dict)
    for node, text in series.of_type(transaction, check(declared).name, USED, start, moment(day)):
        entry = orjson.loads(text)
        entries[node][entry["date"]] = entry
    today = day.isoformat()
    sums = {node: beside.summed(own, day) for node, own in entries.items() if today in own}
    ordered = {name: sorted(one[name] for one in sums.values()) for name in beside.SPANS}
    for node, own in sums.items():
        ranks = {name: _rank(ordered[name], count) for name, count in own.items()}
        series.rewrite(transaction, Place(node, USED), today, dump({**entries[node][today], "ranks": ranks}))
    return len(sums)


def _rank(ordered: list[int], count: int) -> float:
    others = len(ordered) - 1
    return 100 * bisect_left(ordered, count) / others if others else 0.0
