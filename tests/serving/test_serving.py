"""What a server's process holds: neither what trains models nor what reads tables."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

HEAVY = {"sklearn", "pandas", "mlflow", "prefect", "dvc", "evidently", "pyarrow", "duckdb", "onnx", "matplotlib"}
PREDICT = """
import asyncio, sys
from datetime import datetime
from pathlib import Path

from serving.features import FeatureCache
from serving.lineup import Lineup
from serving.model import LoadedModel
from serving.predictor import Predictor
from serving.settings import ServingSettings
from serving.shadow import Shadows
from serving.shadow.process import Program
from understudy.bundle import Bundle
from understudy.features.code import code_hash
from understudy.problem import load_problem
from understudy.records import Arm, Deployment

folder = Path(sys.argv[1])
spec = load_problem(folder, "toy")
digest = Bundle.load(folder / "v1").digest
model = LoadedModel.load(folder / "v1", 1, digest, code_hash(spec, Path()))
arm = Arm(name="champion", version=1, digest=digest, weight=1.0)
deployment = Deployment(
    problem="toy", revision=1, mode="single", arms=(arm,), change="deploy", who="", why="", at=datetime(2026, 1, 1)
)

class Writer:
    async def write(self, predictions):
        print(predictions[0].score)

async def work():
    settings = ServingSettings()
    shadows = Shadows(Program("never started", {}), settings)
    predictor = Predictor(spec, Path(), Writer(), FeatureCache(spec), shadows, settings)
    predictor.lineup = Lineup(deployment, {digest: model})
    row = {"id": "h1", "owner": "ann", "size": 1.0, "weight": 0.5, "town": "north"}
    await predictor.predict([row])
    await predictor.explain(row)
    await predictor.close()

asyncio.run(work())
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_predicting_needs_nothing_heavy(tmp_path: Path) -> None:
    from small_serving import YAML, a_model

    a_model(tmp_path)
    (tmp_path / "toy.yaml").write_text(YAML, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREDICT, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    score, modules = done.stdout.strip().split("\n")
    assert float(score) == pytest.approx(0.924, abs=0.001)
    assert not HEAVY & set(eval(modules))  # noqa: S307
