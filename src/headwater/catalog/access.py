# SPDX-License-Identifier: Apache-2.0
"""Who acts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody, or something automatic, on whose behalf a request is made."""

    name: str
    is_bot: bool = False


ADMIN = Principal("admin")
"""Who acts when nobody says otherwise, and who owns the first entities of a new catalogue."""
