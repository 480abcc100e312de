from typing import Any

import pytest

from pipelines.tune.choice import choose, within_one_error
from pipelines.tune.leaderboard import Entry, rank, skipped
from pipelines.tune.resampling import choose_imbalance
from understudy.problem import Candidate
from understudy.problem.learning import Tuning

pytestmark = pytest.mark.unit


def entry(name: str, family: Any, folds: list[float]) -> Entry:
    return Entry(Candidate(name=name, estimator="e", family=family), "roc_auc", folds=folds, train=[0.9, 0.9, 0.9])


ENTRIES = [
    entry("rule", "baseline", [0.9, 0.9, 0.9]),
    entry("line", "linear", [0.69, 0.79, 0.61]),
    entry("boost", "boosting", [0.70, 0.80, 0.605]),
    skipped(Candidate(name="absent", estimator="e", family="boosting", needs="absent"), "absent is not installed"),
]


def test_best_first_and_skipped_last() -> None:
    assert [e.candidate.name for e in rank(ENTRIES, "roc_auc")] == ["rule", "boost", "line", "absent"]
    assert [e.candidate.name for e in rank(ENTRIES, "brier")] == ["line", "boost", "rule", "absent"]
    assert ENTRIES[3].json()["mean"] is None
    assert ENTRIES[3].json()["status"] == "skipped: absent is not installed"


def test_the_best_learned_one_is_chosen() -> None:
    assert choose(rank(ENTRIES, "roc_auc"), Tuning(metric="roc_auc")).candidate.name == "boost"


def test_or_the_simplest_within_one_error() -> None:
    """Leads of .01, .01 and -.005: mean .005, standard error .005."""
    tuning = Tuning(metric="roc_auc", choose="one_standard_error")

    assert choose(rank(ENTRIES, "roc_auc"), tuning).candidate.name == "line"
    assert within_one_error([0.7, 0.8, 0.605], [0.69, 0.79, 0.61], "roc_auc")
    assert not within_one_error([0.7, 0.8, 0.6], [0.69, 0.79, 0.59], "roc_auc")


def test_gap_is_training_above_validation() -> None:
    told = entry("line", "linear", [0.7, 0.8, 0.6]).json()

    assert told["gap"] == pytest.approx(0.2)
    assert told["std"] == pytest.approx(0.1)


def ways(**folds: list[float]) -> list[dict[str, Any]]:
    return [
        {"imbalance": how, "status": "ok", "cost_per_1000": {"folds": paid, "mean": sum(paid) / len(paid)}}
        for how, paid in folds.items()
    ]


def test_imbalance_is_handled_only_when_it_clearly_saves() -> None:
    none = [559.0, 593.0, 574.0]

    assert choose_imbalance(ways(none=none, smote=[549.0, 584.0, 563.0])) == "smote"
    assert choose_imbalance(ways(none=none, smote=[500.0, 590.0, 574.0])) == "none"
    assert choose_imbalance(ways(none=none, weights=none)) == "none"
    assert (
        choose_imbalance([*ways(none=none), {"imbalance": "weights", "status": "skipped: takes no weights"}]) == "none"
    )
