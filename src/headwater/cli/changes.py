# SPDX-License-Identifier: Apache-2.0
"""What changed between versions, in words."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic.alias_generators import to_snake
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from headwater.cli.screen import moment, plain, reference_name, styled, words
from headwater.schema.base import Document
from headwater.schema.declare import EntityType, TimeSeries
from headwater.schema.history import REVERTED

MAJOR = " (major)"
LONG = 256
"""Characters of a value that a line shows; longer texts are called by their length."""


def said(member: str) -> str:
    """A member's name in words; the middle parts of a path are names and stay as they are."""
    first, dot, rest = member.partition(".")
    spoken = to_snake(first).removeprefix("ml_").replace("_", " ").replace("hyper parameter", "hyper-parameter")
    inner, dot2, last = rest.rpartition(".")
    tail = f"{inner}{dot2}{to_snake(last).replace('_', ' ')}" if inner else rest
    return f"{spoken}{dot}{tail}"


def opened(value: Any) -> Any:
    """A recorded value; lists and objects are recorded as JSON text."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def shown(value: Any) -> str:
    """A value in a few words."""
    value = opened(value)
    if isinstance(value, dict) and "type" not in value:
        told = {**value, "at": f"{moment(value['at'])} UTC"} if "by" in value and "at" in value else value
        text = ", ".join(f"{said(str(member))} {plain(inner)}" for member, inner in told.items())
    else:
        text = plain(value).strip()
    if not text:
        return "nothing"
    return text if len(text) <= LONG and "\n" not in text else f"“{text[: LONG - 1].splitlines()[0]}…”"


def change_lines(declared: EntityType, change: Document | None, first: bool, most: int | None = None) -> list[Text]:
    """Each change of a change description in words, major ones first. Items of lists are named up to ``most``."""
    if first:
        return [styled("created")]
    change = change or {}
    back = next((each["newValue"] for each in change.get("fieldsAdded") or () if each["name"] == REVERTED), None)
    added = {each["name"]: opened(each.get("newValue")) for each in change.get("fieldsAdded") or ()}
    added.pop(REVERTED, None)
    deleted = {each["name"]: opened(each.get("oldValue")) for each in change.get("fieldsDeleted") or ()}
    major = set(declared.versions.major)
    lines = []
    for name in dict.fromkeys((*added, *deleted)):
        new, old = added.get(name), deleted.get(name)
        if isinstance(new, list) or isinstance(old, list):
            line = _list_change(name, new or [], old or [], most)
            line = _marked(line, name in declared.versions.major_removals and bool(old))
        elif name in added and name in deleted:
            line = _marked(words(f"{said(name)}: {shown(old)} → {shown(new)}"), name in major)
        elif name in added:
            line = _marked(words(f"{said(name)} set to ", (shown(new), "green")), name in major)
        else:
            line = _marked(words(f"{said(name)} removed, was ", (shown(old), "red")), name in major)
        lines.append(line)
    series = {one.name: one for one in declared.series}
    for each in change.get("fieldsUpdated") or ():
        old, new = opened(each.get("oldValue")), opened(each.get("newValue"))
        if each["name"] in series:
            lines.append(_fact(series[each["name"]], old, new))
        else:
            lines.append(_update(each["name"], old, new, major))
    lines.sort(key=lambda line: not line.plain.endswith(MAJOR))
    if back is not None:
        lines.insert(0, words((f"reverted to {back}", "magenta")))
    return lines or [styled("nothing that has a version", "dim")]


def _fact(series: TimeSeries, old: Any, new: Any) -> Text:
    """An entry of a series that was recorded or taken back; some tell in words what they say."""
    told = series.words(new) if isinstance(new, dict) else None
    if told:
        return words(f"{said(series.name)}: {told}")
    return words(said(series.name), " removed" if old and not new else " recorded")


def _update(name: str, old: Any, new: Any, major: set[str]) -> Text:
    if name == "deleted":
        return words(("deleted", "red")) if new in (True, "true") else words(("restored", "green"))
    if isinstance(old, list) and isinstance(new, list) and sorted(map(str, old)) == sorted(map(str, new)):
        return words(f"{said(name)}: new order")
    return _marked(words(f"{said(name)}: {shown(old)} → {shown(new)}"), name in major)


def _marked(line: Text, major: bool) -> Text:
    return line.append(MAJOR, style="bold yellow") if major else line


def _list_change(name: str, new: Sequence[Any], old: Sequence[Any], most: int | None) -> Text:
    """Counts and names of what a list gained and lost; an item in both was changed."""
    gained, lost = [_name(item) for item in new], [_name(item) for item in old]
    changed = [one for one in gained if one in lost]
    gained = [one for one in gained if one not in changed]
    lost = [one for one in lost if one not in changed]
    line = words(said(name))
    for sign, names, style in (("+", gained, "green"), ("−", lost, "red"), ("~", changed, "yellow")):
        if names:
            named = f" ({', '.join(names)})" if most is None or len(names) <= most else ""
            line.append_text(words((f" {sign}{len(names)}", style), named))
    return line


def _name(item: Any) -> str:
    if isinstance(item, dict):
        name = item.get("tagFQN") or (reference_name(item) if "type" in item else None) or item.get("name")
        return str(name) if name else ", ".join(item)
    return str(item)


def version_lines(declared: EntityType, versions: Sequence[Document], most: int | None = None) -> list[RenderableType]:
    """Each version, newest first: number, when and who, and below that what changed."""
    lines: list[RenderableType] = []
    for index, document in enumerate(versions):
        change = document.get("changeDescription") or {}
        told = change_lines(declared, change, index == len(versions) - 1 and not change.get("previousVersion"), most)
        leap = index + 1 < len(versions) and document["version"] - versions[index + 1]["version"] >= 1
        if leap and not any(line.plain.endswith(MAJOR) for line in told):
            _marked(told[0], True)
        by = f"  {document['updatedBy']}" if document.get("updatedBy") else ""
        lines.append(words((document["version"], "bold"), (f"  {moment(document.get('updatedAt'))} UTC", "dim"), by))
        lines.append(Padding(Text("\n").join(told), (0, 0, 0, 5)))
    return lines
