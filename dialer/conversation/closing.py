"""The ways in which a call ends. What is confirmed to the person, or to the carrier, is committed before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from dialer.agents.definition import AgentDefinition
from dialer.conversation.facts import Ending, EndReason, Hand, OptedOut, Reply
from dialer.conversation.speaking import Speaking

FAREWELL_S: Final = 15.0
"""A farewell that takes longer is not waited for."""
AFTER_BEEP_S: Final = 0.2


class Closing:
    """One call's end: what is planned, what is said last, and that it is over."""

    def __init__(
        self,
        agent: AgentDefinition,
        hand: Hand,
        speaking: Speaking,
        *,
        on_begun: Callable[[], None],
        on_over: Callable[[], None],
    ) -> None:
        """Begin with a call that goes on.

        Args:
            agent: what it says last.
            hand: commits the end.
            speaking: says it.
            on_begun: called when nothing but the end follows.
            on_over: called once nobody will say anything any more.
        """
        self._agent = agent
        self._hand = hand
        self._speaking = speaking
        self._on_begun = on_begun
        self._on_over = on_over
        self._loop = asyncio.get_running_loop()
        self._said_all: asyncio.Future[bool] | None = None
        self._wish: asyncio.Task[Reply] | None = None
        self.over: asyncio.Future[EndReason] = self._loop.create_future()
        """Done with the reason, once nobody will say anything any more."""
        self.planned: EndReason | None = None
        """Why we end it, if it is us."""
        self.ended_s = 0.0

    def finish(self, reason: EndReason) -> None:
        """It is over. Only the first reason counts."""
        if not self.over.done():
            self.ended_s = self._loop.time()
            self.over.set_result(reason)
            self._on_over()

    def abandon(self) -> None:
        """This seat has lost the call: be silent at once."""
        self._speaking.playout.stop(self._loop.time())
        self.finish(EndReason.LOST)

    def fail(self) -> None:
        """Something of ours broke."""
        self.planned = self.planned or EndReason.FAILED
        self.finish(EndReason.FAILED)

    def said(self, *, proven: bool) -> None:
        """A turn of the agent was heard to its end."""
        if self._said_all is not None and not self._said_all.done():
            self._said_all.set_result(proven)

    def opt_out(self, how: str, words: str) -> Coroutine[Any, Any, None]:
        """Opt the person out, and return what is left to be done then. The wish itself is on its way on return, so
        that nothing which begins instead can cancel it.
        """
        self._on_begun()
        self.planned = EndReason.OPT_OUT
        self._speaking.interrupt(self._loop.time())
        self._wish = self._loop.create_task(self._hand.tell(OptedOut(how, words)))
        return self._opted_out(self._wish)

    async def _opted_out(self, told: asyncio.Task[Reply]) -> None:
        """Nothing is confirmed that is not committed."""
        reply = await asyncio.shield(told)
        if reply.lost:
            self.abandon()
            return
        await self.close(
            EndReason.OPT_OUT, self._speaking.agent.opt_out_confirmation if reply.ok else self._speaking.agent.goodbye
        )

    async def opt_out_late(self, how: str, words: str) -> None:
        """Opt the person out who has hung up: their last words asked for it."""
        if self.planned is not EndReason.OPT_OUT:
            self.planned = EndReason.OPT_OUT
            await self._hand.tell(OptedOut(how, words))

    async def leave_message(self) -> None:
        """Speak to the answerphone, which listens now."""
        self._on_begun()
        await asyncio.sleep(AFTER_BEEP_S)
        await self.close(EndReason.VOICEMAIL, self._speaking.agent.voicemail, kind="voicemail")

    async def close(self, reason: EndReason, farewell: str, *, kind: str = "goodbye", transfer_to: str = "") -> None:
        """Say a farewell (or let what is being said end), commit the end, and be over."""
        self._on_begun()
        if reason is not EndReason.TRANSFER:  # that is one only once it is committed
            self.planned = reason
        if farewell:
            self._speaking.interrupt(self._loop.time())
            self._speaking.line(kind, farewell)
        await self._silence(FAREWELL_S if kind == "goodbye" else self._agent.turntaking.max_call_s)
        if not self.over.done():
            await self._hand.tell(Ending(reason, transfer_to))
            self.planned = reason
            self.finish(reason)

    async def _silence(self, limit_s: float) -> None:
        """Wait until all is said, or the call is over."""
        playout = self._speaking.playout
        if playout.held:
            playout.go_on()
        if playout.active:
            self._said_all = self._loop.create_future()
            await asyncio.wait((self._said_all, self.over), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
