"""Everything that the alerts of one problem are decided and acted on with; a composition root puts it together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from monitoring.alerts.decide import Terms, judge
from monitoring.alerts.dry import is_dry
from understudy.ports import WatchLog
from understudy.problem import ProblemSpec, parse_span
from understudy.records import Alert, Snapshot

Action = Callable[[Alert], dict[str, Any]]
"""Acts on an alert and returns its outcome: JSON with ``what`` in words, and ``incident`` where it wrote a page.

It may be called again for an alert on which it was interrupted, and must then finish rather than repeat.
"""
Occasion = Literal["decided", "ended"]
Deliver = Callable[[Sequence[Alert], Occasion], Mapping[str, str]]
"""Tells people, and returns for each channel ``sent`` or why it was not. It does not raise."""

LEASE = timedelta(seconds=60)
"""How long an action may be silent before another process takes it up; who acts renews it all the while."""


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _to_nobody(_alerts: Sequence[Alert], _occasion: Occasion) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Acting:
    """The means of one problem."""

    spec: ProblemSpec
    log: WatchLog
    actions: Mapping[str, Action]
    revision: Callable[[], int | None]
    """Newest revision of the deployment log."""
    deliver: Deliver = _to_nobody
    steps: Callable[[Snapshot], Sequence[Alert]] = lambda _: ()
    """What a window lets follow upon earlier actions: see ``monitoring.actions.succession``."""
    hand_over: Callable[[Alert], bool] = lambda _: False
    """Leave a decided alert to another process, where there is one, and say whether that was done."""
    clock: Callable[[], datetime] = utc_now
    lease: timedelta = LEASE

    @property
    def dry(self) -> bool:
        return self.spec.monitoring.dry_run

    def is_for(self, alert: Alert) -> bool:
        """Whether it may be decided, told and acted on here: a dry run leaves real alerts to a real look."""
        return is_dry(alert) or not self.dry

    def decide(self, alert: Alert) -> tuple[Alert, bool]:
        """Decide an alert under the problem's limits, and say whether it was this call that did."""
        mine, revision = False, self.revision()

        def turn(others: Sequence[Alert], standing: Alert) -> Alert:
            nonlocal mine
            decision = judge(others, standing, self._terms(standing), revision, self.clock())
            mine = decision is not standing
            return decision

        return self.log.decide(alert, turn), mine

    def _terms(self, alert: Alert) -> Terms:
        watched = self.spec.monitoring
        rule = next((one for one in watched.rules if (one.name, one.action) == (alert.rule, alert.action)), None)
        cooldown = parse_span(rule.cooldown) if rule else timedelta()
        return Terms(cooldown, watched.actions_per_hour, self.dry, frozenset(self.actions))
