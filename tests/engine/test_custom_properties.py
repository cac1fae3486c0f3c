# SPDX-License-Identifier: Apache-2.0
"""Properties that somebody declares for a type of entities, and the values that they may have."""

from typing import Any

import pytest

from .wire import Api, named

MODEL = named("mlmodels", "headwater.m")
MLMODEL = named("metadata/types", "mlmodel")


def declare(api: Api, name: str, kind: str, config: Any = None, expect: int | None = None, **members: Any) -> Any:
    """Declare a custom property of models as OpenMetadata's client does: by id, with nulls."""
    type_ = api.get(named("metadata/types", kind), category="field").body
    body = {
        "name": name,
        "displayName": None,
        "description": "d",
        "propertyType": {"id": type_["id"], "type": "type", "name": None},
        "customPropertyConfig": None if config is None else {"config": config},
        **members,
    }
    return api.put(f"metadata/types/{api.get(MLMODEL)['id']}", body, expect=expect)


def put(api: Api, expect: int | None = None, **extension: Any) -> Any:
    return api.put("mlmodels", {"name": "m", "extension": extension}, expect=expect)


def test_there_is_a_type_for_every_type_of_entities_and_of_values(api: Api) -> None:
    def names(**query: str) -> set[str]:
        return {one["name"] for one in api.get("metadata/types", limit="1000", **query)["data"]}

    assert {"string", "enum", "date-cp", "entityReferenceList", "table-cp"} <= names(category="field")
    assert names(category="entity") == {declared.name for declared in api.application.catalog.registry}
    assert names(category="field") | names(category="entity") == names()
    api.delete(MLMODEL, expect=400)


def test_a_property_is_added_and_changed_one_at_a_time(api: Api) -> None:
    assert api.get(MLMODEL, fields="customProperties").body.get("customProperties") is None
    declare(api, "stage", "enum", {"values": ["dev", "prod"]})
    added = declare(api, "rating", "integer", displayName="Rating")
    assert (added["version"], [one["name"] for one in added["customProperties"]]) == (0.3, ["stage", "rating"])
    changed = declare(api, "stage", "enum", {"values": ["dev", "prod", "gone"]}, description="new")
    assert [one["name"] for one in changed["customProperties"]] == ["stage", "rating"]
    stage, rating = api.get(MLMODEL, fields="customProperties")["customProperties"]
    assert (stage["description"], stage["customPropertyConfig"]["config"]["values"]) == ("new", ["dev", "prod", "gone"])
    assert (stage["propertyType"]["name"], rating["displayName"]) == ("enum", "Rating")
    updated = {one["name"] for one in changed["changeDescription"]["fieldsUpdated"]}
    assert updated == {"customProperties.stage.description", "customProperties.stage.customPropertyConfig"}
    removed = api.patch(MLMODEL, {"op": "remove", "path": "/customProperties/0"})
    assert [one["name"] for one in removed["customProperties"]] == ["rating"]


@pytest.mark.parametrize(
    ("kind", "config", "fault"),
    [
        ("string", "yyyy", "it takes no configuration"),
        ("enum", None, "it needs a config with values, a list of texts"),
        ("enum", {"values": ["a", "a"]}, "a value stands twice in its config"),
        ("enum", {"values": ["a"], "multi": True}, "its config has values and multiSelect, which is true or false"),
        ("date-cp", None, "it needs a format as its config, such as yyyy-MM-dd or HH:mm:ss"),
        ("dateTime-cp", "yyyy-QQ", "QQ means nothing in a format; it is made of "),
        ("time-cp", "HH:mm:HH", "HH:mm:HH names one part twice"),
        ("table-cp", {"columns": ["a", "b", "c", "d"]}, "it needs a config with columns, 1 to 3 names"),
        ("table-cp", {"columns": ["a", "a"]}, "its columns must be texts that differ"),
        ("entityReference", ["table", "spoon"], "spoon is not a type of entities"),
        ("entityReferenceList", "table", "its config is a list of entity types"),
        ("table", None, "there is no such type of values; there are string, "),
    ],
)
def test_a_property_that_makes_no_sense_is_refused(api: Api, kind: str, config: Any, fault: str) -> None:
    message = declare(api, "p", kind, config, expect=400)["message"]
    assert message.startswith(f"custom property p of type {kind}: {fault}")


def test_a_property_has_a_proper_name_and_keeps_its_type(api: Api) -> None:
    assert "name: 'a/b'" in declare(api, "a/b", "string", expect=400)["message"]
    declare(api, "stage", "enum", {"values": ["dev", "prod"]})
    assert declare(api, "stage", "string", expect=400)["message"] == (
        "custom property stage of type string: its propertyType can't be modified; remove it and declare another one"
    )
    assert "the value prod cannot be taken away" in declare(api, "stage", "enum", {"values": ["dev"]}, 400)["message"]
    field = api.get(named("metadata/types", "string"))["id"]
    body = {"name": "p", "description": "d", "propertyType": "string"}
    assert "only types of entities" in api.put(f"metadata/types/{field}", body, expect=400)["message"]


def test_a_type_without_properties_takes_what_comes_and_keeps_it(api: Api) -> None:
    """The first property closes it: what is stored stays, and what is new must be declared."""
    put(api, anything={"goes": [1]})
    declare(api, "rating", "integer")
    assert put(api, 400, anything={"goes": [2]}, rating=1)["message"] == "Unknown custom field anything"
    patched = api.patch(MODEL, {"op": "add", "path": "/extension/rating", "value": 5})
    assert patched["extension"] == {"anything": {"goes": [1]}, "rating": 5}
    assert put(api, rating=5)["extension"] == {"rating": 5}
    put(api, 400, anything={"goes": [1]})
    api.table(columns=["age"], extension={"free": True})


VALUES: list[tuple[str, Any, list[Any], list[tuple[Any, str]]]] = [
    ("string", None, ["", "x"], [(1, "1 is not a text")]),
    ("markdown", None, ["# x"], [({}, "{} is not a text")]),
    ("sqlQuery", None, ["select 1"], [([], "[] is not a text")]),
    ("integer", None, [0, -7], [(1.5, "1.5 is not a whole number"), (True, "True is not a whole number")]),
    ("number", None, [0, 1.5], [("1", "'1' is not a number"), (False, "False is not a number")]),
    ("email", None, ["a@b.c"], [("a", "'a' is not a mail address")]),
    ("duration", None, ["P3DT12H", "PT0.5S", "P1W"], [("P", "'P' is not a duration such as P3DT12H"), (3, "3 is not")]),
    ("timestamp", None, [0], [("now", "'now' is not a whole number of milliseconds since 1970")]),
    (
        "timeInterval",
        None,
        [{"start": 1, "end": 2}, {"start": 1}],
        [({"start": 2, "end": 1}, "it ends before it starts"), ({"from": 1}, "{'from': 1} is not an object of start")],
    ),
    (
        "enum",
        {"values": ["a", "b"]},
        [["a"], []],
        [("a", "'a' is not a list of texts"), (["c"], "'c' is not one of a, b"), (["a", "b"], "only one value")],
    ),
    ("enum", {"values": ["a", "b"], "multiSelect": True}, [["b", "a"]], [(["a", "a"], "a value is chosen twice")]),
    (
        "date-cp",
        "yyyy-MM-dd",
        ["2024-02-29"],
        [
            ("2023-02-29", "'2023-02-29' is not of the format yyyy-MM-dd"),
            ("2024-2-1", "'2024-2-1' is not"),
            (1, "1 is"),
        ],
    ),
    ("date-cp", "d MMMM yyyy", ["1 March 2026"], [("1 Mar 2026", "'1 Mar 2026' is not"), ("31 April 2026", "'31")]),
    ("date-cp", "yyyyDDD", ["2024366"], [("2023366", "'2023366' is not of the format yyyyDDD")]),
    ("dateTime-cp", "MMM dd HH:mm:ss yyyy", ["Mar 01 23:59:59 2026"], [("Mar 01 24:00:00 2026", "'Mar 01")]),
    ("dateTime-cp", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", ["2026-03-01T10:00:00.000Z"], [("2026-03-01 10:00:00.000Z", "'")]),
    ("time-cp", "hh:mm a", ["11:59 PM"], [("13:00 PM", "'13:00 PM' is not of the format hh:mm a")]),
    (
        "table-cp",
        {"columns": ["a", "b"]},
        [{"columns": ["a", "b"], "rows": [{"a": "1"}, {"b": "2"}]}, {"rows": []}],
        [
            ({"columns": ["a"]}, "its columns are a, b, not ['a']"),
            ({"rows": [{"a": "1"}, {"c": "1"}]}, "row 2 has c, which is none of its columns (a, b)"),
            ({"rows": [{"a": 1}]}, "row 1: a is not a text"),
            ([], "[] is not an object of columns and rows"),
        ],
    ),
    (
        "hyperlink-cp",
        None,
        [{"url": "https://a.b/c", "displayText": "c"}],
        [({"url": "here"}, "'here' is not an absolute URL"), ("https://a.b", "'https://a.b' is not an object of url")],
    ),
    (
        "entityReference",
        ["user"],
        [],
        [
            ({"type": "team", "name": "Organization"}, "it refers to a team, not to a user"),
            ({"type": "user"}, "the reference has neither id nor fullyQualifiedName"),
            ("admin", "'admin' is not a reference"),
        ],
    ),
    ("entityReferenceList", None, [[]], [({"type": "user", "name": "admin"}, "{'type': 'user', 'name': 'admin'} is")]),
]


def test_values_fit_the_type_of_their_property_or_are_refused_with_the_reason(api: Api) -> None:
    for number, (kind, config, good, bad) in enumerate(VALUES):
        declare(api, f"p{number}", kind, config)
        for value in good:
            assert put(api, **{f"p{number}": value})["extension"] == {f"p{number}": value}
        for value, fault in bad:
            message = put(api, 400, **{f"p{number}": value})["message"]
            assert message.startswith(f"extension.p{number}: {fault}"), message
            assert message.endswith(f"({kind})")


def test_references_in_properties_are_checked_and_written_out(api: Api) -> None:
    declare(api, "contact", "entityReference", ["user"])
    declare(api, "seen", "entityReferenceList")
    admin = api.get(named("users", "admin")).body
    stored = put(api, contact={"type": "user", "name": "admin"}, seen=[{"type": "user", "id": admin["id"]}])
    written = {"id": admin["id"], "type": "user", "name": "admin", "fullyQualifiedName": "admin"}
    assert stored["extension"] == {"contact": written, "seen": [written]}
    assert api.put("mlmodels", {"name": "m", "extension": stored["extension"]})["version"] == stored["version"]
    assert "user instance for nobody not found" in put(api, 404, contact={"type": "user", "name": "nobody"})["message"]
    put(api, 400, contact={"type": "user", "id": api.get(named("teams", "Organization"))["id"]})


def test_every_fault_is_named_at_once_and_history_keeps_the_properties(api: Api) -> None:
    declare(api, "rating", "integer")
    before = api.position()
    declare(api, "stage", "enum", {"values": ["dev"]})
    errors = put(api, 400, rating="x", stage=["y"], other=1)["errors"]
    assert [error.partition(":")[0] for error in errors] == [
        "extension.rating",
        "extension.stage",
        "Unknown custom field other",
    ]
    assert len(api.get(MLMODEL, asOf=f"@{before}")["customProperties"]) == 1
    api.application.catalog.reindex()
    assert len(api.get(MLMODEL)["customProperties"]) == 2
    put(api, 400, rating="x")
