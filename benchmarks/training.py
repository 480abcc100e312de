"""How long a training run takes: cold, unchanged and fast, with the time of each stage.

Usage: ``python -m benchmarks.training --problem flights``. Prints a table and writes
``benchmarks/results/training-<problem>.json``. Set-up is not counted.
"""

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.workspace import ROOT, clean_workspace, cores, run_measured
from understudy.files import write_json

RUNS = {"cold": (), "unchanged": (), "fast": ("--fast",)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problem", default="flights")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS), help="which of the runs, in this order")
    given = parser.parse_args()
    problem = given.problem
    console = Console()
    with tempfile.TemporaryDirectory() as scratch, clean_workspace(Path(scratch)) as workspace:
        results = {name: _measure(console, name, workspace, problem, RUNS[name]) for name in given.runs}
    console.print(_table(problem, results))
    record = {"problem": problem, "machine": {"cores": cores(), "python": platform.python_version()}, "runs": results}
    path = write_json(ROOT / "benchmarks" / "results" / f"training-{problem}.json", record)
    console.print(f"Written to {path.relative_to(ROOT)}")


def _measure(console: Console, name: str, workspace: Path, problem: str, flags: tuple[str, ...]) -> dict[str, Any]:
    with console.status(f"{name} run of {problem}"):
        start = time.perf_counter()
        printed, peak = run_measured(workspace, "train", "--problem", problem, "--json", *flags)
        wall = time.perf_counter() - start
    result = json.loads(printed)
    return {
        "wall_seconds": round(wall, 2),
        "peak_mib": round(peak),
        "decision": result["decision"],
        "test": result["metrics"]["test"],
        "stages": {stage["name"]: {"state": stage["state"], "seconds": stage["seconds"]} for stage in result["stages"]},
    }


def _table(problem: str, results: dict[str, dict[str, Any]]) -> Table:
    table = Table(title=f"Training {problem} on {cores()} cores, seconds")
    table.add_column("stage")
    for name in results:
        table.add_column(name, justify="right")
    for stage in next(iter(results.values()))["stages"]:
        table.add_row(stage, *(_cell(run["stages"].get(stage)) for run in results.values()))
    table.add_section()
    table.add_row("whole command", *(f"{run['wall_seconds']:.1f}" for run in results.values()), style="bold")
    table.add_row("peak memory, MiB", *(str(run["peak_mib"]) for run in results.values()))
    return table


def _cell(stage: dict[str, Any] | None) -> str:
    if stage is None:
        return "-"
    return "unchanged" if stage["state"] == "unchanged" else f"{stage['seconds']:.1f}"


if __name__ == "__main__":
    main()
