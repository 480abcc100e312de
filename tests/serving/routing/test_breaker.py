import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.routing.breaker import Breaker

pytestmark = pytest.mark.unit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(window=10, fewest=4, limit=0.5, cooldown=10, clock=clock)
    for _ in range(4):
        breaker.record(False)
    assert breaker.state == "open"
    return breaker


def test_it_opens_at_the_limit_and_not_before_enough_is_known() -> None:
    breaker = Breaker(window=10, fewest=4, limit=0.5, cooldown=10, clock=Clock())
    for outcome in (False, False, True):
        breaker.record(outcome)
        assert breaker.state == "closed"
        assert breaker.allow()
    breaker.record(True)
    assert (breaker.state, breaker.allow(), breaker.opened) == ("open", False, 1)


def test_half_open_lets_one_try_through() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 9.9
    assert not breaker.allow()
    clock.now = 10
    assert breaker.state == "half-open"
    assert [breaker.allow() for _ in range(3)] == [True, False, False]


def test_the_try_decides() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 10
    assert breaker.allow()
    breaker.record(False)
    assert (breaker.state, breaker.opened) == ("open", 2)
    clock.now = 20
    assert breaker.allow()
    breaker.record(True)
    assert breaker.state == "closed"
    assert breaker.allow()


def test_a_fatal_failure_opens_it_at_once() -> None:
    clock = Clock()
    breaker = Breaker(window=10, fewest=4, limit=0.5, cooldown=10, clock=clock)
    for _ in range(9):
        breaker.record(True)
    breaker.record(False, fatal=True)
    assert (breaker.state, breaker.opened) == ("open", 1)


def test_each_failed_try_doubles_the_pause_up_to_the_longest_and_a_success_resets_it() -> None:
    clock = Clock()
    breaker = Breaker(window=10, fewest=1, limit=0.5, cooldown=10, longest=25, clock=clock)
    breaker.record(False)
    for pause in (10, 20, 25, 25):
        clock.now += pause - 0.1
        assert breaker.state == "open"
        clock.now += 0.1
        assert breaker.allow()
        breaker.record(False)
    clock.now += 25
    assert breaker.allow()
    breaker.record(True)
    breaker.record(False)
    clock.now += 10
    assert breaker.state == "half-open"


def test_a_try_that_nobody_reports_on_is_given_up() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 10
    assert breaker.allow()
    clock.now = 19
    assert not breaker.allow()
    clock.now = 20
    assert breaker.allow()


def test_old_news_does_not_close_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    breaker.record(True)
    assert breaker.state == "open"
    clock.now = 10
    breaker.record(True)
    assert breaker.state == "half-open"


STEPS = st.lists(st.one_of(st.booleans(), st.floats(0, 15)), max_size=60)


@given(STEPS, st.integers(1, 8), st.integers(1, 8), st.floats(0.1, 1.0))
def test_what_holds_whatever_happens(steps: list[bool | float], window: int, fewest: int, limit: float) -> None:
    clock = Clock()
    breaker = Breaker(window, fewest, limit, cooldown=10, clock=clock)
    newest: list[bool] = []
    opened_at: float | None = None
    for step in steps:
        if not isinstance(step, bool):
            clock.now += step
            continue
        state = breaker.state
        said, allowed = breaker.may_try, breaker.allow()
        assert said == allowed
        assert allowed or state != "closed"
        assert not (allowed and state == "open")
        if state == "open":
            assert opened_at is not None
            assert clock.now - opened_at < 10
        if allowed:
            before = breaker.opened
            breaker.record(step)
            newest = [*newest, step][-window:] if state == "closed" else []
            enough = len(newest) >= min(fewest, window)
            due = enough and newest.count(False) >= limit * len(newest) if state == "closed" else not step
            assert (breaker.opened > before) == due
            if due:
                opened_at, newest = clock.now, []
