# SPDX-License-Identifier: Apache-2.0
"""The commands that ask the catalogue."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

from rich.console import RenderableType
from rich.text import Text

from headwater.cli import checks, pages
from headwater.cli.changes import version_lines
from headwater.cli.failures import Exit, Failure, did_you_mean
from headwater.cli.graph import Graph
from headwater.cli.screen import Columns, grid, moment, plain, section, styled, words
from headwater.cli.session import Session
from headwater.schema.base import Document, Entity, held, wire
from headwater.schema.declare import EntityType, FieldLineage

ON_A_TERMINAL = 100
"""How many entities a terminal is shown unless a limit says otherwise."""

DEEPEST = 100
"""Over how many hops a walk may go."""

BRIEF = 60
"""Characters of a description in a list on a terminal."""

FAR = 10
"""Over how many hops a page looks for the features that a column flows into."""

T = TypeVar("T")


def get(session: Session, kind: str, name: str, fields: str | None, include: Any) -> None:
    """Print the members of one entity."""
    declared = session.declared(kind)
    with session.naming(declared, name):
        found = session.collection(declared).get(name, fields=fields, include=include, as_of=session.as_of)
    document = wire(found)
    if session.screen.json:
        session.screen.value(document)
        return
    counts = [
        (pages.part_label(child), styled(f"{len(items)}: {', '.join(plain(item.get('name')) for item in items)}"))
        for child in declared.children
        if (items := held(document, child.path))
    ]
    rows = [("id", styled(found.id)), *pages.facts(declared, document), *counts]
    session.screen.show(
        pages.header(declared, document), Text(""), grid((styled(head, "dim"), value) for head, value in rows)
    )


def list_(
    session: Session, kind: str, filters: Sequence[str], limit: int | None, fields: str | None, include: Any
) -> None:
    """Print the entities of a type: JSON, a table for a person, or lines of tab-separated members for a program."""
    declared = session.declared(kind)
    chosen = _filters(declared, filters)
    collection, screen = session.collection(declared), session.screen
    for_person = screen.is_terminal and not screen.json
    if limit is None and for_person:
        limit = ON_A_TERMINAL
    wanted = dict(include=include, as_of=session.as_of, **chosen)
    found = collection.list(limit=limit or None, fields=fields, page_size=min(limit or 500, 500), **wanted)
    found = _first_asked(found)
    if screen.json:
        screen.values(wire(entity) for entity in found)
    elif for_person:
        _table(session, declared, list(found), lambda: collection.count(**wanted))
    else:
        for entity in found:
            document = wire(entity)
            owners, labels, text = (plain(document.get(member)) for member in ("owners", "tags", "description"))
            cells = (_full_name(document), plain(entity.version), owners, labels, moment(entity.updated_at), text)
            screen.write("\t".join(styled(cell).plain for cell in cells) + "\n")


def _first_asked(found: Iterator[T]) -> Iterator[T]:
    """The same items, the first asked for now: an error comes before any output."""
    first = list(_take(found, 1))
    return chain(first, found)


def _take(found: Iterator[T], count: int) -> Iterator[T]:
    for _, item in zip(range(count), found, strict=False):
        yield item


def _filters(declared: EntityType, given: Iterable[str]) -> dict[str, Any]:
    known = [filter_.name for filter_ in declared.filters]
    chosen = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark:
            raise Failure(f"--filter takes NAME=VALUE, not {text}", code=Exit.USAGE)
        if name not in known:
            hint = f"It can be filtered by {', '.join(known)}." if known else "It has no filters."
            hint = did_you_mean(name, known, 1) or hint
            raise Failure(f"a list of {declared.name} cannot be filtered by {name}", hint, code=Exit.USAGE)
        chosen[name] = value
    return chosen


def _full_name(document: Document) -> str:
    return str(document.get("fullyQualifiedName") or document["name"])


def _table(session: Session, declared: EntityType, found: Sequence[Entity], count: Callable[[], int]) -> None:
    if not found:
        session.screen.note(f"no {declared.name} to list")
        return
    rows = []
    for entity in found:
        document = wire(entity)
        name = words((_full_name(document), "bold"), (" deleted" if document.get("deleted") else "", "red"))
        owners = styled(plain([owner.get("name") or owner for owner in document.get("owners") or ()]))
        description = styled(_first_line(document.get("description") or ""))
        rows.append(
            (
                name,
                styled(entity.version),
                owners,
                styled(plain(document.get("tags")), "yellow"),
                styled(moment(entity.updated_at), "dim"),
                description,
            )
        )
    session.screen.show(Columns((declared.name, "version", "owners", "tags", "updated", "description"), rows))
    total = count() if len(found) >= ON_A_TERMINAL else len(found)
    if total > len(found):
        session.screen.note(f"{len(found)} of {total:,}; --limit 0 shows all")


def _first_line(text: str) -> str:
    """What a list shows of a description."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= BRIEF else f"{line[: BRIEF - 1].rstrip()}…"


def show(session: Session, kind: str, name: str) -> None:
    """Print the page of an entity."""
    declared = session.declared(kind)
    collection = session.collection(declared)
    with session.naming(declared, name):
        found = collection.get(name, include="all", as_of=session.as_of)
    document = wire(found)
    walk = session.client.lineage.get((declared.name, found.id), 1, FAR, as_of=session.as_of)
    graph = Graph(wire(walk))
    versions = _versions(session, declared, found)
    belonging = _belonging(session, declared, found)
    checked = session.client.checks.of((declared.name, found.id)) if _is_checked(session, declared, found) else []
    if session.screen.json:
        told = {part.sdk_name: listed for part, listed in belonging}
        told |= {"checks": [wire(one) for one in checked]} if checked else {}
        session.screen.value({"entity": document, "lineage": wire(walk), "versions": versions, **told})
        return
    with_features = [each.name for each in session.client.registry if _has_features(each) and each is not declared]
    feeds = graph.fed_by_fields(with_features)
    sources = _sources(session, declared, document)
    parts = [
        part
        for child in declared.children
        if (part := pages.part_table(declared, child, document, sources, feeds)) is not None
    ]
    parts += [pages.belonging(part, listed) for part, listed in belonging if listed]
    parts += [shown] if (shown := checks.part(checked)) else []
    around: list[RenderableType] = [
        part for side in (True, False) if (part := pages.neighbours(graph, side)) is not None
    ]
    facts = pages.facts(declared, document)
    rows = [(styled(head, "dim"), value) for head, value in facts if "\n" not in value.plain]
    texts = [section(head[:1].upper() + head[1:], value) for head, value in facts if "\n" in value.plain]
    last = pages.last_changes(declared, versions)
    body: list[RenderableType] = [*parts, *around, *([last] if last else []), *texts]
    if rows:
        body = [Text(""), grid(rows), *body]
    session.screen.show(pages.header(declared, document), *body)


def _is_checked(session: Session, declared: EntityType, found: Entity) -> bool:
    """Whether a page tells what is known of checks: that is known of the present only."""
    return declared.checked is not None and session.as_of is None and not found.deleted


def _belonging(session: Session, declared: EntityType, found: Entity) -> list[tuple[EntityType, list[Document]]]:
    """The entities of other types that are parts of one, by type."""
    listed = []
    for part in session.client.registry:
        if part.is_part_of(declared):
            by: dict[str, Any] = {
                each.name: found for each in part.filters if each.kind == "parent" and each.to == declared.name
            }
            parts = session.collection(part).list(fields="*", as_of=session.as_of, **by)
            listed.append((part, [wire(each) for each in parts]))
    return listed


def _has_features(declared: EntityType) -> bool:
    return any(isinstance(rule, FieldLineage) for rule in declared.lineage)


def _sources(session: Session, declared: EntityType, document: Document) -> pages.Sources:
    """The fields of everything that the entity's features are made from."""
    known: dict[str, frozenset[str]] = {}
    for rule in declared.lineage:
        if not isinstance(rule, FieldLineage):
            continue
        for item in held(document, rule.path) or ():
            for source in item.get(rule.sources) or ():
                reference = source.get(rule.reference) or {}
                full = reference.get("fullyQualifiedName")
                if full and full not in known and not reference.get("deleted"):
                    known[full] = _fields(session, reference)
    return pages.Sources(known)


def _fields(session: Session, reference: Mapping[str, Any]) -> frozenset[str]:
    declared = session.client.registry.find(str(reference["type"]))
    if declared is None or not any(child.is_field for child in declared.children):
        return frozenset()
    found = session.collection(declared).find(str(reference["id"]), include="all", as_of=session.as_of)
    return frozenset() if found is None else pages.fields_of(declared, wire(found))


def lineage(session: Session, kind: str, name: str, depth: int, columns: bool, max_nodes: int | None) -> None:
    """Print the graph around an entity as a tree in each direction."""
    if not 1 <= depth <= DEEPEST:
        raise Failure(f"--depth is a number from 1 to {DEEPEST}, not {depth}", code=Exit.USAGE)
    declared = session.declared(kind)
    with session.naming(declared, name):
        found = session.client.lineage.get(
            (declared.name, name), depth, depth, as_of=session.as_of, max_nodes=max_nodes
        )
    document = wire(found)
    if session.screen.json:
        session.screen.value(document)
        return
    graph = Graph(document)
    root = graph.nodes[graph.root]
    trees = [tree for side in (True, False) if (tree := graph.tree(side, columns)) is not None]
    spaced: list[RenderableType] = [part for tree in trees for part in (Text(""), tree)]
    session.screen.show(words((f"{root.type} ", "cyan"), root.text("bold")), *spaced)
    if not trees:
        session.screen.show(styled("nothing is known of what it is made from or what it feeds", "dim"))
    if graph.truncated:
        session.screen.note(f"cut short at {len(graph.nodes):,} entities; --max-nodes allows more")


def history(session: Session, kind: str, name: str) -> None:
    """Print the versions of an entity, newest first."""
    declared = session.declared(kind)
    with session.naming(declared, name):
        found = session.collection(declared).get(name, include="all", as_of=session.as_of)
    versions = _versions(session, declared, found)
    if session.screen.json:
        session.screen.value(versions)
        return
    head = words((f"{declared.name} ", "cyan"), (found.fully_qualified_name or found.name, "bold"))
    session.screen.show(head, *version_lines(declared, versions))


def _versions(session: Session, declared: EntityType, found: Entity) -> list[Document]:
    """The versions of an entity that was read, as of the same moment."""
    return [wire(each) for each in session.collection(declared).versions(found.id, as_of=session.as_of)]
