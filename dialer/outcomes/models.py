"""What came of a call: one row each, written together with the lead's next step and the outbox rows."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Json, Stamp, enum


class Disposition(StrEnum):
    """What came of a call, in the words that others script against."""

    INTERESTED = "interested"
    NOT_INTERESTED = "not_interested"
    CALLBACK = "callback"
    DO_NOT_CALL = "do_not_call"
    TRANSFERRED = "transferred"
    WRONG_NUMBER = "wrong_number"
    HUNG_UP = "hung_up"
    VOICEMAIL = "voicemail"
    SCREENED = "screened"
    SILENCE = "silence"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    INVALID_NUMBER = "invalid_number"
    ABANDONED = "abandoned"


class Outcome(Base):
    """The outcome of a call. A deferred trigger refuses it without the lead's next step and its outbox rows."""

    __tablename__ = "outcomes"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "call_id"], ["calls.organization_id", "calls.id"]),
        Index(None, "campaign_id", "disposition"),
    )

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    campaign_id: Mapped[UUID | None]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    disposition: Mapped[Disposition] = mapped_column(enum(Disposition))
    summary: Mapped[str] = mapped_column(server_default="")
    fields: Mapped[Json] = mapped_column(server_default="{}")
    """What was extracted by the agent's JSON schema."""
    next_step: Mapped[str]
    """Of the lead, in words: done, waiting until …."""
    deliveries: Mapped[int]
    """How many outbox rows were written with it."""
    at: Mapped[Stamp]
