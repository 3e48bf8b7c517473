"""One answer of the agent: model, tools, sentences, voice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from dialer.conversation.drafting import Draft, Drafts
from dialer.conversation.facts import EndReason
from dialer.conversation.mouth import Mouth
from dialer.conversation.sentences import Sentences
from dialer.conversation.thinking import Thinking
from dialer.conversation.timings import Timings
from dialer.conversation.tools import Used
from dialer.conversation.transcript import Transcript
from dialer.llm.base import Delta, Message, Resumed, ToolCall, ToolSpec

ROUNDS: Final = 4
"""Times that the model may use tools within one answer."""


class Answering:
    """Asks the model and speaks while it writes."""

    def __init__(
        self,
        thinking: Thinking,
        mouth: Mouth,
        transcript: Transcript,
        tools: tuple[ToolSpec, ...],
        use_tool: Callable[[ToolCall], Awaitable[Used]],
        *,
        bridge: Callable[[], None],
        bridge_after_s: float,
        eager_most: int,
        on_late: Callable[[Used], None],
    ) -> None:
        """Begin with nothing asked.

        Args:
            thinking: asks the model.
            mouth: says what the model writes.
            transcript: what was said so far.
            tools: what the model may ask for.
            use_tool: does it.
            bridge: says something while a tool takes its time.
            bridge_after_s: and after how much of it.
            eager_most: how often the model may be asked before one turn is over.
            on_late: called when a tool ends the call after the answer that wanted it was given up.
        """
        self._thinking = thinking
        self._mouth = mouth
        self._transcript = transcript
        self._tools = tools
        self._use_tool = use_tool
        self._bridge = bridge
        self._bridge_after_s = bridge_after_s
        self._on_late = on_late
        self.drafts = Drafts(eager_most)
        self._draft: Draft | None = None

    def foresee(self, words: str) -> None:
        """The person's turn is probably over, and was these words: ask the model now. No words: they go on."""
        if not words:
            self._drop_draft()
            return
        prompt = [*self._transcript.prompt(), Message("user", words)]
        if self._draft is not None and self._draft.answers(prompt):
            return
        self._drop_draft()
        if self.drafts.may_start:
            self._draft = Draft(prompt, self._thinking.answer(prompt, self._tools), self.drafts)

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
                used = await self.use(call)
                if used.ends is not None:
                    await self._mouth.made()
                    return used
                self._transcript.tool(call, used.result, ok=used.ok)
        await self._mouth.made()
        return Used()

    async def _one_round(self, timings: Timings) -> list[ToolCall]:
        loop = asyncio.get_running_loop()
        calls: list[ToolCall] = []
        sentences = Sentences()
        asked_s = loop.time()
        async for delta in self._deltas():
            timings.first_token_s = timings.first_token_s or loop.time()
            match delta:
                case str():
                    for sentence in sentences.feed(delta):
                        timings.sentence(asked_s, loop.time())
                        self._mouth.say(sentence, timings)
                case Resumed():
                    sentences = Sentences()
                case ToolCall():
                    calls.append(delta)
        if rest := sentences.rest():
            timings.sentence(asked_s, loop.time())
            self._mouth.say(rest, timings)
        timings.round_over(asked_s, loop.time())
        return calls

    async def use(self, call: ToolCall) -> Used:
        """Use a tool. What was begun has an effect, so that it is finished even when the person interrupts us."""
        using = asyncio.ensure_future(self._use_tool(call))
        try:
            done, _ = await asyncio.wait((using,), timeout=self._bridge_after_s)
            if not done:
                self._bridge()
            return await asyncio.shield(using)
        except asyncio.CancelledError:
            using.add_done_callback(lambda late: self._used_late(call, late))
            raise

    def _used_late(self, call: ToolCall, late: asyncio.Future[Used]) -> None:
        if late.cancelled() or late.exception() is not None:
            return
        used = late.result()
        if used.ends is EndReason.OPT_OUT:
            self._on_late(used)
        elif used.ends is None:
            self._transcript.tool(call, used.result, ok=used.ok)

    async def _deltas(self) -> AsyncIterator[Delta]:
        """Ask the model, unless it was asked already."""
        self.drafts.turn_over()
        prompt = self._transcript.prompt()
        draft, self._draft = self._draft, None
        if draft is not None and not draft.answers(prompt):
            draft.drop()
            draft = None
        thought = draft.thought if draft is not None else self._thinking.answer(prompt, self._tools)
        self._transcript.spent.answers.append(thought)
        async for delta in draft.take() if draft is not None else thought:
            yield delta

    def _drop_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            draft.drop()
