"""a tool's row knows when its effect was known

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tool_uses", sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE tool_uses SET done_at = at")


def downgrade() -> None:
    op.drop_column("tool_uses", "done_at")
