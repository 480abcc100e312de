"""A stage that hashes what it depends on. It is copied to the place of each real one."""

import hashlib
import os
import sys
import time
from pathlib import Path

from pipelines.job import SHARED_STAGES, Job
from understudy.errors import DataError
from understudy.files import write_json, write_text

ORDER = (*SHARED_STAGES, "tune", "train", "evaluate", "bundle")
LONG = 60.0
"""Seconds that a stage hangs: until a test has killed it, however busy the machine is."""
TEST = {name: {"value": 0.5, "low": 0.4, "high": 0.6} for name in ("roc_auc", "pr_auc", "brier", "cost_per_1000")}


def run(job: Job) -> None:
    stage = __name__.rpartition(".")[2]
    sys.stdout.write(f"chatter of {stage}\n")
    os.write(1, b"chatter from C\n")
    job.progress(0.5, f"half of [{stage}]")
    write_text(job.out / "half.txt", "half")
    if os.environ.get("TOY_HANGS") == stage:
        time.sleep(LONG)
    if os.environ.get("TOY_FAILS") == stage:
        raise DataError(f"The toy's {stage} is broken.", "Unset TOY_FAILS.")
    if os.environ.get("TOY_CRASHES") == stage:
        raise ValueError("nobody foresaw this")
    with (job.settings.home / "ran.txt").open("a", encoding="utf-8") as log:
        log.write(f"{stage}\n")
    digest = hashlib.sha256(f"{job.spec.seed} {job.profile}".encode())
    for earlier in ORDER[: ORDER.index(stage)]:
        digest.update((job.folder(earlier) / "digest.txt").read_bytes())
    write_text(job.out / "digest.txt", digest.hexdigest())
    _fill(stage, job.out, job.spec.main)


def _fill(stage: str, out: Path, main: str) -> None:
    if stage == "ingest":
        write_json(out / "ingest.json", {"tables": {main: {"rows": 600}}})
    if stage == "tune":
        write_json(
            out / "leaderboard.json", [{"candidate": "toy", "mean": 0.5, "std": 0.1, "trials": 1, "status": "ok"}]
        )
    if stage == "bundle":
        write_json(out / "metrics.json", {"test": TEST})
        write_text(out / "report.html", "<p>report</p>")
