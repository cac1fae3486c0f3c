# SPDX-License-Identifier: Apache-2.0
"""What OpenMetadata's server has and Headwater has not, with the reason: answered with 501 instead of 404.

Paths are below ``/api/v1/``; ``*`` is any segment, ``{collection}`` that of any type, and whatever lies below a path
is meant too, but for what Headwater does have. ``docs/reference/openmetadata-endpoints.md`` shows this list, and a test
holds the two together.
"""

from collections.abc import Iterator
from typing import NamedTuple

from headwater.schema.registry import Registry


class Absent(NamedTuple):
    """Endpoints that are not here, and why."""

    paths: tuple[str, ...]
    reason: str


ABSENT = (
    Absent(
        ("feed", "tasks", "announcements", "suggestions"),
        "Conversations, tasks and announcements are not kept.",
    ),
    Absent(
        (
            *("{collection}/name/*/export", "{collection}/name/*/exportAsync"),
            *("{collection}/name/*/import", "{collection}/name/*/importAsync"),
        ),
        "Entities are not exchanged as CSV files; PUT /bulk takes many at once.",
    ),
    Absent(
        ("apps", "automations", "agents"),
        "No applications run inside the server; connectors run where you start them.",
    ),
    Absent(
        (
            *("services/ingestionPipelines/trigger", "services/ingestionPipelines/deploy"),
            *("services/ingestionPipelines/bulk/deploy", "services/ingestionPipelines/toggleIngestion"),
            *("services/ingestionPipelines/kill", "services/ingestionPipelines/logs", "services/ingestionPipelines/ip"),
            *("services/ingestionPipelines/progress", "services/ingestionPipelines/metrics"),
            *("services/ingestionPipelines/status", "{collection}/*/testConnectionResult"),
        ),
        "The server starts and watches no ingestion; `metadata ingest` runs where you start it.",
    ),
    Absent(
        ("analytics", "kpi", "dataInsight"),
        "How people use an interface is not analysed.",
    ),
    Absent(
        ("docStore", "learning", "attachments", "contextCenter", "pages", "chat", "notificationTemplates"),
        "They belong to OpenMetadata's own web interface.",
    ),
    Absent(
        (
            *("drives", "services/driveServices", "services/metadataServices", "services/securityServices"),
            *("services/mcpServices", "mcpServers", "services/llmServices", "llmModels", "aiApplications"),
            *("promptTemplates", "aiGovernancePolicies", "reports", "entity/profiles", "queryCostRecord"),
        ),
        "Headwater has no such type of entity.",
    ),
    Absent(("dataContracts",), "Contracts about data are not kept or checked."),
    Absent(
        (
            *("governance/workflowDefinitions", "governance/workflowInstances", "governance/workflowInstanceStates"),
            "entityRelationship",
        ),
        "There are no workflows of approval, and no other graph than lineage.",
    ),
    Absent(("rdf", "scim", "limits", "mcp", "webhook"), "These protocols are not spoken."),
    Absent(
        (
            *("users/login", "users/signup", "users/refresh", "users/logout", "users/checkEmailInUse"),
            *("users/registrationConfirmation", "users/resendRegistrationToken", "users/generatePasswordResetLink"),
            *("users/password", "users/changePassword", "users/checkEmailVerified"),
        ),
        "Nobody logs in with a password; `headwater token` signs tokens.",
    ),
    Absent(("system/config", "system/status", "system/validate"), "Headwater is set up by HEADWATER_… variables."),
    Absent(
        (
            *("lineage/getLineageByEntityCount", "lineage/getLineagePaginationInfo", "lineage/getPlatformLineage"),
            *("lineage/getDataQualityLineage", "lineage/exportAsync", "lineage/exportByEntityCountAsync"),
        ),
        "/lineage/getLineage, /lineage/walk and /lineage/export tell what there is.",
    ),
    Absent(
        ("events/subscriptions/id/*/listEvents",),
        "What was sent is counted, not kept; failedEvents lists what was given up.",
    ),
    Absent(
        ("tables/*/customMetric", "tables/*/pipelineObservability"),
        "A PATCH of the table sets customMetrics; pipelines keep their own runs.",
    ),
    Absent(("columns",), "A column is changed by a PATCH of its table."),
    Absent(
        ("tags/*/assets/add", "tags/*/assets/remove", "glossaryTerms/*/assets/add", "glossaryTerms/*/assets/remove"),
        "A label is put on, and taken off, by a PATCH of the asset.",
    ),
    Absent(("dataProducts/*/inputPorts", "dataProducts/*/outputPorts"), "Data products have no ports; lineage tells."),
    Absent(
        (
            *("dataQuality/testCases/testCaseIncidentStatus", "dataQuality/testCases/*/failedRowsSample"),
            *("dataQuality/testCases/*/inspectionQuery", "dataQuality/testCases/dimensionResults"),
        ),
        "Headwater keeps tests and their results, and runs no incidents.",
    ),
    Absent(("{collection}/hierarchy", "teams/statistics", "users/online"), "Lists with their filters tell the same."),
)


def paths(registry: Registry) -> Iterator[tuple[list[str], str]]:
    """The segments of each path with its reason; a path with ``{collection}`` once for each that there is."""
    words = {word for one in registry for word in (one.collection, *one.aliases, one.sdk_name)}
    for absent in ABSENT:
        for path in absent.paths:
            for word in sorted(words) if "{collection}" in path else ("",):
                yield ["api", "v1", *path.replace("{collection}", word).split("/")], absent.reason
