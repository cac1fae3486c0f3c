# SPDX-License-Identifier: Apache-2.0
"""Search, as people and as OpenMetadata's clients ask."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from headwater.api.http import Request
from headwater.schema.registry import standard

from .wire import Api, feature, named, segment

Json = Any


@pytest.fixture
def shop(api: Api) -> Api:
    """A model on a table, with people, tags, a domain and a dashboard around them."""
    fill(api)
    return api


def fill(api: Api) -> None:
    api.put("users", {"name": "alice", "email": "alice@example.com", "displayName": "Alice Liddell"})
    api.put("users", {"name": "bertrand", "email": "bertrand@example.com", "displayName": "Bertrand Russell"})
    api.put("teams", {"name": "Growth", "displayName": "Growth Hackers", "email": "growth@example.com"})
    api.put("classifications", {"name": "Sensitive", "description": "What is delicate"})
    api.put("tags", {"name": "Gender", "classification": "Sensitive", "description": "Man, woman, other"})
    api.put("domains", {"name": "Sales", "domainType": "Aggregate", "description": "Selling"})
    api.put("domains", {"name": "Europe", "parent": "Sales", "domainType": "Aggregate", "description": "Old world"})
    columns = [
        {"name": "gender", "dataType": "STRING", "tags": [{"tagFQN": "Sensitive.Gender"}]},
        {"name": "householdSize", "dataType": "INT", "description": "Heads under one roof"},
    ]
    api.table("people", columns, description="Everybody we know", owners=[{"type": "user", "id": user(api, "alice")}])
    api.put("services/mlmodelServices", {"name": "mlflow", "serviceType": "Mlflow"})
    api.model(
        "churn",
        service="mlflow",
        displayName="Customer churn",
        description="Predicts who leaves. Trained weekly.",
        algorithm="XGBoost",
        domains=["Sales.Europe"],
        owners=[{"type": "team", "id": api.get("teams/name/Growth")["id"]}],
        tags=[{"tagFQN": "Tier.Tier1"}],
        mlFeatures=[feature("household", "householdSize")],
    )


def user(api: Api, name: str) -> str:
    return str(api.get(f"users/name/{name}")["id"])


def look(api: Api, text: str = "", **query: str) -> Json:
    return api.get("search", q=text, **query).body


def found(api: Api, text: str = "", **query: str) -> list[str]:
    """The FQNs that a person finds, in order."""
    return [hit["entity"]["fullyQualifiedName"] for hit in look(api, text, limit="1000", **query)["hits"]]


def queried(api: Api, q: str = "*", **query: str) -> list[str]:
    """The FQNs that a client of OpenMetadata finds, sorted."""
    hits = api.get("search/query", q=q, **{"size": "1000", **query})["hits"]["hits"]
    return sorted(hit["_source"]["fullyQualifiedName"] for hit in hits)


def filtered(api: Api, clause: Json, **query: str) -> list[str]:
    return queried(api, query_filter=json.dumps({"query": clause}), **query)


CHURN, PEOPLE = "mlflow.churn", "db.shop.main.people"


def test_words_are_found_wherever_they_stand(shop: Api) -> None:
    for text, expected in (
        ("churn", {CHURN}),
        ("customer", {CHURN}),
        ("leaves predicts", {CHURN}),
        ("LEAVES", {CHURN}),
        ("xgboost", {CHURN}),
        ("household", {CHURN, PEOPLE}),
        ("size", {CHURN, PEOPLE}),
        ("roof", {PEOPLE}),
        ("everybody", {PEOPLE}),
        ("gender", {PEOPLE, "Sensitive.Gender"}),
        ("liddell", {PEOPLE, "alice"}),
        ("hackers", {CHURN, "Growth"}),
        ("europe", {CHURN, "Sales.Europe"}),
        ("table everybody", {PEOPLE}),
        ("mlflow churn", {CHURN}),
        ("mlflow everybody", set()),
        ("main.people", {PEOPLE}),
        ("churm", {CHURN}),
        ("hosuehold", {CHURN, PEOPLE}),
        ("chu", {CHURN}),
        ("zzz", set()),
    ):  # fmt: skip
        ours = {name for name in found(shop, text) if not name.startswith("ProtectedAttribute")}  # shipped, and wordy
        assert ours == expected, text
        assert {CHURN, PEOPLE} & set(queried(shop, text)) == {CHURN, PEOPLE} & expected, text


def test_a_fully_qualified_name_comes_first_then_a_name(api: Api) -> None:
    api.table("orders")
    api.table("orders_of_today", description="orders orders orders of db shop main orders")
    api.model("sales", description="orders, orders and orders")
    assert found(api, "db.shop.main.orders")[0] == "db.shop.main.orders"
    assert found(api, "orders")[0] == "db.shop.main.orders"
    assert found(api, "DB.Shop.Main.Orders")[0] == "db.shop.main.orders"


def test_typing_mistakes_are_forgiven_only_where_nothing_else_is_found(api: Api) -> None:
    api.model("churn")
    api.model("churns_of_the_year")
    api.model("chum")
    assert set(found(api, "churn")) == {"headwater.churn", "headwater.churns_of_the_year"}
    assert "headwater.churn" in found(api, "chunr")


def test_without_a_text_everything_is_found_by_name(shop: Api) -> None:
    everything = found(shop)
    assert everything == sorted(everything)
    assert {CHURN, PEOPLE, "admin", "Tier.Tier1"} <= set(everything)
    assert found(shop, "*") == everything
    assert found(shop, "!!!") == []


def test_hits_are_narrowed_by_facets_that_count_them(shop: Api) -> None:
    facets = look(shop, "household")["facets"]
    assert facets["type"] == [{"value": "mlmodel", "count": 1}, {"value": "table", "count": 1}]
    assert facets["tag"] == [{"value": "Sensitive.Gender", "count": 1}, {"value": "Tier.Tier1", "count": 1}]
    assert facets["owner"] == [{"value": "Growth", "count": 1}, {"value": "alice", "count": 1}]
    assert facets["service"] == [{"value": "db", "count": 1}, {"value": "mlflow", "count": 1}]
    assert facets["domain"] == [{"value": "Sales.Europe", "count": 1}]
    assert facets["tier"] == [{"value": "Tier.Tier1", "count": 1}]
    assert facets["deleted"] == [{"value": "false", "count": 2}]
    for narrowed, expected in (
        ({"type": "mlmodel"}, [CHURN]),
        ({"type": "mlmodels,dashboard"}, [CHURN]),
        ({"tag": "Sensitive.Gender"}, [PEOPLE]),
        ({"tag": "sensitive"}, [PEOPLE]),
        ({"owner": "alice"}, [PEOPLE]),
        ({"service": "db"}, [PEOPLE]),
        ({"domain": "Sales"}, [CHURN]),
        ({"domain": "Sales.Europe", "tier": "Tier.Tier1", "type": "mlmodel"}, [CHURN]),
        ({"domain": "Europe"}, []),
    ):
        assert found(shop, "household", **narrowed) == expected, narrowed


def test_a_service_with_a_dot_can_be_given_without_its_quotes(api: Api) -> None:
    api.put("services/mlmodelServices", {"name": "ml.flow", "serviceType": "Mlflow"})
    api.model("m", service="ml.flow")
    assert found(api, "m", service="ml.flow") == found(api, "m", service='"ml.flow"') == ['"ml.flow".m']


def test_a_snippet_shows_what_was_found(shop: Api) -> None:
    shop.model("long", description=f"{'before ' * 50}needle in the haystack {'after ' * 50}")
    hit = look(shop, "needl haystack")["hits"][0]
    pieces = hit["snippet"]["pieces"]
    assert hit["snippet"]["member"] == "description"
    assert [piece["text"] for piece in pieces if piece["found"]] == ["needle", "haystack"]
    text = "".join(piece["text"] for piece in pieces)
    assert (text[:8], text[-7:]) == ("… before", "after …")
    assert len(text) < 200
    assert look(shop, "gender", type="table")["hits"][0]["snippet"] == {
        "member": "columns.name",
        "pieces": [{"text": "gender", "found": True}],
    }
    size = look(shop, "size")["hits"][0]["snippet"]["pieces"]
    assert size == [{"text": "household", "found": False}, {"text": "Size", "found": True}]
    misspelt = look(shop, "haystakc")["hits"][0]["snippet"]["pieces"]
    assert [piece["text"] for piece in misspelt if piece["found"]] == ["haystack"]


def test_a_page_of_hits_and_how_many_there_are(api: Api) -> None:
    for number in range(12):
        api.model(f"m{number:02}", description="alike")
    pages = [look(api, "alike", limit="5", offset=offset) for offset in ("0", "5", "10", "15")]
    assert [page["total"] for page in pages] == [12] * 4
    names = [hit["entity"]["name"] for page in pages for hit in page["hits"]]
    assert sorted(names) == [f"m{number:02}" for number in range(12)]
    assert look(api, "alike", limit="0")["hits"] == []


# what changes ---------------------------------------------------------------------------------------------------------


def test_a_write_is_found_at_once_and_its_old_words_no_more(api: Api) -> None:
    assert found(api, "needle") == []
    api.model("m", description="needle")
    assert found(api, "needle") == ["headwater.m"]
    api.patch(named("mlmodels", "headwater.m"), {"op": "replace", "path": "/description", "value": "pin"})
    assert (found(api, "needle"), found(api, "pin")) == ([], ["headwater.m"])


def test_processes_see_each_others_writes(make_api: Callable[..., Api]) -> None:
    one, other = make_api(), make_api()
    for number, (writer, reader) in enumerate([(one, other), (other, one)] * 3):
        writer.model(f"m{number}", description=f"number {number}")
        assert found(reader, f"number {number}") == found(writer, f"number {number}") == [f"headwater.m{number}"]


def test_deleted_entities_are_found_only_when_asked_for(shop: Api) -> None:
    shop.delete(named("mlmodels", CHURN))
    assert CHURN not in found(shop, "churn") + queried(shop, "churn", index="mlmodel_search_index")
    assert found(shop, "churn", include="deleted") == found(shop, "churn", include="all") == [CHURN]
    assert queried(shop, "churn", deleted="true") == [CHURN]
    assert look(shop, "churn", include="all")["facets"]["deleted"] == [{"value": "true", "count": 1}]
    shop.put("mlmodels/restore", {"id": look(shop, "churn", include="deleted")["hits"][0]["entity"]["id"]})
    assert found(shop, "churn") == [CHURN]
    shop.delete(named("mlmodels", CHURN), hardDelete="true")
    assert found(shop, "churn", include="all") == []
    assert look(shop, "churn", include="all")["total"] == 0


def test_what_is_deleted_with_its_service_is_found_no_more(shop: Api) -> None:
    shop.delete(named("services/databaseServices", "db"), recursive="true")
    assert found(shop, "everybody") == []
    assert found(shop, "everybody", include="deleted") == [PEOPLE]


def rename(api: Api, path: str, name: str) -> None:
    api.patch(path, {"op": "replace", "path": "/name", "value": name})


def retitle(api: Api, path: str, title: str) -> None:
    api.patch(path, {"op": "add", "path": "/displayName", "value": title})


def test_a_new_name_is_found_on_everything_that_shows_it(shop: Api) -> None:
    def shown(narrowed: str) -> list[str]:
        facet, _, value = narrowed.partition("=")
        hits = look(shop, type="table,mlmodel", **{facet: value})["hits"]
        return [hit["entity"]["name"] for hit in hits]

    for renamed, old, new in (
        ("tags/name/Sensitive.Gender", "tag=Sensitive.Gender", "tag=Sensitive.Renamed"),
        ("classifications/name/Sensitive", "tag=Sensitive", "tag=Renamed"),
        ("domains/name/Sales", "domain=Sales.Europe", "domain=Renamed.Europe"),
        ("teams/name/Growth", "owner=Growth", "owner=Renamed"),
        ("services/databaseServices/name/db", "service=db", "service=Renamed"),
    ):
        before = shown(old)
        assert before, old
        assert shown(new) == [], new
        rename(shop, renamed, "Renamed")
        assert shown(old) == [], old
        assert shown(new) == before, new


@pytest.mark.parametrize(
    "path", ["users/name/alice", "services/databaseServices/name/db", "tags/name/Sensitive.Gender"]
)
def test_a_new_title_is_found_on_everything_that_shows_it(shop: Api, path: str) -> None:
    retitle(shop, path, "Glacier")
    assert found(shop, "glacier", type="table") == [PEOPLE]
    retitle(shop, path, "Iceberg")
    assert found(shop, "glacier", type="table") == []
    assert found(shop, "iceberg", type="table") == [PEOPLE]


def test_a_renamed_service_leads_to_the_new_names_of_all_below(shop: Api) -> None:
    assert queried(shop, "fullyQualifiedName:db.shop*")
    rename(shop, "services/databaseServices/name/db", "warehouse")
    assert queried(shop, "fullyQualifiedName:db.shop*") == []
    assert len(queried(shop, "fullyQualifiedName:warehouse.shop*")) == 3
    assert found(shop, "warehouse.shop.main.people")[0] == "warehouse.shop.main.people"
    assert filtered(shop, {"term": {"mlFeatures.featureSources.dataSource.fullyQualifiedName": PEOPLE}}) == []


def test_owners_and_domains_that_are_inherited_are_found_and_lost_with_the_parent(shop: Api) -> None:
    shop.table("orders")
    orders = "db.shop.main.orders"
    assert orders not in found(shop, owner="bertrand")
    reference = {"type": "user", "id": user(shop, "bertrand")}
    service = named("services/databaseServices", "db")
    shop.patch(service, {"op": "add", "path": "/owners", "value": [reference]})
    assert orders in found(shop, owner="bertrand", type="table")
    assert found(shop, owner="alice", type="table") == [PEOPLE]
    retitle(shop, "users/name/bertrand", "Lord Russell of Kingston")
    assert orders in found(shop, "kingston", type="table")
    shop.patch(service, {"op": "remove", "path": "/owners"})
    assert found(shop, owner="bertrand", type="table") == []


def test_tags_that_a_term_brings_are_found_and_lost_with_it(shop: Api) -> None:
    shop.put("glossaries", {"name": "People", "description": "d"})
    shop.put("glossaryTerms", {"name": "Income", "glossary": "People", "description": "d"})
    shop.table("salaries", tags=[{"tagFQN": "People.Income", "source": "Glossary"}])
    salaries, income = "db.shop.main.salaries", named("glossaryTerms", "People.Income")
    assert salaries not in found(shop, tag="PII.Sensitive")
    shop.patch(income, {"op": "add", "path": "/tags", "value": [{"tagFQN": "PII.Sensitive"}]})
    assert salaries in found(shop, tag="PII.Sensitive")
    assert filtered(shop, {"term": {"tags.tagFQN": "PII.Sensitive"}}, index="table") == [salaries]
    shop.patch(income, {"op": "remove", "path": "/tags/0"})
    assert salaries not in found(shop, tag="PII.Sensitive")
    shop.patch(income, {"op": "add", "path": "/synonyms", "value": ["wages"]})
    assert found(shop, "wages") == ["People.Income"]


def test_the_descriptions_of_types_are_not_searched(shop: Api) -> None:
    assert shop.get("metadata/types/name/table")["name"] == "table"
    assert "type" not in {hit["entity"]["type"] for hit in look(shop, limit="1000")["hits"]}


def test_what_was_deleted_for_good_is_no_longer_shown_by_others(shop: Api) -> None:
    shop.delete(f"users/{user(shop, 'alice')}", hardDelete="true")
    shop.delete(named("tags", "Sensitive.Gender"), hardDelete="true")
    assert found(shop, "liddell") == found(shop, owner="alice") == found(shop, tag="Sensitive") == []
    assert found(shop, "everybody") == [PEOPLE]


# OpenMetadata's clients -----------------------------------------------------------------------------------------------


def test_a_hit_has_the_shape_that_clients_read(shop: Api) -> None:
    reply = shop.get("search/query", q="churn", index="mlmodel_search_index").body
    assert (reply["timed_out"], type(reply["took"])) == (False, int)
    assert reply["hits"]["total"] == {"value": 1, "relation": "eq"}
    (hit,) = reply["hits"]["hits"]
    assert (hit["_index"], hit["_id"]) == ("mlmodel_search_index", shop.get(named("mlmodels", CHURN))["id"])
    assert hit["_score"] == reply["hits"]["max_score"] > 0
    source = hit["_source"]
    assert (source["fullyQualifiedName"], source["entityType"]) == (CHURN, "mlmodel")
    assert source["tier"]["tagFQN"] == "Tier.Tier1"
    assert source["service"]["name"] == "mlflow"


@pytest.mark.parametrize(
    ("field", "order"),
    [("fullyQualifiedName", "desc"), ("name.keyword", "asc"), ("updatedAt", "desc"), ("_score", "desc")],
)
def test_pages_follow_each_other_until_an_empty_one(api: Api, field: str, order: str) -> None:
    for number in range(23):
        api.model(f"M{number * 7 % 23:02}", description="alike")
    api.model("odd,one", description="alike")
    asked = {"q": "alike", "index": "mlmodel", "size": "5", "sort_field": field, "sort_order": order}
    names: list[str] = []
    after: list[tuple[str, str]] = []
    sizes: list[int] = []
    while not sizes or sizes[-1]:
        hits = paged(api, asked, after)["hits"]["hits"]
        sizes.append(len(hits))
        names += [hit["_source"]["name"] for hit in hits]
        after = [("search_after", str(value)) for value in hits[-1]["sort"]] if hits else []
    assert sizes == [5, 5, 5, 5, 4, 0]
    assert sorted(names) == sorted([*(f"M{number:02}" for number in range(23)), "odd,one"])
    if field not in ("_score", "updatedAt"):
        assert names == sorted(names, key=str.casefold, reverse=order == "desc")


def paged(api: Api, asked: dict[str, str], after: list[tuple[str, str]]) -> Json:
    """A request with a parameter that is repeated."""
    from urllib.parse import urlencode

    headers = {"authorization": f"Bearer {api.token}"}
    request = Request("GET", "/api/v1/search/query", urlencode([*asked.items(), *after]), headers)
    response = api.application.handle(request)
    assert response.status == 200, response.body
    reply = json.loads(response.body)
    assert reply["hits"]["total"]["value"] == 24
    return reply


def test_search_after_may_come_with_commas(api: Api) -> None:
    for name in ("a", "b", "c"):
        api.model(name)
    asked = {"index": "mlmodel", "size": "1", "sort_field": "fullyQualifiedName", "sort_order": "asc"}
    first = api.get("search/query", **asked)["hits"]["hits"][0]
    following = api.get("search/query", search_after=",".join(first["sort"]), **asked)
    assert following["hits"]["hits"][0]["_source"]["name"] == "b"


def test_indexes_are_types_and_aliases(shop: Api) -> None:
    for index, expected in (
        ("mlmodel_search_index", {CHURN}),
        ("mlmodel", {CHURN}),
        ("table_search_index,mlmodel_search_index", {CHURN, PEOPLE}),
        ("dataAsset", {CHURN, PEOPLE}),
        ("all", {CHURN, PEOPLE, "alice", "Sensitive.Gender"}),
        ("user_search_index", {"alice"}),
        ("database_service_search_index", set()),
        ("worksheet_search_index", set()),
    ):  # fmt: skip
        assert {CHURN, PEOPLE, "alice", "Sensitive.Gender"} & set(queried(shop, index=index)) == expected, index


def test_each_type_has_the_index_that_clients_know() -> None:
    known = {
        "table": "table",
        "databaseSchema": "database_schema",
        "mlmodelService": "mlmodel_service",
        "searchIndex": "search_entity",
        "dashboardDataModel": "dashboard_data_model",
        "apiEndpoint": "api_endpoint",
        "storedProcedure": "stored_procedure",
    }
    indexes = {declared.name: declared.search_index for declared in standard()}
    assert {name: indexes[name] for name in known} == {name: f"{word}_search_index" for name, word in known.items()}


def test_parts_that_stand_inside_objects_are_found(api: Api) -> None:
    api.put("services/storageServices", {"name": "lake", "serviceType": "S3"})
    columns = [{"name": "wingspan", "dataType": "INT", "description": "Tip to tip"}]
    api.put(
        "containers", {"name": "birds", "service": "lake", "dataModel": {"isPartitioned": False, "columns": columns}}
    )
    assert found(api, "wingspan") == found(api, "tip") == ["lake.birds"]
    assert look(api, "wingspan")["hits"][0]["snippet"]["member"] == "dataModel.columns.name"
    assert queried(api, "dataModel.columns.name:wingspan", index="container_search_index") == ["lake.birds"]


def test_queries_are_read_as_lucene_writes_them(shop: Api) -> None:
    for q, expected in (
        ("email.keyword:alice@example.com", {"alice"}),
        ("email.keyword:ALICE@example.com", {"alice"}),
        ("churn OR everybody", {CHURN, PEOPLE}),
        ("household -churn", {PEOPLE}),
        ("household AND NOT entityType:table", {CHURN}),
        ('"who leaves"', {CHURN}),
        ('"leaves who"', set()),
        ('"predicts leaves"~1', {CHURN}),
        ("description:trained", {CHURN}),
        ("description:churn", set()),
        ("name:churn", {CHURN}),
        ("name:chu*", {CHURN}),
        ("*usehol*", {CHURN, PEOPLE}),
        ("tableType:Regular OR algorithm:XGBoost", {CHURN}),
        ("entityType:(table OR mlmodel) household", {CHURN, PEOPLE}),
        ("_exists_:algorithm", {CHURN}),
        ("+household +everybody", {PEOPLE}),
        ("churm~1", {CHURN}),
        ("owners.name:Growth^3", {CHURN}),
        ("fullyQualifiedName:mlflow.churn", {CHURN}),
        (r"fullyQualifiedName:db.shop.main.p?ople", {PEOPLE}),
        ("", {CHURN, PEOPLE, "alice"}),
    ):  # fmt: skip
        assert {CHURN, PEOPLE, "alice"} & set(queried(shop, q)) == expected, q


def test_filters_are_read_as_elasticsearch_writes_them(shop: Api) -> None:
    shop.table("view", tableType="View", schemaDefinition="SELECT 1")
    view = "db.shop.main.view"
    name = {"query": "alice liddell AND isBot:false", "fields": ["name", "displayName"], "default_operator": "AND"}
    churn_id = shop.get(named("mlmodels", CHURN))["id"]
    for clause, expected in (
        ({"term": {"tableType": "View"}}, [view]),
        ({"term": {"tableType": {"value": "view"}}}, [view]),
        ({"terms": {"name.keyword": ["view", "people", "nobody"]}}, [PEOPLE, view]),
        ({"exists": {"field": "schemaDefinition"}}, [view]),
        ({"ids": {"values": [churn_id, "no id"]}}, [CHURN]),
        ({"query_string": {**name, "fuzziness": "AUTO"}}, ["alice"]),
        ({"wildcard": {"fullyQualifiedName": "*.MAIN.*"}}, [PEOPLE, view]),
        ({"bool": {"must": [{"term": {"service.name.keyword": "db"}}], "must_not": {"exists": {"field": "owners"}}}},
         ["db.shop", "db.shop.main", view]),
        ({"bool": {"should": [{"term": {"name": "view"}}, {"term": {"name": "churn"}}]}}, [view, CHURN]),
        ({"bool": {"filter": [{"term": {"name": "view"}}], "should": [{"term": {"name": "churn"}}]}}, [view]),
        ({"bool": {"must": [{"term": {"tableType": "View"}}, {"term": {"deleted": False}}]}}, [view]),
        ({"bool": {"must": [{"term": {"columns.tags.tagFQN": "Sensitive.Gender"}}]}}, [PEOPLE]),
        ({"bool": {"must": [{"term": {"tags.tagFQN": "Sensitive.Gender"}}]}}, [PEOPLE]),
    ):  # fmt: skip
        assert filtered(shop, clause) == expected, clause
    assert filtered(shop, {"match_all": {}}) == queried(shop)
    body = json.dumps({"term": {"name": "view"}})
    assert queried(shop, post_filter=body) == queried(shop, query_filter=body) == [view]


def test_the_views_of_a_service_are_found_as_clients_ask_for_them(shop: Api) -> None:
    shop.table("view", tableType="View", schemaDefinition="SELECT 1")
    either = [{"term": {"processedLineage": False}}, {"bool": {"must_not": {"exists": {"field": "processedLineage"}}}}]
    clauses = [
        {"bool": {"should": [{"term": {"service.name.keyword": "db"}}]}},
        {"bool": {"must": [{"bool": {"should": [{"term": {"tableType": kind}} for kind in ("View", "SecureView")]}}]}},
        {"bool": {"should": [{"term": {"deleted": False}}]}},
        {"bool": {"should": [{"exists": {"field": "schemaDefinition"}}]}},
        {"bool": {"should": either}},
    ]
    assert filtered(shop, {"bool": {"must": clauses}}, index="table_search_index") == ["db.shop.main.view"]


def test_fields_are_matched_with_wildcards(shop: Api) -> None:
    def by(name: str, value: str, **query: str) -> list[str]:
        hits = shop.get("search/fieldQuery", fieldName=name, fieldValue=value, deleted="false", **query)["hits"]["hits"]
        return [hit["_source"]["fullyQualifiedName"] for hit in hits]

    full = "fullyQualifiedName"
    assert by(full, PEOPLE, index="table_search_index") == [PEOPLE]
    assert by(full, "*.*.main.PEOPLE", index="table_search_index") == [PEOPLE]
    assert by(full, "db.*") == ["db.shop", "db.shop.main", PEOPLE]
    assert by(full, "db.*", size="1") == ["db.shop"]
    assert [by(full, "db.*", **{"from": str(start)}, size="2") for start in (2, 3)] == [[PEOPLE], []]
    assert by("name.keyword", "churn") == [CHURN]
    assert by("aliases.keyword", "db.shop") == []


def test_the_source_of_a_hit_can_be_cut(shop: Api) -> None:
    def source(**query: str) -> Json:
        return shop.get("search/query", q="churn", index="mlmodel", **query)["hits"]["hits"][0].get("_source")

    assert source(include_source_fields="name") == {"name": "churn"}
    upstream = source(include_source_fields="owners.name,upstreamLineage.fromEntity.id")
    people = shop.get(named("tables", PEOPLE))["id"]
    assert upstream == {"owners": [{"name": "Growth"}], "upstreamLineage": [{"fromEntity": {"id": people}}]}
    assert "algorithm" not in source(exclude_source_fields="algorithm")
    assert source(fetch_source="false") is None


def test_connections_are_not_part_of_search(shop: Api) -> None:
    connection = {"config": {"type": "Mlflow", "trackingUri": "http://hidden.example"}}
    shop.put("services/mlmodelServices", {"name": "secretive", "serviceType": "Mlflow", "connection": connection})
    hits = shop.get("search/query", q="name:secretive")["hits"]["hits"]
    assert [hit["_source"]["name"] for hit in hits] == ["secretive"]
    assert "connection" not in hits[0]["_source"]
    assert queried(shop, "hidden") == queried(shop, "_exists_:connection") == []


def test_values_of_a_field_are_counted(shop: Api) -> None:
    def buckets(reply: Any, field: str) -> list[tuple[str, int]]:
        return [(one["key"], one["doc_count"]) for one in reply["aggregations"][f"sterms#{field}"]["buckets"]]

    shop.table("more", ["a"])
    types = shop.get("search/aggregate", index="dataAsset", field="entityType", size="2")
    assert buckets(types, "entityType") == [("table", 2), ("database", 1)]
    assert types["aggregations"]["sterms#entityType"]["sum_other_doc_count"] > 0
    columns = shop.get("search/aggregate", index="table", field="columns.name.keyword", value="h.*")
    assert buckets(columns, "columns.name.keyword") == [("householdsize", 1)]
    posted = shop.post("search/aggregate", {"query": "gender", "index": "table_search_index", "fieldName": "name"})
    assert buckets(posted, "name") == [("people", 1)]


def test_names_that_begin_so_are_suggested(shop: Api) -> None:
    def suggested(q: str, **query: str) -> list[str]:
        reply = shop.get("search/suggest", q=q, **query)["suggest"]["metadata-suggest"][0]
        assert (reply["text"], reply["length"]) == (q, len(q))
        return [option["text"] for option in reply["options"]]

    assert suggested("chu", index="mlmodel") == suggested("cust") == ["Customer churn"]
    assert suggested("people", index="table") == ["people"]
    assert suggested("*") == []


def test_one_entity_as_search_shows_it(shop: Api) -> None:
    churn_id = shop.get(named("mlmodels", CHURN))["id"]
    reply = shop.get(f"search/get/mlmodel_search_index/doc/{churn_id}").body
    assert (reply["found"], reply["_id"], reply["_source"]["name"]) == (True, churn_id, "churn")
    shop.get(f"search/get/table_search_index/doc/{churn_id}", expect=404)


def test_what_cannot_be_asked_is_told_with_its_place(api: Api) -> None:
    for path, query, message in (
        ("query", {"q": "name:"}, "(at character 5: :)"),
        ("query", {"q": "(churn"}, "the bracket is not closed (at character 1: (churn)"),
        ("query", {"q": "churn)"}, "a bracket is closed that was not opened (at character 6: ))"),
        ("query", {"q": 'say "hello'}, 'the quote has no end (at character 5: "hello)'),
        ("query", {"q": "churn AND"}, "something is missing (at the end)"),
        ("query", {"q": "version:[1 TO 2]"}, "ranges are not supported (at character 9: [1 TO 2])"),
        ("query", {"q": "sourceUrl:http://x"}, "a value with a colon must stand in quotes (at character 11: http://x)"),
        ("query", {"q": "(" * 60 + "a"}, "nested deeper than 50"),
        ("query", {"q": "a " * 1025}, "1024 is the limit"),
        ("query", {"q": "name:" + "*a" * 1000}, "too long or has too many wildcards"),
        ("query", {"q": "tableType:View~1"}, "~ has a meaning only where words are looked for"),
        ("query", {"query_filter": "{"}, "query_filter is not JSON"),
        ("query", {"query_filter": '{"query": {"range": {"a": {}}}}'}, "query_filter.query.range is not supported"),
        ("query", {"query_filter": '{"bool": {"must": [{"terms": {"a": 1}}]}}'}, "query_filter.bool.must[0].terms.a"),
        ("query", {"post_filter": '{"bool": {"must": [], "nonsense": 1}}'}, "post_filter.bool.nonsense"),
        ("query", {"query_filter": '{"query": {"query_string": {"query": "a)"}}}'}, "(at character 2: ))"),
        ("query", {"sort_field": "owners"}, "sort_field: hits cannot be sorted by owners"),
        ("query", {"sort_order": "up"}, "sort_order"),
        ("query", {"sort_field": "name", "search_after": "* TO *"}, "search_after"),
        ("query", {"search_after": "x"}, "search_after"),
        ("query", {"search_after": "5", "from": "5"}, "search_after and from"),
        ("query", {"from": "9999", "size": "2"}, "search_after leads on"),
        ("query", {"index": "mlmodls"}, "index: there is no mlmodls"),
        ("query", {"deleted": "maybe"}, "deleted must be true or false"),
        ("fieldQuery", {"fieldName": "name"}, "fieldName and fieldValue"),
        ("aggregate", {"index": "table"}, "the field whose values are counted is missing"),
        ("", {"type": "tabel"}, "type: tabel is no type of entity"),
        ("", {"limit": "1001"}, "limit must be between 0 and 1000"),
        ("", {"include": "some"}, "include must be one of"),
    ):  # fmt: skip
        reply = api.get(f"search/{path}" if path else "search", expect=400, **query)
        assert message in reply["message"], query


def test_names_that_are_hard_to_quote_are_found_as_they_are(api: Api) -> None:
    names = ["a.b", 'say "x"', "q*?", "a:b", "AND", "[1]", "日本", "é", "a\\b", "x/y", "-a", "100%"]
    for name in names:
        api.model(name, displayName=f"«{name}»")
    for name in names:
        (entity,) = [hit["entity"] for hit in look(api, limit="1000")["hits"] if hit["entity"]["name"] == name]
        escaped = "".join(f"\\{character}" for character in name)
        full = entity["fullyQualifiedName"]
        assert queried(api, f"name.keyword:{escaped}") == queried(api, f'name.keyword:"{escaped}"') == [full], name
        pattern = full.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
        hits = api.get("search/fieldQuery", fieldName="fullyQualifiedName", fieldValue=pattern)["hits"]["hits"]
        assert [hit["_id"] for hit in hits] == [entity["id"]], name
        assert api.get(f"mlmodels/name/{segment(full)}")["name"] == name
