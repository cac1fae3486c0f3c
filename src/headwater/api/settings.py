# SPDX-License-Identifier: Apache-2.0
"""Settings that clients keep here, and what their connectors try when they test a connection."""

from collections.abc import Iterator

from headwater.api.entities import body_object
from headwater.api.http import Response, render
from headwater.api.routes import Call, Route
from headwater.catalog.context import parse
from headwater.errors import EntityNotFound, RequestRefused
from headwater.schema.connections import CONNECTORS, TestConnectionDefinition, definition
from headwater.schema.settings import HEEDED, KEPT, REFUSED, Setting

SETTINGS = "/api/v1/system/settings"
DEFINITIONS = "/api/v1/services/testConnectionDefinitions"


def routes() -> Iterator[Route]:
    """The routes of settings and of test-connection definitions."""
    yield Route(method="GET", pattern=SETTINGS, endpoint=list_, summary="List the settings", reply="Entries")
    yield Route(
        method="PUT", pattern=SETTINGS, endpoint=put, summary="Set a setting", body=Setting, reply=Setting, also=(501,)
    )
    yield Route(
        method="GET",
        pattern=SETTINGS + "/{setting}",
        endpoint=get,
        summary="Get a setting, if it was set",
        reply=Setting,
        also=(204, 501),
    )
    yield Route(
        method="GET",
        pattern=DEFINITIONS,
        endpoint=list_definitions,
        summary="List what connectors try when they test a connection",
        reply="Entries",
        query=("limit", "offset"),
    )
    yield Route(
        method="GET",
        pattern=DEFINITIONS + "/name/{fqn}",
        endpoint=get_definition,
        summary="Get what a connector tries when it tests a connection",
        reply=TestConnectionDefinition,
    )


def list_(call: Call) -> Response:
    """The settings that were set."""
    found = call.catalog.settings(KEPT)
    data = [{"config_type": name, "config_value": value} for name, value in found.items()]
    return render({"data": data, "paging": {"total": len(data)}})


def get(call: Call) -> Response:
    """One setting; without content where nobody set it, as OpenMetadata's clients understand."""
    name = _kept(call.parameters["setting"])
    found = call.catalog.settings((name,))
    return render({"config_type": name, "config_value": found[name]}) if found else Response(204)


def put(call: Call) -> Response:
    """A setting is kept for whoever heeds it."""
    setting = parse(Setting, body_object(call))
    name, value = _kept(setting["config_type"]), setting.get("config_value") or {}
    if name in HEEDED:
        value = parse(HEEDED[name], value)
    call.catalog.put_setting(name, value)
    return render({"config_type": name, "config_value": value})


def _kept(name: str) -> str:
    """The name of a setting that is kept here; else the reason why not."""
    if name in REFUSED:
        raise RequestRefused(f"the setting {name} is not kept here: {REFUSED[name]}", status=501)
    if name not in KEPT:
        raise EntityNotFound(f"there is no setting {name}; there are {', '.join(KEPT)}")
    return name


def list_definitions(call: Call) -> Response:
    """All definitions, in order of name."""
    limit, offset = call.part()
    names = sorted(CONNECTORS)
    data = [definition(name) for name in names[offset : offset + limit]]
    return render({"data": data, "paging": {"total": len(names), "offset": offset, "limit": limit}})


def get_definition(call: Call) -> Response:
    """One definition."""
    name = call.parameters["fqn"]
    found = definition(name)
    if found is None:
        raise EntityNotFound.named("testConnectionDefinition", name)
    return render(found)
