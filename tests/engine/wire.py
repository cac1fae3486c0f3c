# SPDX-License-Identifier: Apache-2.0
"""Requests and replies as they are on the wire, without a server."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from headwater.api.app import Application
from headwater.api.http import Request
from headwater.api.tokens import issue

Json = Any


@dataclass(frozen=True)
class Reply:
    """An answer: its status, its body as JSON (None if empty), its headers."""

    status: int
    body: Json
    headers: dict[str, str]

    def __getitem__(self, member: str | int) -> Json:
        return self.body[member]


class Api:
    """Requests as somebody. Paths are relative to ``/api/v1/``; ``name()`` makes the path of an FQN."""

    def __init__(self, application: Application, user: str = "ada", bot: bool = False) -> None:
        self.application = application
        self.token = issue("not checked without authentication", user, bot)

    def as_user(self, name: str, bot: bool = False) -> "Api":
        """The same catalogue, asked by somebody else."""
        return Api(self.application, name, bot)

    def __call__(
        self, method: str, path: str, body: Json = None, *, expect: int | None = None, if_match: str = "", **query: str
    ) -> Reply:
        headers = {"authorization": f"Bearer {self.token}"}
        if if_match:
            headers["if-match"] = if_match
        content = b"" if body is None else json.dumps(body).encode()
        request = Request(method, f"/api/v1/{path}", urlencode(query), headers, content)
        response = self.application.handle(request)
        reply = Reply(response.status, json.loads(response.body) if response.body else None, response.headers)
        if expect is None:
            assert reply.status < 400, reply.body
        else:
            assert reply.status == expect, reply.body
        return reply

    def get(self, path: str, **more: Any) -> Reply:
        return self("GET", path, **more)

    def put(self, path: str, body: Json, **more: Any) -> Reply:
        return self("PUT", path, body, **more)

    def post(self, path: str, body: Json, **more: Any) -> Reply:
        return self("POST", path, body, **more)

    def patch(self, path: str, *operations: Json, **more: Any) -> Reply:
        return self("PATCH", path, list(operations), **more)

    def delete(self, path: str, **more: Any) -> Reply:
        return self("DELETE", path, **more)

    def model(self, name: str = "m", **members: Json) -> Json:
        """A model in the built-in service, created or updated."""
        return self.put("mlmodels", {"name": name, **members}).body

    def table(self, name: str = "people", columns: list[Json] | None = None, **members: Json) -> Json:
        """A table ``db.shop.main.<name>``; columns may be bare names, and are whole numbers then."""
        self.put("services/databaseServices", {"name": "db", "serviceType": "SQLite"})
        self.put("databases", {"name": "shop", "service": "db"})
        self.put("databaseSchemas", {"name": "main", "database": "db.shop"})
        written = [{"name": one, "dataType": "INT"} if isinstance(one, str) else one for one in columns or []]
        body = {"name": name, "databaseSchema": "db.shop.main", "columns": written, **members}
        return self.put("tables", body).body

    def lineage(self, kind: str, fqn: str, up: int = 3, down: int = 3, **query: str) -> Json:
        """The graph around an entity."""
        path = f"lineage/{kind}/name/{segment(fqn)}"
        return self.get(path, upstreamDepth=str(up), downstreamDepth=str(down), **query).body

    def position(self) -> int:
        """The newest position."""
        return int(self.get("system/health")["position"])


def segment(fqn: str) -> str:
    """An FQN as one segment of a path, encoded as OpenMetadata's client does."""
    return quote(fqn, safe="")


def named(collection: str, fqn: str) -> str:
    """The path of an entity by name."""
    return f"{collection}/name/{segment(fqn)}"


def feature(name: str, *sources: str, table: str = "db.shop.main.people", **members: Json) -> Json:
    """A feature made from columns of one table."""
    found = [{"name": one, "dataSource": {"type": "table", "fullyQualifiedName": table}} for one in sources]
    return {"name": name, "dataType": "numerical", "featureSources": found, **members}


def column_pairs(details: Json) -> set[tuple[str, str]]:
    """The column pairs of an edge as a set."""
    return {
        (source, entry["toColumn"]) for entry in details.get("columnsLineage", ()) for source in entry["fromColumns"]
    }
