# SPDX-License-Identifier: Apache-2.0
"""Lineage on the wire: edges with their details, and the graph around an entity."""

from enum import StrEnum

from pydantic import Field

from headwater.schema.base import Document, EntityReference, Model


class LineageSource(StrEnum):
    """What an assertion of an edge rests on."""

    MANUAL = "Manual"
    VIEW = "ViewLineage"
    QUERY = "QueryLineage"
    PIPELINE = "PipelineLineage"
    DASHBOARD = "DashboardLineage"
    DBT = "DbtLineage"
    SPARK = "SparkLineage"
    OPEN_LINEAGE = "OpenLineage"
    EXTERNAL_TABLE = "ExternalTableLineage"
    CROSS_DATABASE = "CrossDatabaseLineage"
    CHILD_ASSETS = "ChildAssets"


class Transformation(StrEnum):
    """What becomes of a value on the way from column to column (OpenLineage's column facet, and its masking told
    apart): it stays itself, is computed, is one of many in an aggregate, decides between values, or is hidden."""

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    CONDITIONAL = "CONDITIONAL"
    MASKING = "MASKING"
    HASHING = "HASHING"


class ColumnLineage(Model):
    """Which fields flow into one field; all by FQN. ``transformation`` is taken in, and shown in governance answers:
    OpenMetadata's client knows no such member."""

    from_columns: list[str] | None = None
    to_column: str | None = None
    function: str | None = None
    transformation: Transformation | None = None


class LineageDetails(Model):
    """What is known of an edge. Times are milliseconds since 1970."""

    sql_query: str | None = None
    columns_lineage: list[ColumnLineage] | None = None
    pipeline: EntityReference | None = None
    description: str | None = None
    source: LineageSource | None = None
    created_at: int | None = None
    created_by: str | None = None
    updated_at: int | None = None
    updated_by: str | None = None
    asset_edges: int | None = None
    temp_lineage_tables: list[Document] | None = None


class EntitiesEdge(Model):
    """An edge to add: data flows from one entity to the other."""

    from_entity: EntityReference
    to_entity: EntityReference
    description: str | None = None
    lineage_details: LineageDetails | None = None


class AddLineage(Model):
    """A request to assert an edge."""

    edge: EntitiesEdge


class LineageEdge(Model):
    """An edge between entities, each by id."""

    from_entity: str
    to_entity: str
    description: str | None = None
    lineage_details: LineageDetails | None = None


class EntityLineage(Model):
    """The graph around an entity. ``truncated`` is given, and true, where a walk met its cap of nodes."""

    entity: EntityReference
    nodes: list[EntityReference] = Field(default_factory=list)
    upstream_edges: list[LineageEdge] = Field(default_factory=list)
    downstream_edges: list[LineageEdge] = Field(default_factory=list)
    truncated: bool | None = None
