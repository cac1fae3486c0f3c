# SPDX-License-Identifier: Apache-2.0
"""The lineage graph as a tree in the terminal, and what it says of single columns."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from rich.text import Text
from rich.tree import Tree

from headwater.cli.failures import Failure
from headwater.cli.screen import plain, styled, words
from headwater.cli.session import Session
from headwater.schema.base import Document

Columns = tuple[tuple[tuple[str, ...], str], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """An entity of the graph."""

    id: str
    type: str
    fqn: str
    deleted: bool

    def text(self, style: str = "") -> Text:
        """Its name, marked if it is deleted."""
        return words((self.fqn, "red" if self.deleted else style), (" deleted" if self.deleted else "", "bold red"))


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge, and for each field downstream the fields that flow into it."""

    upstream: str
    downstream: str
    columns: Columns
    details: Document

    @property
    def asserted(self) -> str:
        """On what the edge rests: a source, else the document that it follows from."""
        source = self.details.get("source")
        by = self.details.get("updatedBy") or self.details.get("createdBy")
        said = f"{source} by {by}" if source == "Manual" and by else str(source or "derived")
        through = self.details.get("pipeline")
        return f"{said}, through {plain(through)}" if through else said


class Graph:
    """The answer of a walk, ready to be asked. ``root`` is the id of the entity that it was about."""

    def __init__(self, lineage: Document) -> None:
        self.root = str(lineage["entity"]["id"])
        self.truncated = bool(lineage.get("truncated"))
        self.nodes = {
            str(one["id"]): Node(
                str(one["id"]),
                str(one["type"]),
                str(one.get("fullyQualifiedName") or one["id"]),
                bool(one.get("deleted")),
            )
            for one in (lineage["entity"], *(lineage.get("nodes") or ()))
        }
        self._into: dict[str, list[Edge]] = defaultdict(list)
        self._out_of: dict[str, list[Edge]] = defaultdict(list)
        found = (*(lineage.get("upstreamEdges") or ()), *(lineage.get("downstreamEdges") or ()))
        edges = {(one["fromEntity"], one["toEntity"]): one for one in found}
        for (upstream, downstream), one in edges.items():
            details = one.get("lineageDetails") or {}
            edge = Edge(upstream, downstream, tuple(_columns(details.get("columnsLineage") or ())), details)
            if upstream in self.nodes and downstream in self.nodes:
                self._into[downstream].append(edge)
                self._out_of[upstream].append(edge)

    def into(self, node: str) -> list[Edge]:
        """The edges into an entity, in order of the names at their far ends."""
        return sorted(self._into[node], key=lambda edge: self._order(edge.upstream))

    def out_of(self, node: str) -> list[Edge]:
        """The edges out of an entity."""
        return sorted(self._out_of[node], key=lambda edge: self._order(edge.downstream))

    def _order(self, node: str) -> tuple[str, str]:
        return self.nodes[node].type, self.nodes[node].fqn

    def tree(self, upstream: bool, columns: bool) -> Tree | None:
        """The graph on one side, as a tree. What can be reached in several ways is unfolded where it is nearest."""
        edges = self.into(self.root) if upstream else self.out_of(self.root)
        if not edges:
            return None
        unfolded = {self.root}
        top = Tree(Text("made from" if upstream else "feeds", style="bold"), guide_style="dim")
        level = [(top, self.root)]
        while level:
            following = []
            for branch, node in level:
                for edge in self.into(node) if upstream else self.out_of(node):
                    far = edge.upstream if upstream else edge.downstream
                    below = branch.add(self._label(edge, far, far in unfolded))
                    if columns:
                        for text in _column_lines(edge, self.nodes[edge.upstream].fqn, self.nodes[edge.downstream].fqn):
                            below.add(text)
                    if far not in unfolded:
                        unfolded.add(far)
                        following.append((below, far))
            level = following
        return top

    def _label(self, edge: Edge, far: str, known: bool) -> Text:
        node = self.nodes[far]
        text = words((f"{node.type} ", "cyan"), node.text(), (f"  {edge.asserted}", "dim"))
        if far == self.root:
            text.append("  ↺ this one again", style="yellow")
        elif known:
            text.append("  ↑ shown elsewhere", style="yellow")
        return text

    def fed_by_fields(self, targets: Iterable[str]) -> dict[str, list[str]]:
        """For each field, by case-folded FQN, the fields of entities of the target types that it flows into."""
        following: dict[str, set[str]] = defaultdict(set)
        wanted, spelled = set(), {}
        types = frozenset(targets)
        for edges in self._into.values():
            for edge in edges:
                for sources, target in edge.columns:
                    spelled[target.casefold()] = target
                    if self.nodes[edge.downstream].type in types:
                        wanted.add(target.casefold())
                    for source in sources:
                        following[source.casefold()].add(target.casefold())
        return {source: sorted(spelled[one] for one in _reached(following, source) & wanted) for source in following}


def _reached(following: dict[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for one in following.get(waiting.pop(), ()):
            if one not in reached:
                reached.add(one)
                waiting.append(one)
    return reached


def _columns(given: Iterable[Document]) -> Iterable[tuple[tuple[str, ...], str]]:
    for one in given:
        if one.get("toColumn"):
            yield tuple(one.get("fromColumns") or ()), str(one["toColumn"])


def _column_lines(edge: Edge, up: str, down: str) -> Iterable[Text]:
    """The field pairs of an edge, each field without the name of its entity, which stands above."""
    for sources, target in edge.columns:
        yield words(", ".join(_below(source, up) for source in sources), (" → ", "dim"), styled(_below(target, down)))


def _below(name: str, entity: str) -> str:
    return name[len(entity) + 1 :] if name.casefold().startswith(entity.casefold() + ".") else name


def emit(session: Session, kind: str, name: str, depth: int, url: str | None, token: str | None) -> None:
    """Send what flows into an entity to another server, or print it."""
    from headwater.sdk.openlineage import emit as send

    declared, lineage = session.declared(kind), session.client.lineage
    with session.naming(declared, name):
        events = lineage.events((declared.name, name), depth)
    if session.screen.json:
        session.screen.values(events)
        return
    if not events:
        raise Failure(f"nothing is known of what flows into {name}, so there is nothing to send")
    where = send(events, url, token)
    session.screen.note(f"{len(events)} {'event' if len(events) == 1 else 'events'} sent to {where}")
