# SPDX-License-Identifier: Apache-2.0
"""OpenLineage: the parts of its events that Headwater heeds.

What an event says besides is read over: the standard lets producers add facets of their own.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from headwater.schema.base import Model
from headwater.transformation import Transformation


class _Told(BaseModel):
    """A part of an event. Members that are not declared are read over."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


def _checked(text: str) -> str:
    if "\0" in text:
        raise ValueError("a name must not contain the character U+0000")
    return text


Word = Annotated[str, Field(min_length=1), AfterValidator(_checked)]
"""A name."""


def _moment(text: str) -> str:
    milliseconds(text)
    return text


def milliseconds(text: str) -> int:
    """A time of the standard, in milliseconds since 1970; ``ValueError`` for what is none. Without a zone it is UTC."""
    time = datetime.fromisoformat(text)
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


Moment = Annotated[str, AfterValidator(_moment)]
"""A time as the standard writes it."""


# facets -----------------------------------------------------------------------------------------------------------


class _Facets(_Told):
    """Facets by name. One that is marked as deleted takes back what earlier events said in it: it says nothing."""

    @model_validator(mode="before")
    @classmethod
    def _without_deleted(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: facet for name, facet in given.items() if not (isinstance(facet, dict) and facet.get("_deleted"))}


class SchemaField(_Told):
    """A column, or a member of a structured one."""

    name: Word
    type: str | None = None
    description: str | None = None
    fields: "list[SchemaField] | None" = None


class SchemaFacet(_Told):
    """The columns of a dataset."""

    fields: list[SchemaField] | None = None


class Step(_Told):
    """What a job does with a value of an input column."""

    type: str | None = None
    subtype: str | None = None
    description: str | None = None
    masking: bool | None = None


class InputField(_Told):
    """A column of an input."""

    namespace: Word
    name: Word
    field: Word
    transformations: list[Step] | None = None


class OutputField(_Told):
    """What flows into a column of an output.

    ``transformationType`` and ``transformationDescription`` are how older versions of the facet say it.
    """

    input_fields: list[InputField] | None = None
    transformation_type: str | None = None
    transformation_description: str | None = None


class ColumnLineageFacet(_Told):
    """What flows into the columns of an output, and (``dataset``) what decides about all its rows."""

    fields: dict[Word, OutputField] = Field(default_factory=dict)
    dataset: list[InputField] | None = None


class Identifier(_Told):
    """Another name of a dataset."""

    namespace: Word
    name: Word
    type: str | None = None


class SymlinksFacet(_Told):
    """Other names of a dataset."""

    identifiers: list[Identifier] | None = None


class Owner(_Told):
    """Who owns something: ``user:ada``, ``team:data``, or a bare name."""

    name: Word


class OwnershipFacet(_Told):
    """Who owns something."""

    owners: list[Owner] | None = None


class Label(_Told):
    """A tag: of the whole, or of the column ``field``."""

    key: Word
    value: Word | Literal[""] = "true"
    field: str | None = None


class TagsFacet(_Told):
    """Tags."""

    tags: list[Label] | None = None


class DocumentationFacet(_Told):
    """What something is."""

    description: str | None = None


class ColumnMetrics(_Told):
    """What was measured of a column."""

    null_count: int | None = None
    distinct_count: int | None = None
    sum: float | None = None
    count: float | None = None
    min: float | None = None
    max: float | None = None


class QualityMetricsFacet(_Told):
    """What was measured of a dataset."""

    row_count: int | None = None
    bytes: int | None = None
    capture_date: Moment | None = None
    column_metrics: dict[str, ColumnMetrics] = Field(default_factory=dict)


class StatisticsFacet(_Told):
    """How much a run read or wrote."""

    row_count: int | None = None
    size: int | None = None


class SqlFacet(_Told):
    """The query of a job."""

    query: str | None = None


class JobTypeFacet(_Told):
    """What kind of job this is; one that is ``STREAMING`` does not end."""

    processing_type: str | None = None


class ParentFacet(_Told):
    """The run that this one is a part of."""

    class _Run(_Told):
        run_id: Word

    class _Job(_Told):
        namespace: Word
        name: Word

    run: _Run
    job: _Job


class NominalTimeFacet(_Told):
    """For which time a run was meant."""

    nominal_start_time: str | None = None
    nominal_end_time: str | None = None


class ErrorFacet(_Told):
    """Why a run failed."""

    message: str | None = None
    stack_trace: str | None = None


# events -----------------------------------------------------------------------------------------------------------


class DatasetFacets(_Facets):
    """What is told of a dataset."""

    schema_: SchemaFacet | None = Field(None, alias="schema")
    column_lineage: ColumnLineageFacet | None = None
    symlinks: SymlinksFacet | None = None
    ownership: OwnershipFacet | None = None
    tags: TagsFacet | None = None
    documentation: DocumentationFacet | None = None
    data_quality_metrics: QualityMetricsFacet | None = None


class InputFacets(_Facets):
    """What is told of a dataset as the input of one run."""

    data_quality_metrics: QualityMetricsFacet | None = None
    input_statistics: StatisticsFacet | None = None


class OutputFacets(_Facets):
    """What is told of a dataset as the output of one run."""

    output_statistics: StatisticsFacet | None = None


class Dataset(_Told):
    """A dataset, as an input or an output."""

    namespace: Word
    name: Word
    facets: DatasetFacets = DatasetFacets()
    input_facets: InputFacets = InputFacets()
    output_facets: OutputFacets = OutputFacets()


class JobFacets(_Facets):
    """What is told of a job."""

    sql: SqlFacet | None = None
    job_type: JobTypeFacet | None = None
    ownership: OwnershipFacet | None = None
    tags: TagsFacet | None = None
    documentation: DocumentationFacet | None = None


class Job(_Told):
    """A job."""

    namespace: Word
    name: Word
    facets: JobFacets = JobFacets()


class RunFacets(_Facets):
    """What is told of a run."""

    parent: ParentFacet | None = None
    nominal_time: NominalTimeFacet | None = None
    error_message: ErrorFacet | None = None


class Run(_Told):
    """One execution of a job."""

    run_id: Word = Field(max_length=256)
    facets: RunFacets = RunFacets()


class EventType(StrEnum):
    """What becomes of a run."""

    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"
    OTHER = "OTHER"


class _Event(_Told):
    event_time: Moment

    @property
    def moment(self) -> int:
        """When it happened, in milliseconds since 1970."""
        return milliseconds(self.event_time)


class JobEvent(_Event):
    """What a job reads and writes, by its design."""

    job: Job
    inputs: list[Dataset] = Field(default_factory=list)
    outputs: list[Dataset] = Field(default_factory=list)


class RunEvent(JobEvent):
    """What happens in a run of a job."""

    event_type: EventType = EventType.OTHER
    run: Run


class DatasetEvent(_Event):
    """What a dataset is."""

    dataset: Dataset


class OpenLineageSettings(Model):
    """How events are taken in.

    ``namespaceToServiceMapping``: the services that namespaces stand for, each by FQN. ``autoCreateEntities``: whether
    what is not known is made.
    """

    namespace_to_service_mapping: dict[str, str] | None = None
    auto_create_entities: bool | None = None


class FailedEvent(Model):
    """An event of many that was not taken in."""

    index: int
    reason: str
    retriable: bool


class Summary(Model):
    """How many events were taken in."""

    received: int
    successful: int
    failed: int
    skipped: int


class OpenLineageReply(Model):
    """What became of events. ``partial_success``: something in them was refused; the message says what."""

    status: Literal["success", "partial_success", "failure"]
    message: str
    summary: Summary | None = None
    failed_events: list[FailedEvent] | None = None
    lineage_edges_created: int


# transformations --------------------------------------------------------------------------------------------------

STEPS = {
    Transformation.IDENTITY: {"type": "DIRECT", "subtype": "IDENTITY"},
    Transformation.TRANSFORMATION: {"type": "DIRECT", "subtype": "TRANSFORMATION"},
    Transformation.AGGREGATION: {"type": "DIRECT", "subtype": "AGGREGATION"},
    Transformation.CONDITIONAL: {"type": "INDIRECT", "subtype": "CONDITIONAL"},
    Transformation.MASKING: {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True},
    Transformation.HASHING: {
        "type": "DIRECT",
        "subtype": "TRANSFORMATION",
        "description": "HASHING",
        "masking": True,
    },
}
"""Transformations as the standard says them. It has no word for hashing: that is a masking described so."""

HASHES = frozenset({"HASH", "HASHED", "HASHING"})
"""The words, as a subtype or as the whole description of a step that masks, by which it is known to hash."""

REVEALING = (
    Transformation.IDENTITY,
    Transformation.TRANSFORMATION,
    Transformation.AGGREGATION,
    Transformation.CONDITIONAL,
    Transformation.MASKING,
)
"""Transformations, those first that leave more of a value."""


def transformation(steps: Iterable[Step], field: OutputField | None = None) -> Transformation | None:
    """What becomes of a value that goes these ways: the one of them that leaves most of it counts.

    A value that only decides (a filter, a join, a sort) is conditional, also where the rows are masked; a direct one
    is masked, or hashed, where the producer says so, else what its subtype says.
    """
    found: set[Transformation] = set()
    for step in steps:
        if (step.type or "").upper() == "INDIRECT":
            found.add(Transformation.CONDITIONAL)
        elif step.masking:
            found.add(_masked(step.subtype, step.description))
        else:
            word = (step.subtype or "TRANSFORMATION").upper()
            found.add(Transformation(word) if word in set(Transformation) else Transformation.TRANSFORMATION)
    told = (field.transformation_type or "").upper() if field and not found else ""
    if field and told == "MASKED":
        return _masked(field.transformation_description)
    if told:
        return transformation([Step(subtype=told)])
    return revealing(found)


def _masked(*words: str | None) -> Transformation:
    hashes = any((word or "").strip().upper() in HASHES for word in words)
    return Transformation.HASHING if hashes else Transformation.MASKING


def revealing(ways: Iterable[Transformation | None]) -> Transformation | None:
    """The transformation that leaves most of a value, of several that it undergoes side by side; None if one of them
    is not known."""
    found = set(ways)
    return None if None in found else next((one for one in (*REVEALING, *Transformation) if one in found), None)
