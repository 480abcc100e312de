"""Windows of the reference: consecutive time where there is a time, as many rows as the window that is judged."""

from datetime import timedelta

import numpy as np
import pytest

from monitoring.drift.windows import DRAWS, FEWEST_ROWS, MOST_WINDOWS, calm_windows

pytestmark = pytest.mark.unit

WEEK = timedelta(days=7)


def hourly(days: int, a_day: int = 24) -> np.ndarray:
    step = np.timedelta64(86_400 // a_day, "s")
    return np.datetime64("2024-01-01T00:00", "us") + np.arange(days * a_day) * step


def test_each_window_is_a_week_from_midnight_on() -> None:
    times = hourly(56)
    calm = calm_windows(times, len(times), WEEK, 1_000, seed=1)
    assert (calm.how, len(calm), calm.independent, calm.note) == ("moving blocks", 50, 8, "")
    assert all(len(rows) == 168 and (np.diff(rows) == 1).all() for rows in calm.rows)
    assert [int(rows[0]) for rows in calm.rows] == list(range(0, 50 * 24, 24))


def test_windows_apart_share_no_row() -> None:
    times = hourly(56)
    calm = calm_windows(times, len(times), WEEK, 1_000, seed=1)
    for place, row in enumerate(calm.apart):
        for other, apart in enumerate(row):
            assert bool(apart) == (not set(calm.rows[place]) & set(calm.rows[other]))


def test_rows_in_any_order() -> None:
    order = np.random.default_rng(0).permutation(56 * 24)
    times = hourly(56)[order]
    calm = calm_windows(times, len(times), WEEK, 1_000, seed=1)
    for rows in calm.rows:
        assert times[rows].max() - times[rows].min() < np.timedelta64(7, "D")


def test_a_small_window_is_compared_with_small_windows() -> None:
    times = hourly(56)
    calm, again = (calm_windows(times, len(times), WEEK, 60, seed=1) for _ in range(2))
    assert {len(rows) for rows in calm.rows} == {60}
    assert all((a == b).all() for a, b in zip(calm.rows, again.rows, strict=True))


def test_years_are_walked_in_longer_steps() -> None:
    times = hourly(1_000)
    calm = calm_windows(times, len(times), WEEK, 1_000, seed=1)
    assert len(calm) == MOST_WINDOWS
    assert calm.independent == 142


def test_a_short_reference_gives_shorter_blocks_and_says_so() -> None:
    times = hourly(20)
    calm = calm_windows(times, len(times), WEEK, 1_000, seed=1)
    assert calm.independent == 4
    assert "blocks of 5.0 days" in calm.note


def test_a_window_of_hours() -> None:
    times = hourly(10, a_day=2_000)
    calm = calm_windows(times, len(times), timedelta(hours=6), 1_000, seed=1)
    assert (len(calm), calm.independent) == (39, 39) or (len(calm), calm.independent) == (40, 40)


def test_thin_time_falls_back_on_rows_and_says_so() -> None:
    times = hourly(60, a_day=1)
    calm = calm_windows(times, len(times), timedelta(days=2), 20, seed=1)
    assert calm.how == "random rows"
    assert "too thin" in calm.note


def test_days_without_rows_are_no_windows() -> None:
    times = hourly(90)
    kept = (times < times[0] + np.timedelta64(30, "D")) | (times >= times[0] + np.timedelta64(50, "D"))
    calm = calm_windows(times[kept], int(kept.sum()), WEEK, 1_000, seed=1)
    assert min(len(rows) for rows in calm.rows) >= FEWEST_ROWS
    assert len(calm) < 84


def test_an_undated_reference_is_drawn_from() -> None:
    calm = calm_windows(None, 300, WEEK, 100, seed=1)
    assert (len(calm), calm.how) == (DRAWS, "random rows")
    assert all(len(set(rows.tolist())) == 100 for rows in calm.rows)
    assert calm.apart.sum() == DRAWS * (DRAWS - 1)


def test_half_of_a_small_reference_at_most() -> None:
    calm = calm_windows(None, 300, WEEK, 5_000, seed=1)
    assert {len(rows) for rows in calm.rows} == {150}
