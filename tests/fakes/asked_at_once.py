"""Asking a predictor many things at once."""

import asyncio
from typing import Any

from small_serving import a_row

from serving.predictor import Predictor


def run(predictor: Predictor, *requests: list[dict[str, Any]]) -> list[Any]:
    """Send requests at once; each gives its predictions, or its error."""

    async def work() -> list[Any]:
        found = await asyncio.gather(*(predictor.predict(rows) for rows in requests), return_exceptions=True)
        await predictor.drain()
        return list(found)

    return asyncio.run(work())


def rows(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Rows of as many owners."""
    return [a_row(id=f"h{n}", owner=f"owner {n}", **changes) for n in range(count)]
