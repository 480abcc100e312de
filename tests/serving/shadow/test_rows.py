"""Rows that are packed as they come arrive as they were."""

import gc
import socket
from typing import Any

import numpy as np
import orjson
import pytest
from small_predictions import a_prediction

from serving.features import Features
from serving.shadow.frames import receive
from serving.shadow.records import Judge, told
from serving.shadow.rows import Rows, unpack

pytestmark = pytest.mark.unit

LIVE = [a_prediction(number) for number in range(3)]


def arrived(rows: Rows) -> tuple[dict[str, Any], bytes]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(rows.frame([(7, Judge("rehearsal", 2, "d", 0.5))]))
        frame = receive(theirs)
    assert frame is not None
    return frame


@pytest.mark.parametrize("cuts", [[3], [1, 2], [1, 1, 1]])
@pytest.mark.parametrize("texts", [None, np.array([["a", ""], ["", "b"], ["ü", "\\"]], object)])
@pytest.mark.parametrize("numbers", [None, np.array([[1.5, np.nan], [-0.0, 1e-40], [np.inf, 3]], np.float32)])
def test_batches_arrive_joined_and_bit_for_bit(numbers: Any, texts: Any, cuts: list[int]) -> None:
    rows, first = Rows(), 0
    for size in cuts:
        part = slice(first, first + size)
        inputs = (None if numbers is None else numbers[part], None if texts is None else texts[part])
        rows.add(LIVE[part], Features(*inputs, None, [""] * size))
        first += size
    assert rows.count == 3
    head, body = arrived(rows)
    found, found_numbers, found_texts = unpack(head, body)
    assert head["score"] == [[7, {"arm": "rehearsal", "version": 2, "digest": "d", "threshold": 0.5}]]
    assert found == orjson.loads(orjson.dumps([told(prediction) for prediction in LIVE]))
    assert (found_numbers is None) == (numbers is None)
    assert numbers is None or found_numbers is not None
    assert numbers is None or found_numbers.tobytes() == numbers.tobytes()  # type: ignore[union-attr]
    assert (None if found_texts is None else found_texts.tolist()) == (None if texts is None else texts.tolist())


def test_what_waits_is_nothing_that_the_garbage_collector_looks_at() -> None:
    rows = Rows()
    for number in range(50):
        numbers = np.full((1, 4), number, np.float32)
        rows.add([a_prediction(number)], Features(numbers, numbers.astype(str).astype(object), None, [""]))
    assert len(rows.heads) == len(rows.bodies) == 50
    assert not any(gc.is_tracked(kept) for kept in (*rows.heads, *rows.bodies))
