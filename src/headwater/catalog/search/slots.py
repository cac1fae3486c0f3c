# SPDX-License-Identifier: Apache-2.0
"""Where a process keeps its index: a folder of its own among those of all processes that search one database.

A folder is taken by locking the file beside it; the system unlocks it when the process ends, however it ends. So each
process finds the index of one that has ended and goes on with it, and two that run never meet.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import IO, NamedTuple, Self

import orjson

from headwater.errors import StoreError

MOST = 256
"""How many processes of one machine may search one database."""


class State(NamedTuple):
    """What an index holds: which database (``origin``), in which format, up to which event."""

    format: int
    origin: str
    position: int
    event: str


class Slot:
    """A folder that this process holds until it closes it."""

    def __init__(self, folder: Path, lock: IO[bytes]) -> None:
        self.folder = folder
        self._lock = lock
        self._state = folder / "headwater.json"
        folder.mkdir(exist_ok=True)

    @classmethod
    def take(cls, root: Path) -> Self:
        """The first folder below ``root`` that no process holds; ``StoreError`` where none can be made."""
        try:
            root.mkdir(parents=True, exist_ok=True)
            for number in range(MOST):
                lock = (root / f"{number}.lock").open("ab")
                if _locked(lock):
                    return cls(root / str(number), lock)
                lock.close()
        except OSError as error:
            raise StoreError(
                f"the search index cannot be kept in {root}: {error}; HEADWATER_SEARCH_FOLDER names another folder"
            ) from error
        raise StoreError(f"{MOST} processes search this database already")

    def close(self) -> None:
        """Leave the folder to others."""
        self._lock.close()

    def read(self) -> State | None:
        """What the index in the folder held when it was last complete; None if there is none."""
        try:
            value = orjson.loads(self._state.read_bytes())
            return State(int(value["format"]), str(value["origin"]), int(value["position"]), str(value["event"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, state: State) -> None:
        """Note what the index holds. The file is replaced as a whole; an older one only means more to catch up with."""
        written = self._state.with_suffix(".new")
        written.write_bytes(orjson.dumps(state._asdict()))
        os.replace(written, self._state)

    def forget(self) -> None:
        """Whatever is in the folder counts for nothing from here on."""
        self._state.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the index."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(exist_ok=True)


if sys.platform == "win32":
    import msvcrt

    def _locked(file: IO[bytes]) -> bool:
        """Whether the lock could be taken."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _locked(file: IO[bytes]) -> bool:
        """Whether the lock could be taken."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
