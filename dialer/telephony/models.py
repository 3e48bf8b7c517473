"""Carrier accounts, with the state that all who dial through one share, and the numbers they may show."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Float, ForeignKey, ForeignKeyConstraint, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Stamp


class CarrierAccount(Base):
    """An account at a carrier. `next_slot` is the next moment at which a dial may start, under this row's lock."""

    __tablename__ = "carrier_accounts"
    __table_args__ = (
        UniqueConstraint("organization_id", "vendor", "account"),
        UniqueConstraint("organization_id", "id"),
        CheckConstraint("cps > 0", name="cps"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    vendor: Mapped[str]
    account: Mapped[str]
    cps: Mapped[float] = mapped_column(Float, server_default="1")
    """Calls per second that the carrier starts for us; it queues what exceeds them and rings late."""
    next_slot: Mapped[Stamp | None]
    """Campaign time."""
    backoff_until: Mapped[Stamp | None]
    """Wall time. Nothing is claimed before it: the carrier said 429."""
    backoff_s: Mapped[float] = mapped_column(Float, server_default="0")


class CallerId(Base):
    """A number of ours that calls may show."""

    __tablename__ = "caller_ids"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "carrier_account_id"], ["carrier_accounts.organization_id", "carrier_accounts.id"]
        ),
        UniqueConstraint("organization_id", "phone"),
        UniqueConstraint("organization_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    carrier_account_id: Mapped[UUID]
    phone: Mapped[str]
    verified_at: Mapped[Stamp | None]
    stopped_reason: Mapped[str | None]
    """Set when the carrier refused the number: nothing is dialed with it until an operator clears it."""
    agent: Mapped[str | None]
    """Who answers people whom no agent has called from here: an agent's name, in the version that it stands for then.
    Empty: the agent of the number's latest campaign."""
    created_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
