"""Work beside the event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

Made = TypeVar("Made")


async def aside(work: Callable[[], Made]) -> Made:
    """The result of work that blocks, in a thread of its own that keeps no process from ending, even if it hangs."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Made] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if not future.done():
            future.set_exception(error) if error else future.set_result(result)

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, failure)

    Thread(target=run, name="understudy-aside", daemon=True).start()
    return await future


async def every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do some work for ever, with a pause after each time."""
    while True:
        await asyncio.sleep(seconds)
        await work()
