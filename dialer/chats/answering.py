"""One answer of an agent's model, in writing: through the same brains, prompt and fail-over as on the phone."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialer.agents.definition import AgentDefinition
from dialer.conversation import prompt
from dialer.conversation.facts import Briefing
from dialer.conversation.vendors import Crew
from dialer.llm.base import Message, Resumed, ToolCall, ToolSpec, Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said and wants."""

    text: str
    tools: tuple[ToolCall, ...]
    prompt_tokens: int
    completion_tokens: int
    first_token_ms: float
    took_ms: float


def system(agent: AgentDefinition, lead: Mapping[str, Any], *, local_now: datetime, note: str = "") -> Message:
    """Write the system prompt of a conversation with this person."""
    briefing = Briefing(
        call_id="",
        epoch=0,
        agent=agent,
        lead=lead,
        organization="",
        from_number="",
        to_number="",
        direction="in writing",
        local_time=local_now,
    )
    text = prompt.system(agent, briefing)
    return Message("system", f"{text}\n\nHow they are now: {note}" if note else text)


async def answer(crew: Crew, agent: AgentDefinition, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Answer:
    """Ask the agent's model once.

    Raises:
        VendorBusy: no model answers.
    """
    began_s = time.monotonic()
    first_s = 0.0
    text = ""
    wanted: list[ToolCall] = []
    usage = Usage()
    async for delta in crew.answer(messages, tools, brains=agent.brains):
        first_s = first_s or time.monotonic()
        match delta:
            case str():
                text += delta
            case Resumed(kept):
                text = f"{kept} "
            case ToolCall():
                wanted.append(delta)
            case Usage():
                usage = delta
    return Answer(
        text=text.strip(),
        tools=tuple(wanted),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        first_token_ms=round((first_s - began_s) * 1000, 1) if first_s else 0.0,
        took_ms=round((time.monotonic() - began_s) * 1000, 1),
    )
