"""Batches that gather for shadows."""

import io

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_predictions import a_prediction

from serving.features import Features
from serving.shadow.frames import LENGTHS
from serving.shadow.records import Judge
from serving.shadow.rows import unpack
from serving.shadow.sent import Judges, Offered, Waiting

pytestmark = pytest.mark.unit

ONE, TWO = (Judge(f"shadow{n}", n, f"{n}" * 64, 0.5) for n in (1, 2))


def put(waiting: Waiting, first: int, rows: int, *judges: Judge) -> None:
    live = [a_prediction(number) for number in range(first, first + rows)]
    numbers = np.arange(first, first + rows, dtype=np.float32)[:, None]
    waiting.put(judges or (ONE,), live, Features(numbers, None, None, [""] * rows))


def taken_apart(offered: Offered) -> list[tuple[str, float]]:
    """Name of the live prediction and number of each row."""
    frame = io.BytesIO(offered.rows.frame([]))
    head, body = LENGTHS.unpack(frame.read(LENGTHS.size))
    rows, numbers, _ = unpack(orjson.loads(frame.read(head)), frame.read(body))
    assert numbers is not None
    return [(row[0], float(number)) for row, number in zip(rows, numbers[:, 0], strict=True)]


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=12), st.integers(1, 30))
def test_batches_are_taken_in_order_and_together_where_the_same_shadows_score_them(
    sizes: list[tuple[int, bool]], most: int
) -> None:
    waiting, last = Waiting(most), 0
    expected: list[tuple[Judges, tuple[str, float]]] = []
    for rows, both in sizes:
        judges = (ONE, TWO) if both else (ONE,)
        put(waiting, last, rows, *judges)
        expected += [(judges, (a_prediction(number).id, float(number))) for number in range(last, last + rows)]
        last += rows
    assert waiting.rows == last
    taken = []
    while offered := waiting.take():
        assert offered.rows.count <= most or len(offered.rows.heads) == 1
        apart = taken_apart(offered)
        assert offered.rows.count == len(apart)
        taken += [(offered.judges, row) for row in apart]
    assert taken == expected
    assert waiting.rows == 0


def test_as_much_as_fits_is_taken_at_a_time() -> None:
    waiting = Waiting(10)
    for first, rows in ((0, 4), (4, 6), (10, 1), (11, 20)):
        put(waiting, first, rows)
    assert [offered.rows.count for offered in iter(waiting.take, None)] == [10, 1, 20]


def test_what_waits_can_be_taken_back() -> None:
    waiting = Waiting(10)
    put(waiting, 1, 2)
    assert [offered.rows.count for offered in waiting.take_all()] == [2]
    assert (waiting.rows, waiting.take()) == (0, None)
