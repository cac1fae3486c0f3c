# SPDX-License-Identifier: Apache-2.0
"""Every field of a model and of a table: how it changes, what version that makes, and what is recorded of it.

The outcomes are written down from OpenMetadata's rules (0.1 more for a minor change, 1.0 more for a major one), not
computed. A field that is declared and has no row here fails a test.
"""

import json
from typing import Any, Literal, NamedTuple

from headwater.schema.entities.data import Column, Table
from headwater.schema.entities.mlmodel import FeatureSource, MlFeature, MlHyperParameter, MlModel
from headwater.schema.registry import wire_members

from .wire import Api, feature, named

MINOR, MAJOR, NONE = 1, 10, 0
Kind = Literal["value", "json", "list"]


class Row(NamedTuple):
    """Two values of a field, and the steps in versions when the first is added, becomes the second, is removed.

    ``kind`` tells how it is recorded: a value as itself, an object as JSON text, a list as what came and what went.
    """

    one: Any
    two: Any
    steps: tuple[int, int, int]
    kind: Kind = "value"


def minor(one: Any, two: Any, kind: Kind = "value") -> Row:
    return Row(one, two, (MINOR, MINOR, MINOR), kind)


def major(one: Any, two: Any) -> Row:
    return Row(one, two, (MAJOR, MAJOR, MAJOR))


def unversioned(one: Any, two: Any) -> Row:
    """Stored, without a version and without a trace in the change description."""
    return Row(one, two, (NONE, NONE, NONE))


def label(name: str) -> dict[str, str]:
    return {"tagFQN": name, "source": "Classification", "labelType": "Manual", "state": "Confirmed"}


ASSET = {
    "displayName": minor("M", "N"),
    "description": minor("d", "e"),
    "sourceUrl": minor("http://one", "http://two"),
    "sourceHash": unversioned("a", "b"),
    "lifeCycle": unversioned({"created": {"timestamp": 1}}, {"created": {"timestamp": 2}}),
    "entityStatus": minor("Draft", "Approved"),
    "tags": minor([label("PII.None")], [label("Tier.Tier1")], "list"),
    "owners": minor(["user:ann"], ["user:bea"], "list"),
    "dataContract": minor({"id": "1", "type": "dataContract"}, {"id": "2", "type": "dataContract"}, "json"),
    "domains": minor(["domain:one"], ["domain:two"], "list"),
}
MODEL = ASSET | {
    "target": major("approve", "reject"),
    "server": major("http://one", "http://two"),
    "mlStore": minor({"storage": "s3://one"}, {"storage": "s3://two", "imageRepository": "r"}, "json"),
    "dashboard": minor("dashboard:bi.one", "dashboard:bi.two", "json"),
    "mlFeatures": minor([{"name": "f"}], [{"name": "g"}], "list"),
    "mlHyperParameters": minor([{"name": "p", "value": "1"}], [{"name": "q", "value": "1"}], "list"),
}
TABLE = ASSET | {
    "tableType": minor("Regular", "View"),
    "tableConstraints": minor(
        [{"constraintType": "UNIQUE", "columns": ["c"]}], [{"constraintType": "PRIMARY_KEY", "columns": ["c"]}], "json"
    ),
    "tablePartition": minor(
        {"columns": [{"columnName": "c", "intervalType": "TIME-UNIT"}]},
        {"columns": [{"columnName": "c", "intervalType": "OTHER"}]},
        "json",
    ),
    "aliases": minor(["a"], ["b"], "json"),
    "schemaDefinition": minor("SELECT 1", "SELECT 2"),
    "locationPath": minor("/one", "/two"),
    "fileFormat": minor("csv", "avro"),
    "retentionPeriod": minor("P1D", "P2D"),
    "processedLineage": minor(True, False),
    "compressionEnabled": minor(True, False),
    "compressionCodec": minor("zstd", "lz4"),
    "compressionStrategy": minor({"segmentColumns": ["c"]}, {"orderColumns": ["c"]}, "json"),
    "location": minor({"id": "1", "type": "location"}, {"id": "2", "type": "location"}, "json"),
    "pipelineObservability": minor([{"pipeline": "one"}], [{"pipeline": "two"}], "json"),
    "queries": minor(["one"], ["two"], "json"),
    "dataModel": unversioned({"modelType": "DBT", "sql": "1"}, {"modelType": "DBT", "sql": "2"}),
    "tableProfilerConfig": unversioned({"sampleDataCount": 1}, {"sampleDataCount": 2}),
    "customMetrics": unversioned([{"name": "m", "expression": "1"}], [{"name": "m", "expression": "2"}]),
}
"""Fields that are patched in, patched to another value, and patched away."""

OWN = {"id", "name", "fullyQualifiedName", "href", "version", "updatedAt", "updatedBy", "impersonatedBy"}
OWN |= {"changeDescription", "incrementalChangeDescription", "service", "serviceType"}
"""What nobody can patch: the catalogue's own say, and where the entity lives. A patch of it changes nothing."""
BESIDE = {"followers", "votes", "usageSummary"}
"""What is kept beside the document, and has calls of its own. A patch of it changes nothing."""
APART = {"algorithm", "extension", "certification", "dataProducts", "deleted"}
"""Fields with a test of their own."""
OF_TABLES_ALONE = {"columns", "database", "databaseSchema"}, {"profile", "sampleData", "joins", "testSuite"}


def test_every_field_has_its_row() -> None:
    assert wire_members(MlModel) == {*MODEL, *OWN, *BESIDE, *APART}
    more = set().union(*OF_TABLES_ALONE)
    assert wire_members(Table) == ({*TABLE, *OWN, *BESIDE, *APART} - {"algorithm"}) | more
    assert wire_members(MlFeature) == {*FEATURE, "name", "fullyQualifiedName"}
    assert wire_members(FeatureSource) == {*SOURCE, "fullyQualifiedName"}
    assert wire_members(MlHyperParameter) == {*PARAMETER, "name"}
    assert wire_members(Column) == {*COLUMN, *STEPS_OF_TYPES, "name", "children", "fullyQualifiedName", "profile"}


# how a row is played --------------------------------------------------------------------------------------------------


class Play:
    """One entity under change. Each patch says which state it is meant for, so that none is folded into the last."""

    def __init__(self, api: Api, path: str) -> None:
        self.api = api
        self.path = path
        self.version = round(api.get(path)["version"] * 10)

    def step(self, told: str, expected: int, *operations: Any) -> dict[str, dict[str, tuple[Any, Any]]]:
        """Patch, check the step of the version, and give the change description by kind and name."""
        reply = self.api.patch(self.path, *operations, if_match="*")
        came = round(reply["version"] * 10) - self.version
        assert came == expected, f"{told}: the version went up by {came / 10}, not by {expected / 10}"
        self.version += came
        event = reply.headers["X-OpenMetadata-Change"]
        if not expected:
            return {"event": {event: (None, None)}}
        assert event == "entityUpdated", told
        change = reply["changeDescription"]
        assert change["previousVersion"] == (self.version - expected) / 10, told
        return {
            kind: {one["name"]: (one.get("oldValue"), one.get("newValue")) for one in change[kind]}
            for kind in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted")
            if change[kind]
        }


def opened(value: Any, kind: Kind) -> Any:
    return value if kind == "value" or value is None else json.loads(value)


def says(told: Any, given: Any) -> bool:
    """Whether what was recorded holds what was given; references are recorded in full."""
    if isinstance(given, dict):
        return isinstance(told, dict) and all(says(told.get(member), value) for member, value in given.items())
    if isinstance(given, list):
        return isinstance(told, list) and len(told) == len(given) and all(map(says, told, given))
    return bool(told == given)


def recorded(row: Row, name: str, before: Any, after: Any) -> dict[str, dict[str, tuple[Any, Any]]]:
    """What a change description must say of one change of a field."""
    if row.kind == "list" or before is None or after is None:
        added = {"fieldsAdded": {name: (None, after)}} if after is not None else {}
        return added | ({"fieldsDeleted": {name: (before, None)}} if before is not None else {})
    return {"fieldsUpdated": {name: (before, after)}}


def check(told: Any, expected: Any, kind: Kind, what: str) -> None:
    shape = {part: set(names) for part, names in told.items()}
    assert shape == {part: set(names) for part, names in expected.items()}, what
    for part, names in expected.items():
        for name, values in names.items():
            for found, given in zip(told[part][name], values, strict=True):
                assert (found is None) == (given is None), f"{what}: {part} {name}"
                assert given is None or says(opened(found, kind), given), f"{what}: {name} says {found}, not {given}"


def play(api: Api, path: str, member: str, row: Row, references: dict[str, Any]) -> None:
    one, two = (resolved(value, references) for value in (row.one, row.two))
    scene, place = Play(api, path), f"/{member}"
    operations = (
        ("added", None, one, {"op": "add", "path": place, "value": one}),
        ("changed", one, two, {"op": "replace", "path": place, "value": two}),
        ("removed", two, None, {"op": "remove", "path": place}),
    )
    for (what, before, after, operation), step in zip(operations, row.steps, strict=True):
        told = scene.step(f"{member} {what}", step, operation)
        if step:
            check(told, recorded(row, member, before, after), row.kind, f"{member} {what}")
        else:
            assert told == {"event": {"entityUpdated": (None, None)}}, f"{member} {what} is not stored"


def resolved(value: Any, references: dict[str, Any]) -> Any:
    """A value with ``type:name`` in place of references."""
    if isinstance(value, list):
        return [resolved(one, references) for one in value]
    return references.get(value, value) if isinstance(value, str) else value


def estate(api: Api) -> dict[str, Any]:
    """What references in the rows point to."""
    made = {}
    for name in ("ann", "bea"):
        made[f"user:{name}"] = api.put("users", {"name": name, "email": f"{name}@example.org"})
    for name in ("one", "two"):
        made[f"domain:{name}"] = api.put("domains", {"name": name, "description": "d", "domainType": "Aggregate"})
    api.put("services/dashboardServices", {"name": "bi", "serviceType": "Superset"})
    for name in ("one", "two"):
        made[f"dashboard:bi.{name}"] = api.put("dashboards", {"name": name, "service": "bi"})
    return {key: {"id": reply["id"], "type": key.partition(":")[0]} for key, reply in made.items()}


def test_the_fields_of_a_model(api: Api) -> None:
    references = estate(api)
    for member, row in MODEL.items():
        api.model(member)
        play(api, named("mlmodels", f"headwater.{member}"), member, row, references)


def test_the_fields_of_a_table(api: Api) -> None:
    references = estate(api)
    for member, row in TABLE.items():
        api.table(member, columns=["c"])
        play(api, named("tables", f"db.shop.main.{member}"), member, row, references)


def test_what_nobody_can_patch_stays(api: Api) -> None:
    api.model()
    api.table(columns=["c"])
    for path, entity, more in (
        (named("mlmodels", "headwater.m"), MlModel, set()),
        (named("tables", "db.shop.main.people"), Table, {"database", "databaseSchema", *OF_TABLES_ALONE[1]}),
    ):
        scene = Play(api, path)
        for member in sorted((OWN | BESIDE | more) & wire_members(entity)):
            told = scene.step(member, NONE, {"op": "add", "path": f"/{member}", "value": "x"})
            assert told == {"event": {"entityNoChange": (None, None)}}, member


# fields with rules of their own -------------------------------------------------------------------------------------


def test_the_algorithm_is_major_and_has_a_default(api: Api) -> None:
    api.model()
    scene = Play(api, named("mlmodels", "headwater.m"))
    told = scene.step("algorithm", MAJOR, {"op": "replace", "path": "/algorithm", "value": "XGB"})
    assert told == {"fieldsUpdated": {"algorithm": ("mlmodel", "XGB")}}


def test_custom_properties_are_recorded_one_by_one(api: Api) -> None:
    api.model()
    api.table(columns=["c"])
    for path in (named("mlmodels", "headwater.m"), named("tables", "db.shop.main.people")):
        scene = Play(api, path)
        told = scene.step("added", MINOR, {"op": "add", "path": "/extension", "value": {"k": 1, "l": 1}})
        assert told == {"fieldsAdded": {"extension": (None, '[{"k":1},{"l":1}]')}}
        told = scene.step("changed", MINOR, {"op": "replace", "path": "/extension/k", "value": 2})
        assert told == {"fieldsUpdated": {"extension.k": ("1", "2")}}
        told = scene.step("removed", MINOR, {"op": "remove", "path": "/extension/k"})
        assert told == {"fieldsDeleted": {"extension": ('[{"k":2}]', None)}}


def test_a_certification_is_an_object(api: Api) -> None:
    api.model()
    api.table(columns=["c"])
    for path in (named("mlmodels", "headwater.m"), named("tables", "db.shop.main.people")):
        scene = Play(api, path)
        for tag, kind in (("Gold", "fieldsAdded"), ("Silver", "fieldsUpdated")):
            label_ = {"tagFQN": f"Certification.{tag}", "source": "Classification"}
            dates = {"appliedDate": 1000, "expiryDate": 2000}
            told = scene.step(
                tag, MINOR, {"op": "add", "path": "/certification", "value": {"tagLabel": label_, **dates}}
            )
            assert set(told) == {kind}
            assert json.loads(told[kind]["certification"][1])["tagLabel"]["tagFQN"] == f"Certification.{tag}"
        told = scene.step("removed", MINOR, {"op": "remove", "path": "/certification"})
        assert {kind: list(names) for kind, names in told.items()} == {"fieldsDeleted": ["certification"]}


def test_data_products_are_a_list_that_needs_a_domain(api: Api) -> None:
    estate(api)
    product = {"name": "p", "domains": ["one"], "description": "d"}
    reference = {"id": api.put("dataProducts", product)["id"], "type": "dataProduct"}
    api.model(domains=["one"])
    api.table(columns=["c"], domains=["one"])
    for path in (named("mlmodels", "headwater.m"), named("tables", "db.shop.main.people")):
        scene = Play(api, path)
        told = scene.step("added", MINOR, {"op": "add", "path": "/dataProducts", "value": [reference]})
        assert {kind: list(names) for kind, names in told.items()} == {"fieldsAdded": ["dataProducts"]}
        told = scene.step("removed", MINOR, {"op": "remove", "path": "/dataProducts"})
        assert {kind: list(names) for kind, names in told.items()} == {"fieldsDeleted": ["dataProducts"]}


def test_a_deletion_and_a_restoration_are_minor(api: Api) -> None:
    api.model()
    api.table(columns=["c"])
    for collection, name in (("mlmodels", "headwater.m"), ("tables", "db.shop.main.people")):
        path = named(collection, name)
        entity = api.get(path)
        deleted = api.delete(path)
        assert (deleted["version"], deleted["changeDescription"]["fieldsUpdated"]) == (
            0.2,
            [{"name": "deleted", "oldValue": False, "newValue": True}],
        )
        restored = api.put(f"{collection}/restore", {"id": entity["id"]})
        assert (restored["version"], restored["changeDescription"]["fieldsUpdated"]) == (
            0.3,
            [{"name": "deleted", "oldValue": True, "newValue": False}],
        )
        refused = api.patch(path, {"op": "replace", "path": "/deleted", "value": True}, expect=400)
        assert "attribute deleted can't be modified" in refused["message"]


# items of lists -------------------------------------------------------------------------------------------------------

FEATURE = {
    "dataType": minor("numerical", "categorical"),
    "description": minor("d", "e"),
    "featureAlgorithm": minor("PCA", "mean"),
    "featureSources": minor([{"name": "s"}], [{"name": "t"}]),
    "tags": minor([label("PII.None")], [label("Tier.Tier1")], "list"),
}
PAIRED = ("description", "tags")
"""The members of a feature that are recorded by themselves as well."""
SOURCE = {
    "name": minor("s", "t"),
    "dataType": minor("string", "number"),
    "description": minor("d", "e"),
    "dataSource": minor("table:people", "table:others"),
    "tags": minor([label("PII.None")], [label("Tier.Tier1")]),
}
PARAMETER = {"value": minor("1", "2"), "description": minor("d", "e")}


def test_the_members_of_a_feature(api: Api) -> None:
    """A feature that changed is recorded as deleted and added whole, whatever changed in it; always minor."""
    for member, row in FEATURE.items():
        api.model(member, mlFeatures=[{"name": "f"}, {"name": "other"}])
        scene = Play(api, named("mlmodels", f"headwater.{member}"))
        before: Any = None
        for after in (row.one, row.two, None):
            operation = {"op": "add" if after is not None else "remove", "path": f"/mlFeatures/0/{member}"}
            told = scene.step(f"{member} to {after}", MINOR, operation | ({"value": after} if after else {}))
            expected = {"fieldsAdded": {"mlFeatures"}, "fieldsDeleted": {"mlFeatures"}}
            if member in PAIRED:
                for kind in recorded(row, "", before, after):
                    expected[kind] = expected.get(kind, set()) | {f"mlFeatures.f.{member}"}
            assert {kind: set(names) for kind, names in told.items()} == expected, f"{member} to {after}"
            (old,) = json.loads(told["fieldsDeleted"]["mlFeatures"][0])
            (new,) = json.loads(told["fieldsAdded"]["mlFeatures"][1])
            assert says(old.get(member) or None, before), member
            assert says(new.get(member) or None, after), member
            before = after


def test_the_members_of_a_feature_source(api: Api) -> None:
    people, others = api.table(columns=["s", "t"]), api.table("others", columns=["s", "t"])
    references = {f"table:{one['name']}": {"id": one["id"], "type": "table"} for one in (people, others)}
    for member, row in SOURCE.items():
        api.model(member, mlFeatures=[feature("f", "s")])
        scene = Play(api, named("mlmodels", f"headwater.{member}"))
        for after in (row.two, row.one, None):
            if after is None and member == "name":
                continue
            place = f"/mlFeatures/0/featureSources/0/{member}"
            operation = {"op": "remove", "path": place}
            if after is not None:
                operation = {"op": "add", "path": place, "value": resolved(after, references)}
            told = scene.step(f"{member} to {after}", MINOR, operation)
            assert {kind: set(names) for kind, names in told.items()} == {
                "fieldsAdded": {"mlFeatures"},
                "fieldsDeleted": {"mlFeatures"},
            }, f"{member} to {after}"


def test_the_members_of_a_hyper_parameter(api: Api) -> None:
    for member, row in PARAMETER.items():
        api.model(member, mlHyperParameters=[{"name": "p"}, {"name": "q"}])
        scene = Play(api, named("mlmodels", f"headwater.{member}"))
        for after in (row.one, row.two, None):
            operation = {"op": "add" if after else "remove", "path": f"/mlHyperParameters/0/{member}"}
            told = scene.step(f"{member} to {after}", MINOR, operation | ({"value": after} if after else {}))
            assert {kind: set(names) for kind, names in told.items()} == {
                "fieldsAdded": {"mlHyperParameters"},
                "fieldsDeleted": {"mlHyperParameters"},
            }


COLUMN = {
    "displayName": minor("C", "D"),
    "description": minor("d", "e"),
    "dataLength": Row(10, 5, (MAJOR, MAJOR, MINOR)),
    "precision": Row(10, 5, (MINOR, MAJOR, MAJOR)),
    "scale": Row(2, 1, (MINOR, MAJOR, MAJOR)),
    "dataTypeDisplay": minor("int(4)", "int(8)"),
    "constraint": minor("UNIQUE", "NOT_NULL"),
    "ordinalPosition": minor(1, 2),
    "jsonSchema": minor("{}", "[]"),
    "tags": minor([label("PII.None")], [label("Tier.Tier1")], "list"),
    "customMetrics": minor([{"name": "m", "expression": "1"}], [{"name": "m", "expression": "2"}], "json"),
    "extension": minor({"k": 1}, {"k": 2}, "json"),
}
STEPS_OF_TYPES = ("dataType", "arrayDataType")
"""A column of another type is another column: the old one is deleted, which is major, and a new one added."""


def columns_of(api: Api, name: str, *columns: Any) -> Play:
    api.table(name, columns=[{"name": "other", "dataType": "INT"}, *columns])
    return Play(api, named("tables", f"db.shop.main.{name}"))


def test_the_members_of_a_column(api: Api) -> None:
    for nested in (False, True):
        for member, row in COLUMN.items():
            column: Any = {"name": "c", "dataType": "INT"}
            column |= {"precision": 12} if member == "scale" else {}
            if nested:
                column = {"name": "a.b", "dataType": "STRUCT", "children": [column]}
            scene = columns_of(api, f"{member}{nested}", column)
            place = f"/columns/1/children/0/{member}" if nested else f"/columns/1/{member}"
            name = f'columns."a.b".c.{member}' if nested else f"columns.c.{member}"
            before: Any = None
            for after, step in zip((row.one, row.two, None), row.steps, strict=True):
                operation: Any = {"op": "remove", "path": place}
                if after is not None:
                    operation = {"op": "add", "path": place, "value": after}
                what = f"{name} to {after}"
                check(scene.step(what, step, operation), recorded(row, name, before, after), row.kind, what)
                before = after


def test_wider_columns_are_minor(api: Api) -> None:
    scene = columns_of(api, "wide", {"name": "c", "dataType": "DECIMAL", "dataLength": 1, "precision": 3, "scale": 1})
    for member, value in (("dataLength", 2), ("precision", 4), ("scale", 2)):
        operation = {"op": "replace", "path": f"/columns/1/{member}", "value": value}
        told = scene.step(member, MINOR, operation)
        assert {kind: list(names) for kind, names in told.items()} == {"fieldsUpdated": [f"columns.c.{member}"]}


def test_columns_come_go_and_change_type(api: Api) -> None:
    both = {"fieldsAdded": ["columns"], "fieldsDeleted": ["columns"]}
    cases: list[tuple[str, int, dict[str, list[str]], Any]] = [
        (
            "added",
            MINOR,
            {"fieldsAdded": ["columns"]},
            {"path": "/columns/-", "value": {"name": "n", "dataType": "INT"}},
        ),
        ("removed", MAJOR, {"fieldsDeleted": ["columns"]}, {"op": "remove", "path": "/columns/2"}),
        ("dataType", MAJOR, both, {"op": "replace", "path": "/columns/1/dataType", "value": "TEXT"}),
        ("name", MAJOR, both, {"op": "replace", "path": "/columns/1/name", "value": "z"}),
        ("arrayDataType", MAJOR, both, {"op": "add", "path": "/columns/1/arrayDataType", "value": "INT"}),
        ("arrayDataType", MAJOR, both, {"op": "replace", "path": "/columns/1/arrayDataType", "value": "TEXT"}),
        ("arrayDataType", MAJOR, both, {"op": "remove", "path": "/columns/1/arrayDataType"}),
    ]
    scene = columns_of(api, "kinds", {"name": "c", "dataType": "INT"})
    for what, step, expected, operation in cases:
        told = scene.step(what, step, {"op": "add", **operation})
        assert {kind: list(names) for kind, names in told.items()} == expected, what
    nested = {"name": "s", "dataType": "STRUCT", "children": [{"name": "c", "dataType": "INT"}]}
    scene = columns_of(api, "nested", nested)
    inner = {"fieldsAdded": ["columns.s"], "fieldsDeleted": ["columns.s"]}
    new = {"name": "n", "dataType": "INT"}
    for what, step, expected, operation in (
        ("added", MINOR, {"fieldsAdded": ["columns.s"]}, {"path": "/columns/1/children/-", "value": new}),
        ("dataType", MAJOR, inner, {"path": "/columns/1/children/0/dataType", "value": "TEXT", "op": "replace"}),
        ("removed", MAJOR, {"fieldsDeleted": ["columns.s"]}, {"op": "remove", "path": "/columns/1/children/0"}),
    ):
        told = scene.step(what, step, {"op": "add", **operation})
        assert {kind: list(names) for kind, names in told.items()} == expected, what
