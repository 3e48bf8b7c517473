"""What a person must do next: a task with an owner and a due time."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Stamp, enum


class FollowUpKind(StrEnum):
    """Why somebody must do something."""

    CALL_INTERESTED = "call_interested"
    CALL_BACK = "call_back"
    AFTER_TRANSFER = "after_transfer"
    READ_MESSAGE = "read_message"


class FollowUp(Base):
    """A task for the sales team; the outbox writes it into each CRM."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "call_id"], ["calls.organization_id", "calls.id"]),
        UniqueConstraint("call_id", "kind"),
        Index(None, "organization_id", "due_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    call_id: Mapped[UUID]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[FollowUpKind] = mapped_column(enum(FollowUpKind))
    subject: Mapped[str]
    body: Mapped[str]
    owner: Mapped[str] = mapped_column(server_default="")
    due_at: Mapped[Stamp]
    created_at: Mapped[Stamp]
