"""Clients that keep asking a server, each on a connection of its own, and remember what they were told."""

import asyncio
import json
import os
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from served import EXAMPLE

ROWS, SHARES = (1, 5, 300), (0.9, 0.095, 0.005)
"""Rows of a request, and how often; 300 are more than a server answers in one batch."""
FULL = "FULL_PROOFS"
"""Environment variable: where it is set, the proofs run at the size that the README's figures are for."""


def size(usual: int, full: int) -> int:
    """How much of something a proof takes."""
    return full if os.environ.get(FULL) else usual


@dataclass
class Answer:
    """One row that was asked for, and what came back."""

    request: dict[str, Any]
    status: int
    said: dict[str, Any]
    at: float
    """Moment of the monotonic clock at which it was read."""

    @property
    def version(self) -> int | None:
        return self.said.get("model_version")


@dataclass
class Pressure:
    """Requests of the toy problem, most of one row and some of several, no two alike, from some connections at once."""

    answers: list[Answer] = field(default_factory=list)
    rows: int = 0
    """Rows that were made up; those without an answer were on their way when their connection broke."""
    broken: int = 0
    """Connections."""
    _draw: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311

    async def on(self, url: str, connections: int, work: Awaitable[Any]) -> None:
        """Ask until ``work`` is done; a connection that breaks asks no more."""
        stop = asyncio.Event()
        clients = [asyncio.create_task(self._client(url, stop)) for _ in range(connections)]
        try:
            await work
        finally:
            stop.set()
            await asyncio.gather(*clients)

    def request(self) -> dict[str, Any]:
        """The next request; sizes and weights lie between -3 and 3."""
        draw = self._draw
        self.rows += 1
        return {
            **EXAMPLE,
            "id": f"r-{self.rows}",
            "size": round(draw.uniform(-3, 3), 3),
            "weight": round(draw.uniform(-3, 3), 3),
            "town": draw.choice(["north", "south"]),
        }

    async def _client(self, url: str, stop: asyncio.Event) -> None:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while not stop.is_set():
                rows = [self.request() for _ in range(self._draw.choices(ROWS, SHARES)[0])]
                writer.write(_post(parts.netloc, json.dumps(rows if len(rows) > 1 else rows[0]).encode()))
                status, body = await _read(reader)
                at, said = time.monotonic(), json.loads(body)
                each = said if isinstance(said, list) else [said] * len(rows)
                self.answers += [Answer(row, status, one, at) for row, one in zip(rows, each, strict=True)]
        except (OSError, asyncio.IncompleteReadError):
            self.broken += 1
        finally:
            writer.close()


async def until(true: Callable[[], Any], seconds: float = 20.0) -> float:
    """Wait until something is so; return the moment of the monotonic clock."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.005)
    return time.monotonic()


def _post(host: str, body: bytes) -> bytes:
    head = f"POST /v1/predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    return int(head[9:12]), await reader.readexactly(length)
