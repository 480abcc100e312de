"""Numbers as people write them."""

from datetime import datetime

import pytest

from monitoring.pages.figures import DASH, count, fixed, moment, number, percent, ranged, signed

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, DASH), (0.07064, "0.0706"), (330.33, "330"), (12500.0, "12,500"), (0.0, "0"), (0.00001, "0.00001")],
)
def test_numbers(value: float | None, words: str) -> None:
    assert number(value) == words


def test_figures_with_and_without_an_interval() -> None:
    assert fixed(0.75312) == "0.753"
    assert fixed(387.2) == "387"
    assert ranged({"value": 0.753, "low": 0.731, "high": 0.772}) == "0.753 (0.731 to 0.772)"
    assert ranged({"value": 0.753, "low": None, "high": None}) == "0.753"
    assert ranged({"value": -47.0, "low": -157.0, "high": 59.0}, sign=True) == "-47 (-157 to +59)"
    assert ranged(None) == ranged({"value": None}) == signed(None) == fixed(None) == DASH


def test_shares_tell_nothing_from_little() -> None:
    assert [percent(value) for value in (0.0, 0.0004, 0.5, None)] == [
        "0\N{NO-BREAK SPACE}%",
        "under 0.1\N{NO-BREAK SPACE}%",
        "50.0\N{NO-BREAK SPACE}%",
        DASH,
    ]


def test_counts_and_moments() -> None:
    assert [count(1, "row"), count(2000, "row")] == ["1 row", "2,000 rows"]
    assert moment(datetime(2013, 10, 8)) == "8 October 2013"
    assert moment(datetime(2013, 10, 8, 6, 5)) == "8 October 2013, 06:05"
