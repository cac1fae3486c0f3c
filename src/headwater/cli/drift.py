# SPDX-License-Identifier: Apache-2.0
"""The commands about profiles and drift."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from headwater.cli import databases, measuring
from headwater.cli.failures import Exit, Failure
from headwater.cli.models import picked
from headwater.cli.screen import Columns, moment, styled, words
from headwater.cli.session import Session
from headwater.errors import EntityNotFound
from headwater.schema.base import wire
from headwater.schema.drift import (
    DriftReply,
    DriftRow,
    DriftThresholds,
    DriftVerdict,
    Measured,
    MeasureName,
    Profiled,
    Threshold,
)
from headwater.sdk import profiles

STYLES = {"steady": "green", "warn": "bold yellow", "alert": "bold red", "unknown": "dim"}
NAMES = {
    MeasureName.STABILITY: "PSI",
    MeasureName.KOLMOGOROV_SMIRNOV: "Kolmogorov–Smirnov",
    MeasureName.CHI_SQUARE: "chi-square",
}


def profile(session: Session, name: str, url: str, where: str | None, sample: float | None) -> None:
    """Measure a table where it is, and record what was measured."""
    if sample is not None and not 0 < sample <= 100:
        raise Failure(f"--sample {sample:g}: a sample is more than 0 and at most 100 percent", code=Exit.USAGE)
    with session.naming(session.declared("table"), name):
        table = session.client.tables.get(name, fields="columns")
    if not table.columns:
        raise Failure(f"the catalogue knows no columns of {table.fully_qualified_name}", code=Exit.USAGE)
    with databases.opened(url) as (ask, dialect):
        taken, rows = measuring.measure(ask, dialect, table, where, sample)
    measured = profiles.told(taken, profiles.now(), rows, len(table.columns), sample)
    session.client.tables.record_profile(table, measured)
    if session.screen.json:
        session.screen.value(wire(measured))
        return
    session.screen.show(_profile_table(taken))
    seen = taken[0].rows
    part = f", {seen:,} of them looked at" if seen != rows else ""
    session.screen.done(f"{table.fully_qualified_name} is profiled: {rows:,} rows{part}")


def _profile_table(taken: Sequence[profiles.Taken]) -> RenderableType:
    heads = ("COLUMN", "NULLS", "DISTINCT", "MIN", "MEDIAN", "MEAN", "MAX", "COMMONEST")
    rows = []
    for one in taken:
        said = one.profile(0)
        share = f"{said.null_proportion:.1%}" if said.null_proportion else ""
        distinct = "" if one.distinct is None else f"{one.distinct:,}"
        figures = (said.min, said.median, said.mean, said.max)
        commonest = said.cardinality_distribution.categories if said.cardinality_distribution else None
        cells = [one.name, share, distinct, *map(_number, figures), ", ".join((commonest or [])[:3])]
        rows.append(tuple(styled(cell, "bold" if cell is cells[0] else "") for cell in cells))
    return Columns(heads, rows)


def _number(value: float | str | None) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def drift(session: Session, model: str, word: str | None, warn: float | None, alert: float | None) -> Exit:
    """Print how far the data of a version have moved; the exit code says whether a threshold is crossed."""
    version = picked(session, model, word or _in_use(session, model))
    limits = None
    if warn is not None or alert is not None:
        if warn is not None and alert is not None and warn > alert:
            raise Failure(f"--warn {warn:g} is above --alert {alert:g}", code=Exit.USAGE)
        known = session.client.mlmodel_versions.drift_thresholds()
        limits = DriftThresholds(psi=Threshold(warn=warn, alert=alert), ks=known.ks, chi_square=known.chi_square)
    found = session.client.mlmodel_versions.drift(version, thresholds=limits, as_of=session.as_of)
    if session.screen.json:
        session.screen.value(wire(found))
    else:
        session.screen.show(*page(found))
    if DriftVerdict(found.verdict).crossed:
        return Exit.FAILED
    return Exit.OK if any(row.measures for row in found.data) else Exit.USAGE


def _in_use(session: Session, model: str) -> str:
    """The version that is meant where none is named: the newest that is in use, else the newest."""
    with session.naming(session.declared("mlmodel"), model):
        found = session.client.mlmodels.get(model, fields="", as_of=session.as_of)
    collection = session.client.mlmodel_versions
    versions, rule = collection.of(found, as_of=session.as_of), collection.declared.drift
    if not versions:
        raise EntityNotFound(f"{model} has no versions yet, so nothing says what it was trained on")
    return next((one for one in versions if rule and rule.in_use(wire(one))), versions[0]).name


def page(found: DriftReply) -> Iterator[RenderableType]:
    """An answer for people: the gravest first, and what nobody knows at the end."""
    rows = sorted(found.data, key=lambda one: -DriftVerdict(one.verdict).rank)
    known = [one for one in rows if one.measures]
    crossed = [one for one in rows if DriftVerdict(one.verdict).crossed]
    name = found.entity.fully_qualified_name or ""
    yield words((name, "bold"), ": ", (found.verdict, STYLES[found.verdict]), f", {_summary(crossed, rows)}")
    if known:
        yield Text("")
        yield Columns(
            ("FEATURE", "COLUMN", "VERDICT", "MEASURE", "FIGURE", ""),
            [line for row in known for line in _lines(row)],
        )
        yield Text("")
        yield from _compared(known)
    for row in rows:
        if row.reason:
            yield words((f"{row.input}: ", "bold"), "not known, for ", row.reason)


def _summary(crossed: Sequence[DriftRow], rows: Sequence[DriftRow]) -> str:
    if not rows:
        return "for nothing says which columns it is made from"
    return f"{len(crossed)} of {len(rows)} feature sources moved further than a threshold allows"


def _lines(row: DriftRow) -> Iterator[tuple[Text, ...]]:
    """A line for each measure; what they share stands in the first."""
    column = row.column.rpartition(".")[2] if row.column.rpartition(".")[2] != row.input else "the same"
    shared = (styled(row.input, "bold"), styled(column), styled(row.verdict, STYLES[row.verdict]))
    for number, one in enumerate(row.measures):
        mark = STYLES[one.verdict] if DriftVerdict(one.verdict).crossed else ""
        first = shared if number == 0 else (styled(""),) * 3
        yield (
            *first,
            styled(NAMES[MeasureName(one.measure)]),
            styled(f"{one.figure:.3f}", mark),
            styled(_more(one), "dim"),
        )


def _more(one: Measured) -> str:
    """What a figure means: the threshold that it crosses, the error, the probability."""
    said = []
    limit = one.threshold.alert if one.verdict == "alert" else one.threshold.warn if one.verdict == "warn" else None
    said += [f"{one.verdict} from {limit:g} on"] if limit is not None else []
    said += [f"± {one.error:.3f}"] if one.error else []
    if one.statistic is not None:
        said.append(f"χ² {one.statistic:.1f} of {one.degrees} degree{'' if one.degrees == 1 else 's'} of freedom")
    said += [f"p {one.p_value:.3f}" if one.p_value >= 0.001 else "p < 0.001"] if one.p_value is not None else []
    return "; ".join(said)


def _compared(rows: Sequence[DriftRow]) -> Iterator[RenderableType]:
    """Which profiles were compared, each pair once."""
    pairs = dict.fromkeys((_shown(row.baseline), _shown(row.current)) for row in rows)
    for before, after in pairs:
        yield words(("baseline  ", "dim"), before)
        yield words(("now       ", "dim"), after)


def _shown(one: Profiled | None) -> str:
    return f"{one.entity.fully_qualified_name} of {moment(one.timestamp)} UTC, {one.rows:,} rows" if one else ""
