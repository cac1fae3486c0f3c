# SPDX-License-Identifier: Apache-2.0
"""People and programs that act, and the teams that they form."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from headwater.schema.base import CreateRequest, Document, Entity, EntityReference, Model, ReferenceInput
from headwater.schema.declare import DOMAINS, OWNERS, SOFT_DELETE, EntityType, Filter, Inverse, Reference, VersionRules

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
    """What a team says of itself. ``externalId`` is its id in the directory that it comes from."""

    team_type: TeamType = TeamType.GROUP
    email: Email | None = None
    external_id: str | None = None
    profile: Profile | None = None
    is_joinable: bool = True
    parents: list[ReferenceInput] | None = None
    owners: list[ReferenceInput] | None = None


class Team(_TeamFields, Entity):
    """A team of users, or of other teams."""

    children: list[EntityReference] | None = None
    users: list[EntityReference] | None = None


class CreateTeam(_TeamFields, CreateRequest):
    """A request to create or update a team. Users name their teams, and teams their parents."""


TEAM = EntityType(
    name="team",
    collection="teams",
    entity=Team,
    create=CreateTeam,
    references=(Reference(field="parents", to=("team",), many=True, put="absent"),),
    traits=(OWNERS, SOFT_DELETE),
    filters=(
        Filter(name="parentTeam", kind="reference", to="team", member="parents"),
        Filter(name="isJoinable", kind="flag", member="isJoinable"),
    ),
    inverses=(
        Inverse(field="children", of="team", member="parents"),
        Inverse(field="users", of="user", member="teams"),
    ),
    renamable=True,
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


class _UserFields(Model):
    """What a user says of itself. ``externalId`` is its id in the directory that it comes from."""

    email: Email
    external_id: str | None = None
    timezone: str | None = None
    is_admin: bool = False
    is_bot: bool = Field(False, description="Whether a program acts, whose writes spare what people wrote.")
    profile: Profile | None = None
    teams: list[ReferenceInput] | None = None
    domains: list[ReferenceInput] | None = None


class User(_UserFields, Entity):
    """A person or program that acts."""


class CreateUser(_UserFields, CreateRequest):
    """A request to create or update a user. The name is stored in lower case."""


USER = EntityType(
    name="user",
    collection="users",
    entity=User,
    create=CreateUser,
    references=(Reference(field="teams", to=("team",), many=True, put="absent"),),
    traits=(DOMAINS, SOFT_DELETE),
    versions=VersionRules(put_sticky=("profile", "timezone", "externalId")),
    filters=(
        Filter(name="team", kind="reference", to="team", member="teams"),
        Filter(name="isAdmin", kind="flag", member="isAdmin"),
        Filter(name="isBot", kind="flag", member="isBot"),
    ),
    lower_case=True,
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
