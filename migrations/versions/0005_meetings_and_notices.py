"""Meetings that hold their time against all others, notices that are sent once at most, and transfers that are accepted.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS = {
    "outbox": ("outbox_kind", ("contact", "activity", "task", "event"), ("meeting", "sms", "email")),
    "follow_ups": (
        "follow_up_kind",
        ("call_interested", "call_back", "after_transfer", "read_message"),
        ("transfer_briefing", "meeting", "meeting_failed"),
    ),
}
"""Table → its constraint, the kinds that there were, and those that are new."""
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables, and what they bring with them elsewhere."""
    op.create_table(
        "meetings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column(
            "calendar_key",
            sa.BigInteger(),
            sa.Computed("hashtextextended(organization_id::text || ':' || calendar, 0)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "wanted",
                "booked",
                "refused",
                "cancelled",
                name="meeting_state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", STAMP, nullable=False),
        sa.Column("ends_at", STAMP, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", STAMP, nullable=False),
        sa.Column("moved_at", STAMP, nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_meetings_takes_time")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_meetings_organization_id")),
        sa.ForeignKeyConstraint(
            ["organization_id", "call_id"],
            ["calls.organization_id", "calls.id"],
            name=op.f("fk_meetings_organization_id_call_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings")),
    )
    # Two ranges, because btree_gist, with which a plain column could be compared, is not everywhere installed.
    op.execute(
        "ALTER TABLE meetings ADD CONSTRAINT ex_meetings_no_time_twice EXCLUDE USING gist"
        " (int8range(calendar_key, calendar_key, '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&)"
        " WHERE (state IN ('wanted', 'booked'))"
    )
    op.create_index(
        op.f("ix_meetings_organization_id_calendar_starts_at"),
        "meetings",
        ["organization_id", "calendar", "starts_at"],
    )
    op.create_index(op.f("ix_meetings_call_id"), "meetings", ["call_id"])
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum("sms", "email", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("from_address", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", STAMP, nullable=False),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name=op.f("fk_notices_meeting_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_notices_organization_id")),
        sa.ForeignKeyConstraint(
            ["organization_id", "call_id"],
            ["calls.organization_id", "calls.id"],
            name=op.f("fk_notices_organization_id_call_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_call_id"), "notices", ["call_id"])
    op.add_column("outbox", sa.Column("meeting_id", sa.Uuid(), nullable=True))
    op.add_column("outbox", sa.Column("notice_id", sa.Uuid(), nullable=True))
    op.add_column("outbox", sa.Column("sending_wall", STAMP, nullable=True))
    op.create_foreign_key(op.f("fk_outbox_meeting_id"), "outbox", "meetings", ["meeting_id"], ["id"])
    op.create_foreign_key(op.f("fk_outbox_notice_id"), "outbox", "notices", ["notice_id"], ["id"])
    op.add_column("calls", sa.Column("transfer", sa.Text(), nullable=True))
    for table, (name, old, new) in KINDS.items():
        _allow(table, name, (*old, *new))


def downgrade() -> None:
    for table, (name, old, new) in KINDS.items():
        op.execute(f"DELETE FROM {table} WHERE kind IN ({_listed(new)})")
        _allow(table, name, old)
    op.drop_column("calls", "transfer")
    for column in ("sending_wall", "notice_id", "meeting_id"):
        op.drop_column("outbox", column)
    op.drop_table("notices")
    op.drop_table("meetings")


def _allow(table: str, name: str, kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"kind IN ({_listed(kinds)})")


def _listed(kinds: tuple[str, ...]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)
