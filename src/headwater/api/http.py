# SPDX-License-Identifier: Apache-2.0
"""Requests and responses, free of any server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson

from headwater.errors import CatalogError, InvalidEntity, RequestRefused, status_of

JSON = "application/json"
MORE = {401: {"WWW-Authenticate": "om-auth"}, 503: {"Retry-After": "5"}}
"""Headers that go with a status."""


@dataclass(slots=True)
class Request:
    """A request as it came: ``path`` and ``query`` percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Stream(Protocol):
    """A body without an end, asked for piece by piece."""

    def more(self) -> bytes:
        """The next piece; empty when there is none yet. Called from any thread, one call at a time."""
        ...


@dataclass(slots=True)
class Response:
    """A response; ``body`` is JSON unless ``content_type`` says otherwise. Where there is a ``stream``, it is the
    body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    stream: Stream | None = None


def render(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A value as a JSON response."""
    return Response(status, orjson.dumps(value), headers or {})


def render_error(error: CatalogError) -> Response:
    """The body that OpenMetadata's clients understand: the status again as a whole number, and a message.

    ``errorType`` names the domain error, for clients that want the same class; ``errors`` lists single faults.
    """
    status = status_of(error)
    body: dict[str, Any] = {"code": status, "message": error.message, "errorType": type(error).__name__}
    if isinstance(error, InvalidEntity) and error.errors:
        body["errors"] = list(error.errors)
    return render(body, status, MORE.get(status))


class Query:
    """The parameters of a request; the last of several with one name counts."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def values(self) -> dict[str, str]:
        """All parameters by name."""
        return dict(self._pairs)

    @cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.text, keep_blank_values=True) if self.text else []

    def get(self, name: str) -> str | None:
        """A parameter, or None."""
        return self.values.get(name)

    def all(self, name: str) -> list[str]:
        """All values of a parameter that may be repeated."""
        return [value for key, value in self._pairs if key == name]

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number within bounds."""
        text = self.get(name)
        if text is None or text == "":
            return default
        try:
            number = int(text)
        except ValueError:
            raise InvalidEntity(f"{name} must be a whole number, not {text!r}") from None
        if not low <= number <= high:
            raise InvalidEntity(f"{name} must be between {low} and {high}, not {number}")
        return number

    def flag(self, name: str, unless_said: bool = False) -> bool:
        """A parameter that is true or false."""
        text = (self.get(name) or str(unless_said)).lower()
        if text not in ("true", "false"):
            raise InvalidEntity(f"{name} must be true or false, not {text!r}")
        return text == "true"

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """A parameter with one of few values; absent is the first."""
        text = self.get(name) or allowed[0]
        if text not in allowed:
            raise InvalidEntity(f"{name} must be one of {', '.join(allowed)}, not {text!r}")
        return text


def parse_json(request: Request) -> Any:
    """The JSON value in the body."""
    media = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media not in (JSON, "application/json-patch+json"):
        raise RequestRefused(f"the body must be {JSON}, not {media}", status=415)
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise InvalidEntity(f"the body is not JSON: {error}") from error
