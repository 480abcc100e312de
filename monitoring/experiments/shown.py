"""An experiment in the terminal."""

from typing import Any

from rich.table import Table

from monitoring.experiments.plan import Plan
from monitoring.experiments.status import Status
from monitoring.pages.figures import number, percent, signed
from understudy.records import Experiment


def as_planned(plan: Plan) -> list[Any]:
    """The sample and how long it takes, before anything is written."""
    table = Table(box=None, show_header=False)
    rows = {
        "arms": ", ".join(f"{arm.name} {plan.problem}/{arm.version} {100 * arm.weight:.4g} %" for arm in plan.arms),
        "mode, unit": f"{plan.mode}, by {plan.unit}",
        "metric": f"cost of a decision: {number(plan.past.mean)} now, on {plan.past.decisions:,} labelled decisions",
        "smallest gain that matters": f"{number(plan.effect)} ({percent(plan.effect / plan.past.mean)} of it)",
        "alpha, power, looks": f"{plan.alpha:g}, {plan.power:g}, {plan.looks}",
        "covariate": _covariate(plan),
        "sample": f"{plan.units:,} labelled units, {plan.expected:,} on average if the gain is as small as that",
        "duration": f"{number(plan.days)} days at {plan.past.units_per_day:,.0f} units a day",
        "longest duration": f"{number(plan.longest)} days",
        "segments watched": ", ".join(segment.name for segment in plan.segments) or "none gets enough units",
        "acts by itself": "yes" if plan.act else "only on a breached guardrail",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    short = "It may end before the sample is in: --longest is shorter than that takes."
    return [table, *([short] if plan.longest < plan.days else [])]


def as_running(status: Status) -> list[Any]:
    """Verdict, arms, what is proven, guardrails."""
    arms = Table("arm", "version", "planned", "units", "labelled", "fallbacks", "cost", box=None, header_style="bold")
    for arm in status.arms:
        figures = (f"{arm.units:,}", f"{arm.labelled:,}", f"{arm.fallbacks:,}")
        cost = number(arm.cost, 4) if arm.labelled else "not known yet"
        arms.add_row(arm.name, str(arm.version), percent(arm.weight), *figures, cost)
    rails = Table("arm", "guardrail", "champion", "challenger", "allowed", "says", box=None, header_style="bold")
    for one in status.comparisons:
        for rail in one.rails:
            says = "harm" if rail.harmed else "stands" if rail.speaks else "too little data"
            style = "red" if rail.harmed else None
            champion, challenger = number(_known(rail.champion)), number(_known(rail.challenger))
            rails.add_row(one.arm, rail.name, champion, challenger, f"+{number(rail.margin)}", says, style=style)
    return [
        f"{status.plan.name}: {status.verdict.outcome.replace('_', ' ')}. {' '.join(status.verdict.reasons[:2])}",
        f"{status.labelled:,} of {status.plan.units:,} labelled units ({percent(status.progress, 0)}).",
        f"Shares of the arms: p {status.ratio.p_value:.2g}, limit {status.ratio.limit:g}.",
        *(f"{one.arm}: {_proven(one.sequence)}" for one in status.comparisons),
        arms,
        rails,
    ]


def as_ended(experiment: Experiment) -> list[Any]:
    """How it ended."""
    done = experiment.outcome.get("done", {})
    reasons = experiment.outcome.get("reasons", ())
    said = f"{experiment.name} ended on {experiment.ended_at:%Y-%m-%d %H:%M}: {experiment.verdict.replace('_', ' ')}."
    return [" ".join([said, *reasons[:2], str(done.get("what", ""))]).strip()]


def _covariate(plan: Plan) -> str:
    if plan.covariate is None:
        return "none"
    return f"{plan.covariate.column}, explains {percent(plan.covariate.explained)} of the variance"


def _proven(sequence: Any) -> str:
    if not sequence.speaks:
        return f"too little yet: {sequence.smallest:,} of {sequence.minimum:,} units in the smaller arm."
    ends = f"{signed(sequence.low, 4)} to {signed(sequence.high, 4)}"
    return f"challenger minus champion {signed(sequence.value, 4)} ({ends}), p {sequence.p_value:.2g}, always valid."


def _known(value: float) -> float | None:
    return None if value != value else value
