# SPDX-License-Identifier: Apache-2.0
"""What a client is, beside its collections."""

import json
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_type_hints

import pytest

from headwater.errors import (
    CatalogError,
    EntityNotFound,
    InvalidEntity,
    PermissionDenied,
    RequestRefused,
    StoreError,
    Unauthenticated,
)
from headwater.schema.base import CreateRequest, Entity
from headwater.schema.declare import EntityType
from headwater.schema.entities.data import Table
from headwater.schema.registry import Registry, discover, snake, standard
from headwater.sdk.client import Client
from headwater.sdk.collection import Collection
from headwater.sdk.transport import HttpTransport, Transport
from headwater.sdk.wire import CatalogWarning

Answer = tuple[int, Mapping[str, str], bytes]


class Scripted:
    """A transport with one answer to everything."""

    def __init__(self, status: int, body: bytes) -> None:
        self.answer: Answer = (status, {}, body)

    def request(
        self, method: str, path: str, query: str = "", body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        return self.answer

    def close(self) -> None:
        """Nothing to give up."""


class Newer:
    """A server of a later version: every object in its answers has a member that we do not know."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def request(self, *given: Any) -> Answer:
        status, headers, body = self.transport.request(*given)
        return status, headers, json.dumps(self._with_news(json.loads(body))).encode() if body else b""

    def _with_news(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._with_news(item) for name, item in value.items()} | {"novelty": [1]}
        if isinstance(value, list):
            return [self._with_news(item) for item in value]
        if isinstance(value, str) and value.startswith("{"):
            return json.dumps(self._with_news(json.loads(value)))
        return value

    def close(self) -> None:
        self.transport.close()


# collections


def test_the_annotations_are_the_registry() -> None:
    hints = {name: _collection(hint) for name, hint in get_type_hints(Client).items()}
    annotated = {name: get_args(hint) for name, hint in hints.items() if getattr(hint, "__args__", None)}
    assert annotated == {snake(declared.sdk_name): (declared.entity, declared.create) for declared in standard()}


def _collection(hint: Any) -> Any:
    """What a type hint says of its entities; a collection that can do more says it in its base."""
    return vars(hint)["__orig_bases__"][0] if isinstance(hint, type) and issubclass(hint, Collection) else hint


def test_collections_are_listed_and_found_by_any_word(client: Client) -> None:
    assert {"mlmodels", "mlmodel_services", "database_schemas", "lineage"} <= set(dir(client))
    for word in ("mlmodelService", "MLMODELSERVICE", "services/mlmodelServices", "mlmodelServices", "mlmodel_services"):
        assert client.collection(word) is client.mlmodel_services
    with pytest.raises(CatalogError, match=r"gizmo is no type of entity; there are .*, chart, .*, table"):
        client.collection("gizmo")
    with pytest.raises(AttributeError, match=r"no mlmodel; its collections are .*, charts, .*, mlmodels, "):
        _ = client.mlmodel


def test_every_shipped_type_has_a_collection_that_answers(client: Client) -> None:
    for declared in client.registry:
        found = client.collection(declared.name)
        assert found.declared is declared
        assert found.count() == len(list(found.list(page_size=2)))


# the catalogue as a whole


def test_version_and_health(client: Client) -> None:
    assert client.server_version() == "2.0.7"
    assert client.health()["position"] == client.events()[-1].position


def test_events_go_on_from_a_position(client: Client) -> None:
    before = client.health()["position"]
    client.mlmodels.create(name="one")
    client.mlmodels.put(name="one", algorithm="Other")
    client.mlmodels.delete("headwater.one")
    found = client.events(after=before)
    assert [(event.event_type, event.entity_fully_qualified_name) for event in found] == [
        ("entityCreated", "headwater.one"),
        ("entityUpdated", "headwater.one"),
        ("entitySoftDeleted", "headwater.one"),
    ]
    change = found[1].change_description
    assert change is not None
    assert [(each.name, each.new_value) for each in change.fields_updated] == [("algorithm", "Other")]
    assert [event.position for event in client.events(after=before, limit=1)] == [before + 1]


def test_a_client_closes_with_its_block(make_client: Callable[..., Client]) -> None:
    with make_client() as client:
        assert client.health()["status"] == "healthy"


def test_unknown_members_of_a_newer_server_are_left_out(
    client: Client, make_table: Callable[..., Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = make_table("customers", id="INT")
    monkeypatch.setattr(client._wire, "transport", Newer(client._wire.transport))
    source = {"name": "id", "dataSource": table.fully_qualified_name}
    model = client.mlmodels.put(name="one", ml_features=[{"name": "id", "feature_sources": [source]}], owners=["admin"])
    assert client.mlmodels.get(model, fields="*").id == model.id
    assert client.mlmodels.patch(model, description="x").description == "x"
    assert len(client.mlmodels.versions(model)) == 2
    assert len(client.lineage.get(model).nodes) == 1
    assert client.lineage.edge(table, model).columns_lineage
    assert client.events()
    assert client.mlmodels.bulk([{"name": "two"}]).status == "success"
    assert [each.name for each in client.mlmodels.list()] == ["one", "two"]


# errors


def test_faults_keep_their_places(client: Client) -> None:
    features = [{"name": "age", "featureSources": [{"name": "x", "dataSource": "shop.none"}]}]
    with pytest.raises(InvalidEntity) as local:
        client.mlmodels.put(name="", algorithm=3)
    with pytest.raises(InvalidEntity) as remote:
        client._wire.ask("PUT", "/api/v1/mlmodels", body={"name": "", "algorithm": 3})
    assert remote.value.errors == local.value.errors
    assert len(remote.value.errors) == 2
    assert remote.value.message == local.value.message
    with pytest.raises(EntityNotFound, match=r"shop\.none"):
        client.mlmodels.put(name="x", ml_features=features)


def test_what_cannot_be_json_is_refused(client: Client) -> None:
    with pytest.raises(InvalidEntity, match="cannot be written as JSON"):
        client.mlmodels.put(name="x", extension={"text": "\ud800"})


def test_a_server_without_the_path_is_not_a_missing_entity(client: Client) -> None:
    gadget = EntityType(name="gadget", collection="gadgets", entity=Entity, create=CreateRequest)
    newer = Client(client._wire.transport, Registry([*discover(), gadget]))
    with pytest.raises(RequestRefused) as refused:
        newer.gadgets.find("x")
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("status", "error_type", "expected"),
    [
        (400, "InvalidEntity", InvalidEntity),
        (401, None, Unauthenticated),
        (403, "PermissionDenied", PermissionDenied),
        (403, "RequestRefused", RequestRefused),
        (404, None, EntityNotFound),
        (418, None, RequestRefused),
        (500, "StoreError", StoreError),
    ],
)
def test_errors_are_of_the_class_that_was_raised(
    status: int, error_type: str | None, expected: type[CatalogError]
) -> None:
    body = {"code": status, "message": "why", "errorType": error_type, "errors": ["a", "b"]}
    client = Client(Scripted(status, json.dumps(body).encode()))
    with pytest.raises(CatalogError) as caught:
        client.mlmodels.get("x")
    assert (type(caught.value), caught.value.message) == (expected, "why")
    if isinstance(caught.value, InvalidEntity):
        assert caught.value.errors == ("a", "b")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, b"<html>nothing here</html>", RequestRefused),
        (404, b'{"detail": "nothing here"}', RequestRefused),
        (502, b"Bad Gateway", StoreError),
        (302, b"", RequestRefused),
        (200, b"<html>hello</html>", CatalogError),
        (200, b'{"hello": "world"}', CatalogError),
        (200, b"", CatalogError),
    ],
)
def test_answers_of_something_else_are_no_entities(status: int, body: bytes, expected: type[CatalogError]) -> None:
    with pytest.raises(CatalogError) as caught:
        Client(Scripted(status, body)).mlmodels.find("x")
    assert type(caught.value) is expected


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://127.0.0.1:99999", "http://[::1"])
def test_no_server_is_a_store_error(url: str) -> None:
    with pytest.raises(StoreError) as caught, Client(HttpTransport(url, timeout=2)) as client:
        client.health()
    assert caught.value.message.startswith(f"no answer from {url}: ")


def test_what_looks_wrong_is_a_warning(client: Client, make_table: Callable[..., Table]) -> None:
    make_table("customers", city="STRING")
    source = {"name": "city", "dataType": "number", "dataSource": "shop.main.public.customers"}
    with pytest.warns(CatalogWarning, match="city is of type STRING, not number") as warned:
        client.mlmodels.put(name="one", ml_features=[{"name": "city", "featureSources": [source]}])
    assert [each.filename for each in warned] == [__file__]
