"""What can be measured on a trained problem: this project's server in several forms, and others that serve the same."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.load import Target, post
from benchmarks.servers import Server, free_port, script, serving
from benchmarks.workspace import clean_workspace, run_measured
from understudy.adapters import open_bundle_store, open_deployment_log
from understudy.bundle import Bundle
from understudy.problem import load_problem
from understudy.records import Shadow
from understudy.settings import Settings

MOMENT = "2013-11-01T17:00:00"
"""When the requests are asked: their features are published for this moment."""


@dataclass(frozen=True)
class Contender:
    """One server and what it is sent."""

    name: str
    server: Server
    target: Target


def two_cores() -> tuple[int | None, int | None]:
    """A core for the servers and one for the load; none where processes cannot be tied to cores."""
    mine = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (mine[0], mine[1]) if len(mine) > 1 else (None, None)


@contextmanager
def trained(workspace: Path | None, problem: str, console: Console) -> Iterator[Path]:
    """A checkout where the problem is trained: the given one, or one that lasts for the block."""
    if workspace is not None:
        yield workspace.absolute()
        return
    with tempfile.TemporaryDirectory() as scratch, clean_workspace(Path(scratch)) as fresh:
        with console.status(f"training {problem}"):
            run_measured(fresh, "train", "--problem", problem, "--fast", "--json")
        yield fresh


class Contenders:
    """A trained problem, and the servers that can be started on it."""

    def __init__(self, workspace: Path, problem: str, moment: str, core: int | None) -> None:
        self.workspace, self.problem, self.moment, self.core = workspace, problem, moment, core
        self.spec = load_problem(workspace / "configs" / "problems", problem)
        fast = workspace / "var" / "fast" / problem / "bundle"
        self.bundle = Bundle.load(fast if fast.is_dir() else workspace / "data" / problem / "bundle")
        self.bodies = [orjson.dumps(request) for request in self._requests()]

    def _requests(self) -> list[dict[str, Any]]:
        """What was really asked in the quarter of an hour from the moment on."""
        asked = [item.name for item in self.bundle.manifest.request]
        table = pq.read_table(self.workspace / "data" / self.problem / "validate" / f"{self.spec.main}.parquet")
        times = table.column(str(self.spec.event_time)).to_numpy()
        start = np.datetime64(self.moment)
        inside = (times >= start) & (times < start + np.timedelta64(15, "m"))
        rows: list[dict[str, Any]] = table.select(asked).filter(inside).to_pylist()
        if not rows:
            raise SystemExit(f"Nobody asked in the quarter of an hour from {self.moment} on; choose another --moment.")
        return rows

    @contextmanager
    def noop(self, name: str) -> Iterator[Contender]:
        """FastAPI with the same request model, which does nothing."""
        arguments = ["-m", "benchmarks.noop", "--bundle", str(self.bundle.folder), "--port"]
        with self._started(name, arguments, "/docs") as contender:
            yield contender

    @contextmanager
    def own(self, name: str, shadow: bool = False, ledger: bool = True, **environment: str) -> Iterator[Contender]:
        """This project's server on a database of its own.

        Args:
            shadow: let the champion's own version shadow it, which the command line refuses: the same work twice.
            environment: more variables for the server.
        """
        environment = {"UNDERSTUDY_DATABASE": self._database(name), **environment}
        run_measured(
            self.workspace, "deploy", f"{self.problem}@champion", "--why", "benchmark", "--json", **environment
        )
        if shadow:
            self.shadow(name, self.bundle)
        run_measured(
            self.workspace, "materialise", "--problem", self.problem, "--at", self.moment, "--json", **environment
        )
        serve = ["-m", "cli.main", "serve", "--problem", self.problem, "--admin-port", "0", "--port"]
        arguments = serve if ledger else ["-m", "benchmarks.unledgered", self.problem]
        with self._started(name, arguments, "/healthz/ready", **environment) as contender:
            yield contender

    def shadow(self, name: str, *shadows: Bundle) -> int:
        """Let bundles, or none, shadow the server of that name from now on; return the revision of the deployment."""
        settings = Settings(root=self.workspace, home=self.workspace / "var", database=self._database(name))
        log, store = open_deployment_log(settings), open_bundle_store(settings)
        serves = log.newest(self.problem)
        assert serves is not None  # noqa: S101
        for bundle in shadows:
            store.publish(bundle)
        placed = tuple(Shadow(name=f"shadow{n}", version=n, digest=b.digest) for n, b in enumerate(shadows, 1))
        revision = serves.revision + 1
        log.append(serves.model_copy(update={"revision": revision, "shadows": placed}))
        log.close()
        return revision

    @contextmanager
    def mlflow(self, name: str) -> Iterator[Contender]:
        """``mlflow models serve`` on the same version."""
        port = free_port()
        store = f"sqlite:///{self.workspace / 'var' / 'mlflow' / 'mlflow.db'}"
        model = f"models:/{self.problem}@champion"
        command = [script("mlflow"), "models", "serve", "-m", model, "-p", str(port), "--env-manager", "local"]
        environment = {**self._environment(), "MLFLOW_TRACKING_URI": store}
        with serving(command, port, "/ping", self.core, self.workspace, environment) as server:
            yield Contender(name, server, post(server.url + "/invocations", [self._frame()]))

    @contextmanager
    def _started(self, name: str, arguments: list[str], health: str, **environment: str) -> Iterator[Contender]:
        port = free_port()
        command = [script("python"), *arguments, str(port)]
        environment = {"PYTHONPATH": str(self.workspace), **self._environment(), **environment}
        with serving(command, port, health, self.core, self.workspace, environment) as server:
            yield Contender(name, server, post(server.url + "/v1/predict", self.bodies))

    def _frame(self) -> bytes:
        example, inputs = self.bundle.manifest.example, self.bundle.manifest.inputs
        names = [*inputs.number_names, *inputs.category_names]
        return orjson.dumps({"dataframe_split": {"columns": names, "data": [[*example.numbers, *example.categories]]}})

    def _database(self, name: str) -> str:
        return f"sqlite:///{self.workspace / 'var' / name.replace(' ', '-')}.db"

    def _environment(self) -> dict[str, str]:
        return {"UNDERSTUDY_ROOT": str(self.workspace), "UNDERSTUDY_HOME": str(self.workspace / "var")}
