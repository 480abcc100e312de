"""The command that scores a file: ``score``."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answer import Answer, near
from cli.environment import prepare
from cli.naming import find
from cli.train import Problem, display

if TYPE_CHECKING:
    from pipelines.score import Order, Outcome
    from understudy.bundle import Bundle
    from understudy.settings import Settings

Chosen = tuple["Bundle", int | None]
SHOWN = 5


class EngineName(StrEnum):
    """As ``pipelines.score.engines.Engine``."""

    local = "local"
    dask = "dask"


def score(
    problem: Problem,
    source: Annotated[Path, typer.Option("--input", help="Parquet file with one request in each row.")],
    target: Annotated[Path, typer.Option("--output", help="Parquet file to write.")],
    version: Annotated[
        str | None, typer.Option(help="problem/number, problem@alias, or a number; default: what serves.")
    ] = None,
    bundle: Annotated[Path | None, typer.Option(help="A bundle's folder, in place of a registered version.")] = None,
    engine: Annotated[EngineName | None, typer.Option(help="Who does the work; default: UNDERSTUDY_ENGINE.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler; default: UNDERSTUDY_SCHEDULER, or this machine.")
    ] = None,
) -> Answer:
    """Score a file of requests, larger than memory if need be, with features as of each row's time.

    The bundle is the deployed champion's, or that of the registry where nothing is deployed. A run that is stopped
    goes on when the same command is given again.
    """
    settings = prepare()
    from pipelines.job import Job
    from pipelines.score import Order
    from pipelines.score import score as run
    from understudy.problem import load_problem

    job = Job(spec=load_problem(settings.problems, problem), settings=settings)
    with _chosen(settings, problem, version, bundle) as (loaded, number):
        engine_name, address = engine or settings.engine, settings.scheduler if scheduler is None else scheduler
        order = Order(source, target, loaded, number, EngineName(engine_name).value, address)
        outcome = run(job, order, display())
    return Answer(_value(order, outcome), _shown(order, outcome))


@contextmanager
def _chosen(settings: "Settings", problem: str, version: str | None, folder: Path | None) -> Iterator[Chosen]:
    from tempfile import TemporaryDirectory

    from understudy.bundle import Bundle
    from understudy.errors import BundleError

    if version and folder:
        raise BundleError("--version and --bundle both say what to score with.", "Give one of them.")
    if folder:
        yield Bundle.load(folder), None
        return
    with TemporaryDirectory(prefix="understudy-") as aside:
        copy = Path(aside) / "bundle"
        number = _deployed(settings, problem, copy) if version is None else None
        if number is None:
            number = _registered(settings, problem, version or f"{problem}@champion", copy)
        yield Bundle.load(copy), number


def _deployed(settings: "Settings", problem: str, copy: Path) -> int | None:
    """Fetch the champion that serves, without the registry's client; none where nothing is deployed."""
    from understudy.adapters import open_bundle_store, open_deployment_log

    deployment = open_deployment_log(settings).newest(problem)
    if deployment is None:
        return None
    open_bundle_store(settings).fetch(deployment.champion.digest, copy)
    return deployment.champion.version


def _registered(settings: "Settings", problem: str, version: str, copy: Path) -> int:
    from understudy.adapters import open_registry

    registry = open_registry(settings)
    found = find(registry, version, problem)
    registry.fetch(found.problem, found.number, copy)
    return found.number


def _value(order: "Order", outcome: "Outcome") -> dict[str, Any]:
    facts = outcome.facts
    return {
        "problem": order.bundle.manifest.problem,
        "version": order.version,
        "bundle": order.bundle.digest,
        "output": str(order.output),
        "rows": facts.rows,
        "positive": facts.positive,
        "mean_score": facts.total / facts.rows,
        "missing": facts.missing,
        "unseen": facts.unseen,
        "engine": order.engine,
        "parts": outcome.parts,
        "parts_kept": outcome.kept,
        "clock_times_computed": outcome.computed,
        "seconds": round(outcome.seconds, 3),
        "rows_per_second": round(outcome.rows_per_second),
    }


def _shown(order: "Order", outcome: "Outcome") -> list[Any]:
    from pipelines.running.display import clock

    facts, manifest = outcome.facts, order.bundle.manifest
    by = f"version {manifest.problem}/{order.version}" if order.version else f"the bundle {manifest.digest[:12]}"
    kept = f", {outcome.kept} of {outcome.parts} parts kept from an earlier run" if outcome.kept else ""
    unseen = ", ".join(f"{name} in {rows:,} rows" for name, rows in facts.unseen.items())
    rate = f"{outcome.rows_per_second:,.0f} rows/s{kept}"
    mean = facts.total / facts.rows
    lines = [
        f"{facts.rows:,} rows scored by {by} in {clock(outcome.seconds)} ({rate}): {near(order.output)}",
        f"{facts.positive:,} reach the threshold of {manifest.threshold:.4g}; the mean is {mean:.4g}.",
    ]
    return [*lines, f"Categories that training did not hold: {unseen}."] if unseen else lines
