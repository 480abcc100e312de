"""From what was found to readings that rules can name."""

from datetime import timedelta

import pytest

from monitoring.drift.found import FAR, ColumnDrift, Drift

pytestmark = pytest.mark.unit

WIND = ColumnDrift("wind", "input", "psi", 0.2, 900, 0.5, mean=8.0, mean_before=7.0, new=0.9, new_limit=0.05)
WARMTH = ColumnDrift("warmth", "watched", "psi", 0.6, 900, 0.5)
HUMIDITY = ColumnDrift("humidity", "input", "psi", None, 0, 0.5, missing=1.0, gone=True, why="only 0 rows have a value")
SCORE = ColumnDrift("score", "score", "psi", 0.1, 900, 0.2)


def drift(*columns: ColumnDrift) -> Drift:
    return Drift(columns, 900, 5_000, 0.05, 220, 32, "moving blocks", 2.5, timedelta(days=7))


def test_suspects_come_furthest_first() -> None:
    found = drift(SCORE, WARMTH, WIND, HUMIDITY)
    assert [column.name for column in found.suspects] == ["humidity", "wind", "warmth"]
    assert [column.excess for column in found.suspects] == [FAR, pytest.approx(18), pytest.approx(1.2)]


def test_readings() -> None:
    readings = {reading.name: reading for reading in drift(WIND, WARMTH, HUMIDITY, SCORE).readings()}
    assert list(readings) == [
        "drift.input.wind",
        "drift.input.warmth",
        "drift.input.humidity",
        "drift.score",
        "drift.columns",
        "data.grid.wind",
    ]
    wind, count, grid = (readings[name] for name in ("drift.input.wind", "drift.columns", "data.grid.wind"))
    assert (wind.value, wind.limit, wind.rows) == (0.2, 0.5, 900)
    assert wind.about == "psi; mean 7 in training, now 8"
    assert (count.value, count.limit) == (2, 0)
    assert "220 calm windows (moving blocks), 32 of them independent" in count.about
    assert (grid.value, grid.limit) == (0.9, 0.05)
    assert readings["drift.input.humidity"].value is None


def test_nothing_measured_is_no_calm() -> None:
    few = ColumnDrift("wind", "input", "", None, 3, why="3 rows, and 200 are the least")
    readings = {reading.name: reading for reading in drift(few).readings()}
    assert readings["drift.columns"].value is None
    assert readings["drift.input.wind"].about == few.why
    assert few.excess == 0
