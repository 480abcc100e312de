"""The ledger: every answer, and what came true."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from understudy.records import ArmReward, Label, LabelOutcome, Prediction


class Ledger(Protocol):
    """Predictions and labels. Every method raises ``StoreError`` when the database cannot be reached or is full."""

    def append(self, predictions: Sequence[Prediction]) -> None:
        """Store a batch in one transaction: durable on return, and an id that is there already is left as it is.

        Raises:
            DataError: a prediction holds what no database can store; nothing of the batch is stored.
        """
        ...

    def prediction(self, prediction_id: str) -> dict[str, Any] | None:
        """One prediction by its id, as ``Prediction``'s fields."""
        ...

    def tail(self, problem: str, limit: int = 20) -> list[dict[str, Any]]:
        """The newest predictions, oldest of them first, as ``read`` gives them."""
        ...

    def label(self, labels: Sequence[Label]) -> tuple[LabelOutcome, ...]:
        """Store labels in one transaction, also those whose prediction is not (yet) known.

        Raises:
            DataError: a label names neither a prediction nor a key; nothing is stored.
        """
        ...

    def rewards(self, problem: str, since_revision: int, costs: Mapping[str, float]) -> tuple[ArmReward, ...]:
        """What the labels say of each arm's live decisions since a revision; arms without labels are left out."""
        ...

    def read(
        self, problem: str, since: datetime | None = None, until: datetime | None = None, chunk: int = 10_000
    ) -> Iterator[list[dict[str, Any]]]:
        """Predictions in the order of ``at``, each with ``label``, ``labelled_at`` and ``contradicted``, by chunks."""
        ...

    def answers(
        self,
        problem: str,
        since: datetime,
        revision: int,
        request: Sequence[str] = (),
        inputs: Sequence[str] = (),
        chunk: int = 10_000,
    ) -> Iterator[list[dict[str, Any]]]:
        """Live predictions answered since a moment by a revision or a later one, in the order of ``at``, by chunks.

        Several times as fast as ``read``: of ``request`` and ``inputs`` each row holds the named fields only, and it
        does not say whether its label was contradicted.
        """
        ...

    def window(
        self, problem: str, since: datetime, until: datetime, as_of: datetime, chunk: int = 10_000
    ) -> Iterator[list[dict[str, Any]]]:
        """Predictions (live and shadow) of a window of the problem's clock, by chunks; labels as known at ``as_of``.

        The problem's clock is the event time; predictions without one go by ``at``. Fields as ``read`` gives them.
        """
        ...

    def clock(self, problem: str) -> datetime | None:
        """The newest moment of the problem's clock that a prediction carries; none without predictions."""
        ...

    def counts(self, problem: str, since: datetime | None = None) -> list[dict[str, Any]]:
        """For each version, arm and standing: predictions, labels, fallbacks, errors, mean score, share flagged."""
        ...

    def erase_unit(self, problem: str, unit: str) -> int:
        """Delete what is stored of a unit (predictions and labels), and return how many predictions went.

        Where the problem names no unit, it is what routing takes in its place: the business key.
        """
        ...

    def retain(self, problem: str, before: datetime) -> int:
        """Delete predictions answered before a moment, with their labels, and return how many went."""
        ...

    def settle(self) -> None:
        """Do what would otherwise delay an ``append`` some day. For its writer, whenever nothing waits."""
        ...

    def close(self) -> None:
        """Let go of the database; the next call reaches for it again."""
        ...
