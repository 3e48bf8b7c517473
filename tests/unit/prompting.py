"""What a language model is told of a call."""

from __future__ import annotations

from datetime import UTC, datetime

from dialer.agents.definition import AgentDefinition
from dialer.conversation import prompt
from dialer.conversation.facts import Briefing


def system(agent: AgentDefinition, first_name: str) -> str:
    """The system message of a call to somebody, on Friday, 20 November 2026."""
    briefing = Briefing(
        call_id="c1",
        epoch=1,
        agent=agent,
        lead={"first_name": first_name},
        organization="o",
        from_number="+12125550100",
        to_number="+12125550101",
        direction="outbound",
        local_time=datetime(2026, 11, 20, 10, tzinfo=UTC),
    )
    return prompt.system(agent, briefing)
