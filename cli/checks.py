"""What ``understudy doctor`` looks at. Each check returns what it found and, where that is bad, what to do."""

import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from cli.problems import known_problems
from understudy.errors import UnderstudyError
from understudy.problem import load_problem
from understudy.settings import TELEMETRY_OFF, Settings

PORTS = {5000: "MLflow's interface", 4200: "Prefect's interface", 8000: "the prediction server"}
LEAST_FREE, ENOUGH_FREE = 0.5, 3.0
"""Gigabytes of disk below which a run cannot, or may not, end."""
WAL_RACE_MENDED = (3, 51, 3)


@dataclass(frozen=True)
class Finding:
    """One row: ``warn`` can be lived with, ``fail`` cannot."""

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    fix: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Run every check."""
    return [
        python(),
        *packages(),
        *problems(settings),
        *ports(),
        disk(settings),
        *telemetry(),
        git(settings),
        threads(settings),
        sqlite(),
    ]


def python() -> Finding:
    wanted = SpecifierSet(metadata.metadata("understudy")["Requires-Python"])
    version = ".".join(map(str, sys.version_info[:3]))
    if version in wanted:
        return Finding("python", "ok", version)
    return Finding("python", "fail", version, f"Use Python {wanted}, then `make setup`.")


def packages(requirements: list[str] | None = None) -> Iterator[Finding]:
    """The installed versions against those that are known to work together, which pyproject.toml states."""
    counted = 0
    for text in requirements if requirements is not None else metadata.requires("understudy") or []:
        requirement = Requirement(text)
        if not _needed(requirement):
            continue
        counted += 1
        found = _installed(requirement.name)
        if found is None:
            yield Finding(requirement.name, "fail", "not installed", "Run `make setup`.")
        elif found not in requirement.specifier:
            wanted = f"{requirement.name}{requirement.specifier}"
            yield Finding(requirement.name, "fail", found, f"Run `make setup`, or install {wanted}.")
    yield Finding("packages", "ok", f"{counted} compared with the known working set")


def problems(settings: Settings) -> Iterator[Finding]:
    """Each problem's YAML, and the package or file that carries its data, by version and hash."""
    from pipelines.ingest.package import locate

    for name in known_problems(settings):
        try:
            source = load_problem(settings.problems, name).source
            if source.package:
                files = locate(source.package)
                yield Finding(
                    f"data of {name}", "ok", f"{source.package.name} {source.package.version}, {len(files)} files"
                )
            elif source.path and not (settings.root / source.path).is_file():
                yield Finding(f"data of {name}", "fail", f"{source.path} is missing", "Put the file back.")
            else:
                yield Finding(f"data of {name}", "ok", str(source.path))
        except UnderstudyError as error:
            yield Finding(f"data of {name}", "fail", error.what, error.fix)


def ports() -> Iterator[Finding]:
    for port, user in PORTS.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken = False
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                taken = True
        if taken:
            yield Finding(f"port {port}", "warn", "in use", f"Free it, or give {user} another port.")
        else:
            yield Finding(f"port {port}", "ok", f"free for {user}")


def disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.root).free / 1e9
    found = f"{free:.1f} GB free"
    if free >= ENOUGH_FREE:
        return Finding("disk", "ok", found)
    return Finding("disk", "fail" if free < LEAST_FREE else "warn", found, f"Free up to {ENOUGH_FREE:g} GB.")


def telemetry() -> Iterator[Finding]:
    on = sorted(name for name, off in TELEMETRY_OFF.items() if os.environ.get(name, "").lower() != off)
    if on:
        fixes = ", ".join(f"{name}={TELEMETRY_OFF[name]}" for name in on)
        yield Finding("telemetry", "warn", f"on by {', '.join(on)}", f"Set {fixes}.")
    else:
        yield Finding("telemetry", "ok", "off")


def git(settings: Settings) -> Finding:
    if not (settings.root / ".git").exists():
        fix = "`git init`, or `dvc config --local core.no_scm true` to use dvc from the shell."
        return Finding("git", "warn", "not a git checkout: versions carry no commit", fix)
    if shutil.which("git") is None:
        return Finding("git", "warn", "git is not on the path", "Install git, so that versions carry the commit.")
    return Finding("git", "ok", "versions carry the commit")


def threads(settings: Settings) -> Finding:
    cores = os.cpu_count() or 1
    found = f"{settings.threads} of {cores} cores"
    if settings.threads > cores:
        return Finding("threads", "warn", found, f"Set UNDERSTUDY_THREADS={cores}: more only wait for each other.")
    return Finding("threads", "ok", found)


def sqlite() -> Finding:
    note = "" if sqlite3.sqlite_version_info >= WAL_RACE_MENDED else "; below 3.51.3 only one process should write"
    return Finding("sqlite", "ok", sqlite3.sqlite_version + note)


def _needed(requirement: Requirement) -> bool:
    """Whether training needs it: boosters, serving, monitoring and tools for developers are extras."""
    return requirement.marker is None or any(
        requirement.marker.evaluate({"extra": extra}) for extra in ("", "pipelines")
    )


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
