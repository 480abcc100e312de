"""Blocking work beside the event loop."""

import asyncio
import threading
import time

import pytest

from serving.background import aside, every

pytestmark = pytest.mark.unit


def test_results_and_errors_come_back_from_another_thread() -> None:
    assert asyncio.run(aside(threading.get_ident)) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(aside(lambda: 1 // 0))


def test_work_that_hangs_keeps_neither_the_loop_nor_the_process() -> None:
    hung = threading.Event()

    async def leave() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(aside(hung.wait), 0.05)

    began = time.monotonic()
    asyncio.run(leave())
    assert time.monotonic() - began < 5
    hung.set()


def test_work_is_repeated() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)
        if len(done) == 3:
            raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(every(0.001, work))
    assert len(done) == 3
