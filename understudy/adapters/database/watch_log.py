"""The watch log on SQLite or PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection, Select, extract, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from understudy.adapters.database.engine import Database
from understudy.adapters.database.schema import alerts, experiments, snapshots
from understudy.errors import ConflictError, StoreError
from understudy.records import Alert, Experiment, Record, Snapshot

TURN = 7_355_608_416
"""Advisory lock of PostgreSQL under which one decision on alerts at a time is made."""
REACH = 1000
"""Alerts back to which a decision looks."""
UNDECIDED = ("raised", "withheld")
"""States of alerts on which no action was decided."""

a, e, s = alerts.c, experiments.c, snapshots.c
Kind = TypeVar("Kind", bound=Record)


class SqlWatchLog:
    """Implements ``understudy.ports.WatchLog``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, snapshot: Snapshot, alerts: Sequence[Alert] = ()) -> tuple[Alert, ...]:
        row = _row(snapshot, "problem", "until", "since", "as_of", "made_at")
        with self._database.writing() as connection:
            insert = self._dialect.insert(snapshots).values(row)
            connection.execute(insert.on_conflict_do_update(index_elements=list(snapshots.primary_key), set_=row))
            return tuple(self._raised(connection, alert) for alert in alerts)

    def snapshots(
        self, problem: str, limit: int = 100, until: datetime | None = None, span: timedelta | None = None
    ) -> tuple[Snapshot, ...]:
        last = func.row_number().over(partition_by=(s.problem, s.until, s.since), order_by=s.as_of.desc())
        ranked = select(snapshots, last.label("place")).where(s.problem == problem)
        if until is not None:
            ranked = ranked.where(s.until <= until)
        if span is not None:
            ranked = ranked.where(extract("epoch", s.until) - extract("epoch", s.since) == int(span.total_seconds()))
        seen = ranked.subquery()
        query = select(seen.c.document).where(seen.c.place == 1).order_by(seen.c.until.desc(), seen.c.since.desc())
        return self._read(Snapshot, query.limit(limit))

    def alert(self, alert_id: str) -> Alert | None:
        return next(iter(self._read(Alert, select(a.document).where(a.id == alert_id))), None)

    def alerts(self, problem: str, limit: int = 100, states: Sequence[str] = ()) -> tuple[Alert, ...]:
        query = _newest(problem).limit(limit)
        return self._read(Alert, query.where(a.state.in_(states)) if states else query)

    def raise_alert(self, alert: Alert) -> Alert:
        with self._database.writing() as connection:
            return self._raised(connection, alert)

    def decide(self, alert: Alert, judge: Callable[[Sequence[Alert], Alert], Alert]) -> Alert:
        with self._database.writing() as connection:
            if not self._database.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": TURN})
            standing = self._raised(connection, alert)
            # Only these: however many alerts are withheld in a storm, none that was acted on falls out of reach.
            acted = _newest(alert.problem).where(a.state.not_in(UNDECIDED)).limit(REACH)
            others = _models(Alert, connection.scalars(acted).all())
            judged = judge([other for other in others if other.id != alert.id], standing)
            return standing if judged == standing else _stepped(connection, judged)

    def advance(self, alert: Alert) -> Alert:
        with self._database.writing() as connection:
            return _stepped(connection, alert)

    def plan(self, experiment: Experiment) -> Experiment:
        row = _row(experiment, "problem", "name", "planned_at", "state", "step", "digest")
        with self._database.writing() as connection:
            insert = self._dialect.insert(experiments).values(row).on_conflict_do_nothing().returning(e.name)
            if connection.execute(insert).first() is None:
                raise ConflictError(
                    f"{experiment.problem} has an experiment {experiment.name} already, and a plan does not change.",
                    "Give the new one another name.",
                )
        return experiment

    def experiment(self, problem: str, name: str) -> Experiment | None:
        return next(iter(self._read(Experiment, _experiments(problem).where(e.name == name))), None)

    def experiments(self, problem: str) -> tuple[Experiment, ...]:
        return self._read(Experiment, _experiments(problem))

    def advance_experiment(self, experiment: Experiment) -> Experiment:
        changed = experiment.model_copy(update={"step": experiment.step + 1})
        row = _row(changed, "state", "step")
        mine = (e.problem == experiment.problem, e.name == experiment.name)
        standing = (e.step == experiment.step, e.digest == experiment.digest)
        with self._database.writing() as connection:
            if connection.execute(update(experiments).where(*mine, *standing).values(row)).rowcount != 1:
                raise ConflictError(
                    f"The experiment {experiment.name} was changed in between, or its plan is another.",
                    "Look at it again with `understudy experiment status`.",
                )
        return changed

    def close(self) -> None:
        self._database.close()

    @property
    def _dialect(self) -> Any:
        return sqlite if self._database.sqlite else postgresql

    def _raised(self, connection: Connection, alert: Alert) -> Alert:
        row = _row(alert, "id", "problem", "raised_at", "state", "step")
        connection.execute(self._dialect.insert(alerts).values(row).on_conflict_do_nothing())
        return _models(Alert, connection.scalars(select(a.document).where(a.id == alert.id)).all())[0]

    def _read(self, kind: type[Kind], query: Select[Any]) -> tuple[Kind, ...]:
        with self._database.reading() as connection:
            documents = connection.scalars(query).all()
        return _models(kind, documents)


def _newest(problem: str) -> Select[Any]:
    return select(a.document).where(a.problem == problem).order_by(a.raised_at.desc(), a.id.desc())


def _experiments(problem: str) -> Select[Any]:
    return select(e.document).where(e.problem == problem).order_by(e.planned_at.desc(), e.name)


def _stepped(connection: Connection, alert: Alert) -> Alert:
    changed = alert.model_copy(update={"step": alert.step + 1})
    standing = update(alerts).where(a.id == alert.id, a.step == alert.step)
    if connection.execute(standing.values(_row(changed, "state", "step"))).rowcount != 1:
        raise ConflictError(f"The alert {alert.id} was changed in between.", "Read it again, and see what is left.")
    return changed


def _row(record: Record, *columns: str) -> dict[str, Any]:
    return {**{name: getattr(record, name) for name in columns}, "document": record.model_dump(mode="json")}


def _models(kind: type[Kind], documents: Sequence[Any]) -> tuple[Kind, ...]:
    try:
        return tuple(kind.model_validate(document) for document in documents)
    except ValidationError as error:
        raise StoreError(
            f"The watch log holds a record that this version cannot read: {error.errors()[0]['msg']}.",
            "A newer version of Understudy wrote it: use that one.",
        ) from error
