"""Time passes as fast as it was asked to."""

import asyncio
from datetime import datetime, timedelta

import pytest

from pipelines.replay.pace import Pace

pytestmark = pytest.mark.unit

START = datetime(2024, 3, 1)


def waits(speed: float | None, moments: list[timedelta], passing: float = 0.0) -> list[float]:
    """Seconds that a pace sleeps for each moment, when ``passing`` seconds go by between two."""
    now, slept = [100.0], []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 9))
        now[0] += seconds

    async def walk() -> None:
        pace = Pace(START, speed, clock=lambda: now[0], sleep=sleep)
        for moment in moments:
            now[0] += passing
            await pace.until(START + moment)

    asyncio.run(walk())
    return slept


def test_an_hour_a_second_waits_a_second_for_each_hour() -> None:
    assert waits(3600, [timedelta(hours=1), timedelta(hours=3)]) == [1.0, 2.0]


def test_time_that_was_spent_is_not_waited_for_again() -> None:
    assert waits(3600, [timedelta(hours=1), timedelta(hours=2)], passing=0.25) == [0.75, 0.75]


def test_what_lies_behind_is_not_waited_for() -> None:
    assert waits(3600, [timedelta(hours=1), timedelta(minutes=30)]) == [1.0]


def test_full_speed_never_waits() -> None:
    assert waits(None, [timedelta(days=9)]) == []
