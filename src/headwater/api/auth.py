# SPDX-License-Identifier: Apache-2.0
"""Who calls.

With a secret configured, a caller must show a token signed with it (HS256). Without one the server listens on
loopback only, and believes what a bearer token says of itself; no token, or one that cannot be read, is ``admin``.
"""

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from headwater.catalog.access import ADMIN, Principal
from headwater.errors import CatalogError, Unauthenticated

SECRET_LENGTH = 32
"""Characters that a secret must have: a shorter one can be found by trying."""


class Authenticator:
    """Turns an ``Authorization`` header into a principal."""

    def __init__(self, secret: str | None) -> None:
        if secret and len(secret) < SECRET_LENGTH:
            raise CatalogError(f"HEADWATER_AUTH_SECRET must have {SECRET_LENGTH} characters or more")
        self._secret = secret or None

    def principal(self, headers: Mapping[str, str]) -> Principal:
        """Who the headers say is calling; ``Unauthenticated`` if that has to be proven and is not."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip()
        if self._secret is None:
            return _believed(token) if scheme.lower() == "bearer" else ADMIN
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Not Authorized! Token not present")
        return self._proven(self._secret, token)

    def _proven(self, secret: str, token: str) -> Principal:
        from headwater.api.tokens import verify

        principal = principal_of(verify(secret, token))
        if principal is None:
            raise Unauthenticated("the token does not say whose it is")
        return principal


@lru_cache(maxsize=1024)
def _believed(token: str) -> Principal:
    """What an unverified token says."""
    try:
        payload = token.split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, binascii.Error, ValueError):
        return ADMIN
    return (principal_of(claims) if isinstance(claims, dict) else None) or ADMIN


def principal_of(claims: Mapping[str, Any]) -> Principal | None:
    """The principal of a token's claims: the name before any @, in lower case, and whether it is a bot."""
    name = claims.get("sub") or claims.get("preferred_username") or claims.get("email")
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        return None
    return Principal(name.partition("@")[0].lower(), claims.get("isBot") is True)
