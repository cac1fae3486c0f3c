# SPDX-License-Identifier: Apache-2.0
"""Whether a catalogue keeps a policy, now or as of a moment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import NamedTuple

from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema import fqn
from headwater.schema.base import Document, EntityReference, wire
from headwater.schema.declare import EntityType
from headwater.schema.drift import DriftRow
from headwater.schema.governance import ReachRow, Selection, Unread
from headwater.schema.policy import DriftLimit, Forbid, Policy, Rule, RuleVerdict, Verdict, Violation, Waiver
from headwater.schema.registry import wire_members
from headwater.sdk.client import Client
from headwater.sdk.wire import AsOf, moment

PAGE = 1000

SPOKEN = {"owner": "owners", "domain": "domains", "tier": "tags"}
"""Words of a policy that are not members of entities, and the members that they speak of."""


def check(client: Client, policy: Policy, as_of: AsOf | None = None) -> Verdict:
    """The verdict on a catalogue. Waivers are judged by the day that is asked about, in UTC."""
    return _Gate(client, policy, as_of).verdict()


class _Unanswerable(Exception):
    """A rule speaks of what the catalogue does not know."""


class _Selected(NamedTuple):
    """An entity that a rule is about."""

    reference: EntityReference
    document: Document

    @property
    def owners(self) -> list[EntityReference]:
        """Who answers for it."""
        return [EntityReference.model_validate(owner) for owner in self.document.get("owners") or ()]

    def says(self, word: str) -> bool:
        """Whether something is said of it under a word of a policy."""
        value = self.document.get(SPOKEN.get(word, word))
        if word == "tier":
            return any(str(label["tagFQN"]).startswith("Tier.") for label in value or ())
        return value not in (None, "", [], {})


class _Gate:
    """One check of one policy."""

    def __init__(self, client: Client, policy: Policy, as_of: AsOf | None) -> None:
        self.client = client
        self.policy = policy
        self.as_of = as_of
        self.day = _day(client, as_of)
        self._listed: dict[str, list[Document]] = {}

    def verdict(self) -> Verdict:
        rules = [self._judge(rule) for rule in self.policy.rule]
        used = [violation.waiver for rule in rules for violation in rule.violations]
        return Verdict(rules=rules, idle=[waiver for waiver in self.policy.waiver if waiver not in used])

    def _judge(self, rule: Rule) -> RuleVerdict:
        verdict = RuleVerdict(rule=rule.name, description=rule.description, severity=rule.severity)
        try:
            types = self._types(rule)
            selection = self._selection(rule, types)
            selected = {str(one.reference.id): one for declared in types for one in self._entities(declared, selection)}
            verdict.selected = len(selected)
            self._check_words(rule, types)
            verdict.violations = [self._waived(rule, one) for one in self._lacking(rule, selected)]
            if rule.drift:
                verdict.violations += [self._waived(rule, one) for one in self._drifted(rule.drift, types, selected)]
            if rule.forbid:
                rows = self._reaching(selection, rule.forbid, verdict.unanswered)
                verdict.violations += [self._waived(rule, _reached(row, selected)) for row in rows]
        except (_Unanswerable, EntityNotFound, InvalidEntity) as error:
            verdict.unanswered.append(str(error))
        return verdict

    # what a rule is about -----------------------------------------------------------------------------------------

    def _types(self, rule: Rule) -> list[EntityType]:
        found = []
        for word in rule.select.type:
            declared = self.client.registry.find(word)
            if declared is None:
                known = [one.name for one in self.client.registry]
                raise _Unanswerable(f"select: there is no type of entity called {word}{_nearest(word, known)}")
            found.append(declared)
        return found

    def _selection(self, rule: Rule, types: Iterable[EntityType]) -> Selection:
        """What a rule selects by. A name in it that means nothing would select nothing, and the rule would hold."""
        select = rule.select
        services = {root for declared in types for root in self._roots(declared)}
        for word, name, kinds in (
            ("tier", select.tier, {"tag"}),
            ("domain", select.domain, {"domain"}),
            ("owner", select.owner, {"user", "team"}),
            ("service", select.service, services),
        ):
            if name is not None and not any(self._knows(kind, name) for kind in kinds):
                raise _Unanswerable(f"select: there is no {word} called {name}")
        return Selection(
            types=tuple(declared.name for declared in types),
            tier=select.tier,
            domain=select.domain,
            owner=select.owner,
            service=select.service,
        )

    def _knows(self, kind: str, name: str) -> bool:
        return self.client.collection(kind).find(name, as_of=self.as_of) is not None

    def _roots(self, declared: EntityType) -> set[str]:
        """The types at the top of what entities of a type live under: those of their services."""
        above = {parent.to for parent in declared.parents} - {declared.name}
        return {root for name in above for root in self._roots(self.client.registry[name]) or {name}}

    def _entities(self, declared: EntityType, selection: Selection) -> Iterator[_Selected]:
        if declared.name not in self._listed:
            words = {SPOKEN.get(word, word) for rule in self.policy.rule for word in rule.require or ()}
            fields = (words | set(SPOKEN.values())) & wire_members(declared.entity)
            found = self.client.collection(declared.name).list(fields=fields, as_of=self.as_of, page_size=PAGE)
            self._listed[declared.name] = [wire(entity) for entity in found]
        for document in self._listed[declared.name]:
            if selection.fits(document):
                reference = {member: document.get(member) for member in ("id", "name", "fullyQualifiedName")}
                yield _Selected(EntityReference.model_validate(reference | {"type": declared.name}), document)

    def _check_words(self, rule: Rule, types: Iterable[EntityType]) -> None:
        for declared in types:
            members = wire_members(declared.entity)
            for word in rule.require or ():
                if SPOKEN.get(word, word) not in members:
                    near = _nearest(word, [*SPOKEN, *members])
                    raise _Unanswerable(f"require: a {declared.name} has no {word}{near}")

    # how it is broken ---------------------------------------------------------------------------------------------

    def _lacking(self, rule: Rule, selected: Mapping[str, _Selected]) -> Iterator[Violation]:
        for one in selected.values():
            for word in rule.require or ():
                if not one.says(word):
                    message = f"has no {word}"
                    yield Violation(entity=one.reference, message=message, missing=word, owners=one.owners)

    def _drifted(
        self, limit: DriftLimit, types: Iterable[EntityType], selected: Mapping[str, _Selected]
    ) -> Iterator[Violation]:
        """What moved too far, each entity once."""
        for declared in types:
            if declared.drift is None:
                known = ", ".join(one.name for one in self.client.registry if one.drift)
                raise _Unanswerable(f"drift: a {declared.name} is not made from data as they were; select {known}")
        versions = self.client.mlmodel_versions
        rules = {declared.name: declared.drift for declared in types}
        for one in selected.values():
            rule = rules[one.reference.type]
            if rule is None or not rule.in_use(one.document):
                continue
            found = versions.drift(one.reference, thresholds=limit.thresholds, as_of=self.as_of)
            moved = [
                row for row in found.data if row.verdict == "alert" or (limit.unknown and row.verdict == "unknown")
            ]
            if moved or (limit.unknown and not found.data):
                yield Violation(entity=one.reference, message=_moved(moved), owners=one.owners)

    def _reaching(self, selection: Selection, forbid: Forbid, unanswered: list[str]) -> Iterable[ReachRow]:
        """What reaches the selected entities, each tag once; why there may be more is added to ``unanswered``."""
        rows: dict[tuple[str | None, str | None], ReachRow] = {}
        for tag in forbid.reaches:
            found = self.client.governance.reach(
                tag,
                type=selection.types,
                tier=selection.tier,
                domain=selection.domain,
                owner=selection.owner,
                service=selection.service,
                certainty=forbid.certainty,
                stop=forbid.except_through,
                suggested=forbid.suggested,
                as_of=self.as_of,
            )
            rows |= {(row.entity.id, row.tag): row for row in found}
            if found.truncated:
                unanswered.append(f"reach of {tag}: {found.truncated}")
            unanswered += (why for one in found.unread if (why := _unread(one)) not in unanswered)
        return sorted(rows.values(), key=lambda row: (row.entity.fully_qualified_name or "", row.tag or ""))

    def _waived(self, rule: Rule, violation: Violation) -> Violation:
        """A violation with the waiver that covers it: of several the one that holds longest."""
        covering = [waiver for waiver in self.policy.waiver if waiver.rule == rule.name and _covers(waiver, violation)]
        if violation.proof and violation.proof.accepted:
            return violation.model_copy(update={"status": "waived"})
        if not covering:
            return violation
        waiver = max(covering, key=lambda one: one.until)
        status = "waived" if self.day <= waiver.until else "expired"
        return violation.model_copy(update={"waiver": waiver, "status": status})


def _unread(one: Unread) -> str:
    """Why a view leaves a question open."""
    told = [f"line {problem.line}, column {problem.column}: {problem.reason}" for problem in one.problems]
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    return f"the SQL of {one.entity.type} {one.entity.fully_qualified_name} is not understood: {told[0]}{more}"


def _moved(rows: Sequence[DriftRow]) -> str:
    """In which columns data moved too far, the figure of each, or why it is not known."""
    told = []
    for row in rows:
        crossed = [f"{one.measure} {one.figure:.2f}" for one in row.measures if one.verdict == "alert"]
        told.append(f"{row.input} ({', '.join(crossed) or row.reason})")
    return (
        f"has data that moved since training: {', '.join(told)}"
        if told
        else "says of no column that it is made from it"
    )


def _reached(row: ReachRow, selected: Mapping[str, _Selected]) -> Violation:
    one = selected.get(str(row.entity.id))
    verb = "is reached by" if row.paths[0] else "carries"
    loose = "" if row.certainty == "column" else " (known between tables)"
    return Violation(
        entity=row.entity,
        message=f"{verb} {row.tag}{loose}",
        tag=row.tag,
        owners=one.owners if one else [],
        proof=row,
    )


def _covers(waiver: Waiver, violation: Violation) -> bool:
    """Whether a waiver is about a violation; a tag counts as those above it."""
    if waiver.entity != violation.entity.fully_qualified_name:
        return False
    tag = violation.tag or ""
    return waiver.tag in (None, tag) or fqn.below(tag, str(waiver.tag)) is not None


def _nearest(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f"; perhaps {near[0]}" if near else ""


def _day(client: Client, as_of: AsOf | None) -> date:
    """The day of a moment, in UTC."""
    text = moment(as_of)
    if text and text.startswith("@") and text[1:].isdecimal():
        events = client.events(after=int(text[1:]) - 1, limit=1)
        text = str(events[0].timestamp) if events else None
    if text is None:
        return datetime.now(UTC).date()
    if text.isdecimal():
        return datetime.fromtimestamp(int(text) / 1000, UTC).date()
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidEntity(f"asOf: {text!r} is not a time") from error
    return (time.astimezone(UTC) if time.tzinfo else time).date()
