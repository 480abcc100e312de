from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from understudy.problem import View, parse_span

pytestmark = pytest.mark.unit

SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@given(st.integers(1, 1000), st.sampled_from(sorted(SECONDS)))
def test_spans_are_a_number_and_a_unit(number: int, unit: str) -> None:
    assert parse_span(f"{number}{unit}") == timedelta(seconds=number * SECONDS[unit])


@pytest.mark.parametrize("text", ["", "h", "0h", "-1h", "1.5h", "3 h", "3s", "three hours"])
def test_other_words_are_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span; write a whole number"):
        parse_span(text)


def test_view_checks_its_spans() -> None:
    assert View(name="live", sql="live.sql", columns=("a",)).every == "1h"
    with pytest.raises(ValidationError, match="is not a span"):
        View(name="live", sql="live.sql", columns=("a",), max_age="soon")
