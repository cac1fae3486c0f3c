# SPDX-License-Identifier: Apache-2.0
"""Fully qualified names: dotted paths of names, where a name that holds a dot or a quote is quoted.

fqn      = name *("." name)
name     = unquoted / quoted
unquoted = 1*(any character but "." and the double quote)
quoted   = a double quote, 1*(any other character, or a doubled quote), a double quote
"""

import re
from collections.abc import Iterable

_SEGMENT = re.compile(r'"(?:[^"]|"")+"|[^."]+', re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"]|"")+"', re.DOTALL)


class InvalidFqn(ValueError):
    """The text is not a fully qualified name."""


def quote(name: str) -> str:
    """A plain name as one segment of an FQN: quoted if it holds a dot or a quote, else as it is."""
    if not name:
        raise InvalidFqn("a name must not be empty")
    if "." in name or '"' in name:
        return '"' + name.replace('"', '""') + '"'
    return name


def unquote(segment: str) -> str:
    """The plain name that a segment stands for."""
    if segment.startswith('"'):
        if not _QUOTED.fullmatch(segment):
            raise InvalidFqn(f"{segment} is not a quoted name")
        return segment[1:-1].replace('""', '"')
    if not segment or "." in segment or '"' in segment:
        raise InvalidFqn(f"{segment!r} is not a name; a name with a dot or a quote must be quoted")
    return segment


def split(fqn: str) -> list[str]:
    """The segments of an FQN as they are written, quotes kept."""
    if '"' not in fqn:
        segments = fqn.split(".")
        if not all(segments):
            raise InvalidFqn(f"{fqn!r} has an empty name")
        return segments
    segments, position = [], 0
    while match := _SEGMENT.match(fqn, position):
        segments.append(match.group())
        position = match.end()
        if position == len(fqn):
            return segments
        if fqn[position] != ".":
            break
        position += 1
    raise InvalidFqn(f"{fqn!r} is not a fully qualified name (at character {position + 1})")


def names(fqn: str) -> list[str]:
    """The plain names of an FQN, quotes taken off."""
    return [unquote(segment) for segment in split(fqn)]


def build(plain_names: Iterable[str]) -> str:
    """The FQN of a path of plain names."""
    return ".".join(quote(name) for name in plain_names)


def add(parent: str | None, name: str) -> str:
    """The FQN of a plain name under a parent FQN, or of a root when the parent is None."""
    return f"{parent}.{quote(name)}" if parent else quote(name)


def normal(fqn: str) -> str:
    """The FQN with needless quotes taken off: the form that is stored and looked up; ``InvalidFqn`` if it is none."""
    return build(names(fqn)) if '"' in fqn else ".".join(split(fqn))


def below(fqn: str, root: str) -> str | None:
    """What follows ``root`` in ``fqn``, without the dot between; None where ``fqn`` is not below it."""
    return fqn[len(root) + 1 :] if fqn.startswith(f"{root}.") else None


def folded_paths(name: str) -> list[str]:
    """The case-folded paths inside an entity that a field's name may mean: a field of that name, or a nested one."""
    whole = quote(name).casefold()
    if "." not in name:
        return [whole]
    try:
        return [whole, normal(name).casefold()]
    except InvalidFqn:
        return [whole]
