# SPDX-License-Identifier: Apache-2.0
"""Drift: the columns behind what a model takes, as they were when it was trained and as they are.

The baseline of a column is what the entity itself recorded of the input that is made of it alone and has its name: the
distribution in the data that it was fitted on. Else it is the newest distribution of the column in the state of its
table to which the training data are pinned. It is compared with the newest one as of the moment asked about.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from headwater import distributions
from headwater.catalog.context import Context, Key, position_of
from headwater.catalog.reading import Reader, View
from headwater.distributions import Categories, Numbers
from headwater.errors import InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document, held, wire
from headwater.schema.declare import Drift, EntityType
from headwater.schema.drift import DriftThresholds, DriftVerdict, Measured, MeasureName
from headwater.schema.entities.profiling import DISTRIBUTION, ColumnDistribution
from headwater.store import documents, history, lineage, series, settings
from headwater.store.database import Session, Transaction
from headwater.store.rows import EntityRow
from headwater.store.series import Place, Span

SETTING = "drift"
NEWEST = Span(0, 2**62, 1, 0)


class _Source(NamedTuple):
    """A column behind an input, by its path in an entity. ``alone``: the input is made of it alone, and called so."""

    input: str
    path: str
    name: str
    entity: Document
    alone: bool


def thresholds(session: Session) -> DriftThresholds:
    """The thresholds of the catalogue."""
    text = settings.get(session, SETTING)
    return DriftThresholds.model_validate_json(text) if text else DriftThresholds()


def set_thresholds(transaction: Transaction, given: DriftThresholds) -> None:
    """Set the thresholds of the catalogue."""
    settings.put(transaction, SETTING, given.model_dump_json(by_alias=True))


class DriftReader:
    """Measures drift for one reader, as of its position."""

    def __init__(self, reader: Reader, limits: DriftThresholds | None = None) -> None:
        self.reader = reader
        self.session = reader.session
        self.position = reader.position if reader.position is not None else history.newest(reader.session)
        self.limits = limits or thresholds(reader.session)

    def answer(self, declared: EntityType, key: Key) -> Document:
        """How far the data behind an entity have moved."""
        if declared.drift is None:
            known = ", ".join(one.name for one in self.reader.context.registry if one.drift)
            raise InvalidEntity(f"a {declared.name} is not made from data as they were; drift is that of: {known}")
        return self.of(declared, declared.drift, self.reader.row(declared, key))

    def of(self, declared: EntityType, rule: Drift, row: EntityRow) -> Document:
        """The drift of one entity."""
        document = self.reader.written(declared, [row])[0]
        rows = [self._row(rule, row, document, one) for one in self._sources(declared, rule, document)]
        return {
            "entity": _pointer(declared.name, document),
            "verdict": _gravest(one["verdict"] for one in rows),
            "data": rows,
        }

    # what an entity is made from ----------------------------------------------------------------------------------

    def _sources(self, declared: EntityType, rule: Drift, document: Document) -> Iterator[_Source]:
        inputs: list[Document] = held(document, rule.inputs.split(".")) or []
        parts = {one["name"]: one for one in self._parts_above(declared, rule, document, inputs)}
        for item in inputs or parts.values():
            told = item if item.get(rule.sources) is not None else parts.get(item["name"], {})
            found = [one for one in told.get(rule.sources) or () if one.get(rule.reference)]
            for one in found:
                entity, path = one[rule.reference], str(one["name"])
                alone = len(found) == 1 and path.casefold() == item["name"].casefold()
                yield _Source(item["name"], path, str(one.get("fullyQualifiedName")), entity, alone)

    def _parts_above(
        self, declared: EntityType, rule: Drift, document: Document, inputs: Iterable[Document]
    ) -> Iterable[Document]:
        """The items of the parent that speak for inputs which say nothing, where there are such inputs."""
        if inputs and all(item.get(rule.sources) is not None for item in inputs):
            return ()
        member, items = rule.otherwise
        parent = next(self.reader.context.registry[one.to] for one in declared.parents if one.field == member)
        above = Reader(self.session, self.reader.context, self.reader.position, View(include="all"))
        row = above.find(parent, Key.id(document[member]["id"]))
        return above.written(parent, [row])[0].get(items) or () if row else ()

    # one column ---------------------------------------------------------------------------------------------------

    def _row(self, rule: Drift, row: EntityRow, document: Document, source: _Source) -> Document:
        name = str(source.entity.get("fullyQualifiedName"))
        shown: Document = {"input": source.input, "column": source.name}
        node = self._node(source.entity)
        current = self._newest(node, source.path, self.position) if node else None
        own = self._newest(row.node, source.input, self.position) if source.alone else None
        baseline, of, why = own, _pointer(row.type, document), None
        if baseline is None:
            baseline, why = self._pinned(rule, document, source, node)
            of = _reference(source.entity)
        if baseline is None:
            return shown | {"verdict": DriftVerdict.UNKNOWN, "reason": why, "measures": []}
        shown["baseline"] = _profiled(baseline, of)
        if current is None:
            reason = f"{name} has no profile of this column"
            return shown | {"verdict": DriftVerdict.UNKNOWN, "reason": reason, "measures": []}
        shown["current"] = _profiled(current, _reference(source.entity))
        measured, fault = compare(baseline, current, self.limits)
        if fault:
            shown["reason"] = fault
        return shown | {
            "verdict": _gravest(one.verdict for one in measured),
            "measures": [wire(one) for one in measured],
        }

    def _node(self, entity: Document) -> int | None:
        """The node of a table that is still there."""
        row = documents.get(self.session, entity["id"])
        return row.node if row else None

    def _newest(self, node: int, path: str, position: int) -> ColumnDistribution | None:
        for folded in fqn.folded_paths(path):
            found, _ = series.page(self.session, Place(node, DISTRIBUTION, folded), NEWEST, position)
            if found:
                return ColumnDistribution.model_validate(orjson.loads(found[0]))
        return None

    def _pinned(
        self, rule: Drift, document: Document, source: _Source, node: int | None
    ) -> tuple[ColumnDistribution | None, str]:
        """What was known of a column of the training data when they were used; else why it is not known."""
        name = source.entity.get("fullyQualifiedName")
        pins = [
            one["asOf"]
            for one in document.get(rule.trained) or ()
            if (one.get(rule.dataset) or {}).get("id") == source.entity["id"] and one.get("asOf")
        ]
        if not pins or node is None:
            return None, f"{name} is not among the {rule.trained}"
        found = self._newest(node, source.path, position_of(self.session, pins[0]))
        return found, f"{name} had no profile of this column at {pins[0]}, when it was used for training"


def _gravest(verdicts: Iterable[str]) -> DriftVerdict:
    """The gravest of some verdicts; without any, nothing is known."""
    return max(map(DriftVerdict, verdicts), key=lambda one: one.rank, default=DriftVerdict.UNKNOWN)


def _pointer(kind: str, document: Document) -> Document:
    return {"type": kind} | {member: document.get(member) for member in ("id", "name", "fullyQualifiedName")}


def _reference(entity: Document) -> Document:
    return {member: entity[member] for member in ("id", "type", "name", "fullyQualifiedName") if entity.get(member)}


def _profiled(one: ColumnDistribution, entity: Document) -> Document:
    return {"timestamp": one.timestamp, "rows": one.rows, "entity": entity}


# comparing two distributions --------------------------------------------------------------------------------------


def compare(
    baseline: ColumnDistribution, current: ColumnDistribution, limits: DriftThresholds
) -> tuple[list[Measured], str | None]:
    """Every measure that fits two distributions; or none, and why."""
    if not baseline.rows or not current.rows:
        return [], "one of the profiles saw no rows"
    one, other = _values(baseline), _values(current)
    if type(one) is not type(other):
        return [], f"it held {_said(one)} and holds {_said(other)} now"
    nulls = [(baseline.nulls, current.nulls)] if baseline.nulls or current.nulls else []
    if isinstance(one, Numbers) and isinstance(other, Numbers):
        if not _few(one, other):
            return list(_of_numbers(one, other, nulls, limits)), None
        one, other = one.categories(), other.categories()
    if isinstance(one, Categories) and isinstance(other, Categories):
        first, second = distributions.in_categories(one, other)
        measured = [_stability(first, second, nulls, limits)]
        if one.total and other.total:
            measured.append(_homogeneity(first, second, limits))
        return measured, None
    return [_stability([baseline.rows - baseline.nulls], [current.rows - current.nulls], nulls, limits)], None


def _of_numbers(
    one: Numbers, other: Numbers, nulls: Iterable[tuple[int, int]], limits: DriftThresholds
) -> Iterator[Measured]:
    if one.total and other.total:
        yield _stability(*distributions.in_bins(one, other), nulls, limits)
        yield _distance(one, other, limits)
    else:
        yield _stability([one.total], [other.total], nulls, limits)


def _values(one: ColumnDistribution) -> Numbers | Categories | None:
    if one.numbers is not None:
        return Numbers(one.numbers.values, one.numbers.below, one.numbers.at_most)
    if one.categories is not None:
        return Categories({each.value: each.count for each in one.categories}, one.others or 0)
    return None


def _said(values: Numbers | Categories | None) -> str:
    return {Numbers: "numbers", Categories: "categories"}.get(type(values), "neither numbers nor categories")


def _few(one: Numbers, other: Numbers) -> bool:
    """Whether numbers are so few that they are rather codes, or counts of something."""
    return one.exact and other.exact and len({*one.values, *other.values}) <= distributions.FEW


def _stability(
    first: list[float], second: list[float], nulls: Iterable[tuple[int, int]], limits: DriftThresholds
) -> Measured:
    """The index; rows without a value are a bin of their own."""
    for then, now in nulls:
        first, second = [*first, then], [*second, now]
    return _judged(MeasureName.STABILITY, distributions.stability(first, second), limits)


def _distance(one: Numbers, other: Numbers, limits: DriftThresholds) -> Measured:
    found = distributions.kolmogorov_smirnov(one, other)
    return _judged(MeasureName.KOLMOGOROV_SMIRNOV, found.figure, limits, error=found.error, pValue=found.p_value)


def _homogeneity(first: list[float], second: list[float], limits: DriftThresholds) -> Measured:
    found = distributions.chi_square(first, second)
    more = {"statistic": found.statistic, "degrees": found.degrees, "pValue": found.p_value}
    return _judged(MeasureName.CHI_SQUARE, found.figure, limits, **more)


def _judged(measure: MeasureName, figure: float, limits: DriftThresholds, **more: Any) -> Measured:
    threshold = limits.of(measure)
    said = {"measure": measure, "figure": figure, "threshold": wire(threshold), "verdict": threshold.verdict(figure)}
    return Measured.model_validate(said | more)


# who hears of it --------------------------------------------------------------------------------------------------


def crossings(session: Session, context: Context, table: int, position: int) -> dict[int, DriftVerdict]:
    """The entities in use for which a threshold was crossed by what was recorded of a table at a position: a column of
    it has a graver verdict than before. With that verdict."""
    found: dict[int, DriftVerdict] = {}
    for row in _made_from(session, context, table, position):
        declared = context.registry[row.type]
        rule = declared.drift
        if rule is None or not rule.in_use(orjson.loads(row.document)):
            continue
        before, after = (
            {
                (one["input"], one["column"]): DriftVerdict(one["verdict"])
                for one in DriftReader(Reader(session, context, moment, View(include="all"))).of(declared, rule, row)[
                    "data"
                ]
            }
            for moment in (position - 1, position)
        )
        graver = [now for place, now in after.items() if now.crossed and now.rank > before[place].rank]
        if graver:
            found[row.node] = _gravest(graver)
    return found


def _made_from(session: Session, context: Context, table: int, position: int) -> list[EntityRow]:
    """What can drift of what follows from a table, directly or by one entity between."""
    level, found = {table}, {table}
    for _ in range(2):
        level = {row.downstream for row in lineage.edges_out_of(session, level, position)} - found
        found |= level
    rows = (history.at(session, node, position) for node in sorted(found))
    return [row for row in rows if row and not (row.deleted or row.removed) and context.registry[row.type].drift]
