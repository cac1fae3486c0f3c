# SPDX-License-Identifier: Apache-2.0
"""Clauses as tantivy's queries."""

from collections.abc import Iterable, Sequence

from tantivy import Occur, Query, Schema, Searcher, TextAnalyzer

from headwater.catalog.search.clauses import (
    All,
    AnyOf,
    Boosted,
    Clause,
    Everything,
    Exists,
    Fact,
    Ids,
    Not,
    Pattern,
    Phrase,
    Words,
)
from headwater.catalog.search.entry import BETWEEN, fact
from headwater.catalog.search.snippets import Wanted
from headwater.errors import InvalidEntity

WEIGHTS = {"name": 8.0, "displayName": 6.0, "parts": 2.0, "others": 1.5, "description": 1.0}
"""The fields that hold words, and how much a word in each counts."""

EXACT_FQN, EXACT_NAME = 1000.0, 50.0
"""What it counts that the whole text is an entity's FQN, or its name."""

BEGUN, FORGIVEN = 0.4, 0.2
"""What it counts that a word only begins so, or is only like it."""

META = frozenset("\\.+*?()|[]{}^$#&-~")
ANY_TEXT, ANY_CHARACTER = "(.|\n)*", "(.|\n)"


class Compiler:
    """Compiles clauses for one state of the index."""

    def __init__(self, schema: Schema, analyzer: TextAnalyzer, searcher: Searcher) -> None:
        self.schema = schema
        self.analyzer = analyzer
        self.searcher = searcher
        self.wanted: list[Wanted] = []
        """The words of tolerant searches that were compiled."""

    def query(self, clause: Clause, by: Clause) -> Query:
        """The query of a clause, narrowed by another; one that asks for no word at all finds nothing."""
        query = self._query(clause) or Query.empty_query()
        return query if by == Everything() else filtered(query, self._query(by) or Query.empty_query())

    def _query(self, clause: Clause) -> Query | None:
        """The query of a clause; None for one without a word, which says nothing."""
        match clause:
            case Everything():
                return Query.all_query()
            case Words():
                return self._words(clause)
            case Phrase():
                return self._phrase(clause)
            case Fact():
                return self._fact(clause)
            case Pattern():
                return self._pattern(clause)
            case Exists():
                return self._term("facts", clause.path)
            case Ids():
                return Query.term_set_query(self.schema, "id", clause.values) if clause.values else Query.empty_query()
            case All():
                return self._all(clause.clauses)
            case AnyOf():
                return _any([query for each in clause.clauses if (query := self._query(each))], clause.least)
            case Not():
                return self._all((clause,))
            case Boosted():
                query = self._query(clause.clause)
                return Query.boost_query(query, clause.factor) if query else None

    def _all(self, clauses: Iterable[Clause]) -> Query | None:
        parts: list[tuple[Occur, Query]] = []
        for clause in clauses:
            occur = Occur.MustNot if isinstance(clause, Not) else Occur.Must
            if query := self._query(clause.clause if isinstance(clause, Not) else clause):
                parts.append((occur, query))
        if not parts and clauses:
            return None
        if all(occur is Occur.MustNot for occur, _ in parts):
            parts.append((Occur.Must, Query.all_query()))
        return Query.boolean_query(parts)

    # facts --------------------------------------------------------------------------------------------------------

    def _term(self, field: str, text: str) -> Query:
        return Query.term_query(self.schema, field, text, index_option="basic")

    def _fact(self, clause: Fact) -> Query:
        if clause.value.casefold() == "false":
            there, true = self._term("facts", clause.path), self._term("facts", fact(clause.path, "true"))
            return Query.boolean_query([(Occur.Must, there), (Occur.MustNot, true)])
        return self._term("facts", fact(clause.path, clause.value))

    def _pattern(self, clause: Pattern) -> Query:
        if clause.path is None:
            wholes = ("name", "displayName", "fullyQualifiedName")
            found = [self._like("facts", clause.pattern, path) for path in wholes]
            return _any(found + [self._like(field, clause.pattern) for field in WEIGHTS])
        found = [self._like("facts", clause.pattern, clause.path)]
        if clause.words:
            found.append(self._like(clause.path, clause.pattern))
        return _any(found)

    def _like(self, field: str, pattern: str, path: str | None = None) -> Query:
        expression = _expression(pattern.casefold())
        if path is not None:
            expression = _literal(path + BETWEEN) + expression
        try:
            return Query.regex_query(self.schema, field, expression)
        except ValueError as error:
            raise InvalidEntity(f"the pattern {pattern[:100]} is too long or has too many wildcards") from error

    # words --------------------------------------------------------------------------------------------------------

    def _words(self, clause: Words) -> Query | None:
        words = self.analyzer.analyze(clause.text)
        if not words:
            return None
        if clause.members:
            return _any([self._all_in(member, words, clause.distance) for member in clause.members])
        found = [self._anywhere(word, clause) for word in words]
        if not clause.tolerant:
            return _both(found)
        exact = [
            Query.const_score_query(self._term("facts", fact("fullyQualifiedName", clause.text)), EXACT_FQN),
            Query.const_score_query(self._term("facts", fact("name", clause.text)), EXACT_NAME),
        ]
        parts = [(Occur.Must, query) for query in found] + [(Occur.Should, query) for query in exact]
        return Query.boolean_query(parts)

    def _all_in(self, field: str, words: Sequence[str], distance: int) -> Query:
        return _both([self._fuzzy(field, word, distance) if distance else self._word(field, word) for word in words])

    def _anywhere(self, word: str, clause: Words) -> Query:
        if clause.distance:
            return _best([self._fuzzy(field, word, clause.distance) for field in WEIGHTS])
        found = [Query.boost_query(self._word(field, word), weight) for field, weight in WEIGHTS.items()]
        if not clause.tolerant:
            return _best(found)
        distance = self._mistakes(word)
        self.wanted.append(Wanted(word, distance))
        if distance:
            return _best(
                [
                    Query.const_score_query(self._fuzzy(field, word, distance), FORGIVEN * weight)
                    for field, weight in WEIGHTS.items()
                ]
            )
        if len(word) > 1:
            found += [
                Query.const_score_query(self._begun(field, word), BEGUN * weight) for field, weight in WEIGHTS.items()
            ]
        return _best(found)

    def _mistakes(self, word: str) -> int:
        """How many typing mistakes a word of a tolerant search is forgiven: none if anything begins with it."""
        distance = 0 if len(word) < 4 else 1 if len(word) < 8 else 2
        if not distance:
            return 0
        for make in (self._word, self._begun):
            for field in WEIGHTS:
                if self.searcher.search(make(field, word), limit=1, count=False).hits:
                    return 0
        return distance

    def _word(self, field: str, word: str) -> Query:
        return Query.term_query(self.schema, field, word)

    def _begun(self, field: str, word: str) -> Query:
        return Query.fuzzy_term_query(self.schema, field, word, distance=0, prefix=True)

    def _fuzzy(self, field: str, word: str, distance: int) -> Query:
        return Query.fuzzy_term_query(self.schema, field, word, distance=distance)

    def _phrase(self, clause: Phrase) -> Query | None:
        words = self.analyzer.analyze(clause.text)
        if not words:
            return None
        fields = clause.members or tuple(WEIGHTS)
        if len(words) == 1:
            return _best([self._word(field, words[0]) for field in fields])
        return _best([Query.phrase_query(self.schema, field, list(words), slop=clause.slop) for field in fields])


def filtered(query: Query, by: Query) -> Query:
    """What a query finds among what another one finds, in the order of the first."""
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, Query.const_score_query(by, 0.0))])


def _both(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, query) for query in queries])


def _any(queries: Sequence[Query], least: int = 1) -> Query:
    if len(queries) < least:
        return Query.empty_query()
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries], minimum_number_should_match=least)


def _best(queries: Sequence[Query]) -> Query:
    """One of the queries; the best score counts, the others a little."""
    return queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries, tie_breaker=0.1)


def _not(query: Query) -> Query:
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])


def _literal(text: str) -> str:
    return "".join(f"\\{character}" if character in META else character for character in text)


def _expression(pattern: str) -> str:
    """The regular expression of a pattern with wildcards."""
    parts = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append(_literal(next(characters, "\\")))
        elif character == "*":
            parts.append(ANY_TEXT)
        elif character == "?":
            parts.append(ANY_CHARACTER)
        else:
            parts.append(_literal(character))
    return "".join(parts)
