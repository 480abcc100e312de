"""The bundle as MLflow's own tools load it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_bundle import a_bundle, expected_score, verdict_on

from understudy.adapters.mlflow_registry import MlflowRegistry
from understudy.settings import Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
    pytest.mark.filterwarnings("ignore::FutureWarning:mlflow"),
]

PREDICT = """
import json, sys
import mlflow, numpy as np, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/toy@champion")
frame = pd.DataFrame({"town": ["north", None, ""], "extra": [1, 2, 3], "weight": [0.5, np.nan, 1.0]})
frame["size"] = [1.0, 2.0, 0.0]
signature = model.metadata.signature
missing = ""
try:
    model.predict(frame.drop(columns="weight"))
except Exception as error:
    missing = str(error)
scores = model.predict(frame)
example = model.predict(model.input_example)
print(json.dumps({"scores": scores.tolist(), "inputs": signature.inputs.input_names(), "missing": missing,
                  "example": example.tolist(), "sklearn": "sklearn" in sys.modules}))
"""


def test_pyfunc_gives_the_bundles_scores_in_another_process(
    registry: MlflowRegistry, settings: Settings, tmp_path: Path
) -> None:
    bundle = a_bundle(tmp_path / "bundle")
    registry.register(bundle, verdict_on(bundle.digest))
    registry.decide("toy", 1, "approved", "ada", "why not")
    registry.promote("toy", 1)
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, settings.registry_uri],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    rows = [(1.0, 0.5, "north"), (2.0, float("nan"), ""), (0.0, 1.0, "")]
    assert said["scores"] == pytest.approx([expected_score(*row) for row in rows], abs=1e-6)
    direct = bundle.score_columns({"size": [1.0, 2.0, 0.0], "weight": [0.5, None, 1.0], "town": ["north", None, ""]})
    assert said["scores"] == direct.tolist()
    assert said["inputs"] == ["size", "weight", "town"]
    assert "weight" in said["missing"]
    assert said["example"] == pytest.approx([bundle.manifest.example.score], abs=1e-6)
