# SPDX-License-Identifier: Apache-2.0
"""The commands about the past: what differs between versions, back to one of them, and who changed what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from headwater.cli.changes import MAJOR, change_lines, said, shown
from headwater.cli.failures import Exit, Failure
from headwater.cli.screen import moment, plain, reference_name, section, styled, words
from headwater.cli.session import Session
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.base import Document, wire
from headwater.schema.declare import EntityType

SIGNS = {"added": ("+", "green"), "removed": ("−", "red"), "changed": ("~", "yellow"), "moved": ("↕", "cyan")}
SIGNS["renamed"] = SIGNS["changed"]
BRIEF = 200
"""Characters that are shown of an item that came or went."""
NAMED = 6
"""How many items of a list are named where a change is told of in a line."""


def diff(session: Session, kind: str, name: str, span: str | None) -> None:
    """Print what turns one version into another: ``a..b``, either side may be absent; the last two without a span."""
    declared = session.declared(kind)
    first, mark, last = (span or "").partition("..")
    if span and not mark:
        first, last = span, ""
    with session.naming(declared, name):
        found = session.collection(declared).get(name, include="all", as_of=session.as_of)
    try:
        differing = session.collection(declared).diff(found.id, first or None, last or None, as_of=session.as_of)
    except EntityNotFound as error:
        raise Failure(error.message, code=Exit.NOT_FOUND) from error
    document = differing.model_dump(mode="json", by_alias=True, exclude_none=True)
    if session.screen.json:
        session.screen.value(document)
        return
    session.screen.show(_head(declared, document), *_steps(document), *difference_lines(document))


def _head(declared: EntityType, document: Document) -> Text:
    old, new = (str(document[side]["version"]) for side in ("from", "to"))
    head = words((f"{declared.name} ", "cyan"), (plain(document["entity"]), "bold"), f"  {old} → {new}")
    return head.append(MAJOR, style="bold yellow") if document["major"] else head


def _steps(document: Document) -> Iterator[RenderableType]:
    """The versions on the way, a line each."""
    for step in document["steps"]:
        line = words((f"  {step['version']}", "bold"), (f"  {moment(step['updatedAt'])} UTC  ", "dim"))
        line.append_text(words(step["updatedBy"]))
        if "revertedTo" in step:
            line.append_text(words((f"  reverted to {step['revertedTo']}", "magenta")))
        because = {said(path[0]): None for path in step["because"]}
        if step["major"]:
            line.append_text(words((f"  major: {', '.join(because)}" if because else "  major", "yellow")))
        yield line


def difference_lines(document: Document) -> Iterator[RenderableType]:
    """The differences in words: members in a line each, lists and objects with a line for each part that differs."""
    rewired = {tuple(one["path"]): one for one in document["rewired"]}
    parts: dict[str, list[Text]] = {}
    alone: list[Text] = []
    told: set[tuple[str, ...]] = set()
    for one in document["differences"]:
        path = tuple(one["path"])
        if path[:-1] in rewired and one["kind"] in ("added", "removed"):
            if path[:-1] not in told:
                told.add(path[:-1])
                parts.setdefault(path[0], []).append(_rewired(rewired[path[:-1]]))
        elif len(path) == 1 and one["kind"] != "moved":
            alone.append(_line(one, said(path[0])))
        else:
            parts.setdefault(path[0], []).append(_line(one, _reference(one) or _where(path[1:])))
    if not alone and not parts:
        yield styled("nothing differs", "dim")
    if alone:
        yield Text("")
    yield from alone
    for member, lines in parts.items():
        heading = said(member)
        yield section(heading[:1].upper() + heading[1:], *lines)


def _reference(one: Mapping[str, Any]) -> str | None:
    """What a person calls the entity that came or went, where it is one."""
    item = one.get("to") or one.get("from")
    return reference_name(item) if isinstance(item, dict) and "id" in item and "type" in item else None


def _where(path: Sequence[str]) -> str:
    """A place inside a list or object: names as they are, what of them differs in words."""
    if not path:
        return ""
    name, *rest = path
    inside = " ".join(word if index % 2 else said(word) for index, word in enumerate(rest))
    return f"{name}: {inside}" if inside else name


def _line(one: Mapping[str, Any], where: str) -> Text:
    inner = len(one["path"]) > 2 and len(one["path"]) % 2 == 1
    sign, style = SIGNS["changed" if inner and one["kind"] in ("added", "removed") else one["kind"]]
    line = words((f"{sign} ", style), (where, style if one["kind"] in ("added", "removed") and not inner else ""))
    old, new = one.get("from"), one.get("to")
    if one["kind"] == "moved":
        line.append_text(words(f"{where and ': '}new order"))
    elif one["kind"] == "renamed":
        line.append_text(words(f" is called {new} now"))
    elif one["kind"] == "changed":
        line.append_text(words(f"{': ' if ':' not in where else ' '}{shown(old)} → {shown(new)}"))
    elif inner and one["kind"] == "added":
        line.append_text(words(" set to ", (shown(new), "green")))
    elif inner:
        line.append_text(words(" removed, was ", (shown(old), "red")))
    elif brief := _brief(new if one["kind"] == "added" else old, one["path"]):
        line.append_text(words((f"  {brief}", "dim")))
    return line.append(MAJOR, style="bold yellow") if one["major"] else line


def _brief(value: Any, path: Sequence[str]) -> str:
    """What a value or an item says besides its name."""
    if isinstance(value, dict):
        if "tagFQN" in value or "id" in value:
            return plain(value) if len(path) == 1 else ""
        said_of = {name: plain(inner) for name, inner in value.items() if name not in ("name", "fullyQualifiedName")}
        text = ", ".join(f"{said(name)} {inner}" for name, inner in said_of.items() if inner)
    else:
        text = shown(value)
    return text if len(text) <= BRIEF else f"{text[: BRIEF - 1]}…"


def _rewired(one: Mapping[str, Any]) -> Text:
    sign, style = SIGNS["changed"]
    lost = [name for name in one["from"] if name not in one["to"]]
    gained = [name for name in one["to"] if name not in one["from"]]
    line = words((f"{sign} ", style), f"{one['path'][-2]}: ")
    if gained and lost:
        return line.append_text(words("reads ", (", ".join(gained), "green"), " instead of ", (", ".join(lost), "red")))
    if gained:
        return line.append_text(words("reads also ", (", ".join(gained), "green")))
    return line.append_text(words("no longer reads ", (", ".join(lost), "red")))


def revert(session: Session, kind: str, name: str, version: str, leave_out: bool) -> None:
    """Make an entity say again what a version said."""
    declared = session.declared(kind)
    with session.naming(declared, name):
        before = session.collection(declared).get(name, include="all")
    try:
        entity = session.collection(declared).revert(before.id, version, leave_out=leave_out, if_match=before)
    except EntityNotFound as error:
        raise Failure(error.message, code=Exit.NOT_FOUND) from error
    except InvalidEntity as error:
        hint = ["--leave-out does without it."] if error.errors and not leave_out else []
        raise Failure(error.message, *hint) from error
    document = wire(entity)
    if session.screen.json:
        session.screen.value(document)
        return
    full = entity.fully_qualified_name or entity.name
    if entity.version == before.version:
        session.screen.done(f"{full} says what version {version} said already; it stays at version {entity.version}")
        return
    session.screen.done(f"{full} says again what version {version} said, now at version {entity.version}")
    for line in change_lines(declared, document.get("changeDescription"), first=False, most=NAMED):
        session.screen.done(f"  {line.plain}")


def log(session: Session, narrowed: Mapping[str, Any], limit: int | None) -> None:
    """Print who changed what, newest first."""
    found = list(session.client.log(limit=limit, **narrowed))
    if session.screen.json:
        session.screen.values(wire(entry) for entry in found)
        return
    session.screen.show(*_log_lines(session, map(wire, found)))
    if not found:
        session.screen.note("nothing of that kind was changed")
    elif len(found) == limit:
        session.screen.note(f"the newest {limit:,}; --limit shows more, --until what was before")


def _log_lines(session: Session, entries: Iterable[Document]) -> Iterator[RenderableType]:
    """Each change: when, who, what of which version to which, and below that what changed."""
    for entry in entries:
        entity = entry["entity"]
        line = words((f"{moment(entry['timestamp'])} UTC  ", "dim"), f"{entry['userName']}  ")
        line.append_text(words((f"{entity['type']} ", "cyan"), (plain(entity), "bold")))
        previous, version = entry.get("previousVersion"), entry.get("version")
        if previous is not None and previous != version:
            line.append_text(words(f"  {previous} → {version}"))
        if entry["major"]:
            line.append(MAJOR, style="bold yellow")
        yield line
        yield Padding(Text("\n").join(_told(session, entry)), (0, 0, 0, 5))


def _told(session: Session, entry: Document) -> list[Text]:
    if entry["eventType"] == "entityDeleted":
        return [styled("deleted for good", "red")]
    declared = session.client.registry.find(entry["entity"]["type"])
    if declared is None:
        return [styled(entry["eventType"], "dim")]
    return change_lines(declared, entry.get("changeDescription"), entry["eventType"] == "entityCreated", NAMED)
