"""The flights of autumn 2013, as a champion of the summer meets them: served, watched, and broken on purpose."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from served import Project
from served_process import REPOSITORY, a_server

from understudy.adapters import open_bundle_store, open_deployment_log, open_ledger
from understudy.bundle import Bundle
from understudy.problem import ProblemSpec, load_problem
from understudy.records import Label, Prediction
from understudy.settings import Settings

FLIGHTS = "flights"
WEEK, DAY = timedelta(days=7), timedelta(days=1)
PATIENCE = 1800.0
"""Seconds that a command may take: one of them trains."""
BATCH = 2_000
STORES = ("mlflow", "bundles")


@dataclass(frozen=True)
class Story:
    """A project in which flights was trained, and one of its homes: ledger, feature store, deployments, alerts."""

    root: Path
    home: Path
    _features: list[pa.Table] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return Settings(root=self.root, home=self.home, database="", bundles="", registry="")

    @property
    def spec(self) -> ProblemSpec:
        return load_problem(self.settings.problems, FLIGHTS)

    def run(self, *arguments: str) -> Any:
        """What the command line answers in JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments, "--problem", FLIGHTS, "--json"],
            cwd=self.root, env=self._variables(), capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def look(self, until: datetime, span: str = "7d", as_of: datetime | None = None) -> dict[str, Any]:
        """``understudy monitor`` at the window's end, or later."""
        ends = ("--until", until.isoformat(), "--as-of", (as_of or until).isoformat())
        found: dict[str, Any] = self.run("monitor", "--window", span, *ends)
        return found

    def branch(self, home: Path) -> "Story":
        """The same past, from which another week can follow."""
        home.mkdir(parents=True)
        for name in STORES:
            (home / name).symlink_to(self.home / name)
        with sqlite3.connect(self.home / "understudy.db") as source, sqlite3.connect(home / "understudy.db") as copy:
            source.backup(copy)
        return replace(self, home=home)

    def replay(self, since: datetime, until: datetime, *faults: str) -> dict[str, Any]:
        """Send history through a real server."""
        broken = [text for fault in faults for text in ("--fault", fault)]
        span = ("--from", since.isoformat(), "--to", until.isoformat(), "--max")
        with a_server(Project(self.settings, self.spec, {}), UNDERSTUDY_HOME=str(self.home)) as server:
            played: dict[str, Any] = self.run("replay", *span, "--url", server.url, "--admin", server.admin, *broken)
        assert played["answered"] == played["asked"] == sum(played["labels"].values()), played
        return played

    def score(self, since: datetime, until: datetime) -> int:
        """What the deployed champion answers to history, stored without a server: the same inputs, the same bundle.

        Each look recomputes a sample of the inputs and compares them to the last bit, so that a difference shows.
        """
        spec, settings = self.spec, self.settings
        rows = self._rows(since, until)
        deployment = next(iter(open_deployment_log(settings).history(FLIGHTS, 1)))
        with TemporaryDirectory() as aside:
            bundle = Bundle.load(open_bundle_store(settings).fetch(deployment.champion.digest, Path(aside, "bundle")))
            columns = {name: rows.column(name).to_pylist() for name in (*spec.numbers, *spec.categories)}
            scores = bundle.score_columns(columns).tolist()
        changed, threshold = deployment.champion.threshold, bundle.manifest.threshold
        made = {
            "problem": FLIGHTS, "unit": "", "standing": "live", "arm": "champion", "experiment": "", "propensity": 1.0,
            "version": deployment.champion.version, "revision": deployment.revision, "latency_ms": 2.0,
            "threshold": threshold if changed is None else changed,
        }  # fmt: skip
        predictions = _answers(spec, rows, _requests(settings, spec, rows), scores, made)
        labels = [
            Label(FLIGHTS, float(value), key=key, landed_at=landed)
            for key, value, landed in zip(
                *(rows.column(name).to_pylist() for name in (spec.id, spec.target, str(spec.label_time))), strict=True
            )
        ]
        ledger = open_ledger(settings)
        for start in range(0, len(predictions), BATCH):
            ledger.append(predictions[start : start + BATCH])
            ledger.label(labels[start : start + BATCH])
        ledger.close()
        return len(predictions)

    def _rows(self, since: datetime, until: datetime) -> pa.Table:
        if not self._features:
            self._features.append(pq.read_table(self.settings.data / FLIGHTS / "featurize" / "features.parquet"))
        features = self._features[0]
        moment = features.column(str(self.spec.event_time)).cast(pa.timestamp("us"))
        inside = pc.and_(
            pc.greater_equal(moment, pa.scalar(since, pa.timestamp("us"))),
            pc.less(moment, pa.scalar(until, pa.timestamp("us"))),
        )
        return features.filter(inside)

    def _variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("UNDERSTUDY_", "PREFECT_"))}
        ours = {"UNDERSTUDY_ROOT": str(self.root), "UNDERSTUDY_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}
        return {**kept, **ours, "UNDERSTUDY_THREADS": "2"}


def _requests(settings: Settings, spec: ProblemSpec, rows: pa.Table) -> list[dict[str, Any]]:
    fields = [name for name, column in spec.columns.items() if not column.late]
    main = pq.read_table(settings.data / FLIGHTS / "validate" / f"{spec.main}.parquet", columns=fields)
    wanted = rows.select([spec.id]).append_column("place", pa.array(np.arange(len(rows))))
    found: list[dict[str, Any]] = wanted.join(main, spec.id).sort_by("place").select(fields).to_pylist()
    return found


def _answers(
    spec: ProblemSpec, rows: pa.Table, requests: Sequence[dict[str, Any]], scores: list[float], made: dict[str, Any]
) -> list[Prediction]:
    moment = datetime.now(UTC).replace(tzinfo=None)
    inputs = rows.select([*spec.numbers, *spec.categories, *spec.watched]).to_pylist()
    return [
        Prediction(
            **made,
            id=f"scored-{request[spec.id]}",
            at=moment + timedelta(milliseconds=place),
            event_time=request[str(spec.event_time)],
            key=request[spec.id],
            score=score,
            decision=score >= made["threshold"],
            request=request,
            inputs={name: None if value != value else value for name, value in read.items()},
        )
        for place, (request, score, read) in enumerate(zip(requests, scores, inputs, strict=True))
    ]


@contextmanager
def trained(folder: Path, project: str = "") -> Iterator[Story]:
    """A copy of the checkout in which flights was trained, deployed on a new home.

    Args:
        project: a project in which flights is trained already, to save the minutes that it takes.
    """
    ignored = shutil.ignore_patterns(".venv", "data", "var", ".git", "__pycache__", ".*_cache", "dvc.lock")
    shutil.copytree(REPOSITORY, folder, ignore=ignored, symlinks=True)
    story = Story(folder, folder / "var")
    if project:
        shutil.copytree(Path(project, "data"), folder / "data")
        shutil.copy(Path(project, "dvc.lock"), folder)
        story.run("register")
    else:
        story.run("train")
    subprocess.run(
        [sys.executable, "-m", "cli.main", "deploy", f"{FLIGHTS}@champion", "--why", "the autumn begins"],
        cwd=folder, env=story._variables(), check=True, capture_output=True,
    )  # fmt: skip
    yield story
