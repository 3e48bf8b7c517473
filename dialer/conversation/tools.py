"""What the model may ask for. A tool acts on this call only and is a row before it is an effect."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from dialer.agents.definition import AgentDefinition
from dialer.llm.base import ToolSpec

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
