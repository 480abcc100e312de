"""Parting training rows into folds: forward in time where there is time, else by class or by group."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from pipelines.models.frame import Index, Rows
from understudy.errors import DataError
from understudy.problem import ProblemSpec, parse_span

Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Fold:
    """Positions of the rows that are learned from and of those that are predicted."""

    train: Index
    valid: Index


def is_dated(spec: ProblemSpec) -> bool:
    """Whether the order of time matters: the rows are split by it."""
    return spec.event_time is not None and spec.split.method in ("time", "ordered")


def make_folds(rows: Rows, spec: ProblemSpec) -> list[Fold]:
    """The folds of a problem's training rows, in order of time for a dated problem.

    Raises:
        DataError: a fold lacks one of the classes.
    """
    count = spec.tuning.folds
    if is_dated(spec) and rows.event_time is not None:
        folds = time_folds(rows.event_time, rows.label_time, count, spec.tuning.fold_span)
    elif min(np.bincount(rows.y, minlength=2)) < count:
        raise _too_few(count, "there are fewer rows of the rare class than folds")
    else:
        folds = _drawn_folds(rows, count, spec.seed)
    for number, fold in enumerate(folds, start=1):
        if not all(len(np.unique(rows.y[side])) == 2 for side in (fold.train, fold.valid)):
            raise _too_few(count, f"fold {number} has rows of one class only")
    return folds


def time_folds(event: Times, label: Times | None, count: int, span: str | None) -> list[Fold]:
    """Expanding windows: each fold learns from all that was known when it begins and predicts the next stretch.

    Args:
        event: time of each prediction [rows].
        label: time when each outcome became known [rows]; rows whose outcome came later than the fold's begin are
            left out of its training (purging, López de Prado 2018, chapter 7). A missing time counts as the event's.
        count: number of folds.
        span: length of each fold, counted back from the newest row; none for equal shares of the rows.
    """
    known = event if label is None else np.where(np.isnat(label), event, label)
    limits = fold_limits(event, count, span)
    folds = []
    for start, until in pairwise(limits):
        valid = (event >= start) & (event < until)
        folds.append(Fold(np.flatnonzero((event < start) & (known < start)), np.flatnonzero(valid)))
    return folds


def fold_limits(event: Times, count: int, span: str | None) -> Times:
    """Begin of each fold and the end of the last [count + 1]."""
    end = event.max() + np.timedelta64(1, "ms")
    if span is not None:
        length = np.timedelta64(parse_span(span))
        return np.array([end - length * i for i in range(count, -1, -1)], dtype="datetime64[ms]")
    ordered = np.sort(event)
    starts = [ordered[len(ordered) * i // (count + 1)] for i in range(1, count + 1)]
    return np.array([*starts, end], dtype="datetime64[ms]")


def holdout(rows: Rows, spec: ProblemSpec, share: float = 0.2) -> Fold:
    """One fold: the newest ``share`` of the rows of a dated problem, a stratified draw otherwise.

    Where dates are so coarse that the oldest reaches into that share, all rows after it are held out; rows of one
    date have no order, and are drawn from.
    """
    if is_dated(spec) and rows.event_time is not None and rows.event_time.min() < rows.event_time.max():
        ordered = np.sort(rows.event_time)
        start = max(ordered[int(len(ordered) * (1 - share))], ordered[ordered > ordered[0]][0])
        return Fold(np.flatnonzero(rows.event_time < start), np.flatnonzero(rows.event_time >= start))
    return _drawn_folds(rows, round(1 / share), spec.seed)[0]


def _drawn_folds(rows: Rows, count: int, seed: int) -> list[Fold]:
    kind: Any = StratifiedKFold if rows.group is None else StratifiedGroupKFold
    parts = kind(count, shuffle=True, random_state=seed).split(rows.y, rows.y, rows.group)
    return [Fold(train, valid) for train, valid in parts]


def _too_few(count: int, why: str) -> DataError:
    return DataError(
        f"The training rows do not make {count} folds: {why}.", "Lower tuning.folds or widen tuning.fold_span."
    )
