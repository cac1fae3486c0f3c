# SPDX-License-Identifier: Apache-2.0
"""Versions of models, and the deployments that serve them. OpenMetadata has neither: a model is one entity there."""

import re
from collections import Counter
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from headwater.schema.base import CreateRequest, Entity, EntityReference, Markdown, Model, ReferenceInput, Url
from headwater.schema.checks import CheckTarget
from headwater.schema.declare import (
    ASSET,
    Addition,
    Checked,
    Child,
    Drift,
    EntityType,
    FieldLineage,
    Filter,
    Inverse,
    ItemLineage,
    Limit,
    Parent,
    Reference,
    ReferenceLineage,
    Target,
    TimeSeries,
    VersionRules,
)
from headwater.schema.entities.mlmodel import (
    CHECKS,
    FEATURE_SOURCES,
    MADE_FROM,
    FeatureSource,
    MlHyperParameter,
    MlModelServiceType,
)
from headwater.schema.entities.profiling import DISTRIBUTION, ColumnDistribution
from headwater.schema.entities.shared import AssetFields, CreateAssetFields, FieldName, SourceFields

ALIAS = re.compile(r"[\w-]{1,255}", re.ASCII)
NUMBER = re.compile(r"v\d+", re.IGNORECASE)


def _checked_alias(value: str) -> str:
    if not ALIAS.fullmatch(value):
        raise ValueError(f"{value!r} is no alias: one has 1 to 255 letters, digits, _ and -")
    if value.casefold() == "latest" or NUMBER.fullmatch(value):
        raise ValueError(f"{value} is no alias: latest, and v with a number, read as if they named a version")
    return value


def _distinct(*members: str) -> AfterValidator:
    """A check that no two items of a list are alike in these members; without any, in all."""

    def named(item: Any) -> str:
        if not members:
            return str(item)
        return " of ".join(str(value) for member in members if (value := getattr(item, member)) is not None)

    def check(items: list[Any]) -> list[Any]:
        for name, count in Counter(map(named, items)).items():
            if count > 1:
                raise ValueError(f"{name} stands twice in one list")
        return items

    return AfterValidator(check)


Alias = Annotated[str, AfterValidator(_checked_alias)]
"""A name that one version of a model holds at a time, such as ``champion``."""


class _Stamped(Model):
    by: str | None = Field(None, description="Who said so; the catalogue notes it, whatever a request says.")
    at: int | None = Field(None, description="When, in milliseconds since 1970; the catalogue notes it.")


class ModelStage(StrEnum):
    """How far a version has come on its way to use."""

    DEVELOPMENT = "Development"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"


class Stage(_Stamped):
    """The stage of a version, and who put it there."""

    name: ModelStage


class ApprovalStatus(StrEnum):
    """Whether a version may be used."""

    PENDING = "Pending"
    APPROVED = "Approved"
    REJECTED = "Rejected"


class Approval(_Stamped):
    """Whether a version may be used, and who decided that."""

    status: ApprovalStatus
    comment: Markdown | None = None


class ModelMetric(Model):
    """How good a version is, on a dataset if it was measured on one: the name of one of the version's."""

    name: FieldName
    value: float = Field(allow_inf_nan=False)
    dataset: FieldName | None = None


class Dataset(Model):
    """Data that a version was trained or tried with.

    ``dataset`` is where the catalogue knows it from, ``asOf`` the state of that which is meant: a read of it with the
    same ``asOf`` shows it as it was. ``source`` says where data came from that the catalogue does not know.
    """

    name: FieldName
    dataset: ReferenceInput | None = None
    as_of: str | None = Field(
        None,
        min_length=1,
        description="A position of the log, such as @17. Requests may give any moment; the present one if none.",
    )
    digest: str | None = Field(None, min_length=1, max_length=255, description="A digest of the data themselves.")
    rows: int | None = Field(None, ge=0)
    source: str | None = None
    description: Markdown | None = None


class SignatureInput(Model):
    """A value that a version takes. ``featureSources`` are the columns that it is made from; an empty list says that
    there are none."""

    name: FieldName
    data_type: str | None = None
    required: bool | None = None
    shape: list[int] | None = None
    description: Markdown | None = None
    fully_qualified_name: str | None = None
    feature_sources: list[FeatureSource] | None = None


class SignatureOutput(Model):
    """A value that a version answers with."""

    name: FieldName
    data_type: str | None = None
    shape: list[int] | None = None
    description: Markdown | None = None


class Signature(Model):
    """What a version takes, and what it answers with."""

    inputs: list[SignatureInput] | None = None
    outputs: Annotated[list[SignatureOutput], _distinct("name")] | None = None


class Framework(Model):
    """The library that a version was made with."""

    name: str = Field(min_length=1)
    version: str | None = None


class Environment(Model):
    """Where a version was trained; ``packages`` are requirements such as ``numpy==2.3.0``."""

    python: str | None = None
    platform: str | None = None
    packages: list[str] | None = None


Datasets = Annotated[list[Dataset], _distinct("name")]


class _VersionFields(SourceFields):
    """What a version says of itself, in requests and replies alike."""

    aliases: Annotated[list[Alias], _distinct()] | None = None
    stage: Stage | None = None
    approval: Approval | None = None
    metrics: Annotated[list[ModelMetric], _distinct("name", "dataset")] | None = None
    algorithm: str | None = None
    target: str | None = None
    ml_hyper_parameters: Annotated[list[MlHyperParameter], _distinct("name")] | None = None
    training_datasets: Datasets | None = None
    validation_datasets: Datasets | None = None
    test_datasets: Datasets | None = None
    signature: Signature | None = None
    store: str | None = Field(None, min_length=1, description="Where the artifact is kept.")
    run_id: str | None = Field(None, min_length=1)
    run_url: Url | None = None
    trained_at: int | None = Field(None, description="When training ended, in milliseconds since 1970.")
    author: str | None = None
    framework: Framework | None = None
    environment: Environment | None = None


class _PartState(Model):
    """What comes from the model."""

    mlmodel: EntityReference | None = None
    service: EntityReference | None = None
    service_type: MlModelServiceType | None = None


class MlModelVersion(_VersionFields, AssetFields, _PartState, Entity):
    """A version of a machine-learning model."""

    deployments: list[EntityReference] | None = None


class CreateMlModelVersion(_VersionFields, CreateAssetFields, CreateRequest):
    """A request to create or update a version of a model."""

    mlmodel: ReferenceInput = Field(description="The model's FQN.")


class DeploymentState(StrEnum):
    """How a deployment is."""

    CREATING = "Creating"
    RUNNING = "Running"
    UPDATING = "Updating"
    STOPPED = "Stopped"
    FAILED = "Failed"


class DeploymentStatus(_Stamped):
    """How a deployment is, and who said so."""

    state: DeploymentState
    message: str | None = None


class _DeploymentFields(SourceFields):
    """What a deployment says of itself, in requests and replies alike."""

    endpoint: Url = Field(description="The URL at which the version answers.")
    environment: str = Field(min_length=1, description="What it serves: production, staging and so on.")
    model_version: ReferenceInput = Field(description="The version that is served.")
    traffic_share: float | None = Field(
        None, ge=0, le=100, description="Percent of the endpoint's traffic; those of one endpoint come to 100 at most."
    )
    status: DeploymentStatus | None = None
    platform: ReferenceInput | None = Field(None, description="The catalogued system that runs it.")
    consumers: list[ReferenceInput] | None = Field(None, description="What is made from the answers, or asks for them.")


class MlModelDeployment(_DeploymentFields, AssetFields, _PartState, Entity):
    """A place where a version of a model is served."""


class CreateMlModelDeployment(_DeploymentFields, CreateAssetFields, CreateRequest):
    """A request to create or update a deployment."""

    mlmodel: ReferenceInput = Field(description="The model's FQN.")


_MODEL = Parent(field="mlmodel", to="mlmodel", copies=("service", "serviceType"), part=True)
_OF_MODEL = (
    Filter(name="service", kind="ancestor", to="mlmodelService"),
    Filter(name="mlmodel", kind="parent", to="mlmodel"),
)


def _datasets(field: str) -> Child:
    known = Reference(
        field="dataset",
        to=("table", "container", "topic", "searchIndex", "apiEndpoint", "dashboardDataModel"),
        keep_removed=True,
    )
    return Child(field=field, match="key", named=False, pinned="asOf", references=(known,))


MLMODEL_VERSION = EntityType(
    name="mlmodelVersion",
    collection="mlmodelVersions",
    entity=MlModelVersion,
    create=CreateMlModelVersion,
    parents=(_MODEL,),
    children=(
        Child(
            field="signature.inputs", match="key", paired=("description",), is_field=True, children=(FEATURE_SOURCES,)
        ),
        Child(field="signature.outputs", match="key", named=False),
        Child(field="metrics", match="key", key=("name", "dataset"), qualifier="dataset", named=False),
        Child(field="mlHyperParameters", match="key", named=False),
        _datasets("trainingDatasets"),
        _datasets("validationDatasets"),
        _datasets("testDatasets"),
    ),
    traits=ASSET,
    versions=VersionRules(
        major=("aliases", "stage", "approval", "algorithm", "target", "store"),
        major_removals=("signature.inputs", "signature.outputs"),
        put_sticky=(*VersionRules().put_sticky, "aliases", "stage", "approval"),
    ),
    lineage=(
        FieldLineage(
            child="signature.inputs",
            sources="featureSources",
            reference="dataSource",
            kinds=MADE_FROM,
            otherwise="mlmodel",
        ),
        ItemLineage(child="trainingDatasets", reference="dataset"),
        ItemLineage(child="validationDatasets", reference="dataset"),
    ),
    filters=(*_OF_MODEL, Filter(name="alias", kind="item", member="aliases")),
    inverses=(Inverse(field="deployments", member="modelVersion", of="mlmodelDeployment"),),
    additions=(Addition(path="aliases", member="aliases", removable=True),),
    held_once=("aliases",),
    stamped=("stage", "approval"),
    checked=Checked(targets=(Target(name=CheckTarget.STORE, path="store"),), used="stage.name"),
    series=(
        CHECKS,
        TimeSeries(
            name=DISTRIBUTION,
            entry=ColumnDistribution,
            moment="timestamp",
            key=("timestamp",),
            child="signature.inputs",
        ),
    ),
    drift=Drift(
        inputs="signature.inputs",
        sources="featureSources",
        reference="dataSource",
        trained="trainingDatasets",
        dataset="dataset",
        otherwise=("mlmodel", "mlFeatures"),
        used=(("aliases", ()), ("stage.name", ("Production",))),
    ),
    compared=True,
    brief=("aliases", "stage.name", "approval.status", "deployments", "metrics", "trainedAt", "author"),
    own=True,
)

MLMODEL_DEPLOYMENT = EntityType(
    name="mlmodelDeployment",
    collection="mlmodelDeployments",
    entity=MlModelDeployment,
    create=CreateMlModelDeployment,
    parents=(_MODEL,),
    references=(
        Reference(field="modelVersion", to=("mlmodelVersion",), keep_removed=True, sibling=True),
        Reference(field="platform", to=("mlmodelService",)),
        Reference(
            field="consumers",
            to=("table", "apiEndpoint", "apiCollection", "dashboard", "topic", "container", "searchIndex", "pipeline"),
            many=True,
        ),
    ),
    traits=ASSET,
    versions=VersionRules(
        major=("endpoint", "environment", "modelVersion"), put_sticky=(*VersionRules().put_sticky, "status")
    ),
    lineage=(ReferenceLineage(reference="modelVersion", side="upstream"), ReferenceLineage(reference="consumers")),
    filters=(
        *_OF_MODEL,
        Filter(name="endpoint", kind="value", member="endpoint"),
        Filter(name="environment", kind="value", member="environment"),
        Filter(name="modelVersion", kind="reference", to="mlmodelVersion", member="modelVersion"),
    ),
    endpoint="endpoint",
    checked=Checked(
        targets=(Target(name=CheckTarget.ENDPOINT, path="endpoint", must_exist=False),),
        used="environment",
        idle=("status.state", (DeploymentState.CREATING.value, DeploymentState.STOPPED.value)),
    ),
    series=(CHECKS,),
    stamped=("status",),
    limits=(Limit(member="trafficShare", per="endpoint", most=100),),
    brief=("environment", "modelVersion", "trafficShare", "status.state", "endpoint", "consumers"),
    own=True,
)
