# SPDX-License-Identifier: Apache-2.0
"""One keep-alive connection that sends prepared bytes: the same client for every server, and as little of it as can be.

What it costs shows in the line of the bare framework, which every other line contains.
"""

import json
import socket
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"
QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class Reply(NamedTuple):
    """A status and a body."""

    status: int
    body: bytes


class RequestFailed(Exception):
    """A server did not do what the measurement needs; rates of failures are of no use."""


class Connection:
    """A connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = self._open()

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), timeout=120)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def renew(self) -> None:
        """Connect again: servers hang up on who says nothing for some seconds, while others have their turn."""
        self._socket.close()
        self._socket = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, request: bytes) -> Reply:
        """Send a request, wait for the whole answer; ``RequestFailed`` for any but a good one."""
        self._socket.sendall(request)
        self._acknowledge()
        received = self._socket.recv(65536)
        while (end := received.find(END_OF_HEAD)) < 0:
            received += self._more()
        status = int(received[9:12])
        length = _length(received[:end])
        parts = [received[end + 4 :]]
        missing = length - len(parts[0])
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        body = b"".join(parts)
        if status >= 400:
            asked, told = request.split(b"\r", 1)[0].decode(), body[:500].decode(errors="replace")
            raise RequestFailed(f"{status} for {asked}: {told}")
        return Reply(status, body)

    def _acknowledge(self) -> None:
        """Confirm at once what arrives: a server that sends head and body apart would wait 40 ms for it."""
        if QUICK_ACK is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)

    def _more(self) -> bytes:
        received = self._socket.recv(262144)
        if not received:
            raise RequestFailed("the server closed the connection")
        return received

    def json(self, request: bytes) -> Any:
        """The JSON value that a request is answered with."""
        return json.loads(self.send(request).body)


def _length(head: bytes) -> int:
    start = head.lower().find(LENGTH)
    if start < 0:
        raise RequestFailed(f"no content length in {head!r}")
    return int(head[start + len(LENGTH) :].split(b"\r", 1)[0])


def request(method: str, path: str, body: object = None) -> bytes:
    """The bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n"
    if body is None:
        return f"{head}\r\n".encode()
    content = json.dumps(body, separators=(",", ":")).encode()
    return f"{head}content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content


def rate(connection: Connection, requests: Sequence[bytes]) -> float:
    """Answers per second, one after the other."""
    connection.renew()
    started = time.perf_counter()
    for one in requests:
        connection.send(one)
    return len(requests) / (time.perf_counter() - started)


def latencies(connection: Connection, requests: Iterable[bytes]) -> list[float]:
    """Seconds that each answer took."""
    connection.renew()
    taken = []
    for one in requests:
        started = time.perf_counter()
        connection.send(one)
        taken.append(time.perf_counter() - started)
    return taken
