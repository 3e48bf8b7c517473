"""One answer of the agent: model, tools, sentences, voice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from dialer.conversation.mouth import Mouth
from dialer.conversation.sentences import Sentences
from dialer.conversation.timings import Timings
from dialer.conversation.tools import Used
from dialer.conversation.transcript import Transcript
from dialer.conversation.vendors import Crew
from dialer.llm.base import ToolCall, ToolSpec, Usage

ROUNDS: Final = 4
"""Times that the model may use tools within one answer."""


class Answering:
    """Asks the model and speaks while it writes."""

    def __init__(
        self,
        crew: Crew,
        mouth: Mouth,
        transcript: Transcript,
        tools: tuple[ToolSpec, ...],
        use_tool: Callable[[ToolCall], Awaitable[Used]],
    ) -> None:
        self._crew = crew
        self._mouth = mouth
        self._transcript = transcript
        self._tools = tools
        self._use_tool = use_tool
        self.prompt_tokens = 0
        self.completion_tokens = 0

    async def answer(self, timings: Timings) -> Used:
        """Answer what was said last. Returns once all audio is made; it need not have been played.

        Raises:
            DialerError: no model answers, or no voice speaks.
        """
        for _ in range(ROUNDS):
            calls = await self._one_round(timings)
            if not calls:
                break
            for call in calls:
                used = await self._use_tool(call)
                if used.ends is not None:
                    await self._mouth.made()
                    return used
                self._transcript.tool(call, used.result)
        await self._mouth.made()
        return Used()

    async def _one_round(self, timings: Timings) -> list[ToolCall]:
        loop = asyncio.get_running_loop()
        calls: list[ToolCall] = []
        sentences = Sentences()
        asked_s = loop.time()
        async for delta in self._crew.answer(self._transcript.prompt(), self._tools):
            timings.first_token_s = timings.first_token_s or loop.time()
            match delta:
                case str():
                    for sentence in sentences.feed(delta):
                        timings.sentence(asked_s, loop.time())
                        self._mouth.say(sentence, timings)
                case ToolCall():
                    calls.append(delta)
                case Usage():
                    self.prompt_tokens += delta.prompt_tokens
                    self.completion_tokens += delta.completion_tokens
        if rest := sentences.rest():
            timings.sentence(asked_s, loop.time())
            self._mouth.say(rest, timings)
        timings.round_over(asked_s, loop.time())
        return calls
