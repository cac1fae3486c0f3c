# SPDX-License-Identifier: Apache-2.0
"""APIs: the services that offer them, their collections, and the endpoints in those."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from headwater.schema.base import CreateRequest, Entity, EntityReference, Model, ReferenceInput, Url
from headwater.schema.declare import (
    ASSET,
    FOLLOWERS,
    SERVICE,
    EntityType,
    Filter,
    Inverse,
    Parent,
    VersionRules,
)
from headwater.schema.entities.messaging import SchemaField, SchemaType, schema_fields
from headwater.schema.entities.shared import (
    UNVERSIONED,
    AssetFields,
    AssetState,
    CreateAssetFields,
    CreateServiceFields,
    HashedFields,
    ServiceFields,
    UnfollowedAssetFields,
    said_elsewhere,
)


class ApiServiceType(StrEnum):
    """The kinds of API."""

    REST = "Rest"
    WEBHOOK = "WEBHOOK"


class ApiService(ServiceFields, Entity):
    """A system that offers APIs."""

    service_type: ApiServiceType


class CreateApiService(CreateServiceFields, CreateRequest):
    """A request to create or update a service that offers APIs."""

    service_type: ApiServiceType


API_SERVICE = EntityType(
    name="apiService",
    collection="services/apiServices",
    entity=ApiService,
    create=CreateApiService,
    traits=SERVICE,
    filters=(Filter(name="domain", kind="reference", to="domain", member="domains"),),
    renamable=True,
    fixed=("serviceType",),
    secrets=("connection",),
)


class _ApiFields(HashedFields):
    endpoint_url: Url | None = Field(None, alias="endpointURL")


class ApiCollection(_ApiFields, UnfollowedAssetFields, AssetState, Entity):
    """Endpoints of an API that belong together."""

    service: EntityReference | None = None
    service_type: ApiServiceType | None = None
    api_endpoints: list[EntityReference] | None = None


class CreateApiCollection(_ApiFields, CreateAssetFields, CreateRequest):
    """A request to create or update a collection. Endpoints name their collection, not the other way round."""

    service: ReferenceInput
    api_endpoints: Annotated[
        list[ReferenceInput] | None, said_elsewhere("name the collection in each of its endpoints instead")
    ] = None


API_COLLECTION = EntityType(
    name="apiCollection",
    collection="apiCollections",
    entity=ApiCollection,
    create=CreateApiCollection,
    parents=(Parent(field="service", to="apiService", copies=("serviceType",)),),
    traits=tuple(trait for trait in ASSET if trait is not FOLLOWERS),
    versions=VersionRules(unversioned=UNVERSIONED),
    filters=(Filter(name="service", kind="ancestor", to="apiService"),),
    inverses=(Inverse(field="apiEndpoints", of="apiEndpoint", member="apiCollection"),),
)


class ApiRequestMethod(StrEnum):
    """What an endpoint is asked with."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    HEAD = "HEAD"
    CONNECT = "CONNECT"
    OPTIONS = "OPTIONS"
    TRACE = "TRACE"


class ApiSchema(Model):
    """The shape of what an endpoint takes or gives."""

    schema_type: SchemaType | None = None
    schema_fields: list[SchemaField] | None = None


class _ApiEndpointFields(_ApiFields):
    request_method: ApiRequestMethod = ApiRequestMethod.GET
    request_schema: ApiSchema | None = None
    response_schema: ApiSchema | None = None


class ApiEndpoint(_ApiEndpointFields, AssetFields, AssetState, Entity):
    """An endpoint of an API."""

    api_collection: EntityReference | None = None
    service: EntityReference | None = None
    service_type: ApiServiceType | None = None


class CreateApiEndpoint(_ApiEndpointFields, CreateAssetFields, CreateRequest):
    """A request to create or update an endpoint."""

    api_collection: ReferenceInput
    source_url: str | None = None


API_ENDPOINT = EntityType(
    name="apiEndpoint",
    collection="apiEndpoints",
    entity=ApiEndpoint,
    create=CreateApiEndpoint,
    parents=(Parent(field="apiCollection", to="apiCollection", copies=("service", "serviceType")),),
    children=(
        schema_fields("requestSchema.schemaFields", segment="requestSchema"),
        schema_fields("responseSchema.schemaFields", segment="responseSchema"),
    ),
    traits=ASSET,
    versions=VersionRules(
        major_removals=("requestSchema.schemaFields", "responseSchema.schemaFields"), unversioned=UNVERSIONED
    ),
    filters=(
        Filter(name="apiCollection", kind="ancestor", to="apiCollection"),
        Filter(name="service", kind="ancestor", to="apiService"),
    ),
    defaults={"requestMethod": "GET"},
    hidden=("sourceUrl",),
)
