"""Batches that gather for shadows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_predictions import a_prediction

from serving.features import Features
from serving.shadow.records import Judge
from serving.shadow.rows import unpack
from serving.shadow.sent import Judges, Offered, Waiting

pytestmark = pytest.mark.unit

ONE, TWO = (Judge(f"shadow{n}", n, f"{n}" * 64, 0.5) for n in (1, 2))


def put(waiting: Waiting, first: int, rows: int, *judges: Judge) -> None:
    live = [a_prediction(number) for number in range(first, first + rows)]
    numbers = np.arange(first, first + rows, dtype=np.float32)[:, None]
    waiting.put(judges or (ONE,), live, Features(numbers, None, None, [""] * rows))


def numbers_of(offered: Offered) -> list[float]:
    batches = [{"rows": [], "width": 1, "texts": None}]
    _, numbers, _ = unpack({"batches": batches}, b"".join(offered.rows.bodies))
    assert numbers is not None
    return [float(number) for number in numbers[:, 0]]


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=12), st.integers(1, 30))
def test_batches_are_taken_in_order_and_together_where_the_same_shadows_score_them(
    sizes: list[tuple[int, bool]], most: int
) -> None:
    waiting, last = Waiting(most), 0
    expected: list[tuple[Judges, list[float]]] = []
    for rows, both in sizes:
        judges = (ONE, TWO) if both else (ONE,)
        put(waiting, last, rows, *judges)
        expected += [(judges, [float(number)]) for number in range(last, last + rows)]
        last += rows
    assert waiting.rows == last
    taken = []
    while offered := waiting.take():
        assert offered.rows.count <= most or len(offered.rows.heads) == 1
        assert offered.rows.count == len(numbers_of(offered))
        taken += [(offered.judges, [number]) for number in numbers_of(offered)]
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
