# SPDX-License-Identifier: Apache-2.0
"""What other entities show of an entity: looked up in one batch, now or as it was at a position."""

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from headwater.schema.base import Document
from headwater.store import documents
from headwater.store.database import Session
from headwater.store.rows import CardRow

CARD = (
    "displayName",
    "description",
    "style",
    "owners",
    "domains",
    "disabled",
    "mutuallyExclusive",
    "teamType",
)
"""The members of a document that others show, inherit or check."""


class Card(NamedTuple):
    """An entity as others see it; ``shown`` holds the members of ``CARD`` that it has."""

    node: int
    id: str
    type: str
    name: str
    fqn: str
    parent: int | None
    deleted: bool
    removed: bool
    shown: Document


def card_text(document: Document) -> str | None:
    """The card of a document as it is stored."""
    shown = _shown(document)
    return orjson.dumps(shown).decode() if shown else None


def _shown(document: Document) -> Document:
    return {member: document[member] for member in CARD if document.get(member)}


def read_card(row: CardRow) -> Card:
    """A card from its row."""
    shown = _shown(orjson.loads(row.card)) if row.card else {}
    return Card(row.node, row.id, row.type, row.name, row.fqn, row.parent, bool(row.deleted), bool(row.removed), shown)


class Names:
    """The cards that a piece of work has looked up so far, as of one position (None: now)."""

    def __init__(self, session: Session, position: int | None = None) -> None:
        self.session = session
        self.position = position
        self.by_id: dict[str, Card] = {}
        self.by_node: dict[int, Card] = {}
        self.numbers: dict[str, int] = {}
        """Nodes by id."""

    def add(self, card: Card) -> None:
        """Remember a card."""
        self.by_id[card.id] = card
        self.by_node[card.node] = card
        self.numbers[card.id] = card.node

    def load(self, ids: Iterable[str]) -> None:
        """Look up what is not known yet."""
        missing = {entity_id for entity_id in ids if entity_id not in self.by_id}
        if missing:
            for row in documents.cards_by_id(self.session, missing, self.position):
                self.add(read_card(row))

    def node(self, node: int) -> Card | None:
        """The card of a node."""
        if node not in self.by_node:
            for row in documents.cards_by_node(self.session, [node], self.position):
                self.add(read_card(row))
        return self.by_node.get(node)

    def nodes(self, nodes: Iterable[int]) -> None:
        """Look up the cards of nodes."""
        missing = [node for node in nodes if node not in self.by_node]
        if missing:
            for row in documents.cards_by_node(self.session, missing, self.position):
                self.add(read_card(row))

    def find(self, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Card]:
        """Cards of present entities by type and FQN; those that do not exist are left out."""
        wanted = list(names)
        found = {}
        if wanted:
            for row in documents.cards_by_name(self.session, wanted):
                self.add(card := read_card(row))
                found[card.type, card.fqn] = card
        return found
