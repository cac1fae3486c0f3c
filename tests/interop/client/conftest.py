# SPDX-License-Identifier: Apache-2.0
"""OpenMetadata's own client against a running server. These tests run in the client's environment, not in ours.

``HEADWATER_URL`` names the server and ``HEADWATER_TOKENS`` holds tokens by user name, as JSON; see ``test_client.py``
in the folder above. Every exchange of every client is watched: a reply must be what the client's strict models accept,
an error must have the shape that the client reads, and a write must answer what a read answers.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from metadata.generated.schema.entity.services.connections.metadata.openMetadataConnection import OpenMetadataConnection
from metadata.generated.schema.security.client.openMetadataJWTClientConfig import OpenMetadataJWTClientConfig
from metadata.ingestion.ometa.ometa_api import OpenMetadata

from .watching import URL, Watch

TOKENS: dict[str, str] = json.loads(os.environ["HEADWATER_TOKENS"])
Connect = Callable[..., Any]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make clients for users; what was wrong with their exchanges fails the test when it ends."""
    watches: list[Watch] = []

    def make(user: str = "ada", **settings: Any) -> Any:
        token = TOKENS.get(user, user)
        configuration = OpenMetadataConnection(
            hostPort=f"{URL}/api",
            authProvider="openmetadata",
            securityConfig=OpenMetadataJWTClientConfig(jwtToken=token),
            **settings,
        )
        client: Any = OpenMetadata(configuration)
        session = client.client._session
        session.headers["Authorization"] = f"Bearer {token}"
        client.watch = Watch(session)
        session.hooks["response"].append(client.watch)
        watches.append(client.watch)
        return client

    yield make
    faults = [fault for watch in watches for fault in watch.faults]
    assert not faults, "\n".join(faults)


@pytest.fixture
def om(connect: Connect) -> Any:
    """A person's client."""
    return connect()


@pytest.fixture
def bot(connect: Connect) -> Any:
    """The client of an ingestion."""
    return connect("ingestion-bot")


@pytest.fixture
def unique() -> str:
    """A word that no other test uses: all tests share one catalogue."""
    return f"t{uuid.uuid4().hex[:8]}"
