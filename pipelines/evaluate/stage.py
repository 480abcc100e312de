"""The stage: read the evidence once, compute every section's figures, write them, draw the page from them alone."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from pipelines.evaluate.calibration import calibration_figures
from pipelines.evaluate.costs import cost_figures
from pipelines.evaluate.curves import Refits, learning_curve, validation_curve
from pipelines.evaluate.dependence import partial_dependence
from pipelines.evaluate.evidence import Evidence, read_evidence
from pipelines.evaluate.fairness import by_group, gaps
from pipelines.evaluate.importance import permutation_importance
from pipelines.evaluate.page import say_span
from pipelines.evaluate.projection import principal_components
from pipelines.evaluate.quality import headline
from pipelines.evaluate.ranking import ranking_curves
from pipelines.evaluate.report import render_report
from pipelines.evaluate.search import search_figures
from pipelines.evaluate.segments import by_segment, segment_columns
from pipelines.evaluate.shapley import shap_values
from pipelines.evaluate.timeline import by_week
from pipelines.evaluate.weak import weak_segments
from pipelines.evaluate.worst import worst_errors
from pipelines.job import Job
from understudy.files import write_text

SHUFFLES = {"full": 5, "fast": 2}
FAST = "the fast profile leaves it out"
Figures = dict[str, Any]
Step = tuple[float, str, Callable[[], Figures]]


def run(job: Job) -> None:
    """Judge the trained model on the test rows.

    Writes ``metrics.json`` (every figure), ``report.html`` (drawn from those figures alone) and ``judged.parquet``
    (each test row with its score and decision, by which a later version is compared pair by pair).

    Raises:
        DataError: the test or validation part has one class only.
        BundleError: the trained model cannot be read.
    """
    job.progress(0.0, "scoring test rows")
    # Many small batches: a second thread waits at barriers for longer than it works.
    with threadpool_limits(1):
        evidence = read_evidence(job)
        pq.write_table(judged_table(evidence), job.out / "judged.parquet")
        figures = evaluate(job, evidence)
    write_text(job.out / "metrics.json", dump(figures))
    job.progress(0.85, "drawing the report")
    write_text(job.out / "report.html", render_report(figures))
    job.progress(1.0, "evaluated")


def evaluate(job: Job, evidence: Evidence) -> Figures:
    """Every figure of the report, as plain data."""
    figures = about(job, evidence)
    for share, words, step in _steps(job, evidence, figures):
        job.progress(share, words)
        figures |= step()
    skipped = {
        name: figures.pop(name)
        for name in ("shap", "projection", "learning_curve")
        if isinstance(figures.get(name), str)
    }
    return figures | {"skipped": figures["skipped"] | skipped}


def _steps(job: Job, evidence: Evidence, figures: Figures) -> list[Step]:
    quick: list[Step] = [
        (0.08, "metrics and intervals", lambda: headline(evidence)),
        (0.12, "curves", lambda: {"curves": _curves(evidence), "timeline": by_week(evidence)}),
        (0.16, "segments", lambda: {"segments": by_segment(evidence), "weak_segments": weak_segments(evidence)}),
        (0.20, "fairness", lambda: _fairness(evidence)),
        (0.24, "permutation importance", lambda: permutation_importance(evidence, SHUFFLES[job.profile])),
        (0.40, "partial dependence", lambda: {"partial_dependence": partial_dependence(evidence, _leading(figures))}),
        (0.45, "worst errors", lambda: {"worst_errors": worst_errors(evidence, _leading(figures))}),
        (0.47, "projection", lambda: {"projection": principal_components(evidence)}),
        (0.48, "search", lambda: search_figures(job)),
    ]
    slow: list[Step] = [
        (0.50, "SHAP values", lambda: {"shap": shap_values(evidence)}),
        (0.60, "learning and validation curves", lambda: _refits(job, evidence)),
    ]
    return quick if job.profile == "fast" else quick + slow


def _leading(figures: Figures) -> list[str]:
    """Inputs, the most important first."""
    return [row["feature"] for row in figures["importance"]]


def _curves(evidence: Evidence) -> Figures:
    return {**ranking_curves(evidence), **calibration_figures(evidence), "cost": cost_figures(evidence)}


def _fairness(evidence: Evidence) -> Figures:
    groups = by_group(evidence)
    return {"fairness": groups, "fairness_gap": gaps(evidence, groups)}


def _refits(job: Job, evidence: Evidence) -> Figures:
    refits = Refits(job, evidence)
    learned = learning_curve(refits)
    return {
        "learning_curve": learned,
        "validation_curve": None if isinstance(learned, str) else validation_curve(job, refits),
    }


def about(job: Job, evidence: Evidence) -> Figures:
    """What was judged: the problem, the model, the rows and how intervals were made."""
    spec, test, facts = evidence.spec, evidence.test, evidence.facts
    times = test.rows.event_time
    slow = {"shap": FAST, "learning_curve": FAST, "validation_curve": FAST}
    return {
        "problem": spec.name,
        "title": spec.title,
        "task": spec.task,
        "target": spec.target,
        "profile": job.profile,
        "model": {name: facts[name] for name in ("candidate", "family", "params", "imbalance", "calibration")},
        "inputs": len(spec.inputs),
        "rows": len(test.y),
        "positives": int(test.y.sum()),
        "rate": float(test.y.mean()),
        "period": None
        if times is None
        else [str(times.min().astype("datetime64[D]")), str(times.max().astype("datetime64[D]"))],
        "threshold": facts["threshold"],
        "blocks": {
            "count": len(np.unique(test.blocks)),
            "span": "consecutive rows" if times is None else say_span(spec.evaluation.block),
        },
        "repeats": spec.evaluation.bootstrap,
        "smallest_segment": spec.evaluation.smallest_segment,
        "explained_rows": len(evidence.explained.y),
        "units": {item.name: item.unit for item in spec.inputs if item.unit},
        "skipped": slow if job.profile == "fast" else {},
    }


def judged_table(evidence: Evidence) -> pa.Table:
    """Each test row with its block, score and decision, the baselines' of both, and the columns to slice by."""
    spec, test = evidence.spec, evidence.test
    columns: dict[str, Any] = {
        spec.id: test.table[spec.id],
        "block": pa.array([str(name) for name in test.blocks]),
        "y": pa.array(test.y.astype(np.int8)),
        "score": pa.array(test.score),
        "decision": pa.array(test.decision.astype(np.int8)),
    }
    for name, (score, decision) in evidence.baselines.items():
        columns |= {f"score__{name}": pa.array(score), f"decision__{name}": pa.array(decision.astype(np.int8))}
    sliced = (*segment_columns(spec), *spec.protected, *(item.name for item in spec.inputs))
    columns |= {name: test.table[name] for name in sliced if name not in columns}
    return pa.table(columns)


def dump(figures: Figures) -> str:
    """JSON with one line for each top-level key: small, and still readable as a difference."""
    lines = [f"{json.dumps(key)}: {json.dumps(figures[key], allow_nan=False)}" for key in sorted(figures)]
    return "{\n" + ",\n".join(lines) + "\n}\n"
