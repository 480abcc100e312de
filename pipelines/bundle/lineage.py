"""Where a bundle comes from: commit, data, settings, environment and search."""

import subprocess
from importlib.util import find_spec
from pathlib import Path

from pipelines.job import Job
from understudy.files import read_json, sha256_file, sha256_json
from understudy.problem import ProblemSpec
from understudy.records import Lineage

LOCKS = Path("requirements")
BOOSTERS = ("catboost", "lightgbm", "xgboost")
"""Only ``boosters.lock`` pins them, so that an environment which has any of them does not stand on ``all.lock``."""


def trace(job: Job) -> Lineage:
    """Collect the lineage of the job's results."""
    commit, dirty = git_state(job.settings.root)
    lock = job.settings.root / environment_lock()
    search = {name: read_json(job.input("tune", f"{name}.json")) for name in ("trials", "choice")}
    return Lineage(
        git_commit=commit,
        git_dirty=dirty,
        data_hash=read_json(job.input("ingest", "ingest.json"))["data_hash"],
        config_hash=config_hash(job.spec if job.profile == "full" else job.spec.fastened()),
        lock_hash=sha256_file(lock) if lock.is_file() else "",
        study=sha256_json(search),
        as_of=job.as_of,
    )


def environment_lock() -> Path:
    """The lock that the running environment is made from, relative to the project's root."""
    return LOCKS / ("boosters.lock" if any(find_spec(name) for name in BOOSTERS) else "all.lock")


def config_hash(spec: ProblemSpec) -> str:
    """SHA-256 of the settings that a result depends on.

    ``fast`` itself only says how a shorter run differs, and ``monitoring`` what becomes of a model once it serves.
    """
    return sha256_json(spec.model_dump(mode="json", exclude={"fast", "monitoring"}))


def git_state(root: Path) -> tuple[str, bool]:
    """Commit of the checkout at ``root``, and whether its tracked files differ from it; ("", False) without git."""
    commit = _git(root, "rev-parse", "HEAD")
    return commit, bool(commit and _git(root, "status", "--porcelain", "--untracked-files=no"))


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), "--no-optional-locks", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
