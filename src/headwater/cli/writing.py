# SPDX-License-Identifier: Apache-2.0
"""The commands that change entities."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from rich.text import Text

from headwater.cli.failures import Exit, Failure
from headwater.cli.screen import STDIN, as_json, words
from headwater.cli.session import Session
from headwater.schema import fqn
from headwater.schema.base import Document, Entity, wire
from headwater.schema.declare import EntityType
from headwater.schema.lineage import AssertedEdge
from headwater.schema.registry import wire_members

CHUNK = 200
"""How many entities of a larger input are sent together."""


def put(
    session: Session, kind: str, source: str | None, pairs: Sequence[str], override: bool, reads: bool = False
) -> None:
    """Create or update the entities that a file, the standard input or pairs describe.

    Without a file, the standard input is read unless there are pairs; ``reads`` reads it in any case.
    """
    declared = session.declared(kind)
    requests = list(_requests(declared, source, pairs, reads))
    if len(requests) == 1:
        entity = session.collection(declared).put(requests[0], override=override)
        _answer(session, entity, "is at version")
        return
    _put_many(session, declared, requests, override)


def _put_many(session: Session, declared: EntityType, requests: Sequence[Document], override: bool) -> None:
    passed, failed = [], []
    with session.screen.progress(f"Writing {declared.sdk_name}") as advance:
        for start in range(0, len(requests), CHUNK):
            result = session.collection(declared).bulk(requests[start : start + CHUNK], override=override)
            passed += [wire(row) for row in result.success_request]
            failed += [wire(row) for row in result.failed_request]
            advance(len(passed) + len(failed), len(requests))
    if session.screen.json:
        session.screen.value({"passed": passed, "failed": failed})
    for row in failed:
        session.screen.problem(f"{row.get('request')}: {row.get('message')}")
    done = f"{len(passed):,} of {len(requests):,} {declared.sdk_name} written"
    if failed:
        raise Failure(f"{done}, {len(failed):,} refused")
    session.screen.done(done)


def _requests(declared: EntityType, source: str | None, pairs: Sequence[str], reads: bool) -> Iterator[Document]:
    given = _pairs(declared, pairs)
    if source is None and not reads and (given or sys.stdin.isatty()):
        if not given:
            raise Failure("name a FILE, - for the standard input, or --set NAME=VALUE", code=Exit.USAGE)
        yield given
        return
    for document in documents_in(text_of(source)):
        yield _request(declared, document) | given


def text_of(source: str | None) -> str:
    """What a file holds; None is the standard input."""
    try:
        return sys.stdin.read() if source is None else Path(str(source)).read_text(encoding="utf-8")
    except OSError as error:
        raise Failure(f"{source}: {error.strerror}", code=Exit.USAGE) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{source or 'the input'} is not UTF-8 text", code=Exit.USAGE) from error


def documents_in(text: str) -> Iterator[Document]:
    """The JSON objects in a text: one, several behind each other, or lists of them."""
    decoder, position, count = json.JSONDecoder(), 0, 0
    text = text.removeprefix("\ufeff")
    while position := _next(text, position):
        try:
            value, position = decoder.raw_decode(text, position - 1)
        except json.JSONDecodeError as error:
            raise Failure(f"the input is not JSON: {error.msg} in line {error.lineno}", code=Exit.USAGE) from error
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict):
                raise Failure(f"the input must hold JSON objects, not {as_json(item, None)[:60]}", code=Exit.USAGE)
            count += 1
            yield item
    if not count:
        raise Failure("the input holds no JSON object", code=Exit.USAGE)


def _next(text: str, position: int) -> int:
    """One more than the place of the next character that is no blank; 0 at the end."""
    while position < len(text) and text[position].isspace():
        position += 1
    return position + 1 if position < len(text) else 0


def _request(declared: EntityType, document: Document) -> Document:
    """An entity as a request: what only the catalogue says of an entity (as ``get --json`` prints it) is left out."""
    own = wire_members(declared.entity) - wire_members(declared.create)
    return {member: _own(value) for member, value in document.items() if member not in own}


def _own(value: Any) -> Any:
    """A value without the references that come from a parent."""
    if isinstance(value, list):
        return [each for each in value if not (isinstance(each, dict) and each.get("inherited"))]
    return value


def _pairs(declared: EntityType, pairs: Iterable[str]) -> Document:
    """The members that ``--set`` gives. A value that starts like JSON is JSON; dots lead into objects."""
    lists = {info.alias or name for name, info in declared.create.model_fields.items() if _is_list(info.annotation)}
    given: Document = {}
    for pair in pairs:
        name, mark, text = pair.partition("=")
        if not mark or not all(name.split(".")):
            raise Failure(f"--set takes NAME=VALUE, not {pair}", code=Exit.USAGE)
        value = _value(name, text)
        *above, last = name.split(".")
        holder = given
        for part in above:
            holder = holder.setdefault(part, {})
            if not isinstance(holder, dict):
                raise Failure(f"--set {name}: {part} is given as a value and as an object", code=Exit.USAGE)
        if not above and last in lists and not isinstance(value, list):
            value = [*holder.get(last, []), value]
        holder[last] = value
    return given


def _value(name: str, text: str) -> Any:
    if text[:1] not in ("[", "{", '"'):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Failure(f"--set {name}: {text} is not JSON: {error.msg}", code=Exit.USAGE) from error


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(_is_list(each) for each in get_args(annotation))


def delete(session: Session, kind: str, name: str, recursive: bool, hard: bool, yes: bool) -> None:
    """Delete an entity; a person is asked before what cannot be undone."""
    declared = session.declared(kind)
    with session.naming(declared, name):
        collection = session.collection(declared)
        if hard and not yes and sys.stdin.isatty() and session.screen.err.is_terminal:
            found = collection.get(name, include="all")
            below = " and everything below it" if recursive else ""
            session.screen.question(
                f"Delete {declared.name} {found.fully_qualified_name}{below} for good? Only its history stays. [y/N] "
            )
            if input().strip().lower() not in ("y", "yes"):
                raise Failure("nothing was deleted")
        entity = collection.delete(name, recursive=recursive, hard=hard)
    how = "deleted for good" if hard else "deleted; `headwater undelete` brings it back, now at version"
    _answer(session, entity, how, version=not hard)


def undelete(session: Session, kind: str, name: str) -> None:
    """Bring a deleted entity back."""
    declared = session.declared(kind)
    with session.naming(declared, name):
        entity = session.collection(declared).restore(name)
    _answer(session, entity, "is back, at version")


def _answer(session: Session, entity: Entity, what: str, version: bool = True) -> None:
    if session.screen.json:
        session.screen.value(wire(entity))
        return
    number = f" {entity.version}" if version else ""
    session.screen.done(f"{entity.fully_qualified_name or entity.name} {what}{number}")


def sql(session: Session, file: str, within: str | None, dialect: str | None, target: str | None, source: str) -> Exit:
    """Assert the edges that SQL means, and print them; whether all was understood is the exit code."""
    if within is None:
        raise Failure(
            "say with --within which service, database or schema the SQL runs in, such as warehouse.shop.main",
            code=Exit.USAGE,
        )
    text = text_of(None if file == STDIN else file)
    reply = session.client.lineage.add_sql(text, within, target=target, dialect=dialect, source=source)
    if session.screen.json:
        session.screen.value(wire(reply))
    elif reply.asserted:
        session.screen.show(*(line for edge in reply.asserted for line in _edge(edge)))
    else:
        session.screen.note("the SQL moves nothing from one table to another")
    if reply.problems:
        session.screen.note("Not understood:")
    for problem in reply.problems:
        session.screen.note(f"  {file}:{problem.line}:{problem.column}: {problem.reason}")
    return Exit.USAGE if reply.problems else Exit.OK


def _edge(edge: AssertedEdge) -> Iterator[Text]:
    yield words((edge.from_entity, "bold"), (" → ", "dim"), (edge.to_entity, "bold"))
    for pair in edge.columns_lineage:
        sources = ", ".join(fqn.below(one, edge.from_entity) or one for one in pair.from_columns or ())
        to = fqn.below(pair.to_column or "", edge.to_entity) or ""
        how = f"  {pair.transformation.lower()}" if pair.transformation else ""
        yield words("  ", sources, (" → ", "dim"), to, (how, "dim"))
