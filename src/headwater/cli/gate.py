# SPDX-License-Identifier: Apache-2.0
"""The command that checks a catalogue against a policy."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from headwater.cli import reports
from headwater.cli.failures import Exit, Failure, telling
from headwater.cli.governance import end, hops
from headwater.cli.screen import styled, words
from headwater.cli.session import Session
from headwater.schema.base import Document
from headwater.schema.policy import InvalidPolicy, Policy, RuleVerdict, Verdict, Violation
from headwater.sdk import gate

CODES = {"holds": Exit.OK, "violated": Exit.FAILED, "unanswered": Exit.USAGE}
HOLDS, WARNED, VIOLATED, OPEN = ("✓", "green"), ("!", "bold yellow"), ("✗", "bold red"), ("?", "bold yellow")


def policy(path: Path) -> Policy:
    """The policy in a file."""
    try:
        return Policy.read(path.read_text(encoding="utf-8"))
    except InvalidPolicy as error:
        raise Failure(f"{path} is no policy:", *(f"  {fault}" for fault in error.faults), code=Exit.USAGE) from error
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", code=Exit.USAGE) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{path} is not UTF-8 text", code=Exit.USAGE) from error


def check(session: Session, path: Path, rules: Policy, junit: Path | None, sarif: Path | None) -> Exit:
    """Print whether the catalogue keeps a policy, and write reports; the exit code says it too."""
    with telling():
        verdict = gate.check(session.client, rules, session.as_of)
    if junit:
        reports.write(junit, reports.junit(path, verdict))
    if sarif:
        reports.write(sarif, reports.sarif(path, verdict))
    if session.screen.json:
        session.screen.value(told(verdict))
    else:
        session.screen.show(*page(path.name, verdict))
    return CODES[verdict.status]


def told(verdict: Verdict) -> Document:
    """A verdict as JSON, with the status of each rule and of the whole."""
    document = verdict.model_dump(mode="json", by_alias=True, exclude_none=True)
    for shown, rule in zip(document["rules"], verdict.rules, strict=True):
        shown["status"] = rule.status
    return {"status": verdict.status} | document


def page(name: str, verdict: Verdict) -> Iterator[RenderableType]:
    """A verdict for people."""
    marks = [mark(rule) for rule in verdict.rules]
    said = [f"{marks.count(VIOLATED)} of {len(marks)} rules violated"]
    said += [f"{marks.count(WARNED)} with warnings"] if WARNED in marks else []
    said += [f"{marks.count(OPEN)} could not be told"] if OPEN in marks else []
    yield words((name, "bold"), ": ", ", ".join(said))
    for rule in verdict.rules:
        yield Text("")
        yield from _rule(rule)
    if verdict.idle:
        yield Text("")
        for waiver in verdict.idle:
            yield styled(f"A waiver covers nothing: {waiver.rule} for {waiver.entity}, by {waiver.by}.", "yellow")


def mark(rule: RuleVerdict) -> tuple[str, str]:
    """What stands before a rule, in its style."""
    if rule.status == "violated":
        return VIOLATED if rule.severity == "error" else WARNED
    return HOLDS if rule.status == "holds" else OPEN


def _rule(rule: RuleVerdict) -> Iterator[RenderableType]:
    entities = {one.entity.id for one in rule.broken}
    about = f"{len(entities)} of {rule.selected}" if rule.broken else str(rule.selected)
    yield words(mark(rule), " ", (rule.rule, "bold"), (f"  {about} selected", "dim"))
    if rule.description:
        yield words("  ", rule.description)
    for reason in rule.unanswered:
        yield words(("  could not be told: ", "bold yellow"), reason)
    for violation in rule.violations:
        yield from _violation(violation)


def _violation(violation: Violation) -> Iterator[RenderableType]:
    name = violation.entity.fully_qualified_name or ""
    style = "dim" if violation.status == "waived" else ""
    yield words("  ", (f"{violation.entity.type} ", "cyan"), (name, "bold"), (f" {violation.message}", style))
    if excuse := reports.excuse(violation):
        yield words("    ", (excuse, "yellow"))
    if violation.status == "waived":
        return
    if violation.owners:
        yield words(
            ("    owned by ", "dim"), ", ".join(owner.display_name or owner.name or "" for owner in violation.owners)
        )
    if violation.proof and violation.proof.paths[0]:
        yield words("    ", end(violation.proof.source))
        yield from _further_in(hops(violation.proof.source, violation.proof.paths[0]))


def _further_in(lines: Iterable[RenderableType]) -> Iterator[RenderableType]:
    for line in lines:
        yield words("  ", line) if isinstance(line, Text) else line
