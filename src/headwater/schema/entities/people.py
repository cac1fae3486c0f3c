# SPDX-License-Identifier: Apache-2.0
"""People and programs that act, the teams that they form, and how they look at the catalogue."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from headwater.schema.base import CreateRequest, Document, Entity, EntityReference, Model, ReferenceInput
from headwater.schema.declare import (
    DOMAINS,
    OWNERS,
    SOFT_DELETE,
    EntityType,
    Filter,
    Gathered,
    Inverse,
    Reference,
    UsageCount,
    VersionRules,
)
from headwater.schema.entities.shared import Provider

Email = Annotated[str, Field(min_length=6, max_length=127, pattern=r"^[^\s@]+@[^\s@]+\.[^\s@]+$")]
"""A mail address. OpenMetadata's client reads none whose domain has no dot; nor does it read endings like ``.local``,
which are allowed here since mail does go there."""


class ImageList(Model):
    """A portrait by size: URLs of images so many pixels wide."""

    image: str | None = None
    image24: str | None = None
    image32: str | None = None
    image48: str | None = None
    image72: str | None = None
    image192: str | None = None
    image512: str | None = None


class Profile(Model):
    """How a user or team is shown, and the chat channels in ``subscription`` that reach them."""

    images: ImageList | None = None
    subscription: Document | None = None


class TeamType(StrEnum):
    """The level of a team, from the smallest up. Only a ``Group`` may own anything."""

    GROUP = "Group"
    DEPARTMENT = "Department"
    DIVISION = "Division"
    BUSINESS_UNIT = "BusinessUnit"
    ORGANIZATION = "Organization"


class _TeamFields(Model):
    """What a team says of itself. ``externalId`` is its id in the directory that it comes from.

    Users and teams below it may be given too: what is stored is that they refer to it.
    """

    team_type: TeamType = TeamType.GROUP
    email: Email | None = None
    external_id: str | None = None
    profile: Profile | None = None
    is_joinable: bool = True
    parents: list[ReferenceInput] | None = None
    children: list[ReferenceInput] | None = None
    users: list[ReferenceInput] | None = None
    owners: list[ReferenceInput] | None = None
    default_roles: list[ReferenceInput] | None = None
    default_persona: ReferenceInput | None = None
    policies: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None


class Team(_TeamFields, Entity):
    """A team of users, or of other teams."""

    descendant_teams: list[EntityReference] | None = None
    children_count: int | None = None
    user_count: int | None = None
    owns: list[EntityReference] | None = None
    inherited_roles: list[EntityReference] | None = None


class CreateTeam(_TeamFields, CreateRequest):
    """A request to create or update a team."""


TEAM = EntityType(
    name="team",
    collection="teams",
    entity=Team,
    create=CreateTeam,
    references=(
        Reference(field="parents", to=("team",), many=True, put="absent"),
        Reference(field="defaultRoles", to=("role",), many=True, put="absent"),
        Reference(field="defaultPersona", to=("persona",), put="absent"),
        Reference(field="policies", to=("policy",), many=True, put="absent"),
    ),
    traits=(OWNERS, DOMAINS, SOFT_DELETE),
    filters=(
        Filter(name="parentTeam", kind="reference", to="team", member="parents"),
        Filter(name="isJoinable", kind="flag", member="isJoinable"),
    ),
    inverses=(
        Inverse(field="children", of="team", member="parents", settable=True),
        Inverse(field="users", of="user", member="teams", settable=True),
        Inverse(field="owns", member="owners"),
    ),
    gathered=(Gathered(field="inheritedRoles", through="parents", up="parents", member="defaultRoles"),),
    counts=(
        UsageCount(field="childrenCount", counts="inverse", of="children"),
        UsageCount(field="userCount", counts="inverse", of="users"),
    ),
    renamable=True,
    secrets=("profile",),
    assets="owners",
    defaults={"teamType": "Group", "isJoinable": True, "parents": ["Organization"]},
    seeds=(
        {
            "name": "Organization",
            "teamType": "Organization",
            "parents": [],
            "isJoinable": False,
            "description": "The team at the top: every team without a parent of its own stands below it.",
        },
    ),
)


class AuthType(StrEnum):
    """How somebody proves who they are: by a token of ours, by a login elsewhere, or by a password."""

    JWT = "JWT"
    SSO = "SSO"
    BASIC = "BASIC"


class AuthenticationMechanism(Model):
    """How a user, mostly a bot, proves who it is. Tokens and keys in ``config`` are stored apart."""

    auth_type: AuthType | None = None
    config: Document | None = None

    @model_validator(mode="after")
    def _keeps_no_password(self) -> "AuthenticationMechanism":
        if self.auth_type == AuthType.BASIC or "password" in (self.config or {}):
            raise ValueError("BASIC: passwords are not kept here; use JWT or SSO")
        return self


class _UserFields(Model):
    """What a user says of itself. ``externalId`` is its id in the directory that it comes from."""

    email: Email
    external_id: str | None = None
    scim_user_name: str | None = None
    timezone: str | None = None
    is_admin: bool = False
    is_bot: bool = Field(False, description="Whether a program acts, whose writes spare what people wrote.")
    profile: Profile | None = None
    authentication_mechanism: AuthenticationMechanism | None = None
    teams: list[ReferenceInput] | None = None
    roles: list[ReferenceInput] | None = None
    personas: list[ReferenceInput] | None = None
    default_persona: ReferenceInput | None = None
    domains: list[ReferenceInput] | None = None


class User(_UserFields, Entity):
    """A person or program that acts."""

    allow_impersonation: bool | None = None
    is_email_verified: bool | None = None
    last_login_time: int | None = None
    last_activity_time: int | None = None
    persona_preferences: list[Document] | None = None
    owns: list[EntityReference] | None = None
    follows: list[EntityReference] | None = None
    inherited_roles: list[EntityReference] | None = None
    inherited_personas: list[EntityReference] | None = None


NO_PASSWORD = "passwords are not kept here"


class CreateUser(_UserFields, CreateRequest):
    """A request to create or update a user. The name is stored in lower case."""

    refused: ClassVar[Mapping[str, str]] = {
        "password": NO_PASSWORD,
        "confirmPassword": NO_PASSWORD,
        "createPasswordType": NO_PASSWORD,
        "botName": "a bot names its user, not the other way round; send it to /bots",
    }


USER = EntityType(
    name="user",
    collection="users",
    entity=User,
    create=CreateUser,
    references=(
        Reference(field="teams", to=("team",), many=True, put="absent"),
        Reference(field="roles", to=("role",), many=True, put="absent"),
        Reference(field="personas", to=("persona",), many=True, put="absent"),
        Reference(field="defaultPersona", to=("persona",), put="absent"),
    ),
    traits=(DOMAINS, SOFT_DELETE),
    versions=VersionRules(
        unversioned=("lastLoginTime", "lastActivityTime"),
        put_sticky=("profile", "timezone", "externalId", "scimUserName", "authenticationMechanism"),
    ),
    filters=(
        Filter(name="team", kind="reference", to="team", member="teams"),
        Filter(name="isAdmin", kind="flag", member="isAdmin"),
        Filter(name="isBot", kind="flag", member="isBot"),
    ),
    inverses=(Inverse(field="owns", member="owners"), Inverse(field="follows", member="followers")),
    gathered=(
        Gathered(field="inheritedRoles", through="teams", up="parents", member="defaultRoles"),
        Gathered(field="inheritedPersonas", through="teams", up="parents", member="defaultPersona"),
    ),
    lower_case=True,
    secrets=("authenticationMechanism", "profile"),
    assets="owners",
    defaults={"isAdmin": False, "isBot": False},
    seeds=(
        {
            "name": "admin",
            "email": "admin@headwater.internal",
            "isAdmin": True,
            "description": "Who acts on a machine of one's own, where nobody has to log in.",
        },
        {
            "name": "ingestion-bot",
            "email": "ingestion-bot@headwater.internal",
            "isBot": True,
            "displayName": "Ingestion bot",
            "description": "Who acts when connectors bring metadata in.",
        },
    ),
)


class _BotFields(Model):
    """What a bot says of itself. Its user is what acts, and serves no other bot."""

    bot_user: ReferenceInput
    provider: Provider = Provider.USER
    domains: list[ReferenceInput] | None = None


class Bot(_BotFields, Entity):
    """A program that acts on its own, as a user that is a bot."""


class CreateBot(_BotFields, CreateRequest):
    """A request to create or update a bot."""

    refused: ClassVar[Mapping[str, str]] = {"allowImpersonation": "it is said of the bot's user"}


BOT = EntityType(
    name="bot",
    collection="bots",
    entity=Bot,
    create=CreateBot,
    references=(Reference(field="botUser", to=("user",), needs="isBot", exclusive=True),),
    traits=(DOMAINS, SOFT_DELETE),
    defaults={"provider": "user"},
    seeds=(
        {
            "name": "ingestion-bot",
            "botUser": "ingestion-bot",
            "provider": "system",
            "description": "Brings in what connectors find.",
        },
    ),
)


class _PersonaFields(Model):
    """What a persona says of itself; ``contextDefinition`` is what language models are told for it."""

    context_definition: Document | None = None
    domains: list[ReferenceInput] | None = None
    users: list[ReferenceInput] | None = None
    default: bool = Field(False, description="Whether it is meant for users who have none.")


class Persona(_PersonaFields, Entity):
    """A way to look at the catalogue, for people with one kind of work."""

    ui_customization: EntityReference | None = None


class CreatePersona(_PersonaFields, CreateRequest):
    """A request to create or update a persona."""


PERSONA = EntityType(
    name="persona",
    collection="personas",
    entity=Persona,
    create=CreatePersona,
    traits=(DOMAINS,),
    inverses=(Inverse(field="users", of="user", member="personas", settable=True),),
    renamable=True,
    defaults={"default": False},
)
