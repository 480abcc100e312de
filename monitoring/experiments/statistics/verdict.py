"""One verdict from all that is known, by rules in a fixed order; the first that applies decides.

1. The arms did not get their shares: ``invalid``. 2. A guardrail is breached: ``stop_harm``. 3. The metric is worse for
certain: ``stop_harm``. 4. It is better for certain, and every guardrail had enough data and stands: ``promote``. 5. The
smallest effect that matters is ruled out, or time is up: ``stop_futility``. 6. Else ``continue``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from monitoring.experiments.statistics.futility import Better, futile, gain
from monitoring.experiments.statistics.guardrails import Guardrail
from monitoring.experiments.statistics.sample_ratio import SampleRatio
from monitoring.experiments.statistics.sequential import ConfidenceSequence

Outcome = Literal["continue", "promote", "stop_harm", "stop_futility", "invalid"]


@dataclass(frozen=True)
class Evidence:
    """Everything that a verdict rests on."""

    ratio: SampleRatio
    metric: ConfidenceSequence
    effect: float
    """Smallest gain that matters, in the metric's unit, greater than 0."""
    guardrails: Sequence[Guardrail] = ()
    better: Better = "lower"
    time_is_up: bool = False


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    reasons: tuple[str, ...]
    """Sentences with the figures, the deciding ones first."""


def judge(evidence: Evidence) -> Verdict:
    """The verdict and why."""
    if evidence.ratio.faulty:
        return Verdict("invalid", (_ratio(evidence.ratio),))
    breached = [guardrail for guardrail in evidence.guardrails if guardrail.harmed]
    if breached:
        return Verdict("stop_harm", tuple(_breach(guardrail) for guardrail in breached))
    silent = [guardrail for guardrail in evidence.guardrails if not guardrail.speaks]
    outcome, why = _by_metric(evidence, [guardrail.name for guardrail in silent])
    return Verdict(outcome, (*why, _interval(evidence), *_standing(evidence.guardrails)))


def _by_metric(evidence: Evidence, silent: list[str]) -> tuple[Outcome, tuple[str, ...]]:
    _, least, greatest = gain(evidence.metric, evidence.better)
    if greatest < 0:
        return "stop_harm", ("The challenger is worse, whatever is still to come.",)
    if least > 0 and not silent:
        return "promote", ("The challenger is better, whatever is still to come.",)
    if futile(evidence.metric, evidence.effect, evidence.better):
        return "stop_futility", (f"A gain of {evidence.effect:.4g}, the smallest that matters, is ruled out.",)
    if evidence.time_is_up:
        return "stop_futility", ("The longest duration is over without proof that the challenger is better.",)
    if least > 0:
        return "continue", (f"The challenger is better, but too little is known of {', '.join(silent)}.",)
    return "continue", ("The difference may still go either way.",)


def _interval(evidence: Evidence) -> str:
    metric = evidence.metric
    if metric.smallest < metric.minimum:
        return f"The smaller arm has {metric.smallest:,} of the {metric.minimum:,} units that it takes to begin with."
    if not metric.speaks:
        return "The metric has not varied in one of the arms yet."
    return (
        f"Challenger minus champion is {metric.value:+.4g} ({100 * (1 - metric.alpha):.4g} % sure of {metric.low:+.4g} "
        f"to {metric.high:+.4g}, p {metric.p_value:.2g}) after {metric.units:,} units; {evidence.better} is better."
    )


def _ratio(ratio: SampleRatio) -> str:
    total = max(sum(ratio.counts), 1)
    found = " / ".join(f"{count:,} ({count / total:.2%})" for count in ratio.counts)
    planned = " / ".join(f"{weight:.2%}" for weight in ratio.weights)
    return f"The arms have {found} units where {planned} was planned: p {ratio.p_value:.2g}, limit {ratio.limit:g}."


def _breach(guardrail: Guardrail) -> str:
    return (
        f"{guardrail.name} is {guardrail.challenger:.4g} against the champion's {guardrail.champion:.4g}: worse by at "
        f"least {guardrail.excess:.4g}, where {guardrail.margin:.4g} is allowed."
    )


def _standing(guardrails: Sequence[Guardrail]) -> tuple[str, ...]:
    return tuple(
        f"{rail.name} is {rail.challenger:.4g} against {rail.champion:.4g}, where {rail.margin:.4g} more is allowed."
        if rail.speaks
        else f"{rail.name} has too little data."
        for rail in guardrails
    )
