"""Moving the threshold: chosen on older live rows, confirmed on newer ones, and only where it pays with confidence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from monitoring.actions.answers import Answers, Period, live_of
from monitoring.actions.standing import made_by, spoken_of, who
from understudy.deploying import Deployer
from understudy.ports import DeploymentLog, Ledger
from understudy.problem import ProblemSpec, parse_span
from understudy.problem.decision import Costs
from understudy.records import Alert
from understudy.statistics.bootstrap import Interval, Resample
from understudy.statistics.decisions import best_threshold, decision_costs

REACH = 4
"""Windows back to which rows are learned from."""
OLDER = 0.6
"""Share of the blocks on which the threshold is chosen; the rest confirms it."""
FEWEST_BLOCKS = 5
"""Blocks that must confirm, for their resampling to mean anything."""


@dataclass(frozen=True)
class Trial:
    """A threshold that older rows ask for, and what it saves on newer ones."""

    present: float
    value: float
    saved: Interval
    """Cost per 1,000 decisions; paired by row, resampled by block."""
    older: int
    newer: int


class AdjustThreshold:
    """Derives the champion's threshold anew from what it answered lately."""

    def __init__(self, spec: ProblemSpec, ledger: Ledger, deployments: DeploymentLog, deployer: Deployer) -> None:
        self._spec, self._ledger, self._deployments, self._deployer = spec, ledger, deployments, deployer

    def act(self, alert: Alert) -> dict[str, Any]:
        """
        Raises:
            ConflictError: another version is champion now, or another change came first.
        """
        if made := made_by(alert, self._deployments):
            value = made.champion.threshold
            return {"what": f"Revision {made.revision} set the threshold to {value}.", "revision": made.revision}
        newest, champion = spoken_of(alert, self._deployments)
        rows = live_of(self._ledger, self._spec, self._period(alert), champion.version, champion.name)
        trial = tried(rows, self._spec, champion.threshold)
        if isinstance(trial, str):
            return {"what": f"The threshold stays: {trial}", "revision": None}
        figures = {"present": trial.present, "value": trial.value, "saved_per_1000": trial.saved.json()}
        figures |= {"older_rows": trial.older, "newer_rows": trial.newer, "revision": None}
        if not trial.saved.low > 0:
            return {"what": f"The threshold stays at {trial.present:.4g}: {_weighed(trial)}", **figures}
        why = f"{_weighed(trial)} Chosen on {trial.older:,} older rows, confirmed on {trial.newer:,} newer ones."
        signed = (who(alert), why)
        named = (alert.problem, champion.name, trial.value)
        made = self._deployer.threshold(*named, *signed, based_on=newest.revision).deployment
        return {"what": f"The threshold moved from {trial.present:.4g} to {trial.value:.4g}: {why}", **figures} | {
            "revision": made.revision
        }

    def _period(self, alert: Alert) -> Period:
        as_of = datetime.fromisoformat(alert.evidence["as_of"]) if "as_of" in alert.evidence else alert.until
        return Period(alert.until - REACH * parse_span(self._spec.monitoring.window), alert.until, as_of)


def tried(rows: Answers, spec: ProblemSpec, present: float | None = None) -> Trial | str:
    """Choose a threshold on the older blocks of ``rows`` and weigh it on the newer ones; or why that cannot be done.

    Args:
        present: the threshold in force, where it is not the one of the newest row.
    """
    blocks = np.unique(rows.block)
    cut = int(len(blocks) * OLDER)
    if len(blocks) - cut < FEWEST_BLOCKS:
        return f"{len(blocks)} labelled blocks of {spec.evaluation.block} are too few to choose and to confirm."
    older, newer = rows.where(rows.block < blocks[cut]), rows.where(rows.block >= blocks[cut])
    if min(len(older), len(newer)) < spec.monitoring.smallest:
        return f"{len(older):,} older and {len(newer):,} newer labelled rows are too few."
    value = best_threshold(older.y, older.score, spec.costs).value
    present = float(newer.threshold[-1]) if present is None else present
    saved = _costs(newer, present, spec.costs) - _costs(newer, value, spec.costs)
    resample = Resample(newer.block, spec.evaluation.bootstrap, spec.seed)
    return Trial(present, value, resample.ratio(1000.0 * saved), len(older), len(newer))


def _costs(rows: Answers, threshold: float, costs: Costs) -> Any:
    return decision_costs(rows.y, rows.score >= threshold, costs)


def _weighed(trial: Trial) -> str:
    saved = trial.saved
    if saved.value >= 0:
        verb, figures = "saves", (saved.value, saved.low, saved.high)
    else:
        verb, figures = "would cost another", (-saved.value, -saved.high, -saved.low)
    value, low, high = (f"{figure:.4g}" for figure in figures)
    return f"{trial.value:.4g} {verb} {value} per 1,000 decisions (95 % interval {low} to {high})."
