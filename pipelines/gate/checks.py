"""The gate's checks, each a pure function from figures to rows of its table."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.gate.evidence import Evidence
from understudy.errors import BundleError
from understudy.problem.decision import Gates
from understudy.records import GateCheck
from understudy.statistics.bootstrap import Interval, percentile_interval
from understudy.statistics.decisions import decision_costs
from understudy.statistics.metrics import calibration_error, roc_auc

Array = NDArray[Any]
Metrics = Mapping[str, Any]
CONSISTENCY_DRAWS = 200
ALIKE = 1e-6
"""Difference that is none: the champion scores in float32, the new model as it was trained."""


def at_least(name: str, figure: float | None, limit: float | None, about: str) -> GateCheck:
    """Pass where the figure reaches the limit."""
    return _row(name, figure, limit, about, figure is not None and limit is not None and figure >= limit, "at least")


def at_most(name: str, figure: float | None, limit: float | None, about: str) -> GateCheck:
    """Pass where the figure does not exceed the limit."""
    return _row(name, figure, limit, about, figure is not None and limit is not None and figure <= limit, "at most")


def skipped(name: str, figure: float | None, why: str, limit: float | None = None) -> GateCheck:
    return GateCheck(name=name, figure=figure, limit=limit, verdict="skipped", why=why)


def floors(metrics: Metrics, gates: Gates) -> Iterator[GateCheck]:
    """Figures on the test rows against absolute limits."""
    test = metrics["test"]
    for name, check in (("roc_auc", at_least), ("pr_auc", at_least), ("brier", at_most), ("cost_per_1000", at_most)):
        found = test.get(name) or {}
        about = f"on {metrics['rows']:,} test rows{_range(found)}"
        yield check(name, found.get("value"), getattr(gates, name), about)


def calibration(y: Array, score: Array, limit: float | None, seed: int) -> GateCheck:
    """Calibration error against its limit, or against what a perfectly calibrated model would show by chance.

    On few rows even perfect probabilities show an error. The 95th percentile of it comes from drawing the
    outcomes from the scores (consistency resampling; Broecker & Smith 2007, Weather and Forecasting 22).
    """
    error = calibration_error(y, score)
    if limit is None or error <= limit:
        return at_most("calibration_error", error, limit, f"on {len(y):,} test rows")
    rng = np.random.default_rng(seed)
    by_chance = [calibration_error(rng.random(len(score)) < score, score) for _ in range(CONSISTENCY_DRAWS)]
    reached = float(np.quantile(by_chance, 0.95))
    about = f"on {len(y):,} test rows, where chance alone reaches {reached:.4g}"
    return at_most("calibration_error", error, max(limit, reached), about)


def overfitting(metrics: Metrics, limit: float | None) -> GateCheck:
    """ROC AUC on training rows above that on validation rows."""
    train, validation = metrics["train"].get("roc_auc"), metrics["validation"].get("roc_auc")
    gap = None if train is None or validation is None else train - validation
    about = "" if gap is None else f"ROC AUC {train:.4f} on training, {validation:.4f} on validation rows"
    return at_most("train_validation_gap", gap, limit, about)


def baselines(evidence: Evidence, wanted: bool) -> Iterator[GateCheck]:
    """Every baseline is beaten on the same rows: the 95 % intervals of both differences exclude its being better."""
    for name in evidence.baselines if wanted else ():
        score, decision = evidence.baseline(name)
        cost = cost_difference(evidence, decision)
        yield at_most(f"beats_{name}_cost", _known(cost.high), 0.0, f"cost per 1,000, ours minus theirs{_range(cost)}")
        auc = auc_difference(evidence, score)
        yield at_least(f"beats_{name}_roc_auc", _known(auc.low), 0.0, f"ROC AUC, ours minus theirs{_range(auc)}")
    if not wanted:
        yield skipped("beats_baselines", None, "The problem does not ask for it.")


def probabilities(evidence: Evidence) -> Iterator[GateCheck]:
    """The Brier score is not above that of any baseline on the same rows; without baselines, of their own rate.

    The difference itself is held against zero, not an end of its interval: to exclude chance would refuse every third
    model of ROC AUC .8 on sixty rows, and to accept what chance may explain would let worse probabilities through.
    """
    rate = np.full(len(evidence.y), evidence.y.mean())
    theirs = {name: evidence.baseline(name)[0] for name in evidence.baselines} or {"rate": rate}
    for name, score in theirs.items():
        found = brier_difference(evidence, score)
        yield at_most(f"brier_against_{name}", found.value, 0.0, f"Brier score, ours minus theirs{_range(found)}")


def champion(evidence: Evidence, flagged: Array, number: int, limit: float) -> GateCheck:
    """The champion decides the same rows at its own threshold; we fail if we cost more than ``limit`` a decision more.

    What is held against the limit is the lower end of the interval, so chance alone refuses nobody.
    """
    cost = cost_difference(evidence, flagged)
    low = None if np.isnan(cost.low) else cost.low / 1000.0
    about = f"cost per decision, lower end; per 1,000, ours minus version {number}'s{_range(cost)}"
    return at_most("not_worse_than_champion", low, limit, about)


def gain(evidence: Evidence, score: Array, flagged: Array, number: int) -> Iterator[GateCheck]:
    """Probabilities or decisions are better than the champion's on the same rows, and neither is worse, beyond chance.

    Each of the two differences has one chance in forty to seem better when nothing is, so that of retrainings that
    change nothing at most one in twenty passes (Bonferroni 1936).
    """
    found = {"brier": brier_difference(evidence, score), "cost": cost_difference(evidence, flagged)}
    better = [name for name, difference in found.items() if difference.high < -ALIKE]
    for name, difference in found.items():
        named = {"brier": "Brier score", "cost": "cost per 1,000"}[name]
        worse = difference.low > ALIKE
        end = "lower" if worse else "upper"
        about = f"{named}, {end} end; ours minus version {number}'s {difference.value:.4g}{_range(difference)}"
        if better and name not in better and not worse:
            why = f"No worse, and the other figure is better: {about}."
            yield skipped(f"better_than_champion_{name}", _known(difference.high), why, 0.0)
        else:
            figure = _known(difference.low if worse else difference.high)
            yield _row(f"better_than_champion_{name}", figure, 0.0, about, name in better, "below")


def incomparable(number: int, error: BundleError) -> GateCheck:
    """The champion cannot score these rows: only a person can say that the new version is no worse."""
    why = f"Version {number}, the champion, cannot score the test rows. {error.what} Approve by hand if that is meant."
    return GateCheck(name="not_worse_than_champion", figure=None, limit=None, verdict="fail", why=why)


def weakest_segment(metrics: Metrics, limit: float | None) -> GateCheck:
    """Upper end of ROC AUC in the segment where it is lowest."""
    known = [one for one in metrics["segments"] if (one.get("roc_auc") or {}).get("high") is not None]
    if not known:
        return skipped("segment_roc_auc", None, "No segment is large enough to judge.", limit)
    worst = min(known, key=lambda one: one["roc_auc"]["high"])
    about = f"upper end in the weakest segment, {worst['column']} = {worst['value']}, {worst['rows']:,} rows"
    return at_least("segment_roc_auc", worst["roc_auc"]["high"], limit, about)


def fairness(metrics: Metrics, limit: float | None) -> Iterator[GateCheck]:
    """Lower end of the largest difference of true-positive rates between groups, for each protected column."""
    for column, gap in metrics["fairness_gap"].items():
        name = f"fairness_gap_{column}"
        if gap.get("low") is None:
            yield skipped(name, None, "Fewer than two groups are large enough to judge.", limit)
        else:
            yield at_most(name, gap["low"], limit, f"lower end of the difference of true-positive rates{_range(gap)}")
    if not metrics["fairness_gap"]:
        yield skipped("fairness_gap", None, "No column is marked as protected.", limit)


def cost_difference(evidence: Evidence, decision: Array) -> Interval:
    """Cost per 1,000, ours minus theirs, on the same resampled blocks."""
    ours, theirs = (decision_costs(evidence.y, one, evidence.spec.costs) for one in (evidence.decision, decision))
    difference = evidence.resample.ratio(1000.0 * (ours - theirs))
    return Interval(difference.value, difference.low, difference.high)


def brier_difference(evidence: Evidence, score: Array) -> Interval:
    """Brier score (Brier 1950), ours minus theirs, on the same resampled blocks."""
    ours, theirs = ((np.asarray(one, dtype=np.float64) - evidence.y) ** 2 for one in (evidence.score, score))
    return evidence.resample.ratio(ours - theirs)


def auc_difference(evidence: Evidence, score: Array) -> Interval:
    """ROC AUC, ours minus theirs, on the same resampled blocks."""
    y, draws = evidence.y, evidence.resample
    replicates = draws.roc_aucs(y, evidence.score) - draws.roc_aucs(y, score)
    return percentile_interval(roc_auc(y, evidence.score) - roc_auc(y, score), replicates)


def _row(name: str, figure: float | None, limit: float | None, about: str, passes: bool, how: str) -> GateCheck:
    if limit is None:
        return skipped(name, figure, "The problem sets no limit.")
    if figure is None:
        return GateCheck(name=name, figure=None, limit=limit, verdict="fail", why=f"The figure is undefined: {about}.")
    must = "is" if passes else "must be"
    why = f"{figure:.4g} {must} {how} {limit:.4g}: {about}."
    return GateCheck(name=name, figure=figure, limit=limit, verdict="pass" if passes else "fail", why=why)


def _range(found: Metrics | Interval) -> str:
    if isinstance(found, Interval):
        found = {} if np.isnan(found.low) else {"low": found.low, "high": found.high}
    low, high = found.get("low"), found.get("high")
    return "" if low is None or high is None else f", {low:.4g} to {high:.4g}"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
