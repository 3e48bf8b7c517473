"""What the model may ask for. A tool acts on this call only and is a row before it is an effect."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dialer.agents.definition import AgentDefinition
from dialer.conversation.facts import EndReason, Hand, ToolWanted
from dialer.llm.base import ToolCall, ToolSpec

_NOTHING: Final = {"type": "object", "properties": {}, "additionalProperties": False}

SPECS: Final = MappingProxyType(
    {
        "end_call": ToolSpec(
            "end_call",
            "End the call. Say goodbye first, in the same answer. Use it when the conversation has come to its end.",
            _NOTHING,
        ),
        "do_not_call": ToolSpec(
            "do_not_call",
            "The person does not want to be called again, in whatever words. Call it at once and say nothing yourself.",
            _NOTHING,
        ),
        "schedule_callback": ToolSpec(
            "schedule_callback",
            "The person agrees to be called at another time.",
            {
                "type": "object",
                "properties": {
                    "when": {
                        "type": "string",
                        "description": "The person's local date and time, ISO 8601 without offset: 2026-11-24T15:30",
                    },
                    "note": {"type": "string", "description": "What it will be about, in a few words."},
                },
                "required": ["when"],
                "additionalProperties": False,
            },
        ),
        "transfer": ToolSpec(
            "transfer",
            "Connect the person to a human colleague now. Say that you do so first, in the same answer.",
            {
                "type": "object",
                "properties": {"reason": {"type": "string", "description": "What the colleague should know."}},
                "additionalProperties": False,
            },
        ),
    }
)


def specs(agent: AgentDefinition) -> tuple[ToolSpec, ...]:
    """The tools of an agent."""
    return tuple(SPECS[name] for name in agent.tools)


@dataclass(frozen=True, slots=True)
class Used:
    """What came of a tool: what the model is told, or how the call ends."""

    result: str = ""
    ends: EndReason | None = None
    """LOST: this seat no longer holds the call."""
    transfer_to: str = ""


class Tools:
    """Uses an agent's tools on one call. Each use is a row before anything comes of it."""

    def __init__(self, agent: AgentDefinition, hand: Hand, epoch: int) -> None:
        self._allowed = frozenset(agent.tools)
        self._hand = hand
        self._epoch = epoch
        self._used = 0

    async def use(self, call: ToolCall) -> Used:
        """Use a tool that the model wants. Its arguments are checked by whoever acts on the row."""
        if call.name not in self._allowed:
            return Used("There is no such tool.")
        self._used += 1
        reply = await self._hand.tell(ToolWanted(f"{self._epoch}.{self._used}", call.name, call.arguments))
        if reply.lost:
            return Used(ends=EndReason.LOST)
        if call.name == "do_not_call":
            return Used(ends=EndReason.OPT_OUT)
        if call.name == "end_call" or (reply.ok and reply.ends_call):
            return Used(ends=EndReason.AGENT)
        if not reply.ok:
            return Used(reply.text or "This could not be done now. Say so, and go on without it.")
        if reply.transfer_to:
            return Used(ends=EndReason.TRANSFER, transfer_to=reply.transfer_to)
        return Used(reply.text or "Done.")
