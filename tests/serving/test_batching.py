import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batching import Batcher, Item, requests_of
from serving.errors import Overloaded

pytestmark = pytest.mark.unit


class Answering:
    """Answers each row with itself, after ``turns`` of the loop, and notes the batches."""

    def __init__(self, turns: int = 1) -> None:
        self.turns = turns
        self.batches: list[list[Any]] = []

    async def __call__(self, items: list[Item]) -> None:
        self.batches.append([request.rows[place] for request, place in items])
        for _ in range(self.turns):
            await asyncio.sleep(0)
        for request, place in items:
            request.put(place, request.rows[place])  # type: ignore[arg-type]


def rows(*numbers: int) -> list[Any]:
    return [{"n": number} for number in numbers]


def test_requests_of_one_turn_are_one_batch() -> None:
    answering = Answering()

    async def work() -> list[Any]:
        batcher = Batcher(answering)
        return await asyncio.gather(*(batcher.submit(rows(n)) for n in range(16)))

    assert asyncio.run(work()) == [rows(n) for n in range(16)]
    assert [len(batch) for batch in answering.batches] == [16]


def test_what_comes_while_a_batch_is_at_work_makes_up_the_next() -> None:
    answering = Answering(turns=10)

    async def work() -> None:
        batcher = Batcher(answering)
        tasks = []
        for n in range(8):
            tasks.append(asyncio.ensure_future(batcher.submit(rows(n))))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        assert batcher.rows == 0

    asyncio.run(work())
    assert len(answering.batches[0]) == 1
    assert len(answering.batches) < 5


def test_small_requests_pass_between_the_parts_of_a_large_one() -> None:
    answering, ended = Answering(), []

    async def work() -> None:
        batcher = Batcher(answering, most_rows=20)

        async def ask(name: str, some: list[Any]) -> None:
            assert await batcher.submit(some) == some
            ended.append(name)

        large = asyncio.ensure_future(ask("large", rows(*range(95))))
        await asyncio.sleep(0)
        await asyncio.gather(large, *(ask(f"small {n}", rows(n)) for n in range(5)))

    asyncio.run(work())
    assert ended[-1] == "large"
    assert len(ended) == 6
    assert all(len(batch) <= 20 for batch in answering.batches)


def test_too_much_is_refused_but_for_one_request_alone() -> None:
    async def work() -> None:
        batcher = Batcher(Answering(), most_waiting=10)
        assert len(await batcher.submit(rows(*range(50)))) == 50
        first = asyncio.ensure_future(batcher.submit(rows(*range(8))))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="8 rows wait"):
            await batcher.submit(rows(1, 2, 3))
        await first
        assert len(await batcher.submit(rows(1, 2, 3))) == 3

    asyncio.run(work())


def test_a_request_that_fails_leaves_the_others_alone() -> None:
    async def answer(items: list[Item]) -> None:
        for request in requests_of(items):
            if request.rows[0]["n"] == 1:
                request.fail(ValueError("no"))
        for request, place in items:
            request.put(place, request.rows[place])  # type: ignore[arg-type]

    async def work() -> list[Any]:
        batcher = Batcher(answer)
        return await asyncio.gather(*(batcher.submit(rows(n)) for n in range(3)), return_exceptions=True)

    first, second, third = asyncio.run(work())
    assert (first, third) == (rows(0), rows(2))
    assert isinstance(second, ValueError)


def test_who_goes_away_is_forgotten() -> None:
    answering = Answering(turns=5)

    async def work() -> None:
        batcher = Batcher(answering)
        asked = [asyncio.ensure_future(batcher.submit(rows(n))) for n in range(4)]
        await asyncio.sleep(0)
        asked[1].cancel()
        assert await asyncio.gather(*asked[:1], *asked[2:]) == [rows(0), rows(2), rows(3)]
        await batcher.drain()
        assert batcher.rows == 0

    asyncio.run(work())


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 40), max_size=12), st.integers(2, 16), st.integers(1, 3))
def test_every_row_is_answered_once_and_in_order(sizes: list[int], most_rows: int, at_once: int) -> None:
    answering = Answering(turns=2)
    asked = [rows(*range(100 * n, 100 * n + size)) for n, size in enumerate(sizes)]

    async def work() -> list[Any]:
        batcher = Batcher(answering, most_rows, at_once=at_once)
        return await asyncio.gather(*(batcher.submit(some) for some in asked))

    assert asyncio.run(work()) == asked
    answered = [row["n"] for batch in answering.batches for row in batch]
    assert sorted(answered) == [row["n"] for some in asked for row in some]
    assert all(len(batch) <= most_rows for batch in answering.batches)
