"""Everything by which a challenger may do harm, held against the champion at one look."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.experiments.outcomes import Outcomes
from monitoring.experiments.plan import Segment
from monitoring.experiments.statistics.guardrails import Guardrail, mean_guardrail, rate_guardrail
from monitoring.experiments.statistics.moments import Moments, of_decisions
from understudy.problem.monitoring import Guard
from understudy.statistics.metrics import FloatArray

Pair = tuple[Outcomes, Outcomes]


@dataclass(frozen=True)
class Terms:
    """What is allowed, and how sure it must be that more happened."""

    guard: Guard
    harm: float | None
    """By which a decision may cost more, in the metric's unit."""
    segments: Sequence[Segment] = ()
    planned: int = 1000
    """Labelled units of both arms at which harm by cost is seen soonest."""
    arms: int = 1
    """Challengers among which alpha is divided."""
    family: int = 0
    """Segments among which it is divided; as many as are named, where they are more."""


def rails_of(champion: Outcomes, challenger: Outcomes, terms: Terms) -> tuple[Guardrail, ...]:
    """Each guardrail; half of alpha goes to what is seen at once, half to what waits for labels."""
    alpha = terms.guard.alpha / terms.arms / 2
    pair = (champion, challenger)
    return (*_at_once(pair, terms.guard, alpha), *_by_labels(pair, terms, alpha))


def _at_once(pair: Pair, guard: Guard, alpha: float) -> Iterator[Guardrail]:
    margins = {
        "errors": guard.errors,
        "fallbacks": guard.fallbacks,
        "slow": guard.slow,
        "constant": guard.constant,
        "decisions": guard.decisions,
        "decisions.fewer": guard.decisions,
    }
    kept = {name: margin for name, margin in margins.items() if margin is not None}
    for name, margin in kept.items():
        champion, challenger = (_counts(of, guard.slow_ms)[name] for of in pair)
        yield rate_guardrail(name, champion, challenger, margin=margin, alpha=alpha / len(kept))


def _counts(of: Outcomes, slow_ms: float) -> dict[str, tuple[int, int]]:
    """Events, and what they are counted among: decisions and scores only where the arm itself answered."""
    rows, own = len(of), int(of.own.sum())
    positive = int((of.decision & of.own).sum())
    return {
        "errors": (int(of.failed.sum()), rows),
        "fallbacks": (rows - own, rows),
        "slow": (int((of.latency > slow_ms).sum()), rows),
        "constant": _repeated(of),
        "decisions": (positive, own),
        "decisions.fewer": (own - positive, own),
    }


def _repeated(of: Outcomes) -> tuple[int, int]:
    """How often the commonest score came again, of as many times as it could have."""
    scores = of.score[of.own].astype(np.float32)
    most = int(np.unique(scores, return_counts=True)[1].max(initial=1))
    return most - 1, max(len(scores) - 1, 0)


def _by_labels(pair: Pair, terms: Terms, alpha: float) -> Iterator[Guardrail]:
    if terms.harm is None:
        return
    each, guard = alpha / (1 + max(len(terms.segments), terms.family)), terms.guard
    for segment in (None, *terms.segments):
        name = "cost" if segment is None else f"cost {segment.name}"
        champion, challenger = (_costs(of, segment) for of in pair)
        yield mean_guardrail(
            name, champion, challenger, margin=terms.harm, planned=terms.planned, alpha=each, minimum=guard.units
        )


def _costs(of: Outcomes, segment: Segment | None) -> Moments:
    kept = of.labelled
    if segment is not None:
        kept = kept & np.array([str(value) == segment.value for value in of.columns[segment.column]], dtype=bool)
    return of_decisions(of.unit[kept], of.cost[kept])


def moments(of: Outcomes, covariate: FloatArray | None = None) -> Moments:
    """Of the labelled rows' cost, with their covariate [rows of ``of``]."""
    kept = of.labelled
    return of_decisions(of.unit[kept], of.cost[kept], None if covariate is None else covariate[kept])
