# SPDX-License-Identifier: Apache-2.0
"""From errors to exit codes. ``EXIT_CODES`` is what the help and the reference page say of them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from enum import IntEnum

from headwater.errors import (
    CatalogError,
    EdgeDerived,
    EntityExists,
    EntityNotFound,
    InvalidEntity,
    StoreError,
    TooBusy,
    Unauthenticated,
    VersionConflict,
)


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    UNREACHABLE = 5
    INTERRUPTED = 130
    READER_GONE = 141


EXIT_CODES: tuple[tuple[Exit, str], ...] = (
    (Exit.OK, "done"),
    (Exit.FAILED, "refused; something breaks, is down or drifted; or a policy is violated"),
    (Exit.USAGE, "not written as it must be, or not answered in full (impact, check, drift)"),
    (Exit.NOT_FOUND, "there is no such entity, version or edge"),
    (Exit.CONFLICT, "the entity exists, has changed since, or follows from another one"),
    (Exit.UNREACHABLE, "the server or the database cannot be reached, or failed"),
    (Exit.INTERRUPTED, "interrupted with Ctrl+C"),
    (Exit.READER_GONE, "whoever read the output stopped reading"),
)

_CODES: tuple[tuple[type[CatalogError], Exit], ...] = (
    (EntityNotFound, Exit.NOT_FOUND),
    (EntityExists, Exit.CONFLICT),
    (EdgeDerived, Exit.CONFLICT),
    (VersionConflict, Exit.CONFLICT),
    (TooBusy, Exit.UNREACHABLE),
    (StoreError, Exit.UNREACHABLE),
)


class Failure(Exception):
    """A command cannot be done; ``hints`` are printed under the message."""

    def __init__(self, message: str, *hints: str, code: Exit = Exit.FAILED) -> None:
        self.message = message
        self.hints = hints
        self.code = code
        super().__init__(message)


def exit_code(error: CatalogError) -> Exit:
    """The exit code for a domain error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.FAILED)


@contextmanager
def telling() -> Iterator[None]:
    """For commands whose answer is their exit code, 1 for a bad one: a refusal ends them with 2."""
    try:
        yield
    except CatalogError as error:
        failure = failure_of(error)
        failure.code = Exit.USAGE if failure.code is Exit.FAILED else failure.code
        raise failure from error


def did_you_mean(word: str, known: Iterable[str], count: int = 3) -> str | None:
    """A question naming the nearest of the known words; None if none is near."""
    folded = {each.casefold(): each for each in known}
    near = [folded[each] for each in get_close_matches(word.casefold(), folded, n=count, cutoff=0.6)]
    return f"Did you mean {' or '.join(near)}?" if near else None


def failure_of(error: CatalogError) -> Failure:
    """A domain error as what the command line says of it."""
    if isinstance(error, InvalidEntity) and len(error.errors) > 1:
        return Failure("the request is not valid:", *(f"  {each}" for each in error.errors), code=exit_code(error))
    if isinstance(error, Unauthenticated):
        hint = "Give a token with --token or HEADWATER_TOKEN; `headwater token NAME` prints one."
        return Failure(error.message, hint, code=exit_code(error))
    return Failure(error.message, code=exit_code(error))
