"""How a shadow's answers differ from the champion's, and how good both are where it is known."""

from typing import Any

import numpy as np

from monitoring.shadows.pairs import Pairs, Side
from monitoring.window.figures import known
from understudy.problem import ProblemSpec
from understudy.statistics.bootstrap import Resample, percentile_interval
from understudy.statistics.decisions import decision_costs
from understudy.statistics.metrics import Array, FloatArray, roc_auc

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BARS = 41
"""Of the histogram; odd, so that no difference at all has a bar of its own."""
CELLS = 24
SAME = 1e-7
"""Range within which float32 scores count as one value."""
SPEEDS = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}


def decisions(pairs: Pairs, resample: Resample) -> dict[str, Any]:
    """How often the two decide alike, with its interval, and in which of the four ways they do not or do."""
    ours, theirs = pairs.ours.decision == 1, pairs.theirs.decision == 1
    return {
        "agreement": resample.ratio(1.0 - pairs.disagree).json(),
        "both": int((ours & theirs).sum()),
        "only_shadow": int((ours & ~theirs).sum()),
        "only_champion": int((~ours & theirs).sum()),
        "neither": int((~ours & ~theirs).sum()),
    }


def scores(pairs: Pairs, resample: Resample) -> dict[str, Any]:
    """The distribution of the shadow's score less the champion's."""
    gap = pairs.gap
    reach = float(np.abs(gap).max())
    return {
        "mean": resample.ratio(gap).json(),
        "mean_apart": resample.ratio(np.abs(gap)).json(),
        "largest": reach,
        "quantiles": {f"{q:g}": float(np.quantile(gap, q)) for q in QUANTILES},
        "correlation": _correlation(pairs.ours.score, pairs.theirs.score),
        "histogram": _histogram(gap),
        "grid": _grid(pairs),
    }


def speeds(pairs: Pairs) -> dict[str, Any]:
    """Latencies: of live rows from request to answer, of the shadow in the model alone."""
    return {name: _speed(side) for name, side in (("champion", pairs.theirs), ("shadow", pairs.ours))}


def quality(pairs: Pairs, spec: ProblemSpec) -> dict[str, Any]:
    """Cost per 1,000, Brier score and ROC AUC of both on labelled pairs, and their paired differences."""
    resample = pairs.resample(spec.evaluation.bootstrap, spec.seed)
    y, sides = pairs.y, {"champion": pairs.theirs, "shadow": pairs.ours}
    paid = {side: 1000.0 * decision_costs(y, said.decision, spec.costs) for side, said in sides.items()}
    error = {side: (said.score - y) ** 2 for side, said in sides.items()}
    return {
        "cost": _means(paid, pairs.dearer(spec.costs), resample),
        "brier": _means(error, pairs.blurrier, resample),
        "roc_auc": _ranking(y, pairs.theirs.score, pairs.ours.score, resample),
    }


def by_day(pairs: Pairs, spec: ProblemSpec) -> list[dict[str, Any]]:
    """Each span of the problem's clock by itself: agreement, mean difference, and cost where labels are in."""
    return [_day(pairs.where(pairs.span == span), spec) for span in np.unique(pairs.span)]


def _day(some: Pairs, spec: ProblemSpec) -> dict[str, Any]:
    labelled = some.labelled
    return {
        "since": some.moment[0].item().isoformat(),
        "rows": len(some),
        "labelled": len(labelled),
        "agreement": 1.0 - float(some.disagree.mean()),
        "mean": float(some.gap.mean()),
        "dearer": float(labelled.dearer(spec.costs).mean()) if len(labelled) else None,
    }


def _ranking(y: Array, theirs: FloatArray, ours: FloatArray, resample: Resample) -> dict[str, Any]:
    first, second = resample.roc_aucs(y, theirs), resample.roc_aucs(y, ours)
    values = roc_auc(y, theirs), roc_auc(y, ours)
    return {
        "champion": percentile_interval(values[0], first).json(),
        "shadow": percentile_interval(values[1], second).json(),
        "difference": percentile_interval(values[1] - values[0], second - first).json(),
    }


def _means(values: dict[str, FloatArray], difference: FloatArray, resample: Resample) -> dict[str, Any]:
    return {name: resample.ratio(one).json() for name, one in (values | {"difference": difference}).items()}


def _speed(side: Side) -> dict[str, float | None]:
    return {name: known(float(np.quantile(side.latency, q))) for name, q in SPEEDS.items()}


def _correlation(ours: FloatArray, theirs: FloatArray) -> float | None:
    """Pearson's; None where one of them is a constant."""
    if len(ours) < 2 or min(np.ptp(ours), np.ptp(theirs)) < SAME:
        return None
    return known(float(np.corrcoef(ours, theirs)[0, 1]))


def _histogram(gap: FloatArray) -> dict[str, list[float]]:
    """Shares of rows, even bars around 0; what lies beyond the outer half percent counts in the last ones."""
    reach = max(float(np.quantile(np.abs(gap), 0.995)), 1e-6)
    edges = np.linspace(-reach, reach, BARS + 1)
    counts = np.histogram(np.clip(gap, -reach, reach), edges)[0]
    return {"edges": edges.tolist(), "shares": (counts / len(gap)).tolist()}


def _grid(pairs: Pairs) -> dict[str, Any]:
    """Counts by the champion's score (rows) and the shadow's (columns), even cells up to the largest usual score."""
    ours, theirs = pairs.ours.score, pairs.theirs.score
    top = max(float(np.quantile(np.concatenate([ours, theirs]), 0.999)), 1e-6)
    edges = np.linspace(0.0, top, CELLS + 1)
    counts = np.histogram2d(np.clip(theirs, 0, top), np.clip(ours, 0, top), [edges, edges])[0]
    return {"top": top, "counts": counts.astype(int).tolist()}
