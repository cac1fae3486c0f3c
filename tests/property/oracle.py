# SPDX-License-Identifier: Apache-2.0
"""A catalogue in plain Python, which remembers everything that was ever visible.

It is told the same as the real catalogue and says what must be seen: whether a request is accepted, the documents,
versions, lineage edges and events, at every position. It keeps entities in dictionaries, computes everything from
them anew after each event, and stores a copy; it is slow and simple on purpose, and imports nothing of Headwater.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import jsonpatch
from jsonpointer import JsonPointerException

Doc = dict[str, Any]

INVALID, NOT_FOUND, EXISTS, CONFLICT, DERIVED = (
    "InvalidEntity",
    "EntityNotFound",
    "EntityExists",
    "VersionConflict",
    "EdgeDerived",
)
SESSION = 10 * 60 * 1000


class Refused(Exception):
    """The request is refused, for any of these reasons."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = set(reasons)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the oracle knows of an entity type.

    ``plain`` members go when a PUT omits them, ``sticky`` ones stay, ``unversioned`` ones raise no version.
    """

    parents: tuple[tuple[str, str], ...] = ()
    copies: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    sticky: tuple[str, ...] = ()
    unversioned: tuple[str, ...] = ()
    major: tuple[str, ...] = ()
    owned: bool = True
    tagged: bool = False
    extended: bool = False
    soft: bool = True
    renamable: bool = False
    lower: bool = False
    defaults: Doc = field(default_factory=dict)


TEXTS = ("description", "displayName")
SERVICE = Kind(plain=(*TEXTS, "serviceType"), tagged=True, renamable=True)
WORD = {"provider": "user", "mutuallyExclusive": False, "disabled": False}
KINDS: dict[str, Kind] = {
    "user": Kind(
        plain=(*TEXTS, "email"), sticky=("isAdmin", "isBot"), defaults={"isAdmin": False, "isBot": False}, owned=False,
        lower=True,
    ),
    "domain": Kind(plain=(*TEXTS, "domainType"), tagged=True, extended=True, soft=False, renamable=True),
    "classification": Kind(plain=TEXTS, sticky=("provider", "mutuallyExclusive"), defaults=WORD, renamable=True),
    "tag": Kind(
        parents=(("parent", "tag"), ("classification", "classification")), copies=("classification",), plain=TEXTS,
        sticky=("provider", "mutuallyExclusive"), defaults=WORD, renamable=True,
    ),
    "databaseService": SERVICE,
    "database": Kind(
        parents=(("service", "databaseService"),), copies=("serviceType",), plain=TEXTS, tagged=True, extended=True,
        sticky=("default",), defaults={"default": False}, unversioned=("sourceHash",),
    ),
    "databaseSchema": Kind(
        parents=(("database", "database"),), copies=("service", "serviceType"), plain=TEXTS, tagged=True,
        extended=True, unversioned=("sourceHash",),
    ),
    "table": Kind(
        parents=(("databaseSchema", "databaseSchema"),), copies=("database", "service", "serviceType"),
        plain=(*TEXTS, "columns", "tableType"), tagged=True, extended=True, unversioned=("sourceHash",),
    ),
    "dashboardService": SERVICE,
    "dashboard": Kind(
        parents=(("service", "dashboardService"),), copies=("serviceType",), plain=(*TEXTS, "project"), tagged=True,
        sticky=("dashboardType",), defaults={"dashboardType": "Dashboard"}, extended=True, unversioned=("sourceHash",),
    ),
    "mlmodelService": SERVICE,
    "mlmodel": Kind(
        parents=(("service", "mlmodelService"),), copies=("serviceType",),
        plain=(*TEXTS, "target", "server", "mlFeatures", "mlHyperParameters", "dashboard"), sticky=("algorithm",),
        defaults={"algorithm": "mlmodel"}, major=("algorithm", "server", "target"), tagged=True, extended=True,
        unversioned=("sourceHash",),
    ),
}  # fmt: skip
SOURCES = ("table", "mlmodel")


# names ------------------------------------------------------------------------------------------------------------


def quoted(name: str) -> str:
    """A name as a segment of an FQN."""
    return '"' + name.replace('"', '""') + '"' if re.search(r'[."]', name) else name


def plain_path(text: str) -> str | None:
    """A dotted path with needless quotes taken off; None for what is no path."""
    segments = re.findall(r'"(?:[^"]|"")+"|[^."]+', text)
    if ".".join(segments) != text:
        return None
    names = [s[1:-1].replace('""', '"') if s.startswith('"') else s for s in segments]
    return ".".join(quoted(name) for name in names)


# what the oracle holds --------------------------------------------------------------------------------------------


class Ref(NamedTuple):
    """A reference; a ``kept`` one outlives its target."""

    id: str
    kept: bool = False


class Label(NamedTuple):
    """A tag on something."""

    tag: str
    label_type: str
    state: str
    applied_at: datetime
    applied_by: str


@dataclass
class Change:
    """What a change description says: the version before, and the members that changed, without what is inside."""

    previous: int
    members: set[str]


@dataclass
class State:
    """One recorded state; ``shown`` is how it was to be seen."""

    position: int
    version: int
    doc: Doc
    change: Change | None
    shown: Doc
    withdrawn: int | None = None


@dataclass
class Thing:
    """An entity. ``doc`` holds references, labels and plain values; nothing in it depends on names."""

    id: str
    type: str
    name: str
    parent: str | None
    doc: Doc
    version: int = 1
    deleted: bool = False
    removed: bool = False
    last_fqn: str = ""
    updated_at: int = 0
    updated_by: str = ""
    change: Change | None = None
    states: list[State] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]


class Edge(NamedTuple):
    """An edge as it is to be seen: column pairs by case-folded FQN with function, and what is said of it."""

    columns: frozenset[tuple[str, str, str | None]]
    source: str | None
    description: str | None
    sql: str | None
    created: tuple[int, str]
    updated: tuple[int, str]


@dataclass
class Said:
    """What one asserter says of an edge; ``columns`` maps pairs of case-folded paths to a function."""

    source: str
    asserter: str
    details: Doc
    columns: dict[tuple[str, str], str | None]
    since: int
    first: int


class Event(NamedTuple):
    """An entry of the event log."""

    position: int
    type: str
    entity: str
    user: str
    timestamp: int
    previous: int | None
    version: int


@dataclass
class Snapshot:
    """Everything that is visible at one position. ``things`` holds the names, ids and marks of deletion too."""

    things: dict[str, Doc]
    types: dict[str, str]
    edges: dict[tuple[str, str], Edge]
    usages: set[tuple[str, ...]]
    references: set[tuple[str, ...]]
    fields: set[tuple[str, ...]]


class User(NamedTuple):
    """Who acts."""

    name: str
    bot: bool = False


class Oracle:
    """The whole catalogue. Methods that change it take the id of what they may create from the real one's reply."""

    def __init__(self, position: int, now: int) -> None:
        self.position = position
        self.time = now
        self.things: dict[str, Thing] = {}
        self.said: dict[tuple[str, str], list[Said]] = {}
        self.derived_since: dict[tuple[str, str], int] = {}
        self.events: dict[int, Event] = {}
        self.snapshots: dict[int, Snapshot] = {}

    # finding ------------------------------------------------------------------------------------------------------

    def fqn(self, thing: Thing) -> str:
        if thing.removed:
            return thing.last_fqn
        above = self.things[thing.parent] if thing.parent else None
        return f"{self.fqn(above)}.{quoted(thing.name)}" if above else quoted(thing.name)

    def present(self, type_: str | None = None) -> list[Thing]:
        return [one for one in self.things.values() if not one.removed and type_ in (None, one.type)]

    def named(self, type_: str, fqn: str) -> Thing | None:
        return next((one for one in self.present(type_) if self.fqn(one) == fqn), None)

    def children(self, thing: Thing) -> list[Thing]:
        found = [one for one in self.present() if one.parent == thing.id]
        return sorted(found, key=lambda one: (one.type, one.name))

    def _known(self, type_: str, id_: str) -> Thing:
        thing = self.things.get(id_)
        if thing is None or thing.removed or thing.type != type_:
            raise Refused(NOT_FOUND)
        return thing

    # showing ------------------------------------------------------------------------------------------------------

    def card(self, ref: Ref) -> Doc:
        thing = self.things[ref.id]
        texts = {member: thing.doc[member] for member in ("displayName", "description") if thing.doc.get(member)}
        return {
            "id": thing.id,
            "type": thing.type,
            "name": thing.name,
            "fullyQualifiedName": self.fqn(thing),
            "deleted": thing.deleted or thing.removed,
            **texts,
        }

    def _gone(self, value: Any) -> bool:
        if isinstance(value, Ref):
            return not value.kept and self.things[value.id].removed
        return isinstance(value, Label) and self.things[value.tag].removed

    def _show(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self.card(value)
        if isinstance(value, Label):
            tag = self.card(Ref(value.tag))
            shown = {"tagFQN": tag["fullyQualifiedName"], "name": tag["name"], "source": "Classification"}
            shown |= {member: tag[member] for member in ("displayName", "description") if member in tag}
            shown |= {"labelType": value.label_type, "state": value.state}
            return shown | {"appliedAt": value.applied_at.isoformat(), "appliedBy": value.applied_by}
        if isinstance(value, list):
            return [self._show(one) for one in value if not self._gone(one)]
        if isinstance(value, dict):
            return {member: self._show(one) for member, one in value.items() if not self._gone(one)}
        return value

    def shown_doc(self, thing: Thing, doc: Doc) -> Doc:
        """A document with names and FQNs put in."""
        shown: Doc = self._show(doc)
        if thing.kind.tagged:
            shown.setdefault("tags", [])
            _sort_labels(shown)
        for feature in shown.get("mlFeatures") or ():
            feature["fullyQualifiedName"] = f"{self.fqn(thing)}.{quoted(feature['name'])}"
            feature.setdefault("tags", [])
            _sort_labels(feature)
            for source in feature.get("featureSources") or ():
                source.setdefault("tags", [])
                path = source.pop("path", None) or quoted(source["name"])
                table = source.get("dataSource")
                source["fullyQualifiedName"] = f"{table['fullyQualifiedName']}.{path}" if table else source["name"]
        for column, above in _columns_of(shown.get("columns")):
            column["fullyQualifiedName"] = ".".join([self.fqn(thing), *above, quoted(column["name"])])
            column.setdefault("tags", [])
            _sort_labels(column)
        return shown

    def shown(self, thing: Thing) -> Doc:
        """An entity without what it inherits."""
        shown = {
            "id": thing.id,
            "name": thing.name,
            "fullyQualifiedName": self.fqn(thing),
            **self.shown_doc(thing, thing.doc),
            "version": thing.version / 10,
            "updatedAt": thing.updated_at,
            "updatedBy": thing.updated_by,
            **({"deleted": thing.deleted} if thing.kind.soft else {}),
        }
        if thing.change:
            shown["changeDescription"] = {
                "previousVersion": thing.change.previous / 10,
                "members": sorted(thing.change.members),
            }
        return shown

    def inherited(self, thing: Thing, shown: Doc) -> Doc:
        """The entity with owners and domains of the nearest ancestor that has any."""
        shown = dict(shown)
        for member in ("owners", "domains"):
            above = thing
            while thing.kind.owned and not shown.get(member) and above.parent:
                above = self.things[above.parent]
                if values := self._show(above.doc.get(member) or []):
                    shown[member] = [value | {"inherited": True} for value in values]
        return shown

    # lineage ------------------------------------------------------------------------------------------------------

    def fields(self, thing: Thing) -> set[str]:
        """The case-folded paths of the fields that an entity has."""
        return set() if thing.removed else set(_fields(thing.doc))

    def derived(self) -> dict[tuple[str, str], set[tuple[str, str]]]:
        """What follows from documents: pairs of ids, each with its pairs of case-folded paths."""
        edges: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for thing in self.present("mlmodel"):
            for feature in thing.doc.get("mlFeatures") or ():
                for source in feature.get("featureSources") or ():
                    if table := source.get("dataSource"):
                        path = (source.get("path") or quoted(source["name"])).casefold()
                        columns = edges.setdefault((table.id, thing.id), set())
                        columns.add((path, quoted(feature["name"]).casefold()))
            if (dashboard := thing.doc.get("dashboard")) and not self.things[dashboard.id].removed:
                edges.setdefault((thing.id, dashboard.id), set())
        return edges

    def edges(self) -> dict[tuple[str, str], Edge]:
        derived = self.derived()
        return {
            pair: self._edge(pair, derived.get(pair), self.said.get(pair, []))
            for pair in (*derived, *(pair for pair in self.said if pair not in derived))
        }

    def _edge(self, pair: tuple[str, str], derived: set[tuple[str, str]] | None, said: list[Said]) -> Edge:
        functions: dict[tuple[str, str], str | None] = dict.fromkeys(derived or ())
        details: Doc = {}
        for one in sorted(said, key=lambda one: one.since):
            details |= {**one.details, "source": one.source}
            for path, function in one.columns.items():
                functions[path] = functions.get(path) or function
        up, down = (self.fqn(self.things[end]) for end in pair)
        firsts = [one.first for one in said] + ([self.derived_since[pair]] if derived is not None else [])
        newest = max((one.since for one in said), default=self.derived_since.get(pair, 0))
        return Edge(
            columns=frozenset(
                (f"{up}.{source}".casefold(), f"{down}.{target}".casefold(), function)
                for (source, target), function in functions.items()
            ),
            source=details.get("source"),
            description=details.get("description"),
            sql=details.get("sqlQuery"),
            created=(self.events[min(firsts)].timestamp, self.events[min(firsts)].user),
            updated=(self.events[newest].timestamp, self.events[newest].user),
        )

    # events -------------------------------------------------------------------------------------------------------

    def _event(self, kind: str, thing: Thing, user: User, now: int, previous: int | None = None) -> None:
        """Move on to the next position and remember all that is visible there."""
        self.time = max(self.time, now)
        self.position += 1
        self.events[self.position] = Event(self.position, kind, thing.id, user.name, self.time, previous, thing.version)

    def _remember(self, changed: Thing | None) -> None:
        derived = self.derived()
        self.derived_since = {pair: self.derived_since.get(pair, self.position) for pair in derived}
        own = {one.id: self.shown(one) for one in self.present()}
        if changed and not changed.removed:
            changed.states.append(
                State(self.position, changed.version, deepcopy(changed.doc), changed.change, deepcopy(own[changed.id]))
            )
        self.snapshots[self.position] = Snapshot(
            things={id_: deepcopy(self.inherited(self.things[id_], shown)) for id_, shown in own.items()},
            types={id_: self.things[id_].type for id_ in own},
            edges=self.edges(),
            usages={usage for one in self.present() for usage in self._usages(one)},
            references={reference for one in self.present() for reference in self._references(one)},
            fields={(one.id, *named) for one in self.present() for named in _fields(one.doc).items()},
        )

    def _usages(self, thing: Thing) -> Iterator[tuple[str, ...]]:
        """Which tags sit where on an entity: tag, entity, case-folded path, type and state of the label."""
        seen = set()
        for path, holder in (("", thing.doc), *_parts_of(thing.doc)):
            for label in holder.get("tags") or ():
                if (label.tag, path.casefold()) not in seen and not self._gone(label):
                    seen.add((label.tag, path.casefold()))
                    yield label.tag, thing.id, path.casefold(), label.label_type, label.state

    def _references(self, thing: Thing) -> Iterator[tuple[str, ...]]:
        """To what an entity refers: entity, member and target."""
        sources = [one["dataSource"] for one in _sources(thing.doc)]
        members = {
            "owners": thing.doc.get("owners") or [],
            "domains": thing.doc.get("domains") or [],
            "dashboard": [thing.doc["dashboard"]] if thing.doc.get("dashboard") else [],
            "mlFeatures.featureSources.dataSource": sources,
        }
        for member, refs in members.items():
            yield from ((thing.id, member, ref.id) for ref in refs if not self._gone(ref))

    def versions(self, id_: str, position: int | None = None) -> list[Doc]:
        """Every version of an entity as it was shown when it was recorded, newest first."""
        at = self.position if position is None else position
        newest: dict[int, Doc] = {}
        for state in self.things[id_].states:
            if state.position <= at and (state.withdrawn is None or state.withdrawn > at):
                newest[state.version] = state.shown
        return [newest[number] for number in sorted(newest, reverse=True)]

    # what a request says ------------------------------------------------------------------------------------------

    def _home(self, type_: str, request: Doc) -> tuple[str | None, Thing | None]:
        for member, above in KINDS[type_].parents:
            if request.get(member):
                thing = self.named(above, request[member])
                if thing is None or thing.deleted:
                    raise Refused(NOT_FOUND)
                return member, thing
        return None, None

    def create(self, type_: str, request: Doc, user: User, now: int, new_id: str) -> Thing:
        request = self._lowered(type_, request)
        _, above = self._home(type_, request)
        if self.named(type_, self._fqn_below(above, request["name"])):
            raise Refused(EXISTS)
        return self._create(type_, request, user, now, new_id)

    def _lowered(self, type_: str, request: Doc) -> Doc:
        return {**request, "name": request["name"].lower()} if KINDS[type_].lower else request

    def _fqn_below(self, above: Thing | None, name: str) -> str:
        return f"{self.fqn(above)}.{quoted(name)}" if above else quoted(name)

    def _create(self, type_: str, request: Doc, user: User, now: int, new_id: str) -> Thing:
        kind = KINDS[type_]
        member, above = self._home(type_, request)
        doc = Acceptance(self, type_, {**kind.defaults, **request}, None, user, now).run()
        if member and above:
            doc[member] = Ref(above.id, kept=True)
            if member == kind.parents[0][0]:
                doc |= {copied: above.doc[copied] for copied in kind.copies if copied in above.doc}
        thing = Thing(new_id, type_, request["name"], above.id if above else None, doc)
        self.things[new_id] = thing
        self._event("entityCreated", thing, user, now)
        thing.updated_at, thing.updated_by = self.time, user.name
        self._remember(thing)
        return thing

    # PUT ----------------------------------------------------------------------------------------------------------

    def put(self, type_: str, request: Doc, user: User, now: int, new_id: str) -> Thing:
        request = self._lowered(type_, request)
        _, above = self._home(type_, request)
        thing = self.named(type_, self._fqn_below(above, request["name"]))
        if thing is None:
            return self._create(type_, request, user, now, new_id)
        new = Acceptance(self, type_, request, thing.doc, user, now, unites=True).run()
        if thing.deleted:
            self._restore(thing, user, now)
        self._update(thing, self._merged(thing, new, user), user, now)
        return thing

    def _merged(self, thing: Thing, new: Doc, user: User) -> Doc:
        """The document after a PUT: what a request may say is overwritten, apart from what the rules spare."""
        kind, old = thing.kind, thing.doc
        structure = {member for member, _ in kind.parents} | set(kind.copies)
        merged = {member: value for member, value in new.items() if member not in structure}
        for member, value in old.items():
            kept = member in structure or member in kind.sticky or member in kind.defaults
            if member not in merged and (kept or member in ("extension", "domains")):
                merged[member] = value
        if kind.owned and not merged.get("owners") and "owners" in old:
            merged["owners"] = old["owners"]
        spared = [*TEXTS, "extension", "domains"] if user.bot else []
        merged |= {member: old[member] for member in spared if old.get(member)}
        if kind.tagged:
            _unite(old, merged, user.bot)
        _merge_parts(old.get("mlFeatures"), merged.get("mlFeatures"), user.bot, str)
        _merge_parts(old.get("columns"), merged.get("columns"), user.bot, str.casefold)
        return merged

    # PATCH --------------------------------------------------------------------------------------------------------

    def patch_base(self, thing: Thing) -> Doc:
        """What a JSON Patch is applied to."""
        base = self.inherited(thing, self.shown(thing))
        base.pop("changeDescription", None)
        members = ["owners", "domains"] if thing.kind.owned else []
        members += {"table": ["columns"], "mlmodel": ["mlFeatures", "mlHyperParameters"]}.get(thing.type, [])
        return deepcopy({member: [] for member in members} | base)

    def patch(self, type_: str, id_: str, operations: Sequence[Doc], user: User, now: int, match: str | None) -> None:
        thing = self._known(type_, id_)
        if thing.deleted:
            raise Refused(NOT_FOUND)
        if match is not None and match != f'W/"{thing.version / 10}"':
            raise Refused(CONFLICT)
        base = self.patch_base(thing)
        try:
            patched = jsonpatch.JsonPatch(list(operations)).apply(deepcopy(base))
        except (jsonpatch.JsonPatchException, JsonPointerException) as error:
            raise Refused(INVALID) from error
        shown = self.shown(thing)
        name = patched.pop("name", thing.name) if thing.kind.renamable else thing.name
        structure = {member for member, _ in thing.kind.parents} | set(thing.kind.copies)
        own = {"id", "name", "fullyQualifiedName", "version", "updatedAt", "updatedBy", "deleted", *structure}
        body = {member: value for member, value in patched.items() if member not in own and value is not None}
        for member in ("owners", "domains"):
            own_values = [one for one in body.pop(member, []) if not (isinstance(one, dict) and one.get("inherited"))]
            if member in patched and (own_values or shown.get(member)):
                body[member] = own_values
        body = {member: value for member, value in body.items() if value != [] or member in shown}
        new = Acceptance(self, type_, body, thing.doc, user, now).run()
        new |= {member: thing.doc[member] for member in structure if member in thing.doc}
        if name == thing.name:
            self._update(thing, new, user, now, session=match is None)
            return
        above = self.things[thing.parent] if thing.parent else None
        if self.named(type_, self._fqn_below(above, name)):
            raise Refused(EXISTS)
        members, major = self._changes(thing, thing.doc, new)
        thing.name = name
        self._advance(thing, new, {*members, "name"}, major, user, now)

    # what changes -------------------------------------------------------------------------------------------------

    def _changes(self, thing: Thing, old: Doc, new: Doc) -> tuple[set[str], bool]:
        """The members that differ in a way that counts, and whether that is a major change."""
        before, after = self.shown_doc(thing, old), self.shown_doc(thing, new)
        members = {
            member
            for member in {*before, *after} - {*thing.kind.unversioned, *thing.kind.copies}
            if _comparable(member, before.get(member)) != _comparable(member, after.get(member))
        }
        major = bool(members & set(thing.kind.major))
        return members, major or _narrowed(before.get("columns") or [], after.get("columns") or [])

    def _update(self, thing: Thing, new: Doc, user: User, now: int, session: bool = False) -> None:
        members, major = self._changes(thing, thing.doc, new)
        if not members:
            before, after = self.shown_doc(thing, thing.doc), self.shown_doc(thing, new)
            if any(before.get(member) != after.get(member) for member in thing.kind.unversioned):
                self._record(thing, new, user, now, thing.version)
            return
        if session and self._joins(thing, user, now) and not self._moved(thing, new):
            assert thing.change
            number = thing.change.previous
            bases = [one for one in thing.states if one.version == number and one.withdrawn is None]
            if bases:
                self._fold(thing, bases[-1], new, user, now)
                return
        self._advance(thing, new, members, major, user, now)

    def _joins(self, thing: Thing, user: User, now: int) -> bool:
        """Whether a patch counts as part of the edit before it."""
        recent = max(self.time, now) - thing.updated_at <= SESSION
        if thing.version == 1 or thing.updated_by != user.name or not recent or thing.change is None:
            return False
        return not thing.change.members & {"name", "deleted"}

    def _moved(self, thing: Thing, new: Doc) -> bool:
        """Whether a list got, lost or moved items."""
        before, after = _lists(self.shown_doc(thing, thing.doc)), _lists(self.shown_doc(thing, new))
        return bool(before != after)

    def _fold(self, thing: Thing, base: State, new: Doc, user: User, now: int) -> None:
        members, major = self._changes(thing, base.doc, new)
        for state in thing.states:
            if state.position > base.position and state.withdrawn is None:
                state.withdrawn = self.position + 1
        previous = thing.version
        thing.version = base.version + (10 if major else 1) if members else base.version
        thing.change = Change(base.version, members) if members else base.change
        self._record(thing, new, user, now, previous)

    def _advance(
        self, thing: Thing, new: Doc, members: Iterable[str], major: bool, user: User, now: int,
        event: str = "entityUpdated",
    ) -> None:  # fmt: skip
        previous = thing.version
        thing.version += 10 if major else 1
        thing.change = Change(previous, set(members))
        self._record(thing, new, user, now, previous, event)

    def _record(
        self, thing: Thing, new: Doc, user: User, now: int, previous: int, event: str = "entityUpdated"
    ) -> None:
        thing.doc = new
        self._event(event, thing, user, now, previous)
        thing.updated_at, thing.updated_by = self.time, user.name
        self._remember(thing)

    # deleting -----------------------------------------------------------------------------------------------------

    def delete(self, type_: str, id_: str, user: User, now: int, recursive: bool, hard: bool) -> None:
        thing = self._known(type_, id_)
        if thing.deleted and not hard:
            raise Refused(NOT_FOUND)
        hard = hard or not thing.kind.soft
        if not recursive and any(hard or not child.deleted for child in self.children(thing)):
            raise Refused(INVALID)
        self._delete(thing, user, now, hard)

    def _delete(self, thing: Thing, user: User, now: int, hard: bool) -> None:
        for child in self.children(thing):
            if hard or not child.deleted:
                self._delete(child, user, now, hard or not child.kind.soft)
        if not hard:
            thing.deleted = True
            self._advance(thing, thing.doc, {"deleted"}, False, user, now, "entitySoftDeleted")
            return
        thing.last_fqn = self.fqn(thing)
        thing.removed = True
        self.said = {pair: said for pair, said in self.said.items() if thing.id not in pair}
        for other in self.present():
            other.doc = _without(other.doc, self._gone)
        self._event("entityDeleted", thing, user, now, thing.version)
        self._remember(None)

    def restore(self, type_: str, id_: str, user: User, now: int) -> None:
        thing = self._known(type_, id_)
        if not thing.deleted or (thing.parent and self.things[thing.parent].deleted):
            raise Refused(INVALID)
        self._restore(thing, user, now)

    def _restore(self, thing: Thing, user: User, now: int) -> None:
        thing.deleted = False
        self._advance(thing, thing.doc, {"deleted"}, False, user, now, "entityRestored")
        for child in self.children(thing):
            if child.deleted:
                self._restore(child, user, now)

    # asserted edges -----------------------------------------------------------------------------------------------

    def put_edge(self, up_id: str, down_id: str, details: Doc, user: User, now: int) -> None:
        up, down = self.things[up_id], self.things[down_id]
        if up.removed or down.removed or up.deleted or down.deleted:
            raise Refused(NOT_FOUND)
        pair = (up.id, down.id)
        if not any(details.values()) and (pair in self.said or pair in self.derived()):
            return
        columns = self._pairs(up, down, details.get("columnsLineage") or [])
        source = details.get("source") or "Manual"
        asserter = user.name if source == "Manual" else ""
        told: Doc = {member: details[member] for member in ("description", "sqlQuery") if member in details}
        earlier = [one for one in self.said.get(pair, ()) if (one.source, one.asserter) == (source, asserter)]
        before = earlier[0] if earlier else None
        if before:
            told = before.details | told
            if source == "Manual" or "columnsLineage" not in details:
                columns = before.columns | {path: name or before.columns.get(path) for path, name in columns.items()}
            if (told, columns) == (before.details, before.columns):
                return
        self._event("entityLineageUpdated" if before else "entityLineageAdded", down, user, now, down.version)
        others = [one for one in self.said.get(pair, ()) if one is not before]
        first = before.first if before else self.position
        self.said[pair] = [*others, Said(source, asserter, told, columns, self.position, first)]
        self._remember(None)

    def _pairs(self, up: Thing, down: Thing, given: Iterable[Doc]) -> dict[tuple[str, str], str | None]:
        pairs: dict[tuple[str, str], str | None] = {}
        for entry in given:
            for source in entry["fromColumns"]:
                ends = []
                for thing, name in ((up, source), (down, entry["toColumn"])):
                    root = f"{self.fqn(thing)}."
                    path = (plain_path(name) or "").removeprefix(root).casefold()
                    if not (plain_path(name) or "").startswith(root) or not path:
                        raise Refused(INVALID)
                    if thing.type == "dashboard":  # Its fields are its charts, and these have none.
                        raise Refused(INVALID)
                    if self.fields(thing) and path not in self.fields(thing):
                        raise Refused(INVALID)
                    ends.append(path)
                key = (ends[0], ends[1])
                pairs[key] = entry.get("function") or pairs.get(key)
        return pairs

    def delete_edge(self, up_id: str, down_id: str, user: User, now: int) -> None:
        up, down = self.things[up_id], self.things[down_id]
        if up.removed or down.removed:
            raise Refused(NOT_FOUND)
        pair = (up.id, down.id)
        derived = pair in self.derived()
        if pair not in self.said and not derived:
            raise Refused(NOT_FOUND)
        for one in sorted(self.said.get(pair, ()), key=lambda one: one.since):
            self._event("entityLineageDeleted", down, user, now, down.version)
            self.said[pair].remove(one)
            if not self.said[pair]:
                del self.said[pair]
            self._remember(None)
        if derived:
            raise Refused(DERIVED)


class Acceptance:
    """What a request becomes, and every reason to refuse it."""

    def __init__(
        self, oracle: Oracle, type_: str, request: Doc, old: Doc | None, user: User, now: int, unites: bool = False
    ) -> None:
        self.oracle = oracle
        self.type = type_
        self.doc = deepcopy(request)
        self.old = old or {}
        self.applied = (datetime.fromtimestamp(max(oracle.time, now) / 1000, UTC), user.name)
        self.unites = unites
        self.reasons: set[str] = set()
        self.known = set(_ids(self.old))

    def run(self) -> Doc:
        for member in ("name", "id", *(member for member, _ in KINDS[self.type].parents)):
            self.doc.pop(member, None)
        for member, types in (("owners", ("user",)), ("domains", ("domain",))):
            if self.doc.get(member) is not None:
                found = [self._resolve(one, types) for one in self.doc[member]]
                self.doc[member] = list(dict.fromkeys(one for one in found if one))
        if self.doc.get("dashboard"):
            self.doc["dashboard"] = self._resolve(self.doc["dashboard"], ("dashboard",))
        self._labels(self.doc, self.old)
        self._features()
        self._columns(self.doc.get("columns") or [], self.old.get("columns") or [])
        if self.reasons:
            raise Refused(*self.reasons)
        return self.doc

    def _resolve(self, given: Any, types: Sequence[str], kept: bool = False) -> Ref | None:
        thing: Thing | None = None
        if isinstance(given, dict) and given.get("id"):
            thing = self.oracle.things.get(given["id"])
        else:
            name = given["fullyQualifiedName"] if isinstance(given, dict) else given
            found = (self.oracle.named(type_, name) for type_ in types)
            thing = next((one for one in found if one), None) or (self._former(name, types) if kept else None)
        known = thing is not None and thing.id in self.known
        if thing is None or (thing.removed and not (kept and known)) or (thing.deleted and not known):
            self.reasons.add(NOT_FOUND)
            return None
        return Ref(thing.id, kept)

    def _former(self, name: str, types: Sequence[str]) -> Thing | None:
        """What was referred to already, and was deleted for good since; the newest, if several had that name."""
        former = [one for one in self.oracle.things.values() if one.id in self.known and one.type in types]
        return next((one for one in reversed(former) if self.oracle.fqn(one) == name), None)

    def _labels(self, holder: Doc, old: Doc) -> None:
        before = {label.tag: label for label in old.get("tags") or () if not self.oracle.things[label.tag].removed}
        labels: dict[str, Label] = {}
        for label in holder.get("tags") or ():
            given = {"tagFQN": label} if isinstance(label, str) else label
            tag = self.oracle.named("tag", given["tagFQN"])
            if tag is None or (tag.deleted and tag.id not in before):
                self.reasons.add(NOT_FOUND)
                continue
            above = self.oracle.things[tag.parent or ""]
            if tag.id not in before and (tag.doc.get("disabled") or above.doc.get("disabled")):
                self.reasons.add(INVALID)
            at, by = self.applied
            if "appliedAt" in given:
                at, by = datetime.fromisoformat(given["appliedAt"]), given["appliedBy"]
            if tag.id in before:
                at, by = before[tag.id].applied_at, before[tag.id].applied_by
            kind, state = ("Manual", "Confirmed") if tag.id not in before or not self.unites else before[tag.id][1:3]
            kind, state = given.get("labelType", kind), given.get("state", state)
            labels[tag.id] = Label(tag.id, kind, state, at, by)
        self._exclusive(set(labels) | (set(before) if self.unites else set()), set(before))
        holder.pop("tags", None)
        if labels:
            holder["tags"] = list(labels.values())

    def _exclusive(self, tags: set[str], before: set[str]) -> None:
        """Of exclusive tags only one can come to a thing; those on it may have come before they were exclusive."""
        parents = {tag: self.oracle.things[self.oracle.things[tag].parent or ""] for tag in tags}
        for tag in tags - before:
            beside = [other for other in tags - {tag} if parents[other].id == parents[tag].id]
            if beside and parents[tag].doc.get("mutuallyExclusive"):
                self.reasons.add(INVALID)

    def _features(self) -> None:
        features = self.doc.get("mlFeatures") or []
        old = {one["name"]: one for one in self.old.get("mlFeatures") or ()}
        if len({one["name"] for one in features}) < len(features):
            self.reasons.add(INVALID)
        known = {(source["dataSource"].id, source["name"]): source for source in _sources(self.old)}
        for feature in features:
            feature.pop("fullyQualifiedName", None)
            self._labels(feature, old.get(feature["name"], {}))
            for source in feature.get("featureSources") or ():
                source.pop("fullyQualifiedName", None)
                if not source.get("tags"):
                    source.pop("tags", None)
                if source.get("dataSource"):
                    source["dataSource"] = self._resolve(source["dataSource"], SOURCES, kept=True)
                    if source["dataSource"]:
                        self._place(source, known)

    def _place(self, source: Doc, known: dict[tuple[str, str], Doc]) -> None:
        """A source names a column that is there, by its name or by its path; unless it was there before."""
        table = self.oracle.things[source["dataSource"].id]
        if earlier := known.get((table.id, source["name"])):
            source |= {"path": earlier["path"]} if "path" in earlier else {}
            return
        fields = self.oracle.fields(table)
        path = plain_path(source["name"])
        if not fields or quoted(source["name"]).casefold() in fields:
            return
        if path and path.casefold() in fields:
            source["path"] = path
        else:
            self.reasons.add(INVALID)

    def _columns(self, columns: list[Doc], old: list[Doc]) -> None:
        before = {one["name"].casefold(): one for one in old}
        if len({one["name"].casefold() for one in columns}) < len(columns):
            self.reasons.add(INVALID)
        for column in columns:
            column.pop("fullyQualifiedName", None)
            twin = before.get(column["name"].casefold(), {})
            self._labels(column, twin)
            self._columns(column.get("children") or [], twin.get("children") or [])


# documents --------------------------------------------------------------------------------------------------------


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, Ref):
        yield value.id
    elif isinstance(value, Label):
        yield value.tag
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _ids(one)


def _without(value: Any, gone: Callable[[Any], bool]) -> Any:
    """A value without references and labels that are gone; a member that holds nothing else stays, empty."""
    if isinstance(value, Ref | Label):
        return value
    if isinstance(value, list):
        return [_without(one, gone) for one in value if not gone(one)]
    if isinstance(value, dict):
        return {member: _without(one, gone) for member, one in value.items() if not gone(one)}
    return value


def _sources(doc: Doc) -> Iterator[Doc]:
    for feature in doc.get("mlFeatures") or ():
        yield from (one for one in feature.get("featureSources") or () if one.get("dataSource"))


def _columns_of(columns: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[Doc, tuple[str, ...]]]:
    for column in columns or ():
        yield column, above
        yield from _columns_of(column.get("children"), (*above, quoted(column["name"])))


def _parts_of(doc: Doc) -> Iterator[tuple[str, Doc]]:
    """Features and columns with their paths."""
    yield from ((quoted(one["name"]), one) for one in doc.get("mlFeatures") or ())
    yield from ((".".join([*above, quoted(one["name"])]), one) for one, above in _columns_of(doc.get("columns")))


def _fields(doc: Doc) -> dict[str, str]:
    """The fields of a document: case-folded path to the path as it is written."""
    return {path.casefold(): path for path, _ in _parts_of(doc)}


def _sort_labels(holder: Doc) -> None:
    holder["tags"] = sorted(holder["tags"], key=lambda label: str(label["tagFQN"]))


def _unite(old: Doc, new: Doc, bot: bool) -> None:
    """Labels unite; what a bot says of a label counts only as long as nobody stands behind that."""
    labels = {label.tag: label for label in (*(old.get("tags") or ()), *(new.get("tags") or ()))}
    labels |= {label.tag: label for label in old.get("tags") or () if bot and label.state == "Confirmed"}
    if labels:
        new["tags"] = list(labels.values())


def _merge_parts(old: list[Doc] | None, new: list[Doc] | None, bot: bool, fold: Callable[[str], str]) -> None:
    """Parts of one name: labels unite, a bot spares texts, and a column of a new type takes the text of the old."""
    before = {fold(one["name"]): one for one in old or ()}
    for one in new or ():
        twin = before.get(fold(one["name"]))
        if not twin:
            continue
        _unite(twin, one, bot)
        text = twin.get("description")
        retyped = fold is not str and _column_key(twin) != _column_key(one)
        if text and (bot or (retyped and "description" not in one)):
            one["description"] = text
        _merge_parts(twin.get("children"), one.get("children"), bot, fold)
        if "featureSources" in twin:
            _merge_sources(twin["featureSources"], one.get("featureSources"), bot)


def _merge_sources(old: list[Doc], new: list[Doc] | None, bot: bool) -> None:
    texts = {one["name"]: one["description"] for one in old if one.get("description")}
    for one in new or ():
        if bot and one["name"] in texts:
            one["description"] = texts[one["name"]]


def _column_key(column: Doc) -> tuple[Any, ...]:
    return column["name"].casefold(), column["dataType"], column.get("arrayDataType")


def _narrowed(old: list[Doc], new: list[Doc]) -> bool:
    """Whether readers of a table may break: a column is gone, or holds less."""
    after = {_column_key(one): one for one in new}
    for one in old:
        twin = after.get(_column_key(one))
        if twin is None:
            return True
        before_length, length = one.get("dataLength"), twin.get("dataLength")
        if length is not None and (before_length is None or length < before_length):
            return True
        if _narrowed(one.get("children") or [], twin.get("children") or []):
            return True
    return False


def _comparable(member: str, value: Any) -> Any:
    """A member as it counts for a change."""
    if value in (None, "", [], {}):
        return None
    if member in ("owners", "domains"):
        return {one["id"] for one in value}
    if member == "dashboard":
        return value["id"]
    if member == "tags":
        return {(one["tagFQN"], one["labelType"], one["state"]) for one in value}
    if member == "mlHyperParameters":  # Two of one name may change places.
        return sorted(map(repr, map(sorted, map(dict.items, value)))), [one["name"] for one in value]
    if member == "columns":
        return [
            {
                inner: comparable
                for inner, one in column.items()
                if inner != "fullyQualifiedName"
                and (comparable := _comparable("columns" if inner == "children" else inner, one)) is not None
            }
            for column in value
        ]
    return value


def _lists(value: Any) -> Any:
    """The lists inside a value with the identities of their items, at every depth."""
    if isinstance(value, dict):
        return {member: lists for member, one in value.items() if (lists := _lists(one)) not in (None, [], {})}
    if isinstance(value, list):
        return [
            ((one.get("name") or one.get("tagFQN") or one.get("id")) if isinstance(one, dict) else one, _lists(one))
            for one in value
        ]
    return None
