"""When going on is not worth it: the challenger may still be better, but not by enough to matter.

The rule is fixed beforehand and is one reading of the confidence sequence: stop once its favourable end falls short of
the smallest effect that matters. It wrongly gives up on a challenger that is that good with at most alpha / 2 however
often it is looked at, and ``power`` counts this as power lost. (Stopping by conditional power, Lan, Simon & Halperin
1982, gives no such promise for looks that were not planned.)
"""

from typing import Literal

from monitoring.experiments.statistics.sequential import ConfidenceSequence

Better = Literal["lower", "higher"]


def gain(sequence: ConfidenceSequence, better: Better) -> tuple[float, float, float]:
    """Value, least and greatest gain of the challenger, positive when it is better."""
    if better == "higher":
        return sequence.value, sequence.low, sequence.high
    return -sequence.value, -sequence.high, -sequence.low


def futile(sequence: ConfidenceSequence, effect: float, better: Better = "lower") -> bool:
    """Whether a gain of ``effect``, the smallest that matters (greater than 0), is ruled out."""
    _, _, greatest = gain(sequence, better)
    return greatest < effect
