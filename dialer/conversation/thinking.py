"""Who thinks for one call: its script, if the agent has one, and then the agent's brains in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from dialer.agents.definition import AgentDefinition
from dialer.conversation.recall import Recall
from dialer.conversation.script import Script
from dialer.conversation.thought import Thought
from dialer.conversation.vendors import Crew
from dialer.llm.base import Delta, Message, ToolSpec

REMEMBERED: Final = 80
"""Messages that a model gets besides the system prompt; a ten-minute call has fewer."""


class Thinking:
    """One call's brains."""

    def __init__(self, crew: Crew, agent: AgentDefinition, recall: Recall, script: Script | None = None) -> None:
        self._crew = crew
        self._script = script
        self._brains = agent.brains
        self._recall = recall

    def answer(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Thought:
        """Answer; when a brain fails before its first word, the next one does."""
        if self._script is not None and not self._script.hands_over(messages):
            return Thought(self._script.answer(messages, tools), asked=0)
        messages = recent(messages)
        asked = sum(len(message.text) for message in messages)
        if not self._recall.wanted:
            return Thought(self._crew.answer(messages, tools, brains=self._brains), asked=asked)
        return Thought(self._knowing(messages, tools), asked=asked)

    async def _knowing(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> AsyncIterator[Delta]:
        deltas = self._crew.answer(await self._recall.told(messages), tools, brains=self._brains)
        try:
            async for delta in deltas:
                yield delta
        finally:
            close = getattr(deltas, "aclose", None)
            if close is not None:
                await close()


def recent(messages: Sequence[Message]) -> Sequence[Message]:
    """The system prompt and the last messages, from one that no model refuses to begin with."""
    system, *rest = messages
    rest = rest[-REMEMBERED:]
    while rest and rest[0].role == "tool":  # an answer without its question is refused by the vendors
        rest = rest[1:]
    return [system, *rest]
