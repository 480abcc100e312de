import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.routing.assign import arm_at, shares

pytestmark = pytest.mark.unit

UNITS = [f"unit {number}" for number in range(100_000)]


def test_arms_hold_their_weights_over_100_000_units() -> None:
    weights = (0.5, 0.3, 0.2)
    counts = [0, 0, 0]
    for share in shares("a salt", UNITS):
        counts[arm_at(share, weights)] += 1
    expected = [len(UNITS) * weight for weight in weights]
    chi_square = sum((got - due) ** 2 / due for got, due in zip(counts, expected, strict=True))
    assert chi_square < 13.8  # 2 degrees of freedom: p = 0.001


def test_shares_are_spread_evenly_and_differ_by_salt() -> None:
    one, other = shares("one", UNITS), shares("other", UNITS)
    counts = [0] * 20
    for share in one:
        counts[int(share * 20)] += 1
    assert sum((got - 5000) ** 2 / 5000 for got in counts) < 43.8  # 19 degrees of freedom: p = 0.001
    mean_one, mean_other = math.fsum(one) / len(one), math.fsum(other) / len(other)
    covariance = math.fsum((a - mean_one) * (b - mean_other) for a, b in zip(one, other, strict=True)) / len(one)
    assert abs(covariance * 12) < 0.02


def test_a_unit_stays_where_it_is() -> None:
    assert shares("salt", ["ann", "bob"]) == [*shares("salt", ["ann"]), *shares("salt", ["bob"])]
    # Written down, for other releases and other machines must find the same.
    assert shares("salt", ["ann"]) == [0.24792996245241827]


@given(st.lists(st.text(), max_size=20), st.text())
def test_shares_lie_in_the_unit_interval(units: list[str], salt: str) -> None:
    assert all(0 <= share < 1 for share in shares(salt, units))


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1), st.floats(0, 1))
def test_raising_a_weight_moves_units_to_the_challenger_alone(share: float, one: float, two: float) -> None:
    low, high = sorted((one, two))
    before, after = arm_at(share, (1 - low, low)), arm_at(share, (1 - high, high))
    assert (before, after) in {(0, 0), (0, 1), (1, 1)}


def test_no_weight_no_units() -> None:
    assert {arm_at(share, (1.0, 0.0, 0.0)) for share in shares("s", UNITS[:1000])} == {0}
    assert {arm_at(share, (0.0, 1.0)) for share in shares("s", UNITS[:1000])} == {1}
