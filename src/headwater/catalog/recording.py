# SPDX-License-Identifier: Apache-2.0
"""Records changes of entities, each inside the transaction that it is given: what changed, the next version, and then
document, state, indexes and event at one new position. No change records nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import orjson

from headwater.catalog import definitions, indexes, secrets, siblings, traits, versions
from headwater.catalog.access import Principal
from headwater.catalog.context import Context, Key, dump
from headwater.catalog.diff import Change, diff, reshaped
from headwater.catalog.fields import Fields
from headwater.catalog.hydrate import Renderer, addressed, written_out
from headwater.catalog.identity import new_id
from headwater.catalog.names import Names, card_text, read_card
from headwater.catalog.reading import Reader, View, read_object
from headwater.catalog.shape import Outline, Shape
from headwater.errors import EntityExists, InvalidEntity, VersionConflict
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.schema.history import REVERTED
from headwater.store import documents, events, history, renderings, settings
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


class Recorder:
    """Changes in one transaction, whose content is right. What one change looked up serves the next."""

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

    def update(
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
        self.settle(declared, new, old, row.parent)
        before, after = self._contrasted(row.fqn, old.document, new.document, new.shape)
        change = diff(declared, before, after)
        self._note_secrets(declared, row.node, change, new.document, hidden)
        if not change and not change.stored_only:
            return self._unchanged(row, old)
        if not change:
            return self.store(declared, row, row, old, new, hidden, None)
        if reverted is not None:
            change.added.append({"name": REVERTED, "newValue": reverted})
        step = self._step(declared, row, change, new, session and not reshaped(before, after))
        return self.store(declared, row, step, old, new, hidden, change.description(row.version / 10))

    def settle(self, declared: EntityType, new: Outline, old: Outline | None, parent: int | None) -> None:
        """Complete what is about to be stored, and take from others what only one may hold."""
        traits.settle(new, old, parent, self.names)
        for loss in siblings.losses(self.transaction, declared, parent, old.document if old else {}, new.document):
            before = Outline(new.shape, loss.before)
            self.names.load(before.ids)
            self.update(declared, loss.row, before, Outline(new.shape, loss.after), {})

    def _unchanged(self, row: EntityRow, old: Outline) -> Outcome:
        kept = renderings.of(self.transaction, [row.node]).get(row.node)
        return self.outcome(row, kept or self.keep_written(row, old), "entityNoChange")

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
            change=described(incremental),
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

    def store(
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
        self.store_secrets(declared, row.node, new.document, hidden, drop=True)
        self.announce(event, stored, row.version, incremental)
        if shown_anew:
            self.names.add(
                read_card(
                    CardRow(
                        *stored[:2], stored.type, stored.name, stored.fqn, stored.parent, stored.deleted, None, card
                    )
                )
            )
        body = self.keep_written(stored, new)
        if incremental and stored.change != described(incremental):
            told = {"changeDescription": incremental, "incrementalChangeDescription": incremental}
            body = orjson.dumps(self.written(stored, new) | told)
        return self.outcome(stored, body, event)

    def store_secrets(
        self, declared: EntityType, node: int, document: Document, hidden: Mapping[str, str], drop: bool = False
    ) -> None:
        """Keep what documents do not show, by place; with ``drop``, forget what has no place in this one."""
        if not declared.secrets:
            return
        encrypted = {place: self.context.vault.encrypt(text) for place, text in hidden.items()}
        shown = secrets.masks(document, declared.secrets)
        stale = set(settings.secrets(self.transaction, node)) - shown if drop else set()
        settings.change_secrets(self.transaction, node, encrypted, stale)

    def rename(
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
            change=described(incremental),
        )
        self._rekey(row.node, declared.name, renamed, self.transaction.clock.position + 1)
        self.forget()
        self.names.load(old.ids | new.ids)
        return self.store(declared, row, step, old, new, hidden, incremental)

    def _rekey(self, node: int, entity_type: str, renamed: str, position: int) -> None:
        documents.rename(self.transaction, node, entity_type, renamed, position)
        history.name_opened(self.transaction, node, entity_type, renamed, position)
        for child in documents.children(self.transaction, node):
            declared = self.context.registry[child.type]
            child_fqn = declared.fqn_of(renamed, child.name, orjson.loads(child.document))
            self._rekey(child.node, child.type, child_fqn, position)

    def shown(self, declared: EntityType, row: EntityRow) -> Document:
        """An entity as its readers see it; its links are open."""
        outline = Outline(self.context.shapes[declared.name], orjson.loads(row.document))
        self.names.load(outline.ids)
        return self.written(row, outline)

    def written(self, row: EntityRow, outline: Outline) -> Document:
        """The same of one whose names are known."""
        return written_out(outline, row, self.names, self.context.collections)[0]

    def keep_written(self, row: EntityRow, outline: Outline) -> bytes:
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


def described(change: Document) -> str:
    """A change as it is stored beside the state that it led to."""
    return dump({"changeDescription": change, "incrementalChangeDescription": change})


def _opened(vault: secrets.Vault, ciphertext: str | None) -> str | None:
    return None if ciphertext is None else vault.decrypt(ciphertext)
