# SPDX-License-Identifier: Apache-2.0
"""A command at work on a catalogue: its client, its screen, and the moment that it asks about."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.cli.failures import Exit, Failure, did_you_mean
from headwater.cli.screen import Screen, clean
from headwater.errors import CatalogError, EntityNotFound, StoreError

if TYPE_CHECKING:
    from headwater.schema.declare import EntityType
    from headwater.sdk.client import Client
    from headwater.sdk.collection import Collection

FEW = 500
"""Up to how many entities of a type are looked through for a name like the one that is missing."""


@dataclass(frozen=True, slots=True)
class Session:
    """What every command on a catalogue is given."""

    client: "Client"
    screen: Screen
    as_of: str | None = None

    def declared(self, word: str) -> "EntityType":
        """The entity type that a word means."""
        found = self.client.registry.find(word)
        if found is None:
            known = [each for declared in self.client.registry for each in (declared.name, declared.sdk_name)]
            names = ", ".join(sorted(declared.name for declared in self.client.registry))
            raise Failure(
                f"there is no entity type {word}",
                did_you_mean(word, known, 1) or f"The types are {names}.",
                code=Exit.USAGE,
            )
        return found

    def collection(self, declared: "EntityType") -> "Collection[Any, Any]":
        """The collection of a type."""
        return self.client.collection(declared.name)

    @contextmanager
    def naming(self, declared: "EntityType", name: str) -> Iterator[None]:
        """Turn "not found" of this name into a failure that names the nearest."""
        try:
            yield
        except EntityNotFound as error:
            hint = self._nearest(declared, name)
            raise Failure(error.message, *([hint] if hint else []), code=Exit.NOT_FOUND) from error

    def _nearest(self, declared: "EntityType", name: str) -> str | None:
        """A question naming entities with that name in other places, or nearly that name, if there are few to ask."""
        collection = self.collection(declared)
        try:
            if collection.find(name, include="deleted", as_of=self.as_of) is not None:
                return "It is deleted: --include deleted shows it, `headwater undelete` brings it back."
            page = collection.page(limit=FEW, as_of=self.as_of)
        except CatalogError:
            return None
        if page.total > FEW:
            return f"`headwater list {declared.name}` shows all {page.total}."
        known = {str(each.fully_qualified_name): each.name for each in page.data}
        same = [full for full, own in known.items() if own.casefold() == name.casefold()]
        if same:
            return f"Did you mean {' or '.join(sorted(same)[:3])}?"
        return did_you_mean(name, known) or did_you_mean_by_name(name, known)


def did_you_mean_by_name(name: str, known: dict[str, str]) -> str | None:
    """As ``did_you_mean``, comparing the last part of the FQNs."""
    last = name.rsplit(".", 1)[-1]
    folded: dict[str, list[str]] = {}
    for full, own in known.items():
        folded.setdefault(own.casefold(), []).append(full)
    question = did_you_mean(last, folded, 1)
    if question is None:
        return None
    return f"Did you mean {' or '.join(folded[question[len('Did you mean ') : -1]][:3])}?"


def redacted(url: str) -> str:
    """A URL that may be shown: without a password."""
    scheme, mark, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return clean(f"{scheme}{mark}{user}{':…' if colon else ''}{at}{host}" if at else url)


def file_of(database: str) -> Path | None:
    """The file of an SQLite database; None for another database."""
    if database.startswith("sqlite:"):
        return Path(database.removeprefix("sqlite:///").removeprefix("sqlite:")).expanduser()
    return None if "://" in database else Path(database).expanduser()


def target(url: str | None, database: str | None) -> str:
    """The server or database that is meant: options before the environment, then the file in this folder."""
    from headwater.settings import Settings

    if url and database:
        raise Failure("give --url or --database, not both", code=Exit.USAGE)
    if url and not url.startswith(("http://", "https://")):
        raise Failure(
            f"--url takes the address of a server, such as http://localhost:8585, not {url}",
            "A database goes to --database.",
            code=Exit.USAGE,
        )
    return url or database or os.environ.get("HEADWATER_URL") or Settings.from_environment().database


@contextmanager
def warnings_on(screen: Screen) -> Iterator[None]:
    """Print the catalogue's warnings as messages."""
    from headwater.sdk.wire import CatalogWarning

    def show(message: Warning | str, *_: object, **__: object) -> None:
        screen.note(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", CatalogWarning)
        warnings.showwarning = show
        yield


@contextmanager
def opened(where: str, token: str | None, *, create: bool) -> Iterator["Client"]:
    """A client of a server or database. A database file that does not exist is made only if ``create``."""
    import headwater

    server = where.startswith(("http://", "https://"))
    path = None if server else file_of(where)
    if path is not None and not path.exists() and not create:
        raise Failure(
            f"there is no database {path}",
            "`headwater demo` makes one with examples, `headwater serve` or `headwater put` an empty one;",
            "--database or --url names another catalogue.",
            code=Exit.UNREACHABLE,
        )
    try:
        with headwater.connect(where, token) as client:
            yield client
    except StoreError as error:
        if server and error.message.startswith("no answer"):
            raise Failure(
                error.message,
                "Is it running? `headwater serve` starts a server; --database opens a database without one.",
                code=Exit.UNREACHABLE,
            ) from error
        raise
