"""From the shadow to champion: what a training's result must show in each window, and the step that follows.

Steps are alerts of their own, so that each is decided under the same limits and recorded with its evidence:
``canary`` for a shadow that is better beyond chance, ``promote`` for a canary that holds what it promised,
``withdraw`` for what costs more, or has not proven itself in time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np

from monitoring.actions.answers import Answers, Period, live_of
from monitoring.actions.standing import SIGNED
from monitoring.shadows.pairs import FEWEST_BLOCKS, Rehearsal, rehearsal
from monitoring.shadows.proof import PATIENCE, compared, prove, tolerated
from monitoring.window.read import read_sides
from understudy.files import sha256_json
from understudy.ports import DeploymentLog, Ledger
from understudy.problem import ProblemSpec, parse_span
from understudy.records import Alert, Arm, Deployment, Placed, Snapshot
from understudy.statistics.bootstrap import Interval, Resample, percentile_interval
from understudy.statistics.decisions import decision_costs

Step = Literal["canary", "promote", "withdraw"]
STEPS: tuple[Step, ...] = ("canary", "promote", "withdraw")
CANARY_SHARE = 0.1
"""Of the rows that a shadow must prove itself on: a canary has few, and is watched for harm alone."""
HISTORY = 1000


@dataclass(frozen=True)
class Next:
    """The step that the figures call for, and why."""

    step: Step
    because: str
    figures: dict[str, Any]


class Succession:
    """Watches over versions that an alert has placed; those that a person placed are that person's."""

    def __init__(
        self, spec: ProblemSpec, ledger: Ledger, deployments: DeploymentLog, clock: Callable[[], datetime]
    ) -> None:
        self._spec, self._ledger, self._deployments, self._clock = spec, ledger, deployments, clock

    def due(self, snapshot: Snapshot) -> tuple[Alert, ...]:
        """The steps that a window lets follow, as alerts; the same window gives the same ones.

        A shadow waits for its canary until the champion answers alone, and two for each other: a canary takes the place
        of whatever challenges the champion, and would end what is being learned there.
        """
        history = self._deployments.history(snapshot.problem, HISTORY)
        if not history or history[0].champion.digest != snapshot.digest:
            return ()
        free, due = len(history[0].arms) == 1, []
        for placed, origin in _heirs(history):
            step = self._next(history[0], placed, snapshot)
            if step and (free or step.step != "canary"):
                due.append(self._alert(placed, origin, step, snapshot))
                free = free and step.step != "canary"
        return tuple(due)

    def _next(self, newest: Deployment, placed: Placed, snapshot: Snapshot) -> Next | None:
        span = parse_span(self._spec.monitoring.window)
        period = Period(snapshot.until - PATIENCE * span, snapshot.until, snapshot.as_of)
        champion = newest.champion.version
        if isinstance(placed, Arm):
            ramped = newest.ramp is None or newest.weights(self._clock())[1] >= newest.ramp.shares[-1]
            theirs = live_of(self._ledger, self._spec, period, champion, newest.champion.name)
            ours = live_of(self._ledger, self._spec, period, placed.version, placed.name)
            return after_canary(theirs, ours, self._spec, ramped)
        sides = read_sides(self._ledger, self._spec.name, period.since, period.until, period.as_of)
        block = parse_span(self._spec.evaluation.block)
        return after_shadow(rehearsal(*sides, champion, placed.version, block), self._spec)

    def _alert(self, placed: Placed, origin: str, step: Next, snapshot: Snapshot) -> Alert:
        what = [snapshot.problem, origin, placed.digest, step.step, snapshot.since, snapshot.until]
        evidence = {
            "because": step.because,
            "origin": origin,
            "version": placed.version,
            "digest": placed.digest,
            "arm": placed.name,
            "as_of": snapshot.as_of.isoformat(),
            "report": snapshot.report,
            "figures": step.figures,
        }
        return Alert(
            id=f"{step.step}-{sha256_json(what)[:12]}",
            problem=snapshot.problem,
            rule="succession",
            subject=f"{snapshot.problem}/{placed.version}",
            action=step.step,
            since=snapshot.since,
            until=snapshot.until,
            raised_at=self._clock(),
            evidence=evidence,
            ended_at=snapshot.until,
        )


def after_shadow(found: Rehearsal, spec: ProblemSpec) -> Next | None:
    """What a shadow's answers call for, by the rule that its report shows."""
    proof = prove(found, spec)
    if proof.step == "wait":
        return None
    figures: dict[str, Any] = {"rows": proof.rows, "failed": found.failed}
    if proof.dearer and proof.blurrier:
        figures |= {"dearer_per_1000": proof.dearer.json(), "brier": proof.blurrier.json()}
    return Next(proof.step, proof.because, figures)


def after_canary(theirs: Answers, ours: Answers, spec: ProblemSpec, ramped: bool) -> Next | None:
    """What a canary's labelled answers call for, beside the champion's to other requests of the same time."""
    fewest = CANARY_SHARE * spec.monitoring.smallest
    if min(len(ours), len(theirs)) < fewest or len(np.unique(ours.block)) < FEWEST_BLOCKS:
        return None
    since = ours.block[0]
    dearer = _dearer_apart(theirs.where(theirs.block >= since), ours, spec)
    figures = {"dearer_per_1000": dearer.json(), "rows": len(ours)}
    said = f"its {len(ours):,} decisions cost {compared(dearer)} per 1,000 than the champion's of the same time"
    if dearer.low > tolerated(spec):
        return Next("withdraw", f"As a canary {said}.", figures)
    return Next("promote", f"As a canary {said}: it does no harm.", figures) if ramped else None


def _dearer_apart(theirs: Answers, ours: Answers, spec: ProblemSpec) -> Interval:
    """Our cost less theirs per 1,000 decisions of different rows; both are resampled with the same blocks."""
    blocks = np.concatenate([theirs.block, ours.block])
    resample = Resample(blocks, spec.evaluation.bootstrap, spec.seed)
    y, decision = np.concatenate([theirs.y, ours.y]), np.concatenate([theirs.decision, ours.decision])
    paid, mine = 1000.0 * decision_costs(y, decision, spec.costs), np.arange(len(blocks)) >= len(theirs)
    drawn = resample.ratios(paid * mine, mine) - resample.ratios(paid * ~mine, ~mine)
    return percentile_interval(float(paid[mine].mean() - paid[~mine].mean()), drawn)


def _heirs(history: tuple[Deployment, ...]) -> Iterator[tuple[Placed, str]]:
    """Shadows and the canary that came to their places through an alert, each with the id of the first such alert."""
    newest = history[0]
    for placed in (*newest.shadows, *(newest.arms[1:] if newest.mode == "canary" else ())):
        first = None
        for past in history:
            if placed.digest not in {one.digest for one in (*past.arms, *past.shadows)}:
                break
            first = past
        if first and first.who.startswith(SIGNED):
            yield placed, first.who.removeprefix(SIGNED)
