"""A session with its person, wire and vendors, all scripted, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from dialer.agents.definition import AgentDefinition
from dialer.conversation.facts import (
    Briefing,
    Fact,
    OpenerCompleted,
    Reply,
    Speaker,
    TurnFinished,
)
from dialer.conversation.lines import FixedLines
from dialer.conversation.session import Session
from dialer.conversation.ticker import Ticker
from dialer.conversation.vendors import Crew, LiveVendors
from dialer.understanding.analyst import Analyst
from tests.realtime.scripted import (
    NOISE_FRAME,
    SILENT_FRAME,
    VOICE_FRAME,
    FakeBrain,
    FakeRecognition,
    FakeRecognizer,
    FakeTalker,
    FakeTrack,
    FakeVoice,
    LoudEar,
    Phone,
)

STILL_THERE = "Are you still there?"
OPENER = "Hi there, this is Ada, an AI assistant from Acme. Press nine to opt out. Do you have a minute?"
GOODBYE = "Thank you for your time. Goodbye."
CONFIRMATION = "Understood. You will not be called again. Goodbye."
MESSAGE = "Hello, this is Ada from Acme. Please call us back."
AGENT: dict[str, Any] = {
    "name": "Ada",
    "seller": "Acme",
    "opener": OPENER,
    "goal": "Find out whether they want a demo.",
    "voicemail": MESSAGE,
    "screening": "This is Ada from Acme, calling for Pat.",
    "tools": ["end_call", "do_not_call", "schedule_callback", "transfer"],
    "transfer_to": "+12125550123",
}


class Hand:
    """The seat's thread, instantly answering."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.replies: dict[type, Reply] = {}
        self.delay_s = 0.0

    def post(self, fact: Fact) -> asyncio.Future[Reply]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self.facts.append(fact)
        reply = self.replies.get(type(fact), Reply())
        loop.call_later(self.delay_s, lambda: None if future.done() else future.set_result(reply))
        return future

    async def tell(self, fact: Fact) -> Reply:
        return await self.post(fact)

    def of(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def before(self, kind: type) -> TurnFinished:
        """The person's last turn that was told before the first fact of a kind."""
        told = self.facts[: next(at for at, fact in enumerate(self.facts) if isinstance(fact, kind))]
        return [turn for turn in told if isinstance(turn, TurnFinished) and turn.speaker is Speaker.PERSON][-1]

    def said(self) -> list[tuple[str, str, str]]:
        return [(turn.speaker.value, turn.kind, turn.text) for turn in self.of(TurnFinished)]


class Call:
    """A session with its person, wire and vendors."""

    def __init__(
        self,
        *,
        brain: FakeBrain | None = None,
        voices: tuple[FakeVoice, ...] | None = None,
        recognizers: tuple[FakeRecognizer, ...] | None = None,
        talkers: tuple[FakeTalker, ...] = (),
        agent: dict[str, Any] | None = None,
        analyst: Analyst | None = None,
        **briefing: Any,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.brain = brain or FakeBrain()
        self.voices = voices or (FakeVoice(),)
        self.recognizers = recognizers or (FakeRecognizer(),)
        self.hand = Hand()
        self.phone = Phone(self.loop)
        crew = Crew(LiveVendors(self.recognizers, self.voices, (self.brain,), talkers))
        self.ticker = Ticker()
        self.ticking = self.loop.create_task(self.ticker.run())
        self.over = 0
        self.session = Session(
            Briefing(
                call_id="c1",
                epoch=1,
                agent=AgentDefinition.model_validate(AGENT | (agent or {})),
                lead={"first_name": "Pat"},
                organization="o",
                from_number="+12125550100",
                to_number="+12125550101",
                direction="outbound",
                local_time=datetime(2026, 11, 20, 10, tzinfo=UTC),
                **briefing,
            ),
            self.hand,
            crew=crew,
            lines=FixedLines(crew),
            ear=LoudEar(),
            track=FakeTrack(),
            ticker=self.ticker,
            on_over=self._on_over,
            analyst=analyst,
        )
        self.phone.on_mark = self.session.marked
        self.running = self.loop.create_task(self.session.run())
        self.session.started("MZ1", self.phone)

    def _on_over(self) -> None:
        self.over += 1

    @property
    def ears(self) -> FakeRecognition:
        return self.recognizers[0].opened[-1]

    async def voice(self, seconds: float) -> None:
        await self._frames(VOICE_FRAME, seconds)

    async def quiet(self, seconds: float) -> None:
        await self._frames(SILENT_FRAME, seconds)

    async def noise(self, seconds: float) -> None:
        """A line that is not quite silent, and on which nobody speaks."""
        await self._frames(NOISE_FRAME, seconds)

    async def say(self, text: str, seconds: float = 1.0, *, after: float = 0.1, sure: bool = True) -> None:
        """The person speaks for so long; the final words come `after` its end."""
        await self.voice(seconds)
        await self.quiet(after)
        if not self.running.done():
            self.ears.hear(text, end_of_turn=sure)
        await self.quiet(0.02)

    async def opener(self) -> None:
        """Listen until the opener is over."""
        while not self.hand.of(OpenerCompleted):
            await self.quiet(0.1)

    async def until(self, condition: Callable[[], object], limit_s: float = 60.0) -> None:
        deadline = self.loop.time() + limit_s
        while not condition():
            assert self.loop.time() < deadline, self.hand.facts
            await self.quiet(0.02)

    async def hang_up(self) -> None:
        self.session.stopped()
        self.session.disconnected()
        await self.running

    async def close(self) -> None:
        if not self.running.done():
            self.session.abandon()
        await self.running
        self.ticking.cancel()
        with suppress(asyncio.CancelledError):
            await self.ticking

    async def _frames(self, frame: bytes, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.session.audio(frame)
            await asyncio.sleep(0.02)
