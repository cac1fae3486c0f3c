# SPDX-License-Identifier: Apache-2.0
"""Which members OpenMetadata's clients know only from some version on; one unknown member and they refuse a reply.

A client works with a server of its own version (major and minor), so a reply fits when it holds what the version that
the server says it is knows. Members that all versions from 1.9 on know need no line here.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from headwater.schema.base import Document

Version = tuple[int, int]

SINCE: dict[Version, dict[str, tuple[str, ...]]] = {
    (1, 10): {
        "AssetState": ("entityStatus",),
        "Classification": ("autoClassificationConfig", "entityStatus", "reviewers"),
        "ColumnProfile": ("cardinalityDistribution",),
        "DataProduct": ("consumesFrom", "entityStatus", "lifecycleStage", "providesTo", "reviewers", "sla"),
        "Destination": ("downstreamDepth", "notifyDownstream"),
        "Glossary": ("entityStatus",),
        "GlossaryTerm": ("entityStatus",),
        "IngestionPipeline": ("enableStreamableLogs",),
        "Metric": ("customUnitOfMeasurement", "reviewers"),
        "PipelineStatus": (
            "endTime",
            "error",
            "executedBy",
            "executionId",
            "inputs",
            "metrics",
            "outputs",
            "parameters",
            "version",
        ),
        "Query": ("entityStatus",),
        "Table": ("compressionCodec", "compressionEnabled", "compressionStrategy"),
        "Tag": ("autoClassificationEnabled", "autoClassificationPriority", "entityStatus", "recognizers", "reviewers"),
        "TagLabel": ("reason",),
        "TaskStatus": ("inputs", "metrics", "outputs", "taskId", "transformationLogic", "transformationType"),
        "TestCase": ("entityStatus", "followers", "reviewers"),
        "TestSuite": ("reviewers",),
    },
    (1, 11): {
        "CardinalityDistribution": ("allValuesUnique",),
        "Domain": ("childrenCount",),
        "Entity": ("impersonatedBy",),
        "EventSubscription": ("notificationTemplate",),
        "Pipeline": ("endDate",),
        "Style": ("coverImage",),
        "Table": ("pipelineObservability",),
        "TagLabel": ("appliedAt", "appliedBy"),
        "TestCase": ("dimensionColumns",),
        "TestCaseResult": ("dimensionResults",),
        "User": ("allowImpersonation",),
    },
    (1, 12): {
        "Column": ("extension",),
        "DataProduct": ("certification", "votes"),
        "Domain": ("certification", "entityStatus", "votes"),
        "ServiceFields": ("entityStatus",),
        "TagLabel": ("metadata",),
        "Team": ("defaultPersona",),
        "TestDefinition": ("enabled", "sqlExpression", "supportedServices", "validatorClass"),
        "User": ("inheritedPersonas",),
    },
    (1, 13): {
        "AssetState": ("dataContract",),
        "Container": ("sampleData",),
        "DataProduct": ("dataProductType", "portfolioPriority", "visibility"),
        "Glossary": ("dataContract",),
        "GlossaryTerm": ("conceptMappings", "dataContract"),
        "Metric": ("dataContract",),
        "ServiceFields": ("dataContract",),
        "Table": ("aliases",),
        "TableProfilerConfig": ("profileSampleConfig",),
        "Tag": ("dataContract",),
        "TestCase": ("dataProducts", "topDimensions"),
    },
    (2, 0): {
        "Glossary": ("namespaces",),
        "GlossaryTerm": ("iri",),
        "Metric": ("assets", "derivedFrom", "dimensions", "filters", "measures", "provider"),
        "Persona": ("contextDefinition",),
        "StyledServiceFields": ("style",),
        "Team": ("descendantTeams",),
        "TestCase": ("autoCloseIncident", "incidentStatus"),
    },
}
"""The members that a version brought, by the name of the model (or the part of one) that has them."""

NEWEST = max(SINCE)


def version_of(text: str) -> Version:
    """The major and minor number of a version such as ``2.0.7``; what cannot be read counts as the newest."""
    parts = text.split(".")
    numbers = [int(part) for part in parts[:2] if part.isdecimal()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else NEWEST


def fit(document: Any, model: type[BaseModel], version: Version) -> None:
    """Take out of a document, as a model describes it, the members that clients of a version do not know."""
    if isinstance(document, list):
        for item in document:
            fit(item, model, version)
    elif isinstance(document, dict):
        _fit_object(document, model, version)


def _fit_object(document: Document, model: type[BaseModel], version: Version) -> None:
    for member in _unknown(model, version):
        document.pop(member, None)
    for member, inner in _nested(model):
        if document.get(member):
            fit(document[member], inner, version)


@cache
def _unknown(model: type[BaseModel], version: Version) -> frozenset[str]:
    parts = {part.__name__ for part in model.__mro__}
    newer = (models for since, models in SINCE.items() if since > version)
    return frozenset(name for models in newer for part in parts & set(models) for name in models[part])


@cache
def _nested(model: type[BaseModel]) -> tuple[tuple[str, type[BaseModel]], ...]:
    """The members that hold objects with a model of their own, or lists of them."""
    return tuple(
        (info.alias or name, inner) for name, info in model.model_fields.items() for inner in _models(info.annotation)
    )


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
