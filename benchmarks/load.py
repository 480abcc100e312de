"""A load generator on raw sockets: closed loop (as fast as the answers come) or open loop (at a given rate).

In an open loop the latency counts from the moment at which a request was due, also when every connection was busy
then: a server that stalls is charged for the requests that it kept waiting (no coordinated omission).

Usage: ``python -m benchmarks.load http://127.0.0.1:8000/v1/predict --body request.json [--rate 1000]``.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np

TICK = 0.0005
"""Seconds between two looks at the clock of an open loop, at least."""
QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}

Seen = TypeVar("Seen")
Kept = Callable[[int, bytes], None]
"""Takes status and body of an answer."""


@dataclass
class Outcome:
    """What a run saw."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    """Requests whose connection ended before the answer."""
    unsent: int = 0
    """Requests of an open loop that were due and never sent, for want of a free connection."""
    latencies: list[float] = field(default_factory=list)
    """Seconds, of every answer."""
    due: list[float] = field(default_factory=list)
    """When each of these was due, or sent in a closed loop, by ``time.perf_counter``."""

    @property
    def rate(self) -> float:
        """Answers with status 200 for each second."""
        return self.statuses[200] / self.seconds if self.seconds else 0.0

    @property
    def quantiles(self) -> dict[str, float]:
        """Latency in milliseconds."""
        if not self.latencies:
            return {}
        taken = np.sort(np.array(self.latencies)) * 1000
        found = {name: float(np.quantile(taken, share)) for name, share in QUANTILES.items()}
        return {**found, "max": float(taken[-1])}

    def figures(self) -> dict[str, Any]:
        """The whole as JSON."""
        return {
            "requests_per_second": round(self.rate, 1),
            "latency_ms": {name: round(value, 3) for name, value in self.quantiles.items()},
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "broken": self.broken,
            "unsent": self.unsent,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class Target:
    """Where to send, and what: ``make(n)`` gives the bytes of request ``n``."""

    host: str
    port: int
    make: Callable[[int], bytes]
    keep: Kept | None = None


def post(url: str, bodies: list[bytes], content_type: str = "application/json", keep: Kept | None = None) -> Target:
    """A target that sends the bodies in turn."""
    parts = urlsplit(url)
    head = f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {content_type}\r\n"
    whole = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]
    return Target(parts.hostname or "127.0.0.1", parts.port or 80, lambda n: whole[n % len(whole)], keep)


async def closed_loop(target: Target, connections: int, seconds: float, warm: float = 0.5) -> Outcome:
    """Every connection sends its next request when it has the answer to the last."""
    run = _Run(target)
    clients = await run.connect(connections)
    for client in clients:
        client.send(time.perf_counter())
    run.on_free = lambda client: client.send(time.perf_counter())
    await asyncio.sleep(warm)
    run.outcome, start = Outcome(), time.perf_counter()
    await asyncio.sleep(seconds)
    run.on_free = None
    run.outcome.seconds = time.perf_counter() - start
    return _end(run)


async def open_loop(target: Target, rate: float, connections: int, seconds: float, warm: float = 0.5) -> Outcome:
    """Requests are due at a fixed rate, whatever the server does; latency counts from when each was due."""
    run = _Run(target)
    free = deque(await run.connect(connections))
    due: deque[float] = deque()

    def take(client: _Client) -> None:
        if due:
            client.send(due.popleft())
        else:
            free.append(client)

    run.on_free = take
    await _offer(due, free, rate, warm)
    due.clear()
    run.outcome, start = Outcome(), time.perf_counter()
    await _offer(due, free, rate, seconds)
    await asyncio.sleep(0.05)
    run.outcome.seconds = time.perf_counter() - start - 0.05
    run.outcome.unsent = len(due)
    return _end(run)


async def _offer(due: "deque[float]", free: "deque[_Client]", rate: float, seconds: float) -> None:
    """Let requests fall due, and send them while there are free connections.

    A thread keeps the time: a loop that looked at the clock itself would take a whole core, and whatever else the
    machine has to do would disturb the server all the more.
    """
    loop = asyncio.get_running_loop()

    def fall_due(moments: list[float]) -> None:
        due.extend(moments)
        while due and free:
            free.popleft().send(due.popleft())

    def keep_time() -> None:
        start, made, total = time.perf_counter(), 0, int(rate * seconds)
        while made < total:
            now = time.perf_counter()
            reached = min(total, int((now - start) * rate) + 1)
            if reached > made:
                loop.call_soon_threadsafe(fall_due, [start + number / rate for number in range(made, reached)])
                made = reached
            time.sleep(max(start + made / rate - time.perf_counter(), TICK))

    await asyncio.to_thread(keep_time)
    await asyncio.sleep(0)


class _Run:
    def __init__(self, target: Target) -> None:
        self.target = target
        self.outcome = Outcome()
        self.on_free: Callable[[_Client], None] | None = None
        self.clients: list[_Client] = []
        self.made = 0

    async def connect(self, connections: int) -> "list[_Client]":
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            await loop.create_connection(lambda: _Client(self), self.target.host, self.target.port)
        return list(self.clients)


def _end(run: _Run) -> Outcome:
    outcome = run.outcome
    run.outcome = Outcome()
    for client in run.clients:
        client.transport.close()
    return outcome


class _Client(asyncio.Protocol):
    """One connection with at most one request under way."""

    transport: asyncio.Transport

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.due = 0.0
        self.waiting = False
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.run.clients.append(self)

    def send(self, due: float) -> None:
        self.due, self.waiting = due, True
        if self.transport.is_closing():
            self.connection_lost(None)
            return
        self.transport.write(self.run.target.make(self.run.made))
        self.run.made += 1

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        whole = end + 4 + _content_length(self.buffer[:end])
        if len(self.buffer) < whole:
            return
        status, body = int(self.buffer[9:12]), self.buffer[end + 4 : whole]
        self.buffer = self.buffer[whole:]
        self._answered(status, body)

    def _answered(self, status: int, body: bytes) -> None:
        outcome, self.waiting = self.run.outcome, False
        outcome.statuses[status] += 1
        outcome.latencies.append(time.perf_counter() - self.due)
        outcome.due.append(self.due)
        if self.run.target.keep is not None:
            self.run.target.keep(status, body)
        if self.run.on_free is not None:
            self.run.on_free(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self.waiting:
            self.waiting = False
            self.run.outcome.broken += 1


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.find(b"content-length:")
    if start < 0:
        return 0
    end = lowered.find(b"\r\n", start)
    return int(lowered[start + 15 : end if end >= 0 else None])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument(
        "--body", type=Path, required=True, help="file with one request, or a JSON list to send in turn"
    )
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float, default=None, help="requests a second; without it a closed loop")
    given = parser.parse_args()
    text = json.loads(given.body.read_text(encoding="utf-8"))
    rows = text if isinstance(text, list) else [text]
    target = post(given.url, [json.dumps(row).encode() for row in rows])
    work = (
        open_loop(target, given.rate, given.connections, given.seconds)
        if given.rate
        else closed_loop(target, given.connections, given.seconds)
    )
    sys.stdout.write(json.dumps(run_on_uvloop(work).figures(), indent=2) + "\n")


def run_on_uvloop(work: Coroutine[Any, Any, Seen]) -> Seen:
    """Run a loop to its end, without the garbage collections of this process, which the server would be charged for."""
    import uvloop

    gc.collect()
    gc.disable()
    try:
        return uvloop.run(work)
    finally:
        gc.enable()


if __name__ == "__main__":
    main()
