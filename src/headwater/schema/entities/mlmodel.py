# SPDX-License-Identifier: Apache-2.0
"""Machine-learning models and the services that hold them."""

from enum import StrEnum

from pydantic import Field

from headwater.schema.base import (
    CreateRequest,
    Entity,
    EntityReference,
    Markdown,
    Model,
    Name,
    ReferenceInput,
    TagInput,
    Url,
)
from headwater.schema.checks import SERIES, CheckTarget, TargetState
from headwater.schema.declare import (
    ASSET,
    SERVICE,
    USAGE,
    Checked,
    Child,
    EntityType,
    FieldLineage,
    Filter,
    Parent,
    Reference,
    ReferenceLineage,
    Target,
    TimeSeries,
    VersionRules,
)
from headwater.schema.entities.shared import (
    UNVERSIONED,
    AssetFields,
    CreateAssetFields,
    CreateStyledServiceFields,
    SourceFields,
    StyledServiceFields,
    UsedAssetState,
)


class MlModelServiceType(StrEnum):
    """The kinds of system that hold models."""

    MLFLOW = "Mlflow"
    SKLEARN = "Sklearn"
    CUSTOM_ML_MODEL = "CustomMlModel"
    SAGE_MAKER = "SageMaker"
    VERTEX_AI = "VertexAI"


class MlModelService(StyledServiceFields, Entity):
    """A system that holds models."""

    service_type: MlModelServiceType


class CreateMlModelService(CreateStyledServiceFields, CreateRequest):
    """A request to create or update a service that holds models."""

    service_type: MlModelServiceType


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

    name: Name
    data_type: FeatureSourceDataType | None = None
    description: Markdown | None = None
    fully_qualified_name: str | None = None
    data_source: ReferenceInput | None = None
    tags: list[TagInput] | None = None


class MlFeature(Model):
    """An input of a model."""

    name: Name
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


class _MlModelFields(SourceFields):
    """What a model says of itself, in requests and replies alike."""

    algorithm: str = "mlmodel"
    ml_features: list[MlFeature] | None = None
    ml_hyper_parameters: list[MlHyperParameter] | None = None
    target: str | None = None
    ml_store: MlStore | None = None
    server: Url | None = Field(None, description="The URL of the endpoint that serves the model.")


class MlModel(_MlModelFields, AssetFields, UsedAssetState, Entity):
    """A machine-learning model."""

    service: EntityReference | None = None
    service_type: MlModelServiceType | None = None
    dashboard: ReferenceInput | None = None


class CreateMlModel(_MlModelFields, CreateAssetFields, CreateRequest):
    """A request to create or update a model. Only ``name`` is needed."""

    service: ReferenceInput | None = Field(None, description="The service's FQN; the built-in `headwater` if absent.")
    dashboard: ReferenceInput | None = None


MLMODEL_SERVICE = EntityType(
    name="mlmodelService",
    collection="services/mlmodelServices",
    entity=MlModelService,
    create=CreateMlModelService,
    traits=SERVICE,
    filters=(Filter(name="domain", kind="reference", to="domain", member="domains"),),
    renamable=True,
    fixed=("serviceType",),
    secrets=("connection",),
    seeds=(
        {
            "name": "headwater",
            "serviceType": "CustomMlModel",
            "description": "Models that were registered here directly, without a service of their own.",
        },
    ),
)

_WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT", "BYTEINT", "BYTE", "SHORT", "LONG", "LARGEINT", "UINT"}
    | {"UNSIGNED_LONG", "YEAR", "BIT"}
)
_NUMBERS = (
    _WHOLE
    | {"NUMBER", "NUMERIC", "DECIMAL", "FIXED", "FLOAT", "HALF_FLOAT", "SCALED_FLOAT", "DOUBLE", "MONEY"}
    | {"BOOLEAN"}
)
_TIMES = frozenset({"DATE", "DATETIME", "TIMESTAMP", "TIMESTAMPZ", "TIME"})
_TEXTS = frozenset(
    {"STRING", "TEXT", "NTEXT", "MEDIUMTEXT", "CLOB", "CHAR", "VARCHAR", "ENUM", "SET", "UUID", "XML", "LOWCARDINALITY"}
    | {"KEYWORD", "CONSTANT_KEYWORD", "WILDCARD"}
)
_NESTED = frozenset(
    {"ARRAY", "MAP", "STRUCT", "UNION", "RECORD", "JSON", "VARIANT", "SUPER", "TUPLE", "OBJECT", "NESTED", "FLATTENED"}
)

MADE_FROM = {
    "integer": _WHOLE | {"BOOLEAN", "NUMBER", "NUMERIC", "DECIMAL", "FIXED"} | _NESTED,
    "number": _NUMBERS | _NESTED,
    "string": _TEXTS | _TIMES | _NESTED,
    "boolean": _WHOLE | {"BOOLEAN"} | _NESTED,
    "date": _TIMES | _NESTED,
    "timestamp": _TIMES | _WHOLE | _NESTED,
    "array": _NESTED,
    "object": _NESTED,
}
"""Which types of column, message field or index field can hold what a feature source says that it holds."""

CHECKS = TimeSeries(name=SERIES, entry=TargetState, moment="since", key=("target",), told=("target", "state", "reason"))
"""That what an entity says is elsewhere went down, and is up again: the present state of each target."""

FEATURE_SOURCES = Child(
    field="featureSources",
    tagged=True,
    fqn_under="dataSource",
    references=(
        Reference(
            field="dataSource",
            to=("table", "container", "topic", "searchIndex", "apiEndpoint", "dashboardDataModel", "mlmodel"),
            keep_removed=True,
        ),
    ),
)
"""What an input of a model is made from."""

MLMODEL = EntityType(
    name="mlmodel",
    collection="mlmodels",
    entity=MlModel,
    create=CreateMlModel,
    parents=(Parent(field="service", to="mlmodelService", default="headwater", copies=("serviceType",)),),
    references=(Reference(field="dashboard", to=("dashboard",)),),
    children=(
        Child(
            field="mlFeatures",
            paired=("description", "tags"),
            is_field=True,
            tagged=True,
            children=(FEATURE_SOURCES,),
        ),
        Child(field="mlHyperParameters", named=False),
    ),
    traits=(*ASSET, USAGE),
    versions=VersionRules(major=("algorithm", "server", "target"), unversioned=UNVERSIONED),
    lineage=(
        FieldLineage(child="mlFeatures", sources="featureSources", reference="dataSource", kinds=MADE_FROM),
        ReferenceLineage(reference="dashboard"),
    ),
    filters=(Filter(name="service", kind="ancestor", to="mlmodelService"),),
    endpoint="server",
    checked=Checked(
        targets=(
            Target(name=CheckTarget.ENDPOINT, path="server", must_exist=False),
            Target(name=CheckTarget.STORE, path="mlStore.storage"),
            Target(name=CheckTarget.DASHBOARD, path="dashboard", of="sourceUrl"),
        )
    ),
    series=(CHECKS,),
    defaults={"algorithm": "mlmodel"},
)
