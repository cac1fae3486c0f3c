# SPDX-License-Identifier: Apache-2.0
"""Which labels are suggested and wait for somebody to decide."""

from dataclasses import dataclass

from headwater.catalog.names import Card
from headwater.catalog.reading import Reader
from headwater.catalog.shape import Outline
from headwater.schema import fqn
from headwater.schema.base import Document, LabelState
from headwater.store import relationships


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionsQuestion:
    """Open suggestions, all or those of a ``tag`` or one below it, on ``entity`` (an FQN) or on what lives below it."""

    tag: str | None = None
    entity: str | None = None
    limit: int = 100
    after: int = 0


def open_suggestions(reader: Reader, question: SuggestionsQuestion) -> Document:
    """The suggestions that are open at the moment of the view, in order of FQN and type of their entities."""
    usages = relationships.usages_in_state(reader.session, LabelState.SUGGESTED, reader.moment)
    reader.names.nodes({node for entity, usage in usages for node in (entity, usage.tag)})
    cards = reader.names.by_node
    holders = {
        entity: cards[entity]
        for entity, usage in usages
        if _within(cards[usage.tag], question.tag) and _within(cards[entity], question.entity)
    }
    order = sorted((card for card in holders.values() if not card.deleted), key=lambda card: (card.fqn, card.type))
    found: list[Document] = []
    shown = {row.node: (row, document) for row, document in reader.shown([card.node for card in order])}
    for card in order:
        row, document = shown[card.node]
        declared = reader.context.registry[row.type]
        outline = Outline(reader.context.shapes[declared.name], document)
        paths = {id(item): path for _, path, _, item in outline.parts}
        for _, holder in outline.labelled:
            for label in holder.get("tags") or ():
                if _open(label) and (not question.tag or _is_within(label["tagFQN"], question.tag)):
                    path = paths.get(id(holder))
                    entity = reader.references.reference({"id": row.id, "type": row.type})
                    found.append({"entity": entity, **({"field": path} if path else {}), "label": label})
    page = found[question.after : question.after + question.limit]
    reply: Document = {"data": page, "paging": {"total": len(found)}}
    if question.after + len(page) < len(found):
        reply["paging"]["after"] = str(question.after + len(page))
    return reply


def _open(label: Document) -> bool:
    """Whether somebody can decide about a label: one that follows from another is decided about there."""
    return bool(label["state"] == LabelState.SUGGESTED and label["labelType"] != "Derived")


def _within(card: Card, above: str | None) -> bool:
    return above is None or _is_within(card.fqn, above)


def _is_within(name: str, above: str) -> bool:
    return name == above or fqn.below(name, above) is not None
