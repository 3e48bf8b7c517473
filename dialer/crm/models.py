"""The outbox: every effect outside, a row before it happens."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Stamp, enum


class OutboxKind(StrEnum):
    """What is to be written. A contact row carries no payload: the lead's present state is read when it is sent."""

    CONTACT = "contact"
    ACTIVITY = "activity"
    TASK = "task"
    EVENT = "event"
    """A webhook's document."""
    MEETING = "meeting"
    """The calendar's event, as its meeting stands when it is sent: booked, or cancelled."""
    SMS = "sms"
    EMAIL = "email"


class OutboxState(StrEnum):
    """Where a row stands. `parked`: a person must look, then `retry`."""

    PENDING = "pending"
    SENT = "sent"
    PARKED = "parked"


class OutboxRow(Base):
    """One effect at one destination. Rows of a (lead, destination) are sent in the order of their ids."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("destination", "key"),
        Index("ix_outbox_due", "next_wall", "id", postgresql_where="state = 'pending'"),
        Index("ix_outbox_order", "destination", "lead_id", "id", postgresql_where="state <> 'sent'"),
        Index(None, "call_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    destination: Mapped[str]
    """hubspot, salesforce, webhook; a calendar; sms, email."""
    kind: Mapped[OutboxKind] = mapped_column(enum(OutboxKind))
    key: Mapped[str]
    """The idempotency key, from the attempt or the follow-up: one effect however often it is sent."""
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("calls.id"))
    follow_up_id: Mapped[UUID | None] = mapped_column(ForeignKey("follow_ups.id"))
    meeting_id: Mapped[UUID | None] = mapped_column(ForeignKey("meetings.id"))
    notice_id: Mapped[UUID | None] = mapped_column(ForeignKey("notices.id"))
    sending_wall: Mapped[Stamp | None]
    """When sending began of what is sent once at most: while this stands, nobody knows and it is not sent again."""
    state: Mapped[OutboxState] = mapped_column(enum(OutboxState), server_default="pending")
    tries: Mapped[int] = mapped_column(server_default="0")
    next_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    lease: Mapped[UUID | None] = mapped_column(default=None)
    leased_until: Mapped[Stamp | None]
    external_id: Mapped[str | None]
    error: Mapped[str | None]
    created_wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    sent_wall: Mapped[Stamp | None]


class CrmLink(Base):
    """Which record of a CRM a lead is."""

    __tablename__ = "crm_links"

    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), primary_key=True)
    destination: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str]
