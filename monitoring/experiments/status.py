"""How an experiment stands at this moment. Looking changes nothing, and may be done at any time."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from monitoring.experiments.outcomes import Asked, Outcomes, read_outcomes
from monitoring.experiments.plan import Plan, PlannedArm
from monitoring.experiments.rails import Terms, moments, rails_of
from monitoring.experiments.start import is_as_planned
from monitoring.experiments.statistics.cuped import Difference, compare
from monitoring.experiments.statistics.guardrails import Guardrail
from monitoring.experiments.statistics.sample_ratio import SampleRatio, sample_ratio
from monitoring.experiments.statistics.sequential import ConfidenceSequence, confidence_sequence
from monitoring.experiments.statistics.verdict import Evidence, Outcome, Verdict, judge
from understudy.ports import Ledger
from understudy.problem import ProblemSpec
from understudy.records import Deployment


@dataclass(frozen=True)
class ArmFigures:
    """An arm as it was assigned, so that what fell back to the champion counts for it."""

    name: str
    version: int
    weight: float
    decisions: int
    units: int
    labelled: int
    """Units with a label."""
    cost: float
    """Of a labelled decision, not adjusted."""
    fallbacks: int


@dataclass(frozen=True)
class Comparison:
    """A challenger against the champion."""

    arm: str
    difference: Difference
    sequence: ConfidenceSequence
    rails: tuple[Guardrail, ...]
    verdict: Verdict


@dataclass(frozen=True)
class Status:
    """Everything that is known at one look."""

    plan: Plan
    at: datetime
    """By the machine's clock."""
    first: datetime | None
    now: datetime | None
    """First and newest moment of the experiment's answers, by the problem's clock."""
    arms: tuple[ArmFigures, ...]
    ratio: SampleRatio
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    chosen: str = ""
    """The arm that the verdict is about, where it is about one."""

    @property
    def labelled(self) -> int:
        return sum(arm.labelled for arm in self.arms)

    @property
    def progress(self) -> float:
        """Labelled units as a share of those planned."""
        return self.labelled / self.plan.units

    def json(self) -> dict[str, Any]:
        """What JSON has no word for becomes null."""
        plain = {
            "problem": self.plan.problem,
            "experiment": self.plan.name,
            "at": self.at.isoformat(),
            "first": self.first and self.first.isoformat(),
            "now": self.now and self.now.isoformat(),
            "planned": self.plan.units,
            "labelled": self.labelled,
            "progress": self.progress,
            "arms": [asdict(arm) for arm in self.arms],
            "ratio": {**asdict(self.ratio), "faulty": self.ratio.faulty},
            "comparisons": [_comparison(one) for one in self.comparisons],
            "verdict": asdict(self.verdict),
            "chosen": self.chosen,
        }
        found: dict[str, Any] = _plain(plain)
        return found


def status_of(plan: Plan, revisions: Sequence[Deployment], ledger: Ledger, spec: ProblemSpec, at: datetime) -> Status:
    """
    Args:
        revisions: of the deployment log, those that carried the experiment's name since it started, oldest first.

    Raises:
        StoreError: the ledger cannot be reached.
    """
    sound = [one for one in revisions if is_as_planned(one, plan)]
    counted = {one.revision for one in sound if not one.killed}
    outcomes = read_outcomes(ledger, spec, sound[0], counted, plan.costs, Asked.of(spec, plan.columns))
    return judged(plan, outcomes, [one for one in revisions if one not in sound], at)


def judged(plan: Plan, outcomes: Outcomes, strays: Sequence[Deployment], at: datetime) -> Status:
    """The status from the answers of revisions that served the plan, and the revisions that did not."""
    parts = {arm.name: outcomes.of(arm.name) for arm in plan.arms}
    figures = tuple(_figures(arm, parts[arm.name]) for arm in plan.arms)
    weights = [arm.weight for arm in plan.arms]
    ratio = sample_ratio([arm.units for arm in figures], weights, planned=plan.units)
    first, now = _ends(outcomes)
    over = first is not None and now is not None and plan.is_over(first, now)
    compared = tuple(_compared(plan, arm, parts, ratio, over) for arm in plan.challengers)
    verdict, chosen = overall(compared, strays)
    return Status(plan, at, first, now, figures, ratio, compared, verdict, chosen)


def terms_of(plan: Plan) -> Terms:
    """The guardrails of a plan."""
    planned = max(plan.units // 4, 4 * plan.guard.units)
    return Terms(plan.guard, plan.harm, plan.segments, planned, len(plan.challengers))


def overall(compared: Sequence[Comparison], strays: Sequence[Deployment]) -> tuple[Verdict, str]:
    """One verdict from those of all challengers, and the arm that it is about.

    A breached guardrail ends all of it. A challenger that is worse or futile waits for the others.
    """
    if strays:
        made = "; ".join(f"revision {one.revision}, {one.change} by {one.who}" for one in strays)
        return Verdict("invalid", (f"What served was changed while it ran, and is not what was planned: {made}.",)), ""
    by_outcome: dict[Outcome, list[Comparison]] = {}
    for one in compared:
        breached = any(rail.harmed for rail in one.rails) and one.verdict.outcome == "stop_harm"
        if breached:
            return one.verdict, one.arm
        by_outcome.setdefault(one.verdict.outcome, []).append(one)
    for outcome in ("invalid", "promote"):
        if outcome in by_outcome:
            best = min(by_outcome[outcome], key=lambda one: one.sequence.value)
            return best.verdict, best.arm if outcome == "promote" else ""
    if "continue" in by_outcome:
        return by_outcome["continue"][0].verdict, ""
    worst = by_outcome.get("stop_harm") or by_outcome["stop_futility"]
    return worst[0].verdict, worst[0].arm


def _compared(plan: Plan, arm: PlannedArm, parts: dict[str, Outcomes], ratio: SampleRatio, over: bool) -> Comparison:
    champion, challenger = parts[plan.arms[0].name], parts[arm.name]
    difference = compare(_moments(plan, champion), _moments(plan, challenger))
    sequence = confidence_sequence(difference, planned=plan.planned(arm), alpha=plan.each_alpha)
    rails = rails_of(champion, challenger, terms_of(plan))
    return Comparison(
        arm.name, difference, sequence, rails, judge(Evidence(ratio, sequence, plan.effect, rails, time_is_up=over))
    )


def _moments(plan: Plan, outcomes: Outcomes) -> Any:
    covariate = plan.covariate
    return moments(outcomes, None if covariate is None else covariate.of(outcomes.columns[covariate.column]))


def _figures(arm: PlannedArm, outcomes: Outcomes) -> ArmFigures:
    known = moments(outcomes)
    return ArmFigures(
        name=arm.name,
        version=arm.version,
        weight=arm.weight,
        decisions=len(outcomes),
        units=len(set(outcomes.unit.tolist())),
        labelled=known.units,
        cost=known.ratio,
        fallbacks=int((~outcomes.own).sum()),
    )


def _ends(outcomes: Outcomes) -> tuple[datetime | None, datetime | None]:
    if not len(outcomes):
        return None, None
    return outcomes.moment.min().item(), outcomes.moment.max().item()


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "arm": one.arm,
        "difference": {**asdict(one.difference), "value": one.difference.value, "error": one.difference.error},
        "sequence": {**asdict(one.sequence), "speaks": one.sequence.speaks},
        "rails": [rail_json(rail) for rail in one.rails],
        "verdict": asdict(one.verdict),
    }


def rail_json(rail: Guardrail) -> dict[str, Any]:
    """A guardrail with what follows from it."""
    found: dict[str, Any] = _plain({**asdict(rail), "harmed": rail.harmed, "speaks": rail.speaks})
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
