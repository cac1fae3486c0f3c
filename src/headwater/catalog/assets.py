# SPDX-License-Identifier: Apache-2.0
"""The assets of tags, owners, domains and the like: what holds them in the member that their declaration names."""

from headwater.catalog.batches import Row
from headwater.catalog.context import Context, Key
from headwater.catalog.reading import Reader
from headwater.catalog.writing import Writer
from headwater.errors import InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import LABELS, OWNERS, EntityType
from headwater.store import documents, relationships
from headwater.store.rows import EntityRow


def page(reader: Reader, declared: EntityType, key: Key, limit: int, offset: int) -> tuple[list[Document], int]:
    """References to live assets in order of name, and how many there are in all.

    What only inherits an owner or domain is below an asset, and none itself.
    """
    row = reader.row(declared, key)
    held_nodes = [row.node]
    if declared.assets == LABELS:
        held_nodes = relationships.implying(reader.session, held_nodes, reader.moment)
    held = documents.Held(held_nodes, declared.assets, _types(reader.context, declared.assets), reader.position)
    nodes, total = documents.holders(reader.session, held, limit, offset)
    reader.names.nodes(nodes)
    renderer = reader.renderer(declared)
    return [renderer.card(reader.names.by_node[node]) for node in nodes], total


def _types(context: Context, member: str) -> list[str]:
    """The types whose entities are assets: those that can carry labels, or that can be owned and have the member."""
    if member == LABELS:
        return [declared.name for declared in context.registry]
    return [
        declared.name
        for declared in context.registry
        if declared.has(OWNERS) and any(reference.field == member for reference in declared.all_references)
    ]


def change(writer: Writer, declared: EntityType, holder: EntityRow, asset: Document, add: bool) -> Row:
    """Put a holder into an asset's member, or take it out: a patch of the asset, with a version of its own."""
    member = declared.assets
    asset_type = writer.context.declared(asset["type"])
    if asset_type.name not in _types(writer.context, member):
        raise InvalidEntity(f"a {asset_type.name} has no {member}")
    row = writer.find(asset_type, _key(asset))
    held = writer.shown(asset_type, row).get(member) or []
    places = [place for place, one in enumerate(held) if one["id"] == holder.id and not one.get("inherited")]
    operations: list[Document] = []
    if add and not places:
        operations = [{"op": "add", "path": f"/{member}/-", "value": {"id": holder.id, "type": holder.type}}]
    elif not add:
        operations = [{"op": "remove", "path": f"/{member}/{place}"} for place in reversed(places)]
    outcome = writer.patch(asset_type, Key.id(row.id), operations)
    return Row(row.fqn, outcome.event, 200)


def name_of(asset: Document) -> str:
    """What a reference to an asset calls it."""
    return str(asset.get("id") or asset.get("fullyQualifiedName") or asset["type"])


def _key(asset: Document) -> Key:
    if asset.get("id"):
        return Key.id(asset["id"])
    if asset.get("fullyQualifiedName"):
        return Key.fqn(asset["fullyQualifiedName"])
    raise InvalidEntity("assets: a reference needs an id or a fullyQualifiedName")
