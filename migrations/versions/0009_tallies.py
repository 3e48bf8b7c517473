"""What each seat used, and what happened in it.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a row for each seat of a call."""
    op.create_table(
        "tallies",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_tallies_call_id_calls")),
        sa.PrimaryKeyConstraint("call_id", "epoch", name=op.f("pk_tallies")),
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_table("tallies")
