# SPDX-License-Identifier: Apache-2.0
"""Search through the client: it only takes names from the answers, and reads each entity anew."""

import json
from typing import Any

import pytest
from metadata.generated.schema.api.data.createMlModel import CreateMlModelRequest
from metadata.generated.schema.api.teams.createTeam import CreateTeamRequest
from metadata.generated.schema.entity.data.mlmodel import MlModel
from metadata.generated.schema.entity.data.table import Table
from metadata.generated.schema.entity.services.databaseService import DatabaseService

from .making import label, model, model_service, table, text, texts, user


def names(found: Any) -> list[str]:
    return [text(each.fullyQualifiedName) for each in found or ()]


def service_filter(service: str, **terms: Any) -> str:
    wanted = [{"term": {"service.name.keyword": service}}, *({"term": {name: value}} for name, value in terms.items())]
    return json.dumps({"query": {"bool": {"must": wanted}}})


@pytest.mark.parametrize("pattern", ["{u}.m", "{u}.*", "*.m", "{u}*"])
def test_by_name_with_wildcards(om: Any, unique: str, pattern: str) -> None:
    model(om, unique, tags=[label("Tier.Tier1")])
    found = om.es_search_from_fqn(MlModel, pattern.format(u=unique), size=1000, fields="tags")
    assert f"{unique}.m" in names(found)
    assert om.es_search_from_fqn(MlModel, f"{unique}.other") is None


def test_what_was_just_written_is_found_and_what_is_deleted_is_not(om: Any, connect: Any, unique: str) -> None:
    """The client keeps what it has found, so another one looks again."""
    for number in range(5):
        model(om, unique, f"m{number}")
        assert names(om.es_search_from_fqn(MlModel, f"{unique}.m{number}")) == [f"{unique}.m{number}"]
    om.delete(MlModel, om.get_by_name(MlModel, f"{unique}.m4").id)
    assert connect().es_search_from_fqn(MlModel, f"{unique}.m4") is None


def test_names_with_dots(om: Any, unique: str) -> None:
    model(om, unique, "a.b c")
    assert names(om.es_search_from_fqn(MlModel, f'{unique}."a.b c"')) == [f'{unique}."a.b c"']


@pytest.mark.parametrize(("size", "order"), [(1, "asc"), (7, "desc"), (100, "desc")])
def test_pages(om: Any, unique: str, size: int, order: str) -> None:
    model_service(om, unique)
    expected = [f"{unique}.m{number:02}" for number in range(23)]
    om.bulk_create_or_update([CreateMlModelRequest(name=f"m{number:02}", service=unique) for number in range(23)])
    found = names(om.paginate_es(MlModel, service_filter(unique), size=size, sort_order=order))
    assert found == sorted(expected, reverse=order == "desc")


def test_filters(om: Any, unique: str) -> None:
    model(om, unique, "a", tags=[label("Tier.Tier1")])
    model(om, unique, "b", description="Predicts who **leaves**")
    tagged = names(om.paginate_es(MlModel, service_filter(unique, **{"tags.tagFQN": "Tier.Tier1"})))
    assert tagged == [f"{unique}.a"]
    words = names(om.paginate_es(MlModel, service_filter(unique), search_query="leaves"))
    assert words == [f"{unique}.b"]
    either = {
        "bool": {"should": [{"terms": {"name.keyword": ["a", "b"]}}], "must_not": [{"term": {"name.keyword": "b"}}]}
    }
    both = {"query": {"bool": {"must": [json.loads(service_filter(unique))["query"], either]}}}
    assert names(om.paginate_es(MlModel, json.dumps(both))) == [f"{unique}.a"]
    described = {
        "query": {"bool": {"must": [json.loads(service_filter(unique))["query"], {"exists": {"field": "description"}}]}}
    }
    assert names(om.paginate_es(MlModel, json.dumps(described))) == [f"{unique}.b"]


def test_people_by_mail_and_by_name(connect: Any, unique: str) -> None:
    om = connect()
    person = user(om, unique)
    om.create_or_update(CreateTeamRequest(name=f"{unique}-team", teamType="Group", email=f"{unique}@team.example.org"))
    found = connect().get_reference_by_email(f"{unique}@example.org")
    assert [each.id for each in text(found)] == [person.id]
    team = connect().get_reference_by_email(f"{unique}@team.example.org")
    assert [(each.type, each.name) for each in text(team)] == [("team", f"{unique}-team")]
    assert connect().get_reference_by_email("nobody@nowhere.example.org") is None
    assert [each.id for each in text(connect().get_reference_by_name(unique))] == [person.id]


def test_tables_of_any_service(om: Any, unique: str) -> None:
    table(om, unique, "people")
    found = om.search_in_any_service(Table, f"{unique}.shop.main.people")
    assert text(found.fullyQualifiedName) == f"{unique}.shop.main.people"


def test_views_of_a_service(om: Any, unique: str) -> None:
    table(om, unique)
    table(om, unique, "v", tableType="View", schemaDefinition="create view v as select age from people")
    (view,) = om.yield_es_view_def(unique)
    assert (view.table_name, view.db_name) == ("v", "shop")
    assert "select age" in view.view_definition


def test_parents_of_entities(om: Any, unique: str) -> None:
    """By id, with the lineage that stands in the answers."""
    made = [table(om, unique, name) for name in ("a", "b")]
    om.add_lineage_by_name(f"{unique}.shop.main.a", "table", f"{unique}.shop.main.b", "table")
    ids = [str(text(each.id)) for each in made]
    assert om.es_get_upstream_entity_ids(Table, ids) == {ids[0]: set(), ids[1]: {ids[0]}}


def test_services(om: Any, unique: str) -> None:
    table(om, unique)
    assert names(om.es_search_from_fqn(DatabaseService, unique)) == [unique]


def test_the_fluent_search(om: Any, unique: str) -> None:
    from metadata.sdk import MLModels

    model(om, unique)
    MLModels.use_client(om)
    assert texts(each.name for each in MLModels.search(f"{unique}.m")) == ["m"]
