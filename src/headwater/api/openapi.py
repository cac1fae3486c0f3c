# SPDX-License-Identifier: Apache-2.0
"""OpenAPI 3.1, derived from the route table and the models of the registry."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Literal

import orjson
from openapi_pydantic import Info, OpenAPI, PathItem
from openapi_pydantic.util import PydanticSchema, construct_open_api_with_schema_class
from pydantic import BaseModel, Field, RootModel

from headwater.api.routes import Route
from headwater.schema.base import Document, EntityReference, Model, Paging
from headwater.schema.change import BulkAssets, BulkResult, ChangeEvent, DeleteStale, Job


class ErrorReply(BaseModel):
    """Any failure."""

    code: int = Field(description="The HTTP status again.")
    message: str
    errorType: str | None = None
    errors: list[str] | None = Field(None, description="Single faults, where there are several.")


class JsonPatch(RootModel[list[Document]]):
    """A JSON Patch (RFC 6902)."""


class Bulk(RootModel[list[Document]]):
    """A list of create requests."""


class Items(RootModel[list[Any]]):
    """What is to be added: references, or plain values."""


class RestoreEntity(Model):
    """Which entity to restore."""

    id: str


class UserId(RootModel[str]):
    """The id of a user."""


class Vote(Model):
    """A vote for an entity, against it, or none."""

    updated_vote_type: Literal["votedUp", "votedDown", "unVoted"] = "unVoted"


class EntityList(Model):
    """A page of a list."""

    data: list[Document]
    paging: Paging


class ReferenceList(Model):
    """A page of references."""

    data: list[EntityReference]
    paging: Paging


class Entries(Model):
    """A page of a series, or of the parts of an entity."""

    data: list[Document]
    paging: Paging


class EntityHistory(Model):
    """All versions, newest first; each is JSON text."""

    entity_type: str
    versions: list[str]


class ChangeEventList(Model):
    """A part of the change feed."""

    data: list[ChangeEvent]
    paging: Paging


class EdgeReply(Model):
    """The details of an edge."""

    edge: Document


class ServerVersion(Model):
    """Which version the server is."""

    version: str
    revision: str
    timestamp: int


class Health(Model):
    """That the catalogue answers, and how far its log goes."""

    status: str
    position: int


class AnyObject(RootModel[Document]):
    """A JSON object."""


NAMED: dict[str, type[BaseModel]] = {
    "JsonPatch": JsonPatch,
    "Bulk": Bulk,
    "BulkResult": BulkResult,
    "Items": Items,
    "DeleteStale": DeleteStale,
    "Job": Job,
    "RestoreEntity": RestoreEntity,
    "UserId": UserId,
    "Vote": Vote,
    "BulkAssets": BulkAssets,
    "ReferenceList": ReferenceList,
    "Entries": Entries,
    "EntityList": EntityList,
    "EntityHistory": EntityHistory,
    "ChangeEvent": ChangeEvent,
    "ChangeEventList": ChangeEventList,
    "EdgeReply": EdgeReply,
    "ServerVersion": ServerVersion,
    "Health": Health,
    "Object": AnyObject,
}
"""The models of routes that belong to no entity type, by the names that the route tables use."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "fields": {"schema": {"type": "string"}, "description": "Optional members to show, comma-separated; * for all."},
    "include": {"schema": {"type": "string", "enum": ["non-deleted", "deleted", "all"]}},
    "asOf": {
        "schema": {"type": "string"},
        "description": "As it was then: a date or time (ISO 8601), milliseconds since 1970, or @ and a position.",
    },
    "limit": {"schema": {"type": "integer", "minimum": 0, "maximum": 1_000_000}},
    "q": {"schema": {"type": "string"}, "description": "What to look for; everything if absent."},
    "offset": {"schema": {"type": "integer", "minimum": 0}},
    "from": {"schema": {"type": "integer", "minimum": 0, "maximum": 10_000}},
    "size": {"schema": {"type": "integer", "minimum": 0, "maximum": 10_000}},
    "deleted": {"schema": {"type": "boolean"}, "description": "Only deleted entities; by default only others."},
    "index": {"schema": {"type": "string"}, "description": "Indexes of types, comma-separated, all or dataAsset."},
    "query_filter": {"schema": {"type": "string"}, "description": "A query in Elasticsearch's JSON."},
    "post_filter": {"schema": {"type": "string"}, "description": "The same again."},
    "sort_field": {"schema": {"type": "string", "enum": ["_score", "fullyQualifiedName", "name", "updatedAt"]}},
    "sort_order": {"schema": {"type": "string", "enum": ["asc", "desc"]}},
    "search_after": {"schema": {"type": "string"}, "description": "What the last hit's sort ends with."},
    "startTs": {"schema": {"type": "integer", "minimum": 0}, "description": "Milliseconds since 1970."},
    "endTs": {"schema": {"type": "integer", "minimum": 0}, "description": "Milliseconds since 1970."},
    "before": {"schema": {"type": "string"}, "description": "Where a list goes back from."},
    "after": {"schema": {"type": "string"}, "description": "Where a list goes on."},
    "below": {"schema": {"type": "boolean"}, "description": "Whether what lives below counts; true if absent."},
    "timestamp": {"schema": {"type": "integer", "minimum": 0}, "description": "Milliseconds since 1970."},
    "majorOnly": {"schema": {"type": "boolean"}, "description": "Only changes that made a major version."},
    "leaveOut": {"schema": {"type": "boolean"}, "description": "Do without what is gone, instead of refusing."},
    "since": {"schema": {"type": "string"}, "description": "Only later changes; a moment as asOf takes it."},
    "until": {"schema": {"type": "string"}, "description": "Only changes up to then; a moment as asOf takes it."},
    "recursive": {"schema": {"type": "boolean"}},
    "hardDelete": {"schema": {"type": "boolean"}},
    "overrideMetadata": {"schema": {"type": "boolean"}},
    "async": {"schema": {"type": "boolean"}, "description": "Accepted; the work is done when the answer comes."},
    "upstreamDepth": {"schema": {"type": "integer", "minimum": 0}},
    "downstreamDepth": {"schema": {"type": "integer", "minimum": 0}},
    "maxNodes": {"schema": {"type": "integer", "minimum": 1}},
}
ERRORS = {
    400: "The request is wrong.",
    401: "The caller is not known.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    409: "It exists already, or follows from something else.",
    412: "It has changed since it was read.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    504: "No turn to write came in time.",
}


@lru_cache(maxsize=4)
def describe(routes: Sequence[Route]) -> bytes:
    """The OpenAPI document of a route table, as JSON."""
    paths: dict[str, PathItem] = {}
    for pattern in dict.fromkeys(route.pattern for route in routes):
        operations = {route.method.lower(): _operation(route) for route in routes if route.pattern == pattern}
        paths[pattern] = PathItem.model_validate(operations)
    document = OpenAPI(
        openapi="3.1.1",
        info=Info(
            title="Headwater",
            version=version("headwater"),
            description="A catalogue of machine-learning models for a data platform, in OpenMetadata's standard.",
        ),
        paths=paths,
    )
    written = construct_open_api_with_schema_class(document)
    return orjson.dumps(written.model_dump(mode="json", by_alias=True, exclude_none=True))


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub(r'[^A-Za-z0-9]+', '_', route.pattern)}",
        "summary": route.summary,
        "tags": [_tag(route)],
        "parameters": [*_path_parameters(route.pattern), *map(_query_parameter, route.query)],
        "responses": {str(route.status): _reply(route), **_others(route), **dict(_errors(route))},
    }
    if route.body:
        media = "application/json-patch+json" if route.body == "JsonPatch" else "application/json"
        operation["requestBody"] = {"required": True, "content": {media: {"schema": _schema(route.body)}}}
    if route.method == "PUT" and route.declared and route.body is route.declared.create:
        operation["responses"]["201"] = _reply(route)
    return operation


def _tag(route: Route) -> str:
    if route.declared:
        return route.declared.sdk_name
    return route.pattern.split("/")[3] if route.pattern.startswith("/api/v1/") else "system"


def _path_parameters(pattern: str) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", pattern):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", **PARAMETERS.get(name, {"schema": {"type": "string"}})}


def _reply(route: Route) -> dict[str, Any]:
    if route.reply is None:
        return {"description": "Done; the body is empty or an empty object."}
    if route.reply == "Text":
        return {"description": route.summary, "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {"description": route.summary, "content": {"application/json": {"schema": _schema(route.reply)}}}


OTHERS = {
    202: "Accepted, and done when this is read; the body is a Job.",
    204: "Nobody has said anything about it.",
    503: "As much of this is under way as may be; Retry-After says when to ask again.",
    501: "OpenMetadata has this, Headwater has not; the message says why.",
}


def _others(route: Route) -> dict[str, Any]:
    content = {"application/json": {"schema": PydanticSchema(schema_class=ErrorReply)}}
    return {
        str(status): {"description": OTHERS[status], **({"content": content} if status >= 400 else {})}
        for status in route.also
    }


def _errors(route: Route) -> Iterable[tuple[str, dict[str, Any]]]:
    content = {"application/json": {"schema": PydanticSchema(schema_class=ErrorReply)}}
    for status, description in ERRORS.items():
        if route.method != "GET" or status in (400, 401, 403, 404):
            yield str(status), {"description": description, "content": content}


def _schema(model: type[BaseModel] | str) -> PydanticSchema[BaseModel]:
    return PydanticSchema(schema_class=NAMED[model] if isinstance(model, str) else model)
