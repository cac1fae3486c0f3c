# SPDX-License-Identifier: Apache-2.0
"""Which suggestions somebody rejected."""

import orjson

from headwater.schema.entities.rejections import TAG_REJECTION
from headwater.store import documents
from headwater.store.database import Session


def rejected(session: Session, entity_id: str) -> set[tuple[str, str]]:
    """What nothing is to suggest for an entity: the case-folded path of a field (or nothing) and the label's id."""
    row = documents.get(session, entity_id)
    found = set()
    for child in documents.children(session, row.node) if row else ():
        if child.type == TAG_REJECTION.name and not child.deleted:
            stored = orjson.loads(child.document)
            if label := stored.get("label"):
                found.add((stored["entityLink"].get("path", "").casefold(), label["id"]))
    return found
