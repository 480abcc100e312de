"""A champion's answers and what a shadow made of the same requests, joined by request."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitoring.window.judged import blocks_of
from monitoring.window.read import column_of
from understudy.problem.decision import Costs
from understudy.statistics.bootstrap import Resample
from understudy.statistics.decisions import decision_costs
from understudy.statistics.metrics import Array, FloatArray

FEWEST_BLOCKS = 3
"""Spans of time below which nothing is proven, and figures are resampled by runs of rows."""
FOREVER = timedelta(days=365_000)


@dataclass(frozen=True)
class Side:
    """What one of the two said; every array has one entry for each pair."""

    score: FloatArray
    decision: NDArray[np.int64]
    """1 where it flagged the row, by its own threshold."""
    latency: FloatArray
    """Milliseconds: of a live row from request to answer, of a shadow's in the model alone."""

    def where(self, kept: Array) -> "Side":
        return Side(self.score[kept], self.decision[kept], self.latency[kept])


@dataclass(frozen=True)
class Pairs:
    """Requests that both have scored, in the order of the problem's clock."""

    theirs: Side
    """The champion's."""
    ours: Side
    """The shadow's."""
    y: FloatArray
    """What came true; NaN where it is not known yet."""
    moment: Array
    """By the problem's clock, ``datetime64[us]``."""
    span: NDArray[np.int64]
    """Number of the span of time that the row lies in."""
    places: NDArray[np.intp]
    """Of the rows, in the table of live answers."""

    def __len__(self) -> int:
        return len(self.y)

    @property
    def gap(self) -> FloatArray:
        """The shadow's score less the champion's."""
        gap: FloatArray = self.ours.score - self.theirs.score
        return gap

    @property
    def disagree(self) -> FloatArray:
        """1 where the decisions differ."""
        return np.not_equal(self.ours.decision, self.theirs.decision).astype(np.float64)

    @property
    def labelled(self) -> "Pairs":
        """Those whose label is known."""
        return self.where(~np.isnan(self.y))

    @property
    def spans(self) -> int:
        return len(np.unique(self.span))

    def resample(self, repeats: int, seed: int) -> Resample:
        """Draws of whole spans of time; of runs of rows where they lie in too few spans."""
        few = self.spans < FEWEST_BLOCKS
        return Resample(blocks_of(self.moment, FOREVER) if few else self.span, repeats, seed)

    def dearer(self, costs: Costs) -> FloatArray:
        """The shadow's cost less the champion's, per 1,000 decisions; of labelled pairs."""
        ours, theirs = (decision_costs(self.y, side.decision, costs) for side in (self.ours, self.theirs))
        return 1000.0 * (ours - theirs)

    @property
    def blurrier(self) -> FloatArray:
        """The shadow's squared error less the champion's; of labelled pairs."""
        difference: FloatArray = (self.ours.score - self.y) ** 2 - (self.theirs.score - self.y) ** 2
        return difference

    def where(self, kept: Array) -> "Pairs":
        theirs, ours = self.theirs.where(kept), self.ours.where(kept)
        return Pairs(theirs, ours, self.y[kept], self.moment[kept], self.span[kept], self.places[kept])


@dataclass(frozen=True)
class Rehearsal:
    """All that became of the requests that a shadow was offered."""

    pairs: Pairs
    offered: int
    """Requests that the champion answered while the shadow stood beside it."""
    failures: Mapping[str, int]
    """Shadow rows without a score, by error."""
    missing: int
    """Offered requests that the shadow has no row for: the server dropped them, or they are not stored yet."""

    @property
    def failed(self) -> int:
        return sum(self.failures.values())


def rehearsal(
    live: pa.Table,
    shadows: pa.Table,
    champion: int,
    shadow: int,
    block: timedelta,
    revisions: Collection[int] | None = None,
) -> Rehearsal:
    """Join what a shadow said to the live answers of the champion.

    Args:
        live, shadows: as ``monitoring.window.read.ANSWERS``.
        champion, shadow: versions.
        block: span of time that is resampled as a whole.
        revisions: those in which the shadow was placed; none for all in which it has a row.
    """
    said = shadows.filter(pc.equal(shadows["version"], shadow))
    served = pc.unique(said["revision"]).to_pylist() if revisions is None else list(revisions)
    answered = pc.and_(pc.equal(live["version"], champion), pc.is_in(live["revision"], pa.array(served, pa.int32())))
    offered = np.flatnonzero(answered.to_numpy())
    names = live["id"].take(pa.array(offered))
    found = pc.index_in(said["live"], value_set=names).to_numpy(zero_copy_only=False).astype(np.float64)
    mine = said.filter(pa.array(~np.isnan(found)))
    places = offered[found[~np.isnan(found)].astype(np.intp)]
    failures = Counter(error or "no score" for error in mine.filter(pc.is_null(mine["score"]))["error"].to_pylist())
    pairs = _pairs(live, mine, places, block)
    return Rehearsal(pairs, len(offered), dict(failures.most_common()), len(offered) - len(np.unique(places)))


def _pairs(live: pa.Table, said: pa.Table, places: NDArray[np.intp], block: timedelta) -> Pairs:
    scored = ~np.isnan(column_of(said, "score")) & ~np.isnan(column_of(live, "score")[places])
    order = np.flatnonzero(scored)[np.argsort(places[scored], kind="stable")]
    theirs, ours = live.take(pa.array(places[order])), said.take(pa.array(order))
    label, moment = column_of(theirs, "label"), column_of(theirs, "moment")
    y = np.where(np.isnan(label), np.nan, label >= 0.5)
    span = (moment - np.datetime64(0, "us")) // np.timedelta64(block)
    return Pairs(_side(theirs), _side(ours), y, moment, np.asarray(span, dtype=np.int64), places[order])


def _side(rows: pa.Table) -> Side:
    decision = column_of(rows, "decision").astype(np.int64)
    return Side(column_of(rows, "score"), decision, column_of(rows, "latency_ms"))
