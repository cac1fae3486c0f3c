# SPDX-License-Identifier: Apache-2.0
"""What the functions of conditions look at, under the names that ``schema/alerting.py`` declares."""

from collections.abc import Callable, Mapping, Sequence

from headwater.catalog.alerts.happening import Happening
from headwater.catalog.governance import ReachQuestion
from headwater.schema.base import Document
from headwater.schema.checks import SERIES, CheckedState
from headwater.schema.conditions import Call

Lists = tuple[tuple[str, ...], ...]
Answer = Callable[[Happening, Lists], bool]


def ask(happening: Happening, call: Call) -> bool:
    """What a function answers of an event."""
    return ANSWERS[call.name](happening, call.arguments)


def _is_or_below(name: str, others: tuple[str, ...]) -> bool:
    """Whether an FQN is one of others, or stands below one: parts with dots are in quotes, so the texts tell."""
    return name.startswith(others) and any(
        name.startswith(other) and name[len(other) : len(other) + 1] in ("", ".") for other in others
    )


def _names(references: Sequence[Document] | None) -> set[str]:
    """The names and fully qualified names of references: people call users and teams by either."""
    return {str(one.get(member)) for one in references or () for member in ("name", "fullyQualifiedName")}


def _owned(document: Document, names: Sequence[str]) -> bool:
    return not _names(document.get("owners")).isdisjoint(names)


def _in_domain(happening: Happening, lists: Lists) -> bool:
    domains = happening.entity.get("domains") or ()
    return any(_is_or_below(one["fullyQualifiedName"], lists[0]) for one in domains)


def _ended(member: str, list_: int = 0) -> Answer:
    return lambda happening, lists: any(value in lists[list_] for value in happening.fact(member))


def _ended_in_suite(happening: Happening, lists: Lists) -> bool:
    suite = happening.entity.get("testSuite")
    return _ended("testCaseStatus", 1)(happening, lists) and bool(suite and _names([suite]) & set(lists[0]))


def _fitting(happening: Happening, models: set[int], lists: Lists) -> set[int]:
    """Of some models, those that a call's lists (of models, of owners) name; empty lists name all."""
    names = lists[0] if lists else ()
    owners = lists[1] if len(lists) > 1 else ()
    if not names and not owners:
        return models
    fitting = set()
    for node in models:
        document = happening.surroundings.shown(node, happening.event.position)
        if (not names or _is_or_below(str(document.get("fullyQualifiedName")), names)) and (
            not owners or _owned(document, owners)
        ):
            fitting.add(node)
    return fitting


def _source_breaks(happening: Happening, lists: Lists) -> bool:
    reached: set[int] = set()
    for question in happening.broken:
        reached |= happening.surroundings.reached(happening.event.position - 1, question)
    found = _fitting(happening, reached - {happening.event.entity}, lists)
    happening.about |= found
    return bool(found)


def _tag_reaches(happening: Happening, lists: Lists) -> bool:
    if not happening.moves_tags:
        return False
    position = happening.event.position
    found: set[int] = set()
    for tag in lists[0]:
        question = ReachQuestion(tag=tag)
        now = happening.surroundings.reached(position, question)
        if now:
            found |= now - happening.surroundings.reached(position - 1, question)
    found = _fitting(happening, found, lists[1:])
    happening.about |= found
    return bool(found)


def _went(state: CheckedState) -> Answer:
    """Whether a target is in a state now; of these, or of any."""
    return lambda happening, lists: any(
        fact["state"] == state and (not any(lists) or fact["target"] in lists[0]) for fact in happening.facts(SERIES)
    )


def _drift_crossed(happening: Happening, lists: Lists) -> bool:
    wanted = lists[2] if len(lists) > 2 else ()
    crossed = {node for node, verdict in happening.drifted.items() if not wanted or verdict in wanted}
    found = _fitting(happening, crossed, lists[:2])
    happening.about |= found
    return bool(found)


ANSWERS: Mapping[str, Answer] = {
    "matchAnySource": lambda happening, lists: happening.event.entity_type in lists[0],
    "matchAnyOwnerName": lambda happening, lists: _owned(happening.entity, lists[0]),
    "matchAnyEntityFqn": lambda happening, lists: _is_or_below(happening.event.fqn, lists[0]),
    "matchAnyEntityId": lambda happening, lists: happening.event.entity_id in lists[0],
    "matchAnyEventType": lambda happening, lists: happening.event.event_type in lists[0],
    "matchUpdatedBy": lambda happening, lists: happening.event.user_name in lists[0],
    "isBot": lambda happening, lists: happening.surroundings.is_bot(happening.event.user_name),
    "matchAnyFieldChange": lambda happening, lists: not happening.members.isdisjoint(lists[0]),
    "matchAnyDomain": _in_domain,
    "matchTestResult": _ended("testCaseStatus"),
    "getTestCaseStatusIfInTestSuite": _ended_in_suite,
    "matchPipelineState": _ended("executionStatus"),
    "matchIngestionPipelineState": _ended("pipelineState"),
    "isMajor": lambda happening, lists: happening.is_major,
    "sourceBreaks": _source_breaks,
    "tagReaches": _tag_reaches,
    "driftCrossed": _drift_crossed,
    "edgeWithdrawn": lambda happening, lists: happening.event.event_type == "entityLineageDeleted",
    "endpointDown": _went(CheckedState.DOWN),
    "endpointUp": _went(CheckedState.UP),
}
