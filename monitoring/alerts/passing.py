"""Whether a reading has passed a rule's limit, says nothing, or is back within it."""

from dataclasses import dataclass

from understudy.problem.monitoring import Rule
from understudy.records import Reading


@dataclass(frozen=True)
class Judged:
    """A reading as a rule sees it."""

    figure: float
    """The end of the reading that the rule asks for."""
    limit: float
    beyond: bool
    back: bool
    """Whether it is within ``clears`` of the limit. Between ``beyond`` and ``back`` nothing changes."""

    @property
    def excess(self) -> float:
        """How far beyond the limit, in limits; in units where the limit is 0."""
        return abs(self.figure - self.limit) / (abs(self.limit) or 1.0)


def judged(rule: Rule, reading: Reading | None) -> Judged | None:
    """None where the reading is missing, has too few rows, or lacks the figure or the limit that the rule asks for.

    A figure that rests on no row, such as an age or a count of none, says what it says.
    """
    if reading is None or 0 < reading.rows < rule.minimum:
        return None
    figure: float | None = getattr(reading, rule.bound)
    asked = rule.above if rule.above is not None else rule.below
    limit = reading.limit if asked == "limit" else asked
    if figure is None or limit is None or figure != figure:
        return None
    side = 1.0 if rule.above is not None else -1.0
    inside = side * limit - (1 - rule.clears) * abs(limit)
    return Judged(figure, float(limit), beyond=side * figure > side * limit, back=side * figure <= inside)
