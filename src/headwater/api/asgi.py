# SPDX-License-Identifier: Apache-2.0
"""The asynchronous edge: an ASGI application around ``Application``.

Quick reads are answered on the event loop, where a thread switch would cost more than the read; everything else in
a thread.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from headwater.api.app import Application
from headwater.api.http import Request, Response, Stream, render_error
from headwater.catalog.checks.worker import CheckWorker
from headwater.errors import RequestRefused, TooBusy

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

THREADS = 16

LOOK = 0.5
"""Seconds between two looks for something new, for readers of a stream."""
HEARTBEAT = 15.0
"""Seconds without anything new after which a reader of a stream is told that it is still alive."""


class Edge:
    """The ASGI callable."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="headwater")
        self._workers = application.catalog.alerts.worker(), CheckWorker(application.catalog.checks)
        self._streams = 0
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End the streams: the server is about to stop."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for worker in self._workers:
                    worker.start()
            else:
                await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in self._workers))
                self._threads.shutdown(wait=True)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(
            scope["method"], scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"), headers
        )
        try:
            if "content-length" in headers or "transfer-encoding" in headers:
                request.body = await self._body(headers, receive)
        except RequestRefused as error:
            await _send(send, request, render_error(error))
            return
        routed = self.application.route(request)
        if self.application.is_quick(request, routed):
            response = self.application.answer(request, routed)
        else:
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(self._threads, self.application.answer, request, routed)
        if response.stream is None or request.method == "HEAD":
            await _send(send, request, response)
        elif self._streams >= (most := self.application.settings.streams):
            await _send(send, request, render_error(TooBusy(f"{most} streams are open here, and no more can be")))
        else:
            self._streams += 1
            try:
                await self._stream(receive, send, response, response.stream)
            finally:
                self._streams -= 1

    async def _stream(self, receive: Receive, send: Send, response: Response, stream: Stream) -> None:
        """Send a stream until its reader hangs up, or the server stops. A reader that is slow to read is not asked for
        faster: the next piece is looked up when the last one has gone."""
        headers = [(b"content-type", response.content_type.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b": headwater\n\n", "more_body": True})
        loop = asyncio.get_running_loop()
        gone = [asyncio.ensure_future(_hung_up(receive)), asyncio.ensure_future(self._closing.wait())]
        quiet = 0.0
        try:
            while not any(one.done() for one in gone):
                piece = await loop.run_in_executor(self._threads, stream.more)
                if not piece:
                    await asyncio.wait(gone, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                    quiet += LOOK
                    if quiet < HEARTBEAT:
                        continue
                    piece = b": still here\n\n"
                quiet = 0.0
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            for one in gone:
                one.cancel()

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        limit = self.application.settings.max_body
        refusal = RequestRefused(f"the body is larger than {limit} bytes", status=413)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > limit:
            raise refusal
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestRefused("the connection was closed before the body was complete")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise refusal
            if not message.get("more_body"):
                break
        coding = headers.get("content-encoding", "identity").strip().lower()
        body = b"".join(parts)
        if coding == "identity":
            return body
        if coding not in ("gzip", "x-gzip"):
            raise RequestRefused(f"the body may be sent as it is or as gzip, not as {coding}", status=415)
        plain = await asyncio.get_running_loop().run_in_executor(self._threads, _unzipped, body, limit + 1)
        if len(plain) > limit:
            raise refusal
        return plain


def _unzipped(body: bytes, limit: int) -> bytes:
    """What a body of gzip says, as far as the limit."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = reader.decompress(body, limit)
    except zlib.error as error:
        raise RequestRefused(f"the body is not gzip: {error}") from error
    if len(plain) < limit and (not reader.eof or reader.unused_data):
        raise RequestRefused("the body is not one whole piece of gzip")
    return plain


async def _hung_up(receive: Receive) -> None:
    """Wait until the other side has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, request: Request, response: Response) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    if response.body:
        headers.append((b"content-type", response.content_type.encode()))
        headers.append((b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else response.body})
