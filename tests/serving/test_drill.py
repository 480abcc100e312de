"""A drill makes one arm late, for as long as was said."""

import pytest

from serving.drill import LONGEST_DELAY, Drills

pytestmark = pytest.mark.unit


def test_a_drill_is_of_one_arm_and_ends_by_itself() -> None:
    now = [0.0]
    drills = Drills(clock=lambda: now[0])
    drills.slow("challenger", 0.2, 60)
    assert (drills.delay("challenger"), drills.delay("champion")) == (0.2, 0.0)
    assert drills.now() == {"challenger": 0.2}
    now[0] = 60.0
    assert drills.delay("challenger") == 0.0
    assert drills.now() == {}


def test_a_drill_can_be_ended_and_has_a_longest_delay() -> None:
    drills = Drills()
    drills.slow("champion", 99.0, 60)
    assert drills.delay("champion") == LONGEST_DELAY
    drills.slow("champion", 0.0, 60)
    assert drills.now() == {}
