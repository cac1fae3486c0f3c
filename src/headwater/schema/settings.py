# SPDX-License-Identifier: Apache-2.0
"""Settings that OpenMetadata's clients keep on their server."""

from typing import Any

from pydantic import ConfigDict

from headwater.schema.base import Model
from headwater.schema.openlineage import OpenLineageSettings

OPEN_LINEAGE = "openLineageSettings"

KEPT = (
    "assetCertificationSettings",
    "entityRulesSettings",
    "glossaryTermRelationSettings",
    "lineageSettings",
    OPEN_LINEAGE,
    "openMetadataBaseUrlConfiguration",
    "profilerConfiguration",
    "searchSettings",
    "workflowSettings",
)
"""Settings that are kept for the clients that heed them. Headwater itself does what its own settings say, but for those
in ``HEEDED``."""

HEEDED: dict[str, type[Model]] = {OPEN_LINEAGE: OpenLineageSettings}
"""Settings that Headwater heeds itself, and what they may say."""

REFUSED = {
    "airflowConfiguration": "Headwater starts no ingestion; run connectors where you like",
    "appConfiguration": "there are no applications to configure",
    "authenticationConfiguration": "HEADWATER_AUTH_SECRET decides how callers prove who they are",
    "authorizerConfiguration": "roles and policies are entities",
    "customUiThemePreference": "there is no interface of OpenMetadata's to paint",
    "elasticsearch": "search needs no server of its own",
    "emailConfiguration": "where alerts go is said where they are defined",
    "eventHandlerConfiguration": "events are logged with every change",
    "fernetConfiguration": "HEADWATER_SECRET_KEY is what secrets are encrypted with",
    "jwtTokenConfiguration": "HEADWATER_AUTH_SECRET is what tokens are signed with",
    "loginConfiguration": "nobody logs in with a password",
    "mcpConfiguration": "there is no such server",
    "sandboxModeEnabled": "there is no sandbox",
    "scimConfiguration": "users come from no directory by SCIM",
    "secretsManagerConfiguration": "secrets are kept encrypted in the database",
    "securityConfiguration": "HEADWATER_AUTH_SECRET decides how callers prove who they are",
    "slackAppConfiguration": "where alerts go is said where they are defined",
    "slackBot": "where alerts go is said where they are defined",
    "slackChat": "where alerts go is said where they are defined",
    "slackEventPublishers": "where alerts go is said where they are defined",
    "slackInstaller": "where alerts go is said where they are defined",
    "slackState": "where alerts go is said where they are defined",
    "teamsAppConfiguration": "where alerts go is said where they are defined",
}
"""Settings that Headwater has no use for, with the reason."""


class Setting(Model):
    """A setting by its type. The members are in snake_case on the wire, unlike everywhere else."""

    model_config = ConfigDict(alias_generator=None)

    config_type: str
    config_value: dict[str, Any] | None = None
