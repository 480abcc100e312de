"""Decisions of a bandit with two arms, of which the challenger is right more often."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fake_ledger import FakeLedger
from small_bandit import ARMS, START, a_revision
from small_predictions import a_prediction
from watched_problem import watched

from monitoring.bandits.draws import Bandit, Draws, newest_bandit, read_draws
from monitoring.bandits.report import BanditReport, bandit_report
from understudy.problem import ProblemSpec
from understudy.records import Label


@pytest.fixture(scope="session")
def spec() -> ProblemSpec:
    return watched()


@pytest.fixture(scope="session")
def bandit() -> Bandit:
    return newest_bandit((a_revision(3), a_revision(2), a_revision(1, "single")), "toy")


Drawing = Callable[..., FakeLedger]


@pytest.fixture(scope="session")
def drawing() -> Drawing:
    """A ledger of 60 decisions a day; the challenger is drawn with ``odds(day)``, and an arm errs with ``errs``."""

    def make(
        days: int = 5,
        odds: Callable[[int], float] = lambda day: min(0.5 + 0.1 * day, 0.9),
        errs: Callable[[int, int], float] = lambda place, _: (0.4, 0.1)[place],
        labelled: float = 1.0,
        seed: int = 1,
    ) -> FakeLedger:
        rng, ledger, labels = np.random.default_rng(seed), FakeLedger(), {}
        for number in range(days * 60):
            day, at = number // 60, START + number // 60 * timedelta(days=1) + number % 60 * timedelta(minutes=20)
            place = int(rng.random() < odds(day))
            propensity = odds(day) if place else 1 - odds(day)
            y = float(rng.random() < 0.5)
            decision = bool(y) != (rng.random() < errs(place, day))
            row = {"arm": ARMS[place], "version": place + 1, "revision": 2 + (day > 2), "propensity": propensity}
            asked = {"size": float(rng.random()), "town": ("ash", "oak")[number % 2]}
            ledger.append([a_prediction(number, at=at, event_time=at, decision=decision, request=asked, **row)])
            if rng.random() < labelled:
                labels[f"k{number}"] = Label("toy", y, key=f"k{number}", landed_at=at + timedelta(hours=5))
        ledger._labelled = lambda one: _labelled(one, labels)  # type: ignore[method-assign]
        return ledger

    return make


@pytest.fixture(scope="session")
def draws(drawing: Drawing, bandit: Bandit, spec: ProblemSpec) -> Draws:
    return read_draws(drawing(), spec, bandit)


@pytest.fixture(scope="session")
def reported(draws: Draws, bandit: Bandit, spec: ProblemSpec) -> BanditReport:
    return bandit_report(draws, bandit, spec)


def _labelled(one: Any, labels: dict[str, Label]) -> dict[str, Any]:
    """The fake looks through all labels for each row; here each row has one at most, by its key."""
    label = labels.get(one.key)
    fields = {name: getattr(one, name) for name in one.__slots__}
    landed = {"label": label and label.value, "labelled_at": label and label.landed_at}
    return fields | landed | {"contradicted": False}
