"""Who thinks for one call: its agent's brains, in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from dialer.agents.definition import AgentDefinition
from dialer.conversation.vendors import Crew
from dialer.llm.base import Delta, Message, ToolSpec


class Thinking:
    """One call's brains."""

    def __init__(self, crew: Crew, agent: AgentDefinition) -> None:
        self._crew = crew
        self._brains = agent.brains

    def answer(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> AsyncIterator[Delta]:
        """Yield an answer; when a brain fails before its first word, the next one gives it.

        Raises:
            VendorBusy: nobody answers.
        """
        return self._crew.answer(messages, tools, brains=self._brains)
