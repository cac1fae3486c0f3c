# SPDX-License-Identifier: Apache-2.0
"""How far something spreads along the lineage graph, with the shortest path as proof.

What spreads is on a field of an entity or on an entity as a whole. The rules, which `ARCHITECTURE.md` spells out with
an example:

* From a field it goes along the column edges of the field, from a whole along those of all fields.
* Where two entities have an edge but no column edge at all, it goes from any part of the one to the whole of the
  other; from then on the path is certain to the table only. So a model, which is made from its features, passes on
  what reaches any of them.
* It does not go along an edge that ends it.

Of several paths to one place the proof is the one that is certain to the column, then has the fewest hops, then whose
names (from, to, from, to, …) come first in the order of their characters.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

Place = tuple[int, str]
"""An entity's node and the case-folded path of a field in it; the empty path is the entity itself."""


class State(NamedTuple):
    """Where it is: on a field (its path), or on the whole entity (an empty path).

    ``exact``: every step on the way was certain to the column.
    """

    entity: int
    path: str
    exact: bool = True


class Edge(NamedTuple):
    """An edge that is walked: between two fields, or between two entities (both paths empty)."""

    upstream: Place
    downstream: Place


@dataclass(slots=True)
class Outgoing:
    """The edges that leave one entity: from the entity itself, and from its fields by path."""

    tables: list[Edge] = field(default_factory=list)
    columns: dict[str, list[Edge]] = field(default_factory=dict)

    @property
    def with_columns(self) -> set[int]:
        """The entities that some field of this one has an edge to."""
        return {edge.downstream[0] for edges in self.columns.values() for edge in edges}


class Graph(Protocol):
    """The graph at one moment."""

    def outgoing(self, entities: Collection[int]) -> Mapping[int, Outgoing]:
        """The edges that leave these entities; those without any may be left out."""

    def name(self, place: Place) -> str:
        """The FQN of a place that ``outgoing`` has named, or that was a source."""

    def ends(self, edge: Edge) -> bool:
        """Whether what spreads does not go along this edge."""


class Arrival(NamedTuple):
    """How a state was reached: after so many hops, from which state along which edge; a source from none.

    ``rank`` orders the paths of so many hops.
    """

    hops: int
    rank: int
    origin: tuple[State, Edge] | None


@dataclass(slots=True)
class Spread:
    """Everything that was reached. ``cut`` tells that there may be more, because so many states were enough."""

    arrivals: dict[State, Arrival] = field(default_factory=dict)
    moves: dict[State, list[tuple[State, Edge]]] = field(default_factory=dict)
    cut: bool = False

    def best(self, states: Iterable[State]) -> State | None:
        """Of these states the one whose path is the proof; None if none was reached."""
        reached = [state for state in states if state in self.arrivals]
        return min(reached, key=self._order, default=None)

    def _order(self, state: State) -> tuple[bool, int, int]:
        arrival = self.arrivals[state]
        return not state.exact, arrival.hops, arrival.rank

    def path(self, state: State) -> tuple[State, list[tuple[Edge, bool]]]:
        """The source that the proof begins at, and its edges, each with whether the path is exact after it."""
        edges: list[tuple[Edge, bool]] = []
        while origin := self.arrivals[state].origin:
            edges.append((origin[1], state.exact))
            state = origin[0]
        return state, edges[::-1]

    def leading_to(self, states: Iterable[State]) -> list[Edge]:
        """Every edge on any path to one of these states."""
        seen = {state for state in states if state in self.arrivals}
        todo, edges = list(seen), set()
        while todo:
            for before, edge in self.moves.get(todo.pop(), ()):
                edges.add(edge)
                if before not in seen:
                    seen.add(before)
                    todo.append(before)
        return sorted(edges)


def spread(
    graph: Graph,
    sources: Iterable[State],
    cap: int,
    within: Collection[int] | None = None,
    all_moves: bool = False,
) -> Spread:
    """Spread from the sources, level by level. ``within``: only to these entities. ``all_moves``: remember every way.

    Stops after the level in which ``cap`` states were passed.
    """
    result = Spread()
    level = sorted(set(sources), key=lambda state: graph.name((state.entity, state.path)))
    for rank, state in enumerate(level):
        result.arrivals[state] = Arrival(0, rank, None)
    known: dict[int, Outgoing] = {}
    hops = 0
    while level:
        if len(result.arrivals) > cap:
            result.cut = True
            break
        missing = {state.entity for state in level} - set(known)
        found = graph.outgoing(missing)
        known |= {entity: found.get(entity) or Outgoing() for entity in missing}
        hops += 1
        level = _next_level(graph, result, level, known, hops, within, all_moves)
    return result


Key = tuple[int, str, str]


def _next_level(
    graph: Graph,
    result: Spread,
    level: Sequence[State],
    known: Mapping[int, Outgoing],
    hops: int,
    within: Collection[int] | None,
    all_moves: bool,
) -> list[State]:
    """The states one hop further, in the order of their paths."""
    candidates: dict[State, tuple[Key, State, Edge]] = {}
    for state in level:
        rank = result.arrivals[state].rank
        for edge, reached in _moves(state, known[state.entity]):
            if (within is not None and reached.entity not in within) or graph.ends(edge):
                continue
            if all_moves:
                result.moves.setdefault(reached, []).append((state, edge))
            if reached in result.arrivals:
                continue
            key = rank, graph.name(edge.upstream), graph.name(edge.downstream)
            if reached not in candidates or key < candidates[reached][0]:
                candidates[reached] = key, state, edge
    following = sorted(candidates, key=lambda state: (candidates[state][0], not state.exact))
    for rank, state in enumerate(following):
        _, before, edge = candidates[state]
        result.arrivals[state] = Arrival(hops, rank, (before, edge))
    return following


def _moves(state: State, outgoing: Outgoing) -> Iterable[tuple[Edge, State]]:
    for edges in [outgoing.columns.get(state.path, [])] if state.path else outgoing.columns.values():
        for edge in edges:
            yield edge, State(*edge.downstream, state.exact)
    exempt = outgoing.with_columns
    for edge in outgoing.tables:
        if edge.downstream[0] not in exempt:
            yield edge, State(edge.downstream[0], "", exact=False)
