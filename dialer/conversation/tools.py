"""What the model may ask for. A tool acts on this call only and is a row before it is an effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dialer.agents.definition import AgentDefinition
from dialer.conversation.facts import EndReason, Hand, Passage, ToolWanted
from dialer.conversation.toolbox import SPECS, press_digits
from dialer.llm.base import ToolCall, ToolSpec


def specs(agent: AgentDefinition) -> tuple[ToolSpec, ...]:
    """The tools of an agent in a talk: ours, then the customer's own. Keys are for menus, not for people."""
    own = (ToolSpec(tool.name, tool.description, tool.arguments) for tool in agent.http_tools)
    return (*(SPECS[name] for name in agent.tools if name != press_digits.SPEC.name), *own)


@dataclass(frozen=True, slots=True)
class Used:
    """What came of a tool: what the model is told, or how the call ends."""

    result: str = ""
    ends: EndReason | None = None
    """LOST: this seat no longer holds the call."""
    transfer_to: str = ""
    ok: bool = True


class Tools:
    """Uses an agent's tools on one call. Each use is a row before anything comes of it."""

    def __init__(
        self, agent: AgentDefinition, hand: Hand, epoch: int, on_passages: Callable[[Sequence[Passage]], None]
    ) -> None:
        self._allowed = frozenset(spec.name for spec in specs(agent))
        self._hand = hand
        self._epoch = epoch
        self._on_passages = on_passages
        self._used = 0

    async def use(self, call: ToolCall) -> Used:
        """Use a tool that the model wants. Its arguments are checked by whoever acts on the row."""
        if call.name not in self._allowed:
            return Used("There is no such tool.", ok=False)
        self._used += 1
        reply = await self._hand.tell(ToolWanted(f"{self._epoch}.{self._used}", call.name, call.arguments))
        if reply.lost:
            return Used(ends=EndReason.LOST)
        self._on_passages(reply.passages)
        if call.name == "do_not_call":
            return Used(ends=EndReason.OPT_OUT)
        if call.name == "end_call" or (reply.ok and reply.ends_call):
            return Used(ends=EndReason.AGENT)
        if not reply.ok:
            return Used(reply.text or "This could not be done now. Say so, and go on without it.", ok=False)
        if reply.transfer_to:
            return Used(ends=EndReason.TRANSFER, transfer_to=reply.transfer_to)
        return Used(reply.text or "Done.")
