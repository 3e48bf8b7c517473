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
