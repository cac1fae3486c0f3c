# SPDX-License-Identifier: Apache-2.0
"""What follows from a document: relationships, tag usages, fields and derived edges.

Each index is a set that is computed from one document. A write computes the sets of the old and of the new document
and stores the difference at the write's position; ``reindex`` does the same along all states that were recorded.
Both therefore end with the same rows.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from headwater.catalog.shape import Field, Shape, sources
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import FieldLineage, ReferenceLineage
from headwater.store import lineage, relationships
from headwater.store.database import Transaction
from headwater.store.relationships import Relationship, Usage
from headwater.store.rows import NodeRow

End = tuple[int, str]
"""One end of an edge: an entity's node, and the case-folded path of a field in it (empty: the entity itself)."""


class Link(NamedTuple):
    """A derived edge, and the member of the document that it follows from."""

    upstream: End
    downstream: End
    member: str


class Indexed(NamedTuple):
    """Everything that the indexes hold of one document."""

    relationships: set[Relationship]
    usages: set[Usage]
    fields: dict[str, Field]
    links: set[Link]


NOTHING = Indexed(set(), set(), {}, set())


def indexed(shape: Shape, node: int, document: Document, nodes: Mapping[str, int]) -> Indexed:
    """The index entries of a document; ``nodes`` maps ids to nodes. Ids without a node are passed over."""
    return Indexed(
        set(_relationships(shape, document, nodes)),
        set(_usages(shape, document, nodes)),
        shape.fields(document),
        set(_links(shape, node, document, nodes)),
    )


def _relationships(shape: Shape, document: Document, nodes: Mapping[str, int]) -> Iterable[Relationship]:
    for place in shape.places(document):
        value = place.holder[place.reference.field]
        for item in value if place.reference.many else (value,):
            if item["id"] in nodes:
                yield Relationship(nodes[item["id"]], place.member)


def _usages(shape: Shape, document: Document, nodes: Mapping[str, int]) -> Iterable[Usage]:
    seen = set()
    for path, holder in shape.labelled(document):
        for label in holder.get("tags") or ():
            key = (label["id"], path.casefold())
            if label["id"] in nodes and key not in seen:
                seen.add(key)
                yield Usage(nodes[label["id"]], path.casefold(), label["labelType"], label["state"])


def _links(shape: Shape, node: int, document: Document, nodes: Mapping[str, int]) -> Iterable[Link]:
    for rule in shape.declared.lineage:
        if isinstance(rule, ReferenceLineage):
            if (target := document.get(rule.reference)) and target["id"] in nodes:
                own, far = (node, ""), (nodes[target["id"]], "")
                ends = (own, far) if rule.side == "downstream" else (far, own)
                yield Link(*ends, rule.reference)
        else:
            yield from _field_links(rule, node, document, nodes)


def _field_links(rule: FieldLineage, node: int, document: Document, nodes: Mapping[str, int]) -> Iterable[Link]:
    member, own = rule.member, (node, "")
    for one in sources(rule, document):
        if (table := nodes.get(one.entity_id)) is not None:
            yield Link((table, one.path), (node, fqn.quote(one.item["name"]).casefold()), member)
            yield Link((table, ""), own, member)


def apply(
    transaction: Transaction, node: int, before: Indexed, after: Indexed, position: int, new: bool = False
) -> None:
    """Bring the indexes from one document's entries to the next one's; ``new``: nobody can know its fields yet."""
    relationships.change_relationships(
        transaction,
        node,
        before.relationships - after.relationships,
        after.relationships - before.relationships,
        position,
    )
    relationships.change_usages(transaction, node, before.usages - after.usages, after.usages - before.usages, position)
    ids = _change_fields(transaction, node, before.fields, after.fields, position, new)
    closed, opened = before.links - after.links, after.links - before.links
    if closed or opened:
        ids |= node_ids(transaction, {end for link in closed | opened for end in link[:2]} - set(ids), position)
        lineage.change_derived(
            transaction,
            node,
            [(ids[link.upstream], ids[link.downstream], link.member) for link in closed],
            [(ids[link.upstream], ids[link.downstream], link.member) for link in opened],
            position,
        )


def _change_fields(
    transaction: Transaction, node: int, before: dict[str, Field], after: dict[str, Field], position: int, new: bool
) -> dict[End, int]:
    """End the fields that are gone, begin those that came, and tell the numbers of the latter."""
    gone = [path for path, field in before.items() if after.get(path) != field]
    come = {path: field for path, field in after.items() if before.get(path) != field}
    lineage.close_nodes(transaction, node, gone, position)
    if not come:
        return {}
    ids = {} if new else _known(transaction, {(node, path) for path in come})
    missing = [(node, path) for path in come if (node, path) not in ids]
    ids |= zip(missing, transaction.new_nodes(len(missing)), strict=True)
    lineage.add_nodes(
        transaction, [NodeRow(ids[node, path], node, path, *field, position, None) for path, field in come.items()]
    )
    return ids


def node_ids(transaction: Transaction, ends: Iterable[End], position: int) -> dict[End, int]:
    """The numbers of ends; a field that nobody has seen yet gets one, with an empty interval of existence."""
    ends = set(ends)
    ids: dict[End, int] = {(entity, path): entity for entity, path in ends if not path}
    fields = ends - set(ids)
    ids |= _known(transaction, fields)
    missing = sorted(fields - set(ids))
    if missing:
        numbers = transaction.new_nodes(len(missing))
        ids |= dict(zip(missing, numbers, strict=True))
        lineage.add_nodes(
            transaction,
            [NodeRow(ids[entity, path], entity, path, path, None, position, position) for entity, path in missing],
        )
    return ids


def _known(transaction: Transaction, ends: Iterable[End]) -> dict[End, int]:
    ends = set(ends)
    if not ends:
        return {}
    rows = lineage.nodes_named(transaction, {entity for entity, _ in ends}, {path for _, path in ends})
    return {(row.entity, row.path): row.id for row in rows if (row.entity, row.path) in ends}
