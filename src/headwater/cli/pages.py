# SPDX-License-Identifier: Apache-2.0
"""The page of an entity in the terminal, put together from the declaration of its type."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic.alias_generators import to_snake
from rich.console import Group, RenderableType
from rich.text import Text

from headwater.cli.changes import version_lines
from headwater.cli.graph import Graph
from headwater.cli.screen import Columns, clean, grid, moment, plain, section, styled, words
from headwater.schema.base import Document, held
from headwater.schema.declare import Child, EntityType, FieldLineage

TECHNICAL = frozenset(
    (
        *("id", "name", "displayName", "fullyQualifiedName", "description", "href", "deleted", "extension"),
        *("version", "updatedAt", "updatedBy", "impersonatedBy", "sourceHash"),
        *("changeDescription", "incrementalChangeDescription"),
    )
)
"""Members that stand in the header, in a part of their own, or nowhere on a page."""

NAMED = 8
"""Up to how many items of a list a page names when they were added or removed."""

SHOWN_LAST = 5
"""How many versions a page shows."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The fields of the entities that features are made from, as far as they are known, by FQN of the entity."""

    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def fault(self, source: Document, reference: Document | None) -> str:
        """Why a source is broken; empty if it is not."""
        if reference is None:
            return ""
        if reference.get("deleted"):
            return "deleted"
        known = self.fields.get(str(reference.get("fullyQualifiedName")))
        full = str(source.get("fullyQualifiedName") or "")
        return "no such column" if known and full.casefold() not in known else ""


def label(member: str) -> str:
    """A member's name in words: ``mlFeatures`` are features, ``mlHyperParameters`` hyper-parameters."""
    spoken = to_snake(member).removeprefix("ml_").replace("mlmodel", "model").replace("_", " ")
    return spoken.replace("hyper parameter", "hyper-parameter")


def members_of(model: type[Any]) -> list[str]:
    """The members of a model on the wire, in the order of their declaration."""
    return [info.alias or name for name, info in model.model_fields.items()]


def header(declared: EntityType, document: Document) -> Group:
    """What the entity is called, and which state of it this is."""
    full = document.get("fullyQualifiedName") or document["name"]
    state = words(
        (declared.name, "cyan"),
        f" · version {document.get('version')}",
        f" · {moment(document.get('updatedAt'))} UTC" if document.get("updatedAt") else "",
        f" by {document['updatedBy']}" if document.get("updatedBy") else "",
    )
    if document.get("deleted"):
        state.append(" · deleted", style="bold red")
    lines: list[RenderableType] = [styled(full, "bold"), state]
    shown = document.get("displayName")
    if shown and shown != document["name"]:
        lines.insert(1, styled(shown))
    if document.get("description"):
        lines += [Text(""), styled(document["description"].strip(), lines=True)]
    return Group(*lines)


def facts(declared: EntityType, document: Document) -> list[tuple[str, Text]]:
    """The members of an entity that are neither in the header nor lists of parts, in words."""
    document = _without_parts(declared, document)
    mixed = {reference.field for reference in declared.all_references if len(reference.to) > 1}
    rows = []
    for member in _order(declared, document):
        if member in TECHNICAL or document[member] in (None, "", [], {}):
            continue
        rows += list(_fact(label(member), document[member], member in mixed))
    for name, value in (document.get("extension") or {}).items():
        rows.append((name, styled(plain(value))))
    return rows


def _without_parts(declared: EntityType, document: Document) -> Document:
    """A document without its lists of parts, which have tables of their own."""
    left = dict(document)
    for child in declared.children:
        holder = left
        for member in child.path[:-1]:
            if not isinstance(holder.get(member), dict):
                break
            holder[member] = holder = dict(holder[member])
        else:
            holder.pop(child.path[-1], None)
    return left


def _order(declared: EntityType, document: Document) -> list[str]:
    """Members in the order of a page: who looks after it and what is said of it, where it is, the rest as declared."""
    first = [reference.field for trait in declared.traits for reference in trait.references] + ["tags"]
    first += [member for parent in declared.parents for member in (parent.field, *parent.copies)]
    first += [reference.field for reference in declared.references]
    return [member for member in dict.fromkeys((*first, *members_of(declared.entity), *document)) if member in document]


def _fact(name: str, value: Any, mixed: bool) -> Iterable[tuple[str, Text]]:
    if isinstance(value, dict) and not _is_reference(value):
        for member, inner in value.items():
            yield from _fact(f"{name} {label(member)}", inner, mixed)
    elif isinstance(value, list) and value and all(_is_reference(each) for each in value):
        yield name, Text(", ").join(_reference(each, mixed) for each in value)
    elif isinstance(value, dict):
        yield name, _reference(value, mixed)
    elif isinstance(value, list) and any(isinstance(each, dict) and "tagFQN" not in each for each in value):
        yield name, styled("\n".join(plain(each) for each in value), lines=True)
    elif isinstance(value, int) and (name == "at" or name.endswith(" at")):
        yield name, styled(f"{moment(value)} UTC")
    else:
        yield name, styled(plain(value), lines=True)


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and "type" in value and ("fullyQualifiedName" in value or "id" in value)


def _reference(value: Document, mixed: bool) -> Text:
    """The name of what is referred to, with its type where it might be another."""
    said = [value["type"]] if mixed else []
    said += [mark for mark in ("inherited", "deleted") if value.get(mark)]
    return words(
        (plain(value), "red" if value.get("deleted") else ""), (f" ({', '.join(said)})" if said else "", "dim")
    )


def part_label(child: Child) -> str:
    """The name of a list of parts in words."""
    return " ".join(label(member) for member in child.path)


def part_table(
    declared: EntityType, child: Child, document: Document, sources: Sources, feeds: Mapping[str, Sequence[str]]
) -> RenderableType | None:
    """The items of a list of parts, one a row; nested items are indented."""
    items = held(document, child.path) or []
    if not items:
        return None
    rule = next(
        (rule for rule in declared.lineage if isinstance(rule, FieldLineage) and rule.child == child.field), None
    )
    inner = {each.field for each in child.children} | {child.recursive}
    members = [
        member
        for member in dict.fromkeys(key for item in _walk(items, child) for key in item[1])
        if member not in inner and member not in ("fullyQualifiedName", "ordinalPosition")
    ]
    members.sort(key=lambda member: (member != "name", member == "description"))
    heads = [label(member) for member in members]
    if rule:
        heads.insert(min(2, len(heads)), "made from")
    if child.is_field:
        heads.append("feeds")
    rows = []
    for depth, item in _walk(items, child):
        row = [styled("  " * depth + plain(item.get("name")) if m == "name" else plain(item.get(m))) for m in members]
        if rule:
            row.insert(min(2, len(row)), _made_from(item, rule, sources))
        if child.is_field:
            row.append(styled("\n".join(feeds.get(str(item.get("fullyQualifiedName")).casefold(), ())), lines=True))
        rows.append(tuple(row))
    head = part_label(child)
    count = sum(1 for _ in _walk(items, child))
    return section(f"{head[:1].upper()}{head[1:]} ({count})", Columns(heads, rows))


def belonging(declared: EntityType, listed: Sequence[Document]) -> RenderableType:
    """The entities of a type that are parts of another one, one a row: numbers by their size, the newest first."""
    children = {child.field: child for child in declared.children}
    rows = [
        (
            styled(document["name"], "bold"),
            *(styled(_brief(path, held(document, path.split(".")), children.get(path))) for path in declared.brief),
        )
        for document in sorted(listed, key=lambda one: (str(one["name"]).isdecimal(), len(one["name"]), one["name"]))
    ]
    heads = ["name", *(label(path.removesuffix(".name")).replace(".", " ") for path in declared.brief)]
    head = label(declared.sdk_name)
    return section(f"{head[:1].upper()}{head[1:]} ({len(rows)})", Columns(heads, rows[::-1]))


def _brief(path: str, value: Any, child: Child | None) -> str:
    """A member in a list: times as times, named figures with what they are of, entities by their own names."""
    if isinstance(value, int) and path.endswith("At"):
        return moment(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict) and "name" in value:
        return str(value["name"])
    if isinstance(value, list) and child is not None:
        return ", ".join(_figure(item, child) for item in value)
    return ", ".join(_brief(path, item, None) for item in value) if isinstance(value, list) else plain(value)


def _figure(item: Document, child: Child) -> str:
    of = item.get(child.qualifier or "")
    return f"{item.get('name')}{f' on {of}' if of else ''} {plain(item.get('value'))}"


def _walk(items: Iterable[Document], child: Child, depth: int = 0) -> Iterable[tuple[int, Document]]:
    for item in items:
        yield depth, item
        if child.recursive:
            yield from _walk(item.get(child.recursive) or (), child, depth + 1)


def _made_from(item: Document, rule: FieldLineage, sources: Sources) -> Text:
    lines = []
    for source in item.get(rule.sources) or ():
        fault = sources.fault(source, source.get(rule.reference))
        line = words((source.get("fullyQualifiedName") or source.get(rule.name), "red" if fault else ""))
        if fault:
            line.append(f" ✗ {fault}", style="bold red")
        if labels := plain(source.get("tags")):
            line.append(f" [{clean(labels)}]", style="yellow")
        lines.append(line)
    return Text("\n").join(lines)


def fields_of(declared: EntityType, document: Document) -> frozenset[str]:
    """The case-folded FQNs of an entity's fields."""
    return frozenset(
        str(item.get("fullyQualifiedName")).casefold()
        for child in declared.children
        if child.is_field
        for _, item in _walk(held(document, child.path) or (), child)
    )


def neighbours(graph: Graph, upstream: bool) -> RenderableType | None:
    """The entities one hop away."""
    edges = graph.into(graph.root) if upstream else graph.out_of(graph.root)
    if not edges:
        return None
    rows = []
    for edge in edges:
        node = graph.nodes[edge.upstream if upstream else edge.downstream]
        pairs = sum(len(sources) for sources, _ in edge.columns)
        how = f"{pairs} column{'s' if pairs != 1 else ''}" if pairs else "as a whole"
        rows.append((styled(node.type, "cyan"), node.text(), styled(how, "dim"), styled(edge.asserted, "dim")))
    return section("Upstream" if upstream else "Downstream", grid(rows))


def last_changes(declared: EntityType, versions: Sequence[Document]) -> RenderableType | None:
    """The newest versions in words."""
    if not versions:
        return None
    more = len(versions) - SHOWN_LAST
    command = f"headwater history {plain(versions[0].get('fullyQualifiedName'))}"
    body = version_lines(declared, versions, most=NAMED)[: 2 * SHOWN_LAST]
    if more > 0:
        body.append(styled(f"… and {more} more: {command}", "dim"))
    return section("Last changes", *body)
