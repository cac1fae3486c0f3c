# SPDX-License-Identifier: Apache-2.0
"""Many changes in one request: chunks of one transaction, and for each row a savepoint and a reply.

A row that fails takes nothing with it, and a kill leaves whole chunks. A chunk of rows that cost much, as views do
whose SQL is read, ends early: other writers wait for it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from headwater.catalog.writing import Writer
from headwater.errors import CatalogError, status_of
from headwater.schema.base import Document
from headwater.store.database import Database, Transaction

T = TypeVar("T")

CHUNK = 100
"""How many rows share a transaction at most."""
PATIENCE = 0.25
"""After how many seconds of work a chunk takes no further row."""


class Row(NamedTuple):
    """What became of one row: which one it was, what happened, and the HTTP status that this would have alone."""

    request: str
    message: str
    status: int


class _Undone(Exception):
    """Takes a row back that was only tried."""

    def __init__(self, row: Row) -> None:
        self.row = row


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """The same ``work`` for many items. A dry run takes each row back after it was done.

    ``begin`` gives the writer of a chunk, ``name`` is what a row that fails is called.
    """

    begin: Callable[[Transaction], Writer]
    work: Callable[[Writer, T], Row]
    name: Callable[[T], str]
    dry_run: bool = False

    def run(self, database: Database, items: Sequence[T]) -> Document:
        """Do the work; the counts and the rows, as OpenMetadata's clients read them."""
        rows: list[Row] = []
        while len(rows) < len(items):
            rows += database.write(partial(self._chunk, items=items[len(rows) : len(rows) + CHUNK]))
        passed = [row._asdict() for row in rows if row.status < 400]
        failed = [row._asdict() for row in rows if row.status >= 400]
        return {
            "dryRun": self.dry_run,
            "status": "success" if not failed else "partialSuccess" if passed else "failure",
            "numberOfRowsProcessed": len(rows),
            "numberOfRowsPassed": len(passed),
            "numberOfRowsFailed": len(failed),
            "successRequest": passed,
            "failedRequest": failed,
        }

    def _chunk(self, transaction: Transaction, items: Sequence[T]) -> list[Row]:
        """Do the first of these items, or all."""
        writer = self.begin(transaction)
        rows: list[Row] = []
        enough = time.thread_time() + PATIENCE
        for item in items:
            if rows and time.thread_time() > enough:
                break
            try:
                with transaction.savepoint():
                    row = self.work(writer, item)
                    if self.dry_run:
                        raise _Undone(row)
            except _Undone as undone:
                writer.forget()
                row = undone.row
            except CatalogError as error:
                writer.forget()
                row = Row(self.name(item), error.message, status_of(error))
            rows.append(row)
        return rows
