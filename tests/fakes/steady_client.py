"""A well-behaved client, and how the server does meanwhile.

``python steady_client.py URL REQUEST PID RATE SECONDS`` asks at a steady rate whatever happens, and for health on
connections of its own; says latencies in milliseconds from when each request was due, statuses, and the server's
memory.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

import psutil

from benchmarks.load import open_loop, post

CONNECTIONS = 16
PAUSE = 0.1


async def steady(url: str, request: bytes, pid: int, rate: float, seconds: float) -> dict[str, Any]:
    """Ask for predictions and for health until the time is up."""
    server = psutil.Process(pid)
    watching = asyncio.create_task(_watch(url, server))
    run = await open_loop(post(f"{url}/v1/predict", [request]), rate, CONNECTIONS, seconds)
    watching.cancel()
    memory, slowest, health = _SEEN["memory"], _SEEN["slowest"], _SEEN["health"]
    return {**run.figures(), "memory": memory, "health_ms": round(slowest * 1000, 1), "health": health}


_SEEN: dict[str, Any] = {"memory": 0, "slowest": 0.0, "health": Counter()}


async def _watch(url: str, server: psutil.Process) -> None:
    host, port = url.removeprefix("http://").split(":")
    while True:
        start = time.perf_counter()
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /healthz/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        _SEEN["health"][int((await reader.readuntil(b"\r\n"))[9:12])] += 1
        _SEEN["slowest"] = max(_SEEN["slowest"], time.perf_counter() - start)
        writer.close()
        _SEEN["memory"] = max(_SEEN["memory"], server.memory_info().rss)
        await asyncio.sleep(PAUSE)


if __name__ == "__main__":
    url, request, pid, rate, seconds = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(steady(url, request.encode(), int(pid), float(rate), float(seconds)))))
