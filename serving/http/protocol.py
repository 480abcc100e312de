"""Connections that are given only so long, and heads only so large: uvicorn itself bounds neither."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.http.limits import CROWDED, SHED
from serving.settings import ServingSettings

HEADROOM = 64
"""Connections beyond the limit that are answered for health alone."""
SWEEP = 0.5
"""Seconds between two looks at all connections: one timer, whatever their number."""
REST = 0.5
"""Seconds that a client who was told to come back later is not listened to: most ignore Retry-After, and their asking
again and again would cost what the answers of others need."""
HEAD = 2**16
"""Bytes of a request before its body."""
HEADERS, CHUNKS, PIPELINED = 100, 20_000, 64
"""Most headers and chunks of a request, and most requests that wait on one connection."""


def _raw(status: str, code: str, what: str, fix: str, *headers: str) -> bytes:
    body = f'{{"error":{{"code":"{code}","field":null,"row":null,"what":"{what}","fix":"{fix}"}}}}'
    head = (f"HTTP/1.1 {status}", "content-type: application/problem+json", f"content-length: {len(body)}")
    return "\r\n".join((*head, *headers, "connection: close", "", body)).encode()


LATE = _raw("408 Request Timeout", "late", "The request did not arrive in time.", "Send it faster, or in parts.")
LONG = _raw("431 Request Header Fields Too Large", "head", "The request's head is too long.", "Send the rows as body.")
UNREAD = _raw(
    "400 Bad Request", "http", "This is no HTTP request that is read here.",
    f"Send HTTP/1.1 with at most {HEADERS} headers, {CHUNKS:,} chunks of body and {PIPELINED} requests at once.",
)  # fmt: skip
FULL = _raw("503 Service Unavailable", "overloaded", "Too many connections.", "Try again.", "retry-after: 1")


class DeadlineProtocol(HttpToolsProtocol):
    """One connection. ``Deadlines`` ends it when a request takes too long to arrive, or nobody reads the answer."""

    limit = 0
    """Most open connections; set by ``bounded``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.begun = self.loop.time()
        self.stalled = 0.0
        self.head: int | None = None
        self.fields = 0
        self.chunks = 0
        if len(self.connections) > self.limit + HEADROOM:
            transport.write(FULL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.head is not None:
            self.head += len(data)
            if self.head > HEAD and not self.transport.is_closing():
                self._end(LONG)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head, self.fields, self.chunks = 0, 0, 0
        if not self.begun:
            self.begun = self.loop.time()
        if len(self.connections) > self.limit:
            cast(dict[str, Any], self.scope)[CROWDED] = True

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._grow(len(name) + len(value) + 4)
        _hold(len(self.headers) < HEADERS)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        _hold(len(self.pipeline) < PIPELINED)
        super().on_headers_complete()
        self.head = None

    def on_chunk_header(self) -> None:
        """Called by the parser for each chunk of a body."""
        self.chunks += 1
        _hold(self.chunks <= CHUNKS)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Called where the parser gave up, or ``_hold`` made it."""
        self._end(LONG if self.fields > HEAD else UNREAD)

    def _grow(self, size: int) -> None:
        """Count what was parsed of a head: one that comes in a single read is over before its bytes are counted."""
        self.fields += size
        _hold(self.fields <= HEAD)

    def _end(self, said: bytes) -> None:
        self.transport.write(said)
        self.transport.close()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.begun = 0.0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if SHED in self.cycle.scope and not self.transport.is_closing():
            self.flow.pause_reading()
            self.loop.call_later(REST, self._listen_again)

    def _listen_again(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def check(self, now: float, patience: float) -> None:
        """End the connection if its time is up."""
        if self.begun and now - self.begun > patience:
            if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
                self.transport.write(LATE)
            self.transport.close()
            self.begun = 0.0
        if not self.transport.get_write_buffer_size():
            self.stalled = 0.0
        elif not self.stalled:
            self.stalled = now
        elif now - self.stalled > patience:
            self.transport.abort()


def _hold(true: bool) -> None:
    if not true:
        raise ValueError("beyond a limit of the protocol")


def bounded(settings: ServingSettings) -> type[DeadlineProtocol]:
    """The protocol class for the settings' number of connections."""
    return type("BoundedProtocol", (DeadlineProtocol,), {"limit": settings.connections})


async def sweep(connections: set[Any], patience: float) -> None:
    """Look at all connections again and again until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SWEEP)
        now = loop.time()
        for connection in list(connections):
            connection.check(now, patience)
