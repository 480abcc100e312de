"""Every command in the README is run, in the order in which a newcomer would, in a fresh copy of the project."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(sys.prefix)
SMALLER = {
    "make test": {"PYTEST_ADDOPTS": "tests/understudy/test_files.py"},
    "make bench": {"PROBLEM": "tumours", "BENCHES": "training", "RUNS": "fast"},
}
"""Environment under which a command does less of the same: in full it would run this very test, or take minutes."""
STARTED: list[int] = []
"""Process groups of what the README leaves running."""
INPUTS_OF_SETUP = ("pyproject.toml", "requirements/all.lock", "requirements/data.lock")


def readme_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [line.split(" #")[0].strip() for line in lines]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files that a clone would have, with the state of this run inside it and the environment of this run."""
    target = tmp_path_factory.mktemp("readme") / "understudy"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for name in INPUTS_OF_SETUP:  # older than the environment that stands, whatever their age in this checkout
        os.utime(target / name, (0, 0))
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "t"]):
        subprocess.run(["git", *command], cwd=target, check=True)
    (target / ".git/info/exclude").write_text(".venv\n", encoding="utf-8")
    (target / ".venv").symlink_to(VENV)
    yield target
    shutil.rmtree(target, ignore_errors=True)


@pytest.fixture(scope="module")
def ports() -> dict[str, str]:
    """Ports that nobody holds, in place of 8000 and 8001, which someone at this machine may be using."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        public, admin = one.getsockname()[1], two.getsockname()[1]
    return {
        "UNDERSTUDY_SERVING_PORT": str(public),
        "UNDERSTUDY_SERVING_ADMIN_PORT": str(admin),
        "UNDERSTUDY_URL": f"http://127.0.0.1:{public}",
        "UNDERSTUDY_ADMIN_URL": f"http://127.0.0.1:{admin}",
    }


def run(copy: Path, command: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("UNDERSTUDY_", "PREFECT_", "PYTEST_", "COV"))
    }
    environment = kept | {
        "PATH": f"{VENV / 'bin'}{os.pathsep}{kept['PATH']}",
        "PYTHONPATH": str(copy),
        "COLUMNS": "120",
    }
    environment |= SMALLER.get(command, {}) | more
    if command.endswith("&"):
        return start(copy, command, environment)
    return subprocess.run(
        ["bash", "-c", command], cwd=copy, env=environment, capture_output=True, text=True, timeout=550
    )


def start(copy: Path, command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Leave a command running; ``test_every_command_works`` ends it."""
    with (copy / "background.log").open("a") as log:
        shell = subprocess.Popen(
            ["bash", "-c", command], cwd=copy, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    STARTED.append(shell.pid)
    return subprocess.CompletedProcess(command, shell.wait(10), "", "")


def test_every_command_works(copy: Path, ports: dict[str, str]) -> None:
    commands = readme_commands()
    assert {"make demo", *SMALLER} <= set(commands)
    try:
        for command in commands:
            done = run(copy, command, **ports)
            assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    finally:
        for group in STARTED:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)


def test_the_replay_was_answered_stored_and_shadowed(copy: Path) -> None:
    counted = json.loads(run(copy, "understudy predictions stats --problem flights --json").stdout)
    live = [row for row in counted if row["standing"] == "live"]
    assert [(row["version"], row["predictions"], row["labels"], row["fallbacks"]) for row in live] == [(1, 985, 985, 0)]
    deployed = json.loads(run(copy, "understudy deployments --problem flights --json").stdout)
    assert [(row["mode"], [shadow["version"] for shadow in row["shadows"]]) for row in deployed] == [
        ("single", [2]),
        ("single", []),
    ]


def test_the_demo_reached_what_the_readme_promises(copy: Path) -> None:
    shown = json.loads(run(copy, "understudy train --problem flights --json").stdout)
    figures = {name: metric["value"] for name, metric in shown["metrics"]["test"].items()}
    assert shown["unchanged"] is True
    assert shown["decision"] == "accepted"
    assert shown["champion"] is True
    assert figures["roc_auc"] >= 0.75
    assert figures["pr_auc"] >= 0.39
    assert figures["cost_per_1000"] <= 395


def test_what_the_readme_quotes_is_what_the_demo_gives(copy: Path) -> None:
    """The table of figures in the README is compared with the run, at the digits that it shows."""
    metrics = json.loads((copy / "data/flights/evaluate/metrics.json").read_text(encoding="utf-8"))["test"]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) to ([\d.]+) \|", text, flags=re.MULTILINE)
    assert {name for name, *_ in rows} >= {"roc_auc", "pr_auc", "brier", "cost_per_1000"}
    for name, value, low, high in rows:
        digits = len(value.partition(".")[2])
        measured = [round(metrics[name][key], digits) for key in ("value", "low", "high")]
        assert measured == pytest.approx([float(value), float(low), float(high)], abs=1.5 * 10**-digits), name


def test_the_benchmark_timed_each_stage(copy: Path) -> None:
    record = json.loads((copy / "benchmarks/results/training-tumours.json").read_text(encoding="utf-8"))
    fast = record["runs"]["fast"]
    assert {"ingest", "tune", "evaluate", "register"} <= set(fast["stages"])
    assert 0 < sum(stage["seconds"] for stage in fast["stages"].values()) < fast["wall_seconds"]
    assert 100 < fast["peak_mib"] < 3072


def test_dvc_agrees_that_nothing_is_stale_but_what_only_ran_fast(copy: Path) -> None:
    stale = json.loads(run(copy, "dvc status --json").stdout)
    assert set(stale) == {f"{stage}@tumours" for stage in ("tune", "train", "evaluate", "bundle")}


def test_the_champion_scores_through_mlflow_in_another_process(copy: Path) -> None:
    """MLflow's generic model gives the bundle's scores to a process that knows nothing of this project's commands."""
    script = """
import json, mlflow, numpy as np, pyarrow.parquet as pq
from understudy.bundle import Bundle
mlflow.set_tracking_uri("sqlite:///var/mlflow/mlflow.db")
frame = pq.read_table("data/flights/split/production.parquet").slice(0, 500).to_pandas()
bundle = Bundle.load(__import__("pathlib").Path("data/flights/bundle"))
through_mlflow = np.asarray(mlflow.pyfunc.load_model("models:/flights@champion").predict(frame)).ravel()
direct = bundle.score_columns({name: frame[name].tolist() for name in frame.columns})
print(json.dumps({"rows": len(through_mlflow), "largest": float(np.abs(through_mlflow - direct).max()),
                  "spread": float(direct.std())}))
"""
    (copy / "var" / "score.py").write_text(script, encoding="utf-8")
    done = run(copy, "python -W ignore var/score.py")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["rows"] == 500
    assert result["largest"] <= 1e-6
    assert result["spread"] > 0.01
