# SPDX-License-Identifier: Apache-2.0
"""Object stores: the services, and the containers in them, each of which may hold others."""

from enum import StrEnum

from pydantic import Field, field_validator

from headwater.schema.base import CreateRequest, Entity, EntityReference, Model, ReferenceInput
from headwater.schema.declare import ASSET, SERVICE, EntityType, Filter, Inverse, Parent, TimeSeries
from headwater.schema.entities.data import Column, column_list, column_versions, refuse_repeated
from headwater.schema.entities.profiling import TableData
from headwater.schema.entities.shared import (
    UNVERSIONED,
    AssetFields,
    AssetState,
    CreateAssetFields,
    CreateStyledServiceFields,
    SourceFields,
    StyledServiceFields,
)


class StorageServiceType(StrEnum):
    """The kinds of system that store objects."""

    S3 = "S3"
    ADLS = "ADLS"
    GCS = "GCS"
    CUSTOM_STORAGE = "CustomStorage"


class StorageService(StyledServiceFields, Entity):
    """A system that stores objects."""

    service_type: StorageServiceType


class CreateStorageService(CreateStyledServiceFields, CreateRequest):
    """A request to create or update a service that stores objects."""

    service_type: StorageServiceType


STORAGE_SERVICE = EntityType(
    name="storageService",
    collection="services/storageServices",
    entity=StorageService,
    create=CreateStorageService,
    traits=SERVICE,
    filters=(Filter(name="domain", kind="reference", to="domain", member="domains"),),
    renamable=True,
    fixed=("serviceType",),
    secrets=("connection",),
)


class ContainerFileFormat(StrEnum):
    """The format of the files in a container."""

    ZIP = "zip"
    GZ = "gz"
    ZSTD = "zstd"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    PARQUET = "parquet"
    AVRO = "avro"
    MF4 = "MF4"


class ContainerDataModel(Model):
    """The columns that the files of a container have in common."""

    is_partitioned: bool | None = None
    columns: list[Column]

    @field_validator("columns")
    @classmethod
    def _no_name_twice(cls, columns: list[Column]) -> list[Column]:
        refuse_repeated(columns)
        return columns


class _ContainerFields(SourceFields):
    """What a container says of itself. ``prefix`` leads its objects' names; ``size`` counts bytes."""

    data_model: ContainerDataModel | None = None
    prefix: str | None = None
    full_path: str | None = Field(None, description="The URL of the container, such as `s3://bucket/path`.")
    number_of_objects: float | None = None
    size: float | None = None
    file_formats: list[ContainerFileFormat] | None = None


class Container(_ContainerFields, AssetFields, AssetState, Entity):
    """A bucket, folder or set of files."""

    service: EntityReference | None = None
    service_type: StorageServiceType | None = None
    parent: EntityReference | None = None
    children: list[EntityReference] | None = None
    retention_period: str | None = None
    sample_data: TableData | None = None


class CreateContainer(_ContainerFields, CreateAssetFields, CreateRequest):
    """A request to create or update a container, in another one or right in its service."""

    service: ReferenceInput
    parent: ReferenceInput | None = None


CONTAINER = EntityType(
    name="container",
    collection="containers",
    entity=Container,
    create=CreateContainer,
    parents=(
        Parent(field="parent", to="container", optional=True, copies=("service", "serviceType")),
        Parent(field="service", to="storageService", copies=("serviceType",)),
    ),
    children=(column_list("dataModel.columns"),),
    traits=ASSET,
    versions=column_versions("dataModel.columns", unversioned=(*UNVERSIONED, "size", "numberOfObjects")),
    series=(TimeSeries(name="sampleData", entry=TableData, member="sampleData"),),
    filters=(
        Filter(name="service", kind="ancestor", to="storageService"),
        Filter(name="root", kind="root", member="parent"),
    ),
    inverses=(Inverse(field="children", of="container", member="parent", paged=True),),
)
