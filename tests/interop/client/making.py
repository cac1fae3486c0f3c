# SPDX-License-Identifier: Apache-2.0
"""Requests of the client that tests share."""

from typing import Any

from metadata.generated.schema.api.data.createDatabase import CreateDatabaseRequest
from metadata.generated.schema.api.data.createDatabaseSchema import CreateDatabaseSchemaRequest
from metadata.generated.schema.api.data.createMlModel import CreateMlModelRequest
from metadata.generated.schema.api.data.createTable import CreateTableRequest
from metadata.generated.schema.api.services.createDatabaseService import CreateDatabaseServiceRequest
from metadata.generated.schema.api.services.createMlModelService import CreateMlModelServiceRequest
from metadata.generated.schema.api.teams.createUser import CreateUserRequest
from metadata.generated.schema.type.entityReference import EntityReference
from metadata.generated.schema.type.tagLabel import TagLabel
from pydantic import AnyUrl


def model_service(om: Any, name: str, kind: str = "Mlflow") -> Any:
    """A service that holds models."""
    return om.create_or_update(CreateMlModelServiceRequest(name=name, serviceType=kind))


def model(om: Any, service: str, name: str = "m", **members: Any) -> Any:
    """A model, created or updated; its service is made first."""
    model_service(om, service)
    return om.create_or_update(CreateMlModelRequest(name=name, service=service, **members))


def table(om: Any, service: str, name: str = "people", columns: Any = ("age", "income"), **members: Any) -> Any:
    """A table ``<service>.shop.main.<name>``; columns are whole numbers where only their names are given."""
    om.create_or_update(CreateDatabaseServiceRequest(name=service, serviceType="SQLite"))
    om.create_or_update(CreateDatabaseRequest(name="shop", service=service))
    om.create_or_update(CreateDatabaseSchemaRequest(name="main", database=f"{service}.shop"))
    written = [{"name": each, "dataType": "INT"} if isinstance(each, str) else each for each in columns]
    request = CreateTableRequest(name=name, columns=written, databaseSchema=f"{service}.shop.main", **members)
    return om.create_or_update(request)


def user(om: Any, name: str) -> Any:
    """A person."""
    return om.create_or_update(CreateUserRequest(name=name, email=f"{name}@example.org"))


def reference(entity: Any, kind: str) -> Any:
    """A reference to an entity."""
    return EntityReference(id=entity.id, type=kind)


def label(tag: str) -> Any:
    """A label that somebody put there by hand."""
    return TagLabel(tagFQN=tag, source="Classification", labelType="Manual", state="Confirmed")


def feature(name: str, *columns: str, table: Any) -> dict[str, Any]:
    """A feature that is made from columns of a table."""
    sources = [{"name": column, "dataType": "integer", "dataSource": reference(table, "table")} for column in columns]
    return {"name": name, "dataType": "numerical", "featureSources": sources}


def text(value: Any) -> Any:
    """The plain value inside one of the client's wrapped ones; URLs as text."""
    value = getattr(value, "root", value)
    return str(value) if isinstance(value, AnyUrl) else value


def texts(values: Any) -> list[Any]:
    """The plain values."""
    return [text(each) for each in values or ()]
