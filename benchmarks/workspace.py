"""A clean copy of the checkout to measure in, so that a benchmark never touches someone's results."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(
    ".venv", "data", "var", "site", "dvc.lock", "params.yaml", "cache", "tmp", "__pycache__", ".*_cache"
)


@contextmanager
def clean_workspace(scratch: Path) -> Iterator[Path]:
    """Copy the checkout, without what runs have made, into ``scratch``; remove the copy afterwards."""
    target = scratch / "understudy"
    shutil.copytree(ROOT, target, ignore=LEFT_OUT, symlinks=True)
    try:
        yield target
    finally:
        shutil.rmtree(target, ignore_errors=True)


def run_measured(workspace: Path, *arguments: str, **environment: str) -> tuple[str, float]:
    """Run the command line in ``workspace``, with more variables in its environment.

    Returns:
        What it printed, and the peak resident memory of its whole process tree in MiB.
    """
    command = [str(Path(sys.executable).with_name("understudy")), *arguments]
    ours = {"UNDERSTUDY_ROOT": str(workspace), "UNDERSTUDY_HOME": str(workspace / "var")}
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=workspace,
        env={**os.environ, **ours, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        peak = _watch(process)
        printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}:\n{printed}")
    return printed, peak


def cores() -> int:
    """Cores that this process may use; all of the machine's where, as on macOS, it cannot be tied to some."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _watch(process: "subprocess.Popen[str]") -> float:
    """Sample the tree's resident memory until the process ends; shared pages count once for each process."""
    peak = 0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, _resident(root))
        try:
            process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            continue
    return peak / 2**20


def _resident(root: psutil.Process) -> int:
    total = 0
    try:
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for member in tree:
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
