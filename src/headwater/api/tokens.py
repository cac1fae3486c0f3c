# SPDX-License-Identifier: Apache-2.0
"""Signed tokens (HS256). Loaded only where a secret is configured: the libraries take a tenth of a start's time."""

import time
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from headwater.errors import Unauthenticated

ALGORITHM = "HS256"


def verify(secret: str, token: str) -> dict[str, Any]:
    """What a token claims; ``Unauthenticated`` if it was not signed with the secret or is no longer valid."""
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=[ALGORITHM]).claims
        jwt.JWTClaimsRegistry().validate(claims)
    except (JoseError, ValueError) as error:
        raise Unauthenticated(f"the token is not valid: {error}") from error
    return dict(claims)


def issue(secret: str, name: str, is_bot: bool = False, seconds: int | None = None) -> str:
    """A token for a user or bot, without end unless ``seconds`` says so."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": "headwater",
        "sub": name,
        "isBot": is_bot,
        "tokenType": "BOT" if is_bot else "PERSONAL_ACCESS",
        "iat": now,
    }
    if seconds is not None:
        claims["exp"] = now + seconds
    return jwt.encode({"alg": ALGORITHM}, claims, OctKey.import_key(secret))
