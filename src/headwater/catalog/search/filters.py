# SPDX-License-Identifier: Apache-2.0
"""Elasticsearch's JSON for queries, as far as OpenMetadata's clients send it, as a clause.

Every clause and every option that is not known here is refused by name: a filter that was understood by half would
find the wrong things.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from headwater.catalog.search import lucene
from headwater.catalog.search.clauses import (
    AnyOf,
    Clause,
    Everything,
    Exists,
    Fact,
    Ids,
    Not,
    all_of,
    like,
    path_of,
    text_of,
)
from headwater.errors import InvalidEntity

DEPTH = 50
"""How deep clauses may stand in each other."""

OF_NO_EFFECT = frozenset({"boost", "_name", "lenient", "analyze_wildcard", "fuzziness", "type", "case_insensitive"})
"""Options that change nothing here: facts are compared without regard to case, and a filter's scores do not count."""


def parse(text: str, name: str) -> Clause:
    """The clause of a JSON text; ``name`` is that of the parameter, for errors."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidEntity(f"{name} is not JSON: {error}") from error
    given = _object(value, name)
    if "query" in given:
        _only(given, name, {"query"})
        return read(given["query"], f"{name}.query")
    return read(given, name)


def read(value: Any, place: str, depth: int = 0) -> Clause:
    """The clause of a JSON value that stands at ``place``."""
    if depth > DEPTH:
        raise InvalidEntity(f"the clauses are nested deeper than {DEPTH}")
    clause = _object(value, place)
    if not clause:
        return Everything()
    if len(clause) > 1:
        raise InvalidEntity(f"{place} has {len(clause)} clauses ({', '.join(clause)}); one is expected")
    kind, body = next(iter(clause.items()))
    reader = READERS.get(kind)
    if reader is None:
        raise InvalidEntity(f"{place}.{kind} is not supported; there are {', '.join(sorted(READERS))}")
    return reader(_object(body, f"{place}.{kind}"), f"{place}.{kind}", depth)


def _match_all(body: Mapping[str, Any], place: str, depth: int) -> Clause:
    _only(body, place, set())
    return Everything()


def _term(body: Mapping[str, Any], place: str, depth: int) -> Clause:
    field, value = _one(body, place)
    if isinstance(value, dict):
        _only(value, f"{place}.{field}", {"value"})
        value = value.get("value")
    return _fact(field, value, f"{place}.{field}")


def _terms(body: Mapping[str, Any], place: str, depth: int) -> Clause:
    field, values = _one(body, place)
    if not isinstance(values, list):
        raise InvalidEntity(f"{place}.{field} must be a list")
    return AnyOf(tuple(_fact(field, value, f"{place}.{field}") for value in values))


def _fact(field: str, value: Any, place: str) -> Clause:
    if not isinstance(value, (str, int, float)):
        raise InvalidEntity(f"{place} must be a text, a number, true or false")
    if field == "_id":
        return Ids((text_of(value),))
    return Fact(path_of(field), text_of(value))


def _exists(body: Mapping[str, Any], place: str, depth: int) -> Clause:
    _only(body, place, {"field"})
    return Exists(path_of(_text(body.get("field"), f"{place}.field")))


def _ids(body: Mapping[str, Any], place: str, depth: int) -> Clause:
    _only(body, place, {"values"})
    values = body.get("values")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidEntity(f"{place}.values must be a list of ids")
    return Ids(tuple(values))


def _wildcard(body: Mapping[str, Any], place: str, depth: int) -> Clause:
    field, value = _one(body, place)
    if isinstance(value, dict):
        _only(value, f"{place}.{field}", {"value", "wildcard"})
        value = value.get("value", value.get("wildcard"))
    return like(field, _text(value, f"{place}.{field}"))


def _query_string(body: Mapping[str, Any], place: str, depth: int) -> Clause:
    _only(body, place, {"query", "fields", "default_field", "default_operator"})
    fields = body.get("fields", [body["default_field"]] if "default_field" in body else [])
    if not isinstance(fields, list) or not all(isinstance(field, str) for field in fields):
        raise InvalidEntity(f"{place}.fields must be a list of fields")
    operator = str(body.get("default_operator", "OR")).upper()
    if operator not in ("AND", "OR"):
        raise InvalidEntity(f"{place}.default_operator must be AND or OR, not {operator}")
    named = tuple(field.partition("^")[0] for field in fields)
    if any("*" in field for field in named):
        named = ()
    return lucene.parse(_text(body.get("query"), f"{place}.query"), named, "AND" if operator == "AND" else "OR")


def _bool(body: Mapping[str, Any], place: str, depth: int) -> Clause:
    _only(body, place, {"must", "filter", "should", "must_not", "minimum_should_match"})

    def clauses(member: str) -> list[Clause]:
        given = body.get(member, [])
        listed = given if isinstance(given, list) else [given]
        several = isinstance(given, list)
        return [
            read(one, f"{place}.{member}[{index}]" if several else f"{place}.{member}", depth + 1)
            for index, one in enumerate(listed)
        ]

    needed = clauses("must") + clauses("filter")
    should = clauses("should")
    least = body.get("minimum_should_match", 0 if needed else 1)
    if not isinstance(least, int) or least < 0:
        raise InvalidEntity(f"{place}.minimum_should_match must be a whole number")
    if should and least:
        needed.append(AnyOf(tuple(should), least))
    return all_of([*needed, *(Not(clause) for clause in clauses("must_not"))])


READERS: dict[str, Callable[[Mapping[str, Any], str, int], Clause]] = {
    "bool": _bool,
    "exists": _exists,
    "ids": _ids,
    "match_all": _match_all,
    "query_string": _query_string,
    "term": _term,
    "terms": _terms,
    "wildcard": _wildcard,
}


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidEntity(f"{place} must be a JSON object")
    return value


def _one(body: Mapping[str, Any], place: str) -> tuple[str, Any]:
    """The field of a clause, and what is said of it."""
    if len(body) != 1:
        raise InvalidEntity(f"{place} must name one field, not {len(body)}")
    return next(iter(body.items()))


def _only(body: Mapping[str, Any], place: str, known: set[str]) -> None:
    unknown = sorted(set(body) - known - OF_NO_EFFECT)
    if unknown:
        raise InvalidEntity(f"{place}.{unknown[0]} is not supported")


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise InvalidEntity(f"{place} must be a text")
    return value
