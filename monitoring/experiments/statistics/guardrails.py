"""Does the challenger do harm that no gain makes up for? One-sided, at every look, against the champion and a margin.

Rates (errors, fallbacks, answers slower than a limit) are judged without any approximation, so that a challenger which
fails every request is found out within a handful. Means (latency, the cost of a segment) are judged by a one-sided
asymptotic confidence sequence, once each arm has enough units. Neither raises a false alarm with more than ``alpha``
over the whole experiment: a plan with several guardrails divides its alpha among them.
"""

from dataclasses import dataclass

from monitoring.experiments.statistics.cuped import compare
from monitoring.experiments.statistics.moments import Moments
from monitoring.experiments.statistics.rates import least_excess
from monitoring.experiments.statistics.sequential import bound_above


@dataclass(frozen=True)
class Guardrail:
    """What one guardrail says at this look; larger figures are worse."""

    name: str
    champion: float
    challenger: float
    margin: float
    """How much worse than the champion is still allowed."""
    excess: float
    """The challenger is worse by at least this much with confidence 1 - alpha; -inf until there is enough to say."""

    @property
    def harmed(self) -> bool:
        return self.excess > self.margin

    @property
    def speaks(self) -> bool:
        return self.excess > float("-inf")


def rate_guardrail(
    name: str, champion: tuple[int, int], challenger: tuple[int, int], *, margin: float, alpha: float = 0.01
) -> Guardrail:
    """Compare rates, each arm given as (events, requests).

    Requests must fail independently for the guarantee; where a unit's requests fail together, count units.
    """
    speaks = min(champion[1], challenger[1]) > 0
    excess = least_excess(*champion, *challenger, alpha) if speaks else float("-inf")
    return Guardrail(name, _rate(champion), _rate(challenger), margin, excess)


def mean_guardrail(
    name: str,
    champion: Moments,
    challenger: Moments,
    *,
    margin: float,
    planned: int,
    alpha: float = 0.01,
    minimum: int = 50,
) -> Guardrail:
    """Compare means of which more is worse, such as milliseconds; the margin is in the same unit.

    Args:
        planned: units of both arms at which it is sharpest; fewer than the experiment's, so that it trips early.
        minimum: units of each arm before anything is said.
    """
    difference = compare(champion, challenger)
    excess = float("-inf")
    if min(champion.units, challenger.units) >= max(minimum, 2) and difference.error > 0:
        excess = difference.value - difference.cautious_error * float(bound_above(difference.units / planned, alpha))
    return Guardrail(name, difference.champion, difference.challenger, margin, excess)


def _rate(arm: tuple[int, int]) -> float:
    return arm[0] / arm[1] if arm[1] else float("nan")
