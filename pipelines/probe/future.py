"""A feature that changes when what became known after prediction time is blanked."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.probe.finding import Finding
from understudy.problem import ProblemSpec

BLOCKS = 6
MOST_PER_MOMENT = 25
TOLERANCE = 1e-5
"""Relative; inputs are float32."""


def sample_moments(times: NDArray[np.datetime64], blocks: int = BLOCKS) -> NDArray[np.int64]:
    """Places of a few rows that stand for all hours and seasons and share their moments.

    History is cut into blocks of equal rows; each gives the rows of its busiest moment and of one moment that
    lies further into each next block, so that the sample does not keep to one hour of the day.

    Args:
        times: prediction times, sorted, shape (n,).

    Returns:
        Sorted places, at most 50 for each block.
    """
    chosen: set[int] = set()
    for number, block in enumerate(np.array_split(np.arange(len(times)), blocks)):
        if not len(block):
            continue
        moments, counts = np.unique(times[block], return_counts=True)
        drift = block[int(len(block) * (number + 0.5) / blocks)]
        for moment in (moments[np.argmax(counts)], times[drift]):
            chosen.update(block[times[block] == moment][:MOST_PER_MOMENT].tolist())
    return np.array(sorted(chosen), dtype=np.int64)


def known_in_time(spec: ProblemSpec) -> ProblemSpec:
    """The same problem, in which rows of an event table that says not from when they are known are known at their time.

    The main table is left alone: what is asked about later may well be planned, and so known, now.
    """
    tables = {
        name: table if name == spec.main or table.known_at else table.model_copy(update={"known_at": table.time})
        for name, table in spec.tables.items()
    }
    return spec.model_copy(update={"tables": tables})


def changed_features(stored: pa.Table, recomputed: Iterable[Mapping[str, Any]], spec: ProblemSpec) -> list[Finding]:
    """Compare inputs as stored with inputs from nothing but what was known; each share of changed rows should be 0.

    Args:
        stored: id and inputs of the sampled rows, from the features.
        recomputed: the same rows as ``understudy.features.recompute`` yields them.
    """
    names = [item.name for item in spec.inputs]
    before = {row[spec.id]: row for row in stored.select([spec.id, *names]).to_pylist()}
    changes: dict[str, list[tuple[Any, Any, Any]]] = {name: [] for name in names}
    for after in recomputed:
        row = before[after[spec.id]]
        for name in names:
            if not _same(row[name], after[name]):
                changes[name].append((after[spec.id], row[name], after[name]))
    return [_finding(name, rows, len(before)) for name, rows in changes.items()]


def _finding(name: str, rows: list[tuple[Any, Any, Any]], total: int) -> Finding:
    detail = f"{name!r} changes in {len(rows)} of {total} sampled rows when facts known later are blanked."
    if rows:
        row, before, after = rows[0]
        detail += f" In row {row!r} it is {_shown(before)} with the future and {_shown(after)} without."
    return Finding("reads_future", name, len(rows) / max(1, total), 0.0, bool(rows), detail)


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, str) or isinstance(after, str):
        return str(before or "") == str(after or "")
    one, other = _number(before), _number(after)
    return bool(np.isclose(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True))


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) else f"{_number(value):.6g}"
