"""The watch log: what was seen of each window, which alerts came of it, and the experiments."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from understudy.records import Alert, Experiment, Snapshot


class WatchLog(Protocol):
    """Snapshots, alerts and experiments. Every method raises ``StoreError`` when the database cannot be reached."""

    def record(self, snapshot: Snapshot, alerts: Sequence[Alert] = ()) -> tuple[Alert, ...]:
        """Store a snapshot and the alerts it raised in one transaction.

        The same window seen again at the same moment is replaced; an alert with the id of one that is there already
        is left as it stands.

        Returns:
            The given alerts as they stand now.
        """
        ...

    def snapshots(
        self, problem: str, limit: int = 100, until: datetime | None = None, span: timedelta | None = None
    ) -> tuple[Snapshot, ...]:
        """Newest window first, and of each window what was seen last.

        Those that end by ``until``, and those as long as ``span`` (to the second), where given.
        """
        ...

    def alert(self, alert_id: str) -> Alert | None: ...

    def alerts(self, problem: str, limit: int = 100, states: Sequence[str] = ()) -> tuple[Alert, ...]:
        """Newest first; of some states where given."""
        ...

    def raise_alert(self, alert: Alert) -> Alert:
        """Store an alert that came of no snapshot; one with its id that is there already is left as it stands.

        Returns:
            The alert as it stands now.
        """
        ...

    def decide(self, alert: Alert, judge: Callable[[Sequence[Alert], Alert], Alert]) -> Alert:
        """Have ``judge`` decide what becomes of an alert, while nobody else decides anything of the problem.

        ``judge`` is given the problem's alerts on which an action was decided (newest first) and this one as it
        stands; what it returns is stored, all in one transaction, so that caps and cooldowns hold whatever comes at
        once. It may be called again.
        """
        ...

    def advance(self, alert: Alert) -> Alert:
        """Store a changed alert, whose ``step`` is still that of the record it was made from.

        Raises:
            ConflictError: it was changed in between.
        """
        ...

    def plan(self, experiment: Experiment) -> Experiment:
        """Write a plan down.

        Raises:
            ConflictError: there is another experiment of that name.
        """
        ...

    def experiment(self, problem: str, name: str) -> Experiment | None: ...

    def experiments(self, problem: str) -> tuple[Experiment, ...]:
        """Newest first."""
        ...

    def advance_experiment(self, experiment: Experiment) -> Experiment:
        """Store a changed experiment: see ``advance``. Its plan cannot change.

        Raises:
            ConflictError: it was changed in between, or its plan differs.
        """
        ...

    def close(self) -> None:
        """Let go of the database; the next call reaches for it again."""
        ...
