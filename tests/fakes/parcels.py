"""A small problem as the earlier stages leave it behind: split, search and fitted models, with known structure."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.evaluate.evidence import Evidence, Judged
from pipelines.job import Job
from pipelines.models.calibration import Calibrated
from pipelines.models.candidates import build_pipeline
from pipelines.models.frame import model_frame, rows_of
from pipelines.models.persistence import save_model
from understudy.problem import ProblemSpec
from understudy.settings import Settings
from understudy.statistics.bootstrap import Resample
from understudy.statistics.decisions import best_threshold, cost_curve

SIZES = {"train": 600, "calibration": 200, "validation": 400, "test": 400}
THRESHOLD = 0.2
"""Where a probability of being late pays for an alarm at the costs below."""
COLUMNS = {
    "id": {"kind": "category", "role": "id"},
    "size": {"kind": "number", "unit": "m"},
    "noise": {"kind": "number"},
    "town": {"kind": "category"},
    "group": {"kind": "category", "role": "context", "protected": True},
    "late": {"kind": "flag", "role": "target"},
    "at": {"kind": "time", "role": "event_time"},
}
BOOSTING = {
    "name": "boosting",
    "estimator": "sklearn.ensemble.HistGradientBoostingClassifier",
    "family": "boosting",
    "fixed": {"max_iter": 15, "max_leaf_nodes": 7},
    "space": {"learning_rate": {"low": 0.05, "high": 0.5, "log": True}},
}
LOGISTIC = {
    "name": "logistic",
    "estimator": "sklearn.linear_model.LogisticRegression",
    "family": "linear",
    "scale": True,
    "space": {"C": {"low": 0.01, "high": 10.0, "log": True}},
}
MAJORITY = {
    "name": "majority",
    "estimator": "sklearn.dummy.DummyClassifier",
    "family": "baseline",
    "fixed": {"strategy": "prior"},
}


def make_spec(winner: dict[str, Any] = BOOSTING, dated: bool = True, protected: bool = True) -> ProblemSpec:
    left_out = {*(() if dated else ("at",)), *(() if protected else ("group",))}
    return ProblemSpec.model_validate(
        {
            "name": "parcels",
            "title": "Will the parcel be late?",
            "task": "binary",
            "seed": 7,
            "source": {"path": "parcels.csv"},
            "positive": None,
            "main": "parcels",
            "tables": {"parcels": {"columns": {k: v for k, v in COLUMNS.items() if k not in left_out}}},
            "features": {},
            "split": {"method": "ordered" if dated else "stratified"},
            "probes": {},
            "candidates": [MAJORITY, winner],
            "tuning": {},
            "training": {},
            "costs": {"false_positive": 1, "false_negative": 4},
            "evaluation": {
                "bootstrap": 60,
                "segments": ["town", "size"] if protected else [],
                "smallest_segment": 40,
                "explain_rows": 200,
            },
            "gates": {},
        }
    )


def make_table(rows: int, seed: int = 0) -> pa.Table:
    """Late parcels are large ones, or come from the north; ``noise`` and ``group`` say nothing."""
    rng = np.random.default_rng(seed)
    size = rng.normal(10, 3, rows)
    town = rng.choice(["north", "south", ""], rows)
    odds = 0.5 * (size - 10) + 1.5 * (town == "north") - 1.5
    return pa.table(
        {
            "id": [f"p{i}" for i in range(rows)],
            "at": np.datetime64("2024-01-01T00:00", "us") + np.arange(rows) * np.timedelta64(2, "h"),
            "late": (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int8),
            "size": np.where(rng.random(rows) < 0.05, np.nan, size).astype(np.float32),
            "noise": rng.normal(size=rows).astype(np.float32),
            "town": town,
            "group": np.where(rng.random(rows) < 0.05, "few", rng.choice(["ash", "elm"], rows)),
        }
    )


def write_inputs(spec: ProblemSpec, data: Path, sizes: dict[str, int] = SIZES) -> None:
    """What split, tune and train leave behind, below ``data/<problem>``."""
    whole = make_table(sum(sizes.values()))
    whole = whole.drop_columns([name for name in ("at", "group") if name not in spec.columns])
    folder = data / spec.name
    for stage in ("split", "tune", "train"):
        (folder / stage).mkdir(parents=True)
    parts, start = {}, 0
    for part, rows in sizes.items():
        parts[part] = whole.slice(start, rows)
        pq.write_table(parts[part], folder / "split" / f"{part}.parquet")
        start += rows
    _write_training(spec, parts, folder)
    _write_search(spec, folder / "tune")


def _write_training(spec: ProblemSpec, parts: dict[str, pa.Table], folder: Path) -> None:
    frames = {part: model_frame(table, spec) for part, table in parts.items()}
    y = {part: table[spec.target].to_numpy().astype(int) for part, table in parts.items()}
    majority, winner = spec.candidates
    fitted = build_pipeline(winner, {}, frames["train"], spec.seed, 1).fit(frames["train"], y["train"])
    model = Calibrated(fitted, "sigmoid").fit(frames["calibration"], y["calibration"])
    score = model.predict_proba(frames["validation"])[:, 1]
    save_model(model, folder / "train" / "model.skops")
    baseline = build_pipeline(majority, {}, frames["train"], spec.seed, 1).fit(frames["train"], y["train"])
    save_model({"majority": baseline}, folder / "train" / "baselines.skops")
    facts = {
        "candidate": winner.name,
        "family": winner.family,
        "params": dict(winner.fixed),
        "imbalance": "none",
        "calibration": {"method": "sigmoid"},
        "threshold": best_threshold(y["validation"], score, spec.costs).value,
        "threshold_curve": cost_curve(y["validation"], score, spec.costs).tolist(),
        "validation": {"roc_auc": 0.75, "pr_auc": 0.6},
        "train": {"roc_auc": 0.8, "pr_auc": 0.7},
    }
    (folder / "train" / "train.json").write_text(json.dumps(facts))


def _write_search(spec: ProblemSpec, folder: Path) -> None:
    name = spec.candidates[1].name
    parameter = next(iter(spec.candidates[1].space), "none")
    spread = {"mean": 0.6, "std": 0.02, "folds": [0.58, 0.6, 0.62]}
    entry = {"metric": "pr_auc", "status": "ok", "params": {parameter: 0.1}, "trials": 2, "gap": 0.05, **spread}
    skipped = {"candidate": "other", "family": "boosting", "status": "skipped: other is not installed", "mean": None}
    leaderboard = [
        {"candidate": name, "family": spec.candidates[1].family, **entry},
        {"candidate": "majority", "family": "baseline", **entry, "params": {}},
        skipped,
    ]
    path = {"strengths": [0.01, 1.0], "features": ["size", "noise"], "coefficients": [[0.0, 0.0], [0.9, 0.1]]}
    written = {
        "leaderboard": leaderboard,
        "trials": [{"candidate": name, "number": 0, "params": {parameter: 0.1}, "value": 0.6, "state": "complete"}],
        "imbalance": [{"imbalance": "none", "status": "ok", "pr_auc": spread, "cost_per_1000": spread}],
        "groups": [{"group": "size", "inputs": ["size"], **spread}],
        "coefficient_path": [{"candidate": name, **path}],
    }
    for file, value in written.items():
        (folder / f"{file}.json").write_text(json.dumps(value))


def make_job(spec: ProblemSpec, root: Path, **options: Any) -> Job:
    out = root / "out"
    out.mkdir(exist_ok=True)
    return Job(spec=spec, settings=Settings(root=root, home=root / "var", threads=1), out=out, **options)


class Scored:
    """A model that gives each row the score in its own column ``size``, whatever else it holds."""

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        score = 1 / (1 + np.exp(-(frame["size"].to_numpy(np.float64) - 10)))
        return np.column_stack([1 - score, score])


def judged(table: pa.Table, spec: ProblemSpec, score: Any, threshold: float = THRESHOLD) -> Judged:
    """Rows judged in blocks of ten."""
    blocks = np.arange(table.num_rows) // 10
    return Judged(
        table=table,
        rows=rows_of(table, spec, "test"),
        score=np.asarray(score, dtype=np.float64),
        decision=(np.asarray(score) >= threshold).astype(np.int64),
        blocks=blocks,
        resample=Resample(blocks, 200, 3),
    )


def calibrated_evidence(spec: ProblemSpec, rows: int = 1200) -> Evidence:
    """Rows whose true probability is the score, a function of size alone."""
    parts = []
    for seed in (1, 2):
        table, rng = make_table(rows, seed), np.random.default_rng(10 + seed)
        size = rng.normal(10, 1.5, rows).astype(np.float32)
        table = table.set_column(table.schema.get_field_index("size"), "size", pa.array(size))
        score = Scored().predict_proba(table.select(["size"]).to_pandas())[:, 1]
        late = (rng.random(rows) < score).astype(np.int8)
        table = table.set_column(table.schema.get_field_index("late"), "late", pa.array(late))
        parts.append(judged(table, spec, score))
    facts = {"candidate": "boosting", "threshold": THRESHOLD, "threshold_curve": [[0.0, 900.0], [1.0, 500.0]]}
    rival = np.full(rows, 0.5)
    return Evidence(spec, Scored(), facts, parts[0], parts[1], {"majority": (rival, np.ones(rows, dtype=np.int64))})
