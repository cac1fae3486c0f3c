# SPDX-License-Identifier: Apache-2.0
"""Tells a newcomer the catalogue's answers, on a screen of 80 columns or more, with or without colours."""

import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path as FilePath

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from headwater.cli.changes import change_lines
from headwater.cli.demo.questions import SENSITIVE, Answers, Path, shown
from headwater.cli.gate import CODES, mark
from headwater.cli.governance import name_of, said
from headwater.cli.screen import Columns, grid, moment, section, styled, words
from headwater.schema import fqn
from headwater.schema.base import Document, wire
from headwater.schema.drift import DriftReply, DriftVerdict
from headwater.schema.entities.mlmodel import MLMODEL, MlModel
from headwater.schema.governance import PathEnd, ReachRow
from headwater.schema.policy import Verdict

NAMES = re.compile(r" \([^()]*,[^()]*\)")
"""The names behind a count of changed parts; `headwater history` shows them."""

ANSWER, QUIET, ALARM = "cyan", "dim", "bold yellow"

OPENING = (
    "1,989 real mortgage applications from Boston, two models that were trained on them just now, and a catalogue "
    "that knows what belongs together. It is asked:"
)


def tell(answers: Answers, other: Answers, verdict: Verdict, moved: DriftReply) -> Iterator[RenderableType]:
    """The answers about the demo's main model, about the one that leaves the household out, about the policy, and about
    the data since."""
    name = answers.model.fully_qualified_name
    yield Text("")
    yield styled(OPENING)
    yield section(f"Where is {name}?", *where(answers))
    yield section("Which dashboard shows how well it does?", *dashboard(answers))
    yield section("Who answers for it?", *owners(answers))
    yield section("Which columns feed it?", *columns(answers))
    yield section("Is anything sensitive in it?", *sensitive(answers))
    yield section(f"And in {other.model.fully_qualified_name}?", *sensitive(other))
    yield section("Does that keep the bank's policy?", *policy(verdict))
    yield section("What if from now on only the self-employed applied?", *drift(moved))
    yield section("What was it before?", *history(answers))


def where(answers: Answers) -> Iterator[RenderableType]:
    """Where a model is served and kept."""
    model = answers.model
    yield grid(
        [
            (styled("served at"), styled(model.server or "nowhere", ANSWER)),
            (styled("kept in"), styled(kept_in(model), ANSWER)),
            (styled("it is a"), words((model.algorithm, ANSWER), f" that predicts {model.target or 'something'}")),
            (styled("version"), words((str(model.version), ANSWER), f" since {moment(model.updated_at)} UTC")),
        ]
    )


def kept_in(model: MlModel) -> str:
    """Where a model's file is."""
    return (model.ml_store and model.ml_store.storage) or "no known place"


def dashboard(answers: Answers) -> Iterator[RenderableType]:
    """The dashboard of a model with its charts."""
    found = answers.dashboard
    if found is None:
        yield styled("None that the catalogue knows of.")
        return
    yield words((found.display_name or found.name, ANSWER), "  ", found.source_url or "")
    yield grid(
        (styled("chart", QUIET), words(f"{chart.display_name or chart.name}. {chart.description or ''}"))
        for chart in answers.charts
    )


def owners(answers: Answers) -> Iterator[RenderableType]:
    """Who owns a model, and the tables behind it."""
    owned = [(answers.model.name, answers.model.owners), *((each.name, each.owners) for each in answers.tables)]
    yield grid((styled(name), styled(", ".join(map(shown, who or ())) or "nobody", ANSWER)) for name, who in owned)


def columns(answers: Answers) -> Iterator[RenderableType]:
    """A model's features beside the columns that they come from, one column of the screen for each entity."""
    entities = list(dict.fromkeys(step.entity for path in answers.paths for step in path[1:]))
    kinds = {entity.fully_qualified_name: entity.table_type for entity in answers.tables}
    heads = ["feature", *(f"{fqn.names(entity)[-1]}{_kind(kinds.get(entity))}" for entity in entities)]
    rows = []
    for feature in answers.model.ml_features or ():
        behind = [path[-1] for path in answers.paths if path[0].field == fqn.quote(feature.name)]
        cells = (", ".join(step.field for step in behind if step.entity == entity) for entity in entities)
        rows.append((styled(feature.name, ANSWER), *map(styled, cells)))
    yield Columns(heads, rows)


def _kind(kind: str | None) -> str:
    return f" ({kind.lower()})" if kind and kind != "Regular" else ""


def sensitive(answers: Answers) -> Iterator[RenderableType]:
    """Whether sensitive data reach a model, each path hop by hop."""
    found = answers.sensitive
    features = answers.model.ml_features or ()
    if not found:
        what = "leads" if answers.complete else "is known to lead"
        yield words(("No. ", ANSWER), f"None of its {len(features)} features {what} to a column tagged ", _either())
        return
    reached = dict.fromkeys(path[0] for path in found)
    yield words(("Yes. ", ALARM), f"{len(reached)} of its {len(features)} features, by these paths:")
    for feature in reached:
        yield styled(feature, ANSWER)
        yield from _hops([path for path in found if path[0] == feature])


def _either() -> str:
    return " or ".join(SENSITIVE) + "."


def _hops(paths: Iterable[Path], depth: int = 1) -> Iterator[RenderableType]:
    """A line for each step of some paths with one beginning, further in by each hop; shared steps stand once."""
    longer = [path for path in paths if len(path) > depth]
    for step in dict.fromkeys(path[depth] for path in longer):
        tags = "".join(f"  [{tag}]" for tag in step.tags if tag in SENSITIVE)
        yield Padding(words(f"← {step}", (tags, ALARM), (f"  ({step.asserted_by})", QUIET)), (0, 0, 0, 3 * depth))
        yield from _hops([path for path in longer if path[depth] == step], depth + 1)


def policy(verdict: Verdict) -> Iterator[RenderableType]:
    """What became of each rule of the policy, violations with their paths."""
    if verdict.status == "holds":
        yield words(("Yes. ", ANSWER), "`headwater check` ends with 0, and a build goes on.")
    else:
        yield words(("No. ", ALARM), f"`headwater check` ends with {CODES[verdict.status].value}, and a build stops.")
    for rule in verdict.rules:
        yield words(mark(rule), " ", (rule.rule, ANSWER))
        yield Padding(words(rule.description or ""), (0, 0, 0, 2))
        for violation in rule.broken:
            name = violation.entity.fully_qualified_name or ""
            yield Padding(words(f"{name} {violation.message}"), (0, 0, 0, 2))
            if violation.proof:
                yield Padding(_path(violation.proof), (0, 0, 0, 5))


def _path(proof: ReachRow) -> RenderableType:
    """A path from the data to a model, each step with who says so."""
    hops = [words(f"→ {_short(hop.to)}", (f"  ({said(hop)})", QUIET)) for hop in proof.paths[0]]
    return Group(styled(_short(proof.source)), *hops)


def _short(place: PathEnd) -> str:
    """A field with the name of its entity."""
    return ".".join(fqn.split(name_of(place))[-2:])


def drift(moved: DriftReply) -> Iterator[RenderableType]:
    """Which columns would look otherwise than in training."""
    crossed = [row for row in moved.data if DriftVerdict(row.verdict).crossed]
    yield words(
        ("It has not learnt from such data. ", ALARM) if crossed else ("Nothing. ", ANSWER),
        f"{len(crossed)} of {len(moved.data)} columns would be too far from what they were in training:",
    )
    by_figure = sorted(crossed, key=lambda row: -row.measures[0].figure)
    rows = [(row.input, f"{row.measures[0].figure:.2f}", row.verdict) for row in by_figure]
    yield Columns(("column", "PSI", "verdict"), [tuple(map(styled, row)) for row in rows])


def history(answers: Answers) -> Iterator[RenderableType]:
    """The versions of a model, newest first, and what it was as of the first. Changed parts are only counted."""
    for version in answers.versions:
        yield words((str(version.version), ANSWER), f"  {moment(version.updated_at)} UTC by {version.updated_by}")
        lines = change_lines(MLMODEL, _changes(version), first=version is answers.versions[-1])
        yield Padding(Group(*map(_without_names, lines)), (0, 0, 0, 5))
    first = answers.first
    yield words(
        f"As of version {first.version} the catalogue still answers: ",
        (first.algorithm, ANSWER),
        f", {f'served at {first.server}' if first.server else 'not served'}, kept in {kept_in(first)}.",
    )


def _without_names(line: Text) -> Text:
    return styled(NAMES.sub("", line.plain)) if NAMES.search(line.plain) else line


def _changes(version: MlModel) -> Document:
    return wire(version.change_description) if version.change_description else {}


def what_next(model: str, policy: FilePath, url: str | None) -> RenderableType:
    """What to type now, as it can be typed on this machine."""
    command = "headwater" if shutil.which("headwater") else _as_called()
    commands = {
        f"{command} show {model}": "all about it",
        f"{command} lineage {model}": "from data to dashboard",
        f"{command} history {model}": "every change",
        f"{command} compare {model} challenger champion": "what the newer version does otherwise",
        f"{command} check {policy}": "may it be used so?",
        f"{command} drift {model}": "have its data moved?",
        f"{command} list tables": "what else there is",
    }
    longest = max(map(len, commands))
    lines = [words((line.ljust(longest), ANSWER), f"  {why}") for line, why in commands.items()]
    if url:
        lines.append(styled(f"curl {url}/api/v1/mlmodels/name/{model}", ANSWER))
    head = "What next? In another terminal, in this folder:" if url else "What next?"
    return section(head, *lines, Text(""))


def _as_called() -> str:
    """How the command was started, as it can be typed in the working folder."""
    called = FilePath(sys.argv[0])
    if called.name == "__main__.py":
        return "python -m headwater"
    return str(called.relative_to(FilePath.cwd()) if called.is_relative_to(FilePath.cwd()) else called)
