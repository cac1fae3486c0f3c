# SPDX-License-Identifier: Apache-2.0
"""How the SDK's requests travel: over HTTP, or (``headwater.embedded``) inside this process."""

from collections.abc import Mapping
from typing import Protocol

import httpx2

from headwater.errors import StoreError


class Transport(Protocol):
    """Carries one request to a catalogue and its answer back."""

    def request(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """The status, headers (names in lower case) and body. ``path`` and ``query`` are percent-encoded."""
        ...

    def close(self) -> None:
        """Give up connections."""
        ...


class HttpTransport:
    """Requests to a server, over connections that stay open."""

    def __init__(self, url: str, token: str | None = None, timeout: float = 60.0) -> None:
        self.url = url.rstrip("/").removesuffix("/api")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._client = httpx2.Client(headers=headers, timeout=timeout)

    def request(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """The status, headers and body; ``StoreError`` if the server cannot be reached."""
        url = f"{self.url}{path}" + (f"?{query}" if query else "")
        try:
            response = self._client.request(method, url, content=body or None, headers=dict(headers or {}))
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise StoreError(f"no answer from {self.url}: {error}") from error
        return response.status_code, response.headers, response.content

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
