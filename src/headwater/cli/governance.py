# SPDX-License-Identifier: Apache-2.0
"""The commands that ask what reaches what."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from headwater.cli.failures import Exit, Failure
from headwater.cli.screen import styled, words
from headwater.cli.session import Session
from headwater.schema.base import wire
from headwater.schema.governance import Evidence, Hop, PathEnd, ReachRow

if TYPE_CHECKING:
    from headwater.cli.tree import FarEnd


def reach(
    session: Session,
    tag: str | None,
    column: str | None,
    table: str | None,
    far: "FarEnd",
    certain: bool,
    stop: str | None,
    suggested: bool,
) -> None:
    """Print what a tag, a column or a table reaches."""
    asked = [one for one in (tag, column, table) if one]
    if len(asked) != 1:
        raise Failure("name one thing: a TAG, a --column or a --table", code=Exit.USAGE)
    found = session.client.governance.reach(
        tag,
        column=column,
        entity=("table", table) if table else None,
        type=far.type,
        tier=far.tier,
        domain=far.domain,
        owner=far.owner,
        service=far.service,
        certainty="column" if certain else "table",
        stop=(stop or "").split(",") if stop else (),
        suggested=suggested,
        as_of=session.as_of,
    )
    if session.screen.json:
        session.screen.values(wire(row) for row in found)
    elif found:
        session.screen.show(*_page(asked[0], far.type, found))
    else:
        session.screen.note(f"{asked[0]} reaches no {_kind(far.type)}")
    if found.truncated:
        session.screen.note(f"There may be more: {found.truncated}.")


def _page(asked: str, kind: str, found: Iterable[ReachRow]) -> Iterable[RenderableType]:
    rows = list(found)
    names = {row.entity.id for row in rows}
    yield words((asked, "bold"), f" reaches {len(names)} {_kind(kind, many=len(names) != 1)}")
    for row in rows:
        certainty = (
            ("  known to the column", "green") if row.certainty == "column" else ("  known between tables", "yellow")
        )
        yield Text("")
        yield words((f"{row.entity.type} ", "cyan"), (row.entity.fully_qualified_name or "", "bold"), certainty)
        yield from _proof(row, asked)


def _kind(types: str, many: bool = False) -> str:
    if "*" in types or "," in types:
        return "entities" if many else "entity"
    return types + ("s" if many else "")


def _proof(row: ReachRow, asked: str) -> Iterable[RenderableType]:
    carries = f"  {row.tag}" if row.tag and row.tag != asked else ""
    yield words("  ", _end(row.source), (carries, "magenta"))
    for hop in row.paths[0]:
        yield words("    → ", _end(hop.to), (f"  {_said(hop)}", "dim"))


def _end(end: PathEnd) -> Text:
    name = end.field or end.entity.fully_qualified_name or ""
    gone = "  deleted" if end.entity.deleted else "" if end.exists else "  no longer there"
    return words((name, ""), (gone, "red"))


def _said(hop: Hop) -> str:
    return ", ".join(dict.fromkeys(_who(one) for one in hop.evidence))


def _who(evidence: Evidence) -> str:
    if evidence.asserted_by == "declared":
        return f"declared by {evidence.by.name}" if evidence.by else "declared"
    by = f" by {evidence.user}" if evidence.asserted_by == "Manual" and evidence.user else ""
    how = f" ({evidence.transformation.lower()})" if evidence.transformation else ""
    through = f", through {evidence.pipeline.name}" if evidence.pipeline else ""
    return str(styled(f"{evidence.asserted_by}{by}{how}{through}"))
