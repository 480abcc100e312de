"""How soon the guard takes a broken version out: from its deployment as a canary to the rollback, without a person.

Server, replay and watch are processes of their own over a copy of a trained project. History is replayed at speed; a
version whose model raises, says a constant or says 1 - score is approved as if by mistake, and deployed to ten percent.

Usage: ``python -m benchmarks.guard [--workspace CHECKOUT] [--faults raising constant inverted]``.
Writes ``benchmarks/results/guard-<problem>.json``.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.difficult_models import constant, inverted, raising
from benchmarks.servers import free_port
from benchmarks.workspace import ROOT, clean_workspace, run_measured
from understudy.adapters import open_bundle_store, open_deployment_log, open_registry, open_watch_log
from understudy.bundle import Bundle
from understudy.deploying import Deployer, Placement
from understudy.files import write_json
from understudy.records import Verdict, Version
from understudy.settings import Settings

FAULTS: dict[str, Callable[[Bundle, Path], Bundle]] = {"raising": raising, "constant": constant, "inverted": inverted}
WARM = 8.0
"""Seconds of replay before the broken version is deployed."""
LONGEST = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problem", default="flights")
    parser.add_argument("--workspace", type=Path, help="a checkout where the problem is trained already")
    parser.add_argument("--faults", nargs="+", default=list(FAULTS), choices=list(FAULTS))
    parser.add_argument("--moment", default="2013-11-01", help="first moment that is replayed")
    parser.add_argument("--speed", type=float, default=7200.0, help="seconds of history for each second")
    parser.add_argument("--weight", type=float, default=10.0, help="percent that the broken version gets")
    given = parser.parse_args()
    console = Console()
    record = {"problem": given.problem, "speed": given.speed, "weight": given.weight, "faults": {}}
    with _registered(given.workspace, given.problem, console) as given.workspace:
        for fault in given.faults:
            with tempfile.TemporaryDirectory() as scratch:
                record["faults"][fault] = _Drill(given, Path(scratch) / "project").run(fault)
            console.print(f"{fault}: {record['faults'][fault]}")
    path = write_json(ROOT / "benchmarks" / "results" / f"guard-{given.problem}.json", record)
    console.print(_table(record))
    console.print(f"Written to {path.relative_to(ROOT)}")


@contextmanager
def _registered(workspace: Path | None, problem: str, console: Console) -> Iterator[Path]:
    """A checkout where a version of the problem is registered: the given one, or one that lasts for the block."""
    if workspace is not None:
        yield workspace.absolute()
        return
    with tempfile.TemporaryDirectory() as scratch, clean_workspace(Path(scratch)) as fresh:
        with console.status(f"training {problem}, in full"):
            run_measured(fresh, "train", "--problem", problem, "--json")
        yield fresh


class _Drill:
    """One broken version in a copy of the project."""

    def __init__(self, given: Any, root: Path) -> None:
        self.given, self.root = given, root
        for name in ("data", "var", "configs", "problems"):
            shutil.copytree(given.workspace / name, root / name, symlinks=True)
        shutil.copy(given.workspace / "dvc.yaml", root / "dvc.yaml")
        self.settings = Settings(root=root, home=root / "var")
        self.log, self.registry = open_deployment_log(self.settings), open_registry(self.settings)
        self.deployer = Deployer(self.log, self.registry, open_bundle_store(self.settings))

    def run(self, fault: str) -> dict[str, Any]:
        problem, port, admin = self.given.problem, str(free_port()), str(free_port())
        champion = self.registry.champion(problem)
        assert champion is not None  # noqa: S101
        broken = self._broken(champion, FAULTS[fault])
        self.deployer.deploy(champion, Placement(), "drill", "the version that is well")
        start = datetime.fromisoformat(self.given.moment)
        span = ["--from", start.isoformat(), "--to", start.replace(month=start.month + 1).isoformat()]
        ports = ["--url", f"http://127.0.0.1:{port}", "--admin", f"http://127.0.0.1:{admin}"]
        with (
            self._running("serve", "--port", port, "--admin-port", admin),
            self._running("watch", "--every", "5s", "--port", "0", "--no-windows"),
            self._running("replay", *span, *ports, "--speed", str(self.given.speed)),
        ):
            self._await_answers()
            time.sleep(WARM)
            placement = Placement("canary", weight=self.given.weight)
            made = self.deployer.deploy(broken, placement, "drill", "a mistake").deployment
            end = time.monotonic() + LONGEST
            while (newest := self.log.newest(problem)) is not None and newest.revision == made.revision:
                if time.monotonic() > end:
                    return {"seconds": None}
                time.sleep(0.1)
        return self._found(made.at)

    def _found(self, deployed: datetime) -> dict[str, Any]:
        newest = self.log.newest(self.given.problem)
        assert newest is not None  # noqa: S101
        alert = open_watch_log(self.settings).alert(newest.who.removeprefix("alert "))
        assert alert is not None  # noqa: S101
        return {
            "seconds": round((newest.at - deployed).total_seconds(), 1),
            "guardrail": alert.subject,
            "why": alert.why,
            "answers": alert.evidence["answers"],
            "harmed": [rail["name"] for rail in alert.evidence["rails"] if rail["harmed"]],
        }

    def _broken(self, champion: Version, breaking: Callable[[Bundle, Path], Bundle]) -> Version:
        aside = self.root / "broken"
        aside.mkdir()
        sound = Bundle.load(self.registry.fetch(self.given.problem, champion.number, aside / "sound"))
        bundle = breaking(sound, aside / "bundle")
        verdict = Verdict(digest=bundle.digest, decision="accepted", checks=(), champion=champion.number)
        made = self.registry.register(bundle, verdict)
        return self.registry.decide(self.given.problem, made.number, "approved", "drill", "as if by mistake")

    def _await_answers(self) -> None:
        from understudy.adapters import open_ledger

        ledger, end = open_ledger(self.settings), time.monotonic() + LONGEST
        while ledger.clock(self.given.problem) is None:
            if time.monotonic() > end:
                raise SystemExit("Nothing was answered in time; see the logs below the project.")
            time.sleep(0.2)

    @contextmanager
    def _running(self, command: str, *arguments: str) -> Iterator[None]:
        words: Sequence[str] = (sys.executable, "-m", "cli.main", command, "--problem", self.given.problem, *arguments)
        places = {"UNDERSTUDY_ROOT": str(self.root), "UNDERSTUDY_HOME": str(self.root / "var"), "PYTHONPATH": str(ROOT)}
        log = (self.root / f"{command}.log").open("wb")
        process = subprocess.Popen(words, cwd=self.root, env={**os.environ, **places}, stdout=log, stderr=log)  # noqa: S603
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)
            log.close()


def _table(record: dict[str, Any]) -> Table:
    table = Table("fault", "seconds to rollback", "guardrail", "answers", box=None, header_style="bold")
    for fault, found in record["faults"].items():
        answers = ", ".join(f"{arm} {rows:,}" for arm, rows in found.get("answers", {}).items())
        table.add_row(fault, str(found["seconds"]), found.get("guardrail", "none"), answers)
    return table


if __name__ == "__main__":
    main()
