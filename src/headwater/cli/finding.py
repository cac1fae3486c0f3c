# SPDX-License-Identifier: Apache-2.0
"""The command that searches the catalogue."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from headwater.cli.screen import Columns, clean, plain, styled, words
from headwater.cli.session import Session
from headwater.schema.base import Document, wire

SHOWN_FACETS = ("type", "service", "tag", "owner", "domain", "tier")
FEW = 5
"""How many values of a facet are shown."""


def search(session: Session, text: str, types: Sequence[str], narrowed: dict[str, Any], limit: int) -> None:
    """Print what a text finds: JSON, a table for a person, or lines of tab-separated members for a program."""
    chosen = [session.declared(word).name for word in types] or None
    found = session.client.search(text, type=chosen, limit=limit, **narrowed)
    screen = session.screen
    document = wire(found)
    if screen.json:
        screen.value(document)
        return
    rows = [_cells(hit, marked=screen.is_terminal) for hit in document["hits"]]
    if not screen.is_terminal:
        for row in rows:
            screen.write("\t".join(cell.plain for cell in row) + "\n")
        return
    if rows:
        screen.show(Columns(("type", "name", "found in", "passage"), rows))
    screen.note(_summary(found.total, len(rows)))
    for line in _facets(document["facets"]):
        screen.note(line)


def _cells(hit: Document, marked: bool) -> tuple[Text, ...]:
    """What is said of a hit; ``marked``: whether it is deleted as well."""
    entity = hit["entity"]
    description = (entity.get("description") or "").strip().partition("\n")[0]
    snippet = hit.get("snippet") or {"member": "", "pieces": [{"text": description, "found": False}]}
    name = words((plain(entity), "bold"), (" deleted" if marked and entity.get("deleted") else "", "red"))
    passage = Text(overflow="fold")
    for piece in snippet["pieces"]:
        passage.append(clean(piece["text"]), style="bold yellow" if piece["found"] else "")
    return styled(entity["type"], "cyan"), name, styled(snippet["member"], "dim"), passage


def _summary(total: int, shown: int) -> str:
    if not total:
        return "nothing found"
    return f"{shown} of {total:,}; --limit shows more" if total > shown else f"{total:,} found"


def _facets(facets: dict[str, list[Document]]) -> list[str]:
    """What could narrow the hits, where there is a choice."""
    lines = []
    for name in SHOWN_FACETS:
        values = facets.get(name) or []
        if len(values) > 1:
            shown = ", ".join(f"{value['value']} ({value['count']:,})" for value in values[:FEW])
            lines.append(f"--{name}: {shown}{', …' if len(values) > FEW else ''}")
    return lines
