"""The bank from 2009 on, as the model of 2008 meets it: served, watched, and left to its alerts."""

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import yaml
from served import Project
from served_process import REPOSITORY, Server, a_server
from workspace import Workspace

from understudy.adapters import open_bundle_store, open_deployment_log, open_ledger
from understudy.bundle import Bundle
from understudy.problem import ProblemSpec, load_problem
from understudy.records import Deployment
from understudy.settings import Settings
from understudy.statistics.metrics import brier

log = logging.getLogger(__name__)
BANK = "bank"
WINDOW = timedelta(days=30)
PATIENCE = 1800.0
"""Seconds that a command may take: some of them train."""
PACE = timedelta(seconds=130)
"""How long a window takes in which a canary answers: longer than its ramp, whose shares are held for a minute each."""


@dataclass(frozen=True)
class Month:
    """A window, what was seen of it, and how version 1 would have answered the same requests."""

    look: dict[str, Any]
    served: Deployment
    """The revision under which it was answered."""
    rows: int
    rate: float
    """Share of subscriptions."""
    brier: float
    """Of what was answered."""
    frozen: float
    """Brier score of version 1 on the same requests."""
    parted: float
    """Largest distance of version 1's live scores from those that its bundle gives now; 0 if it answered nothing."""

    @property
    def until(self) -> datetime:
        return datetime.fromisoformat(self.look["until"])

    @property
    def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.look["alerts"]
        return found

    def json(self) -> dict[str, Any]:
        """What a table of windows shows."""
        told = [
            f"{one['state']} {one['rule']} {one['subject']} {one['action']}: "
            f"{one['outcome'].get('what') or one['outcome'].get('reason') or one['why']}"
            for one in self.alerts
        ]
        figures = {name: round(getattr(self, name), 4) for name in ("rate", "brier", "frozen")}
        arms = [f"{arm.name}={arm.version}" for arm in (*self.served.arms, *self.served.shadows)]
        return {"until": self.look["until"], "rows": self.rows, "arms": arms, **figures, "alerts": told}


@dataclass
class BankStory:
    """A project in which bank was trained; version 1 is deployed, and a server runs."""

    workspace: Workspace
    server: Server
    months: list[Month] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return _settings(self.workspace)

    @cached_property
    def spec(self) -> ProblemSpec:
        return load_problem(self.settings.problems, BANK)

    @property
    def history(self) -> tuple[Deployment, ...]:
        """Newest first."""
        return open_deployment_log(self.settings).history(BANK, 100)

    @cached_property
    def frozen(self) -> Bundle:
        """The model of 2008, read into memory."""
        with TemporaryDirectory() as aside:
            return Bundle.load(
                open_bundle_store(self.settings).fetch(self.history[-1].champion.digest, Path(aside, "1"))
            )

    def month(self, since: datetime) -> Month:
        """Replay a window to the server, then look at it as of its end, and let alerts act."""
        until = since + WINDOW
        served = self.history[0]
        pace = ("--speed", str(WINDOW / PACE)) if served.mode == "canary" else ("--max",)
        played = self._run(
            "replay", "--from", since.isoformat(), "--to", until.isoformat(), *pace,
            "--url", self.server.url, "--admin", self.server.admin,
        )  # fmt: skip
        assert played["answered"] == played["asked"] == played["labels"]["stored"], played
        look = self._run("monitor", "--until", until.isoformat(), "--as-of", until.isoformat())
        self._refresh()
        found = Month(look, served, *self._judged(since, until))
        log.info("%s", json.dumps(found.json()))
        self.months.append(found)
        return found

    def _judged(self, since: datetime, until: datetime) -> tuple[int, float, float, float, float]:
        ledger = open_ledger(self.settings)
        chunks = ledger.window(BANK, since, until, until)
        rows = [row for chunk in chunks for row in chunk if row["standing"] == "live" and row["label"] is not None]
        ledger.close()
        inputs = {name: [row["inputs"][name] for row in rows] for name in (*self.spec.numbers, *self.spec.categories)}
        scores, again = np.array([row["score"] for row in rows]), np.asarray(self.frozen.score_columns(inputs))
        y = np.array([row["label"] for row in rows])
        first = np.array([row["version"] == 1 for row in rows])
        parted = float(np.abs(scores - again)[first].max(initial=0.0))
        return len(rows), float(y.mean()), brier(y, scores), brier(y, again), parted

    def _refresh(self) -> None:
        """Have the server look at the deployment log now."""
        answer = httpx.post(f"{self.server.admin}/admin/refresh", timeout=60)
        assert answer.json() == {"revision": self.history[0].revision}

    def _run(self, *arguments: str) -> Any:
        return self.workspace.json(*arguments, "--problem", BANK)


@contextmanager
def bank_story(folder: Path, project: str = "") -> Iterator[BankStory]:
    """A copy of the checkout in which the model of 2008 was trained, and serves.

    Its YAML has one change: the hour's cap on actions is by the machine's clock, in an hour of which a year passes.

    Args:
        project: a project in which bank is trained already, to save the minutes that it takes.
    """
    ignored = shutil.ignore_patterns(".venv", "data", "var", ".git", "__pycache__", ".*_cache", "dvc.lock")
    shutil.copytree(REPOSITORY, folder, ignore=ignored, symlinks=True)
    if project:
        shutil.copytree(Path(project, "data"), folder / "data")
        shutil.copy(Path(project, "dvc.lock"), folder)
    workspace = Workspace(folder, {"UNDERSTUDY_ROOT": str(folder), "UNDERSTUDY_THREADS": "2"}, PATIENCE)
    assert workspace.json("register" if project else "train", "--problem", BANK)["version"] == 1
    workspace.json("deploy", f"{BANK}/1", "--first", "--why", "the model of 2008")
    _hasten(folder / "configs" / "problems" / f"{BANK}.yaml")
    settings = _settings(workspace)
    with a_server(Project(settings, load_problem(settings.problems, BANK), {})) as server:
        yield BankStory(workspace, server)


def _settings(workspace: Workspace) -> Settings:
    return Settings(root=workspace.root, home=workspace.home, database="", bundles="", registry="")


def _hasten(path: Path) -> None:
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["monitoring"]["actions_per_hour"] = 100
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
