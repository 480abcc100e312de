"""What an answer costs: the server with everything on, in parts, and beside what else could serve the same version.

Servers run on one core and the load on another. In one run, by turns: a FastAPI app that does nothing, the server with
everything on (validation, routing, features, durable ledger, metrics), the same without the ledger, the same with one
shadow, and ``mlflow models serve``. The closed loop has 16 connections with one row a request; the open loop offers
half of what the closed loop reached, and its latency counts from when each request was due. What shadows do to live
latency is for ``benchmarks.shadow``, which offers the same rate with and without them.

Usage: ``python -m benchmarks.serving [--rounds 3]``. Writes ``benchmarks/results/serving-<problem>.json``.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.contenders import MOMENT, Contender, Contenders, trained, two_cores
from benchmarks.load import Outcome, closed_loop, open_loop, post, run_on_uvloop
from benchmarks.workspace import ROOT, cores
from understudy.files import write_json

NOOP, EVERYTHING, UNLEDGERED, SHADOWED, MLFLOW = "no-op FastAPI", "everything on", "no ledger", "one shadow", "mlflow"
CONNECTIONS = 16
BLOCK = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problem", default="flights")
    parser.add_argument("--moment", default=MOMENT)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--workspace", type=Path, help="a checkout where the problem is trained already")
    given = parser.parse_args()
    console = Console()
    server_core, load_core = two_cores()
    if load_core is not None:
        os.sched_setaffinity(0, {load_core})
    with trained(given.workspace, given.problem, console) as workspace, ExitStack() as stack:
        contenders = Contenders(workspace, given.problem, given.moment, server_core)
        running = [stack.enter_context(start) for start in _starts(contenders)]
        results = _measure(running, given.rounds, given.seconds, console)
        blocks = _blocks(contenders, running, given.seconds)
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


def _starts(contenders: Contenders) -> Iterator[AbstractContextManager[Contender]]:
    yield contenders.noop(NOOP)
    yield contenders.own(EVERYTHING)
    yield contenders.own(UNLEDGERED, ledger=False)
    yield contenders.own(SHADOWED, shadow=True)
    yield contenders.mlflow(MLFLOW)


def _measure(running: list[Contender], rounds: int, seconds: float, console: Console) -> dict[str, dict[str, Any]]:
    closed: dict[str, list[Outcome]] = {contender.name: [] for contender in running}
    opened: dict[str, list[Outcome]] = {contender.name: [] for contender in running}
    with console.status("measuring") as status:
        for number in range(rounds):
            for contender in running:
                status.update(f"round {number + 1} of {rounds}: {contender.name}")
                outcome = run_on_uvloop(closed_loop(contender.target, CONNECTIONS, seconds))
                closed[contender.name].append(outcome)
                rate = max(outcome.rate / 2, 1.0)
                opened[contender.name].append(
                    run_on_uvloop(open_loop(contender.target, rate, 4 * CONNECTIONS, seconds))
                )
    return {c.name: _figures(c, closed[c.name], opened[c.name]) for c in running}


def _figures(contender: Contender, closed: list[Outcome], opened: list[Outcome]) -> dict[str, Any]:
    def median(outcomes: list[Outcome], name: str) -> float:
        return round(statistics.median(outcome.quantiles[name] for outcome in outcomes), 3)

    return {
        "requests_per_second": round(statistics.median(outcome.rate for outcome in closed), 1),
        "closed_ms": {name: median(closed, name) for name in ("p50", "p99")},
        "open_ms_at_half_load": {name: median(opened, name) for name in ("p50", "p99", "p999")},
        "failed": sum(o.broken + sum(c for s, c in o.statuses.items() if s != 200) for o in [*closed, *opened]),
        "unsent": sum(outcome.unsent for outcome in opened),
        "memory_mib": round(contender.server.memory_mib),
        "ready_seconds": round(contender.server.ready_seconds, 2),
        "rounds": [outcome.figures() for outcome in [*closed, *opened]],
    }


def _ratios(results: dict[str, dict[str, Any]]) -> dict[str, float]:
    rate = {name: figures["requests_per_second"] for name, figures in results.items()}
    return {
        "everything_to_noop": round(rate[EVERYTHING] / rate[NOOP], 3),
        "no_ledger_to_noop": round(rate[UNLEDGERED] / rate[NOOP], 3),
        "everything_to_mlflow": round(rate[EVERYTHING] / rate[MLFLOW], 1),
    }


def _blocks(contenders: Contenders, running: list[Contender], seconds: float) -> dict[str, float]:
    """Rows a second in blocks of a thousand: over HTTP, everything on, and through the compiled model alone."""
    server = next(contender.server for contender in running if contender.name == EVERYTHING)
    rows = [orjson.loads(body) for body in contenders.bodies]
    body = orjson.dumps([rows[place % len(rows)] for place in range(BLOCK)])
    outcome = run_on_uvloop(closed_loop(post(server.url + "/v1/predict", [body]), 1, seconds))
    example = contenders.bundle.manifest.example
    numbers = np.array([example.numbers] * BLOCK, dtype=np.float32)
    categories = np.array([example.categories] * BLOCK, dtype=object)
    took = []
    for _ in range(50):
        began = time.perf_counter()
        contenders.bundle.score(numbers, categories)
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
