"""Moments as people write them."""

from datetime import datetime

import pytest

from cli.moments import moment, seconds
from understudy.errors import DataError

pytestmark = pytest.mark.unit


def test_moments_are_utc_without_zone() -> None:
    assert moment("2013-11-01") == datetime(2013, 11, 1)
    assert moment("2013-11-01T06:00+02:00") == datetime(2013, 11, 1, 4)


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(DataError, match="'noon' is not a moment"):
        moment("noon")


def test_lengths_are_in_seconds() -> None:
    assert [seconds(text) for text in ("30s", "15m", "1h", "2d")] == [30, 900, 3600, 172_800]


@pytest.mark.parametrize("text", ["soon", "5", "999999999999w"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="is not a time"):
        seconds(text)
