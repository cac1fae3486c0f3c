# SPDX-License-Identifier: Apache-2.0
"""SQL handed in through a client, near and far."""

from collections.abc import Callable

import pytest

from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.entities.data import Table
from headwater.schema.governance import SqlMigration
from headwater.schema.policy import Policy
from headwater.sdk import gate
from headwater.sdk.client import Client
from headwater.transformation import Transformation

MakeTable = Callable[..., Table]


@pytest.fixture
def schema(client: Client, make_table: MakeTable) -> str:
    """Two tables and a view that is not understood in full, from which a model is made; the schema they are in."""
    people = make_table("people", id="INT", email="STRING")
    make_table("mails", address="STRING")
    name = str(people.fully_qualified_name).rpartition(".")[0]
    client.tables.put(
        name="v",
        database_schema=name,
        table_type="View",
        schema_definition="SELECT id, nope FROM people",
        columns=[{"name": "id", "dataType": "INT"}, {"name": "nope", "dataType": "INT"}],
    )
    source = {"name": "id", "data_source": f"{name}.v"}
    client.mlmodels.put(name="m", ml_features=[{"name": "f", "feature_sources": [source]}])
    return name


def test_a_script_is_asserted_and_what_is_not_understood_is_told(client: Client, schema: str) -> None:
    reply = client.lineage.add_sql("INSERT INTO mails SELECT md5(email) FROM people;\nDROP", schema)
    (edge,) = reply.asserted
    assert (edge.from_entity, edge.to_entity) == (f"{schema}.people", f"{schema}.mails")
    assert [pair.transformation for pair in edge.columns_lineage] == [Transformation.HASHING]
    assert [problem.line for problem in reply.problems] == [2]
    details = client.lineage.edge(("table", f"{schema}.people"), ("table", f"{schema}.mails"))
    assert (details.source, details.sql_query) == ("QueryLineage", "INSERT INTO mails SELECT md5(email) FROM people")


def test_a_script_that_nobody_can_place_is_refused(client: Client, schema: str) -> None:
    with pytest.raises(EntityNotFound, match=r"called elsewhere\.main"):
        client.lineage.add_sql("SELECT 1", "elsewhere.main")
    with pytest.raises(InvalidEntity, match="klingon"):
        client.lineage.add_sql("SELECT 1", schema, dialect="klingon")


def test_answers_tell_which_views_leave_them_open(client: Client, schema: str) -> None:
    found = client.governance.reach(column=f"{schema}.people.email")
    assert (list(found), [one.entity.name for one in found.unread]) == ([], ["v"])
    (one,) = client.governance.unread()
    assert (one.problems[0].line, one.problems[0].column) == (1, 12)
    change = SqlMigration(sql="ALTER TABLE people DROP COLUMN id; EXPLODE", within=schema)
    impact = client.governance.impact([change])
    assert [row.entity.name for row in impact.broken] == ["m"]
    assert (impact.complete, len(impact.unread), len(impact.unclear)) == (False, 1, 1)


def test_a_rule_that_a_view_leaves_open_is_not_kept(client: Client, schema: str) -> None:
    policy = Policy.read('[[rule]]\nname = "r"\nforbid = { reaches = "PII" }\n')
    verdict = gate.check(client, policy)
    assert verdict.status == "unanswered"
    (told,) = verdict.rules[0].unanswered
    assert told.startswith(f"the SQL of table {schema}.v is not understood: line 1, column 12: ")
