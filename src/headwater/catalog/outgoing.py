# SPDX-License-Identifier: Apache-2.0
"""Requests that leave the server for addresses which users have given.

A name is looked up once, and the connection goes to the address that was looked at: what is not public (this machine,
private networks, link-local and metadata addresses, whatever is reached through IPv6 forms of these) is refused, unless
a setting allows it. Redirects are not followed, proxies of the environment not used, and answers cut short.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

ANSWER = 64 * 1024
"""Bytes of an answer that are read."""
SHOWN = 200
"""Characters of an answer that a reason shows."""
DISGUISES = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""IPv6 networks whose addresses end in an IPv4 address that they lead to."""


class NotSent(Exception):
    """A request got no answer, or not a good one. ``status`` is what the server answered; ``final``: trying again is of
    no use."""

    def __init__(self, reason: str, status: int | None = None, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.final = final


class NotAllowed(NotSent):
    """No request was made: the address is none that may be reached."""


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    reason: str
    media: str
    body: bytes


def is_public(address: Address) -> bool:
    """Whether an address is one of the Internet's, and of no special use."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if any(address in network for network in DISGUISES):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


class Guard:
    """Which addresses may be reached: public ones, and those that a setting (called ``setting`` in reasons) allows by
    name, address or network."""

    def __init__(self, allowed: str = "", setting: str = "HEADWATER_ALERT_HOSTS") -> None:
        self.setting = setting
        self.names: set[str] = set()
        self.networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for word in filter(None, (part.strip().lower() for part in allowed.split(","))):
            try:
                self.networks.append(ipaddress.ip_network(word, strict=False))
            except ValueError:
                self.names.add(word)

    def allows(self, host: str, address: Address) -> bool:
        """Whether a host may be reached at an address."""
        return host.lower() in self.names or any(address in one for one in self.networks) or is_public(address)

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection to a host, at an address that may be reached; ``NotSent`` tells why there is none."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NotSent(f"{host} cannot be looked up: {getattr(error, 'strerror', None) or error}") from error
        refused = []
        failure: OSError | None = None
        for family, kind, protocol, _, place in found:
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if not self.allows(host, address):
                refused.append(str(address))
                continue
            opened = socket.socket(family, kind, protocol)
            opened.settimeout(timeout)
            try:
                opened.connect(place)
            except OSError as error:
                opened.close()
                failure = error
                continue
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
        if failure is None and refused:
            places = ", ".join(dict.fromkeys(refused))
            where = f"{host} is no public address" if places == host else f"{host} is at {places}, which is not public"
            raise NotAllowed(f"{where}; {self.setting} can allow it", final=True)
        raise NotSent(f"no connection to {host} port {port}: {failure}") from failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A request. Timeouts in seconds: until there is a connection, and until the answer is there."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    timeout: float = 10.0
    read_timeout: float = 12.0


class Outgoing:
    """Sends requests over connections that stay open. ``close`` from another thread ends one that is under way."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self._open: dict[tuple[str, str, int], http.client.HTTPConnection] = {}
        self._deadline = 0.0
        self._mutex = Lock()

    def send(self, post: Post) -> Answer:
        """The answer, if it is a good one; else ``NotSent``."""
        answer = self.ask(post)
        check(answer)
        return answer

    def ask(self, post: Post) -> Answer:
        """The answer, whatever it is; ``NotSent`` where there is none."""
        parts = urlsplit(post.url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise NotSent(f"{post.url}: {error}", final=True) from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotSent(f"{post.url} is no http or https URL", final=True)
        key = parts.scheme, parts.hostname, port
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        kept = self._open.pop(key, None)
        if kept is not None:
            try:
                return self._exchange(key, kept, path, post)
            except _Stale:
                pass  # The server had closed it meanwhile, before it read anything: not a failure.
        return self._exchange(key, self._connect(key, post), path, post)

    def _connect(self, key: tuple[str, str, int], post: Post) -> http.client.HTTPConnection:
        scheme, host, port = key
        opened = self.guard.connect(host, port, post.timeout)
        if scheme == "https":
            try:
                opened = ssl.create_default_context().wrap_socket(opened, server_hostname=host)
            except (OSError, ValueError) as error:
                opened.close()
                raise NotSent(f"no secure connection to {host}: {error}") from error
        connection = http.client.HTTPConnection(host, port)
        connection.sock = opened
        return connection

    def _exchange(
        self, key: tuple[str, str, int], connection: http.client.HTTPConnection, path: str, post: Post
    ) -> Answer:
        fresh = not hasattr(connection, "served")
        assert connection.sock is not None
        connection.sock.settimeout(post.read_timeout)
        with self._mutex:
            self._deadline = time.monotonic() + post.read_timeout
            self._open[key] = connection
        try:
            try:
                connection.request(post.method, path, post.body or None, dict(post.headers))
                response = connection.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                if not fresh:
                    raise _Stale from error
                raise
            body = response.read(ANSWER)
            answer = Answer(response.status, response.reason, response.headers.get_content_type(), body)
            keep = response.isclosed() and not response.will_close
        except TimeoutError as error:
            self._drop(key)
            raise NotSent(f"no answer from {key[1]} within {post.read_timeout:g} s") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._drop(key)
            raise NotSent(f"{key[1]} broke off: {str(error) or type(error).__name__}") from error
        except _Stale:
            self._drop(key)
            raise
        finally:
            self._deadline = 0.0
        if keep:
            connection.served = True  # type: ignore[attr-defined]
        else:
            self._drop(key)
        return answer

    def _drop(self, key: tuple[str, str, int]) -> None:
        with self._mutex:
            connection = self._open.pop(key, None)
        if connection is not None:
            connection.close()

    def end_if_overdue(self) -> None:
        """End a request that takes longer than it may although bytes keep coming."""
        if self._deadline and time.monotonic() > self._deadline:
            self.interrupt()

    def interrupt(self) -> None:
        """End what is under way."""
        with self._mutex:
            for connection in self._open.values():
                if connection.sock is not None:
                    try:
                        connection.sock.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        continue

    def close(self) -> None:
        """Close the connections."""
        for key in list(self._open):
            self._drop(key)


class _Stale(Exception):
    """A connection that was kept open is not open any more."""


def check(answer: Answer) -> None:
    """``NotSent`` for an answer that is no success. A redirection is final: it could lead anywhere."""
    if 200 <= answer.status < 300:
        return
    said = " ".join(answer.body[:SHOWN].decode("utf-8", "replace").split())
    reason = f"the answer was {answer.status} {answer.reason}" + (f": {said}" if said else "")
    raise NotSent(reason, answer.status, final=300 <= answer.status < 400)


OWN = frozenset({"host", "content-length", "transfer-encoding", "connection"})
"""Headers that say how a request is read, and are ours."""


def headers_of(values: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Headers that a user has given, but for those that are ours, and without what could end the line."""
    return {name: " ".join(str(value).splitlines()) for name, value in values if name.lower() not in OWN}
