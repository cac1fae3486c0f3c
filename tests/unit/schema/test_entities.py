# SPDX-License-Identifier: Apache-2.0

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from headwater.schema.base import Document, TagLabel, faults_of, wire
from headwater.schema.declare import EntityType
from headwater.schema.entities.dashboards import CreateChart, CreateDashboard
from headwater.schema.entities.data import Column, CreateTable, Table
from headwater.schema.entities.governance import CreateClassification, CreateDomain, CreateTag
from headwater.schema.entities.mlmodel import MLMODEL, CreateMlModel, CreateMlModelService, MlModel
from headwater.schema.entities.people import CreateTeam, CreateUser
from headwater.schema.governance import ImpactRequest
from headwater.schema.registry import standard


def table(*columns: Document, **changes: Any) -> Document:
    return {"name": "orders", "databaseSchema": "shop.main.public", "columns": list(columns), **changes}


def column(name: str, data_type: str = "INT", **changes: Any) -> Document:
    return {"name": name, "dataType": data_type, **changes}


EVERY_TYPE = [pytest.param(declared, id=declared.name) for declared in standard()]
EVERY_MODEL = [
    pytest.param(model, id=model.__name__) for declared in standard() for model in (declared.entity, declared.create)
]


# names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["churn", "a.b", 'say "hi"', "größe", "a:b", " x", "a/b>c", "x" * 256])
def test_a_name_may_hold_nearly_anything(name: str) -> None:
    assert CreateMlModel.model_validate({"name": name}).name == name


@pytest.mark.parametrize("name", ["", "  ", "\t", "a::b", "a\nb", "a\rb", "x" * 257])
def test_a_name_that_cannot_be_addressed_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        CreateMlModel.model_validate({"name": name})


@pytest.mark.parametrize("name", ["a.b", 'a"b', " ", "a::b", "a\nb", "x" * 300])
def test_the_name_of_a_column_is_whatever_its_database_calls_it(name: str) -> None:
    assert Column.model_validate(column(name)).name == name


def test_a_column_needs_a_name() -> None:
    with pytest.raises(ValidationError, match="name"):
        Column.model_validate(column(""))


# all types --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_an_unknown_member_is_refused(model: type[BaseModel]) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"noSuchMember": 1})
    assert "extra_forbidden" in {error["type"] for error in caught.value.errors()}


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_the_wire_is_camel_case(model: type[BaseModel]) -> None:
    """Two members of queries are not, in the standard."""
    members = {info.alias or name for name, info in model.model_fields.items()} - {"query_type", "exclude_usage"}
    assert not [member for member in members if "_" in member or member[0].isupper()]


@pytest.mark.parametrize("declared", EVERY_TYPE)
def test_every_request_needs_a_name(declared: EntityType) -> None:
    with pytest.raises(ValidationError) as caught:
        declared.create.model_validate({})
    assert ("name",) in {error["loc"] for error in caught.value.errors()}


@pytest.mark.parametrize(
    ("collection", "required"),
    [
        ("mlmodels", {"name"}),
        ("services/mlmodelServices", {"name", "serviceType"}),
        ("services/databaseServices", {"name", "serviceType"}),
        ("services/dashboardServices", {"name", "serviceType"}),
        ("databases", {"name", "service"}),
        ("databaseSchemas", {"name", "database"}),
        ("tables", {"name", "databaseSchema", "columns"}),
        ("dashboards", {"name", "service"}),
        ("charts", {"name", "service"}),
        ("dashboard/datamodels", {"name", "service", "dataModelType", "columns"}),
        ("services/pipelineServices", {"name", "serviceType"}),
        ("pipelines", {"name", "service"}),
        ("topics", {"name", "service", "partitions"}),
        ("containers", {"name", "service"}),
        ("searchIndexes", {"name", "service", "fields"}),
        ("apiCollections", {"name", "service"}),
        ("apiEndpoints", {"name", "apiCollection"}),
        ("storedProcedures", {"name", "storedProcedureCode"}),
        ("metrics", {"name"}),
        ("users", {"name", "email"}),
        ("teams", {"name"}),
        ("classifications", {"name", "description"}),
        ("tags", {"name", "description"}),
        ("domains", {"name", "description", "domainType"}),
    ],
)
def test_what_a_request_must_say(collection: str, required: set[str]) -> None:
    declared = standard().find(collection)
    assert declared is not None
    fields = declared.create.model_fields
    assert {info.alias for info in fields.values() if info.is_required()} == required


def test_members_whose_spelling_has_no_rule_keep_it() -> None:
    label = TagLabel.model_validate({"tagFQN": "PII.Sensitive", "style": {"iconURL": "https://example.org/i.png"}})
    assert wire(label) == {"tagFQN": "PII.Sensitive", "style": {"iconURL": "https://example.org/i.png"}}


def test_the_wire_form_says_only_what_was_said() -> None:
    request = {"name": "churn", "mlFeatures": [{"name": "age", "dataType": "numerical"}], "tags": ["Tier.Tier1"]}
    assert wire(CreateMlModel.model_validate(request)) == request


# models -----------------------------------------------------------------------------------------------------------


def test_a_model_without_an_algorithm_gets_the_standard_one() -> None:
    assert CreateMlModel(name="churn").algorithm == "mlmodel"
    assert MLMODEL.defaults["algorithm"] == "mlmodel"


@pytest.mark.parametrize("kind", ["Mlflow", "Sklearn", "CustomMlModel", "SageMaker", "VertexAI"])
def test_a_model_service_is_of_a_known_kind(kind: str) -> None:
    assert CreateMlModelService.model_validate({"name": "s", "serviceType": kind}).service_type == kind


@pytest.mark.parametrize(
    ("model", "content", "member"),
    [
        (CreateMlModelService, {"serviceType": "mlflow"}, "serviceType"),
        (CreateMlModel, {"mlFeatures": [{"name": "f", "dataType": "NUMERICAL"}]}, "dataType"),
        (CreateTable, {"columns": [column("c", "integer")], "databaseSchema": "a.b.c"}, "dataType"),
        (CreateTable, {"columns": [], "databaseSchema": "a.b.c", "tableType": "view"}, "tableType"),
        (CreateTable, {"columns": [column("c", constraint="NOT NULL")], "databaseSchema": "a.b.c"}, "constraint"),
        (CreateChart, {"service": "s", "chartType": "bar"}, "chartType"),
        (CreateDashboard, {"service": "s", "dashboardType": "report"}, "dashboardType"),
        (CreateTeam, {"teamType": "group"}, "teamType"),
        (CreateDomain, {"description": "d", "domainType": "Source aligned"}, "domainType"),
        (CreateClassification, {"description": "d", "provider": "me"}, "provider"),
    ],
)
def test_a_value_beside_the_enumeration_is_refused(model: type[BaseModel], content: Document, member: str) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"name": "n", **content})
    [error] = caught.value.errors()
    assert (error["type"], error["loc"][-1]) == ("enum", member)


def test_references_are_given_in_full_or_by_name() -> None:
    request = {
        "name": "churn",
        "service": "headwater",
        "dashboard": {"id": "7a2c0e6e-3c38-4f0a-9d5e-3d9b4c1f0a11", "type": "dashboard"},
        "owners": [{"type": "user", "name": "ann"}, "ben"],
    }
    assert wire(CreateMlModel.model_validate(request)) == request


def test_a_source_hash_is_short() -> None:
    with pytest.raises(ValidationError, match="sourceHash"):
        MlModel.model_validate({"id": "1", "name": "churn", "sourceHash": "x" * 33})


# tables -----------------------------------------------------------------------------------------------------------


def test_a_table_keeps_its_columns_as_given() -> None:
    columns = [
        column("id", constraint="PRIMARY_KEY", ordinalPosition=1),
        column("price", "DECIMAL", precision=10, scale=2),
        column("sizes", "ARRAY", arrayDataType="INT", dataTypeDisplay="array<int>"),
        column("buyer", "STRUCT", children=[column("id"), column("mail", "VARCHAR", dataLength=127)]),
        column("body", "JSON", jsonSchema="{}"),
        column("share", "MEASURE HIDDEN"),
    ]
    assert wire(CreateTable.model_validate(table(*columns)))["columns"] == columns


@pytest.mark.parametrize(("first", "second"), [("id", "id"), ("Id", "iD"), ("STRASSE", "straße")])
def test_two_columns_of_one_name_are_refused_by_name(first: str, second: str) -> None:
    with pytest.raises(ValidationError, match=f"column {second} is repeated"):
        CreateTable.model_validate(table(column(first), column(second)))


def test_two_nested_columns_of_one_name_are_refused_by_name() -> None:
    nested = column("buyer", "STRUCT", children=[column("id"), column("mail"), column("ID")])
    with pytest.raises(ValidationError, match="column ID is repeated"):
        CreateTable.model_validate(table(column("id"), nested))


def test_a_patched_table_is_checked_like_a_new_one() -> None:
    with pytest.raises(ValidationError, match="column id is repeated"):
        Table.model_validate({"id": "1", "name": "orders", "columns": [column("id"), column("id")]})


def test_a_nested_column_may_be_called_like_one_above_it() -> None:
    CreateTable.model_validate(table(column("id"), column("buyer", "STRUCT", children=[column("id")])))


@pytest.mark.parametrize(
    ("content", "need"),
    [
        (column("c", "VARCHAR"), "column c: a VARCHAR needs a dataLength"),
        (column("c", "CHAR"), "column c: a CHAR needs a dataLength"),
        (column("c", "BINARY"), "column c: a BINARY needs a dataLength"),
        (column("c", "VARBINARY"), "column c: a VARBINARY needs a dataLength"),
        (column("c", "ARRAY"), "column c: an ARRAY needs an arrayDataType"),
        (column("c", "STRUCT"), "column c: a STRUCT needs children"),
        (column("c", "DECIMAL", scale=2), "column c: a scale needs a precision"),
        (column("c", "DECIMAL", scale=3, precision=2), "column c: the scale must not exceed the precision"),
    ],
)
def test_a_column_states_its_type_in_full(content: Document, need: str) -> None:
    with pytest.raises(ValidationError, match=need):
        CreateTable.model_validate(table(content))


# people -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["ann@example.org", "a@b.cd", "ingestion-bot@headwater.internal"])
def test_a_mail_address_is_kept_as_given(email: str) -> None:
    assert CreateUser(name="ann", email=email).email == email


@pytest.mark.parametrize("email", ["", "ann", "@b.cd", "a@b.c", "ann@localhost", "ann smith@b.cd", "a" * 124 + "@b.c"])
def test_what_is_no_mail_address_is_refused(email: str) -> None:
    with pytest.raises(ValidationError, match="email"):
        CreateUser(name="ann", email=email)


def test_teams_are_given_by_id_by_name_or_in_full() -> None:
    teams = ["7a2c0e6e-3c38-4f0a-9d5e-3d9b4c1f0a11", "analysts", {"type": "team", "name": "data"}]
    assert wire(CreateUser.model_validate({"name": "ann", "email": "a@b.cd", "teams": teams}))["teams"] == teams


def test_a_team_is_a_group_that_may_be_joined_unless_it_says_otherwise() -> None:
    team = CreateTeam(name="analysts")
    assert (team.team_type, team.is_joinable) == ("Group", True)


# words ------------------------------------------------------------------------------------------------------------


def test_a_tag_lives_under_a_classification_or_another_tag() -> None:
    for place in ({"classification": "PII"}, {"parent": "PII.Sensitive"}):
        request = {"name": "Health", "description": "About health.", **place}
        assert wire(CreateTag.model_validate(request)) == request


def test_tags_exclude_each_other_only_where_said() -> None:
    assert CreateClassification(name="Topic", description="What it is about.").mutually_exclusive is False


def test_an_object_that_does_not_say_its_kind_is_told_which_member_says_it() -> None:
    with pytest.raises(ValidationError) as caught:
        ImpactRequest.model_validate({"changes": [{"column": "a.b"}]})
    assert faults_of(caught.value) == ["changes.0: the member 'change' is needed: it says what kind of thing this is"]
