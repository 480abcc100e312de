"""The rules of the problems that come with the project, on readings as they were measured."""

from pathlib import Path

import pytest
from small_watch import NOW, a_snapshot

from monitoring.alerts.rules import find
from understudy.problem import ProblemSpec, load_problem
from understudy.records import Alert, Reading

pytestmark = pytest.mark.unit

PROBLEMS = Path(__file__).resolve().parents[3] / "configs" / "problems"
WEEKS = {
    "09-16": ((0.034, -0.016, 0.094), (104, -94, 326)),
    "11-11": ((-0.002, -0.032, 0.026), (-12, -113, 69)),
    "11-25": ((0.017, -0.005, 0.038), (119, 42, 197)),
    "12-02": ((0.015, -0.019, 0.053), (44, -69, 159)),
    "12-09": ((0.075, 0.034, 0.120), (258, 172, 382)),
    "12-16": ((0.096, 0.043, 0.152), (232, 143, 335)),
}
"""Weeks of 2013 by their end: change of Brier score and cost against October, with 95 % intervals."""


@pytest.fixture
def flights() -> ProblemSpec:
    return load_problem(PROBLEMS, "flights")


def raised(spec: ProblemSpec, *readings: Reading) -> set[tuple[str, str]]:
    found = find(a_snapshot(readings=readings), [], [], spec.monitoring.rules, NOW)
    return {(alert.rule, alert.action) for alert in found.raised}


def test_december_calls_for_a_training_and_autumn_for_nothing(flights: ProblemSpec) -> None:
    kept: list[Alert] = []
    seen, called = [], {}
    for number, (week, (brier, cost)) in enumerate(WEEKS.items()):
        readings = tuple(
            Reading(name=name, value=one[0], low=one[1], high=one[2], rows=6400)
            for name, one in (("quality.brier.change", brier), ("quality.cost.change", cost))
        )
        snapshot = a_snapshot(number, readings=readings)
        found = find(snapshot, seen[::-1], kept, flights.monitoring.rules, NOW).raised
        kept += [one.model_copy(update={"state": "done"}) for one in found]
        called[week] = [one.action for one in found]
        seen.append(snapshot)
    assert called == {
        "09-16": [], "11-11": [], "11-25": [], "12-02": [], "12-09": ["retrain"], "12-16": ["adjust_threshold"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("reading", "rule", "action"),
    [
        (Reading(name="data.null.humidity_now", value=1.0, limit=0.1, rows=6400), "request-broken", "investigate"),
        (Reading(name="data.grid.wind_speed_now", value=0.9, limit=0.1, rows=6400), "request-broken", "investigate"),
        (Reading(name="data.unseen.carrier", value=0.24, limit=0.01, rows=6400), "request-broken", "investigate"),
        (Reading(name="data.lag.scheduled_at", value=1.0, limit=0.0, rows=6400), "request-broken", "investigate"),
        (Reading(name="service.stale.weather", value=1.0, limit=0.01, rows=6400), "features-stale", "investigate"),
        (Reading(name="service.constant", value=1.0, limit=0.5, rows=6400), "constant-score", "rollback"),
        (Reading(name="drift.score", value=0.5, limit=0.3, rows=6400), "scores-moved", "investigate"),
        (Reading(name="skew.rows", value=0.01, limit=0.0, rows=400), "features-differ", "investigate"),
    ],
)
def test_each_fault_has_its_rule_within_one_window(
    flights: ProblemSpec, reading: Reading, rule: str, action: str
) -> None:
    assert raised(flights, reading) == {(rule, action)}
    assert raised(flights, reading.model_copy(update={"value": reading.limit})) == set()


def test_counts_without_a_limit_alarm_nobody(flights: ProblemSpec) -> None:
    assert raised(flights, Reading(name="data.rows", value=6400, rows=6400)) == set()


def test_what_is_not_measured_on_labels_never_trains() -> None:
    for name in ("flights", "bank"):
        for rule in load_problem(PROBLEMS, name).monitoring.rules:
            if rule.action in ("retrain", "adjust_threshold"):
                assert rule.signal.startswith("quality.")
                assert rule.bound == "low", "beyond chance"


def test_a_bank_that_changed_trains_anew() -> None:
    bank = load_problem(PROBLEMS, "bank")
    worse = Reading(name="quality.brier.change", value=0.294, low=0.26, high=0.33, rows=900)
    assert raised(bank, worse) == {("brier-worse", "retrain")}
    assert raised(bank, worse.model_copy(update={"rows": 99})) == set()
