"""Numbers that an agent answers, and calls that are held turn by turn, without a stream.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SEATS = ("none", "wanted", "taken", "given_up")


def upgrade() -> None:
    """Add the agent of a number, and the state of a call's seat."""
    op.add_column("caller_ids", sa.Column("agent", sa.Text(), nullable=True))
    _allow((*SEATS, "by_turns"))


def downgrade() -> None:
    """Take both away; calls that were held turn by turn had no seat."""
    op.execute("UPDATE calls SET seat = 'none' WHERE seat = 'by_turns'")
    _allow(SEATS)
    op.drop_column("caller_ids", "agent")


def _allow(states: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    op.drop_constraint(op.f("ck_calls_seat_state"), "calls", type_="check")
    op.create_check_constraint(op.f("ck_calls_seat_state"), "calls", f"seat IN ({listed})")
