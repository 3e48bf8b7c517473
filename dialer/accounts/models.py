"""Organizations, users, API keys, and who did what."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from dialer.db import Base, Json, Stamp, enum


class Organization(Base):
    """A tenant. Every other row belongs to one."""

    __tablename__ = "organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())


class Role(StrEnum):
    """What a user may do: look, run campaigns, or everything."""

    VIEWER = "viewer"
    MANAGER = "manager"
    ADMIN = "admin"


class User(Base):
    """A person who logs in."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[Role] = mapped_column(enum(Role))
    created_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    disabled_at: Mapped[Stamp | None]


class ApiKey(Base):
    """A key for scripts: shown once, kept as a hash."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(enum(Role))
    key_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    last_used_at: Mapped[Stamp | None]
    revoked_at: Mapped[Stamp | None]


class AuditEvent(Base):
    """Something that a person or a key did to the system."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "organization_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    at: Mapped[Stamp] = mapped_column(server_default=func.clock_timestamp())
    by: Mapped[str]
    what: Mapped[str]
    why: Mapped[str] = mapped_column(server_default="")
    detail: Mapped[Json] = mapped_column(server_default="{}")
