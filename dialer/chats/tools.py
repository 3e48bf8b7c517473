"""The tools that make sense without a call: ending, opting out, handing over, and agreeing on a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from dialer.agents.definition import AgentDefinition
from dialer.calls.toolbox import saying, schedule_callback
from dialer.conversation import tools
from dialer.llm.base import ToolCall, ToolSpec

OFFERED: Final = frozenset({"end_call", "do_not_call", "transfer", "schedule_callback"})


@dataclass(frozen=True, slots=True)
class Used:
    """What came of a tool: what the model is told, or how the conversation ends."""

    result: str
    ok: bool = True
    ending: str = ""
    """agent, opt_out or transfer; empty: it goes on."""


def specs(agent: AgentDefinition) -> tuple[ToolSpec, ...]:
    """Return those of the agent's tools that are offered in writing."""
    return tuple(spec for spec in tools.specs(agent) if spec.name in OFFERED)


def use(call: ToolCall, agent: AgentDefinition, *, local_now: datetime, zone: ZoneInfo) -> Used:
    """Use a tool that the model wants. An opt-out is the caller's to carry out."""
    if call.name not in {spec.name for spec in specs(agent)}:
        return Used("There is no such tool.", ok=False)
    match call.name:
        case "end_call":
            return Used("The conversation ends.", ending="agent")
        case "do_not_call":
            return Used("The number is on the do-not-call list.", ending="opt_out")
        case "transfer":
            return Used(f"The conversation is handed over to {agent.transfer_to}.", ending="transfer")
    at = saying.read_time(call.arguments.get("when"), zone)
    if at is None:
        return Used(saying.UNREADABLE, ok=False)
    if not local_now < at < local_now + schedule_callback.AHEAD:
        return Used("That time is past, or more than 60 days ahead. Ask for another one.", ok=False)
    return Used(f"Callback noted for {saying.moment(at, zone)}.")
