# SPDX-License-Identifier: Apache-2.0
"""Database files: copied while others write, put in place whole or not at all."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.parse import quote

from headwater.cli.failures import Exit, Failure
from headwater.errors import StoreError

Progress = Callable[[int, int], None]

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database file that is open, or was when its process died."""


def backup(source: Path, target: Path, force: bool, progress: Progress) -> None:
    """Copy a database to a file that appears when it is complete."""
    from headwater.store.sqlite import Sqlite

    if target.exists() and not force:
        raise Failure(f"{target} exists; --force replaces it", code=Exit.CONFLICT)
    if target.exists() and target.samefile(source):
        raise Failure(f"{target} is the database itself", code=Exit.CONFLICT)
    check(source)
    with _beside(target) as draft:
        database = Sqlite(str(source), 30.0)
        try:
            with _watched(draft, source.stat().st_size, progress):
                database.backup(draft)
        finally:
            database.close()
        _finish(draft)
        _put_in_place(draft, target)


def restore(source: Path, target: Path, force: bool, progress: Progress) -> None:
    """Put a copy of a database file in the place of a database that nobody uses."""
    if not source.exists():
        raise Failure(f"there is no file {source}", code=Exit.NOT_FOUND)
    if target.exists():
        if target.samefile(source):
            raise Failure(f"{target} is the backup itself", code=Exit.CONFLICT)
        if not force:
            raise Failure(f"the database {target} exists; --force replaces it", code=Exit.CONFLICT)
    check(source)
    with _beside(target) as draft:
        with closing(_reader(source)) as reader, closing(sqlite3.connect(draft)) as copy:
            size = source.stat().st_size
            reader.backup(
                copy, pages=1000, progress=lambda _, left, total: progress((total - left) * size // max(total, 1), size)
            )
        _finish(draft)
        with _nobody_uses(target):
            _put_in_place(draft, target)


def check(path: Path) -> None:
    """Refuse a file that is no Headwater database, or one of a later version than this."""
    from headwater.store.sqlite import DIALECT

    try:
        with closing(_reader(path)) as reader:
            known = {name for (name,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not {"migration", "clock", "entity_state"} <= known:
                raise Failure(f"{path} is an SQLite file, but not a database of Headwater")
            applied = {number for (number,) in reader.execute("SELECT number FROM migration")}
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise StoreError(f"{path}: {error}") from error
        raise Failure(f"{path} is not a database: {error}") from error
    if later := applied - {number for number, _ in DIALECT.migrations()}:
        raise Failure(
            f"{path} has migration {max(later):04}, which this version of Headwater does not know",
            "Use the version that wrote it, or a later one.",
        )


def holds_secrets(path: Path) -> bool:
    """Whether a database holds encrypted passwords."""
    with closing(_reader(path)) as reader:
        return bool(reader.execute("SELECT EXISTS (SELECT 1 FROM secret)").fetchone()[0])


def _reader(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, not even beside the file unless somebody is at work on it."""
    log = path.with_name(path.name + "-wal")
    mode = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """The path of a draft in the folder of the target; whatever is left of it goes away."""
    if not target.absolute().parent.is_dir():
        raise Failure(f"{target.parent}: no such folder", code=Exit.UNREACHABLE)
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    _remove(draft, *_beside_of(draft))
    try:
        # Made here, so that nobody else can read it: a catalogue is as private as its owner's files.
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _mode(target)))
        yield draft
    except OSError as error:
        raise StoreError(f"{target}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{target}: {error}") from error
    finally:
        _remove(draft, *_beside_of(draft))


def _mode(target: Path) -> int:
    return target.stat().st_mode & 0o777 if target.exists() else 0o600


def _finish(draft: Path) -> None:
    """Check that the copy is whole, and see it on disk."""
    with closing(sqlite3.connect(draft)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise StoreError(f"the copy is damaged: {verdict}")
    _sync(draft)


def _put_in_place(draft: Path, target: Path) -> None:
    # A log left beside the target would be played into the new file.
    _remove(*_beside_of(target))
    os.replace(draft, target)
    if os.name == "posix":
        _sync(target.absolute().parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside_of(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in BESIDE]


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


@contextmanager
def _nobody_uses(target: Path) -> Iterator[None]:
    """Hold the database for oneself; a failure if a server or another process has it open."""
    if not target.exists() or not _is_database(target):
        yield
        return
    with closing(sqlite3.connect(target, isolation_level=None, timeout=1)) as holder:
        try:
            # Only the last connection can leave write-ahead mode; it takes the log into the file as well.
            holder.execute("PRAGMA journal_mode = DELETE")
            holder.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise Failure(f"{target} is in use; stop the server that runs on it first", code=Exit.CONFLICT) from error
        yield


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


@contextmanager
def _watched(draft: Path, size: int, progress: Progress) -> Iterator[None]:
    """Tell the progress by the size of the draft while it is written."""
    finished = Event()

    def watch() -> None:
        while not finished.wait(0.2):
            progress(draft.stat().st_size if draft.exists() else 0, size)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()
