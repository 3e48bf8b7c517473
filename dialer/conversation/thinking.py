"""Who thinks for one call: its agent's brains, in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from dialer.agents.definition import AgentDefinition
from dialer.conversation.recall import Recall
from dialer.conversation.vendors import Crew
from dialer.llm.base import Delta, Message, ToolSpec


class Thinking:
    """One call's brains."""

    def __init__(self, crew: Crew, agent: AgentDefinition, recall: Recall) -> None:
        self._crew = crew
        self._brains = agent.brains
        self._recall = recall

    def answer(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> AsyncIterator[Delta]:
        """Yield an answer; when a brain fails before its first word, the next one gives it.

        Raises:
            VendorBusy: nobody answers.
        """
        if not self._recall.wanted:
            return self._crew.answer(messages, tools, brains=self._brains)
        return self._knowing(messages, tools)

    async def _knowing(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> AsyncIterator[Delta]:
        deltas = self._crew.answer(await self._recall.told(messages), tools, brains=self._brains)
        try:
            async for delta in deltas:
                yield delta
        finally:
            close = getattr(deltas, "aclose", None)
            if close is not None:
                await close()
