"""A difference that lies in one segment is found there, and a difference that lies in none is not."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from monitoring.shadows.pairs import rehearsal
from monitoring.shadows.segments import examples, segments
from monitoring.window.read import Window
from understudy.problem import ProblemSpec

pytestmark = pytest.mark.unit


def found(window: Window, spec: ProblemSpec) -> dict[str, Any]:
    pairs = rehearsal(window.live.answers, window.shadows, 1, 2, timedelta(days=1)).pairs
    return segments(pairs, window.live, spec, pairs.resample(400, 1))


def test_the_town_that_differs_stands_out(rehearse: Any, spec: ProblemSpec) -> None:
    table = found(rehearse(lambda one: one.score + (0.1 if one.town == "ash" else 0.0)), spec)
    assert table["looked"] == 2
    first = table["rows"][0]
    assert {row["value"]: row["stands_out"] for row in table["rows"]} == {"ash": True, "oak": True}
    ash = next(row for row in table["rows"] if row["value"] == "ash")
    assert ash["rows"] == 100
    assert 0.08 < ash["gap"]["low"] < ash["gap"]["high"] < 0.11
    assert ash["dearer"]["value"] is not None
    assert first["column"] == "town"


def test_noise_stands_out_nowhere(rehearse: Any, spec: ProblemSpec) -> None:
    rng = np.random.default_rng(6)
    table = found(rehearse(lambda one: one.score + 0.05 * rng.normal()), spec)
    assert not any(row["stands_out"] for row in table["rows"])


def test_small_segments_and_unlabelled_costs_are_left_out(rehearse: Any, spec: ProblemSpec) -> None:
    window = rehearse(lambda one: one.score, late=True)
    assert [row["dearer"] for row in found(window, spec)["rows"]] == [None, None]
    few = rehearse(lambda one: one.score, days=4)
    assert found(few, spec) == {"looked": 0, "smallest": 50, "rows": []}


def test_examples_are_those_that_differ_most(by_hand: Window) -> None:
    pairs = rehearsal(by_hand.live.answers, by_hand.shadows, 1, 2, timedelta(days=1)).pairs
    told = examples(pairs, by_hand.live)
    assert [one["key"] for one in told] == ["k4", "k2", "k1", "k3"]
    assert (told[0]["champion"], told[0]["shadow"], told[0]["label"]) == (0.8, 0.4, 0.0)
    assert told[0]["request"]["town"] == "ash"
