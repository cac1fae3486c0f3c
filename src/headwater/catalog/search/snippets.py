# SPDX-License-Identifier: Apache-2.0
"""The passage of an entity that shows why it was found."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from headwater.catalog.search.entry import HUMP, labels_of, parts
from headwater.catalog.shape import Shape
from headwater.schema.base import Document

LENGTH = 160
"""Characters of a passage."""

BEFORE = 40
"""Characters of a passage before what was found."""

WORD = re.compile(r"[^\W_]+")


class Wanted(NamedTuple):
    """A word that was looked for; ``mistakes`` is how many typing mistakes it was forgiven."""

    word: str
    mistakes: int


def snippet(shape: Shape, rendered: Document, wanted: Iterable[Wanted]) -> Document | None:
    """The member with most of the words, and the passage around the first of them in pieces; None if there is none.

    The name is not repeated here: it is what a hit is called.
    """
    wanted = list(wanted)
    if not wanted:
        return None
    best: tuple[int, str, str, list[tuple[int, int]]] | None = None
    for member, text in _texts(shape, rendered):
        found, marks = _found(text, wanted)
        if found and (best is None or found > best[0]):
            best = found, member, text, marks
            if found == len(wanted):
                break
    return {"member": best[1], "pieces": _pieces(best[2], best[3])} if best else None


def _texts(shape: Shape, rendered: Document) -> Iterator[tuple[str, str]]:
    for member in ("displayName", "description"):
        if rendered.get(member):
            yield member, rendered[member]
    yield from parts(shape, rendered)
    for label in labels_of(shape, rendered):
        yield "tags", label["tagFQN"]
    for reference in shape.references:
        value = rendered.get(reference.field)
        for item in value if isinstance(value, list) else [value] if value else []:
            yield reference.field, item.get("displayName") or item.get("fullyQualifiedName") or ""


def _found(text: str, wanted: Iterable[Wanted]) -> tuple[int, list[tuple[int, int]]]:
    """How many of the words a text holds, and where."""
    marks: list[tuple[int, int]] = []
    seen: set[Wanted] = set()
    folded = _folded(text)
    possible = [each for each in wanted if each.mistakes or each.word in folded]
    for start, end in _words(text) if possible else ():
        word = _folded(text[start:end])
        for each in possible:
            if _like(word, each):
                seen.add(each)
                if not marks or marks[-1][1] <= start:
                    marks.append((start, end))
    return len(seen), marks


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Where the words of a text stand; after a word that capitals join, its parts."""
    for found in WORD.finditer(text):
        start, end = found.span()
        yield start, end
        humps = [start + hump.start() for hump in HUMP.finditer(found.group())]
        if humps:
            yield from zip([start, *humps], [*humps, end], strict=True)


def _folded(word: str) -> str:
    """A text without case and accents, as the index compares it."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word.lower())
    return "".join(character for character in plain if not unicodedata.combining(character))


def _like(word: str, wanted: Wanted) -> bool:
    if not wanted.mistakes:
        return word.startswith(wanted.word)
    return _distance(word, wanted.word, wanted.mistakes) <= wanted.mistakes


@lru_cache(maxsize=4096)
def _distance(one: str, other: str, most: int) -> int:
    """How many letters are wrong, missing, too many or swapped; not exact beyond ``most``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    earlier: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, against in enumerate(other, 1):
            cost = min(above[column] + 1, line[-1] + 1, above[column - 1] + (letter != against))
            if row > 1 < column and letter == other[column - 2] and one[row - 2] == against:
                cost = min(cost, earlier[column - 2] + 1)
            line.append(cost)
        earlier, above = above, line
    return above[-1]


def _pieces(text: str, marks: list[tuple[int, int]]) -> list[Document]:
    """The passage around the first mark, cut into what was found and what stands between."""
    start, end = _window(text, marks[0])
    pieces: list[Document] = []
    position = start
    for begin, stop in marks:
        if begin >= end:
            break
        _add(pieces, text[position:begin], False)
        _add(pieces, text[begin:stop], True)
        position = stop
    _add(pieces, text[position:end], False)
    if start > 0:
        pieces[0:0] = [{"text": "… ", "found": False}]
    if max(end, position) < len(text):
        pieces.append({"text": " …", "found": False})
    return pieces


def _add(pieces: list[Document], text: str, found: bool) -> None:
    if text:
        pieces.append({"text": text, "found": found})


def _window(text: str, mark: tuple[int, int]) -> tuple[int, int]:
    """Where a passage begins and ends: between words."""
    start = max(0, mark[0] - BEFORE)
    if start > 0:
        start = next((i + 1 for i in range(start, mark[0]) if text[i].isspace()), mark[0])
    end = min(len(text), start + LENGTH)
    if end < len(text):
        end = next((i for i in range(end, mark[1], -1) if text[i].isspace()), end)
    return start, max(end, mark[1])
