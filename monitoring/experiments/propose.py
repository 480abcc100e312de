"""From what someone wants to know to a whole plan, with the sample that it takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from monitoring.experiments.covariate import best_covariate
from monitoring.experiments.past import History, read_history
from monitoring.experiments.plan import Covariate, Mode, Past, Plan, PlannedArm
from monitoring.experiments.statistics.power import Design, Sample, sequential_sample
from understudy.deploying.shares import free_name
from understudy.errors import DataError, DeploymentError
from understudy.ports import Ledger
from understudy.problem import ProblemSpec
from understudy.problem.monitoring import Guard
from understudy.records import CHALLENGER, CHAMPION, Deployment, Version

MOST_SEGMENTS = 20
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Wish:
    """What someone wants to know."""

    name: str
    challengers: Sequence[Version]
    effect: str
    """Smallest gain that matters: a cost, or with ``%`` a share of the champion's."""
    weights: Sequence[float] = ()
    """Percent of the units for each challenger; even shares unless given, and 10 for a canary."""
    mode: Mode = "ab"
    alpha: float = 0.05
    power: float = 0.8
    looks: int = 40
    longest: timedelta | None = None
    """Twice what the sample takes at present traffic, unless given."""
    history: timedelta = field(default=28 * DAY)
    covariate: str = "auto"
    """``auto``, ``none``, or a column."""
    guard: Guard | None = None
    """The problem's own unless given."""
    act: bool = False


def propose(wish: Wish, spec: ProblemSpec, deployment: Deployment | None, ledger: Ledger) -> Plan:
    """The plan, not stored yet.

    Raises:
        DeploymentError: nothing is deployed, or a challenger is the champion.
        DataError: the past is too short, or what is wanted cannot be; the error names what and how to mend it.
    """
    if deployment is None:
        raise DeploymentError(f"Nothing of {spec.name} is deployed.", "`understudy deploy VERSION` puts a champion.")
    arms = _arms(wish, deployment)
    columns = spec.monitoring.segments or spec.evaluation.segments
    candidates = _candidates(wish, spec, columns)
    history = read_history(ledger, spec, deployment.champion, wish.history, (*columns, *candidates))
    covariate = _covariate(spec, history, candidates)
    past = history.past(None if covariate is None else covariate.of(history.outcomes.columns[covariate.column]))
    effect = effect_of(wish.effect, past.mean)
    sample = _sample(wish, arms, past, covariate, effect)
    pair = arms[0].weight + min(arm.weight for arm in arms[1:])
    units, days = math.ceil(sample.units / pair), sample.units / pair / past.units_per_day
    guard = wish.guard or spec.monitoring.guard
    least = 4 * guard.units / (units * min(arm.weight for arm in arms))
    return _checked(
        problem=spec.name,
        name=wish.name,
        mode=wish.mode,
        arms=arms,
        unit=next(iter(spec.having("unit")), None) or spec.id or "request",
        costs=spec.costs,
        effect=effect,
        alpha=wish.alpha,
        power=wish.power,
        looks=wish.looks,
        units=units,
        expected=math.ceil(sample.expected / pair),
        days=days,
        longest=wish.longest / DAY if wish.longest else 2 * days,
        past=past,
        covariate=covariate,
        guard=guard,
        segments=history.segments(columns, least, MOST_SEGMENTS) if guard.cost is not None else (),
        harm=None if guard.cost is None else guard.cost * past.mean,
        act=wish.act,
    )


def effect_of(text: str, mean: float) -> float:
    """``5%`` of the mean, or a cost as it stands.

    Raises:
        DataError: it is no number above 0, or no smaller than the mean, which nothing could gain.
    """
    fix = f"Write a share of today's cost, as in 5%, or a cost below {mean:.4g}, as in {0.05 * mean:.2g}."
    try:
        effect = float(text.removesuffix("%")) * (mean / 100 if text.endswith("%") else 1)
    except ValueError as error:
        raise DataError(f"--effect {text} is no effect.", fix) from error
    if not 0 < effect < mean:
        raise DataError(f"--effect {text} cannot be gained: a decision costs {mean:.4g} now.", fix)
    return effect


def _arms(wish: Wish, deployment: Deployment) -> tuple[PlannedArm, ...]:
    champion, count = deployment.champion, len(wish.challengers)
    if not count:
        raise DataError("An experiment needs a challenger.", "Name one with --challenger VERSION.")
    for version in wish.challengers:
        if version.digest == champion.digest:
            raise DeploymentError(
                f"{version.problem}/{version.number} is the champion already.", "Name another version as challenger."
            )
    weights = list(wish.weights or ([10.0] if wish.mode == "canary" else [100 / (count + 1)] * count))
    if len(weights) != count or min(weights) <= 0 or sum(weights) >= 100:
        raise DataError(
            f"{', '.join(f'{weight:g}' for weight in weights)} % cannot be the shares of {count} challengers.",
            "Give one --weight for each --challenger, all above 0 and together below 100: the champion has the rest.",
        )
    names = {CHAMPION, *(shadow.name for shadow in deployment.shadows)}
    arms = [
        PlannedArm(
            **champion.model_dump(include={"name", "version", "digest", "threshold"}), weight=1 - sum(weights) / 100
        )
    ]
    for version, weight in zip(wish.challengers, weights, strict=True):
        name = free_name(CHALLENGER, names)
        names.add(name)
        arms.append(PlannedArm(name=name, version=version.number, digest=version.digest, weight=weight / 100))
    return tuple(arms)


def _candidates(wish: Wish, spec: ProblemSpec, segments: Sequence[str]) -> tuple[str, ...]:
    known = (*spec.numbers, *spec.categories, *segments)
    if wish.covariate == "none":
        return ()
    if wish.covariate == "auto":
        return tuple(dict.fromkeys(known))
    if wish.covariate not in known:
        raise DataError(
            f"--covariate {wish.covariate} is neither an input nor a segment of {spec.name}.",
            "Name one that is known before the decision, or write auto or none.",
        )
    return (wish.covariate,)


def _covariate(spec: ProblemSpec, history: History, names: Sequence[str]) -> Covariate | None:
    columns, numbers = history.outcomes.columns, set(spec.numbers)
    return best_covariate(
        history.outcomes.unit,
        history.outcomes.cost,
        {name: columns[name] for name in names if name in numbers},
        {name: columns[name] for name in names if name not in numbers},
    )


def _sample(wish: Wish, arms: Sequence[PlannedArm], past: Past, covariate: Covariate | None, effect: float) -> Sample:
    """Of the champion and the smallest challenger."""
    if not 0 < wish.alpha < 0.5 or not 0.5 <= wish.power < 1 or not 1 <= wish.looks <= 1000:
        raise DataError(
            f"alpha {wish.alpha:g}, power {wish.power:g} and {wish.looks} looks cannot be planned for.",
            "Give an alpha above 0 and below 0.5, a power from 0.5 to below 1, and 1 to 1000 looks.",
        )
    smallest = min(arm.weight for arm in arms[1:])
    return sequential_sample(
        Design(
            deviation=past.deviation,
            effect=effect,
            alpha=wish.alpha / (len(arms) - 1),
            power=wish.power,
            challenger=smallest / (smallest + arms[0].weight),
            explained=covariate.explained if covariate else 0.0,
            looks=wish.looks,
        )
    )


def _checked(**values: Any) -> Plan:
    try:
        return Plan(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(
            f"This cannot be a plan: {f'{where}: ' if where else ''}{first['msg']}.", "Correct it and plan again."
        ) from error
