"""The second leg of a <Dial>: a colleague hears a document of their own, and is connected to the person, or not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from dialer.sandbox.carrier_calls import Call, HangUp, new_sid
from dialer.sandbox.carrier_twiml import TwimlInvalid, parse
from dialer.sandbox.carrier_webhooks import Webhooks, call_parameters
from dialer.sandbox.colleagues import Listener
from dialer.sandbox.media_line import Line

if TYPE_CHECKING:
    from dialer.sandbox.carrier_verbs import Next
    from dialer.sandbox.world import World

Run = Callable[[Call, str, Element], Awaitable["Next | None"]]
"""Carries a document, from its URL, out on a leg."""
RINGS_S = 2.0
REACTS_S = 1.0
MOST_DOCUMENTS = 10


@dataclass(frozen=True, slots=True)
class Dialed:
    """What came of a leg, in Twilio's words."""

    status: str
    bridged: bool = False


class Leg:
    """A call to a colleague on behalf of a call that is up.

    Args:
        world: where it happens.
        webhooks: asks the application.
        parent: the call that is to be connected.
        to: the colleague's number.
        caller_id: what it shows.
    """

    def __init__(self, world: World, webhooks: Webhooks, parent: Call, to: str, caller_id: str) -> None:
        self._world, self._webhooks, self._parent = world, webhooks, parent
        self.call = Call(new_sid("CA"), to, caller_id or parent.to, "outbound-dial", form=parent.form)
        self.call.parent = parent.sid
        world.calls.add(self.call)

    async def ring(self, timeout_s: float) -> Dialed | None:
        """Let it ring. None: somebody picked up."""
        kind, wait_s = self._world.colleagues.kind(self.call.to), self._world.options.wait_s
        self.call.started_at = datetime.now(UTC)
        self._note("ringing")
        if kind == "busy":
            return self._end("busy")
        await asyncio.sleep(wait_s(timeout_s if kind == "no_answer" else RINGS_S))
        if kind == "no_answer":
            return self._end("no-answer")
        self.call.answered_at = datetime.now(UTC)
        self._note("answered")
        return None

    async def whisper(self, url: str, run: Run) -> bool:
        """Play a document to the colleague; whether they may be connected after it: it ended, and nobody hung up."""
        line = self.call.line = Line()
        if self._world.options.media:
            self._world.ticker.add(line)
        pace = 1.0 if self._world.options.media else self._world.options.wait_s(1.0) / 10
        listener = Listener(line, self._world.colleagues.kind(self.call.to), REACTS_S * pace)
        listening = asyncio.create_task(listener.listen())
        hearing = asyncio.create_task(self._hear(url, run))
        over = asyncio.create_task(self._hung_up())
        tasks = (listening, hearing, over)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return hearing.done() and hearing.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._world.ticker.remove(line)
            self.call.line = None

    def end(self, *, bridged: bool) -> Dialed:
        """The leg is over after it was answered."""
        self._end("completed")
        return Dialed("completed", bridged)

    def cut(self) -> None:
        """The person has hung up: so ends this."""
        if not self.call.over:
            self._end("canceled" if self.call.answered_at is None else "completed")

    async def _hear(self, url: str, run: Run) -> bool:
        extra: Mapping[str, str] = {}
        for _ in range(MOST_DOCUMENTS):
            about = call_parameters(self._world, self.call, ParentCallSid=self._parent.sid)
            reply = await self._webhooks.ask(self.call, url, {**about, **extra}, event="whisper")
            if not reply.good:
                return False
            try:
                onward = await run(self.call, url, parse(reply.body))
            except TwimlInvalid:
                return False
            if onward is None:
                return True
            url, extra = onward.url, onward.extra
        return False

    async def _hung_up(self) -> None:
        while not isinstance(await self.call.commands.get(), HangUp):
            pass

    def _end(self, status: str) -> Dialed:
        self.call.ended_at = datetime.now(UTC)
        self._note(status)
        return Dialed(status)

    def _note(self, status: str) -> None:
        self.call.status = {"answered": "in-progress"}.get(status, status)
        self.call.updated_at = datetime.now(UTC)
        self._world.ledger.note(
            "call.status",
            carrier_id=self._parent.sid,
            call_id=self._parent.call_id,
            to=self.call.to,
            from_=self._parent.to,
            key="transfer",
            status=status,
            leg=self.call.sid,
        )
