"""Snapshots, alerts and experiments; predictions by event time."""

import sqlalchemy as sa
from alembic import op

from understudy.adapters.database.schema import Moment

revision, down_revision = "0002", "0001"
branch_labels = depends_on = None


def upgrade() -> None:
    op.create_index("predictions_event_time", "predictions", ["problem", "event_time"])
    op.create_table(
        "snapshots",
        sa.Column("problem", sa.Text, primary_key=True),
        sa.Column("until", Moment, primary_key=True),
        sa.Column("since", Moment, primary_key=True),
        sa.Column("as_of", Moment, primary_key=True),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("raised_at", Moment, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_index("alerts_raised_at", "alerts", ["problem", "raised_at"])
    op.create_table(
        "experiments",
        sa.Column("problem", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("planned_at", Moment, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
