# SPDX-License-Identifier: Apache-2.0
"""Does a catalogue's database agree with itself? Read with plain SQL and judged by the rules of the design alone.

* ``check(url)`` compares truths with each other: positions, events, states, entities, counts, names.
* ``check_indexes(url)`` computes relationships, tag usages, fields and derived edges of the present from the
  documents, and compares them with the tables. Of views it reads simple definitions; of others it knows less.
* ``indexes(url)`` is the logical content of all index tables, history included, to be compared with another's.

Each answers in sentences, one for each fault, none for a sound database. Nothing here is shared with the catalogue.
"""

import itertools
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg

Row = tuple[Any, ...]
Query = Callable[[str], list[Row]]

KEPT = (
    "mlFeatures.featureSources.dataSource",
    "signature.inputs.featureSources.dataSource",
    *(f"{kind}Datasets.dataset" for kind in ("training", "validation", "test")),
    "modelVersion",
)
"""References that survive the removal of what they point to."""

FIELDS = {
    "table": ("columns", "children"),
    "mlmodel": ("mlFeatures", ""),
    "mlmodelVersion": ("signature.inputs", ""),
}
"""Entity types with fields: the list that holds them, and the list inside a field that holds further ones."""

NOWHERE = 0
"""The node of names in SQL that may name nothing, and of what is not understood."""
DEFINITION = "schemaDefinition"
SIMPLE_VIEW = re.compile(r"SELECT (?P<items>.+) FROM (?P<name>[a-z0-9_.]+)")
SIMPLE_ITEM = re.compile(r"(?P<column>[a-z0-9_]+)( AS (?P<name>[a-z0-9_]+))?")
"""The definitions of views that are read here: columns, under their own names or others, of one table."""

LINEAGE_EVENTS = ("entityLineageAdded", "entityLineageUpdated", "entityLineageDeleted")
BESIDE = (
    *("followers", "votes", "usage"),
    *("tableProfile", "columnProfile", "systemProfile", "sampleData", "joins"),
    *("status", "pipelineStatus", "testCaseResults"),
)
"""What is recorded beside documents, as the descriptions of its events name it."""

EVENT_OF_STATE = {"entityCreated", "entityUpdated", "entitySoftDeleted", "entityRestored", "entityDeleted"}


@contextmanager
def snapshot(url: str) -> Iterator[Query]:
    """Queries that all see one moment of a database."""
    if url.startswith("postgresql:"):
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield lambda text: server.execute(text.encode()).fetchall()
    else:
        file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
        try:
            file.execute("BEGIN")
            yield lambda text: file.execute(text).fetchall()
        finally:
            file.close()


class Entity(NamedTuple):
    """An entity of the present, or a tombstone."""

    node: int
    id: str
    type: str
    fqn: str
    name: str
    parent: int | None
    deleted: int
    removed: int | None
    document: dict[str, Any]


def check(url: str) -> list[str]:
    """The faults among truths, running counts and names."""
    with snapshot(url) as query:
        return [
            *(f"SQLite finds {fault}" for (fault,) in _integrity(url, query)),
            *_clock(query),
            *_events_and_states(query),
            *_history(query),
            *_present(query),
            *_counts(query),
            *_names(query),
            *_sightings(query),
            *_runs(query),
        ]


def _integrity(url: str, query: Query) -> list[Row]:
    if url.startswith("postgresql:"):
        return []
    return [row for row in query("PRAGMA quick_check") if row != ("ok",)]


def _clock(query: Query) -> Iterator[str]:
    [(position, timestamp, node)] = query("SELECT position, timestamp, node FROM clock")
    [(count, first, last, newest)] = query(
        "SELECT count(*), coalesce(min(position), 1), coalesce(max(position), 0), coalesce(max(timestamp), 0) "
        "FROM change_event"
    )
    if (first, last) != (1, count):
        yield f"{count} events have positions from {first} to {last}"
    if position != last:
        yield f"the clock is at position {position}, the newest event at {last}"
    if timestamp != newest:
        yield f"the clock says {timestamp}, the newest event {newest}"
    backwards = query(
        "SELECT a.position FROM change_event a JOIN change_event b ON b.position = a.position + 1 "
        "WHERE b.timestamp < a.timestamp"
    )
    yield from (f"time runs backwards after position {one}" for (one,) in backwards)
    [(highest,)] = query(
        "SELECT max(number) FROM (SELECT coalesce(max(node), 0) AS number FROM entity "
        "UNION ALL SELECT coalesce(max(id), 0) FROM lineage_node) AS numbers"
    )
    if highest > node:
        yield f"node {highest} is in use, but the clock is at node {node}"
    twice = query(
        "SELECT id FROM lineage_node GROUP BY id HAVING count(DISTINCT path) > 1 OR count(DISTINCT entity) > 1 "
        "UNION ALL SELECT l.id FROM lineage_node l JOIN entity e ON e.node = l.id"
    )
    yield from (f"node {one} means two things" for (one,) in twice)


def _events_and_states(query: Query) -> Iterator[str]:
    """Each state has its event and each event its state, but for events that change no document."""
    rows = query(
        "SELECT s.position, s.entity, c.entity, c.event_type, s.removed, s.deleted, s.revision, s.version, c.version, "
        "s.updated_at, c.timestamp, s.updated_by, c.user_name "
        "FROM entity_state s LEFT JOIN change_event c ON c.position = s.position"
    )
    for position, entity, announced, kind, removed, deleted, revision, version, told, at, time, by, user in rows:
        if announced is None:
            yield f"the state at {position} has no event"
            continue
        expected = {"entityUpdated", "entityCreated" if revision == 1 else "entityRestored"} - (
            {"entityUpdated"} if revision == 1 else set()
        )
        if removed:
            expected = {"entityDeleted"}
        elif deleted:
            expected = {"entitySoftDeleted", "entityUpdated"}
        if (entity, version, at, by) != (announced, told, time, user):
            yield f"the state at {position} and its event speak of different changes"
        if kind not in expected:
            yield f"the event at {position} is {kind}, its state says {' or '.join(sorted(expected))}"
    alone = query(
        "SELECT c.position, c.event_type, c.change FROM change_event c "
        "LEFT JOIN entity_state s ON s.position = c.position WHERE s.position IS NULL"
    )
    for position, kind, change in alone:
        told = (one for one in BESIDE if f'"{one}"' in (change or ""))
        if kind not in LINEAGE_EVENTS and not (kind == "entityUpdated" and any(told)):
            yield f"the event {kind} at {position} has no state"


def _history(query: Query) -> Iterator[str]:
    """Revisions count the states of an entity; nothing follows a removal; versions do not go back unless withdrawn."""
    rows = query(
        "SELECT entity, position, revision, version, removed, withdrawn FROM entity_state ORDER BY entity, position"
    )
    states: dict[int, list[Row]] = defaultdict(list)
    for entity, *state in rows:
        states[entity].append(tuple(state))
    for entity, own in states.items():
        if [revision for _, revision, *_ in own] != list(range(1, len(own) + 1)):
            yield f"entity {entity} has revisions {[revision for _, revision, *_ in own]}"
        if any(removed for _, _, _, removed, _ in own[:-1]):
            yield f"entity {entity} changed after its removal"
        kept = [version for _, _, version, _, withdrawn in own if withdrawn is None]
        if kept != sorted(kept):
            yield f"entity {entity} has versions {kept}"
        positions = {position for position, *_ in own}
        for position, _, _, _, withdrawn in own:
            if withdrawn is not None and (withdrawn <= position or withdrawn not in positions):
                yield f"the state at {position} was withdrawn at {withdrawn}, where entity {entity} did not change"


def _present(query: Query) -> Iterator[str]:
    """Each entity is as its newest state says, which holds its document."""
    orphans = query("SELECT s.position FROM entity_state s LEFT JOIN entity e ON e.node = s.entity WHERE e.id IS NULL")
    yield from (f"the state at {position} belongs to no entity" for (position,) in orphans)
    rows = query(
        "SELECT e.node, e.removed, e.position, e.name, e.parent, e.deleted, e.version, e.revision, "
        "e.updated_at, e.updated_by, s.removed, s.position, s.name, s.parent, s.deleted, "
        "s.version, s.revision, s.updated_at, s.updated_by "
        "FROM entity e LEFT JOIN entity_state s "
        "ON s.position = (SELECT max(position) FROM entity_state WHERE entity = e.node)"
    )
    for row in rows:
        node, present, newest = row[0], row[1:10], row[10:]
        if newest[0] is None:
            yield f"entity {node} has no state"
        elif bool(present[0]) != bool(newest[0]):
            yield f"entity {node} is removed, or its newest state is, but not both"
        elif present[0]:
            if (present[0], *present[1:6]) != (newest[1], *newest[1:6]):
                yield f"the tombstone of entity {node} differs from its newest state"
        elif present[1:] != newest[1:]:
            yield f"entity {node} differs from its newest state"
    orphans = query(
        "SELECT c.fqn, p.fqn FROM entity c JOIN entity p ON p.node = c.parent WHERE c.removed IS NULL "
        "AND (p.removed IS NOT NULL OR (p.deleted = 1 AND c.deleted = 0))"
    )
    yield from (f"{child} is alive below {above}, which is deleted" for child, above in orphans)


def _counts(query: Query) -> Iterator[str]:
    told = {row[:3]: row[3] for row in query("SELECT type, parent, deleted, entities FROM entity_count") if row[3]}
    true = {
        row[:3]: row[3]
        for row in query(
            "SELECT type, coalesce(parent, 0), deleted, count(*) FROM entity WHERE removed IS NULL "
            "GROUP BY type, coalesce(parent, 0), deleted"
        )
    }
    yield from _differences("entity_count", true, told)


def _names(query: Query) -> Iterator[str]:
    """The open names are those of the present, and no name meant two entities at once."""
    open_ = set(query("SELECT entity, fqn, fqn_key FROM fqn_interval WHERE until IS NULL"))
    true = set(query("SELECT node, fqn, fqn_key FROM entity WHERE removed IS NULL"))
    yield from _set_differences("fqn_interval", true, open_)
    by_key: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for key, since, until in query("SELECT fqn_key, since, until FROM fqn_interval ORDER BY fqn_key, since"):
        by_key[key].append((since, until))
    for key, intervals in by_key.items():
        for (_, until), (since, _) in itertools.pairwise(intervals):
            if until is None or until > since:
                yield f"the name {key} meant two entities at position {since}"
    rows = query("SELECT node, fqn, name, parent FROM entity WHERE removed IS NULL")
    fqns = {node: fqn for node, fqn, _, _ in rows}
    for node, fqn, name, parent in rows:
        if fqn != (f"{fqns.get(parent)}." if parent is not None else "") + _quoted(name):
            yield f"entity {node} is called {fqn}, which is not {name} below {fqns.get(parent)}"


def _sightings(query: Query) -> Iterator[str]:
    """What was seen last is an assertion that stands, or all that one asserter says of an entity."""
    rows = query(
        "SELECT s.downstream, s.upstream, s.source, s.asserter FROM sighting s JOIN entity d ON d.node = s.downstream "
        "LEFT JOIN entity u ON u.node = s.upstream WHERE d.removed IS NULL AND u.removed IS NULL AND s.upstream <> 0"
    )
    standing = set(
        query("SELECT downstream, upstream, source, asserter FROM lineage_edge WHERE until IS NULL AND owner IS NULL")
    )
    yield from (f"{row} was seen, but nobody says so" for row in rows if row not in standing)
    lost = query("SELECT s.downstream FROM sighting s LEFT JOIN entity e ON e.node = s.downstream WHERE e.node IS NULL")
    yield from (f"something was seen to flow into {node}, which never was" for (node,) in lost)


def _runs(query: Query) -> Iterator[str]:
    """Each run is an entry of its pipeline's history, and each entry that names a run is one."""
    runs = {(entity, number): moment for entity, number, moment in query("SELECT entity, id, timestamp FROM run")}
    entries = {
        (entity, told["executionId"]): moment
        for entity, moment, entry in query(
            "SELECT t.entity, t.timestamp, t.entry FROM time_series t JOIN entity e ON e.node = t.entity "
            "WHERE t.series = 'status' AND t.until IS NULL AND e.type = 'pipeline' AND e.removed IS NULL"
        )
        if "executionId" in (told := json.loads(entry))
    }
    pipelines = {node for (node,) in query("SELECT node FROM entity WHERE type = 'pipeline' AND removed IS NULL")}
    for run, moment in runs.items():
        if run[0] in pipelines and entries.get(run) != moment:
            yield f"the run {run} began at {moment}, its entry says {entries.get(run)}"
    said = query("SELECT entity, id FROM told_run")
    yield from (f"{run} has said something, but is no run" for run in said if run not in runs)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if "." in name or '"' in name else name


# indexes ----------------------------------------------------------------------------------------------------------


def check_indexes(url: str) -> list[str]:
    """The faults of the indexes as far as they speak of the present."""
    with snapshot(url) as query:
        entities = [
            Entity._make((*row[:8], json.loads(row[8])))
            for row in query(
                "SELECT e.node, e.id, e.type, e.fqn, e.name, e.parent, e.deleted, e.removed, s.document "
                "FROM entity e JOIN entity_state s ON s.position = e.position"
            )
        ]
        by_id = {entity.id: entity for entity in entities}
        by_node = {entity.node: entity for entity in entities}
        live = [entity for entity in entities if entity.removed is None]
        return [
            *_check_references(query, live, by_id, by_node),
            *_check_labels(query, live, by_id),
            *_check_fields(query, live),
            *_check_derived_edges(query, live, by_id),
            *_check_views(query, live),
            *_check_asserted_edges(query, by_node),
            *_check_renderings(query, live),
        ]


def _check_references(
    query: Query, live: Iterable[Entity], by_id: dict[str, Entity], by_node: dict[int, Entity]
) -> Iterator[str]:
    true = set()
    for entity in live:
        above = set(_ancestors(entity, by_node))
        for member, target_id in _references(entity.document):
            target = by_id.get(target_id)
            if target is None:
                yield f"{entity.fqn} refers to {target_id}, which never was"
            elif target.id not in above and (target.removed is None or member in KEPT):
                true.add((entity.node, target.node, member))
    told = query("SELECT referrer, target, field FROM relationship WHERE until IS NULL")
    yield from _set_differences("relationship", true, [row for row in told if row[2] != DEFINITION])


def _ancestors(entity: Entity, by_node: dict[int, Entity]) -> Iterator[str]:
    while entity.parent is not None:
        entity = by_node[entity.parent]
        yield entity.id


def _references(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Whatever looks like ``{id, type}``, with the path of members that leads to it."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item, path)
    elif isinstance(value, dict):
        if value.keys() == {"id", "type"}:
            yield path, value["id"]
        for member, inner in value.items():
            yield from _references(inner, f"{path}.{member}" if path else member)


def _check_labels(query: Query, live: Iterable[Entity], by_id: dict[str, Entity]) -> Iterator[str]:
    true = set()
    for entity in live:
        holders = [("", entity.document)]
        list_, inner = FIELDS.get(entity.type, ("", ""))
        holders += [(path.casefold(), item) for path, item in _fields(entity.document, list_, inner)]
        for path, item in list(holders):
            holders += [(path, source) for source in item.get("featureSources") or ()]
        for path, holder in holders:
            for label in holder.get("tags") or ():
                if (tag := by_id[label["id"]]).removed is None:
                    true.add((tag.node, entity.node, path, label["labelType"], label["state"]))
    told = list(query("SELECT tag, entity, path, label_type, state FROM tag_usage WHERE until IS NULL"))
    yield from _set_differences("tag_usage", true, told)


def _fields(holder: dict[str, Any], list_: str, inner: str, above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    *outer, last = list_.split(".")
    for member in outer:
        holder = holder.get(member) or {}
    for item in holder.get(last) or ():
        path = (f"{above}." if above else "") + _quoted(item["name"])
        yield path, item
        if inner:
            yield from _fields(item, inner, inner, path)


def _check_fields(query: Query, live: Iterable[Entity]) -> Iterator[str]:
    with_fields = {entity.node: entity for entity in live if entity.type in FIELDS}
    true = {
        (entity.node, path.casefold(), path)
        for entity in with_fields.values()
        for path, _ in _fields(entity.document, *FIELDS[entity.type])
    }
    told = [
        row for row in query("SELECT entity, path, name FROM lineage_node WHERE until IS NULL") if row[0] in with_fields
    ]
    yield from _set_differences("lineage_node", true, told)
    removed = query(
        "SELECT l.entity, l.path FROM lineage_node l JOIN entity e ON e.node = l.entity "
        "WHERE l.until IS NULL AND e.removed IS NOT NULL"
    )
    yield from (f"field {path} of the removed entity {entity} still exists" for entity, path in removed)


def _check_derived_edges(query: Query, live: Iterable[Entity], by_id: dict[str, Entity]) -> Iterator[str]:
    ids = {(entity, path): number for entity, path, number in query("SELECT entity, path, id FROM lineage_node")}
    true: set[Row] = set()
    owners = {one.node for one in live if one.type in ("mlmodel", "mlmodelVersion", "mlmodelDeployment")}
    for owner in live:
        said = owner.document
        if owner.node not in owners:
            continue
        below = [said.get("dashboard"), *(said.get("consumers") or ())]
        above = [one.get("dataset") for kind in ("training", "validation") for one in said.get(f"{kind}Datasets") or ()]
        if owner.type == "mlmodelDeployment":
            above.append(said.get("modelVersion"))
        inputs = list(_fields(said, *FIELDS[owner.type])) if owner.type in FIELDS else []
        if owner.type == "mlmodelVersion" and not (inputs and all("featureSources" in one for _, one in inputs)):
            above.append(said.get("mlmodel"))
        true |= {(by_id[one["id"]].node, owner.node, owner.node) for one in above if one}
        true |= {
            (owner.node, by_id[one["id"]].node, owner.node) for one in below if one and not by_id[one["id"]].removed
        }
        for path, feature in inputs:
            own = ids.get((owner.node, path.casefold()))
            for source in feature.get("featureSources") or ():
                if source.get("dataSource"):
                    table = by_id[source["dataSource"]["id"]].node
                    column = (source.get("path") or _quoted(source["name"])).casefold()
                    true |= {(table, owner.node, owner.node), (ids.get((table, column)), own, owner.node)}
    told = query("SELECT upstream, downstream, owner FROM lineage_edge WHERE until IS NULL AND owner IS NOT NULL")
    yield from _set_differences("lineage_edge", true, [row for row in told if row[2] in owners])


class View(NamedTuple):
    """What the definition of a view means."""

    names: set[str]
    edges: set[tuple[tuple[int, str], tuple[int, str]]]
    unclear: bool


def _check_views(query: Query, live: list[Entity]) -> Iterator[str]:
    """The names that views speak of and the edges that follow; in full of those views that are simple."""
    nodes = {number: (entity, path) for entity, path, number in query("SELECT entity, path, id FROM lineage_node")}
    tables = {one.node: one for one in live if one.type == "table"}
    known = {_name_of(one): one for one in tables.values()}
    existing = query(f"SELECT path FROM lineage_node WHERE entity = {NOWHERE} AND (until IS NULL OR until > since)")
    yield from (f"the name {path} exists as if it were a field" for (path,) in existing)
    names: dict[int, set[str]] = defaultdict(set)
    edges: dict[int, set[Any]] = defaultdict(set)
    yield from _read_views(query, nodes, tables, names, edges)
    for node in names.keys() | edges.keys():
        if node not in tables or DEFINITION not in tables[node].document:
            yield f"{node} is indexed as a view, but is none"
    for node, view in tables.items():
        yield from _check_view(view, tables, known, names[node], edges[node])


def _read_views(
    query: Query,
    nodes: dict[int, tuple[int, str]],
    tables: dict[int, Entity],
    names: dict[int, set[str]],
    edges: dict[int, set[Any]],
) -> Iterator[str]:
    """Fill in the names that each view speaks of, and its edges, as they are in the index."""
    for view, target in query(
        f"SELECT referrer, target FROM relationship WHERE until IS NULL AND field = '{DEFINITION}'"
    ):
        if nodes.get(target, (-1, ""))[0] == NOWHERE:
            names[view].add(nodes[target][1])
        else:
            yield f"the definition of {view} speaks of {target}, which is no name"
    for up, down, owner, source in query(
        "SELECT upstream, downstream, owner, source FROM lineage_edge WHERE until IS NULL AND owner IS NOT NULL"
    ):
        if owner in tables and source == "ViewLineage":
            edges[owner].add((nodes.get(up, (up, "")), nodes.get(down, (down, ""))))
        elif up == NOWHERE or nodes.get(down, (down,))[0] == NOWHERE:
            yield f"an edge of {owner} has to do with a name, but it has no definition"


def _check_view(
    view: Entity, tables: dict[int, Entity], known: dict[str, Entity], names: set[str], edges: set[Any]
) -> Iterator[str]:
    own = _name_of(view)
    for (up, _), (down, path) in edges:
        if up == NOWHERE and (down, path) != (NOWHERE, own):
            yield f"what is not understood of {view.fqn} is told of {path}"
        elif up != NOWHERE and (down != view.node or _name_of(tables[up]) not in names):
            yield f"an edge of the view {view.fqn} leads from {up} to {down}"
    meant = _meant(view, known)
    if meant is not None:
        yield from _set_differences(f"names in {view.fqn}", meant.names, names)
        yield from _set_differences(f"edges of {view.fqn}", meant.edges, [one for one in edges if one[0][0] != NOWHERE])
        if meant.unclear != (((NOWHERE, ""), (NOWHERE, own)) in edges):
            yield f"{view.fqn} is understood, or not, but the index says otherwise"


def _name_of(table: Entity) -> str:
    """How SQL names a table, below the id of its service."""
    _, *inner = table.fqn.split(".")
    return ".".join((str(table.document["service"]["id"]), *inner)).casefold()


def _meant(view: Entity, known: dict[str, Entity]) -> View | None:
    """What a simple definition means; None for what is not simple."""
    text = view.document.get(DEFINITION)
    if not text:
        return View(set(), set(), False)
    found = SIMPLE_VIEW.fullmatch(text)
    if found is None:
        return None
    parts = found["name"].split(".")
    name = ".".join((*_name_of(view).split(".")[: 4 - len(parts)], *parts))
    if name == _name_of(view):
        return None
    table = known.get(name)
    if table is None:
        return View({name}, set(), True)
    columns, own = ([each["name"].casefold() for each in one.document.get("columns") or ()] for one in (table, view))
    given = list(_outputs(found["items"], columns))
    if not columns or None in given:
        return None
    outputs = [one[1] for one in given if one]
    edges = {((table.node, ""), (view.node, ""))}
    unclear = False
    for place, (column, output) in enumerate(one for one in given if one):
        alike = len(own) == len(given) and own[place] not in outputs
        into = output if not own or output in own else own[place] if alike else None
        unclear |= into is None or column not in columns
        if into is not None and column in columns:
            edges.add(((table.node, column), (view.node, into)))
    return View({name}, edges, unclear)


def _outputs(items: str, columns: list[str]) -> Iterator[tuple[str, str] | None]:
    """The columns that are selected, each with the name it gets; None for what is not simple."""
    for word in items.split(", "):
        item = SIMPLE_ITEM.fullmatch(word)
        if word == "*":
            yield from zip(columns, columns, strict=True)
        else:
            yield (item["column"], item["name"] or item["column"]) if item else None


def _check_renderings(query: Query, live: list[Entity]) -> Iterator[str]:
    """What is kept written out and true says of each entity what its row and its document say."""
    since: dict[int, int] = dict(query("SELECT node, shown_since FROM entity"))
    rows = {row[0]: row for row in query("SELECT node, version, revision, updated_at, updated_by FROM entity")}
    kept = {entity: row for entity, *row in query("SELECT entity, position, shows, body FROM rendering")}
    yield from (f"entity {node} was removed, but is kept written out" for node in kept.keys() - {e.node for e in live})
    for entity in live:
        if entity.node not in kept:
            yield f"{entity.fqn} is not kept written out"
            continue
        position, shows, body = kept[entity.node]
        if any(since[node] > position for node in json.loads(shows)):
            continue
        shown = json.loads(bytes(body).replace(b"\x01", b""))
        _, version, _, updated_at, updated_by = rows[entity.node]
        expected = {
            "id": entity.id,
            "name": entity.name,
            "fullyQualifiedName": entity.fqn,
            "version": version / 10,
            "updatedAt": updated_at,
            "updatedBy": updated_by,
        }
        plain = {member: value for member, value in entity.document.items() if isinstance(value, str | int | float)}
        for member, value in (expected | plain).items():
            if member != "system" and shown.get(member) != value:
                yield f"{entity.fqn} is kept written out with the {member} {shown.get(member)!r}, not {value!r}"


def _check_asserted_edges(query: Query, by_node: dict[int, Entity]) -> Iterator[str]:
    fields = {row[0]: row[1] for row in query("SELECT id, entity FROM lineage_node")}
    rows = query(
        "SELECT upstream, downstream, source, asserter FROM lineage_edge WHERE until IS NULL AND owner IS NULL"
    )
    for row, times in Counter(rows).items():
        if times > 1:
            yield f"the edge {row} is asserted {times} times"
    for upstream, downstream, _, _ in rows:
        for end in (upstream, downstream):
            entity = by_node.get(fields.get(end, -1)) or by_node.get(end)
            if entity is None or entity.removed is not None:
                yield f"an edge from {upstream} to {downstream} is asserted, but there is no {end}"


def _differences(name: str, true: dict[Any, Any], told: dict[Any, Any]) -> Iterator[str]:
    for key in true.keys() | told.keys():
        if true.get(key) != told.get(key):
            yield f"{name} says {told.get(key)} of {key}, but it is {true.get(key)}"


def _set_differences(name: str, true: Iterable[Any], told: Iterable[Any]) -> Iterator[str]:
    expected, found = Counter(set(true)), Counter(told)
    for row in sorted((expected - found).elements(), key=repr)[:10]:
        yield f"{name} lacks {row}"
    for row in sorted((found - expected).elements(), key=repr)[:10]:
        yield f"{name} has {row}, which follows from nothing"


Content = dict[str, Counter[Any]]

CONTENT = {
    "fqn_interval": "SELECT fqn_key, since, until, entity, fqn FROM fqn_interval",
    "relationship": "SELECT referrer, target, field, since, until FROM relationship",
    "tag_usage": "SELECT tag, entity, path, label_type, state, since, until FROM tag_usage",
    # A field that never existed has an empty interval, whose place in time means nothing.
    "lineage_node": "SELECT entity, path, since, until, id, name FROM lineage_node "
    "WHERE until IS NULL OR until > since",
    "numbers of fields": "SELECT DISTINCT entity, path, id FROM lineage_node",
    "lineage_edge": "SELECT upstream, downstream, owner, source, asserter, since, until, details FROM lineage_edge",
    "entity_count": "SELECT type, parent, deleted, entities FROM entity_count WHERE entities <> 0",
}


def indexes(url: str) -> Content:
    """What the index tables hold, past and present, without what carries no meaning."""
    with snapshot(url) as query:
        return {name: Counter(query(statement)) for name, statement in CONTENT.items()}


def differences(rebuilt: Content, incremental: Content) -> list[str]:
    """In which rows two contents differ."""
    faults = []
    for name, expected in rebuilt.items():
        faults += [f"{name} lacks {row}" for row in list((expected - incremental[name]).elements())[:10]]
        faults += [f"{name} has {row} too much" for row in list((incremental[name] - expected).elements())[:10]]
    return faults
