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

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

Edge = tuple[int, int]
"""The nodes, upstream and downstream, of an edge that is walked: of two fields, or of two entities."""


State = int
"""Where it is: a node, which is a field or a whole entity, if every step to it was certain to the column; else the
complement of the node (``~node``). There can be a million of them, so they are plain numbers."""


def node_of(state: State) -> int:
    """The node of a state."""
    return state if state >= 0 else ~state


def is_exact(state: State) -> bool:
    """Whether every step to a state was certain to the column."""
    return state >= 0


@dataclass(slots=True)
class Outgoing:
    """The edges that leave one entity: from it to other entities, and from its fields to other fields.

    ``tables`` holds only entities that no field of this one has an edge to: the others are reached by columns.
    """

    tables: list[int] = field(default_factory=list)
    columns: dict[int, list[int]] = field(default_factory=dict)


class Graph(Protocol):
    """The graph at one moment."""

    def outgoing(self, entities: Collection[int]) -> Mapping[int, Outgoing]:
        """The edges that leave these entities, of each that has any."""

    def entity(self, node: int) -> int:
        """The entity of a node that was a source, or that ``outgoing`` named."""

    def name(self, node: int) -> str:
        """The FQN of such a node."""

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
        return not is_exact(state), arrival.hops, arrival.rank

    def path(self, state: State) -> tuple[State, list[tuple[Edge, bool]]]:
        """The source that the proof begins at, and its edges, each with whether the path is exact after it."""
        edges: list[tuple[Edge, bool]] = []
        while origin := self.arrivals[state].origin:
            edges.append((origin[1], is_exact(state)))
            state = origin[0]
        return state, edges[::-1]

    def leading_to(self, states: Iterable[State]) -> set[Edge]:
        """Every edge on any path to one of these states."""
        seen = {state for state in states if state in self.arrivals}
        todo, edges = list(seen), set()
        while todo:
            for before, edge in self.moves.get(todo.pop(), ()):
                edges.add(edge)
                if before not in seen:
                    seen.add(before)
                    todo.append(before)
        return edges


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
    level = sorted(set(sources), key=lambda state: graph.name(node_of(state)))
    for rank, state in enumerate(level):
        result.arrivals[state] = Arrival(0, rank, None)
    hops = 0
    while level:
        if len(result.arrivals) > cap:
            result.cut = True
            break
        hops += 1
        outgoing = graph.outgoing({graph.entity(node_of(state)) for state in level})
        level = _next_level(graph, result, level, outgoing, hops, within, all_moves)
    return result


def _next_level(
    graph: Graph,
    result: Spread,
    level: Sequence[State],
    outgoing: Mapping[int, Outgoing],
    hops: int,
    within: Collection[int] | None,
    all_moves: bool,
) -> list[State]:
    """The states one hop further, in the order of their paths."""
    arrivals = result.arrivals
    candidates: dict[State, tuple[int, State, Edge]] = {}
    for rank, state in enumerate(level):
        leaving = outgoing.get(graph.entity(node_of(state)))
        for source, targets, exact in _ways(graph, state, leaving) if leaving else ():
            for target in targets:
                reached = target if exact else ~target
                if reached in arrivals and not all_moves:
                    continue
                edge = source, target
                if (within is not None and graph.entity(target) not in within) or graph.ends(edge):
                    continue
                if all_moves:
                    result.moves.setdefault(reached, []).append((state, edge))
                    if reached in arrivals:
                        continue
                known = candidates.get(reached)
                # States come in the order of their paths: only ways from one and the same state have to be compared.
                if known is None or (known[0] == rank and _named(graph, edge) < _named(graph, known[2])):
                    candidates[reached] = rank, state, edge

    def order(state: State) -> tuple[int, str, str, bool]:
        rank, _, edge = candidates[state]
        return rank, *_named(graph, edge), not is_exact(state)

    following = sorted(candidates, key=order)
    for rank, state in enumerate(following):
        _, before, edge = candidates[state]
        arrivals[state] = Arrival(hops, rank, (before, edge))
    return following


def _ways(graph: Graph, state: State, leaving: Outgoing) -> Iterator[tuple[int, Sequence[int], bool]]:
    """Where it goes from a state: from which node, to which ones, and whether that is exact."""
    node, exact = node_of(state), is_exact(state)
    entity = graph.entity(node)
    if node == entity:
        for source, targets in leaving.columns.items():
            yield source, targets, exact
    elif node in leaving.columns:
        yield node, leaving.columns[node], exact
    yield entity, leaving.tables, False


def _named(graph: Graph, edge: Edge) -> tuple[str, str]:
    return graph.name(edge[0]), graph.name(edge[1])
