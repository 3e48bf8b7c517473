"""Leads and their moves, imports, consent and suppression."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Json, Stamp, enum


class LeadState(StrEnum):
    """Where a lead stands. `waiting` has a time and a reason, `blocked` a reason; `done` a disposition."""

    DUE = "due"
    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    DONE = "done"
    BLOCKED = "blocked"


class Lead(Base):
    """A person to call in one campaign."""

    __tablename__ = "leads"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "campaign_id"], ["campaigns.organization_id", "campaigns.id"]),
        UniqueConstraint("campaign_id", "phone"),
        UniqueConstraint("organization_id", "id"),
        CheckConstraint("phone ~ '^[+][1-9][0-9]{6,14}$'", name="phone_e164"),
        CheckConstraint("(state IN ('due', 'waiting')) = (due_at IS NOT NULL)", name="due_at"),
        CheckConstraint("state NOT IN ('waiting', 'blocked') OR reason <> ''", name="reason"),
        CheckConstraint("state <> 'done' OR disposition IS NOT NULL", name="disposition"),
        Index("ix_leads_due", "campaign_id", "place", "due_at", "id", postgresql_where="state = 'due'"),
        Index("ix_leads_waiting", "campaign_id", "due_at", postgresql_where="state = 'waiting'"),
        Index("ix_leads_in_flight", "campaign_id", postgresql_where="state = 'in_flight'"),
        Index(None, "organization_id", "phone"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    campaign_id: Mapped[UUID]
    phone: Mapped[str]
    place: Mapped[str]
    """Where the law looks for this person: country, state and all candidate time zones (`leads.places`)."""
    first_name: Mapped[str] = mapped_column(server_default="")
    last_name: Mapped[str] = mapped_column(server_default="")
    company: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str] = mapped_column(server_default="")
    fields: Mapped[Json] = mapped_column(server_default="{}")
    """Columns of the CSV that are not ours, by their header."""
    state: Mapped[LeadState] = mapped_column(enum(LeadState))
    reason: Mapped[str] = mapped_column(server_default="")
    due_at: Mapped[Stamp | None]
    """Campaign time of the next attempt; only while due or waiting."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    """Calls that were sent to the carrier, or may have been."""
    disposition: Mapped[str | None]
    """Of the latest outcome."""
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("imports.id"))
    line: Mapped[int | None]
    moved_at: Mapped[Stamp]
    created_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())


class LeadMove(Base):
    """A change of a lead's state: when, who and why, and until when."""

    __tablename__ = "lead_moves"
    __table_args__ = (Index(None, "lead_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    state: Mapped[LeadState] = mapped_column(enum(LeadState))
    at: Mapped[Stamp]
    by: Mapped[str]
    why: Mapped[str]
    due_at: Mapped[Stamp | None]
    call_id: Mapped[UUID | None]


class Import(Base):
    """One run of a CSV file into a campaign, and what came of it."""

    __tablename__ = "imports"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "campaign_id"], ["campaigns.organization_id", "campaigns.id"]),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    campaign_id: Mapped[UUID]
    filename: Mapped[str]
    sha256: Mapped[str]
    at: Mapped[Stamp]
    by: Mapped[str]
    rows: Mapped[int]
    imported: Mapped[int]
    unchanged: Mapped[int]
    rejected: Mapped[Json]
    """Reason → number of rows."""
    mapping: Mapped[Json]
    """Our field → the column's header."""
    rejects_file: Mapped[str] = mapped_column(server_default="")


class ConsentType(StrEnum):
    """Prior express consent; marketing with an artificial voice needs it in writing."""

    EXPRESS = "express"
    WRITTEN = "written"


class Consent(Base):
    """That a person agreed to be called: which kind, to which text, when, and what proves it."""

    __tablename__ = "consents"
    __table_args__ = (Index(None, "organization_id", "phone"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    phone: Mapped[str]
    type: Mapped[ConsentType] = mapped_column(enum(ConsentType))
    text_version: Mapped[str] = mapped_column(server_default="")
    given_at: Mapped[Stamp | None]
    evidence: Mapped[str]
    source: Mapped[str]
    created_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    revoked_at: Mapped[Stamp | None]


class Suppression(Base):
    """A number that the organization never calls again. The keyed hash outlives the number's erasure."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("organization_id", "phone_hash"), Index(None, "organization_id", "phone"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    phone: Mapped[str | None]
    phone_hash: Mapped[str]
    reason: Mapped[str]
    source: Mapped[str]
    """spoken, digit, sms, api, csv, carrier, operator."""
    call_id: Mapped[UUID | None]
    at: Mapped[Stamp]
    wall: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
