"""Campaigns, their moves, and the places their leads live in."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Float, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Json, Stamp, enum


class CampaignState(StrEnum):
    """Where a campaign stands. `scheduled` waits for its first day, `completed` balances with nothing open."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"


class Campaign(Base):
    """A list of leads, an agent and a calendar."""

    __tablename__ = "campaigns"
    __table_args__ = (
        UniqueConstraint("organization_id", "name"),
        UniqueConstraint("organization_id", "id"),
        ForeignKeyConstraint(
            ["organization_id", "agent_version_id"], ["agent_versions.organization_id", "agent_versions.id"]
        ),
        ForeignKeyConstraint(["organization_id", "caller_id_id"], ["caller_ids.organization_id", "caller_ids.id"]),
        CheckConstraint("concurrency > 0", name="concurrency"),
        CheckConstraint("cps > 0", name="cps"),
        CheckConstraint("max_attempts > 0", name="max_attempts"),
        CheckConstraint("ring_timeout_s BETWEEN 20 AND 120", name="ring_timeout_s"),
        Index("ix_campaigns_active", "id", postgresql_where="state IN ('scheduled', 'running')"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str]
    state: Mapped[CampaignState] = mapped_column(enum(CampaignState))
    reason: Mapped[str] = mapped_column(server_default="")
    moved_at: Mapped[Stamp]
    agent_version_id: Mapped[UUID]
    """Speaks to its leads, unless they are split over versions, and to callers of whom no call is known."""
    caller_id_id: Mapped[UUID]
    region: Mapped[str]
    """ISO country: how a number without a country code is read."""
    windows: Mapped[Json]
    """Weekly windows in the lead's own time: {"mon": [["09:00", "17:00"]], …}."""
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    concurrency: Mapped[int]
    cps: Mapped[float] = mapped_column(Float)
    ring_timeout_s: Mapped[int] = mapped_column(server_default="25")
    max_attempts: Mapped[int] = mapped_column(server_default="3")
    retries: Mapped[Json]
    """Disposition → {"after_s": seconds, "attempts": how often it may end so}; see `campaigns.retrying`."""
    created_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())


class CampaignMove(Base):
    """A change of a campaign's state."""

    __tablename__ = "campaign_moves"
    __table_args__ = (Index(None, "campaign_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"))
    state: Mapped[CampaignState] = mapped_column(enum(CampaignState))
    at: Mapped[Stamp]
    by: Mapped[str]
    why: Mapped[str]


class CampaignPlace(Base):
    """A place in which a campaign has leads. Those of one place share their calling hours (`leads.places`)."""

    __tablename__ = "campaign_places"

    campaign_id: Mapped[UUID] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)


class CampaignAgent(Base):
    """A version over which a campaign's leads are split, with its share. See `campaigns.splitting`."""

    __tablename__ = "campaign_agents"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "campaign_id"], ["campaigns.organization_id", "campaigns.id"]),
        ForeignKeyConstraint(
            ["organization_id", "agent_version_id"], ["agent_versions.organization_id", "agent_versions.id"]
        ),
        CheckConstraint("weight > 0", name="weight"),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    agent_version_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    weight: Mapped[int]
