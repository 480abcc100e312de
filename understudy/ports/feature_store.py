"""The feature store: the newest values of each view, made by a flow and read by servers."""

from collections.abc import Mapping
from typing import Protocol

from understudy.features.snapshot import Result


class FeatureStore(Protocol):
    """Results of views by problem and clock time. Every method raises ``StoreError`` when it cannot be reached."""

    def publish(self, problem: str, results: Mapping[str, Result]) -> None:
        """Store one result for each named view, in one transaction; the same clock time again replaces it."""
        ...

    def since(self, problem: str, mark: int) -> tuple[int, list[tuple[str, Result]]]:
        """What was published after a mark (0: from the start): the new mark, and results by view, oldest first.

        Only the newest few clock times of each view are kept.
        """
        ...
