"""The benchmark of featurize, on a handful of flights."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]


def test_each_size_is_measured_and_shown(tmp_path: Path) -> None:
    out = tmp_path / "scaling.json"
    command = [sys.executable, "-m", "benchmarks.features_scaling", "--copies", "3", "--flights", "400"]
    done = subprocess.run(
        [*command, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    one, three = json.loads(out.read_text(encoding="utf-8"))
    assert set(one) == set(three) == {"rows", "seconds", "processor", "memory"}
    assert three["rows"] == 3 * one["rows"] > 0
    for figures in (one, three):
        assert 0 < figures["seconds"] < 300
        assert figures["processor"] > 0
        assert 0.02 < figures["memory"] < 4
    assert "times the first" in done.stdout
    assert f"{three['rows']:,.0f}" in done.stdout
