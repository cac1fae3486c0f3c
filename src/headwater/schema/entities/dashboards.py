# SPDX-License-Identifier: Apache-2.0
"""Dashboards: the services that show them, and the charts on them."""

from enum import StrEnum

from headwater.schema.base import CreateRequest, Entity, EntityReference, ReferenceInput
from headwater.schema.declare import (
    ASSET,
    SERVICE,
    EntityType,
    Filter,
    Inverse,
    Parent,
    Reference,
    VersionRules,
)
from headwater.schema.entities.shared import (
    UNVERSIONED,
    AssetFields,
    AssetState,
    CreateAssetFields,
    CreateServiceFields,
    ServiceFields,
    SourceFields,
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


class DashboardService(ServiceFields, Entity):
    """A system that shows dashboards."""

    service_type: DashboardServiceType


class CreateDashboardService(CreateServiceFields, CreateRequest):
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


class Chart(_ChartFields, AssetFields, AssetState, Entity):
    """A chart. It may stand on several dashboards."""

    service: EntityReference | None = None
    service_type: DashboardServiceType | None = None
    dashboards: list[EntityReference] | None = None


class CreateChart(_ChartFields, CreateAssetFields, CreateRequest):
    """A request to create or update a chart. Dashboards name their charts, not the other way round."""

    service: ReferenceInput


CHART = EntityType(
    name="chart",
    collection="charts",
    entity=Chart,
    create=CreateChart,
    parents=(Parent(field="service", to="dashboardService", copies=("serviceType",)),),
    traits=ASSET,
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


class Dashboard(_DashboardFields, AssetFields, AssetState, Entity):
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
    references=(Reference(field="charts", to=("chart",), many=True),),
    traits=ASSET,
    versions=VersionRules(unversioned=UNVERSIONED),
    filters=(Filter(name="service", kind="ancestor", to="dashboardService"),),
    defaults={"dashboardType": "Dashboard"},
)
