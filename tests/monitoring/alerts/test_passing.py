"""When a reading has passed a limit, says nothing, or is back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alerts.passing import judged
from understudy.problem.monitoring import Rule
from understudy.records import Reading

pytestmark = pytest.mark.unit

figures = st.floats(-1e6, 1e6)


def a_reading(value: float | None, rows: int = 500, **more: float | None) -> Reading:
    return Reading(name="quality.cost", value=value, rows=rows, **more)


def a_rule(**changes: object) -> Rule:
    return Rule(**{"name": "cost", "signal": "quality.cost", "above": 100.0, **changes})


@pytest.mark.parametrize(
    ("value", "beyond", "back"), [(101, True, False), (100, False, False), (91, False, False), (90, False, True)]
)
def test_between_the_limit_and_nine_tenths_of_it_nothing_changes(value: float, beyond: bool, back: bool) -> None:
    found = judged(a_rule(), a_reading(value))
    assert found is not None
    assert (found.beyond, found.back) == (beyond, back)


@pytest.mark.parametrize(
    ("value", "beyond", "back"), [(0.69, True, False), (0.70, False, False), (0.76, False, False), (0.77, False, True)]
)
def test_below_a_limit_back_means_above_it(value: float, beyond: bool, back: bool) -> None:
    found = judged(a_rule(above=None, below=0.7), a_reading(value))
    assert found is not None
    assert (found.beyond, found.back) == (beyond, back)


def test_the_reading_may_bring_its_limit() -> None:
    found = judged(a_rule(above="limit"), a_reading(3.0, limit=2.0))
    assert found is not None
    assert (found.beyond, found.limit, found.excess) == (True, 2.0, 0.5)
    assert judged(a_rule(above="limit"), a_reading(3.0)) is None


def test_the_lower_end_asks_for_confidence() -> None:
    sure = judged(a_rule(above=0.0, bound="low"), a_reading(5.0, low=1.0, high=9.0))
    unsure = judged(a_rule(above=0.0, bound="low"), a_reading(5.0, low=-1.0, high=11.0))
    assert sure is not None
    assert unsure is not None
    assert (sure.beyond, unsure.beyond) == (True, False)
    assert judged(a_rule(bound="low"), a_reading(500.0)) is None


def test_too_few_rows_say_nothing_and_figures_without_rows_speak() -> None:
    assert judged(a_rule(minimum=200), a_reading(500.0, rows=199)) is None
    assert judged(a_rule(minimum=200), a_reading(500.0, rows=200)) is not None
    age = judged(a_rule(minimum=200), a_reading(500.0, rows=0))
    assert age is not None
    assert age.beyond
    assert judged(a_rule(), None) is None
    assert judged(a_rule(), a_reading(None)) is None
    assert judged(a_rule(), a_reading(float("nan"))) is None


@given(value=figures, limit=figures, clears=st.floats(0.01, 1), above=st.booleans())
def test_nothing_is_beyond_and_back_at_once(value: float, limit: float, clears: float, above: bool) -> None:
    side = {"above": limit} if above else {"above": None, "below": limit}
    found = judged(a_rule(clears=clears, **side), a_reading(value))
    assert found is not None
    assert not (found.beyond and found.back)
    assert found.excess >= 0
