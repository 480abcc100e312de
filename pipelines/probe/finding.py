"""What a probe reports about one feature."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

LOOKED_INTO = "Looked into and allowed."


@dataclass(frozen=True)
class Finding:
    """``figure`` against ``limit``, in words; ``failed`` when the feature knows too much."""

    probe: str
    feature: str
    figure: float
    limit: float
    failed: bool
    detail: str

    def excused(self, allow: Collection[str]) -> "Finding":
        """The same finding, passed when someone has looked into the feature."""
        if not self.failed or self.feature not in allow:
            return self
        return Finding(self.probe, self.feature, self.figure, self.limit, False, f"{self.detail} {LOOKED_INTO}")

    def row(self) -> dict[str, Any]:
        """As written to ``probes.json``."""
        return {
            "probe": self.probe,
            "feature": self.feature,
            "figure": round(self.figure, 6),
            "limit": self.limit,
            "verdict": "fail" if self.failed else "pass",
            "detail": self.detail,
        }
