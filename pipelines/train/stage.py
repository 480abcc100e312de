"""Turn the choice of the search into the model, and say how it does on rows that it has not learned from."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.pipeline import Pipeline

from pipelines.job import Job
from pipelines.models.calibration import Calibrated
from pipelines.models.candidates import build_pipeline, missing_package
from pipelines.models.frame import Floats, Rows, read_rows
from pipelines.models.imbalance import fit_pipeline
from pipelines.models.persistence import save_model
from pipelines.models.scoring import all_metrics
from pipelines.models.threads import limited
from understudy.errors import DataError
from understudy.files import read_json, write_json
from understudy.problem import Candidate, ProblemSpec
from understudy.statistics.decisions import Threshold, best_threshold, cost_curve, cost_per_1000

CURVE_POINTS = 201


@dataclass(frozen=True)
class Choice:
    """What the search chose."""

    candidate: Candidate
    params: dict[str, Any]
    imbalance: Any


@dataclass(frozen=True)
class Parts:
    """The parts of the split that a model is made from."""

    train: Rows
    calibration: Rows
    validation: Rows


def run(job: Job) -> None:
    """Write ``model.skops``, ``baselines.skops``, ``train.json`` and ``validation_scores.parquet``.

    Raises:
        DataError: a part has one class only, or the choice is of another set of candidates.
    """
    spec = job.spec.fastened() if job.profile == "fast" else job.spec
    choice = read_choice(job, spec)
    # Threads that share one fit wait for each other at every split: on busy cores that costs far more than a core.
    with limited(1):
        parts = Parts(*(read_rows(job.input("split", f"{part}.parquet"), spec) for part in Parts.__annotations__))
        job.progress(0.1, f"fitting {choice.candidate.name} on {len(parts.train)} rows")
        model = fit_model(choice, parts, spec, job.settings.threads)
        job.progress(0.7, "fitting the baselines")
        baselines = fit_baselines(parts.train, spec)
        job.progress(0.8, "choosing the threshold")
        scores = {part: model.predict_proba(getattr(parts, part).frame)[:, 1] for part in ("train", "validation")}
    _write(job, spec, choice, parts, model, baselines, scores)


def read_choice(job: Job, spec: ProblemSpec) -> Choice:
    """The choice that the search wrote.

    Raises:
        DataError: it names a candidate that the problem no longer has.
    """
    written = read_json(job.input("tune", "choice.json"))
    for candidate in spec.candidates:
        if candidate.name == written["candidate"]:
            return Choice(candidate, written["params"], written["imbalance"])
    raise DataError(f"The search chose {written['candidate']}, which is no longer a candidate.", "Run tune again.")


def fit_model(choice: Choice, parts: Parts, spec: ProblemSpec, threads: int) -> Calibrated:
    """The chosen pipeline on all training rows (or as many as it may learn from), then its calibration."""
    candidate = choice.candidate
    learned = parts.train.sample(candidate.rows if candidate.always_sample else None, spec.seed)
    pipeline = build_pipeline(candidate, choice.params, learned.frame, spec.seed, threads)
    fit_pipeline(pipeline, learned.frame, learned.y, choice.imbalance, spec.seed)
    return Calibrated(pipeline, spec.training.calibration).fit(parts.calibration.frame, parts.calibration.y)


def fit_baselines(train: Rows, spec: ProblemSpec) -> dict[str, Pipeline]:
    """Each baseline of the problem on the training rows, by name."""
    kept = [c for c in spec.candidates if c.family == "baseline" and not missing_package(c)]
    return {c.name: build_pipeline(c, {}, train.frame, spec.seed, 1).fit(train.frame, train.y) for c in kept}


def describe(model: Calibrated) -> dict[str, Any]:
    """What the calibration learned, and coefficients where the estimator has them."""
    told: dict[str, Any] = {"calibration": {"method": model.method}}
    if model.method == "sigmoid":
        told["calibration"] |= {"slope": model.slope_, "intercept": model.intercept_}
    estimator = model.estimator[-1]
    if hasattr(estimator, "coef_"):
        names = model.estimator[:-1].get_feature_names_out()
        told["coefficients"] = dict(zip(map(str, names), estimator.coef_[0].tolist(), strict=True))
    return told


def _write(
    job: Job,
    spec: ProblemSpec,
    choice: Choice,
    parts: Parts,
    model: Calibrated,
    baselines: dict[str, Pipeline],
    scores: dict[str, Floats],
) -> None:
    y, score = parts.validation.y, scores["validation"]
    threshold = best_threshold(y, score, spec.costs)
    save_model(model, job.out / "model.skops")
    save_model(baselines, job.out / "baselines.skops")
    pq.write_table(
        pa.table({"id": parts.validation.ids, "y": y, "score": score}), job.out / "validation_scores.parquet"
    )
    told = {
        "candidate": choice.candidate.name,
        "family": choice.candidate.family,
        "params": {**choice.candidate.fixed, **choice.params},
        "imbalance": choice.imbalance,
        "threshold": threshold.value,
        "threshold_curve": cost_curve(y, score, spec.costs, points=CURVE_POINTS).tolist(),
        "rows": {part: len(getattr(parts, part)) for part in Parts.__annotations__},
        **{part: _figures(getattr(parts, part), scores[part], threshold, spec) for part in scores},
        **describe(model),
    }
    write_json(job.out / "train.json", told)


def _figures(rows: Rows, score: Floats, threshold: Threshold, spec: ProblemSpec) -> dict[str, float]:
    paid = cost_per_1000(rows.y, score >= threshold.value, spec.costs)
    return {**all_metrics(rows.y, score, threshold.value), "cost_per_1000": paid}
