# SPDX-License-Identifier: Apache-2.0
"""Sends OpenLineage events to where OpenLineage's own client is told to: ``OPENLINEAGE_URL``, ``openlineage.yml``."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

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
            raise StoreError(f"{where} gave no answer") from error
        raise RequestRefused(f"{where} refused: {reply.status_code} {reply.text[:500]}") from error
    finally:
        transport.close()
    return where


def wanted() -> bool:
    """Whether the environment says where events go to, and OpenLineage's client is there to send them."""
    off = os.environ.get("OPENLINEAGE_DISABLED", "").lower() == "true"
    return bool(os.environ.get("OPENLINEAGE_URL")) and not off and find_spec("openlineage") is not None


def run_of(name: str, about: Iterable[Document], run_id: str | None) -> Document:
    """The run that made what these events are about: all that they read and write. ``run_id`` counts if it is a UUID,
    as the standard wants it."""
    told = list(about)
    inputs = {(one["namespace"], one["name"]): one for event in told for one in event["inputs"]}
    return {
        "eventType": "COMPLETE",
        "eventTime": datetime.now(UTC).isoformat(),
        "producer": "urn:headwater",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": _uuid(run_id) or str(uuid4()), "facets": {}},
        "job": {"namespace": "headwater", "name": name, "facets": {}},
        "inputs": list(inputs.values()),
        "outputs": [one for event in told for one in event["outputs"]],
    }


def _uuid(text: str | None) -> str | None:
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        return None
