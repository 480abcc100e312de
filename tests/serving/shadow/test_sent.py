"""Batches that gather for shadows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_predictions import a_prediction

from serving.features import Features
from serving.shadow.records import Judge
from serving.shadow.sent import Offered, Waiting, joined

pytestmark = pytest.mark.unit

ONE, TWO = (Judge(f"shadow{n}", n, f"{n}" * 64, 0.5) for n in (1, 2))


def offered(first: int, rows: int, *judges: Judge) -> Offered:
    live = [a_prediction(number) for number in range(first, first + rows)]
    numbers = np.arange(first, first + rows, dtype=np.float32)[:, None]
    return Offered(judges or (ONE,), live, Features(numbers, numbers.astype(str).astype(object), None, [""] * rows))


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=12), st.integers(1, 30))
def test_batches_are_taken_in_order_and_together_where_the_same_shadows_score_them(
    sizes: list[tuple[int, bool]], most: int
) -> None:
    waiting, put = Waiting(), []
    for rows, both in sizes:
        put.append(offered(1, rows, *((ONE, TWO) if both else (ONE,))))
        waiting.put(put[-1])
    taken = []
    while batches := waiting.take(most):
        assert len({batch.judges for batch in batches}) == 1
        assert len(batches) == 1 or sum(len(batch.live) for batch in batches) <= most
        taken += batches
    assert taken == put
    assert waiting.rows == 0


def test_what_waits_can_be_taken_back() -> None:
    waiting = Waiting()
    waiting.put(offered(1, 2))
    assert [len(batch.live) for batch in waiting.take_all()] == [2]
    assert (waiting.rows, waiting.take(10)) == (0, [])


def test_tensors_are_joined_in_order() -> None:
    numbers, categories = joined([offered(1, 2), offered(3, 1)])
    assert numbers is not None
    assert categories is not None
    assert numbers.tolist() == [[1.0], [2.0], [3.0]]
    assert categories.tolist() == [["1.0"], ["2.0"], ["3.0"]]
    bare = Offered((ONE,), [a_prediction()], Features(None, None, None, [""]))
    assert joined([bare]) == (None, None)
