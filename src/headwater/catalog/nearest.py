# SPDX-License-Identifier: Apache-2.0
"""What somebody may have meant by a name that names nothing."""

from collections.abc import Iterable
from difflib import get_close_matches

from headwater.catalog.context import Key
from headwater.catalog.reading import Reader
from headwater.schema import fqn
from headwater.schema.declare import EntityType
from headwater.store import documents
from headwater.store.documents import Listing


def nearest(reader: Reader, name: str, types: Iterable[EntityType]) -> str:
    """A hint to put behind a message: entities of these types with the last part of the name, else the one below what
    the first parts name that is most like it. Empty if there is neither. Looks at the present."""
    try:
        names = fqn.names(name)
    except fqn.InvalidFqn:
        return ""
    if found := [full for declared in types for full in _called(reader, declared, names[-1])]:
        return f"; perhaps {' or '.join(found[:3])}"
    for length in range(len(names) - 1, 0, -1):
        if known := _below(reader, fqn.build(names[:length])):
            near = get_close_matches(names[length], known, n=1, cutoff=0.0)
            return f"; the nearest is {known[near[0]]}"
    return ""


def _called(reader: Reader, declared: EntityType, name: str) -> list[str]:
    rows = documents.page(reader.session, Listing(type=declared.name), 3, after=(name, ""))
    return [row.fqn for row in rows if row.name == name]


def _below(reader: Reader, name: str) -> dict[str, str]:
    """The names, each with the FQN, of what lives directly under the entity of any type with this FQN."""
    for declared in reader.context.registry:
        row = reader.find(declared, Key.fqn(name))
        if row is not None:
            kinds = [one.name for one in reader.context.registry if any(p.to == row.type for p in one.parents)]
            nodes = [node for kind in kinds for node in documents.below(reader.session, [row.node], kind)]
            reader.names.nodes(nodes)
            return {card.name: card.fqn for node in nodes if (card := reader.names.node(node))}
    return {}
