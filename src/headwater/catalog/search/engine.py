# SPDX-License-Identifier: Apache-2.0
"""The index, in a folder that this process holds."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tantivy import (
    DocAddress,
    Document,
    Filter,
    Index,
    Order,
    Query,
    Schema,
    SchemaBuilder,
    Searcher,
    SearchResult,
    TextAnalyzer,
    TextAnalyzerBuilder,
    Tokenizer,
)

from headwater.catalog.search.clauses import Clause, Question
from headwater.catalog.search.compiler import WEIGHTS, Compiler, filtered
from headwater.catalog.search.entry import BETWEEN, FACETS, Entry
from headwater.catalog.search.snippets import Wanted

FORMAT = 1
"""Raised whenever entries, fields or the analysis of words change: older indexes are built anew."""

HEAP = 50_000_000
"""Bytes of memory that new entries may take before they are written."""

LONGEST_WORD = 80

MANY_VALUES = 20_000
"""How many values of all facets together are counted; what is left out is rare."""


class IndexBroken(Exception):
    """The index cannot be read or written, and has to be built anew."""


class Found(NamedTuple):
    """An entity that was found: its score, or the key that it was sorted by."""

    node: int
    score: float | None
    key: str | None


class Hits(NamedTuple):
    """A part of all hits; the values of the facets of all; and the words that were looked for tolerantly."""

    total: int
    hits: list[Found]
    facets: dict[str, list[tuple[str, int]]]
    wanted: list[Wanted]


@contextmanager
def watched() -> Iterator[None]:
    """Turn the failures of tantivy into ``IndexBroken``; what panics in Rust arrives as no ordinary exception."""
    try:
        yield
    except (ValueError, OSError, RuntimeError) as error:
        raise IndexBroken(str(error)) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise IndexBroken(str(error)) from error
        raise


def schema_of() -> Schema:
    """The fields of an entry."""
    builder = SchemaBuilder()
    for name in ("node", "face"):
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in WEIGHTS:
        builder.add_text_field(name, tokenizer_name="words")
    for name in ("id", "facts"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("facets", "by_fqn", "by_name", "by_time"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    return builder.build()


def words_of() -> TextAnalyzer:
    """How texts become words: letters and digits together, without case and accents."""
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for each in (Filter.remove_long(LONGEST_WORD), Filter.lowercase(), Filter.ascii_fold()):
        builder = builder.filter(each)
    return builder.build()


class Engine:
    """The index, open for reading and writing."""

    def __init__(self, folder: Path) -> None:
        with watched():
            self.schema = schema_of()
            self.words = words_of()
            self.index = Index(self.schema, path=str(folder))
            self.index.register_tokenizer("words", self.words)
            self.index.config_reader(reload_policy="manual")
            self.writer = self.index.writer(heap_size=HEAP, num_threads=1)
            self.index.reload()
            self.searcher = self.index.searcher()
            self.searcher.search(Query.all_query(), limit=1, order_by_field="by_fqn")

    @property
    def entries(self) -> int:
        """How many entries there are."""
        return self.searcher.num_docs

    def close(self) -> None:
        """Give up the right to write; who still reads may go on."""
        del self.writer

    # writing ------------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget all entries, once that is committed."""
        with watched():
            self.writer.delete_all_documents()

    def put(self, nodes: Iterable[int], entries: Iterable[Entry]) -> None:
        """Replace the entries of nodes, once that is committed; a node without a new entry is gone then."""
        with watched():
            for node in nodes:
                self.writer.delete_documents_by_term("node", node)
            for entry in entries:
                self.writer.add_document(_document(entry))

    def commit(self) -> None:
        """Make what was written last, and visible."""
        with watched():
            self.writer.commit()
            self.index.reload()
            self.searcher = self.index.searcher()

    def roll_back(self) -> None:
        """Forget what was written since the last commit."""
        with watched():
            self.writer.rollback()

    # reading ------------------------------------------------------------------------------------------------------

    def _compiler(self) -> Compiler:
        """What compiles clauses for the index as it is now, and keeps looking at it as it is now."""
        return Compiler(self.schema, self.words, self.searcher)

    def faces(self, nodes: Iterable[int]) -> dict[int, int]:
        """The faces of nodes that have an entry."""
        nodes = list(nodes)
        if not nodes:
            return {}
        with watched():
            query = Query.term_set_query(self.schema, "node", nodes)
            found = [address for _, address in self.searcher.search(query, limit=len(nodes), count=False).hits]
            known, faces = (_numbers(self.searcher, field, found) for field in ("node", "face"))
            return dict(zip(known, faces, strict=True))

    def find(self, question: Question, faceted: bool = False) -> Hits:
        """The hits of a question; with the values of all facets if they are asked for."""
        with watched():
            compiler = self._compiler()
            searcher, query = compiler.searcher, compiler.query(question.clause, question.by)
            facets = self._facets(searcher, query) if faceted else {}
            total = None
            if question.after is not None:
                total = _count(searcher.search(query, limit=1))
                query = filtered(query, self._beyond(question.sort, question.after, question.descending))
            found = searcher.search(
                query,
                limit=max(1, question.limit),
                offset=question.offset,
                order_by_field=None if question.sort == "score" else question.sort,
                order=Order.Desc if question.descending else Order.Asc,
            )
            rows = found.hits[: question.limit]
            nodes = _numbers(searcher, "node", [address for _, address in rows])
        hits = [
            Found(node, value, None) if question.sort == "score" else Found(node, None, value)
            for node, (value, _) in zip(nodes, rows, strict=True)
        ]
        return Hits(_count(found) if total is None else total, hits, facets, compiler.wanted)

    def _beyond(self, field: str, key: str, descending: bool) -> Query:
        """Everything behind a key. Keys hold nothing that tantivy's query syntax could take for something else."""
        return self.index.parse_query(f"{field}:{{* TO {key}}}" if descending else f"{field}:{{{key} TO *}}", [field])

    def _facets(self, searcher: Searcher, query: Query) -> dict[str, list[tuple[str, int]]]:
        """How many hits count for each value of each facet, the most frequent first."""
        terms = {"terms": {"field": "facets", "size": MANY_VALUES}}
        counted: dict[str, list[tuple[str, int]]] = {name: [] for name in FACETS}
        for bucket in searcher.aggregate(query, {"facets": terms})["facets"]["buckets"]:
            name, _, value = bucket["key"].partition(BETWEEN)
            counted[name].append((value, int(bucket["doc_count"])))
        return {name: _frequent(values) for name, values in counted.items()}

    def counts(self, clause: Clause, by: Clause, path: str) -> list[tuple[str, int]]:
        """How many hits have each value at a path, in lower case, the most frequent first."""
        lead = f"{path}{BETWEEN}"
        with watched():
            compiler = self._compiler()
            found = compiler.searcher.terms_with_prefix("facts", lead, compiler.query(clause, by))
        return _frequent((term[len(lead) :], count) for term, count in found)


def _frequent(counted: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The same, the most frequent first."""
    return sorted(counted, key=lambda pair: (-pair[1], pair[0]))


def _numbers(searcher: Searcher, field: str, found: list[DocAddress]) -> list[int]:
    """The values of a whole-number field."""
    return [int(value or 0) for value in searcher.fast_field_values(field, found)]


def _count(result: SearchResult) -> int:
    """How many hits there are in all; tantivy's stubs do not know the attribute."""
    return int(result.count)  # type: ignore[attr-defined]


def _document(entry: Entry) -> Document:
    document = Document()
    document.add_integer("node", entry.node)
    document.add_integer("face", entry.face)
    for field, text in (
        ("id", entry.id),
        ("name", entry.name),
        ("displayName", entry.display_name),
        ("description", entry.description),
        ("by_fqn", entry.by_fqn),
        ("by_name", entry.by_name),
        ("by_time", entry.by_time),
    ):
        document.add_text(field, text)
    for field, texts in (
        ("parts", entry.parts),
        ("others", entry.others),
        ("facts", entry.facts),
        ("facets", entry.facets),
    ):
        for text in texts:
            document.add_text(field, text)
    return document
