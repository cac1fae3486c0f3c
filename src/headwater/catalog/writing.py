# SPDX-License-Identifier: Apache-2.0
"""Entities are created, updated and patched: is the content right, and what stays as it was?

Every change goes the same way: prepare, merge, and then, in ``recording``, diff, version, document, state, indexes and
event at one new position.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from headwater.catalog import (
    definitions,
    deletion,
    indexes,
    inverses,
    links,
    merge,
    secrets,
    siblings,
    versions,
)
from headwater.catalog.context import Key, dump, parse
from headwater.catalog.hydrate import Renderer
from headwater.catalog.identity import new_id
from headwater.catalog.names import Card, card_text, read_card
from headwater.catalog.prepare import Preparation
from headwater.catalog.recording import Outcome, Recorder
from headwater.catalog.shape import Outline, Shape
from headwater.errors import EntityExists, EntityNotFound, InvalidEntity, VersionConflict
from headwater.schema.base import Document, held
from headwater.schema.declare import EntityType, Parent, Reference
from headwater.store import documents, history
from headwater.store.rows import CardRow, EntityRow


class Writer(Recorder):
    """Creates, updates and patches entities."""

    # homes ----------------------------------------------------------------------------------------------------------

    def _home(self, declared: EntityType, request: Document) -> tuple[Parent | None, Card | None]:
        """The parent that a request names, or the default one; an entity link in the request is taken apart."""
        for member in dict.fromkeys(parent.field for parent in declared.parents):
            alternatives = [parent for parent in declared.parents if parent.field == member]
            given = request.get(member, alternatives[0].default)
            if given is None:
                if alternatives[0].optional:
                    continue
                types = " or ".join(parent.to for parent in alternatives)
                raise InvalidEntity(f"{member}: a {declared.name} needs a {types}")
            link = links.parse(member, given) if alternatives[0].link else {}
            given = link or given
            parent = self._fitting(alternatives, given)
            above = self._parent_card(parent, given)
            if link:
                self._check_linked(member, above, link)
                request[member] = link
            if parent.only:
                request["name"] = parent.only
            self._check_copied(parent, declared, above, request)
            return parent, above
        return None, None

    def _fitting(self, alternatives: Sequence[Parent], given: Any) -> Parent:
        """The alternative that fits the type of what a request names."""
        wanted = given.get("type") if isinstance(given, dict) else None
        for parent in alternatives:
            if wanted in (None, parent.to):
                return parent
        types = " or ".join(parent.to for parent in alternatives)
        raise InvalidEntity(f"{alternatives[0].field}: a {wanted} cannot stand here, only a {types}")

    def _check_linked(self, member: str, above: Card, link: Document) -> None:
        """Refuse a link to a field that is not there."""
        if path := link.get("path"):
            found = self.fields.find([(above.node, path.casefold())]).values()
            if not any(row.until is None for row in found):
                raise InvalidEntity(f"{member}: {above.fqn} has no {path} in its {link['list']}")

    def _check_copied(self, parent: Parent, declared: EntityType, above: Card, request: Document) -> None:
        """Refuse a request that says something else than its parent where the parent's word counts."""
        said = [member for member in parent.copies if request.get(member) is not None]
        stored = orjson.loads(documents.by_node(self.transaction, [above.node])[above.node].document) if said else {}
        others = {other.field: other for other in declared.parents}
        for member in said:
            given, counts = request[member], stored.get(member)
            if member in others:
                given, counts = self._parent_card(others[member], given).id, (counts or {}).get("id")
            if given != counts:
                raise InvalidEntity(f"{member}: {above.fqn} has another one than this {declared.name} would have")

    def _parent_card(self, parent: Parent, given: Any) -> Card:
        above = self.context.registry[parent.to]
        if isinstance(given, dict):
            if given.get("id"):
                self.names.load([given["id"]])
                card = self.names.by_id.get(given["id"])
            else:
                name = given.get("fullyQualifiedName") or given.get("name") or ""
                card = self._card_named(above, name)
        else:
            card = self._card_named(above, given)
        if card is None or card.type != parent.to or card.deleted or card.removed:
            raise EntityNotFound.named(parent.to, str(given.get("id", given) if isinstance(given, dict) else given))
        return card

    def _card_named(self, declared: EntityType, name: str) -> Card | None:
        looked_up = declared.lookup_or_none(name)
        key = (declared.name, looked_up or "")
        return self.names.find([key]).get(key) if looked_up else None

    # creating -----------------------------------------------------------------------------------------------------

    def create(self, declared: EntityType, request: Document) -> Outcome:
        """A new entity; ``EntityExists`` if its FQN is taken, also by a soft-deleted one."""
        body = self._parsed(declared, request)
        members = inverses.taken_out(declared, body)
        parent, above = self._home(declared, body)
        entity_fqn = declared.fqn_of(above.fqn if above else None, body["name"], body)
        if existing := documents.find(self.transaction, declared.name, entity_fqn):
            state = " (soft-deleted; restore it, or delete it for good)" if existing.deleted else ""
            raise EntityExists(f"Entity already exists: {declared.name} {entity_fqn}{state}")
        outcome = self._create(declared, body, parent, above, entity_fqn)
        inverses.put(self, declared, outcome.id, members)
        return outcome

    def create_system(self, declared: EntityType, request: Document) -> Outcome:
        """An entity that belongs to the catalogue itself: nobody can delete or rename it."""
        body = self._parsed(declared, request) | {"system": True}
        parent, above = self._home(declared, body)
        return self._create(
            declared, body, parent, above, declared.fqn_of(above.fqn if above else None, body["name"], body)
        )

    def upsert(self, declared: EntityType, request: Document) -> Outcome:
        """Create the entity, or update it by the rules of PUT; a soft-deleted one is restored first."""
        body = self._parsed(declared, request)
        members = inverses.taken_out(declared, body)
        parent, above = self._home(declared, body)
        entity_fqn = declared.fqn_of(above.fqn if above else None, body["name"], body)
        row = documents.find(self.transaction, declared.name, entity_fqn)
        outcome = self._put(declared, body, parent, above, entity_fqn, row)
        inverses.put(self, declared, outcome.id, members)
        return outcome

    def _put(
        self,
        declared: EntityType,
        body: Document,
        parent: Parent | None,
        above: Card | None,
        entity_fqn: str,
        row: EntityRow | None,
    ) -> Outcome:
        if row is None:
            if self.write.if_match is not None:
                raise VersionConflict(f"{declared.name} {entity_fqn} does not exist, so it matches no version")
            return self._create(declared, body, parent, above, entity_fqn)
        self.check_match(row)
        if row.deleted:
            row = deletion.revive(self, declared, row)
        shape = self.context.shapes[declared.name]
        old = Outline(shape, orjson.loads(row.document))
        hidden = self._split(declared, body, old.document)
        del body["name"]
        prepared = self._prepare(declared, body, old, row.id, keeps=True).document
        new = merge.put(shape, self._present(shape, old.document), prepared, self.principal, self.write.override)
        return self.update(declared, row, old, Outline(shape, new), hidden)

    def _present(self, shape: Shape, document: Document) -> Document:
        """A stored document without references to what was deleted for good: a PUT has nothing to keep there."""
        present = dict(document)
        for reference in shape.references:
            value = document.get(reference.field)
            if not value or reference.keep_removed:
                continue
            live = [one for one in (value if reference.many else (value,)) if not self.names.by_id[one["id"]].removed]
            if reference.many:
                present[reference.field] = live
            elif not live:
                del present[reference.field]
        return present

    def _parsed(self, declared: EntityType, request: Document) -> Document:
        body = parse(declared.create, request)
        if declared.lower_case:
            body["name"] = body["name"].lower()
        return body

    def _create(
        self, declared: EntityType, body: Document, parent: Parent | None, above: Card | None, entity_fqn: str
    ) -> Outcome:
        if len(entity_fqn) > 3072:
            raise InvalidEntity(f"the fully qualified name would have {len(entity_fqn)} characters; 3072 is the limit")
        body = {**declared.defaults, **body}
        hidden = self._split(declared, body, {})
        for reference in declared.references:
            if reference.beside and above:
                body[reference.field] = self._beside(reference, above)
        new = self._prepare(declared, body, None)
        if parent and above:
            new.document.update(self._structure(declared, parent, above, new.document))
        return self._insert(declared, new, above.node if above else None, entity_fqn, hidden)

    def _structure(self, declared: EntityType, parent: Parent, above: Card, document: Document) -> Document:
        """The members that say where an entity lives: its parents, and what is copied from the first of them."""
        structure: Document = {parent.field: {"id": above.id, "type": above.type}}
        if parent.link:
            structure[parent.field] |= links.place(document[parent.field])
        rest = [other for other in declared.parents if other.field != parent.field and document.get(other.field)]
        for other in rest:
            card = self._parent_card(other, document[other.field])
            structure[other.field] = {"id": card.id, "type": card.type}
        if parent.copies:
            stored = orjson.loads(documents.by_node(self.transaction, [above.node])[above.node].document)
            for member in parent.copies:
                if member in stored:
                    structure[member] = stored[member]
                    if isinstance(stored[member], dict):
                        self.names.load([stored[member]["id"]])
        return structure

    def _split(self, declared: EntityType, body: Document, old: Document) -> dict[str, str]:
        """Give items their ids, and take the secrets out of a request; their texts by place."""
        for child in declared.children:
            if child.identified:
                merge.identify(child, held(old, child.path) or (), held(body, child.path) or ())
        return secrets.split(body, declared.secrets)

    def _beside(self, reference: Reference, above: Card) -> Document:
        """The only entity of a type under a parent, made where it is not."""
        declared = self.context.registry[reference.to[0]]
        (home,) = (parent for parent in declared.parents if parent.only and parent.to == above.type)
        request = {"name": home.only, home.field: {"id": above.id, "type": above.type}}
        found = documents.find(self.transaction, declared.name, declared.fqn_of(above.fqn, str(home.only), request))
        if found and found.deleted:
            deletion.revive(self, declared, found)
        entity_id = found.id if found else self.create(declared, request).id
        return {"id": entity_id, "type": declared.name}

    def _prepare(
        self,
        declared: EntityType,
        body: Document,
        old: Outline | None,
        entity_id: str | None = None,
        keeps: bool = False,
    ) -> Outline:
        new = Outline(self.context.shapes[declared.name], body)
        context, session = self.context, self.transaction
        preparation = Preparation(session, context.registry, self.names, self.fields, new, old, entity_id, keeps)
        preparation.run(self.principal.name, self.transaction.now(), self.transaction.clock.position)
        self.warnings = tuple(preparation.warnings)
        return new

    def _insert(
        self,
        declared: EntityType,
        new: Outline,
        parent: int | None,
        entity_fqn: str,
        hidden: Mapping[str, str],
    ) -> Outcome:
        self.settle(declared, new, None, parent)
        name = new.document.pop("name")
        clock = self.transaction.tick()
        node = self.transaction.new_nodes(1)[0]
        row = EntityRow(
            node=node,
            id=new_id(),
            type=declared.name,
            fqn=entity_fqn,
            name=name,
            parent=parent,
            version=versions.FIRST,
            revision=1,
            deleted=0,
            removed=None,
            position=clock.position,
            updated_at=clock.timestamp,
            updated_by=self.principal.name,
            document=dump(new.document),
            change=None,
        )
        card = card_text(declared, new.document)
        documents.insert(self.transaction, row, card)
        history.record(self.transaction, row)
        history.name_opened(self.transaction, node, declared.name, entity_fqn, clock.position)
        self.fields.begin(node)
        after = indexes.indexed(new, node, self.names.numbers)
        indexes.apply(self.transaction, self.fields, node, indexes.NOTHING, after, clock.position)
        definitions.follow(self.transaction, self.context, self.fields, row, None, new.document)
        self.store_secrets(declared, node, new.document, hidden)
        self.announce("entityCreated", row, None, None)
        self.names.add(read_card(CardRow(node, row.id, row.type, name, entity_fqn, parent, 0, None, card)))
        siblings.check_limits(self.transaction, declared, new.document)
        return self.outcome(row, self.keep_written(row, new), "entityCreated", created=True)

    # updating -----------------------------------------------------------------------------------------------------

    def patch(self, declared: EntityType, key: Key, operations: Iterable[Mapping[str, Any]]) -> Outcome:
        """Apply a JSON Patch to a live entity; members that nobody may change are silently put back."""
        row = self.find(declared, key)
        if row.deleted:
            raise EntityNotFound.named(declared.name, key.text)
        self.check_match(row)
        shape = self.context.shapes[declared.name]
        old = Outline(shape, orjson.loads(row.document))
        self.names.load(old.ids)
        renderer = Renderer(shape, self.names, self.context.collections, self.write.view.base)
        base = renderer.entity(row, old.document)
        renderer.inherit(row.parent, base)
        operations = list(operations)
        listed = inverses.touched(self, declared, row, operations, renderer)
        patched = merge.patch(shape, base | listed, operations)
        if patched.get("deleted"):
            raise InvalidEntity(f"{declared.name} attribute deleted can't be modified")
        new, name, hidden = self._revised(declared, base, patched, old, (*shape.structure, *shape.hidden))
        if name != row.name:
            outcome = self.rename(declared, row, old, new, name, hidden)
        else:
            outcome = self.update(declared, row, old, new, hidden, session=self.write.if_match is None)
        inverses.put(self, declared, row.id, {field: patched.get(field) or [] for field in listed})
        return outcome

    def revert(self, declared: EntityType, row: EntityRow, old: Outline, wanted: Outline, version: float) -> Outcome:
        """Make an entity say what a version said, but for what has no versions. Labels are put on as they were."""
        shape = old.shape
        staying = (*shape.structure, *shape.hidden, *declared.versions.unversioned)
        shown = Renderer(shape, self.names, self.context.collections).document(wanted.document, row.fqn)
        shown = {member: value for member, value in shown.items() if member not in staying} | {"name": row.name}
        new, _, hidden = self._revised(declared, {"id": row.id, "name": row.name}, shown, old, staying)
        worn = {(path, label["id"], label["source"]): label for path, label in wanted.labels}
        for path, label in new.labels:
            label.update(worn.get((path, label["id"], label["source"]), {}))
        return self.update(declared, row, old, new, hidden, reverted=version)

    def _revised(
        self, declared: EntityType, base: Document, patched: Document, old: Outline, staying: Iterable[str]
    ) -> tuple[Outline, str, dict[str, str]]:
        """The stored form of what readers would see, but for members that stay; the name, and secrets by place."""
        body = self._editable(declared, base, patched)
        hidden = self._split(declared, body, old.document)
        name = body.pop("name")
        new = self._prepare(declared, body, old, base["id"])
        new.document.update({member: old.document[member] for member in staying if member in old.document})
        return new, name, hidden

    def add(self, declared: EntityType, key: Key, member: str, items: Sequence[Any]) -> Outcome:
        """Add items to a list of a live entity, but for those that are there."""
        value = orjson.loads(self.find(declared, key).document).get(member) or []
        for item in items:
            if item not in value:
                value.append(item)
        return self.patch(declared, key, [{"op": "add", "path": f"/{member}", "value": value}])

    def take_out(self, declared: EntityType, key: Key, member: str, item: str) -> Outcome:
        """Take a text out of a list of a live entity; ``EntityNotFound`` if it is not there."""
        row = self.find(declared, key)
        value = orjson.loads(row.document).get(member) or []
        if item not in value:
            raise EntityNotFound(f"{declared.name} {row.fqn} has no {item} among its {member}")
        left = [one for one in value if one != item]
        return self.patch(declared, key, [{"op": "replace", "path": f"/{member}", "value": left}])

    def put_item(self, declared: EntityType, key: Key, item: Document) -> Outcome:
        """Add an item to the list of which an entity takes single ones, or replace the one of its name."""
        row = self.find(declared, key)
        outline = Outline(self.context.shapes[declared.name], orjson.loads(row.document))
        self.names.load(outline.ids)
        names = [one["name"] for one in self.written(row, outline).get(str(declared.takes)) or ()]
        known = item.get("name") in names
        path = f"/{declared.takes}/{names.index(item['name']) if known else '-'}"
        return self.patch(declared, key, [{"op": "replace" if known else "add", "path": path, "value": item}])

    def _editable(self, declared: EntityType, base: Document, patched: Document) -> Document:
        """What a patch may set, checked; the name as it was unless the type can be renamed."""
        shape = self.context.shapes[declared.name]
        own = {"id", "fullyQualifiedName", "version", "updatedAt", "updatedBy", "impersonatedBy", "href", "deleted"}
        own |= {"changeDescription", "incrementalChangeDescription", *shape.structure, *declared.computed}
        body = {member: value for member, value in patched.items() if member not in own}
        for reference in shape.references:
            if reference.inherited and isinstance(body.get(reference.field), list):
                given = [item for item in body[reference.field] if not _inherited(item)]
                if given or any(not _inherited(item) for item in base.get(reference.field) or ()):
                    body[reference.field] = given
                else:
                    del body[reference.field]
        if not declared.renamable or "name" not in body:
            body["name"] = base["name"]
        checked = parse(declared.entity, {**body, "id": base["id"]})
        del checked["id"]
        if declared.lower_case:
            checked["name"] = checked["name"].lower()
        return checked


def _inherited(item: Any) -> bool:
    return isinstance(item, dict) and bool(item.get("inherited"))
