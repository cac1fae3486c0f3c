# SPDX-License-Identifier: Apache-2.0
"""Questions about what reaches what, answered with the paths that prove it, now or at a position."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from headwater.catalog import definitions
from headwater.catalog.context import Key
from headwater.catalog.fields import End, Fields
from headwater.catalog.graph import StoredGraph
from headwater.catalog.nearest import nearest
from headwater.catalog.proofs import Origin, Proofs, Reached, Spreading
from headwater.catalog.propagation import Propagation
from headwater.catalog.reach import Spread, State, is_exact, node_of, spread
from headwater.catalog.reading import DELETED, Reader
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.schema.governance import MODELS, Certainty, Selection
from headwater.store import documents, lineage, relationships
from headwater.store.relationships import Usage
from headwater.store.rows import EntityRow, NodeRow

STATES = 200_000
"""How many places a spread passes at most before the answer says ``truncated``."""

CUT = "more than {cap} places were passed; ask about less, or raise maxNodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachQuestion:
    """What is reached by a tag (also a classification, glossary or term), by a field, or by an entity.

    ``entity`` is its type and FQN. ``certainty`` column leaves out what is only known between tables. ``stops`` are
    transformations that end the way; ``policy``: the stop rules and exceptions of the catalogue count as well.
    ``accepted``: what is reached only through places where somebody accepts it is answered too. ``suggested``: labels
    that nobody has confirmed count too. ``subgraph``: beside the proof, all edges on any path. ``after``: how many
    rows to leave out.
    """

    tag: str | None = None
    column: str | None = None
    entity: tuple[str, str] | None = None
    far: Selection = MODELS
    certainty: Certainty | None = None
    stops: tuple[str, ...] = ()
    policy: bool = True
    accepted: bool = True
    suggested: bool = False
    subgraph: bool = False
    limit: int = 100
    after: int = 0
    cap: int = STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsQuestion:
    """Which tags reach an entity, or one ``field`` of it (its path). The rest is as in ``ReachQuestion``."""

    field: str | None = None
    stops: tuple[str, ...] = ()
    policy: bool = True
    suggested: bool = False
    cap: int = STATES


class Wide(Protocol):
    """A question about everything of some kinds: which ones, and how many places are passed at most."""

    @property
    def far(self) -> Selection:
        """The entities that are answered with."""

    @property
    def cap(self) -> int:
        """How many places are passed at most."""


class Governance:
    """Answers in one snapshot."""

    def __init__(self, reader: Reader, stops: Collection[str] = (), policy: bool = True) -> None:
        """``stops`` are transformations that end every way; ``policy``: what the catalogue says of labels counts."""
        self.reader = reader
        self.session = reader.session
        self.context = reader.context
        self.position = reader.position
        self.moment = reader.moment
        self.stops = frozenset(stops)
        self.propagation = Propagation(reader) if policy else None
        self.graph = StoredGraph(reader.names, reader.context.shapes)

    # the two questions --------------------------------------------------------------------------------------------

    def reach(self, question: ReachQuestion) -> Document:
        """Every entity that is reached, in order of FQN, type and tag, each with its proof."""
        found: list[Reached] = []
        cut = False
        for origin in self._origins(question):
            for spreading in self._spreads(origin, question.cap, all_moves=question.subgraph):
                cut |= spreading.result.cut
                known = {one.entity for one in found if one.origin is origin}
                found += (one for one in self._far_ends(spreading, question) if one.entity not in known)
        if not question.accepted:
            found = [one for one in found if not one.accepted]
        fitting = self._fitting({one.entity for one in found}, question.far)
        found = sorted((one for one in found if one.entity in fitting), key=self._order)
        page = found[question.after : question.after + question.limit]
        reply: Document = {"data": self._rows(page, question.subgraph), "paging": {"total": len(found)}}
        if question.after + len(page) < len(found):
            reply["paging"]["after"] = str(question.after + len(page))
        return reply | ({"truncated": CUT.format(cap=question.cap)} if cut else {}) | self._unread_before(question)

    def reached(self, question: ReachQuestion) -> set[int]:
        """The nodes of all that is reached, without proofs."""
        found: set[int] = set()
        for origin in self._origins(question):
            for spreading in self._spreads(origin, question.cap):
                found |= {one.entity for one in self._far_ends(spreading, question)}
        return self._fitting(found, question.far)

    def tags_reaching(self, declared: EntityType, key: Key, question: TagsQuestion) -> Document:
        """Every tag that reaches an entity, or one field of it, each with its proof; its own tags included."""
        row = self.reader.row(declared, key)
        part = self._part(row, question.field) if question.field else None
        within, cut = self._upstream(row.node, question.cap)
        found = []
        for origin in self._labels(relationships.usages_in(self.session, within, self.moment), question.suggested):
            for spreading in self._spreads(origin, question.cap, within=within):
                ends: Iterable[State] = (part, ~part, row.node, ~row.node) if part is not None else ()
                if part is None:
                    ends = (one for one in spreading.result.arrivals if self.graph.entity(node_of(one)) == row.node)
                if (best := spreading.result.best(ends)) is not None:
                    found.append(Reached(row.node, best, *spreading))
                    break
        found.sort(key=self._order)
        reply: Document = {"data": self._rows(found, False), "paging": {"total": len(found)}}
        unread = [one for one in definitions.unread(self.session, self.position) if one.node in within]
        return reply | ({"truncated": CUT.format(cap=question.cap)} if cut else {}) | self._told_unread(unread)

    def _spreads(
        self, origin: Origin, cap: int, within: Collection[int] | None = None, all_moves: bool = False
    ) -> Iterator[Spreading]:
        """How something spreads: where nobody accepts it, and then, if somebody does anywhere, everywhere."""
        accepted = self.propagation.accepted(origin.tag) if self.propagation and origin.tag is not None else []
        if accepted:
            closed = frozenset(one.place for one in accepted)
            yield Spreading(origin, self._spread(origin, cap, within, all_moves, closed))
        yield Spreading(origin, self._spread(origin, cap, within, all_moves), accepted)

    # what is not known --------------------------------------------------------------------------------------------

    def unread(self) -> list[Document]:
        """Every view of whose definition something was not understood, in order of FQN."""
        found: list[Document] = self._told_unread(definitions.unread(self.session, self.position)).get("unread", [])
        return found

    def _unread_before(self, question: Wide) -> Document:
        """The views that lead to something that a question asks about, and into which more may flow than is known."""
        found = []
        for one in definitions.unread(self.session, self.position):
            result = self._spread(Origin(None, frozenset({one.node})), question.cap)
            met = {self.graph.entity(node_of(state)) for state in result.arrivals}
            self.graph.know(met)
            fitting = {entity for entity in met if self.graph.type_of(entity) in question.far.types}
            if result.cut or self._fitting(fitting, question.far):
                found.append(one)
        return self._told_unread(found)

    def _told_unread(self, found: Iterable[definitions.Unread]) -> Document:
        rows = sorted(found, key=lambda one: self._title(one.node))
        self.reader.names.nodes({one.node for one in rows})
        cards = ((self.reader.names.by_node[one.node], one.problems) for one in rows)
        told = [{"entity": self.reader.references.card(card), "problems": problems} for card, problems in cards]
        return {"unread": told} if told else {}

    def _title(self, node: int) -> str:
        self.graph.know([node])
        return self.graph.name(node)

    def _spread(
        self,
        origin: Origin,
        cap: int,
        within: Collection[int] | None = None,
        all_moves: bool = False,
        closed: Collection[int] = (),
    ) -> Spread:
        """``within``: only to these entities. ``closed``: not to these entities and fields, nor from them."""
        self.graph.meet(node_of(state) for state in origin.sources)
        open_ = [state for state in origin.sources if not self._is_closed(node_of(state), closed)]
        return spread(self.graph, open_, cap, self._passes(origin.tag, within, closed), all_moves)

    def _passes(
        self, tag: int | None, within: Collection[int] | None, closed: Collection[int]
    ) -> Callable[[int, int], bool] | None:
        """Which edges it goes along; not those where a stop stands in all that is said of them. None: all."""
        stops = self.stops
        if self.propagation and tag is not None:
            stops |= self.propagation.stops(tag)
        if within is None and not stops and not closed:
            return None
        self.graph.telling |= bool(stops)
        said = self.graph.said

        def passes(up: int, down: int) -> bool:
            if (within is not None and self.graph.entity(down) not in within) or self._is_closed(down, closed):
                return False
            words = said.get((up, down))
            return words is None or not words <= stops

        return passes

    def _is_closed(self, node: int, closed: Collection[int]) -> bool:
        return node in closed or self.graph.entity(node) in closed

    def _far_ends(self, spreading: Spreading, question: ReachQuestion) -> Iterator[Reached]:
        """The entities of the wanted types that were reached, each in its best state."""
        types, entities = self.graph.types, self.graph.entities
        wanted = set(question.far.types)
        states: dict[int, list[State]] = defaultdict(list)
        for state in spreading.result.arrivals:
            node = state if state >= 0 else ~state
            entity = entities.get(node, node)
            if types[entity] in wanted:
                states[entity].append(state)
        for entity, reached in states.items():
            best = spreading.result.best(reached)
            if best is not None and (is_exact(best) or question.certainty != "column"):
                yield Reached(entity, best, *spreading)

    def _order(self, one: Reached) -> tuple[str, str, str]:
        tag = self.graph.name(one.origin.tag) if one.origin.tag is not None else ""
        return self.graph.name(one.entity), self.graph.type_of(one.entity), tag

    # where it begins ----------------------------------------------------------------------------------------------

    def _origins(self, question: ReachQuestion) -> list[Origin]:
        asked = [one for one in (question.tag, question.column, question.entity) if one]
        if len(asked) != 1:
            raise InvalidEntity("ask about one thing: a tag, a column or an entity")
        if question.tag:
            tags = self._tags(question.tag)
            carriers = relationships.implying(self.session, tags, self.moment)
            usages = relationships.usages_of(self.session, carriers, self.moment)
            return [one for one in self._labels(usages, question.suggested) if one.tag in tags]
        if question.column:
            return [Origin(None, frozenset({self._column(question.column)}))]
        assert question.entity is not None
        kind, name = question.entity
        row = self.reader.row(self.context.declared(kind), Key.fqn(name))
        return [Origin(None, frozenset({row.node}))]

    def _labels(self, usages: Iterable[tuple[int, Usage]], suggested: bool) -> list[Origin]:
        """One origin for each tag, with all places where it sits or where another label brings it along."""
        counted = [(entity, usage) for entity, usage in usages if suggested or usage.state != "Suggested"]
        nodes = self._nodes((entity, usage.path) for entity, usage in counted)
        brought = self._brought({usage.tag for _, usage in counted}, suggested)
        sources: dict[int, set[State]] = defaultdict(set)
        for entity, usage in counted:
            state, pending = nodes[entity, usage.path], [usage.tag]
            while pending:
                tag = pending.pop()
                if state not in sources[tag]:
                    sources[tag].add(state)
                    pending += brought.get(tag, ())
        self.graph.know(sources)
        return [Origin(tag, frozenset(states)) for tag, states in sources.items()]

    def _brought(self, labels: Iterable[int], suggested: bool) -> dict[int, set[int]]:
        """The tags that each label brings along, and that those bring."""
        found: dict[int, set[int]] = {}
        level = set(labels)
        while level:
            found |= {label: set() for label in level}
            for label, usage in relationships.usages_in(self.session, level, self.moment):
                if suggested or usage.state != "Suggested":
                    found[label].add(usage.tag)
            level = {tag for label in level for tag in found[label]} - set(found)
        return found

    def _tags(self, name: str) -> set[int]:
        """The nodes of all tags that count as the one of this name: itself and everything below it."""
        labels = list(self.context.registry.labels.values())
        above = [self.context.registry[parent.to] for declared in labels for parent in declared.parents]
        for declared in dict.fromkeys([*labels, *above]):
            row = self.reader.find(declared, Key.fqn(name))
            if row is not None:
                return self._below(row.node, {label.name for label in labels}) | {row.node}
        hint = nearest(self.reader, name, labels)
        raise EntityNotFound(f"there is no tag, classification or term called {name}{hint}")

    def _below(self, node: int, types: set[str]) -> set[int]:
        found: set[int] = set()
        level = [node]
        while level:
            level = [one for kind in types for one in documents.below(self.session, level, kind, self.position)]
            level = [one for one in dict.fromkeys(level) if one not in found]
            found.update(level)
        return found

    def _column(self, name: str) -> State:
        """The field that an FQN names."""
        try:
            names = fqn.names(name)
        except fqn.InvalidFqn as error:
            raise InvalidEntity(f"column: {error}") from error
        holders = [declared for declared in self.context.registry if self.context.shapes[declared.name].has_fields]
        for length in range(len(names) - 1, 0, -1):
            for declared in holders:
                row = self.reader.find(declared, Key.fqn(fqn.build(names[:length])))
                if row is not None:
                    return self._part(row, fqn.build(names[length:]))
        hint = nearest(self.reader, fqn.build(names[:-1]), holders) if names[1:] else ""
        raise EntityNotFound(f"there is no column or feature called {name}{hint}")

    def _part(self, row: EntityRow, path: str) -> int:
        """The node of a field that exists, or that something points to."""
        node = self._nodes([(row.node, path.casefold())]).get((row.node, path.casefold()))
        if node is None:
            raise no_part(row.fqn, path, self._fields(row.node))
        return node

    def _fields(self, entity: int) -> dict[str, NodeRow]:
        """The fields that an entity has at the moment, by case-folded path."""
        rows = lineage.nodes_of(self.session, [entity])
        return {row.path: row for row in rows if row.holds_at(self.position)}

    def _nodes(self, ends: Iterable[End]) -> dict[End, int]:
        """The nodes of entities and their fields."""
        ends = set(ends)
        found = {end: row.id for end, row in Fields(self.session).find(end for end in ends if end[1]).items()}
        return found | {end: end[0] for end in ends if not end[1]}

    def _upstream(self, node: int, cap: int) -> tuple[set[int], bool]:
        """Every entity that something can have come from, itself included; whether there are more than ``cap``."""
        found, level = {node}, {node}
        while level:
            rows = lineage.edges_into(self.session, level, self.position)
            level = {row.upstream for row in rows} - found
            found |= level
            if len(found) > cap:
                return found, True
        return found, False

    # which of them are answered with ------------------------------------------------------------------------------

    def _fitting(self, entities: set[int], far: Selection) -> set[int]:
        """Those that the caller wants to see."""
        self.reader.names.nodes(entities)
        deleted = DELETED[self.reader.view.include]
        cards = [self.reader.names.by_node[entity] for entity in entities]
        kept = {card.node for card in cards if not card.removed and deleted in (None, card.deleted)}
        if not far.picks:
            return kept
        return {row.node for row, document in self.reader.shown(kept) if far.fits(document)}

    # how they are written -----------------------------------------------------------------------------------------

    def _rows(self, page: list[Reached], subgraph: bool) -> list[Document]:
        return Proofs(self.reader, self.graph, page, subgraph).rows()


def no_part(entity: str, path: str, fields: Mapping[str, NodeRow]) -> EntityNotFound:
    """The error for a field that an entity does not have, naming the nearest of those that it has."""
    near = get_close_matches(path.casefold(), fields, n=1, cutoff=0.0)
    hint = f"; the nearest is {fields[near[0]].name}" if near else ""
    return EntityNotFound(f"{entity} has no column or feature called {path}{hint}")
