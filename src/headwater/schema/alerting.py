# SPDX-License-Identifier: Apache-2.0
"""What alerts can be made of: the kinds of events, and the functions that conditions may call, as data.

A kind of event or a function is one line here; what a function looks at stands in ``catalog/alerts/functions.py`` under
its name, and a test holds the two together.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from headwater.schema import conditions
from headwater.schema.checks import CheckTarget

EVENT_KINDS: Mapping[str, str] = {
    "entityCreated": "An entity is there that was not.",
    "entityUpdated": "An entity, its followers, its votes or the facts beside it changed.",
    "entitySoftDeleted": "An entity was deleted, and can be brought back.",
    "entityDeleted": "An entity was deleted for good.",
    "entityRestored": "A deleted entity is back.",
    "entityLineageAdded": "Somebody asserts an edge of the lineage graph; the event is of its downstream end.",
    "entityLineageUpdated": "What somebody asserts of an edge changed.",
    "entityLineageDeleted": "An assertion of an edge was withdrawn.",
}
"""What kinds of events there are, in the words of the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events of the log: of these types of entities, of these kinds, by this user; what is empty leaves all."""

    entity_types: Sequence[str] = ()
    event_types: Sequence[str] = ()
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A question that conditions can ask of an event.

    ``arguments`` name its lists of texts, as requests call them; those of ``needed`` must hold something.
    ``filters`` are the names by which OpenMetadata's clients ask for it in an alert's input, besides its own.
    ``ours``: OpenMetadata does not know it.
    """

    name: str
    says: str
    arguments: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    ours: bool = False


FUNCTIONS = (
    Function(
        name="matchAnySource",
        says="The entity is of one of these types.",
        arguments=("entityTypeList",),
        needed=("entityTypeList",),
        filters=("filterBySource",),
    ),
    Function(
        name="matchAnyOwnerName",
        says="One of these users or teams owns the entity.",
        arguments=("ownerNameList",),
        needed=("ownerNameList",),
        filters=("filterByOwnerName",),
    ),
    Function(
        name="matchAnyEntityFqn",
        says="The entity has one of these fully qualified names, or lives below one that has.",
        arguments=("fqnList",),
        needed=("fqnList",),
        filters=("filterByFqn",),
    ),
    Function(
        name="matchAnyEntityId",
        says="The entity has one of these ids.",
        arguments=("entityIdList",),
        needed=("entityIdList",),
        filters=("filterByEntityId",),
    ),
    Function(
        name="matchAnyEventType",
        says="The event is of one of these kinds.",
        arguments=("eventTypeList",),
        needed=("eventTypeList",),
        filters=("filterByEventType",),
    ),
    Function(
        name="matchUpdatedBy",
        says="One of these users made the change.",
        arguments=("updateByUserList",),
        needed=("updateByUserList",),
        filters=("filterByUpdaterName",),
    ),
    Function(name="isBot", says="A bot made the change.", filters=("filterByUpdaterIsBot",)),
    Function(
        name="matchAnyFieldChange",
        says="One of these members changed: by its name, or by its first or last part (`columns`, `description`).",
        arguments=("fieldChangeList",),
        needed=("fieldChangeList",),
        filters=("filterByFieldChange",),
    ),
    Function(
        name="matchAnyDomain",
        says="The entity belongs to one of these domains, or to one below.",
        arguments=("domainList",),
        needed=("domainList",),
        filters=("filterByDomain",),
    ),
    Function(
        name="matchTestResult",
        says="A test of data ended with one of these statuses.",
        arguments=("testResultList",),
        needed=("testResultList",),
    ),
    Function(
        name="getTestCaseStatusIfInTestSuite",
        says="A test of one of these suites ended with one of these statuses.",
        arguments=("testSuiteList", "testStatusList"),
        needed=("testSuiteList", "testStatusList"),
    ),
    Function(
        name="matchPipelineState",
        says="A run of a pipeline ended with one of these statuses.",
        arguments=("pipelineStateList",),
        needed=("pipelineStateList",),
    ),
    Function(
        name="matchIngestionPipelineState",
        says="A run of an ingestion came to one of these states.",
        arguments=("pipelineStateList",),
        needed=("pipelineStateList",),
    ),
    Function(
        name="isMajor",
        says="The change can break somebody: it raised the version by a whole number, or the entity was deleted.",
        ours=True,
    ),
    Function(
        name="sourceBreaks",
        says="A column went away or got another type, or an entity was deleted, upstream of a model at any number of "
        "hops: of one of these models, and of one that one of these users or teams owns; of any where none is given. "
        "Who is told are the people of the models.",
        arguments=("modelFqnList", "ownerNameList"),
        ours=True,
    ),
    Function(
        name="tagReaches",
        says="One of these tags (or one below) reaches a model that it did not reach before: one of these, or any "
        "where none is given. Who is told are the people of the models.",
        arguments=("tagList", "modelFqnList"),
        needed=("tagList",),
        ours=True,
    ),
    Function(
        name="driftCrossed",
        says="A profile shows that a column has moved further from what a version of a model was trained on than a "
        "threshold allows, and did not before: of a version in use of one of these models, and of one that one of "
        "these users or teams owns; to one of these verdicts (`warn`, `alert`); of any where none is given. Who is "
        "told are the people of the versions.",
        arguments=("modelFqnList", "ownerNameList", "verdictList"),
        ours=True,
    ),
    Function(
        name="edgeWithdrawn",
        says="Somebody withdrew an edge of the lineage graph.",
        ours=True,
    ),
    Function(
        name="endpointDown",
        says="What the entity says is elsewhere no longer answers: its endpoint, store or dashboard; one of these, or "
        "any where none is given.",
        arguments=("targetList",),
        ours=True,
    ),
    Function(
        name="endpointUp",
        says="What did not answer answers again: one of these targets, or any where none is given.",
        arguments=("targetList",),
        ours=True,
    ),
)

BY_NAME: Mapping[str, Function] = {
    word: function for function in FUNCTIONS for word in (function.name, *function.filters)
}
"""The functions by their names and those of filters."""

ARITY: Mapping[str, int] = {function.name: len(function.arguments) for function in FUNCTIONS}

EVERYTHING = "all"
"""The resource that stands for every type of entity."""


def parsed(text: str) -> conditions.Condition:
    """A condition whose functions are known and have what they need; ``InvalidCondition`` where not."""
    condition = conditions.parse(text, ARITY)
    for call in conditions.calls(condition):
        function = BY_NAME[call.name]
        for number, argument in enumerate(function.arguments):
            given = call.arguments[number] if number < len(call.arguments) else ()
            if argument in function.needed and not given:
                raise conditions.InvalidCondition(text, call.at, f"{call.name} needs its {argument}")
            what, known, others = CHOICES.get(argument, ("", given, ()))
            if unknown := set(given) - {*known, *others}:
                raise conditions.InvalidCondition(
                    text, call.at, f"there is no {what} {min(unknown)}; there are {', '.join(known)}"
                )
    return condition


OTHER_KINDS = frozenset(
    (
        *("entityFieldsChanged", "entityNoChange", "threadCreated", "threadUpdated", "postCreated", "postUpdated"),
        *("taskCreated", "taskUpdated", "taskResolved", "taskClosed", "logicalTestCaseAdded", "userLogin"),
        *("suggestionCreated", "suggestionUpdated", "suggestionAccepted", "suggestionRejected", "suggestionDeleted"),
        "userLogout",
    )
)
"""Kinds that OpenMetadata has and Headwater never logs: an alert may name them, and is not told of them."""

CHOICES: Mapping[str, tuple[str, Collection[str], Collection[str]]] = {
    "eventTypeList": ("kind of event", EVENT_KINDS, OTHER_KINDS),
    "targetList": ("target", tuple(CheckTarget), ()),
}
"""Arguments that must be one of some words: what these are called, which there are, and others that may be named."""

OTHER_RESOURCES = ("announcement", "conversation", "entityReportData", "task")
"""Resources that OpenMetadata has besides types of entities: an alert may name them, and is not told of them."""


def condition_of(name: str, arguments: Mapping[str, list[str]]) -> str:
    """The condition that a filter of an alert's input stands for; ``ValueError`` where there is no such filter."""
    function = BY_NAME.get(name)
    if function is None:
        known = ", ".join(one.name for one in FUNCTIONS)
        raise ValueError(f"there is no filter {name}; there are {known}")
    if len(function.arguments) == 1 and len(arguments) == 1:  # the name of the only argument is of no account
        return conditions.call(function.name, *arguments.values())
    if unknown := set(arguments) - set(function.arguments):
        takes = ", ".join(function.arguments) or "no arguments"
        raise ValueError(f"{name} has no argument {min(unknown)}; it takes {takes}")
    return conditions.call(function.name, *(arguments.get(each, []) for each in function.arguments))


def joined(rules: Iterable[tuple[str, bool, bool]]) -> str:
    """One condition of several: each a condition, whether it holds events back, and whether it is an alternative to
    what stands before it (``||``) instead of one more demand (``&&``)."""
    text = ""
    for condition, excludes, alternative in rules:
        part = f"!({condition})" if excludes else f"({condition})"
        text = f"{text} {'||' if alternative else '&&'} {part}" if text else part
    return text
