# SPDX-License-Identifier: Apache-2.0
"""Answers about entities, as they are or as they were at a position."""

import base64
import binascii
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

import orjson

from headwater.catalog import beside, secrets, versions
from headwater.catalog.context import Context, Key, day_of
from headwater.catalog.hydrate import References, Renderer, addressed, select
from headwater.catalog.names import Names
from headwater.catalog.shape import Outline
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import FOLLOWERS, VOTES, EntityType, Gathered, Inverse, UsageCount
from headwater.store import documents, history, relationships, renderings, settings
from headwater.store.database import Session
from headwater.store.rows import EntityRow

Include = Literal["non-deleted", "deleted", "all"]
DELETED: dict[str, bool | None] = {"non-deleted": False, "deleted": True, "all": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a caller wants to see entities.

    ``fields``: the optional members asked for (None: all that are stored). ``as_of``: a moment, see ``position_of``.
    ``base``: the URL before ``/api/v1`` for links, or None. ``secrets``: show secrets instead of masks.
    """

    fields: frozenset[str] | None = None
    include: Include = "non-deleted"
    as_of: str | None = None
    base: str | None = None
    secrets: bool = False


class Found(NamedTuple):
    """An entity as JSON, with what its ETag is made of."""

    body: bytes
    revision: int

    @property
    def document(self) -> Document:
        """The entity."""
        return read_object(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list, each entity as JSON, and the cursors of its neighbours."""

    bodies: list[bytes]
    total: int
    after: str | None = None
    before: str | None = None

    @property
    def data(self) -> list[Document]:
        """The entities."""
        return [read_object(body) for body in self.bodies]


def read_object(body: bytes) -> Document:
    """The object that a JSON text holds."""
    document: Document = orjson.loads(body)
    return document


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which part of a list: at most ``limit`` entities after or before a cursor, filtered."""

    limit: int = 10
    after: str | None = None
    before: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict)


class Reader:
    """Reads in one snapshot. ``position`` None means now."""

    def __init__(self, session: Session, context: Context, position: int | None, view: View) -> None:
        self.session = session
        self.context = context
        self.position = position
        self.view = view
        self.names = Names(session, position)

    def renderer(self, declared: EntityType) -> Renderer:
        """What writes entities of a type for this view."""
        return Renderer(self.context.shapes[declared.name], self.names, self.context.collections, self.view.base)

    @property
    def references(self) -> References:
        """What writes references for this view."""
        return References(self.names, self.context.collections, self.view.base)

    def find(self, declared: EntityType, key: Key) -> EntityRow | None:
        """The entity that a key names at this position, soft-deleted ones included."""
        row = self._row(declared, key)
        return None if row is None or row.type != declared.name or row.removed else row

    def row(self, declared: EntityType, key: Key) -> EntityRow:
        """The entity that a key names at this position; ``EntityNotFound`` where the view does not include it."""
        row = self.find(declared, key)
        if row is None or DELETED[self.view.include] not in (None, bool(row.deleted)):
            raise EntityNotFound.named(declared.name, key.text)
        return row

    def _row(self, declared: EntityType, key: Key) -> EntityRow | None:
        if not key.by_name:
            return self._row_by_id(key.text)
        name = None if "\0" in key.text else declared.lookup_or_none(key.text)
        if name is None:
            return None
        if self.position is None:
            return documents.find(self.session, declared.name, name)
        node = history.named_at(self.session, declared.name, name, self.position)
        return None if node is None else history.at(self.session, node, self.position)

    def _row_by_id(self, entity_id: str) -> EntityRow | None:
        present = documents.get(self.session, entity_id)
        if present is None or self.position is None:
            return present
        return history.at(self.session, present.node, self.position)

    def found(self, declared: EntityType, key: Key) -> Found:
        """The entity that a key names: as it is kept written out, where that is true; else written out now."""
        if kept := self.kept(declared, key):
            return kept
        row = self.row(declared, key)
        return Found(orjson.dumps(self.written(declared, [row])[0]), row.revision)

    def kept(self, declared: EntityType, key: Key) -> Found | None:
        """The entity from its rendering, if that is true and wanted; one statement where no fields are asked for."""
        kept = self._kept(declared, key)
        if kept is None or DELETED[self.view.include] not in (None, bool(kept.deleted)):
            return None
        return Found(self._as_viewed(declared, kept.node, kept.body), kept.revision)

    def _kept(self, declared: EntityType, key: Key) -> renderings.RenderingRow | None:
        if "\0" in key.text or not self._reads_kept(declared):
            return None
        if not key.by_name:
            return renderings.get(self.session, declared.name, key.text)
        name = declared.lookup_or_none(key.text)
        return renderings.find(self.session, declared.name, name) if name else None

    def _reads_kept(self, declared: EntityType) -> bool:
        """Whether the view is of what renderings hold: the present, without secrets."""
        return self.position is None and not (self.view.secrets and declared.secrets)

    def _as_viewed(self, declared: EntityType, node: int, kept: bytes) -> bytes:
        """A rendering with this view's links and members."""
        body = addressed(kept, self.view.base)
        if self.view.fields is None:
            return body
        rendered = read_object(body)
        self._compute(declared, node, rendered)
        return orjson.dumps(select(declared, rendered, self.view.fields))

    def bodies(self, declared: EntityType, rows: Sequence[EntityRow]) -> list[bytes]:
        """Entities as JSON, as the view shows them."""
        kept = renderings.of(self.session, [row.node for row in rows]) if rows and self._reads_kept(declared) else {}
        others = [row for row in rows if row.node not in kept]
        found = {row.node: orjson.dumps(one) for row, one in zip(others, self.written(declared, others), strict=True)}
        found |= {node: self._as_viewed(declared, node, body) for node, body in kept.items()}
        return [found[row.node] for row in rows]

    def shown(self, nodes: Collection[int]) -> Iterator[tuple[EntityRow, Document]]:
        """Entities of any types as the view shows them."""
        if self.position is None:
            rows = list(documents.by_node(self.session, nodes).values())
        else:
            rows = [row for node in nodes if (row := history.at(self.session, node, self.position))]
        for kind in sorted({row.type for row in rows}):
            alike = [row for row in rows if row.type == kind]
            bodies = self.bodies(self.context.registry[kind], alike)
            yield from zip(alike, map(read_object, bodies), strict=True)

    def written(self, declared: EntityType, rows: Sequence[EntityRow]) -> list[Document]:
        """Entities as the view shows them, written out now, with one look-up for all the names in them."""
        shape = self.context.shapes[declared.name]
        stored = [orjson.loads(row.document) for row in rows]
        self.names.load({entity_id for document in stored for entity_id in Outline(shape, document).ids})
        renderer = self.renderer(declared)
        return [self._written(declared, row, document, renderer) for row, document in zip(rows, stored, strict=True)]

    def _written(self, declared: EntityType, row: EntityRow, stored: Document, renderer: Renderer) -> Document:
        if self.view.secrets and declared.secrets:
            self._reveal(declared, row.node, stored)
        rendered = renderer.entity(row, stored)
        renderer.inherit(row.parent, rendered)
        if self.view.fields:
            self._compute(declared, row.node, rendered)
        return select(declared, rendered, self.view.fields)

    def _reveal(self, declared: EntityType, node: int, stored: Document) -> None:
        hidden = settings.secrets(self.session, node)
        vault = self.context.vault
        secrets.fill(stored, declared.secrets, {place: vault.decrypt(text) for place, text in hidden.items()})

    def _compute(self, declared: EntityType, node: int, rendered: Document) -> None:
        """Members that are not part of the document, where they were asked for."""
        asked = self.view.fields or frozenset()
        renderer = self.renderer(declared)
        if "followers" in asked and declared.has(FOLLOWERS):
            followers = relationships.followers(self.session, node, self.moment)
            rendered["followers"] = self._references(followers, renderer)
        if "votes" in asked and declared.has(VOTES):
            rendered["votes"] = renderer.votes(relationships.votes(self.session, node, self.moment))
        if members := asked & beside.members(declared):
            beside.show(self.session, self.context.shapes[declared.name], members, node, rendered, self.moment)
        for inverse in declared.inverses:
            if inverse.field in asked:
                listed = self.listed(inverse, node, renderer)
                if not inverse.single:
                    rendered[inverse.field] = listed
                elif listed:
                    rendered[inverse.field] = listed[0]
        for gathered in declared.gathered:
            if gathered.field in asked:
                rendered[gathered.field] = self._references(self._gather(gathered, node), renderer)
        for count in declared.counts:
            if count.field in asked:
                rendered[count.field] = self._count(declared, count, node, renderer)

    def _count(self, declared: EntityType, count: UsageCount, node: int, renderer: Renderer) -> int:
        if count.counts == "children":
            return relationships.child_count(self.session, node)
        if count.counts == "inverse":
            inverse = next(inverse for inverse in declared.inverses if inverse.field == count.of)
            return len(self.listed(inverse, node, renderer))
        tags = level = [node]
        while level and count.counts == "usageBelow":
            words = self.context.registry.labels.values()
            level = [one for word in words for one in documents.below(self.session, level, word.name, self.position)]
            tags = tags + level
        return relationships.usage_count(self.session, tags, self.moment)

    @property
    def moment(self) -> int:
        """The position that the view speaks of."""
        return self.position if self.position is not None else history.newest(self.session)

    @property
    def day(self) -> date:
        """The day that the view speaks of, in UTC."""
        return day_of(self.session, self.view.as_of)

    def listed(self, inverse: Inverse, node: int, renderer: Renderer) -> list[Document]:
        """The entities that an inverse lists, in order of name."""
        return self._references(self._referrers(inverse, node), renderer)

    def _referrers(self, inverse: Inverse, node: int) -> list[int]:
        if inverse.member in FOLLOWERS.members:
            return relationships.followed(self.session, node, self.moment)
        if inverse.of and any(one.field == inverse.member for one in self.context.registry[inverse.of].parents):
            return documents.below(self.session, [node], inverse.of, self.position)
        return relationships.referrers_at(self.session, node, inverse.member, inverse.of or None, self.moment)

    def _gather(self, gathered: Gathered, node: int) -> set[int]:
        """The nodes that others bring: those that this entity refers to, and all above them."""
        level = relationships.targets_at(self.session, [node], gathered.through, self.moment)
        above = set(level)
        while level := relationships.targets_at(self.session, level, gathered.up, self.moment) - above:
            above |= level
        return relationships.targets_at(self.session, above, gathered.member, self.moment)

    def _references(self, nodes: Iterable[int], renderer: Renderer) -> list[Document]:
        nodes = list(nodes)
        self.names.nodes(nodes)
        cards = [self.names.by_node[node] for node in nodes if node in self.names.by_node]
        live = [card for card in cards if not card.deleted and not card.removed]
        return [renderer.card(card) for card in sorted(live, key=lambda card: (card.name, card.id))]

    # lists --------------------------------------------------------------------------------------------------------

    def page(self, declared: EntityType, request: PageRequest) -> Page:
        """A page of a type's list, in order of (name, id)."""
        if request.after and request.before:
            raise InvalidEntity("a list goes on after a cursor or before one, not both")
        if not 0 <= request.limit <= 1_000_000:
            raise InvalidEntity("limit must be between 0 and 1000000")
        listing = self.listing(declared, request.filters)
        total = documents.total(self.session, listing)
        if request.limit == 0:
            return Page(bodies=[], total=total)
        after, before = read_cursor(request.after), read_cursor(request.before)
        rows = documents.page(self.session, listing, request.limit + 1, after, before)
        more = len(rows) > request.limit
        rows = (rows[1:] if before else rows[:-1]) if more else rows
        return Page(
            bodies=self.bodies(declared, rows),
            total=total,
            after=write_cursor(rows[-1]) if rows and (more or before) else None,
            before=write_cursor(rows[0]) if rows and (after or (before and more)) else None,
        )

    def listing(self, declared: EntityType, given: Mapping[str, str]) -> documents.Listing:
        """The list of a type that these filters leave; parameters that are no filter of the type count for nothing."""
        below: list[int] | None = None
        referring: list[tuple[str, int]] = []
        flags: dict[str, bool] = {}
        values: dict[str, str] = {}
        items: dict[str, str] = {}
        absent: list[str] = []
        for filter_ in declared.filters:
            value = given.get(filter_.name)
            if value is None:
                continue
            member = filter_.member or filter_.name
            if filter_.kind == "flag":
                flags[member] = _truth(filter_.name, value)
            elif filter_.kind == "value":
                values[member] = value
            elif filter_.kind == "item":
                items[member] = value
            elif filter_.kind == "root":
                absent += [member] if _truth(filter_.name, value) else []
            elif filter_.kind == "id":
                referring.append((member, self._identified(value)))
            elif filter_.kind == "reference":
                referring.append((member, self._named((filter_.to,), value).node))
            else:
                above = self._named((filter_.to,) if filter_.to else [parent.to for parent in declared.parents], value)
                nodes = self._parents_below(above, declared) if filter_.kind == "ancestor" else [above.node]
                below = nodes if below is None else [one for one in below if one in set(nodes)]
        return documents.Listing(
            type=declared.name,
            deleted=DELETED[self.view.include],
            below=below,
            referring=referring,
            flags=flags,
            values=values,
            items=items,
            absent=absent,
            position=self.position,
        )

    def _named(self, types: Iterable[str], name: str) -> EntityRow:
        """The entity of one of these types with this FQN or id."""
        for declared in map(self.context.registry.__getitem__, types):
            if row := self.find(declared, Key.fqn(name)) or self.find(declared, Key.id(name)):
                return row
        raise EntityNotFound.named(next(iter(types)), name)

    def _identified(self, entity_id: str) -> int:
        row = self._row_by_id(entity_id)
        if row is None or row.removed:
            raise EntityNotFound(f"entity instance for {entity_id} not found")
        return row.node

    def _parents_below(self, ancestor: EntityRow, declared: EntityType) -> list[int]:
        """The possible direct parents of ``declared`` that are the ancestor or lie below it, at any depth."""
        direct = {parent.to for parent in declared.parents}
        parents = [ancestor.node] if ancestor.type in direct else []
        level = {ancestor.type: [ancestor.node]}
        while level:
            following: dict[str, list[int]] = {}
            for kind in self._above(declared):
                roots = [one for parent in self.context.registry[kind].parents for one in level.get(parent.to, ())]
                if roots and (found := documents.below(self.session, roots, kind, self.position)):
                    following[kind] = found
                    parents += found if kind in direct else []
            level = following
        return parents

    def _above(self, declared: EntityType) -> tuple[str, ...]:
        """The types that entities of a type may live under, directly or not."""
        types: dict[str, None] = {}
        pending = [declared]
        while pending:
            for parent in pending.pop().parents:
                if parent.to not in types:
                    types[parent.to] = None
                    pending.append(self.context.registry[parent.to])
        return tuple(types)

    def inverse(self, declared: EntityType, key: Key, inverse: Inverse, limit: int, offset: int) -> Page:
        """A page of an inverse list of an entity, in order of (name, id)."""
        row = self.row(declared, key)
        listed = self.context.registry[inverse.of]
        lives = any(parent.field == inverse.member for parent in listed.parents)
        listing = documents.Listing(
            type=listed.name,
            deleted=DELETED[self.view.include],
            below=[row.node] if lives else None,
            referring=[] if lives else [(inverse.member, row.node)],
            position=self.position,
        )
        rows = documents.page(self.session, listing, limit, offset=offset) if limit else []
        return Page(bodies=self.bodies(listed, rows), total=documents.total(self.session, listing))

    # versions -----------------------------------------------------------------------------------------------------

    def versions(self, declared: EntityType, key: Key, limit: int | None = None, offset: int = 0) -> list[Document]:
        """The versions, newest first, each as it was shown when it was recorded; all, or a part of them."""
        row = self.row(declared, key)
        newest: dict[int, EntityRow] = {}
        for state in history.versions(self.session, row.node, self.moment):
            newest.setdefault(state.version, state)
        wanted = list(newest.values())[offset : None if limit is None else offset + limit]
        return [self._as_recorded(declared, state) for state in wanted]

    def recorded(self, declared: EntityType, span: history.Span) -> tuple[list[Document], int, int | None]:
        """What was recorded of a type between two moments, newest first: a page, the total, where it goes on."""
        rows = history.between(self.session, declared.name, span)
        more = len(rows) > span.limit
        rows = rows[: span.limit]
        total = history.count_between(self.session, declared.name, span)
        following = rows[-1].position if rows and more else None
        return [self._as_recorded(declared, row) for row in rows], total, following

    def version(self, declared: EntityType, key: Key, number: str) -> Document:
        """One version as it was shown when it was recorded."""
        row = self.row(declared, key)
        state = history.version(self.session, row.node, versions.parse(number), self.moment)
        if state is None:
            raise EntityNotFound(f"{declared.name} instance for {key.text} and version {number} not found")
        return self._as_recorded(declared, state)

    def _as_recorded(self, declared: EntityType, state: EntityRow) -> Document:
        then = Reader(self.session, self.context, state.position, self.view)
        row = history.at(self.session, state.node, state.position) or state
        stored = orjson.loads(state.document)
        then.names.load(Outline(self.context.shapes[declared.name], stored).ids)
        return then.renderer(declared).entity(state._replace(fqn=row.fqn), stored)


def _truth(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise InvalidEntity(f"{name} must be true or false, not {value!r}")
    return value.lower() == "true"


def write_cursor(row: EntityRow) -> str:
    """The opaque place of a row in its list; made of characters that are safe in a URL."""
    return base64.urlsafe_b64encode(orjson.dumps({"name": row.name, "id": row.id})).decode().rstrip("=")


def read_cursor(text: str | None) -> tuple[str, str] | None:
    """The (name, id) of a cursor."""
    if not text:
        return None
    try:
        cursor: Any = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        name, entity_id = str(cursor["name"]), str(cursor["id"])
    except (binascii.Error, ValueError, TypeError, KeyError) as error:
        raise InvalidEntity(f"{text} is not a cursor of a list") from error
    if "\0" in name + entity_id:
        raise InvalidEntity(f"{text} is not a cursor of a list")
    return name, entity_id
