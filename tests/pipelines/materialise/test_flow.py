"""The flow under a real Prefect, in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from understudy.problem import ProblemSpec

pytestmark = pytest.mark.e2e

PROGRAM = """
import json, sys
from datetime import datetime
from pathlib import Path

from cli.environment import prepare

settings = prepare()

from pipelines.materialise import materialise
from understudy.adapters import open_feature_store
from understudy.errors import StoreError

class Shaky:
    tries = 0

    def publish(self, problem, results):
        self.tries += 1
        if self.tries == 1:
            raise StoreError("The store is out of reach.", "Start it.")
        open_feature_store(settings).publish(problem, results)

store = Shaky()
made = materialise(settings, "orders", lambda: store, datetime(2024, 3, 2, 12, 40))
_, found = open_feature_store(settings).since("orders", 0)
print(json.dumps([made.keys, store.tries, [[view, result.at.isoformat()] for view, result in found]]))
"""


def test_it_computes_and_publishes_and_tries_again(
    make_spec: Callable[..., ProblemSpec], orders: pa.Table, tmp_path: Path, prefect_home: Path
) -> None:
    shutil.copytree(prefect_home, tmp_path / "var" / "prefect")
    problems, validated = tmp_path / "configs" / "problems", tmp_path / "data" / "orders" / "validate"
    for folder in (problems, validated):
        folder.mkdir(parents=True)
    text = yaml.safe_dump(make_spec().model_dump(mode="json", exclude_defaults=True))
    (problems / "orders.yaml").write_text(text, encoding="utf-8")
    pq.write_table(orders, validated / "orders.parquet")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNDERSTUDY_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=200,
        env=kept | {"UNDERSTUDY_ROOT": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    keys, tries, found = json.loads(done.stdout.splitlines()[-1])
    assert keys["shop"] >= 3
    assert tries == 2
    assert "leaked" not in done.stderr
    assert found == [["shop", "2024-03-02T12:00:00"]]
