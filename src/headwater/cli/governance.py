# SPDX-License-Identifier: Apache-2.0
"""The commands that ask what reaches what, and what changes do."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from rich.console import RenderableType
from rich.text import Text

from headwater.cli.failures import Exit, Failure, telling
from headwater.cli.screen import STDIN, styled, words
from headwater.cli.session import Session
from headwater.cli.writing import documents_in, text_of
from headwater.schema import fqn
from headwater.schema.base import Document, Entity, EntityReference, wire
from headwater.schema.governance import (
    CONSUMERS,
    MODELS,
    Acceptance,
    DeleteEntity,
    DropColumn,
    Evidence,
    Hop,
    ImpactRow,
    PathEnd,
    ReachRow,
    RenameColumn,
    RenameEntity,
    RetypeColumn,
    SingleChange,
    TagColumn,
    TagEntity,
    Unread,
)

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
    policy: bool,
    suggested: bool,
) -> None:
    """Print what a tag, a column or a table reaches."""
    asked = [one for one in (tag, column, table) if one]
    if len(asked) != 1:
        raise Failure("name one thing: a TAG, a --column or a --table", code=Exit.USAGE)
    types = far.type or ",".join(MODELS.types)
    found = session.client.governance.reach(
        tag,
        column=column,
        entity=("table", table) if table else None,
        type=types,
        tier=far.tier,
        domain=far.domain,
        owner=far.owner,
        service=far.service,
        certainty="column" if certain else "table",
        stop=(stop or "").split(",") if stop else (),
        policy=policy,
        suggested=suggested,
        as_of=session.as_of,
    )
    if session.screen.json:
        session.screen.values(wire(row) for row in found)
    elif found:
        session.screen.show(*_page(asked[0], types, found))
    else:
        session.screen.note(f"{asked[0]} reaches no {_kind(types)}")
    _note_gaps(session, found.truncated, found.unread)


def tags(session: Session, type_: str, name: str, field: str | None, policy: bool, suggested: bool) -> None:
    """Print which tags reach an entity."""
    found = session.client.governance.tags(
        _named(session, type_, name), field, policy=policy, suggested=suggested, as_of=session.as_of
    )
    asked = f"{name}.{field}" if field else name
    if session.screen.json:
        session.screen.values(wire(row) for row in found)
    elif found:
        session.screen.show(*_reaching(asked, found))
    else:
        session.screen.note(f"no tag reaches {asked}")
    _note_gaps(session, found.truncated, found.unread)


def _reaching(asked: str, found: Sequence[ReachRow]) -> Iterable[RenderableType]:
    labels = {row.tag for row in found}
    yield words((asked, "bold"), f" is reached by {len(labels)} tag{'s' * (len(labels) != 1)}")
    for row in found:
        yield Text("")
        yield words((row.tag or "", "magenta"), _certainty(row))
        yield from _proof(row, row.tag or "")


def _named(session: Session, type_: str, name: str) -> Entity:
    """The entity that somebody means; if there is none, the failure names the nearest."""
    declared = session.declared(type_)
    with session.naming(declared, name):
        entity: Entity = session.collection(declared).get(name, fields="", as_of=session.as_of)
    return entity


def accept(
    session: Session, type_: str, name: str, tag: str, field: str | None, by: str, until: str, reason: str
) -> None:
    """Record that a person accepts a tag."""
    entity = _named(session, type_, name)
    found = session.client.governance.accept(entity, tag, field=field, by=by, until=until, reason=reason)
    if session.screen.json:
        session.screen.value(wire(found))
    else:
        who = EntityReference.model_validate(found.accepted_by).name
        session.screen.done(f"{tag} is accepted at {found.entity_fqn} until {found.until} by {who}")


def unread(session: Session) -> None:
    """Print the views of whose SQL something was not understood."""
    found = session.client.governance.unread(as_of=session.as_of)
    if session.screen.json:
        session.screen.values(wire(one) for one in found)
    elif found:
        session.screen.show(*(line for one in found for line in _unread(one)))
    else:
        session.screen.note("the SQL of every view is understood")


def _unread(one: Unread) -> Iterable[RenderableType]:
    yield words((f"{one.entity.type} ", "cyan"), (one.entity.fully_qualified_name or "", "bold"))
    for problem in one.problems:
        yield words("  ", (f"line {problem.line}, column {problem.column}: ", "dim"), problem.reason)


def _note_gaps(session: Session, truncated: str | None, unread: Iterable[Unread]) -> None:
    """Say why there may be more than was printed."""
    if truncated:
        session.screen.note(f"There may be more: {truncated}.")
    for one in unread:
        first, *others = one.problems
        more = f", and {len(others)} more" if others else ""
        session.screen.note(
            f"There may be more: the SQL of {one.entity.fully_qualified_name} is not understood "
            f"(line {first.line}, column {first.column}: {first.reason}{more})."
        )


class Scripts(NamedTuple):
    """Files of SQL whose effect is asked about, and what they run in."""

    files: Sequence[str]
    within: str | None
    dialect: str | None

    def changes(self) -> list[Document]:
        """The same as changes."""
        if self.files and not self.within:
            raise Failure(
                "say with --within which service, database or schema the SQL runs in, such as warehouse.shop.main",
                code=Exit.USAGE,
            )
        more = {"within": self.within} | ({"dialect": self.dialect} if self.dialect else {})
        return [{"change": "sql", "sql": text_of(_file(one)), **more} for one in self.files]


def _file(name: str) -> str | None:
    return None if name == STDIN else name


def changes(source: str | None, scripts: Scripts, given: Mapping[str, Iterable[str] | None]) -> list[Document]:
    """The changes that scripts make, those that a file holds, and those that options give, in this order."""
    told = scripts.changes()
    told += documents_in(text_of(_file(source))) if source else ()
    for kind, values in given.items():
        told += [_change(kind, value) for value in values or ()]
    if not told:
        raise Failure("name a change, such as --drop COLUMN or --sql SCRIPT, or a FILE of changes", code=Exit.USAGE)
    return told


SAID_WITH = {"rename": "to", "retype": "dataType", "tag": "tag"}
"""The changes that an option writes as COLUMN=VALUE, and the member that takes the value."""


def _change(kind: str, value: str) -> Document:
    if kind == "delete":
        return {"change": kind, "entity": value}
    if kind not in SAID_WITH:
        return {"change": kind, "column": value}
    column, mark, word = value.rpartition("=")
    if not mark:
        raise Failure(f"--{kind} takes COLUMN=VALUE, not {value}", code=Exit.USAGE)
    return {"change": kind, "column": column, SAID_WITH[kind]: word}


def impact(session: Session, changes: Sequence[Document], scripts: Scripts, far: "FarEnd") -> Exit:
    """Print what changes would break, change or tag; whether anything would break is the exit code."""
    with telling():
        found = session.client.governance.impact(
            changes,
            type=far.type or CONSUMERS.types,
            tier=far.tier,
            domain=far.domain,
            owner=far.owner,
            service=far.service,
            as_of=session.as_of,
        )
    if session.screen.json:
        session.screen.values(wire(row) for row in found)
    elif found:
        session.screen.show(*_affected(found))
    else:
        session.screen.note(
            "no model or dashboard is affected" if far.type is None else "nothing of this kind is affected"
        )
    if found.unclear:
        session.screen.note("Not understood of the SQL, so that there may be more:")
    for problem in found.unclear:
        script = scripts.files[problem.change] if problem.change < len(scripts.files) else f"change {problem.change}"
        session.screen.note(f"  {script}:{problem.line}:{problem.column}: {problem.reason}")
    _note_gaps(session, found.truncated, found.unread)
    return Exit.FAILED if found.broken else Exit.OK if found.complete else Exit.USAGE


EFFECTS = {"breaks": ("break", "bold red"), "changes": ("change", "yellow"), "tagged": ("be tagged", "magenta")}


def _affected(found: Sequence[ImpactRow]) -> Iterable[RenderableType]:
    counts = {effect: sum(row.effect == effect for row in found) for effect in EFFECTS}
    yield words(", ".join(f"{count} would {EFFECTS[effect][0]}" for effect, count in counts.items() if count))
    for row in found:
        yield Text("")
        name = row.entity.fully_qualified_name or ""
        effect = "is tagged" if row.effect == "tagged" else row.effect
        yield words((f"{row.entity.type} ", "cyan"), (name, "bold"), (f"  {effect}", EFFECTS[row.effect][1]))
        if row.owners:
            yield words(("  owned by ", "dim"), ", ".join(one.display_name or one.name or "" for one in row.owners))
        if row.endpoint:
            yield words(("  served at ", "dim"), row.endpoint)
        for reason in row.because:
            loose = "  known between tables" if reason.certainty == "table" else ""
            yield words("  ", planned(reason.change), (loose, "yellow"))
            if reason.source.field not in (None, getattr(reason.change, "column", None)):
                yield words("    ", end(reason.source))
            yield from hops(reason.source, reason.paths[0])


def planned(change: SingleChange) -> str:
    """A change in words."""
    match change:
        case DropColumn():
            return f"{change.column} is dropped"
        case RenameColumn():
            return f"{change.column} is renamed to {change.to}"
        case RetypeColumn():
            return f"{change.column} becomes {change.data_type}"
        case TagColumn():
            return f"{change.column} gets {change.tag}"
        case TagEntity():
            return f"{change.entity} gets {change.tag}"
        case RenameEntity():
            return f"{change.entity} is renamed to {change.to}"
        case DeleteEntity():
            return f"{change.entity} is deleted"


def accepted(exceptions: Iterable[Acceptance]) -> str:
    """Who accepts what was reached, in words."""
    return "; ".join(
        f"accepted at {one.entity_fqn} until {one.until} ({one.accepted_by.name}: {one.reason})" for one in exceptions
    )


def _page(asked: str, kind: str, found: Iterable[ReachRow]) -> Iterable[RenderableType]:
    rows = list(found)
    names = {row.entity.id for row in rows}
    yield words((asked, "bold"), f" reaches {len(names)} {_kind(kind, many=len(names) != 1)}")
    for row in rows:
        yield Text("")
        yield words((f"{row.entity.type} ", "cyan"), (row.entity.fully_qualified_name or "", "bold"), _certainty(row))
        yield from _proof(row, asked)


def _certainty(row: ReachRow) -> tuple[str, str]:
    return ("  known to the column", "green") if row.certainty == "column" else ("  known between tables", "yellow")


def _kind(types: str, many: bool = False) -> str:
    if "*" in types or "," in types:
        return "entities" if many else "entity"
    return types + ("s" if many else "")


def _proof(row: ReachRow, asked: str) -> Iterable[RenderableType]:
    carries = f"  {row.tag}" if row.tag and row.tag != asked else ""
    yield words("  ", end(row.source), (carries, "magenta"))
    yield from hops(row.source, row.paths[0])
    if row.accepted:
        yield words("    ", (accepted(row.accepted), "yellow"))


def hops(source: PathEnd, path: Iterable[Hop]) -> Iterable[RenderableType]:
    """The steps of a path, each with who says so; where one goes on from a field of what was reached, that as well."""
    reached = name_of(source)
    for hop in path:
        if hop.from_.field not in (None, reached):
            yield words("    ", end(hop.from_))
        yield words("    → ", end(hop.to), (f"  {said(hop)}", "dim"))
        reached = name_of(hop.to)


def end(place: PathEnd) -> Text:
    """One end of a step."""
    name = name_of(place)
    gone = "  deleted" if place.entity.deleted else "" if place.exists else "  no longer there"
    return words((name, ""), (gone, "red"))


def name_of(place: PathEnd) -> str:
    """The FQN of one end of a step."""
    return place.field or place.entity.fully_qualified_name or ""


def said(hop: Hop) -> str:
    """Who says that there is this step."""
    return ", ".join(dict.fromkeys(_who(one) for one in hop.evidence))


def _who(evidence: Evidence) -> str:
    if evidence.asserted_by == "declared":
        return f"declared by {_called(evidence.by)}" if evidence.by else "declared"
    by = f" by {evidence.user}" if evidence.asserted_by == "Manual" and evidence.user else ""
    how = f": {evidence.transformation.lower()}" if evidence.transformation else ""
    through = f", through {evidence.pipeline.name}" if evidence.pipeline else ""
    return str(styled(f"{evidence.asserted_by}{by}{how}{through}{_last_run(evidence)}"))


def _called(entity: EntityReference) -> str:
    """The FQN of an entity without its service: the name of a model, and of its version ``churn.2``."""
    full = entity.fully_qualified_name or entity.name or ""
    return ".".join(fqn.split(full)[1:]) or entity.name or full


def _last_run(evidence: Evidence) -> str:
    if not evidence.run or evidence.last_seen is None:
        return ""
    return f", last in a run of {datetime.fromtimestamp(evidence.last_seen / 1000, UTC):%Y-%m-%d}"
