# SPDX-License-Identifier: Apache-2.0
"""The lineage graph: what is asserted by people and machines, beside what follows from documents.

Several may assert one edge, each its own row; on the wire they are one edge with merged details. An asserter who
speaks again replaces what it said before, except that what it leaves out is kept and column pairs drawn by a person
unite. Edges that follow from a document change with the document only.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from headwater.catalog import fields, indexes, merge
from headwater.catalog.context import Context, Key, dump, parse
from headwater.catalog.hydrate import References
from headwater.catalog.names import Names
from headwater.catalog.reading import Reader, View
from headwater.catalog.recording import Write
from headwater.catalog.writing import Writer
from headwater.errors import EdgeDerived, EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.lineage import AddLineage, LineageDetails, LineageSource
from headwater.store import documents, events, lineage, sightings
from headwater.store.database import Session, Transaction
from headwater.store.lineage import Assertion
from headwater.store.rows import EdgeRow, EntityRow
from headwater.store.sightings import EVERYTHING, Sighting

MANUAL = "Manual"
SOURCES = frozenset(LineageSource)
NOT_STORED = ("columnsLineage", "source", "createdAt", "createdBy", "updatedAt", "updatedBy")
NODE_CAP = 10_000
"""How many entities a walk visits at most before it says ``truncated``."""

Pair = tuple[int, int]


class End(NamedTuple):
    """One end of an edge as a caller names it."""

    type: str
    key: Key


class Column(NamedTuple):
    """A column pair of an edge: case-folded paths inside the two entities, and what becomes of a value between them."""

    upstream: str
    downstream: str
    function: str | None = None
    transformation: str | None = None

    @property
    def details(self) -> str | None:
        """What is stored of it beside its ends."""
        told = {"function": self.function, "transformation": self.transformation}
        given = {member: value for member, value in told.items() if value}
        return dump(given) if given else None


class Flow(NamedTuple):
    """What one asserter says flows into an entity from another, and what it says of that."""

    up: EntityRow
    details: Document
    columns: Iterable[Column]


@dataclass(slots=True)
class Said:
    """What one asserter says of an edge, since which position; ``first``: where it first spoke of it."""

    assertion: Assertion
    details: Document = field(default_factory=dict)
    columns: set[Column] = field(default_factory=set)
    since: int = 0
    first: int = 0


class LineageWriter:
    """Changes to asserted edges, in one transaction."""

    def __init__(self, transaction: Transaction, context: Context, write: Write) -> None:
        self.transaction = transaction
        self.context = context
        self.principal = write.principal
        self.writer = Writer(transaction, context, write)
        self.reader = LineageReader(transaction, context, None, View())

    def ends(self, upstream: End, downstream: End) -> tuple[EntityRow, EntityRow]:
        """The live entities at both ends."""
        reader = Reader(self.transaction, self.context, None, View())
        up = reader.row(self.context.declared(upstream.type), upstream.key)
        down = reader.row(self.context.declared(downstream.type), downstream.key)
        return up, down

    def put(self, upstream: End, downstream: End, details: Document | None, description: str | None = None) -> None:
        """Assert an edge. Without details, on an edge that is known already, it says nothing new."""
        up, down = self.ends(upstream, downstream)
        given = dict(details or {})
        if description and not given.get("description"):
            given["description"] = description
        source = given.get("source") or MANUAL
        assertion = Assertion(source, self.principal.name if source == MANUAL else "")
        edges = self.reader.edges([(up.node, down.node)])[up.node, down.node]
        if not any(given.values()) and (edges.said or edges.derived):
            return
        columns = self._columns(up, down, given.get("columnsLineage") or ())
        told = {member: value for member, value in given.items() if member not in NOT_STORED}
        self._check_pipeline(told)
        before = next((said for said in edges.said if said.assertion == assertion), None)
        if before is not None:
            told = {**before.details, **told}
            if source == MANUAL or "columnsLineage" not in given:
                columns = united(before.columns, columns)
        self._replace(up, down, before, Said(assertion, told, columns))
        self._see(down.node, up.node, assertion, self.transaction.now())

    def state(self, down: EntityRow, assertion: Assertion, seen: int, run: str, flows: Iterable[Flow]) -> int:
        """One asserter says, as of a moment, all that flows into an entity; how many edges that changed.

        It says no longer what it leaves out. What was said at a later moment counts, in whatever order it is told.
        """
        last = sightings.last(self.transaction, down.node, assertion)
        if last and (last.seen, last.run) > (seen, run):
            return 0
        before = self._said_into(down.node, assertion)
        after = {flow.up.node: flow for flow in flows}
        changed = 0
        for node in sorted(before.keys() - after.keys()):
            up = documents.by_node(self.transaction, [node])[node]
            changed += self._replace(up, down, before[node], None)
        for node, flow in after.items():
            said = Said(assertion, dict(flow.details), united((), flow.columns))
            changed += self._replace(flow.up, down, before.get(node), said)
        self._see(down.node, EVERYTHING, assertion, seen, run)
        return changed

    def _said_into(self, node: int, assertion: Assertion) -> dict[int, Said]:
        """What an asserter says of the edges into an entity, by the entities at their other ends."""
        pairs = [
            (edge.upstream, node)
            for edge in lineage.edges_into(self.transaction, [node])
            if edge.owner is None and (edge.source, edge.asserter) == assertion
        ]
        edges = self.reader.edges(pairs)
        return {pair[0]: one for pair in pairs for one in edges[pair].said if one.assertion == assertion}

    def _see(self, downstream: int, upstream: int, assertion: Assertion, seen: int, run: str = "") -> None:
        """Note when something was said last: the one write where it was said before."""
        sightings.put(self.transaction, Sighting(downstream, upstream, *assertion, seen, self.principal.name, run))

    def patch(self, upstream: End, downstream: End, operations: Iterable[Mapping[str, Any]]) -> Document:
        """Apply a JSON Patch to the details of an edge; the newest assertion, or a new one by hand, takes them."""
        up, down = self.ends(upstream, downstream)
        edges = self.reader.edges([(up.node, down.node)])[up.node, down.node]
        if not edges.said and not edges.derived:
            raise EntityNotFound("Lineage edge not found")
        shown = self.reader.details([(up.node, down.node)])[up.node, down.node]
        shown.setdefault("columnsLineage", [])
        patched = parse(LineageDetails, merge.patch_document(shown, operations))
        before = edges.said[-1] if edges.said else None
        source = patched.get("source") or (before.assertion.source if before else MANUAL)
        if before is None and source == edges.read_from:
            source = MANUAL
        if before is None or before.assertion.source != source:
            before = next((said for said in edges.said if said.assertion.source == source), None)
        assertion = before.assertion if before else Assertion(source, self.principal.name if source == MANUAL else "")
        columns = self._columns(up, down, patched.get("columnsLineage") or ())
        others = {column[:2] for said in edges.said if said is not before for column in said.columns}
        others |= {column[:2] for column in edges.derived_columns}
        columns = {column for column in columns if column[:2] not in others}
        told_before = (
            [column for column in before.columns if column[:2] in {one[:2] for one in columns}] if before else []
        )
        columns = united(told_before, columns)
        told = {member: value for member, value in patched.items() if member not in NOT_STORED}
        self._check_pipeline(told)
        self._replace(up, down, before, Said(assertion, told, columns))
        self._see(down.node, up.node, assertion, self.transaction.now())
        reader = LineageReader(self.transaction, self.context, None, View())
        return reader.details([(up.node, down.node)])[up.node, down.node]

    def withdraw(self, upstream: End, downstream: End) -> list[str]:
        """Withdraw every assertion of an edge; what the edge still follows from, empty if it is gone."""
        up, down = self._ends_of_any_state(upstream, downstream)
        edges = self.reader.edges([(up.node, down.node)])[up.node, down.node]
        if not edges.said and not edges.derived:
            raise EntityNotFound("Lineage edge not found")
        for said in edges.said:
            self._replace(up, down, said, None)
        return self._reasons(up, down, edges) if edges.derived else []

    def withdraw_source(self, downstream: End, source: str) -> int:
        """Withdraw every assertion of one source about what flows into an entity; how many there were."""
        reader = Reader(self.transaction, self.context, None, View(include="all"))
        down = reader.row(self.context.declared(downstream.type), downstream.key)
        pairs = {
            (edge.upstream, down.node)
            for edge in lineage.edges_into(self.transaction, [down.node])
            if edge.owner is None and edge.source == source
        }
        withdrawn = 0
        for pair, edges in self.reader.edges(sorted(pairs)).items():
            up = documents.by_node(self.transaction, [pair[0]])[pair[0]]
            for said in edges.said:
                if said.assertion.source == source:
                    self._replace(up, down, said, None)
                    withdrawn += 1
        return withdrawn

    def _ends_of_any_state(self, upstream: End, downstream: End) -> tuple[EntityRow, EntityRow]:
        reader = Reader(self.transaction, self.context, None, View(include="all"))
        return (
            reader.row(self.context.declared(upstream.type), upstream.key),
            reader.row(self.context.declared(downstream.type), downstream.key),
        )

    def _check_pipeline(self, details: Document) -> None:
        """An edge may name the pipeline that makes it; it is kept by id."""
        pipeline = details.get("pipeline")
        if not pipeline:
            return
        declared = self.context.declared(pipeline["type"])
        reader = Reader(self.transaction, self.context, None, View())
        key = Key.id(pipeline["id"]) if pipeline.get("id") else Key.fqn(pipeline.get("fullyQualifiedName") or "")
        row = reader.row(declared, key)
        details["pipeline"] = {"id": row.id, "type": row.type}

    def _columns(self, up: EntityRow, down: EntityRow, given: Iterable[Document]) -> set[Column]:
        """The column pairs that a request names, checked against the fields that the two entities have."""
        known: dict[int, dict[str, str]] = defaultdict(dict)
        for node in lineage.nodes_of(self.transaction, [up.node, down.node]):
            if node.until is None:
                known[node.entity][node.path] = node.name
        columns: list[Column] = []
        faults: list[str] = []
        for entry in given:
            for source in entry.get("fromColumns") or ():
                ends = [
                    self._path(row, name, known[row.node], faults)
                    for row, name in ((up, source), (down, entry.get("toColumn") or ""))
                ]
                columns.append(Column(ends[0], ends[1], entry.get("function"), entry.get("transformation")))
        if faults:
            raise InvalidEntity(errors=list(dict.fromkeys(faults)))
        return united((), columns)

    def _path(self, row: EntityRow, name: str, known: Mapping[str, str], faults: list[str]) -> str:
        """The path of the field that a request names; one more fault where there is no such field."""
        shape = self.context.shapes[row.type]
        given = _normal(name)
        path = fqn.below(given, row.fqn)
        if shape.field_references:
            names = Names(self.transaction)
            names.load(known)
            called = {card.fqn: card.id for card in names.by_id.values()}
            path = called.get(given) or called.get(path or "")
        if path is None:
            faults.append(f"columnsLineage: {name} is not a column of {row.fqn}")
        elif not shape.has_fields:
            faults.append(f"columnsLineage: {row.fqn} is a {row.type}, which has no columns")
        elif known and path.casefold() not in known:
            faults.append(f"columnsLineage: {row.fqn} has no column {name}")
        return (path or "").casefold()

    def _replace(self, up: EntityRow, down: EntityRow, before: Said | None, after: Said | None) -> bool:
        """End what an asserter said and begin what it says now; nothing, and False, where that is the same."""
        if before and after and (before.details, before.columns) == (after.details, after.columns):
            return False
        said = after or before
        assert said is not None
        clock = self.transaction.tick()
        old, new = before.columns if before else set(), after.columns if after else set()
        ids = self._ids(up, down, old ^ new, clock.position)

        def ends(columns: Iterable[Column]) -> list[Pair]:
            return [(ids[up.node, column.upstream], ids[down.node, column.downstream]) for column in columns]

        if before:
            closed = [(up.node, down.node), *ends(old - new)]
            lineage.withdraw(self.transaction, closed, before.assertion, clock.position)
        if before and not after:
            sightings.drop(self.transaction, down.node, up.node, before.assertion)
        if after:
            details = {**after.details, "first": before.first if before else clock.position}
            opened: list[tuple[int, int, str | None]] = [(up.node, down.node, dump(details))]
            added = list(new - old)
            opened += [(*pair, column.details) for pair, column in zip(ends(added), added, strict=True)]
            lineage.assert_edges(self.transaction, opened, after.assertion, clock.position)
        kind = "entityLineageUpdated" if before and after else "entityLineageAdded" if after else "entityLineageDeleted"
        self._announce(kind, up, down, said.assertion.source)
        return True

    def _ids(self, up: EntityRow, down: EntityRow, columns: set[Column], position: int) -> dict[fields.End, int]:
        ends = {(up.node, ""), (down.node, "")}
        ends |= {(up.node, column.upstream) for column in columns}
        ends |= {(down.node, column.downstream) for column in columns}
        return indexes.node_ids(self.transaction, self.writer.fields, ends, position)

    def _announce(self, kind: str, up: EntityRow, down: EntityRow, source: str) -> None:
        edge = {
            "fromEntity": {"id": up.id, "type": up.type, "fullyQualifiedName": up.fqn},
            "toEntity": {"id": down.id, "type": down.type, "fullyQualifiedName": down.fqn},
            "source": source,
        }
        value = {"name": "lineage", "oldValue" if kind.endswith("Deleted") else "newValue": dump(edge)}
        lists = {"entityLineageAdded": "fieldsAdded", "entityLineageDeleted": "fieldsDeleted"}
        change: Document = {"fieldsAdded": [], "fieldsUpdated": [], "fieldsDeleted": []}
        change[lists.get(kind, "fieldsUpdated")].append(value)
        self.writer.announce(kind, down, down.version, change | {"previousVersion": down.version / 10})

    def _reasons(self, up: EntityRow, down: EntityRow, edges: "Edges") -> list[str]:
        """The definition, the features, or the members that an edge follows from."""
        if edges.read_from:
            return [f"the definition of {down.fqn}"]
        features = sorted({column.downstream for column in edges.derived_columns})
        return [f"{down.fqn}.{feature}" for feature in features] or [f"{row.fqn}" for row in (up,)]


@dataclass(slots=True)
class Edges:
    """Everything known of the edge between two entities; ``read_from``: what a derived one rests on, if it was read."""

    said: list[Said] = field(default_factory=list)
    derived: bool = False
    read_from: str | None = None
    derived_columns: set[Column] = field(default_factory=set)
    since: int = 0

    @property
    def columns(self) -> list[Column]:
        """All column pairs, each once, in order of their paths; an assertion's function counts over none."""
        pairs: dict[tuple[str, str], Column] = {}
        for column in (*self.derived_columns, *(column for said in self.said for column in said.columns)):
            known = pairs.get(column[:2])
            if known is None or known.function is None:
                pairs[column[:2]] = column
        return [pairs[key] for key in sorted(pairs, key=lambda key: (key[1], key[0]))]


class LineageReader:
    """Reads the graph in one snapshot. ``position`` None means now."""

    def __init__(self, session: Session, context: Context, position: int | None, view: View) -> None:
        self.session = session
        self.context = context
        self.position = position
        self.names = Names(session, position)
        self.references = References(self.names, context.collections, view.base)

    def edges(self, pairs: Sequence[Pair]) -> dict[Pair, Edges]:
        """What is known of the edges between these pairs of entities."""
        found = {pair: Edges() for pair in pairs}
        for row in lineage.edges_into(self.session, {down for _, down in pairs}, self.position):
            if edges := found.get((row.upstream, row.downstream)):
                self._collect(edges, row, None)
        for row, pair, column in self._columns_into({down for _, down in pairs}):
            if edges := found.get(pair):
                self._collect(edges, row, column)
        return found

    def _collect(self, edges: Edges, row: EdgeRow, column: Column | None) -> None:
        if row.owner is not None:
            edges.derived = True
            if row.source in SOURCES:
                edges.read_from = row.source
            edges.since = min(edges.since or row.since, row.since)
            if column:
                edges.derived_columns.add(column)
            return
        assertion = Assertion(row.source, row.asserter)
        said = next((one for one in edges.said if one.assertion == assertion), None)
        if said is None:
            edges.said.append(said := Said(assertion, since=row.since))
            edges.said.sort(key=lambda one: one.since)
        if column:
            said.columns.add(column)
        else:
            said.details = orjson.loads(row.details) if row.details else {}
            said.first = said.details.pop("first", row.since)

    def _columns_into(self, entities: set[int]) -> Iterable[tuple[EdgeRow, Pair, Column]]:
        """The edges into fields of these entities, with the entities and paths at their ends."""
        fields = {node.id: node for node in lineage.nodes_of(self.session, entities)}
        rows = lineage.edges_into(self.session, fields, self.position) if fields else []
        far = {
            node.id: node for node in lineage.nodes_by_id(self.session, {row.upstream for row in rows} - set(fields))
        }
        for row in rows:
            up, down = far.get(row.upstream) or fields.get(row.upstream), fields[row.downstream]
            if up is not None:
                told = orjson.loads(row.details) if row.details else {}
                yield row, (up.entity, down.entity), Column(up.path, down.path, **told)

    def details(self, pairs: Sequence[Pair]) -> dict[Pair, Document]:
        """The merged details of edges as they are on the wire; edges that do not exist are left out."""
        known = {pair: edges for pair, edges in self.edges(pairs).items() if edges.said or edges.derived}
        positions = {said.since for edges in known.values() for said in edges.said}
        positions |= {said.first for edges in known.values() for said in edges.said}
        positions |= {edges.since for edges in known.values() if edges.derived}
        times = events.at(self.session, positions)
        self.names.nodes({node for pair in known for node in pair})
        written = self._field_fqns({node for pair, edges in known.items() if edges.columns for node in pair})
        return {pair: self._details(pair, edges, times, written) for pair, edges in known.items()}

    def _field_fqns(self, entities: set[int]) -> dict[tuple[int, str], str]:
        """The FQNs of the fields of entities as they are spelled, by node and case-folded path."""
        nodes = lineage.nodes_of(self.session, entities)
        owners = {node: self.names.by_node[node] for node in entities}
        called: dict[tuple[int, str], str] = {}
        for node in nodes:
            if node.begins_by(self.position) or (node.entity, node.path) not in called:
                called[node.entity, node.path] = f"{owners[node.entity].fqn}.{node.name}"
        referred = [
            (entity, path) for entity, path in called if self.context.shapes[owners[entity].type].field_references
        ]
        self.names.load(path for _, path in referred)
        for entity, path in referred:
            if card := self.names.by_id.get(path):
                called[entity, path] = card.fqn
        return called

    def _details(
        self,
        pair: Pair,
        edges: Edges,
        times: Mapping[int, tuple[int, str]],
        written: Mapping[tuple[int, str], str],
    ) -> Document:
        details: Document = {"source": edges.read_from} if edges.read_from else {}
        for said in edges.said:
            details |= said.details
            details["source"] = said.assertion.source
        if pipeline := details.get("pipeline"):
            self.names.load([pipeline["id"]])
            details["pipeline"] = self.references.reference(pipeline)
        if columns := self._wire_columns(pair, edges.columns, written):
            details["columnsLineage"] = columns
        firsts = [said.first for said in edges.said]
        firsts += [edges.since] if edges.derived else []
        lasts = [said.since for said in edges.said] or [edges.since]
        for prefix, position in (("created", min(firsts)), ("updated", max(lasts))):
            if position in times:
                details[f"{prefix}At"], details[f"{prefix}By"] = times[position]
        return details

    def _wire_columns(
        self, pair: Pair, columns: Sequence[Column], written: Mapping[tuple[int, str], str]
    ) -> list[Document]:
        """Column pairs grouped by the field that they flow into."""
        up, down = (self.names.by_node[node] for node in pair)
        grouped: dict[tuple[str, str | None], list[str]] = defaultdict(list)
        for column in columns:
            grouped[column.downstream, column.function].append(
                written.get((up.node, column.upstream)) or f"{up.fqn}.{column.upstream}"
            )
        return [
            {
                "fromColumns": sources,
                "toColumn": written.get((down.node, target)) or f"{down.fqn}.{target}",
                **({"function": function} if function else {}),
            }
            for (target, function), sources in grouped.items()
        ]

    def edge(self, upstream: EntityRow, downstream: EntityRow) -> Document:
        """The details of one edge; ``EntityNotFound`` if there is none."""
        pair = upstream.node, downstream.node
        found = self.details([pair])
        if pair not in found:
            raise EntityNotFound("Lineage edge not found")
        return found[pair]

    def graph(self, root: EntityRow, upstream: int, downstream: int, cap: int = NODE_CAP) -> Document:
        """The entities within so many hops of ``root``, and the edges between them (contract, part 7.2)."""
        visited = {root.node}
        up, cut_up = self._walk(root.node, upstream, visited, cap, against=True)
        down, cut_down = self._walk(root.node, downstream, visited, cap, against=False)
        self.names.nodes(visited)
        pairs = list(dict.fromkeys([*up, *down]))
        details = self.details(pairs)
        reply = {
            "entity": self.references.card(self.names.by_node[root.node]),
            "nodes": [self.references.card(self.names.by_node[node]) for node in sorted(visited - {root.node})],
            "upstreamEdges": [self._edge(pair, details[pair]) for pair in up],
            "downstreamEdges": [self._edge(pair, details[pair]) for pair in down],
        }
        return reply | ({"truncated": True} if cut_up or cut_down else {})

    def _edge(self, pair: Pair, details: Document) -> Document:
        up, down = (self.names.by_node[node] for node in pair)
        edge: Document = {"fromEntity": up.id, "toEntity": down.id, "lineageDetails": details}
        return edge | ({"description": details["description"]} if details.get("description") else {})

    def _walk(self, root: int, depth: int, visited: set[int], cap: int, against: bool) -> tuple[list[Pair], bool]:
        """The edges met level by level, one query per level; whether the cap of nodes cut the walk short."""
        fetch = lineage.edges_into if against else lineage.edges_out_of
        pairs: dict[Pair, None] = {}
        seen, level = {root}, {root}
        for _ in range(depth):
            if not level:
                break
            following = set()
            for row in fetch(self.session, sorted(level), self.position):
                far = row.upstream if against else row.downstream
                if far not in visited and len(visited) >= cap:
                    return list(pairs), True
                visited.add(far)
                pairs[row.upstream, row.downstream] = None
                if far not in seen:
                    seen.add(far)
                    following.add(far)
            level = following
        return list(pairs), False


def refuse_derived(reasons: Sequence[str], upstream: str, downstream: str) -> None:
    """Say that an edge stays because a document says so."""
    if reasons:
        raise EdgeDerived(
            f"the edge {upstream} to {downstream} follows from {', '.join(reasons)} and stays until those change; "
            "what was asserted besides has been withdrawn"
        )


def end_of(reference: Document) -> End:
    """The end of an edge that a reference names."""
    if reference.get("id"):
        return End(reference["type"], Key.id(reference["id"]))
    name = reference.get("fullyQualifiedName")
    if not name:
        raise InvalidEntity("edge: an end needs an id or a fullyQualifiedName")
    return End(reference["type"], Key.fqn(name))


def parsed_edge(body: Document) -> Document:
    """The edge of a request to assert one."""
    edge: Document = parse(AddLineage, body)["edge"]
    return edge


def united(before: Iterable[Column], after: Iterable[Column]) -> set[Column]:
    """Each column pair of both once; the newest that was told of it counts."""
    pairs = {column[:2]: column for column in before}
    for column in after:
        known = pairs.get(column[:2])
        pairs[column[:2]] = column._replace(
            function=column.function or (known.function if known else None),
            transformation=column.transformation or (known.transformation if known else None),
        )
    return set(pairs.values())


def _normal(name: str) -> str:
    """An FQN as it is looked up, or an empty text for what is none."""
    try:
        return fqn.normal(name)
    except fqn.InvalidFqn:
        return ""
