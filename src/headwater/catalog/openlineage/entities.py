# SPDX-License-Identifier: Apache-2.0
"""The entities that events speak of: found, or made, and told what they did not know yet.

An event adds to what is known of an entity. It takes nothing away: columns that it does not name stay, descriptions
and owners that are there stay as they are.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, get_args

from headwater.catalog import deletion
from headwater.catalog.context import Key
from headwater.catalog.prepare import PATH_SIZE
from headwater.catalog.writing import Writer
from headwater.errors import CatalogError, InvalidEntity
from headwater.schema import fqn, namespaces
from headwater.schema.base import Document, held
from headwater.schema.declare import LABELS, OWNERS, TAGS, Child, EntityType
from headwater.schema.namespaces import Place
from headwater.schema.openlineage import Dataset, DocumentationFacet, Job, OwnershipFacet, SchemaField, TagsFacet
from headwater.schema.registry import item_model
from headwater.store import documents, lineage
from headwater.store.rows import EntityRow

Named = tuple[str, str]
"""A namespace, and a name in it."""


class Entities:
    """The entities that one event speaks of. ``refused`` takes what cannot be taken in, each with the reason.

    ``linked``: the nodes of those that symlinks give several names.
    """

    def __init__(self, writer: Writer, settings: Document, refused: list[str]) -> None:
        self.writer = writer
        self.transaction = writer.transaction
        self.registry = writer.context.registry
        self.mapping: Mapping[str, str] = settings.get("namespaceToServiceMapping") or {}
        self.creates = settings.get("autoCreateEntities") is not False
        self.refused = refused
        self.linked: dict[Named, int] = {}
        self._known: dict[Named, EntityRow | None] = {}

    # finding and making -------------------------------------------------------------------------------------------

    def job(self, job: Job) -> EntityRow | None:
        """The pipeline that stands for a job, told what the event says of it."""
        label = f"job {job.namespace} {job.name}"
        try:
            service = self._mapped(job.namespace, (namespaces.PIPELINES,))
        except ValueError as error:
            self.refused.append(f"{label}: {error}")
            return None
        root = service[1] if service else job.namespace
        place = Place(namespaces.PIPELINES, namespaces.KINDS[namespaces.PIPELINES], root, (("pipeline", job.name),))
        facets = job.facets
        return self._told(label, [place], _Said(facets.documentation, facets.ownership, facets.tags))

    def dataset(self, dataset: Dataset) -> EntityRow | None:
        """The entity that stands for a dataset, told what the event says of it."""
        links = dataset.facets.symlinks.identifiers if dataset.facets.symlinks else None
        names = [(one.namespace, one.name) for one in links or () if (one.type or "TABLE").upper() == "TABLE"]
        names.append((dataset.namespace, dataset.name))
        label = f"dataset {dataset.namespace} {dataset.name}"
        places = list(self._places(label, names))
        facets = dataset.facets
        fields = facets.schema_.fields if facets.schema_ else None
        said = _Said(facets.documentation, facets.ownership, facets.tags, fields or ())
        row = self._told(label, places, said) if places else None
        self._known |= dict.fromkeys(names, row)
        if row and len(names) > 1:
            self.linked |= dict.fromkeys(names, row.node)
        return row

    def link(self, names: Mapping[Named, int]) -> None:
        """Know by these names, too, what other events of a run have called so."""
        missing = {name: node for name, node in names.items() if name not in self._known}
        rows = documents.by_node(self.transaction, missing.values())
        self._known |= {name: rows[node] for name, node in missing.items() if rows[node].removed is None}

    def named(self, namespace: str, name: str) -> EntityRow | None:
        """The entity that stands for a dataset which the event names without telling more of it."""
        if (namespace, name) not in self._known:
            self.dataset(Dataset(namespace=namespace, name=name))
        return self._known[namespace, name]

    def _places(self, label: str, names: Iterable[Named]) -> Iterator[Place]:
        for namespace, name in names:
            try:
                if namespace.startswith(namespaces.OWN):
                    yield namespaces.own_place(self.registry, namespace.removeprefix(namespaces.OWN), name)
                else:
                    rule = namespaces.rule_of(namespace)
                    order = (rule.service, namespaces.DATABASE, namespaces.STORAGE, namespaces.MESSAGING)
                    yield namespaces.place_of(namespace, name, self._mapped(namespace, dict.fromkeys(order)))
            except ValueError as error:
                self.refused.append(f"{label}: {error}")

    def _mapped(self, namespace: str, types: Iterable[str]) -> Named | None:
        """The type and name of the service that a namespace stands for, if the settings say so; ``ValueError`` if there
        is none of that name."""
        name = self.mapping.get(namespace) or self.mapping.get(namespace.rstrip("/"))
        if name is None:
            return None
        for service in types:
            if row := self._find(service, self.registry[service].lookup_or_none(name)):
                return service, row.name
        raise ValueError(
            f"openLineageSettings: {namespace} stands for {name}, but there is no {' or '.join(types)} of that name"
        )

    def _find(self, entity_type: str, name: str | None) -> EntityRow | None:
        return documents.find(self.transaction, entity_type, name) if name else None

    def _fqns(self, place: Place) -> Iterator[tuple[str, str, str]]:
        """The type, name and FQN of everything on the way to a place, the service first."""
        path = fqn.quote(place.root)
        yield place.service, place.root, path
        for entity_type, name in place.below:
            path = self.registry[entity_type].fqn_of(path, name, {})
            yield entity_type, name, path

    def _told(self, label: str, places: list[Place], said: "_Said") -> EntityRow | None:
        """The first of these places at which there is something, or the first, with what the event says."""
        try:
            with self.transaction.savepoint():
                for place in places:
                    entity_type, _, path = list(self._fqns(place))[-1]
                    if row := self._find(entity_type, path):
                        return self._enrich(row, said, label)
                if not self.creates:
                    raise InvalidEntity("it is not known, and autoCreateEntities is off")
                return self._make(places[0], said, label)
        except CatalogError as error:
            self.writer.forget()
            self.refused.append(f"{label}: {error.message}")
            return None

    def _make(self, place: Place, said: "_Said", label: str) -> EntityRow:
        """The entity at a place, made with everything above it that is missing."""
        above: EntityRow | None = None
        service: EntityRow | None = None
        for entity_type, name, path in self._fqns(place):
            row, declared = self._find(entity_type, path), self.registry[entity_type]
            if row is None:
                body: Document = {"name": name, **namespaces.NEEDED.get(entity_type, {})}
                body |= {"serviceType": place.kind} if above is None else {}
                for one in (above, service):
                    for parent in declared.parents:
                        if one and parent.to == one.type:
                            body[parent.field] = {"id": one.id, "type": one.type}
                if path == list(self._fqns(place))[-1][2]:
                    body |= self._news(declared, body, said, label)
                self.writer.create(declared, body)
                row = self._find(entity_type, path)
            elif row.deleted:
                deletion.restore(self.writer, declared, Key.id(row.id))
            assert row is not None
            above, service = row, service or row
        assert above is not None
        return above

    # telling what is new ------------------------------------------------------------------------------------------

    def _enrich(self, row: EntityRow, said: "_Said", label: str) -> EntityRow:
        """An entity that is there, told what it does not know yet."""
        declared = self.registry[row.type]
        if row.deleted:
            deletion.restore(self.writer, declared, Key.id(row.id))
        if not said:
            return row
        news = self._news(declared, self.writer.shown(declared, row), said, label)
        if news:
            operations = [{"op": "add", "path": f"/{member}", "value": value} for member, value in news.items()]
            self.writer.patch(declared, Key.id(row.id), operations)
        found = documents.get(self.transaction, row.id)
        assert found is not None
        return found

    def _news(self, declared: EntityType, known: Document, said: "_Said", label: str) -> Document:
        """The members that change if an entity is told what an event says."""
        news: Document = {}
        if said.description and not known.get("description"):
            news["description"] = said.description
        if said.owners and declared.has(OWNERS) and not known.get("owners"):
            owners = [found for name in said.owners if (found := self._owner(name, label))]
            news |= {"owners": owners} if owners else {}
        labels = {field: list(found) for field, found in self._labels(said, label).items()}
        if declared.has(TAGS) and (added := _added(known.get(LABELS), labels.pop(None, ()))):
            news[LABELS] = added
        child = next((child for child in declared.children if child.is_field), None)
        if child and (said.fields or labels):
            items = held(known, child.path) or []
            merged = _merged(items, said.fields, _types(declared, child), child.recursive)
            merged = self._labelled(merged, labels, label)
            if merged != items:
                value: Any = merged
                if len(child.path) > 1:
                    around = known.get(child.path[0]) or namespaces.AROUND.get(declared.name, {})
                    value = {**around, child.path[1]: merged}
                news[child.path[0]] = value
        return news

    def _owner(self, name: str, label: str) -> Document | None:
        kind, _, rest = name.partition(":")
        types = (kind,) if kind in ("user", "team") and rest else ("user", "team")
        for entity_type in types:
            row = self._find(entity_type, self.registry[entity_type].lookup_or_none(rest or name))
            if row and not row.deleted:
                return {"id": row.id, "type": row.type}
        self.refused.append(f"{label}: there is no {' or '.join(types)} called {rest or name} to own it")
        return None

    def _labels(self, said: "_Said", label: str) -> dict[str | None, list[Document]]:
        """The labels that an event puts on an entity (None) or on its fields, those that name something here."""
        found: dict[str | None, list[Document]] = {}
        for told in said.tags:
            names = [fqn.build([told.key, told.value])] if told.value else []
            names += [told.key] if told.value.casefold() in ("", "true") else []
            for source, declared in self.registry.labels.items():
                rows = (self._find(declared.name, declared.lookup_or_none(name)) for name in names)
                row = next((row for row in rows if row and not row.deleted), None)
                if row:
                    given = {"tagFQN": row.fqn, "source": source, "labelType": "Automated", "state": "Confirmed"}
                    found.setdefault(told.field or None, []).append(given)
                    break
            else:
                self.refused.append(f"{label}: there is no tag {' or '.join(names)}")
        return found

    def _labelled(
        self, items: list[Document], labels: Mapping[str | None, list[Document]], label: str
    ) -> list[Document]:
        """Fields with the labels that an event puts on them."""
        by_name = {item["name"].casefold(): index for index, item in enumerate(items)}
        items = list(items)
        for field, given in labels.items():
            index = by_name.get((field or "").casefold())
            if index is None:
                self.refused.append(f"{label}: it has no column {field} to put a tag on")
            elif added := _added(items[index].get(LABELS), given):
                items[index] = {**items[index], LABELS: added}
        return items

    # fields -------------------------------------------------------------------------------------------------------

    def field(self, row: EntityRow, name: str, paths: Mapping[int, set[str]]) -> str | None:
        """The case-folded path of the field that an event calls so; None, and a word about it, if there is none."""
        candidates = fqn.folded_paths(name)
        if not self.writer.context.shapes[row.type].has_fields:
            self.refused.append(f"columnLineage: {row.fqn} is a {row.type}, which has no columns")
            return None
        if not paths[row.node] and len(candidates[0].encode()) <= PATH_SIZE:
            return candidates[0]
        found = next((path for path in candidates if path in paths[row.node]), None)
        if found is None:
            self.refused.append(f"columnLineage: {row.fqn} has no column {name}")
        return found

    def paths(self, rows: Iterable[EntityRow]) -> dict[int, set[str]]:
        """The case-folded paths of the fields that entities have."""
        found: dict[int, set[str]] = {row.node: set() for row in rows}
        for node in lineage.nodes_of(self.transaction, found):
            if node.until is None:
                found[node.entity].add(node.path)
        return found


class _Said:
    """What an event says of an entity."""

    def __init__(
        self,
        documentation: DocumentationFacet | None,
        ownership: OwnershipFacet | None,
        tags: TagsFacet | None,
        fields: Iterable[SchemaField] = (),
    ) -> None:
        self.description = documentation.description if documentation else None
        self.owners = [owner.name for owner in (ownership.owners if ownership else None) or ()]
        self.tags = (tags.tags if tags else None) or []
        self.fields = list(fields)

    def __bool__(self) -> bool:
        return bool(self.description or self.owners or self.tags or self.fields)


def _added(known: Iterable[Document] | None, given: Iterable[Document]) -> list[Document]:
    """The labels of both; empty if that is nothing new."""
    before = list(known or ())
    names = {(label["tagFQN"], label["source"]) for label in before}
    new = {(label["tagFQN"], label["source"]): label for label in given}
    new = {key: label for key, label in new.items() if key not in names}
    return [*before, *new.values()] if new else []


def _types(declared: EntityType, child: Child) -> frozenset[str]:
    """The data types that a field of an entity may have."""
    model = item_model(declared.entity, child.path)
    info = model.model_fields.get("data_type") if model else None
    options = (info.annotation, *get_args(info.annotation)) if info else ()
    return frozenset(
        value for one in options if isinstance(one, type) and issubclass(one, StrEnum) for value in list(one)
    )


def _merged(
    items: Iterable[Document], told: Iterable[SchemaField], types: frozenset[str], inner: str | None
) -> list[Document]:
    """Fields that are known, and those that an event tells of: what was not known of them is added."""
    merged = {item["name"].casefold(): item for item in items}
    for field in told:
        known = merged.get(field.name.casefold())
        item: Document = dict(known or {"name": field.name})
        if known is None or item.get("dataType") == "UNKNOWN":
            item |= namespaces.data_type(field.type, types)
        if field.description and not item.get("description"):
            item["description"] = field.description
        if field.fields and inner:
            item[inner] = _merged(item.get(inner) or (), field.fields, types, inner)
            if known is None or item.get("dataType") == "UNKNOWN":
                item["dataType"] = "STRUCT" if "STRUCT" in types else "RECORD"
        merged[field.name.casefold()] = item
    return list(merged.values())
