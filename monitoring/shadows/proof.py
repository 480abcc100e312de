"""When a shadow is proven: the one rule, for reports that people read and for the steps that alerts take."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from scipy.stats import beta

from monitoring.pages.figures import number
from monitoring.shadows.pairs import FEWEST_BLOCKS, Pairs, Rehearsal
from understudy.problem import ProblemSpec, parse_span
from understudy.statistics.bootstrap import Interval

Step = Literal["canary", "wait", "withdraw"]
PATIENCE = 4
"""Windows within which a shadow must prove itself; evidence is gathered over as many."""
SURE = 0.99


@dataclass(frozen=True)
class Check:
    """One rule, and how the shadow stands to it."""

    name: str
    asks: str
    """The rule in words, with its limit."""
    says: str
    """What was measured."""
    passed: bool | None
    """None where it cannot be told yet."""


@dataclass(frozen=True)
class Proof:
    """What a shadow has earned."""

    step: Step
    because: str
    checks: tuple[Check, ...]
    dearer: Interval | None = None
    """Its cost less the champion's per 1,000 decisions of the same requests."""
    blurrier: Interval | None = None
    """Its Brier score less the champion's."""
    rows: int = 0
    """Labelled pairs."""


def prove(found: Rehearsal, spec: ProblemSpec) -> Proof:
    """What a shadow's answers call for, beside the champion's to the same requests.

    It is proven as a version passes the gate: its Brier score or its cost is lower beyond chance, and neither is
    higher; and it fails at no more requests than the guard would let it as a canary. It is withdrawn once it costs more
    than the gate tolerates or fails too often, both for certain, and when it shows no gain in ``PATIENCE`` windows.
    """
    known = found.pairs.labelled
    failing, failing_for_certain = _failing(found, spec)
    enough, spread = _enough(known, spec)
    if failing_for_certain:
        return Proof("withdraw", f"In the shadow it failed: {failing.says}.", (failing, enough, spread))
    if not (enough.passed and spread.passed):
        waits = next(check for check in (enough, spread) if not check.passed)
        return Proof("wait", f"Too early to tell: {waits.says}.", (failing, enough, spread))
    resample = known.resample(spec.evaluation.bootstrap, spec.seed)
    cost, brier = resample.ratio(known.dearer(spec.costs)), resample.ratio(known.blurrier)
    patience = _patience(known, spec)
    checks = (failing, enough, spread, *_gain_and_harm(cost, brier, spec), patience)
    step, because = _decided(checks, f"on {len(known):,} requests {_said(cost, brier)}")
    return Proof(step, because, checks, cost, brier, len(known))


def tolerated(spec: ProblemSpec) -> float:
    """Cost per 1,000 decisions beyond the champion's that is borne."""
    return 1000.0 * spec.gates.worse_than_champion


def compared(difference: Interval) -> str:
    """``12.5 less (-20.1 to -5.2)``."""
    more = "more" if difference.value > 0 else "less"
    return f"{number(abs(difference.value))} {more} ({number(difference.low)} to {number(difference.high)})"


def _decided(checks: tuple[Check, ...], said: str) -> tuple[Step, str]:
    by_name = {check.name: check for check in checks}
    if by_name["tolerable"].passed is False:
        return "withdraw", f"In the shadow {said}."
    proven = all(by_name[name].passed for name in ("gain", "no harm"))
    if proven and by_name["failures"].passed:
        return "canary", f"In the shadow {said}."
    if proven:
        return "wait", f"It is better, but fails: {by_name['failures'].says}."
    if by_name["time left"].passed is False:
        return "withdraw", f"{by_name['time left'].says} in the shadow {said}: no gain that could be told."
    return "wait", f"No gain that could be told yet: {said}."


def _gain_and_harm(cost: Interval, brier: Interval, spec: ProblemSpec) -> Iterator[Check]:
    limit = tolerated(spec)
    said = f"cost {compared(cost)}, Brier score {compared(brier)}"
    yield Check("gain", "cost or Brier score lower beyond chance", said, min(cost.high, brier.high) < 0)
    yield Check("no harm", "neither of them higher beyond chance", said, max(cost.low, brier.low) <= 0)
    costs = f"it costs {compared(cost)} per 1,000"
    yield Check("tolerable", f"not certain to cost over {limit:g} per 1,000 more", costs, cost.low <= limit)


def _failing(found: Rehearsal, spec: ProblemSpec) -> tuple[Check, bool]:
    """How often it failed, and whether that is beyond the limit for certain (Clopper & Pearson 1934, one side)."""
    rows, failed, limit = len(found.pairs) + found.failed, found.failed, spec.monitoring.guard.errors
    says = f"{failed:,} of {rows:,} rows without a score"
    if limit is None or rows == 0:
        return Check("failures", "no limit" if limit is None else f"at most {limit:.1%}", says, rows > 0 or None), False
    surely = float(beta.ppf(1 - SURE, failed, rows - failed + 1)) if failed else 0.0
    return Check("failures", f"at most {limit:.1%} of its rows", says, failed / rows <= limit), surely > limit


def _enough(known: Pairs, spec: ProblemSpec) -> tuple[Check, Check]:
    few, blocks = spec.monitoring.smallest, known.spans
    labels = f"{len(known):,} labels of requests that both scored have landed"
    lie = f"they lie in {blocks} spans of {spec.evaluation.block}"
    return (
        Check("labels", f"at least {few:,}", labels, len(known) >= few),
        Check("days", f"at least {FEWEST_BLOCKS} spans of {spec.evaluation.block}", lie, blocks >= FEWEST_BLOCKS),
    )


def _patience(known: Pairs, spec: ProblemSpec) -> Check:
    seen = int(known.span[-1] - known.span[0] + 1) * parse_span(spec.evaluation.block)
    given = (PATIENCE - 1) * parse_span(spec.monitoring.window)
    days = f"After {seen / timedelta(days=1):.0f} days"
    return Check("time left", f"a gain within {given / timedelta(days=1):.0f} days", days, seen < given)


def _said(cost: Interval, brier: Interval) -> str:
    return f"it costs {compared(cost)} per 1,000 decisions than the champion, and its Brier score is {compared(brier)}"
