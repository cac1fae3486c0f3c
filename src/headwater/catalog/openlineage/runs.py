# SPDX-License-Identifier: Apache-2.0
"""The history of runs: what events tell of a run becomes one entry of its pipeline's series, in whatever order.

A run began at the earliest moment that any of its events bears; the last event that ends it says how it ended. What
it read and wrote is what all its events name together.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from headwater.catalog import series
from headwater.catalog.context import Key
from headwater.catalog.writing import Writer
from headwater.schema.base import Document
from headwater.schema.declare import EntityType, TimeSeries
from headwater.schema.openlineage import Dataset, EventType, QualityMetricsFacet, RunEvent, milliseconds
from headwater.store import series as entries
from headwater.store import sightings
from headwater.store.rows import EntityRow
from headwater.store.series import Place

HISTORY = "status"
PROFILES = "tableProfile"

ENDS = {EventType.COMPLETE: "Successful", EventType.FAIL: "Failed", EventType.ABORT: "Failed"}
"""How a run ends with an event that ends it."""

Used = tuple[EntityRow, Dataset]
"""A dataset that an event names, and the entity that stands for it."""


def _series(declared: EntityType, name: str) -> TimeSeries | None:
    return next((one for one in declared.series if one.name == name), None)


def record(writer: Writer, job: EntityRow, event: RunEvent, read: Iterable[Used], written: Iterable[Used]) -> None:
    """Note what an event tells of a run; nothing where that is known."""
    declared = writer.context.declared(job.type)
    history = _series(declared, HISTORY)
    assert history is not None
    run = event.run.run_id
    began = sightings.run_began(writer.transaction, job.node, run)
    before = _entry(writer, job, began) or {}
    if before.get("executionId") != run:
        before = {}
    after = _told(before, event)
    for member, used in (("inputs", read), ("outputs", written)):
        if merged := _used(before.get(member) or (), used):
            after[member] = merged
    after["executionId"] = run
    after["timestamp"] = _free(writer, job, min(event.moment, before.get("timestamp", event.moment)), run)
    if after == before:
        return
    key = Key.id(job.id)
    if before and before["timestamp"] != after["timestamp"]:
        series.remove(writer, declared, history, key, str(before["timestamp"]))
    series.add(writer, declared, history, key, after)
    sightings.put_run(writer.transaction, job.node, run, after["timestamp"])


def _entry(writer: Writer, job: EntityRow, moment: int | None) -> Document | None:
    """The entry of a pipeline's history for a moment."""
    if moment is None:
        return None
    transaction = writer.transaction
    text = entries.get(transaction, Place(job.node, HISTORY), str(moment), transaction.clock.position)
    return None if text is None else orjson.loads(text)


def _free(writer: Writer, job: EntityRow, moment: int, run: str) -> int:
    """The first moment from here on that no other run has: the history tells runs apart by when they began."""
    while (entry := _entry(writer, job, moment)) and entry.get("executionId") != run:
        moment += 1
    return moment


def _told(before: Document, event: RunEvent) -> Document:
    """What is known of a run after an event."""
    after = dict(before)
    parameters = dict(before.get("parameters") or {})
    facets = event.run.facets
    if (nominal := facets.nominal_time) and nominal.nominal_start_time:
        parameters["nominalStartTime"] = nominal.nominal_start_time
        parameters |= {"nominalEndTime": nominal.nominal_end_time} if nominal.nominal_end_time else {}
    if parent := facets.parent:
        parameters |= {"parentRun": parent.run.run_id, "parentJob": f"{parent.job.namespace} {parent.job.name}"}
    if parameters:
        after["parameters"] = parameters
    ended = ENDS.get(event.event_type)
    if ended and (event.moment, ended) >= (before.get("endTime", -1), before.get("executionStatus", "")):
        after |= {"executionStatus": ended, "endTime": event.moment}
        after.pop("error", None)
        if ended == "Failed":
            told = facets.error_message
            message = (told.message if told else None) or f"the run ended with {event.event_type}"
            trace = {"stackTrace": told.stack_trace} if told and told.stack_trace else {}
            after["error"] = {"errorMessage": message, **trace}
    return {"executionStatus": "Pending"} | after


def _used(before: Iterable[Document], used: Iterable[Used]) -> list[Document]:
    """The data that a run is known to use, and what an event names, in order of name."""
    found = {entry["datasetFQN"]: entry for entry in before}
    for row, dataset in used:
        statistics = dataset.input_facets.input_statistics or dataset.output_facets.output_statistics
        told: dict[str, Any] = {"rowCount": statistics.row_count, "sizeBytes": statistics.size} if statistics else {}
        given = {member: value for member, value in told.items() if value is not None}
        found[row.fqn] = {"datasetFQN": row.fqn, **found.get(row.fqn, {}), **given}
    return [found[name] for name in sorted(found)]


def profile(writer: Writer, row: EntityRow, dataset: Dataset, moment: int, refused: list[str]) -> None:
    """Keep what was measured of a dataset, where its kind of entity has a place for that."""
    declared = writer.context.declared(row.type)
    wanted = _series(declared, PROFILES)
    facet = dataset.facets.data_quality_metrics or dataset.input_facets.data_quality_metrics
    if wanted is None or facet is None:
        return
    known = {column["name"].casefold() for column in orjson.loads(row.document).get("columns") or ()}
    for name in facet.column_metrics:
        if name.casefold() not in known:
            refused.append(f"dataQualityMetrics: {row.fqn} has no column {name}")
    series.add(writer, declared, wanted, Key.id(row.id), _measured(facet, moment, known))


def _measured(facet: QualityMetricsFacet, moment: int, known: set[str]) -> Document:
    moment = milliseconds(facet.capture_date) if facet.capture_date else moment
    table = {"timestamp": moment, "rowCount": facet.row_count, "sizeInByte": facet.bytes}
    columns = [
        {
            "name": name,
            "timestamp": moment,
            "valuesCount": one.count,
            "nullCount": one.null_count,
            "distinctCount": one.distinct_count,
            "sum": one.sum,
            "min": one.min,
            "max": one.max,
        }
        for name, one in facet.column_metrics.items()
        if name.casefold() in known
    ]
    return {"tableProfile": _given(table)} | ({"columnProfile": [_given(one) for one in columns]} if columns else {})


def _given(members: Document) -> Document:
    return {member: value for member, value in members.items() if value is not None}
