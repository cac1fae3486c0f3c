# SPDX-License-Identifier: Apache-2.0
"""Proofs as readers see them: paths of hops, each with everybody who says that it is there."""

from collections.abc import Sequence
from typing import NamedTuple

from headwater.catalog.graph import StoredGraph, details_of
from headwater.catalog.propagation import Accepted
from headwater.catalog.reach import Edge, Spread, State, is_exact, node_of
from headwater.catalog.reading import Reader
from headwater.schema.base import Document
from headwater.schema.governance import Certainty
from headwater.schema.lineage import LineageSource
from headwater.store import events, sightings
from headwater.store.lineage import Assertion
from headwater.store.rows import EdgeRow
from headwater.store.sightings import EVERYTHING, Sighting

ACCEPTANCE = ("id", "name", "fullyQualifiedName", "entityFQN", "label", "acceptedBy", "until", "reason")
"""What an answer tells of an exception."""

SOURCES = frozenset(LineageSource)


class Origin(NamedTuple):
    """Something that spreads, and where it begins; ``tag`` is the node of the label that it is, if it is one."""

    tag: int | None
    sources: frozenset[State]


class Spreading(NamedTuple):
    """How something spread; ``accepted`` are the exceptions that it went through, if it went through any."""

    origin: Origin
    result: Spread
    accepted: Sequence[Accepted] = ()


class Reached(NamedTuple):
    """An entity that was reached, and the state in which the proof ends."""

    entity: int
    state: State
    origin: Origin
    result: Spread
    accepted: Sequence[Accepted] = ()


class Proofs:
    """Writes what was reached with the paths to it: looks up in one batch what all of them show."""

    def __init__(self, reader: Reader, graph: StoredGraph, page: Sequence[Reached], subgraph: bool = False) -> None:
        self.graph, self.names, self.references = graph, reader.names, reader.references
        self.page = page
        self.paths = [one.result.path(one.state) for one in page]
        self.subgraphs = [self._subgraph(one) for one in page] if subgraph else []
        edges = {edge for _, path in self.paths for edge, _ in path}
        edges |= {edge for found in self.subgraphs for edge in found}
        self.assertions = self.graph.assertions(edges)
        rows = [row for found in self.assertions.values() for row in found]
        told = [details_of(row) for row in rows if row.owner is None]
        self.position = reader.position
        positions = {row.since for row in rows} | {one["first"] for one in told if "first" in one}
        self.times = events.at(reader.session, positions | ({self.position} if self.position else set()))
        self.sightings = sightings.into(
            reader.session, {graph.entity(row.downstream) for row in rows if row.owner is None}
        )
        ends = {node for edge in edges for node in edge} | {node_of(source) for source, _ in self.paths}
        self.present = graph.present(node for node in ends if graph.entity(node) != node)
        nodes = {graph.entity(node) for node in ends}
        nodes |= {row.owner for row in rows if row.owner is not None}
        nodes |= {node for one in page for node in (one.entity, one.origin.tag) if node is not None}
        self.names.nodes(nodes)
        self.names.load({one["pipeline"]["id"] for one in told if one.get("pipeline")})
        self.names.load(row.asserter for row in rows if row.source == LineageSource.OPEN_LINEAGE)

    def _subgraph(self, one: Reached) -> list[Edge]:
        ends = [state for state in one.result.arrivals if self.graph.entity(node_of(state)) == one.entity]
        return sorted(
            one.result.leading_to(ends), key=lambda edge: (self.graph.name(edge[0]), self.graph.name(edge[1]))
        )

    def rows(self) -> list[Document]:
        """The page, each entity with its proof."""
        return [
            {"entity": self.entity(one.entity)} | self.proof(index) | self._accepted(index)
            for index, one in enumerate(self.page)
        ]

    def _accepted(self, index: int) -> Document:
        """The exceptions that the proof leads through."""
        source, path = self.paths[index]
        nodes = {node_of(source), *(edge[1] for edge, _ in path)}
        places = nodes | {self.graph.entity(node) for node in nodes}
        found = [one.document for one in self.page[index].accepted if one.place in places]
        return {"accepted": [{member: one[member] for member in ACCEPTANCE} for one in found]} if found else {}

    def entity(self, node: int) -> Document:
        """A reference to an entity."""
        return self.references.card(self.names.by_node[node])

    def proof(self, index: int) -> Document:
        """How something on the page was reached: by which tag, from where, how certain and along which path."""
        one, (source, path) = self.page[index], self.paths[index]
        proof: Document = {} if one.origin.tag is None else {"tag": self.graph.name(one.origin.tag)}
        proof["source"] = self.end(node_of(source))
        proof["certainty"] = _certainty(is_exact(one.state))
        proof["paths"] = [[self.hop(edge, exact) for edge, exact in path]]
        if self.subgraphs:
            proof["subgraph"] = [
                self.hop(edge, self.graph.entity(edge[0]) != edge[0]) for edge in self.subgraphs[index]
            ]
        return proof

    def hop(self, edge: Edge, exact: bool) -> Document:
        """One edge of a path, with everybody who says that it is there."""
        return {
            "from": self.end(edge[0]),
            "to": self.end(edge[1]),
            "certainty": _certainty(exact),
            "evidence": [self.evidence(row) for row in self.assertions[edge]],
        }

    def end(self, node: int) -> Document:
        """One end of a hop."""
        entity = self.graph.entity(node)
        end: Document = {"entity": self.entity(entity)}
        if node != entity:
            end |= {"field": self.graph.name(node), "exists": node in self.present}
        return end

    def evidence(self, row: EdgeRow) -> Document:
        """Who says so."""
        at, user = self.times.get(row.since, (None, None))
        told = details_of(row)
        if row.owner is not None:
            read = row.source in SOURCES
            rests = {"assertedBy": row.source} if read else {"assertedBy": "declared", "member": row.source}
            return {**rests, "by": self.entity(row.owner), "user": user, "firstSeen": at, "lastSeen": at, **told}
        first, _ = self.times.get(told.get("first", row.since), (at, None))
        evidence: Document = {"assertedBy": row.source, "user": user, "firstSeen": first, "lastSeen": at}
        if seen := self._sighting(row):
            evidence |= {"user": seen.user_name, "lastSeen": max(seen.seen, first or 0)}
            evidence |= {"run": seen.run} if seen.run else {}
        evidence |= {member: told[member] for member in ("function", "transformation") if told.get(member)}
        if pipeline := told.get("pipeline"):
            evidence["pipeline"] = self.references.reference(pipeline)
        elif row.source == LineageSource.OPEN_LINEAGE and (job := self.names.by_id.get(row.asserter)):
            evidence["pipeline"] = self.references.card(job)
        return evidence

    def _sighting(self, row: EdgeRow) -> Sighting | None:
        """When an assertion was made last, unless that was after the moment that is asked about."""
        up, down = self.graph.entity(row.upstream), self.graph.entity(row.downstream)
        assertion = Assertion(row.source, row.asserter)
        found = (self.sightings.get((node, down, assertion)) for node in (up, EVERYTHING))
        seen = next((one for one in found if one), None)
        if seen and self.position is not None:
            moment, _ = self.times.get(self.position, (0, ""))
            return seen if seen.seen <= moment else None
        return seen


def _certainty(exact: bool) -> Certainty:
    return "column" if exact else "table"
