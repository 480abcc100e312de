"""What the stages before ``bundle`` leave, for a small model: folders as the contract between stages has them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from pipelines.job import Job
from pipelines.models.calibration import Calibrated
from pipelines.models.candidates import build_pipeline
from pipelines.models.frame import model_frame
from pipelines.models.persistence import save_model
from understudy.files import write_json
from understudy.problem import Candidate
from understudy.statistics.metrics import roc_auc

CUTS = {"train": (0, 500), "calibration": (500, 600), "validation": (600, 750), "test": (750, 900)}
THRESHOLD = 0.3


def write_stages(job: Job, table: pa.Table, candidate: Candidate, shift: float = 0.0, **options: Any) -> None:
    """Write every folder that bundle, gate and register read.

    Args:
        candidate: what is fitted, as it stands.
        shift: added to the judged scores' log-odds, to make a model worse.
        options: ``calibration``, ``seed``, ``params``.
    """
    parts = {part: table.slice(start, stop - start) for part, (start, stop) in CUTS.items()}
    with threadpool_limits(1):
        model = fit(job, parts, candidate, options.get("calibration", "sigmoid"), options.get("params", {}))
        _evaluate(job, parts, model, shift)
    _before_training(job, table, parts)
    train = folder(job, "train")
    save_model(model, train / "model.skops")
    told = {
        "candidate": candidate.name,
        "family": candidate.family,
        "params": options.get("params", {}),
        "imbalance": "none",
        "calibration": {"method": options.get("calibration", "sigmoid")},
        "threshold": THRESHOLD,
    }
    write_json(train / "train.json", told)


def fit(job: Job, parts: dict[str, pa.Table], candidate: Candidate, how: Any, params: dict[str, Any]) -> Calibrated:
    frame, calibration = (model_frame(parts[part], job.spec) for part in ("train", "calibration"))
    target = job.spec.target
    pipeline = build_pipeline(candidate, params, frame, job.spec.seed, 1).fit(frame, parts["train"][target].to_numpy())
    return Calibrated(pipeline, how).fit(calibration, parts["calibration"][target].to_numpy())


def _before_training(job: Job, table: pa.Table, parts: dict[str, pa.Table]) -> None:
    spec = job.spec
    write_json(folder(job, "ingest") / "ingest.json", {"data_hash": "d" * 64})
    sent = [name for name in spec.columns if name in table.column_names]
    pq.write_table(table.select(sent), folder(job, "validate") / f"{spec.main}.parquet")
    write_json(folder(job, "featurize") / "featurize.json", {"code_hash": "c" * 64})
    for part, rows in parts.items():
        pq.write_table(rows, folder(job, "split") / f"{part}.parquet")
    write_json(folder(job, "tune") / "trials.json", [])
    write_json(folder(job, "tune") / "choice.json", {"candidate": "by hand"})


def _evaluate(job: Job, parts: dict[str, pa.Table], model: Calibrated, shift: float) -> None:
    spec, test = job.spec, parts["test"]
    y, score = test[spec.target].to_numpy(), model.predict_proba(model_frame(test, spec))[:, 1]
    score = np.clip(score, 1e-6, 1 - 1e-6)
    score = 1 / (1 + np.exp(-(np.log(score / (1 - score)) + shift)))
    prior, columns = np.full(len(y), parts["train"][spec.target].to_numpy().mean()), {}
    columns |= {spec.id: test[spec.id], "block": [str(i // 5) for i in range(len(y))], "y": y, "score": score}
    columns |= {"decision": (score >= THRESHOLD).astype(np.int8), "score__majority": prior}
    columns |= {"decision__majority": (prior >= 0.5).astype(np.int8)}
    columns |= {item.name: test[item.name] for item in spec.inputs}
    out = folder(job, "evaluate")
    pq.write_table(pa.table(columns), out / "judged.parquet")
    write_json(out / "metrics.json", _metrics(job, parts, model, y, score))
    (out / "report.html").write_text("<html>the report</html>", encoding="utf-8")


def _metrics(job: Job, parts: dict[str, pa.Table], model: Calibrated, y: Any, score: Any) -> dict[str, Any]:
    def area(part: str) -> float:
        frame = model_frame(parts[part], job.spec)
        return roc_auc(parts[part][job.spec.target].to_numpy(), model.predict_proba(frame)[:, 1])

    def around(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.05, "high": value + 0.05}

    found = {"roc_auc": around(roc_auc(y, score)), "brier": around(float(np.mean((score - y) ** 2)))}
    groups = ("selection_rate", "true_positive_rate", "false_positive_rate")
    return {
        "problem": job.spec.name,
        "rows": len(y),
        "positives": int(y.sum()),
        "majority_accuracy": 0.7,
        "test": found,
        "baselines": {"majority": {"roc_auc": around(0.5)}},
        "validation": {"roc_auc": area("validation")},
        "train": {"roc_auc": area("train")},
        "segments": [{"column": "town", "value": "north", "rows": 60, "roc_auc": around(0.75)}],
        "weak_segments": [{"rule": "size > 2", "confirmed": True}, {"rule": "noise < 0", "confirmed": False}],
        "fairness": [{"column": "town", "group": "north", "rows": 60, **{name: around(0.3) for name in groups}}],
        "fairness_gap": {"town": {"value": 0.2, "low": 0.1, "high": 0.3}},
    }


def folder(job: Job, stage: str) -> Path:
    """The stage's folder, made if it is not there."""
    made = job.folder(stage)
    made.mkdir(parents=True, exist_ok=True)
    return made


def bundled(job: Job) -> Job:
    """Run the bundle stage into its folder."""
    from pipelines.bundle import run

    run(replace(job, out=folder(job, "bundle")))
    return job
