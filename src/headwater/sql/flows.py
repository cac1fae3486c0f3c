# SPDX-License-Identifier: Apache-2.0
"""Flows: which columns take part in a value, and how. They are put together from the inside of an expression out."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from headwater.sql.model import Column, Directness, Source, Subtype, Transformation

Flow: TypeAlias = Mapping[Column, frozenset[Transformation]]

NOTHING: Flow = {}
DIRECT = (Subtype.IDENTITY, Subtype.TRANSFORMATION, Subtype.AGGREGATION)  # each hides the ones before it


def step(subtype: Subtype, masking: bool = False, hashing: bool = False) -> Transformation:
    """One step on the way of a value."""
    directness = Directness.DIRECT if subtype in DIRECT else Directness.INDIRECT
    return Transformation(directness, subtype, masking, hashing)


AS_IS = step(Subtype.IDENTITY)
COMPUTED = step(Subtype.TRANSFORMATION)
AGGREGATED = step(Subtype.AGGREGATION)
COUNTED = step(Subtype.AGGREGATION, masking=True)
MASKED = step(Subtype.TRANSFORMATION, masking=True)
HASHED = step(Subtype.TRANSFORMATION, masking=True, hashing=True)
DECIDES = step(Subtype.CONDITIONAL)
FILTERS = step(Subtype.FILTER)
JOINS = step(Subtype.JOIN)
GROUPS = step(Subtype.GROUP_BY)
SORTS = step(Subtype.SORT)
WINDOWS = step(Subtype.WINDOW)


def column(source: Column) -> Flow:
    """The flow of a column by itself."""
    return {source: frozenset((AS_IS,))}


def merge(flows: Iterable[Flow]) -> Flow:
    """All flows side by side."""
    merged: dict[Column, frozenset[Transformation]] = {}
    for flow in flows:
        for source, ways in flow.items():
            known = merged.get(source)
            merged[source] = ways if known is None else known | ways
    return merged


def through(flow: Flow, outer: Transformation) -> Flow:
    """The flow after one more step."""
    if outer == AS_IS:
        return flow
    return {source: frozenset(_then(inner, outer) for inner in ways) for source, ways in flow.items()}


def _then(inner: Transformation, outer: Transformation) -> Transformation:
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
