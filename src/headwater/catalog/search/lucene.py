# SPDX-License-Identifier: Apache-2.0
"""Lucene's query syntax, as far as it makes sense here.

query     = group of parts side by side; the default operator says whether all or one of them must hold
part      = unary, joined by AND (&&) and OR (||); AND binds closer
unary     = [NOT | ! | - | +] [field ":"] value ["^" number]
value     = word ["~" [number]] | quoted text ["~" number] | "(" query ")"

Words may hold ``*`` and ``?``; a backslash takes a character's meaning away; ``_exists_:field`` asks for presence.
Ranges and regular expressions are refused. Errors name the character at which a query cannot go on.
"""

import re
from dataclasses import replace
from typing import Literal, NamedTuple

from headwater.catalog.search.clauses import (
    Boosted,
    Clause,
    Everything,
    Exists,
    Not,
    Pattern,
    Phrase,
    Words,
    all_of,
    any_of,
    like,
    path_of,
    valued,
)
from headwater.errors import InvalidEntity

Operator = Literal["AND", "OR"]

TOKEN = re.compile(
    r"""\s*(?:
    (?P<open>\() | (?P<close>\)) | (?P<range>[\[{]|[<>]=?)
    | (?P<and>&&|AND(?=[\s()]|$)) | (?P<or>\|\||OR(?=[\s()]|$)) | (?P<not>NOT(?=[\s()]|$))
    | (?P<sign>[-+!])(?=[^\s)])
    | "(?P<quoted>(?:[^"\\]|\\.)*)"(?P<after_quote>(?:~\d*)?(?:\^\d+(?:\.\d+)?)?)
    | (?P<field>(?:[^\s:()"\\\[\]{}^~]|\\.)+):(?=\S)
    | (?P<word>(?:[^\s:()"\\^~]|\\.)+)(?P<after_word>(?:~\d*)?(?:\^\d+(?:\.\d+)?)?)
    )""",
    re.VERBOSE | re.DOTALL,
)
DEPTH = 50
"""How deep groups may stand in each other."""
CLAUSES = 1024
"""How many parts a query may have."""
WILD = re.compile(r"(?<!\\)(?:\\\\)*[*?]")
MISTAKES = 2
"""How many typing mistakes a word may have at most; what is behind a single ``~``."""


class Token(NamedTuple):
    """A part of the text: what it is, what it says, what follows it directly, and where it begins."""

    kind: str
    text: str
    after: str
    at: int


def parse(text: str, fields: tuple[str, ...] = (), operator: Operator = "AND", tolerant: bool = False) -> Clause:
    """The clause that a query means; ``InvalidEntity`` names the place of a fault.

    Words without a field are looked for in ``fields``, or anywhere, and there ``tolerant`` of typing mistakes.
    """
    return Parser(text, fields, operator, tolerant).query()


class Parser:
    """One query on its way to a clause."""

    def __init__(self, text: str, fields: tuple[str, ...], operator: Operator, tolerant: bool) -> None:
        self.text = text
        self.fields = fields
        self.operator = operator
        self.tolerant = tolerant
        self.tokens = self._tokens()
        self.next = 0

    def _tokens(self) -> list[Token]:
        tokens = []
        position = 0
        end = len(self.text.rstrip())
        while position < end:
            found = TOKEN.match(self.text, position)
            if found is None:
                start = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                quoted = self.text[start] == '"'
                raise self._fault("the quote has no end" if quoted else f"{self.text[start]} is not expected", start)
            kind = str(found.lastgroup).replace("after_quote", "quoted").replace("after_word", "word")
            after = found["after_quote"] or found["after_word"] or ""
            tokens.append(Token(kind, found[kind], after, found.start(kind)))
            position = found.end()
        if len(tokens) > CLAUSES:
            raise InvalidEntity(f"the query has {len(tokens)} parts; {CLAUSES} is the limit")
        return tokens

    def _fault(self, what: str, at: int) -> InvalidEntity:
        shown = self.text[at : at + 20]
        where = f" (at character {at + 1}: {shown})" if shown else " (at the end)"
        return InvalidEntity(f"the query {self.text[:200]!r} cannot be read: {what}{where}")

    def _peek(self) -> Token | None:
        return self.tokens[self.next] if self.next < len(self.tokens) else None

    def _take(self, *kinds: str) -> Token | None:
        token = self._peek()
        if token is None or token.kind not in kinds:
            return None
        self.next += 1
        return token

    def query(self) -> Clause:
        """The whole text."""
        if not self.tokens:
            return Everything()
        clause = self._group(self.fields, 0)
        if (token := self._peek()) is not None:
            raise self._fault("a bracket is closed that was not opened", token.at)
        return clause

    def _group(self, fields: tuple[str, ...], depth: int) -> Clause:
        """Parts side by side, up to a closing bracket or the end."""
        if depth > DEPTH:
            raise InvalidEntity(f"the brackets of the query are nested deeper than {DEPTH}")
        plain: list[Clause] = []
        needed: list[Clause] = []
        while (token := self._peek()) is not None and token.kind != "close":
            must = token.kind == "sign" and token.text == "+"
            clause = self._either(fields, depth)
            (needed if must or isinstance(clause, Not) or self.operator == "AND" else plain).append(clause)
        if not plain and not needed:
            at = self.tokens[self.next].at if self.next < len(self.tokens) else len(self.text)
            raise self._fault("something is missing", at)
        if plain and all(isinstance(clause, Not) for clause in needed):
            needed.append(any_of(plain))
        return all_of(needed)

    def _either(self, fields: tuple[str, ...], depth: int) -> Clause:
        """Parts with OR between them."""
        clauses = [self._both(fields, depth)]
        while self._take("or"):
            clauses.append(self._both(fields, depth))
        return any_of(clauses)

    def _both(self, fields: tuple[str, ...], depth: int) -> Clause:
        """Parts with AND between them."""
        clauses = [self._unary(fields, depth)]
        while self._take("and"):
            clauses.append(self._unary(fields, depth))
        return all_of(clauses)

    def _unary(self, fields: tuple[str, ...], depth: int) -> Clause:
        sign = self._take("not", "sign")
        if sign and sign.text == "+":
            return self._value(fields, depth)
        return Not(self._value(fields, depth)) if sign else self._value(fields, depth)

    def _value(self, fields: tuple[str, ...], depth: int) -> Clause:
        token = self._peek()
        if token is None:
            raise self._fault("something is missing", len(self.text))
        self.next += 1
        if token.kind == "open":
            clause = self._group(fields, depth + 1)
            if not self._take("close"):
                raise self._fault("the bracket is not closed", token.at)
            return clause
        if token.kind == "field":
            return self._of_field(_plain(token.text), depth)
        if token.kind == "quoted":
            return self._quoted(token, fields)
        if token.kind == "word":
            return self._word(token, fields)
        if token.kind == "range":
            raise self._fault("ranges are not supported", token.at)
        raise self._fault("a word is missing", token.at)

    def _of_field(self, field: str, depth: int) -> Clause:
        if field == "*":
            return self._value((), depth)
        if field == "_exists_":
            token = self._take("word")
            if token is None:
                raise self._fault("the name of a field is missing", self.tokens[self.next - 1].at)
            return Exists(path_of(_plain(token.text)))
        if (token := self._peek()) is not None and token.kind == "field":
            raise self._fault("a value with a colon must stand in quotes", token.at)
        return self._value((field,), depth)

    def _quoted(self, token: Token, fields: tuple[str, ...]) -> Clause:
        text, (slop, boost) = _plain(token.text), _suffixes(token.after)
        clause = valued(fields, text, phrase=True) if fields else Phrase(text)
        if slop is not None:
            if not isinstance(clause, Phrase):
                raise self._fault("~ has a meaning only where words are looked for", token.at)
            clause = replace(clause, slop=slop)
        return _boosted(clause, boost)

    def _word(self, token: Token, fields: tuple[str, ...]) -> Clause:
        mistakes, boost = _suffixes(token.after)
        if mistakes is not None:
            return _boosted(self._misspelt(token, fields, mistakes), boost)
        if token.text == "*":
            return any_of(Exists(path_of(field)) for field in fields) if fields else Everything()
        if WILD.search(token.text):
            alike = [like(field, token.text) for field in fields] or [Pattern(None, token.text)]
            return _boosted(any_of(alike), boost)
        text = _plain(token.text)
        return _boosted(valued(fields, text) if fields else Words(text, tolerant=self.tolerant), boost)

    def _misspelt(self, token: Token, fields: tuple[str, ...], mistakes: int) -> Clause:
        clause = valued(fields, _plain(token.text)) if fields else Words(_plain(token.text))
        if not isinstance(clause, Words):
            raise self._fault("~ has a meaning only where words are looked for", token.at)
        if mistakes > MISTAKES:
            raise self._fault(f"a word may have at most {MISTAKES} mistakes", token.at)
        return replace(clause, distance=mistakes)


def _boosted(clause: Clause, boost: float | None) -> Clause:
    return clause if boost is None else Boosted(clause, boost)


def _suffixes(after: str) -> tuple[int | None, float | None]:
    """What stands behind ``~`` (2 if nothing) and ``^``."""
    near, mark, boost = after.partition("^")
    digits = near[1:]
    return ((int(digits[:9]) if digits else MISTAKES) if near else None), (float(boost[:9]) if mark else None)


def _plain(text: str) -> str:
    """A text without its backslashes."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
