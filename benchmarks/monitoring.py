"""What it takes to watch a window of 300,000 predictions, Evidently's report and the page included.

Usage: ``python -m benchmarks.monitoring``. Prints a table; writes ``benchmarks/results/monitoring.json``. The ledger is
a SQLite file with the latest 300,000 flights of 2013 as the champion would have answered them, and their labels; the
command line then looks at all of them as one window. The champion is that of a fast run in a clean copy of the
checkout, or of the project that ``--project`` names, whose stores are left alone. Limits: 60 s and 2 GB of resident
memory, the whole process tree together.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.workspace import ROOT, clean_workspace, cores, run_measured
from understudy.adapters import open_bundle_store, open_deployment_log, open_ledger
from understudy.bundle import Bundle
from understudy.files import write_json
from understudy.problem import ProblemSpec, load_problem
from understudy.records import Arm, Deployment, Label, Prediction
from understudy.settings import Settings

PROBLEM = "flights"
ROWS = 300_000
BATCH = 2_000
MOST_SECONDS, MOST_MIB = 60.0, 2_048.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--project", type=Path, help="a project in which flights was trained")
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as scratch, _project(given.project, Path(scratch)) as project:
        home = Path(scratch, "home")
        settings = Settings(root=project, home=home)
        with console.status("filling the ledger"):
            since, until, rows = _fill(settings, given.rows)
        runs = [_look(console, project, home, since, until, f"{name} look") for name in ("first", "second")]
    best = min(runs, key=lambda run: run["seconds"])
    console.print(_table(rows, runs))
    record = {
        "machine": {"cores": cores(), "python": platform.python_version()},
        "rows": rows,
        "window_days": (until - since).days,
        "runs": runs,
        "limits": {"seconds": MOST_SECONDS, "peak_mib": MOST_MIB},
        "met": {
            "seconds": best["seconds"] <= MOST_SECONDS,
            "peak_mib": max(run["peak_mib"] for run in runs) <= MOST_MIB,
        },
    }
    path = write_json(ROOT / "benchmarks" / "results" / "monitoring.json", record)
    console.print(f"Limits met: {record['met']}. Written to {path.relative_to(ROOT)}")


@contextmanager
def _project(given: Path | None, scratch: Path) -> Iterator[Path]:
    if given is not None:
        yield given.resolve()
        return
    with clean_workspace(scratch) as workspace:
        run_measured(workspace, "train", "--problem", PROBLEM, "--fast", "--json")
        yield workspace


def _fill(settings: Settings, rows: int) -> tuple[datetime, datetime, int]:
    """Deploy the project's bundle, and store what it would have answered, with the labels; the span that it takes."""
    spec = load_problem(settings.problems, PROBLEM)
    bundle = Bundle.load(_bundle(settings.root))
    open_bundle_store(settings).publish(bundle)
    arm = Arm(name="champion", version=1, digest=bundle.digest, weight=1.0)
    moment = datetime.now(UTC).replace(tzinfo=None)
    open_deployment_log(settings).append(
        Deployment(
            problem=PROBLEM, revision=1, mode="single", arms=(arm,), change="deploy", who="benchmark", why="measure",
            at=moment,
        )
    )  # fmt: skip
    features = pq.read_table(settings.data / PROBLEM / "featurize" / "features.parquet")
    features = features.slice(max(0, features.num_rows - rows))
    requests = _requests(settings, spec, features)
    ledger = open_ledger(settings)
    for start in range(0, features.num_rows, BATCH):
        some = features.slice(start, BATCH)
        ledger.append(_predictions(spec, bundle, some, requests.slice(start, BATCH).to_pylist(), start, moment))
        ledger.label(_labels(spec, some))
    ledger.close()
    times = features.column(str(spec.event_time))
    day = timedelta(days=1)
    first, last = (times[place].as_py().replace(hour=0, minute=0, second=0) for place in (0, -1))
    return first, last + day, features.num_rows


def _bundle(project: Path) -> Path:
    places = (project / "data" / PROBLEM / "bundle", project / "var" / "fast" / PROBLEM / "bundle")
    return next(place for place in places if place.is_dir())


def _requests(settings: Settings, spec: ProblemSpec, features: pa.Table) -> pa.Table:
    """The request fields of the features' rows, in their order."""
    fields = [name for name, column in spec.columns.items() if not column.late]
    main = pq.read_table(settings.data / PROBLEM / "validate" / f"{spec.main}.parquet", columns=fields)
    places = pa.array(np.arange(features.num_rows))
    wanted = features.select([spec.id]).append_column("place", places)
    return wanted.join(main, spec.id).sort_by("place").select(fields)


def _predictions(
    spec: ProblemSpec,
    bundle: Bundle,
    features: pa.Table,
    requests: list[dict[str, Any]],
    first: int,
    moment: datetime,
) -> list[Prediction]:
    names = [*spec.numbers, *spec.categories, *(name for name in spec.watched if name in features.column_names)]
    inputs = [
        {name: None if value != value else value for name, value in row.items()}
        for row in features.select(names).to_pylist()
    ]
    scores = bundle.score_columns({name: features.column(name).to_pylist() for name in names}).tolist()
    return [
        Prediction(
            id=f"{first + place:08d}",
            problem=spec.name,
            at=moment + timedelta(milliseconds=first + place),
            event_time=request[str(spec.event_time)],
            key=request[spec.id],
            unit="",
            standing="live",
            arm="champion",
            version=1,
            revision=1,
            experiment="",
            propensity=1.0,
            score=score,
            threshold=bundle.manifest.threshold,
            decision=score >= bundle.manifest.threshold,
            request=request,
            inputs=inputs[place],
            latency_ms=2.0 + (first + place) % 7,
        )
        for place, (request, score) in enumerate(zip(requests, scores, strict=True))
    ]


def _labels(spec: ProblemSpec, features: pa.Table) -> Sequence[Label]:
    columns = (features.column(name).to_pylist() for name in (spec.id, spec.target, str(spec.label_time)))
    return [
        Label(spec.name, float(value), key=key, landed_at=landed) for key, value, landed in zip(*columns, strict=True)
    ]


def _look(console: Console, project: Path, home: Path, since: datetime, until: datetime, words: str) -> dict[str, Any]:
    command = ("monitor", "--problem", PROBLEM, "--window", f"{(until - since).days}d", "--as-of", until.isoformat())
    started, busy = time.perf_counter(), _processor()
    with console.status(words):
        printed, peak = run_measured(project, *command, "--json", UNDERSTUDY_HOME=str(home))
    seconds = time.perf_counter() - started
    answer = json.loads(printed)
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(_processor() - busy, 1),
        "peak_mib": round(peak),
        "rows": answer["rows"],
        "labelled": answer["labelled"],
        "readings": len(answer["readings"]),
        "steps": answer["seconds"],
    }


def _processor() -> float:
    """Seconds of processor that commands have taken so far: what counts where other work shares the machine."""
    times = os.times()
    return times.children_user + times.children_system


def _table(rows: int, runs: list[dict[str, Any]]) -> Table:
    table = Table(title=f"monitor, {rows:,} predictions, {cores()} cores")
    for heading in ("run", "rows", "labels", "readings", "seconds", "of processor", "peak MiB"):
        table.add_column(heading, justify="right")
    for number, run in enumerate(runs, 1):
        table.add_row(
            str(number),
            f"{run['rows']:,}",
            f"{run['labelled']:,}",
            str(run["readings"]),
            f"{run['seconds']:.1f}",
            f"{run['processor_seconds']:.1f}",
            f"{run['peak_mib']:,}",
        )
    return table


if __name__ == "__main__":
    main()
