"""What follows from a call: tasks of people, meetings, and what is sent to the person."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Stamp, enum


class FollowUpKind(StrEnum):
    """Why somebody must do something."""

    CALL_INTERESTED = "call_interested"
    CALL_BACK = "call_back"
    AFTER_TRANSFER = "after_transfer"
    READ_MESSAGE = "read_message"
    TRANSFER_BRIEFING = "transfer_briefing"
    MEETING = "meeting"
    MEETING_FAILED = "meeting_failed"


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


class MeetingState(StrEnum):
    """Where a meeting stands. `wanted` and `booked` hold their time against all others."""

    WANTED = "wanted"
    BOOKED = "booked"
    REFUSED = "refused"
    """The calendar would not have it."""
    CANCELLED = "cancelled"


class Meeting(Base):
    """A meeting that a person agreed to: the row comes before the calendar's event, whose id is this one.

    No two that hold their time in one calendar overlap. Of a calendar that is built in, these rows are all there is.
    """

    __tablename__ = "meetings"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "call_id"], ["calls.organization_id", "calls.id"]),
        CheckConstraint("ends_at > starts_at", name="takes_time"),
        ExcludeConstraint(
            (sql("int8range(calendar_key, calendar_key, '[]')"), "&&"),
            (sql("tstzrange(starts_at, ends_at)"), "&&"),
            name="ex_meetings_no_time_twice",
            using="gist",
            where=sql("state IN ('wanted', 'booked')"),
        ),
        Index(None, "organization_id", "calendar", "starts_at"),
        Index(None, "call_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """From the call and the time: wanting the same again is no second meeting."""
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    call_id: Mapped[UUID]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    calendar: Mapped[str]
    """builtin, google, caldav."""
    calendar_key: Mapped[int] = mapped_column(
        BigInteger, Computed("hashtextextended(organization_id::text || ':' || calendar, 0)", persisted=True)
    )
    state: Mapped[MeetingState] = mapped_column(enum(MeetingState))
    starts_at: Mapped[Stamp]
    ends_at: Mapped[Stamp]
    zone: Mapped[str]
    """The person's, as a name of the IANA's."""
    title: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str]
    email: Mapped[str] = mapped_column(server_default="")
    """Where the confirmation goes; empty: nowhere."""
    external_id: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[Stamp]
    """When the person last agreed to it."""
    moved_at: Mapped[Stamp]

    @property
    def when(self) -> str:
        """When it begins by the person's own clock, in the words of a letter."""
        local = self.starts_at.astimezone(ZoneInfo(self.zone))
        return f"{local:%A} {local.day} {local:%B %Y} at {local:%H:%M} ({self.zone})"


class Channel(StrEnum):
    """How something reaches a person."""

    SMS = "sms"
    EMAIL = "email"


class Notice(Base):
    """Something that is sent to somebody once at most: a text message or an e-mail."""

    __tablename__ = "notices"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "call_id"], ["calls.organization_id", "calls.id"]),
        Index(None, "call_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    call_id: Mapped[UUID]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    channel: Mapped[Channel] = mapped_column(enum(Channel))
    to_address: Mapped[str]
    """E.164, or an e-mail address."""
    from_address: Mapped[str]
    person: Mapped[str] = mapped_column(server_default="")
    """The number of the person that it is for: an opt-out of that number stops it. Empty: it is for one of us."""
    subject: Mapped[str] = mapped_column(server_default="")
    body: Mapped[str]
    meeting_id: Mapped[UUID | None] = mapped_column(ForeignKey("meetings.id"))
    """The meeting whose invitation goes with it."""
    created_at: Mapped[Stamp]
