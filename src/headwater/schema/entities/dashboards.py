# SPDX-License-Identifier: Apache-2.0
"""Dashboards: the services that show them, the charts on them, and the data models behind those."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from headwater.schema.base import CreateRequest, Entity, EntityReference, ReferenceInput
from headwater.schema.declare import (
    ASSET,
    SERVICE,
    USAGE,
    EntityType,
    Filter,
    Inverse,
    Parent,
    Reference,
    VersionRules,
)
from headwater.schema.entities.data import Column, column_list, column_versions, refuse_repeated
from headwater.schema.entities.shared import (
    UNVERSIONED,
    AssetFields,
    AssetState,
    CreateAssetFields,
    CreateStyledServiceFields,
    SourceFields,
    StyledServiceFields,
    UsedAssetState,
    said_elsewhere,
)


class DashboardServiceType(StrEnum):
    """The kinds of system that show dashboards."""

    SUPERSET = "Superset"
    LOOKER = "Looker"
    TABLEAU = "Tableau"
    REDASH = "Redash"
    METABASE = "Metabase"
    POWER_BI = "PowerBI"
    POWER_BI_REPORT_SERVER = "PowerBIReportServer"
    MODE = "Mode"
    CUSTOM_DASHBOARD = "CustomDashboard"
    DOMO_DASHBOARD = "DomoDashboard"
    QUICK_SIGHT = "QuickSight"
    QLIK_SENSE = "QlikSense"
    LIGHTDASH = "Lightdash"
    MICRO_STRATEGY = "MicroStrategy"
    QLIK_CLOUD = "QlikCloud"
    SIGMA = "Sigma"
    THOUGHT_SPOT = "ThoughtSpot"
    GRAFANA = "Grafana"
    HEX = "Hex"
    SSRS = "Ssrs"
    SAP_S4_HANA = "SapS4Hana"
    OMNI = "Omni"


class DashboardService(StyledServiceFields, Entity):
    """A system that shows dashboards."""

    service_type: DashboardServiceType


class CreateDashboardService(CreateStyledServiceFields, CreateRequest):
    """A request to create or update a service that shows dashboards."""

    service_type: DashboardServiceType


DASHBOARD_SERVICE = EntityType(
    name="dashboardService",
    collection="services/dashboardServices",
    entity=DashboardService,
    create=CreateDashboardService,
    traits=SERVICE,
    filters=(Filter(name="domain", kind="reference", to="domain", member="domains"),),
    renamable=True,
    fixed=("serviceType",),
    secrets=("connection",),
)


class ChartType(StrEnum):
    """How a chart draws its data."""

    LINE = "Line"
    TABLE = "Table"
    BAR = "Bar"
    AREA = "Area"
    PIE = "Pie"
    HISTOGRAM = "Histogram"
    SCATTER = "Scatter"
    TEXT = "Text"
    BOX_PLOT = "BoxPlot"
    SANKEY = "SanKey"
    GAUGE = "Gauge"
    MAP = "Map"
    GRAPH = "Graph"
    HEATMAP = "Heatmap"
    TIMELINE = "Timeline"
    OTHER = "Other"


class _ChartFields(SourceFields):
    chart_type: ChartType | None = None


class Chart(_ChartFields, AssetFields, UsedAssetState, Entity):
    """A chart. It may stand on several dashboards."""

    service: EntityReference | None = None
    service_type: DashboardServiceType | None = None
    dashboards: list[EntityReference] | None = None


class CreateChart(_ChartFields, CreateAssetFields, CreateRequest):
    """A request to create or update a chart. Dashboards name their charts, not the other way round."""

    service: ReferenceInput
    dashboards: Annotated[
        list[ReferenceInput] | None, said_elsewhere("name the chart in the charts of its dashboards instead")
    ] = None


CHART = EntityType(
    name="chart",
    collection="charts",
    entity=Chart,
    create=CreateChart,
    parents=(Parent(field="service", to="dashboardService", copies=("serviceType",)),),
    traits=(*ASSET, USAGE),
    versions=VersionRules(unversioned=UNVERSIONED),
    filters=(Filter(name="service", kind="ancestor", to="dashboardService"),),
    inverses=(Inverse(field="dashboards", of="dashboard", member="charts"),),
)


class DashboardType(StrEnum):
    """Whether a dashboard is looked at or handed round."""

    DASHBOARD = "Dashboard"
    REPORT = "Report"


class _DashboardFields(SourceFields):
    """What a dashboard says of itself. ``project`` is the folder or workspace that its service keeps it in."""

    dashboard_type: DashboardType = DashboardType.DASHBOARD
    project: str | None = None
    charts: list[ReferenceInput] | None = None
    data_models: list[ReferenceInput] | None = None


class Dashboard(_DashboardFields, AssetFields, UsedAssetState, Entity):
    """A dashboard or report."""

    service: EntityReference | None = None
    service_type: DashboardServiceType | None = None


class CreateDashboard(_DashboardFields, CreateAssetFields, CreateRequest):
    """A request to create or update a dashboard."""

    service: ReferenceInput


DASHBOARD = EntityType(
    name="dashboard",
    collection="dashboards",
    entity=Dashboard,
    create=CreateDashboard,
    parents=(Parent(field="service", to="dashboardService", copies=("serviceType",)),),
    references=(
        Reference(field="charts", to=("chart",), many=True, is_field=True),
        Reference(field="dataModels", to=("dashboardDataModel",), many=True),
    ),
    traits=(*ASSET, USAGE),
    versions=VersionRules(unversioned=UNVERSIONED),
    filters=(Filter(name="service", kind="ancestor", to="dashboardService"),),
    defaults={"dashboardType": "Dashboard"},
)


class DataModelType(StrEnum):
    """What a dashboard's service calls its data model."""

    TABLEAU_DATA_MODEL = "TableauDataModel"
    TABLEAU_PUBLISHED_DATASOURCE = "TableauPublishedDatasource"
    TABLEAU_EMBEDDED_DATASOURCE = "TableauEmbeddedDatasource"
    SUPERSET_DATA_MODEL = "SupersetDataModel"
    METABASE_DATA_MODEL = "MetabaseDataModel"
    MODE_DATA_MODEL = "ModeDataModel"
    LOOK_ML_VIEW = "LookMlView"
    LOOK_ML_EXPLORE = "LookMlExplore"
    POWER_BI_DATA_MODEL = "PowerBIDataModel"
    QLIK_DATA_MODEL = "QlikDataModel"
    QUICK_SIGHT_DATA_MODEL = "QuickSightDataModel"
    SIGMA_DATA_MODEL = "SigmaDataModel"
    POWER_BI_DATA_FLOW = "PowerBIDataFlow"
    POWER_BI_DATAMART = "PowerBIDatamart"
    MICRO_STRATEGY_DATASET = "MicroStrategyDataset"
    THOUGHT_SPOT_DATA_MODEL = "ThoughtSpotDataModel"
    SAP_S4_HANA_CDS_VIEW = "SapS4HanaCdsView"
    SSRS_DATA_MODEL = "SsrsDataModel"
    OMNI_DATA_MODEL = "OmniDataModel"


class _DashboardDataModelFields(SourceFields):
    """What a data model says of itself. ``project`` is the folder or workspace that its service keeps it in."""

    data_model_type: DataModelType
    service_type: DashboardServiceType | None = None
    sql: str | None = Field(None, description="The statement that the data comes from.")
    project: str | None = None
    columns: list[Column]

    @field_validator("columns")
    @classmethod
    def _no_name_twice(cls, columns: list[Column]) -> list[Column]:
        refuse_repeated(columns)
        return columns


class DashboardDataModel(_DashboardDataModelFields, AssetFields, AssetState, Entity):
    """The tables and columns that a dashboard's service makes for its charts."""

    service: EntityReference | None = None


class CreateDashboardDataModel(_DashboardDataModelFields, CreateAssetFields, CreateRequest):
    """A request to create or update a data model."""

    service: ReferenceInput


DASHBOARD_DATA_MODEL = EntityType(
    name="dashboardDataModel",
    collection="dashboard/datamodels",
    entity=DashboardDataModel,
    create=CreateDashboardDataModel,
    parents=(Parent(field="service", to="dashboardService", copies=("serviceType",)),),
    segment="model",
    children=(column_list("columns"),),
    traits=ASSET,
    versions=column_versions("columns"),
    filters=(Filter(name="service", kind="ancestor", to="dashboardService"),),
)
