"""Scoring one part of a file: the same code in a thread here and on a cluster."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.score.facts import Facts, missing_values, unseen_categories
from pipelines.score.source import Cursor, Source
from pipelines.score.views import SavedViews
from understudy.bundle import Bundle
from understudy.bundle.scorer import FloatArray
from understudy.errors import DataError
from understudy.features.offline import columns_of
from understudy.features.plan import Array, make_plan
from understudy.files import naming_a_full_disk
from understudy.problem import ProblemSpec

BLOCK = 1_000
"""Rows that go through the model at a time. Its rate is the same from 100 rows to 28,000; few stay in the cache."""

_thread = threading.local()


@dataclass(frozen=True)
class Part:
    """A run of rows."""

    number: int
    start: int
    rows: int

    @property
    def file(self) -> str:
        return f"part-{self.number:05d}.parquet"


@dataclass(frozen=True)
class Work:
    """What every part of a file needs; can be sent to another process that sees the same folders."""

    spec: ProblemSpec
    source: Source
    folder: Path
    """Holds the folders ``bundle`` and ``views``, and gets the parts' files."""
    version: int | None


class Worker:
    """Scores parts one after another; for one thread."""

    def __init__(self, work: Work) -> None:
        """Open the bundle and the file of requests.

        Raises:
            BundleError: the bundle is not whole.
        """
        self._work, self._plan = work, make_plan(work.spec)
        self._bundle = Bundle.load(work.folder / "bundle")
        self._cursor = Cursor(work.source)
        self._views = SavedViews(work.folder / "views")

    def score(self, part: Part) -> Part:
        """Write the part's file, whole or not at all.

        Raises:
            DataError: the input is damaged, or holds a number that is not finite.
            MachineError: the disk is full.
        """
        requests = self._cursor.read(part.start, part.rows)
        columns = columns_of(self._work.spec, self._plan, self._views.between, requests)
        self._require_finite(columns, part)
        tensors = self._plan.tensors(columns)
        table = self._scored(requests, tensors.numbers, tensors.categories)
        target = self._work.folder / part.file
        aside = target.with_suffix(".aside")
        with naming_a_full_disk(target):
            pq.write_table(table, aside, compression="lz4")
            aside.replace(target)
        return part

    def _scored(self, requests: pa.Table, numbers: FloatArray | None, categories: Array | None) -> pa.Table:
        manifest, version = self._bundle.manifest, self._work.version
        score = self._scores(numbers, categories, len(requests))
        decision = score.astype(np.float64) >= manifest.threshold
        unseen = unseen_categories(self._plan, manifest.reference, categories)
        columns: dict[str, Any] = {
            name: requests.column(name) for name in (self._work.source.id, self._work.source.event_time) if name
        }
        columns |= {
            "score": score,
            "decision": decision,
            "version": pa.array([version], pa.int32()).take(pa.array(np.zeros(len(score), np.int32))),
            "flags": sum(unseen.values(), np.zeros(len(score), np.int16)),
        }
        facts = Facts(
            len(score),
            int(decision.sum()),
            float(score.sum(dtype=np.float64)),
            missing_values(self._plan, numbers, categories),
            {name: int(rows.sum()) for name, rows in unseen.items()},
        )
        return pa.table(columns).replace_schema_metadata(facts.dump())

    def _scores(self, numbers: FloatArray | None, categories: Array | None, rows: int) -> FloatArray:
        scores = np.empty(rows, np.float32)
        for start in range(0, rows, BLOCK):
            block = slice(start, start + BLOCK)
            scores[block] = self._bundle.score(
                None if numbers is None else numbers[block], None if categories is None else categories[block]
            )
        return scores

    def _require_finite(self, columns: Mapping[str, Array], part: Part) -> None:
        for name in self._plan.fields:
            if columns[name].dtype == np.float64 and (infinite := np.isinf(columns[name])).any():
                raise DataError(
                    f"{name} is infinite in row {part.start + int(infinite.argmax()) + 1:,} of "
                    f"{self._work.source.path.name}.",
                    "Leave out what is missing (null), and correct the rest.",
                )


def score_part(part: Part, work: Work) -> Part:
    """Score one part, by the worker of this thread: what it has opened for one part serves the next."""
    if getattr(_thread, "work", None) is not work:
        _thread.work, _thread.worker = work, Worker(work)
    done: Part = _thread.worker.score(part)
    return done
