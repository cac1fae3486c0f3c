# SPDX-License-Identifier: Apache-2.0
"""Machine-learning models and the services that hold them."""

from enum import StrEnum

from pydantic import Field

from headwater.schema.base import CreateRequest, Document, Entity, EntityReference, Model, ReferenceInput
from headwater.schema.base import Markdown, TagInput, TagLabel
from headwater.schema.declare import (
    ASSET,
    Child,
    EntityType,
    FieldLineage,
    Filter,
    Parent,
    Reference,
    ReferenceLineage,
    VersionRules,
)
from headwater.schema.entities.shared import AssetFields, CreateAssetFields, FieldName


class FeatureType(StrEnum):
    """The kind of values that a feature takes."""

    NUMERICAL = "numerical"
    CATEGORICAL = "categorical"


class FeatureSourceDataType(StrEnum):
    """The type of the value that a feature is made from."""

    INTEGER = "integer"
    NUMBER = "number"
    STRING = "string"
    ARRAY = "array"
    DATE = "date"
    TIMESTAMP = "timestamp"
    OBJECT = "object"
    BOOLEAN = "boolean"


class FeatureSource(Model):
    """A column, or part of one, that a feature is made from. ``name`` is the column's path inside ``dataSource``."""

    name: FieldName
    data_type: FeatureSourceDataType | None = None
    description: Markdown | None = None
    fully_qualified_name: str | None = None
    data_source: ReferenceInput | None = None
    tags: list[TagInput] | None = None


class MlFeature(Model):
    """An input of a model."""

    name: FieldName
    data_type: FeatureType | None = None
    description: Markdown | None = None
    fully_qualified_name: str | None = None
    feature_sources: list[FeatureSource] | None = None
    feature_algorithm: str | None = None
    tags: list[TagInput] | None = None


class MlHyperParameter(Model):
    """A setting that the training was run with; values are text."""

    name: str
    value: str | None = None
    description: Markdown | None = None


class MlStore(Model):
    """Where the model's artifact and image are kept."""

    storage: str | None = None
    image_repository: str | None = None


class _MlModelFields(Model):
    """What a model says of itself, in requests and replies alike."""

    algorithm: str = "mlmodel"
    ml_features: list[MlFeature] | None = None
    ml_hyper_parameters: list[MlHyperParameter] | None = None
    target: str | None = None
    ml_store: MlStore | None = None
    server: str | None = Field(None, description="The URL of the endpoint that serves the model.")
    source_url: str | None = None
    source_hash: str | None = None


class MlModel(_MlModelFields, AssetFields, Entity):
    """A machine-learning model."""

    service: EntityReference | None = None
    service_type: str | None = None
    dashboard: ReferenceInput | None = None
    usage_summary: Document | None = None
    data_contract: EntityReference | None = None
    entity_status: str | None = None


class CreateMlModel(_MlModelFields, CreateAssetFields, CreateRequest):
    """A request to create or update a model. Only ``name`` is needed."""

    service: ReferenceInput | None = Field(None, description="The service's FQN; the built-in `headwater` if absent.")
    dashboard: ReferenceInput | None = None


MLMODEL = EntityType(
    name="mlmodel",
    collection="mlmodels",
    entity=MlModel,
    create=CreateMlModel,
    parents=(Parent(field="service", to="mlmodelService", default="headwater", copies=("serviceType",)),),
    references=(Reference(field="dashboard", to=("dashboard",), relation="uses"),),
    children=(
        Child(
            field="mlFeatures",
            paired=("description", "tags"),
            is_field=True,
            tagged=True,
            children=(
                Child(
                    field="featureSources",
                    tagged=True,
                    fqn_under="dataSource",
                    references=(
                        Reference(
                            field="dataSource",
                            to=("table", "container", "topic", "searchIndex", "dashboardDataModel", "mlmodel"),
                            relation="upstream",
                            reverse=True,
                            keep_removed=True,
                        ),
                    ),
                ),
            ),
        ),
        Child(field="mlHyperParameters", named=False),
    ),
    traits=ASSET,
    versions=VersionRules(
        major=("algorithm", "server", "target"), unversioned=("sourceHash", "lifeCycle", "usageSummary")
    ),
    lineage=(
        FieldLineage(child="mlFeatures", sources="featureSources", reference="dataSource"),
        ReferenceLineage(reference="dashboard"),
    ),
    filters=(Filter(name="service", kind="ancestor", to="mlmodelService"),),
    defaults={"algorithm": "mlmodel"},
)
