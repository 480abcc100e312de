"""Clients that keep asking a server, each on a connection of its own, and remember what they were told."""

import asyncio
import json
import os
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from served import EXAMPLE

FULL = "FULL_PROOFS"
"""Environment variable: where it is set, the proofs run at the size that the README's figures are for."""


def size(usual: int, full: int) -> int:
    """How much of something a proof takes."""
    return full if os.environ.get(FULL) else usual


@dataclass
class Answer:
    """One request, and what came back."""

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
    """Requests of the toy problem, no two alike, from some connections at once; ``broken`` had no answer."""

    answers: list[Answer] = field(default_factory=list)
    broken: int = 0
    _numbers: "count[int]" = field(default_factory=count)
    _draw: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311

    async def on(self, url: str, connections: int, work: Awaitable[Any]) -> None:
        """Ask until ``work`` is done or every connection has broken."""
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
        return {
            **EXAMPLE,
            "id": f"r-{next(self._numbers)}",
            "size": round(draw.uniform(-3, 3), 3),
            "weight": round(draw.uniform(-3, 3), 3),
            "town": draw.choice(["north", "south"]),
        }

    async def _client(self, url: str, stop: asyncio.Event) -> None:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while not stop.is_set():
                request = self.request()
                writer.write(_post(parts.netloc, json.dumps(request).encode()))
                status, body = await _read(reader)
                self.answers.append(Answer(request, status, json.loads(body), time.monotonic()))
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
