# SPDX-License-Identifier: Apache-2.0
"""Checking a catalogue against a policy through a client, near and far."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from headwater.schema.entities.data import Table
from headwater.schema.entities.profiling import ColumnDistribution, CreateDistribution, NumberDistribution
from headwater.schema.lineage import ColumnLineage
from headwater.schema.policy import Policy, Verdict
from headwater.sdk import gate
from headwater.sdk.client import Client
from headwater.transformation import Transformation

MakeTable = Callable[..., Table]

RULES = """
[[rule]]
name = "hashed"
forbid = {{ reaches = "PII", except_through = {through} }}
[[rule]]
name = "owned"
select = {{ type = ["mlmodel", "table"] }}
require = "owner"
"""
WAIVER = """
[[waiver]]
rule = "hashed"
entity = "headwater.plain"
reason = "r"
by = "b"
until = {until}
"""


@pytest.fixture
def hashed(client: Client, make_table: MakeTable) -> Client:
    """A model that is made from a sensitive column, and one that is made from its hash."""
    people = make_table("people", email="STRING")
    hashes = make_table("hashes", key="STRING")
    client.tables.patch(people, [{"op": "add", "path": "/columns/0/tags", "value": [{"tagFQN": "PII.Sensitive"}]}])
    pair = ColumnLineage(
        from_columns=[f"{people.fully_qualified_name}.email"],
        to_column=f"{hashes.fully_qualified_name}.key",
        transformation=Transformation.HASHING,
    )
    client.lineage.add(people, hashes, columns=[pair], source="ViewLineage")
    client.users.put(name="ada", email="ada@example.org")
    for name, table, column in (("plain", people, "email"), ("hash", hashes, "key")):
        source = {"name": column, "data_source": table.fully_qualified_name}
        client.mlmodels.put(name=name, ml_features=[{"name": "f", "feature_sources": [source]}], owners=["ada"])
    return client


def broken(verdict: Verdict, rule: str) -> list[str | None]:
    """The entities that do not keep a rule."""
    (found,) = [one for one in verdict.rules if one.rule == rule]
    return [one.entity.fully_qualified_name for one in found.broken]


def test_what_is_hashed_on_the_way_is_let_through(hashed: Client) -> None:
    verdict = gate.check(hashed, Policy.read(RULES.format(through='["hashing"]')))
    assert broken(verdict, "hashed") == ["headwater.plain"]
    assert verdict.status == "violated"
    strict = gate.check(hashed, Policy.read(RULES.format(through="[]")))
    assert broken(strict, "hashed") == ["headwater.hash", "headwater.plain"]


def test_a_rule_may_be_about_several_types(hashed: Client) -> None:
    verdict = gate.check(hashed, Policy.read(RULES.format(through="[]")))
    assert (verdict.rules[1].selected, broken(verdict, "owned")) == (
        4,
        ["shop.main.public.hashes", "shop.main.public.people"],
    )
    assert verdict.rules[0].violations[0].owners[0].name == "ada"


def test_waivers_are_judged_by_the_day_that_is_asked_about(hashed: Client) -> None:
    position = int(hashed.health()["position"])
    moment = datetime.fromtimestamp(hashed.events(after=position - 1)[0].timestamp / 1000, UTC)

    def status(until: date, as_of: str | int | date | datetime) -> str:
        policy = Policy.read(RULES.format(through='["HASHING"]') + WAIVER.format(until=until))
        return gate.check(hashed, policy, as_of).rules[0].violations[0].status

    day = moment.date()
    for as_of in (f"@{position}", int(moment.timestamp() * 1000) + 1, moment + timedelta(milliseconds=1)):
        assert status(day, as_of) == "waived"
        assert status(day - timedelta(days=1), as_of) == "expired"
    assert status(day, day + timedelta(days=1)) == "expired"
    assert status(day, f"{day + timedelta(days=1)}T01:59:59.999+02:00") == "waived"


def test_an_answer_that_was_cut_short_is_no_answer(hashed: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.api.governance.STATES", 1)
    policy = Policy.read(RULES.format(through='["HASHING"]').replace("PII", "PersonalData"))
    assert gate.check(hashed, policy).rules[0].status == "holds"
    verdict = gate.check(hashed, Policy.read(RULES.format(through="[]") + WAIVER.format(until="2999-01-01")))
    assert "more than 1 places" in verdict.rules[0].unanswered[0]


def numbers(first: int) -> list[ColumnDistribution]:
    """A hundred numbers in a row, as the distribution of the column n."""
    values = [float(first + step) for step in range(100)]
    spread = NumberDistribution(values=values, below=list(range(100)), at_most=list(range(1, 101)))
    return [ColumnDistribution(name="n", timestamp=1000 + first, rows=100, numbers=spread)]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("{}", "has data that moved since training: n (psi 4.35)"),
        ("{ psi = 5 }", None),
        ("{ ks = 0.5 }", "has data that moved since training: n (ks 0.50)"),
        ("{ psi = 99, ks = 0.6 }", None),
        ("{ psi = 99, unknown = true }", None),
    ],
)
def test_a_rule_limits_how_far_the_data_of_versions_in_use_may_move(
    client: Client, make_table: MakeTable, limit: str, expected: str | None
) -> None:
    table = make_table("numbers", n="INT")
    client.tables.record_profile(table, CreateDistribution(distribution=numbers(0)))
    source = {"name": "n", "data_source": table.fully_qualified_name}
    model = client.mlmodels.put(name="m", ml_features=[{"name": "n", "feature_sources": [source]}])
    trained = {
        "mlmodel": model.fully_qualified_name,
        "training_datasets": [{"name": "t", "dataset": table.fully_qualified_name}],
    }
    client.mlmodel_versions.put({"name": "1", **trained})
    client.mlmodel_versions.put({"name": "2", "aliases": ["champion"], **trained})
    client.tables.record_profile(table, CreateDistribution(distribution=numbers(50)))
    rule = f'[[rule]]\nname = "still"\nselect = {{ type = "mlmodelVersion" }}\ndrift = {limit}'
    verdict = gate.check(client, Policy.read(rule))
    found = [(one.entity.fully_qualified_name, one.message) for one in verdict.rules[0].broken]
    assert found == ([("headwater.m.2", expected)] if expected else [])


def test_drift_that_nobody_measured_breaks_a_rule_that_says_so(client: Client, make_table: MakeTable) -> None:
    client.mlmodels.put(name="m")
    client.mlmodel_versions.put(name="1", mlmodel="headwater.m", aliases=["champion"])
    rule = '[[rule]]\nname = "still"\nselect = { type = "mlmodelVersion" }\ndrift = { unknown = true }'
    verdict = gate.check(client, Policy.read(rule))
    assert [one.message for one in verdict.rules[0].broken] == ["says of no column that it is made from it"]
    verdict = gate.check(client, Policy.read(rule.replace("mlmodelVersion", "mlmodel")))
    assert verdict.rules[0].unanswered == ["drift: a mlmodel is not made from data as they were; select mlmodelVersion"]
