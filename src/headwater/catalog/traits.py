# SPDX-License-Identifier: Apache-2.0
"""What traits check and compute in the document that is about to be stored: after the merge, when it is known what
stays."""

from collections.abc import Iterable

from headwater.catalog.names import Card, Names
from headwater.catalog.shape import Outline
from headwater.errors import InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import CERTIFICATION, CUSTOM_PROPERTIES, DATA_PRODUCTS, LIFE_CYCLE, OWNERS
from headwater.schema.properties import PROPERTY_TYPES, config_of

ONE_TEAM = "Only One Team is allowed to own Data Assets."
NO_DOMAIN = "Domain cannot be empty when data products are provided."
CERTIFYING = "Certification"
"""The classification whose tags certify."""


def settle(new: Outline, old: Outline | None, parent: int | None, names: Names) -> None:
    """Complete a document that is about to be stored below ``parent``, and refuse one that breaks a trait's rule.

    What it already held is not checked again.
    """
    declared, document, before = new.shape.declared, new.document, old.document if old else {}

    def is_new(member: str) -> bool:
        return bool(document.get(member)) and document[member] != before.get(member)

    if declared.has(LIFE_CYCLE):
        _keep_later(document.get("lifeCycle"), before.get("lifeCycle"))
    if declared.has(OWNERS) and is_new("owners"):
        _check_owners(document["owners"], names)
    if declared.has(CERTIFICATION) and is_new("certification"):
        _check_certification(document["certification"], names)
    if declared.has(DATA_PRODUCTS) and (is_new("dataProducts") or document.get("domains") != before.get("domains")):
        _check_domain(document, parent, names)
    if declared.has(CUSTOM_PROPERTIES) and is_new("customProperties"):
        _check_properties(declared.name, document, before.get("customProperties") or (), names)
    for reference in declared.references:
        if reference.sibling and is_new(reference.field):
            _check_sibling(reference.field, names.by_id[document[reference.field]["id"]], parent, names)
    _check_labels(new, old, names)


def _check_sibling(member: str, target: Card, parent: int | None, names: Names) -> None:
    """What an entity refers to lives where it lives itself."""
    if target.parent != parent and parent is not None and (above := names.node(parent)):
        raise InvalidEntity(f"{member}: {target.fqn} does not belong to the {above.type} {above.fqn}")


def _keep_later(new: Document | None, old: Document | None) -> None:
    for member, known in (old or {}).items() if new else ():
        if new is not None and (member not in new or new[member]["timestamp"] < known["timestamp"]):
            new[member] = known


def _check_owners(owners: list[Document], names: Names) -> None:
    """Any number of users, or exactly one team of type Group."""
    teams = [names.by_id[owner["id"]] for owner in owners if owner["type"] == "team"]
    if not teams:
        return
    if len(teams) > 1:
        raise InvalidEntity(ONE_TEAM)
    if len(owners) > 1:
        raise InvalidEntity("owners are users or one team, not both")
    kind = teams[0].shown.get("teamType", "Group")
    if kind != "Group":
        raise InvalidEntity(f"owners: a team of type {kind} cannot own anything; {teams[0].fqn} is not of type Group")


def _check_certification(certification: Document, names: Names) -> None:
    """Its tag belongs to the classification for that, and it ends after it begins."""
    tag = names.by_id[certification["tagLabel"]["id"]]
    if certification["tagLabel"]["source"] != "Classification" or fqn.below(tag.fqn, CERTIFYING) is None:
        raise InvalidEntity(f"certification: {tag.fqn} is not a tag of the classification {CERTIFYING}")
    if certification["expiryDate"] <= certification["appliedDate"]:
        raise InvalidEntity("certification: expiryDate must be later than appliedDate")


def _check_properties(type_: str, described: Document, old: Iterable[Document], names: Names) -> None:
    """Each has a type of values that is configured well. What values were made by stays as it is."""
    if described.get("category") != "entity":
        raise InvalidEntity("customProperties: only types of entities have any")
    known = {one["name"]: one for one in old}
    seen = set()
    for one in described["customProperties"]:
        name, kind = one["name"], names.by_id[one["propertyType"]["id"]].name
        if name in seen:
            raise InvalidEntity(f"customProperties: {name} is declared twice")
        seen.add(name)
        if one != known.get(name):
            why = _property_fault(one, kind, known.get(name))
            if why is None and PROPERTY_TYPES[kind].refers:
                why = _unknown_type(type_, config_of(one) or (), names)
            if why:
                raise InvalidEntity(f"custom property {name} of type {kind}: {why}")


def _unknown_type(type_: str, wanted: Iterable[str], names: Names) -> str | None:
    types = names.find([(type_, one) for one in wanted])
    unknown = [one for one in wanted if (type_, one) not in types]
    return f"{unknown[0]} is not a type of entities" if unknown else None


def _property_fault(new: Document, kind: str, old: Document | None) -> str | None:
    """Why a custom property cannot be declared, or changed, like this."""
    if kind not in PROPERTY_TYPES:
        return f"there is no such type of values; there are {', '.join(PROPERTY_TYPES)}"
    config = config_of(new)
    if why := PROPERTY_TYPES[kind].misconfigured(config):
        return why
    if old and old["propertyType"]["id"] != new["propertyType"]["id"]:
        return "its propertyType can't be modified; remove it and declare another one"
    if old and kind == "enum" and (gone := [one for one in config_of(old)["values"] if one not in config["values"]]):
        return f"the value {gone[0]} cannot be taken away"
    return None


def _check_domain(document: Document, parent: int | None, names: Names) -> None:
    """Who is part of a data product needs a domain, of its own or of something above."""
    if not document.get("dataProducts") or document.get("domains"):
        return
    while parent is not None and (above := names.node(parent)):
        if above.shown.get("domains"):
            return
        parent = above.parent
    raise InvalidEntity(NO_DOMAIN)


def _check_labels(new: Outline, old: Outline | None, names: Names) -> None:
    """No label that came, by itself or with another one, may clash with one that is there."""
    tagged = [(path, _tags(holder, names)) for path, holder in new.labelled if holder.get("tags")]
    if several := [(path, tags) for path, tags in tagged if len(tags) > 1]:
        known = {path: _tags(holder, names) for path, holder in (old.labelled if old else ())}
        for path, tags in several:
            if brought := tags - known.get(path, set()):
                _check_exclusion((names.by_id[tag] for tag in tags), brought, names)


def _tags(holder: Document, names: Names) -> set[str]:
    labels = names.with_derived(holder.get("tags") or ())
    return {label["id"] for label in labels if not names.by_id[label["id"]].removed}


def _check_exclusion(cards: Iterable[Card], brought: set[str], names: Names) -> None:
    """Of the tags below one that is mutually exclusive, there can be only one: none of those that came may clash."""
    taken: dict[int, Card] = {}
    for card in sorted(cards, key=lambda one: one.fqn):
        above = names.node(card.parent) if card.parent is not None else None
        if above is None or not above.shown.get("mutuallyExclusive"):
            continue
        other = taken.setdefault(above.node, card)
        if other is not card and brought & {card.id, other.id}:
            raise InvalidEntity(
                f"Tag labels {other.fqn} and {card.fqn} are mutually exclusive and can't be assigned together"
            )
