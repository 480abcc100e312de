"""What became of the rows that shadows were offered."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Rows, by shadow; every row that is offered is in one of these in the end."""

    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Not scored, by shadow and reason.

    ``loading``, ``refused``, ``full``, ``timeout``, ``died``, ``open circuit`` or ``ledger``.
    """
    scored: Counter[str] = field(default_factory=Counter)
    """Scored and stored."""
    failed: Counter[str] = field(default_factory=Counter)
    """Failed at, and stored without a score."""
    outstanding: int = 0
    """Accepted, and in none of the others yet."""

    def lose(self, name: str, rows: int, why: str) -> None:
        """Drop rows that were accepted."""
        self.dropped[name, why] += rows
        self.outstanding -= rows

    def settle(self, name: str, rows: int, failed: int) -> None:
        """Count rows that were accepted as stored, so many of them without a score."""
        self.scored[name] += rows - failed
        self.failed[name] += failed
        self.outstanding -= rows
