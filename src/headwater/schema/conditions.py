# SPDX-License-Identifier: Apache-2.0
"""The language of conditions: a small part of SpEL, the one that OpenMetadata's filters are written in.

    condition   both ('||' both)*                also: or
    both        one ('&&' one)*                  also: and
    one         '!' one | '(' condition ')' | true | false | NAME '(' [argument (',' argument)*] ')'
    argument    text | '{' [text (',' text)*] '}'
    text        'it''s' or "it""s"

A text where a list may stand is a list of one. Nothing is evaluated here: a condition is read into a tree, and every
fault names its place, counted in characters from 1.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

LENGTH = 10_000
"""How many characters a condition may have."""
DEPTH = 50
"""How deeply parentheses and negations may be nested."""

TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<name>\w+)|(?P<sign>&&|\|\||[!(){},]))""", re.DOTALL
)
WORDS = {"and": "&&", "or": "||", "not": "!"}


class InvalidCondition(ValueError):
    """A text that is no condition."""

    def __init__(self, text: str, at: int, fault: str) -> None:
        self.at = at
        shown = text if len(text) <= 80 else f"{text[:77]}…"
        super().__init__(f"{fault}, at character {at + 1} of {shown}")


@dataclass(frozen=True, slots=True)
class Constant:
    """True or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function, with a list of texts for each argument; ``at`` is where it stands."""

    name: str
    arguments: tuple[tuple[str, ...], ...] = ()
    at: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Every:
    """All of them hold."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    """One of them holds."""

    parts: "tuple[Condition, ...]"


Condition = Constant | Call | Not | Every | Some

Functions = Mapping[str, int]
"""How many arguments each function takes; those at the end may be left out."""


def parse(text: str, functions: Functions) -> Condition:
    """The tree of a condition; ``InvalidCondition`` says what is wrong, and where."""
    if len(text) > LENGTH:
        raise InvalidCondition(text, LENGTH, f"a condition has {LENGTH} characters at most")
    return _Parser(text, functions).parse()


def calls(condition: Condition) -> Iterator[Call]:
    """Every function that a condition calls."""
    match condition:
        case Call():
            yield condition
        case Not(part):
            yield from calls(part)
        case Every(parts) | Some(parts):
            for part in parts:
                yield from calls(part)


def evaluate(condition: Condition, ask: Callable[[Call], bool]) -> bool:
    """Whether a condition holds, where ``ask`` answers for each function; no more are asked than needed."""
    match condition:
        case Call():
            return ask(condition)
        case Every():
            return all(evaluate(part, ask) for part in condition.parts)
        case Some():
            return any(evaluate(part, ask) for part in condition.parts)
        case Not():
            return not evaluate(condition.part, ask)
        case Constant():
            return condition.value


def quoted(text: str) -> str:
    """A text as it is written in a condition."""
    return "'" + text.replace("'", "''") + "'"


def call(name: str, *arguments: list[str]) -> str:
    """A call as it is written in a condition."""
    lists = (f"{{{', '.join(map(quoted, argument))}}}" for argument in arguments)
    return f"{name}({', '.join(lists)})"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    def __init__(self, text: str, functions: Functions) -> None:
        self.text = text
        self.functions = functions
        self.tokens = list(self._tokens())
        self.index = 0

    def _tokens(self) -> Iterator[_Token]:
        at = 0
        end = len(self.text.rstrip())
        while at < end:
            found = TOKEN.match(self.text, at)
            if found is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                unclosed = self.text[at] in "'\""
                raise InvalidCondition(
                    self.text, at, "a text is not closed" if unclosed else f"{self.text[at]!r} means nothing here"
                )
            kind, value = str(found.lastgroup), found[str(found.lastgroup)]
            start = found.start(str(found.lastgroup))
            if kind == "name" and value.lower() in WORDS:
                kind, value = "sign", WORDS[value.lower()]
            yield _Token(kind, value, start)
            at = found.end()
        yield _Token("end", "", end)

    def parse(self) -> Condition:
        condition = self._some(0)
        if self._next.kind != "end":
            raise self._fault(f"{self._next.text} is more than one condition; && or || join two")
        return condition

    @property
    def _next(self) -> _Token:
        return self.tokens[self.index]

    def _fault(self, fault: str) -> InvalidCondition:
        return InvalidCondition(self.text, self._next.at, fault)

    def _takes(self, sign: str) -> bool:
        if self._next.kind == "sign" and self._next.text == sign:
            self.index += 1
            return True
        return False

    def _needs(self, sign: str) -> None:
        if not self._takes(sign):
            raise self._fault(f"{sign} is missing")

    def _some(self, depth: int) -> Condition:
        parts = [self._every(depth)]
        while self._takes("||"):
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while self._takes("&&"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _one(self, depth: int) -> Condition:
        if depth > DEPTH:
            raise self._fault(f"conditions are nested {DEPTH} deep at most")
        if self._takes("!"):
            return Not(self._one(depth + 1))
        if self._takes("("):
            inner = self._some(depth + 1)
            self._needs(")")
            return inner
        token = self._next
        if token.kind != "name":
            raise self._fault("a function is missing" if token.kind == "end" else f"{token.text} is no function")
        self.index += 1
        if token.text.lower() in ("true", "false"):
            return Constant(token.text.lower() == "true")
        return self._call(token)

    def _call(self, name: _Token) -> Call:
        if name.text not in self.functions:
            near = get_close_matches(name.text, self.functions, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(self.functions)}"
            raise InvalidCondition(self.text, name.at, f"there is no function {name.text}{hint}")
        self._needs("(")
        arguments: list[tuple[str, ...]] = []
        if not self._takes(")"):
            arguments.append(self._argument(name.text))
            while self._takes(","):
                arguments.append(self._argument(name.text))
            self._needs(")")
        most = self.functions[name.text]
        if most == 1 and len(arguments) > 1:  # a list may be written without its braces
            arguments = [tuple(text for argument in arguments for text in argument)]
        if len(arguments) > most:
            takes = "no argument" if most == 0 else f"{most} arguments at most" if most > 1 else "one argument"
            raise InvalidCondition(self.text, name.at, f"{name.text} takes {takes}, not {len(arguments)}")
        return Call(name.text, tuple(arguments), name.at)

    def _argument(self, function: str) -> tuple[str, ...]:
        if not self._takes("{"):
            return (self._string(function),)
        if self._takes("}"):
            return ()
        texts = [self._string(function)]
        while self._takes(","):
            texts.append(self._string(function))
        self._needs("}")
        return tuple(texts)

    def _string(self, function: str) -> str:
        token = self._next
        if token.kind != "text":
            raise self._fault(f"{function} needs a text in quotes here")
        self.index += 1
        quote = token.text[0]
        return token.text[1:-1].replace(quote * 2, quote)
