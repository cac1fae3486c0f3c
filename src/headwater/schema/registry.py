# SPDX-License-Identifier: Apache-2.0
"""All declared entity types, checked against each other before the first request."""

from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from headwater.schema import entities
from headwater.schema.base import Document, Model
from headwater.schema.checks import SERIES, CheckTarget
from headwater.schema.declare import (
    CUSTOM_PROPERTIES,
    LABELS,
    TAGS,
    Checked,
    Child,
    Drift,
    EntityType,
    ItemLineage,
    LineageRule,
    ReferenceLineage,
    SqlLineage,
    TimeSeries,
)
from headwater.schema.lineage import LineageSource


class DeclarationError(Exception):
    """A declaration contradicts itself or another one; the message lists every fault."""


class Registry:
    """The entity types of one catalogue. Refuses, at construction, declarations that do not fit together."""

    def __init__(self, types: Iterable[EntityType]) -> None:
        self.types = tuple(types)
        self._by_name = {declared.name: declared for declared in self.types}
        self._by_collection = {declared.collection: declared for declared in self.types}
        faults = list(self._faults())
        if faults:
            raise DeclarationError("; ".join(faults))

    def __iter__(self) -> Iterator[EntityType]:
        return iter(self.types)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> EntityType:
        return self._by_name[name]

    def find(self, word: str) -> EntityType | None:
        """The type that a person means: its name, its collection, or the collection's last part, in any case."""
        return self._by_word.get(word.casefold())

    @cached_property
    def _by_word(self) -> dict[str, EntityType]:
        words = {}
        for declared in self.types:
            for word in (declared.name, declared.collection, declared.sdk_name):
                words[word.casefold()] = declared
        return words

    @cached_property
    def labels(self) -> dict[str, EntityType]:
        """The type behind each source of labels."""
        return {declared.labels.value: declared for declared in self.types if declared.labels}

    @cached_property
    def describing(self) -> EntityType | None:
        """The type whose entities describe the others, if there is one."""
        return next((declared for declared in self.types if declared.has(CUSTOM_PROPERTIES)), None)

    @cached_property
    def relations(self) -> EntityType | None:
        """The type whose entities are what SQL calls tables and views, if there is one."""
        return next((declared for declared in self.types if declared.sql), None)

    def home(self, declared: EntityType) -> tuple[EntityType, ...]:
        """The types that entities of a type live under, from the top down, and the type itself at the end."""
        above = declared.parents[0].to if declared.parents else None
        return (*(self.home(self[above]) if above else ()), declared)

    def seeds(self, declared: EntityType) -> tuple[Document, ...]:
        """Requests for the entities of a type that every catalogue holds."""
        each = declared.seed_each
        return declared.seeds + (tuple(each(one) for one in self.types) if each else ())

    def referring(self, member: str, target: str) -> tuple[str, ...]:
        """The types whose list of references ``member`` may hold entities of the type ``target``."""
        return tuple(
            declared.name
            for declared in self.types
            if any(one.field == member and one.many and target in one.to for one in declared.all_references)
        )

    @cached_property
    def creation_order(self) -> tuple[EntityType, ...]:
        """The types with parents before the types that live under them."""
        ordered: dict[str, EntityType] = {}

        def visit(declared: EntityType) -> None:
            if declared.name in ordered:
                return
            for parent in declared.parents:
                if parent.to != declared.name:
                    visit(self[parent.to])
            ordered[declared.name] = declared

        for declared in self.types:
            visit(declared)
        return tuple(ordered.values())

    def _faults(self) -> Iterator[str]:
        if len(self._by_name) < len(self.types):
            yield "two types have one name"
        if len(self._by_collection) < len(self.types):
            yield "two types have one collection"
        if sum(1 for declared in self.types if declared.sql) > 1:
            yield "SQL speaks of entities of two types"
        if len(self.labels) < sum(1 for declared in self.types if declared.labels):
            yield "two types have one source of labels"
        for declared in self.types:
            yield from (f"{declared.name}: {fault}" for fault in self._faults_of(declared))

    def _faults_of(self, declared: EntityType) -> Iterator[str]:
        members = wire_members(declared.entity)
        places = [
            *(("reference", reference.field) for reference in declared.all_references),
            *((f"trait {trait.name}", member) for trait in declared.traits for member in trait.members),
            *(("major field", name) for name in declared.versions.major),
            *(("endpoint", name) for name in (declared.endpoint,) if name),
            *(("secret", name) for name in declared.secrets),
            *(("fixed member", name) for name in declared.fixed),
            *(("parent", parent.field) for parent in declared.parents),
            *(("copied member", name) for name in declared.copied),
            *(("default", name) for name in declared.defaults),
            *(("filter", filter_.member) for filter_ in declared.filters if filter_.member),
            *(("inverse", inverse.field) for inverse in declared.inverses),
            *(("addition", addition.member) for addition in declared.additions),
            *(("gathered list", gathered.field) for gathered in declared.gathered),
            *(("count", count.field) for count in declared.counts),
            *(("series' member", series.member) for series in declared.series if series.member and not series.child),
            *(("member put alone", name) for name in declared.put_alone),
            *(("member held once", name) for name in declared.held_once),
            *(("list of type names", path.split(".")[0]) for path in declared.type_names),
            *(("checked member", path.split(".")[0]) for path in _checked_paths(declared)),
            *(("stamped member", name) for name in declared.stamped),
            *(("limit", member) for limit in declared.limits for member in (limit.member, limit.per)),
            *(("brief member", path.split(".")[0]) for path in declared.brief),
        ]
        for kind, member in places:
            if member not in members:
                yield f"{kind} {member} is not a member of {declared.entity.__name__}"
        targets = [
            *(("parent", parent.field, (parent.to,)) for parent in declared.parents),
            *(("reference", reference.field, reference.to) for reference in declared.all_references),
            *(("filter", filter_.name, (filter_.to,)) for filter_ in declared.filters if filter_.to),
            *(("inverse", inverse.field, (inverse.of,)) for inverse in declared.inverses if inverse.of),
        ]
        for kind, member, types in targets:
            if not any(target in self for target in types):
                yield f"{kind} {member} points to no declared type, only to {' or '.join(types)}"
        yield from self._faults_of_words(declared)
        for child in declared.children:
            yield from self._child_faults(declared.entity, child, child.field)
        yield from _rule_faults(declared, members)
        for rule in declared.lineage:
            yield from _lineage_faults(declared, rule)
        if declared.sql:
            yield from _sql_faults(declared.sql, members)
        if declared.drift:
            yield from _drift_faults(declared, declared.drift)
        for series in declared.series:
            yield from (f"series {series.name}: {fault}" for fault in _series_faults(declared, series))
        if declared.assets and not any(_holds(other, declared) for other in self):
            yield f"no type holds a {declared.name} in {declared.assets}, so it can have no assets"

    def _faults_of_words(self, declared: EntityType) -> Iterator[str]:
        """Where one part of a declaration speaks of another that is not there."""
        references = {reference.field for reference in declared.all_references}
        inverses = {inverse.field for inverse in declared.inverses}
        for inverse in declared.inverses:
            if inverse.settable and not self.referring(inverse.member, declared.name):
                yield f"inverse {inverse.field} cannot be set: no list {inverse.member} may hold a {declared.name}"
        for count in declared.counts:
            if count.counts == "inverse" and count.of not in inverses:
                yield f"count {count.field} names the unknown inverse {count.of}"
        for gathered in declared.gathered:
            if gathered.through not in references:
                yield f"gathered list {gathered.field} names the unknown reference {gathered.through}"
        if declared.takes and declared.takes not in {child.field for child in declared.children}:
            yield f"it takes items of {declared.takes}, which is no child list"
        if declared.checked:
            yield from _checked_faults(declared, declared.checked, references)
        above = {parent.to for parent in declared.parents}
        for reference in declared.references:
            homes = [parent for parent in self[reference.to[0]].parents if parent.only] if reference.beside else []
            if reference.beside and not above & {parent.to for parent in homes}:
                yield f"reference {reference.field}: there is no only {reference.to[0]} under a {' or '.join(above)}"

    def _child_faults(self, holder: type[BaseModel], child: Child, place: str) -> Iterator[str]:
        item = item_model(holder, child.path)
        if item is None:
            yield f"child {place} is not a list of objects in {holder.__name__}"
            return
        members = wire_members(item)
        named = ("name", "fullyQualifiedName") if child.named else ()
        wanted = [*named, *child.key, *child.paired, *(reference.field for reference in child.references)]
        optional = (child.recursive, child.fqn_under, child.place, child.qualifier, child.pinned)
        wanted += [member for member in optional if member]
        for member in dict.fromkeys(wanted):
            if member not in members:
                yield f"child {place}: {member} is not a member of {item.__name__}"
        for reference in child.references:
            if not any(target in self for target in reference.to):
                types = " or ".join(reference.to)
                yield f"reference {place}.{reference.field} points to no declared type, only to {types}"
        for inner in child.children:
            yield from self._child_faults(item, inner, f"{place}.{inner.field}")


def _checked_paths(declared: EntityType) -> Iterator[str]:
    """The paths that say what of an entity is checked, and when."""
    if declared.checked:
        yield from (target.path for target in declared.checked.targets)
        yield from filter(None, (declared.checked.used, declared.checked.idle and declared.checked.idle[0]))


def _checked_faults(declared: EntityType, checked: Checked, references: set[str]) -> Iterator[str]:
    for target in checked.targets:
        if target.name not in tuple(CheckTarget):
            yield f"the checked {target.name} is none of {', '.join(CheckTarget)}"
        if target.of and target.path not in references:
            yield f"the checked {target.name} is looked for through {target.path}, which is no reference"
    if not any(series.name == SERIES for series in declared.series):
        yield f"it is checked, and has no series {SERIES}"


def _rule_faults(declared: EntityType, members: set[str]) -> Iterator[str]:
    """Words that contradict another word of the same declaration."""
    for name in declared.hidden:
        if name in members or name not in wire_members(declared.create):
            yield f"hidden member {name} must be one of {declared.create.__name__} alone"
    for reference in declared.all_references:
        if reference.is_field and not reference.many:
            yield f"reference {reference.field} makes fields, so it must be a list"
    for name in declared.stamped:
        if not {"by", "at"} <= wire_members(member_model(declared.entity, name)):
            yield f"stamped member {name} has no by and at"
    for child in declared.children:
        if child.pinned and len(child.references) != 1:
            yield f"child {child.field} is pinned, so its items need one reference"
    if declared.held_once and (declared.renamable or not declared.parents):
        yield "what is held once is held under a parent, by entities that keep their names"
    lists = {child.field for child in declared.children}
    rules = declared.versions
    for name in (*rules.major_removals, *(narrowing.child for narrowing in rules.narrowings)):
        if name not in lists:
            yield f"version rule names the unknown child list {name}"


def _series_faults(declared: EntityType, series: TimeSeries) -> Iterator[str]:
    members = wire_members(series.entry)
    named = [*series.key, *series.told, *filter(None, (series.moment, series.child and "name"))]
    yield from (f"an entry has no {name}" for name in named if name not in members)
    if series.child and not child_named(declared.children, series.child):
        yield f"child {series.child} is not declared"
    names = {one.name for one in declared.series}
    yield from (f"its request names no series {name}" for name in wire_members(series.request or Model) - names)


def _drift_faults(declared: EntityType, rule: Drift) -> Iterator[str]:
    child = child_named(declared.children, rule.inputs)
    inner = child and child_named(child.children, rule.sources)
    if not inner or rule.reference not in {one.field for one in inner.references}:
        yield f"drift: {rule.inputs} has no list {rule.sources} of items with a reference {rule.reference}"
    trained = child_named(declared.children, rule.trained)
    if not trained or not trained.pinned or rule.dataset not in {one.field for one in trained.references}:
        yield f"drift: {rule.trained} is not a list whose reference {rule.dataset} is pinned"
    if rule.otherwise[0] not in {parent.field for parent in declared.parents}:
        yield f"drift: {rule.otherwise[0]} is not a parent"
    members = wire_members(declared.entity)
    for path, _ in rule.used:
        if path.split(".")[0] not in members:
            yield f"drift: {path} is not a member of {declared.entity.__name__}"


def _holds(declared: EntityType, asset_of: EntityType) -> bool:
    """Whether entities of a type can be assets of another one's."""
    if asset_of.assets == LABELS:
        return declared.has(TAGS)
    references = (one for one in declared.all_references if one.field == asset_of.assets)
    return any(asset_of.name in reference.to for reference in references)


def _sql_faults(rule: SqlLineage, members: set[str]) -> Iterator[str]:
    for member in (rule.definition, rule.kind, rule.columns, rule.service, rule.system):
        if member not in members:
            yield f"SQL names the unknown member {member}"
    if rule.source not in set(LineageSource):
        yield f"SQL gives edges the unknown source {rule.source}"


def _lineage_faults(declared: EntityType, rule: LineageRule) -> Iterator[str]:
    if isinstance(rule, ReferenceLineage):
        if rule.reference not in {reference.field for reference in declared.all_references}:
            yield f"lineage rule names the unknown reference {rule.reference}"
        return
    child = child_named(declared.children, rule.child)
    if isinstance(rule, ItemLineage):
        if not child or rule.reference not in {reference.field for reference in child.references}:
            yield f"lineage path {rule.member} does not resolve"
        return
    if rule.otherwise and rule.otherwise not in {parent.field for parent in declared.parents}:
        yield f"lineage rule names the unknown parent {rule.otherwise}"
    sources = child_named(child.children, rule.sources) if child else None
    if not sources or rule.reference not in {reference.field for reference in sources.references}:
        yield f"lineage path {rule.child}.{rule.sources}.{rule.reference} does not resolve"
    elif child and (child.segment or not child.is_field):
        yield f"lineage path {rule.child}: its items must be fields right under the entity"


def child_named(children: Iterable[Child], field: str) -> Child | None:
    """The child list with this member name."""
    return next((child for child in children if child.field == field), None)


def wire_members(model: type) -> set[str]:
    """The member names of a model on the wire."""
    fields = getattr(model, "model_fields", {})
    return {info.alias or name for name, info in fields.items()}


def member_model(holder: type[BaseModel], member: str) -> type[BaseModel]:
    """The model of the object in a member; one without members if there is no object."""
    fields = holder.model_fields.items()
    annotation = next((info.annotation for name, info in fields if (info.alias or name) == member), None)
    return _model_in(annotation) or Model


def item_model(holder: type[BaseModel], path: Iterable[str]) -> type[BaseModel] | None:
    """The model of the items of the list at a path; None if there is no list of objects."""
    model: type[BaseModel] | None = holder
    annotation: Any = None
    for member in path:
        fields = model.model_fields.items() if model else ()
        annotation = next((info.annotation for name, info in fields if (info.alias or name) == member), None)
        model = _model_in(annotation)
    return model if _holds_list(annotation) else None


def _holds_list(annotation: Any) -> bool:
    """Whether an annotation names a list: itself, as an alternative, or with checks."""
    if get_origin(annotation) is list:
        return True
    inner = get_args(annotation) if get_origin(annotation) is not dict else ()
    return any(_holds_list(one) for one in inner if get_origin(one) is not None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation names: itself, or as an alternative or item."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for one in get_args(annotation) if (model := _model_in(one))), None)


def discover() -> tuple[EntityType, ...]:
    """Every ``EntityType`` value of the modules in ``entities/``, in order of module and definition."""
    found: dict[int, EntityType] = {}
    for module in iter_modules(entities.__path__):
        namespace = vars(import_module(f"{entities.__name__}.{module.name}"))
        found.update({id(value): value for value in namespace.values() if isinstance(value, EntityType)})
    return tuple(found.values())


@cache
def standard() -> Registry:
    """The registry of the types that Headwater ships."""
    return Registry(discover())


def snake(member: str) -> str:
    """The Python name of a wire member."""
    return to_snake(member)
