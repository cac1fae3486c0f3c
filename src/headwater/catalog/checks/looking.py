# SPDX-License-Identifier: Apache-2.0
"""Looking at one address: a URL by a request, a path by whether it is there. Nothing of what is found is kept."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from urllib.parse import SplitResult, unquote, urlsplit

from headwater.catalog.outgoing import Answer, Guard, NotAllowed, NotSent, Outgoing, Post
from headwater.schema.checks import CheckOutcome
from headwater.schema.declare import Target
from headwater.store.checks import Result

HEADERS = {"User-Agent": "Headwater", "Accept": "*/*"}
GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of looking; ``status`` is what a server answered."""

    outcome: CheckOutcome
    reason: str | None = None
    status: int | None = None


class Looker:
    """Looks at addresses that users have given, as far as settings allow.

    A URL answers if any status below 500 comes back within the time, redirections and refusals too: those come from a
    server that is there. What must exist is down at 404 and 410 as well. HEAD is asked first, and GET if that is
    answered with an error.
    """

    def __init__(self, hosts: str, folders: Sequence[Path], timeout: float) -> None:
        self.guard = Guard(hosts, "HEADWATER_CHECK_HOSTS")
        self.folders = [folder.resolve() for folder in folders]
        self.timeout = timeout

    @property
    def longest(self) -> float:
        """Seconds that looking at one address may take: two requests, each with a connection to be made first."""
        return 4 * self.timeout

    def look(self, target: Target, address: str) -> Result:
        """Look at an address now."""
        began, timestamp = time.monotonic(), time.time_ns() // 1_000_000
        seen = self._seen(target, address)
        took = round(1000 * (time.monotonic() - began))
        return Result(str(target.name), timestamp, seen.outcome.value, seen.status, took, seen.reason)

    def _seen(self, target: Target, address: str) -> Seen:
        try:
            parts = urlsplit(address)
            _ = parts.port
        except ValueError as error:
            return Seen(CheckOutcome.NOT_CHECKABLE, f"it is no URL: {error}")
        if parts.scheme in ("http", "https") and parts.hostname:
            return self._asked(target, parts)
        if parts.scheme == "file" or (not parts.scheme and address.startswith("/")):
            return self._found(unquote(parts.path) if parts.scheme else address)
        kind = f"addresses that begin with {parts.scheme}:" if parts.scheme else "addresses without a scheme"
        return Seen(CheckOutcome.NOT_CHECKABLE, f"{kind} are not looked up; http:, https: and paths are")

    def _asked(self, target: Target, parts: SplitResult) -> Seen:
        url = parts._replace(fragment="").geturl()
        try:
            answer = self._request("HEAD", url)
            if answer.status >= 400:
                answer = self._request("GET", url)
        except NotAllowed as error:
            return Seen(CheckOutcome.NOT_ALLOWED, error.reason)
        except NotSent as error:
            return Seen(CheckOutcome.DOWN, error.reason)
        if answer.status >= 500 or (target.must_exist and answer.status in GONE):
            return Seen(CheckOutcome.DOWN, f"the answer was {answer.status} {answer.reason}".rstrip(), answer.status)
        return Seen(CheckOutcome.UP, None, answer.status)

    def _request(self, method: str, url: str) -> Answer:
        """One request on a connection of its own, which is cut when its time is over, also if bytes keep coming."""
        outgoing = Outgoing(self.guard)
        post = Post(url=url, body=b"", headers=HEADERS, method=method, timeout=self.timeout, read_timeout=self.timeout)
        cut = Timer(2 * self.timeout, outgoing.interrupt)
        cut.daemon = True
        cut.start()
        try:
            return outgoing.ask(post)
        finally:
            cut.cancel()
            outgoing.close()

    def _found(self, text: str) -> Seen:
        try:
            path = Path(text).resolve()
            if not any(path.is_relative_to(folder) for folder in self.folders):
                reason = "its folder is none that may be looked at; HEADWATER_CHECK_FOLDERS can allow it"
                return Seen(CheckOutcome.NOT_ALLOWED, reason)
            there = path.exists()
        except (OSError, ValueError) as error:
            return Seen(CheckOutcome.DOWN, f"the path cannot be read: {error}")
        return Seen(CheckOutcome.UP) if there else Seen(CheckOutcome.DOWN, "there is no such file or folder")
