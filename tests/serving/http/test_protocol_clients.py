"""Clients that others wrote get right answers from a running server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import a_project
from served_process import Server, a_server, deploy
from small_bundle import expected_score

from understudy.adapters import open_ledger

pytestmark = pytest.mark.integration

ROWS = [(1.0, 0.5, "north"), (2.0, float("nan"), "south"), (-1.0, 1.0, "")]
EXPECTED = [expected_score(*row) for row in ROWS]

TRITON = """
import json, sys
import numpy as np
import tritonclient.http as triton
client = triton.InferenceServerClient(sys.argv[1].removeprefix("http://"))
rows = json.loads(sys.argv[2])
size, weight, town = zip(*rows)
columns = {
    "asked_at": (np.array(["2026-03-01T00:00:00Z"] * 3, dtype=object), "BYTES", [3]),
    "size": (np.array(size, dtype=np.float32).reshape(3, 1), "FP32", [3, 1]),
    "weight": (np.array(weight, dtype=np.float64), "FP64", [3]),
    "town": (np.array(town, dtype=object), "BYTES", [3]),
    "insured": (np.array([True, False, True]), "BOOL", [3]),
}
def ask(binary, outputs):
    inputs = []
    for name, (values, kind, shape) in columns.items():
        tensor = triton.InferInput(name, shape, kind)
        tensor.set_data_from_numpy(values, binary_data=binary)
        inputs.append(tensor)
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in outputs] or None
    return client.infer("toy", inputs, model_version="" if binary else "1", outputs=wanted, request_id="r-1")
said = {"live": client.is_server_live(), "ready": client.is_server_ready(), "model": client.is_model_ready("toy"),
        "metadata": client.get_model_metadata("toy"), "numbered": client.is_model_ready("toy", "1"),
        "server": client.get_server_metadata()}
ways = ("binary", True, []), ("json", False, ["score", "decision"]), ("some", True, ["prediction_id"])
for name, binary, outputs in ways:
    result = ask(binary, outputs)
    found = {}
    for output in ("score", "decision", "prediction_id"):
        values = result.as_numpy(output)
        found[output] = None if values is None else [v.decode() if isinstance(v, bytes) else v for v in values.tolist()]
    said[name] = {**found, "id": result.get_response()["id"]}
try:
    client.infer("other", [])
except Exception as error:
    said["unknown"] = str(error)
print(json.dumps(said))
"""

MLFLOW = """
import json, sys
import numpy as np, pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
host, port = sys.argv[1].removeprefix("http://").split(":")
client = ScoringServerClient(host, int(port))
client.wait_server_ready(timeout=5)
size, weight, town = zip(*json.loads(sys.argv[2]))
frame = pd.DataFrame({"asked_at": pd.to_datetime(["2026-03-01"] * 3), "size": size, "weight": weight, "town": town})
print(json.dumps({"frame": client.invoke(frame).get_predictions()[0].tolist(), "version": client.get_version()}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    project = a_project(tmp_path_factory.mktemp("clients") / "project")
    deploy(project)
    with a_server(project) as running:
        yield running
    stored = [row for rows in open_ledger(project.settings).read("toy") for row in rows]
    assert len(stored) == 12
    assert {row["standing"] for row in stored} == {"live"}


def test_tritons_client(server: Server, tmp_path: Path) -> None:
    said = _run(TRITON, server, tmp_path)
    assert (said["live"], said["ready"], said["model"], said["numbered"]) == (True, True, True, True)
    assert said["server"]["extensions"] == ["binary_tensor_data"]
    assert {item["name"]: item["datatype"] for item in said["metadata"]["inputs"]} == {
        "id": "BYTES", "asked_at": "BYTES", "size": "FP64", "weight": "FP64", "town": "BYTES", "insured": "BOOL",
    }  # fmt: skip
    for way in ("binary", "json"):
        assert said[way]["score"] == pytest.approx(EXPECTED, abs=1e-6)
        assert said[way]["decision"] == [score >= 0.4 for score in EXPECTED]
        assert said[way]["id"] == "r-1"
    assert len(set(said["binary"]["prediction_id"])) == 3
    assert said["json"]["prediction_id"] is None
    assert said["some"]["score"] is None
    assert "There is no model 'other' here" in said["unknown"]


def test_mlflows_scoring_client(server: Server, tmp_path: Path) -> None:
    said = _run(MLFLOW, server, tmp_path)
    assert said["frame"] == pytest.approx(EXPECTED, abs=1e-6)
    assert said["version"].count(".") == 2


def _run(script: str, server: Server, folder: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", script, server.url, json.dumps(ROWS)],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
