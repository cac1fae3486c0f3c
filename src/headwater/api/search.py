# SPDX-License-Identifier: Apache-2.0
"""Search over HTTP: our own, and OpenMetadata's endpoints in the shapes of Elasticsearch (contract, part 11)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter
from typing import Any

from headwater.api.http import Response, parse_json, render
from headwater.api.routes import Call, Route
from headwater.catalog.context import Key
from headwater.catalog.lineage import End
from headwater.catalog.reading import View
from headwater.catalog.search import filters, lucene
from headwater.catalog.search.clauses import Clause, Fact, Ids, Question, Sort, all_of, any_of, like, path_of
from headwater.catalog.search.entry import FACETS, shown
from headwater.catalog.search.service import Hit
from headwater.errors import EntityNotFound, InvalidEntity
from headwater.schema.base import Document
from headwater.schema.declare import LIFE_CYCLE, EntityType
from headwater.schema.registry import Registry
from headwater.schema.search import SearchResult

ROOT = "/api/v1/search"

WINDOW = 10_000
"""How far ``from`` and ``size`` reach together; beyond, ``search_after`` leads on."""

SORTS: dict[str, Sort] = {
    "_score": "score",
    "fullyQualifiedName": "by_fqn",
    "name": "by_name",
    "updatedAt": "by_time",
}
"""What hits can be sorted by; each but the score is a member of the entity."""

_KEY = re.compile(r"[0-9a-f]+\.[0-9a-f]+")
_RANK = re.compile(r"[0-9]{1,9}")

NARROWING = tuple(facet for facet in FACETS if facet != "deleted")

FOUND = ("index", "deleted", "query_filter", "post_filter")
PAGED = ("from", "size", "fetch_source", "include_source_fields", "exclude_source_fields", "track_total_hits")


def routes() -> Iterator[Route]:
    """The routes of search."""

    def route(tail: str, endpoint: Any, summary: str, *query: str, reply: Any = "Object", **more: Any) -> Route:
        return Route(
            **{"method": "GET", **more},
            pattern=ROOT + tail,
            endpoint=endpoint,
            summary=summary,
            query=query,
            reply=reply,
        )

    yield route("", look, "Find entities", "q", *NARROWING, "include", "limit", "offset", reply=SearchResult)
    sorting = ("search_after", "sort_field", "sort_order")
    yield route("/query", query, "Find entities by a query in Lucene's syntax", "q", *FOUND, *PAGED, *sorting)
    yield route("/fieldQuery", field_query, "Find entities by one field", "fieldName", "fieldValue", *FOUND, *PAGED)
    counting = ("q", "field", "value", "size")
    yield route("/aggregate", aggregate, "Count entities by the values of a field", *counting, *FOUND)
    yield route("/aggregate", aggregate_posted, "The same, asked in a body", method="POST", body="Object")
    yield route("/suggest", suggest, "Names that begin so", "q", "index", "deleted", "size")
    yield route("/get/{index}/doc/{id}", document, "One entity as search shows it")


def look(call: Call) -> Response:
    """Hits with the passage that shows why, and the facets by which they can be narrowed."""
    narrowed = {facet: values for facet in NARROWING if (values := call.query.all(facet))}
    if "type" in narrowed:
        narrowed["type"] = [_type(call, word).name for text in narrowed["type"] for word in text.split(",")]
    include: Any = call.query.one_of("include", ("non-deleted", "deleted", "all"))
    limit, offset = call.query.whole("limit", 10, 0, 1000), call.query.whole("offset", 0, 0, WINDOW)
    view = View(include="all", base=call.base)
    return render(call.catalog.search.look(call.query.get("q") or "", narrowed, include, limit, offset, view))


def _type(call: Call, word: str) -> EntityType:
    declared = call.catalog.registry.find(word.strip())
    if declared is None:
        known = ", ".join(sorted(each.name for each in call.catalog.registry))
        raise InvalidEntity(f"type: {word} is no type of entity; there are {known}")
    return declared


# OpenMetadata's endpoints ---------------------------------------------------------------------------------------------


def query(call: Call) -> Response:
    """Hits of a query, page by page."""
    field = path_of(call.query.get("sort_field") or "_score")
    if field not in SORTS:
        raise InvalidEntity(f"sort_field: hits cannot be sorted by {field}, only by {', '.join(SORTS)}")
    order = (call.query.get("sort_order") or "desc").lower()
    if order not in ("asc", "desc") or (field == "_score" and order == "asc"):
        raise InvalidEntity(f"sort_order: {field} is not sorted {order}")
    return _page(call, _query(call.query.get("q")), field, order == "desc")


def field_query(call: Call) -> Response:
    """Hits with a value in a field, in order of their FQNs; the value may hold ``*`` and ``?``."""
    name, value = call.query.get("fieldName"), call.query.get("fieldValue")
    if not name or not value:
        raise InvalidEntity("fieldName and fieldValue are both needed")
    return _page(call, like(name, value), "fullyQualifiedName", descending=False)


def aggregate(call: Call) -> Response:
    """How many hits have each value of a field."""
    field = call.query.get("field")
    size = call.query.whole("size", 10, 1, WINDOW)
    return _counted(call, _query(call.query.get("q")), _by(call), field, call.query.get("value"), size)


def aggregate_posted(call: Call) -> Response:
    """The same, asked in a body."""
    body = parse_json(call.request)
    if not isinstance(body, dict) or not all(
        isinstance(body.get(member, ""), str) for member in ("query", "index", "fieldName", "fieldValue")
    ):
        raise InvalidEntity("the body must be a JSON object with the texts query, index, fieldName and fieldValue")
    size = body.get("size", 10)
    if not isinstance(size, int) or not 1 <= size <= WINDOW:
        raise InvalidEntity(f"size must be a whole number between 1 and {WINDOW}")
    by = [Fact("deleted", "false"), *_indexes(call.catalog.registry, body.get("index"))]
    return _counted(call, _query(body.get("query")), all_of(by), body.get("fieldName"), body.get("fieldValue"), size)


def _counted(call: Call, clause: Clause, by: Clause, field: str | None, value: str | None, size: int) -> Response:
    if not field:
        raise InvalidEntity("the field whose values are counted is missing")
    started = perf_counter()
    counts = call.catalog.search.counts(clause, by, path_of(field))
    if value:
        wanted = re.compile(".*".join(map(re.escape, value.casefold().split(".*"))), re.DOTALL)
        counts = [pair for pair in counts if wanted.fullmatch(pair[0])]
    counted = {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": sum(count for _, count in counts[size:]),
        "buckets": [{"key": key, "doc_count": count} for key, count in counts[:size]],
    }
    return render({"took": _took(started), "timed_out": False, "aggregations": {f"sterms#{field}": counted}})


def suggest(call: Call) -> Response:
    """Entities with a name that begins so, or has a word that does."""
    started = perf_counter()
    text = call.query.get("q") or ""
    begun = re.sub(r"([*?\\])", r"\\\1", text) + "*"
    clause = any_of([like("name", begun), like("displayName", begun)])
    size = call.query.whole("size", 10, 0, WINDOW)
    question = Question(clause=clause, by=_by(call), sort="by_name", descending=False, limit=size)
    options = []
    for hit in call.catalog.search.ask(question, View(include="all", base=call.base)).hits:
        source = _source(call, hit)
        place = {"_index": hit.declared.search_index, "_id": hit.document["id"], "_score": 1.0}
        options.append({"text": source["displayName"], **place, "_source": source})
    suggested = {"text": text, "offset": 0, "length": len(text), "options": options}
    return render({"took": _took(started), "timed_out": False, "suggest": {"metadata-suggest": [suggested]}})


def document(call: Call) -> Response:
    """One entity as search shows it, deleted or not."""
    index, entity_id = call.parameters["index"], call.parameters["id"]
    by = all_of([Ids((entity_id,)), *_indexes(call.catalog.registry, index)])
    hits = call.catalog.search.ask(Question(by=by, limit=1), View(include="all", base=call.base)).hits
    if not hits:
        raise EntityNotFound.named(index, Key.id(entity_id).text)
    place = {"_index": hits[0].declared.search_index, "_id": entity_id, "found": True}
    return render({**place, "_source": _source(call, hits[0])})


def _page(call: Call, clause: Clause, field: str, descending: bool) -> Response:
    started = perf_counter()
    size, offset = call.query.whole("size", 10, 0, WINDOW), call.query.whole("from", 0, 0, WINDOW)
    if offset + size > WINDOW:
        raise InvalidEntity(f"from and size reach to hit {WINDOW:,} together; search_after leads on from there")
    sort, after = SORTS[field], _cursor(call)
    if after is not None and offset:
        raise InvalidEntity("search_after and from cannot be given together")
    if after is not None and not (_RANK if sort == "score" else _KEY).fullmatch(after):
        raise InvalidEntity(f"search_after: {after!r} is not what the sort of a hit by {field} ends with")
    if after is not None and sort == "score":
        offset, after = int(after), None
    question = Question(
        clause=clause, by=_by(call), sort=sort, descending=descending, limit=size, offset=offset, after=after
    )
    answer = call.catalog.search.ask(question, View(include="all", base=call.base))
    hits = [_hit(call, hit, field, offset + place) for place, hit in enumerate(answer.hits, 1)]
    found = {
        "total": {"value": answer.total, "relation": "eq"},
        "max_score": max((hit.score for hit in answer.hits if hit.score is not None), default=None),
        "hits": hits,
    }
    return render({"took": _took(started), "timed_out": False, "hits": found})


def _hit(call: Call, hit: Hit, field: str, rank: int) -> Document:
    """A hit as Elasticsearch writes it. ``sort`` ends with what ``search_after`` goes on from."""
    written: Document = {"_index": hit.declared.search_index, "_id": hit.document["id"], "_score": hit.score}
    if call.query.get("fetch_source") != "false":
        written["_source"] = _source(call, hit)
    written["sort"] = [hit.score, str(rank)] if hit.key is None else [hit.document[field], hit.key]
    return written


def _cursor(call: Call) -> str | None:
    """What the last value of ``search_after`` says; it comes as several parameters, or with commas."""
    given = call.query.all("search_after")
    return given[-1].rpartition(",")[2] if given and given[-1] else None


def _took(started: float) -> int:
    return int((perf_counter() - started) * 1000)


def _query(text: str | None) -> Clause:
    return lucene.parse(text or "*", tolerant=True)


def _by(call: Call) -> Clause:
    """What narrows the hits besides the query."""
    by = [*_indexes(call.catalog.registry, call.query.get("index"))]
    deleted = call.query.get("deleted") or "false"
    if deleted not in ("true", "false"):
        raise InvalidEntity(f"deleted must be true or false, not {deleted!r}")
    by.append(Fact("deleted", deleted))
    by += [filters.parse(text, name) for name in ("query_filter", "post_filter") if (text := call.query.get(name))]
    return all_of(by)


def _indexes(registry: Registry, names: str | None) -> list[Clause]:
    """The types that indexes hold. One that OpenMetadata has and this catalogue does not is empty."""
    types: set[str] = set()
    for name in (names or "all").split(","):
        types.update(_types_of(registry, name.strip()))
    return [any_of(Fact("@type", each) for each in sorted(types))]


def _types_of(registry: Registry, name: str) -> Iterable[str]:
    if name in ("all", "dataAsset"):
        theirs = [each for each in registry if not each.own]
        return (each.name for each in theirs if name == "all" or each.has(LIFE_CYCLE))
    found = [each.name for each in registry if name in (each.name, each.search_index)]
    if not found and not name.endswith("_index"):
        known = ", ".join(sorted(each.search_index for each in registry))
        raise InvalidEntity(f"index: there is no {name}; there are all, dataAsset, {known}")
    return found


def _source(call: Call, hit: Hit) -> Document:
    """The members of a hit that are asked for."""
    source = shown(call.catalog.context.shapes[hit.declared.name], hit.document)
    included = _paths(call, "include_source_fields")
    if included:
        if any(path[0] == "upstreamLineage" for path in included):
            source["upstreamLineage"] = _upstream(call, hit)
        source = _picked(source, included)
    for path in _paths(call, "exclude_source_fields"):
        _remove(source, path)
    return source


def _upstream(call: Call, hit: Hit) -> list[Document]:
    """The edges into an entity, for clients that ask for them by name."""
    end = End(hit.declared.name, Key.id(hit.document["id"]))
    graph = call.catalog.lineage(end, 1, 0, call.plain_view())
    nodes = {node["id"]: node for node in (graph["entity"], *graph["nodes"])}
    ends = [nodes[edge["fromEntity"]] for edge in graph["upstreamEdges"]]
    return [
        {"fromEntity": {member: node[member] for member in ("id", "type", "fullyQualifiedName") if member in node}}
        for node in ends
    ]


def _paths(call: Call, name: str) -> list[list[str]]:
    return [path.split(".") for text in call.query.all(name) for path in text.split(",") if path]


def _picked(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    """A JSON value with nothing but what stands at these paths."""
    if isinstance(value, list):
        return [_picked(item, paths) for item in value]
    if not isinstance(value, dict) or any(not path for path in paths):
        return value
    picked = {}
    for member in dict.fromkeys(path[0] for path in paths):
        if member in value:
            picked[member] = _picked(value[member], [path[1:] for path in paths if path[0] == member])
    return picked


def _remove(value: Any, path: Sequence[str]) -> None:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and len(path) == 1:
            item.pop(path[0], None)
        elif isinstance(item, dict) and path[0] in item:
            _remove(item[path[0]], path[1:])
