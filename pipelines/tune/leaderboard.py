"""What the search found, best first."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from pipelines.models.candidates import Params
from pipelines.models.scoring import sign
from understudy.problem import Candidate


@dataclass(frozen=True)
class Entry:
    """One candidate at its best; figures are in the metric's own unit."""

    candidate: Candidate
    metric: str
    status: str = "ok"
    params: Params = field(default_factory=dict)
    folds: list[float] = field(default_factory=list)
    train: list[float] = field(default_factory=list)
    all: list[FrozenTrial] = field(default_factory=list)

    @property
    def mean(self) -> float:
        return float(np.mean(self.folds))

    def json(self) -> dict[str, Any]:
        """The row of ``leaderboard.json``; a candidate that was skipped has no figures."""
        told: dict[str, Any] = {
            "candidate": self.candidate.name,
            "family": self.candidate.family,
            "estimator": self.candidate.estimator,
            "metric": self.metric,
            "status": self.status,
            "params": self.params,
            "trials": len(self.all),
            "pruned": sum(trial.state == TrialState.PRUNED for trial in self.all),
            "folds": self.folds,
        }
        if not self.folds:
            return told | {"mean": None, "std": None, "gap": None}
        gap = sign(self.metric) * (float(np.mean(self.train)) - self.mean)
        return told | {"mean": self.mean, "std": float(np.std(self.folds, ddof=1)), "gap": gap}


def summarise(candidate: Candidate, trials: list[FrozenTrial], metric: str) -> Entry:
    """The candidate's best finished trial; of equal ones the first."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    best = max(complete, key=lambda trial: (trial.value, -trial.number))
    attributes = best.user_attrs
    return Entry(candidate, metric, "ok", dict(best.params), attributes["folds"], attributes["train"], list(trials))


def skipped(candidate: Candidate, why: str) -> Entry:
    """A candidate that could not run here."""
    return Entry(candidate, "", f"skipped: {why}")


def rank(entries: list[Entry], metric: str) -> list[Entry]:
    """Best mean first; skipped ones last."""
    return sorted(entries, key=lambda entry: -sign(metric) * entry.mean if entry.folds else np.inf)


def as_trial(candidate: Candidate, trial: FrozenTrial, metric: str) -> dict[str, Any]:
    """The row of ``trials.json``."""
    folds = trial.user_attrs["folds"]
    return {
        "candidate": candidate.name,
        "number": trial.number,
        "params": dict(trial.params),
        "state": trial.state.name.lower(),
        "metric": metric,
        "value": float(np.mean(folds)),
        "folds": folds,
        "train": trial.user_attrs["train"],
    }
