"""Text as codes."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.features.coded import coded

pytestmark = pytest.mark.unit

TEXTS = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "é", "1"])), max_size=30)


@given(TEXTS, st.booleans(), st.integers(1, 4))
def test_codes_give_the_column_back(texts: list[str | None], encoded: bool, chunks: int) -> None:
    pieces = [pa.array(texts[place::chunks], pa.string()) for place in range(chunks)]
    column = pa.chunked_array([piece.dictionary_encode() if encoded else piece for piece in pieces])
    found = coded(column)
    given = [text for piece in pieces for text in piece.to_pylist()]
    assert found.objects().tolist() == ["" if text is None else text for text in given]
    assert [None if code < 0 else found.texts[code] for code in found.codes] == given
    assert len(set(found.texts)) == len(found.texts)


def test_a_dictionary_may_hold_one_text_twice_and_gaps() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 3]), pa.array(["a", "b", "a", None]))
    found = coded(pa.chunked_array([column]))
    assert found.texts.tolist() == ["a", "b"]
    assert found.codes.tolist() == [0, 1, 0, -1, -1]


def test_a_category_of_numbers_is_their_text() -> None:
    assert coded(pa.chunked_array([[10, 7, None, 10]])).objects().tolist() == ["10", "7", "", "10"]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([1.0, 0.5, None, 1e16]), ["1.0", "0.5", "", "1e+16"]),
        (pa.array([1, 20, None, 1]), ["1", "20", "", "1"]),
        (pa.array([True, None]), ["true", ""]),
        (pa.array([np.datetime64("2024-03-01T00:05", "us")]), ["2024-03-01 00:05:00"]),
        (pa.array(["a", None]), ["a", ""]),
    ],
)
def test_another_kind_has_the_text_by_which_views_are_keyed(values: pa.Array, texts: list[str]) -> None:
    assert coded(pa.chunked_array([values]), category=False).objects().tolist() == texts
