"""A conversation in writing."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Json, Stamp


class Chat(Base):
    """What was written so far. One reply at a time: whoever adds one names the length that they knew."""

    __tablename__ = "chats"
    __table_args__ = (Index(None, "organization_id", "began_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    agent_version_id: Mapped[UUID] = mapped_column(ForeignKey("agent_versions.id"))
    began_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    began_by: Mapped[str]
    lead: Mapped[Json]
    phone: Mapped[str] = mapped_column(server_default="")
    """Whom an opt-out in this conversation is about, E.164; empty: nobody."""
    messages: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    length: Mapped[int] = mapped_column(server_default="0")
    """How many messages there are."""
    ended_at: Mapped[Stamp | None]
    ending: Mapped[str] = mapped_column(server_default="")
    """Why it ended: agent, opt_out, transfer, closed."""
