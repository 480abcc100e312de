"""What the read path needs of whoever stores predictions."""

from typing import Protocol

from understudy.records import Prediction


class Writes(Protocol):
    """Where predictions go: see ``LedgerWriter``."""

    async def write(self, predictions: list[Prediction]) -> None:
        """Return when they are durable.

        Raises:
            Overloaded: too many wait to be stored.
            StoreError: they are not stored.
        """
        ...
