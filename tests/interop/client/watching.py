# SPDX-License-Identifier: Apache-2.0
"""What a client asks and is answered, and whether an answer is what the client reads."""

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from metadata.generated.schema.type.bulkOperationResult import BulkOperationResult
from metadata.generated.schema.type.changeEvent import ChangeEvent
from metadata.generated.schema.type.entityHistory import EntityVersionHistory
from metadata.generated.schema.type.entityLineage import EntityLineage, LineageDetails
from metadata.ingestion.models.custom_properties import CustomPropertyType
from metadata.ingestion.ometa.routes import ROUTES
from pydantic import ValidationError

URL = os.environ["HEADWATER_URL"]
Json = Any


def models() -> dict[str, Any]:
    """The client's model of what each collection holds."""
    modules: dict[str, Any] = vars(__import__("metadata.ingestion.ometa.routes", fromlist=["ROUTES"]))
    found = {path: modules[name] for name, path in ROUTES.items() if not name.startswith("Create")}
    return found | {"/metadata/types": CustomPropertyType}


MODELS = models()
COLLECTION = "|".join(sorted(map(re.escape, MODELS), key=len, reverse=True))
ENTITY = re.compile(rf"({COLLECTION})(?:/(?:restore|name/[^/]+|[0-9a-f-]{{36}})(?:/versions/[0-9.]+)?)?")
VERSIONS = re.compile(rf"({COLLECTION})/(?:name/[^/]+|[0-9a-f-]{{36}})/versions")
EVENT = re.compile(rf"({COLLECTION})/[0-9a-f-]{{36}}/(?:vote|followers(?:/[0-9a-f-]{{36}})?)")
BULK = re.compile(rf"({COLLECTION})/(?:bulk|deleteStale)")


@dataclass
class Exchange:
    """One request and its answer. ``path`` is below ``/api/v1`` and without the query."""

    method: str
    path: str
    query: str
    sent: Json
    status: int
    reply: Json
    headers: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}{'?' + self.query if self.query else ''} -> {self.status}"


@dataclass
class Watch:
    """Keeps what a client asked and was answered, and what was wrong with it."""

    session: requests.Session
    exchanges: list[Exchange] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    quiet: bool = False

    def __call__(self, response: requests.Response, **_: Any) -> None:
        """Look at an answer; a hook of ``requests``. What it finds is told when the test ends, since the client
        swallows most exceptions."""
        if self.quiet:
            return
        asked = urlsplit(str(response.request.url))
        body: Any = response.request.body
        text = body.decode() if isinstance(body, bytes) else body
        exchange = Exchange(
            str(response.request.method),
            asked.path.removeprefix("/api/v1"),
            asked.query,
            json.loads(text) if text else None,
            response.status_code,
            response.json() if response.text else None,
            response.headers,
        )
        self.exchanges.append(exchange)
        try:
            self.check(exchange)
        except (AssertionError, ValidationError) as error:
            self.faults.append(f"{exchange}: {error}")

    def check(self, exchange: Exchange) -> None:
        """An answer of the shape that the client reads."""
        assert exchange.status < 300 or exchange.status >= 400, "the client follows no redirects"
        assert exchange.status != 429, "the client stops asking"
        assert exchange.headers.get("Content-Type", "application/json").startswith("application/json")
        if exchange.status >= 400:
            assert exchange.status < 500 or exchange.status == 501, exchange.reply
            assert exchange.reply["code"] == exchange.status
            assert isinstance(exchange.reply["message"], str)
        elif exchange.status == 202:
            assert exchange.reply["jobId"]
            assert exchange.reply["message"]
        elif exchange.reply is not None:
            parse(exchange)
            self.compare(exchange)

    def compare(self, exchange: Exchange) -> None:
        """A write answers what a read answers, unless somebody else has written since."""
        match = ENTITY.fullmatch(exchange.path)
        if exchange.method not in ("PUT", "POST", "PATCH") or not match or "id" not in exchange.reply:
            return
        read = self.read(f"{match[1]}/{exchange.reply['id']}")
        if read.get("version") == exchange.reply["version"] and read["updatedAt"] == exchange.reply["updatedAt"]:
            differing = {
                member: (exchange.reply.get(member), read.get(member))
                for member in (exchange.reply.keys() | read.keys())
                - {"changeDescription", "incrementalChangeDescription"}
                if exchange.reply.get(member) != read.get(member)
            }
            assert not differing, f"the reply and a later read differ: {differing}"

    def read(self, path: str) -> Json:
        """What the server says to this client's user, unwatched."""
        self.quiet = True
        try:
            return self.session.get(f"{URL}/api/v1{path}", timeout=30).json()
        finally:
            self.quiet = False

    def calls(self, *, since: int = 0) -> list[str]:
        """What was asked, as ``METHOD path -> status``."""
        return [f"{each.method} {each.path} -> {each.status}" for each in self.exchanges[since:]]


def parse(exchange: Exchange) -> None:
    """Read an answer with the client's own models, which refuse every member that they do not know."""
    path, reply = exchange.path, exchange.reply
    if match := VERSIONS.fullmatch(path):
        EntityVersionHistory.model_validate(reply)
        for text in reply["versions"]:
            MODELS[match[1]].model_validate_json(text)
    elif match := ENTITY.fullmatch(path):
        if exchange.method == "GET" and path == match[1]:
            assert isinstance(reply["paging"]["total"], int)
            for each in reply["data"]:
                MODELS[match[1]].model_validate(each)
        elif reply or exchange.method != "DELETE":
            MODELS[match[1]].model_validate(reply)
    elif EVENT.fullmatch(path):
        ChangeEvent.model_validate(reply)
    elif BULK.fullmatch(path):
        BulkOperationResult.model_validate(reply)
    elif path.startswith("/lineage/getLineageEdge/"):
        assert reply.keys() == {"edge"}
        LineageDetails.model_validate(reply["edge"])
    elif path.startswith("/lineage/") and exchange.method == "PATCH":
        LineageDetails.model_validate(reply)
    elif path.startswith("/lineage/") and exchange.method == "GET" and not path.startswith("/lineage/getLineage"):
        EntityLineage.model_validate(reply)
