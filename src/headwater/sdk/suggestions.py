# SPDX-License-Identifier: Apache-2.0
"""Suggested labels, made from names and values, and decided about by people; proxies of protected attributes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from uuid import NAMESPACE_URL, uuid5

from headwater.errors import EntityNotFound, InvalidEntity
from headwater.recognition import association, names, values
from headwater.recognition.kinds import PERSONAL, Finding, Kind
from headwater.schema import fqn
from headwater.schema.base import Document, Entity, wire
from headwater.schema.declare import TAGS, EntityType
from headwater.schema.entities.rejections import TAG_REJECTION, TagRejection
from headwater.schema.suggestions import OpenSuggestion, Proxy, SuggestionsReply
from headwater.sdk.collection import Collection
from headwater.sdk.lineage import Lineage, Node
from headwater.sdk.places import Place, places
from headwater.sdk.wire import AsOf, Wire, moment, path_of, read

PAGE = 1000
FAR = 10
"""Hops up to which protected attributes are looked for upstream of a model."""
PROTECTED = "ProtectedAttribute"
RECOGNIZER = {"recognizerId": str(uuid5(NAMESPACE_URL, "headwater:suggestions")), "recognizerName": "headwater"}


class Data(Protocol):
    """Values by the name of their column: a dictionary, or a DataFrame."""

    def __iter__(self) -> Iterator[Any]: ...

    def __getitem__(self, name: Any, /) -> Any: ...


Sampler = Callable[[str], Data]
"""Gives sampled values of an entity, by its FQN."""


class Suggestion(NamedTuple):
    """A label that is to be suggested."""

    path: str | None
    pointer: str
    tag: str
    confidence: float
    reason: str
    by_values: bool


class Suggestions:
    """Suggested labels. They count for nothing until a person confirms them."""

    def __init__(self, wire: Wire, lineage: Lineage) -> None:
        self._wire = wire
        self._lineage = lineage
        self._exclusive: dict[str, bool] = {}

    def open(
        self, *, tag: str | None = None, entity: str | None = None, as_of: AsOf | None = None
    ) -> list[OpenSuggestion]:
        """What waits for a person: all of it, or a tag and those below it, on an entity (its FQN) and those below."""
        found: list[OpenSuggestion] = []
        after: str | None = None
        while True:
            query = {"tag": tag, "entity": entity, "asOf": moment(as_of), "limit": PAGE, "after": after}
            page = read(SuggestionsReply, self._wire.ask("GET", path_of("governance", "suggestions"), query))
            found += page.data
            after = page.paging.after
            if after is None:
                return found

    def suggest(self, entity: Node, samples: Data | Sampler | None = None) -> list[OpenSuggestion]:
        """Suggest labels for an entity and its fields, or for all below it, by names and by sampled values.

        ``samples`` are values of the entity's columns, or a function that gives those of the entity that it names.
        What carries the label, or another one that excludes it, and what somebody rejected, is left alone. Values are
        looked at and not kept.
        """
        sampler: Sampler = samples if callable(samples) else lambda _: {} if samples is None else samples
        collection, found = self._get(entity)
        written: list[OpenSuggestion] = []
        for holder, one in self._all(collection, found):
            sample = sampler(str(one.fully_qualified_name))
            written += self._write(holder, one, list(_suggestions(holder.declared, wire(one), sample)))
        return written

    def confirm(self, entity: Node, tag: str, *, field: str | None = None) -> Entity:
        """Stand behind a suggested label of an entity, or of one field of it (its path)."""
        collection, found = self._get(entity)
        at, labels = self._labels(collection.declared, found, tag, field)
        operations = [
            operation
            for place, index, label in labels
            if label["state"] == "Suggested"
            for operation in (
                {"op": "test", "path": f"{place.pointer}/tags/{index}/tagFQN", "value": tag},
                {"op": "replace", "path": f"{place.pointer}/tags/{index}/state", "value": "Confirmed"},
            )
        ]
        if not labels:
            raise EntityNotFound(f"{tag} is not suggested for {at}{self._others(collection.declared, found, field)}")
        decided: Entity = collection.patch(found, operations) if operations else found
        return decided

    def reject(self, entity: Node, tag: str, *, field: str | None = None, reason: str | None = None) -> TagRejection:
        """Take a suggested label away and see to it that it is not suggested there again.

        ``headwater.tag_rejections.delete`` takes that back.
        """
        collection, found = self._get(entity)
        at, labels = self._labels(collection.declared, found, tag, field)
        if any(label["state"] != "Suggested" for _, _, label in labels):
            raise InvalidEntity(f"{tag} is confirmed for {at}: it is no suggestion any more, but can be taken off")
        link = self._lineage.link(found, field)
        request = {"name": tag, "entityLink": link, "label": tag, **({"reason": reason} if reason else {})}
        rejected = Collection[TagRejection, Any](self._wire, TAG_REJECTION).put(request)
        operations = [
            operation
            for place, index, _ in reversed(labels)
            for operation in (
                {"op": "test", "path": f"{place.pointer}/tags/{index}/tagFQN", "value": tag},
                {"op": "remove", "path": f"{place.pointer}/tags/{index}"},
            )
        ]
        if operations:
            collection.patch(found, operations)
        return rejected

    # proxies ------------------------------------------------------------------------------------------------------

    def protected(self, model: Node) -> dict[str, str]:
        """The columns upstream of a model that are protected attributes: by FQN the tag, confirmed or suggested."""
        graph = self._lineage.get(model, upstream=FAR, downstream=0)
        found: dict[str, str] = {}
        for reference in graph.nodes:
            declared = self._wire.registry.find(reference.type)
            if declared is None or declared.name == "mlmodel" or not declared.has(TAGS):
                continue
            for place in places(declared, wire(Collection[Any, Any](self._wire, declared).get(reference))):
                for label in place.tags:
                    if place.path and fqn.below(label["tagFQN"], PROTECTED):
                        found[f"{reference.fully_qualified_name}.{place.path}"] = label["tagFQN"]
        return found

    def proxies(
        self,
        model: Node,
        data: Data,
        *,
        protected: Mapping[str, str] | None = None,
        threshold: float = association.MEDIUM,
        rows: int = association.ROWS,
        group: int = association.GROUP,
        suggest: bool = False,
    ) -> "Proxies":
        """The features of a model that hang together with a protected attribute in some data, the strongest first.

        ``data`` has a column for each feature (by its name, or the name of a column that it is made from) and each
        protected attribute, by name or FQN, over the same rows. ``protected`` tells which columns are which protected
        attribute; by default those that carry a tag upstream of the model. ``threshold`` is the smallest figure that
        counts; nothing is said over fewer than ``rows`` rows, and categories with fewer than ``group`` are left out.
        ``suggest`` the attribute's tag for the features that are found.
        """
        collection, found = self._get(model)
        attributes = self.protected(found) if protected is None else protected
        columns = {name: list(data[name]) for name in data}
        result = Proxies()
        for place in places(collection.declared, wire(found)):
            if place.path is None or not place.own:
                continue
            feature = f"{found.fully_qualified_name}.{place.path}"
            sources = _sources(place.item, columns)
            for name, tag in attributes.items():
                held = _held(name, columns)
                if held is None or any(source in (name, held) for source in sources):
                    continue
                best = _strongest(sources, held, columns, rows, group)
                if best is None:
                    result.untold.append((feature, name))
                elif best[1].figure >= threshold:
                    result.append(Proxy(feature=feature, source=best[0], protected=name, tag=tag, **best[1]._asdict()))
        result.sort(key=lambda one: (-one.figure, one.feature, one.protected))
        if suggest:
            self._suggest_proxies(collection, found, result)
        return result

    def _suggest_proxies(self, collection: Collection[Any, Any], found: Entity, proxies: "Proxies") -> None:
        by_path = {place.path: place for place in places(collection.declared, wire(found)) if place.own}
        wanted: dict[tuple[str, str], Suggestion] = {}
        for one in proxies:
            place = by_path[fqn.below(one.feature, str(found.fully_qualified_name))]
            reason = f"proxy: {one.measure} {one.figure:.2f} with {one.protected} over {one.rows} rows"
            new = Suggestion(place.path, place.pointer, one.tag, round(one.figure, 2), reason, True)
            wanted.setdefault((place.pointer, one.tag), new)
        self._write(collection, found, list(wanted.values()))

    # making suggestions -------------------------------------------------------------------------------------------

    def _all(self, collection: Collection[Any, Any], found: Entity) -> Iterator[tuple[Collection[Any, Any], Entity]]:
        """The entity itself if it has fields that can carry labels; else all below it that have."""
        if _has_fields(collection.declared):
            yield collection, found
            return
        above = collection.declared.name
        for declared in self._wire.registry:
            filters = [one.name for one in declared.filters if one.kind in ("ancestor", "parent") and one.to == above]
            if filters and _has_fields(declared):
                below = Collection[Any, Any](self._wire, declared)
                wanted: dict[str, Any] = {filters[0]: found.fully_qualified_name}
                for one in below.list(**wanted):
                    yield below, one

    def _write(
        self, collection: Collection[Any, Any], found: Entity, wanted: Sequence[Suggestion]
    ) -> list[OpenSuggestion]:
        """Put suggested labels on an entity where nobody has decided yet."""
        document = wire(found)
        here = {place.pointer: place for place in places(collection.declared, document)}
        left = [one for one in wanted if not self._decided(here[one.pointer], one.tag)]
        if left:
            rejected = self._rejected(found, {one.path for one in left})
            left = [one for one in left if ((one.path or "").casefold(), one.tag) not in rejected]
        operations: list[Document] = []
        labels = []
        for one in left:
            target = "content" if one.by_values else "column_name"
            label = {
                "tagFQN": one.tag,
                "source": "Classification",
                "labelType": "Automated",
                "state": "Suggested",
                "reason": one.reason,
                "metadata": {"recognizer": {**RECOGNIZER, "score": one.confidence, "target": target}},
            }
            if one.path:
                name = here[one.pointer].item["name"]
                operations.append({"op": "test", "path": f"{one.pointer}/name", "value": name})
            operations.append({"op": "add", "path": f"{one.pointer}/tags/-", "value": label})
            labels.append((one.path, label))
        if operations:
            collection.patch(found, operations)
        entity = self._lineage.reference(found)
        return [OpenSuggestion.model_validate({"entity": entity, "field": path, "label": one}) for path, one in labels]

    def _decided(self, place: Place, tag: str) -> bool:
        """Whether the label, or one that excludes it, is there, suggested or not."""
        family = fqn.split(tag)[0]
        for label in place.tags:
            if label["tagFQN"] == tag or (fqn.below(label["tagFQN"], family) and self._is_exclusive(family)):
                return True
        return False

    def _is_exclusive(self, family: str) -> bool:
        if family not in self._exclusive:
            found = self._wire.ask("GET", path_of("classifications", "name", family))
            self._exclusive[family] = bool(found.get("mutuallyExclusive"))
        return self._exclusive[family]

    def _rejected(self, found: Entity, paths: Iterable[str | None]) -> set[tuple[str, str]]:
        """What somebody rejected at these places: the case-folded path, or nothing, and the tag."""
        rejections = Collection[TagRejection, Any](self._wire, TAG_REJECTION)
        rows = rejections.list(entity_fqn=found.fully_qualified_name)
        own = str(found.fully_qualified_name)
        return {((fqn.below(str(row.entity_fqn), own) or "").casefold(), _name(row.label)) for row in rows}

    # deciding -----------------------------------------------------------------------------------------------------

    def _get(self, entity: Node) -> tuple[Collection[Any, Any], Any]:
        declared = self._lineage.declared(entity)
        collection = Collection[Any, Any](self._wire, declared)
        return collection, collection.get(entity[1] if isinstance(entity, tuple) else entity)

    def _labels(
        self, declared: EntityType, found: Entity, tag: str, field: str | None
    ) -> tuple[str, list[tuple[Place, int, Document]]]:
        """What a person calls the place, and the labels of one tag at it, each with its number there."""
        at = f"{found.fully_qualified_name}.{field}" if field else str(found.fully_qualified_name)
        here = [place for place in places(declared, wire(found)) if place.is_at(field)]
        if not here:
            raise EntityNotFound(f"{found.fully_qualified_name} has no field {field}")
        return at, [
            (place, index, label)
            for place in here
            for index, label in enumerate(place.tags)
            if label["tagFQN"] == tag and label["labelType"] != "Derived"
        ]

    def _others(self, declared: EntityType, found: Entity, field: str | None) -> str:
        """What is suggested there, or where else, as the end of a sentence."""
        suggested = [
            (place.path, label["tagFQN"])
            for place in places(declared, wire(found))
            for label in place.tags
            if label["state"] == "Suggested"
        ]
        here = [tag for path, tag in suggested if path == field]
        if here:
            return f"; suggested there: {', '.join(here)}"
        fields = list(dict.fromkeys(path for path, _ in suggested if path))
        return f"; something is suggested for its fields {', '.join(fields)}" if fields and field is None else ""


class Proxies(list[Proxy]):
    """Features and the protected attributes that they hang together with. ``untold``: pairs of which nothing can be
    said, for too few rows have both, or one of the two is the same everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.untold: list[tuple[str, str]] = []


def _has_fields(declared: EntityType) -> bool:
    return any(child.is_field and child.tagged for child in declared.children)


def _name(label: Any) -> str:
    return str(label if isinstance(label, str) else label.fully_qualified_name)


def _suggestions(declared: EntityType, document: Document, sample: Data) -> Iterator[Suggestion]:
    """What names and values say of an entity and its fields: each tag once for each place, by its best reason."""
    sampled = {str(name).casefold(): sample[name] for name in sample}
    for place in places(declared, document):
        if not place.own:
            continue
        found = _of_entity(document) if place.path is None else names.recognised(str(place.item["name"]))
        if place.path and (given := sampled.get(place.path.casefold())) is not None:
            found = [*values.recognised(given), *found]
        best: dict[str, Finding] = {}
        for one in sorted(found, key=lambda one: -one.confidence):
            for tag in one.kind.tags:
                best.setdefault(tag, one)
        if "PersonalData.SpecialCategory" in best:
            best.pop(PERSONAL, None)
        for tag, one in best.items():
            yield Suggestion(place.path, place.pointer, tag, one.confidence, one.reason, one.by_values)


def _of_entity(document: Document) -> list[Finding]:
    """What a table is about, by its name."""
    if "columns" in document and names.of_people(str(document["name"])):
        reason = f"the name says {document['name']!r}: rows are people"
        return [Finding(Kind("people", (PERSONAL,)), names.MAYBE, reason)]
    return []


def _sources(feature: Document, columns: Mapping[str, object]) -> list[str]:
    """The columns of some data that hold a feature's values: its own, else those that it is made from."""
    for name in (str(feature.get("fullyQualifiedName")), str(feature["name"])):
        if name in columns:
            return [name]
    found = []
    for source in feature.get("featureSources") or ():
        for name in (str(source.get("fullyQualifiedName")), str(source["name"])):
            if name in columns:
                found.append(name)
                break
    return found


def _held(name: str, columns: Mapping[str, object]) -> str | None:
    """What a column is called in some data."""
    return next((one for one in (name, fqn.unquote(fqn.split(name)[-1])) if one in columns), None)


def _strongest(
    sources: Iterable[str], protected: str, columns: Mapping[str, Sequence[object]], rows: int, group: int
) -> tuple[str, association.Association] | None:
    found = [
        (source, figure)
        for source in sources
        if (figure := association.association(columns[source], columns[protected], rows=rows, group=group))
    ]
    return max(found, key=lambda one: one[1].figure, default=None)
