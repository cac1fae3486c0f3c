# SPDX-License-Identifier: Apache-2.0
"""Domain errors: what can go wrong, in the catalogue's own words.

    CatalogError
    ├── InvalidEntity       the request's content is wrong; ``errors`` lists each fault with its place
    ├── EntityNotFound      no such entity, version or edge
    ├── EntityExists        the FQN is taken
    ├── EdgeDerived         the edge follows from a document and cannot be withdrawn by itself
    ├── VersionConflict     the entity is no longer what ``If-Match`` expected
    ├── Unauthenticated     the caller could not be established
    ├── PermissionDenied    the caller may not do this
    ├── TooBusy             as much of this is under way as may be; asking again later may help
    ├── RequestRefused      the transport refused the request before it reached the catalogue
    └── StoreError          the database failed
        └── StoreBusy       no turn to write came in time; trying again may help

Nothing here knows HTTP. ``STATUS`` beside them is the one table between these classes and HTTP status codes:
the API reads it forwards, the SDK backwards, so a caller meets the same class on both sides of the wire.
"""

from collections.abc import Sequence


class CatalogError(Exception):
    """Something about the catalogue went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__ or type(self).__name__)

    @property
    def message(self) -> str:
        """The text shown to people."""
        return str(self.args[0])


class InvalidEntity(CatalogError):
    """The content of the request is wrong."""

    def __init__(self, message: str | None = None, errors: Sequence[str] = ()) -> None:
        self.errors = tuple(errors)
        super().__init__(message or "; ".join(errors) or None)


class EntityNotFound(CatalogError):
    """There is no such entity."""

    @classmethod
    def named(cls, entity_type: str, key: str) -> "EntityNotFound":
        """The error for a missing entity, in the wording that OpenMetadata's clients know."""
        return cls(f"{entity_type} instance for {key} not found")


class EntityExists(CatalogError):
    """An entity with this name exists already."""


class EdgeDerived(CatalogError):
    """The edge follows from a document; change the document to remove it."""


class VersionConflict(CatalogError):
    """The entity has changed since it was read."""


class Unauthenticated(CatalogError):
    """The caller could not be established."""


class PermissionDenied(CatalogError):
    """The caller may not do this."""


class RequestRefused(CatalogError):
    """The request was refused before it reached the catalogue.

    ``status`` is the HTTP status that says why: 403 (a foreign Host or Origin), 405 (method), 413 (too large),
    415 (media type), 501 (an OpenMetadata endpoint that Headwater does not have).
    """

    def __init__(self, message: str | None = None, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


class TooBusy(CatalogError):
    """As much of this is under way as may be; ask again later."""


class StoreError(CatalogError):
    """The database failed."""


class StoreBusy(StoreError):
    """No turn to write came in time; nothing was written."""


STATUS: tuple[tuple[type[CatalogError], int], ...] = (
    (InvalidEntity, 400),
    (Unauthenticated, 401),
    (PermissionDenied, 403),
    (EntityNotFound, 404),
    (EntityExists, 409),
    (EdgeDerived, 409),
    (VersionConflict, 412),
    (TooBusy, 503),
    (StoreBusy, 504),
    (StoreError, 500),
)
"""Domain error to HTTP status: the first class that fits counts. Two classes may share a status; a reader of the
wire tells them apart by ``errorType`` in the body, which holds the class name."""


def status_of(error: CatalogError) -> int:
    """The HTTP status for a domain error; 500 for one that the table does not know."""
    if isinstance(error, RequestRefused):
        return error.status
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def error_for(status: int, message: str, error_type: str | None = None) -> CatalogError:
    """The domain error that an HTTP reply stands for: by its ``errorType`` where it names one, else by status."""
    if error_type == RequestRefused.__name__:
        return RequestRefused(message, status=status)
    candidates = [kind for kind, code in STATUS if code == status]
    named = [kind for kind in candidates if kind.__name__ == error_type]
    for kind in named or candidates:
        return kind(message)
    return RequestRefused(message, status=status) if status < 500 else StoreError(message)
