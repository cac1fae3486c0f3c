# SPDX-License-Identifier: Apache-2.0
"""Replies for clients of an older version: without the members that they do not know."""

from typing import Any

import orjson
from pydantic import BaseModel

from headwater.api.http import Response
from headwater.api.routes import Route
from headwater.schema.since import Version, fit


def fitted(response: Response, route: Route, version: Version) -> None:
    """Make the body of a reply one that clients of a version read."""
    if not response.body or response.status >= 400:
        return
    if isinstance(route.reply, type):
        response.body = _without(response.body, route.reply, version)
    elif route.declared and route.reply in ("EntityList", "EntityHistory"):
        body: Any = orjson.loads(response.body)
        if route.reply == "EntityList":
            fit(body["data"], route.declared.entity, version)
        else:
            body["versions"] = [
                _without(text.encode(), route.declared.entity, version).decode() for text in body["versions"]
            ]
        response.body = orjson.dumps(body)


def _without(text: bytes, model: type[BaseModel], version: Version) -> bytes:
    body = orjson.loads(text)
    fit(body, model, version)
    return orjson.dumps(body)
