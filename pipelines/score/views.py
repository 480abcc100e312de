"""The views that a file of requests reads: what featurize saved of them, and the clock times that it did not cover."""

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.job import Job
from pipelines.score.source import Cursor, Source
from understudy.errors import DataError
from understudy.features.clock import Times, tick_before
from understudy.features.code import code_hash
from understudy.features.offline import as_column
from understudy.features.views import open_views
from understudy.files import read_json, replacing_folder, sha256_file
from understudy.problem import ProblemSpec, View

Ticks = dict[str, Times]
"""Distinct clock times by cadence, rising."""
Hashes = dict[str, str]


class SavedViews:
    """Views in a folder, each in one or two Parquet files: see ``lay_out``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def between(self, view: View, first: np.datetime64, last: np.datetime64) -> Iterator[pa.Table]:
        """A view's rows from one clock time to another, and others that share a row group with them."""
        for path in sorted((self._folder / view.name).iterdir()):
            with pq.ParquetFile(path, read_dictionary=list(view.keys)) as file:
                for group in range(file.num_row_groups):
                    if _overlaps(file, group, first, last):
                        yield file.read_row_group(group, use_threads=False)


def ticks_of(spec: ProblemSpec, source: Source) -> Ticks:
    """The clock times at which some request reads a view.

    Raises:
        DataError: a request has no event time.
    """
    if source.event_time is None or not spec.features.views:
        return {}
    ticks: Ticks = {}
    row = 0
    for batch in Cursor(source, (source.event_time,)).batches():
        times = batch.column(0)
        if times.null_count:
            row += np.flatnonzero(times.is_null())[0] + 1
            raise DataError(
                f"{source.event_time} is missing in row {row:,} of {source.path.name}.",
                "Features are those of a moment: give each request its time.",
            )
        row += batch.num_rows
        ticks = _joined(ticks, _ticks(spec, times))
    return ticks


def table_hashes(job: Job) -> Hashes:
    """SHA-256 of each validated table: what views are computed from.

    Raises:
        DataError: there are none.
    """
    try:
        return {name: sha256_file(_table(job, name)) for name in job.spec.tables}
    except FileNotFoundError as error:
        raise DataError(
            f"The views of {job.spec.name} need its tables, and {error.filename} is missing.",
            f"`understudy train --problem {job.spec.name}` makes it, or `dvc checkout` brings it back.",
        ) from error


def lay_out(job: Job, ticks: Ticks, tables: Hashes, target: Path) -> int:
    """Gather what ``SavedViews`` reads: the views that featurize saved, and the rest computed now.

    What featurize saved serves if it was made from these tables by this code.

    Returns:
        How many clock times were computed, over all views.
    """
    covered = _covered(job, tables) if ticks else {}
    lacking = {every: np.setdiff1d(times, covered.get(every, times[:0])) for every, times in ticks.items()}
    with replacing_folder(target) as out:
        for view in job.spec.features.views:
            (out / view.name).mkdir()
            if covered:
                _link(job.input("featurize", f"views/{view.name}.parquet"), out / view.name / "saved.parquet")
        views = [view for view in job.spec.features.views if len(lacking[view.every])]
        if views:
            _compute(job, views, lacking, out)
    return sum(len(lacking[view.every]) for view in views)


def _compute(job: Job, views: Iterable[View], ticks: Ticks, out: Path) -> None:
    tables = {name: pq.read_table(_table(job, name)) for name in job.spec.tables}
    with open_views(job.spec, job.settings.root, tables, job.settings.threads) as opened:
        for view in views:
            job.progress(0.5, f"view {view.name} at {len(ticks[view.every]):,} clock times")
            opened.compute(view, ticks[view.every])
            opened.save(view, out / view.name / "computed.parquet")


def _covered(job: Job, tables: Hashes) -> Ticks:
    """The clock times of the saved views; none if they were made from other tables or by other code."""
    facts_file = job.input("featurize", "featurize.json")
    facts = read_json(facts_file) if facts_file.is_file() else {}
    if facts.get("tables") != tables or facts.get("code_hash") != code_hash(job.spec, job.settings.root):
        return {}
    return _ticks(job.spec, pq.read_table(_table(job, job.spec.main), columns=[job.spec.event_time]).column(0))


def _ticks(spec: ProblemSpec, times: pa.Array | pa.ChunkedArray) -> Ticks:
    distinct = as_column(times.unique(), "time")
    return {every: np.unique(tick_before(distinct, every)) for every in {view.every for view in spec.features.views}}


def _joined(one: Ticks, other: Ticks) -> Ticks:
    return {every: np.union1d(one[every], times) if every in one else times for every, times in other.items()}


def _overlaps(file: pq.ParquetFile, group: int, first: np.datetime64, last: np.datetime64) -> bool:
    at = file.metadata.row_group(group).column(file.schema_arrow.get_field_index("at")).statistics
    return at is None or not at.has_min_max or bool(at.max >= first.item() and at.min <= last.item())


def _link(file: Path, target: Path) -> None:
    """Hold on to a file that a training run may replace meanwhile."""
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _table(job: Job, name: str) -> Path:
    return job.input("validate", f"{name}.parquet")
