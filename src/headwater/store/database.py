# SPDX-License-Identifier: Apache-2.0
"""One database, SQLite or PostgreSQL, behind few verbs.

``read()`` gives a snapshot, ``glance()`` one for a single statement. ``write(work)`` runs ``work`` in a transaction of
its own and returns after the commit:

* Writers take turns: SQLite by ``BEGIN IMMEDIATE``, PostgreSQL by locking the clock row first. What ``work`` reads
  is therefore the newest state, and nothing it decides can be overtaken.
* Threads of one process that wait at the same time are committed together. The first to get the turn does the work
  of all; each piece has a savepoint, so that one that fails takes nothing with it.
* Positions come from the clock, which is written back as the last statement: without gaps, in commit order.
* No turn within ``timeout`` seconds raises ``StoreBusy``, and nothing of that work is written.
"""

import re
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from threading import Lock
from typing import Any, TypeVar, cast

import aiosql

from headwater.errors import StoreBusy, StoreError

T = TypeVar("T")
Row = tuple[Any, ...]
Parameters = Mapping[str, Any]

GROUP = 64
"""How many waiting pieces of work one commit takes at most."""


@dataclass(slots=True)
class Clock:
    """The newest position, its time in milliseconds since 1970, and the newest node."""

    position: int
    timestamp: int
    node: int


class Session:
    """A connection inside a transaction, with the named statements of ``queries.sql``."""

    def __init__(self, connection: Any, queries: Any, dialect: "Dialect") -> None:
        self.connection = connection
        self.queries = queries
        self.dialect = dialect

    def rows(self, statement: str, parameters: Parameters) -> list[Row]:
        """Run a statement that was put together from fixed parts; parameters are written ``:name``."""
        cursor = self.connection.execute(self.dialect.bind(statement), parameters)
        return cast(list[Row], cursor.fetchall())

    def fetch(self, name: str, **parameters: Any) -> list[Row]:
        """All rows of a named statement at once, which is faster where there may be very many."""
        cursor = self.connection.execute(getattr(self.queries, name).sql, parameters)
        return cast(list[Row], cursor.fetchall())


class Transaction(Session):
    """A session that may write. ``tick`` gives the position of the next event."""

    def __init__(self, connection: Any, queries: Any, dialect: "Dialect", clock: Clock) -> None:
        super().__init__(connection, queries, dialect)
        self.clock = clock

    def rows_changed(self, statement: str) -> int:
        """Run a fixed statement that changes rows; how many it changed."""
        return int(self.connection.execute(self.dialect.bind(statement)).rowcount)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part whose failure undoes that part only, its positions included; the error goes on."""
        clock = self.clock
        self.connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO SAVEPOINT part")
            self.clock = clock
            raise
        finally:
            self.connection.execute("RELEASE SAVEPOINT part")

    def now(self) -> int:
        """The time in milliseconds since 1970, or the last event's if the machine's clock ran back."""
        return max(self.clock.timestamp, time.time_ns() // 1_000_000)

    def tick(self) -> Clock:
        """Advance to the next position."""
        self.clock = Clock(self.clock.position + 1, self.now(), self.clock.node)
        return self.clock

    def new_nodes(self, count: int) -> range:
        """Reserve numbers for new nodes."""
        first = self.clock.node + 1
        self.clock = Clock(self.clock.position, self.clock.timestamp, self.clock.node + count)
        return range(first, first + count)


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """Where the two databases' SQL differs: words in ``.sql`` files, and how parameters are written."""

    name: str
    driver: str
    words: Mapping[str, str]

    def expand(self, text: str) -> str:
        """The SQL text with the words in braces replaced."""
        for word, meaning in self.words.items():
            text = text.replace("{" + word + "}", meaning)
        text = re.sub(r"\beach\((:\w+)\)", self.words["each"], text)
        return re.sub(r"\bnumbers\(([:\w.]+)\)", self.words["numbers"], text)

    @lru_cache(maxsize=256)  # noqa: B019 - there are two dialects, as long as the process lives
    def bind(self, statement: str) -> str:
        """The statement with its ``:name`` parameters in the driver's spelling."""
        statement = self.expand(statement)
        return statement if self.driver == "sqlite3" else re.sub(r"(?<![:\w]):(\w+)", r"%(\1)s", statement)

    def flag(self, document: str, parameter: str, value: bool) -> str:
        """A condition: the member of the JSON text that the parameter's path names is, or is not, true."""
        text = self.words["member"].format(document=document, parameter=parameter)
        return f"{text} = 'true'" if value else f"coalesce({text}, 'false') <> 'true'"

    def absent(self, document: str, parameter: str) -> str:
        """A condition: the JSON text has no member that the parameter's path names."""
        return self.words["member"].format(document=document, parameter=parameter) + " IS NULL"

    def text(self, document: str, parameter: str) -> str:
        """The text in the member of the JSON text that the parameter's path names."""
        return self.words["member_text"].format(document=document, parameter=parameter)

    def items(self, document: str, parameter: str) -> str:
        """The texts in the list of the JSON text that the parameter's path names."""
        return self.words["items"].format(document=document, parameter=parameter)

    def holds(self, text: str, parameter: str) -> str:
        """A condition: the text has the parameter's text in it, letter for letter."""
        return f"{self.words['found']}({text}, :{parameter}) > 0"

    def member_path(self, member: str) -> str:
        """The value of such a parameter."""
        return self.words["member_path"].format(member=member)

    def queries(self) -> Any:
        """The named statements of ``queries.sql``, read once in a process."""
        return _queries(self)

    def migrations(self) -> list[tuple[int, str]]:
        """Every migration's number and text, in order."""
        folder = resources.files(__package__).joinpath("migrations")
        files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
        return [(int(name[:4]), self.expand(folder.joinpath(name).read_text(encoding="utf-8"))) for name in files]


@cache
def _queries(dialect: Dialect) -> Any:
    text = resources.files(__package__).joinpath("queries.sql").read_text(encoding="utf-8")
    return aiosql.from_str(dialect.expand(text), dialect.driver, mandatory_parameters=False)


@dataclass(slots=True, eq=False)
class _Job:
    work: Callable[[Transaction], Any]
    taken: bool = False
    done: bool = False
    result: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class _Queue:
    """Work that waits for the next commit."""

    waiting: deque[_Job] = field(default_factory=deque)
    mutex: Lock = field(default_factory=Lock)

    def put(self, job: _Job) -> None:
        with self.mutex:
            self.waiting.append(job)

    def take(self) -> list[_Job]:
        with self.mutex:
            jobs = [self.waiting.popleft() for _ in range(min(GROUP, len(self.waiting)))]
            for job in jobs:
                job.taken = True
            return jobs

    def cancel(self, job: _Job) -> bool:
        """Whether the job could still be taken back."""
        with self.mutex:
            if not job.taken:
                self.waiting.remove(job)
            return not job.taken


class Database(ABC):
    """What both databases share: the queue of writers, the clock, migrations."""

    inline_reads: bool
    """Whether an indexed read is so short that it may run where it must not block."""

    def __init__(self, url: str, dialect: Dialect, timeout: float) -> None:
        self.url = url
        self.dialect = dialect
        self.queries = dialect.queries()
        self.timeout = timeout
        self._queue = _Queue()
        self._turn = Lock()

    @contextmanager
    @abstractmethod
    def read(self) -> Iterator[Session]:
        """A snapshot: everything read inside is of one moment."""

    @contextmanager
    @abstractmethod
    def glance(self) -> Iterator[Session]:
        """For a single statement, which sees one moment without a transaction around it."""

    @abstractmethod
    def close(self) -> None:
        """Give up all connections."""

    @abstractmethod
    def _begin(self, deadline: float) -> Any:
        """Open a transaction that holds the right to write; ``StoreBusy`` when the deadline passes."""

    @abstractmethod
    def _end(self, connection: Any, commit: bool) -> None:
        """Commit or roll back, and give the connection back; a failed commit leaves nothing open and raises."""

    @abstractmethod
    def _lost(self, connection: Any) -> bool:
        """Whether the whole transaction is gone, so that no savepoint can be gone back to."""

    @property
    @abstractmethod
    def driver_error(self) -> type[Exception]:
        """The class of all errors of the driver."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in a transaction and return its result once it is safe on disk."""
        job = _Job(work)
        self._queue.put(job)
        deadline = time.monotonic() + self.timeout
        while not job.done:
            if not self._turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
                if self._queue.cancel(job):
                    raise StoreBusy(f"no turn to write within {self.timeout:g} s; nothing was written")
                self._turn.acquire()
            try:
                if not job.done:
                    self._commit_together(self._queue.take(), deadline)
            finally:
                self._turn.release()
        if job.error is not None:
            raise job.error
        return cast(T, job.result)

    def _commit_together(self, jobs: Sequence[_Job], deadline: float) -> None:
        try:
            connection = self._begin(deadline)
        except BaseException as error:  # noqa: BLE001 (whatever it is, those who wait are told)
            self._fail(jobs, error)
            return
        try:
            transaction = Transaction(connection, self.queries, self.dialect, self._read_clock(connection))
            start = transaction.clock.position
            for job in jobs:
                self._run(job, transaction, alone=len(jobs) == 1)
            if transaction.clock.position > start:
                self._write_clock(connection, transaction.clock)
        except BaseException as error:  # noqa: BLE001
            self._end(connection, commit=False)
            self._fail(jobs, error)
            return
        try:
            self._end(connection, commit=True)
        except BaseException as error:  # noqa: BLE001
            self._fail(jobs, error)
        for job in jobs:
            job.done = True

    def _run(self, job: _Job, transaction: Transaction, alone: bool) -> None:
        """Run one piece; the failure of one among several is its own only."""
        if alone:
            job.result = job.work(transaction)
            return
        try:
            with transaction.savepoint():
                job.result = job.work(transaction)
        except Exception as error:
            if self._lost(transaction.connection):
                raise
            job.error = self._wrapped(error)

    def _fail(self, jobs: Sequence[_Job], error: BaseException) -> None:
        for job in jobs:
            job.error = self._wrapped(error)
            job.done = True

    def _wrapped(self, error: BaseException) -> BaseException:
        if isinstance(error, self.driver_error):
            wrapped = StoreError(f"the database refused: {error}")
            wrapped.__cause__ = error
            return wrapped
        return error

    def _read_clock(self, connection: Any) -> Clock:
        return Clock(*self.queries.read_clock(connection))

    def _write_clock(self, connection: Any, clock: Clock) -> None:
        self.queries.write_clock(connection, position=clock.position, timestamp=clock.timestamp, node=clock.node)

    @abstractmethod
    def migrate(self) -> list[int]:
        """Bring the schema up to date; the numbers of the migrations that were applied now."""

    def _apply_migrations(self, connection: Any, run_script: Callable[[str], object]) -> list[int]:
        """Apply what is missing, each with its record; the caller holds the transaction."""
        connection.execute("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, applied TEXT NOT NULL)")
        known = {number for (number,) in connection.execute("SELECT number FROM migration").fetchall()}
        shipped = self.dialect.migrations()
        if unknown := known - {number for number, _ in shipped}:
            raise StoreError(
                f"the database has migration {max(unknown)}, which this version of Headwater does not know"
            )
        for number, text in shipped:
            if number not in known:
                run_script(text)
                connection.execute(
                    self.dialect.bind("INSERT INTO migration (number, applied) VALUES (:number, CURRENT_TIMESTAMP)"),
                    {"number": number},
                )
        return [number for number, _ in shipped if number not in known]
