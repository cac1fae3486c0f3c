# SPDX-License-Identifier: Apache-2.0
"""Drift over HTTP. OpenMetadata has no paths like these."""

from collections.abc import Iterator

from headwater.api.entities import body_object
from headwater.api.governance import ROOT
from headwater.api.http import Response, render
from headwater.api.routes import Call, Route
from headwater.catalog.context import checked
from headwater.schema.base import Document
from headwater.schema.drift import DriftReply, DriftThresholds

LIMITS = {
    f"{measure}.{level}": (measure, level) for measure in ("psi", "ks", "chiSquare") for level in ("warn", "alert")
}
"""The parameters that say other thresholds than the catalogue's."""


def routes() -> Iterator[Route]:
    """The routes of drift."""
    thresholds = f"{ROOT}/drift/thresholds"
    yield Route(
        method="GET",
        pattern=thresholds,
        endpoint=get_thresholds,
        summary="From which figures on drift is told of",
        reply=DriftThresholds,
    )
    yield Route(
        method="PUT",
        pattern=thresholds,
        endpoint=put_thresholds,
        summary="Say from which figures on drift is told of",
        body=DriftThresholds,
        reply=DriftThresholds,
    )
    for place, how in (("/{type}/{id}", "id"), ("/{type}/name/{fqn}", "name")):
        yield Route(
            method="GET",
            pattern=f"{ROOT}/drift{place}",
            endpoint=drift,
            summary=f"How far the data have moved from those that a version of a model was trained on, by {how}",
            reply=DriftReply,
            query=(*LIMITS, "include", "asOf"),
        )


def get_thresholds(call: Call) -> Response:
    """The thresholds of the catalogue."""
    return render(_written(call.catalog.drift_thresholds()))


def put_thresholds(call: Call) -> Response:
    """Thresholds take the place of those before; a measure that is left out has the usual ones."""
    limits = checked(DriftThresholds, body_object(call))
    call.catalog.set_drift_thresholds(limits)
    return render(_written(limits))


def drift(call: Call) -> Response:
    """The drift of an entity. If the question says any threshold, there are no others than it says."""
    declared = call.catalog.context.declared(call.parameters["type"])
    said: Document = {measure: {} for measure, _ in LIMITS.values()}
    for parameter, (measure, level) in LIMITS.items():
        if (value := call.query.get(parameter)) is not None:
            said[measure][level] = value
    limits = checked(DriftThresholds, said) if any(said.values()) else None
    return render(call.catalog.drift(declared, call.key, limits, call.plain_view("non-deleted")))


def _written(limits: DriftThresholds) -> Document:
    return limits.model_dump(mode="json", by_alias=True, exclude_none=True)
