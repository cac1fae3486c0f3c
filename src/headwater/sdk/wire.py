# SPDX-License-Identifier: Apache-2.0
"""Requests and replies as Python values, whichever transport carries them."""

import warnings
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import orjson
from pydantic import BaseModel, ValidationError

from headwater.errors import CatalogError, InvalidEntity, RequestRefused, StoreError, error_for
from headwater.schema.registry import Registry
from headwater.sdk.transport import Transport

M = TypeVar("M", bound=BaseModel)

AsOf = str | int | date | datetime
"""A moment: milliseconds since 1970, a date or time (UTC unless it has a zone), or a text: one of these, or ``@17`` for
an event's position."""

WARNING = "x-headwater-warning"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CatalogWarning(UserWarning):
    """Something that the catalogue accepted, though it looks wrong."""


class Wire:
    """One catalogue at the other end of a transport."""

    def __init__(self, transport: Transport, registry: Registry) -> None:
        self.transport = transport
        self.registry = registry

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON value of the answer (None: an empty one), or the domain error that it stands for."""
        return self.exchange(method, path, query, body, headers)[0]

    def exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Any, Mapping[str, str]]:
        """As ``ask``, with the headers of the answer."""
        try:
            content = b"" if body is None else orjson.dumps(body)
        except orjson.JSONEncodeError as error:
            raise InvalidEntity(f"this cannot be written as JSON: {error}") from error
        sent = {"content-type": "application/json", **(headers or {})} if content else dict(headers or {})
        status, received, answer = self.transport.request(method, path, _query_text(query or {}), content, sent)
        if not 200 <= status < 300:
            raise _error(status, answer)
        for text in orjson.loads(received.get(WARNING, "[]")):
            warnings.warn(str(text), CatalogWarning, stacklevel=4)
        try:
            return (orjson.loads(answer) if answer else None), received
        except orjson.JSONDecodeError as error:
            raise CatalogError(f"the answer to {method} {path} is not JSON: is this a catalogue?") from error


def path_of(*segments: str) -> str:
    """A path below ``/api/v1``; each segment is percent-encoded."""
    return "/api/v1/" + "/".join(quote(segment, safe="") for segment in segments)


def read(model: type[M], document: object) -> M:
    """A part of a reply as its model. Members that the model does not know are left out: servers may be newer."""
    try:
        return model.model_validate(document, extra="ignore")
    except ValidationError as error:
        raise CatalogError(f"the answer is no {model.__name__}: {error}") from error


def moment(as_of: AsOf | None) -> str | None:
    """A moment as ``asOf`` says it."""
    if isinstance(as_of, datetime):
        aware = as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
        return str((aware - EPOCH) // timedelta(milliseconds=1))
    if isinstance(as_of, date):
        return as_of.isoformat()
    return None if as_of is None else str(as_of)


def _query_text(query: Mapping[str, object]) -> str:
    given = {name: _parameter(value) for name, value in query.items() if value is not None}
    return urlencode(given, quote_via=quote)


def _parameter(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _error(status: int, answer: bytes) -> CatalogError:
    try:
        body = orjson.loads(answer)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or "message" not in body:
        message = f"the answer has status {status} and is not a catalogue's: {answer[:200].decode(errors='replace')}"
        return StoreError(message) if status >= 500 else RequestRefused(message, status=status)
    error = error_for(status, str(body["message"]), body.get("errorType"))
    if isinstance(error, InvalidEntity):
        error.errors = tuple(body.get("errors") or ())
    return error
