"""Intents: undecided, wait, repeat, other.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INTENTS = (
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
)
ADDED = ("undecided", "wait", "repeat", "other")


def upgrade() -> None:
    """Let labels say the new ones."""
    _allow((*INTENTS, *ADDED))


def downgrade() -> None:
    """Forget labels that say them."""
    listed = ", ".join(f"'{intent}'" for intent in ADDED)
    op.execute(f"UPDATE labelled_utterances SET intent = NULL WHERE intent IN ({listed})")
    _allow(INTENTS)


def _allow(intents: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{intent}'" for intent in intents)
    op.drop_constraint(op.f("ck_labelled_utterances_intent"), "labelled_utterances", type_="check")
    op.create_check_constraint(op.f("ck_labelled_utterances_intent"), "labelled_utterances", f"intent IN ({listed})")
