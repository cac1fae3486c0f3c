# SPDX-License-Identifier: Apache-2.0
"""The command tree: what can be typed. Kept free of imports that take time; the commands import what they need."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from headwater.cli.failures import EXIT_CODES, Exit, Failure, failure_of
from headwater.cli.screen import STDIN, Screen
from headwater.errors import CatalogError

if TYPE_CHECKING:
    from headwater.cli.session import Session
    from headwater.settings import Settings

ASK = Group("Ask the catalogue", sort_key=1)
CHANGE = Group("Change the catalogue", sort_key=2)
RUN = Group("Run a server", sort_key=3)
CARE = Group("Look after a database", sort_key=4)
FAR_END = Group("What is reached", sort_key=9)
WHERE = Group("Which catalogue", sort_key=10)

HELP = (
    "A catalogue of machine-learning models: which data feeds them, and what they feed.\n\n"
    "Commands work on a server (--url), or on a database without one (--database, also beside a running server); "
    "by default on headwater.db in this folder. `headwater COMMAND --help` shows the options of a command."
)

EPILOGUE = "Exit codes:\n" + "\n".join(f"{code.value:5}  {meaning}" for code, meaning in EXIT_CODES)

app = App(
    name="headwater",
    help=HELP,
    help_epilogue=EPILOGUE,
    help_format="plaintext",
    default_parameter=Parameter(negative=(), show_default=False),
    version_flags=("--version",),
    suppress_keyboard_interrupt=False,
)

Include = Literal["non-deleted", "deleted", "all"]

TypeWord = Annotated[str, Parameter(name="TYPE", help="A type of entity, such as mlmodel, table or users.")]
Name = Annotated[str, Parameter(name="NAME", help="The fully qualified name, such as mlflow.churn, or the id.")]
Kind = Annotated[str, Parameter(help="The type of the entity, mlmodel by default.")]
Field = Annotated[str | None, Parameter(help="Only a column or feature of it, by its path in the entity.")]
Suggested = Annotated[bool, Parameter(help="Labels that nobody has confirmed count too.")]
Policy = Annotated[
    bool, Parameter(negative="--no-policy", help="The catalogue's stop rules and exceptions count; they do by default.")
]
Fields = Annotated[str | None, Parameter(help="Optional members to ask for, with commas between them; `*` for all.")]
ModelName = Annotated[str, Parameter(name="MODEL", help="The fully qualified name of a model, such as mlflow.churn.")]
VersionWord = Annotated[str, Parameter(name="VERSION", help="A version of the model, by its name or an alias.")]
InputFile = Annotated[
    str | None,
    Parameter(name="FILE", help="A file of JSON; - is the standard input."),
]
Within = Annotated[
    str | None,
    Parameter(help="The service, database or schema that the SQL runs in, such as warehouse.shop.main."),
]
Dialect = Annotated[
    str | None, Parameter(help="The SQL that it is written in, as sqlglot calls it; by default the service's.")
]
FROM = "The database that holds the tables: a path, sqlite:///path or postgresql://…."
HolderKind = Annotated[str | None, Parameter(help="The type of the entity, if the name may mean several.")]
SuggestedTag = Annotated[str, Parameter(name="TAG", help="The suggested tag, such as PII.Sensitive.")]
Included = Annotated[Include, Parameter(help="Whether deleted entities count; non-deleted by default.")]


@Parameter(name="*", group=WHERE)
@dataclass(frozen=True, kw_only=True)
class Where:
    """The options of every command on a catalogue."""

    url: Annotated[str | None, Parameter(help="Address of a server. [HEADWATER_URL]")] = None
    database: Annotated[
        str | None, Parameter(help="A path, sqlite:///path or postgresql://…. [HEADWATER_DATABASE]")
    ] = None
    token: Annotated[str | None, Parameter(help="Token for the server. [HEADWATER_TOKEN]")] = None
    json: Annotated[bool, Parameter(help="Answer in JSON.")] = False

    @property
    def moment(self) -> str | None:
        """The moment that is asked about; None is now."""
        return None

    @contextmanager
    def session(self, create: bool = False) -> Iterator["Session"]:
        """A client and a screen. ``create``: a database file that does not exist is made."""
        from headwater.cli.session import Session, opened, target, warnings_on

        screen = Screen(self.json)
        with warnings_on(screen), opened(target(self.url, self.database), self.token, create=create) as client:
            yield Session(client, screen, self.moment)


@Parameter(name="*", group=WHERE)
@dataclass(frozen=True, kw_only=True)
class Reading(Where):
    """The options of every command that only reads."""

    as_of: Annotated[
        str | None, Parameter(help="As it was then: a date or time (UTC), milliseconds, or @ and an event's position.")
    ] = None

    @property
    def moment(self) -> str | None:
        """The moment that is asked about; None is now."""
        return self.as_of


@Parameter(name="*", group=FAR_END)
@dataclass(frozen=True, kw_only=True)
class FarEnd:
    """The options that tell which reached entities are shown."""

    type: Annotated[
        str | None,
        Parameter(
            help="Types with commas, or `*` for all; mlmodel by default, for changes also what shows or serves it."
        ),
    ] = None
    tier: Annotated[str | None, Parameter(help="Only what has this tier, such as Tier.Tier1.")] = None
    domain: Annotated[str | None, Parameter(help="Only what belongs to this domain.")] = None
    owner: Annotated[str | None, Parameter(help="Only what this user or team answers for.")] = None
    service: Annotated[str | None, Parameter(help="Only what lives in this service.")] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Installation:
    """The options of commands that open the database itself."""

    database: Annotated[
        str | None, Parameter(help="A path, sqlite:///path or postgresql://…. [HEADWATER_DATABASE]")
    ] = None
    json: Annotated[bool, Parameter(help="Answer in JSON.")] = False

    @property
    def screen(self) -> Screen:
        """The screen."""
        return Screen(self.json)

    def settings(self) -> "Settings":
        """The settings of the environment with the options on top."""
        return settings(database=self.database)


def settings(**given: object) -> "Settings":
    """The settings of the environment, with those given on top."""
    from headwater.settings import Settings

    try:
        return Settings.from_environment(None, **given)
    except ValueError as error:
        raise Failure(str(error), code=Exit.USAGE) from error


# asking ---------------------------------------------------------------------------------------------------------------


@app.command(group=ASK)
def search(
    text: Annotated[str, Parameter(name="TEXT", help="Words, a fully qualified name, or nothing for everything.")] = "",
    /,
    *,
    type: Annotated[list[str] | None, Parameter(help="Only entities of this type; may be repeated.")] = None,
    tag: Annotated[str | None, Parameter(help="Only what carries this tag, or one below it.")] = None,
    owner: Annotated[str | None, Parameter(help="Only what this user or team owns.")] = None,
    service: Annotated[str | None, Parameter(help="Only what lives in this service.")] = None,
    domain: Annotated[str | None, Parameter(help="Only what belongs to this domain, or one below it.")] = None,
    tier: Annotated[str | None, Parameter(help="Only what has this tier, such as Tier.Tier1.")] = None,
    include: Included = "non-deleted",
    limit: Annotated[int, Parameter(help="How many hits at most; 10 by default.")] = 10,
    where: Where = Where(),
) -> None:
    """Find entities by words of their names, descriptions, columns, features, tags and owners.

    Words may be begun only; those that occur nowhere may have typing mistakes.
    """
    from headwater.cli import finding

    narrowed = {"tag": tag, "owner": owner, "service": service, "domain": domain, "tier": tier, "include": include}
    with where.session() as session:
        finding.search(session, text, type or (), narrowed, limit)


@app.command(group=ASK)
def show(name: Name, /, *, type: Kind = "mlmodel", where: Reading = Reading()) -> None:
    """Show the page of a model or another entity: parts, sources, what it feeds, last changes."""
    from headwater.cli import reading

    with where.session() as session:
        reading.show(session, type, name)


@app.command(group=ASK)
def lineage(
    name: Name,
    /,
    *,
    type: Kind = "mlmodel",
    depth: Annotated[int, Parameter(help="How many hops in each direction, 1 to 100; 3 by default.")] = 3,
    columns: Annotated[bool, Parameter(negative="--no-columns", help="Show which column flows into which.")] = True,
    max_nodes: Annotated[int | None, Parameter(help="How many entities to visit at most.")] = None,
    where: Reading = Reading(),
) -> None:
    """Show as a tree what an entity is made from and what it feeds."""
    from headwater.cli import reading

    with where.session() as session:
        reading.lineage(session, type, name, depth, columns, max_nodes)


@app.command(group=ASK)
def reach(
    tag: Annotated[
        str | None,
        Parameter(name="TAG", help="A tag such as PII.Sensitive, or a classification: it counts as all its tags."),
    ] = None,
    /,
    *,
    column: Annotated[str | None, Parameter(help="Ask about a column or feature instead, by its name in full.")] = None,
    table: Annotated[str | None, Parameter(help="Ask about a table instead.")] = None,
    certain: Annotated[bool, Parameter(help="Leave out what is known between tables only.")] = False,
    stop: Annotated[
        str | None, Parameter(help="Transformations that end the way, with commas, such as HASHING,MASKING.")
    ] = None,
    policy: Policy = True,
    suggested: Suggested = False,
    far: FarEnd = FarEnd(),
    where: Reading = Reading(),
) -> None:
    """Show which models use data with a tag, at any number of hops, each with the path that proves it."""
    from headwater.cli import governance

    with where.session() as session:
        governance.reach(session, tag, column, table, far, certain, stop, policy, suggested)


@app.command(group=ASK)
def tags(
    name: Name,
    /,
    *,
    type: Kind = "mlmodel",
    field: Field = None,
    policy: Policy = True,
    suggested: Suggested = False,
    where: Reading = Reading(),
) -> None:
    """Show which tags reach a model or another entity, its own included, each with the path that proves it."""
    from headwater.cli import governance

    with where.session() as session:
        governance.tags(session, type, name, field, policy, suggested)


@app.command(group=ASK)
def suggestions(
    *,
    tag: Annotated[str | None, Parameter(help="Only this tag, or those below it, such as ProtectedAttribute.")] = None,
    entity: Annotated[str | None, Parameter(help="Only of this entity and of what lives below it, by name.")] = None,
    where: Reading = Reading(),
) -> None:
    """Show the suggested tags that nobody has confirmed or rejected, with how sure they are and why."""
    from headwater.cli import suggestions as commands

    with where.session() as session:
        commands.open_ones(session, tag, entity)


@app.command(group=ASK)
def proxies(
    model: ModelName,
    /,
    *,
    from_: Annotated[str, Parameter(name="--from", help=FROM)],
    on: Annotated[
        str | None, Parameter(help="The column that tells rows apart, where several tables are read.")
    ] = None,
    protected: Annotated[
        list[str] | None,
        Parameter(help="COLUMN=TAG: another column, by its name in full, is a protected attribute; repeatable."),
    ] = None,
    threshold: Annotated[
        float, Parameter(help="The smallest figure that is told; 0.3 by default, a medium effect after Cohen (1988).")
    ] = 0.3,
    rows: Annotated[int, Parameter(help="How many rows of a table are read at most; 100,000 by default.")] = 100_000,
    suggest: Annotated[bool, Parameter(help="Suggest the attribute as a tag of each feature that is found.")] = False,
    where: Where = Where(),
) -> None:
    """Show which features of a model hang together with a protected attribute in a database, and how strongly.

    Protected attributes are the columns upstream of the model with a tag below ProtectedAttribute, suggested ones too.
    """
    from headwater.cli import suggestions as commands

    with where.session() as session:
        commands.proxies(session, model, from_, on, protected or (), threshold, rows, suggest)


@app.command(group=ASK)
def impact(
    file: Annotated[
        str | None,
        Parameter(name="FILE", help="A file of changes in JSON, as the API takes them; - is the standard input."),
    ] = None,
    /,
    *,
    drop: Annotated[list[str] | None, Parameter(help="A column goes away; repeatable, as the others.")] = None,
    rename: Annotated[list[str] | None, Parameter(help="COLUMN=NAME: a column gets another name.")] = None,
    retype: Annotated[list[str] | None, Parameter(help="COLUMN=TYPE: a column gets another type.")] = None,
    tag: Annotated[list[str] | None, Parameter(help="COLUMN=TAG: a column gets a tag.")] = None,
    delete_table: Annotated[list[str] | None, Parameter(help="A table goes away.")] = None,
    sql: Annotated[list[str] | None, Parameter(help="A script of SQL runs; - is the standard input.")] = None,
    within: Within = None,
    dialect: Dialect = None,
    far: FarEnd = FarEnd(),
    where: Reading = Reading(),
) -> Exit:
    """Show which models and dashboards changes would break, before they are made; 1 if any would, 0 if none.

    Columns and tables are named in full, such as warehouse.shop.main.people.gender. 2: not all could be told.
    """
    from headwater.cli import governance

    given = {"drop": drop, "rename": rename, "retype": retype, "tag": tag, "delete": delete_table}
    scripts = governance.Scripts(sql or (), within, dialect)
    changes = governance.changes(file, scripts, given)
    with where.session() as session:
        return governance.impact(session, changes, scripts, far)


@app.command(group=ASK)
def unread(*, where: Reading = Reading()) -> None:
    """Show the views of whose SQL something is not understood, so that more may flow into them than is known."""
    from headwater.cli import governance

    with where.session() as session:
        governance.unread(session)


@app.command(group=ASK)
def check(
    policy: Annotated[Path, Parameter(name="POLICY", help="A TOML file of rules and waivers.")],
    /,
    *,
    junit: Annotated[Path | None, Parameter(help="Write the verdict to this file too, as JUnit's XML.")] = None,
    sarif: Annotated[Path | None, Parameter(help="Write the verdict to this file too, as SARIF 2.1.0.")] = None,
    where: Reading = Reading(),
) -> Exit:
    """Check that the catalogue keeps a policy: 0 if it does, 1 if not, 2 if that could not be told in full."""
    from headwater.cli import gate

    rules = gate.policy(policy)
    with where.session() as session:
        return gate.check(session, policy, rules, junit, sarif)


@app.command(group=ASK)
def drift(
    model: ModelName,
    version: Annotated[
        str | None,
        Parameter(
            name="VERSION",
            help="A version, by its name or an alias; the newest in use (in production, or with an alias) by default.",
        ),
    ] = None,
    /,
    *,
    warn: Annotated[
        float | None, Parameter(help="From which stability index on to warn, instead of what the catalogue says.")
    ] = None,
    alert: Annotated[float | None, Parameter(help="From which stability index on it is an alert.")] = None,
    where: Reading = Reading(),
) -> Exit:
    """Show how far the columns behind a model have moved from what it was trained on; 1 if further than allowed.

    What is compared are profiles: of the training data, and the newest of each table, as `headwater profile` takes
    them. 2: nothing could be compared.
    """
    from headwater.cli import drift as shown

    with where.session() as session:
        return shown.drift(session, model, version, warn, alert)


@app.command(group=ASK)
def history(
    name: Name,
    span: Annotated[
        str | None,
        Parameter(name="A..B", help="Two versions, or times, to compare; the last two versions by default."),
    ] = None,
    /,
    *,
    diff: Annotated[bool, Parameter(help="Show what differs between two versions, item by item.")] = False,
    type: Kind = "mlmodel",
    where: Reading = Reading(),
) -> None:
    """Show the versions of an entity, newest first, and what changed in each; or what two of them differ in."""
    from headwater.cli import past, reading

    with where.session() as session:
        if diff or span:
            past.diff(session, type, name, span)
        else:
            reading.history(session, type, name)


@app.command(group=ASK)
def log(
    *,
    user: Annotated[str | None, Parameter(help="Only what this user changed.")] = None,
    type: Annotated[str | None, Parameter(help="Only entities of these types, with commas.")] = None,
    entity: Annotated[str | None, Parameter(help="Only this entity, of --type or a model, by name or id.")] = None,
    field: Annotated[
        str | None, Parameter(help="Only changes of this member, such as owners, mlFeatures or columns.age.")
    ] = None,
    major: Annotated[bool, Parameter(help="Only changes that made a major version.")] = False,
    since: Annotated[
        str | None, Parameter(help="Only later changes: a date or time (UTC), or @ and a position.")
    ] = None,
    until: Annotated[str | None, Parameter(help="Only changes up to then.")] = None,
    limit: Annotated[int, Parameter(help="How many at most, 0 for all; 50 by default.")] = 50,
    where: Where = Where(),
) -> None:
    """Show who changed what, across all entities, newest first."""
    from headwater.cli import past

    kinds = type or ("mlmodel" if entity else None)
    with where.session() as session:
        narrowed = {"user": user, "type": kinds, "entity": entity, "field": field, "major_only": major}
        past.log(session, narrowed | {"since": since, "until": until}, limit or None)


@app.command(group=ASK)
def get(
    type: TypeWord,
    name: Name,
    /,
    *,
    fields: Fields = None,
    include: Included = "non-deleted",
    where: Reading = Reading(),
) -> None:
    """Show the members of an entity."""
    from headwater.cli import reading

    with where.session() as session:
        reading.get(session, type, name, fields, include)


@app.command(name="list", group=ASK)
def list_(
    type: TypeWord,
    /,
    *,
    filter: Annotated[list[str] | None, Parameter(help="NAME=VALUE, such as service=mlflow; may be repeated.")] = None,
    limit: Annotated[
        int | None, Parameter(help="How many at most, 0 for all; by default 100 on a terminal, else all.")
    ] = None,
    fields: Fields = None,
    include: Included = "non-deleted",
    where: Reading = Reading(),
) -> None:
    """List the entities of a type.

    Where the output is no terminal, each is a line with tabs between its members.
    """
    from headwater.cli import reading

    with where.session() as session:
        reading.list_(session, type, filter or (), limit, fields, include)


@app.command(group=ASK)
def compare(
    model: ModelName,
    version: VersionWord,
    other: Annotated[str, Parameter(name="OTHER", help="The version to compare it with, likewise.")],
    /,
    *,
    where: Reading = Reading(),
) -> None:
    """Show what differs between two versions of a model: metrics, hyper-parameters, datasets, signature."""
    from headwater.cli import models

    with where.session() as session:
        models.compare(session, model, version, other)


@app.command(group=ASK)
def events(
    *,
    after: Annotated[
        int | None, Parameter(help="Only what lies beyond this position; by default the newest 20 are shown.")
    ] = None,
    follow: Annotated[bool, Parameter(help="Go on with what comes, until Ctrl+C.")] = False,
    limit: Annotated[int | None, Parameter(help="How many at most, before what comes.")] = None,
    type: Annotated[str | None, Parameter(help="Only of these types of entities, with commas.")] = None,
    kind: Annotated[str | None, Parameter(help="Only of these kinds, such as entityUpdated, with commas.")] = None,
    user: Annotated[str | None, Parameter(help="Only by this user.")] = None,
    where: Where = Where(),
) -> None:
    """Show what changed, in order: the log of the catalogue."""
    from headwater.cli import alerts as commands

    with where.session() as session:
        commands.events(session, after, follow, limit, type, kind, user)


@app.command(group=ASK)
def alerts(
    action: Annotated[
        Literal["list", "status", "replay", "test"],
        Parameter(
            name="ACTION",
            help="list (the default): all alerts; status: what became of one; replay: send again what was given up; "
            "test: send a test message to each destination.",
        ),
    ] = "list",
    name: Annotated[str | None, Parameter(name="NAME", help="The name of the alert, or its id.")] = None,
    /,
    *,
    where: Where = Where(),
) -> Exit | None:
    """Show who is told of what and how that goes, send again, or try it out."""
    from headwater.cli import alerts as commands

    if (name is None) != (action == "list"):
        raise Failure(
            f"headwater alerts {action} {'needs the NAME of an alert' if name is None else 'takes no NAME'}",
            code=Exit.USAGE,
        )
    with where.session() as session:
        if name is None:
            commands.list_(session)
        elif action == "test":
            return commands.test(session, name)
        elif action == "replay":
            commands.replay(session, name)
        else:
            commands.status(session, name)
    return None


@app.command(group=ASK)
def ping(
    name: Annotated[
        str | None,
        Parameter(name="NAME", help="The entity that is looked at, with its parts in production; all if absent."),
    ] = None,
    /,
    *,
    type: Kind = "mlmodel",
    where: Where = Where(),
) -> Exit:
    """Look now whether the endpoint, store and dashboard of a model answer, or of all models in production."""
    from headwater.cli import checks

    with where.session() as session:
        return checks.ping(session, type, name)


# changing -------------------------------------------------------------------------------------------------------------


@app.command(group=CHANGE)
def put(
    type: TypeWord,
    file: InputFile = None,
    /,
    *,
    set: Annotated[
        list[str] | None,
        Parameter(help="NAME=VALUE, such as algorithm=XGBoost; repeatable. Values in [], {} or quotes are JSON."),
    ] = None,
    override: Annotated[bool, Parameter(help="As a bot, replace also what people wrote.")] = False,
    where: Where = Where(),
) -> None:
    """Create or update entities.

    The input holds JSON objects, behind each other or in lists, also as `get --json` and `list --json` print them.
    """
    from headwater.cli import writing

    with where.session(create=True) as session:
        writing.put(session, type, None if file == STDIN else file, set or (), override, reads=file == STDIN)


@app.command(group=CHANGE)
def accept(
    name: Name,
    tag: Annotated[str, Parameter(name="TAG", help="A tag, classification or glossary term.")],
    /,
    *,
    until: Annotated[str, Parameter(help="The last day on which it is accepted, such as 2027-01-31.")],
    by: Annotated[str, Parameter(help="The user who accepts it.")],
    reason: Annotated[str, Parameter(help="Why it is acceptable.")],
    type: Kind = "mlmodel",
    field: Field = None,
    where: Where = Where(),
) -> None:
    """Record that a person accepts until a day that a tag reaches an entity, and what is made from it.

    `headwater delete tagExceptions NAME` ends it before that.
    """
    from headwater.cli import governance

    with where.session() as session:
        governance.accept(session, type, name, tag, field, by, until, reason)


@app.command(group=CHANGE)
def suggest(
    name: Annotated[str, Parameter(name="NAME", help="A table, a schema, a database, a service or a model.")],
    /,
    *,
    type: HolderKind = None,
    from_: Annotated[str | None, Parameter(name="--from", help=FROM)] = None,
    rows: Annotated[int, Parameter(help="How many rows of each table are looked at; 200 by default.")] = 200,
    where: Where = Where(),
) -> None:
    """Suggest tags for columns, features and tables by their names and, with --from, by sampled values.

    Nothing that somebody decided is touched, and values are neither kept nor shown.
    """
    from headwater.cli import suggestions as commands

    with where.session() as session:
        commands.suggest(session, name, type, from_, rows)


@app.command(group=CHANGE)
def confirm(
    name: Name, tag: SuggestedTag, /, *, type: HolderKind = None, field: Field = None, where: Where = Where()
) -> None:
    """Confirm a suggested tag: from then on it counts as any other."""
    from headwater.cli import suggestions as commands

    with where.session() as session:
        commands.confirm(session, type, name, tag, field)


@app.command(group=CHANGE)
def reject(
    name: Name,
    tag: SuggestedTag,
    /,
    *,
    type: HolderKind = None,
    field: Field = None,
    reason: Annotated[str | None, Parameter(help="Why it does not fit.")] = None,
    where: Where = Where(),
) -> None:
    """Take a suggested tag away and never suggest it there again.

    `headwater delete tagRejections NAME` takes that back.
    """
    from headwater.cli import suggestions as commands

    with where.session() as session:
        commands.reject(session, type, name, tag, field, reason)


@app.command(group=CHANGE)
def sql(
    file: Annotated[str, Parameter(name="FILE", help="A file of SQL; - is the standard input.")],
    /,
    *,
    within: Within = None,
    dialect: Dialect = None,
    target: Annotated[str | None, Parameter(help="The table that takes the result of a query by itself.")] = None,
    source: Annotated[str, Parameter(help="What the edges rest on, QueryLineage by default.")] = "QueryLineage",
    where: Where = Where(),
) -> Exit:
    """Record the lineage that SQL means: of INSERT, UPDATE, MERGE and CREATE … AS, or of a query with its --target.

    2: some of the SQL was not understood; the rest is recorded.
    """
    from headwater.cli import writing

    with where.session() as session:
        return writing.sql(session, file, within, dialect, target, source)


@app.command(group=CHANGE)
def profile(
    table: Annotated[str, Parameter(name="TABLE", help="The fully qualified name of a table in the catalogue.")],
    /,
    *,
    from_: Annotated[
        str,
        Parameter(
            name="--from",
            help="The database that holds it: a path or sqlite:///path, postgresql://…, duckdb:///path.",
        ),
    ],
    rows: Annotated[
        str | None,
        Parameter(help="Only rows that fulfil this condition of SQL, such as \"day > '2026-01-01'\"."),
    ] = None,
    sample: Annotated[float | None, Parameter(help="Look at this part of the rows only, in percent.")] = None,
    where: Where = Where(),
) -> None:
    """Measure a table in its database, and record the profile: nulls, quantiles, commonest values of each column.

    Texts that stand in fewer than five rows are recorded by their number only.
    """
    from headwater.cli import drift

    with where.session() as session:
        drift.profile(session, table, from_, rows, sample)


@app.command(group=CHANGE)
def delete(
    type: TypeWord,
    name: Name,
    /,
    *,
    recursive: Annotated[bool, Parameter(help="With everything below it.")] = False,
    hard: Annotated[bool, Parameter(help="For good: it cannot be brought back.")] = False,
    yes: Annotated[bool, Parameter(help="Do not ask before deleting for good.")] = False,
    where: Where = Where(),
) -> None:
    """Delete an entity; `undelete` brings it back, unless --hard."""
    from headwater.cli import writing

    with where.session() as session:
        writing.delete(session, type, name, recursive, hard, yes)


@app.command(group=CHANGE)
def undelete(type: TypeWord, name: Name, /, *, where: Where = Where()) -> None:
    """Bring a deleted entity back."""
    from headwater.cli import writing

    with where.session() as session:
        writing.undelete(session, type, name)


@app.command(group=ASK)
def emit(
    name: Name,
    /,
    *,
    type: Kind = "mlmodel",
    depth: Annotated[int, Parameter(help="How many hops upstream to tell, 1 to 100; 1 by default.")] = 1,
    to: Annotated[str | None, Parameter(help="Address of the server to send to. [OPENLINEAGE_URL]")] = None,
    to_token: Annotated[str | None, Parameter(help="Token for that server. [OPENLINEAGE_API_KEY]")] = None,
    where: Where = Where(),
) -> None:
    """Send what flows into an entity, as OpenLineage events, to another server. With --json they are only printed."""
    from headwater.cli import graph

    with where.session() as session:
        graph.emit(session, type, name, depth, to, to_token)


@app.command(group=CHANGE)
def promote(
    model: ModelName,
    version: VersionWord,
    alias: Annotated[str, Parameter(name="ALIAS", help="The alias that the version is to hold, such as champion.")],
    /,
    *,
    where: Where = Where(),
) -> None:
    """Give a version of a model an alias; the version that held it loses it at the same moment."""
    from headwater.cli import models

    with where.session() as session:
        models.promote(session, model, version, alias)


@app.command(group=CHANGE)
def approve(
    model: ModelName,
    version: VersionWord,
    /,
    *,
    reject: Annotated[bool, Parameter(help="Say that it must not be used.")] = False,
    comment: Annotated[str | None, Parameter(help="Why.")] = None,
    where: Where = Where(),
) -> None:
    """Say that a version of a model may be used; who said so, and when, is noted."""
    from headwater.cli import models

    with where.session() as session:
        models.approve(session, model, version, reject, comment)


@app.command(group=CHANGE)
def deploy(
    model: ModelName,
    version: VersionWord,
    name: Annotated[str, Parameter(name="DEPLOYMENT", help="What serves it; production by default.")] = "production",
    /,
    *,
    endpoint: Annotated[str | None, Parameter(help="The URL at which it answers; needed for a new deployment.")] = None,
    environment: Annotated[
        str | None, Parameter(help="What it serves; the name of a new deployment if absent.")
    ] = None,
    share: Annotated[float | None, Parameter(help="Percent of the endpoint's traffic.")] = None,
    consumer: Annotated[
        list[str] | None, Parameter(help="A table, dashboard or API that is made from the answers; may be repeated.")
    ] = None,
    where: Where = Where(),
) -> None:
    """Note that a version of a model is served, in a new deployment or in one that served another before."""
    from headwater.cli import models

    given = {"endpoint": endpoint, "environment": environment, "traffic_share": share}
    with where.session() as session:
        models.deploy(session, model, version, name, given, consumer or ())


@app.command(group=CHANGE)
def revert(
    name: Name,
    version: Annotated[str, Parameter(name="VERSION", help="A version such as 0.3, or a time.")],
    /,
    *,
    type: Kind = "mlmodel",
    leave_out: Annotated[bool, Parameter(help="Do without what that version refers to and is gone since.")] = False,
    where: Where = Where(),
) -> None:
    """Make an entity say again what an earlier version said. That is a new version; nothing is lost."""
    from headwater.cli import past

    with where.session() as session:
        past.revert(session, type, name, version, leave_out)


# running --------------------------------------------------------------------------------------------------------------


@app.command(group=RUN)
def serve(
    *,
    host: Annotated[str | None, Parameter(help="Address to listen on, 127.0.0.1 by default. [HEADWATER_HOST]")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on, 8585 by default. [HEADWATER_PORT]")] = None,
    database: Annotated[
        str | None, Parameter(help="A path, sqlite:///path or postgresql://…. [HEADWATER_DATABASE]")
    ] = None,
    openmetadata_version: Annotated[
        str | None,
        Parameter(help="The version that OpenMetadata's clients are told. [HEADWATER_OPENMETADATA_VERSION]"),
    ] = None,
) -> None:
    """Serve a catalogue over HTTP.

    Other machines are served only if HEADWATER_AUTH_SECRET is set; callers then need a token (`headwater token`).
    """
    from headwater.cli import upkeep

    chosen = settings(host=host, port=port, database=database, openmetadata_version=openmetadata_version)
    upkeep.serve(Screen(), chosen)


@app.command(group=RUN)
def demo(
    *,
    host: Annotated[str | None, Parameter(help="Address to listen on, 127.0.0.1 by default. [HEADWATER_HOST]")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on, 8585 by default. [HEADWATER_PORT]")] = None,
    database: Annotated[
        str | None, Parameter(help="A path, sqlite:///path or postgresql://…. [HEADWATER_DATABASE]")
    ] = None,
    serve: Annotated[bool, Parameter(negative="--no-serve", help="Serve the result.")] = True,
) -> None:
    """Train small models, catalogue them with their data, tell what the catalogue answers, and serve it."""
    from headwater.cli import upkeep

    upkeep.demo(Screen(), settings(host=host, port=port, database=database), serve)


@app.command(group=RUN)
def token(
    name: Annotated[str, Parameter(name="NAME", help="The user or bot that the token stands for.")],
    /,
    *,
    bot: Annotated[bool, Parameter(help="The token of a bot.")] = False,
    days: Annotated[int | None, Parameter(help="How long it is valid; without end by default.")] = None,
    json: Annotated[bool, Parameter(help="Answer in JSON.")] = False,
) -> None:
    """Print a token, signed with HEADWATER_AUTH_SECRET."""
    from headwater.cli import upkeep

    upkeep.token(Screen(json), settings(), name, bot, days)


@app.command(group=RUN)
def secret_key() -> None:
    """Print a new key for HEADWATER_SECRET_KEY, which passwords of connections are encrypted with."""
    from headwater.cli import upkeep

    upkeep.secret_key(Screen())


@app.command(group=RUN)
def version(*, json: Annotated[bool, Parameter(help="Answer in JSON.")] = False) -> None:
    """Print the version of Headwater."""
    from headwater import __version__

    screen = Screen(json)
    if json:
        screen.value({"version": __version__})
    else:
        screen.write(f"headwater {__version__}\n")


# care -----------------------------------------------------------------------------------------------------------------


@app.command(group=CARE)
def migrate(*, where: Installation = Installation()) -> None:
    """Bring the schema of a database up to date; a server does so when it starts."""
    from headwater.cli import upkeep

    upkeep.migrate(where.screen, where.settings())


@app.command(group=CARE)
def reindex(*, where: Installation = Installation()) -> None:
    """Rebuild every index of a database from its documents; writers wait meanwhile."""
    from headwater.cli import upkeep

    upkeep.reindex(where.screen, where.settings())


@app.command(group=CARE)
def backup(
    target: Annotated[Path, Parameter(name="TARGET", help="The file to write.")],
    /,
    *,
    force: Annotated[bool, Parameter(help="Replace the file if it exists.")] = False,
    where: Installation = Installation(),
) -> None:
    """Copy an SQLite database, as it is at one moment, while a server goes on writing to it."""
    from headwater.cli import upkeep

    upkeep.backup(where.screen, where.settings(), target, force)


@app.command(group=CARE)
def restore(
    source: Annotated[Path, Parameter(name="SOURCE", help="The file that `backup` wrote.")],
    /,
    *,
    force: Annotated[bool, Parameter(help="Replace the database if it exists.")] = False,
    where: Installation = Installation(),
) -> None:
    """Put a backup in the place of the database; no server may be running on it."""
    from headwater.cli import upkeep

    upkeep.restore(where.screen, where.settings(), source, force)


for name in app:
    if not name.startswith("-"):
        app[name].help_epilogue = ""  # The exit codes stand in the help of all.


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    screen = Screen()
    try:
        # A single hyphen would be taken for an option.
        given = [STDIN if word == "-" else word for word in (sys.argv[1:] if arguments is None else arguments)]
        code = app(given, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
        return code if isinstance(code, Exit) else Exit.OK
    except CycloptsError as error:
        screen.problem(error, "`headwater --help` shows the commands, `headwater COMMAND --help` their options.")
        return Exit.USAGE
    except Failure as failure:
        return _failed(screen, failure)
    except CatalogError as error:
        return _failed(screen, failure_of(error))
    except BrokenPipeError:
        # What is still in the buffer goes nowhere, and quietly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.READER_GONE
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        screen.note("interrupted")
        return Exit.INTERRUPTED


def _failed(screen: Screen, failure: Failure) -> int:
    screen.problem(failure.message, *failure.hints)
    return failure.code
