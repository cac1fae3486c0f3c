# SPDX-License-Identifier: Apache-2.0
"""From what a request says to the form that is stored: references by id, labels by tag id, nothing derived.

Everything that can be wrong with the content is found here, before anything is written. What was already in the
entity is not checked again: a column that vanished since must not stand in the way of an unrelated change.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cached_property
from typing import Any
from uuid import UUID

from headwater.catalog.context import position_of
from headwater.catalog.fields import Fields
from headwater.catalog.names import Card, Names
from headwater.catalog.rejections import rejected
from headwater.catalog.shape import Outline, sources
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document, LabelState, held
from headwater.schema.declare import EXTENSION, LIFE_CYCLE, FieldLineage, Reference
from headwater.schema.properties import PROPERTY_TYPES, PropertyType, config_of
from headwater.schema.registry import Registry
from headwater.store import history, lineage, relationships
from headwater.store.database import Session
from headwater.store.rows import NodeRow

KEPT_OF_LABEL = ("source", "labelType", "state", "reason", "appliedAt", "appliedBy", "metadata")
PATH_SIZE = 2000
"""Bytes that the path of a field may have: PostgreSQL's indexes hold a little more."""
DERIVED_OF_PART = ("fullyQualifiedName",)
VALIDITY = 30 * 24 * 60 * 60 * 1000
"""Milliseconds for which a certification holds that does not say how long."""


class Preparation:
    """One request on its way into the store. The new document is taken over and changed in place.

    ``entity_id``: which entity it is about, if that is there. ``keeps``: what the request leaves unsaid of a label that
    is there stays as it is.
    """

    def __init__(
        self,
        session: Session,
        registry: Registry,
        names: Names,
        fields: Fields,
        new: Outline,
        old: Outline | None = None,
        entity_id: str | None = None,
        keeps: bool = False,
    ) -> None:
        self.session = session
        self.registry = registry
        self.names = names
        self.fields = fields
        self.new = new
        self.old = old
        self.entity_id = entity_id
        self.keeps = keeps
        self.faults: list[str] = []
        self.warnings: list[str] = []
        self.known_ids = old.ids if old else set()

    def run(self, user: str, timestamp: int, position: int) -> None:
        """Bring it to its stored form; ``InvalidEntity`` with every fault, ``EntityNotFound`` for what is missing."""
        self._resolve_references()
        self._resolve_labels(user, timestamp)
        self._stamp(user, timestamp)
        self._check_parts()
        self._pin(position)
        self._check_extension()
        self._check_type_names()
        self._resolve_accessors()
        if self.faults:
            raise InvalidEntity(errors=self.faults)
        self._check_sources()

    def _check_type_names(self) -> None:
        """Lists of names of types hold none that there is not, but for what they held before."""
        declared = self.new.shape.declared
        for path in declared.type_names:
            before = held(self.old.document, path.split(".")) if self.old else None
            known = [*(one.name for one in self.registry), *declared.other_names]
            for name in held(self.new.document, path.split(".")) or ():
                if name not in known and name not in (before or ()):
                    folded = {one.casefold(): one for one in known}
                    near = get_close_matches(name.casefold(), folded, n=1)
                    hint = f"; did you mean {folded[near[0]]}?" if near else ""
                    self.faults.append(f"{path}: there is no type of entity called {name}{hint}")

    # references ---------------------------------------------------------------------------------------------------

    def _resolve_references(self) -> None:
        wanted = [
            (reference, one) for reference, _, holder in self.new.places for one in _as_list(holder[reference.field])
        ]
        self.names.load({entity_id for _, one in wanted if (entity_id := _id_of(one))} | self.known_ids)
        by_name = self.names.find(
            {key for reference, one in wanted if not _id_of(one) for key in self._keys(reference, one)}
        )
        for reference, member, holder in self.new.places:
            found = [self._card(reference, member, one, by_name) for one in _as_list(holder[reference.field])]
            resolved = {card.id: {"id": card.id, "type": card.type} for card in found if card}
            if reference.needs or reference.exclusive:
                self._check_targets(reference, resolved)
            if reference.many:
                holder[reference.field] = list(resolved.values())
            elif resolved:
                (holder[reference.field],) = resolved.values()

    def resolve(self, reference: Reference, given: Iterable[Any]) -> list[Card]:
        """The entities that references outside the document name; ``InvalidEntity`` or ``EntityNotFound`` if wrong."""
        wanted = list(given)
        self.names.load({entity_id for one in wanted if (entity_id := _id_of(one))})
        by_name = self.names.find({key for one in wanted if not _id_of(one) for key in self._keys(reference, one)})
        cards = [self._card(reference, reference.field, one, by_name) for one in wanted]
        if self.faults:
            raise InvalidEntity(errors=self.faults)
        return [card for card in cards if card]

    def _check_targets(self, reference: Reference, resolved: Iterable[str]) -> None:
        """What a declaration asks of targets that this entity did not refer to before."""
        for card in (self.names.by_id[entity_id] for entity_id in resolved if entity_id not in self.known_ids):
            if reference.needs and not card.shown.get(reference.needs):
                self.faults.append(f"{reference.field}: {card.fqn} is a {card.type} without {reference.needs}")
            if reference.exclusive and (referrer := self._referrer(card, reference.field)):
                self.faults.append(
                    f"{_spoken(reference.field)} [{card.name}] is already used by [{referrer.name}] {referrer.type}"
                )

    def _referrer(self, card: Card, field: str) -> Card | None:
        position = history.newest(self.session)
        nodes = relationships.referrers_at(self.session, card.node, field, self.new.shape.declared.name, position)
        return self.names.node(nodes[0]) if nodes else None

    def _keys(self, reference: Reference, given: Any) -> Iterator[tuple[str, str]]:
        """The types and FQNs under which a reference without an id may be found."""
        if isinstance(given, dict):
            name = given.get("fullyQualifiedName") or given.get("name")
            types: Iterable[str] = [given["type"]] if given.get("type") in reference.to else ()
        else:
            name, types = given, reference.to
        for target in types:
            if name and target in self.registry and (found := self.registry[target].lookup_or_none(name)):
                yield target, found

    def _card(self, reference: Reference, member: str, given: Any, by_name: dict[tuple[str, str], Card]) -> Card | None:
        entity_id = _id_of(given)
        if entity_id:
            card = self.names.by_id.get(entity_id)
        else:
            keys = list(self._keys(reference, given))
            card = next((by_name[key] for key in keys if key in by_name), None) or self._formerly(keys)
        if isinstance(given, dict) and given.get("type") not in (None, *reference.to):
            self.faults.append(f"{member}: a {given['type']} cannot stand here, only {' or '.join(reference.to)}")
            return None
        if card is None:
            raise EntityNotFound.named(_type_of(reference, given), _text_of(given))
        if card.type not in reference.to:
            self.faults.append(f"{member}: {card.fqn} is a {card.type}, not a {' or '.join(reference.to)}")
            return None
        stays = card.id in self.known_ids and (reference.keep_removed or not card.removed)
        if (card.removed or card.deleted) and not stays:
            raise EntityNotFound.named(card.type, card.fqn)
        return card

    def _formerly(self, keys: list[tuple[str, str]]) -> Card | None:
        """What this entity referred to already and was deleted for good since; the newest if several had that name."""
        known = (self.names.by_id.get(entity_id) for entity_id in self.known_ids)
        former = [card for card in known if card and (card.type, card.fqn) in keys]
        return max(former, key=lambda card: card.node, default=None)

    # labels -------------------------------------------------------------------------------------------------------

    def _resolve_labels(self, user: str, timestamp: int) -> None:
        holders: list[tuple[str, Document, list[Any]]] = []
        for path, holder in self.new.labelled:
            if labels := [label for label in holder.pop("tags", None) or () if not _is_derived(label)]:
                holders.append((path, holder, labels))
        certification = self.new.certification
        given = [label for _, _, labels in holders for label in labels]
        given += [certification["tagLabel"]] if certification else []
        if not given:
            return
        words = self._words(given)
        old = self.old.labels if self.old else ()
        before = {(path, label["id"], label["source"]): label for path, label in old}
        applied = {"appliedAt": datetime.fromtimestamp(timestamp / 1000, UTC).isoformat(), "appliedBy": user}

        def stored(path: str, label: Any) -> Document:
            source, name = _label_key(label)
            card = words[source, name]
            earlier = before.get((path, card.id, source))
            if earlier is None:
                self._check_new_label(card)
            found = _stored_label(card, label, earlier if self.keeps else None)
            for member, value in applied.items():
                found[member] = (earlier or {}).get(member) or found.get(member) or value
            return found

        for path, holder, labels in holders:
            found = self._not_rejected(path, [stored(path, label) for label in labels], before)
            holder["tags"] = _distinct(found)
        if certification:
            certification["tagLabel"] = stored("", certification["tagLabel"])
            certification.setdefault("appliedDate", timestamp)
            certification.setdefault("expiryDate", certification["appliedDate"] + VALIDITY)

    def _not_rejected(
        self, path: str, labels: list[Document], before: Mapping[tuple[str, str, str], Document]
    ) -> list[Document]:
        """The labels but for new suggestions that somebody rejected here."""
        left = []
        for label in labels:
            new = label["state"] == LabelState.SUGGESTED and (path, label["id"], label["source"]) not in before
            if new and self.entity_id and (path.casefold(), label["id"]) in self._rejected:
                place = f" for {path}" if path else ""
                name = self.names.by_id[label["id"]].fqn
                self.warnings.append(f"tags: {name} was rejected{place}, and is not suggested again")
            else:
                left.append(label)
        return left

    @cached_property
    def _rejected(self) -> set[tuple[str, str]]:
        return rejected(self.session, str(self.entity_id))

    def _words(self, labels: Iterable[Any]) -> dict[tuple[str, str], Card]:
        """The entities that labels name, by source and name as given."""
        given = {_label_key(label) for label in labels}
        types = self.registry.labels
        if unknown := [source for source, _ in given if source not in types]:
            raise InvalidEntity(f"tags: there is no source of labels called {unknown[0]}")
        keys = {(one, name): (types[one].name, types[one].lookup_or_none(name) or name) for one, name in given}
        cards = self.names.find(keys.values())
        self.names.nodes({card.parent for card in cards.values() if card.parent is not None})
        for key in keys.values():
            if key not in cards:
                raise EntityNotFound.named(*key)
        return {given: cards[key] for given, key in keys.items()}

    def _check_new_label(self, card: Card) -> None:
        if card.deleted:
            raise EntityNotFound.named(card.type, card.fqn)
        above: Card | None = card
        while above is not None:
            if above.shown.get("disabled"):
                self.faults.append(f"tags: {card.fqn} is disabled and cannot be used any more")
                return
            above = self.names.node(above.parent) if above.parent is not None else None

    # custom properties, life cycle --------------------------------------------------------------------------------

    def _check_extension(self) -> None:
        """New values of custom properties, where the type of the entity has any: a type without takes what comes."""
        extension = self.new.document.get("extension") if self.new.shape.declared.has(EXTENSION) else None
        known = (self.old.document.get("extension") or {}) if self.old else {}
        changed = {name: value for name, value in (extension or {}).items() if value != known.get(name)}
        properties = self.properties() if changed else {}
        for name, value in changed.items() if properties else ():
            if name not in properties:
                self.faults.append(f"Unknown custom field {name}")
                continue
            kind, config = properties[name]
            if why := kind.fault(value, config):
                self.faults.append(f"extension.{name}: {why} ({kind.name})")
            elif kind.refers and extension:
                types = tuple(config or (one.name for one in self.registry))
                written = [self._written(f"extension.{name}", types, one) for one in _as_list(value)]
                extension[name] = written if isinstance(value, list) else written[0]

    def properties(self) -> dict[str, tuple[PropertyType, Any]]:
        """The custom properties of the entity's type, each with its type and configuration."""
        describing = self.registry.describing
        key = (describing.name, self.new.shape.declared.name) if describing else ("", "")
        card = self.names.find([key]).get(key) if describing else None
        declared = card.shown.get("customProperties", ()) if card else ()
        self.names.load(one["propertyType"]["id"] for one in declared)
        kinds = {one["name"]: self.names.by_id[one["propertyType"]["id"]].name for one in declared}
        return {one["name"]: (PROPERTY_TYPES[kinds[one["name"]]], config_of(one)) for one in declared}

    def _resolve_accessors(self) -> None:
        """Who made, changed or used an asset: a reference as it was when that happened."""
        if not self.new.shape.declared.has(LIFE_CYCLE):
            return
        known = (self.old.document.get("lifeCycle") or {}) if self.old else {}
        for member, access in (self.new.document.get("lifeCycle") or {}).items():
            if "accessedBy" in access and access["accessedBy"] != known.get(member, {}).get("accessedBy"):
                access["accessedBy"] = self._written(f"lifeCycle.{member}.accessedBy", ("user",), access["accessedBy"])

    def _written(self, member: str, types: tuple[str, ...], given: Any) -> Document:
        """A reference that is stored as it is now, with names, and not followed."""
        (card,) = self.resolve(Reference(field=member, to=types), [given])
        return {"id": card.id, "type": card.type, "name": card.name, "fullyQualifiedName": card.fqn}

    # who and when, as of when -------------------------------------------------------------------------------------

    def _stamp(self, user: str, timestamp: int) -> None:
        """Note who gives stamped objects their values; those that keep their values keep the note."""
        old = self.old.document if self.old else {}
        for member in self.new.shape.declared.stamped:
            if given := self.new.document.get(member):
                known = old.get(member) or {}
                same = _unstamped(given) == _unstamped(known)
                note = {"by": known["by"], "at": known["at"]} if same else {"by": user, "at": timestamp}
                self.new.document[member] = _unstamped(given) | note

    def _pin(self, position: int) -> None:
        """Say of references that are meant as of a position as of which."""
        pinned = [(child, child.pinned, item) for child, _, _, item in self.new.parts if child.pinned]
        old = self.old.parts if self.old and pinned else ()
        known = {(child.field, item["name"]): item for child, _, _, item in old if child.pinned}
        for child, member, item in pinned:
            place, (reference,) = f"{child.field}.{item['name']}.{member}", child.references
            given = item.pop(member, None)
            target = item.get(reference.field)
            twin = dict(known.get((child.field, item["name"])) or {})
            before = twin.pop(member, None)
            if target is None:
                self.faults += [f"{place}: there is no {reference.field} that it could speak of"] if given else []
            elif before and (given == before or (given is None and twin == item)):
                item[member] = before
            else:
                item[member] = self._pinned_at(place, target["id"], given, position)

    def _pinned_at(self, place: str, target: str, given: str | None, position: int) -> str:
        """A moment as a position at which the target was there."""
        if given is None:
            return f"@{position}"
        card = self.names.by_id[target]
        try:
            moment = position_of(self.session, given)
        except InvalidEntity as error:
            self.faults.append(f"{place}: {error.message}")
            return given
        state = history.at(self.session, card.node, moment)
        if state is None or state.removed:
            self.faults.append(f"{place}: the catalogue had no {card.type} {card.fqn} at {given}")
        return f"@{moment}"

    # parts --------------------------------------------------------------------------------------------------------

    def _check_parts(self) -> None:
        seen: set[tuple[int, str]] = set()
        for child, path, folded, item in self.new.parts:
            for member in (*DERIVED_OF_PART, *self.new.shape.shown_on[child.field]):
                item.pop(member, None)
            if child.is_field:
                key = (id(child), folded if child.folded else path)
                if key in seen:
                    self.faults.append(f"{child.field}: {item['name']} stands twice in one list")
                if len(path) > PATH_SIZE // 4 and len(path.encode()) > PATH_SIZE:
                    self.faults.append(f"{child.field}: the path {path[:40]}… is longer than {PATH_SIZE} bytes")
                seen.add(key)

    def _check_sources(self) -> None:
        """A source must be a column of its table, where the table's columns are known."""
        new = [(rule, source, table, fqn.folded_paths(source["name"])) for rule, source, table in self._new_sources()]
        existing = self.fields.find((table.node, path) for _, _, table, paths in new for path in paths)
        for rule, source, table, paths in new:
            found = [row for path in paths if (row := existing.get((table.node, path))) and row.until is None]
            if not found:
                self._refuse_unknown(table, source["name"])
                continue
            if found[0].path != paths[0]:
                source["path"] = fqn.normal(source["name"])
            self._compare_kinds(rule, source.get("dataType"), found[0], table)
        if self.faults:
            raise InvalidEntity(errors=self.faults)

    def _new_sources(self) -> Iterator[tuple[FieldLineage, Document, Card]]:
        """The sources that were not there before, with what they name; the others keep the path that was found."""
        document, old = self.new.document, self.old.document if self.old else {}
        for rule in self.new.shape.field_rules:
            if held(document, rule.path) == held(old, rule.path):
                continue
            known = {(entity_id, source["name"]): source for _, source, entity_id, _ in sources(rule, old)}
            for _, source, entity_id, _ in sources(rule, document):
                if (earlier := known.get((entity_id, source["name"]))) is None:
                    yield rule, source, self.names.by_id[entity_id]
                elif "path" in earlier:
                    source["path"] = earlier["path"]

    def _compare_kinds(self, rule: FieldLineage, said: str | None, column: NodeRow, table: Card) -> None:
        """Warn of a source whose type the column cannot have; of column types that no source knows, say nothing."""
        fitting = rule.kinds.get(said or "")
        if fitting is None or column.kind is None or column.kind in fitting:
            return
        if any(column.kind in kinds for kinds in rule.kinds.values()):
            self.warnings.append(f"{table.fqn}.{column.name} is of type {column.kind}, not {said} as the source says")

    def _refuse_unknown(self, table: Card, name: str) -> None:
        columns = {node.path: node.name for node in lineage.nodes_of(self.session, [table.node]) if node.until is None}
        if not columns:
            return
        near = get_close_matches(name.casefold(), columns, n=1, cutoff=0.0)
        self.faults.append(f"{table.fqn} has no column {name}; the nearest is {columns[near[0]]}")


def _unstamped(value: Document) -> Document:
    return {member: inner for member, inner in value.items() if member not in ("by", "at")}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _id_of(given: Any) -> str | None:
    """The id that a reference names; a bare text counts as one if it reads as one."""
    if isinstance(given, dict):
        return given.get("id")
    try:
        return str(UUID(given)) if len(given) == 36 else None
    except ValueError:
        return None


def _spoken(member: str) -> str:
    """The name of a member as words."""
    return re.sub(r"(?=[A-Z])", " ", member).capitalize()


def _type_of(reference: Reference, given: Any) -> str:
    return str(given.get("type")) if isinstance(given, dict) and given.get("type") else reference.to[0]


def _text_of(given: Any) -> str:
    if isinstance(given, dict):
        return str(given.get("id") or given.get("fullyQualifiedName") or given.get("name"))
    return str(given)


def _is_derived(label: Any) -> bool:
    """Whether a label follows from another one, as we would find out ourselves."""
    return isinstance(label, dict) and label.get("labelType") == "Derived"


def _label_key(label: Any) -> tuple[str, str]:
    if isinstance(label, str):
        return "Classification", label
    return label.get("source") or "Classification", label["tagFQN"]


def _distinct(labels: Iterable[Document]) -> list[Document]:
    """Each label once: of several copies the last, unless an earlier one is confirmed and it is not."""
    found: dict[tuple[str, str], Document] = {}
    for label in labels:
        key = label["id"], label["source"]
        if key not in found or label["state"] == LabelState.CONFIRMED or found[key]["state"] == LabelState.SUGGESTED:
            found[key] = label
    return list(found.values())


def _stored_label(card: Card, label: Any, earlier: Document | None) -> Document:
    given = {"labelType": "Manual", "state": "Confirmed"} | (earlier or {}) | (label if isinstance(label, dict) else {})
    given["source"] = _label_key(label)[0]
    return {"id": card.id} | {member: given[member] for member in KEPT_OF_LABEL if given.get(member) is not None}
