# SPDX-License-Identifier: Apache-2.0
"""Search engines that others run: the services, and the indexes in them."""

from enum import StrEnum

from pydantic import Field

from headwater.schema.base import (
    CreateRequest,
    Document,
    Entity,
    EntityReference,
    Markdown,
    Model,
    ReferenceInput,
    TagInput,
)
from headwater.schema.declare import ASSET, SERVICE, Child, EntityType, Filter, Parent, TimeSeries, VersionRules
from headwater.schema.entities.profiling import SampleMessages
from headwater.schema.entities.shared import (
    UNVERSIONED,
    AssetFields,
    AssetState,
    CreateAssetFields,
    CreateStyledServiceFields,
    FieldName,
    HashedFields,
    StyledServiceFields,
)


class SearchServiceType(StrEnum):
    """The kinds of search engine."""

    ELASTIC_SEARCH = "ElasticSearch"
    OPEN_SEARCH = "OpenSearch"
    CUSTOM_SEARCH = "CustomSearch"


class SearchService(StyledServiceFields, Entity):
    """A search engine."""

    service_type: SearchServiceType


class CreateSearchService(CreateStyledServiceFields, CreateRequest):
    """A request to create or update a search engine."""

    service_type: SearchServiceType


SEARCH_SERVICE = EntityType(
    name="searchService",
    collection="services/searchServices",
    entity=SearchService,
    create=CreateSearchService,
    traits=SERVICE,
    filters=(Filter(name="domain", kind="reference", to="domain", member="domains"),),
    renamable=True,
    fixed=("serviceType",),
    secrets=("connection",),
)


class IndexFieldType(StrEnum):
    """How a search engine treats the values of a field."""

    NUMBER = "NUMBER"
    TEXT = "TEXT"
    BINARY = "BINARY"
    TIMESTAMP = "TIMESTAMP"
    TIMESTAMPZ = "TIMESTAMPZ"
    TIME = "TIME"
    DATE = "DATE"
    DATETIME = "DATETIME"
    KEYWORD = "KEYWORD"
    ARRAY = "ARRAY"
    OBJECT = "OBJECT"
    FLATTENED = "FLATTENED"
    NESTED = "NESTED"
    JOIN = "JOIN"
    RANGE = "RANGE"
    IP = "IP"
    VERSION = "VERSION"
    MURMUR3 = "MURMUR3"
    AGGREGATE_METRIC_DOUBLE = "AGGREGATE_METRIC_DOUBLE"
    HISTOGRAM = "HISTOGRAM"
    ANNOTATED_TEXT = "ANNOTATED-TEXT"
    COMPLETION = "COMPLETION"
    SEARCH_AS_YOU_TYPE = "SEARCH_AS_YOU_TYPE"
    DENSE_VECTOR = "DENSE_VECTOR"
    RANK_FEATURE = "RANK_FEATURE"
    RANK_FEATURES = "RANK_FEATURES"
    GEO_POINT = "GEO_POINT"
    GEO_SHAPE = "GEO_SHAPE"
    POINT = "POINT"
    SHAPE = "SHAPE"
    PERCOLATOR = "PERCOLATOR"
    BOOLEAN = "BOOLEAN"
    CONSTANT_KEYWORD = "CONSTANT_KEYWORD"
    WILDCARD = "WILDCARD"
    LONG = "LONG"
    INTEGER = "INTEGER"
    SHORT = "SHORT"
    BYTE = "BYTE"
    DOUBLE = "DOUBLE"
    FLOAT = "FLOAT"
    HALF_FLOAT = "HALF_FLOAT"
    SCALED_FLOAT = "SCALED_FLOAT"
    UNSIGNED_LONG = "UNSIGNED_LONG"
    UNKNOWN = "UNKNOWN"


class SearchIndexField(Model):
    """A field of an index, or a member of a structured one."""

    name: FieldName
    data_type: IndexFieldType
    display_name: str | None = None
    description: Markdown | None = None
    fully_qualified_name: str | None = None
    data_type_display: str | None = Field(None, description="The type as the engine writes it.")
    tags: list[TagInput] | None = None
    children: list["SearchIndexField"] | None = None


class IndexType(StrEnum):
    """Whether it holds documents itself, or tells what indexes of a name pattern look like."""

    INDEX = "Index"
    INDEX_TEMPLATE = "IndexTemplate"


class _SearchIndexFields(HashedFields):
    fields: list[SearchIndexField]
    search_index_settings: Document | None = None
    index_type: IndexType = IndexType.INDEX


class SearchIndex(_SearchIndexFields, AssetFields, AssetState, Entity):
    """An index of a search engine."""

    service: EntityReference | None = None
    service_type: SearchServiceType | None = None
    sample_data: SampleMessages | None = None


class CreateSearchIndex(_SearchIndexFields, CreateAssetFields, CreateRequest):
    """A request to create or update an index."""

    service: ReferenceInput


SEARCH_INDEX = EntityType(
    name="searchIndex",
    collection="searchIndexes",
    entity=SearchIndex,
    create=CreateSearchIndex,
    indexed_as="searchEntity",
    parents=(Parent(field="service", to="searchService", copies=("serviceType",)),),
    children=(
        Child(
            field="fields",
            match="key",
            key=("name", "dataType"),
            is_field=True,
            tagged=True,
            recursive="children",
        ),
    ),
    traits=ASSET,
    versions=VersionRules(major_removals=("fields",), unversioned=UNVERSIONED),
    series=(TimeSeries(name="sampleData", entry=SampleMessages, member="sampleData"),),
    filters=(Filter(name="service", kind="ancestor", to="searchService"),),
    defaults={"indexType": "Index"},
)
