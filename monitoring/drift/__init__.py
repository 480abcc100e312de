"""Drift: whether inputs, scores and decisions still look as they did in training.

``report`` makes the pages; it imports Evidently, which takes seconds, and is imported only by those who need it.
"""

from monitoring.drift.compare import drift_of
from monitoring.drift.found import ColumnDrift, Drift

__all__ = ["ColumnDrift", "Drift", "drift_of"]
