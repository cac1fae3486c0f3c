# SPDX-License-Identifier: Apache-2.0
"""Lineage on the wire: edges with their details, and the graph around an entity."""

from enum import StrEnum

from pydantic import Field

from headwater.schema.base import Document, EntityReference, Model
from headwater.transformation import Transformation


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


class AddSqlLineage(Model):
    """A request to assert the edges that SQL means.

    ``within`` is the FQN of a service, a database or a schema: where names that do not say it are. ``target`` is the
    table that takes the result of a query which does not say so itself. ``dialect`` is the SQL that the service
    speaks, unless it says another.
    """

    sql: str = Field(min_length=1)
    within: str
    target: str | None = None
    dialect: str | None = None
    source: LineageSource = LineageSource.QUERY
    pipeline: EntityReference | None = None
    description: str | None = None


class SqlProblem(Model):
    """Something in SQL that was not understood, and where; lines and columns count from 1."""

    line: int
    column: int
    reason: str


class AssertedEdge(Model):
    """An edge that was asserted, between entities by FQN."""

    from_entity: str
    to_entity: str
    columns_lineage: list[ColumnLineage]


class SqlLineageReply(Model):
    """The edges that were asserted, and what of the SQL was not understood."""

    asserted: list[AssertedEdge]
    problems: list[SqlProblem]


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


class EdgeEnd(Model):
    """An entity at an end of an edge."""

    id: str
    type: str
    fully_qualified_name: str
    fqn_hash: str


class EdgeView(Model):
    """An edge with all that is known of it. ``docId`` names it by FQNs, ``docUniqueId`` by ids."""

    from_entity: EdgeEnd
    to_entity: EdgeEnd
    pipeline: EntityReference | None = None
    pipeline_entity_type: str | None = None
    sql_query: str | None = None
    columns: list[ColumnLineage]
    description: str | None = None
    source: LineageSource | None = None
    doc_id: str
    doc_unique_id: str
    created_at: int | None = None
    created_by: str | None = None
    updated_at: int | None = None
    updated_by: str | None = None
    asset_edges: int | None = None
    temp_lineage_tables: list[Document] | None = None


class Neighbours(Model):
    """How many entities are right upstream and right downstream of one."""

    entity_upstream_count: int
    entity_downstream_count: int


class NodeView(Model):
    """An entity of the graph, and how many hops it is away from the one that was asked for."""

    entity: Document
    paging: Neighbours
    node_depth: int


class LineageView(Model):
    """The graph around an entity: nodes by FQN, edges by ``docId``."""

    nodes: dict[str, NodeView]
    upstream_edges: dict[str, EdgeView]
    downstream_edges: dict[str, EdgeView]
