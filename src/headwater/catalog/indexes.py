# SPDX-License-Identifier: Apache-2.0
"""What follows from a document: relationships, tag usages, fields and derived edges.

Each index is a set that is computed from one document. A write computes the sets of the old and of the new document
and stores the difference at the write's position; ``reindex`` does the same along all states that were recorded.
Both therefore end with the same rows.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from headwater.catalog.fields import End, Fields
from headwater.catalog.shape import Field, Outline, sources
from headwater.schema import fqn
from headwater.schema.base import Document, held
from headwater.schema.declare import FieldLineage, ItemLineage, ReferenceLineage
from headwater.store import lineage, relationships
from headwater.store.database import Transaction
from headwater.store.relationships import Relationship, Usage
from headwater.store.rows import NodeRow


class Link(NamedTuple):
    """A derived edge, and the member of the document that it follows from; ``details`` are what it says besides."""

    upstream: End
    downstream: End
    member: str
    details: str | None = None


class Indexed(NamedTuple):
    """Everything that the indexes hold of one document."""

    relationships: set[Relationship]
    usages: set[Usage]
    fields: dict[str, Field]
    links: set[Link]


NOTHING = Indexed(set(), set(), {}, set())


def indexed(outline: Outline, node: int, nodes: Mapping[str, int]) -> Indexed:
    """The index entries of a document; ``nodes`` maps ids to nodes. Ids without a node are passed over."""
    return Indexed(
        {Relationship(nodes[entity_id], member) for member, entity_id in set(outline.references) if entity_id in nodes},
        set(_usages(outline, nodes)),
        outline.fields,
        set(_links(outline, node, nodes)),
    )


def _usages(outline: Outline, nodes: Mapping[str, int]) -> Iterable[Usage]:
    seen = set()
    for path, label in outline.labels:
        key = (label["id"], path.casefold())
        if label["id"] in nodes and key not in seen:
            seen.add(key)
            yield Usage(nodes[label["id"]], path.casefold(), label["labelType"], label["state"])


def _links(outline: Outline, node: int, nodes: Mapping[str, int]) -> Iterable[Link]:
    document = outline.document
    for rule in outline.shape.declared.lineage:
        if isinstance(rule, ReferenceLineage):
            yield from _reference_links(rule, node, document, nodes)
        elif isinstance(rule, ItemLineage):
            for item in document.get(rule.child) or ():
                if (target := item.get(rule.reference)) and target["id"] in nodes:
                    yield Link((nodes[target["id"]], ""), (node, ""), rule.member)
        else:
            yield from _field_links(rule, node, document, nodes)


def _reference_links(rule: ReferenceLineage, node: int, document: Document, nodes: Mapping[str, int]) -> Iterable[Link]:
    value = document.get(rule.reference) or ()
    for target in [value] if isinstance(value, dict) else value:
        if target["id"] in nodes:
            own, far = (node, ""), (nodes[target["id"]], "")
            ends = (own, far) if rule.side == "downstream" else (far, own)
            yield Link(*ends, rule.reference)


def _field_links(rule: FieldLineage, node: int, document: Document, nodes: Mapping[str, int]) -> Iterable[Link]:
    member, own = rule.member, (node, "")
    for item, _, entity_id, path in sources(rule, document):
        if (table := nodes.get(entity_id)) is not None:
            yield Link((table, path), (node, fqn.quote(item["name"]).casefold()), member)
            yield Link((table, ""), own, member)
    if rule.otherwise and (above := document.get(rule.otherwise)):
        items = held(document, rule.path)
        if not items or any(rule.sources not in item for item in items):
            yield Link((nodes[above["id"]], ""), own, rule.otherwise)


def apply(transaction: Transaction, fields: Fields, node: int, before: Indexed, after: Indexed, position: int) -> None:
    """Bring the indexes from one document's entries to the next one's."""
    relationships.change_relationships(
        transaction,
        node,
        before.relationships - after.relationships,
        after.relationships - before.relationships,
        position,
    )
    relationships.change_usages(transaction, node, before.usages - after.usages, after.usages - before.usages, position)
    ids = _change_fields(transaction, fields, node, before.fields, after.fields, position)
    closed, opened = before.links - after.links, after.links - before.links
    if closed or opened:
        ids |= node_ids(transaction, fields, {end for link in closed | opened for end in link[:2]} - set(ids), position)
        lineage.change_derived(
            transaction,
            node,
            [(ids[link.upstream], ids[link.downstream], *link[2:]) for link in closed],
            [(ids[link.upstream], ids[link.downstream], *link[2:]) for link in opened],
            position,
        )


def _change_fields(
    transaction: Transaction,
    fields: Fields,
    node: int,
    before: dict[str, Field],
    after: dict[str, Field],
    position: int,
) -> dict[End, int]:
    """End the fields that are gone, begin those that came, and tell the numbers of the latter."""
    gone = [path for path, field in before.items() if after.get(path) != field]
    come = {path: field for path, field in after.items() if before.get(path) != field}
    lineage.close_nodes(transaction, node, gone, position)
    ids: dict[End, int] = {}
    if come:
        ids = {end: row.id for end, row in fields.find((node, path) for path in come).items()}
        missing = [(node, path) for path in come if (node, path) not in ids]
        ids |= zip(missing, transaction.new_nodes(len(missing)), strict=True)
        lineage.add_nodes(
            transaction, [NodeRow(ids[node, path], node, path, *field, position, None) for path, field in come.items()]
        )
    if gone or come:
        fields.forget(node)
    return ids


def node_ids(transaction: Transaction, fields: Fields, ends: Iterable[End], position: int) -> dict[End, int]:
    """The numbers of ends; a field that nobody has seen yet gets one, with an empty interval of existence."""
    ids: dict[End, int] = {}
    named = []
    for end in ends:
        if end[1]:
            named.append(end)
        else:
            ids[end] = end[0]
    ids |= {end: row.id for end, row in fields.find(named).items()}
    missing = sorted({end for end in named if end not in ids})
    if missing:
        numbers = transaction.new_nodes(len(missing))
        ids |= zip(missing, numbers, strict=True)
        rows = [NodeRow(ids[entity, path], entity, path, path, None, position, position) for entity, path in missing]
        lineage.add_nodes(transaction, rows)
        fields.add(rows)
    return ids
