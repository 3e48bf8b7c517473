"""What people's utterances were understood to be, labels for them, models trained on these, and conversations in writing.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "understanding_models",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "training",
                "trained",
                "failed",
                name="training_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column(
            "moved_wall", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "requested_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("with_shipped", sa.Boolean(), nullable=False),
        sa.Column("utterances", sa.Integer(), server_default="0", nullable=False),
        sa.Column("report", JSONB(), server_default="{}", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=True),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("promoted_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_understanding_models_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_understanding_models")),
        sa.UniqueConstraint("organization_id", "number", name=op.f("uq_understanding_models_organization_id_number")),
    )
    op.create_index(
        "uq_understanding_models_promoted",
        "understanding_models",
        ["organization_id"],
        unique=True,
        postgresql_where="promoted_at IS NOT NULL",
    )
    op.create_table(
        "chats",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("agent_version_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("began_by", sa.Text(), nullable=False),
        sa.Column("lead", JSONB(), nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("messages", JSONB(), server_default="[]", nullable=False),
        sa.Column("length", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ending", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["agent_version_id"], ["agent_versions.id"], name=op.f("fk_chats_agent_version_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_chats_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chats")),
    )
    op.create_index(op.f("ix_chats_organization_id_began_at"), "chats", ["organization_id", "began_at"], unique=False)
    op.create_table(
        "labelled_utterances",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "emotion",
            sa.Enum(
                "neutral",
                "happy",
                "angry",
                "sad",
                "anxious",
                "confused",
                "surprised",
                name="emotion",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "intent",
            sa.Enum(
                "affirm",
                "deny",
                "interested",
                "not_interested",
                "callback",
                "do_not_call",
                "ask_price",
                "ask_info",
                "ask_identity",
                "human",
                "wrong_number",
                "complaint",
                "greeting",
                "goodbye",
                "inform",
                name="intent",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "sentiment",
            sa.Enum(
                "negative",
                "neutral",
                "positive",
                name="sentiment",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("(turn_id IS NULL) <> (text IS NULL)", name=op.f("ck_labelled_utterances_turn_or_text")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_labelled_utterances_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turns.id"], name=op.f("fk_labelled_utterances_turn_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labelled_utterances")),
        sa.UniqueConstraint("organization_id", "text", name=op.f("uq_labelled_utterances_organization_id_text")),
        sa.UniqueConstraint("turn_id", name=op.f("uq_labelled_utterances_turn_id")),
    )
    op.add_column("turns", sa.Column("understanding", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("turns", "understanding")
    op.drop_table("labelled_utterances")
    op.drop_index(op.f("ix_chats_organization_id_began_at"), table_name="chats")
    op.drop_table("chats")
    op.drop_index(
        "uq_understanding_models_promoted",
        table_name="understanding_models",
        postgresql_where="promoted_at IS NOT NULL",
    )
    op.drop_table("understanding_models")
