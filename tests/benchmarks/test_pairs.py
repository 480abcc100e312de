"""What is made of figures that lie in pairs on a machine that is not steady."""

import numpy as np
import pytest

from benchmarks.pairs import interval, ratio

pytestmark = pytest.mark.unit


def _pairs(times: float, count: int = 60) -> list[tuple[float, float]]:
    """Figures of a machine whose speed wanders, ``times`` as large in the second place."""
    rng = np.random.default_rng(7)
    speeds, chance = np.exp(rng.normal(0, 0.5, count)), np.exp(rng.normal(0, 0.1, (count, 2)))
    return [(speed * first, times * speed * second) for speed, (first, second) in zip(speeds, chance, strict=True)]


@pytest.mark.parametrize("times", [1.0, 1.2, 2.0])
def test_the_interval_has_the_ratio_in_it_and_is_narrow_although_the_machine_is_not_steady(times: float) -> None:
    low, high = interval(_pairs(times))
    assert low < ratio(_pairs(times)) < high
    assert low < times < high
    assert high / low < 1.1


def test_a_moment_in_which_the_machine_stood_still_does_not_matter() -> None:
    stalled = [*_pairs(1.0), (2.0, 200.0), (3.0, 300.0)]
    assert ratio(stalled) == pytest.approx(ratio(_pairs(1.0)), rel=0.02)


def test_faster_and_slower_weigh_the_same() -> None:
    assert ratio([(1.0, 2.0), (2.0, 1.0)]) == pytest.approx(1)
