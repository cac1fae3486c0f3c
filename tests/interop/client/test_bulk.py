# SPDX-License-Identifier: Apache-2.0
"""Many entities in one call."""

from typing import Any

from metadata.generated.schema.api.data.createMlModel import CreateMlModelRequest
from metadata.generated.schema.api.data.createTable import CreateTableRequest
from metadata.generated.schema.api.services.createMlModelService import CreateMlModelServiceRequest
from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.generated.schema.entity.data.table import Table

from .making import feature, model_service, table, text


def counts(result: Any) -> tuple[str, int, int]:
    """How many rows there were and how many of them failed; the client forgets how many passed."""
    return result.status.value, text(result.numberOfRowsProcessed), text(result.numberOfRowsFailed)


def test_types_of_all_kinds_at_once(bot: Any, unique: str) -> None:
    """The client sorts them by depth and sends one call for each type."""
    people = table(bot, unique)
    requests = [
        CreateMlModelRequest(name="m", service=unique, mlFeatures=[feature("f", "age", table=people)]),
        CreateTableRequest(
            name="orders", columns=[{"name": "total", "dataType": "INT"}], databaseSchema=f"{unique}.shop.main"
        ),
        CreateMlModelServiceRequest(name=unique, serviceType="Mlflow"),
    ]
    for _ in range(2):
        result = bot.bulk_create_or_update(requests)
        assert counts(result) == ("success", 3, 0)
        assert not result.failedRequest
    assert bot.watch.calls()[-3] == "PUT /services/mlmodelServices/bulk -> 200"
    assert sorted(bot.watch.calls()[-2:]) == ["PUT /mlmodels/bulk -> 200", "PUT /tables/bulk -> 200"]
    assert text(bot.get_by_name(MlModel, f"{unique}.m").version) == 0.1
    assert bot.get_by_name(Table, f"{unique}.shop.main.orders").updatedBy == "ingestion-bot"


def test_what_is_wrong_is_told_and_the_rest_is_kept(bot: Any, unique: str) -> None:
    model_service(bot, unique)
    requests = [
        CreateMlModelRequest(name="good", service=unique),
        CreateMlModelRequest(name="bad", service=f"{unique}-nowhere"),
        CreateMlModelRequest(name="fine", service=unique),
    ]
    result = bot.bulk_create_or_update(requests)
    assert counts(result) == ("failure", 3, 1)
    answered = bot.watch.exchanges[-1].reply
    assert (answered["status"], answered["numberOfRowsPassed"]) == ("partialSuccess", 2)
    (failed,) = result.failedRequest
    assert failed.status == 404
    assert "nowhere not found" in failed.message
    kept = bot.list_all_entities(MlModel, params={"service": unique})
    assert {text(each.name) for each in kept} == {"good", "fine"}


def test_bulk_restores_what_was_deleted(bot: Any, unique: str) -> None:
    model_service(bot, unique)
    request = CreateMlModelRequest(name="m", service=unique)
    bot.bulk_create_or_update([request])
    made = bot.get_by_name(MlModel, f"{unique}.m")
    bot.delete(MlModel, made.id)
    assert counts(bot.bulk_create_or_update([request])) == ("success", 1, 0)
    assert bot.get_by_id(MlModel, made.id).deleted is False
