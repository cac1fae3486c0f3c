# SPDX-License-Identifier: Apache-2.0
"""What differs between two entities that are alternatives under one parent, in the words of a change description."""

from headwater.catalog.context import Key
from headwater.catalog.diff import diff
from headwater.catalog.reading import Reader
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.store.rows import EntityRow


def compare(reader: Reader, declared: EntityType, key: Key, other: str) -> Document:
    """What leads from an entity to another one, which is named by its id, its FQN or its name."""
    row = reader.row(declared, key)
    far = _other(reader, declared, row, other)
    if far.parent != row.parent:
        raise InvalidEntity(f"{far.fqn} and {row.fqn} do not live under one parent, so they are no alternatives")
    before, after = reader.written(declared, [row._replace(name=""), far._replace(name="")])
    reader.names.nodes([row.node, far.node])
    own, others = (reader.references.card(reader.names.by_node[one.node]) for one in (row, far))
    change = diff(declared, before, after)
    return {
        "from": own,
        "to": others,
        "changeDescription": {
            "fieldsAdded": change.added,
            "fieldsUpdated": change.updated,
            "fieldsDeleted": change.deleted,
        },
    }


def _other(reader: Reader, declared: EntityType, row: EntityRow, other: str) -> EntityRow:
    beside = fqn.build([*fqn.names(row.fqn)[:-1], other])
    for key in (Key.fqn(beside), Key.fqn(other), Key.id(other)):
        if reader.find(declared, key) is not None:
            return reader.row(declared, key)
    raise EntityNotFound.named(declared.name, beside)
