"""An ordinary champion with a tricky shadow, and ways to wait for what becomes of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from shadow_recorder import Records
from small_bundle import FOREVER, tricky_model
from small_serving import FakeWriter, a_lineup, a_model, a_predictor, a_row

from serving.predictor import Predictor

HANGS, FAILS = 2000.0, -2000.0
"""Sizes at which the tricky model does so."""
Work = Callable[[Predictor], Awaitable[Any]]


class Shadowed:
    """Runs work on a predictor; what live answers and shadows stored is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.writer, self.records = folder, FakeWriter(), Records(folder / "shadows.pickle")

    def run(self, work: Work, trips: int = FOREVER, plain: bool = False, **said: Any) -> Any:
        """The shadow is version 2; where ``plain``, there is an ordinary one too, version 3."""

        async def whole() -> Any:
            with a_predictor(None, self.writer, self.records, **said) as predictor:
                shadows = (a_model(self.folder, 2, tricky_model(trips), threshold=0.95),)
                shadows = (*shadows, a_model(self.folder, 3)) if plain else shadows
                predictor.lineup = a_lineup(a_model(self.folder, 1), shadows=shadows, revision=5)
                try:
                    await until(lambda: predictor.shadows.ready)
                    return await work(predictor)
                finally:
                    await predictor.close()

        return asyncio.run(whole())


async def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for something to come about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.01)


async def settled(predictor: Predictor) -> None:
    """Wait until every row is answered, and accounted for by the shadows."""
    await predictor.drain()
    await asyncio.sleep(0)
    await predictor.shadows.drain()


def sizes(*some: float) -> list[dict[str, Any]]:
    """Rows of these sizes."""
    return [a_row(id=f"h{n}", size=size) for n, size in enumerate(some)]
