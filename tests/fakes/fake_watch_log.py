"""A watch log in memory."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import RLock

from understudy.errors import ConflictError
from understudy.records import Alert, Experiment, Snapshot


class FakeWatchLog:
    """Implements ``understudy.ports.WatchLog``."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, datetime, datetime, datetime], Snapshot] = {}
        self.raised: dict[str, Alert] = {}
        self.plans: dict[tuple[str, str], Experiment] = {}
        self._turn = RLock()

    def record(self, snapshot: Snapshot, alerts: Sequence[Alert] = ()) -> tuple[Alert, ...]:
        self.seen[snapshot.problem, snapshot.until, snapshot.since, snapshot.as_of] = snapshot
        return tuple(self.raise_alert(alert) for alert in alerts)

    def snapshots(
        self, problem: str, limit: int = 100, until: datetime | None = None, span: timedelta | None = None
    ) -> tuple[Snapshot, ...]:
        last: dict[tuple[datetime, datetime], Snapshot] = {}
        for (of, end, start, _), snapshot in sorted(self.seen.items(), key=lambda item: item[0]):
            if of == problem and (until is None or end <= until) and (span is None or end - start == span):
                last[end, start] = snapshot
        return tuple(last[window] for window in sorted(last, reverse=True))[:limit]

    def alert(self, alert_id: str) -> Alert | None:
        return self.raised.get(alert_id)

    def alerts(self, problem: str, limit: int = 100, states: Sequence[str] = ()) -> tuple[Alert, ...]:
        mine = [one for one in self.raised.values() if one.problem == problem and (not states or one.state in states)]
        return tuple(sorted(mine, key=lambda one: (one.raised_at, one.id), reverse=True)[:limit])

    def raise_alert(self, alert: Alert) -> Alert:
        with self._turn:
            return self.raised.setdefault(alert.id, alert)

    def decide(self, alert: Alert, judge: Callable[[Sequence[Alert], Alert], Alert]) -> Alert:
        with self._turn:
            standing = self.raise_alert(alert)
            acted = self.alerts(alert.problem, 1000, ("decided", "acting", "done", "failed"))
            others = [one for one in acted if one.id != alert.id]
            judged = judge(others, standing)
            return standing if judged == standing else self.advance(judged)

    def advance(self, alert: Alert) -> Alert:
        with self._turn:
            if alert.id not in self.raised or self.raised[alert.id].step != alert.step:
                raise ConflictError(f"The alert {alert.id} was changed in between.", "Read it again.")
            self.raised[alert.id] = alert.model_copy(update={"step": alert.step + 1})
            return self.raised[alert.id]

    def plan(self, experiment: Experiment) -> Experiment:
        with self._turn:
            if (experiment.problem, experiment.name) in self.plans:
                raise ConflictError(f"There is an experiment {experiment.name} already.", "Give it another name.")
            self.plans[experiment.problem, experiment.name] = experiment
            return experiment

    def experiment(self, problem: str, name: str) -> Experiment | None:
        return self.plans.get((problem, name))

    def experiments(self, problem: str) -> tuple[Experiment, ...]:
        mine = [one for one in self.plans.values() if one.problem == problem]
        return tuple(sorted(mine, key=lambda one: one.planned_at, reverse=True))

    def advance_experiment(self, experiment: Experiment) -> Experiment:
        with self._turn:
            standing = self.plans.get((experiment.problem, experiment.name))
            if standing is None or (standing.step, standing.digest) != (experiment.step, experiment.digest):
                raise ConflictError(f"The experiment {experiment.name} was changed in between.", "Look again.")
            changed = experiment.model_copy(update={"step": experiment.step + 1})
            self.plans[experiment.problem, experiment.name] = changed
            return changed

    def close(self) -> None:
        pass
