"""Requests that a champion answered and a shadow rehearsed, in a ledger in memory."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_ledger import FakeLedger
from small_predictions import a_prediction, a_shadow
from watched_problem import watched

from monitoring.shadows.report import ShadowReport, shadow_report
from monitoring.window.read import Window, read_window
from understudy.problem import ProblemSpec
from understudy.records import Label

START = datetime(2013, 11, 1)
END = START + timedelta(days=40)


@pytest.fixture(scope="session")
def spec() -> ProblemSpec:
    found = watched(monitoring={"smallest": 100})
    return found.model_copy(update={"evaluation": found.evaluation.model_copy(update={"smallest_segment": 50})})


@pytest.fixture(scope="session")
def by_hand(spec: ProblemSpec) -> Window:
    """Four labelled pairs, a request without a row, one that the shadow failed at, and one of another version.

    The champion says .1 .3 .6 .8 and the shadow .2 .6 .6 .4, both flag from .5; the second and the third came true.
    """
    ledger = FakeLedger()
    pairs = zip((0.1, 0.3, 0.6, 0.8), (0.2, 0.6, 0.6, 0.4), (0.0, 1.0, 1.0, 0.0), strict=True)
    for number, (theirs, ours, y) in enumerate(pairs, start=1):
        at = START + timedelta(hours=number)
        ledger.append([_live(number, at, theirs), _said(number, at, ours)])
        ledger.label([Label("toy", y, key=f"k{number}", landed_at=at)])
    at = START + timedelta(hours=9)
    ledger.append([_live(5, at, 0.5), _live(6, at, 0.5), _said(6, at, None, error="it hung")])
    ledger.append([_live(7, at, 0.5, version=3, arm="challenger"), _said(7, at, 0.9)])
    return read_window(ledger, spec, START, END, END)


def _live(number: int, at: datetime, score: float, **more: Any) -> Any:
    values = {"score": score, "decision": score >= 0.5, "threshold": 0.5, "event_time": at, "latency_ms": 2.0}
    return a_prediction(number, **values, **more)


def _said(number: int, at: datetime, score: float | None, **more: Any) -> Any:
    decision = None if score is None else score >= 0.5
    return a_shadow(number, score=score, decision=decision, threshold=0.5, event_time=at, latency_ms=0.5, **more)


Rehearse = Callable[..., Window]


@pytest.fixture(scope="session")
def rehearse(spec: ProblemSpec) -> Rehearse:
    """A window of days with 20 requests each; the shadow says what ``ours`` makes of score, y and town."""

    def make(ours: Callable[[Any], float | None], days: int = 10, late: bool = False) -> Window:
        rng, ledger = np.random.default_rng(4), FakeLedger()
        labels: dict[str, Label] = {}
        for number in range(days * 20):
            at = START + number // 20 * timedelta(days=1) + number % 20 * timedelta(minutes=30)
            score, town = float(rng.random()), ("ash", "oak")[number % 2]
            y = float(rng.random() < score)
            request = {"size": score, "town": town}
            said = ours(SimpleNamespace(score=score, y=y, town=town))
            clipped = None if said is None else float(np.clip(said, 0, 1))
            rows = [_live(number, at, score, request=request, inputs=request)]
            ledger.append([*rows, _said(number, at, clipped, error="" if said is not None else "it raised")])
            labels[f"k{number}"] = Label("toy", y, key=f"k{number}", landed_at=at)
        known = {} if late else labels
        ledger._labelled = lambda one: _labelled(one, known)  # type: ignore[method-assign]
        return read_window(ledger, spec, START, END, END)

    return make


def _labelled(one: Any, labels: dict[str, Label]) -> dict[str, Any]:
    """The fake looks through all labels for each row; here each row has one, by its key."""
    label = labels.get(one.key)
    fields = {name: getattr(one, name) for name in one.__slots__}
    landed = {"label": label and label.value, "labelled_at": label and label.landed_at}
    return fields | landed | {"contradicted": False}


@pytest.fixture(scope="session")
def reported(rehearse: Rehearse, spec: ProblemSpec) -> ShadowReport:
    """A shadow that knows more than the champion of requests from one town."""
    window = rehearse(lambda one: 0.5 * one.y + 0.5 * one.score if one.town == "ash" else one.score)
    return shadow_report(window, spec, 1, 2)
