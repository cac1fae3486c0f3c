# SPDX-License-Identifier: Apache-2.0
"""Search: an index on disk that follows the event log and can be thrown away at any time.

``clauses``   what can be asked
``lucene``    a text in Lucene's query syntax as a clause
``filters``   Elasticsearch's JSON as a clause
``entry``     an entity as the index holds it
``compiler``  clauses as queries of tantivy
``engine``    the index itself; this and ``compiler`` are loaded with the first question
``slots``     the folder in which a process keeps its index
``tail``      how an index catches up with the catalogue
``snippets``  the passage of a hit that shows why it was found
``service``   questions and answers
"""
