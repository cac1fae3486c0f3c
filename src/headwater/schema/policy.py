# SPDX-License-Identifier: Apache-2.0
"""A policy: rules for the entities of a catalogue and waivers of them, and the verdict on a catalogue.

A policy is a TOML file (``docs/how-to/gate.md``). A rule selects entities, and forbids that some tags reach them, or
requires that something is said of them, or limits how far their data may move. A waiver lets one entity off one rule,
until a day.
"""

import tomllib
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from headwater.schema.base import EntityReference, Model, faults_of
from headwater.schema.drift import DriftThresholds, Threshold
from headwater.schema.governance import Certainty, ReachRow
from headwater.transformation import Transformation

Severity = Literal["error", "warning"]


class InvalidPolicy(ValueError):
    """The text is no policy; ``faults`` lists why."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("; ".join(faults))


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Words = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
"""One word, or a list of them."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", use_enum_values=True)


class Select(_Part):
    """Which entities a rule is about: those of these types and, where one is given, with this tier, domain, …"""

    type: Words = ["mlmodel"]
    tier: str | None = None
    domain: str | None = None
    owner: str | None = None
    service: str | None = None


class Forbid(_Part):
    """What must not reach them: tags, classifications, glossary terms.

    ``certainty`` column counts only what is known to the column. ``except_through``: a way that everybody knows to
    lead through one of these transformations is none. ``suggested``: labels that nobody has confirmed count too.
    """

    reaches: Words
    certainty: Certainty = "table"
    except_through: list[Annotated[Transformation, BeforeValidator(_upper)]] = []
    suggested: bool = False


class DriftLimit(_Part):
    """How far the data of what is selected, and in use, may have moved since training, by each measure: the catalogue's
    own alerts count where none is given. ``unknown``: drift that nobody measured breaks the rule too."""

    psi: Annotated[float, Field(gt=0)] | None = None
    ks: Annotated[float, Field(gt=0)] | None = None
    chi_square: Annotated[float, Field(gt=0)] | None = None
    unknown: bool = False

    @property
    def thresholds(self) -> DriftThresholds | None:
        """The limits as thresholds; None for those of the catalogue."""
        given = {name: getattr(self, name) for name in ("psi", "ks", "chi_square")}
        if not any(given.values()):
            return None
        return DriftThresholds(**{name: Threshold(alert=figure) for name, figure in given.items()})


class Rule(_Part):
    """What must hold. The words of ``require`` are owner, domain, tier, or a member of the entity such as dashboard."""

    name: str = Field(min_length=1)
    description: str | None = None
    severity: Severity = "error"
    select: Select = Select()
    forbid: Forbid | None = None
    require: Words | None = None
    drift: DriftLimit | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Rule":
        if self.forbid is None and self.require is None and self.drift is None:
            raise ValueError("a rule has to forbid or to require something, or to limit drift")
        return self


class Waiver(_Part):
    """Lets an entity off a rule, for one tag if it names one, up to and including a day."""

    rule: str
    entity: str
    tag: str | None = None
    reason: str = Field(min_length=1)
    by: str = Field(min_length=1)
    until: date


class Policy(_Part):
    """Rules and waivers."""

    rule: list[Rule] = Field(min_length=1)
    waiver: list[Waiver] = []

    @classmethod
    def read(cls, text: str) -> "Policy":
        """The policy that a TOML text holds; ``InvalidPolicy`` with every fault."""
        try:
            found = tomllib.loads(text)
            return cls.model_validate(found)
        except tomllib.TOMLDecodeError as error:
            raise InvalidPolicy([f"this is not TOML: {error}"]) from error
        except ValidationError as error:
            raise InvalidPolicy([_named(fault, found) for fault in faults_of(error)]) from error

    @model_validator(mode="after")
    def _names_fit(self) -> "Policy":
        names = [rule.name for rule in self.rule]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are called {twice[0]}")
        if unknown := [waiver.rule for waiver in self.waiver if waiver.rule not in names]:
            raise ValueError(f"a waiver names the rule {unknown[0]}, which there is not; there are {', '.join(names)}")
        return self


def _named(fault: str, found: dict[str, object]) -> str:
    """A fault that counts rules and waivers by name, or from 1."""
    kind, *rest = fault.split(".", 2)
    if kind not in ("rule", "waiver") or not rest or not rest[0].partition(":")[0].isdecimal():
        return fault
    number, colon, message = rest[0].partition(":")
    entries = found.get(kind)
    entry = entries[int(number)] if isinstance(entries, list) else None
    name = entry.get("name" if kind == "rule" else "entity") if isinstance(entry, dict) else None
    place = f"{kind} {name}" if name else f"{kind} number {int(number) + 1}"
    return f"{place}:{message}" if colon else f"{place}: {'.'.join(rest[1:])}"


# the verdict ----------------------------------------------------------------------------------------------------------


class Violation(Model):
    """An entity that does not keep a rule: because a tag reaches it, or because something is not said of it.

    ``status`` is ``waived`` where a waiver holds, or the catalogue has an exception on every path (then the proof
    tells it); ``expired`` where a waiver held until a day that is over.
    """

    entity: EntityReference
    message: str
    status: Literal["violated", "waived", "expired"] = "violated"
    owners: list[EntityReference] = Field(default_factory=list)
    tag: str | None = None
    missing: str | None = None
    proof: ReachRow | None = None
    waiver: Waiver | None = None


class RuleVerdict(Model):
    """What became of a rule. ``selected`` says how many entities it is about, ``unanswered`` what could not be told."""

    rule: str
    description: str | None = None
    severity: Severity
    selected: int = 0
    violations: list[Violation] = Field(default_factory=list)
    unanswered: list[str] = Field(default_factory=list)

    @property
    def broken(self) -> list[Violation]:
        """The violations that no waiver covers."""
        return [one for one in self.violations if one.status != "waived"]

    @property
    def status(self) -> Literal["holds", "violated", "unanswered"]:
        """``violated`` wherever that is certain, also if more could not be told."""
        return "violated" if self.broken else "unanswered" if self.unanswered else "holds"


class Verdict(Model):
    """What became of a policy. ``idle`` lists waivers that waive nothing."""

    rules: list[RuleVerdict]
    idle: list[Waiver] = Field(default_factory=list)

    @property
    def status(self) -> Literal["holds", "violated", "unanswered"]:
        """``violated`` if a rule of severity error is; else ``unanswered`` if any rule is."""
        if any(rule.broken and rule.severity == "error" for rule in self.rules):
            return "violated"
        return "unanswered" if any(rule.unanswered for rule in self.rules) else "holds"
