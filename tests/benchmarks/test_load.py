"""The load generator, against servers whose latency is known."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from benchmarks.load import Outcome, Target, closed_loop, open_loop, post

pytestmark = pytest.mark.integration

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Drive = Callable[[Target], Awaitable[Outcome]]


def _against(drive: Drive, pause: float = 0.0, stall: float = 0.0) -> tuple[Outcome, list[bytes]]:
    """Drive a server that takes ``pause`` for each request, and ``stall`` once, in the middle."""

    async def run() -> tuple[Outcome, list[bytes]]:
        bodies: list[bytes] = []
        stalled = False

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal stalled
            while head := await reader.readline():
                while (line := await reader.readline()) != b"\r\n":
                    head += line
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                bodies.append(await reader.readexactly(length))
                if stall and len(bodies) > 30 and not stalled:
                    stalled = True
                    await asyncio.sleep(stall)
                await asyncio.sleep(pause)
                writer.write(ANSWER)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        target = post(f"http://127.0.0.1:{port}/x", [b"1", b"22"])
        outcome = await drive(target)
        server.close()
        await asyncio.sleep(0.05)
        return outcome, bodies

    return asyncio.run(run())


def test_a_closed_loop_is_as_fast_as_the_answers() -> None:
    outcome, bodies = _against(lambda target: closed_loop(target, 4, 0.5, warm=0.1), pause=0.02)
    assert outcome.rate == pytest.approx(4 / 0.02, rel=0.35)
    assert 20 <= outcome.quantiles["p50"] < 40
    assert set(bodies) == {b"1", b"22"}
    assert (outcome.broken, outcome.unsent) == (0, 0)


def test_an_open_loop_keeps_its_rate() -> None:
    outcome, _ = _against(lambda target: open_loop(target, 200, 8, 0.5, warm=0.1), pause=0.005)
    assert outcome.statuses[200] == pytest.approx(100, abs=3)
    assert outcome.quantiles["p50"] < 30


def test_a_stall_is_charged_to_every_request_that_it_kept_waiting() -> None:
    outcome, _ = _against(lambda target: open_loop(target, 100, 1, 1.0, warm=0.1), stall=0.4)
    waited = [latency for latency in outcome.latencies if latency > 0.1]
    assert len(waited) > 15  # a closed loop would have seen one
    assert outcome.quantiles["max"] == pytest.approx(400, rel=0.3)
    assert set(outcome.figures()) >= {"requests_per_second", "latency_ms", "statuses"}
