"""Connections that are given only so long: uvicorn itself would wait for ever for a request to arrive."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.http.limits import CROWDED
from serving.settings import ServingSettings

HEADROOM = 64
"""Connections beyond the limit that are answered for health alone."""
SWEEP = 0.5
"""Seconds between two looks at all connections: one timer, whatever their number."""


def _raw(status: str, code: str, what: str, fix: str, *headers: str) -> bytes:
    body = f'{{"error":{{"code":"{code}","field":null,"row":null,"what":"{what}","fix":"{fix}"}}}}'
    head = (f"HTTP/1.1 {status}", "content-type: application/problem+json", f"content-length: {len(body)}")
    return "\r\n".join((*head, *headers, "connection: close", "", body)).encode()


LATE = _raw("408 Request Timeout", "late", "The request did not arrive in time.", "Send it faster, or in parts.")
FULL = _raw("503 Service Unavailable", "overloaded", "Too many connections.", "Try again.", "retry-after: 1")


class DeadlineProtocol(HttpToolsProtocol):
    """One connection. ``Deadlines`` ends it when a request takes too long to arrive, or nobody reads the answer."""

    limit = 0
    """Most open connections; set by ``bounded``."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.begun = self.loop.time()
        self.stalled = 0.0
        if len(self.connections) > self.limit + HEADROOM:
            transport.write(FULL)
            transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self.begun:
            self.begun = self.loop.time()
        if len(self.connections) > self.limit:
            cast(dict[str, Any], self.scope)[CROWDED] = True

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.begun = 0.0

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
