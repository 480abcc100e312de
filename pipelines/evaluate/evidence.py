"""Everything the stage looks at, read once: the test rows, the validation rows, the models and the search."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.job import Job
from pipelines.models.frame import Floats, Index, Labels, Rows, rows_of
from pipelines.models.persistence import load_model
from understudy.errors import BundleError
from understudy.files import read_json
from understudy.problem import Candidate, ProblemSpec, parse_span
from understudy.statistics.bootstrap import Resample
from understudy.statistics.decisions import best_threshold
from understudy.statistics.metrics import Array

UNDATED_BLOCKS = 200


@dataclass(frozen=True)
class Judged:
    """Rows of one part with what the model says of them, in the order of the part's file.

    Attributes:
        table: every column of the part [rows].
        score: calibrated probability of the positive class [rows].
        decision: 1 where the score reaches the threshold [rows].
        blocks: name of the block that each row is resampled with [rows].
        resample: the draws that all figures on these rows share.
    """

    table: pa.Table
    rows: Rows
    score: Floats
    decision: Labels
    blocks: Array
    resample: Resample

    @property
    def y(self) -> Labels:
        return self.rows.y

    def take(self, index: Index) -> "Judged":
        """Some of the rows, by position, with the same draws."""
        return Judged(
            table=self.table.take(pa.array(index)),
            rows=self.rows.take(index),
            score=self.score[index],
            decision=self.decision[index],
            blocks=self.blocks[index],
            resample=self.resample.take(index),
        )

    def spread(self, rows: int) -> "Judged":
        """At most ``rows`` rows, evenly spaced over the part."""
        return self if rows >= len(self.y) else self.take(evenly(len(self.y), rows))


SLOW = {"bagging": 400, "neighbours": 150, "kernel": 150}
"""Families that are slow to score, and how many rows of theirs are explained at most."""


@dataclass(frozen=True)
class Evidence:
    """The winner, what it is compared with, and the rows that it is judged on."""

    spec: ProblemSpec
    model: Any
    facts: dict[str, Any]
    """What train wrote down: candidate, parameters, threshold and its curve, metrics on validation and on train."""
    test: Judged
    validation: Judged
    baselines: dict[str, tuple[Floats, Labels]]
    """Score and decision on the test rows of each baseline, at its own best threshold on validation."""

    @property
    def candidate(self) -> Candidate:
        return next(c for c in self.spec.candidates if c.name == self.facts["candidate"])

    @property
    def explained(self) -> Judged:
        """The test rows that are scored again and again to explain the model, evenly spaced."""
        most = self.spec.evaluation.explain_rows
        return self.test.spread(min(most, SLOW.get(self.candidate.family, most)))


def read_evidence(job: Job) -> Evidence:
    """Read both parts and both models, and score them.

    Raises:
        DataError: a part has rows of one class only.
        BundleError: a model's file is damaged, or it was trained on other inputs.
    """
    facts = read_json(job.input("train", "train.json"))
    model = load_model(job.input("train", "model.skops"))
    _check_inputs(model, job.spec)
    validation = _judge(job, "validation", model, facts["threshold"])
    test = _judge(job, "test", model, facts["threshold"])
    fitted = load_model(job.input("train", "baselines.skops"))
    baselines = {name: _baseline(fitted[name], test, validation, job.spec) for name in sorted(fitted)}
    return Evidence(job.spec, model, facts, test, validation, baselines)


def positive_scores(model: Any, frame: Any) -> Floats:
    """Probability of the positive class [rows] of a frame of inputs."""
    scores: Floats = np.asarray(model.predict_proba(frame), dtype=np.float64)[:, 1]
    return scores


def name_blocks(rows: Rows, span: str) -> Array:
    """Name of each row's block: the first moment of its span, counted from the first day; runs of rows if undated."""
    if rows.event_time is None:
        return np.arange(len(rows)) * min(UNDATED_BLOCKS, len(rows)) // len(rows)
    times = rows.event_time.astype("datetime64[s]")
    start = times.min().astype("datetime64[D]").astype("datetime64[s]")
    length = np.timedelta64(int(parse_span(span).total_seconds()), "s")
    begins = start + (times - start) // length * length
    whole_days = length % np.timedelta64(86_400, "s") == np.timedelta64(0, "s")
    names: Array = np.datetime_as_string(begins, unit="D" if whole_days else "m")
    return names


def evenly(size: int, rows: int) -> Index:
    """Positions of at most ``rows`` of ``size`` rows, evenly spaced."""
    return np.unique(np.linspace(0, size - 1, min(rows, size)).astype(np.intp))


def _check_inputs(model: Any, spec: ProblemSpec) -> None:
    """Columns reach the model by position, so another set of inputs would be scored without a word."""
    fitted = list(getattr(getattr(model, "estimator", model), "feature_names_in_", []))
    if fitted and fitted != [*spec.numbers, *spec.categories]:
        raise BundleError(
            f"The model of {spec.name} was trained on other inputs than the problem has now.", "Run train again."
        )


def _judge(job: Job, part: str, model: Any, threshold: float) -> Judged:
    path = job.input("split", f"{part}.parquet")
    table = pq.read_table(path)
    rows = rows_of(table, job.spec, path.name)
    score = positive_scores(model, rows.frame)
    blocks = name_blocks(rows, job.spec.evaluation.block)
    resample = Resample(blocks, job.spec.evaluation.bootstrap, job.spec.seed)
    return Judged(table, rows, score, (score >= threshold).astype(np.int64), blocks, resample)


def _baseline(fitted: Any, test: Judged, validation: Judged, spec: ProblemSpec) -> tuple[Floats, Labels]:
    threshold = best_threshold(validation.y, positive_scores(fitted, validation.rows.frame), spec.costs).value
    score = positive_scores(fitted, test.rows.frame)
    return score, (score >= threshold).astype(np.int64)
