"""Which problems are in DVC's graph: those it starts with, and those that have been trained here.

DVC calls a stage that never ran stale, and rightly so. A problem therefore enters the graph with its first run:
``configs/pipeline.yaml``, which is versioned, names those that are there from the start, and ``params.yaml``, which DVC
reads where it exists and git leaves alone, the others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from understudy.errors import SpecError
from understudy.files import write_text
from understudy.settings import Settings
from understudy.turn import turn

KEY = "pipeline"
HEAD = (
    "# Problems that were trained here, beside those of configs/pipeline.yaml. `understudy train` adds them from\n"
    "# configs/problems.yaml, and `dvc` reads this file; it can be deleted with data/ and dvc.lock.\n"
)


@contextmanager
def in_graph(settings: Settings, problem: str) -> Iterator[None]:
    """Have a problem of ``configs/problems.yaml`` in the graph; a first run that fails without a result takes it out.

    Raises:
        SpecError: one of the lists of problems cannot be read.
    """
    was_there = _admit(settings, problem)
    try:
        yield
    except BaseException:
        if not was_there and not _has_results(settings.root, problem):
            _admit(settings, None, leaving=problem)
        raise


def _admit(settings: Settings, problem: str | None, leaving: str | None = None) -> bool:
    """Bring ``params.yaml`` in line with the other lists; return whether ``problem`` was in the graph before."""
    known = _mapping(settings.root / "configs" / "problems.yaml").get("problems") or {}
    first = _mapping(settings.root / "configs" / "pipeline.yaml").get(KEY) or {}
    path = settings.root / "params.yaml"
    with turn(settings.home, "dvc-graph", wait=True):
        before = _mapping(path)
        joined = before.get(KEY) or {}
        names = {*joined, problem} - {*first, leaving}
        after = {key: value for key, value in before.items() if key != KEY}
        if here := {name: known[name] for name in sorted(filter(None, names)) if name in known}:
            after[KEY] = here
        if after != before:
            _write(path, after)
    return problem in first or problem in joined


def _write(path: Path, values: dict[str, Any]) -> None:
    if values:
        write_text(path, HEAD + yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
    else:
        path.unlink()


def _has_results(root: Path, problem: str) -> bool:
    stages = _mapping(root / "dvc.lock").get("stages") or {}
    return any(address.endswith(f"@{problem}") for address in stages)


def _mapping(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise SpecError(f"{path.name} cannot be read: {error}.", "Mend it first.") from error
