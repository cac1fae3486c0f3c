# SPDX-License-Identifier: Apache-2.0
"""What a PUT by a person and by a bot leaves alone, and the client's patch helpers."""

import itertools
import json
from typing import Any

import pytest
from metadata.generated.schema.api.data.createMlModel import CreateMlModelRequest
from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.generated.schema.entity.data.table import Table
from metadata.generated.schema.type.entityReferenceList import EntityReferenceList
from metadata.generated.schema.type.lifeCycle import AccessDetails, LifeCycle
from metadata.ingestion.models.patch_request import (
    ALLOWED_COMMON_PATCH_FIELDS,
    ARRAY_ENTITY_FIELDS,
    RESTRICT_UPDATE_LIST,
)
from metadata.ingestion.models.table_metadata import ColumnDescription, ColumnTag
from metadata.ingestion.ometa.mixins.patch_mixin_utils import PatchOperation

from .making import feature, label, model, reference, table, text, user

SENSITIVE = label("PII.Sensitive")


def tags(entity: Any) -> list[str]:
    return sorted(text(each.tagFQN) for each in entity.tags)


def test_a_bot_keeps_what_people_wrote(om: Any, bot: Any, unique: str) -> None:
    columns = table(om, unique, columns=[{"name": "age", "dataType": "INT", "description": "by ada"}])
    written = {"description": "by ada", "displayName": "Ada's"}
    model(om, unique, mlFeatures=[{"name": "f", "description": "by ada"}], **written)
    changed = model(bot, unique, description="by a bot", algorithm="x", mlFeatures=[{"name": "f", "description": "b"}])
    assert (text(changed.description), changed.displayName, changed.algorithm) == ("by ada", "Ada's", "x")
    assert text(changed.mlFeatures[0].description) == "by ada"
    silent = model(bot, unique, algorithm="y")
    assert (text(silent.description), silent.displayName, silent.updatedBy) == ("by ada", "Ada's", "ingestion-bot")
    again = table(bot, unique, columns=[{"name": "age", "dataType": "INT", "description": "b"}])
    assert (again.id, text(again.columns[0].description)) == (columns.id, "by ada")


def test_a_bot_may_insist_in_bulk(om: Any, bot: Any, unique: str) -> None:
    made = model(om, unique, description="by ada")
    request = CreateMlModelRequest(name="m", service=unique, description="by a bot")
    bot.bulk_create_or_update([request])
    assert text(om.get_by_id(MlModel, made.id).description) == "by ada"
    bot.bulk_create_or_update([request], override_metadata=True)
    assert text(om.get_by_id(MlModel, made.id).description) == "by a bot"


def test_a_person_removes_a_description_by_omission(om: Any, unique: str) -> None:
    model(om, unique, description="by ada")
    assert model(om, unique).description is None


def test_put_unites_labels(om: Any, unique: str) -> None:
    model(om, unique, tags=[label("Tier.Tier1")], mlFeatures=[{"name": "f", "tags": [label("PII.Sensitive")]}])
    united = model(om, unique, tags=[label("PersonalData.Personal")], mlFeatures=[{"name": "f"}])
    assert tags(united) == ["PersonalData.Personal", "Tier.Tier1"]
    assert tags(united.mlFeatures[0]) == ["PII.Sensitive"]


def test_patch_description(om: Any, unique: str) -> None:
    made = model(om, unique)
    assert text(om.patch_description(MlModel, made, "new").description) == "new"
    assert om.patch_description(MlModel, made, "newer") is None
    assert text(om.patch_description(MlModel, made, "newer", force=True).description) == "newer"


def test_patch_tags_of_an_entity_without_any(om: Any, unique: str) -> None:
    made = model(om, unique)
    assert tags(om.patch_tag(MlModel, made, SENSITIVE)) == ["PII.Sensitive"]
    assert tags(om.patch_tags(MlModel, made, [label("Tier.Tier1")])) == ["PII.Sensitive", "Tier.Tier1"]
    om.patch_tag(MlModel, made, SENSITIVE, operation=PatchOperation.REMOVE)
    left = om.get_by_id(MlModel, made.id, fields=["tags"])
    assert tags(left) == ["Tier.Tier1"]
    assert left.tags[0].appliedBy == "ada"
    assert left.tags[0].appliedAt is not None


def test_patch_tags_that_exclude_each_other_is_refused(om: Any, unique: str) -> None:
    made = model(om, unique, tags=[label("Tier.Tier1")])
    assert om.patch_tag(MlModel, made, label("Tier.Tier2")) is None
    assert om.watch.exchanges[-1].status == 400
    assert "mutually exclusive" in om.watch.exchanges[-1].reply["message"]


def test_patch_owner(om: Any, unique: str) -> None:
    people = [user(om, f"{unique}-{number}") for number in range(2)]
    made = model(om, unique)
    for person, force in zip(people, (False, True), strict=True):
        wanted = EntityReferenceList(root=[reference(person, "user")])
        changed = om.patch_owner(MlModel, made, wanted, force=force)
        assert [each.id for each in text(changed.owners)] == [person.id]


def test_patch_of_the_difference(om: Any, unique: str) -> None:
    columns = table(om, unique)
    model(om, unique, mlFeatures=[feature("f", "age", table=columns), {"name": "g"}, {"name": "h"}])
    source = om.get_by_name(MlModel, f"{unique}.m")
    destination = source.model_copy(deep=True)
    destination.displayName, destination.algorithm = "Shown", "xgb"
    destination.mlFeatures = [destination.mlFeatures[1], destination.mlFeatures[2]]
    patched = om.patch(MlModel, source, destination)
    assert (patched.displayName, patched.algorithm) == ("Shown", "xgb")
    assert [text(each.name) for each in patched.mlFeatures] == ["g", "h"]
    sent = om.watch.exchanges[-1].sent
    assert om.patch(MlModel, patched, patched.model_copy(deep=True)) is None
    assert om.watch.exchanges[-1].sent == sent, "nothing to change, so nothing was sent"


def test_patch_as_an_ingestion_sends_it(om: Any, bot: Any, unique: str) -> None:
    """With its restricted fields, and columns as one whole list."""
    made = table(om, unique, columns=["age", "income"])
    om.patch_column_tag(made, f"{unique}.shop.main.people.age", SENSITIVE)
    source = bot.get_by_name(Table, f"{unique}.shop.main.people", fields=["tags", "columns"])
    destination = source.model_copy(deep=True)
    destination.columns = [*destination.columns, destination.columns[0].model_copy(update={"name": "size"})]
    destination.columns[-1].tags, destination.columns[-1].fullyQualifiedName = None, None
    patched = bot.patch(
        Table,
        source,
        destination,
        allowed_fields=ALLOWED_COMMON_PATCH_FIELDS,
        restrict_update_fields=RESTRICT_UPDATE_LIST,
        array_entity_fields=ARRAY_ENTITY_FIELDS,
    )
    assert [text(each.name) for each in patched.columns] == ["age", "income", "size"]
    assert tags(bot.get_by_id(Table, made.id, fields=["tags", "columns"]).columns[0]) == ["PII.Sensitive"]


def test_patch_columns(om: Any, unique: str) -> None:
    made = table(
        om, unique, columns=[{"name": "p", "dataType": "STRUCT", "children": [{"name": "q", "dataType": "INT"}]}]
    )
    nested = f"{unique}.shop.main.people.p.q"
    om.patch_column_tag(made, nested, SENSITIVE)
    om.patch_column_description(made, nested, "inner")
    assert [each for each in om.watch.exchanges if each.method == "PATCH"]
    (outer,) = om.get_by_id(Table, made.id, fields=["tags", "columns"]).columns
    (inner,) = outer.children
    assert (tags(outer), tags(inner), text(inner.description)) == ([], ["PII.Sensitive"], "inner")


@pytest.mark.parametrize("helper", ["tags", "descriptions"])
def test_patch_columns_beside_another_writer(
    om: Any, connect: Any, unique: str, helper: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The helpers send ``If-Match``. When somebody has written in between they are refused, read again and succeed."""
    made, other = table(om, unique), connect("grace")
    target = f"{unique}.shop.main.people.age"
    patch, turns = om.client.patch, itertools.count()

    def late(path: str, **more: Any) -> Any:
        if next(turns) == 0:
            source = other.get_by_id(Table, made.id)
            other.patch(Table, source, source.model_copy(update={"displayName": "in between"}))
        return patch(path=path, **more)

    monkeypatch.setattr(om.client, "patch", late)
    if helper == "tags":
        om.patch_column_tags(made, [ColumnTag(column_fqn=target, tag_label=SENSITIVE)])
    else:
        om.patch_column_descriptions(made, [ColumnDescription(column_fqn=target, description="d")])
    answers = [each.status for each in om.watch.exchanges if each.method == "PATCH"]
    assert answers == [412, 200]
    found = om.get_by_id(Table, made.id, fields=["tags", "columns"])
    assert found.displayName == "in between"
    column = found.columns[0]
    assert (tags(column), text(column.description)) == ((["PII.Sensitive"], None) if helper == "tags" else ([], "d"))


def test_patch_life_cycle(om: Any, unique: str) -> None:
    made = table(om, unique)
    cycle = LifeCycle(accessed=AccessDetails(timestamp=1_700_000_000_000))
    changed = om.patch_life_cycle(made, cycle)
    assert text(changed.lifeCycle.accessed.timestamp) == 1_700_000_000_000
    assert text(changed.version) == 0.1


def test_patches_of_one_person_make_one_version(om: Any, unique: str) -> None:
    """Within ten minutes they are folded, and going back to what was there removes the version."""
    made = model(om, unique, description="zero")
    assert text(om.patch_description(MlModel, made, "one", force=True).version) == 0.2
    folded = om.patch_description(MlModel, made, "two", force=True)
    assert text(folded.version) == 0.2
    back = om.patch_description(MlModel, folded, "zero", force=True)
    assert text(back.version) == 0.1
    history = om.get_list_entity_versions(made.id, MlModel).versions
    assert [json.loads(each)["version"] for each in history] == [0.1]
