# SPDX-License-Identifier: Apache-2.0
"""What is recorded beside documents and shown in them on request: series, and how often entities are used."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

import orjson

from headwater.catalog.shape import Outline, Shape
from headwater.schema.base import Document
from headwater.schema.declare import USAGE, EntityType, TimeSeries
from headwater.store import series
from headwater.store.database import Session
from headwater.store.series import Place, Span

USED = "usage"
"""The series of how often an entity was used: an entry for each day."""
SPANS = {"dailyStats": 1, "weeklyStats": 7, "monthlyStats": 30}
"""How many days each statistic of use sums up, the day in question being the last."""
MONTH = 30


def members(declared: EntityType) -> set[str]:
    """The members of a type's entities that are shown on request and recorded beside the document."""
    shown = {one.member for one in declared.series if one.member}
    return shown | ({"usageSummary"} if declared.has(USAGE) else set())


def show(session: Session, shape: Shape, asked: Collection[str], node: int, document: Document, position: int) -> None:
    """Put what is known into a rendered entity, or into its fields."""
    show_series(session, shape, (one for one in shape.declared.series if one.member in asked), node, document, position)
    if "usageSummary" in asked and (newest := series.newest(session, node, USED, position)):
        day = date.fromisoformat(orjson.loads(newest[""])["date"])
        document["usageSummary"] = used_until(used_between(session, node, day, MONTH, position), day)


def show_series(
    session: Session, shape: Shape, wanted: Iterable[TimeSeries], node: int, document: Document, position: int
) -> None:
    """Put the newest entries into a rendered entity, or into its fields."""
    for one in wanted:
        if one.member is None:
            continue
        newest = series.newest(session, node, one.name, position)
        if not one.child:
            if "" in newest:
                entry = orjson.loads(newest[""])
                document[one.member] = [entry] if one.listed else entry
            continue
        for child, _, path, item in Outline(shape, document).parts:
            if child.field == one.child and path in newest:
                item[one.member] = orjson.loads(newest[path])


def moment(day: date) -> int:
    """The beginning of a day (UTC), in milliseconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def used_between(session: Session, node: int, last: date, days: int, position: int) -> dict[str, Document]:
    """The entries of use of so many days up to ``last``, by date."""
    span = Span(moment(last - timedelta(days - 1)), moment(last), days, 0)
    found = (orjson.loads(entry) for entry in series.page(session, Place(node, USED), span, position)[0])
    return {entry["date"]: entry for entry in found}


def used_until(entries: Mapping[str, Document], day: date) -> Document:
    """The statistics of a day: the sums, and where ranks were computed, their places among the type in per cent."""
    details: Document = {"date": day.isoformat()}
    ranks = entries.get(day.isoformat(), {}).get("ranks", {})
    for name, count in summed(entries, day).items():
        details[name] = {"count": count, **({"percentileRank": ranks[name]} if name in ranks else {})}
    return details


def summed(entries: Mapping[str, Document], day: date) -> dict[str, int]:
    """How often something was used within each span up to a day."""
    dates = [(day - timedelta(back)).isoformat() for back in range(MONTH)]
    counts = [entries.get(each, {}).get("count", 0) for each in dates]
    return {name: sum(counts[:days]) for name, days in SPANS.items()}
