# SPDX-License-Identifier: Apache-2.0
"""Sends OpenLineage events to where OpenLineage's own client is told to: ``OPENLINEAGE_URL``, ``openlineage.yml``."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from headwater.errors import CatalogError, RequestRefused, StoreError
from headwater.schema.base import Document

if TYPE_CHECKING:
    from openlineage.client.transport import Transport


def emit(events: Iterable[Document], url: str | None = None, token: str | None = None) -> str:
    """Send events, to the server at ``url`` or to where the environment says; where that is."""
    try:
        from openlineage.client import OpenLineageClient
        from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider
    except ImportError as error:
        raise CatalogError("OpenLineage's client is missing; pip install 'headwater[openlineage]'") from error
    if url:
        auth = ApiKeyTokenProvider({"api_key": token}) if token else TokenProvider({})
        transport: Transport = HttpTransport(HttpConfig(url=url, auth=auth, retry={"total": 0}))
    else:
        transport = OpenLineageClient().transport
        if transport.kind in ("console", "noop"):
            raise CatalogError("nobody says where to: give a URL, or set OPENLINEAGE_URL or an openlineage.yml")
    where = str(getattr(transport, "url", transport.kind))
    try:
        for event in events:
            transport.emit(cast(Any, event))
    except OSError as error:  # what the library for HTTP raises is one
        reply = getattr(error, "response", None)
        if reply is None:
            raise StoreError(f"{where} gave no answer: {error}") from error
        raise RequestRefused(f"{where} refused: {reply.status_code} {reply.text[:500]}") from error
    finally:
        transport.close()
    return where
