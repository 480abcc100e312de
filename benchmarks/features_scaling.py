"""How the time and memory of featurize grow with the number of flights.

Usage: ``python -m benchmarks.features_scaling``. Prints a table; writes ``benchmarks/results/features-scaling.json``,
or the file that ``--out`` names. ``--flights 2000`` takes only the first flights, to see that it runs.
Each size runs in a process of its own. The flights of every copy get ids and flight numbers of their own, so that
keys multiply along with rows. Limits: ten times the flights take at most twelve times the time, and fit in 4 GB.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.workspace import ROOT
from pipelines.job import Job
from pipelines.stages import run_stage
from problems.flights import source
from understudy.files import write_json
from understudy.problem import ProblemSpec, load_problem
from understudy.settings import Settings, load_settings

MOST_TIME = 12.0
"""Largest time of ten copies, as a multiple of one."""
MOST_MEMORY = 4.0
"""Largest resident memory of ten copies, in GB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--flights", type=int, help="how many of the flights are copied; default: all")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "features-scaling.json")
    given = parser.parse_args()
    figures = [_alone(copies, given.flights) for copies in (1, given.copies)]
    Console().print(_table(figures))
    write_json(given.out, figures)


def _table(figures: list[dict[str, float]]) -> Table:
    table = Table(title="featurize, flights", caption=f"limits: time x {MOST_TIME:g}, {MOST_MEMORY:g} GB")
    for heading in ("flights", "seconds", "of processor", "GB", "times the first"):
        table.add_column(heading, justify="right")
    for figure in figures:
        shown = [f"{figure[name]:.1f}" for name in ("seconds", "processor", "memory")]
        growth = [figure[name] / figures[0][name] for name in ("seconds", "processor")]
        table.add_row(f"{figure['rows']:,.0f}", *shown, f"{growth[0]:.1f} ({growth[1]:.1f} of processor)")
    return table


def _alone(copies: int, flights: int | None) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
        settings = load_settings(Path(__file__).parent)
        spec = load_problem(settings.problems, "flights")
        job = Job(spec, _Elsewhere(root=settings.root, home=Path(folder), threads=settings.threads))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.apply(_write, (job, copies, flights))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return pool.apply(_measure, (job,))


class _Elsewhere(Settings):
    """The project's own code and views, with the stages' results below ``home``."""

    @property
    def data(self) -> Path:
        return self.home / "data"


def _write(job: Job, copies: int, flights: int | None) -> None:
    folder = job.folder("validate")
    folder.mkdir(parents=True)
    for name, table in source.read(_files(job.spec)).items():
        pq.write_table(_copied(table[:flights], copies) if name == job.spec.main else table, folder / f"{name}.parquet")


def _files(spec: ProblemSpec) -> dict[str, Path]:
    package = spec.source.package
    found = find_spec(package.name) if package else None
    if package is None or found is None or not found.submodule_search_locations:
        raise SystemExit("The flights package is missing; `make setup` installs it.")
    return {name: Path(found.submodule_search_locations[0]) / file.path for name, file in package.files.items()}


def _copied(flights: pa.Table, copies: int) -> pa.Table:
    return pa.concat_tables([_marked(flights, f"-{copy}" if copy else "") for copy in range(copies)])


def _marked(flights: pa.Table, mark: str) -> pa.Table:
    for name in ("id", "flight"):
        place = flights.column_names.index(name)
        flights = flights.set_column(place, name, pc.binary_join_element_wise(flights[name], mark, ""))
    return flights


def _measure(job: Job) -> dict[str, float]:
    start, busy = time.perf_counter(), time.process_time()
    folder = run_stage("featurize", job)
    seconds = time.perf_counter() - start
    rows = pq.read_metadata(folder / "features.parquet").num_rows
    return {"rows": rows, "seconds": seconds, "processor": time.process_time() - busy, "memory": _gigabytes()}


def _gigabytes() -> float:
    """Largest resident memory of this process so far; the kernel counts in bytes on macOS, in KiB elsewhere."""
    unit = 1 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


if __name__ == "__main__":
    main()
