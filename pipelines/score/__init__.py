"""Scoring a file of requests with a registered bundle, part by part: larger than memory, and resumable.

A part is a run of rows. Its features are joined as of each row's own time, from the same views and functions as in
training and in serving, and its scores are written aside as one Parquet file. A killed run goes on with the parts
that it lacks; the output appears whole, once all are there.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipelines.job import Job
from pipelines.running.display import Display, Silent, State
from pipelines.score.engines import Engine, run_parts
from pipelines.score.facts import Facts
from pipelines.score.part import Part, Work
from pipelines.score.partial import Partial
from pipelines.score.source import Source, open_source, stamp
from pipelines.score.views import lay_out, table_hashes, ticks_of
from understudy.bundle import Bundle
from understudy.errors import BundleError, DataError
from understudy.features.code import code_hash
from understudy.features.plan import Plan, make_plan
from understudy.files import sha256_file
from understudy.turn import turn

PART = 50_000
"""Most rows of a part: half a second of work, and what a thread holds in memory."""
SHARED_OUT = 8
"""Parts that a smaller file is cut into, so that no thread waits long for the last one,"""
WORTHWHILE = 20_000
"""unless they would have fewer rows than this."""
ROWS_WRITTEN = 2e6
"""Rows of scores that are gathered into one file in a second, roughly: for the time that is left."""
STEPS = ("prepare", "score", "write")
TRAIN = "`understudy train` makes a bundle by the code that is here."


@dataclass(frozen=True)
class Order:
    """What to score, and by whom."""

    input: Path
    output: Path
    bundle: Bundle
    version: int | None = None
    """Number under which the bundle is registered; none for a bundle from a folder."""
    engine: Engine = "local"
    scheduler: str = ""
    rows: int = PART
    """Most rows of a part."""


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    facts: Facts
    parts: int
    kept: int
    """Parts that an earlier run had finished."""
    computed: int
    """Clock times at which views had to be computed, over all views."""
    seconds: float
    rows_per_second: float
    """Of the rows that this run scored, from start to end."""


def score(job: Job, order: Order, display: Display | None = None) -> Outcome:
    """Write the scores of ``order.input`` to ``order.output``, in the order of its rows.

    The columns are the id and the event time under their own names, ``score`` (float32), ``decision``, ``version``
    and ``flags`` (how many inputs hold a category that training did not).

    Raises:
        DataError: the input is missing, damaged, or not what the problem declares; or the tables are missing.
        BundleError: the bundle is for another problem, or for features that this checkout does not make.
        MachineError: the disk is full, another run writes the same output, or the cluster cannot be reached.
    """
    started, display = time.monotonic(), display or Silent()
    plan = make_plan(job.spec)
    _require_fit(job, order.bundle, plan)
    order = replace(order, input=order.input.absolute(), output=order.output.absolute())
    _require_place(order)
    source = open_source(order.input, job.spec, plan)
    with turn(job.settings.home, f"{order.output.name}-{sha256(bytes(order.output)).hexdigest()[:8]}"):
        return _Run(replace(job, progress=display.progress), order, source, display, started).outcome()


class _Run:
    def __init__(self, job: Job, order: Order, source: Source, display: Display, started: float) -> None:
        self.job, self.order, self.source, self.started = job, order, source, started
        self.display = display
        self.partial = Partial(order.output)
        self.parts = parts_of(source.rows, order.rows)

    def outcome(self) -> Outcome:
        self.display.open(STEPS, frozenset(), {"write": self.source.rows / ROWS_WRITTEN})
        try:
            with self._step("prepare"):
                computed = self._prepare()
            kept = {part for part in self.parts if self.partial.has(part)}
            with self._step("score"):
                self._score([part for part in self.parts if part not in kept])
            with self._step("write"):
                facts = self._write()
        finally:
            self.display.close()
        seconds = time.monotonic() - self.started
        scored = self.source.rows - sum(part.rows for part in kept)
        return Outcome(facts, len(self.parts), len(kept), computed, seconds, scored / seconds)

    def _prepare(self) -> int:
        tables = table_hashes(self.job) if self.job.spec.features.views else {}
        ticks = ticks_of(self.job.spec, self.source)
        self.partial.begin(self._record(tables), self.order.bundle)
        views = self.partial.folder / "views"
        return 0 if views.is_dir() else lay_out(self.job, ticks, tables, views)

    def _record(self, tables: dict[str, str]) -> dict[str, Any]:
        return {
            "input": sha256_file(self.order.input),
            "bundle": self.order.bundle.digest,
            "version": self.order.version,
            "tables": tables,
            "bounds": [*(part.start for part in self.parts), self.source.rows],
        }

    def _score(self, ahead: Sequence[Part]) -> None:
        work = Work(self.job.spec, self.source, self.partial.folder, self.order.version)
        begun, done, rows = time.monotonic(), 0, sum(part.rows for part in ahead)
        for part in run_parts(self.order.engine, self.order.scheduler, work, ahead, self.job.settings.threads):
            done += part.rows
            scored, rate = self.source.rows - rows + done, done / (time.monotonic() - begun)
            self.display.progress(done / rows, f"{scored:,} of {self.source.rows:,} rows, {rate:,.0f} rows/s")

    def _write(self) -> Facts:
        if self.source.stamp != stamp(self.order.input):
            raise DataError(
                f"{self.order.input.name} was changed while it was read.", "Run the same command again: it starts anew."
            )
        manifest = self.order.bundle.manifest
        about = {
            "problem": manifest.problem,
            "bundle": manifest.digest,
            "version": str(self.order.version or ""),
            "threshold": repr(manifest.threshold),
        }
        return self.partial.assemble(self.parts, about, self.display.progress)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        state: State = "failed"
        self.display.start(name)
        try:
            yield
            state = "done"
        finally:
            self.display.end(name, state, time.monotonic() - begun)


def parts_of(rows: int, most: int = PART) -> tuple[Part, ...]:
    """Runs of at most ``most`` rows, as equal as can be."""
    count = max(math.ceil(rows / most), min(SHARED_OUT, math.ceil(rows / WORTHWHILE)))
    starts = [number * rows // count for number in range(count + 1)]
    return tuple(Part(number, start, stop - start) for number, (start, stop) in enumerate(pairwise(starts)))


def _require_fit(job: Job, bundle: Bundle, plan: Plan) -> None:
    manifest = bundle.manifest
    if manifest.problem != job.spec.name:
        raise BundleError(f"The bundle is of the problem {manifest.problem}, not {job.spec.name}.", "Name another.")
    here = (code_hash(job.spec, job.settings.root), plan.numbers, plan.categories)
    if here != (manifest.features.code_hash, manifest.inputs.number_names, manifest.inputs.category_names):
        raise BundleError(f"The bundle reads features that this checkout of {job.spec.name} makes otherwise.", TRAIN)


def _require_place(order: Order) -> None:
    if order.output.is_dir() or not order.output.parent.is_dir():
        raise DataError(f"{order.output} cannot be written.", "Name a file in a folder that exists.")
    if order.output.exists() and order.output.samefile(order.input):
        raise DataError(f"{order.output} is the input.", "Name another file for the scores.")
