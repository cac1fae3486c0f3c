# SPDX-License-Identifier: Apache-2.0
"""Who is told: the people that have to do with an entity, and the addresses by which they are reached."""

from collections.abc import Callable, Iterable, Mapping

import orjson

from headwater.catalog.alerts.happening import Happening, Surroundings
from headwater.schema.base import Document
from headwater.schema.entities.people import TEAM, USER
from headwater.store import documents, history, lineage, relationships
from headwater.store.database import Session

ITSELF = 0
"""The recipient that is a destination's own address."""
FAR = 5_000
"""How many entities downstream are looked at for their people."""

CHATS = {"Slack": "slack", "MsTeams": "msTeams", "GChat": "gChat", "Webhook": "generic"}
"""Where the profile of a user or team keeps the endpoint of each way."""


def recipients(happening: Happening, destination: Document) -> list[int]:
    """The nodes of the users and teams that a destination means for an event, in order."""
    category = destination["category"]
    if category == "External":
        return [ITSELF]
    surroundings = happening.surroundings
    if category in ("Users", "Teams"):
        declared = USER if category == "Users" else TEAM
        names = (destination.get("config") or {}).get("receivers") or ()
        rows = [
            documents.find(surroundings.session, declared.name, declared.lookup_or_none(name) or "") for name in names
        ]
        return sorted({row.node for row in rows if row})
    if category == "Admins":
        listing = documents.Listing(type=USER.name, flags={"isAdmin": True})
        return [row.node for row in documents.page(surroundings.session, listing, 1000)]
    entities = happening.about or {happening.event.entity}
    if destination.get("notifyDownstream"):
        entities = entities | _downstream(surroundings.session, entities, destination.get("downstreamDepth"))
    return sorted({node for entity in entities for node in PEOPLE[category](happening, entity)})


def _owners(happening: Happening, entity: int) -> Iterable[int]:
    own = entity == happening.event.entity
    document = happening.entity if own else happening.surroundings.shown(entity, happening.event.position)
    ids = [one["id"] for one in document.get("owners") or ()]
    return [row.node for row in documents.cards_by_id(happening.surroundings.session, ids)] if ids else ()


def _followers(happening: Happening, entity: int) -> Iterable[int]:
    return relationships.followers(happening.surroundings.session, entity, happening.event.position)


PEOPLE: Mapping[str, Callable[[Happening, int], Iterable[int]]] = {"Owners": _owners, "Followers": _followers}


def _downstream(session: Session, entities: set[int], depth: int | None) -> set[int]:
    """What is made from some entities, at most so many hops away."""
    found, level = set(entities), set(entities)
    while level and depth != 0 and len(found) < FAR:
        level = {row.downstream for row in lineage.edges_out_of(session, level)} - found
        found |= level
        depth = None if depth is None else depth - 1
    return found


def mail_addresses(surroundings: Surroundings, node: int) -> list[str]:
    """Where a user or team gets mail: at its own address; a team without one, at those of its users."""
    row = documents.by_node(surroundings.session, [node]).get(node)
    if row is None or row.removed or row.deleted:
        return []
    if address := orjson.loads(row.document).get("email"):
        return [str(address)]
    members = members_of(surroundings.session, node) if row.type == TEAM.name else []
    found = documents.by_node(surroundings.session, members).values()
    addresses = {orjson.loads(member.document).get("email") for member in found if not member.deleted}
    return sorted(str(one) for one in addresses if one)


def members_of(session: Session, team: int) -> list[int]:
    """The users of a team."""
    return relationships.referrers_at(session, team, "teams", USER.name, history.newest(session))


def endpoint(surroundings: Surroundings, node: int, way: str) -> Document:
    """The endpoint that a user or team gave for a way, as a destination's ``config``; empty where there is none."""
    row = documents.by_node(surroundings.session, [node]).get(node)
    profile = orjson.loads(row.document).get("profile") or {} if row and not row.deleted else {}
    config: Document = (profile.get("subscription") or {}).get(CHATS.get(way, "")) or {}
    return config
