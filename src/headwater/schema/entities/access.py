# SPDX-License-Identifier: Apache-2.0
"""Who may do what: policies with their rules, and roles that gather policies."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import ClassVar

from pydantic import Field, field_validator

from headwater.schema.base import (
    CreateRequest,
    Entity,
    EntityReference,
    Markdown,
    Model,
    Name,
    ReferenceInput,
)
from headwater.schema.declare import DOMAINS, OWNERS, SOFT_DELETE, Child, EntityType, Inverse, Reference
from headwater.schema.entities.shared import Provider


class Operation(StrEnum):
    """What a rule may allow or deny; ``EditAll`` and the like stand for all of their kind."""

    ALL = "All"
    CREATE = "Create"
    BULK_CREATE = "BulkCreate"
    CREATE_INGESTION_PIPELINE_AUTOMATOR = "CreateIngestionPipelineAutomator"
    CREATE_TESTS = "CreateTests"
    DELETE = "Delete"
    VIEW_ALL = "ViewAll"
    VIEW_BASIC = "ViewBasic"
    VIEW_USAGE = "ViewUsage"
    VIEW_TESTS = "ViewTests"
    VIEW_QUERIES = "ViewQueries"
    VIEW_DATA_PROFILE = "ViewDataProfile"
    VIEW_PROFILER_GLOBAL_CONFIGURATION = "ViewProfilerGlobalConfiguration"
    VIEW_SAMPLE_DATA = "ViewSampleData"
    VIEW_TEST_CASE_FAILED_ROWS_SAMPLE = "ViewTestCaseFailedRowsSample"
    VIEW_CUSTOM_FIELDS = "ViewCustomFields"
    EDIT_ALL = "EditAll"
    BULK_UPDATE = "BulkUpdate"
    EDIT_CUSTOM_FIELDS = "EditCustomFields"
    EDIT_DATA_PROFILE = "EditDataProfile"
    EDIT_DESCRIPTION = "EditDescription"
    EDIT_DISPLAY_NAME = "EditDisplayName"
    EDIT_DOMAINS = "EditDomains"
    EDIT_LINEAGE = "EditLineage"
    EDIT_ENTITY_RELATIONSHIP = "EditEntityRelationship"
    EDIT_POLICY = "EditPolicy"
    EDIT_OWNERS = "EditOwners"
    EDIT_QUERIES = "EditQueries"
    EDIT_REVIEWERS = "EditReviewers"
    EDIT_ROLE = "EditRole"
    EDIT_SAMPLE_DATA = "EditSampleData"
    EDIT_STATUS = "EditStatus"
    EDIT_TAGS = "EditTags"
    EDIT_GLOSSARY_TERMS = "EditGlossaryTerms"
    EDIT_TEAMS = "EditTeams"
    EDIT_TIER = "EditTier"
    EDIT_CERTIFICATION = "EditCertification"
    CREATE_TASK = "CreateTask"
    EDIT_TASK = "EditTask"
    EDIT_TESTS = "EditTests"
    EDIT_USAGE = "EditUsage"
    EDIT_USERS = "EditUsers"
    EDIT_LIFE_CYCLE = "EditLifeCycle"
    EDIT_KNOWLEDGE_PANEL = "EditKnowledgePanel"
    EDIT_PAGE = "EditPage"
    EDIT_INGESTION_PIPELINE_STATUS = "EditIngestionPipelineStatus"
    EDIT_USER_NOTIFICATION_TEMPLATE = "EditUserNotificationTemplate"
    DELETE_TEST_CASE_FAILED_ROWS_SAMPLE = "DeleteTestCaseFailedRowsSample"
    DEPLOY = "Deploy"
    TRIGGER = "Trigger"
    KILL = "Kill"
    GENERATE_TOKEN = "GenerateToken"
    EDIT_SCIM = "EditScim"
    CREATE_SCIM = "CreateScim"
    DELETE_SCIM = "DeleteScim"
    VIEW_SCIM = "ViewScim"
    IMPERSONATE = "Impersonate"
    AUDIT_LOGS = "AuditLogs"
    VIEW_TEST_DEFINITION_LIBRARY = "ViewTestDefinitionLibrary"
    EDIT_TEST_DEFINITION_LIBRARY = "EditTestDefinitionLibrary"
    RESOLVE_TASK = "ResolveTask"
    CLOSE_TASK = "CloseTask"
    REASSIGN_TASK = "ReassignTask"


class Effect(StrEnum):
    """What a rule does. What is denied counts before what is allowed."""

    ALLOW = "allow"
    DENY = "deny"


class Rule(Model):
    """One sentence of a policy: these operations, on entities of these types (``All``: of any), if the condition
    holds."""

    name: Name
    fully_qualified_name: str | None = None
    description: Markdown | None = None
    effect: Effect
    operations: list[Operation] = Field(min_length=1)
    resources: list[str] = Field(min_length=1)
    condition: str | None = None

    @field_validator("resources")
    @classmethod
    def _are_words(cls, resources: Iterable[str]) -> Iterable[str]:
        if not all(resource.strip() for resource in resources):
            raise ValueError("a resource must not be blank")
        return resources


class _PolicyFields(Model):
    """What a policy says of itself."""

    rules: list[Rule]
    enabled: bool = True
    owners: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None

    @field_validator("rules")
    @classmethod
    def _no_name_twice(cls, rules: list[Rule]) -> list[Rule]:
        names = [rule.name for rule in rules]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two rules are called {twice}")
        return rules


class _AccessState(Model):
    """What is known of policies and roles beside their content."""

    provider: Provider | None = None
    disabled: bool | None = None
    allow_delete: bool | None = None
    allow_edit: bool | None = None


class Policy(_PolicyFields, _AccessState, Entity):
    """A set of rules."""

    teams: list[EntityReference] | None = None
    roles: list[EntityReference] | None = None
    location: EntityReference | None = None


class CreatePolicy(_PolicyFields, CreateRequest):
    """A request to create or update a policy."""

    refused: ClassVar[Mapping[str, str]] = {"location": "there are no locations in this catalogue"}


POLICY = EntityType(
    name="policy",
    collection="policies",
    entity=Policy,
    create=CreatePolicy,
    children=(Child(field="rules", match="key"),),
    traits=(OWNERS, DOMAINS, SOFT_DELETE),
    inverses=(
        Inverse(field="teams", of="team", member="policies"),
        Inverse(field="roles", of="role", member="policies"),
    ),
    renamable=True,
    defaults={"enabled": True, "provider": "user"},
)


class _RoleFields(Model):
    """What a role says of itself."""

    policies: list[ReferenceInput]
    domains: list[ReferenceInput] | None = None


class Role(_RoleFields, _AccessState, Entity):
    """What somebody is to the catalogue, by the policies that go with it."""

    policies: list[ReferenceInput] = Field(default_factory=list)
    users: list[EntityReference] | None = None
    teams: list[EntityReference] | None = None


class CreateRole(_RoleFields, CreateRequest):
    """A request to create or update a role."""


ROLE = EntityType(
    name="role",
    collection="roles",
    entity=Role,
    create=CreateRole,
    references=(Reference(field="policies", to=("policy",), many=True),),
    traits=(DOMAINS, SOFT_DELETE),
    inverses=(
        Inverse(field="users", of="user", member="roles"),
        Inverse(field="teams", of="team", member="defaultRoles"),
    ),
    renamable=True,
    defaults={"provider": "user"},
)
