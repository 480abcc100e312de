"""What an answer costs: the server with everything on, in parts, and beside what else could serve the same version.

Servers run on one core and the load on another. In one run, by turns: a FastAPI app that does nothing, the server with
everything on (validation, routing, features, durable ledger, metrics), the same without the ledger, the same with one
shadow, and ``mlflow models serve``. The closed loop has 16 connections with one row a request; the open loop offers
half of what the closed loop reached, and its latency counts from when each request was due.

Usage: ``python -m benchmarks.serving [--rounds 3]``. Writes ``benchmarks/results/serving-<problem>.json``.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.load import Outcome, Target, closed_loop, open_loop, post, run_on_uvloop
from benchmarks.servers import Server, free_port, script, serving
from benchmarks.workspace import ROOT, clean_workspace, cores, run_measured
from understudy.adapters import open_deployment_log
from understudy.bundle import Bundle
from understudy.files import write_json
from understudy.problem import load_problem
from understudy.records import Shadow
from understudy.settings import Settings

NOOP, EVERYTHING, UNLEDGERED, SHADOWED, MLFLOW = "no-op FastAPI", "everything on", "no ledger", "one shadow", "mlflow"
CONNECTIONS = 16
BLOCK = 1000
MOMENT = "2013-11-01T17:00:00"
"""When the requests are asked: their features are published for this moment."""


@dataclass(frozen=True)
class Variant:
    """One server and what it is sent."""

    name: str
    server: Server
    target: Target


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problem", default="flights")
    parser.add_argument("--moment", default=MOMENT)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--workspace", type=Path, help="a checkout where the problem is trained already")
    given = parser.parse_args()
    console = Console()
    server_core, load_core = _cores()
    if load_core is not None:
        os.sched_setaffinity(0, {load_core})
    with _trained(given.workspace, given.problem, console) as workspace, ExitStack() as stack:
        bench = _Bench(workspace, given.problem, given.moment, server_core)
        variants = [stack.enter_context(start) for start in bench.variants()]
        results = _measure(variants, given.rounds, given.seconds, console)
        blocks = _blocks(bench, variants, given.seconds)
    record = {
        "problem": given.problem,
        "cores": cores(),
        "connections": CONNECTIONS,
        "variants": results,
        "ratios": _ratios(results),
        "blocks_of_1000": blocks,
    }
    console.print(_table(results, record["ratios"]))
    console.print(
        f"{BLOCK:,} rows in one request: {blocks['server_rows_per_second']:,.0f} rows/s; "
        f"through the model alone: {blocks['model_rows_per_second']:,.0f} rows/s"
    )
    path = write_json(ROOT / "benchmarks" / "results" / f"serving-{given.problem}.json", record)
    console.print(f"Written to {path.relative_to(ROOT)}")


def _cores() -> tuple[int | None, int | None]:
    """A core for the servers and one for the load; none where processes cannot be tied to cores."""
    mine = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (mine[0], mine[1]) if len(mine) > 1 else (None, None)


@contextmanager
def _trained(workspace: Path | None, problem: str, console: Console) -> Iterator[Path]:
    if workspace is not None:
        yield workspace.absolute()
        return
    with tempfile.TemporaryDirectory() as scratch, clean_workspace(Path(scratch)) as fresh:
        with console.status(f"training {problem}"):
            run_measured(fresh, "train", "--problem", problem, "--fast", "--json")
        yield fresh


class _Bench:
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

    def variants(self) -> Iterator[Any]:
        yield self._started(NOOP, ["-m", "benchmarks.noop", "--bundle", str(self.bundle.folder), "--port"], "/docs")
        yield self._own(EVERYTHING)
        yield self._own(UNLEDGERED)
        yield self._own(SHADOWED, shadow=True)
        yield self._mlflow()

    @contextmanager
    def _started(
        self, name: str, arguments: list[str], health: str, path: str = "/v1/predict", **environment: str
    ) -> Iterator[Variant]:
        port = free_port()
        command = [script("python"), *arguments, str(port)]
        environment = {"PYTHONPATH": str(self.workspace), **self._environment(), **environment}
        with serving(command, port, health, self.core, self.workspace, environment) as server:
            yield Variant(name, server, post(server.url + path, self.bodies))

    @contextmanager
    def _own(self, name: str, shadow: bool = False) -> Iterator[Variant]:
        """This project's server on a database of its own."""
        database = f"sqlite:///{self.workspace / 'var' / name.replace(' ', '-')}.db"
        os.environ["UNDERSTUDY_DATABASE"] = database
        reference = f"{self.problem}@champion"
        run_measured(self.workspace, "deploy", reference, "--why", "benchmark", "--json")
        if shadow:
            self._shadow(database)
        run_measured(self.workspace, "materialise", "--problem", self.problem, "--at", self.moment, "--json")
        del os.environ["UNDERSTUDY_DATABASE"]
        serve = ["-m", "cli.main", "serve", "--problem", self.problem, "--admin-port", "0", "--port"]
        bare = ["-m", "benchmarks.unledgered", self.problem]
        arguments = bare if name == UNLEDGERED else serve
        with self._started(name, arguments, "/healthz/ready", UNDERSTUDY_DATABASE=database) as variant:
            yield variant

    def _shadow(self, database: str) -> None:
        """Let the champion's own version shadow it, which the command line refuses: the same work twice."""
        log = open_deployment_log(Settings(root=self.workspace, home=self.workspace / "var", database=database))
        serves = log.newest(self.problem)
        assert serves is not None  # noqa: S101
        twin = Shadow(name="shadow", version=serves.champion.version, digest=serves.champion.digest)
        log.append(serves.model_copy(update={"revision": serves.revision + 1, "shadows": (twin,)}))

    @contextmanager
    def _mlflow(self) -> Iterator[Variant]:
        port = free_port()
        store = f"sqlite:///{self.workspace / 'var' / 'mlflow' / 'mlflow.db'}"
        model = f"models:/{self.problem}@champion"
        command = [script("mlflow"), "models", "serve", "-m", model, "-p", str(port), "--env-manager", "local"]
        environment = {**self._environment(), "MLFLOW_TRACKING_URI": store}
        with serving(command, port, "/ping", self.core, self.workspace, environment) as server:
            yield Variant(MLFLOW, server, post(server.url + "/invocations", [self._frame()]))

    def _frame(self) -> bytes:
        example, inputs = self.bundle.manifest.example, self.bundle.manifest.inputs
        names = [*inputs.number_names, *inputs.category_names]
        return orjson.dumps({"dataframe_split": {"columns": names, "data": [[*example.numbers, *example.categories]]}})

    def _environment(self) -> dict[str, str]:
        return {"UNDERSTUDY_ROOT": str(self.workspace), "UNDERSTUDY_HOME": str(self.workspace / "var")}


def _measure(variants: list[Variant], rounds: int, seconds: float, console: Console) -> dict[str, dict[str, Any]]:
    closed: dict[str, list[Outcome]] = {variant.name: [] for variant in variants}
    opened: dict[str, list[Outcome]] = {variant.name: [] for variant in variants}
    with console.status("measuring") as status:
        for number in range(rounds):
            for variant in variants:
                status.update(f"round {number + 1} of {rounds}: {variant.name}")
                outcome = run_on_uvloop(closed_loop(variant.target, CONNECTIONS, seconds))
                closed[variant.name].append(outcome)
                rate = max(outcome.rate / 2, 1.0)
                opened[variant.name].append(run_on_uvloop(open_loop(variant.target, rate, 4 * CONNECTIONS, seconds)))
    return {v.name: _figures(v, closed[v.name], opened[v.name]) for v in variants}


def _figures(variant: Variant, closed: list[Outcome], opened: list[Outcome]) -> dict[str, Any]:
    def median(outcomes: list[Outcome], name: str) -> float:
        return round(statistics.median(outcome.quantiles[name] for outcome in outcomes), 3)

    return {
        "requests_per_second": round(statistics.median(outcome.rate for outcome in closed), 1),
        "closed_ms": {name: median(closed, name) for name in ("p50", "p99")},
        "open_ms_at_half_load": {name: median(opened, name) for name in ("p50", "p99", "p999")},
        "failed": sum(o.broken + sum(c for s, c in o.statuses.items() if s != 200) for o in [*closed, *opened]),
        "unsent": sum(outcome.unsent for outcome in opened),
        "memory_mib": round(variant.server.memory_mib),
        "ready_seconds": round(variant.server.ready_seconds, 2),
        "rounds": [outcome.figures() for outcome in [*closed, *opened]],
    }


def _ratios(results: dict[str, dict[str, Any]]) -> dict[str, float]:
    rate = {name: figures["requests_per_second"] for name, figures in results.items()}
    shadowed = results[SHADOWED]["open_ms_at_half_load"]["p99"] / results[EVERYTHING]["open_ms_at_half_load"]["p99"]
    return {
        "everything_to_noop": round(rate[EVERYTHING] / rate[NOOP], 3),
        "no_ledger_to_noop": round(rate[UNLEDGERED] / rate[NOOP], 3),
        "everything_to_mlflow": round(rate[EVERYTHING] / rate[MLFLOW], 1),
        "p99_one_shadow_to_none": round(shadowed, 3),
    }


def _blocks(bench: _Bench, variants: list[Variant], seconds: float) -> dict[str, float]:
    """Rows a second in blocks of a thousand: over HTTP, everything on, and through the compiled model alone."""
    server = next(variant.server for variant in variants if variant.name == EVERYTHING)
    rows = [orjson.loads(body) for body in bench.bodies]
    body = orjson.dumps([rows[place % len(rows)] for place in range(BLOCK)])
    outcome = run_on_uvloop(closed_loop(post(server.url + "/v1/predict", [body]), 1, seconds))
    example = bench.bundle.manifest.example
    numbers = np.array([example.numbers] * BLOCK, dtype=np.float32)
    categories = np.array([example.categories] * BLOCK, dtype=object)
    took = []
    for _ in range(50):
        began = time.perf_counter()
        bench.bundle.score(numbers, categories)
        took.append(time.perf_counter() - began)
    return {
        "server_rows_per_second": round(outcome.rate * BLOCK),
        "model_rows_per_second": round(BLOCK / statistics.median(took)),
    }


def _table(results: dict[str, dict[str, Any]], ratios: dict[str, float]) -> Table:
    caption = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in ratios.items())
    table = Table(title="One row a request, servers on one core", caption=caption)
    for name in ("server", "requests/s", "p50 ms", "p99 ms", "p99 ms open, half load", "MiB", "ready s"):
        table.add_column(name, justify="left" if name == "server" else "right")
    for name, figures in results.items():
        table.add_row(
            name,
            f"{figures['requests_per_second']:,.0f}",
            f"{figures['closed_ms']['p50']:.1f}",
            f"{figures['closed_ms']['p99']:.1f}",
            f"{figures['open_ms_at_half_load']['p99']:.1f}",
            str(figures["memory_mib"]),
            f"{figures['ready_seconds']:.1f}",
        )
    return table


if __name__ == "__main__":
    main()
