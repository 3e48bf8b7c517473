"""Agents and their versions. A version never changes; campaigns and calls name the version that they use."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Json, Stamp


class Agent(Base):
    """A name under which versions are kept."""

    __tablename__ = "agents"
    __table_args__ = (UniqueConstraint("organization_id", "name"), UniqueConstraint("organization_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str]
    created_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())


class AgentVersion(Base):
    """One definition of an agent, as `dialer.agents.definition` reads it."""

    __tablename__ = "agent_versions"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "agent_id"], ["agents.organization_id", "agents.id"]),
        UniqueConstraint("agent_id", "number"),
        UniqueConstraint("agent_id", "sha256"),
        UniqueConstraint("organization_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    agent_id: Mapped[UUID]
    number: Mapped[int]
    definition: Mapped[Json]
    sha256: Mapped[str]
    created_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    saved_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    """When somebody last saved this definition: the version saved last is the one that the agent's name stands for."""
