"""The tables of the operational database: one schema for SQLite and PostgreSQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

HEAD = "0002"
"""Newest migration; see ``migrations``."""


class Moment(TypeDecorator[datetime]):
    """UTC without zone. SQLite keeps ISO 8601 text, whose order is that of time."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else DateTime()

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return value.isoformat() if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return datetime.fromisoformat(value) if isinstance(value, str) else value


Mark = BigInteger().with_variant(Integer, "sqlite")
metadata = MetaData()

predictions = Table(
    "predictions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("problem", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("event_time", Moment),
    Column("key", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("arm", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("experiment", Text, nullable=False),
    Column("propensity", Float, nullable=False),
    Column("score", Float),
    Column("threshold", Float, nullable=False),
    Column("decision", Boolean),
    Column("fallback", Text, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("request", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("live", Text, nullable=False),
    Column("error", Text, nullable=False),
)
Index("predictions_at", predictions.c.problem, predictions.c.at)
Index("predictions_event_time", predictions.c.problem, predictions.c.event_time)
Index("predictions_key", predictions.c.problem, predictions.c.key)
Index("predictions_unit", predictions.c.problem, predictions.c.unit)
SHADOWS, LIVE = predictions.c.live != "", predictions.c.standing == "live"
Index("predictions_live", predictions.c.live, sqlite_where=SHADOWS, postgresql_where=SHADOWS)
# All that rewards need, in the order of arrival within a revision: read without the wide rows, written at its end.
Index(
    "predictions_arm",
    *(predictions.c[name] for name in ("problem", "revision", "id", "key", "arm", "decision", "standing")),
    sqlite_where=LIVE,
    postgresql_where=LIVE,
)

labels = Table(
    "labels",
    metadata,
    Column("problem", Text, primary_key=True),
    Column("prediction", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Float, primary_key=True),
    Column("landed_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("source", Text, nullable=False),
    Column("contradicts", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

deployments = Table(
    "deployments",
    metadata,
    Column("problem", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("mode", Text, nullable=False),
    Column("champion", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)

feature_results = Table(
    "feature_results",
    metadata,
    Column("mark", Mark, primary_key=True, autoincrement=True),
    Column("problem", Text, nullable=False),
    Column("view", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("problem", "view", "at", name="feature_results_at"),
    sqlite_autoincrement=True,
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("problem", Text, primary_key=True),
    Column("until", Moment, primary_key=True),
    Column("since", Moment, primary_key=True),
    Column("as_of", Moment, primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("problem", Text, nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("document", JSON, nullable=False),
)
Index("alerts_raised_at", alerts.c.problem, alerts.c.raised_at)

experiments = Table(
    "experiments",
    metadata,
    Column("problem", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("planned_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("document", JSON, nullable=False),
)
