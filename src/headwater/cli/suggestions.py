# SPDX-License-Identifier: Apache-2.0
"""The commands about suggested tags, and about proxies of protected attributes."""

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.text import Text

from headwater.cli.failures import Exit, Failure
from headwater.cli.sampling import Columns, Source, joined
from headwater.cli.screen import words
from headwater.cli.session import Session
from headwater.recognition import values
from headwater.schema import fqn
from headwater.schema.base import Entity, wire
from headwater.schema.suggestions import OpenSuggestion, Proxy

HOLDERS = ("table", "databaseSchema", "database", "databaseService", "mlmodel", "mlmodelService")
"""What a name without a type may mean, in this order."""


def suggest(session: Session, name: str, type_: str | None, url: str | None, rows: int) -> None:
    """Suggest tags for an entity and its fields, or for everything below it."""
    entity = _found(session, name, type_)
    source = Source(url) if url else None
    if source and (packages := values.missing()):
        session.screen.note(
            f"{' and '.join(packages)} would recognise more values: `pip install headwater[suggestions]`."
        )
    if source and type(entity).__name__ == "MlModel":
        raise Failure("--from reads tables; the features of a model are told by their names", code=Exit.USAGE)

    def sample(table: str) -> Columns:
        assert source is not None
        try:
            return source.rows(table, rows)
        except Failure as failure:
            session.screen.note(f"{table}: {failure.message}; only its names are looked at.")
            return {}

    found = session.client.suggestions.suggest(entity, sample if source else None)
    if session.screen.json:
        session.screen.values(wire(one) for one in found)
    elif found:
        session.screen.show(*_told(found, f"{_many(len(found), 'suggestion')} for"))
        session.screen.note(
            "They count once they are confirmed: `headwater confirm NAME TAG --field FIELD`, or `reject`."
        )
    else:
        session.screen.note(f"{name}: nothing new to suggest")


def open_ones(session: Session, tag: str | None, entity: str | None) -> None:
    """Print the suggestions that wait for somebody."""
    found = session.client.suggestions.open(tag=tag, entity=entity, as_of=session.as_of)
    if session.screen.json:
        session.screen.values(wire(one) for one in found)
    elif found:
        session.screen.show(*_told(found, f"{_many(len(found), 'open suggestion')} for"))
    else:
        session.screen.note("no suggestion waits for anybody")


def confirm(session: Session, type_: str | None, name: str, tag: str, field: str | None) -> None:
    """Confirm a suggested tag."""
    done = session.client.suggestions.confirm(_found(session, name, type_), tag, field=field)
    if session.screen.json:
        session.screen.value(wire(done))
    else:
        session.screen.done(f"{tag} is confirmed for {_place(done, field)}, now at version {done.version}")


def reject(session: Session, type_: str | None, name: str, tag: str, field: str | None, reason: str | None) -> None:
    """Reject a suggested tag for good."""
    done = session.client.suggestions.reject(_found(session, name, type_), tag, field=field, reason=reason)
    if session.screen.json:
        session.screen.value(wire(done))
    else:
        session.screen.done(f"{tag} is rejected for {done.entity_fqn} and is not suggested there again")


def proxies(
    session: Session,
    model: str,
    url: str,
    key: str | None,
    protected: Sequence[str],
    threshold: float,
    rows: int,
    suggest: bool,
) -> None:
    """Print which features of a model hang together with protected attributes in a database."""
    declared = session.declared("mlmodel")
    with session.naming(declared, model):
        found = session.collection(declared).get(model)
    attributes = _attributes(session, found, protected)
    wanted: dict[str, list[str]] = {}
    sources = [one for feature in wire(found).get("mlFeatures") or () for one in feature.get("featureSources") or ()]
    for column in (*attributes, *(one["fullyQualifiedName"] for one in sources if one.get("dataSource"))):
        _add(wanted, column)
    if len(wanted) > 1 and key is None:
        raise Failure(
            f"features and protected attributes are in {len(wanted)} tables: {', '.join(wanted)}",
            "Name with --on the column that tells their rows apart.",
            code=Exit.USAGE,
        )
    source = Source(url)
    tables = {
        table: source.rows(table, rows, [*names, *([key] if key and key not in names else [])])
        for table, names in wanted.items()
    }
    result = session.client.suggestions.proxies(
        found, joined(tables, key), protected=attributes, threshold=threshold, suggest=suggest
    )
    if session.screen.json:
        session.screen.values(wire(one) for one in result)
    elif result:
        session.screen.show(*_proxies(str(found.fully_qualified_name), result))
    else:
        session.screen.note(f"no feature of {model} hangs together with a protected attribute by {threshold:g} or more")
    if result.untold:
        said = "; ".join(f"{feature} and {column}" for feature, column in result.untold[:3])
        more = f" and {len(result.untold) - 3} more" if len(result.untold) > 3 else ""
        session.screen.note(f"Too few rows, or one value only, to say anything of {said}{more}.")
    if suggest and result:
        session.screen.note("Each is suggested as a tag of the feature: `headwater suggestions` lists what is open.")


def _attributes(session: Session, model: Entity, given: Sequence[str]) -> dict[str, str]:
    """The protected attributes upstream of a model, and those that are given: their tags, by column."""
    attributes = session.client.suggestions.protected(model)
    for pair in given:
        column, mark, tag = pair.partition("=")
        if not mark:
            raise Failure(f"--protected takes COLUMN=TAG, not {pair}", code=Exit.USAGE)
        attributes[column] = tag
    if not attributes:
        raise Failure(
            f"no column upstream of {model.fully_qualified_name} is known as a protected attribute",
            "Tag one below ProtectedAttribute (`headwater suggest` finds some), or name one with --protected.",
        )
    return attributes


def _add(wanted: dict[str, list[str]], column: str) -> None:
    """Note that a column, by its FQN, is to be read."""
    *above, name = fqn.split(column)
    if not above:
        raise Failure(
            f"{column} is no column's name in full, such as warehouse.shop.main.people.gender", code=Exit.USAGE
        )
    names = wanted.setdefault(".".join(above), [])
    if fqn.unquote(name) not in names:
        names.append(fqn.unquote(name))


def _proxies(model: str, found: Sequence[Proxy]) -> Iterable[RenderableType]:
    features = {one.feature for one in found}
    yield words((model, "bold"), f": {_many(len(features), 'feature')} may stand for a protected attribute")
    for one in found:
        yield Text("")
        yield words((fqn.below(one.feature, model) or one.feature, "bold"), "  ", (one.tag, "magenta"))
        out = f", {one.left_out} left out" if one.left_out else ""
        rows = f"  over {_many(one.rows, 'row')}{out}"
        yield words(f"  {one.measure} {one.figure:.2f} with ", one.protected, (rows, "dim"))


def _told(found: Sequence[OpenSuggestion], head: str) -> Iterable[RenderableType]:
    entities = list(dict.fromkeys((one.entity.type, one.entity.fully_qualified_name) for one in found))
    yield words(f"{head} ", _many(len(entities), "entity", "entities"))
    for kind, name in entities:
        yield Text("")
        yield words((f"{kind} ", "cyan"), (name or "", "bold"))
        for one in found:
            if (one.entity.type, one.entity.fully_qualified_name) == (kind, name):
                sure = "" if one.confidence is None else f"  {one.confidence:.0%}"
                place = f"{one.field}  " if one.field else ""
                reason = f"  {one.label.reason}" if one.label.reason else ""
                yield words(f"  {place}", (one.label.tag_fqn, "magenta"), sure, (reason, "dim"))


def _found(session: Session, name: str, type_: str | None) -> Entity:
    """The entity that a person means; without a type the first that has the name."""
    if type_ is not None:
        declared = session.declared(type_)
        with session.naming(declared, name):
            named: Entity = session.collection(declared).get(name)
        return named
    for kind in HOLDERS:
        found: Entity | None = session.collection(session.declared(kind)).find(name)
        if found is not None:
            return found
    raise Failure(
        f"there is no table, schema, database, model or service {name}",
        "Other types are named with --type, such as --type topic.",
        code=Exit.NOT_FOUND,
    )


def _place(entity: Entity, field: str | None) -> str:
    return f"{entity.fully_qualified_name}.{field}" if field else str(entity.fully_qualified_name)


def _many(number: int, one: str, more: str = "") -> str:
    return f"{number:,} {one if number == 1 else more or one + 's'}"
