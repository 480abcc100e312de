"""Where candidates meet: the same rows, the same folds, the same metric."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from pipelines.models.candidates import Params, build_pipeline
from pipelines.models.folds import Fold
from pipelines.models.frame import Floats, Index, Rows, sample_index
from pipelines.models.imbalance import fit_pipeline
from pipelines.models.scoring import METRICS
from understudy.problem import Candidate, ProblemSpec
from understudy.problem.learning import Imbalance

GAP_ROWS = 4000
"""Training rows that the gap to validation is measured on."""


@dataclass(frozen=True)
class Score:
    """The metric on the rows of a fold that were predicted, and on those that were learned from."""

    valid: float
    train: float


@dataclass(frozen=True)
class Arena:
    """Rows to learn from and their folds."""

    spec: ProblemSpec
    rows: Rows
    folds: list[Fold]

    def score(self, candidate: Candidate, params: Params, number: int) -> Score:
        """Fit on a fold's training rows and judge both of its sides."""
        fold = self.folds[number]
        learned = self.learned(candidate, fold.train)
        model = self.fit(candidate, params, learned)
        seen = learned[sample_index(len(learned), GAP_ROWS, self.spec.seed)]
        return Score(valid=self._judge(model, fold.valid), train=self._judge(model, seen))

    def learned(self, candidate: Candidate, index: Index) -> Index:
        """At most as many of these rows as the candidate may learn from."""
        return index[sample_index(len(index), candidate.rows, self.spec.seed)]

    def fit(self, candidate: Candidate, params: Params, index: Index, how: Imbalance = "none") -> Pipeline:
        """A pipeline fitted on the rows at these positions."""
        frame, seed = self.rows.frame.iloc[index], self.spec.seed
        pipeline = build_pipeline(candidate, params, frame, seed, threads=1)
        return fit_pipeline(pipeline, frame, self.rows.y[index], how, seed)

    def without(self, inputs: list[str]) -> "Arena":
        """The same arena with these inputs left out."""
        return replace(self, rows=replace(self.rows, frame=self.rows.frame.drop(columns=inputs)))

    def predict(self, model: Any, index: Index) -> Floats:
        """Scores of the rows at these positions [rows]."""
        scores: Floats = model.predict_proba(self.rows.frame.iloc[index])[:, 1]
        return np.asarray(scores, dtype=np.float64)

    def describe_folds(self) -> list[dict[str, Any]]:
        """Rows, rates and times of each fold, for the report."""
        return [{side: self._describe(getattr(fold, side)) for side in ("train", "valid")} for fold in self.folds]

    def _judge(self, model: Any, index: Index) -> float:
        return float(METRICS[self.spec.tuning.metric](self.rows.y[index], self.predict(model, index)))

    def _describe(self, index: Index) -> dict[str, Any]:
        told: dict[str, Any] = {"rows": len(index), "rate": float(self.rows.y[index].mean())}
        if self.rows.event_time is not None:
            times = self.rows.event_time[index]
            told |= {"from": str(times.min()), "until": str(times.max())}
        return told
