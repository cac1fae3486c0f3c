# SPDX-License-Identifier: Apache-2.0
"""Flows: which columns take part in a value, and how. They are put together from the inside of an expression out."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from headwater.sql.model import Column, Directness, Source, Way
from headwater.transformation import Transformation

Flow: TypeAlias = Mapping[Column, frozenset[Way]]

NOTHING: Flow = {}
# Each hides the ones before it.
DIRECT = (Transformation.IDENTITY, Transformation.TRANSFORMATION, Transformation.AGGREGATION)


def step(subtype: Transformation, masking: bool = False, hashing: bool = False) -> Way:
    """One step on the way of a value."""
    directness = Directness.DIRECT if subtype in DIRECT else Directness.INDIRECT
    return Way(directness, subtype, masking, hashing)


AS_IS = step(Transformation.IDENTITY)
COMPUTED = step(Transformation.TRANSFORMATION)
AGGREGATED = step(Transformation.AGGREGATION)
COUNTED = step(Transformation.AGGREGATION, masking=True)
MASKED = step(Transformation.TRANSFORMATION, masking=True)
HASHED = step(Transformation.TRANSFORMATION, masking=True, hashing=True)
DECIDES = step(Transformation.CONDITIONAL)
FILTERS = step(Transformation.FILTER)
JOINS = step(Transformation.JOIN)
GROUPS = step(Transformation.GROUP_BY)
SORTS = step(Transformation.SORT)
WINDOWS = step(Transformation.WINDOW)


def column(source: Column) -> Flow:
    """The flow of a column by itself."""
    return {source: frozenset((AS_IS,))}


def merge(flows: Iterable[Flow]) -> Flow:
    """All flows side by side."""
    merged: dict[Column, frozenset[Way]] = {}
    for flow in flows:
        for source, ways in flow.items():
            known = merged.get(source)
            merged[source] = ways if known is None else known | ways
    return merged


def through(flow: Flow, outer: Way) -> Flow:
    """The flow after one more step."""
    if outer == AS_IS:
        return flow
    return {source: frozenset(_then(inner, outer) for inner in ways) for source, ways in flow.items()}


def _then(inner: Way, outer: Way) -> Way:
    # The outermost step that only decides gives its name; a value that was decided by a column stays decided by it.
    if Directness.INDIRECT in (inner.type, outer.type):
        subtype = outer.subtype if outer.type is Directness.INDIRECT else inner.subtype
    else:
        subtype = max(inner.subtype, outer.subtype, key=DIRECT.index)
    return step(subtype, inner.masking or outer.masking, inner.hashing or outer.hashing)


def inside(flow: Flow, path: tuple[str, ...]) -> Flow:
    """The flow of a field inside a value: exact where the value is a column as it is, else computed from the value."""
    if not path:
        return flow
    exact = frozenset((AS_IS,))
    taken = ({Column(c.relation, c.name, c.path + path): ways} for c, ways in flow.items() if ways == exact)
    return merge((*taken, through({c: ways for c, ways in flow.items() if ways != exact}, COMPUTED)))


def sources(flow: Flow) -> tuple[Source, ...]:
    """The flow as it is shown, in the order of names."""
    return tuple(Source(source, tuple(sorted(flow[source]))) for source in sorted(flow))
