"""Agent splits: leads of a campaign over versions, and which version an agent's name stands for.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, and when each version was saved last: as far as is known, when it was created."""
    op.create_table(
        "campaign_agents",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("agent_version_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.CheckConstraint("weight > 0", name=op.f("ck_campaign_agents_weight")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_campaign_agents_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "campaign_id"],
            ["campaigns.organization_id", "campaigns.id"],
            name=op.f("fk_campaign_agents_organization_id_campaign_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "agent_version_id"],
            ["agent_versions.organization_id", "agent_versions.id"],
            name=op.f("fk_campaign_agents_organization_id_agent_version_id"),
        ),
        sa.PrimaryKeyConstraint("campaign_id", "agent_version_id", name=op.f("pk_campaign_agents")),
    )
    op.add_column(
        "agent_versions",
        sa.Column("saved_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
    )
    op.execute("UPDATE agent_versions SET saved_at = created_at")


def downgrade() -> None:
    """Take them away."""
    op.drop_column("agent_versions", "saved_at")
    op.drop_table("campaign_agents")
