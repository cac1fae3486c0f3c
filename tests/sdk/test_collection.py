# SPDX-License-Identifier: Apache-2.0
"""The methods of a collection, near and far."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from headwater.errors import EntityExists, EntityNotFound, InvalidEntity, VersionConflict
from headwater.schema.base import EntityReference, TagLabel
from headwater.schema.entities.data import Table
from headwater.schema.entities.mlmodel import CreateMlModel, MlFeature, MlModel
from headwater.sdk import collection
from headwater.sdk.client import Client
from headwater.sdk.wire import moment

MakeTable = Callable[..., Table]


@pytest.fixture
def churn(client: Client) -> MlModel:
    return client.mlmodels.create(name="churn", algorithm="Logit", display_name="Churn")


# requests and keys


def test_create_takes_a_model_a_mapping_or_members(client: Client) -> None:
    one = client.mlmodels.create(CreateMlModel(name="one", display_name="One"))
    two = client.mlmodels.create({"name": "two", "displayName": "Two"})
    three = client.mlmodels.create({"name": "three", "display_name": "Three"})
    four = client.mlmodels.create(name="four", display_name="Four")
    assert [each.display_name for each in (one, two, three, four)] == ["One", "Two", "Three", "Four"]
    assert [each.fully_qualified_name for each in (one, four)] == ["headwater.one", "headwater.four"]
    assert four.version == 0.1


def test_members_add_to_a_request_and_win_over_it(client: Client) -> None:
    request = CreateMlModel(name="one", display_name="One", description="kept")
    made = client.mlmodels.put(request, display_name="Other")
    again = client.mlmodels.put({"name": "one", "displayName": "One", "description": "kept"}, display_name="Third")
    assert (made.display_name, made.description, again.display_name) == ("Other", "kept", "Third")


def test_snake_case_reaches_into_nested_parts(client: Client) -> None:
    made = client.mlmodels.put(
        name="one",
        ml_features=[{"name": "age", "data_type": "numerical"}, MlFeature(name="sex", feature_algorithm="OneHot")],
        ml_store={"storage": "s3://bucket/one"},
        extension={"snake_case": 1, "camelCase": {"deep_er": 2}},
    )
    features = made.ml_features or []
    assert [(each.name, each.data_type, each.feature_algorithm) for each in features] == [
        ("age", "numerical", None),
        ("sex", None, "OneHot"),
    ]
    assert made.ml_store is not None
    assert made.ml_store.storage == "s3://bucket/one"
    assert made.extension == {"snake_case": 1, "camelCase": {"deep_er": 2}}


def test_put_creates_then_updates_then_changes_nothing(client: Client) -> None:
    versions = [client.mlmodels.put(name="one", algorithm=word).version for word in ("A", "A", "B")]
    assert versions == [0.1, 0.1, 1.1]


def test_entities_are_found_by_name_id_entity_and_reference(client: Client, churn: MlModel) -> None:
    keys: list[collection.Key] = [
        "headwater.churn",
        '"headwater"."churn"',
        churn.id,
        churn.id.upper(),
        churn,
        EntityReference(id=churn.id, type="mlmodel"),
        EntityReference(type="mlmodel", fully_qualified_name="headwater.churn"),
    ]
    assert {client.mlmodels.get(key).id for key in keys} == {churn.id}


@pytest.mark.parametrize("name", ["a.b", 'say "hi"', "a/b c", "größe+ü%2F", "..", "&include=all", "?x=1#y"])
def test_names_of_any_kind_are_found_again(client: Client, name: str) -> None:
    made = client.mlmodel_services.create(name=name, service_type="Sklearn")
    assert client.mlmodel_services.get(made.fully_qualified_name or "").id == made.id
    assert client.mlmodel_services.get(made).name == name
    assert client.mlmodel_services.count() == 2


def test_a_name_that_looks_like_an_id_is_written_in_quotes(client: Client) -> None:
    name = "11111111-2222-3333-4444-555555555555"
    made = client.mlmodel_services.create(name=name, service_type="Sklearn")
    assert client.mlmodel_services.find(name) is None
    assert client.mlmodel_services.get(f'"{name}"').id == made.id


@pytest.mark.parametrize("key", ["headwater.none", "", "..", 'bad"quote', "11111111-2222-3333-4444-555555555555"])
def test_get_raises_and_find_gives_none_where_there_is_nothing(client: Client, key: str) -> None:
    assert client.mlmodels.find(key) is None
    with pytest.raises(EntityNotFound, match="mlmodel instance for"):
        client.mlmodels.get(key)


# reading


def test_fields_are_chosen_in_either_spelling(client: Client, churn: MlModel) -> None:
    client.mlmodels.follow(churn, "admin")
    plain = client.mlmodels.get(churn, fields="")
    chosen = client.mlmodels.get(churn, fields=["display_name", "followers"])
    every = client.mlmodels.get(churn, fields="*")
    assert (plain.algorithm, plain.followers) == ("Logit", None)
    assert [user.name for user in chosen.followers or ()] == ["admin"]
    assert [user.name for user in every.followers or ()] == ["admin"]
    assert client.mlmodels.get(churn, fields="displayName,followers").followers is not None


def test_include_shows_what_was_deleted(client: Client, churn: MlModel) -> None:
    client.mlmodels.delete(churn)
    assert client.mlmodels.find(churn) is None
    assert client.mlmodels.get(churn, include="deleted").deleted is True
    assert client.mlmodels.get("headwater.churn", include="all").deleted is True
    assert (client.mlmodels.count(), client.mlmodels.count(include="deleted")) == (0, 1)
    assert [each.name for each in client.mlmodels.list(include="all")] == ["churn"]


def test_every_form_of_a_moment_means_the_same(client: Client, churn: MlModel) -> None:
    then = churn.updated_at or 0
    now = then
    while now <= then:
        now = client.mlmodels.patch(churn, display_name="Later", description=str(now)).updated_at or 0
        client.mlmodels.patch(churn, display_name="Much later")
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=then)
    forms: list[Any] = [
        then,
        str(then),
        at,
        at.replace(tzinfo=None),
        at.astimezone(timezone(timedelta(hours=5, minutes=30))),
        at.isoformat(),
    ]
    for form in forms:
        assert client.mlmodels.get(churn, as_of=form).display_name == "Churn", form
        assert [each.display_name for each in client.mlmodels.list(as_of=form)] == ["Churn"]
        assert client.mlmodels.count(as_of=form) == 1
    with pytest.raises(EntityNotFound):
        client.mlmodels.get(churn, as_of=date(2020, 1, 1))
    assert client.mlmodels.count(as_of=date(2020, 1, 1)) == 0
    position = client.events()[-1].position
    assert client.mlmodels.get(churn, as_of=f"@{position}").display_name == "Much later"


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment(datetime(1970, 1, 1, 0, 0, 1, 999)) == "1000"
    assert moment(date(2026, 3, 1)) == "2026-03-01"
    assert moment(None) is None


@pytest.fixture
def letters(client: Client) -> list[str]:
    result = client.mlmodels.bulk({"name": letter} for letter in "cabed")
    assert result.status == "success"
    return list("abcde")


@pytest.mark.parametrize("page_size", [1, 2, 5, 100])
def test_list_walks_all_pages_in_order(client: Client, letters: list[str], page_size: int) -> None:
    assert [each.name for each in client.mlmodels.list(page_size=page_size)] == letters


@pytest.mark.parametrize("limit", [0, 1, 3, 5, 9])
def test_list_ends_at_its_limit(client: Client, letters: list[str], limit: int) -> None:
    assert [each.name for each in client.mlmodels.list(limit=limit, page_size=2)] == letters[:limit]


def test_list_asks_for_a_page_when_it_is_reached(
    client: Client, letters: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    request = client._wire.transport.request

    def counted(method: str, path: str, *more: Any) -> Any:
        asked.append(path)
        return request(method, path, *more)

    monkeypatch.setattr(client._wire.transport, "request", counted)
    walk: Iterator[MlModel] = client.mlmodels.list(page_size=2)
    assert not asked
    for expected in (1, 1, 2):
        next(walk)
        assert len(asked) == expected


def test_pages_lead_on_and_back(client: Client, letters: list[str]) -> None:
    first = client.mlmodels.page(limit=2)
    second = client.mlmodels.page(limit=2, after=first.after)
    third = client.mlmodels.page(limit=2, after=second.after)
    back = client.mlmodels.page(limit=2, before=second.before)
    assert [[each.name for each in page.data] for page in (first, second, third, back)] == [
        ["a", "b"],
        ["c", "d"],
        ["e"],
        ["a", "b"],
    ]
    assert (first.total, first.before, third.after) == (5, None, None)


def test_filters_are_snake_case_and_take_entities(client: Client, make_table: MakeTable) -> None:
    make_table("customers", id="INT")
    schema = client.database_schemas.get("shop.main.public")
    assert client.tables.count(database_schema="shop.main.public") == 1
    assert [each.name for each in client.tables.list(databaseSchema=schema)] == ["customers"]
    assert [each.name for each in client.users.list(is_bot=True)] == ["ingestion-bot"]
    assert client.users.page(is_bot=False).total == 1


def test_an_unknown_filter_is_refused_at_once(client: Client) -> None:
    with pytest.raises(InvalidEntity, match=r"no filter database; possible: service"):
        client.mlmodels.list(database="shop.main")
    with pytest.raises(InvalidEntity, match="page_size must be 1 or more"):
        client.mlmodels.list(page_size=0)


def test_versions_are_newest_first_and_found_by_number(client: Client, churn: MlModel) -> None:
    client.mlmodels.put(name="churn", algorithm="Forest", display_name="Churn")
    assert [(each.version, each.algorithm) for each in client.mlmodels.versions(churn)] == [
        (1.1, "Forest"),
        (0.1, "Logit"),
    ]
    assert [client.mlmodels.version("headwater.churn", number).algorithm for number in (0.1, "1.1")] == [
        "Logit",
        "Forest",
    ]
    with pytest.raises(EntityNotFound):
        client.mlmodels.version(churn, 7.7)


# changing


def test_create_refuses_a_name_that_is_taken(client: Client, churn: MlModel) -> None:
    with pytest.raises(EntityExists):
        client.mlmodels.create(name="churn")


def test_patch_takes_operations(client: Client, churn: MlModel) -> None:
    operations = [{"op": "replace", "path": "/displayName", "value": "New"}]
    assert client.mlmodels.patch(churn, operations).display_name == "New"


def test_patch_takes_members_and_none_removes_one(client: Client, churn: MlModel) -> None:
    changed = client.mlmodels.patch(
        "headwater.churn", ml_features=[{"name": "age", "data_type": "numerical"}], owners=["admin"], display_name=None
    )
    assert [each.data_type for each in changed.ml_features or ()] == ["numerical"]
    assert [owner.name for owner in changed.owners or () if isinstance(owner, EntityReference)] == ["admin"]
    assert changed.display_name is None
    assert client.mlmodels.patch(churn, owners=None, description=None).owners in (None, [])
    assert client.mlmodels.patch(churn).version == client.mlmodels.get(churn).version


def test_patch_takes_tags_as_text_or_label(client: Client, churn: MlModel) -> None:
    client.mlmodels.patch(churn, tags=["Tier.Tier1"])
    changed = client.mlmodels.patch(churn, tags=[TagLabel(tag_fqn="Tier.Tier2"), "PII.None"])
    assert [each.tag_fqn for each in changed.tags or () if isinstance(each, TagLabel)] == ["PII.None", "Tier.Tier2"]


def test_patch_names_a_member_that_does_not_exist(client: Client, churn: MlModel) -> None:
    with pytest.raises(InvalidEntity, match="a mlmodel has no member algoritm"):
        client.mlmodels.patch(churn, algoritm="x")
    with pytest.raises(InvalidEntity, match=r"mlFeatures\.0\.name: "):
        client.mlmodels.patch(churn, ml_features=[{"data_type": "numerical"}])
    with pytest.raises(InvalidEntity, match=r"^displayName: "):
        client.mlmodels.patch(churn, display_name=17)


def test_if_match_protects_what_others_changed(client: Client, churn: MlModel) -> None:
    changed = client.mlmodels.patch(churn, if_match=churn, display_name="Mine")
    with pytest.raises(VersionConflict):
        client.mlmodels.patch(churn, if_match=churn, display_name="Theirs")
    etag = client.mlmodels.etag(churn)
    client.mlmodels.patch(churn, if_match=etag, display_name="Again")
    with pytest.raises(VersionConflict):
        client.mlmodels.patch(churn, if_match=etag, display_name="Too late")
    assert client.mlmodels.get(churn).display_name == "Again"
    assert changed.version == 0.2


def test_delete_restore_and_delete_for_good(client: Client, churn: MlModel) -> None:
    assert client.mlmodels.delete("headwater.churn").deleted is True
    assert client.mlmodels.restore("headwater.churn").deleted is False
    client.mlmodels.delete(churn)
    assert client.mlmodels.restore(churn.id).version == client.mlmodels.get(churn).version
    with pytest.raises(InvalidEntity):
        client.mlmodels.restore(churn)
    client.mlmodels.delete(churn, hard=True)
    assert client.mlmodels.find(churn, include="all") is None


def test_delete_takes_what_is_below_only_when_told(client: Client, make_table: MakeTable) -> None:
    table = make_table("customers", id="INT")
    with pytest.raises(InvalidEntity, match="not empty"):
        client.databases.delete("shop.main")
    client.databases.delete("shop.main", recursive=True)
    assert client.tables.find(table) is None
    client.databases.restore("shop.main")
    assert client.tables.get(table).deleted is False


def test_users_follow_and_no_longer_follow(client: Client, churn: MlModel) -> None:
    ada = client.users.create(name="ada", email="ada@example.org")
    for user in ("admin", ada, ada.id):
        client.mlmodels.follow("headwater.churn", user)
    followers = client.mlmodels.get(churn, fields="followers").followers or []
    assert [each.name for each in followers] == ["ada", "admin"]
    client.mlmodels.unfollow(churn, "ada")
    assert [each.name for each in client.mlmodels.get(churn, fields="followers").followers or ()] == ["admin"]
    with pytest.raises(EntityNotFound):
        client.mlmodels.follow(churn, "nobody")


def test_the_caller_votes_and_takes_the_vote_back(client: Client, churn: MlModel) -> None:
    for key, liked, expected in ((churn, True, (1, 0)), ("headwater.churn", False, (0, 1)), (churn.id, None, (0, 0))):
        client.mlmodels.vote(key, liked)
        votes = client.mlmodels.get(churn, fields="votes").votes
        assert votes is not None
        assert (votes.up_votes, votes.down_votes) == expected
    client.mlmodels.vote(churn, True)
    votes = client.mlmodels.get(churn, fields="votes").votes
    assert votes is not None
    assert [user.name for user in votes.up_voters] == ["admin"]


def test_bulk_reports_each_row_and_stops_at_none(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "BULK_BYTES", 100)
    rows: list[Any] = [{"name": f"m{number}", "display_name": f"M {number}"} for number in range(9)]
    rows[4] = {"name": "bad", "algorithm": 7, "mlFeatures": [MlFeature(name="x")]}
    rows.append(CreateMlModel(name="last"))
    result = client.mlmodels.bulk(rows)
    assert (result.status, result.number_of_rows_processed) == ("partialSuccess", 10)
    assert (result.number_of_rows_passed, result.number_of_rows_failed) == (9, 1)
    assert [(row.request, row.status) for row in result.failed_request] == [("bad", 400)]
    assert client.mlmodels.get("headwater.m8").display_name == "M 8"
    assert client.mlmodels.bulk([]).status == "success"
    assert client.mlmodels.bulk(rows[4:5]).status == "failure"


def test_override_lets_a_bot_replace_texts(make_client: Callable[..., Client]) -> None:
    bot = "e30.eyJzdWIiOiAiaW5nZXN0aW9uLWJvdCIsICJpc0JvdCI6IHRydWV9."
    client = make_client(token=bot)
    for override, expected in ((False, "first"), (False, "first"), (True, "second")):
        text = "second" if client.mlmodels.find("headwater.one") else "first"
        made = client.mlmodels.put(name="one", description=text, override=override)
        assert (made.description, made.updated_by) == (expected, "ingestion-bot")
    client.mlmodels.bulk([{"name": "one", "description": "third"}])
    assert client.mlmodels.get("headwater.one").description == "second"
    client.mlmodels.bulk([{"name": "one", "description": "third"}], override=True)
    assert client.mlmodels.get("headwater.one").description == "third"
