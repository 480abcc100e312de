"""Predictions that are made of what a shadow said."""

import numpy as np
import orjson
import pytest
from small_predictions import a_prediction

from serving.shadow.records import SHARED, Judge, records, told

pytestmark = pytest.mark.unit

SCORES = np.array([0.75, 0.25, np.nan, 0.5], np.float32)
LIVE = [a_prediction(number, experiment="try", revision=number) for number in range(3)] + [
    a_prediction(3, event_time=None)
]


def test_a_record_is_joined_to_the_live_prediction_of_the_same_request() -> None:
    rows = orjson.loads(orjson.dumps([told(prediction) for prediction in LIVE]))
    made = records(Judge("rehearsal", 2, "d" * 64, 0.5), rows, SCORES, "it broke", 0.25)
    for record, live in zip(made, LIVE, strict=True):
        assert (record.live, record.event_time) == (live.id, live.event_time)
        assert [getattr(record, name) for name in SHARED] == [getattr(live, name) for name in SHARED]
        assert (record.standing, record.arm, record.version) == ("shadow", "rehearsal", 2)
        assert (record.request, record.inputs, record.propensity, record.latency_ms) == ({}, {}, 1.0, 0.25)
    assert len({record.id for record in (*made, *LIVE)}) == 2 * len(LIVE)


def test_only_rows_that_failed_bear_the_error_and_no_score() -> None:
    made = records(Judge("rehearsal", 2, "d" * 64, 0.5), [told(live) for live in LIVE[:0]], SCORES[:0], "", 0.0)
    assert made == []
    rows = orjson.loads(orjson.dumps([told(prediction) for prediction in LIVE]))
    made = records(Judge("rehearsal", 2, "d" * 64, 0.5), rows, SCORES, "it broke", 0.25)
    assert [record.score for record in made] == [0.75, 0.25, None, 0.5]
    assert [record.decision for record in made] == [True, False, None, True]
    assert [record.error for record in made] == ["", "", "it broke", ""]
