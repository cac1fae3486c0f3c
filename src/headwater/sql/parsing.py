# SPDX-License-Identifier: Apache-2.0
"""From text to statements, one by one: what cannot be parsed costs its own statement and no other."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from headwater.sql.model import Problem

# What a parser of all dialects, and what reads its trees, stumbles over where a text is odd: it costs one statement.
FAULTS = (RecursionError, AttributeError, LookupError, TypeError, ValueError)
# What it does not understand it leaves as `exp.Command`, and says so in the log as well.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement's text with its place, and its tree unless it could not be parsed."""

    text: str
    line: int
    column: int
    tree: exp.Expr | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A script that is parsed once, whatever is asked about it."""

    text: str
    dialect: Dialect
    pieces: tuple[Piece, ...]


def parsed(text: str, dialect: Dialect) -> Parsed:
    """The statements of a script."""
    return Parsed(text, dialect, tuple(pieces(text, dialect)))


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _offset(text: str, line: int, column: int) -> int:
    return sum(len(each) for each in text.splitlines(keepends=True)[: line - 1]) + column - 1


def pieces(text: str, dialect: Dialect) -> Iterator[Piece]:
    """The statements of a script, in its order."""
    tokens, unread = _tokens(text, dialect)
    chunk: list[Token] = []
    for token in tokens:
        if token.token_type != TokenType.SEMICOLON:
            chunk.append(token)
        elif chunk:
            yield _piece(text, chunk, dialect)
            chunk = []
    if chunk:
        yield _piece(text, chunk, dialect)
    if unread is not None:
        yield unread


def _tokens(text: str, dialect: Dialect) -> tuple[list[Token], Piece | None]:
    """The tokens of a text, up to the statement that has none, which is returned as well."""
    try:
        return dialect.tokenize(text), None
    except TokenError as error:
        reason = f"cannot be read: {error.__cause__ or error}"
        found = re.search(r"from (\d+):(\d+)", reason)
        line, column = (int(found[1]), int(found[2])) if found else place(text, min(len(text), (error.start or 0) + 50))
    before = text.rfind(";", 0, _offset(text, line, column)) + 1
    try:
        tokens = dialect.tokenize(text[:before])
    except TokenError:
        before, tokens = 0, []
    return tokens, Piece(text[before:], *place(text, before), problem=Problem(line, column, reason))


def _piece(text: str, tokens: list[Token], dialect: Dialect) -> Piece:
    first, last = tokens[0].start, tokens[-1].end
    own, where = text[first : last + 1], place(text, first)
    try:
        trees = [tree for tree in dialect.parser().parse(tokens, text) if tree is not None]
    except ParseError as error:
        told = error.errors[0] if error.errors else {}
        reason = re.sub(r"<class '[\w.]*\.(\w+)'>", r"\1", told.get("description") or str(error))
        reason = re.sub(r"<Token .*?text: SENTINEL,.*>", "the end of the statement", reason)
        reason = re.sub(r"<Token .*?text: (.*?), line: .*>", r"\1", reason)
        at = (told["line"], told["col"] - len(told.get("highlight") or "") + 1) if told.get("line") else where
        return Piece(own, *where, problem=Problem(at[0], max(1, at[1]), f"cannot be parsed: {reason}"))
    except FAULTS as error:
        return Piece(own, *where, problem=Problem(*where, f"cannot be parsed: {type(error).__name__} {error}"))
    if len(trees) != 1:
        return Piece(own, *where, problem=Problem(*where, "cannot be parsed as one statement"))
    return Piece(own, *where, trees[0])


def place_of(node: exp.Expr, text: str) -> tuple[int, int] | None:
    """Where a part of a statement stands in the script."""
    while True:
        starts = [start for part in node.walk() if (start := part.meta.get("start")) is not None]
        if starts:
            return place(text, min(starts))
        if node.parent is None:
            return None
        node = node.parent
