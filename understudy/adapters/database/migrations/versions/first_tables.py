"""Predictions, labels, deployments and feature results."""

import sqlalchemy as sa
from alembic import op

from understudy.adapters.database.schema import Mark, Moment

revision, down_revision = "0001", None
branch_labels = depends_on = None


def upgrade() -> None:
    _predictions()
    _labels()
    _deployments()
    _feature_results()


def _predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("event_time", Moment),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("arm", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("propensity", sa.Float, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("threshold", sa.Float, nullable=False),
        sa.Column("decision", sa.Boolean),
        sa.Column("fallback", sa.Text, nullable=False),
        sa.Column("flags", sa.JSON, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("inputs", sa.JSON, nullable=False),
        sa.Column("latency_ms", sa.Float, nullable=False),
        sa.Column("live", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
    )
    op.create_index("predictions_at", "predictions", ["problem", "at"])
    op.create_index("predictions_key", "predictions", ["problem", "key"])
    op.create_index("predictions_unit", "predictions", ["problem", "unit"])
    _partial("predictions_live", ["live"], "live != ''")
    _partial(
        "predictions_arm", ["problem", "revision", "id", "key", "arm", "decision", "standing"], "standing = 'live'"
    )


def _partial(name: str, columns: list[str], rows: str) -> None:
    op.create_index(name, "predictions", columns, sqlite_where=sa.text(rows), postgresql_where=sa.text(rows))


def _labels() -> None:
    op.create_table(
        "labels",
        sa.Column("problem", sa.Text, primary_key=True),
        sa.Column("prediction", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Float, primary_key=True),
        sa.Column("landed_at", Moment, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("contradicts", sa.Boolean, nullable=False),
        sqlite_with_rowid=False,
    )


def _deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("problem", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("champion", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )


def _feature_results() -> None:
    op.create_table(
        "feature_results",
        sa.Column("mark", Mark, primary_key=True, autoincrement=True),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("view", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("problem", "view", "at", name="feature_results_at"),
        sqlite_autoincrement=True,
    )
