# SPDX-License-Identifier: Apache-2.0
"""A server that says it is an older version holds back what clients of that version do not know."""

import json
from collections.abc import Callable, Iterator

import pytest

import headwater
from headwater.schema.base import Model
from headwater.schema.registry import standard, wire_members
from headwater.schema.since import SINCE
from headwater.settings import Settings

from .wire import Api, named

TABLE = named("tables", "db.shop.main.people")


@pytest.fixture
def serve(database_url: str) -> Iterator[Callable[[str], Api]]:
    """A function that serves the test's catalogue as a version of OpenMetadata."""
    opened = []

    def make(version: str) -> Api:
        opened.append(headwater.application(Settings(database=database_url, openmetadata_version=version)))
        return Api(opened[-1])

    yield make
    for application in opened:
        application.catalog.close()


def test_labels_say_when_they_were_applied_from_1_11_on(serve: Callable[[str], Api]) -> None:
    column = {
        "name": "age",
        "dataType": "STRUCT",
        "children": [{"name": "in", "dataType": "INT", "tags": ["PII.None"]}],
    }
    serve("2.0.7").table(columns=[column])
    for version, known in (("1.10.3", False), ("1.11.0", True), ("2.0.7", True), ("3.1.0", True), ("next", True)):
        api = serve(version)
        texts = api.get(f"{TABLE}/versions")["versions"]
        shown = [api.get(TABLE).body, api.get("tables")["data"][0], json.loads(texts[0])]
        for table in shown:
            (label,) = table["columns"][0]["children"][0]["tags"]
            assert ("appliedAt" in label, "appliedBy" in label) == (known, known), version
            assert label["tagFQN"] == "PII.None"


def test_members_of_a_type_that_came_later(serve: Callable[[str], Api]) -> None:
    domain = {"name": "sales", "domainType": "Aggregate", "description": "d"}
    for version, known in (("1.9.0", set()), ("1.11.2", {"childrenCount"}), ("1.12.0", {"childrenCount", "votes"})):
        api = serve(version)
        assert not {"childrenCount", "votes"} & api.put("domains", domain).body.keys()
        assert {"childrenCount", "votes"} & api.get("domains/name/sales", fields="*").body.keys() == known
        assert {"childrenCount", "votes"} & api.get("domains", fields="*")["data"][0].keys() == known
        assert api.get("domains/name/none", expect=404)["code"] == 404


def test_every_member_that_is_listed_exists() -> None:
    """A line about a model that is called otherwise by now would hold nothing back."""
    standard()
    models = {model.__name__: wire_members(model) for model in subclasses(Model)}
    for brought in SINCE.values():
        for name, members in brought.items():
            assert set(members) <= models[name], name


def subclasses(model: type) -> set[type]:
    direct: set[type] = set(model.__subclasses__())
    return direct.union(*(subclasses(one) for one in direct))
