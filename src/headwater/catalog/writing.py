# SPDX-License-Identifier: Apache-2.0
"""Changes to entities, each inside the transaction that it is given.

Every change goes the same way: prepare (is the content right?), merge (what stays?), diff (what changed?), version,
then document, state, indexes and event at one new position. No change writes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from headwater.catalog import definitions, indexes, links, merge, secrets, siblings, traits, versions
from headwater.catalog.access import Principal
from headwater.catalog.context import Context, Key, dump, parse
from headwater.catalog.diff import Change, diff, reshaped
from headwater.catalog.fields import Fields
from headwater.catalog.hydrate import Renderer, addressed, written_out
from headwater.catalog.identity import new_id
from headwater.catalog.names import Card, Names, card_text, read_card
from headwater.catalog.prepare import Preparation
from headwater.catalog.reading import Reader, View, read_object
from headwater.catalog.shape import Outline, Shape
from headwater.errors import EntityExists, EntityNotFound, InvalidEntity, VersionConflict
from headwater.schema.base import Document, held
from headwater.schema.declare import SOFT_DELETE, EntityType, Parent, Reference
from headwater.schema.history import REVERTED
from headwater.store import documents, events, history, lineage, relationships, renderings, series, settings
from headwater.store.database import Transaction
from headwater.store.rows import CardRow, EntityRow, EventRow

EventType = Literal[
    "entityCreated", "entityUpdated", "entityNoChange", "entitySoftDeleted", "entityDeleted", "entityRestored"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a write did: the entity as JSON, as a read of all its members would show it now, the event, warnings."""

    id: str
    fqn: str
    body: bytes
    event: EventType
    revision: int
    created: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def document(self) -> Document:
        """The entity."""
        return read_object(self.body)


@dataclass(slots=True, kw_only=True)
class Write:
    """How a change is made: by whom, on which condition, and how the reply should look."""

    principal: Principal
    view: View = field(default_factory=View)
    if_match: str | None = None
    override: bool = False


class Writer:
    """Changes in one transaction. What one change looked up serves the next."""

    def __init__(self, transaction: Transaction, context: Context, write: Write) -> None:
        self.transaction = transaction
        self.context = context
        self.write = write
        self.principal = write.principal
        self.warnings: tuple[str, ...] = ()
        self.forget()

    def forget(self) -> None:
        """Look everything up anew: something that was known is no longer so."""
        self.names = Names(self.transaction)
        self.fields = Fields(self.transaction)

    # finding ------------------------------------------------------------------------------------------------------

    def find(self, declared: EntityType, key: Key) -> EntityRow:
        """The entity that a key names, soft-deleted ones included."""
        reader = Reader(self.transaction, self.context, None, View(include="all"))
        return reader.row(declared, key)

    def check_match(self, row: EntityRow) -> None:
        """``If-Match``: the strong tag is the revision, the weak one the version."""
        if self.write.if_match is None:
            return
        current = {"*", f'"{row.revision}"', f'W/"{row.version / 10}"'}
        if not current & {tag.strip() for tag in self.write.if_match.split(",")}:
            raise VersionConflict(
                f"{row.type} {row.fqn} is at version {row.version / 10} (revision {row.revision}), "
                f"not at {self.write.if_match}"
            )

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
        members = _settable(declared, body)
        parent, above = self._home(declared, body)
        entity_fqn = declared.fqn_of(above.fqn if above else None, body["name"], body)
        if existing := documents.find(self.transaction, declared.name, entity_fqn):
            state = " (soft-deleted; restore it, or delete it for good)" if existing.deleted else ""
            raise EntityExists(f"Entity already exists: {declared.name} {entity_fqn}{state}")
        outcome = self._create(declared, body, parent, above, entity_fqn)
        self._set_inverses(declared, outcome.id, members)
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
        members = _settable(declared, body)
        parent, above = self._home(declared, body)
        entity_fqn = declared.fqn_of(above.fqn if above else None, body["name"], body)
        row = documents.find(self.transaction, declared.name, entity_fqn)
        outcome = self._put(declared, body, parent, above, entity_fqn, row)
        self._set_inverses(declared, outcome.id, members)
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
            row = self._restore_tree(declared, row)
        shape = self.context.shapes[declared.name]
        old = Outline(shape, orjson.loads(row.document))
        hidden = self._split(declared, body, old.document)
        del body["name"]
        prepared = self._prepare(declared, body, old).document
        new = merge.put(shape, self._present(shape, old.document), prepared, self.principal, self.write.override)
        return self._update(declared, row, old, Outline(shape, new), hidden)

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
            self._restore_tree(declared, found)
        entity_id = found.id if found else self.create(declared, request).id
        return {"id": entity_id, "type": declared.name}

    def _prepare(self, declared: EntityType, body: Document, old: Outline | None) -> Outline:
        new = Outline(self.context.shapes[declared.name], body)
        preparation = Preparation(self.transaction, self.context.registry, self.names, self.fields, new, old)
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
        self._settle(declared, new, None, parent)
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
        self._store_secrets(declared, node, new.document, hidden)
        self.announce("entityCreated", row, None, None)
        self.names.add(read_card(CardRow(node, row.id, row.type, name, entity_fqn, parent, 0, None, card)))
        siblings.check_limits(self.transaction, declared, new.document)
        return self.outcome(row, self._keep_written(row, new), "entityCreated", created=True)

    def _store_secrets(
        self, declared: EntityType, node: int, document: Document, hidden: Mapping[str, str], drop: bool = False
    ) -> None:
        if not declared.secrets:
            return
        encrypted = {place: self.context.vault.encrypt(text) for place, text in hidden.items()}
        shown = secrets.masks(document, declared.secrets)
        stale = set(settings.secrets(self.transaction, node)) - shown if drop else set()
        settings.change_secrets(self.transaction, node, encrypted, stale)

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
        listed = self._touched_inverses(declared, row, operations, renderer)
        patched = merge.patch(shape, base | listed, operations)
        if patched.get("deleted"):
            raise InvalidEntity(f"{declared.name} attribute deleted can't be modified")
        new, name, hidden = self._revised(declared, base, patched, old, (*shape.structure, *shape.hidden))
        if name != row.name:
            outcome = self._rename(declared, row, old, new, name, hidden)
        else:
            outcome = self._update(declared, row, old, new, hidden, session=self.write.if_match is None)
        self._set_inverses(declared, row.id, {field: patched.get(field) or [] for field in listed})
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
        return self._update(declared, row, old, new, hidden, reverted=version)

    def _revised(
        self, declared: EntityType, base: Document, patched: Document, old: Outline, staying: Iterable[str]
    ) -> tuple[Outline, str, dict[str, str]]:
        """The stored form of what readers would see, but for members that stay; the name, and secrets by place."""
        body = self._editable(declared, base, patched)
        hidden = self._split(declared, body, old.document)
        name = body.pop("name")
        new = self._prepare(declared, body, old)
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
        names = [one["name"] for one in self._written(row, outline).get(str(declared.takes)) or ()]
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

    def _update(
        self,
        declared: EntityType,
        row: EntityRow,
        old: Outline,
        new: Outline,
        hidden: Mapping[str, str],
        session: bool = False,
        reverted: float | None = None,
    ) -> Outcome:
        """Store what changed. ``session``: the change may be folded into the version that is there. ``reverted``: the
        version that the change goes back to."""
        for member in declared.fixed:
            if old.document.get(member) != new.document.get(member):
                raise InvalidEntity(f"{declared.name} attribute {member} can't be modified")
        self._settle(declared, new, old, row.parent)
        before, after = self._contrasted(row.fqn, old.document, new.document, new.shape)
        change = diff(declared, before, after)
        self._note_secrets(declared, row.node, change, new.document, hidden)
        if not change and not change.stored_only:
            return self._unchanged(row, old)
        if not change:
            return self._store(declared, row, row, old, new, hidden, None)
        if reverted is not None:
            change.added.append({"name": REVERTED, "newValue": reverted})
        step = self._step(declared, row, change, new, session and not reshaped(before, after))
        return self._store(declared, row, step, old, new, hidden, change.description(row.version / 10))

    def _settle(self, declared: EntityType, new: Outline, old: Outline | None, parent: int | None) -> None:
        """Complete what is about to be stored, and take from others what only one may hold."""
        traits.settle(new, old, parent, self.names)
        for loss in siblings.losses(self.transaction, declared, parent, old.document if old else {}, new.document):
            before = Outline(new.shape, loss.before)
            self.names.load(before.ids)
            self._update(declared, loss.row, before, Outline(new.shape, loss.after), {})

    def _unchanged(self, row: EntityRow, old: Outline) -> Outcome:
        kept = renderings.of(self.transaction, [row.node]).get(row.node)
        return self.outcome(row, kept or self._keep_written(row, old), "entityNoChange")

    def _contrasted(self, entity_fqn: str, old: Document, new: Document, shape: Shape) -> tuple[Document, Document]:
        """Two states as readers see them, without the members that are stored alike: those read alike as well."""
        alike = {member for member, value in old.items() if member in new and new[member] == value}
        renderer = Renderer(shape, self.names, self.context.collections)
        before, after = (
            renderer.document({member: one[member] for member in one if member not in alike}, entity_fqn)
            for one in (old, new)
        )
        return before, after

    def _note_secrets(
        self, declared: EntityType, node: int, change: Change, after: Document, hidden: Mapping[str, str]
    ) -> None:
        """A new password is a change although documents show the same mask."""
        if not hidden:
            return
        known = settings.secrets(self.transaction, node)
        vault = self.context.vault
        altered = {place.split("/")[0] for place, text in hidden.items() if _opened(vault, known.get(place)) != text}
        recorded = {entry["name"] for entry in (*change.added, *change.updated, *change.deleted)}
        for member in sorted(altered - recorded):
            shown = dump(after[member])
            change.updated.append({"name": member, "oldValue": shown, "newValue": shown})

    def _step(
        self,
        declared: EntityType,
        row: EntityRow,
        change: Change,
        new: Outline,
        session: bool,
    ) -> EntityRow:
        """The version that a change leads to, with the change description that is stored beside it."""
        incremental = change.description(row.version / 10)
        stored = orjson.loads(row.change) if row.change else None
        folds = session and versions.joins_session(row, stored, self.principal, self.transaction.now())
        if stored and folds:
            first = round(stored["changeDescription"]["previousVersion"] * 10)
            base = history.version(self.transaction, row.node, first, self.transaction.clock.position)
            if base is not None:
                return self._fold(declared, row, base, new, incremental)
        return row._replace(
            version=versions.following(row.version, change.major),
            change=_described(incremental),
        )

    def _fold(
        self, declared: EntityType, row: EntityRow, base: EntityRow, new: Outline, incremental: Document
    ) -> EntityRow:
        """Rewrite the newest version as one change from ``base``; back to ``base`` if nothing is left of it."""
        earlier = Outline(new.shape, orjson.loads(base.document))
        self.names.load(earlier.ids)
        total = diff(declared, *self._contrasted(row.fqn, earlier.document, new.document, new.shape))
        history.withdraw_after(self.transaction, row.node, base.position, self.transaction.clock.position + 1)
        if not total:
            return row._replace(version=base.version, change=base.change)
        described = total.description(base.version / 10)
        return row._replace(
            version=versions.following(base.version, total.major),
            change=dump({"changeDescription": described, "incrementalChangeDescription": incremental}),
        )

    def _store(
        self,
        declared: EntityType,
        row: EntityRow,
        step: EntityRow,
        old: Outline,
        new: Outline,
        hidden: Mapping[str, str],
        incremental: Document | None,
        event: EventType = "entityUpdated",
    ) -> Outcome:
        """Write the next state of an entity, its indexes and its event."""
        clock = self.transaction.tick()
        stored = step._replace(
            revision=row.revision + 1,
            position=clock.position,
            updated_at=clock.timestamp,
            updated_by=self.principal.name,
            document=dump(new.document),
        )
        card = card_text(declared, new.document)
        shown_anew = card != card_text(declared, old.document)
        shown_anew |= (stored.name, stored.deleted) != (row.name, row.deleted)
        documents.update(self.transaction, row, stored, card, shown_anew)
        history.record(self.transaction, stored)
        if any(old.document.get(member) != new.document.get(member) for member in new.shape.indexed):
            before, after = (indexes.indexed(outline, row.node, self.names.numbers) for outline in (old, new))
            indexes.apply(self.transaction, self.fields, row.node, before, after, clock.position)
        if not stored.deleted:
            siblings.check_limits(self.transaction, declared, new.document)
        definitions.follow(self.transaction, self.context, self.fields, stored, old.document, new.document)
        self._store_secrets(declared, row.node, new.document, hidden, drop=True)
        self.announce(event, stored, row.version, incremental)
        if shown_anew:
            self.names.add(
                read_card(
                    CardRow(
                        *stored[:2], stored.type, stored.name, stored.fqn, stored.parent, stored.deleted, None, card
                    )
                )
            )
        body = self._keep_written(stored, new)
        if incremental and stored.change != _described(incremental):
            told = {"changeDescription": incremental, "incrementalChangeDescription": incremental}
            body = orjson.dumps(self._written(stored, new) | told)
        return self.outcome(stored, body, event)

    def _rename(
        self,
        declared: EntityType,
        row: EntityRow,
        old: Outline,
        new: Outline,
        name: str,
        hidden: Mapping[str, str],
    ) -> Outcome:
        """Give an entity another name: everything below gets another FQN, and nothing else changes."""
        if old.document.get("system"):
            raise InvalidEntity(f"System entity [{row.name}] of type {declared.name} can not be renamed.")
        above = self.names.node(row.parent) if row.parent is not None else None
        renamed = declared.fqn_of(above.fqn if above else None, name, old.document)
        if documents.find(self.transaction, declared.name, renamed):
            raise EntityExists(f"Entity already exists: {declared.name} {renamed}")
        traits.settle(new, old, row.parent, self.names)
        change = diff(declared, *self._contrasted(row.fqn, old.document, new.document, new.shape))
        self._note_secrets(declared, row.node, change, new.document, hidden)
        change.record("name", row.name, name)
        incremental = change.description(row.version / 10)
        step = row._replace(
            name=name,
            fqn=renamed,
            version=versions.following(row.version, change.major),
            change=_described(incremental),
        )
        self._rekey(row.node, declared.name, renamed, self.transaction.clock.position + 1)
        self.forget()
        self.names.load(old.ids | new.ids)
        return self._store(declared, row, step, old, new, hidden, incremental)

    def _rekey(self, node: int, entity_type: str, renamed: str, position: int) -> None:
        documents.rename(self.transaction, node, entity_type, renamed, position)
        history.name_opened(self.transaction, node, entity_type, renamed, position)
        for child in documents.children(self.transaction, node):
            declared = self.context.registry[child.type]
            child_fqn = declared.fqn_of(renamed, child.name, orjson.loads(child.document))
            self._rekey(child.node, child.type, child_fqn, position)

    # inverses -----------------------------------------------------------------------------------------------------

    def _touched_inverses(
        self, declared: EntityType, row: EntityRow, operations: Iterable[Mapping[str, Any]], renderer: Renderer
    ) -> Document:
        """The settable inverses that a patch speaks of, as a read would list them."""
        touched = {member for operation in operations for member in str(operation.get("path")).split("/")[1:2]}
        reader = Reader(self.transaction, self.context, None, View())
        reader.names = self.names
        return {
            inverse.field: reader.listed(inverse, row.node, renderer)
            for inverse in declared.inverses
            if inverse.settable and inverse.field in touched
        }

    def _set_inverses(self, declared: EntityType, entity_id: str, members: Mapping[str, Any]) -> None:
        """Make exactly those entities refer to this one that a request listed."""
        if not members:
            return
        self.names.load([entity_id])
        own = self.names.by_id[entity_id]
        blank = Outline(self.context.shapes[declared.name], {})
        preparation = Preparation(self.transaction, self.context.registry, self.names, self.fields, blank)
        for inverse in declared.inverses:
            if inverse.field not in members:
                continue
            given = members[inverse.field]
            if not isinstance(given, list) or not all(isinstance(one, dict | str) for one in given):
                raise InvalidEntity(f"{inverse.field}: a list of references is needed")
            types = (inverse.of,) if inverse.of else self.context.registry.referring(inverse.member, declared.name)
            reference = Reference(field=inverse.field, to=types, many=True)
            wanted = {card.node for card in preparation.resolve(reference, given)}
            position = self.transaction.clock.position
            present = relationships.referrers_at(
                self.transaction, own.node, inverse.member, inverse.of or None, position
            )
            for node in sorted(wanted ^ set(present)):
                self._refer(node, inverse.member, own, node in wanted, preparation)

    def _refer(self, node: int, member: str, target: Card, refers: bool, preparation: Preparation) -> None:
        """Make an entity refer to another by a list of references, or no longer: a default gives way, and returns."""
        row = documents.by_node(self.transaction, [node])[node]
        if row.deleted:
            return
        declared = self.context.registry[row.type]
        old = Outline(self.context.shapes[declared.name], orjson.loads(row.document))
        self.names.load(old.ids)
        reference = Reference(field=member, to=(target.type,), many=True)
        default = preparation.resolve(reference, declared.defaults.get(member, ()))
        referred = {one["id"]: one for one in old.document.get(member) or ()}
        referred.pop(target.id, None)
        if refers and set(referred) == {card.id for card in default}:
            referred.clear()
        for card in [target] if refers else () if referred else default:
            referred[card.id] = {"id": card.id, "type": card.type}
        new = Outline(old.shape, old.document | {member: list(referred.values())})
        try:
            self._update(declared, row, old, new, {})
        except InvalidEntity as error:
            raise InvalidEntity(f"{declared.name} {row.fqn}: {error.message}") from error

    # deleting and restoring ---------------------------------------------------------------------------------------

    def delete(self, declared: EntityType, key: Key, recursive: bool = False, hard: bool = False) -> Outcome:
        """Delete an entity softly, or for good with ``hard``; ``recursive`` takes what is below with it."""
        row = self.find(declared, key)
        self.check_match(row)
        if row.deleted and not hard:
            raise EntityNotFound.named(declared.name, key.text)
        hard = hard or not declared.has(SOFT_DELETE)
        below = [
            child
            for child in documents.children(self.transaction, row.node)
            if not self.context.registry[child.type].is_part_of(declared)
        ]
        if not recursive and any(hard or not child.deleted for child in below):
            raise InvalidEntity(f"{declared.name} is not empty")
        self._refuse_system(row)
        return self._delete_tree(row, hard)

    def _refuse_system(self, row: EntityRow) -> None:
        if orjson.loads(row.document).get("system"):
            raise InvalidEntity(f"System entity [{row.name}] of type {row.type} can not be deleted.")

    def _delete_tree(self, row: EntityRow, hard: bool) -> Outcome:
        """Delete from the leaves upwards, so that no moment shows a child without its parent."""
        for child in documents.children(self.transaction, row.node):
            if hard or not child.deleted:
                self._refuse_system(child)
                self._delete_tree(child, hard or not self.context.registry[child.type].has(SOFT_DELETE))
        declared = self.context.registry[row.type]
        return self._remove(declared, row) if hard else self._mark(declared, row, deleted=True)

    def _mark(self, declared: EntityType, row: EntityRow, deleted: bool) -> Outcome:
        """Set or clear the mark of a soft deletion: a minor version."""
        document = Outline(self.context.shapes[declared.name], orjson.loads(row.document))
        self.names.load(document.ids)
        change = Change(updated=[{"name": "deleted", "oldValue": not deleted, "newValue": deleted}])
        incremental = change.description(row.version / 10)
        step = row._replace(
            deleted=int(deleted),
            version=versions.following(row.version, major=False),
            change=_described(incremental),
        )
        event: EventType = "entitySoftDeleted" if deleted else "entityRestored"
        return self._store(declared, row, step, document, document, {}, incremental, event)

    def _remove(self, declared: EntityType, row: EntityRow) -> Outcome:
        """Delete for good: the present forgets the entity, the past keeps it."""
        document = Outline(self.context.shapes[declared.name], orjson.loads(row.document))
        self.names.load(document.ids)
        body = orjson.dumps(self._written(row._replace(deleted=1), document))
        clock = self.transaction.tick()
        position = clock.position
        removed = row._replace(
            deleted=1,
            revision=row.revision + 1,
            position=position,
            updated_at=clock.timestamp,
            updated_by=self.principal.name,
        )
        documents.remove(self.transaction, row, position)
        history.record(self.transaction, removed, removed=True)
        history.name_closed(self.transaction, row.node, position)
        relationships.remove(self.transaction, row.node, position, self.context.kept)
        lineage.remove(self.transaction, row.node, position, self.context.kept)
        definitions.follow(self.transaction, self.context, self.fields, removed, document.document, None)
        renderings.drop(self.transaction, row.node)
        settings.drop_secrets(self.transaction, row.node)
        for one in (one for one in declared.series if not one.key):
            series.erase(self.transaction, row.node, one.name)
        self.announce("entityDeleted", removed, row.version, None)
        self.forget()
        return self.outcome(removed, body, "entityDeleted")

    def restore(self, declared: EntityType, key: Key) -> Outcome:
        """Undo a soft deletion, of everything below as well; ``InvalidEntity`` where there is nothing to undo."""
        row = self.find(declared, key)
        self.check_match(row)
        if not row.deleted:
            raise InvalidEntity(f"{declared.name} {row.fqn} is not deleted, so it cannot be restored")
        if row.parent is not None and (above := self.names.node(row.parent)) and above.deleted:
            raise InvalidEntity(f"{declared.name} {row.fqn} cannot be restored while {above.fqn} is deleted")
        restored = self._restore_tree(declared, row)
        document = Outline(self.context.shapes[declared.name], orjson.loads(restored.document))
        self.names.load(document.ids)
        return self.outcome(restored, orjson.dumps(self._written(restored, document)), "entityRestored")

    def _restore_tree(self, declared: EntityType, row: EntityRow) -> EntityRow:
        self._mark(declared, row, deleted=False)
        for child in documents.children(self.transaction, row.node):
            if child.deleted:
                self._restore_tree(self.context.registry[child.type], child)
        restored = documents.get(self.transaction, row.id)
        assert restored is not None
        return restored

    # replies and events -------------------------------------------------------------------------------------------

    def shown(self, declared: EntityType, row: EntityRow) -> Document:
        """An entity as its readers see it; its links are open."""
        outline = Outline(self.context.shapes[declared.name], orjson.loads(row.document))
        self.names.load(outline.ids)
        return self._written(row, outline)

    def _written(self, row: EntityRow, outline: Outline) -> Document:
        return written_out(outline, row, self.names, self.context.collections)[0]

    def _keep_written(self, row: EntityRow, outline: Outline) -> bytes:
        """Write the entity out and keep it so, for readers to come."""
        rendered, shows = written_out(outline, row, self.names, self.context.collections)
        body = orjson.dumps(rendered)
        renderings.put(self.transaction, row.node, self.transaction.clock.position, shows, body)
        return body

    def outcome(self, row: EntityRow, body: bytes, event: EventType, created: bool = False) -> Outcome:
        """What a write did to an entity that is written out with open links."""
        return Outcome(
            id=row.id,
            fqn=row.fqn,
            body=addressed(body, self.write.view.base),
            event=event,
            revision=row.revision,
            created=created,
            warnings=self.warnings,
        )

    def announce(self, event: str, row: EntityRow, previous: int | None, change: Document | None) -> None:
        """Log the event of the newest position."""
        clock = self.transaction.clock
        events.append(
            self.transaction,
            EventRow(
                position=clock.position,
                id=new_id(),
                event_type=event,
                entity=row.node,
                entity_id=row.id,
                entity_type=row.type,
                fqn=row.fqn,
                user_name=self.principal.name,
                timestamp=clock.timestamp,
                previous_version=previous,
                version=row.version,
                change=dump(change) if change else None,
            ),
        )


def _described(change: Document) -> str:
    """A change as it is stored beside the state that it led to."""
    return dump({"changeDescription": change, "incrementalChangeDescription": change})


def _settable(declared: EntityType, body: Document) -> dict[str, list[Any]]:
    """Take the inverses out of a request that change other entities."""
    return {one.field: body.pop(one.field) for one in declared.inverses if one.settable and one.field in body}


def _inherited(item: Any) -> bool:
    return isinstance(item, dict) and bool(item.get("inherited"))


def _opened(vault: secrets.Vault, ciphertext: str | None) -> str | None:
    return None if ciphertext is None else vault.decrypt(ciphertext)
