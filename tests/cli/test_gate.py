# SPDX-License-Identifier: Apache-2.0
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

import headwater as package
from headwater.schema.policy import Policy

from .shop import Command

GENDER = "Sensitive.Gender"
RULE = f"""
[[rule]]
name = "no-gender"
description = "No model decides by gender."
forbid = {{ reaches = "{GENDER}" }}
"""
REQUIRE = """
[[rule]]
name = "looked-after"
require = ["owner", "dashboard"]
select = { service = "mlflow" }
"""
WAIVER = """
[[waiver]]
rule = "no-gender"
entity = "mlflow.churn"
reason = "Reviewed by the ethics board."
by = "alice"
until = {until}
"""
UNKNOWN = """
[[rule]]
name = "no-such-tag"
forbid = { reaches = "Sensitive.Gendr" }
"""

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(shop: Path, headwater: Command) -> Check:
    """Checks the shop against a policy; the exit code and all that was said."""

    def run(*parts: str, options: tuple[str, ...] = ()) -> tuple[int, str]:
        Path("policy.toml").write_text("".join(parts))
        done = headwater("check", "policy.toml", *options)
        assert "Traceback" not in done.err
        return done.code, done.out + done.err

    return run


def test_a_violation_is_printed_with_owners_and_the_path_that_proves_it(check: Check) -> None:
    code, told = check(RULE, 'select = { type = ["table", "mlmodel"], service = "shop" }\n')
    assert code == 1
    lines = told.splitlines()
    assert lines[:5] == [
        "policy.toml: 1 of 1 rules violated",
        "",
        "✗ no-gender  3 of 3 selected",
        "  No model decides by gender.",
        "  table shop.main.public.people carries Sensitive.Gender",
    ]
    assert lines[-3:] == [
        "  table shop.main.public.profile is reached by Sensitive.Gender",
        "    shop.main.public.people.gender",
        "      → shop.main.public.profile.household  ViewLineage",
    ]
    code, told = check(RULE)
    assert "  mlmodel mlflow.churn carries Sensitive.Gender\n    owned by alice\n" in told


def test_a_policy_that_holds_ends_with_0(check: Check) -> None:
    code, told = check(REQUIRE)
    assert (code, told.splitlines()) == (
        0,
        ["policy.toml: 0 of 1 rules violated", "", "✓ looked-after  1 selected"],
    )


def test_what_is_required_is_missed_by_name(check: Check) -> None:
    code, told = check(REQUIRE.replace('service = "mlflow"', 'service = "headwater"'))
    assert code == 1
    assert "mlmodel headwater.evil has no owner\n" in told
    assert "mlmodel headwater.evil has no dashboard\n" in told
    code, told = check(REQUIRE.replace('["owner", "dashboard"]', '["tier", "domain", "mlStore", "description"]'))
    assert (code, told.count("has no"), "mlflow.churn has no tier" in told) == (1, 1, True)


def test_a_warning_is_told_and_does_not_fail_the_build(check: Check) -> None:
    code, told = check(RULE, 'severity = "warning"\n')
    assert code == 0
    assert told.startswith("policy.toml: 0 of 1 rules violated, 1 with warnings\n\n! no-gender  1 of 2 selected\n")


def test_what_somebody_accepts_in_the_catalogue_is_waived(check: Check, headwater: Command) -> None:
    given = ("--until", "2999-12-31", "--by", "alice", "--reason", "Reviewed.")
    headwater("accept", "mlflow.churn", "Sensitive.Gender", *given)
    code, told = check(RULE)
    assert code == 0
    assert "accepted at mlflow.churn until 2999-12-31 (alice: Reviewed.)" in told


def test_a_waiver_holds_until_its_day_and_says_who_and_why(check: Check) -> None:
    code, told = check(RULE, WAIVER.format(until="2999-12-31"))
    assert code == 0
    assert "waived until 2999-12-31 (alice: Reviewed by the ethics board.)" in told
    code, told = check(RULE, WAIVER.format(until="2020-12-31"))
    assert code == 1
    assert "its waiver ended on 2020-12-31 (alice: Reviewed by the ethics board.)" in told
    code, told = check(RULE, WAIVER.format(until="2999-12-31"), 'tag = "Tier"\n')
    assert code == 1
    assert "A waiver covers nothing: no-gender for mlflow.churn, by alice." in told
    code, told = check(RULE, WAIVER.format(until="2999-12-31"), 'tag = "Sensitive"\n')
    assert code == 0


def test_what_cannot_be_told_in_full_ends_with_2_unless_something_is_violated(check: Check) -> None:
    code, told = check(REQUIRE, UNKNOWN)
    assert code == 2
    assert "0 of 2 rules violated, 1 could not be told" in told
    assert "could not be told: there is no tag, classification or term called Sensitive.Gendr" in told
    assert "the nearest is Sensitive.Gender" in told
    code, told = check(RULE, UNKNOWN)
    assert code == 1


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ('select = { tier = "Tier.Tier9" }', "there is no tier called Tier.Tier9"),
        ('select = { domain = "Slaes" }', "there is no domain called Slaes"),
        ('select = { owner = "nobody" }', "there is no owner called nobody"),
        ('select = { service = "mlfow" }', "there is no service called mlfow"),
        ('select = { type = "mlmodle" }', "no type of entity called mlmodle; perhaps mlmodel"),
        ('require = "dashbord"', "a mlmodel has no dashbord; perhaps dashboard"),
    ],
)
def test_a_name_that_means_nothing_is_no_reason_to_pass(check: Check, rule: str, message: str) -> None:
    code, told = check(RULE, rule, "\n")
    assert code == 2
    assert message in told


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("rule = ", "this is not TOML: "),
        ("", "rule: Field required"),
        ('[[rule]]\nname = "x"', "rule x: a rule has to forbid or to require something"),
        ('[[rule]]\nrequire = "owner"', "rule number 1: name: Field required"),
        (RULE + "forbids = 1", "rule no-gender: forbids: Extra inputs are not permitted"),
        (RULE + 'severity = "fatal"', "rule no-gender: severity: Input should be 'error' or 'warning'"),
        (RULE + RULE, "two rules are called no-gender"),
        (
            RULE.replace("}", ', except_through = ["WASHING"] }'),
            "rule no-gender: forbid.except_through.0: Input should be",
        ),
        (REQUIRE + WAIVER.format(until="2999-01-01"), "a waiver names the rule no-gender, which there is not"),
        (RULE + WAIVER.format(until='"soon"'), "waiver mlflow.churn: until: Input should be a valid date"),
    ],
)
def test_what_is_no_policy_ends_with_2_and_says_why(check: Check, policy: str, message: str) -> None:
    code, told = check(policy)
    assert (code, message in told) == (2, True), told


def test_a_policy_that_cannot_be_read_or_a_catalogue_that_refuses_is_never_a_violation(
    shop: Path, headwater: Command
) -> None:
    assert headwater("check", "nothing.toml").code == 2
    Path("policy.toml").write_text(RULE)
    assert headwater("check", "policy.toml", "--as-of", "soon").code == 2
    assert headwater("check", "policy.toml", "--database", "nothing.db").code == 5
    assert headwater("check", "policy.toml", "--junit", "no/such/folder.xml").code == 2


def test_the_past_is_judged_as_it_was(check: Check, shop: Path) -> None:
    with package.connect(str(shop)) as client:
        dropped = max(event.position or 0 for event in client.events() if event.entity_type == "table")
        client.mlmodels.patch("mlflow.churn", tags=[])
        table = client.tables.get("shop.main.public.people")
        columns = [column.model_copy(update={"tags": []}) for column in table.columns]
        client.tables.patch(table, columns=columns)
    assert check(RULE)[0] == 0
    assert check(RULE, options=("--as-of", f"@{dropped}"))[0] == 1
    code, told = check(RULE, options=("--as-of", "2020-06-01"))
    assert (code, "could not be told: there is no tag" in told) == (2, True)


def test_the_json_says_what_the_page_says(check: Check) -> None:
    code, told = check(RULE, REQUIRE, WAIVER.format(until="2020-12-31"), options=("--json",))
    verdict = json.loads(told)
    assert (code, verdict["status"]) == (1, "violated")
    assert [(rule["rule"], rule["status"], rule["selected"]) for rule in verdict["rules"]] == [
        ("no-gender", "violated", 2),
        ("looked-after", "holds", 1),
    ]
    (violation,) = verdict["rules"][0]["violations"]
    assert (violation["entity"]["fullyQualifiedName"], violation["tag"]) == ("mlflow.churn", GENDER)
    assert (violation["status"], violation["waiver"]["until"]) == ("expired", "2020-12-31")
    assert violation["proof"]["certainty"] == "column"


@pytest.fixture
def reports(check: Check) -> tuple[ElementTree.Element, Sarif]:
    """Both reports about a policy with a violation, a waived one, a warning, an open question and a rule that holds."""
    tables = RULE.replace("no-gender", "tables").replace("forbid", 'select = { type = "table" }\nforbid')
    warning = REQUIRE.replace("looked-after", "watched").replace("mlflow", "headwater") + 'severity = "warning"\n'
    waiver = WAIVER.format(until="2999-12-31")
    code, _ = check(RULE, tables, warning, UNKNOWN, REQUIRE, waiver, options=("--junit", "j.xml", "--sarif", "s.json"))
    assert code == 1
    return ElementTree.parse("j.xml").getroot(), Sarif.model_validate_json(Path("s.json").read_text())


def test_junit_has_a_case_for_each_violation_and_each_rule_that_holds(
    reports: tuple[ElementTree.Element, Sarif],
) -> None:
    (suite,) = reports[0]
    cases = [(case.get("classname"), case.get("name"), [kind.tag for kind in case]) for case in suite.iter("testcase")]
    assert cases == [
        ("no-gender", f"mlflow.churn: {GENDER}", ["skipped"]),
        ("tables", f"shop.main.public.people: {GENDER}", ["failure"]),
        ("tables", f"shop.main.public.predictions: {GENDER}", ["failure"]),
        ("tables", f"shop.main.public.profile: {GENDER}", ["failure"]),
        ("watched", "headwater.evil: owner", ["system-out"]),
        ("watched", "headwater.evil: dashboard", ["system-out"]),
        ("no-such-tag", "could be told in full", ["error"]),
        ("looked-after", "holds", []),
    ]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["8", "3", "1", "1"]
    failure = suite.findall("testcase/failure")[2]
    assert failure.get("message") == f"shop.main.public.profile is reached by {GENDER}"
    assert (failure.text or "").splitlines() == [
        "shop.main.public.people.gender",
        "→ shop.main.public.profile.household  ViewLineage",
    ]


def test_sarif_has_a_result_for_each_violation_with_the_path_as_its_flow(
    reports: tuple[ElementTree.Element, Sarif],
) -> None:
    (run,) = reports[1].runs
    results = run.results
    assert [(one.ruleId, one.level.value, bool(one.suppressions)) for one in results] == [
        ("no-gender", "error", True),
        *[("tables", "error", False)] * 3,
        *[("watched", "warning", False)] * 2,
    ]
    rules = run.tool.driver.rules
    assert all(rules[one.ruleIndex].id == one.ruleId for one in results)
    lines = Path("policy.toml").read_text().splitlines()
    for one in results:
        (location,) = one.locations
        assert location.physicalLocation.artifactLocation.uri == "policy.toml"
        assert f'"{one.ruleId}"' in lines[location.physicalLocation.region.startLine - 1]
    flow = results[3].codeFlows[0].threadFlows[0].locations
    assert [
        step.location.logicalLocations[0].fullyQualifiedName
        for step in flow
        if step.location and step.location.logicalLocations
    ] == [
        "shop.main.public.people.gender",
        "shop.main.public.profile.household",
    ]
    assert len({str(one.partialFingerprints) for one in results}) == len(results)
    (invocation,) = run.invocations
    assert invocation.executionSuccessful is False
    assert "Sensitive.Gendr" in str(invocation.toolExecutionNotifications)


def _name(step: Any) -> str:
    return str(step.location.logicalLocations[0].fullyQualifiedName)


def test_the_policy_in_the_guide_is_one() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "gate.md").read_text(encoding="utf-8")
    policy = Policy.read(guide.split("```toml\n")[1].split("```")[0])
    assert ([rule.name for rule in policy.rule], len(policy.waiver)) == (["no-protected-attributes", "watched-over"], 1)
