# SPDX-License-Identifier: Apache-2.0
"""What other entities show of an entity: looked up in one batch, now or as it was at a position."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from headwater.schema.base import Document
from headwater.schema.declare import EntityType
from headwater.store import documents
from headwater.store.database import Session
from headwater.store.rows import CardRow

CARD = (
    "displayName",
    "description",
    "style",
    "owners",
    "domains",
    "reviewers",
    "disabled",
    "mutuallyExclusive",
    "teamType",
    "isBot",
    "customProperties",
    "tags",
)
"""The members of a document that others show, inherit or check; ``tags`` only of what labels name."""


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


def card_text(declared: EntityType, document: Document) -> str | None:
    """The card of a document as it is stored."""
    shown = _shown(document)
    if not declared.labels:
        shown.pop("tags", None)
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
        self._brought: dict[str, Sequence[Document]] = {}
        """The labels that come along with a label, by the id of what that names."""

    def add(self, card: Card) -> None:
        """Remember a card."""
        self.by_id[card.id] = card
        self.by_node[card.node] = card
        self.numbers[card.id] = card.node
        if card.shown.get("tags") and not card.removed:
            self._brought[card.id] = card.shown["tags"]
        else:
            self._brought.pop(card.id, None)

    def load(self, ids: Iterable[str]) -> None:
        """Look up what is not known yet."""
        missing = {entity_id for entity_id in ids if entity_id not in self.by_id}
        if missing:
            self._take(documents.cards_by_id(self.session, missing, self.position))

    def node(self, node: int) -> Card | None:
        """The card of a node."""
        self.nodes([node])
        return self.by_node.get(node)

    def nodes(self, nodes: Iterable[int]) -> None:
        """Look up the cards of nodes."""
        missing = [node for node in nodes if node not in self.by_node]
        if missing:
            self._take(documents.cards_by_node(self.session, missing, self.position))

    def find(self, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Card]:
        """Cards of present entities by type and FQN; those that do not exist are left out."""
        wanted = list(names)
        cards = self._take(documents.cards_by_name(self.session, wanted)) if wanted else []
        return {(card.type, card.fqn): card for card in cards}

    def _take(self, rows: Iterable[CardRow]) -> list[Card]:
        """Remember cards, and look up the tags that come along with those that are labels."""
        cards = [read_card(row) for row in rows]
        for card in cards:
            self.add(card)
        self.load(label["id"] for card in cards for label in card.shown.get("tags", ()))
        return cards

    def with_derived(self, labels: Iterable[Document]) -> Iterable[Document]:
        """Stored labels, and after them those that they bring along: the tags that their own entities carry.

        A label that is there is not derived as well. What a suggested label brings is suggested too.
        """
        if not self._brought:
            return labels
        found = {(label["id"], label["source"]): label for label in labels}
        for state in ("Confirmed", "Suggested"):
            queue = list(found.values())
            for label in queue:
                for own in self._brought.get(label["id"], ()):
                    reached = "Suggested" if "Suggested" in (label["state"], own["state"]) else "Confirmed"
                    if reached == state and (key := (own["id"], own["source"])) not in found:
                        found[key] = {"id": own["id"], "source": own["source"], "labelType": "Derived", "state": state}
                        queue.append(found[key])
        return found.values()
