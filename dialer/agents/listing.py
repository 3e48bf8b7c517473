"""What the API and the console read about agents. Nothing here changes a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from dialer.agents.models import Agent, AgentVersion


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent and the version that its name stands for."""

    name: str
    version_id: UUID
    version: int
    definition: dict[str, Any]
    created_at: datetime


def latest(session: Session, organization_id: UUID) -> list[AgentView]:
    """Return the organization's agents by name, each with the version that its name stands for."""
    rows = session.execute(
        select(Agent.name, AgentVersion)
        .join(AgentVersion, AgentVersion.agent_id == Agent.id)
        .where(Agent.organization_id == organization_id)
        .ext(distinct_on(Agent.name))
        .order_by(Agent.name, AgentVersion.saved_at.desc())
    )
    return [AgentView(name, v.id, v.number, v.definition, v.created_at) for name, v in rows]


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of an agent."""

    id: UUID
    agent: str
    number: int
    definition: dict[str, Any]
    created_at: datetime
    current: bool
    """Whether it is what the agent's name stands for."""
    changed: tuple[str, ...]
    """The fields in which it differs from the version before; empty for the first."""


def versions(session: Session, organization_id: UUID) -> list[VersionView]:
    """Return all versions of the organization's agents: by name, the newest first."""
    wanted = (
        select(Agent.name, AgentVersion)
        .join(AgentVersion, AgentVersion.agent_id == Agent.id)
        .where(Agent.organization_id == organization_id)
        .order_by(Agent.name, AgentVersion.number)
    )
    of: dict[str, list[AgentVersion]] = {}
    for agent, version in session.execute(wanted):
        of.setdefault(agent, []).append(version)
    return [view for agent, known in of.items() for view in _history(agent, known)]


def _history(agent: str, known: list[AgentVersion]) -> list[VersionView]:
    """Show the versions of one agent, which come the oldest first, the newest first."""
    current = max(known, key=lambda version: version.saved_at)
    before: dict[str, Any] | None = None
    shown: list[VersionView] = []
    for v in known:
        shown.append(VersionView(v.id, agent, v.number, v.definition, v.created_at, v is current, _differ(before, v)))
        before = v.definition
    return shown[::-1]


def _differ(before: dict[str, Any] | None, version: AgentVersion) -> tuple[str, ...]:
    if before is None:
        return ()
    fields = {*before, *version.definition}
    return tuple(sorted(field for field in fields if before.get(field) != version.definition.get(field)))
