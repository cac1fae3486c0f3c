# SPDX-License-Identifier: Apache-2.0
"""Search from Python, near and far."""

import pytest

from headwater.errors import InvalidEntity
from headwater.schema.search import SearchResult
from headwater.sdk.client import Client

from .conftest import MakeTable


def names(found: SearchResult) -> list[str | None]:
    return [hit.entity.fully_qualified_name for hit in found.hits]


def test_a_client_finds_what_it_wrote(client: Client, make_table: MakeTable) -> None:
    make_table("people", age="INT")
    client.mlmodels.put(name="churn", description="Predicts which customers will leave", tags=["Tier.Tier1"])
    found = client.search("chrun", type="mlmodel")
    assert names(found) == ["headwater.churn"]
    assert found.total == 1
    assert [(count.value, count.count) for count in found.facets["tier"]] == [("Tier.Tier1", 1)]
    (hit,) = client.search("customer").hits
    assert hit.snippet
    assert [piece.text for piece in hit.snippet.pieces if piece.found] == ["customers"]
    assert names(client.search(service="shop", type=["table", "database"])) == ["shop.main", "shop.main.public.people"]
    assert names(client.search(tag="Tier")) == names(client.search(tier="Tier.Tier1")) == ["headwater.churn"]


def test_deleted_entities_are_found_if_they_are_included(client: Client) -> None:
    client.mlmodels.put(name="churn")
    client.mlmodels.delete("headwater.churn")
    assert names(client.search("churn")) == []
    (hit,) = client.search("churn", include="all").hits
    assert hit.entity.deleted


def test_hits_come_in_pages(client: Client) -> None:
    for number in range(5):
        client.mlmodels.put(name=f"m{number}")
    pages = [names(client.search(type="mlmodel", limit=2, offset=offset)) for offset in (0, 2, 4, 6)]
    assert pages == [["headwater.m0", "headwater.m1"], ["headwater.m2", "headwater.m3"], ["headwater.m4"], []]


def test_a_wrong_question_is_told(client: Client) -> None:
    with pytest.raises(InvalidEntity, match="type: tabel is no type of entity"):
        client.search("x", type="tabel")
