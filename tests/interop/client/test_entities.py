# SPDX-License-Identifier: Apache-2.0
"""Entities by the client's plain calls: names, pages, versions, deletion."""

from typing import Any

import pytest
from metadata.generated.schema.api.data.createMlModel import CreateMlModelRequest
from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.generated.schema.entity.data.table import Table
from metadata.generated.schema.entity.services.mlmodelService import MlModelService
from metadata.ingestion.ometa.client import APIError

from .making import feature, label, model, model_service, reference, table, text, user


def newest(om: Any) -> int:
    """How many changes the catalogue has seen."""
    return int(om.watch.read("/system/health")["position"])


def test_a_second_put_changes_nothing(om: Any, unique: str) -> None:
    columns = table(om, unique)
    request: dict[str, Any] = {
        "algorithm": "a",
        "mlFeatures": [feature("f", "age", table=columns)],
        "tags": [label("Tier.Tier1")],
    }
    first = model(om, unique, **request)
    before = newest(om)
    second = model(om, unique, **request)
    assert newest(om) == before
    assert second == first
    assert text(second.version) == 0.1
    assert om.watch.exchanges[-1].headers["X-OpenMetadata-Change"] == "entityNoChange"


def test_post_of_what_exists_is_a_conflict(om: Any, unique: str) -> None:
    model(om, unique)
    with pytest.raises(APIError, match="already exists") as refused:
        om.create(CreateMlModelRequest(name="m", service=unique))
    assert refused.value.code == 409


def test_defaults_that_the_client_does_not_send(om: Any, unique: str) -> None:
    made = model(om, unique)
    assert om.watch.exchanges[-1].sent == {"name": "m", "service": unique}
    assert made.algorithm == "mlmodel"
    assert made.serviceType.value == "Mlflow"
    assert text(made.href).startswith("http")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.b", '"a.b"'),
        ("with space", "with space"),
        ("slash/es", "slash/es"),
        ("percent%2F", "percent%2F"),
        ("modèle Größe 模型", "modèle Größe 模型"),
        ("question?&=#", "question?&=#"),
        ("back\\slash", "back\\slash"),
        ("a::b", "a__reserved__colon__b"),
        ('quo"te', "quo__reserved__quote__te"),
        ("a > b", "a __reserved__arrow__ b"),
        ("line\nbreak", "line__reserved__newline__break"),
        ("x" * 256, "x" * 256),
    ],
)
def test_any_name_is_found_again(om: Any, unique: str, name: str, path: str) -> None:
    made = model(om, unique, name)
    assert text(made.name) == name
    stored = f"{unique}.{path}"
    assert om.get_by_name(MlModel, stored).id == made.id
    assert om.get_by_name(MlModel, stored, fields=["tags"], include="all").id == made.id
    assert model(om, unique, name, description="again").id == made.id
    assert [each.id for each in om.list_all_entities(MlModel, params={"service": unique})] == [made.id]


@pytest.mark.parametrize("name", ["my.service", "my service", "mein Dienst / 模型"])
def test_a_service_is_found_by_its_bare_name(om: Any, unique: str, name: str) -> None:
    name = f"{unique} {name}"
    made = model_service(om, name)
    assert om.get_by_name(MlModelService, name).id == made.id
    assert model(om, name).service.id == made.id


def test_every_page_size_walks_over_all(om: Any, unique: str) -> None:
    model_service(om, unique)
    names = [f"m{number:03}" for number in range(103)] + ['o"ther', "dot.ted", "Zeta", "ä"]
    om.bulk_create_or_update([CreateMlModelRequest(name=name, service=unique) for name in names])
    for size in (1, 2, 7, 100, 1000):
        walked = list(om.list_all_entities(MlModel, limit=size, params={"service": unique}))
        assert sorted(text(each.name) for each in walked) == sorted(names)
    page = om.list_entities(MlModel, limit=2, params={"service": unique})
    assert (page.total, page.before) == (107, None)
    second = om.list_entities(MlModel, limit=2, after=page.after, params={"service": unique})
    back = om.list_entities(MlModel, limit=2, before=second.before, params={"service": unique})
    assert [each.id for each in back.entities] == [each.id for each in page.entities]
    nothing = om.list_entities(MlModel, limit=0, params={"service": unique})
    assert (nothing.total, list(nothing.entities)) == (107, [])


def test_deleted_entities_by_include(om: Any, unique: str) -> None:
    made = model(om, unique)
    model(om, unique, "other")
    om.delete(MlModel, made.id)

    def listed(include: str) -> set[str]:
        found = om.list_all_entities(MlModel, params={"service": unique}, include=include)
        return {text(each.name) for each in found}

    assert (listed("all"), listed("deleted"), listed("non-deleted")) == ({"m", "other"}, {"m"}, {"other"})
    assert om.get_by_name(MlModel, f"{unique}.m") is None
    for include in ("all", "deleted"):
        for fields in (None, ["tags"]):
            assert om.get_by_name(MlModel, f"{unique}.m", include=include, fields=fields).deleted is True
    assert om.get_by_name(MlModel, f"{unique}.m", include="non-deleted") is None


def test_put_restores_and_so_does_restore(om: Any, unique: str) -> None:
    made = model(om, unique)
    om.delete(MlModel, made.id)
    again = model(om, unique)
    assert (again.id, again.deleted, text(again.version)) == (made.id, False, 0.3)
    om.delete(MlModel, made.id)
    assert text(om.restore(MlModel, made.id).version) == 0.5
    assert om.restore(MlModel, "00000000-0000-0000-0000-000000000000") is None


def test_a_service_goes_with_all_that_it_holds(om: Any, unique: str) -> None:
    columns = table(om, f"{unique}db")
    made = model(om, unique, mlFeatures=[feature("f", "age", table=columns)])
    with pytest.raises(APIError, match="not empty"):
        om.delete(MlModelService, made.service.id)
    om.delete(MlModelService, made.service.id, recursive=True)
    assert om.get_by_id(MlModel, made.id) is None
    assert text(om.restore(MlModelService, made.service.id).version) == 0.3
    assert om.get_by_id(MlModel, made.id).deleted is False
    om.delete(MlModelService, made.service.id, recursive=True, hard_delete=True)
    assert om.get_by_name(MlModel, f"{unique}.m", include="all") is None
    assert om.get_by_id(Table, columns.id).id == columns.id
    with pytest.raises(APIError, match="not found"):
        om.delete(MlModel, made.id)


def test_versions_are_texts_and_each_is_found(om: Any, unique: str) -> None:
    made = model(om, unique, description="one")
    for description in ("two", "three"):
        model(om, unique, description=description)
    history = om.get_list_entity_versions(made.id, MlModel)
    assert history.entityType == "mlmodel"
    parsed = [MlModel.model_validate_json(each) for each in history.versions]
    assert [text(each.version) for each in parsed] == [0.3, 0.2, 0.1]
    assert [text(each.description) for each in parsed] == ["three", "two", "one"]
    assert om.list_versions(made.id, MlModel) == history
    for version, description in ((0.1, "one"), ("0.2", "two"), (0.3, "three")):
        assert text(om.get_entity_version(MlModel, made.id, version).description) == description
    assert om.get_entity_version(MlModel, made.id, 9.9) is None


@pytest.mark.parametrize(
    ("member", "first", "second", "rise"),
    [
        ("displayName", "one", "two", 0.1),
        ("description", "one", "two", 0.1),
        ("algorithm", "one", "two", 1.0),
        ("server", "http://one.example.org/", "http://two.example.org/", 1.0),
        ("server", None, "http://two.example.org/", 1.0),
        ("server", "http://one.example.org/", None, 1.0),
        ("target", "one", "two", 1.0),
        ("target", None, "two", 1.0),
        ("mlFeatures", [{"name": "f"}], [{"name": "f"}, {"name": "g"}], 0.1),
        ("mlFeatures", [{"name": "f"}, {"name": "g"}], [{"name": "g"}], 0.1),
        ("mlHyperParameters", [{"name": "h", "value": "1"}], [{"name": "h", "value": "2"}], 0.1),
        ("mlStore", {"storage": "s3://one"}, {"storage": "s3://two"}, 0.1),
        ("sourceUrl", "http://one.example.org", "http://two.example.org", 0.1),
        ("tags", [label("Tier.Tier1")], [label("PII.None")], 0.1),
        ("sourceHash", "one", "two", 0.0),
        ("lifeCycle", None, {"created": {"timestamp": 1}}, 0.0),
    ],
)
def test_the_rise_of_the_version(om: Any, unique: str, member: str, first: Any, second: Any, rise: float) -> None:
    model(om, unique, **({member: first} if first else {}))
    changed = model(om, unique, **({member: second} if second else {}))
    assert text(changed.version) == pytest.approx(0.1 + rise)
    if rise:
        described = changed.changeDescription
        assert text(described.previousVersion) == 0.1
        changes = [*described.fieldsAdded, *described.fieldsUpdated, *described.fieldsDeleted]
        assert {text(each.name) for each in changes} == {member}


def test_references_of_entities(om: Any, unique: str) -> None:
    made = table(om, unique)
    found = om.get_entity_reference(Table, f"{unique}.shop.main.people")
    assert (found.id, found.type, found.fullyQualifiedName) == (made.id, "table", f"{unique}.shop.main.people")
    assert om.get_entity_reference(Table, f"{unique}.shop.main.nobody") is None


def test_owners_by_put(om: Any, unique: str) -> None:
    owner = user(om, f"{unique}-owner")
    model(om, unique, owners=[reference(owner, "user")])
    requests: list[dict[str, Any]] = [{}, {"owners": []}]
    for request in requests:
        kept = model(om, unique, description=str(request), **request)
        assert [each.id for each in text(kept.owners)] == [owner.id]
    found = om.get_by_name(MlModel, f"{unique}.m", fields=["owners", "followers"])
    (shown,) = text(found.owners)
    assert (shown.name, shown.type) == (f"{unique}-owner", "user")
    assert text(found.followers) == []
