# SPDX-License-Identifier: Apache-2.0
"""The description that a server gives of itself is valid, complete and true of its answers."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from openapi_pydantic import OpenAPI, Operation
from openapi_pydantic.v3.parser import parse_obj

if TYPE_CHECKING:
    from tests.acceptance.conftest import Caller, Launch

from headwater.schema.declare import FOLLOWERS, SOFT_DELETE, EntityType
from headwater.schema.registry import standard

TYPES = list(standard())
METHODS = ("get", "put", "post", "patch", "delete")
FAILURES = {
    "get": {"400", "401", "403", "404"},
    "other": {"400", "401", "403", "404", "409", "412", "413", "415", "504"},
}


@pytest.fixture(scope="module")
def caller(module_launch: "Launch", tmp_path_factory: pytest.TempPathFactory) -> "Caller":
    return module_launch(f"sqlite:///{tmp_path_factory.mktemp('openapi') / 'headwater.db'}").caller()


@pytest.fixture(scope="module")
def described(caller: "Caller") -> dict[str, Any]:
    reply = caller.get("/openapi.json")
    assert reply.status == 200
    document: dict[str, Any] = reply.json
    return document


@pytest.fixture(scope="module")
def parsed(described: dict[str, Any]) -> OpenAPI:
    document = parse_obj(described)
    assert isinstance(document, OpenAPI)
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def inside(value: Any) -> Iterator[dict[str, Any]]:
    """Every object at any depth."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from inside(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from inside(inner)


def test_it_is_openapi_3_1(described: dict[str, Any], parsed: OpenAPI) -> None:
    assert re.fullmatch(r"3\.1\.\d+", described["openapi"])
    assert parsed.info.title == "Headwater"
    assert described.keys() <= {"openapi", "info", "servers", "paths", "components", "tags", "security"}
    for path, item in (parsed.paths or {}).items():
        assert path.startswith("/")
        for method in METHODS:
            operation: Operation | None = getattr(item, method)
            assert operation is None or operation.responses


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    references = {found["$ref"] for found in inside(described) if isinstance(found.get("$ref"), str)}
    assert references
    for reference in references:
        target: Any = described
        assert reference.startswith("#/")
        for step in reference[2:].split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        assert isinstance(target, dict)


def test_every_operation_has_a_name_of_its_own_and_its_parameters(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(names) == len(set(names))
    for path, method, operation in operations(described):
        assert operation["summary"]
        parameters = operation.get("parameters", [])
        in_path = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), f"{method} {path}"
        assert all(parameter["required"] for parameter in parameters if parameter["in"] == "path")
        keys = [(parameter["in"], parameter["name"]) for parameter in parameters]
        assert len(keys) == len(set(keys)), f"{method} {path}"
        assert ("requestBody" in operation) <= (method != "get")


def expected_routes(declared: EntityType) -> Iterator[tuple[str, str]]:
    root = f"/api/v1/{declared.collection}"
    yield from (("get", root), ("post", root), ("put", root), ("put", f"{root}/bulk"))
    if declared.has(SOFT_DELETE):
        yield "put", f"{root}/restore"
    for place in ("{id}", "name/{fqn}"):
        yield from ((method, f"{root}/{place}") for method in ("get", "patch", "delete"))
        yield from (("get", f"{root}/{place}/versions"), ("get", f"{root}/{place}/versions/{{version}}"))
        if declared.has(FOLLOWERS):
            yield "put", f"{root}/{place}/followers"
            yield "delete", f"{root}/{place}/followers/{{user}}"


@pytest.mark.parametrize("declared", TYPES, ids=lambda declared: str(declared.name))
def test_every_operation_of_every_type_is_described(described: dict[str, Any], declared: EntityType) -> None:
    for method, path in expected_routes(declared):
        assert method in described["paths"].get(path, {}), f"{method} {path}"
    root = described["paths"][f"/api/v1/{declared.collection}"]
    for method, status in (("post", "201"), ("put", "200"), ("put", "201")):
        body = root[method]["requestBody"]["content"]["application/json"]["schema"]
        reply = root[method]["responses"][status]["content"]["application/json"]["schema"]
        assert body["$ref"].endswith(f"/{declared.create.__name__}")
        assert reply["$ref"].endswith(f"/{declared.entity.__name__}")
    patch = described["paths"][f"/api/v1/{declared.collection}/{{id}}"]["patch"]
    assert "application/json-patch+json" in patch["requestBody"]["content"]
    parameters = {parameter["name"] for parameter in root["get"]["parameters"]}
    assert {"limit", "after", "before", "fields", "include", "asOf"} <= parameters
    assert {filter_.name for filter_ in declared.filters} <= parameters


def test_every_operation_says_how_it_fails(described: dict[str, Any], parsed: OpenAPI) -> None:
    for path, method, operation in operations(described):
        failures = {status for status in operation["responses"] if status >= "400"}
        assert FAILURES["get" if method == "get" else "other"] <= failures, f"{method} {path}"
        for status in failures:
            schema = operation["responses"][status]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorReply"}
    assert parsed.components
    assert parsed.components.schemas
    error = parsed.components.schemas["ErrorReply"]
    assert error.properties
    assert {"code", "message", "errorType", "errors"} <= error.properties.keys()
    assert {"code", "message"} <= set(error.required or ())


def test_whatever_is_described_is_there(described: dict[str, Any], caller: "Caller") -> None:
    """A request to each path is answered by a route: never as unknown place, method or fault of the server."""
    for path, method, operation in operations(described):
        target = re.sub(r"{(\w+)}", "nothing", path)
        body = b"{}" if "requestBody" in operation else None
        reply = caller.send(method.upper(), target, body)
        assert reply.status not in (405, 415, 500, 501), f"{method} {path}: {reply.body!r}"
        assert reply.status < 400 or f"at {method.upper()}" not in reply.json["message"], f"{method} {path}"
        assert str(reply.status) in operation["responses"], f"{method} {path}: {reply.status} is not described"


def test_an_entity_is_as_described(described: dict[str, Any], caller: "Caller") -> None:
    """Each member of a reply and of an error stands in its schema."""
    made = caller.put(
        "/api/v1/mlmodels", {"name": "m", "mlFeatures": [{"name": "f"}], "tags": [{"tagFQN": "Tier.Tier1"}]}
    )
    schemas = described["components"]["schemas"]
    assert made.json.keys() <= schemas["MlModel"]["properties"].keys()
    assert set(schemas["MlModel"]["required"]) <= made.json.keys()
    assert made.json["mlFeatures"][0].keys() <= schemas["MlFeature"]["properties"].keys()
    assert made.json["tags"][0].keys() <= schemas["TagLabel"]["properties"].keys()
    error = caller.post("/api/v1/mlmodels", {"name": "m", "unknown": 1})
    assert error.json.keys() <= schemas["ErrorReply"]["properties"].keys()
    assert set(schemas["ErrorReply"]["required"]) <= error.json.keys()
