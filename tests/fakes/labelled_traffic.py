"""Clients that keep asking a server about the toy problem, and tell it at once what came true."""

import asyncio
import random
from dataclasses import dataclass, field
from threading import Event, Thread
from types import TracebackType
from typing import Any

import httpx
from served import EXAMPLE
from small_bundle import expected_score


@dataclass
class Traffic:
    """A context in which requests go to a server, so many a second, with their labels unless they are held back.

    The world is as the small model says: it is the best that there can be.
    """

    url: str
    rate: float = 200.0
    labels: bool = True
    each: int = 10
    asked: int = 0
    refused: int = 0
    _over: Event = field(default_factory=Event)
    _draw: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311
    _thread: Thread | None = None

    def __enter__(self) -> "Traffic":
        self._thread = Thread(target=lambda: asyncio.run(self._keep_asking()))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join()

    async def _keep_asking(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=20) as client:
            while not self._over.is_set():
                pause = asyncio.sleep(self.each / self.rate)
                await asyncio.gather(pause, self._ask(client))

    async def _ask(self, client: httpx.AsyncClient) -> None:
        rows = self.rows()
        self.asked += len(rows)
        said = await client.post("/v1/predict", json=rows)
        self.refused += said.status_code != 200
        if self.labels and said.status_code == 200:
            pairs = zip(said.json(), rows, strict=True)
            labels = [{"prediction_id": one["prediction_id"], "value": self._truth(row)} for one, row in pairs]
            self.refused += (await client.post("/v1/feedback", json=labels)).status_code != 200

    def rows(self) -> list[dict[str, Any]]:
        """The next requests."""
        return [self._row() for _ in range(self.each)]

    def _row(self) -> dict[str, Any]:
        size, weight = (round(self._draw.uniform(-3, 3), 3) for _ in range(2))
        town = self._draw.choice(["north", "south"])
        return {**EXAMPLE, "id": f"r-{self._draw.random()}", "size": size, "weight": weight, "town": town}

    def _truth(self, row: dict[str, Any]) -> float:
        return float(self._draw.random() < expected_score(row["size"], row["weight"], row["town"]))
