# SPDX-License-Identifier: Apache-2.0
"""Passwords and keys inside connections: split off the document and kept encrypted."""

import os
import re
from collections.abc import Container, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from headwater.errors import CatalogError, InvalidEntity
from headwater.schema.base import Document

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

MASK = "*********"

SENSITIVE = re.compile(
    r"(pass(word|phrase|wd)?|secret(access)?(key)?"
    r"|(?<!public)(api|private|access|account|shared|encryption|signing|ssl)[_-]?key(value)?"
    r"|token|credentials?|connection_?string|auth_?string|proxy_?authentication|auth_?user_?info|jwt"
    r"|certificate|cert_?value|authorization)$",
    re.IGNORECASE,
)
"""Names of members whose texts are secret."""


class Vault:
    """Encrypts secrets with the installation's key.

    The key is the text of ``HEADWATER_SECRET_KEY``, or that of the key file, which is made (readable for its owner
    only) when the first secret is stored. Losing it loses the secrets and nothing else.
    """

    def __init__(self, key: str | None, key_file: Path | None) -> None:
        self._key = key
        self._file = key_file
        self._cipher: Fernet | None = None

    def _open(self) -> "Fernet":
        from cryptography.fernet import Fernet

        if self._cipher is None:
            try:
                self._cipher = Fernet(self._key or self._key_of_file())
            except ValueError as error:
                raise CatalogError(
                    "the secret key must be 32 bytes in URL-safe base64, as `headwater secret-key` prints"
                ) from error
        return self._cipher

    def _key_of_file(self) -> str:
        from cryptography.fernet import Fernet

        if self._file is None:
            raise InvalidEntity(
                "a connection with a password or key needs HEADWATER_SECRET_KEY to be set on the server, "
                "so that it can be stored encrypted"
            )
        if not self._file.exists():
            _write_once(self._file, Fernet.generate_key())
        return self._file.read_text().strip()

    def encrypt(self, secret: str) -> str:
        """The ciphertext of a secret."""
        return self._open().encrypt(secret.encode()).decode()

    def decrypt(self, ciphertext: str) -> str:
        """The secret; ``CatalogError`` if it was encrypted with another key."""
        from cryptography.fernet import InvalidToken

        try:
            return self._open().decrypt(ciphertext.encode()).decode()
        except InvalidToken as error:
            raise CatalogError("a stored secret was encrypted with another key than this installation's") from error


def _write_once(path: Path, content: bytes) -> None:
    """Make a file, readable for its owner only, that is there whole or not at all; whoever comes first counts."""
    with NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.") as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
        try:
            os.link(draft.name, path)
        except FileExistsError:
            return


def split(document: Document, members: tuple[str, ...]) -> dict[str, str]:
    """Take the secrets out of a document, leaving masks; their texts by place."""
    found = {}
    for place, holder, member in _places(document, members):
        if holder[member] != MASK:
            found[place] = holder[member]
            holder[member] = MASK
    return found


def masks(document: Document, members: tuple[str, ...]) -> set[str]:
    """The places of a stored document that show a mask."""
    return {place for place, holder, member in _places(document, members) if holder[member] == MASK}


def unknown(document: Document, members: tuple[str, ...], known: Container[str]) -> list[tuple[str, Document, str]]:
    """The masks of a stored document behind which there is no secret: the place, the object and its member."""
    return [found for found in _places(document, members) if found[1][found[2]] == MASK and found[0] not in known]


def fill(document: Document, members: tuple[str, ...], secrets: dict[str, str]) -> None:
    """Put secrets back in place of their masks."""
    for place, holder, member in _places(document, members):
        if holder[member] == MASK and place in secrets:
            holder[member] = secrets[place]


def _places(document: Document, members: tuple[str, ...]) -> Iterator[tuple[str, Document, str]]:
    for member in members:
        if isinstance(document.get(member), dict):
            yield from _inside(document[member], member)
        elif isinstance(document.get(member), list):
            yield from _in_list(document[member], member)


def _in_list(items: list[Any], above: str) -> Iterator[tuple[str, Document, str]]:
    """Items are told apart by their ids, if they have any, so that a secret stays with its item."""
    ids = [str(item.get("id", index)) if isinstance(item, dict) else str(index) for index, item in enumerate(items)]
    for index, item in enumerate(items):
        if isinstance(item, dict):
            place = ids[index] if ids.count(ids[index]) == 1 else str(index)
            yield from _inside(item, f"{above}/{place}")


def _inside(holder: Document, above: str) -> Iterator[tuple[str, Document, str]]:
    for member, value in holder.items():
        place = f"{above}/{member}"
        if isinstance(value, dict):
            yield from _inside(value, place)
        elif isinstance(value, list):
            yield from _in_list(value, place)
        elif isinstance(value, str) and value and SENSITIVE.search(member):
            yield place, holder, member
