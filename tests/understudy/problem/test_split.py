from typing import Any

import pytest
from pydantic import ValidationError

from understudy.problem.split import Split

pytestmark = pytest.mark.unit

UNTIL = {"train": "2024-03-01", "calibration": "2024-04-01", "validation": "2024-05-01", "test": "2024-06-01"}


def test_default_shares_are_whole() -> None:
    assert sum(Split(method="stratified").shares.values()) == pytest.approx(1)
    assert list(Split(method="time", until=UNTIL).until) == ["train", "calibration", "validation", "test"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"method": "time", "until": {**UNTIL, "tomorrow": "2025-01-01"}}, r"unknown parts \['tomorrow'\]"),
        ({"method": "time", "until": {"train": "2024-03-01"}}, r"names no \['calibration', 'test', 'validation'\]"),
        ({"method": "time", "until": {**UNTIL, "test": "2024-01-01"}}, "in the order of time"),
        ({"method": "time", "until": dict(reversed(UNTIL.items()))}, "in their order"),
        (
            {"method": "ordered", "shares": {"train": 0.5, "calibration": 0.1, "validation": 0.1, "test": 0.1}},
            "add up to 0.8, not 1",
        ),
        ({"method": "grouped"}, "needs group"),
        ({"method": "time", "until": UNTIL, "since": "2024-03-01"}, "comes before until.train"),
        ({"method": "ordered", "since": "2024-01-01"}, "is for the time method"),
    ],
)
def test_half_said_splits_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Split.model_validate(values)
