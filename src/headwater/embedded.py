# SPDX-License-Identifier: Apache-2.0
"""The SDK's transport without a network: the application in this process."""

from collections.abc import Mapping

from headwater.api.app import Application
from headwater.api.http import Request


class EmbeddedTransport:
    """Answers the SDK's requests with an application on a database."""

    def __init__(self, application: Application, token: str | None = None) -> None:
        self.application = application
        self._token = token

    def request(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """The status, headers (names in lower case) and body of the answer."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if self._token:
            sent["authorization"] = f"Bearer {self._token}"
        response = self.application.handle(Request(method, path, query, sent, body), trusted=True)
        return response.status, {name.lower(): value for name, value in response.headers.items()}, response.body

    def close(self) -> None:
        """Close the database."""
        self.application.catalog.close()
