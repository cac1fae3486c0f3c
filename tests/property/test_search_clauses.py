# SPDX-License-Identifier: Apache-2.0
"""Filters in Elasticsearch's JSON and queries in Lucene's syntax find what a plain look at every document finds."""

import json
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import headwater
from headwater.errors import InvalidEntity
from headwater.sdk.client import Client
from headwater.sdk.wire import path_of

Json = Any

NAMES = ["Ash", "ash_tree", "birch", "cedar.wood", "Red Cedar", 'old "oak"', "oak*", "[elm]", "elm AND ash", "日本"]
WORDS = ["ash", "birch", "cedar", "red", "wood", "oak", "elm", "nothing"]
TYPES = ["Regular", "View", "External"]
TAGS = ["Tier.Tier1", "Tier.Tier2", "PII.Sensitive"]
MEMBERS: dict[str, list[Json]] = {
    "name": NAMES,
    "tableType": [*TYPES, "view"],
    "tags.tagFQN": TAGS,
    "columns.name": WORDS,
    "service.name.keyword": ["wh", "other"],
    "schemaDefinition": ["SELECT 1", "select 2"],
    "deleted": [True, False],
    "isBot": [True, False],
    "version": [0.1, 0.2],
    "nonsense": ["x"],
}
PATTERNS = {"name": ["*ash*", "?sh", "*e*d*", "ash*", "*"], "tableType": ["*e*", "V???", "reg*"]}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with headwater.connect(str(tmp_path_factory.mktemp("clauses") / "headwater.db")) as client:
        draw = random.Random(3)
        client.database_services.put(name="wh", service_type="Postgres")
        client.databases.put(name="d", service="wh")
        client.database_schemas.put(name="s", database="wh.d")
        for name in NAMES:
            body: Json = {
                "name": name,
                "databaseSchema": "wh.d.s",
                "tableType": draw.choice(TYPES),
                "columns": [{"name": word, "dataType": "INT"} for word in draw.sample(WORDS, 3)],
                "tags": [{"tagFQN": tag} for tag in draw.sample([None, *TAGS], 1) if tag],
            }
            if draw.random() < 0.6:
                body["description"] = " ".join(draw.sample(WORDS[:-1], 3)).capitalize() + "."
            if draw.random() < 0.4:
                body["schemaDefinition"] = "SELECT 1"
            client.tables.put(body)
        yield client


# a clause is a kind, with a member and a value, or with clauses -------------------------------------------------------

LEAVES = st.one_of(
    st.sampled_from([("is", path, value) for path, values in sorted(MEMBERS.items()) for value in values]),
    st.sampled_from([("exists", path) for path in (*sorted(MEMBERS), "description", "columns", "owners", "service")]),
    st.sampled_from([("like", path, pattern) for path, patterns in PATTERNS.items() for pattern in patterns]),
    st.sampled_from([("word", "description", word) for word in WORDS]),
)
CLAUSES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.just("not"), inner),
    ),
    max_leaves=6,
)


def holds(clause: Json, document: Json) -> bool:
    """Whether a document, as a GET shows it, is what the clause asks for."""
    kind, rest = clause[0], clause[1:]
    if kind == "and":
        return all(holds(each, document) for each in rest[0])
    if kind == "or":
        return any(holds(each, document) for each in rest[0])
    if kind == "not":
        return not holds(rest[0], document)
    values = list(scalars(document, rest[0].removesuffix(".keyword").split(".")))
    if kind == "exists":
        return bool(values)
    texts = [str(value).lower() for value in values]
    wanted = str(rest[1]).lower()
    if kind == "is":
        return wanted in texts if wanted != "false" else "true" not in texts
    if kind == "like":
        parts = {"*": ".*", "?": "."}
        expression = "".join(parts.get(character, re.escape(character)) for character in wanted)
        return any(re.fullmatch(expression, text, re.DOTALL) for text in texts)
    return any(wanted in re.findall(r"\w+", text) for text in texts)


def scalars(value: Json, path: list[str]) -> Iterator[Json]:
    if isinstance(value, list):
        for item in value:
            yield from scalars(item, path)
    elif isinstance(value, dict) and path:
        if path[0] in value:
            yield from scalars(value[path[0]], path[1:])
    elif isinstance(value, dict):
        for item in value.values():
            yield from scalars(item, [])
    elif value is not None and not path:
        yield value


def as_json(clause: Json) -> Json:
    kind, rest = clause[0], clause[1:]
    if kind == "and":
        return {"bool": {"must": [as_json(each) for each in rest[0]]}}
    if kind == "or":
        return {"bool": {"should": [as_json(each) for each in rest[0]]}}
    if kind == "not":
        return {"bool": {"must_not": as_json(rest[0])}}
    if kind == "exists":
        return {"exists": {"field": rest[0]}}
    if kind == "like":
        return {"wildcard": {f"{rest[0]}.keyword": {"value": rest[1]}}}
    if kind == "word":
        return {"query_string": {"query": rest[1], "fields": [rest[0]]}}
    return {"term": {rest[0]: rest[1]}}


def as_text(clause: Json) -> str:
    kind, rest = clause[0], clause[1:]
    if kind in ("and", "or"):
        return f"({f' {kind.upper()} '.join(as_text(each) for each in rest[0])})"
    if kind == "not":
        return f"(NOT {as_text(rest[0])})"
    if kind == "exists":
        return f"_exists_:{rest[0]}"
    if kind == "like":
        return f"{rest[0]}.keyword:{rest[1]}"
    if kind == "word":
        return f"{rest[0]}:{rest[1]}"
    path = f"{rest[0]}.keyword" if rest[0] == "name" else rest[0]
    quoted = str(rest[1]).replace("\\", "\\\\").replace('"', '\\"')
    return f'{path}:"{quoted}"'


def found(client: Client, **query: str) -> set[str]:
    asked = {"index": "table_search_index", "size": 100, **query}
    hits = client._wire.ask("GET", path_of("search", "query"), asked)["hits"]["hits"]
    return {hit["_source"]["name"] for hit in hits}


@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(clause=CLAUSES)
def test_filters_and_queries_find_what_a_look_at_every_document_finds(client: Client, clause: Json) -> None:
    documents = client._wire.ask("GET", path_of("tables"), {"limit": 100, "fields": "*"})["data"]
    expected = {document["name"] for document in documents if holds(clause, document)}
    assert found(client, query_filter=json.dumps({"query": as_json(clause)})) == expected
    assert found(client, q=as_text(clause)) == expected


@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text('ab *?"\\:()[]{}^~+-!&|/<>\n\x00é日AND OR', max_size=20))
def test_whatever_is_typed_is_answered_or_refused(client: Client, text: str) -> None:
    client.search(text)
    with suppress(InvalidEntity):
        found(client, q=text)
