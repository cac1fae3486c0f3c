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

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
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


class Graph(Protocol):
    """The graph at one moment. What leaves an entity is there once ``load`` was told of it."""

    @property
    def entities(self) -> Mapping[int, int]:
        """The entity of each field."""

    @property
    def tables(self) -> Mapping[int, Sequence[int]]:
        """For an entity those that it has an edge to, but none between columns."""

    @property
    def columns(self) -> Mapping[int, Sequence[int]]:
        """For a field those that it has an edge to."""

    @property
    def fields(self) -> Mapping[int, Collection[int]]:
        """For an entity its fields that have an edge to another."""

    def load(self, entities: Collection[int]) -> None:
        """Read all edges that leave these entities, and the names of where they lead."""

    def name(self, node: int) -> str:
        """The FQN of a node that was a source, or that an edge leads from or to."""


class Arrival(NamedTuple):
    """How a state was reached: as which of all, in the order of their paths; from which state, leaving which node.

    A source comes from none.
    """

    rank: int
    before: State | None
    leaving: int


@dataclass(slots=True)
class Spread:
    """Everything that was reached. ``cut`` tells that there may be more, because so many states were enough."""

    arrivals: dict[State, Arrival] = field(default_factory=dict)
    moves: dict[State, list[tuple[State, Edge]]] = field(default_factory=dict)
    cut: bool = False

    def best(self, states: Iterable[State]) -> State | None:
        """Of these states the one whose path is the proof; None if none was reached."""
        reached = [state for state in states if state in self.arrivals]
        return min(reached, key=lambda state: (state < 0, self.arrivals[state].rank), default=None)

    def path(self, state: State) -> tuple[State, list[tuple[Edge, bool]]]:
        """The source that the proof begins at, and its edges, each with whether the path is exact after it."""
        edges: list[tuple[Edge, bool]] = []
        while (arrival := self.arrivals[state]).before is not None:
            edges.append(((arrival.leaving, node_of(state)), is_exact(state)))
            state = arrival.before
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
    passes: Callable[[int, int], bool] | None = None,
    all_moves: bool = False,
) -> Spread:
    """Spread from the sources, level by level. ``all_moves``: remember every way, not only the best.

    ``passes``: whether it goes along the edge from one node to another; None: along all. Stops after the level in
    which ``cap`` states were passed.
    """
    result = Spread()
    arrivals, moves = result.arrivals, result.moves
    level = sorted(set(sources), key=lambda state: graph.name(node_of(state)))
    for state in level:
        arrivals[state] = Arrival(len(arrivals), None, node_of(state))
    while level:
        if len(arrivals) > cap:
            result.cut = True
            break
        graph.load({graph.entities.get(node, node) for node in map(node_of, level)})
        following: list[State] = []
        # States come in the order of their paths: who comes first has the best way to what nobody reached before.
        for state in level:
            ways = _ways(graph, state, {} if all_moves else arrivals)
            if passes:
                ways = [(source, target) for source, target in ways if passes(source, node_of(target))]
            if all_moves:
                for source, target in ways:
                    moves.setdefault(target, []).append((state, (source, node_of(target))))
            if len(ways) > 1:
                ways.sort(key=lambda way: (graph.name(way[0]), graph.name(node_of(way[1])), way[1] < 0))
            for source, target in ways:
                if target not in arrivals:
                    arrivals[target] = Arrival(len(arrivals), state, source)
                    following.append(target)
        level = following
    return result


def _ways(graph: Graph, state: State, known: Container[State]) -> list[tuple[int, State]]:
    """Where it goes from a state: from which node to which state that is not known."""
    exact = state >= 0
    node = state if exact else ~state
    entity = graph.entities.get(node, node)
    ways = [(entity, ~target) for target in graph.tables.get(entity, ()) if ~target not in known]
    for source in graph.fields.get(entity, ()) if node == entity else (node,):
        for target in graph.columns.get(source, ()):
            reached = target if exact else ~target
            if reached not in known:
                ways.append((source, reached))
    return ways
