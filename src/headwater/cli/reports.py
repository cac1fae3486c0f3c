# SPDX-License-Identifier: Apache-2.0
"""Verdicts on a policy in the formats that builds read: JUnit's XML, and SARIF 2.1.0."""

import hashlib
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from headwater.cli.failures import Exit, Failure
from headwater.cli.governance import accepted, name_of, said
from headwater.cli.screen import CONTROLS, as_json
from headwater.schema.base import Document
from headwater.schema.governance import ReachRow
from headwater.schema.policy import RuleVerdict, Verdict, Violation

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(path: Path, text: str) -> None:
    """Write a report to a file."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", code=Exit.USAGE) from error


def excuse(violation: Violation) -> str | None:
    """Why a violation is let pass, or no longer is."""
    if violation.proof and violation.proof.accepted:
        return accepted(violation.proof.accepted)
    if waiver := violation.waiver:
        held = "its waiver ended on" if violation.status == "expired" else "waived until"
        return f"{held} {waiver.until} ({waiver.by}: {waiver.reason})"
    return None


def sentence(violation: Violation) -> str:
    """A violation in one sentence."""
    return "; ".join(filter(None, (f"{violation.entity.fully_qualified_name} {violation.message}", excuse(violation))))


def lines(proof: ReachRow) -> Iterator[str]:
    """A path, one place a line, each with who says that the step to it exists."""
    yield name_of(proof.source)
    for hop in proof.paths[0]:
        yield f"→ {name_of(hop.to)}  {said(hop)}"


# JUnit ----------------------------------------------------------------------------------------------------------------


def junit(policy: Path, verdict: Verdict) -> str:
    """A suite with a case for each rule that holds, and for each violation and each question that is open."""
    suite = ElementTree.Element("testsuite", name=_plain(policy.name))
    for rule in verdict.rules:
        for violation in rule.violations:
            _case(suite, rule, violation)
        for reason in rule.unanswered:
            case = ElementTree.SubElement(suite, "testcase", classname=_plain(rule.rule), name="could be told in full")
            ElementTree.SubElement(case, "error", message=_plain(reason))
        if not rule.violations and not rule.unanswered:
            ElementTree.SubElement(suite, "testcase", classname=_plain(rule.rule), name="holds")
    for kind, member in (("testcase", "tests"), ("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(member, str(sum(1 for _ in suite.iter(kind))))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, rule: RuleVerdict, violation: Violation) -> None:
    what = violation.tag or violation.missing or ""
    name = f"{violation.entity.fully_qualified_name}: {what}"
    case = ElementTree.SubElement(suite, "testcase", classname=_plain(rule.rule), name=_plain(name))
    message = _plain(sentence(violation))
    proof = _plain("\n".join(lines(violation.proof))) if violation.proof else ""
    if violation.status == "waived":
        ElementTree.SubElement(case, "skipped", message=message)
    elif rule.severity == "error":
        ElementTree.SubElement(case, "failure", message=message, type=_plain(rule.rule)).text = proof
    else:
        ElementTree.SubElement(case, "system-out").text = f"warning: {message}\n{proof}"


def _plain(text: str) -> str:
    """A text without the characters that XML cannot hold, or that would steer whoever reads it."""
    return CONTROLS.sub(lambda found: "\n" if found.group() == "\n" else "\ufffd", text)


# SARIF ----------------------------------------------------------------------------------------------------------------


def sarif(policy: Path, verdict: Verdict) -> str:
    """A run with a result for each violation, waived ones suppressed, and a notification for what is open."""
    text = policy.read_text(encoding="utf-8")
    places = [_place(policy, text, rule.rule) for rule in verdict.rules]
    results = [
        _result(rule, index, violation, places[index])
        for index, rule in enumerate(verdict.rules)
        for violation in rule.violations
    ]
    open_questions = [
        {
            "level": "error",
            "message": {"text": f"{rule.rule} could not be told in full: {reason}"},
            "associatedRule": {"id": rule.rule, "index": index},
        }
        for index, rule in enumerate(verdict.rules)
        for reason in rule.unanswered
    ]
    driver = {
        "name": "headwater",
        "version": version("headwater"),
        "rules": [_described(rule) for rule in verdict.rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": not open_questions, "toolExecutionNotifications": open_questions}],
        "results": results,
    }
    return as_json({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _described(rule: RuleVerdict) -> Document:
    return {
        "id": rule.rule,
        "shortDescription": {"text": rule.description or rule.rule},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(rule: RuleVerdict, index: int, violation: Violation, place: Document) -> Document:
    name = str(violation.entity.fully_qualified_name)
    key = "\n".join((rule.rule, violation.entity.type, name, violation.tag or "", violation.missing or ""))
    result: Document = {
        "ruleId": rule.rule,
        "ruleIndex": index,
        "level": rule.severity,
        "message": {"text": sentence(violation)},
        "locations": [{"physicalLocation": place, "logicalLocations": [_logical(name, violation.entity.type)]}],
        "partialFingerprints": {"headwater/1": hashlib.sha256(key.encode()).hexdigest()},
    }
    if violation.proof and violation.proof.paths[0]:
        result["codeFlows"] = [{"threadFlows": [{"locations": list(_flow(violation.proof))}]}]
    if violation.status == "waived":
        # Without a status, it counts as accepted; editions of the schema do not agree on what that member is called.
        result["suppressions"] = [{"kind": "external", "justification": excuse(violation)}]
    return result


def _flow(proof: ReachRow) -> Iterator[Document]:
    places = [(proof.source, "begins here"), *((hop.to, said(hop)) for hop in proof.paths[0])]
    for place, why in places:
        logical = _logical(name_of(place), "member" if place.field else place.entity.type)
        yield {"location": {"logicalLocations": [logical], "message": {"text": why}}}


def _logical(name: str, kind: str) -> Document:
    return {"fullyQualifiedName": name, "kind": kind}


def _place(policy: Path, text: str, rule: str) -> Document:
    """Where a rule stands in its file: the line with its name."""
    found = re.search(rf"""\bname\s*=\s*["']{re.escape(rule)}["']""", text)
    line = text.count("\n", 0, found.start()) + 1 if found else 1
    uri = policy.as_uri() if policy.is_absolute() else quote(policy.as_posix())
    return {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}
