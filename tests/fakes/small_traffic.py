"""Days of traffic of the problem ``toy`` of ``watched_problem``, and the champion that answered it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fake_ledger import FakeLedger
from small_bundle import small_manifest
from small_predictions import a_prediction
from watched_problem import watched

from monitoring.champion import Champion
from monitoring.window import Window, read_window
from understudy.bundle.manifest import FILES, MANIFEST, Figure, Inputs, Manifest, Metrics, ModelInput
from understudy.files import write_text
from understudy.problem import ProblemSpec
from understudy.records import Arm, Deployment, Label, Prediction
from understudy.records.deployment import Placed

SINCE = datetime(2024, 3, 1)
DAYS = 10
UNTIL = SINCE + timedelta(days=DAYS)
THRESHOLD = 0.4
DIGEST = "d" * 64
TOWNS = ("ash", "birch", "cedar")
TESTED = {
    "roc_auc": Figure(value=0.75, low=0.7, high=0.8),
    "brier": Figure(value=0.2, low=0.19, high=0.21),
    "cost_per_1000": Figure(value=900.0, low=800.0, high=1000.0),
}

SPEC = watched()


def rows(count: int, seed: int = 1, size: float = 0.0) -> list[dict[str, Any]]:
    """Evenly over the days; the score is the probability that the row is positive. ``size`` shifts the sizes."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        value, town = float(np.float32(rng.normal(size))), str(rng.choice(TOWNS))
        score = float(np.float32(1 / (1 + np.exp(0.8 - value - (town == "ash")))))
        at = SINCE + timedelta(days=DAYS) * number / count
        made.append({"id": f"k{number}", "at": at, "size": value, "town": town, "score": score})
        made[-1]["late"] = bool(rng.random() < score)
    return made


def answered(row: Mapping[str, Any], number: int, **changes: Any) -> Prediction:
    """A row as it was asked and answered; ``changes`` replace fields of the prediction."""
    request = {"id": row["id"], "asked_at": row["at"], "size": row["size"], "town": row["town"]}
    values = {
        "id": f"p{number:05d}",
        "at": row["at"] + timedelta(seconds=1),
        "event_time": row["at"],
        "key": row["id"],
        "score": row["score"],
        "threshold": THRESHOLD,
        "decision": row["score"] >= THRESHOLD,
        "request": request,
        "inputs": {"size": row["size"], "town": row["town"]},
        "latency_ms": 1.0 + number % 10,
    }
    return a_prediction(number, **{**values, **changes})


def a_ledger(made: list[dict[str, Any]], labels: bool = True, **changes: Any) -> FakeLedger:
    """All rows answered by the champion; each label lands six hours later."""
    ledger = FakeLedger()
    ledger.append([answered(row, number, **changes) for number, row in enumerate(made)])
    if labels:
        later = timedelta(hours=6)
        ledger.label([Label("toy", float(row["late"]), key=row["id"], landed_at=row["at"] + later) for row in made])
    return ledger


def a_window(ledger: FakeLedger, spec: ProblemSpec = SPEC, as_of: datetime = UNTIL + timedelta(days=1)) -> Window:
    """The days of the traffic, with every label that has landed a day later."""
    return read_window(ledger, spec, SINCE, UNTIL, as_of)


def a_reference(count: int = 3000, seed: int = 2) -> pa.Table:
    """Training rows of 60 days before."""
    made = rows(count, seed)
    before = SINCE - timedelta(days=60)
    return pa.table(
        {
            "asked_at": pa.array([before + 6 * (row["at"] - SINCE) for row in made], pa.timestamp("us")),
            "size": pa.array([row["size"] for row in made], pa.float32()),
            "town": [row["town"] for row in made],
            "score": pa.array([row["score"] for row in made], pa.float32()),
            "late": pa.array([int(row["late"]) for row in made], pa.int8()),
        }
    )


def a_deployment(**changes: Any) -> Deployment:
    values: dict[str, Any] = {
        "problem": "toy",
        "revision": 1,
        "mode": "single",
        "arms": (Arm(name="champion", version=1, digest=DIGEST, weight=1.0),),
        "change": "deploy",
        "who": "ann",
        "why": "first",
        "at": SINCE - timedelta(days=1),
    }
    return Deployment(**{**values, **changes})


def a_champion(folder: Path) -> Champion:
    """Version 1, without a bundle on disk but for what its manifest names."""
    placed = Placed(name="champion", version=1, digest=DIGEST)
    return Champion(placed, SINCE - timedelta(days=1), _manifest(_files(folder)), a_reference())


class OneBundle:
    """A bundle store that has the champion's bundle, whatever it is asked for."""

    def publish(self, bundle: Any) -> None:
        raise AssertionError("nobody publishes here")

    def fetch(self, digest: str, into: Path) -> Path:
        folder = _files(into)
        write_text(folder / MANIFEST, _manifest(folder).model_dump_json())
        return folder


def _files(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_text(f"the {name} of the toy problem\n", encoding="utf-8")
    pq.write_table(a_reference(), folder / "reference.parquet")
    return folder


def _manifest(folder: Path) -> Manifest:
    inputs = Inputs(numbers=(ModelInput(name="size"),), categories=(ModelInput(name="town"),))
    metrics = Metrics(rows=1000, test=TESTED, validation={}, train={})
    return small_manifest(folder, inputs=inputs, metrics=metrics, threshold=THRESHOLD)
